/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which producers enter an image by which path, and the byte that decides it for them.
 * Facts from the producers' own sources, named at each row.
 */
#include <stdarg.h>
#include <stdio.h>

#include "loaders/bzimage.h"
#include "loaders/elf.h"
#include "loaders/formats.h"

static uint64_t bz_field(const struct image *image, enum bp_field f)
{
	return image->bz ? bp_get(image->bz->page, f) : 0;
}

static bool has_boot_flag(const struct image *image)
{
	return bz_field(image, BP_HDR_BOOT_FLAG) == BOOT_FLAG;
}

static bool has_header(const struct image *image)
{
	return image->bz && image->bz->has_header;
}

static bool is_bzimage(const struct image *image)
{
	return has_boot_flag(image) && has_header(image) && image->bz->loaded_high;
}

static bool kexec_takes_64(const struct image *image)
{
	uint64_t both = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G;

	return is_bzimage(image) && image->bz->protocol >= 0x020c &&
	       (bz_field(image, BP_HDR_XLOADFLAGS) & both) == both;
}

static bool kexec_takes_32(const struct image *image)
{
	return is_bzimage(image) && !kexec_takes_64(image);
}

static bool is_elf_file(const struct image *image)
{
	return image->format == IMAGE_ELF;
}

static bool is_elf_without_pvh(const struct image *image)
{
	return is_elf_file(image) && !image->elf->has_pvh;
}

static bool always(const struct image *image)
{
	(void)image;
	return true;
}

/* Where the deciding byte is: a fixed file offset, or one that the image says. */
enum byte_place { BYTE_FIXED, BYTE_PE, BYTE_NOTE };

/*
 * Sources: GRUB grub-core/loader/i386/linux.c and pc/linux.c; syslinux com32 load_linux.c;
 * QEMU hw/i386/x86-common.c x86_load_linux() and load_elfboot(); Linux kexec-bzimage64.c
 * and kexec-tools kexec-bzImage64.c, kexec-bzImage.c; systemd src/boot/efi/boot.c;
 * Xen tools/libs/guest/xg_dom_bzimageloader.c and xg_dom_elfloader.c; rust-vmm
 * linux-loader elf/mod.rs, which Firecracker and Cloud Hypervisor use.
 */
/* clang-format off */
static const struct chooser {
	const char *path, *who, *byte;
	enum byte_place place;
	uint16_t offset;
	bool (*picks)(const struct image *image);
} choosers[] = {
	{ "bios",         "GRUB linux16",               "boot_flag",         BYTE_FIXED, 0x1fe, has_boot_flag },
	{ "bios",         "SYSLINUX",                   "boot_flag",         BYTE_FIXED, 0x1fe, has_boot_flag },
	{ "bios",         "QEMU -kernel",               "header",            BYTE_FIXED, 0x202, has_header },
	{ "linux32",      "GRUB linux (BIOS)",          "loadflags bit 0",   BYTE_FIXED, 0x211, is_bzimage },
	{ "linux32",      "kexec",                      "xloadflags bits 0-1", BYTE_FIXED, 0x236, kexec_takes_32 },
	{ "linux64",      "kexec",                      "xloadflags bits 0-1", BYTE_FIXED, 0x236, kexec_takes_64 },
	{ "linux64",      "kexec_file_load",            "xloadflags bits 0-1", BYTE_FIXED, 0x236, kexec_takes_64 },
	{ "linux64",      "Firecracker",                "e_entry",           BYTE_FIXED, 0x018, is_elf_without_pvh },
	{ "linux64",      "Firecracker before PVH",     "e_entry",           BYTE_FIXED, 0x018, is_elf_file },
	{ "efi",          "UEFI firmware",              "PE signature",      BYTE_PE,    0,     always },
	{ "efi",          "systemd-boot",               "PE signature",      BYTE_PE,    0,     always },
	{ "efi",          "GRUB 2.12 linux (EFI)",      "PE signature",      BYTE_PE,    0,     has_header },
	{ "efi",          "QEMU -kernel with OVMF",     "PE signature",      BYTE_PE,    0,     has_header },
	{ "efi-handover", "GRUB 2.06 linuxefi",         "handover_offset",   BYTE_FIXED, 0x264, is_bzimage },
	{ "pvh",          "Xen (PVH guest)",            "note Xen 18",       BYTE_NOTE,  0,     always },
	{ "pvh",          "QEMU -kernel",               "note Xen 18",       BYTE_NOTE,  0,     is_elf_file },
	{ "pvh",          "Firecracker",                "note Xen 18",       BYTE_NOTE,  0,     is_elf_file },
	{ "pvh",          "Cloud Hypervisor",           "note Xen 18",       BYTE_NOTE,  0,     is_elf_file },
};
/* clang-format on */

static uint64_t byte_offset(const struct image *image, const struct chooser *c)
{
	switch (c->place) {
	case BYTE_FIXED: return c->offset;
	case BYTE_PE: return image->pe.offset;
	case BYTE_NOTE: return image->elf->pvh_note_offset;
	}
	return 0;
}

static void append(char *out, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *out, size_t size, const char *fmt, ...)
{
	size_t len = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + len, size - len, fmt, ap);
	va_end(ap);
}

/* "GRUB linux16, SYSLINUX: boot_flag at 0x1fe; QEMU -kernel: header at 0x202" */
static void fill_chosen_by(struct image_entry *e)
{
	for (unsigned i = 0; i < e->choice_count; i++) {
		const struct image_choice *c = &e->choices[i];
		bool last = i + 1 == e->choice_count || strcmp(c[0].byte, c[1].byte);

		append(e->chosen_by, sizeof(e->chosen_by), "%s", c->who);
		if (!last)
			append(e->chosen_by, sizeof(e->chosen_by), ", ");
		else
			append(e->chosen_by, sizeof(e->chosen_by), ": %s at 0x%llx%s%s", c->byte,
			       (unsigned long long)c->offset,
			       c->in_payload ? " of the payload" : "",
			       i + 1 == e->choice_count ? "" : "; ");
	}
}

void image_choices_fill(const struct image *image, struct image_entry *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(choosers); i++) {
		const struct chooser *c = &choosers[i];

		if (strcmp(c->path, e->path) || !c->picks(image) ||
		    e->choice_count == IMAGE_CHOICES_MAX)
			continue;
		e->choices[e->choice_count++] = (struct image_choice){
			.who = c->who,
			.byte = c->byte,
			.offset = byte_offset(image, c),
			.in_payload = c->place == BYTE_NOTE && image->format == IMAGE_BZIMAGE,
		};
	}
	fill_chosen_by(e);
}
