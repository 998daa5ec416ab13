/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address translation by the engine: the tests build the tables, the guests touch addresses (SDM 3A chapter 4). */
#include "tests/guest/layout.h"
	.text
	.globl _start
_start:
	.code64
/* Load and store through RBX, fetch through a call to RBX. */
load64:
	movl	(%rbx), %eax
	hlt
load64_done:
store64:
	movl	$0x600d, (%rbx)
	hlt
store64_done:
fetch64:
	call	*%rbx
	hlt
fetch64_done:
/* Before and after the guest changes an entry itself, with and without INVLPG. */
invlpg:
	movl	(%rbx), %eax
	movq	%rdx, (%rsi)
	invlpg	(%rbx)
	movl	(%rbx), %ecx
	hlt
invlpg_done:
	.code32
load32:
	movl	(%ebx), %eax
	hlt
load32_done:
store32:
	movl	$0x600d, (%ebx)
	hlt
store32_done:
/* PAE paging: CR3 loads the four PDPTEs. */
pae:
	movl	$TABLES + 0x5000, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$0x20, %eax
	movl	%eax, %cr4
	movl	%cr0, %eax
	orl	$0x80000000, %eax
	movl	%eax, %cr0
	movl	(%ebx), %eax
	hlt
pae_done:
	.balign	4096
called:
	movl	$0xca11ed, %ecx
	ret
