/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control registers, descriptor tables and far transfers that fault (SDM 2A, 3A 2.5, 4.1); values come from the test. */
#include "tests/guest/layout.h"
	.text
	.globl _start
_start:
	.code64
cr0_64:
	movq	%rax, %cr0
	hlt
cr0_64_done:
cr3_64:
	movq	%rax, %cr3
	hlt
cr3_64_done:
cr4_64:
	movq	%rax, %cr4
	hlt
cr4_64_done:
cr8_64:
	movq	%rax, %cr8
	hlt
cr8_64_done:
lgdt_64:
	lgdt	(%rbx)
	hlt
lgdt_64_done:
lidt_64:
	lidt	(%rbx)
	hlt
lidt_64_done:
ltr_64:
	ltr	%ax
	hlt
ltr_64_done:
far_64:
	ljmpl	*(%rbx)
	.code32
far_64_landed:
	hlt
far_64_done:
	.code64
far_ret_64:
	pushq	%rax
	pushq	%rbx
far_ret_64_at:
	lretq
	hlt
	.code32
cr0_32:
	movl	%eax, %cr0
	hlt
cr0_32_done:
cr3_32:
	movl	%eax, %cr3
	hlt
cr3_32_done:
cr4_32:
	movl	%eax, %cr4
	hlt
cr4_32_done:
lgdt_32:
	lgdtl	(%ebx)
	hlt
lgdt_32_done:
far_32:
	ljmpl	*(%ebx)
far_32_landed:
	hlt
far_32_done:
	.code16
lgdt_16:
	lgdtw	(%bx)
	hlt
lgdt_16_done:
