/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sorted map from address intervals to a number. */
#include "emu/base/regions.h"

#include <errno.h>
#include <stdlib.h>

/* Index of the first region that ends at or after @addr; count when none does. */
static size_t regions_lower(const struct regions *r, uint64_t addr)
{
	size_t lo = 0, hi = r->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->items[mid].last < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int regions_reserve(struct regions *r, size_t want)
{
	struct region *items;
	size_t cap = r->cap ? r->cap : 8;

	if (want <= r->cap)
		return 0;
	while (cap < want) {
		if (cap > SIZE_MAX / 2 / sizeof(*items))
			return -ENOMEM;
		cap *= 2;
	}
	items = realloc(r->items, cap * sizeof(*items));
	if (!items)
		return -ENOMEM;
	r->items = items;
	r->cap = cap;
	return 0;
}

/* Replace regions [from, to) by the @n pieces; room for them has been reserved. */
static void regions_splice(struct regions *r, size_t from, size_t to, const struct region *pieces,
			   size_t n)
{
	memmove(r->items + from + n, r->items + to, (r->count - to) * sizeof(*r->items));
	memcpy(r->items + from, pieces, n * sizeof(*pieces));
	r->count = r->count - (to - from) + n;
}

/* Region @i and its successor become one when they touch and are alike. */
static bool regions_merge(struct regions *r, size_t i)
{
	struct region *a = r->items + i, *b = a + 1;

	if (i + 1 >= r->count || a->value != b->value || a->last + 1 != b->start)
		return false;
	a->last = b->last;
	memmove(b, b + 1, (r->count - i - 2) * sizeof(*b));
	r->count--;
	return true;
}

/* Put @mid (NULL: nothing) in place of whatever lies in [start, last]. */
static int regions_replace(struct regions *r, uint64_t start, uint64_t last,
			   const struct region *mid)
{
	size_t from = regions_lower(r, start), to = from, n = 0;
	struct region pieces[3];
	int err;

	/* Cutting the middle out of one region leaves at most two more than there were. */
	err = regions_reserve(r, r->count + 2);
	if (err)
		return err;
	while (to < r->count && r->items[to].start <= last)
		to++;
	if (to > from && r->items[from].start < start) {
		pieces[n] = r->items[from];
		pieces[n++].last = start - 1;
	}
	if (mid)
		pieces[n++] = *mid;
	if (to > from && r->items[to - 1].last > last) {
		pieces[n] = r->items[to - 1];
		pieces[n++].start = last + 1;
	}
	regions_splice(r, from, to, pieces, n);
	/* Everything further out was merged before, so only these borders can have become alike. */
	for (size_t i = from ? from - 1 : 0, tries = n + 1; tries; tries--) {
		if (!regions_merge(r, i))
			i++;
	}
	return 0;
}

int regions_set(struct regions *r, uint64_t start, uint64_t len, uint64_t value)
{
	uint64_t last;

	if (!len)
		return 0;
	if (__builtin_add_overflow(start, len - 1, &last))
		return -EOVERFLOW;
	return regions_replace(r, start, last,
			       &(struct region){ .start = start, .last = last, .value = value });
}

int regions_remove(struct regions *r, uint64_t start, uint64_t len)
{
	uint64_t last;

	if (!len)
		return 0;
	if (__builtin_add_overflow(start, len - 1, &last))
		return -EOVERFLOW;
	return regions_replace(r, start, last, NULL);
}

const struct region *regions_find(const struct regions *r, uint64_t addr)
{
	size_t i = regions_lower(r, addr);

	if (i == r->count || r->items[i].start > addr)
		return NULL;
	return r->items + i;
}

bool regions_cover(const struct regions *r, uint64_t start, uint64_t len)
{
	uint64_t last;

	if (!len)
		return true;
	if (__builtin_add_overflow(start, len - 1, &last))
		return false;
	for (size_t i = regions_lower(r, start); i < r->count; i++) {
		if (r->items[i].start > start)
			return false;
		if (r->items[i].last >= last)
			return true;
		start = r->items[i].last + 1;
	}
	return false;
}

bool regions_overlap(const struct regions *r, uint64_t start, uint64_t len)
{
	size_t i = regions_lower(r, start);

	return len && i < r->count &&
	       (r->items[i].start <= start || r->items[i].start - start < len);
}

int regions_copy(struct regions *dst, const struct regions *src)
{
	struct regions copy = { 0 };
	int err;

	if (dst == src)
		return 0;
	err = regions_reserve(&copy, src->count);
	if (err)
		return err;
	if (src->count)
		memcpy(copy.items, src->items, src->count * sizeof(*src->items));
	copy.count = src->count;
	regions_free(dst);
	*dst = copy;
	return 0;
}

void regions_free(struct regions *r)
{
	if (!r)
		return;
	free(r->items);
	*r = (struct regions){ 0 };
}
