/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The growable list of which bytes go where in guest memory. */
#include "loaders/placement.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PLACEMENTS_FIRST_CAP 16

static int placements_grow(struct placements *p)
{
	size_t cap = p->cap ? p->cap * 2 : PLACEMENTS_FIRST_CAP;
	struct placement *items;

	if (p->count < p->cap)
		return 0;
	items = reallocarray(p->items, cap, sizeof(*items));
	if (!items)
		return -ENOMEM;
	p->items = items;
	p->cap = cap;
	return 0;
}

static int placements_append(struct placements *p, const char *name, gpa_t gpa, struct bytes data,
			     uint64_t size, const char *source, bool owned)
{
	struct placement *item;
	uint64_t end;
	int r;

	assert(data.len <= size);
	if (__builtin_add_overflow(gpa, size, &end))
		return -EOVERFLOW;
	r = placements_grow(p);
	if (r < 0)
		return r;
	item = &p->items[p->count++];
	*item = (struct placement){ .gpa = gpa, .size = size, .data = data, .owned = owned };
	snprintf(item->name, sizeof(item->name), "%s", name);
	snprintf(item->source, sizeof(item->source), "%s", source);
	return 0;
}

int placements_add(struct placements *p, const char *name, gpa_t gpa, struct bytes data,
		   uint64_t size, const char *source)
{
	return placements_append(p, name, gpa, data, size, source, false);
}

int placements_add_owned(struct placements *p, const char *name, gpa_t gpa, struct bytes data,
			 uint64_t size, const char *source)
{
	return placements_append(p, name, gpa, data, size, source, true);
}

int placements_add_copy(struct placements *p, const char *name, gpa_t gpa, const void *data,
			size_t len, const char *source)
{
	uint8_t *copy = malloc(len ? len : 1);
	int r;

	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, data, len);
	r = placements_append(p, name, gpa, (struct bytes){ copy, len }, len, source, true);
	if (r < 0)
		free(copy);
	return r;
}

const struct placement *placements_find(const struct placements *p, const char *name)
{
	for (size_t i = p->count; i > 0; i--)
		if (!strcmp(p->items[i - 1].name, name))
			return &p->items[i - 1];
	return NULL;
}

void placements_free(struct placements *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].owned)
			free((uint8_t *)(uintptr_t)p->items[i].data.data);
	free(p->items);
	*p = (struct placements){ 0 };
}
