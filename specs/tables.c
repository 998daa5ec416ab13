/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables as rules see them: where they lie, and whether ranges are mapped to themselves (SDM 3A chapter 4). */
#include "specs/tables.h"

#include <inttypes.h>

/* OVMF has 1,028 tables for 4 GiB and its own protections; ten times that is a loop. */
#define TABLES_MAX 16384u

struct table_walk {
	struct eval *ev;
	const struct handover *h;
	struct regions *set;
	unsigned count;
	enum paging_mode mode;
};

/* The address of the next lower table that @entry names; false for a leaf or nothing. */
static bool next_table(const struct table_walk *w, unsigned level, uint64_t entry, gpa_t *ret)
{
	if (!(entry & PTE_P) || level == 1)
		return false;
	/* In PAE paging a PDPTE has no page size bit (SDM 3A table 4-8). */
	if ((entry & PTE_PS) && level <= 3 && !(level == 3 && w->mode == PAGING_PAE))
		return false;
	*ret = w->mode == PAGING_32 ? entry & 0xfffff000u : entry & PTE_FRAME;
	return true;
}

static void visit_table(struct table_walk *w, unsigned level, gpa_t at)
{
	unsigned size = w->mode == PAGING_32 ? 4 : 8, count = (unsigned)GUEST_PAGE_SIZE / size;
	uint8_t page[GUEST_PAGE_SIZE];
	gpa_t next;

	/* A table that was seen, also one that leads to itself, has been followed already. */
	if (w->ev->status != EVAL_OK || regions_find(w->set, at))
		return;
	if (++w->count > TABLES_MAX) {
		eval_stop(w->ev, EVAL_ERROR, "more than %u page tables", TABLES_MAX);
		return;
	}
	eval_spend(w->ev, 64);
	if (level == 3 && w->mode == PAGING_PAE)
		count = 4;
	set_add(w->ev, w->set, at & GUEST_PAGE_MASK, GUEST_PAGE_SIZE);
	if (!state_read(w->ev, w->h, at, page, count * size))
		return;
	for (unsigned i = 0; i < count && level > 1; i++) {
		uint64_t entry = size == 4 ? get_le32(page + i * 4) : get_le64(page + i * 8);

		if (next_table(w, level, entry, &next))
			visit_table(w, level - 1, next);
	}
}

void add_page_tables(struct eval *ev, const struct handover *h, struct regions *set)
{
	static const unsigned levels[] = {
		[PAGING_32] = 2, [PAGING_PAE] = 3, [PAGING_4LEVEL] = 4, [PAGING_5LEVEL] = 5
	};
	struct table_walk w = { .ev = ev, .h = h, .set = set, .mode = paging_mode(&h->cpu) };

	if (w.mode == PAGING_NONE)
		return;
	visit_table(&w, levels[w.mode],
		    w.mode == PAGING_PAE ? h->cpu.cr3 & 0xffffffe0u : h->cpu.cr3 & PTE_FRAME);
}

/* A reader that remembers whether memory was asked for that a captured state does not hold. */
struct missing_reader {
	const struct pages *pages;
	bool *missed;
};

static int missing_read(const void *ctx, gpa_t gpa, void *data, size_t len)
{
	const struct missing_reader *r = ctx;
	int err = r->pages ? pages_read(r->pages, gpa, data, len) : -1;

	if (err)
		*r->missed = true;
	return err;
}

static bool missed(struct eval *ev, const struct handover *h, bool was)
{
	if (was && (!h->pages || ev->context->partial_memory)) {
		eval_stop(ev, EVAL_SKIP, "the state does not hold its page tables");
		return true;
	}
	return false;
}

static struct value of_bool(bool b)
{
	return (struct value){ .type = VALUE_BOOL, .n = b };
}

/*
 * Every page of [start, start+len) that the predicate must hold for, by steps of
 * the page's own size; false at the first for which it does not.
 */
typedef bool (*page_fn)(gva_t va, const struct page_walk *walk);

static bool every_page(struct eval *ev, const struct cpu_state *cpu, uint64_t start, uint64_t len,
		       page_fn holds)
{
	const struct handover *h = ev->now;
	bool miss = false, ok = true;
	struct missing_reader r = { h->pages, &miss };
	struct mem_reader mem = { missing_read, &r };
	struct page_walk walk;
	uint64_t va = start, last;

	if (!len)
		return true;
	if (__builtin_add_overflow(start, len - 1, &last)) {
		eval_stop(ev, EVAL_ERROR,
			  "0x%" PRIx64 " + 0x%" PRIx64 " does not fit an unsigned 64-bit integer",
			  start, len);
		return false;
	}
	for (;;) {
		uint64_t size, next;

		ok = page_walk(cpu, &mem, va, &walk) && holds(va, &walk);
		size = walk.size ? walk.size : GUEST_PAGE_SIZE;
		next = ALIGN_DOWN(va, size) + size;
		/* With paging off every address below 4 GiB is alike. */
		if (!ok || next > last || next < va ||
		    (walk.mode == PAGING_NONE && last <= UINT32_MAX))
			break;
		va = next;
		eval_spend(ev, 4);
		if (ev->status != EVAL_OK)
			return false;
	}
	if (!ok && missed(ev, h, miss))
		return false;
	return ok;
}

static bool is_identity(gva_t va, const struct page_walk *walk)
{
	return walk->gpa == va;
}

static bool is_mapped(gva_t va, const struct page_walk *walk)
{
	return true;
}

static bool is_writable(gva_t va, const struct page_walk *walk)
{
	return walk->mode == PAGING_NONE || walk->writable;
}

static bool is_executable(gva_t va, const struct page_walk *walk)
{
	return walk->mode == PAGING_NONE || !walk->no_execute;
}

static struct value call_identity_mapped(struct eval *ev, const struct value *a)
{
	return of_bool(every_page(ev, &ev->now->cpu, a[0].n, a[1].n, is_identity));
}

static struct value call_mapped(struct eval *ev, const struct value *a)
{
	return of_bool(every_page(ev, &ev->now->cpu, a[0].n, a[1].n, is_mapped));
}

static struct value call_mapped_writable(struct eval *ev, const struct value *a)
{
	return of_bool(every_page(ev, &ev->now->cpu, a[0].n, a[1].n, is_writable));
}

static struct value call_mapped_executable(struct eval *ev, const struct value *a)
{
	return of_bool(every_page(ev, &ev->now->cpu, a[0].n, a[1].n, is_executable));
}

const struct function table_functions[] = {
	{ "identity_mapped", VALUE_BOOL, "ii", true, call_identity_mapped,
	  "start, len: every page maps to itself" },
	{ "mapped", VALUE_BOOL, "ii", true, call_mapped, "start, len: every page is present" },
	{ "mapped_writable", VALUE_BOOL, "ii", true, call_mapped_writable,
	  "start, len: and writable at every level" },
	{ "mapped_executable", VALUE_BOOL, "ii", true, call_mapped_executable,
	  "start, len: and not NX" },
};

const size_t table_function_count = ARRAY_SIZE(table_functions);
