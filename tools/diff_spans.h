/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing two sorted lists of address ranges, whatever the borders that each of them is cut at. */
#ifndef TOOLS_DIFF_SPANS_H
#define TOOLS_DIFF_SPANS_H

#include "tools/diff.h"

struct span {
	uint64_t start, last; /* both inclusive */
	uint64_t value[3];    /* compared */
	gpa_t at;             /* the memory that says so */
	uint32_t at_size;
};

/* Sorted by start; where two overlap the first counts. */
struct span_list {
	struct span *items;
	size_t count;
};

/* What a span's value means; false: the same as no span at all. */
typedef bool (*span_text_fn)(const struct span *s, char *text, size_t size);

/* One difference for each range of addresses in which the two lists differ alike. */
void diff_spans(struct diff *d, enum diff_kind kind, const struct span_list list[2],
		span_text_fn text);

#endif
