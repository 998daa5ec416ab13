/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builders of small boot images, and a pipe through real tools. */
#include "tests/lib/boot_files.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "emu/base/rng.h"
#include "loaders/bootparam.h"

#define LOAD_OFFSET 0x1000u

const struct test_elf test_vmlinux = {
	.entry = 0x1000000,
	.vaddr = 0xffffffff81000000,
	.paddr = 0x1000000,
	.memsz = 0x4000,
	.note_name = "Xen",
	.note_type = 18,
	.note_desc = 0x1000040,
	.note_desc_size = 8,
	.data_size = 0x800,
};

static void append_zeros(struct buf *out, size_t len)
{
	static const uint8_t zeros[256];

	while (len) {
		size_t n = len < sizeof(zeros) ? len : sizeof(zeros);

		buf_append(out, zeros, n);
		len -= n;
	}
}

static void build_note(struct buf *out, const struct test_elf *elf)
{
	uint32_t namesz = (uint32_t)strlen(elf->note_name) + 1;
	uint8_t head[12], desc[16] = { 0 };

	put_le32(head, namesz);
	put_le32(head + 4, elf->note_desc_size);
	put_le32(head + 8, elf->note_type);
	buf_append(out, head, sizeof(head));
	buf_append(out, elf->note_name, namesz);
	append_zeros(out, ALIGN_UP(namesz, 4) - namesz);
	put_le64(desc, elf->note_desc);
	buf_append(out, desc, ALIGN_UP(elf->note_desc_size, 4));
}

static void build_elf64(struct buf *out, const struct test_elf *elf, uint64_t note_size)
{
	bool segment = elf->note_name && !elf->note_in_section;
	Elf64_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = elf->entry,
		.e_phoff = sizeof(eh),
		.e_shoff = elf->note_in_section ? 0x200 : 0,
		.e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = segment ? 2 : 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = elf->note_in_section ? 2 : 0,
	};
	Elf64_Phdr load = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = LOAD_OFFSET,
		.p_vaddr = elf->vaddr,
		.p_paddr = elf->paddr,
		.p_filesz = elf->data_size,
		.p_memsz = elf->memsz,
		.p_align = 0x1000,
	};
	Elf64_Phdr note = {
		.p_type = PT_NOTE, .p_offset = 0x400, .p_filesz = note_size, .p_align = 4
	};
	Elf64_Shdr sections[2] = {
		[1] = { .sh_type = SHT_NOTE,
			.sh_offset = 0x400,
			.sh_size = note_size,
			.sh_addralign = 4 },
	};

	buf_append(out, &eh, sizeof(eh));
	buf_append(out, &load, sizeof(load));
	if (segment)
		buf_append(out, &note, sizeof(note));
	append_zeros(out, 0x200 - out->len);
	buf_append(out, sections, sizeof(sections));
}

static void build_elf32(struct buf *out, const struct test_elf *elf, uint64_t note_size)
{
	Elf32_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_entry = (uint32_t)elf->entry,
		.e_phoff = sizeof(eh),
		.e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = elf->note_name ? 2 : 1,
	};
	Elf32_Phdr ph[2] = {
		{
			.p_type = PT_LOAD,
			.p_offset = LOAD_OFFSET,
			.p_vaddr = (uint32_t)elf->vaddr,
			.p_paddr = (uint32_t)elf->paddr,
			.p_filesz = (uint32_t)elf->data_size,
			.p_memsz = (uint32_t)elf->memsz,
		},
		{ .p_type = PT_NOTE,
		  .p_offset = 0x400,
		  .p_filesz = (uint32_t)note_size,
		  .p_align = 4 },
	};

	buf_append(out, &eh, sizeof(eh));
	buf_append(out, ph, sizeof(ph));
}

void test_elf_build(struct buf *out, const struct test_elf *elf)
{
	struct buf note = { 0 };

	if (elf->note_name)
		build_note(&note, elf);
	if (elf->is_32)
		build_elf32(out, elf, note.len);
	else
		build_elf64(out, elf, note.len);
	append_zeros(out, 0x400 - out->len);
	buf_append(out, note.data, note.len);
	append_zeros(out, LOAD_OFFSET - out->len);
	test_code_like_bytes(out, elf->data_size, elf->entry);
	buf_free(&note);
}

/* Where the header of each protocol ends: boot.rst, column Offset/Size of the last field. */
static unsigned header_end(uint16_t protocol)
{
	unsigned end = BOOT_PARAMS_HDR_200;

	for (unsigned i = 0; i < BP_FIELD_COUNT; i++)
		if (bp_fields[i].since && bp_fields[i].since <= protocol &&
		    bp_fields[i].offset + bp_fields[i].width > end)
			end = bp_fields[i].offset + bp_fields[i].width;
	return end;
}

void test_bzimage_build(struct buf *out, uint16_t protocol, struct bytes payload)
{
	uint8_t page[TEST_BZIMAGE_SETUP] = { 0 };
	size_t kernel = ALIGN_UP(TEST_BZIMAGE_PAYLOAD + payload.len, 16);
	unsigned end = header_end(protocol);

	bp_set(page, BP_HDR_SETUP_SECTS, 1);
	bp_set(page, BP_HDR_SYSSIZE, kernel / 16);
	bp_set(page, BP_HDR_BOOT_FLAG, 0xaa55);
	if (protocol) {
		bp_set(page, BP_HDR_JUMP, 0xeb | (end - 0x202) << 8);
		bp_set(page, BP_HDR_HEADER, 0x53726448);
		bp_set(page, BP_HDR_VERSION, protocol);
		bp_set(page, BP_HDR_LOADFLAGS, LOADFLAG_LOADED_HIGH);
		bp_set(page, BP_HDR_INITRD_ADDR_MAX, 0x7fffffff);
		bp_set(page, BP_HDR_KERNEL_ALIGNMENT, 0x200000);
		bp_set(page, BP_HDR_RELOCATABLE_KERNEL, 1);
		bp_set(page, BP_HDR_CMDLINE_SIZE, 2047);
		bp_set(page, BP_HDR_PAYLOAD_OFFSET, TEST_BZIMAGE_PAYLOAD);
		bp_set(page, BP_HDR_PAYLOAD_LENGTH, payload.len);
		bp_set(page, BP_HDR_PREF_ADDRESS, 0x1000000);
		bp_set(page, BP_HDR_INIT_SIZE, 0x400000);
		bp_set(page, BP_HDR_XLOADFLAGS, XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G);
	}
	memset(page + end, 0xcc, sizeof(page) - end);
	buf_append(out, page, sizeof(page));
	append_zeros(out, TEST_BZIMAGE_PAYLOAD);
	buf_append(out, payload.data, payload.len);
	append_zeros(out, TEST_BZIMAGE_SETUP + kernel - out->len);
}

/* The input goes through a file, since a pipe both ways could fill up on both. */
bool test_filter(struct buf *out, const char *command, struct bytes in)
{
	char path[] = "/tmp/bootpath-test-XXXXXX", line[512];
	uint8_t block[4096];
	FILE *f;
	size_t n;
	int fd = mkstemp(path);

	if (fd < 0)
		return false;
	f = fdopen(fd, "wb");
	n = in.len ? fwrite(in.data, 1, in.len, f) : 0;
	if (fclose(f) != 0 || n != in.len)
		goto fail;
	snprintf(line, sizeof(line), "{ %s; } <%s 2>/dev/null", command, path);
	f = popen(line, "r");
	if (!f)
		goto fail;
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_append(out, block, n);
	unlink(path);
	return pclose(f) == 0 && !out->failed;

fail:
	unlink(path);
	return false;
}

void test_code_like_bytes(struct buf *out, size_t len, uint64_t seed)
{
	static const uint8_t words[][5] = {
		{ 0x48, 0x89, 0xe5, 0x41, 0x57 },
		{ 0x0f, 0x1f, 0x44, 0x00, 0x00 },
		{ 0xe8, 0x00, 0x00, 0x00, 0x00 },
		{ 0x48, 0x8b, 0x45, 0xf8, 0xc3 },
	};
	struct rng rng;

	rng_init(&rng, seed, "test_code_like_bytes");
	while (len) {
		uint64_t r = rng_u64(&rng);
		size_t n = len < 5 ? len : 5;

		if (r % 8 < 7)
			buf_append(out, words[r >> 8 & 3], n);
		else
			buf_append(out, &r, n);
		len -= n;
	}
}
