/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capturing a handover, and finding the kernel proper's entry while it runs. */
#include "tools/handover.h"

#include <errno.h>
#include <stdio.h>

#define ELF_PT_LOAD       1u    /* ELF gABI, p_type */
#define CMDLINE_SHOWN_MAX 4096u /* of a command line whose size nobody told us */

/* Copy what is readable of [gpa, gpa+len) page by page; memory that is not there is left out. */
static int capture_range(struct pages *p, const struct mem_reader *mem, gpa_t gpa, uint64_t len)
{
	uint8_t data[GUEST_PAGE_SIZE];
	gpa_t page = gpa & GUEST_PAGE_MASK;
	uint64_t last;
	int err;

	if (!len || __builtin_add_overflow(gpa, len - 1, &last))
		return 0;
	for (; page <= last; page += GUEST_PAGE_SIZE) {
		if (mem_reader_read(mem, page, data, sizeof(data)))
			continue;
		err = pages_put(p, page, data, sizeof(data));
		if (err == -ENOMEM)
			return err;
		if (page > UINT64_MAX - GUEST_PAGE_SIZE)
			break;
	}
	return 0;
}

/* What reports show of @mem, as pages of their own. */
static int capture_shown(const struct handover *h, const struct mem_reader *mem,
			 const struct regions *ram, struct pages **ret_pages)
{
	uint8_t bp[BOOT_PARAMS_SIZE];
	struct pages *p = pages_create(ram);
	gpa_t cmdline;
	int err = 0;

	if (!p)
		return -ENOMEM;
	if (h->boot_params && !mem_reader_read(mem, h->boot_params, bp, sizeof(bp))) {
		err = capture_range(p, mem, h->boot_params, sizeof(bp));
		cmdline = bp_get(bp, BP_HDR_CMD_LINE_PTR) | bp_get(bp, BP_EXT_CMD_LINE_PTR) << 32;
		if (!err && cmdline)
			err = capture_range(p, mem, cmdline, CMDLINE_SHOWN_MAX);
	}
	if (!err && h->cpu.gdtr.base)
		err = capture_range(p, mem, h->cpu.gdtr.base, (h->cpu.gdtr.limit & 0xffff) + 1ull);
	if (err)
		pages_destroy(p);
	else
		*ret_pages = p;
	return err;
}

int handover_capture(struct handover *ret, struct machine *m, enum point point,
		     const char *image_name, const char *symbol, gpa_t boot_params,
		     enum capture capture)
{
	struct mem_reader mem = machine_reader(m);

	*ret = (struct handover){
		.point = point,
		.instructions = machine_instructions(m),
		.boot_params = boot_params,
	};
	snprintf(ret->image, sizeof(ret->image), "%s", image_name);
	snprintf(ret->symbol, sizeof(ret->symbol), "%s", symbol);
	machine_cpu_get(m, &ret->cpu);
	switch (capture) {
	case CAPTURE_ALL: return machine_copy_pages(m, &ret->pages);
	case CAPTURE_VIEW: return machine_view_pages(m, &ret->pages);
	case CAPTURE_SHOWN: break;
	}
	return capture_shown(ret, &mem, &machine_platform(m)->ram, &ret->pages);
}

int handover_trim(struct handover *h)
{
	struct pages *all = h->pages;
	struct mem_reader mem = pages_reader(all);
	int err;

	h->pages = NULL;
	err = capture_shown(h, &mem, pages_ram(all), &h->pages);
	pages_destroy(all);
	return err;
}

void kernel_entry_init(struct kernel_entry *e, const struct image *image)
{
	const struct elf_image *elf = image->elf;
	struct bytes code;

	*e = (struct kernel_entry){ 0 };
	if (!elf)
		return;
	e->paddr = elf->entry_paddr;
	/* Without a setup header nothing says how it may be moved: page by page then. */
	e->alignment = image->bz && image->bz->kernel_alignment ? image->bz->kernel_alignment :
								  GUEST_PAGE_SIZE;
	snprintf(e->symbol, sizeof(e->symbol), "%s", elf->is_64 ? "startup_64" : "startup_32");
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];
		uint64_t offset = e->paddr - s->paddr, len;

		if (s->type != ELF_PT_LOAD || e->paddr < s->paddr || offset >= s->filesz)
			continue;
		len = s->filesz - offset;
		if (len > sizeof(e->code))
			len = sizeof(e->code);
		if (__builtin_add_overflow(offset, s->offset, &offset) ||
		    !bytes_slice(elf->data, offset, len, &code))
			continue;
		memcpy(e->code, code.data, code.len);
		e->len = code.len;
		return;
	}
}

/* Does the word (cut by the end to @n bytes) differ by @distance, added or subtracted? */
static bool word_moved(const uint8_t *file, const uint8_t *now, size_t n, uint32_t distance)
{
	uint32_t mask = n < 4 ? BIT(8 * n) - 1 : UINT32_MAX;
	uint8_t was[4] = { 0 }, is[4] = { 0 };

	memcpy(was, file, n < 4 ? n : 4);
	memcpy(is, now, n < 4 ? n : 4);
	return ((get_le32(is) - get_le32(was) - distance) & mask) == 0 ||
	       ((get_le32(is) - get_le32(was) + distance) & mask) == 0;
}

static bool equal_when_moved(const uint8_t *file, const uint8_t *now, size_t len, uint32_t distance)
{
	size_t moved = 0;

	for (size_t i = 0; i < len;) {
		size_t at = i >= 3 ? i - 3 : 0;

		if (file[i] == now[i]) {
			i++;
			continue;
		}
		while (at <= i && !word_moved(file + at, now + at, len - at, distance))
			at++;
		if (at > i)
			return false;
		moved += 4;
		i = at + 4;
	}
	/* Mostly the same code, or it says nothing. */
	return moved * 2 <= len;
}

/*
 * A moved kernel has had the distance of its move in linear addresses, a
 * multiple of its alignment, added to 32-bit words that hold absolute
 * addresses, and subtracted from those that reach per-CPU data relative to RIP
 * (arch/x86/boot/compressed/misc.c, handle_relocations()). That distance is
 * not the physical one: the first word that differs tells it. Its lowest bytes
 * may be equal, so the word begins at most three bytes before the difference.
 */
bool kernel_code_equal(const uint8_t *file, const uint8_t *now, size_t len, uint64_t alignment)
{
	size_t i = 0;

	while (i < len && file[i] == now[i])
		i++;
	if (i == len)
		return true;
	for (size_t at = i >= 3 ? i - 3 : 0; at <= i && at + 4 <= len; at++) {
		uint32_t distance = get_le32(now + at) - get_le32(file + at);

		if (!(distance & (alignment - 1)) && equal_when_moved(file, now, len, distance))
			return true;
	}
	return false;
}

bool kernel_entry_matches(const struct kernel_entry *e, const struct machine *m, gva_t pc,
			  gpa_t gpa)
{
	uint8_t now[sizeof(e->code)];

	if (!e->len || pc != gpa || ((gpa ^ e->paddr) & (e->alignment - 1)))
		return false;
	if (machine_read(m, gpa, now, e->len))
		return false;
	return kernel_code_equal(e->code, now, e->len, e->alignment);
}
