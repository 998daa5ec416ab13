/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that the parts of the demonstration image share.
 * boot.rst "The Real-Mode Kernel Header", zero-page.rst, xen/arch-x86/hvm/start_info.h.
 */
#ifndef TESTS_DEMO_DEMO_H
#define TESTS_DEMO_DEMO_H

/* The setup part: the boot sector and SETUP_SECTS more. bzimage.lds knows the product. */
#define SETUP_SECTS 5

/* Where the kernel proper wants to run, and how much room it gets there (both .lds files know these two). */
#define PREF_ADDRESS     0x1000000
#define KERNEL_SPAN      0x10000
#define KERNEL_ALIGNMENT 0x200000

/* boot.rst: the selectors of the 32-bit and 64-bit boot protocols. */
#define BOOT_CS 0x10
#define BOOT_DS 0x18

/* struct boot_params, zero-page.rst. */
#define BP_SIZE                        0x1000
#define BP_SCREEN_INFO_ORIG_X          0x000
#define BP_SCREEN_INFO_EXT_MEM_K       0x002
#define BP_SCREEN_INFO_ORIG_VIDEO_MODE 0x006
#define BP_ACPI_RSDP_ADDR              0x070
#define BP_PAD                         0x078 /* _pad3 */
#define BP_EXT_CMD_LINE_PTR            0x0c8
#define BP_EFI_SIGNATURE               0x1c0
#define BP_EFI_SYSTAB                  0x1c4
#define BP_EFI_MEMDESC_SIZE            0x1c8
#define BP_EFI_MEMDESC_VERSION         0x1cc
#define BP_EFI_MEMMAP                  0x1d0
#define BP_EFI_MEMMAP_SIZE             0x1d4
#define BP_EFI_SYSTAB_HI               0x1d8
#define BP_EFI_MEMMAP_HI               0x1dc
#define BP_SCRATCH                     0x1e4
#define BP_E820_ENTRIES                0x1e8
#define BP_SENTINEL                    0x1ef
#define BP_HDR                         0x1f1
#define BP_HDR_VERSION                 0x206
#define BP_HDR_TYPE_OF_LOADER          0x210
#define BP_HDR_CODE32_START            0x214
#define BP_HDR_RAMDISK_IMAGE           0x218
#define BP_HDR_RAMDISK_SIZE            0x21c
#define BP_HDR_CMD_LINE_PTR            0x228
#define BP_E820_TABLE                  0x2d0
#define BP_E820_MAX                    128
#define E820_RESERVED                  2

/* SDM 3A 2.5 and 4.5, 4 "IA32_EFER". */
#define CR0_PE      0x00000001
#define CR0_PG      0x80000000
#define CR4_PAE     0x00000020
#define MSR_EFER    0xc0000080
#define EFER_LME    0x00000100
#define PTE_P_RW    0x03
#define PTE_P_RW_PS 0x83

#define COM1     0x3f8
#define COM1_LSR 0x3fd
#define LSR_THRE 0x20

#endif
