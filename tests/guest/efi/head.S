/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PE header of the UEFI guests: one section that may do everything. Microsoft PE format, PE32+. */
	.section .head, "ax"
	.ascii "MZ"
	.org 0x3c
	.long pe
pe:	.ascii "PE\0\0"
	.word 0x8664 /* machine */
	.word 1 /* sections */
	.long 0, 0, 0
	.word sections - optional
	.word 0x0022 /* executable, addresses above 2 GiB; relocations are not stripped: there are none */
optional:
	.word 0x20b
	.byte 0, 0
	.long _edata - 0x1000, 0, 0 /* sizes of code, data, BSS */
	.long guest_main /* entry */
	.long 0x1000 /* code */
	.quad 0 /* ImageBase: it runs anywhere */
	.long 0x1000, 0x1000 /* alignment of sections, in the file */
	.word 0, 0, 0, 0, 0, 0
	.long 0
	.long _end /* SizeOfImage */
	.long 0x1000 /* SizeOfHeaders */
	.long 0 /* checksum */
	.word 10 /* EFI application */
	.word 0
	.quad 0, 0, 0, 0
	.long 0
	.long 6 /* data directories */
	.quad 0, 0, 0, 0, 0, 0
sections:
	.ascii ".text\0\0\0"
	.long _end - 0x1000, 0x1000
	.long _edata - 0x1000, 0x1000
	.long 0, 0
	.word 0, 0
	.long 0xe0000020

/* What the compiler calls by itself: System V, as the rest of a guest. */
	.text
	.globl memset, memcpy
memset:	mov %rdi, %r8
	mov %esi, %eax
	mov %rdx, %rcx
	rep stosb
	mov %r8, %rax
	ret
memcpy:	mov %rdi, %rax
	mov %rdx, %rcx
	rep movsb
	ret
