/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct boot_params (the "zero page") and its setup_header, by field: one table
 * (bootparam.def) gives the enum, names, offsets, widths and citations.
 * Documentation/arch/x86/zero-page.rst, boot.rst.
 */
#ifndef LOADERS_BOOTPARAM_H
#define LOADERS_BOOTPARAM_H

#include "emu/base/types.h"

#define BOOT_PARAMS_SIZE     4096u
#define BOOT_PARAMS_HDR      0x1f1u /* setup_header starts here in file and zero page alike */
#define BOOT_PARAMS_HDR_200  0x200u /* from here on fields belong to protocol 2.00 and later */
#define BOOT_PARAMS_HDR_MAX  0x290u /* zero-page.rst: the header ends below this */
#define BOOT_PARAMS_E820     0x2d0u
#define BOOT_PARAMS_E820_MAX 128u

/* loadflags, boot.rst */
#define LOADFLAG_LOADED_HIGH   BIT(0)
#define LOADFLAG_KASLR         BIT(1)
#define LOADFLAG_QUIET         BIT(5)
#define LOADFLAG_KEEP_SEGMENTS BIT(6)
#define LOADFLAG_CAN_USE_HEAP  BIT(7)

/* xloadflags, boot.rst */
#define XLF_KERNEL_64              BIT(0)
#define XLF_CAN_BE_LOADED_ABOVE_4G BIT(1)
#define XLF_EFI_HANDOVER_32        BIT(2)
#define XLF_EFI_HANDOVER_64        BIT(3)
#define XLF_EFI_KEXEC              BIT(4)

/* How a boot loader treats a header field (boot.rst "Details of Header Fields"). */
enum bp_access { BP_NONE, BP_READ, BP_WRITE, BP_MODIFY };

/* BP_FIELD(id, "name", offset, width in bytes, count, since-protocol or 0 outside the header, access, doc) */
enum bp_field {
#define BP_FIELD(id, name, offset, width, count, since, access, doc) BP_##id,
#include "loaders/bootparam.def"
#undef BP_FIELD
	BP_FIELD_COUNT
};

struct bp_field_info {
	/* as rules and JSON call it: "hdr.xloadflags", "e820_entries", "screen_info.orig_x" */
	const char *name;
	uint16_t offset; /* into boot_params */
	uint16_t width;  /* of one element: 1, 2, 4 or 8 (bytes for opaque areas: 1) */
	uint16_t count;  /* elements */
	uint16_t since;  /* boot protocol, 0x0200...; 0: not in the setup header */
	enum bp_access access;
	const char *doc;
};

extern const struct bp_field_info bp_fields[BP_FIELD_COUNT];

/* First element of a field; @bp points to BOOT_PARAMS_SIZE bytes. */
uint64_t bp_get(const uint8_t *bp, enum bp_field f);
void bp_set(uint8_t *bp, enum bp_field f, uint64_t v);

/* By name ("hdr.xloadflags"); NULL when there is none. */
const struct bp_field_info *bp_field_find(const char *name);
uint64_t bp_field_get(const uint8_t *bp, const struct bp_field_info *f, unsigned index);

/*
 * Whether an image of that protocol (0: header-less) has the field: what lies
 * below 0x200 is in every image, the rest only from its protocol on.
 */
bool bp_field_present(const struct bp_field_info *f, uint16_t protocol);

#endif
