/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small images of the real format, made in memory, whose header fields a test chooses. */
#ifndef TESTS_LIB_FAKE_IMAGE_H
#define TESTS_LIB_FAKE_IMAGE_H

#include "loaders/image.h"

struct fake_bzimage {
	uint16_t protocol;
	uint8_t loadflags;
	uint16_t xloadflags;
	uint8_t relocatable;
	uint32_t kernel_alignment;
	uint64_t pref_address;
	uint32_t init_size;
	uint32_t cmdline_size;
	uint32_t initrd_addr_max;
	uint32_t code_size; /* bytes of protected-mode code: i-th byte is (i * 7) & 0xff */
};

#define FAKE_SETUP_SECTS 3 /* so the code starts at file offset 0x800 */
#define FAKE_SETUP_SIZE  0x800u

/* As a relocatable 64-bit kernel of today has them: 16 MiB, aligned to 2 MiB, 8 MiB to run in. */
struct fake_bzimage fake_bzimage_default(void);

/* NULL when the loaders refuse it. */
struct image *fake_bzimage_open(const struct fake_bzimage *f);

/* An x86-64 ELF with one segment of @filesz bytes (i-th byte is i & 0xff) that takes @memsz at physical @paddr, entered at its start. */
struct image *fake_elf_open(uint64_t paddr, uint64_t filesz, uint64_t memsz);

#endif
