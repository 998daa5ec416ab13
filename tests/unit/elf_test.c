/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF executables: entry, span, notes, PVH. Files are built from the System V ABI by tests/lib. */
#include "loaders/elf.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <xen/elfnote.h>

/* Newer than the header of Xen 4.17: linux 6.12 include/xen/interface/elfnote.h. */
#ifndef XEN_ELFNOTE_PHYS32_RELOC
#define XEN_ELFNOTE_PHYS32_RELOC 19
#endif

#include "tests/lib/boot_files.h"

static struct buf file; /* of the test process, which Criterion forks for each test */

static struct elf_image *parse(const struct test_elf *spec)
{
	struct elf_image *elf = NULL;
	struct diag diag = { 0 };

	buf_free(&file);
	test_elf_build(&file, spec);
	cr_assert_eq(elf_parse((struct bytes){ file.data, file.len }, "", &elf, &diag), 0, "%s",
		     diag.text);
	return elf;
}

static int reparse(struct diag *diag)
{
	struct elf_image *elf = NULL;
	int r;

	*diag = (struct diag){ 0 };
	r = elf_parse((struct bytes){ file.data, file.len }, "", &elf, diag);
	free(elf);
	return r;
}

Test(elf, a_vmlinux_has_a_physical_entry_and_a_pvh_note)
{
	struct elf_image *elf = parse(&test_vmlinux);

	cr_expect(elf->is_64);
	cr_expect_eq(elf->machine, EM_X86_64);
	cr_expect_eq(elf->entry, 0x1000000);
	cr_expect(elf->entry_loaded);
	cr_expect_eq(elf->entry_paddr, 0x1000000);
	cr_expect_eq(elf->load_start, 0x1000000);
	cr_expect_eq(elf->load_end, 0x1004000);
	cr_assert_eq(elf->note_count, 1);
	cr_expect_str_eq(elf->notes[0].name, "Xen");
	cr_expect_eq(elf->notes[0].offset, 0x400);
	cr_expect(elf->has_pvh);
	cr_expect_eq(elf->pvh_entry, 0x1000040);
	cr_expect_eq(elf->pvh_note_offset, 0x400);
	free(elf);
}

Test(elf, a_virtual_entry_is_translated_by_its_segment)
{
	struct test_elf spec = test_vmlinux;
	struct elf_image *elf;

	spec.entry = spec.vaddr + 0x123;
	elf = parse(&spec);
	cr_expect(elf->entry_loaded);
	cr_expect_eq(elf->entry, 0xffffffff81000123);
	cr_expect_eq(elf->entry_paddr, 0x1000123);
	free(elf);
	spec.entry = 0x5000000;
	elf = parse(&spec);
	cr_expect_not(elf->entry_loaded);
	free(elf);
}

Test(elf, a_32_bit_vmlinux_with_a_4_byte_note_is_read)
{
	struct test_elf spec = test_vmlinux;
	struct elf_image *elf;

	spec.is_32 = true;
	spec.vaddr = 0xc1000000;
	spec.note_desc_size = 4;
	elf = parse(&spec);
	cr_expect_not(elf->is_64);
	cr_expect_eq(elf->machine, EM_386);
	cr_expect_eq(elf->entry_paddr, 0x1000000);
	cr_expect(elf->has_pvh);
	cr_expect_eq(elf->pvh_entry, 0x1000040);
	free(elf);
}

Test(elf, notes_are_found_by_section_when_no_segment_has_them)
{
	struct test_elf spec = test_vmlinux;
	struct elf_image *elf;

	spec.note_in_section = true;
	elf = parse(&spec);
	cr_expect_eq(elf->segment_count, 1);
	cr_expect_eq(elf->note_count, 1);
	cr_expect(elf->has_pvh);
	free(elf);
}

/* pvh.pandoc: the note holds a 32- or 64-bit physical address; elsewhere nobody can enter. */
Test(elf, an_unsound_pvh_note_is_no_entry_and_says_why)
{
	static const struct {
		uint32_t size;
		uint64_t value;
		const char *says;
	} bad[] = {
		{ 2, 0x1000040, "holds 2 bytes" }, { 16, 0x1000040, "holds 16 bytes" },
		{ 8, 0x1004000, "no PT_LOAD" },    { 8, 0xfffffff, "no PT_LOAD" },
		{ 8, 0x101000040, "no PT_LOAD" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct test_elf spec = test_vmlinux;
		struct elf_image *elf;

		spec.note_desc = bad[i].value;
		spec.note_desc_size = bad[i].size;
		elf = parse(&spec);
		cr_expect_not(elf->has_pvh, "%zu", i);
		cr_expect_not_null(strstr(elf->pvh_problem, bad[i].says), "%s", elf->pvh_problem);
		free(elf);
	}
}

/* The PVH entry is 32-bit code: an address above 4 GiB cannot be one even where something is loaded. */
Test(elf, a_pvh_entry_lies_below_4_gib)
{
	struct test_elf spec = test_vmlinux;
	struct elf_image *elf;

	spec.paddr = 0x101000000;
	spec.note_desc = 0x101000040;
	elf = parse(&spec);
	cr_expect_not(elf->has_pvh);
	cr_expect_not_null(strstr(elf->pvh_problem, "below 4 GiB"));
	free(elf);
}

Test(elf, a_note_of_another_owner_is_no_pvh_entry)
{
	struct test_elf spec = test_vmlinux;
	struct elf_image *elf;

	spec.note_name = "Xenon";
	elf = parse(&spec);
	cr_expect_not(elf->has_pvh);
	cr_expect_str_empty(elf->pvh_problem);
	free(elf);
	spec = test_vmlinux;
	spec.note_type = 17;
	elf = parse(&spec);
	cr_expect_not(elf->has_pvh);
	free(elf);
}

Test(elf, what_is_no_kernel_is_refused_at_its_byte)
{
	struct diag diag;

	free(parse(&test_vmlinux));
	put_le16(file.data + 0x12, EM_AARCH64);
	cr_expect_eq(reparse(&diag), -EINVAL);
	cr_expect_eq(diag.offset, 0x12);
	put_le16(file.data + 0x12, EM_X86_64);

	put_le16(file.data + 0x10, ET_REL);
	cr_expect_eq(reparse(&diag), -EINVAL);
	cr_expect_eq(diag.offset, 0x10);
	put_le16(file.data + 0x10, ET_EXEC);

	file.data[5] = ELFDATA2MSB;
	cr_expect_eq(reparse(&diag), -EINVAL);
	cr_expect_eq(diag.offset, 5);
	file.data[5] = ELFDATA2LSB;

	put_le32(file.data + 64 + 56, PT_INTERP);
	cr_expect_eq(reparse(&diag), -EINVAL);
	cr_expect_not_null(strstr(diag.text, "PT_INTERP"));
	put_le32(file.data + 64 + 56, PT_NOTE);
	cr_expect_eq(reparse(&diag), 0);
}

Test(elf, numbers_that_wrap_or_reach_outside_are_refused)
{
	/* Offsets into the first program header, at 64: p_offset 8, p_paddr 24, p_filesz 32, p_memsz 40. */
	static const struct {
		unsigned at;
		uint64_t value;
	} bad[] = {
		{ 64 + 8, UINT64_MAX - 1 },  { 64 + 8, 0x100000 }, { 64 + 24, UINT64_MAX - 0x10 },
		{ 64 + 32, UINT64_MAX },     { 64 + 40, 0x10 },    { 64 + 40, UINT64_MAX },
		{ 64 + 56 + 8, 0x20000000 },
	};

	free(parse(&test_vmlinux));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t before = get_le64(file.data + bad[i].at);
		struct diag diag;

		put_le64(file.data + bad[i].at, bad[i].value);
		cr_expect_eq(reparse(&diag), -EINVAL, "%zu", i);
		cr_expect(diag.has_offset, "%zu", i);
		put_le64(file.data + bad[i].at, before);
	}
	/* A note whose name or descriptor is longer than its area. */
	for (unsigned at = 0x400; at < 0x408; at += 4) {
		uint32_t before = get_le32(file.data + at);
		struct diag diag;

		put_le32(file.data + at, UINT32_MAX);
		cr_expect_eq(reparse(&diag), -EINVAL);
		cr_expect_eq(diag.offset, 0x400);
		put_le32(file.data + at, before);
	}
}

/* System V ABI "Note Section": entries of a segment of alignment 8 are padded to 8, as .note.gnu.property has them. */
Test(elf, notes_of_alignment_8_are_padded_to_8)
{
	const unsigned note_header = 64 + 56, area = 0x400;
	struct elf_image *elf = NULL;

	free(parse(&test_vmlinux));
	memset(file.data + area, 0, 0x100);
	put_le64(file.data + note_header + 32, 64);
	put_le64(file.data + note_header + 48, 8);
	put_le32(file.data + area, 4);
	put_le32(file.data + area + 4,
		 12); /* 12 + 4 + 12 bytes: the next one begins at 32, not 28 */
	put_le32(file.data + area + 8, 5);
	memcpy(file.data + area + 12, "GNU", 4);
	put_le32(file.data + area + 32, 4);
	put_le32(file.data + area + 36, 8);
	put_le32(file.data + area + 40, 18);
	memcpy(file.data + area + 44, "Xen", 4);
	put_le64(file.data + area + 48, 0x1000040);
	cr_assert_eq(elf_parse((struct bytes){ file.data, file.len }, "", &elf, NULL), 0);
	cr_assert_eq(elf->note_count, 2, "%u", elf->note_count);
	cr_expect_eq(elf->notes[1].offset, 0x420);
	cr_expect(elf->has_pvh);
	free(elf);
}

Test(elf, more_notes_than_are_kept_is_an_error_not_a_loss)
{
	struct diag diag;

	free(parse(&test_vmlinux));
	memset(file.data + 0x400, 0, 0xc00);
	put_le64(file.data + 64 + 56 + 32, 12 * ELF_NOTES_MAX);
	cr_expect_eq(reparse(&diag), 0);
	put_le64(file.data + 64 + 56 + 8, 0x3f4);
	put_le64(file.data + 64 + 56 + 32, 12 * (ELF_NOTES_MAX + 1));
	memset(file.data + 0x3f4, 0, 12);
	cr_expect_eq(reparse(&diag), -EINVAL);
	cr_expect_eq(diag.offset, 0x3f4 + 12 * ELF_NOTES_MAX);
}

Test(elf, xen_notes_have_the_names_and_numbers_of_xens_own_header)
{
	struct elf_note note = { .name = "Xen" };

	cr_expect_eq(XEN_NOTE_PHYS32_ENTRY, XEN_ELFNOTE_PHYS32_ENTRY);
#define XEN_NOTE(n, number, form) cr_expect_eq((number), XEN_ELFNOTE_##n, #n);
#include "loaders/xen_notes.def"
#undef XEN_NOTE
	note.type = XEN_ELFNOTE_HYPERCALL_PAGE;
	cr_expect_str_eq(elf_note_type_name(&note), "HYPERCALL_PAGE");
	note.type = XEN_ELFNOTE_PHYS32_RELOC + 1;
	cr_expect_null(elf_note_type_name(&note));
	cr_expect_str_eq(note.name, "Xen");
}

static void expect_value(uint32_t type, const void *desc, size_t len, const char *value)
{
	struct elf_note note = { .name = "Xen", .type = type, .desc = { desc, len } };
	struct buf out = { 0 };

	cr_expect_eq(elf_note_value(&note, &out), value[0] != '\0', "%u", type);
	cr_expect_str_eq(buf_str(&out), value);
	buf_free(&out);
}

/* The first two are those of Debian's 6.12 kernel; the defaults are elfnote.h's. */
Test(elf, xen_notes_are_decoded_by_their_type)
{
	static const uint8_t reloc[] = { 0, 0, 0x20, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0x3f };
	static const uint8_t number[] = { 0x30, 0x0a, 0, 1, 0, 0, 0, 0 };
	static const uint8_t pair[16] = { 1, [8] = 1 };

	expect_value(19, reloc, 12, "align 0x200000, min 0x1000000, max 0x3fffffff");
	expect_value(18, number, 8, "0x1000a30");
	expect_value(18, number, 4, "0x1000a30");
	expect_value(19, reloc, 0, "align 0x200000, min 0x0, max 0xffffffff");
	expect_value(19, reloc, 5, "");
	expect_value(18, number, 7, "");
	expect_value(6, "linux", 6, "linux");
	expect_value(6, "li\033ux", 6, "");
	expect_value(6, "a\0b", 3, "");
	expect_value(13, pair, 16, "mask 0x1, value 0x1");
	expect_value(13, pair, 15, "");
	expect_value(77, number, 8, "");
}
