/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds bzImages by the offsets in boot.rst "The Real-Mode Kernel Header", and ELF files by elf.h. */
#include "tests/lib/fake_image.h"

#include <elf.h>
#include <stdlib.h>

struct fake_bzimage fake_bzimage_default(void)
{
	return (struct fake_bzimage){
		.protocol = 0x020f,
		.loadflags = 0x01,
		.xloadflags = 0x0003,
		.relocatable = 1,
		.kernel_alignment = 0x200000,
		.pref_address = 0x1000000,
		.init_size = 0x800000,
		.cmdline_size = 255,
		.initrd_addr_max = 0x7fffffff,
		.code_size = 0x3000,
	};
}

struct image *fake_bzimage_open(const struct fake_bzimage *f)
{
	size_t size = FAKE_SETUP_SIZE + f->code_size;
	uint8_t *p = calloc(1, size);
	struct image *image = NULL;

	if (!p)
		return NULL;
	for (size_t i = 0; i < f->code_size; i++)
		p[FAKE_SETUP_SIZE + i] = (uint8_t)(i * 7);
	p[0x1f1] = FAKE_SETUP_SECTS;
	put_le32(p + 0x1f4, f->code_size / 16);
	put_le16(p + 0x1fa, 0x1234); /* vid_mode: a loader must overwrite it */
	put_le16(p + 0x1fe, 0xaa55);
	put_le16(p + 0x200, 0x6aeb); /* jump to 0x26c, the header's end */
	memcpy(p + 0x202, "HdrS", 4);
	put_le16(p + 0x206, f->protocol);
	p[0x211] = f->loadflags;
	put_le32(p + 0x214, 0x100000);
	put_le32(p + 0x22c, f->initrd_addr_max);
	put_le32(p + 0x230, f->kernel_alignment);
	p[0x234] = f->relocatable;
	p[0x235] = 12;
	put_le16(p + 0x236, f->xloadflags);
	put_le32(p + 0x238, f->cmdline_size);
	put_le64(p + 0x258, f->pref_address);
	put_le32(p + 0x260, f->init_size);
	memset(p + 0x26c, 0xcc, 0x40); /* setup code, which must not get into boot_params */
	image_from_bytes(&image, "fake", (struct bytes){ p, size }, NULL);
	free(p);
	return image;
}

struct image *fake_elf_open(uint64_t paddr, uint64_t filesz, uint64_t memsz)
{
	const Elf64_Ehdr eh = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = paddr,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	const Elf64_Phdr ph = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = 0x1000,
		.p_vaddr = 0xffffffff80000000ull + paddr,
		.p_paddr = paddr,
		.p_filesz = filesz,
		.p_memsz = memsz,
		.p_align = 0x200000,
	};
	uint8_t *p = calloc(1, 0x1000 + filesz);
	struct image *image = NULL;

	if (!p)
		return NULL;
	memcpy(p, &eh, sizeof(eh));
	memcpy(p + sizeof(eh), &ph, sizeof(ph));
	for (uint64_t i = 0; i < filesz; i++)
		p[0x1000 + i] = (uint8_t)i;
	image_from_bytes(&image, "fake-vmlinux", (struct bytes){ p, 0x1000 + filesz }, NULL);
	free(p);
	return image;
}
