/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF executables through libelf: System V ABI chapters 4 and 5, and the notes of
 * xen/include/public/elfnote.h. The only user of <libelf.h>.
 */
#include "loaders/elf.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/base/buf.h"

/* Offsets of e_ident bytes and header members that messages point to. */
#define E_DATA_OFFSET         0x05u
#define E_TYPE_OFFSET         0x10u
#define E_MACHINE_OFFSET      0x12u
#define E_PHOFF_OFFSET(is_64) ((is_64) ? 0x20u : 0x1cu)
#define E_PHNUM_OFFSET(is_64) ((is_64) ? 0x38u : 0x2cu)

/* What a parse works on; @libelf is closed at its end. */
struct elf_reader {
	struct elf_image *elf;
	Elf *libelf;
	const char *within;
	struct diag *diag;
};

bool elf_probe(struct bytes data)
{
	return data.len >= SELFMAG && !memcmp(data.data, ELFMAG, SELFMAG);
}

static int read_header(struct elf_reader *r)
{
	struct elf_image *elf = r->elf;
	GElf_Ehdr ehdr;

	if (elf->data.len > EI_DATA && elf->data.data[EI_DATA] != ELFDATA2LSB)
		return diag_at(r->diag, -EINVAL, E_DATA_OFFSET,
			       "%sthe ELF is not little-endian (EI_DATA %u)", r->within,
			       elf->data.data[EI_DATA]);
	r->libelf = elf_memory((char *)(uintptr_t)elf->data.data, elf->data.len);
	if (!r->libelf || !gelf_getehdr(r->libelf, &ehdr))
		return diag_at(r->diag, -EINVAL, 0, "%sno ELF header can be read: %s", r->within,
			       elf_errmsg(-1));
	elf->is_64 = ehdr.e_ident[EI_CLASS] == ELFCLASS64;
	elf->machine = ehdr.e_machine;
	elf->entry = ehdr.e_entry;
	if (ehdr.e_machine != EM_X86_64 && ehdr.e_machine != EM_386)
		return diag_at(r->diag, -EINVAL, E_MACHINE_OFFSET,
			       "%sthe ELF is for machine %u, expected 62 (x86-64) or 3 (386)",
			       r->within, ehdr.e_machine);
	if (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN)
		return diag_at(r->diag, -EINVAL, E_TYPE_OFFSET,
			       "%sthe ELF is of type %u, expected 2 (executable)", r->within,
			       ehdr.e_type);
	return 0;
}

/* Bounds of one program header; @i is its index. */
static int check_segment(struct elf_reader *r, const struct elf_segment *s, size_t i)
{
	struct bytes slice;
	uint64_t end;

	if (s->type == PT_INTERP || s->type == PT_TLS)
		return diag_at(
			r->diag, -EINVAL, E_PHOFF_OFFSET(r->elf->is_64),
			"%sthe ELF is a program for an operating system, not a kernel: program header %zu is PT_%s",
			r->within, i, s->type == PT_TLS ? "TLS" : "INTERP");
	if (s->filesz && !bytes_slice(r->elf->data, s->offset, s->filesz, &slice))
		return diag_at(
			r->diag, -EINVAL, r->elf->data.len,
			"%sthe ELF ends before its program header %zu does (offset 0x%llx, 0x%llx bytes)",
			r->within, i, (unsigned long long)s->offset, (unsigned long long)s->filesz);
	if (s->type != PT_LOAD)
		return 0;
	if (s->filesz > s->memsz)
		return diag_at(
			r->diag, -EINVAL, E_PHOFF_OFFSET(r->elf->is_64),
			"%sprogram header %zu has more bytes in the file (0x%llx) than in memory (0x%llx)",
			r->within, i, (unsigned long long)s->filesz, (unsigned long long)s->memsz);
	if (__builtin_add_overflow(s->paddr, s->memsz, &end) ||
	    __builtin_add_overflow(s->vaddr, s->memsz ? s->memsz - 1 : 0, &end))
		return diag_at(r->diag, -EINVAL, E_PHOFF_OFFSET(r->elf->is_64),
			       "%sprogram header %zu wraps the address space", r->within, i);
	return 0;
}

static int read_segments(struct elf_reader *r)
{
	struct elf_image *elf = r->elf;
	size_t count;

	if (elf_getphdrnum(r->libelf, &count) != 0)
		return diag_at(r->diag, -EINVAL, E_PHNUM_OFFSET(elf->is_64),
			       "%sthe program headers cannot be read: %s", r->within,
			       elf_errmsg(-1));
	if (count > ELF_SEGMENTS_MAX)
		return diag_at(r->diag, -EINVAL, E_PHNUM_OFFSET(elf->is_64),
			       "%s%zu program headers, more than the %u that are supported",
			       r->within, count, ELF_SEGMENTS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct elf_segment *s = &elf->segments[i];
		GElf_Phdr ph;
		int err;

		if (!gelf_getphdr(r->libelf, (int)i, &ph))
			return diag_at(r->diag, -EINVAL, E_PHOFF_OFFSET(elf->is_64),
				       "%sprogram header %zu cannot be read: %s", r->within, i,
				       elf_errmsg(-1));
		*s = (struct elf_segment){
			.type = ph.p_type,
			.flags = ph.p_flags,
			.offset = ph.p_offset,
			.filesz = ph.p_filesz,
			.memsz = ph.p_memsz,
			.vaddr = ph.p_vaddr,
			.paddr = ph.p_paddr,
			.align = ph.p_align,
		};
		err = check_segment(r, s, i);
		if (err < 0)
			return err;
	}
	elf->segment_count = (unsigned)count;
	return 0;
}

static int find_load_span(struct elf_reader *r)
{
	struct elf_image *elf = r->elf;

	elf->load_start = UINT64_MAX;
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type != PT_LOAD || !s->memsz)
			continue;
		if (s->paddr < elf->load_start)
			elf->load_start = s->paddr;
		if (s->paddr + s->memsz > elf->load_end)
			elf->load_end = s->paddr + s->memsz;
	}
	if (!elf->load_end)
		return diag_at(r->diag, -EINVAL, E_PHNUM_OFFSET(elf->is_64),
			       "%sthe ELF has nothing to load (no PT_LOAD)", r->within);
	return 0;
}

static bool paddr_loaded(const struct elf_image *elf, gpa_t paddr)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type == PT_LOAD && paddr >= s->paddr && paddr - s->paddr < s->memsz)
			return true;
	}
	return false;
}

/*
 * Linux's vmlinux gives a physical e_entry (vmlinux.lds.S: phys_startup_64, phys_startup_32);
 * others a virtual one, which is translated by its segment.
 */
static void find_entry(struct elf_image *elf)
{
	elf->entry_paddr = elf->entry;
	elf->entry_loaded = paddr_loaded(elf, elf->entry);
	for (unsigned i = 0; i < elf->segment_count && !elf->entry_loaded; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type != PT_LOAD || elf->entry < s->vaddr ||
		    elf->entry - s->vaddr >= s->memsz)
			continue;
		elf->entry_paddr = elf->entry - s->vaddr + s->paddr;
		elf->entry_loaded = true;
	}
}

/* All notes of one area; names and descriptors are padded to @align, which is 4 or 8. */
static int read_notes(struct elf_reader *r, uint64_t offset, uint64_t size, unsigned align)
{
	struct elf_image *elf = r->elf;
	struct bytes area, name, desc;
	uint64_t at = 0;

	if (!size)
		return 0;
	if (!bytes_slice(elf->data, offset, size, &area))
		return diag_at(r->diag, -EINVAL, elf->data.len,
			       "%sthe ELF ends before its notes do", r->within);
	while (area.len - at >= sizeof(Elf64_Nhdr)) {
		uint32_t namesz = get_le32(area.data + at);
		uint32_t descsz = get_le32(area.data + at + 4);
		uint64_t name_at = at + sizeof(Elf64_Nhdr);
		uint64_t desc_at = ALIGN_UP(name_at + namesz, align);
		struct elf_note *note;

		if (!bytes_slice(area, name_at, namesz, &name) ||
		    !bytes_slice(area, desc_at, descsz, &desc))
			return diag_at(
				r->diag, -EINVAL, offset + at,
				"%sa note reaches past the end of its area (name 0x%x, descriptor 0x%x bytes)",
				r->within, namesz, descsz);
		if (elf->note_count == ELF_NOTES_MAX)
			return diag_at(r->diag, -EINVAL, offset + at,
				       "%smore than the %u notes that are supported", r->within,
				       ELF_NOTES_MAX);
		note = &elf->notes[elf->note_count++];
		*note = (struct elf_note){
			.type = get_le32(area.data + at + 8),
			.desc = desc,
			.offset = offset + at,
		};
		snprintf(note->name, sizeof(note->name), "%.*s",
			 namesz < sizeof(note->name) ? (int)namesz : (int)sizeof(note->name),
			 (const char *)name.data);
		at = ALIGN_UP(desc_at + descsz, align);
		if (at > area.len)
			break;
	}
	return 0;
}

static unsigned note_align(uint64_t align)
{
	return align == 8 ? 8 : 4;
}

static int read_note_segments(struct elf_reader *r)
{
	bool any = false;
	int err;

	for (unsigned i = 0; i < r->elf->segment_count; i++) {
		const struct elf_segment *s = &r->elf->segments[i];

		if (s->type != PT_NOTE)
			continue;
		any = true;
		err = read_notes(r, s->offset, s->filesz, note_align(s->align));
		if (err < 0)
			return err;
	}
	return any;
}

static int read_note_sections(struct elf_reader *r)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	int err;

	while ((scn = elf_nextscn(r->libelf, scn))) {
		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_NOTE)
			continue;
		err = read_notes(r, sh.sh_offset, sh.sh_size, note_align(sh.sh_addralign));
		if (err < 0)
			return err;
	}
	return 0;
}

/* elfnote.h: PHYS32_ENTRY is the physical 32-bit entry; its size is that of a word of either class. */
static void find_pvh(struct elf_image *elf)
{
	for (unsigned i = 0; i < elf->note_count; i++) {
		const struct elf_note *note = &elf->notes[i];
		gpa_t entry;

		if (strcmp(note->name, "Xen") || note->type != XEN_NOTE_PHYS32_ENTRY)
			continue;
		elf->pvh_note_offset = note->offset;
		if (note->desc.len != 4 && note->desc.len != 8) {
			snprintf(elf->pvh_problem, sizeof(elf->pvh_problem),
				 "the PHYS32_ENTRY note at 0x%llx holds %zu bytes, expected 4 or 8",
				 (unsigned long long)note->offset, note->desc.len);
			return;
		}
		entry = note->desc.len == 4 ? get_le32(note->desc.data) : get_le64(note->desc.data);
		if (entry > UINT32_MAX || !paddr_loaded(elf, entry)) {
			snprintf(
				elf->pvh_problem, sizeof(elf->pvh_problem),
				"the PHYS32_ENTRY note at 0x%llx gives 0x%llx, which lies in no PT_LOAD below 4 GiB",
				(unsigned long long)note->offset, (unsigned long long)entry);
			return;
		}
		elf->has_pvh = true;
		elf->pvh_entry = entry;
		return;
	}
}

static int read_all(struct elf_reader *r)
{
	int err;

	err = read_header(r);
	if (err < 0)
		return err;
	err = read_segments(r);
	if (err < 0)
		return err;
	err = find_load_span(r);
	if (err < 0)
		return err;
	find_entry(r->elf);
	err = read_note_segments(r);
	if (err == 0)
		err = read_note_sections(r);
	if (err < 0)
		return err;
	find_pvh(r->elf);
	return 0;
}

int elf_parse(struct bytes data, const char *within, struct elf_image **ret_elf, struct diag *diag)
{
	struct elf_reader r = { .within = within, .diag = diag };
	int err;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return diag_set(diag, -EINVAL, "libelf is too old: %s", elf_errmsg(-1));
	r.elf = calloc(1, sizeof(*r.elf));
	if (!r.elf)
		return diag_set(diag, -ENOMEM, "out of memory");
	r.elf->data = data;
	err = read_all(&r);
	elf_end(r.libelf);
	if (err < 0) {
		free(r.elf);
		return err;
	}
	*ret_elf = r.elf;
	return 0;
}
