/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small PE images made in memory, whose header fields a test chooses. */
#ifndef TESTS_LIB_FAKE_PE_H
#define TESTS_LIB_FAKE_PE_H

#include "emu/base/types.h"

#define FAKE_PE_OFFSET   0x40u /* of "PE\0\0" */
/* In the file, by the tables of the format: signature 4, COFF header 20, optional header. */
#define FAKE_PE_OPTIONAL (FAKE_PE_OFFSET + 24u)

struct fake_pe_section {
	const char *name;
	uint32_t rva, memory_size, offset, file_size, flags;
};

struct fake_pe {
	bool is_32; /* PE32 for i386, else PE32+ for x86-64 */
	uint16_t file_flags, dll_flags, subsystem;
	uint32_t entry, section_alignment, file_alignment, image_size, headers_size;
	uint64_t image_base;
	uint32_t relocations, relocations_size;
	struct fake_pe_section sections[4];
	unsigned section_count;
};

/*
 * One page each of headers, .text and .data, and a page more of .data that the file has not:
 * entry 0x1010, linked at 0x400000, 0x3000 bytes of file and 0x4000 of memory.
 */
struct fake_pe fake_pe_default(void);

#define FAKE_PE_FILE_SIZE 0x3000u

/* Where the section table starts, and field @at of section @i's row. */
uint32_t fake_pe_section_at(const struct fake_pe *f, unsigned i, unsigned at);

/* The headers into @file, which has room for them: the rest of it stays. */
void fake_pe_put(uint8_t *file, const struct fake_pe *f);

/* FAKE_PE_FILE_SIZE bytes: headers, and the i-th byte behind them is (i * 5) & 0xff. The caller frees it. */
uint8_t *fake_pe_file(const struct fake_pe *f);

#endif
