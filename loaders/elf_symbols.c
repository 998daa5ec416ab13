/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbol tables of ELF files that belong to an image (System V ABI chapter 4), and the proof that they do. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include "loaders/symbol_files.h"

#define BUILD_ID_SHOWN 8u /* bytes of a build id in a message */

struct reader {
	const char *path;
	const struct image *image;
	enum code_stage stage;
	Elf *elf;
	uint64_t base; /* address of the stage's first byte in the file's own terms */
	struct diag *diag;
};

/* --- proof --- */

static bool note_build_id(Elf_Data *data, struct bytes *ret)
{
	size_t at = 0, next, name, desc;
	GElf_Nhdr note;

	while (data && (next = gelf_getnote(data, at, &note, &name, &desc))) {
		const char *owner = (const char *)data->d_buf + name;

		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    !memcmp(owner, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) && note.n_descsz) {
			*ret = (struct bytes){ (uint8_t *)data->d_buf + desc, note.n_descsz };
			return true;
		}
		at = next;
	}
	return false;
}

static bool file_build_id(const struct reader *r, struct bytes *ret)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(r->elf, scn))) {
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_NOTE &&
		    note_build_id(elf_getdata(scn, NULL), ret))
			return true;
	}
	return false;
}

static bool image_build_id(const struct image *image, struct bytes *ret)
{
	for (unsigned i = 0; image->elf && i < image->elf->note_count; i++) {
		const struct elf_note *n = &image->elf->notes[i];

		if (n->type == NT_GNU_BUILD_ID && !strcmp(n->name, ELF_NOTE_GNU) && n->desc.len) {
			*ret = n->desc;
			return true;
		}
	}
	return false;
}

static const char *hex(struct bytes b, char text[2 * BUILD_ID_SHOWN + 1])
{
	size_t n = b.len < BUILD_ID_SHOWN ? b.len : BUILD_ID_SHOWN;

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = "0123456789abcdef"[b.data[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[b.data[i] & 15];
	}
	text[2 * n] = '\0';
	return text;
}

/* The image's byte range for [address, address+len) of the stage; false when it is not all in the file. */
static bool stage_slice(const struct reader *r, uint64_t address, uint64_t len, struct bytes *ret)
{
	const struct elf_image *elf = r->image->elf;

	if (r->stage != STAGE_KERNEL)
		return bytes_slice(image_stage_bytes(r->image, r->stage), address, len, ret);
	for (unsigned i = 0; elf && i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type == PT_LOAD && address >= s->vaddr && address - s->vaddr <= s->filesz &&
		    len <= s->filesz - (address - s->vaddr))
			return bytes_slice(elf->data, s->offset + (address - s->vaddr), len, ret);
	}
	return false;
}

/* Compare one section of code; what the build fills in later, the setup header, is left out. */
static int compare_section(const struct reader *r, Elf_Scn *scn, const GElf_Shdr *sh,
			   uint64_t *total)
{
	uint64_t address = sh->sh_addr - r->base, skip = 0;
	Elf_Data *data = elf_getdata(scn, NULL);
	struct bytes mine;

	if (!data || !data->d_buf || data->d_size != sh->sh_size)
		return diag_set(r->diag, -EINVAL, "%s: section at 0x%llx cannot be read", r->path,
				(unsigned long long)sh->sh_addr);
	if (r->stage == STAGE_SETUP && address < r->image->bz->header_end)
		skip = r->image->bz->header_end - address;
	if (skip >= sh->sh_size)
		return 0;
	if (!stage_slice(r, address + skip, sh->sh_size - skip, &mine) ||
	    memcmp(mine.data, (uint8_t *)data->d_buf + skip, mine.len))
		return diag_set(
			r->diag, -EINVAL,
			"%s: symbols of another kernel: its code at 0x%llx is not the image's",
			r->path, (unsigned long long)sh->sh_addr);
	*total += mine.len;
	return 0;
}

static int prove(const struct reader *r)
{
	char theirs[2 * BUILD_ID_SHOWN + 1], ours[2 * BUILD_ID_SHOWN + 1];
	struct bytes file_id, image_id;
	Elf_Scn *scn = NULL;
	uint64_t total = 0;
	GElf_Shdr sh;
	int err;

	if (r->stage == STAGE_KERNEL && file_build_id(r, &file_id) &&
	    image_build_id(r->image, &image_id)) {
		if (file_id.len == image_id.len &&
		    !memcmp(file_id.data, image_id.data, file_id.len))
			return 0;
		return diag_set(
			r->diag, -EINVAL,
			"%s: symbols of another kernel: its build id is %s..., the image's %s...",
			r->path, hex(file_id, theirs), hex(image_id, ours));
	}
	while ((scn = elf_nextscn(r->elf, scn))) {
		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_PROGBITS ||
		    !(sh.sh_flags & SHF_ALLOC) || !(sh.sh_flags & SHF_EXECINSTR))
			continue;
		err = compare_section(r, scn, &sh, &total);
		if (err)
			return err;
	}
	if (!total)
		return diag_set(r->diag, -EINVAL, "%s: it has no code to compare with the image's",
				r->path);
	return 0;
}

/* --- symbols --- */

/* As nm(1) has it, from where the symbol lies. */
static char type_letter(const struct reader *r, const GElf_Sym *sym)
{
	bool global = GELF_ST_BIND(sym->st_info) != STB_LOCAL;
	bool weak = GELF_ST_BIND(sym->st_info) == STB_WEAK;
	Elf_Scn *scn = sym->st_shndx < SHN_LORESERVE ? elf_getscn(r->elf, sym->st_shndx) : NULL;
	GElf_Shdr sh;
	char c = 'a';

	if (weak)
		return GELF_ST_TYPE(sym->st_info) == STT_OBJECT ? 'V' : 'W';
	if (scn && gelf_getshdr(scn, &sh)) {
		if (sh.sh_flags & SHF_EXECINSTR)
			c = 't';
		else if (sh.sh_type == SHT_NOBITS)
			c = 'b';
		else
			c = sh.sh_flags & SHF_WRITE ? 'd' : 'r';
	}
	return global ? (char)(c - 'a' + 'A') : c;
}

static bool is_wanted(const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	return name && name[0] && sym->st_shndx != SHN_UNDEF && type != STT_FILE &&
	       type != STT_SECTION;
}

static int read_table(const struct reader *r, struct symbols_builder *b)
{
	Elf_Scn *scn = NULL;
	Elf_Data *data;
	GElf_Shdr sh;
	GElf_Sym sym;

	while ((scn = elf_nextscn(r->elf, scn))) {
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB && sh.sh_entsize)
			break;
	}
	data = scn ? elf_getdata(scn, NULL) : NULL;
	if (!data)
		return diag_set(r->diag, -EINVAL, "%s: it has no symbol table", r->path);
	for (size_t i = 0; i < data->d_size / sh.sh_entsize && i < INT32_MAX; i++) {
		const char *name;

		if (!gelf_getsym(data, (int)i, &sym))
			break;
		name = elf_strptr(r->elf, sh.sh_link, sym.st_name);
		if (!is_wanted(&sym, name))
			continue;
		if (sym.st_shndx == SHN_ABS && r->stage != STAGE_KERNEL)
			continue; /* a number, no place in the stage */
		symbols_add(b, sym.st_value - (sym.st_shndx == SHN_ABS ? 0 : r->base),
			    type_letter(r, &sym), name, strlen(name), SYMBOL_FROM_ELF);
	}
	return 0;
}

/* The other stages are loaded from their first byte on, wherever that was linked to. */
static uint64_t lowest_address(Elf *elf)
{
	uint64_t lowest = UINT64_MAX;
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(elf, scn))) {
		if (gelf_getshdr(scn, &sh) && sh.sh_flags & SHF_ALLOC && sh.sh_size &&
		    sh.sh_addr < lowest)
			lowest = sh.sh_addr;
	}
	return lowest == UINT64_MAX ? 0 : lowest;
}

int elf_symbols_read(struct symbols *to, const struct image *image, const char *path, bool force,
		     struct diag *diag)
{
	struct reader r = {
		.path = basename(path), .image = image, .stage = to->stage, .diag = diag
	};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err = 0;
	struct symbols_builder b = { 0 };
	struct symbols read = { 0 };

	if (fd < 0) {
		err = -errno;
		return diag_set(diag, err, "%s: cannot open: %s", basename(path),
				strerrordesc_np(-err));
	}
	elf_version(EV_CURRENT);
	r.elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!r.elf || elf_kind(r.elf) != ELF_K_ELF) {
		err = diag_set(diag, -EINVAL, "%s: it is no ELF file", r.path);
		goto out;
	}
	r.base = to->stage == STAGE_KERNEL ? 0 : lowest_address(r.elf);
	if (!force)
		err = prove(&r);
	if (err)
		goto out;
	symbols_begin(&b, &read, to->stage, to->start, to->end);
	err = read_table(&r, &b);
	if (err) {
		symbols_abandon(&b);
		goto out;
	}
	err = symbols_finish(&b);
	if (!err) {
		symbols_release(to);
		*to = read;
		to->base = r.base;
	}
out:
	elf_end(r.elf);
	close(fd);
	return err;
}
