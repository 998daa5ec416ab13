/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions in protected mode through 32-bit gates (SDM 3A chapter 6). */
#include "tests/guest/layout.h"
	.code32
	.text
	.globl _start
_start:
divide:
	xorl	%ecx, %ecx
divide_at:
	divl	%ecx
	hlt
bound:
	movl	$1, SCRATCH
	movl	$2, SCRATCH + 4
	movl	$3, %eax
bound_at:
	boundl	%eax, SCRATCH
	hlt
overflow:
	movb	$0x7f, %al
	incb	%al
	into
overflow_after:
	hlt
breakpoint:
	int3
breakpoint_after:
	hlt
undefined:
	nop
undefined_at:
	ud2
no_device:
	movl	%cr0, %eax
	orl	$8, %eax
	movl	%eax, %cr0
no_device_at:
	fnop
	hlt
not_present:
	movw	$SEL_ABSENT, %ax
not_present_at:
	movw	%ax, %ds
	hlt
stack_absent:
	movw	$SEL_ABSENT, %ax
stack_absent_at:
	movw	%ax, %ss
	hlt
beyond_gdt:
	movw	$SEL_BEYOND, %ax
beyond_gdt_at:
	movw	%ax, %es
	hlt
bad_tss:
	pushfl
	orl	$0x4000, (%esp)		/* NT: IRET goes to the TSS's back link, which is 0 */
	popfl
bad_tss_at:
	iretl
	hlt
page:
	movl	$TABLES + 0x6000, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$0x10, %eax		/* PSE */
	movl	%eax, %cr4
	movl	%cr0, %eax
	orl	$0x80000000, %eax
	movl	%eax, %cr0
	nop
page_at:
	movl	%eax, UNMAPPED + 0x234
	hlt
soft:
	sti
	stc
	int	$0x40
soft_after:
	hlt
back:
	sti
	int	$0x41
back_after:
	nop
	hlt
back_done:
back_handler:
	iretl
/* Ring 3: user segments are loaded by the harness. */
user_soft:
	int	$0x42
user_soft_after:
	jmp	.
user_forbidden:
	nop
user_forbidden_at:
	int	$0x43
	jmp	.
user_hlt:
	nop
user_hlt_at:
	hlt
	jmp	.
