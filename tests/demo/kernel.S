/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel proper of the demonstration image: startup_64 says hello on COM1 and halts. A second, 32-bit entry is
 * named by a Xen note (PHYS32_ENTRY, xen/elfnote.h): it makes boot_params from hvm_start_info and joins the first.
 */
#include "tests/demo/demo.h"

#define KERNEL_VMA 0xffffffff80000000
#define PA(x) ((x) - KERNEL_VMA)

#define XEN_ELFNOTE_PHYS32_ENTRY 18
#define XEN_ELFNOTE_PHYS32_RELOC 19
#define HVM_START_MAGIC 0x336ec578
#define START_INFO_SIZE 56 /* of version 1 */

	.section .head.text, "ax"

/* In: RSI boot_params; wherever it runs, the code asks nothing of its own address. */
	.code64
	.globl	startup_64
startup_64:
	leaq	stack_end(%rip), %rsp
	leaq	hello(%rip), %rbx
1:	movb	(%rbx), %al
	testb	%al, %al
	jz	4f
	incq	%rbx
	movb	%al, %ah
	/* A port that never gets ready costs characters, not the boot. */
	movl	$100000, %ecx
	movw	$COM1_LSR, %dx
2:	inb	%dx, %al
	testb	$LSR_THRE, %al
	jnz	3f
	pause
	loop	2b
3:	movb	%ah, %al
	movw	$COM1, %dx
	outb	%al, %dx
	jmp	1b
4:	cli
	hlt
	jmp	4b

	.text

/* In: EBX hvm_start_info, flat 32-bit, no paging (docs/misc/pvh.pandoc). EBP: start_info, ESI: boot_params. */
	.code32
	.globl	pvh_start
pvh_start:
	cld
	cli
	lgdt	PA(gdtr)
	movl	$BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$PA(stack_end), %esp
	movl	%ebx, %ebp

	/* Kept where nothing is zeroed later. */
	movl	%ebx, %esi
	movl	$PA(start_info), %edi
	movl	$(START_INFO_SIZE / 4), %ecx
	.globl	copy_start_info
copy_start_info:
	rep movsl

	movl	$PA(boot_params), %edi
	movl	$(BP_SIZE / 4), %ecx
	xorl	%eax, %eax
	rep stosl
	movl	$PA(boot_params), %esi

	cmpl	$HVM_START_MAGIC, (%ebp)
	jne	halt_32

	movw	$0x020c, BP_HDR_VERSION(%esi)
	call	find_xen
	movb	%al, BP_HDR_TYPE_OF_LOADER(%esi)
	movl	0x18(%ebp), %eax		/* cmdline_paddr */
	movl	%eax, BP_HDR_CMD_LINE_PTR(%esi)
	movl	0x20(%ebp), %eax		/* rsdp_paddr */
	movl	%eax, BP_ACPI_RSDP_ADDR(%esi)
	movl	0x24(%ebp), %eax
	movl	%eax, BP_ACPI_RSDP_ADDR + 4(%esi)

	cmpl	$0, 0x0c(%ebp)			/* nr_modules: the first is the initrd */
	je	1f
	movl	0x10(%ebp), %edx		/* modlist_paddr */
	movl	(%edx), %eax
	movl	%eax, BP_HDR_RAMDISK_IMAGE(%esi)
	movl	8(%edx), %eax
	movl	%eax, BP_HDR_RAMDISK_SIZE(%esi)
1:
	/* Version 1 has a memory map: 24 bytes an entry there, 20 here, and the same types. */
	cmpl	$1, 4(%ebp)
	jb	4f
	movl	0x30(%ebp), %ecx		/* memmap_entries */
	cmpl	$BP_E820_MAX, %ecx
	jbe	2f
	movl	$BP_E820_MAX, %ecx
2:	movb	%cl, BP_E820_ENTRIES(%esi)
	movl	%esi, %ebx
	movl	0x28(%ebp), %esi		/* memmap_paddr */
	leal	BP_E820_TABLE(%ebx), %edi
	jecxz	3f
1:	movsl
	movsl
	movsl
	movsl
	movsl
	addl	$4, %esi
	loop	1b
3:	movl	%ebx, %esi
4:
	/* What hvm_start_info need not say: the ISA range is no RAM. */
	movzbl	BP_E820_ENTRIES(%esi), %eax
	cmpl	$BP_E820_MAX, %eax
	jae	5f
	incb	BP_E820_ENTRIES(%esi)
	leal	(%eax, %eax, 4), %eax
	leal	BP_E820_TABLE(%esi, %eax, 4), %edi
	movl	$0xa0000, (%edi)
	movl	$0x60000, 8(%edi)
	movl	$2, 16(%edi)
5:
	/* The first GiB, identity, 2 MiB pages. */
	movl	$(PA(tables) + 0x1000 + PTE_P_RW), PA(tables)
	movl	$(PA(tables) + 0x2000 + PTE_P_RW), PA(tables) + 0x1000
	movl	$(PA(tables) + 0x2000), %edi
	movl	$PTE_P_RW_PS, %eax
	movl	$512, %ecx
1:	movl	%eax, (%edi)
	movl	$0, 4(%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	1b

	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$PA(tables), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	$(CR0_PG | CR0_PE), %eax
	movl	%eax, %cr0
	/* Room for tests that hand over something else; ESI is boot_params. */
	.globl	pvh_handover
pvh_handover:
	.skip	16, 0x90
	ljmp	$BOOT_CS, $PA(startup_64)

halt_32:
	hlt
	jmp	halt_32

/* AL: 0x90 (Xen's loader id) where one of the hypervisor leaves bears Xen's name, else 0xb0 (QEMU's). */
find_xen:
	pushl	%esi
	movl	$0x40000000, %esi
1:	movl	%esi, %eax
	cpuid
	cmpl	$0x566e6558, %ebx		/* XenV */
	jne	2f
	cmpl	$0x65584d4d, %ecx		/* MMXe */
	jne	2f
	cmpl	$0x4d4d566e, %edx		/* nVMM */
	jne	2f
	movb	$0x90, %al
	jmp	3f
2:	addl	$0x100, %esi
	cmpl	$0x40010000, %esi
	jb	1b
	movb	$0xb0, %al
3:	popl	%esi
	ret

	.section .rodata, "a"
hello:
	.asciz	"bootpath demo kernel\r\n"

	.data
	.balign	8
gdt:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff		/* 0x10: 64-bit code */
	.quad	0x00cf93000000ffff		/* 0x18: flat data */
gdt_end:
gdtr:
	.word	gdt_end - gdt - 1
	.long	PA(gdt)

	.balign	8
start_info:
	.skip	START_INFO_SIZE

	.section .notes, "a", @note
	.long	4, 8, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz	"Xen"
	.quad	PA(pvh_start)
	/* This entry runs where it was linked and nowhere else: alignment, lowest and highest address. */
	.long	4, 12, XEN_ELFNOTE_PHYS32_RELOC
	.asciz	"Xen"
	.long	KERNEL_ALIGNMENT, PREF_ADDRESS, PREF_ADDRESS + KERNEL_SPAN - 1

	.bss
	.balign	4096
tables:
	.skip	3 * 4096
boot_params:
	.skip	BP_SIZE
	.skip	4096
stack_end:
