/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports, physical memory that nothing backs, and ROM. */
#include "tests/guest/layout.h"
	.code32
	.text
	.globl _start
_start:
/* "hello", each byte after the line status says the transmitter is empty. */
serial:
	movl	$text, %esi
	cld
1:	lodsb
	testb	%al, %al
	jz	3f
	movb	%al, %ah
	movw	$0x3fd, %dx
2:	inb	%dx, %al
	testb	$0x20, %al
	jz	2b
	movb	%ah, %al
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	1b
3:	hlt
serial_done:
text:	.asciz	"hello\n"
serial_string:
	movl	$text, %esi
	movl	$5, %ecx
	movw	$0x3f8, %dx
	cld
	rep outsb
	hlt
serial_string_done:
/* The divisor latch hides the data register. */
serial_dlab:
	movw	$0x3fb, %dx
	movb	$0x83, %al
	outb	%al, %dx
	movw	$0x3f8, %dx
	movb	$0x0c, %al
	outb	%al, %dx
	inb	%dx, %al
	hlt
serial_dlab_done:
/* Counter 2, mode 0, count 1234h; read back its status and its latched count twice. */
pit:
	movb	$0xb0, %al
	outb	%al, $0x43
	movb	$0x34, %al
	outb	%al, $0x42
	movb	$0x12, %al
	outb	%al, $0x42
	movb	$0x80, %al		/* latch counter 2 */
	outb	%al, $0x43
	inb	$0x42, %al
	movb	%al, %bl
	inb	$0x42, %al
	movb	%al, %bh
	movb	$0xe8, %al		/* read-back: status of counter 2 */
	outb	%al, $0x43
	inb	$0x42, %al
	movb	%al, %cl
	hlt
pit_done:
/* A latched count stays while time goes on. */
pit_latch:
	movb	$0xb4, %al		/* counter 2, mode 2 */
	outb	%al, $0x43
	movb	$0, %al
	outb	%al, $0x42
	outb	%al, $0x42
	movb	$0x80, %al
	outb	%al, $0x43
	inb	$0x42, %al
	movb	%al, %bl
	movl	$100000, %ecx
1:	decl	%ecx
	jnz	1b
	inb	$0x42, %al
	movb	%al, %bh		/* the high byte of the same latch */
	inb	$0x42, %al
	movb	%al, %cl
	inb	$0x42, %al
	movb	%al, %ch		/* now: 100,000 ns later, about 119 ticks */
	hlt
pit_latch_done:
cmos:
	movb	$0x8f, %al		/* bit 7 masks NMI and is no part of the index */
	outb	%al, $0x70
	movb	$0x5a, %al
	outb	%al, $0x71
	movb	$0x0f, %al
	outb	%al, $0x70
	inb	$0x71, %al
	movb	%al, %bl
	movb	$0x35, %al
	outb	%al, $0x70
	inb	$0x71, %al
	movb	%al, %bh
	movb	$0x34, %al
	outb	%al, $0x70
	inb	$0x71, %al
	movb	%al, %cl
	hlt
cmos_done:
/* ICW1 to ICW4 are no masks; the write after them is. */
pic:
	inb	$0x21, %al
	movb	%al, %bl
	movb	$0x11, %al
	outb	%al, $0x20
	movb	$0x20, %al
	outb	%al, $0x21
	movb	$0x04, %al
	outb	%al, $0x21
	movb	$0x01, %al
	outb	%al, $0x21
	movb	$0xfb, %al
	outb	%al, $0x21
	inb	$0x21, %al
	movb	%al, %bh
	hlt
pic_done:
reset_92:
	movb	$1, %al
	outb	%al, $0x92
	hlt
reset_64:
	movb	$0xfe, %al
	outb	%al, $0x64
	hlt
reset_cf9:
	movw	$0xcf9, %dx
	movb	$6, %al
	outb	%al, %dx
	hlt
a20:
	movb	$2, %al
	outb	%al, $0x92
	inb	$0x92, %al
	hlt
a20_done:
unknown_in:
	nop
	movw	$0x1234, %dx
	inw	%dx, %ax
	hlt
unknown_in_done:
unknown_out:
	movw	$0x1234, %dx
	outl	%eax, %dx
	hlt
unknown_out_done:
absent_in:
	movw	$0xcfc, %dx
	inl	%dx, %eax
	hlt
absent_in_done:
/* A REP INS of no rounds, then a port access whose time must be right. */
rep_none:
	nop
	nop
	xorl	%ecx, %ecx
	movl	$SCRATCH, %edi
	movw	$0x3f8, %dx
	rep insb
	nop
	outb	%al, $0x80
	hlt
rep_none_done:
/* Physical memory between 640 KiB and the option ROMs, and above RAM. */
hole_read:
	movl	0xa0000, %eax
	movzbl	0xb8001, %ebx
	movl	0x20000000, %ecx
	hlt
hole_read_done:
hole_write:
	movl	$0x12345678, 0xa0000
	movl	0xa0000, %eax
	hlt
hole_write_done:
hole_fetch:
	movl	$0x20000000, %eax
	jmp	*%eax
rom_write:
	movl	0xf0000, %eax
	movl	$0x12345678, 0xf0000
	movl	0xf0000, %ebx
	hlt
rom_write_done:
rom_run:
	movl	$0xf0000, %eax
	call	*%eax
	hlt
rom_run_done:
