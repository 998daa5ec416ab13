/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of names: building, sorting and looking up. */
#include "loaders/symbols.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char *const code_stage_names[STAGE_COUNT] = {
	[STAGE_SETUP] = "setup",
	[STAGE_COMPRESSED] = "compressed",
	[STAGE_KERNEL] = "kernel",
};

bool code_stage_find(const char *name, enum code_stage *ret)
{
	for (unsigned i = 0; i < STAGE_COUNT; i++) {
		if (!strcmp(code_stage_names[i], name)) {
			*ret = (enum code_stage)i;
			return true;
		}
	}
	return false;
}

const char *const symbol_source_names[] = {
	[SYMBOL_FROM_HEADER] = "header",
	[SYMBOL_FROM_KALLSYMS] = "kallsyms",
	[SYMBOL_FROM_SYSTEM_MAP] = "System.map",
	[SYMBOL_FROM_ELF] = "ELF",
};

/* A symbol whose name has no lasting place yet. */
struct symbol_draft {
	uint64_t address;
	size_t name; /* offset into the builder's names */
	size_t order;
	uint32_t underscores;
	char type;
	enum symbol_source source;
};

void symbols_begin(struct symbols_builder *b, struct symbols *to, enum code_stage stage,
		   uint64_t start, uint64_t end)
{
	*b = (struct symbols_builder){ .to = to };
	*to = (struct symbols){ .stage = stage, .start = start, .end = end };
}

static bool builder_grow(struct symbols_builder *b)
{
	size_t cap = b->cap ? b->cap * 2 : 64;
	struct symbol_draft *grown;

	if (b->count < b->cap)
		return true;
	grown = reallocarray(b->drafts, cap, sizeof(*grown));
	if (!grown) {
		b->failed = true;
		return false;
	}
	b->drafts = grown;
	b->cap = cap;
	return true;
}

void symbols_add(struct symbols_builder *b, uint64_t address, char type, const char *name,
		 size_t name_len, enum symbol_source source)
{
	struct symbol_draft d = {
		.address = address,
		.name = b->names.len,
		.order = b->count,
		.type = type,
		.source = source,
	};

	if (!name_len || memchr(name, '\0', name_len) || b->failed || !builder_grow(b))
		return;
	while (d.underscores < name_len && name[d.underscores] == '_')
		d.underscores++;
	buf_append(&b->names, name, name_len);
	buf_append(&b->names, "", 1);
	b->failed |= b->names.failed;
	b->drafts[b->count++] = d;
}

static bool is_global(char type)
{
	return type >= 'A' && type <= 'Z';
}

static bool is_code(char type)
{
	return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/*
 * Of the names of one address the best to print comes first: code before marks
 * that have no type of code, names without underscores (linker scripts mark
 * beginnings and ends with _text, __bss_stop), global before local; then as the
 * source has them.
 */
static int draft_compare(const void *pa, const void *pb)
{
	const struct symbol_draft *a = pa, *b = pb;
	int order = compare_u64(a->address, b->address);

	if (!order)
		order = is_code(b->type) - is_code(a->type);
	if (!order)
		order = compare_u64(a->underscores, b->underscores);
	if (!order)
		order = is_global(b->type) - is_global(a->type);
	return order ? order : compare_u64(a->order, b->order);
}

static int name_compare(const void *pa, const void *pb, void *arg)
{
	const struct symbol *items = arg;
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	int order = strcmp(items[a].name, items[b].name);

	return order ? order : compare_u64(a, b);
}

/* From the end: each reaches to the next address that is another. */
static void sizes_fill(struct symbols *s)
{
	uint64_t next = s->end, here = UINT64_MAX;

	for (size_t i = s->count; i--;) {
		struct symbol *sym = &s->items[i];

		if (sym->address < s->start || sym->address >= s->end)
			continue;
		if (sym->address != here && here != UINT64_MAX)
			next = here;
		here = sym->address;
		sym->size = next - here;
	}
}

int symbols_finish(struct symbols_builder *b)
{
	struct symbols *s = b->to;
	int err = 0;

	if (b->count)
		qsort(b->drafts, b->count, sizeof(*b->drafts), draft_compare);
	s->items = calloc(b->count + 1, sizeof(*s->items));
	s->by_name = calloc(b->count + 1, sizeof(*s->by_name));
	if (b->failed || !s->items || !s->by_name) {
		err = -ENOMEM;
		symbols_release(s);
		goto out;
	}
	s->names = (char *)b->names.data;
	b->names = (struct buf){ 0 };
	s->count = b->count;
	for (size_t i = 0; i < b->count; i++) {
		const struct symbol_draft *d = &b->drafts[i];

		s->items[i] = (struct symbol){ .address = d->address,
					       .name = s->names + d->name,
					       .type = d->type,
					       .source = d->source };
		s->by_name[i] = i;
	}
	sizes_fill(s);
	if (s->count)
		qsort_r(s->by_name, s->count, sizeof(*s->by_name), name_compare, s->items);
out:
	symbols_abandon(b);
	return err;
}

void symbols_abandon(struct symbols_builder *b)
{
	buf_free(&b->names);
	free(b->drafts);
	*b = (struct symbols_builder){ 0 };
}

void symbols_release(struct symbols *s)
{
	if (!s)
		return;
	free(s->items);
	free(s->by_name);
	free(s->names);
	*s = (struct symbols){ .stage = s->stage };
}

size_t symbols_find_all(const struct symbols *s, const char *name, size_t *ret_first)
{
	size_t low = 0, high = s->count, n = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(s->items[s->by_name[mid]].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	while (low + n < s->count && !strcmp(s->items[s->by_name[low + n]].name, name))
		n++;
	*ret_first = low;
	return n;
}

const struct symbol *symbols_find(const struct symbols *s, const char *name)
{
	size_t first;

	return symbols_find_all(s, name, &first) ? &s->items[s->by_name[first]] : NULL;
}

const struct symbol *symbols_at(const struct symbols *s, uint64_t address)
{
	size_t low = 0, high = s->count;
	uint64_t found;

	if (address < s->start || address >= s->end)
		return NULL;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->items[mid].address <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || s->items[low - 1].address < s->start)
		return NULL;
	found = s->items[--low].address;
	while (low && s->items[low - 1].address == found)
		low--;
	return &s->items[low];
}

char *symbols_describe(const struct symbols *s, uint64_t address, char *text, size_t size)
{
	const struct symbol *sym = symbols_at(s, address);

	if (sym)
		snprintf(text, size, "%s+0x%" PRIx64, sym->name, address - sym->address);
	else
		snprintf(text, size, "0x%" PRIx64, address);
	return text;
}
