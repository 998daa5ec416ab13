/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which ways to enter an image offers, and why not the others. boot.rst (16-, 32- and
 * 64-bit boot protocol, EFI handover), the UEFI image types, xen/elfnote.h.
 */
#include <stdarg.h>
#include <stdio.h>

#include "loaders/bzimage.h"
#include "loaders/elf.h"
#include "loaders/formats.h"
#include "loaders/pe.h"

#define ENTRY64_OFFSET          0x200u  /* boot.rst xloadflags bit 0 */
#define PROTOCOL_32BIT_MIN      0x0206u /* cmdline_size: the first version that bootpath places */
#define PROTOCOL_XLOADFLAGS_MIN 0x020cu
#define ELF_MACHINE_X86_64      62u /* System V ABI, e_machine */

static void refuse(struct image_entry *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void refuse(struct image_entry *e, const char *fmt, ...)
{
	va_list ap;

	e->offered = false;
	va_start(ap, fmt);
	vsnprintf(e->reason, sizeof(e->reason), fmt, ap);
	va_end(ap);
}

static void offer(struct image_entry *e, const char *base, uint64_t offset, const char *symbol)
{
	e->offered = true;
	e->base = base;
	e->offset = offset;
	snprintf(e->symbol, sizeof(e->symbol), "%s", symbol);
}

static void refuse_old_protocol(struct image_entry *e, const struct bzimage *bz, const char *what,
				uint16_t min)
{
	if (!bz->has_header)
		refuse(e, "no setup header (\"HdrS\" at 0x202), and %s came with protocol %u.%02u",
		       what, min >> 8, min & 0xff);
	else
		refuse(e, "boot protocol %u.%02u has no %s, which came with %u.%02u",
		       bz->protocol >> 8, bz->protocol & 0xff, what, min >> 8, min & 0xff);
}

static void fill_bios(const struct image *image, struct image_entry *e)
{
	if (!image->bz)
		refuse(e, "no 16-bit setup code: the file is %s, not a bzImage",
		       image_format_names[image->format]);
	else
		offer(e, "setup", 0x200, "_start");
}

static void fill_linux32(const struct image *image, struct image_entry *e)
{
	const struct bzimage *bz = image->bz;

	if (!bz)
		refuse(e,
		       "no setup header for the 32-bit boot protocol: the file is %s, not a bzImage",
		       image_format_names[image->format]);
	else if (bz->protocol < PROTOCOL_32BIT_MIN)
		refuse_old_protocol(e, bz, "cmdline_size, which this path needs",
				    PROTOCOL_32BIT_MIN);
	else if (!bz->loaded_high)
		refuse(e,
		       "a zImage (LOADED_HIGH, bit 0 of loadflags at 0x211, is clear) is entered by its setup code only");
	else
		offer(e, "kernel", 0, "startup_32");
}

static void fill_linux64_elf(const struct elf_image *elf, struct image_entry *e)
{
	if (!elf->is_64 || elf->machine != ELF_MACHINE_X86_64)
		refuse(e, "the ELF is 32-bit code (e_machine %u at 0x12)", elf->machine);
	else if (!elf->entry_loaded)
		refuse(e, "e_entry 0x%llx (at 0x18) lies in no PT_LOAD",
		       (unsigned long long)elf->entry);
	else
		offer(e, "physical", elf->entry_paddr, "startup_64");
}

static void fill_linux64(const struct image *image, struct image_entry *e)
{
	const struct bzimage *bz = image->bz;

	if (image->format == IMAGE_ELF)
		fill_linux64_elf(image->elf, e);
	else if (!bz)
		refuse(e,
		       "no setup header for the 64-bit boot protocol: the file is %s, not a bzImage",
		       image_format_names[image->format]);
	else if (bz->protocol < PROTOCOL_XLOADFLAGS_MIN)
		refuse_old_protocol(e, bz, "xloadflags", PROTOCOL_XLOADFLAGS_MIN);
	else if (!bz->kernel_64)
		refuse(e, "XLF_KERNEL_64 (bit 0 of xloadflags at 0x236) is clear: no 64-bit entry");
	else if (bz->kernel_size <= ENTRY64_OFFSET)
		refuse(e,
		       "the protected-mode code is only 0x%llx bytes long, and the 64-bit entry is at 0x200",
		       (unsigned long long)bz->kernel_size);
	else
		offer(e, "kernel", ENTRY64_OFFSET, "startup_64");
}

static void fill_efi(const struct image *image, struct image_entry *e)
{
	const struct pe_facts *pe = &image->pe;

	if (!image->has_pe)
		refuse(e,
		       "no PE header (\"MZ\" at 0 and \"PE\\0\\0\" where 0x3c points): no EFI stub");
	else if (pe->problem[0])
		refuse(e, "%s (at 0x%llx)", pe->problem, (unsigned long long)pe->problem_offset);
	else if (pe->subsystem != PE_SUBSYSTEM_EFI_APPLICATION)
		refuse(e, "PE subsystem %u at 0x%llx is not 10 (EFI application)", pe->subsystem,
		       (unsigned long long)pe->offset + 24 + 68);
	else if (pe->machine != PE_MACHINE_AMD64)
		refuse(e, "PE machine 0x%04x at 0x%llx is not 0x8664: this path is 64-bit UEFI",
		       pe->machine, (unsigned long long)pe->offset + 4);
	else
		offer(e, "image", pe->entry, image->bz ? "efi_pe_entry" : "");
}

static void fill_efi_handover(const struct image *image, struct image_entry *e)
{
	const struct bzimage *bz = image->bz;
	uint64_t offset;

	if (!bz) {
		refuse(e, "no setup header: the file is %s, not a bzImage",
		       image_format_names[image->format]);
		return;
	}
	if (bz->protocol < PROTOCOL_XLOADFLAGS_MIN) {
		refuse_old_protocol(e, bz, "xloadflags", PROTOCOL_XLOADFLAGS_MIN);
		return;
	}
	offset = bp_get(bz->page, BP_HDR_HANDOVER_OFFSET);
	if (!(bp_get(bz->page, BP_HDR_XLOADFLAGS) & XLF_EFI_HANDOVER_64))
		refuse(e, "XLF_EFI_HANDOVER_64 (bit 3 of xloadflags at 0x236) is clear");
	else if (!offset)
		refuse(e, "handover_offset at 0x264 is 0");
	else if (offset + ENTRY64_OFFSET >= bz->kernel_size)
		refuse(e,
		       "handover_offset 0x%llx at 0x264 lies past the protected-mode code (0x%llx bytes)",
		       (unsigned long long)offset, (unsigned long long)bz->kernel_size);
	else
		offer(e, "kernel", offset + ENTRY64_OFFSET, "efi64_stub_entry");
}

static void fill_pvh(const struct image *image, struct image_entry *e)
{
	const struct elf_image *elf = image->elf;

	if (image->bz && !image->bz->has_payload)
		refuse(e,
		       "no payload (payload_offset at 0x248 came with protocol 2.08) that could carry the PHYS32_ENTRY note");
	else if (image->bz && !elf)
		refuse(e, "payload not unpacked");
	else if (!elf)
		refuse(e, "a PE image carries no ELF notes");
	else if (elf->pvh_problem[0])
		refuse(e, "%s", elf->pvh_problem);
	else if (!elf->has_pvh)
		refuse(e,
		       "no ELF note \"Xen\" 18 (PHYS32_ENTRY) among %u notes: built without CONFIG_PVH",
		       elf->note_count);
	else
		offer(e, "physical", elf->pvh_entry, "pvh_start_xen");
}

static const struct {
	const char *path;
	void (*fill)(const struct image *image, struct image_entry *e);
} entry_paths[] = {
	{ "bios", fill_bios }, { "linux32", fill_linux32 },           { "linux64", fill_linux64 },
	{ "efi", fill_efi },   { "efi-handover", fill_efi_handover }, { "pvh", fill_pvh },
};
_Static_assert(ARRAY_SIZE(entry_paths) <= IMAGE_ENTRIES_MAX, "entry table");

void image_entries_fill(struct image *image)
{
	for (size_t i = 0; i < ARRAY_SIZE(entry_paths); i++) {
		struct image_entry *e = &image->entries[i];

		*e = (struct image_entry){ .path = entry_paths[i].path, .base = "" };
		entry_paths[i].fill(image, e);
		if (e->offered)
			image_choices_fill(image, e);
	}
	image->entry_count = ARRAY_SIZE(entry_paths);
}
