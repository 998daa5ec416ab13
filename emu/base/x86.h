/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86 architectural constants: control registers, EFER, EFLAGS, descriptors, page-table entries, vectors (Intel SDM). */
#ifndef EMU_BASE_X86_H
#define EMU_BASE_X86_H

#include "emu/base/types.h"

/* CR0, SDM 3A 2.5 */
#define CR0_PE BIT64(0)
#define CR0_MP BIT64(1)
#define CR0_EM BIT64(2)
#define CR0_TS BIT64(3)
#define CR0_ET BIT64(4)
#define CR0_NE BIT64(5)
#define CR0_WP BIT64(16)
#define CR0_AM BIT64(18)
#define CR0_NW BIT64(29)
#define CR0_CD BIT64(30)
#define CR0_PG BIT64(31)

/* CR4, SDM 3A 2.5 */
#define CR4_VME        BIT64(0)
#define CR4_PVI        BIT64(1)
#define CR4_TSD        BIT64(2)
#define CR4_DE         BIT64(3)
#define CR4_PSE        BIT64(4)
#define CR4_PAE        BIT64(5)
#define CR4_MCE        BIT64(6)
#define CR4_PGE        BIT64(7)
#define CR4_PCE        BIT64(8)
#define CR4_OSFXSR     BIT64(9)
#define CR4_OSXMMEXCPT BIT64(10)
#define CR4_UMIP       BIT64(11)
#define CR4_LA57       BIT64(12)
#define CR4_VMXE       BIT64(13)
#define CR4_SMXE       BIT64(14)
#define CR4_FSGSBASE   BIT64(16)
#define CR4_PCIDE      BIT64(17)
#define CR4_OSXSAVE    BIT64(18)
#define CR4_SMEP       BIT64(20)
#define CR4_SMAP       BIT64(21)
#define CR4_PKE        BIT64(22)

/* IA32_EFER, SDM 3A 2.2.1 */
#define EFER_SCE BIT64(0)
#define EFER_LME BIT64(8)
#define EFER_LMA BIT64(10)
#define EFER_NXE BIT64(11)

/* EFLAGS, SDM 1 3.4.3 */
#define EFLAGS_CF    BIT64(0)
#define EFLAGS_FIXED BIT64(1) /* always reads 1 */
#define EFLAGS_PF    BIT64(2)
#define EFLAGS_AF    BIT64(4)
#define EFLAGS_ZF    BIT64(6)
#define EFLAGS_SF    BIT64(7)
#define EFLAGS_TF    BIT64(8)
#define EFLAGS_IF    BIT64(9)
#define EFLAGS_DF    BIT64(10)
#define EFLAGS_OF    BIT64(11)
#define EFLAGS_IOPL  (BIT64(12) | BIT64(13))
#define EFLAGS_NT    BIT64(14)
#define EFLAGS_RF    BIT64(16)
#define EFLAGS_VM    BIT64(17)
#define EFLAGS_AC    BIT64(18)
#define EFLAGS_ID    BIT64(21)

/*
 * Segment attributes: the high dword of a descriptor (SDM 3A 3.4.5) with the
 * base and limit bits cleared.
 *
 *   23  22  21  20  19..16  15  14 13  12  11..8   7..0
 *   G   D/B L   AVL   -     P    DPL   S   type     -
 */
#define DESC_TYPE_SHIFT 8
#define DESC_TYPE       0x00000f00u
#define DESC_ACCESSED   BIT(8)
#define DESC_RW         BIT(9)  /* readable code, writable data */
#define DESC_EC         BIT(10) /* conforming code, expand-down data */
#define DESC_CODE       BIT(11)
#define DESC_S          BIT(12)
#define DESC_DPL_SHIFT  13
#define DESC_DPL        0x00006000u
#define DESC_P          BIT(15)
#define DESC_AVL        BIT(20)
#define DESC_L          BIT(21)
#define DESC_DB         BIT(22)
#define DESC_G          BIT(23)
#define DESC_ATTR_MASK  0x00f0ff00u

/* System descriptor types, SDM 3A 3.5 */
#define DESC_TYPE_TSS16_AVL  1u
#define DESC_TYPE_LDT        2u
#define DESC_TYPE_TSS16_BUSY 3u
#define DESC_TYPE_CALL16     4u
#define DESC_TYPE_TASK_GATE  5u
#define DESC_TYPE_INT16      6u
#define DESC_TYPE_TRAP16     7u
#define DESC_TYPE_TSS_AVL    9u
#define DESC_TYPE_TSS_BUSY   11u
#define DESC_TYPE_CALL       12u
#define DESC_TYPE_INT        14u
#define DESC_TYPE_TRAP       15u

/* Flat segments as a loaded descriptor shows them: base 0, limit 4 GiB, accessed. */
#define SEG_ATTR_CODE64   0x00a09b00u
#define SEG_ATTR_CODE32   0x00c09b00u
#define SEG_ATTR_DATA32   0x00c09300u
#define SEG_ATTR_CODE16   0x00009b00u
#define SEG_ATTR_DATA16   0x00009300u
#define SEG_ATTR_TSS_BUSY 0x00008b00u
#define SEG_ATTR_LDT      0x00008200u

/*
 * Page-table entries, SDM 3A 4.3-4.5
 *
 *   63  62..52  51..12        11..9  8  7   6 5 4   3   2   1   0
 *   XD  avail   frame         avail  G  PS  D A PCD PWT U/S R/W P
 */
#define PTE_P     BIT64(0)
#define PTE_RW    BIT64(1)
#define PTE_US    BIT64(2)
#define PTE_PWT   BIT64(3)
#define PTE_PCD   BIT64(4)
#define PTE_A     BIT64(5)
#define PTE_D     BIT64(6)
#define PTE_PS    BIT64(7)
#define PTE_G     BIT64(8)
#define PTE_NX    BIT64(63)
#define PTE_FRAME 0x000ffffffffff000ull

/* #PF error code, SDM 3A 4.7 */
#define PF_ERR_P    BIT(0)
#define PF_ERR_W    BIT(1)
#define PF_ERR_U    BIT(2)
#define PF_ERR_RSVD BIT(3)
#define PF_ERR_I    BIT(4)

/* Vectors, SDM 3A 6.3.1 */
enum vector {
	VECTOR_DE = 0,
	VECTOR_DB = 1,
	VECTOR_NMI = 2,
	VECTOR_BP = 3,
	VECTOR_OF = 4,
	VECTOR_BR = 5,
	VECTOR_UD = 6,
	VECTOR_NM = 7,
	VECTOR_DF = 8,
	VECTOR_TS = 10,
	VECTOR_NP = 11,
	VECTOR_SS = 12,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	VECTOR_MF = 16,
	VECTOR_AC = 17,
	VECTOR_MC = 18,
	VECTOR_XM = 19,
	VECTOR_CP = 21,
};

/* MSR numbers, SDM 4 */
#define MSR_TSC            0x10u
#define MSR_APIC_BASE      0x1bu
#define MSR_MTRRCAP        0xfeu
#define MSR_SYSENTER_CS    0x174u
#define MSR_SYSENTER_ESP   0x175u
#define MSR_SYSENTER_EIP   0x176u
#define MSR_MISC_ENABLE    0x1a0u
#define MSR_PAT            0x277u
#define MSR_MTRR_DEF_TYPE  0x2ffu
#define MSR_EFER           0xc0000080u
#define MSR_STAR           0xc0000081u
#define MSR_LSTAR          0xc0000082u
#define MSR_CSTAR          0xc0000083u
#define MSR_FMASK          0xc0000084u
#define MSR_FS_BASE        0xc0000100u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX        0xc0000103u

#endif
