/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of the rule language that compare memory: with what it was at an earlier point, and with other memory. */
#include <inttypes.h>
#include <stdlib.h>

#include "specs/functions.h"

#define CHUNK    4096u
/* The longest that holds_copy() looks for. */
#define COPY_MAX 4096u

/* The state at the point that is called so; NULL after eval_stop(). */
static const struct handover *state_at(struct eval *ev, const char *point)
{
	for (size_t i = ev->context->handover_count; i-- > 0;) {
		const struct handover *h = &ev->context->handovers[i];

		if (!strcmp(point_names[h->point], point))
			return h;
	}
	eval_stop(ev, EVAL_SKIP, "this path has no state at the point %s", point);
	return NULL;
}

/* True when both hold the same there; else, unless ev has stopped, last_read is the first byte that differs. */
static bool same_memory(struct eval *ev, const struct handover *then, uint64_t start, uint64_t last)
{
	uint8_t a[CHUNK], b[CHUNK];

	for (uint64_t at = start, n; at <= last; at += n) {
		n = last - at < CHUNK ? last - at + 1 : CHUNK;
		eval_spend(ev, 4);
		if (!state_read(ev, then, at, a, n) || !state_read(ev, ev->now, at, b, n))
			return false;
		for (uint64_t i = 0; i < n; i++) {
			if (a[i] == b[i])
				continue;
			ev->last_read = (struct expr_memory){ at + i, 1 };
			return false;
		}
		if (at > UINT64_MAX - n)
			break;
	}
	return true;
}

static struct value call_unchanged(struct eval *ev, const struct value *a)
{
	const struct handover *then = state_at(ev, a[0].s);
	const struct regions *set = &a[1].set;

	for (size_t i = 0; then && i < set->count; i++) {
		if (!same_memory(ev, then, set->items[i].start, set->items[i].last))
			return function_bool(false);
	}
	return function_bool(true);
}

/* Looks for @needle in one region, in chunks that overlap by its length. */
static bool region_holds(struct eval *ev, const struct region *r, const uint8_t *needle, size_t len)
{
	uint8_t window[COPY_MAX + CHUNK];
	uint64_t at = r->start;

	while (r->last - at >= len - 1) {
		uint64_t left = r->last - at + 1;
		size_t n = left < len + CHUNK - 1 ? (size_t)left : len + CHUNK - 1;

		eval_spend(ev, 4);
		if (!state_read(ev, ev->now, at, window, n))
			return false;
		if (memmem(window, n, needle, len))
			return true;
		if (left <= CHUNK)
			return false;
		at += CHUNK;
	}
	return false;
}

static struct value call_holds_copy(struct eval *ev, const struct value *a)
{
	uint8_t needle[COPY_MAX];
	size_t len = (size_t)a[2].n;

	if (!a[2].n || a[2].n > COPY_MAX) {
		eval_stop(ev, EVAL_ERROR, "holds_copy: 0x%" PRIx64 " bytes", a[2].n);
		return function_bool(false);
	}
	if (!state_read(ev, ev->now, a[1].n, needle, len))
		return function_bool(false);
	for (size_t i = 0; i < a[0].set.count && ev->status == EVAL_OK; i++) {
		if (region_holds(ev, &a[0].set.items[i], needle, len))
			return function_bool(true);
	}
	return function_bool(false);
}

const struct function compare_functions[] = {
	{ "unchanged", VALUE_BOOL, "pS", true, call_unchanged,
	  "point, set: memory there is what it was at that point" },
	{ "holds_copy", VALUE_BOOL, "Sii", true, call_holds_copy,
	  "set, address, len: somewhere in the set are the bytes that are at that address" },
};

const size_t compare_function_count = ARRAY_SIZE(compare_functions);
