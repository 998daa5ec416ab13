/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that the blocks of a trace lie in, numbered in the order of the dictionary. */
#include "tools/trace_functions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/base/digest.h"

/* An index by stage and symbol while the table is made: open addressing. */
struct function_index {
	uint32_t *slots; /* number + 1 */
	size_t size;
};

static bool functions_grow(struct trace_functions *f, struct function_index *x)
{
	size_t cap = x->size;
	struct trace_function *items = realloc(f->items, cap * sizeof(*items));
	uint32_t *slots = calloc(2 * cap, sizeof(*slots));

	if (items)
		f->items = items;
	if (!items || !slots) {
		free(slots);
		return false;
	}
	free(x->slots);
	x->slots = slots;
	x->size = 2 * cap;
	for (size_t i = 0; i < f->count; i++) {
		size_t k = hash64(f->items[i].symbol, strlen(f->items[i].symbol)) % x->size;

		while (x->slots[k])
			k = (k + 1) % x->size;
		x->slots[k] = (uint32_t)i + 1;
	}
	return true;
}

/* The function's number, new or not; UINT32_MAX without memory. */
static uint32_t function_number(struct trace_functions *f, struct function_index *x,
				const struct trace_name *n)
{
	size_t k;

	if (f->count * 2 >= x->size && !functions_grow(f, x))
		return UINT32_MAX;
	k = hash64(n->symbol, strlen(n->symbol)) % x->size;
	for (; x->slots[k]; k = (k + 1) % x->size) {
		const struct trace_function *o = &f->items[x->slots[k] - 1];

		if (!strcmp(o->symbol, n->symbol) && !strcmp(o->stage, n->stage))
			return x->slots[k] - 1;
	}
	f->items[f->count++] = (struct trace_function){ .stage = n->stage, .symbol = n->symbol };
	x->slots[k] = (uint32_t)f->count;
	return (uint32_t)f->count - 1;
}

/* Two stages of an image may each have a startup_64. */
static int name_all(struct trace_functions *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct trace_function *a = &f->items[i];
		bool twice = false;

		for (size_t k = 0; k < f->count && a->symbol[0] && !strcmp(a->stage, "kernel"); k++)
			twice |= k != i && !strcmp(f->items[k].symbol, a->symbol);
		if (!a->symbol[0])
			a->text = strdup(a->stage[0] ? a->stage : "?");
		else if (asprintf(&a->text, "%s%s", twice ? "kernel " : "", a->symbol) < 0)
			a->text = NULL;
		if (!a->text)
			return -ENOMEM;
	}
	return 0;
}

int trace_functions_create(struct trace_functions *ret, const struct trace *t)
{
	static const struct trace_name nothing = { .stage = "", .symbol = "" };
	struct trace_functions f = { 0 };
	struct function_index x = { .size = 256 };
	size_t blocks, names = 0;
	const struct trace_block *b = trace_blocks(t, &blocks);
	int err = -ENOMEM;

	for (size_t i = 0; i < blocks; i++)
		names += b[i].name_count;
	f.of = calloc(names + 1, sizeof(*f.of));
	f.first = calloc(blocks + 1, sizeof(*f.first));
	if (!f.of || !f.first || !functions_grow(&f, &x) ||
	    function_number(&f, &x, &nothing) == UINT32_MAX)
		goto out;
	names = 0;
	for (size_t i = 0; i < blocks; i++) {
		f.first[i] = names;
		for (uint32_t k = 0; k < b[i].name_count; k++) {
			uint32_t number = function_number(&f, &x, &b[i].names[k].name);

			if (number == UINT32_MAX)
				goto out;
			f.of[names++] = number;
		}
	}
	err = name_all(&f);
out:
	free(x.slots);
	if (err)
		trace_functions_release(&f);
	else
		*ret = f;
	return err;
}

void trace_functions_release(struct trace_functions *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->items[i].text);
	free(f->items);
	free(f->of);
	free(f->first);
	*f = (struct trace_functions){ 0 };
}

uint32_t trace_function_at(const struct trace_functions *f, const struct trace_block *b,
			   uint32_t block, uint32_t at, uint64_t *ret_offset)
{
	uint32_t i = b->name_count;

	while (i && b->names[i - 1].at > at)
		i--;
	if (!i) {
		*ret_offset = 0;
		return 0;
	}
	*ret_offset = b->names[i - 1].name.offset + (at - b->names[i - 1].at);
	return f->of[f->first[block] + i - 1];
}
