/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real-mode part of the demonstration image: boot sector, setup header 2.15, and code that asks the BIOS what
 * a kernel wants to know and enters protected mode in the state of boot.rst "32-bit BOOT PROTOCOL".
 */
#include "tests/demo/demo.h"

/* boot_params lies in the segment, above what the file fills and below the stack: boot.rst gives us up to 0x8000. */
#define BP 0x2000

/* What is zeroed ends with it. */
#define BSS_END (BP + BP_SIZE)

/* loadflags bit 7: the loader has set heap_end_ptr. */
#define CAN_USE_HEAP 0x80

/* Of a stack that we make ourselves. */
#define STACK_SIZE 1024

	.code16
	.section .setup, "awx"

/* Nothing boots from this sector since floppies went; firmware sees the headers of a PE file here. */
	.globl	boot_sector
boot_sector:
	.ascii	"MZ"				/* which runs as DEC BP, POP DX */
	cli
1:	hlt
	jmp	1b

	.org	0x3c
	.long	pe_header

/* Microsoft PE format: COFF header, PE32+ optional header, two sections. What is not relocated lies as in the file. */
pe_header:
	.long	0x00004550			/* "PE" */
	.word	0x8664				/* x86-64 */
	.word	2				/* sections */
	.long	0, 0, 0
	.word	section_table - optional_header
	.word	0x0206				/* executable, no line numbers, no debug information */
optional_header:
	.word	0x020b				/* PE32+ */
	.byte	2, 0
	.long	demo_loaded_size		/* SizeOfCode */
	.long	0, 0
	.long	demo_pe_entry
	.long	0x200				/* BaseOfCode */
	.quad	0				/* ImageBase */
	.long	0x20, 0x20			/* alignment of sections, in the file */
	.word	0, 0, 3, 0, 0, 0
	.long	0
	.long	demo_image_size			/* SizeOfImage */
	.long	0x200				/* SizeOfHeaders */
	.long	0				/* CheckSum */
	.word	10				/* EFI application */
	.word	0
	.quad	0, 0, 0, 0
	.long	0
	.long	6				/* data directories: all empty */
	.fill	6, 8, 0
section_table:
	.ascii	".setup\0\0"
	.long	demo_setup_size - 0x200, 0x200, demo_setup_size - 0x200, 0x200
	.long	0, 0, 0
	.long	0x42000040			/* data, discardable, read */
	.ascii	".text\0\0\0"
	.long	demo_total_size, demo_setup_size, demo_loaded_size, demo_setup_size
	.long	0, 0, 0
	.long	0xe0000020			/* code, run, read, write: it moves itself */

	/* boot.rst has no word for it: a loader that copies this too, and not just the header, is found out. */
	.org	BP_SENTINEL
	.byte	0xff

	.org	BP_HDR
setup_sects:		.byte	SETUP_SECTS
root_flags:		.word	1
syssize:		.long	demo_syssize
ram_size:		.word	0
vid_mode:		.word	0xffff
root_dev:		.word	0
boot_flag:		.word	0xaa55

/* Offset 0x200: the entry, a jump whose second byte also tells where the header ends. */
jump:			.byte	0xeb, start_of_setup - 1f
1:
header:			.ascii	"HdrS"
version:		.word	0x020f
realmode_swtch:		.long	0
start_sys_seg:		.word	0x1000
kernel_version:		.word	version_string - 0x200
type_of_loader:		.byte	0
loadflags:		.byte	0x01		/* LOADED_HIGH */
setup_move_size:	.word	0x8000
code32_start:		.long	0x100000
ramdisk_image:		.long	0
ramdisk_size:		.long	0
bootsect_kludge:	.long	0
heap_end_ptr:		.word	0x8000 - 0x200
ext_loader_ver:		.byte	0
ext_loader_type:	.byte	0
cmd_line_ptr:		.long	0
initrd_addr_max:	.long	0x7fffffff
kernel_alignment:	.long	KERNEL_ALIGNMENT
relocatable_kernel:	.byte	1
min_alignment:		.byte	21		/* 1 << 21 is KERNEL_ALIGNMENT */
xloadflags:		.word	0x000b		/* XLF_KERNEL_64, XLF_CAN_BE_LOADED_ABOVE_4G, XLF_EFI_HANDOVER_64 */
cmdline_size:		.long	2047
hardware_subarch:	.long	0
hardware_subarch_data:	.quad	0
payload_offset:		.long	demo_payload_offset
payload_length:		.long	demo_payload_length
setup_data:		.quad	0
pref_address:		.quad	PREF_ADDRESS
init_size:		.long	demo_init_size
handover_offset:	.long	demo_handover_offset
kernel_info_offset:	.long	demo_kernel_info_offset

/*
 * Entered at base:0200 with CS = base + 0x20; all other segments are base. Go on with CS = base. Some symbols here are
 * only for tests that change what they stand at.
 */
start_of_setup:
	movw	%ds, %ax
	movw	%ax, %es
	cld

	/* A loader's stack in another segment is not ours: one behind the heap, or behind our data where there is none. */
	movw	%ss, %cx
	cmpw	%ax, %cx
	je	2f
	movl	$BSS_END, %edx
	testb	$CAN_USE_HEAP, loadflags
	jz	1f
	movzwl	heap_end_ptr, %edx
1:	addl	$STACK_SIZE, %edx
	cmpl	$0xfffc, %edx
	jbe	1f
	movl	$0xfffc, %edx
1:	andl	$~3, %edx
	movl	%edx, %esp
take_stack:
	movw	%ax, %ss
2:
	pushw	%ds
	pushw	$1f
take_code:
	lretw
1:
	/* The linker's own check that the setup part was loaded whole. */
	cmpl	$0x5a5aaa55, setup_sig
	jne	die

	/* Whatever the loader left behind our file. */
	movw	$bss_start, %di
	movw	$(BSS_END + 3), %cx
	subw	%di, %cx
	shrw	$2, %cx
	xorl	%eax, %eax
clear_bss:
	rep stosl

	movw	$hello, %si
	call	print

	/* boot_params: zeros by now, and the header as the loader left it. */
	movzbw	jump + 1, %cx
	addw	$(0x202 - BP_HDR), %cx
	movw	$BP_HDR, %si
	movw	$(BP + BP_HDR), %di
	rep movsb

	call	ask_video
	call	ask_memory
	call	enable_a20
	jmp	go_protected

/* INT 10h 03: cursor in DX. INT 10h 0F: mode in AL. */
ask_video:
	movb	$0x03, %ah
	xorb	%bh, %bh
	int	$0x10
	movw	%dx, BP + BP_SCREEN_INFO_ORIG_X
	movb	$0x0f, %ah
	int	$0x10
	movb	%al, BP + BP_SCREEN_INFO_ORIG_VIDEO_MODE
	ret

/* INT 15h 88: KiB above 1 MiB. INT 15h E820: the map, an entry a call. */
ask_memory:
	movb	$0x88, %ah
	int	$0x15
	jc	1f
	movw	%ax, BP + BP_SCREEN_INFO_EXT_MEM_K
1:	xorl	%ebx, %ebx
	movw	$(BP + BP_E820_TABLE), %di
2:	movl	$0xe820, %eax
	movl	$0x534d4150, %edx		/* SMAP */
ask_room:
	movl	$20, %ecx
	int	$0x15
	jc	3f
	cmpl	$0x534d4150, %eax
	jne	3f
	incb	BP + BP_E820_ENTRIES
	addw	$20, %di
	cmpb	$BP_E820_MAX, BP + BP_E820_ENTRIES
	jae	3f
	testl	%ebx, %ebx
	jnz	2b
3:	ret

/* INT 15h 2401, then the system control port; address 0x500 and what is 1 MiB higher must be two places. */
enable_a20:
	call	test_a20
	jne	1f
	movw	$0x2401, %ax
	int	$0x15
	call	test_a20
	jne	1f
	inb	$0x92, %al
	orb	$0x02, %al
	andb	$0xfe, %al
	outb	%al, $0x92
	call	test_a20
	je	die
1:	ret

/* Returns with ZF clear when A20 is open: of two values at 0000:0500, ffff:0510 followed one at most. */
test_a20:
	pushw	%ds
	pushw	%es
	xorw	%ax, %ax
	movw	%ax, %ds
	decw	%ax
	movw	%ax, %es
	pushw	0x500
	movw	%es:0x510, %ax
	notw	%ax
	movw	%ax, 0x500
	cmpw	%ax, %es:0x510
	popw	0x500
	popw	%es
	popw	%ds
	ret

/* DS:SI to the screen by INT 10h 0E. */
print:
	lodsb
	testb	%al, %al
	jz	1f
	movb	$0x0e, %ah
	movw	$0x0007, %bx
	int	$0x10
	jmp	print
1:	ret

die:
	cli
	hlt
	jmp	die

go_protected:
	/* Room for tests that want something else done in real mode; AX, CX, DX, SI, DI, BP and ES are free. */
	.globl	real_room
real_room:
	.skip	16, 0x90

	/* boot.rst "Advanced Boot Loader Hooks": the loader's own routine, else NMI off. */
	cmpl	$0, realmode_swtch
ask_hook:
	je	1f
	lcallw	*realmode_swtch
	jmp	2f
1:	cli
	movb	$0x80, %al
mask_nmi:
	outb	%al, $0x70
	outb	%al, $0x80
2:
	/* Both interrupt controllers masked, but for the cascade. */
	movb	$0xff, %al
	outb	%al, $0xa1
	outb	%al, $0x80
	movb	$0xfb, %al
	outb	%al, $0x21
	outb	%al, $0x80

	xorl	%ebx, %ebx
	movw	%ds, %bx
	shll	$4, %ebx
	leal	gdt(%ebx), %eax
	movl	%eax, gdtr + 2
	addl	%ebx, far_target
	lidtl	idtr
	lgdtl	gdtr

	movl	%cr0, %eax
	orb	$CR0_PE, %al
	movl	%eax, %cr0
	.byte	0x66, 0xea			/* ljmpl $BOOT_CS, $protected, moved by the segment's base */
far_target:
	.long	protected
	.word	BOOT_CS

	.code32
protected:
	movl	$BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	movzwl	%sp, %esp
	addl	%ebx, %esp
	leal	BP(%ebx), %esi
	movl	BP_HDR_CODE32_START(%esi), %eax
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%ebx, %ebx
	xorl	%ebp, %ebp
	xorl	%edi, %edi
	/* The same in protected mode: EAX the address to go to, ESI boot_params. */
	.globl	protected_room
protected_room:
	.skip	16, 0x90
	jmp	*%eax

	.balign	8
gdt:
	.quad	0
	.quad	0
	.quad	0x00cf9b000000ffff		/* 0x10: flat 4 GiB, execute and read */
	.quad	0x00cf93000000ffff		/* 0x18: flat 4 GiB, read and write */
gdt_end:
gdtr:
	.word	gdt_end - gdt - 1
	.long	0
idtr:
	.word	0
	.long	0

hello:
	.asciz	"bootpath demo setup\r\n"
/* As a kernel of that version, whose stub enters the kernel proper by itself, efi.S does. */
version_string:
	.asciz	"6.6.0-bootpath-demo"

/* What does nothing in protected or long mode: a copy of it that runs elsewhere is told to be this code. */
	.globl	any_mode
any_mode:
	.irp	word, "boot", "path", "demo", "setu"
	.byte	0x0f, 0x1f, 0x80		/* nopl word(%rax) */
	.ascii	"\word"
	.endr
	.byte	0x0f, 0x1f, 0x40, 'p'		/* nopl 'p'(%rax) */

	.balign	4
setup_sig:
	.long	0x5a5aaa55
	.balign	16, 0
bss_start:
