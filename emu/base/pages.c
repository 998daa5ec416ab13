/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sparse store of guest pages with their own bytes. */
#include "emu/base/pages.h"

#include <errno.h>
#include <stdlib.h>

struct page {
	gpa_t gpa;
	const uint8_t *data;
	bool borrowed; /* not ours to write or free */
};

struct pages {
	struct regions ram;
	struct page *items; /* sorted by gpa */
	size_t count;
	size_t cap;
	unsigned more_owners;
};

struct pages *pages_create(const struct regions *ram)
{
	struct pages *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	if (regions_copy(&p->ram, ram))
		return pages_destroy(p);
	return p;
}

/* Index of the first page at or after @gpa. */
static size_t pages_lower(const struct pages *p, gpa_t gpa)
{
	size_t lo = 0, hi = p->count;

	/* A whole memory is put in address order: then it is always the end. */
	if (hi && p->items[hi - 1].gpa < gpa)
		return hi;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->items[mid].gpa < gpa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Room for a page at index @i; false when out of memory. */
static bool pages_insert(struct pages *p, size_t i, struct page page)
{
	struct page *items;

	if (p->count == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 64;

		items = realloc(p->items, cap * sizeof(*items));
		if (!items)
			return false;
		p->items = items;
		p->cap = cap;
	}
	memmove(p->items + i + 1, p->items + i, (p->count - i) * sizeof(*p->items));
	p->items[i] = page;
	p->count++;
	return true;
}

/* Bytes of our own for the page at @gpa, made when it is new or borrowed; NULL when out of memory. */
static uint8_t *pages_get(struct pages *p, gpa_t gpa)
{
	size_t i = pages_lower(p, gpa);
	struct page *page = i < p->count && p->items[i].gpa == gpa ? &p->items[i] : NULL;
	uint8_t *data;

	if (page && !page->borrowed)
		return (uint8_t *)page->data;
	data = calloc(1, GUEST_PAGE_SIZE);
	if (!data)
		return NULL;
	if (page) {
		memcpy(data, page->data, GUEST_PAGE_SIZE);
		*page = (struct page){ .gpa = gpa, .data = data };
	} else if (!pages_insert(p, i, (struct page){ .gpa = gpa, .data = data })) {
		free(data);
		return NULL;
	}
	return data;
}

int pages_borrow(struct pages *p, gpa_t gpa, const uint8_t *data)
{
	struct page page = { .gpa = gpa, .data = data, .borrowed = true };
	size_t i = pages_lower(p, gpa);

	if (gpa & ~GUEST_PAGE_MASK || !regions_cover(&p->ram, gpa, GUEST_PAGE_SIZE))
		return -EFAULT;
	if (i == p->count || p->items[i].gpa != gpa)
		return pages_insert(p, i, page) ? 0 : -ENOMEM;
	if (!p->items[i].borrowed)
		free((uint8_t *)p->items[i].data);
	p->items[i] = page;
	return 0;
}

/* How many of @len bytes at @gpa lie in its page. */
static size_t in_page(gpa_t gpa, size_t len)
{
	uint64_t left = GUEST_PAGE_SIZE - (gpa & ~GUEST_PAGE_MASK);

	return len < left ? len : (size_t)left;
}

int pages_put(struct pages *p, gpa_t gpa, const void *data, size_t len)
{
	const uint8_t *from = data;

	if (!regions_cover(&p->ram, gpa, len))
		return -EFAULT;
	while (len) {
		size_t n = in_page(gpa, len);
		uint8_t *page = pages_get(p, gpa & GUEST_PAGE_MASK);

		if (!page)
			return -ENOMEM;
		memcpy(page + (gpa & ~GUEST_PAGE_MASK), from, n);
		gpa += n;
		from += n;
		len -= n;
	}
	return 0;
}

int pages_read(const struct pages *p, gpa_t gpa, void *data, size_t len)
{
	uint8_t *to = data;

	if (!regions_cover(&p->ram, gpa, len))
		return -EFAULT;
	while (len) {
		size_t n = in_page(gpa, len);
		size_t i = pages_lower(p, gpa & GUEST_PAGE_MASK);

		if (i < p->count && p->items[i].gpa == (gpa & GUEST_PAGE_MASK))
			memcpy(to, p->items[i].data + (gpa & ~GUEST_PAGE_MASK), n);
		else
			memset(to, 0, n);
		gpa += n;
		to += n;
		len -= n;
	}
	return 0;
}

static int pages_reader_read(const void *ctx, gpa_t gpa, void *data, size_t len)
{
	return pages_read(ctx, gpa, data, len);
}

struct mem_reader pages_reader(const struct pages *p)
{
	return (struct mem_reader){ .read = pages_reader_read, .ctx = p };
}

const struct regions *pages_ram(const struct pages *p)
{
	return &p->ram;
}

size_t pages_count(const struct pages *p)
{
	return p->count;
}

gpa_t pages_address(const struct pages *p, size_t i, const uint8_t **ret_data)
{
	*ret_data = p->items[i].data;
	return p->items[i].gpa;
}

struct pages *pages_share(struct pages *p)
{
	p->more_owners++;
	return p;
}

struct pages *pages_destroy(struct pages *p)
{
	if (!p)
		return NULL;
	if (p->more_owners) {
		p->more_owners--;
		return NULL;
	}
	for (size_t i = 0; i < p->count; i++) {
		if (!p->items[i].borrowed)
			free((uint8_t *)p->items[i].data);
	}
	free(p->items);
	regions_free(&p->ram);
	free(p);
	return NULL;
}
