/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the harness puts things in a guest's memory; read by the guests' assembly and by the tests. */
#ifndef TESTS_GUEST_LAYOUT_H
#define TESTS_GUEST_LAYOUT_H

#define IDT       0x1000 /* 256 gates of 8 or 16 bytes; real mode has its IVT at 0 */
#define GDT       0x2000
#define TSS       0x3000
#define CATCH     0x4000  /* vector v is caught by the HLT at CATCH + 16 * v */
#define TABLES    0x10000 /* page tables: one page a level from here, see guest_page_tables() */
#define SCRATCH   0x30000 /* what guests store to */
#define STACK     0x50000 /* grows down */
#define STACK_R0  0x60000 /* RSP0 of the TSS */
#define STACK_IST 0x70008 /* IST1; not aligned to 16 on purpose */
#define STACK_16  0x7000

#define SEL_CODE64      0x08
#define SEL_CODE32      0x10
#define SEL_DATA        0x18
#define SEL_CODE16      0x20
#define SEL_DATA16      0x28
#define SEL_UCODE32     0x33
#define SEL_UDATA       0x3b
#define SEL_UCODE64     0x43
#define SEL_TSS         0x48 /* 16 bytes long */
#define SEL_ABSENT      0x58 /* data, not present */
#define SEL_SHORT       0x60 /* 32-bit code, limit 0xfff */
#define SEL_L_AND_D     0x68 /* code with L and D, reserved in IA-32e mode */
#define SEL_ABSENT_CODE 0x70 /* 32-bit code, not present */
#define SEL_LIMITED     0x78 /* data, limit 0xfff */
#define GDT_BYTES       0x80
#define SEL_BEYOND      0x80 /* past the GDT's limit */

/* Not mapped by guest_page_tables(). */
#define UNMAPPED 0x40000000

#endif
