/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds a start of day for a test and looks into the memory it describes. */
#include "tests/lib/sod_check.h"

#include <assert.h>
#include <stdio.h>

static void fill_pages(struct built *b)
{
	b->pages = pages_create(&b->platform.ram);
	for (size_t i = 0; i < b->sod.memory.count; i++) {
		const struct placement *p = &b->sod.memory.items[i];

		if (pages_put(b->pages, p->gpa, p->data.data, p->data.len) < 0)
			b->ret = diag_set(&b->diag, -1, "%s lies outside RAM", p->name);
	}
	pages_read(b->pages, b->sod.boot_params, b->bp, sizeof(b->bp));
}

void built_make(struct built *b, const struct image *image, const char *path, const char *variant,
		uint64_t memory, const char *cmdline, struct bytes initrd)
{
	const struct sod_path *p = sod_path_find(path);

	*b = (struct built){ 0 };
	b->ret = platform_init(&b->platform, memory, &b->diag);
	assert(p && b->ret == 0);
	b->platform.cmdline = cmdline;
	b->platform.initrd = initrd;
	b->ret = p->build(image, &b->platform, sod_variant_find(p, variant), &b->sod, &b->diag);
	if (b->ret == 0)
		fill_pages(b);
}

void built_release(struct built *b)
{
	pages_destroy(b->pages);
	sod_release(&b->sod);
	platform_release(&b->platform);
}

uint64_t built_u64(const struct built *b, gpa_t gpa)
{
	uint8_t v[8] = { 0 };

	pages_read(b->pages, gpa, v, sizeof(v));
	return get_le64(v);
}

bool built_holds(const struct built *b, gpa_t gpa, const void *data, size_t len)
{
	const uint8_t *want = data;

	for (size_t i = 0; i < len; i++) {
		uint8_t v;

		if (pages_read(b->pages, gpa + i, &v, 1) < 0 || v != want[i])
			return false;
	}
	return true;
}

static bool overlap(gpa_t a, uint64_t a_size, gpa_t b, uint64_t b_size)
{
	return a_size && b_size && a < b + b_size && b < a + a_size;
}

static bool in_ram(const struct built *b, const struct placement *p)
{
	for (unsigned i = 0; i < b->platform.e820_count; i++) {
		const struct e820_entry *e = &b->platform.e820[i];

		if (e->type == E820_RAM && p->gpa >= e->addr &&
		    p->gpa + p->size <= e->addr + e->size)
			return true;
	}
	return false;
}

const char *built_conflict(const struct built *b)
{
	const struct placements *m = &b->sod.memory;

	for (size_t i = 0; i < m->count; i++) {
		const struct placement *p = &m->items[i];

		if (!in_ram(b, p))
			return p->name;
		if (strcmp(p->name, "kernel") != 0 &&
		    overlap(p->gpa, p->size, b->sod.run_address, b->sod.run_size))
			return p->name;
		for (size_t k = i + 1; k < m->count; k++)
			if (overlap(p->gpa, p->size, m->items[k].gpa, m->items[k].size))
				return p->name;
	}
	return NULL;
}
