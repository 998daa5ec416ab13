/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing two sorted lists of address ranges; the page tables as such lists (SDM 3A chapter 4). */
#include "tools/diff_spans.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/paging.h"

/* The span that holds @addr; *pos only moves forward. */
static const struct span *span_at(const struct span_list *list, size_t *pos, uint64_t addr)
{
	while (*pos < list->count && list->items[*pos].last < addr)
		++*pos;
	if (*pos < list->count && list->items[*pos].start <= addr)
		return &list->items[*pos];
	return NULL;
}

/* The last address up to which nothing changes in @list from @addr on. */
static uint64_t span_until(const struct span_list *list, size_t pos, uint64_t addr)
{
	if (pos == list->count)
		return UINT64_MAX;
	return list->items[pos].start > addr ? list->items[pos].start - 1 : list->items[pos].last;
}

static bool span_equal(const struct span *a, const struct span *b)
{
	if (!a || !b)
		return a == b;
	return !memcmp(a->value, b->value, sizeof(a->value));
}

struct stretch {
	bool any;
	uint64_t start, last;
	const struct span *of[2];
};

static void stretch_add(struct diff *d, enum diff_kind kind, const struct stretch *s,
			span_text_fn text)
{
	char texts[2][128], name[64];
	struct diff_item *item;
	bool has[2];

	if (!s->any)
		return;
	for (unsigned side = 0; side < 2; side++) {
		struct span part = s->of[side] ? *s->of[side] : (struct span){ 0 };

		/* The span may have begun before the stretch. */
		part.start = s->start;
		has[side] = s->of[side] && text(&part, texts[side], sizeof(texts[side]));
	}
	snprintf(name, sizeof(name), "0x%" PRIx64 "-0x%" PRIx64, s->start, s->last);
	item = diff_add(d, kind, name, has[0] ? texts[0] : NULL, has[1] ? texts[1] : NULL);
	for (unsigned side = 0; side < 2; side++) {
		if (has[side])
			diff_at(item, side, s->of[side]->at, s->of[side]->at_size);
	}
}

void diff_spans(struct diff *d, enum diff_kind kind, const struct span_list list[2],
		span_text_fn text)
{
	struct stretch run = { 0 };
	size_t pos[2] = { 0, 0 };
	uint64_t addr = 0;

	for (;;) {
		const struct span *of[2] = { span_at(&list[0], &pos[0], addr),
					     span_at(&list[1], &pos[1], addr) };
		uint64_t until[2] = { span_until(&list[0], pos[0], addr),
				      span_until(&list[1], pos[1], addr) };
		uint64_t last = until[0] < until[1] ? until[0] : until[1];

		if (run.any && span_equal(of[0], run.of[0]) && span_equal(of[1], run.of[1])) {
			run.last = last;
		} else {
			stretch_add(d, kind, &run, text);
			run = (struct stretch){ .any = !span_equal(of[0], of[1]),
						.start = addr,
						.last = last,
						.of = { of[0], of[1] } };
		}
		if (last == UINT64_MAX)
			break;
		addr = last + 1;
	}
	stretch_add(d, kind, &run, text);
}

/* --- page tables --- */

#define TABLES_MAX 4096u

static bool mapping_text(const struct span *s, char *text, size_t size)
{
	uint64_t gpa = s->start + s->value[0], page = s->value[1], flags = s->value[2];

	snprintf(text, size, "0x%" PRIx64 ", %" PRIu64 "%s pages, %s%s%s%s", gpa,
		 page >= MIB(1) ? page >> 20 : page >> 10, page >= MIB(1) ? "M" : "K",
		 flags & PTE_RW ? "rw" : "r", flags & PTE_NX ? "" : "x",
		 flags & PTE_US ? ", user" : "", flags & PTE_G ? ", global" : "");
	return true;
}

static int mapping_spans(const struct handover *h, struct span_list *ret)
{
	struct mem_reader mem = pages_reader(h->pages);
	struct page_range *ranges;
	size_t count;
	int err = page_ranges(&h->cpu, &mem, TABLES_MAX, &ranges, &count);

	if (err)
		return err;
	ret->items = calloc(count ? count : 1, sizeof(*ret->items));
	if (!ret->items) {
		free(ranges);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		const struct page_range *r = &ranges[i];
		struct page_walk w;

		page_walk(&h->cpu, &mem, r->start, &w);
		ret->items[i] = (struct span){
			.start = r->start,
			.last = r->start + (r->len - 1), /* len 0 means up to the top */
			.value = { r->gpa - r->start, r->page_size, r->flags },
			.at = w.steps ? w.step[w.steps - 1].address : 0,
			.at_size = w.steps ? 8 : 0,
		};
	}
	ret->count = count;
	free(ranges);
	return 0;
}

void diff_page_tables(struct diff *d)
{
	struct span_list list[2] = { 0 };
	char text[2][64];
	int err[2];

	if (!diff_knows_memory(d))
		return;
	for (unsigned side = 0; side < 2; side++) {
		err[side] = mapping_spans(d->at[side], &list[side]);
		d->failed |= err[side] == -ENOMEM;
		snprintf(text[side], sizeof(text[side]), "%s",
			 err[side] ? "cannot be read" : "can be read");
	}
	if (!err[0] && !err[1])
		diff_spans(d, DIFF_PAGE_TABLES, list, mapping_text);
	else if (err[0] != err[1])
		diff_add(d, DIFF_PAGE_TABLES, "tables", text[0], text[1]);
	free(list[0].items);
	free(list[1].items);
}
