/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protected-mode part of the demonstration image: startup_32 at 0, startup_64 at 0x200, and an "unpacker" for a payload that
 * is not packed. It moves itself out of the way, lays the payload's segments where they belong and enters the kernel proper.
 * boot.rst "32-bit BOOT PROTOCOL", "64-bit BOOT PROTOCOL"; init_size and runtime_start as there.
 *
 * Linked at 0 and runs anywhere: a symbol's value is its offset from the load address.
 */
#include "tests/demo/demo.h"

#define TABLE_PAGES 11
#define TABLES_32_PAGES 6

	.section .head, "awx"

/* In: ESI boot_params. No stack is promised: the kernel's own scratch word in boot_params serves for one call. */
	.code32
	.globl	startup_32
startup_32:
	cld
	cli
	leal	BP_SCRATCH + 4(%esi), %esp
	call	1f
1:	popl	%ebp
	subl	$1b, %ebp

	leal	gdt(%ebp), %eax
	movl	%eax, gdtr + 2(%ebp)
	lgdt	gdtr(%ebp)
	movl	$BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	leal	stack_end(%ebp), %esp

	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	btl	$29, %edx
	jnc	no_long_mode

	/* The first 4 GiB, identity, 2 MiB pages. */
	leal	tables_32(%ebp), %edi
	xorl	%eax, %eax
	movl	$(TABLES_32_PAGES * 1024), %ecx
	rep stosl
	leal	tables_32(%ebp), %edi
	leal	0x1000 + PTE_P_RW(%edi), %eax
	movl	%eax, (%edi)
	movl	$4, %ecx
1:	addl	$0x1000, %eax
	addl	$8, %edi
	movl	%eax, 0x1000 - 8(%edi)
	loop	1b
	leal	tables_32 + 0x2000(%ebp), %edi
	movl	$PTE_P_RW_PS, %eax
	movl	$2048, %ecx
1:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	1b

	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	leal	tables_32(%ebp), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr

	pushl	$BOOT_CS
	leal	startup_64(%ebp), %eax
	pushl	%eax
	movl	$(CR0_PG | CR0_PE), %eax
	movl	%eax, %cr0
	lret

no_long_mode:
	hlt
	jmp	no_long_mode

/*
 * In: RSI boot_params, some identity mapping of this image's init_size and of boot_params.
 * From here on: RBP load address, R14 where the kernel proper will run, R15 boot_params.
 */
	.org	0x200
	.code64
	.globl	startup_64
startup_64:
	cld
	cli
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	movq	%rsi, %r15
	leaq	startup_32(%rip), %rbp

	leaq	KERNEL_ALIGNMENT - 1(%rbp), %r14
	andq	$-KERNEL_ALIGNMENT, %r14
	cmpq	$PREF_ADDRESS, %r14
	jae	1f
	movl	$PREF_ADDRESS, %r14d
1:
	/* Room for tests that want the kernel elsewhere: R14 is where it will run. */
	.globl	placed
placed:
	.skip	16, 0x90

	leaq	stack_end(%rip), %rsp
	leaq	tables(%rip), %rdi
	call	build_tables
	movq	%r8, %cr3

	/*
	 * Move to the end of the init_size bytes at R14, from the top down since the two places may overlap. This code
	 * lies within the first 4 KiB, which the new place never reaches: it starts KERNEL_SPAN above the old one at least.
	 */
	leaq	demo_move(%r14), %rbx
	leaq	demo_loaded_size - 8(%rbp), %rsi
	leaq	demo_loaded_size - 8(%rbx), %rdi
	movl	$demo_loaded_quads, %ecx
	std
	rep movsq
	cld
	leaq	moved(%rbx), %rax
	jmp	*%rax

moved:
	leaq	stack_end(%rip), %rsp
	leaq	tables(%rip), %rdi
	call	build_tables
	movq	%r8, %cr3

	leaq	gdt(%rip), %rax
	movq	%rax, gdtr + 2(%rip)
	lgdt	gdtr(%rip)
	movl	$BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	pushq	$BOOT_CS
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq
1:	pushq	$0
	popfq

	/* Each PT_LOAD to R14 + p_paddr - PREF_ADDRESS. RBX: the ELF header; RDX: a program header; R10: how many are left. */
	leaq	payload(%rip), %rbx
	movq	0x20(%rbx), %rdx		/* e_phoff */
	addq	%rbx, %rdx
	movzwl	0x38(%rbx), %r10d		/* e_phnum */
2:	testl	%r10d, %r10d
	jz	4f
	cmpl	$1, (%rdx)			/* PT_LOAD */
	jne	3f
	movq	0x08(%rdx), %rsi		/* p_offset */
	addq	%rbx, %rsi
	movq	0x18(%rdx), %rdi		/* p_paddr */
	leaq	-PREF_ADDRESS(%rdi, %r14), %rdi
	movq	0x20(%rdx), %rcx		/* p_filesz */
	rep movsb
	movq	0x28(%rdx), %rcx		/* p_memsz */
	subq	0x20(%rdx), %rcx
	xorl	%eax, %eax
	rep stosb
3:	movzwl	0x36(%rbx), %eax		/* e_phentsize */
	addq	%rax, %rdx
	decl	%r10d
	jmp	2b
4:
	movq	0x18(%rbx), %rax		/* e_entry */
	leaq	-PREF_ADDRESS(%rax, %r14), %rax
	movq	%r15, %rsi
	/*
	 * Room for tests that hand over something else. RAX the kernel's entry, RSI boot_params, R8 the page tables (the first
	 * GiB's directory is their third page), R9 a spare zero page; RBX, RCX, RDX, RDI and R10 to R13 are free.
	 */
	.globl	handover
handover:
	.skip	96, 0x90
	jmp	*%rax

/*
 * Identity tables at RDI: the first 4 GiB, and the GiB of everything that is used. Returns their address in R8; R9 is the next free page.
 */
build_tables:
	movq	%rdi, %r8
	xorl	%eax, %eax
	movl	$(TABLE_PAGES * 512), %ecx
	rep stosq
	leaq	0x1000 + PTE_P_RW(%r8), %rax
	movq	%rax, (%r8)
	leaq	0x2000(%r8), %r9
	xorl	%edx, %edx
	call	map_gib
	movl	$0x40000000, %edx
	call	map_gib
	movl	$0x80000000, %edx
	call	map_gib
	movl	$0xc0000000, %edx
	call	map_gib
	movq	%rbp, %rdx
	call	map_gib
	movq	%r14, %rdx
	call	map_gib
	leaq	demo_init_size(%r14), %rdx
	call	map_gib
	movq	%r15, %rdx
	call	map_gib
	movl	BP_EXT_CMD_LINE_PTR(%r15), %edx
	shlq	$32, %rdx
	movl	BP_HDR_CMD_LINE_PTR(%r15), %eax
	orq	%rax, %rdx
	/* Falls through. */

/* Maps the GiB that holds RDX, unless it is mapped or lies beyond the one level-3 table. */
map_gib:
	shrq	$30, %rdx
	cmpq	$512, %rdx
	jae	2f
	cmpq	$0, 0x1000(%r8, %rdx, 8)
	jne	2f
	leaq	PTE_P_RW(%r9), %rax
	movq	%rax, 0x1000(%r8, %rdx, 8)
	shlq	$30, %rdx
	orq	$PTE_P_RW_PS, %rdx
	movl	$512, %ecx
1:	movq	%rdx, (%r9)
	addq	$0x200000, %rdx
	addq	$8, %r9
	loop	1b
2:	ret

	.balign	8
gdt:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff		/* 0x10: 64-bit code */
	.quad	0x00cf93000000ffff		/* 0x18: flat data */
gdt_end:
gdtr:
	.word	gdt_end - gdt - 1
	.quad	0

/* boot.rst "The kernel_info". */
	.balign	16
	.globl	kernel_info
kernel_info:
	.ascii	"LToP"
	.long	kernel_info_var_len_data - kernel_info
	.long	kernel_info_end - kernel_info
	.long	0x80000009			/* setup_type_max: SETUP_INDIRECT | SETUP_RNG_SEED */
kernel_info_var_len_data:
kernel_info_end:

/* The payload: an ELF file as it is, with its size behind it as every Linux payload has. */
	.section .payload, "a"
	.balign	16
	.globl	payload, payload_end
payload:
	.incbin	DEMO_VMLINUX
1:	.long	1b - payload
payload_end:

	.section .bss, "aw", @nobits
	.balign	4096
tables:
	.skip	TABLE_PAGES * 4096
tables_32:
	.skip	TABLES_32_PAGES * 4096
	.skip	4096
stack_end:
