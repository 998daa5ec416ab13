/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PE images: what is read, what is refused where, and what lies in memory once loaded. Microsoft PE format. */
#include "loaders/pe.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/fake_pe.h"

#define BASE 0x7000000ull

/* The loaded image as one array; the caller frees it. NULL and @diag when it cannot be loaded. */
static uint8_t *load(const uint8_t *file, const struct pe_facts *pe, uint64_t base,
		     enum pe_poison poison, struct diag *diag)
{
	struct placements list = { 0 };
	uint8_t *memory = NULL;

	if (!pe_load((struct bytes){ file, FAKE_PE_FILE_SIZE }, pe, base, poison, "fake", &list,
		     diag)) {
		memory = malloc(pe->image_size);
		memset(memory, 0x77, pe->image_size);
		for (size_t i = 0; i < list.count; i++) {
			const struct placement *p = &list.items[i];

			cr_assert(p->gpa >= base && p->gpa + p->size <= base + pe->image_size);
			memset(memory + (p->gpa - base), 0, p->size);
			memcpy(memory + (p->gpa - base), p->data.data, p->data.len);
		}
	}
	placements_free(&list);
	return memory;
}

static struct pe_facts read_facts(const uint8_t *file)
{
	struct pe_facts pe = { 0 };

	cr_assert(pe_read((struct bytes){ file, FAKE_PE_FILE_SIZE }, &pe));
	return pe;
}

Test(pe, both_widths_are_read)
{
	for (int is_32 = 0; is_32 < 2; is_32++) {
		struct fake_pe f = fake_pe_default();
		struct pe_facts pe;
		uint8_t *file;

		f.is_32 = is_32;
		f.dll_flags = PE_DLL_NX_COMPAT;
		file = fake_pe_file(&f);
		pe = read_facts(file);
		cr_expect_str_eq(pe.problem, "");
		cr_expect_eq(pe.machine, is_32 ? 0x14c : 0x8664);
		cr_expect_eq(pe.magic, is_32 ? 0x10b : 0x20b);
		cr_expect_eq(pe.subsystem, 10);
		cr_expect_eq(pe.dll_flags, 0x100);
		cr_expect_eq(pe.entry, 0x1010);
		cr_expect_eq(pe.image_base, 0x400000);
		cr_expect_eq(pe.image_size, 0x4000);
		cr_expect_eq(pe.headers_size, 0x1000);
		cr_expect_eq(pe.section_count, 2);
		cr_expect_str_eq(pe.sections[1].name, ".data");
		cr_expect_eq(pe.sections[1].memory_size, 0x2000);
		cr_expect_eq(pe.sections[1].flags, 0xc0000040);
		cr_expect_eq(pe_strict(&pe, NULL), 0);
		free(file);
	}
}

/* "Section Table", SizeOfRawData: what VirtualSize has beyond it is filled with zeros. */
Test(pe, sections_lie_where_the_table_says_with_zeros_behind)
{
	struct fake_pe f = fake_pe_default();
	struct diag diag = { 0 };
	uint8_t *file, *memory;
	struct pe_facts pe;

	f.relocations = 0;
	f.image_size = 0x6000;
	f.sections[1].rva = 0x3000; /* a page of nothing before it */
	f.sections[1].memory_size = 0x1800;
	file = fake_pe_file(&f);
	pe = read_facts(file);
	memory = load(file, &pe, BASE, PE_POISON_NONE, &diag);
	cr_assert_not_null(memory, "%s", diag.text);
	cr_expect_arr_eq(memory, file, 0x1000);
	cr_expect_arr_eq(memory + 0x1000, file + 0x1000, 0x1000);
	cr_expect_arr_eq(memory + 0x3000, file + 0x2000, 0x1000);
	for (unsigned i = 0x4000; i < 0x4800; i++)
		cr_assert_eq(memory[i], 0);
	cr_expect_eq(memory[0x2000], 0x77, "nothing says what lies between sections");
	free(memory);
	memory = load(file, &pe, BASE, PE_POISON_GAPS, &diag);
	cr_expect_eq(memory[0x2000], PE_POISON_BYTE);
	cr_expect_eq(memory[0x2fff], PE_POISON_BYTE);
	cr_expect_eq(memory[0x4800], PE_POISON_BYTE);
	cr_expect_eq(memory[0x47ff], 0);
	free(memory);
	memory = load(file, &pe, BASE, PE_POISON_BSS, &diag);
	cr_expect_eq(memory[0x4000], PE_POISON_BYTE);
	cr_expect_eq(memory[0x47ff], PE_POISON_BYTE);
	cr_expect_eq(memory[0x3fff], file[0x2fff]);
	free(memory);
	free(file);
}

/* One block for the page at 0x1000: an entry of each type, and ABSOLUTE for padding. */
static uint8_t *file_with_relocations(struct fake_pe *f, const uint16_t *entries, unsigned count)
{
	uint8_t *file;

	f->relocations = 0x2000;
	f->relocations_size = 8 + count * 2;
	file = fake_pe_file(f);
	put_le32(file + 0x2000, 0x1000);
	put_le32(file + 0x2004, f->relocations_size);
	for (unsigned i = 0; i < count; i++)
		put_le16(file + 0x2008 + i * 2, entries[i]);
	return file;
}

/* "Base Relocation Types": each adds the distance from ImageBase to its own width. */
Test(pe, relocations_move_the_image)
{
	static const uint16_t entries[] = { 0xa000, 0x3010, 0x1020, 0x2030, 0x0040, 0 };
	struct fake_pe f = fake_pe_default();
	struct diag diag = { 0 };
	uint8_t *file = file_with_relocations(&f, entries, ARRAY_SIZE(entries)), *memory;
	struct pe_facts pe = read_facts(file);

	put_le64(file + 0x1000, 0x401234);
	put_le32(file + 0x1010, 0x405678);
	put_le16(file + 0x1020, 0x0040); /* the high half of 0x400000 */
	put_le16(file + 0x1030, 0x1111);
	memory = load(file, &pe, 0x123450000ull, PE_POISON_NONE, &diag);
	cr_assert_not_null(memory, "%s", diag.text);
	cr_expect_eq(get_le64(memory + 0x1000), 0x123451234ull);
	cr_expect_eq(get_le32(memory + 0x1010), 0x23455678);
	cr_expect_eq(get_le16(memory + 0x1020), 0x2345);
	cr_expect_eq(get_le16(memory + 0x1030), 0x1111, "0x123450000 - 0x400000 ends in 0000");
	cr_expect_arr_eq(memory + 0x1040, file + 0x1040, 16);
	free(memory);
	/* Where it was linked nothing changes. */
	memory = load(file, &pe, 0x400000, PE_POISON_NONE, &diag);
	cr_expect_arr_eq(memory + 0x1000, file + 0x1000, 0x1000);
	free(memory);
	free(file);
}

Test(pe, stripped_relocations_tie_it_to_its_base)
{
	struct fake_pe f = fake_pe_default();
	struct diag diag = { 0 };
	uint8_t *file, *memory;
	struct pe_facts pe;

	f.file_flags |= PE_FILE_RELOCS_STRIPPED;
	file = fake_pe_file(&f);
	pe = read_facts(file);
	cr_expect_null(load(file, &pe, BASE, PE_POISON_NONE, &diag));
	cr_expect_str_eq(diag.text,
			 "its relocations are stripped, so it runs at ImageBase 0x400000 only");
	memory = load(file, &pe, 0x400000, PE_POISON_NONE, NULL);
	cr_expect_not_null(memory);
	free(memory);
	free(file);
}

Test(pe, relocations_that_lie_are_refused)
{
	static const struct {
		uint32_t directory_size, block_size;
		uint16_t entry;
		const char *text;
	} rows[] = {
		{ 0x2004, 10, 0, "reach past SizeOfImage" },
		{ 10, 12, 0, "is 0xc bytes long, of 0xa that are left" },
		{ 10, 7, 0, "is 0x7 bytes long" },
		{ 10, 0, 0, "is 0x0 bytes long" },
		{ 10, 10, 0x4000, "type 4" },
		{ 10, 10, 0xf000, "type 15" },
		{ 10, 10, 0xaff9, "outside its 0x4000 bytes" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_pe f = fake_pe_default();
		struct diag diag = { 0 };
		struct pe_facts pe;
		uint8_t *file;

		f.relocations = 0x2000;
		f.relocations_size = rows[i].directory_size;
		file = fake_pe_file(&f);
		put_le32(file + 0x2000, 0x3000);
		put_le32(file + 0x2004, rows[i].block_size);
		put_le16(file + 0x2008, rows[i].entry);
		pe = read_facts(file);
		cr_expect_str_eq(pe.problem, "", "%s", pe.problem);
		cr_expect_null(load(file, &pe, BASE, PE_POISON_NONE, &diag));
		cr_expect_not_null(strstr(diag.text, rows[i].text), "%s: %s", rows[i].text,
				   diag.text);
		free(file);
	}
}

/* A field of the header that lies, and the offset at which it is told. */
Test(pe, a_lying_header_is_refused_at_its_field)
{
	static const struct {
		uint32_t at;
		uint8_t width;
		uint32_t value;
		uint32_t told_at;
		const char *text;
	} rows[] = {
		{ 0x46, 2, 97, 0x46, "limits it to 96" },
		{ 0x54, 2, 0xffff, 0x54, "SizeOfOptionalHeader is 0xffff" },
		{ 0x54, 2, 0, 0x54, "SizeOfOptionalHeader is 0x0" },
		{ 0x58, 2, 0x107, 0x58, "magic 0x0107" },
		{ 0x68, 4, 0x4000, 0x68, "AddressOfEntryPoint 0x4000 lies outside" },
		{ 0x68, 4, 0xffffffff, 0x68, "AddressOfEntryPoint" },
		{ 0x90, 4, 0xffffffff, 0x90, "SizeOfImage is 0xffffffff" },
		{ 0x90, 4, 0x1000, 0x94, "leaves no room" },
		{ 0x90, 4, 0x3000, 0, ".data (0x2000 bytes at 0x2000) reaches past SizeOfImage" },
		{ 0x90, 4, 0, 0x94, "leaves no room" },
		{ 0x94, 4, 0xffffffff, 0x94, "leaves no room" },
		{ 0x94, 4, 0x3800, 0x94, "reaches past the file's end" },
		{ 0x94, 4, 0x100, 0x94, "section table ends" },
		{ 0xc4, 4, 17, 0xc4, "NumberOfRvaAndSizes is 17" },
		{ 0xc4, 4, 0xffffffff, 0xc4, "NumberOfRvaAndSizes" },
		{ 0xc4, 4, 5, 0x54, "with 5 data directories" },
		{ 0xe8, 4, 0xfffffff0, 0x58, "signatures" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_pe f = fake_pe_default();
		uint8_t *file = fake_pe_file(&f);
		struct pe_facts pe;

		if (rows[i].width == 2)
			put_le16(file + rows[i].at, (uint16_t)rows[i].value);
		else
			put_le32(file + rows[i].at, rows[i].value);
		pe = read_facts(file);
		cr_expect_not_null(strstr(pe.problem, rows[i].text), "row %zu: %s", i, pe.problem);
		if (rows[i].told_at)
			cr_expect_eq(pe.problem_offset, rows[i].told_at, "%s: at 0x%llx",
				     pe.problem, (unsigned long long)pe.problem_offset);
		free(file);
	}
}

Test(pe, a_lying_section_is_refused_at_its_row)
{
	static const struct {
		unsigned field; /* of the row */
		uint32_t value;
		unsigned told_field;
		const char *text;
	} rows[] = {
		{ 8, 0xffffffff, 8, "reaches past SizeOfImage" },
		{ 8, 0x2001, 8, "reaches past SizeOfImage" },
		{ 12, 0xfffff000, 8, "reaches past SizeOfImage" },
		{ 12, 0xfff, 12, "inside the headers" },
		{ 16, 0xffffffff, 16, "past the file's end" },
		{ 16, 0x1001, 16, "past the file's end" },
		{ 20, 0xfffff000, 16, "past the file's end" },
		{ 20, 0xfff, 12, "inside the headers" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_pe f = fake_pe_default();
		uint8_t *file = fake_pe_file(&f);
		struct pe_facts pe;

		put_le32(file + fake_pe_section_at(&f, 1, rows[i].field), rows[i].value);
		pe = read_facts(file);
		cr_expect_not_null(strstr(pe.problem, rows[i].text), "row %zu: %s", i, pe.problem);
		cr_expect_eq(pe.problem_offset, fake_pe_section_at(&f, 1, rows[i].told_field),
			     "row %zu", i);
		free(file);
	}
}

/* The headers are 0x1000 bytes long: cut anywhere before that, none of them can be loaded. */
Test(pe, headers_cut_anywhere_are_refused)
{
	struct fake_pe f = fake_pe_default();
	uint8_t *file = fake_pe_file(&f);

	for (size_t len = 0; len < FAKE_PE_FILE_SIZE; len++) {
		struct pe_facts pe = { 0 };
		uint8_t *cut = malloc(len ? len : 1); /* its own end, for the sanitizer */

		memcpy(cut, file, len);
		if (pe_read((struct bytes){ cut, len }, &pe))
			cr_expect_str_neq(pe.problem, "", "cut at 0x%zx", len);
		else
			cr_expect_lt(len, 0x44);
		free(cut);
	}
	free(file);
}

/* "Section Table": ascending and adjacent; edk2's BasePeCoffLib looks at neither. */
Test(pe, what_only_a_strict_loader_refuses)
{
	static const struct {
		unsigned at; /* 0: in the second section's row */
		unsigned field;
		uint32_t value;
		const char *text;
	} rows[] = {
		{ 0x56, 0, 0, "EXECUTABLE_IMAGE" },
		{ 0x68, 0, 0x2000, "no executable section" },
		{ 0x68, 0, 0, "no executable section" },
		{ 0x78, 0, 0x1800, "powers of two" },
		{ 0x78, 0, 0, "powers of two" },
		{ 0x78, 0, 0x100, "powers of two, the first not the smaller" },
		{ 0x7c, 0, 0x100, "FileAlignment 0x100" },
		{ 0x90, 0, 0x4800, "no multiple of SectionAlignment" },
		{ 0x94, 0, 0x900, "no multiple of FileAlignment" },
		{ 0, 12, 0x1800, "overlaps section .text" },
		{ 0, 8, 0x1000, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_pe f = fake_pe_default();
		uint8_t *file = fake_pe_file(&f), *memory;
		struct diag diag = { 0 };
		struct pe_facts pe;

		if (rows[i].at == 0x56)
			put_le16(file + rows[i].at, (uint16_t)rows[i].value);
		else
			put_le32(file + (rows[i].at ? rows[i].at :
						      fake_pe_section_at(&f, 1, rows[i].field)),
				 rows[i].value);
		pe = read_facts(file);
		cr_expect_str_eq(pe.problem, "", "row %zu: %s", i, pe.problem);
		memory = load(file, &pe, BASE, PE_POISON_NONE, NULL);
		cr_expect_not_null(memory, "row %zu", i);
		free(memory);
		cr_expect_eq(pe_strict(&pe, &diag), rows[i].text[0] ? -EINVAL : 0, "row %zu: %s", i,
			     diag.text);
		cr_expect_not_null(strstr(diag.text, rows[i].text), "row %zu: %s", i, diag.text);
		free(file);
	}
}

/* Where two lie over each other, the later section's bytes are there, also over an earlier one's zeros. */
Test(pe, of_overlapping_sections_the_later_wins)
{
	struct fake_pe f = fake_pe_default();
	uint8_t *file, *memory;
	struct pe_facts pe;

	f.sections[0].memory_size = 0x2800;
	file = fake_pe_file(&f);
	pe = read_facts(file);
	cr_expect_eq(pe_overlaps(&pe, NULL), -EINVAL);
	memory = load(file, &pe, BASE, PE_POISON_NONE, NULL);
	cr_expect_arr_eq(memory + 0x2000, file + 0x2000, 0x1000);
	free(memory);
	/* The other way round: the zeros are the later ones. */
	f.sections[0] = fake_pe_default().sections[1];
	f.sections[1] = fake_pe_default().sections[0];
	f.sections[1].memory_size = 0x1800;
	fake_pe_put(file, &f);
	pe = read_facts(file);
	memory = load(file, &pe, BASE, PE_POISON_NONE, NULL);
	cr_expect_eq(memory[0x2000], 0);
	cr_expect_eq(memory[0x27ff], 0);
	cr_expect_eq(memory[0x2800], file[0x2800]);
	free(memory);
	free(file);
}

/* Linux include/linux/pe.h, struct pe_section .compat entries; shim's SBAT.md: the section is text. */
Test(pe, compat_and_sbat_sections_are_read)
{
	static const uint8_t compat[] = { 2, 4, 0, 0, 1, 8, 0x4c, 0x01, 0x00, 0x20, 0, 0, 0 };
	struct fake_pe f = fake_pe_default();
	uint8_t *file;
	struct pe_facts pe;

	f.sections[0].name = ".compat";
	f.sections[1].name = ".sbat";
	file = fake_pe_file(&f);
	memcpy(file + 0x1000, compat, sizeof(compat));
	memcpy(file + 0x2000, "sbat,1,x\n", 10);
	pe = read_facts(file);
	cr_expect(pe.has_compat);
	cr_expect_eq(pe.compat_machine, 0x14c);
	cr_expect_eq(pe.compat_entry, 0x2000);
	cr_assert_eq(pe.sbat.len, 9);
	cr_expect_arr_eq(pe.sbat.data, "sbat,1,x\n", 9);
	/* Entries that never end must not be walked for ever. */
	memset(file + 0x1000, 0, 0x1000);
	file[0x1000] = 2;
	pe = read_facts(file);
	cr_expect_not(pe.has_compat);
	free(file);
}
