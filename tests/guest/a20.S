/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gate A20: what is written at 1 MiB + 600h, and where it is found. */
/* org: 0x7c00 */
	.code16
	.text
	.globl _start
_start:

/* DS:600h is linear 600h, ES:610h is linear 100600h. */
	.macro segments
	xorw %ax, %ax
	movw %ax, %ds
	decw %ax
	movw %ax, %es
	.endm

	.globl port92
port92:
	segments
	inb $0x92, %al
	movb %al, %dl
	andb $0xfd, %al
	outb %al, $0x92
	inb $0x92, %al
	movb %al, %dh
	movw $0x1234, 0x600
	movw $0x5678, %es:0x610
	movw 0x600, %bx
	orb $2, %al
	outb %al, $0x92
	movw $0x9abc, %es:0x610
	movw 0x600, %cx
	hlt
port92_done:

	.globl keyboard
keyboard:
	segments
	movb $0xd1, %al
	outb %al, $0x64
	movb $0xdd, %al
	outb %al, $0x60
	movb $0xd0, %al
	outb %al, $0x64
	inb $0x64, %al
	movb %al, %dh
	inb $0x60, %al
	movb %al, %dl
	movw $0x1234, 0x600
	movw $0x5678, %es:0x610
	movw 0x600, %bx
	movb $0xd1, %al
	outb %al, $0x64
	movb $0xdf, %al
	outb %al, $0x60
	movw $0x9abc, %es:0x610
	movw 0x600, %cx
	hlt
keyboard_done:
