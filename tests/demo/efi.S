/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EFI stub of the demonstration image: PE entry and 64-bit handover entry. It makes boot_params, takes memory for the
 * kernel proper, leaves boot services and enters it, as UEFI 2.10 chapters 4 and 7 and boot.rst "EFI Handover Protocol" say.
 *
 * R12 image handle, R13 system table, R14 boot services, RBP boot_params, R15 where the kernel goes.
 */
#include "tests/demo/demo.h"

/* UEFI 2.10, 4.3, 4.4, 9.1, 12.4: offsets of what is used. */
#define ST_CON_OUT         0x40
#define ST_BOOT_SERVICES   0x60
#define OUTPUT_STRING      0x08
#define ALLOCATE_PAGES     0x28
#define GET_MEMORY_MAP     0x38
#define ALLOCATE_POOL      0x40
#define HANDLE_PROTOCOL    0x98
#define EXIT_BOOT_SERVICES 0xe8
#define LI_LOAD_OPTIONS    0x38

#define ALLOCATE_MAX_ADDRESS 1
#define ALLOCATE_ADDRESS     2
#define LOADER_CODE          1
#define LOADER_DATA          2

/* The frame: shadow space and fifth argument of calls, then what services write to. */
#define FIFTH        0x20
#define MAP_SIZE     0x28
#define MAP_KEY      0x30
#define DESC_SIZE    0x38
#define DESC_VERSION 0x40
#define MAP_BUFFER   0x48
#define POINTER      0x50
#define FRAME        0x68

	.section .efi, "awx"
	.code64

/* boot.rst "EFI Handover Protocol": RDI handle, RSI system table, RDX boot_params. */
	.globl	efi_handover_entry
efi_handover_entry:
	movq	%rdi, %rcx
	movq	%rdx, %rax
	movq	%rsi, %rdx
	jmp	1f

/* UEFI 2.10, 4.1: RCX handle, RDX system table. */
	.globl	efi_pe_entry
efi_pe_entry:
	xorl	%eax, %eax
1:	pushq	%rbp
	pushq	%rbx
	pushq	%rsi
	pushq	%rdi
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	subq	$FRAME, %rsp
	movq	%rax, %rbp
	movq	%rcx, %r12
	movq	%rdx, %r13
	/* A loader need not leave zeros behind the file. */
	.globl	efi_clear
efi_clear:
	movq	$0, efi_bss(%rip)

	movq	$3, %rbx
	btsq	$63, %rbx			/* EFI_UNSUPPORTED */
	movabsq	$0x5453595320494249, %rax	/* "IBI SYST" */
	cmpq	%rax, (%r13)
	jne	fail
	movq	ST_BOOT_SERVICES(%r13), %r14

	/* Room for tests that call firmware in another way; RAX, RCX, RDX, R8 to R11 are free. */
	.globl	efi_call_out
efi_call_out:
	.skip	32, 0x90
	movq	ST_CON_OUT(%r13), %rcx
	leaq	hello(%rip), %rdx
	call	*OUTPUT_STRING(%rcx)
	/* And to put it right. */
	.globl	efi_called_out
efi_called_out:
	.skip	16, 0x90

	testq	%rbp, %rbp
	jnz	1f
	call	make_boot_params
	testq	%rax, %rax
	jnz	fail_rax
1:	movq	efi_bss(%rip), %rax
	movq	%rax, BP_PAD(%rbp)
	movb	$0x21, BP_HDR_TYPE_OF_LOADER(%rbp)

	/* The lowest place for the kernel. */
	movl	$PREF_ADDRESS, %r15d
	.globl	efi_first_place
efi_first_place:
	.skip	16, 0x90
2:	movq	%r15, POINTER(%rsp)
	movl	$ALLOCATE_ADDRESS, %ecx
	movl	$LOADER_CODE, %edx
	movl	$(KERNEL_SPAN / 4096), %r8d
	leaq	POINTER(%rsp), %r9
	call	*ALLOCATE_PAGES(%r14)
	testq	%rax, %rax
	jz	3f
	addq	$KERNEL_ALIGNMENT, %r15
	btq	$32, %r15
	jnc	2b
	jmp	fail_rax
3:	call	load_kernel

	/* How large the map is; two more descriptors for the pool that is to hold it. */
	movq	$0, MAP_SIZE(%rsp)
	xorl	%edx, %edx
	call	get_map
	movq	MAP_SIZE(%rsp), %rdx
	movq	DESC_SIZE(%rsp), %rax
	leaq	(%rdx, %rax, 4), %rdx
	movq	%rdx, MAP_SIZE(%rsp)
	movl	$LOADER_DATA, %ecx
	leaq	MAP_BUFFER(%rsp), %r8
	call	*ALLOCATE_POOL(%r14)
	testq	%rax, %rax
	jnz	fail_rax
	/* Its size again, for the second time that the map is asked for. */
	movq	MAP_SIZE(%rsp), %rsi
	movq	MAP_BUFFER(%rsp), %rdx
	call	get_map
	testq	%rax, %rax
	jnz	fail_rax
	call	leave_firmware
	testq	%rax, %rax
	jz	4f
	movq	%rsi, MAP_SIZE(%rsp)
	movq	MAP_BUFFER(%rsp), %rdx
	call	get_map
	testq	%rax, %rax
	jnz	fail_rax
	call	leave_firmware
	testq	%rax, %rax
	jnz	fail_rax
4:
	/* Room for what must not be done any more. */
	.globl	efi_left
efi_left:
	.skip	32, 0x90
	call	fill_boot_params
	movq	%rbp, %rsi
	leaq	payload(%rip), %rax
	movq	0x18(%rax), %rax		/* e_entry */
	leaq	-PREF_ADDRESS(%rax, %r15), %rax
	cli
	cld
	/* Room for tests that hand over something else; RAX the kernel's entry, RSI boot_params; all others are free. */
	.globl	efi_jump
efi_jump:
	.skip	64, 0x90
	jmp	*%rax

fail_rax:
	movq	%rax, %rbx
fail:
	movq	%rbx, %rax
	addq	$FRAME, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rdi
	popq	%rsi
	popq	%rbx
	popq	%rbp
	.globl	efi_return
efi_return:
	.skip	8, 0x90
	ret

/* Into the buffer at RDX; from here on the frame is 8 bytes further off, and a CALL again needs 16-byte alignment. */
get_map:
	subq	$(FIFTH + 8 + 16), %rsp
	leaq	MAP_SIZE + FIFTH + 32(%rsp), %rcx
	leaq	MAP_KEY + FIFTH + 32(%rsp), %r8
	leaq	DESC_SIZE + FIFTH + 32(%rsp), %r9
	leaq	DESC_VERSION + FIFTH + 32(%rsp), %rax
	movq	%rax, FIFTH(%rsp)
	call	*GET_MEMORY_MAP(%r14)
	addq	$(FIFTH + 8 + 16), %rsp
	ret

leave_firmware:
	subq	$(FIFTH + 8), %rsp
	movq	%r12, %rcx
	movq	MAP_KEY + FIFTH + 16(%rsp), %rdx
	/* Room for another call before it; RBX and RDI are free. */
	.globl	efi_exit_key
efi_exit_key:
	.skip	24, 0x90
	call	*EXIT_BOOT_SERVICES(%r14)
	addq	$(FIFTH + 8), %rsp
	ret

/* Two pages below 4 GiB, cleared: boot_params, and the command line from UCS-2. RAX: status. */
make_boot_params:
	subq	$(FIFTH + 8), %rsp
	movl	$0xffffffff, %eax
	movq	%rax, POINTER + FIFTH + 16(%rsp)
	movl	$ALLOCATE_MAX_ADDRESS, %ecx
	movl	$LOADER_DATA, %edx
	movl	$2, %r8d
	leaq	POINTER + FIFTH + 16(%rsp), %r9
	call	*ALLOCATE_PAGES(%r14)
	testq	%rax, %rax
	jnz	2f
	movq	POINTER + FIFTH + 16(%rsp), %rbp
	.globl	efi_zero
efi_zero:
	movq	%rbp, %rdi
	movl	$(2 * 4096 / 8), %ecx
	rep stosq

	movq	%r12, %rcx
	leaq	loaded_image(%rip), %rdx
	leaq	POINTER + FIFTH + 16(%rsp), %r8
	call	*HANDLE_PROTOCOL(%r14)
	testq	%rax, %rax
	jnz	2f
	leaq	0x1000(%rbp), %rdi
	movl	%edi, BP_HDR_CMD_LINE_PTR(%rbp)
	movq	POINTER + FIFTH + 16(%rsp), %rdx
	movq	LI_LOAD_OPTIONS(%rdx), %rdx
	testq	%rdx, %rdx
	jz	2f
	movl	$4095, %ecx
1:	movb	(%rdx), %al
	movb	%al, (%rdi)
	testb	%al, %al
	jz	2f
	addq	$2, %rdx
	incq	%rdi
	loop	1b
2:	addq	$(FIFTH + 8), %rsp
	ret

/* Each PT_LOAD to R15 + p_paddr - PREF_ADDRESS. RBX: the ELF header; RDX: a program header; R10: how many are left. */
load_kernel:
	leaq	payload(%rip), %rbx
	movq	0x20(%rbx), %rdx		/* e_phoff */
	addq	%rbx, %rdx
	movzwl	0x38(%rbx), %r10d		/* e_phnum */
1:	testl	%r10d, %r10d
	jz	3f
	cmpl	$1, (%rdx)			/* PT_LOAD */
	jne	2f
	movq	0x08(%rdx), %rsi		/* p_offset */
	addq	%rbx, %rsi
	movq	0x18(%rdx), %rdi		/* p_paddr */
	leaq	-PREF_ADDRESS(%rdi, %r15), %rdi
	movq	0x20(%rdx), %rcx		/* p_filesz */
	rep movsb
	movq	0x28(%rdx), %rcx		/* p_memsz */
	subq	0x20(%rdx), %rcx
	xorl	%eax, %eax
	rep stosb
2:	movzwl	0x36(%rbx), %eax		/* e_phentsize */
	addq	%rax, %rdx
	decl	%r10d
	jmp	1b
3:	ret

/* efi_info, and an E820 entry for each run of descriptors that mean the same to it. */
fill_boot_params:
	movl	$0x34364c45, BP_EFI_SIGNATURE(%rbp)	/* EL64 */
	movq	%r13, %rax
	movl	%eax, BP_EFI_SYSTAB(%rbp)
	shrq	$32, %rax
	movl	%eax, BP_EFI_SYSTAB_HI(%rbp)
	movq	DESC_SIZE + 8(%rsp), %rdx
	movl	%edx, BP_EFI_MEMDESC_SIZE(%rbp)
	movl	DESC_VERSION + 8(%rsp), %eax
	movl	%eax, BP_EFI_MEMDESC_VERSION(%rbp)
	movq	MAP_BUFFER + 8(%rsp), %rsi
	movq	%rsi, %rax
	movl	%eax, BP_EFI_MEMMAP(%rbp)
	shrq	$32, %rax
	movl	%eax, BP_EFI_MEMMAP_HI(%rbp)
	movq	MAP_SIZE + 8(%rsp), %rbx
	movl	%ebx, BP_EFI_MEMMAP_SIZE(%rbp)
	addq	%rsi, %rbx			/* the map's end */
	leaq	BP_E820_TABLE - 20(%rbp), %rdi	/* the entry before the next */
	xorl	%r10d, %r10d			/* entries */
1:	cmpq	%rbx, %rsi
	jae	4f
	movl	(%rsi), %eax
	movl	$E820_RESERVED, %ecx
	cmpl	$15, %eax
	ja	2f
	leaq	e820_types(%rip), %r8
	movzbl	(%r8, %rax), %ecx
2:	movq	8(%rsi), %r8
	movq	24(%rsi), %r9
	shlq	$12, %r9
	testl	%r10d, %r10d
	jz	3f
	cmpl	%ecx, 16(%rdi)
	jne	3f
	movq	(%rdi), %rax
	addq	8(%rdi), %rax
	cmpq	%rax, %r8
	jne	3f
	addq	%r9, 8(%rdi)
	addq	%rdx, %rsi
	jmp	1b
3:	cmpl	$BP_E820_MAX, %r10d
	jae	4f
	incl	%r10d
	addq	$20, %rdi
	movq	%r8, (%rdi)
	movq	%r9, 8(%rdi)
	movl	%ecx, 16(%rdi)
	addq	%rdx, %rsi
	jmp	1b
4:	movb	%r10b, BP_E820_ENTRIES(%rbp)
	ret

/* By EFI_MEMORY_TYPE: what a kernel may use once boot services are gone is RAM. */
e820_types:
	.byte	2, 1, 1, 1, 1, 2, 2, 1, 5, 3, 4, 2, 2, 2, 7, 2

loaded_image:
	.long	0x5b1b31a1
	.word	0x9562, 0x11d2
	.byte	0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b

	.balign	2
hello:
	.string16 "bootpath demo EFI stub\r\n"

	.section .bss, "aw", @nobits
	.balign	8
efi_bss:
	.skip	8
