/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading PE/COFF headers and section tables, and what is wrong with them. Microsoft PE format, "COFF File Header" to "Section Table". */
#include "loaders/pe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "emu/base/buf.h"

#define MZ_MAGIC             0x5a4du
#define MZ_LFANEW            0x3cu
#define PE_SIGNATURE         0x00004550u
#define COFF_MACHINE         4u
#define COFF_SECTIONS        6u
#define COFF_OPTIONAL_SIZE   20u
#define COFF_CHARACTERISTICS 22u
#define PE_OPTIONAL          24u /* signature and COFF header */
#define DIRECTORY_SIZE       8u
#define DIRECTORY_MAX        16u /* "Optional Header Data Directories" names that many */
#define DIRECTORY_SECURITY   4u
#define DIRECTORY_RELOCATION 5u
#define SECTION_SIZE         40u
#define SECTION_SIZE_FIELD   8u /* VirtualSize; the name before it */
#define SECTION_FLAGS_FIELD  36u
#define FILE_ALIGNMENT_MIN   0x200u
#define FILE_ALIGNMENT_MAX   0x10000u

/* The optional header's fields that are kept: where they stand in PE32 and in PE32+, and where they go. */
/* clang-format off */
static const struct optional_field {
	const char *name;
	uint16_t offset_32, offset_64;
	uint8_t width_32, width_64;
	uint16_t member, member_size;
} optional_fields[] = {
#define FIELD(name, o32, o64, w32, w64, member) \
	{ name, o32, o64, w32, w64, offsetof(struct pe_facts, member), sizeof(((struct pe_facts *)0)->member) }
	FIELD("AddressOfEntryPoint", 16, 16, 4, 4, entry),
	FIELD("ImageBase",           28, 24, 4, 8, image_base),
	FIELD("SectionAlignment",    32, 32, 4, 4, section_alignment),
	FIELD("FileAlignment",       36, 36, 4, 4, file_alignment),
	FIELD("SizeOfImage",         56, 56, 4, 4, image_size),
	FIELD("SizeOfHeaders",       60, 60, 4, 4, headers_size),
	FIELD("CheckSum",            64, 64, 4, 4, checksum),
	FIELD("Subsystem",           68, 68, 2, 2, subsystem),
	FIELD("DllCharacteristics",  70, 70, 2, 2, dll_flags),
#undef FIELD
};
/* clang-format on */

#define DIRECTORY_COUNT_32 92u /* NumberOfRvaAndSizes in PE32; the directories follow */
#define DIRECTORY_COUNT_64 108u

static bool problem(struct pe_facts *pe, uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Always false, so that a check can end with it; the first problem stays. */
static bool problem(struct pe_facts *pe, uint64_t offset, const char *fmt, ...)
{
	va_list ap;

	if (pe->problem[0])
		return false;
	pe->problem_offset = offset;
	va_start(ap, fmt);
	vsnprintf(pe->problem, sizeof(pe->problem), fmt, ap);
	va_end(ap);
	return false;
}

static bool field_read(struct bytes file, uint64_t offset, unsigned width, uint64_t *ret_v)
{
	uint16_t v16;
	uint32_t v32;

	switch (width) {
	case 2:
		if (!bytes_le16(file, offset, &v16))
			return false;
		*ret_v = v16;
		return true;
	case 4:
		if (!bytes_le32(file, offset, &v32))
			return false;
		*ret_v = v32;
		return true;
	default: return bytes_le64(file, offset, ret_v);
	}
}

static void field_store(struct pe_facts *pe, const struct optional_field *f, uint64_t v)
{
	uint8_t *member = (uint8_t *)pe + f->member;

	switch (f->member_size) {
	case 2: *(uint16_t *)(void *)member = (uint16_t)v; break;
	case 4: *(uint32_t *)(void *)member = (uint32_t)v; break;
	default: *(uint64_t *)(void *)member = v; break;
	}
}

static bool read_optional_fields(struct bytes file, struct pe_facts *pe)
{
	uint64_t optional = pe->offset + PE_OPTIONAL;
	bool wide;

	if (!bytes_le16(file, optional, &pe->magic))
		return problem(pe, file.len, "the file ends before the PE optional header's magic");
	wide = pe->magic == PE_MAGIC_32_PLUS;
	if (!wide && pe->magic != PE_MAGIC_32)
		return problem(
			pe, optional,
			"PE optional header magic 0x%04x, expected 0x010b (PE32) or 0x020b (PE32+)",
			pe->magic);
	for (size_t i = 0; i < ARRAY_SIZE(optional_fields); i++) {
		const struct optional_field *f = &optional_fields[i];
		uint64_t v;

		if (!field_read(file, optional + (wide ? f->offset_64 : f->offset_32),
				wide ? f->width_64 : f->width_32, &v))
			return problem(pe, file.len, "the file ends before the PE header's %s",
				       f->name);
		field_store(pe, f, v);
	}
	return true;
}

static bool read_directories(struct bytes file, uint16_t optional_size, struct pe_facts *pe)
{
	uint64_t optional = pe->offset + PE_OPTIONAL;
	uint32_t count_at = pe->magic == PE_MAGIC_32_PLUS ? DIRECTORY_COUNT_64 : DIRECTORY_COUNT_32;
	uint64_t first = optional + count_at + 4;
	struct pe_directory *const kept[DIRECTORY_MAX] = {
		[DIRECTORY_SECURITY] = &pe->security,
		[DIRECTORY_RELOCATION] = &pe->relocations,
	};
	uint32_t count;

	if (!bytes_le32(file, optional + count_at, &count))
		return problem(pe, file.len,
			       "the file ends before the PE header's NumberOfRvaAndSizes");
	if (count > DIRECTORY_MAX)
		return problem(pe, optional + count_at,
			       "NumberOfRvaAndSizes is %u, expected at most %u", count,
			       DIRECTORY_MAX);
	if (optional_size != count_at + 4 + count * DIRECTORY_SIZE)
		return problem(
			pe, pe->offset + COFF_OPTIONAL_SIZE,
			"SizeOfOptionalHeader is 0x%x, and with %u data directories it is 0x%x",
			optional_size, count, count_at + 4 + count * DIRECTORY_SIZE);
	for (uint32_t i = 0; i < count; i++) {
		struct pe_directory d;

		if (!bytes_le32(file, first + i * DIRECTORY_SIZE, &d.rva) ||
		    !bytes_le32(file, first + i * DIRECTORY_SIZE + 4, &d.size))
			return problem(pe, file.len,
				       "the file ends inside the PE header's data directory %u", i);
		if (kept[i])
			*kept[i] = d;
	}
	return true;
}

/* A name is at most eight bytes; what a terminal would obey becomes '?'. */
static void section_name(const uint8_t raw[8], char name[9])
{
	size_t i = 0;

	for (; i < 8 && raw[i]; i++)
		name[i] = raw[i] >= 0x20 && raw[i] < 0x7f ? (char)raw[i] : '?';
	name[i] = '\0';
}

static bool read_sections(struct bytes file, uint16_t count, struct pe_facts *pe)
{
	if (count > PE_SECTIONS_MAX)
		return problem(pe, pe->offset + COFF_SECTIONS,
			       "NumberOfSections is %u, and the PE format limits it to %u", count,
			       PE_SECTIONS_MAX);
	for (uint16_t i = 0; i < count; i++) {
		uint64_t at = pe->sections_offset + (uint64_t)i * SECTION_SIZE;
		struct pe_section *s = &pe->sections[i];
		struct bytes row;

		if (!bytes_slice(file, at, SECTION_SIZE, &row))
			return problem(pe, file.len, "the file ends inside PE section header %u",
				       i);
		section_name(row.data, s->name);
		s->memory_size = get_le32(row.data + SECTION_SIZE_FIELD);
		s->rva = get_le32(row.data + SECTION_SIZE_FIELD + 4);
		s->file_size = get_le32(row.data + SECTION_SIZE_FIELD + 8);
		s->offset = get_le32(row.data + SECTION_SIZE_FIELD + 12);
		s->flags = get_le32(row.data + SECTION_FLAGS_FIELD);
		pe->section_count = i + 1u;
	}
	return true;
}

static uint64_t section_header(const struct pe_facts *pe, unsigned i)
{
	return pe->sections_offset + (uint64_t)i * SECTION_SIZE;
}

/* What edk2's BasePeCoffLib and DxeCore refuse, and what no loader could do anything with. */
static bool check_sizes(struct bytes file, struct pe_facts *pe)
{
	uint64_t optional = pe->offset + PE_OPTIONAL;
	uint64_t table_end = section_header(pe, pe->section_count);

	if (pe->image_size > PE_IMAGE_SIZE_MAX)
		return problem(pe, optional + 56,
			       "SizeOfImage is 0x%x, more than the 0x%llx that are taken",
			       pe->image_size, (unsigned long long)PE_IMAGE_SIZE_MAX);
	if (pe->headers_size >= pe->image_size)
		return problem(pe, optional + 60,
			       "SizeOfHeaders 0x%x leaves no room in SizeOfImage 0x%x",
			       pe->headers_size, pe->image_size);
	if (pe->headers_size > file.len)
		return problem(pe, optional + 60,
			       "SizeOfHeaders 0x%x reaches past the file's end at 0x%zx",
			       pe->headers_size, file.len);
	if (table_end > pe->headers_size)
		return problem(
			pe, optional + 60,
			"the section table ends at 0x%llx, past the headers, which SizeOfHeaders says end at 0x%x",
			(unsigned long long)table_end, pe->headers_size);
	if (pe->entry >= pe->image_size)
		return problem(
			pe, optional + 16,
			"AddressOfEntryPoint 0x%x lies outside the image, whose SizeOfImage is 0x%x",
			pe->entry, pe->image_size);
	if ((uint64_t)pe->security.rva + pe->security.size > file.len)
		return problem(pe, optional,
			       "the signatures (0x%x bytes at 0x%x) reach past the file's end",
			       pe->security.size, pe->security.rva);
	return true;
}

static bool check_section(struct bytes file, struct pe_facts *pe, unsigned i)
{
	const struct pe_section *s = &pe->sections[i];
	uint64_t at = section_header(pe, i);

	if ((uint64_t)s->rva + pe_section_span(s) > pe->image_size)
		return problem(
			pe, at + SECTION_SIZE_FIELD,
			"section %s (0x%x bytes at 0x%x) reaches past SizeOfImage, which is 0x%x",
			s->name, pe_section_span(s), s->rva, pe->image_size);
	if (!s->file_size)
		return true;
	if (s->rva < pe->headers_size || s->offset < pe->headers_size)
		return problem(
			pe, at + SECTION_SIZE_FIELD + 4,
			"section %s (at 0x%x of the file, 0x%x in memory) starts inside the headers, which end at 0x%x",
			s->name, s->offset, s->rva, pe->headers_size);
	if ((uint64_t)s->offset + s->file_size > file.len)
		return problem(
			pe, at + SECTION_SIZE_FIELD + 8,
			"section %s (0x%x bytes at 0x%x) reaches past the file's end at 0x%zx",
			s->name, s->file_size, s->offset, file.len);
	return true;
}

static void read_all(struct bytes file, struct pe_facts *pe)
{
	uint16_t sections, optional_size;

	if (!bytes_le16(file, pe->offset + COFF_MACHINE, &pe->machine) ||
	    !bytes_le16(file, pe->offset + COFF_SECTIONS, &sections) ||
	    !bytes_le16(file, pe->offset + COFF_OPTIONAL_SIZE, &optional_size) ||
	    !bytes_le16(file, pe->offset + COFF_CHARACTERISTICS, &pe->file_flags)) {
		problem(pe, file.len, "the file ends inside the COFF header");
		return;
	}
	pe->sections_offset = pe->offset + PE_OPTIONAL + optional_size;
	if (!read_optional_fields(file, pe) || !read_directories(file, optional_size, pe) ||
	    !read_sections(file, sections, pe) || !check_sizes(file, pe))
		return;
	for (unsigned i = 0; i < pe->section_count; i++)
		if (!check_section(file, pe, i))
			return;
}

/*
 * Linux include/uapi/linux/pe.h and Documentation/arch/x86: entries {type 1, size 8, machine, RVA} until
 * one of type 0; firmware of another width starts the image at that RVA.
 */
static void read_compat(struct bytes section, struct pe_facts *pe)
{
	uint64_t at = 0;
	uint8_t type, size;

	while (bytes_u8(section, at, &type) && type && bytes_u8(section, at + 1, &size) && size) {
		uint16_t machine;
		uint32_t entry;

		if (type == 1 && size >= 8 && !pe->has_compat &&
		    bytes_le16(section, at + 2, &machine) && bytes_le32(section, at + 4, &entry)) {
			pe->has_compat = true;
			pe->compat_machine = machine;
			pe->compat_entry = entry;
		}
		at += size;
	}
}

static void read_named_sections(struct bytes file, struct pe_facts *pe)
{
	for (unsigned i = 0; i < pe->section_count; i++) {
		const struct pe_section *s = &pe->sections[i];
		struct bytes data;

		if (!bytes_slice(file, s->offset, pe_section_bytes(s), &data))
			continue;
		if (!strcmp(s->name, ".compat"))
			read_compat(data, pe);
		else if (!strcmp(s->name, ".sbat"))
			pe->sbat = (struct bytes){ data.data,
						   strnlen((const char *)data.data, data.len) };
	}
}

bool pe_read(struct bytes file, struct pe_facts *ret_pe)
{
	uint16_t mz;
	uint32_t lfanew, magic;

	if (!bytes_le16(file, 0, &mz) || mz != MZ_MAGIC || !bytes_le32(file, MZ_LFANEW, &lfanew))
		return false;
	if (!bytes_le32(file, lfanew, &magic) || magic != PE_SIGNATURE)
		return false;
	*ret_pe = (struct pe_facts){ .offset = lfanew };
	read_all(file, ret_pe);
	read_named_sections(file, ret_pe);
	return true;
}

bool pe_relocatable(const struct pe_facts *pe)
{
	return !(pe->file_flags & PE_FILE_RELOCS_STRIPPED);
}

int pe_overlaps(const struct pe_facts *pe, struct diag *diag)
{
	for (unsigned i = 0; i < pe->section_count; i++) {
		const struct pe_section *a = &pe->sections[i];
		uint64_t a_end = (uint64_t)a->rva + pe_section_span(a);

		if (pe_section_span(a) && a->rva < pe->headers_size)
			return diag_at(
				diag, -EINVAL, section_header(pe, i) + 12,
				"section %s at 0x%x lies over the headers, which end at 0x%x",
				a->name, a->rva, pe->headers_size);
		for (unsigned k = 0; k < i; k++) {
			const struct pe_section *b = &pe->sections[k];
			uint64_t b_end = (uint64_t)b->rva + pe_section_span(b);

			if (a->rva < b_end && b->rva < a_end)
				return diag_at(
					diag, -EINVAL, section_header(pe, i) + 12,
					"section %s (0x%x bytes at 0x%x) overlaps section %s (0x%x bytes at 0x%x)",
					a->name, pe_section_span(a), a->rva, b->name,
					pe_section_span(b), b->rva);
		}
	}
	return 0;
}

static bool is_power_of_two(uint32_t v)
{
	return v && !(v & (v - 1));
}

/* "Optional Header Windows-Specific Fields" */
static int strict_headers(const struct pe_facts *pe, struct diag *diag)
{
	uint64_t optional = pe->offset + PE_OPTIONAL;
	uint32_t sa = pe->section_alignment, fa = pe->file_alignment;
	bool small = sa < GUEST_PAGE_SIZE;

	if (!(pe->file_flags & PE_FILE_EXECUTABLE_IMAGE))
		return diag_at(diag, -EINVAL, pe->offset + COFF_CHARACTERISTICS,
			       "IMAGE_FILE_EXECUTABLE_IMAGE is clear: a linker error");
	if (!is_power_of_two(sa) || !is_power_of_two(fa) || sa < fa)
		return diag_at(
			diag, -EINVAL, optional + 32,
			"SectionAlignment 0x%x and FileAlignment 0x%x must be powers of two, the first not the smaller",
			sa, fa);
	if (small ? fa != sa : fa < FILE_ALIGNMENT_MIN || fa > FILE_ALIGNMENT_MAX)
		return diag_at(
			diag, -EINVAL, optional + 36,
			"FileAlignment 0x%x: expected 0x200 to 0x10000, or SectionAlignment (0x%x) where that is below a page",
			fa, sa);
	if (pe->image_size % sa)
		return diag_at(diag, -EINVAL, optional + 56,
			       "SizeOfImage 0x%x is no multiple of SectionAlignment 0x%x",
			       pe->image_size, sa);
	if (pe->headers_size % fa)
		return diag_at(diag, -EINVAL, optional + 60,
			       "SizeOfHeaders 0x%x is no multiple of FileAlignment 0x%x",
			       pe->headers_size, fa);
	return 0;
}

/* "Section Table": ascending, adjacent, multiples of the alignments. */
static int strict_sections(const struct pe_facts *pe, struct diag *diag)
{
	uint64_t next = ALIGN_UP((uint64_t)pe->headers_size, pe->section_alignment);
	bool entered = false;

	for (unsigned i = 0; i < pe->section_count; i++) {
		const struct pe_section *s = &pe->sections[i];

		if (s->rva != next)
			return diag_at(
				diag, -EINVAL, section_header(pe, i) + 12,
				"section %s is at 0x%x, and the one before it ends at 0x%llx: sections must be ascending and adjacent",
				s->name, s->rva, (unsigned long long)next);
		if (s->offset % pe->file_alignment || s->file_size % pe->file_alignment)
			return diag_at(
				diag, -EINVAL, section_header(pe, i) + 16,
				"section %s: 0x%x bytes at 0x%x are no multiples of FileAlignment 0x%x",
				s->name, s->file_size, s->offset, pe->file_alignment);
		entered |= s->flags & PE_SECTION_EXECUTE && pe->entry >= s->rva &&
			   pe->entry - s->rva < pe_section_span(s);
		next = ALIGN_UP((uint64_t)s->rva + pe_section_span(s), pe->section_alignment);
	}
	if (!entered)
		return diag_at(diag, -EINVAL, pe->offset + PE_OPTIONAL + 16,
			       "AddressOfEntryPoint 0x%x lies in no executable section", pe->entry);
	return 0;
}

int pe_strict(const struct pe_facts *pe, struct diag *diag)
{
	int r;

	if (pe->problem[0])
		return diag_at(diag, -EINVAL, pe->problem_offset, "%s", pe->problem);
	r = strict_headers(pe, diag);
	if (!r)
		r = pe_overlaps(pe, diag);
	return r ? r : strict_sections(pe, diag);
}
