/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbols of the demonstration image, from the ELF files that it was made of. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include "tests/mutation/trial.h"

/* The demonstration image's real-mode part, which is loaded elsewhere than the rest. */
static bool in_setup(Elf *elf, unsigned index)
{
	Elf_Scn *scn = elf_getscn(elf, index);
	GElf_Shdr header;
	size_t names;
	const char *s;

	if (!scn || !gelf_getshdr(scn, &header) || elf_getshdrstrndx(elf, &names))
		return false;
	s = elf_strptr(elf, names, header.sh_name);
	return s && !strcmp(s, ".setup");
}

static int section_find(Elf *elf, Elf_Scn *scn, const char *name, uint64_t *ret_value,
			bool *ret_setup)
{
	GElf_Shdr header;
	Elf_Data *data;
	GElf_Sym sym;

	if (!gelf_getshdr(scn, &header) || header.sh_type != SHT_SYMTAB || !header.sh_entsize)
		return -ENOENT;
	data = elf_getdata(scn, NULL);
	for (size_t i = 0; data && i < header.sh_size / header.sh_entsize; i++) {
		const char *s;

		if (!gelf_getsym(data, (int)i, &sym))
			break;
		s = elf_strptr(elf, header.sh_link, sym.st_name);
		if (s && !strcmp(s, name)) {
			*ret_value = sym.st_value;
			*ret_setup = in_setup(elf, sym.st_shndx);
			return 0;
		}
	}
	return -ENOENT;
}

/* The lowest address that is loaded. */
static uint64_t base_find(Elf *elf)
{
	uint64_t base = UINT64_MAX;
	GElf_Phdr ph;
	size_t n = 0;

	elf_getphdrnum(elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD && ph.p_vaddr < base)
			base = ph.p_vaddr;
	}
	return base;
}

int symbol_find(const char *path, const char *name, uint64_t *ret_offset, bool *ret_setup)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = -ENOENT;
	Elf_Scn *scn = NULL;
	Elf *elf = NULL;

	if (fd < 0)
		return -errno;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		err = -EIO;
	while (elf && err && (scn = elf_nextscn(elf, scn)))
		err = section_find(elf, scn, name, ret_offset, ret_setup);
	if (!err)
		*ret_offset -= base_find(elf);
	elf_end(elf);
	close(fd);
	return err;
}
