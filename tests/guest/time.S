/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual time: interrupts, limits, stops and snapshots at exact counts of retired instructions. */
#include "tests/guest/layout.h"
	.code64
	.text
	.globl _start
_start:
/* One block: the interrupt comes in its middle. */
straight:
	sti
	nop
	nop
	nop
	nop
straight_5:
	nop
	nop
	hlt
straight_done:
/* The interrupt comes where a block begins. */
blocks:
	sti
	nop
	jmp	blocks_3
	ud2
blocks_3:
	nop
	hlt
/* 100 rounds from count 4 on. */
rep:
	sti
	movl	$SCRATCH, %edi
	movl	$100, %ecx
	movb	$0x77, %al
rep_at:
	rep stosb
	hlt
rep_done:
/* Due while IF is 0: taken after the instruction that follows STI. */
shadow:
	nop
	nop
	nop
	nop
	sti
	nop
shadow_6:
	nop
	hlt
/* The same after MOV SS, with IF on. */
mov_ss:
	sti
	movl	$SEL_DATA, %eax
	movw	%ax, %ss
	movl	$STACK, %esp
mov_ss_4:
	nop
	hlt
sleep:
	sti
	hlt
sleep_2:
	movl	$0x5eeb, %ebx
	cli
	hlt
sleep_done:
/* The handler notes the order of arrival in R8. */
order:
	sti
	nop
	nop
	nop
	nop
	nop
	nop
	cli
	hlt
order_done:
order_first:
	shlq	$4, %r8
	orq	$1, %r8
	iretq
order_second:
	shlq	$4, %r8
	orq	$2, %r8
	iretq
back_handler:
	incl	%r9d
	iretq
/* Something of everything: loops, calls, strings, stores, a fault, CPUID, a port. */
work:
	sti
	movl	$3, %ebp
1:	call	work_part
	movl	$SCRATCH, %edi
	movl	$7, %ecx
	movl	%ebp, %eax
	cld
	rep stosb
	xorl	%eax, %eax
	cpuid
	movb	$'w', %al
	movw	$0x3f8, %dx
	outb	%al, %dx
	int	$0x41
	repe cmpsb
	addl	%ebp, work_code + 1
work_code:
	movl	$0, %eax
	addl	%eax, %r10d
	decl	%ebp
	jnz	1b
	cli
	hlt
work_done:
work_part:
	pushq	%rcx
	movl	$5, %ecx
2:	addq	%rcx, SCRATCH + 0x100
	loop	2b
	popq	%rcx
	ret
/* --- what never ends --- */
hlt_forever:
	cli
	hlt
jump_to_itself:
	jmp	.
jump_with_interrupts:
	sti
	jmp	.
call_loop:
	movl	$STACK, %esp
1:	pushq	%rax
	call	2f
	popq	%rax
	jmp	1b
2:	ret
wait_for_memory:
	movl	$0, SCRATCH
1:	cmpl	$0, SCRATCH
	je	1b
	hlt
counting:
	xorl	%eax, %eax
1:	incq	%rax
	jmp	1b
/* All registers come back, memory does not. */
counting_in_memory:
	movq	$0, SCRATCH
1:	incq	SCRATCH
	xorl	%eax, %eax
	jmp	1b
polling:
	inb	$0x64, %al
	movl	$0, %eax
	jmp	polling
