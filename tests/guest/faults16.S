/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions in real mode through the IVT (SDM 3A 20.1.4). */
/* org: 0x7c00 */
	.code16
	.text
	.globl _start
_start:
divide:
	nop
	xorw	%cx, %cx
divide_at:
	divw	%cx
	hlt
bound:
	movl	$0x00020001, SCRATCH16		/* bounds 1..2 */
	movw	$3, %ax
bound_at:
	boundw	%ax, SCRATCH16
	hlt
undefined:
	nop
undefined_at:
	ud2
	hlt
soft:
	sti
	stc
	int	$0x21
soft_after:
	hlt
breakpoint:
	int3
breakpoint_after:
	hlt
overflow:
	movb	$0x7f, %al
	incb	%al
	into
overflow_after:
	hlt
no_device:
	movl	%cr0, %eax
	orb	$8, %al
	movl	%eax, %cr0
no_device_at:
	fnop
	hlt
/* IRET goes back to where INT came from, flags included. */
back:
	stc
	int	$0x22
back_after:
	setc	%al
	hlt
back_done:
back_handler:
	clc
	iretw
	.set SCRATCH16, 0x600
