/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's physical memory: RAM, ROM and holes mapped, which pages hold something, and which hold code. */
#include "emu/uc_internal.h"

#include <errno.h>
#include <stdlib.h>

/* Of the engine's inside: regions, their numbers ("ram addresses"), and forgetting code by those. */
void *find_memory_mapping_x86_64(void *uc, uint64_t gpa);
uint64_t memory_region_get_ram_addr_x86_64(void *region);
void tb_invalidate_phys_range_x86_64(void *uc, uint64_t start, uint64_t end);

static uint64_t on_hole_read(uc_engine *uc, uint64_t offset, unsigned size, void *arg)
{
	const struct hole *h = arg;

	(void)uc;
	return h->e->ops->hole_read(h->e->arg, h->gpa + offset, size);
}

static void on_hole_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *arg)
{
	const struct hole *h = arg;

	(void)uc;
	h->e->ops->hole_write(h->e->arg, h->gpa + offset, size, value);
}

static int grow_bitmaps(struct engine *e, gpa_t top)
{
	uint64_t old = (e->ram_top + 0x7fff) >> 15, bytes = (top + 0x7fff) >> 15;
	uint8_t *code, *dirty;

	if (top <= e->ram_top)
		return 0;
	code = realloc(e->has_code, bytes);
	if (code)
		e->has_code = code;
	dirty = realloc(e->dirty, bytes);
	if (dirty)
		e->dirty = dirty;
	if (!code || !dirty)
		return -ENOMEM;
	memset(e->has_code + old, 0, bytes - old);
	memset(e->dirty + old, 0, bytes - old);
	e->ram_top = top;
	return 0;
}

int engine_map_ram(struct engine *e, gpa_t gpa, uint64_t size, void *host, bool writable)
{
	void *region;

	if (e->block_count == RAM_BLOCKS_MAX)
		return -ENOSPC;
	if (grow_bitmaps(e, gpa + size))
		return -ENOMEM;
	if (uc_mem_map_ptr(e->uc, gpa, size, UC_PROT_ALL, host))
		return -ENOMEM;
	/* Only a region that is protected after it was mapped has its stores dropped. */
	if (!writable && uc_mem_protect(e->uc, gpa, size, UC_PROT_READ | UC_PROT_EXEC))
		return -ENOMEM;
	region = find_memory_mapping_x86_64(e->uc, gpa);
	if (!region)
		return -ENOTSUP;
	e->blocks[e->block_count++] = (struct ram_block){
		.gpa = gpa, .size = size, .ram_addr = memory_region_get_ram_addr_x86_64(region)
	};
	return 0;
}

int engine_protect(struct engine *e, gpa_t gpa, uint64_t size, bool writable)
{
	return uc_mem_protect(e->uc, gpa, size,
			      writable ? UC_PROT_ALL : UC_PROT_READ | UC_PROT_EXEC) ?
		       -EINVAL :
		       0;
}

int engine_map_hole(struct engine *e, gpa_t gpa, uint64_t size)
{
	struct hole *h;

	if (e->hole_count == HOLES_MAX)
		return -ENOSPC;
	h = &e->holes[e->hole_count++];
	*h = (struct hole){ .e = e, .gpa = gpa };
	return uc_mmio_map(e->uc, gpa, size, on_hole_read, h, on_hole_write, h) ? -ENOMEM : 0;
}

void engine_forget_phys(struct engine *e, gpa_t gpa, uint64_t len)
{
	for (unsigned i = 0; i < e->block_count; i++) {
		const struct ram_block *b = &e->blocks[i];
		uint64_t n = len;

		if (gpa - b->gpa >= b->size)
			continue;
		if (n > b->size - (gpa - b->gpa))
			n = b->size - (gpa - b->gpa);
		tb_invalidate_phys_range_x86_64(e->uc, b->ram_addr + (gpa - b->gpa),
						b->ram_addr + (gpa - b->gpa) + n);
	}
}

/* For code pages that are also stored to, uc_close() leaves a bitmap of 512 bytes behind; forgetting their code frees it. */
void engine_free_code_bitmaps(struct engine *e)
{
	for (gpa_t page = 0; page < e->ram_top; page += GUEST_PAGE_SIZE) {
		if (bitmap_test(e->has_code, page >> 12))
			engine_forget_phys(e, page, GUEST_PAGE_SIZE);
	}
}

bool engine_page_dirty(const struct engine *e, gpa_t gpa)
{
	return gpa < e->ram_top && bitmap_test(e->dirty, gpa >> 12);
}

void engine_mark_dirty(struct engine *e, gpa_t gpa, uint64_t len)
{
	if (!len)
		return;
	for (uint64_t p = gpa >> 12; p <= (gpa + len - 1) >> 12 && p < e->ram_top >> 12; p++)
		bitmap_set(e->dirty, p);
}

bool engine_page_has_code(const struct engine *e, gpa_t gpa)
{
	return gpa < e->ram_top && bitmap_test(e->has_code, gpa >> 12);
}
