/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing memory by region: what has the same part on both sides (the kernel,
 * the initrd, the GDT) from its own start on, wherever it lies; everything else
 * address by address, named by who put it there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/paging.h"
#include "tools/diff.h"
#include "tools/diff_kernel.h"

/* The parts that memory has at a handover. What other rows tell of is not told as memory once more. */
enum memory_part {
	PART_REST,
	PART_KERNEL,
	PART_INITRD,
	PART_GDT,
	PART_TOLD, /* boot_params, command line, setup_data, page tables */
};

#define TABLES_MAX     4096u
#define SETUP_LINKS    64u
#define CMDLINE_MAX    4096u
#define SIZE_COMPARED  GIB(1) /* of one part: what claims to be larger is broken */
#define NAME_OTHER_LOW "low memory"
#define NAME_OTHER     "other memory"

struct layout {
	const struct diff_side *side;
	const struct handover *h;
	struct regions parts; /* value: enum memory_part */
	gpa_t kernel, initrd;
	uint64_t kernel_size, initrd_size;
	int err;
};

static void part_set(struct layout *l, gpa_t gpa, uint64_t size, enum memory_part part)
{
	uint64_t last;

	if (size && !__builtin_add_overflow(gpa, size - 1, &last))
		l->err |= regions_set(&l->parts, gpa, size, part);
}

static enum memory_part part_at(const struct layout *l, gpa_t gpa)
{
	const struct region *r = regions_find(&l->parts, gpa);

	return r ? (enum memory_part)r->value : PART_REST;
}

/* A reader that notes which memory was asked for: a walk over all page tables tells where they lie. */
struct noting_reader {
	struct mem_reader mem;
	struct layout *layout;
};

static int noting_read(const void *ctx, gpa_t gpa, void *data, size_t len)
{
	const struct noting_reader *n = ctx;

	part_set(n->layout, gpa, len, PART_TOLD);
	return mem_reader_read(&n->mem, gpa, data, len);
}

static void layout_page_tables(struct layout *l)
{
	struct noting_reader noting = { .mem = pages_reader(l->h->pages), .layout = l };
	struct mem_reader mem = { .read = noting_read, .ctx = &noting };
	struct page_range *ranges;
	size_t count;

	if (paging_mode(&l->h->cpu) != PAGING_NONE &&
	    !page_ranges(&l->h->cpu, &mem, TABLES_MAX, &ranges, &count))
		free(ranges);
}

static void layout_boot_params(struct layout *l)
{
	uint8_t bp[BOOT_PARAMS_SIZE], node[16];
	gpa_t at;

	if (!l->h->boot_params || pages_read(l->h->pages, l->h->boot_params, bp, sizeof(bp)))
		return;
	part_set(l, l->h->boot_params, sizeof(bp), PART_TOLD);
	l->initrd = bp_get(bp, BP_HDR_RAMDISK_IMAGE) | bp_get(bp, BP_EXT_RAMDISK_IMAGE) << 32;
	l->initrd_size = bp_get(bp, BP_HDR_RAMDISK_SIZE) | bp_get(bp, BP_EXT_RAMDISK_SIZE) << 32;
	part_set(l, l->initrd, l->initrd_size, PART_INITRD);
	at = bp_get(bp, BP_HDR_CMD_LINE_PTR) | bp_get(bp, BP_EXT_CMD_LINE_PTR) << 32;
	for (unsigned len = 1; at && len <= CMDLINE_MAX; len++) {
		uint8_t c;

		if (pages_read(l->h->pages, at + len - 1, &c, 1))
			break;
		if (!c) {
			part_set(l, at, len, PART_TOLD);
			break;
		}
	}
	at = bp_get(bp, BP_HDR_SETUP_DATA);
	for (unsigned i = 0; at && i < SETUP_LINKS; i++) {
		if (pages_read(l->h->pages, at, node, sizeof(node)))
			break;
		part_set(l, at, sizeof(node) + get_le32(node + 12), PART_TOLD);
		at = get_le64(node);
	}
}

static void layout_init(struct layout *l, const struct diff_side *side, const struct handover *h)
{
	const struct elf_image *elf = side->image->elf;

	*l = (struct layout){ .side = side, .h = h };
	if (h->point == POINT_KERNEL && elf) {
		l->kernel = cpu_pc(&h->cpu) - elf->entry_paddr + elf->load_start;
		l->kernel_size = elf->load_end - elf->load_start;
		part_set(l, l->kernel, l->kernel_size, PART_KERNEL);
	}
	/* The kernel's own span has parts in it that say more. */
	layout_boot_params(l);
	if (h->cpu.gdtr.base)
		part_set(l, h->cpu.gdtr.base, (h->cpu.gdtr.limit & 0xffff) + 1ull, PART_GDT);
	layout_page_tables(l);
}

/* --- parts that lie anywhere --- */

/* One run of differences, as a report tells it. */
struct found {
	const char *name[2]; /* whose memory it is on each side */
	uint64_t bytes;
	gpa_t first[2]; /* where the first of them lies on each side */
	uint64_t span;  /* bytes from the first to the last */
};

#define BYTES_SHOWN 8u

static void bytes_text(const struct handover *h, gpa_t gpa, char *text, size_t size)
{
	uint8_t data[BYTES_SHOWN];
	size_t len = (size_t)snprintf(text, size, "0x%" PRIx64 ":", gpa);

	for (size_t i = 0; i < sizeof(data) && len < size; i++) {
		if (pages_read(h->pages, gpa + i, &data[i], 1))
			len += (size_t)snprintf(text + len, size - len, " --");
		else
			len += (size_t)snprintf(text + len, size - len, " %02x", data[i]);
	}
}

static void found_add(struct diff *d, const struct found *f)
{
	char name[128], text[2][64];
	struct diff_item *item;

	if (!f->bytes)
		return;
	if (!strcmp(f->name[0], f->name[1]))
		snprintf(name, sizeof(name), "%s", f->name[0]);
	else
		snprintf(name, sizeof(name), "%s | %s", f->name[0], f->name[1]);
	for (unsigned side = 0; side < 2; side++)
		bytes_text(d->at[side], f->first[side], text[side], sizeof(text[side]));
	item = diff_add(d, DIFF_MEMORY, name, text[0], text[1]);
	diff_note(item, "%" PRIu64 " byte%s of 0x%" PRIx64, f->bytes,
		  f->bytes == 1 ? " differs" : "s differ", f->span);
	for (unsigned side = 0; side < 2; side++)
		diff_at(item, side, f->first[side], 1);
}

static void found_byte(struct found *f, gpa_t a, gpa_t b)
{
	if (!f->bytes++) {
		f->first[0] = a;
		f->first[1] = b;
	}
	f->span = a - f->first[0] + 1;
}

/* Zeros for memory that is not there. */
static void read_or_zero(const struct pages *pages, gpa_t gpa, uint8_t *data, size_t len)
{
	if (pages_read(pages, gpa, data, len))
		memset(data, 0, len);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Byte by byte from the start of the part; only where both sides have that part there. */
static void compare_part(struct diff *d, const struct layout l[2], enum memory_part part,
			 const gpa_t at[2], uint64_t size, const char *name)
{
	struct found f = { .name = { name, name } };
	uint8_t data[2][GUEST_PAGE_SIZE];

	size = smaller(size, SIZE_COMPARED);
	for (uint64_t offset = 0; offset < size; offset += GUEST_PAGE_SIZE) {
		size_t len = size - offset < GUEST_PAGE_SIZE ? (size_t)(size - offset) :
							       GUEST_PAGE_SIZE;

		for (unsigned side = 0; side < 2; side++)
			read_or_zero(l[side].h->pages, at[side] + offset, data[side], len);
		if (!memcmp(data[0], data[1], len))
			continue;
		for (size_t i = 0; i < len; i++) {
			gpa_t a = at[0] + offset + i, b = at[1] + offset + i;

			if (data[0][i] != data[1][i] && part_at(&l[0], a) == part &&
			    part_at(&l[1], b) == part)
				found_byte(&f, a, b);
		}
	}
	found_add(d, &f);
}

static void compare_size(struct diff *d, const char *name, uint64_t a, uint64_t b)
{
	char text[2][40];

	if (a == b)
		return;
	snprintf(text[0], sizeof(text[0]), "0x%" PRIx64 " bytes", a);
	snprintf(text[1], sizeof(text[1]), "0x%" PRIx64 " bytes", b);
	diff_add(d, DIFF_MEMORY, name, text[0], text[1]);
}

static void kernel_found(struct diff *d, const struct layout l[2], const char *name,
			 const struct kernel_bytes *b)
{
	found_add(d, &(struct found){ .name = { name, name },
				      .bytes = b->count,
				      .first = { l[0].kernel + b->first, l[1].kernel + b->first },
				      .span = b->last - b->first + 1 });
}

/* What relocation changed is one difference, whatever else differs is another. */
static void compare_kernel(struct diff *d, struct layout l[2])
{
	uint64_t size = smaller(smaller(l[0].kernel_size, l[1].kernel_size), SIZE_COMPARED);
	struct kernel_side k[2];
	struct kernel_compare c;
	uint64_t move[2];
	char text[2][40];
	bool moved = true;

	for (unsigned side = 0; side < 2; side++) {
		k[side] = (struct kernel_side){
			.image = l[side].side->image,
			.pages = l[side].h->pages,
			.gpa = l[side].kernel,
			.parts = &l[side].parts,
			.part = PART_KERNEL,
		};
		moved &= kernel_virtual_move(&k[side], &move[side]);
	}
	if (kernel_compare(k, size, moved ? move[0] - move[1] : 0, &c)) {
		d->failed = true;
		return;
	}
	if (moved && move[0] != move[1]) {
		for (unsigned side = 0; side < 2; side++)
			snprintf(text[side], sizeof(text[side]), "0x%" PRIx64, move[side]);
		diff_note(diff_add(d, DIFF_MEMORY, "kernel proper, move of linear addresses",
				   text[0], text[1]),
			  "%" PRIu64 " words in it differ by that distance", c.moved);
	}
	kernel_found(d, l, "kernel proper, loaded bytes", &c.loaded);
	kernel_found(d, l, "kernel proper, not loaded (.bss and gaps)", &c.empty);
}

/* --- the rest --- */

static const struct diff_place *place_at(const struct diff_side *s, gpa_t gpa)
{
	for (size_t i = s->place_count; i--;) {
		if (gpa - s->places[i].gpa < s->places[i].size)
			return &s->places[i];
	}
	return NULL;
}

static const char *owner_at(const struct layout *l, gpa_t gpa)
{
	const struct diff_place *p = place_at(l->side, gpa);

	switch (part_at(l, gpa)) {
	case PART_KERNEL: return "kernel proper";
	case PART_INITRD: return "initrd";
	case PART_GDT: return "GDT";
	case PART_TOLD: return "boot_params, its strings or page tables";
	case PART_REST: break;
	}
	if (gpa - l->side->run_address < l->side->run_size)
		return "room of the compressed image";
	if (p)
		return !strcmp(p->name, "kernel") ? "kernel as loaded" : p->name;
	return gpa < MIB(1) ? NAME_OTHER_LOW : NAME_OTHER;
}

#define FOUND_MAX 128u

struct rest {
	struct found found[FOUND_MAX];
	size_t count;
};

static void rest_byte(struct rest *r, const struct layout l[2], gpa_t gpa)
{
	const char *name[2] = { owner_at(&l[0], gpa), owner_at(&l[1], gpa) };
	size_t i = 0;

	while (i < r->count &&
	       (strcmp(r->found[i].name[0], name[0]) || strcmp(r->found[i].name[1], name[1])))
		i++;
	if (i == FOUND_MAX)
		i--; /* the last row takes what has no room: it is still counted */
	else if (i == r->count)
		r->found[r->count++] = (struct found){ .name = { name[0], name[1] } };
	found_byte(&r->found[i], gpa, gpa);
}

/* Both sides have a part at that byte, or only one has one that the other lacks. */
static bool told_elsewhere(const struct layout l[2], gpa_t gpa)
{
	enum memory_part a = part_at(&l[0], gpa), b = part_at(&l[1], gpa);

	return a != PART_REST || b != PART_REST;
}

static void rest_page(struct rest *r, const struct layout l[2], gpa_t gpa)
{
	uint8_t data[2][GUEST_PAGE_SIZE];

	for (unsigned side = 0; side < 2; side++)
		read_or_zero(l[side].h->pages, gpa, data[side], GUEST_PAGE_SIZE);
	if (!memcmp(data[0], data[1], GUEST_PAGE_SIZE))
		return;
	for (size_t i = 0; i < GUEST_PAGE_SIZE; i++) {
		if (data[0][i] != data[1][i] && !told_elsewhere(l, gpa + i))
			rest_byte(r, l, gpa + i);
	}
}

/* Every page that has bytes on either side, in the order of addresses. */
static void compare_rest(struct diff *d, const struct layout l[2])
{
	const struct pages *a = l[0].h->pages, *b = l[1].h->pages;
	size_t i = 0, k = 0;
	struct rest rest = { 0 };

	while (i < pages_count(a) || k < pages_count(b)) {
		const uint8_t *data;
		gpa_t ga = i < pages_count(a) ? pages_address(a, i, &data) : UINT64_MAX;
		gpa_t gb = k < pages_count(b) ? pages_address(b, k, &data) : UINT64_MAX;
		gpa_t gpa = ga < gb ? ga : gb;

		rest_page(&rest, l, gpa);
		i += ga == gpa;
		k += gb == gpa;
	}
	for (i = 0; i < rest.count; i++)
		found_add(d, &rest.found[i]);
}

void diff_memory(struct diff *d)
{
	struct layout l[2];
	gpa_t gdt[2], initrd[2];

	if (!diff_knows_memory(d))
		return;
	for (unsigned side = 0; side < 2; side++) {
		layout_init(&l[side], d->side[side], d->at[side]);
		d->failed |= l[side].err != 0;
		gdt[side] = d->at[side]->cpu.gdtr.base;
		initrd[side] = l[side].initrd;
	}
	if (l[0].kernel_size && l[1].kernel_size) {
		compare_size(d, "size of the kernel proper", l[0].kernel_size, l[1].kernel_size);
		compare_kernel(d, l);
	}
	compare_size(d, "size of the initrd", l[0].initrd_size, l[1].initrd_size);
	compare_part(d, l, PART_INITRD, initrd, smaller(l[0].initrd_size, l[1].initrd_size),
		     "initrd");
	if (gdt[0] && gdt[1])
		compare_part(d, l, PART_GDT, gdt,
			     smaller(d->at[0]->cpu.gdtr.limit & 0xffff,
				     d->at[1]->cpu.gdtr.limit & 0xffff) +
				     1,
			     "GDT");
	compare_rest(d, l);
	regions_free(&l[0].parts);
	regions_free(&l[1].parts);
}
