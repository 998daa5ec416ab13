/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254's counter 0 through the 8259A: edges, masks, end of interrupt. Vector 40h counts in EBX. */
#include "tests/guest/layout.h"
	.code64
	.text
	.globl _start
_start:
	.macro	out port, value
	movb	$\value, %al
	outb	%al, $\port
	.endm

	/* Base 40h, all masked but line 0 unless \mask says otherwise; counter 0 in \mode with 256 to count. */
	.macro	setup mask, mode, icw4=1
	xorl	%ebx, %ebx
	out	0x20, 0x11
	out	0x21, 0x40
	out	0x21, 0x04
	out	0x21, \icw4
	out	0x21, \mask
	out	0x43, 0x30 | (\mode << 1)
	out	0x40, 0x00
	out	0x40, 0x01
	.endm

	/* Longer than \periods periods of 214,552 instructions, by two instructions a round. */
	.macro	wait periods
	movl	$(\periods * 108000), %ecx
1:	decl	%ecx
	jnz	1b
	.endm

/* Three interrupts, each ended. */
three:
	setup	0xfe, 2
	sti
three_wait:
	hlt
	cmpl	$3, %ebx
	jne	three_wait
	cli
	hlt
three_done:
/* Nobody says that the first is over. */
no_eoi:
	setup	0xfe, 2
	sti
1:	hlt
	jmp	1b
/* The controller ends it by itself. */
auto_eoi:
	setup	0xfe, 2, 3
	sti
2:	hlt
	cmpl	$3, %ebx
	jne	2b
	cli
	hlt
auto_eoi_done:
/* Three edges while the line is masked are one interrupt; the request can be read. */
masked:
	setup	0xff, 2
	sti
	wait	3
	movl	%ebx, %esi
	inb	$0x20, %al
	movzbl	%al, %edi
	out	0x21, 0xfe
	jmp	2f
2:	cli
	hlt
masked_done:
/* The counter stops at its end. */
one_shot:
	setup	0xfe, 0
	sti
	wait	4
	cli
	hlt
one_shot_done:
/* What rose before the counter was loaded anew still waits. */
reload:
	setup	0xfe, 2
	wait	1
	out	0x43, 0x30
	out	0x40, 0xff
	out	0x40, 0xff
	sti
	nop
	nop
	cli
	hlt
reload_done:
/* In service: read through OCW3. */
in_service:
	setup	0xfe, 2
	sti
	hlt
	out	0x20, 0x0b
	inb	$0x20, %al
	movzbl	%al, %edi
	cli
	hlt
in_service_done:
/* Nothing but the timer, for ever. */
idle:
	setup	0xfe, 2
	sti
3:	hlt
	jmp	3b

count:
	incl	%ebx
	pushq	%rax
	out	0x20, 0x20
	popq	%rax
	iretq
count_only_eoi:
	pushq	%rax
	out	0x20, 0x20
	popq	%rax
	iretq
count_only:
	incl	%ebx
	iretq
