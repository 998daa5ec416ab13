/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbol files beside an image: the ELF files of a kernel build tree and
 * System.map. One of another kernel is worse than none, so each is proven to be
 * of this image before a name is taken from it.
 */
#ifndef LOADERS_SYMBOL_FILES_H
#define LOADERS_SYMBOL_FILES_H

#include "loaders/symbols.h"

struct symbol_files {
	const char *vmlinux; /* the kernel proper's ELF file; NULL: none */
	const char *
		build; /* a build tree: vmlinux, arch/x86/boot/compressed/vmlinux, arch/x86/boot/setup.elf; NULL: none */
	const char *system_map; /* NULL: none */
	bool force;             /* take them without the proof */
};

/*
 * Give @image (unpacked) the names of @files, in image->symbols, and what it says itself for
 * the stages that they do not cover. Without any files, and for an image in a build tree
 * (.../arch/x86/boot/bzImage, @image_path), that tree's are taken where they fit. Nothing
 * is done when there is nothing to take. -EINVAL and a diag for a file that cannot be read
 * or is of another kernel, or -ENOMEM.
 */
int symbol_files_load(struct image *image, const char *image_path, const struct symbol_files *files,
		      struct diag *diag);

/* --- one file each --- */

/*
 * Replace the names of @to by those of the ELF file at @path. The proof: its build id where both
 * have one, else its code, byte for byte. @to is as it was on failure.
 */
int elf_symbols_read(struct symbols *to, const struct image *image, const char *path, bool force,
		     struct diag *diag);
/*
 * The same from a System.map, for the kernel proper. The proof: the names that both it and @to have
 * only once have the same addresses.
 */
int system_map_read(struct symbols *to, const char *path, bool force, struct diag *diag);

#endif
