/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A boot sector that writes what INT 15h AX=E820h says, 20 bytes an entry, to QEMU's debug console, and ends QEMU. ACPI 6.5 15.1. */
/* org: 0x7c00 */
	.code16
	.text
	.globl _start
_start:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	xorl	%ebx, %ebx
next:
	movl	$0xe820, %eax
	movl	$0x534d4150, %edx
	movl	$20, %ecx
	movw	$0x8000, %di
	int	$0x15
	jc	end
	cmpl	$0x534d4150, %eax
	jne	end
	movw	$0x8000, %si
	movw	$20, %cx
	movw	$0xe9, %dx
	rep outsb
	testl	%ebx, %ebx
	jnz	next
end:
	/* The device isa-debug-exit. */
	movw	$0x501, %dx
	movb	$0, %al
	outb	%al, %dx
	hlt
	jmp	end
	.org	510
	.word	0xaa55
