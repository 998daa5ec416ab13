/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's memory map and its two allocators, pages and pool. UEFI 2.10, 7.2 "Memory Allocation Services". */
#include "models/efi_memory.h"

#include <errno.h>

#define PAGES_MAX  (UINT64_MAX / GUEST_PAGE_SIZE)
#define FOUR_GIB   GIB(4)
/* Pages that the pool takes at a time, as edk2's does. */
#define POOL_GRAIN 1u

/* --- descriptors --- */

static uint64_t range_last(const struct efi_range *r)
{
	return r->start + (r->pages * GUEST_PAGE_SIZE - 1);
}

static bool ranges_alike(const struct efi_range *a, const struct efi_range *b)
{
	return a->type == b->type && a->attr == b->attr && range_last(a) + 1 == b->start;
}

/* Index of the first range whose last byte is at or above @gpa. */
static uint32_t range_index(const struct efi_memory *mem, gpa_t gpa)
{
	uint32_t low = 0, high = mem->range_count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (range_last(&mem->ranges[mid]) < gpa)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void range_insert(struct efi_memory *mem, uint32_t at, const struct efi_range *r)
{
	memmove(&mem->ranges[at + 1], &mem->ranges[at],
		(mem->range_count - at) * sizeof(mem->ranges[0]));
	mem->ranges[at] = *r;
	mem->range_count++;
}

static void range_remove(struct efi_memory *mem, uint32_t at, uint32_t count)
{
	memmove(&mem->ranges[at], &mem->ranges[at + count],
		(mem->range_count - at - count) * sizeof(mem->ranges[0]));
	mem->range_count -= count;
}

/* The range at @at begins at @gpa afterwards: what lies below stays as a range of its own. */
static uint32_t range_cut(struct efi_memory *mem, uint32_t at, gpa_t gpa)
{
	struct efi_range low;

	if (at == mem->range_count || mem->ranges[at].start >= gpa)
		return at;
	low = mem->ranges[at];
	low.pages = (gpa - low.start) / GUEST_PAGE_SIZE;
	mem->ranges[at].pages -= low.pages;
	mem->ranges[at].start = gpa;
	range_insert(mem, at, &low);
	return at + 1;
}

static void range_join(struct efi_memory *mem, uint32_t at)
{
	if (at + 1 >= mem->range_count || !ranges_alike(&mem->ranges[at], &mem->ranges[at + 1]))
		return;
	mem->ranges[at].pages += mem->ranges[at + 1].pages;
	range_remove(mem, at + 1, 1);
}

int efi_memory_set(struct efi_memory *mem, uint32_t type, gpa_t start, uint64_t pages,
		   uint64_t attr)
{
	struct efi_range r = { .start = start, .pages = pages, .attr = attr, .type = type };
	uint32_t first, end;

	if (pages == 0 || start % GUEST_PAGE_SIZE || pages > PAGES_MAX ||
	    pages * GUEST_PAGE_SIZE - 1 > UINT64_MAX - start)
		return -EINVAL;
	/* Cutting at both ends and putting the new one in takes three at most. */
	if (mem->range_count + 3 > EFI_RANGES_MAX)
		return -ENOSPC;
	first = range_cut(mem, range_index(mem, start), start);
	end = mem->range_count;
	if (range_last(&r) != UINT64_MAX)
		end = range_cut(mem, range_index(mem, range_last(&r) + 1), range_last(&r) + 1);
	range_remove(mem, first, end - first);
	range_insert(mem, first, &r);
	range_join(mem, first);
	if (first > 0)
		range_join(mem, first - 1);
	mem->key++;
	return 0;
}

const struct efi_range *efi_memory_find(const struct efi_memory *mem, gpa_t gpa)
{
	uint32_t at = range_index(mem, gpa);

	return at < mem->range_count && mem->ranges[at].start <= gpa ? &mem->ranges[at] : NULL;
}

void efi_descriptor_put(const struct efi_range *r, uint8_t ret_raw[EFI_DESCRIPTOR_SIZE])
{
	memset(ret_raw, 0, EFI_DESCRIPTOR_SIZE);
	put_le32(ret_raw, r->type);
	put_le64(ret_raw + 8, r->start);
	put_le64(ret_raw + 24, r->pages);
	put_le64(ret_raw + 32, r->attr);
}

/* --- pages --- */

/* The highest free place for @pages whose last byte is at most @last. */
static bool pages_highest(const struct efi_memory *mem, uint64_t pages, uint64_t last, gpa_t *ret)
{
	uint64_t size = pages * GUEST_PAGE_SIZE;

	for (uint32_t i = mem->range_count; i-- > 0;) {
		const struct efi_range *r = &mem->ranges[i];
		uint64_t end = range_last(r); /* inclusive */
		gpa_t at;

		if (r->type != EFI_CONVENTIONAL_MEMORY || r->start > last)
			continue;
		if (end > last)
			end = last;
		/* The last whole page below @end; an end inside a page loses it. */
		if ((end + 1) % GUEST_PAGE_SIZE)
			end = ALIGN_DOWN(end, GUEST_PAGE_SIZE) - 1;
		if (end < r->start || end - r->start < size - 1)
			continue;
		at = end - (size - 1);
		/* Address 0 is what a failed allocation looks like: edk2 never gives it either. */
		if (at == 0)
			continue;
		*ret = at;
		return true;
	}
	return false;
}

/* Below what is set apart, where the caller's limit leaves that open (edk2 DxeCore, CoreFindFreePages()). */
static bool pages_default(const struct efi_memory *mem, uint64_t pages, uint64_t last, gpa_t *ret)
{
	return mem->default_end && last >= mem->default_end - 1 &&
	       pages_highest(mem, pages, mem->default_end - 1, ret);
}

static bool pages_are_free(const struct efi_memory *mem, gpa_t gpa, uint64_t pages)
{
	const struct efi_range *r = efi_memory_find(mem, gpa);

	/* Neighbours of one type differ in attributes only where a machine's own map says so. */
	while (r && r->type == EFI_CONVENTIONAL_MEMORY) {
		uint64_t here = (range_last(r) - gpa) / GUEST_PAGE_SIZE + 1;

		if (here >= pages)
			return true;
		pages -= here;
		gpa = range_last(r) + 1;
		r = efi_memory_find(mem, gpa);
	}
	return false;
}

/* --- bins --- */

int efi_memory_bin(struct efi_memory *mem, uint32_t type, gpa_t start, uint64_t pages)
{
	for (unsigned i = 0; i < EFI_BINS_MAX; i++) {
		if (mem->bins[i].pages)
			continue;
		mem->bins[i] = (struct efi_bin){
			.type = type,
			.pages = pages < EFI_BIN_PAGES_MAX ? (uint32_t)pages : EFI_BIN_PAGES_MAX,
			.start = start,
		};
		return 0;
	}
	return -ENOSPC;
}

static bool bin_taken(const struct efi_bin *b, uint32_t page)
{
	return b->taken[page / 8] >> page % 8 & 1;
}

static void bin_mark(struct efi_bin *b, uint32_t first, uint64_t pages, bool taken)
{
	for (uint32_t i = first; i < first + pages; i++) {
		if (taken)
			b->taken[i / 8] = (uint8_t)(b->taken[i / 8] | BIT(i % 8));
		else
			b->taken[i / 8] = (uint8_t)(b->taken[i / 8] & ~BIT(i % 8));
	}
}

static bool bin_run(const struct efi_bin *b, uint32_t first, uint64_t pages, bool taken)
{
	for (uint32_t i = first; i < first + pages; i++)
		if (bin_taken(b, i) != taken)
			return false;
	return true;
}

/* The bin that holds all of it, and its first page there. */
static struct efi_bin *bin_of(struct efi_memory *mem, gpa_t gpa, uint64_t pages,
			      uint32_t *ret_first)
{
	for (unsigned i = 0; i < EFI_BINS_MAX; i++) {
		struct efi_bin *b = &mem->bins[i];
		uint64_t first = (gpa - b->start) / GUEST_PAGE_SIZE;

		if (gpa >= b->start && first < b->pages && pages <= b->pages - first) {
			*ret_first = (uint32_t)first;
			return b;
		}
	}
	return NULL;
}

/* The highest pages that are free in a bin of @type, up to @last. */
static bool bin_allocate(struct efi_memory *mem, uint32_t type, uint64_t pages, uint64_t last,
			 gpa_t *ret)
{
	for (unsigned i = 0; i < EFI_BINS_MAX; i++) {
		struct efi_bin *b = &mem->bins[i];

		if (b->type != type || b->pages < pages)
			continue;
		for (uint32_t at = b->pages - (uint32_t)pages + 1; at-- > 0;) {
			gpa_t gpa = b->start + at * GUEST_PAGE_SIZE;

			if (gpa + (pages * GUEST_PAGE_SIZE - 1) > last ||
			    !bin_run(b, at, pages, false))
				continue;
			bin_mark(b, at, pages, true);
			mem->key++;
			*ret = gpa;
			return true;
		}
	}
	return false;
}

static bool bin_allocate_at(struct efi_memory *mem, uint32_t type, gpa_t gpa, uint64_t pages)
{
	uint32_t first;
	struct efi_bin *b = bin_of(mem, gpa, pages, &first);

	if (!b || b->type != type || !bin_run(b, first, pages, false))
		return false;
	bin_mark(b, first, pages, true);
	mem->key++;
	return true;
}

/* --- allocating --- */

static uint64_t type_attributes(uint32_t type)
{
	bool runtime = type == EFI_RUNTIME_SERVICES_CODE || type == EFI_RUNTIME_SERVICES_DATA;

	return EFI_MEMORY_RAM | (runtime ? EFI_MEMORY_RUNTIME : 0);
}

/* 7.2.1: what a caller may ask for. */
static bool type_may_be_allocated(uint32_t type)
{
	return type >= EFI_MEMORY_TYPE_OEM ||
	       (type < EFI_PERSISTENT_MEMORY && type != EFI_CONVENTIONAL_MEMORY);
}

efi_status_t efi_pages_allocate(struct efi_memory *mem, enum efi_allocate_type how, uint32_t type,
				uint64_t pages, gpa_t *gpa)
{
	gpa_t at = *gpa;
	bool found = false;
	int ret;

	if (!type_may_be_allocated(type))
		return EFI_INVALID_PARAMETER;
	if (pages == 0)
		return EFI_INVALID_PARAMETER;
	if (pages > PAGES_MAX)
		return EFI_OUT_OF_RESOURCES;
	switch (how) {
	case EFI_ALLOCATE_ANY:
		if (bin_allocate(mem, type, pages, UINT64_MAX, gpa))
			return EFI_SUCCESS;
		found = pages_default(mem, pages, UINT64_MAX, &at) ||
			pages_highest(mem, pages, FOUR_GIB - 1, &at) ||
			pages_highest(mem, pages, UINT64_MAX, &at);
		break;
	case EFI_ALLOCATE_MAX_ADDRESS:
		if (bin_allocate(mem, type, pages, *gpa, gpa))
			return EFI_SUCCESS;
		found = pages_default(mem, pages, *gpa, &at) ||
			pages_highest(mem, pages, *gpa, &at);
		break;
	case EFI_ALLOCATE_ADDRESS:
		if (at % GUEST_PAGE_SIZE)
			return EFI_NOT_FOUND;
		if (bin_allocate_at(mem, type, at, pages))
			return EFI_SUCCESS;
		found = pages_are_free(mem, at, pages);
		break;
	default: return EFI_INVALID_PARAMETER;
	}
	if (!found)
		return how == EFI_ALLOCATE_ADDRESS ? EFI_NOT_FOUND : EFI_OUT_OF_RESOURCES;
	ret = efi_memory_set(mem, type, at, pages, type_attributes(type));
	if (ret < 0)
		return EFI_OUT_OF_RESOURCES;
	*gpa = at;
	return EFI_SUCCESS;
}

/* What AllocatePages() may have given: RAM that is in use. */
static bool pages_are_allocated(const struct efi_memory *mem, gpa_t gpa, uint64_t pages)
{
	const struct efi_range *r = efi_memory_find(mem, gpa);

	while (r && r->type != EFI_CONVENTIONAL_MEMORY && type_may_be_allocated(r->type)) {
		uint64_t here = (range_last(r) - gpa) / GUEST_PAGE_SIZE + 1;

		if (here >= pages)
			return true;
		pages -= here;
		gpa = range_last(r) + 1;
		r = efi_memory_find(mem, gpa);
	}
	return false;
}

efi_status_t efi_pages_free(struct efi_memory *mem, gpa_t gpa, uint64_t pages)
{
	struct efi_bin *bin;
	uint32_t first;

	if (pages == 0 || gpa % GUEST_PAGE_SIZE)
		return EFI_INVALID_PARAMETER;
	bin = bin_of(mem, gpa, pages, &first);
	if (bin) {
		if (!bin_run(bin, first, pages, true))
			return EFI_NOT_FOUND;
		bin_mark(bin, first, pages, false);
		mem->key++;
		return EFI_SUCCESS;
	}
	if (pages > PAGES_MAX || !pages_are_allocated(mem, gpa, pages))
		return EFI_NOT_FOUND;
	if (efi_memory_set(mem, EFI_CONVENTIONAL_MEMORY, gpa, pages, EFI_MEMORY_RAM) < 0)
		return EFI_OUT_OF_RESOURCES;
	return EFI_SUCCESS;
}

/* --- pool --- */

static uint32_t pool_index(const struct efi_memory *mem, gpa_t gpa)
{
	uint32_t low = 0, high = mem->pool_count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (mem->pool[mid].gpa < gpa)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool pool_insert(struct efi_memory *mem, const struct efi_pool_block *b)
{
	uint32_t at = pool_index(mem, b->gpa);

	if (mem->pool_count == EFI_POOL_MAX)
		return false;
	memmove(&mem->pool[at + 1], &mem->pool[at], (mem->pool_count - at) * sizeof(mem->pool[0]));
	mem->pool[at] = *b;
	mem->pool_count++;
	return true;
}

static void pool_remove(struct efi_memory *mem, uint32_t at)
{
	mem->pool_count--;
	memmove(&mem->pool[at], &mem->pool[at + 1], (mem->pool_count - at) * sizeof(mem->pool[0]));
}

/* The first free block that is large enough. */
static uint32_t pool_find(const struct efi_memory *mem, uint32_t type, uint64_t size)
{
	for (uint32_t i = 0; i < mem->pool_count; i++) {
		const struct efi_pool_block *b = &mem->pool[i];

		if (!b->used && b->type == type && b->size >= size)
			return i;
	}
	return mem->pool_count;
}

static efi_status_t pool_grow(struct efi_memory *mem, uint32_t type, uint64_t size)
{
	uint64_t pages = ALIGN_UP(size, GUEST_PAGE_SIZE) / GUEST_PAGE_SIZE;
	struct efi_pool_block b = { .type = type };
	efi_status_t status;

	if (pages < POOL_GRAIN)
		pages = POOL_GRAIN;
	/* One for these pages, one for what is left of them. */
	if (mem->pool_count + 2 > EFI_POOL_MAX)
		return EFI_OUT_OF_RESOURCES;
	status = efi_pages_allocate(mem, EFI_ALLOCATE_ANY, type, pages, &b.gpa);
	if (status != EFI_SUCCESS)
		return status;
	b.size = pages * GUEST_PAGE_SIZE;
	pool_insert(mem, &b);
	return EFI_SUCCESS;
}

int efi_pool_give(struct efi_memory *mem, uint32_t type, gpa_t gpa, uint64_t size)
{
	struct efi_pool_block b = { .gpa = gpa, .size = size, .type = type, .kept = 1 };

	return pool_insert(mem, &b) ? 0 : -ENOSPC;
}

efi_status_t efi_pool_allocate(struct efi_memory *mem, uint32_t type, uint64_t size, gpa_t *ret_gpa)
{
	struct efi_pool_block rest;
	efi_status_t status;
	uint32_t at;

	if (!type_may_be_allocated(type))
		return EFI_INVALID_PARAMETER;
	if (size > UINT64_MAX / 2)
		return EFI_OUT_OF_RESOURCES;
	size = size ? ALIGN_UP(size, EFI_POOL_ALIGN) : EFI_POOL_ALIGN;
	at = pool_find(mem, type, size);
	if (at == mem->pool_count) {
		status = pool_grow(mem, type, size);
		if (status != EFI_SUCCESS)
			return status;
		at = pool_find(mem, type, size);
	}
	rest = mem->pool[at];
	if (rest.size > size) {
		rest.gpa += size;
		rest.size -= size;
		if (!pool_insert(mem, &rest))
			return EFI_OUT_OF_RESOURCES;
		mem->pool[at].size = size;
	}
	mem->pool[at].used = 1;
	*ret_gpa = mem->pool[at].gpa;
	return EFI_SUCCESS;
}

static bool pool_joins(const struct efi_pool_block *a, const struct efi_pool_block *b)
{
	return !a->used && !b->used && a->type == b->type && a->kept == b->kept &&
	       a->gpa + a->size == b->gpa;
}

static void pool_join(struct efi_memory *mem, uint32_t at)
{
	if (at + 1 >= mem->pool_count || !pool_joins(&mem->pool[at], &mem->pool[at + 1]))
		return;
	mem->pool[at].size += mem->pool[at + 1].size;
	pool_remove(mem, at + 1);
}

/* Give back whole pages of the free block at @at, as edk2 does. */
static void pool_shrink(struct efi_memory *mem, uint32_t at)
{
	struct efi_pool_block b = mem->pool[at];
	gpa_t first = ALIGN_UP(b.gpa, GUEST_PAGE_SIZE);
	gpa_t end = ALIGN_DOWN(b.gpa + b.size, GUEST_PAGE_SIZE);
	struct efi_pool_block tail = { .gpa = end, .size = b.gpa + b.size - end, .type = b.type };

	if (b.kept || end <= first || (end - first) / GUEST_PAGE_SIZE < POOL_GRAIN ||
	    (tail.size && mem->pool_count == EFI_POOL_MAX))
		return;
	if (efi_pages_free(mem, first, (end - first) / GUEST_PAGE_SIZE) != EFI_SUCCESS)
		return;
	mem->pool[at].size = first - b.gpa;
	if (mem->pool[at].size == 0)
		pool_remove(mem, at);
	if (tail.size)
		pool_insert(mem, &tail);
}

efi_status_t efi_pool_free(struct efi_memory *mem, gpa_t gpa)
{
	uint32_t at = pool_index(mem, gpa);

	if (at == mem->pool_count || mem->pool[at].gpa != gpa || !mem->pool[at].used)
		return EFI_INVALID_PARAMETER;
	mem->pool[at].used = 0;
	pool_join(mem, at);
	if (at > 0 && pool_joins(&mem->pool[at - 1], &mem->pool[at])) {
		pool_join(mem, at - 1);
		at--;
	}
	pool_shrink(mem, at);
	return EFI_SUCCESS;
}
