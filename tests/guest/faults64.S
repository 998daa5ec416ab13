/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions in 64-bit mode through 64-bit gates: frames, IST, TSS stacks, double and triple faults (SDM 3A 6.14). */
#include "tests/guest/layout.h"
	.code64
	.text
	.globl _start
_start:
divide:
	xorl	%ecx, %ecx
divide_at:
	divl	%ecx
	hlt
breakpoint:
	int3
breakpoint_after:
	hlt
undefined:
	nop
undefined_at:
	ud2
/* Opcode 06h, PUSH ES, does not exist in 64-bit mode. */
no_such_opcode:
	nop
no_such_opcode_at:
	.byte	0x06
	hlt
no_device:
	movq	%cr0, %rax
	orl	$8, %eax
	movq	%rax, %cr0
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
stack_noncanonical:
	movabsq	$0x0000800000000000, %rsp
stack_noncanonical_at:
	popq	%rax
	hlt
noncanonical:
	movabsq	$0x0000800000000000, %rax
noncanonical_at:
	movl	(%rax), %ecx
	hlt
page_read:
	movl	$UNMAPPED, %ebx
page_read_at:
	movl	0x234(%rbx), %eax
	hlt
page_write:
	movl	$UNMAPPED, %ebx
page_write_at:
	movl	%eax, 0x238(%rbx)
	hlt
page_fetch:
	movl	$UNMAPPED + 0x10, %ebx
	jmp	*%rbx
soft:
	sti
	stc
	int	$0x40
soft_after:
	hlt
odd_stack:
	movl	$STACK - 3, %esp
	int	$0x40
	hlt
back:
	movl	$STACK - 0x108, %esp
	sti
	int	$0x41
back_after:
	nop
	hlt
back_done:
back_handler:
	iretq
/* The page is mapped by the handler, and the same instruction then goes through. */
demand:
	movl	$UNMAPPED, %ebx
	movl	$0x5a5a, %eax
	movl	%eax, (%rbx)
	movl	(%rbx), %ecx
	hlt
demand_done:
demand_handler:
	movq	$SCRATCH | 0x1000 | 3, TABLES + 0x8000
	movq	$(TABLES + 0x8000) | 3, TABLES + 0x9000
	movq	$(TABLES + 0x9000) | 3, TABLES + 0x2008
	addq	$8, %rsp
	iretq
/* Ten faults, each one instruction on: the count of retired instructions must not gain one. */
ten_faults:
	movl	$10, %esi
	movl	$UNMAPPED, %ebx
ten_faults_again:
	nop
	movl	(%rbx), %eax
	nop
	decl	%esi
	jnz	ten_faults_again
	hlt
ten_faults_done:
skip_handler:
	addq	$8, %rsp
	addq	$2, (%rsp)
	iretq
/* Ring 3. */
user_soft:
	int	$0x42
user_soft_after:
	jmp	.
user_forbidden:
	nop
user_forbidden_at:
	int	$0x43
	jmp	.
user_page:
	movl	$UNMAPPED, %ebx
user_page_at:
	movl	%eax, (%rbx)
	jmp	.
/* Single step: #DB comes after the instruction that follows POPF. */
single_step:
	pushfq
	orl	$0x100, (%rsp)
	popfq
	nop
single_step_after:
	nop
	hlt
