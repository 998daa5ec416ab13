/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code in guest memory: reading it, and telling which byte of the image it came from. */
#include "tools/code.h"

#include <inttypes.h>
#include <stdio.h>

#include "emu/paging.h"

/* Fewer bytes than this are found by chance. */
#define CODE_MIN 8u

#define ELF_PT_LOAD 1u     /* ELF gABI, p_type */
#define STARTUP_64  0x200u /* boot.rst "64-bit BOOT PROTOCOL": startup_64 is 0x200 past startup_32 */
#define NOT_FOUND   SIZE_MAX

size_t code_read(const struct cpu_state *cpu, const struct mem_reader *mem, gva_t va, void *data,
		 size_t len)
{
	uint8_t *to = data;
	size_t got = 0;

	while (got < len) {
		uint64_t in_page = GUEST_PAGE_SIZE - ((va + got) & ~GUEST_PAGE_MASK);
		size_t n = len - got < in_page ? len - got : (size_t)in_page;
		struct page_walk walk;

		if (!page_walk(cpu, mem, va + got, &walk) ||
		    mem_reader_read(mem, walk.gpa, to + got, n))
			break;
		got += n;
	}
	return got;
}

/* The only place of @code in @in; NOT_FOUND when there is none or more than one. */
static size_t find_once(struct bytes in, struct bytes code)
{
	const uint8_t *first, *second;

	if (code.len < CODE_MIN || in.len < code.len)
		return NOT_FOUND;
	first = memmem(in.data, in.len, code.data, code.len);
	if (!first)
		return NOT_FOUND;
	second = memmem(first + 1, in.len - (size_t)(first + 1 - in.data), code.data, code.len);
	return second ? NOT_FOUND : (size_t)(first - in.data);
}

/* In the kernel proper, relative to its entry where the code is past that. */
static bool symbol_in_elf(const struct elf_image *elf, struct bytes code, char *text, size_t size)
{
	size_t at = find_once(elf->data, code);

	if (at == NOT_FOUND)
		return false;
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];
		gpa_t paddr = s->paddr + (at - s->offset);

		if (s->type != ELF_PT_LOAD || at < s->offset || at - s->offset >= s->filesz)
			continue;
		if (paddr >= elf->entry_paddr)
			snprintf(text, size, "kernel %s+0x%" PRIx64,
				 elf->is_64 ? "startup_64" : "startup_32",
				 paddr - elf->entry_paddr);
		else
			snprintf(text, size, "kernel image+0x%" PRIx64, paddr - elf->load_start);
		return true;
	}
	return false;
}

static bool symbol_in_bzimage(const struct image *image, struct bytes code, char *text, size_t size)
{
	size_t at = find_once(image->file, code);

	if (at == NOT_FOUND)
		return false;
	if (at < image->bz->setup_size) {
		snprintf(text, size, "setup+0x%zx", at);
		return true;
	}
	at -= image->bz->setup_size;
	if (image->bz->kernel_64 && at >= STARTUP_64)
		snprintf(text, size, "startup_64+0x%zx", at - STARTUP_64);
	else
		snprintf(text, size, "startup_32+0x%zx", at);
	return true;
}

bool code_symbol(const struct image *image, struct bytes code, char *ret_text, size_t size)
{
	/* A payload that is not packed stands in both; then it ran as the kernel proper. */
	if (image->elf && symbol_in_elf(image->elf, code, ret_text, size))
		return true;
	return image->bz && symbol_in_bzimage(image, code, ret_text, size);
}
