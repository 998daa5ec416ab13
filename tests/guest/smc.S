/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code that changes code. Every target is MOV $imm32, %eax; the guests change the immediate at target + 1. */
#include "tests/guest/layout.h"
	.code64
	.text
	.globl _start
_start:
/* Two changes in one page, one after the other, each seen. */
twice:
	call	target_a
	movl	%eax, %r8d
	movl	$0x1111, target_a + 1
	call	target_a
	movl	%eax, %r9d
	movl	$0x2222, target_a + 1
	call	target_a
	movl	%eax, %r10d
	hlt
twice_done:
/* Two functions in one page: a change of the second after the page was already written to. */
across:
	call	target_a
	call	target_b
	movl	$0x3333, target_a + 1
	call	target_a
	movl	%eax, %r8d
	movl	$0x4444, target_b + 1
	call	target_b
	movl	%eax, %r9d
	call	target_a
	movl	%eax, %r10d
	hlt
across_done:
/* The store goes through another linear address of the same page. */
alias:
	movl	$UNMAPPED, %ebx
	addq	$target_a - _start, %rbx
	call	target_a
	movl	%eax, %r8d
	movl	$0x5555, 1(%rbx)
	call	target_a
	movl	%eax, %r9d
	movl	$0x6666, 1(%rbx)
	call	target_a
	movl	%eax, %r10d
	hlt
alias_done:
/* The code runs through the second mapping and is changed through the first. */
alias_run:
	movl	$UNMAPPED, %ebx
	addq	$target_a - _start, %rbx
	call	*%rbx
	movl	%eax, %r8d
	movl	$0x7777, target_a + 1
	call	*%rbx
	movl	%eax, %r9d
	hlt
alias_run_done:
/* Both mappings were written through before the page held any code: RBX is one, RSI the other. */
written_first:
	movb	$0xb8, (%rbx)		/* MOV $imm32, %eax */
	movl	$0x1212, 1(%rbx)
	movb	$0xc3, 5(%rbx)		/* RET */
	movl	$0, 8(%rsi)
	movl	$1, 8(%rsi)
	call	*%rsi
	movl	%eax, %r8d
	movl	$0x3434, 1(%rbx)
	call	*%rsi
	movl	%eax, %r9d
	movl	$0x5656, 1(%rsi)
	call	*%rsi
	movl	%eax, %r10d
	hlt
written_first_done:
/* A store into the very block that runs, to an instruction ahead of it. */
ahead:
	movl	$0x8888, ahead_target + 1
	nop
	nop
ahead_target:
	movl	$0, %eax
	hlt
ahead_done:
/* A loop whose body changes its own next round. */
loop:
	movl	$10, %ecx
	xorl	%edx, %edx
1:	addl	$1, loop_target + 1
loop_target:
	movl	$0, %eax
	addl	%eax, %edx
	decl	%ecx
	jnz	1b
	hlt
loop_done:
/* A string store over code. */
string:
	call	target_a
	leaq	target_a + 1, %rdi
	movl	$4, %ecx
	movb	$0x99, %al
	cld
	rep stosb
	call	target_a
	hlt
string_done:
/* Waits for the host. */
host:
	call	target_a
	movl	%eax, %r8d
	hlt
host_stop:
	call	target_a
	movl	%eax, %r9d
	hlt
host_done:
	.balign	64
target_a:
	movl	$0xaaaa, %eax
	ret
	.balign	64
target_b:
	movl	$0xbbbb, %eax
	ret
