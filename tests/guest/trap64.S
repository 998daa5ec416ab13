/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trap in 64-bit code: a NOP that the machine replaces by a call of C. */
	.code64
	.text
	.globl _start
_start:
trap:
	nop
	nop
trap_at:
	nop
	nop
	hlt
trap_done:
again:
	jmp	trap
elsewhere:
	hlt
elsewhere_done:
