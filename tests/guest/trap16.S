/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trap in 16-bit code: a NOP that the machine replaces by a call of C. */
/* org: 0x7c00 */
	.code16
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
elsewhere:
	hlt
elsewhere_done:
