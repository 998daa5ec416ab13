/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds PE images by the tables of the Microsoft PE format, "COFF File Header" to "Section Table". */
#include "tests/lib/fake_pe.h"

#include <stdlib.h>

#define DIRECTORIES 6u /* as Linux has them: up to the base relocations */

struct fake_pe fake_pe_default(void)
{
	return (struct fake_pe){
		.file_flags = 0x0206, /* executable, no line numbers, no debug information */
		.subsystem = 10,
		.entry = 0x1010,
		.section_alignment = 0x1000,
		.file_alignment = 0x200,
		.image_size = 0x4000,
		.headers_size = 0x1000,
		.image_base = 0x400000,
		.sections = { { ".text", 0x1000, 0x1000, 0x1000, 0x1000, 0x60000020 },
			      { ".data", 0x2000, 0x2000, 0x2000, 0x1000, 0xc0000040 } },
		.section_count = 2,
	};
}

static uint32_t directories_at(const struct fake_pe *f)
{
	return FAKE_PE_OPTIONAL + (f->is_32 ? 96 : 112);
}

uint32_t fake_pe_section_at(const struct fake_pe *f, unsigned i, unsigned at)
{
	return directories_at(f) + DIRECTORIES * 8 + i * 40 + at;
}

void fake_pe_put(uint8_t *file, const struct fake_pe *f)
{
	uint8_t *coff = file + FAKE_PE_OFFSET, *opt = file + FAKE_PE_OPTIONAL;
	uint32_t dirs = directories_at(f);

	memcpy(file, "MZ", 2);
	put_le32(file + 0x3c, FAKE_PE_OFFSET);
	memcpy(coff, "PE\0\0", 4);
	put_le16(coff + 4, f->is_32 ? 0x14c : 0x8664);
	put_le16(coff + 6, (uint16_t)f->section_count);
	put_le16(coff + 20, (uint16_t)(dirs + DIRECTORIES * 8 - FAKE_PE_OPTIONAL));
	put_le16(coff + 22, f->file_flags);
	put_le16(opt, f->is_32 ? 0x10b : 0x20b);
	put_le32(opt + 16, f->entry);
	if (f->is_32)
		put_le32(opt + 28, (uint32_t)f->image_base);
	else
		put_le64(opt + 24, f->image_base);
	put_le32(opt + 32, f->section_alignment);
	put_le32(opt + 36, f->file_alignment);
	put_le32(opt + 56, f->image_size);
	put_le32(opt + 60, f->headers_size);
	put_le16(opt + 68, f->subsystem);
	put_le16(opt + 70, f->dll_flags);
	put_le32(file + dirs - 4, DIRECTORIES);
	put_le32(file + dirs + 5 * 8, f->relocations);
	put_le32(file + dirs + 5 * 8 + 4, f->relocations_size);
	for (unsigned i = 0; i < f->section_count; i++) {
		const struct fake_pe_section *s = &f->sections[i];
		uint8_t *row = file + fake_pe_section_at(f, i, 0);

		for (size_t k = 0; k < 8 && s->name[k]; k++)
			row[k] = (uint8_t)s->name[k];
		put_le32(row + 8, s->memory_size);
		put_le32(row + 12, s->rva);
		put_le32(row + 16, s->file_size);
		put_le32(row + 20, s->offset);
		put_le32(row + 36, s->flags);
	}
}

uint8_t *fake_pe_file(const struct fake_pe *f)
{
	uint8_t *file = calloc(1, FAKE_PE_FILE_SIZE);

	if (!file)
		return NULL;
	for (uint32_t i = 0x1000; i < FAKE_PE_FILE_SIZE; i++)
		file[i] = (uint8_t)((i - 0x1000) * 5);
	fake_pe_put(file, f);
	return file;
}
