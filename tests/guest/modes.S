/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mode changes: real to protected 16, protected 32, long mode, compatibility mode, and back (SDM 3A 9.8, 9.9). */
/* org: 0x7c00 */
#include "tests/guest/layout.h"
	.text
	.globl _start
_start:
	.code16
climb:
	cli
	lgdtl	gdt_pointer
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
protected16:
	ljmpl	$SEL_CODE32, $protected32
	.code32
protected32:
	movw	$SEL_DATA, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movl	$STACK, %esp
	movl	%cr4, %eax
	orl	$0x20, %eax		/* PAE */
	movl	%eax, %cr4
	movl	$TABLES + 0x1000, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x100, %eax		/* LME */
	wrmsr
	movl	%cr0, %eax
	orl	$0x80000000, %eax
	movl	%eax, %cr0
compat:
	ljmpl	$SEL_CODE64, $long64
	.code64
long64:
	movabsq	$0x1122334455667788, %r15
	pushq	$SEL_CODE32
	pushq	$back_in_compat
	lretq
	.code32
back_in_compat:
	movl	%cr0, %eax
	andl	$0x7fffffff, %eax
	movl	%eax, %cr0
paging_off:
	jmp	1f
1:	ljmpl	$SEL_CODE16, $back_in_16
	.code16
back_in_16:
	movw	$SEL_DATA16, %ax
	movw	%ax, %ss
	movw	%ax, %ds
	movl	%cr0, %eax
	andb	$0xfe, %al
	movl	%eax, %cr0
	ljmpw	$0, $real_again
real_again:
	xorw	%ax, %ax
	movw	%ax, %ss
	movw	%ax, %ds
	movw	%cs, %bx
	hlt
climb_done:

/* The base of a 64-bit code segment counts for nothing (SDM 3A 3.4.4), the first time and when the code is known. */
	.code64
based64:
	xorl	%eax, %eax
	movl	$3, %ecx
1:	pushq	$SEL_CODE64
	pushq	$2f
	lretq
2:	incl	%eax
	loop	1b
	hlt
based64_done:
	.code16

/* A segment register keeps a 4 GiB limit in real mode. */
unreal:
	cli
	lgdtl	gdt_pointer
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	movw	$SEL_DATA, %bx
	movw	%bx, %fs
	andb	$0xfe, %al
	movl	%eax, %cr0
	jmp	1f
1:	movl	$0x00200000, %edi
	movl	$0xfeedface, %fs:(%edi)
	movl	%fs:(%edi), %ecx
	hlt
unreal_done:

/* From 64-bit code, paging cannot be left and LA57 cannot change; 5-level paging is entered with paging off. */
	.code32
five_levels:
	movl	%cr4, %eax
	orl	$0x1020, %eax		/* LA57, PAE */
	movl	%eax, %cr4
	movl	$TABLES, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x100, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$0x80000000, %eax
	movl	%eax, %cr0
	ljmpl	$SEL_CODE64, $1f
	.code64
1:	movabsq	$0x0100000000000000 - 0x1000000000000 + SCRATCH, %rax	/* PML5 entry 255 */
	movl	$0x57575757, (%rax)
	hlt
five_levels_done:

	.balign	8
gdt_pointer:
	.word	GDT_BYTES - 1
	.long	GDT
