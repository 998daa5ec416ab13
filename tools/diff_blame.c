/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who wrote what differs: a second run of each side, which determinism makes the same, with its stores watched. */
#include <stdlib.h>

#include "tools/check.h"
#include "tools/diff_blame.h"

/* One side's differences that lie in memory. */
static size_t side_records(const struct diff *d, unsigned side, struct store_record *records)
{
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++) {
		const struct diff_value *v = &d->items[i].side[side];

		if (v->size)
			records[n++] = (struct store_record){
				.gpa = v->gpa,
				.size = v->size,
				.until = d->at[side]->instructions,
			};
	}
	return n;
}

static void side_writers(struct diff *d, unsigned side, const struct store_record *records)
{
	for (size_t i = 0; i < d->count; i++) {
		struct diff_value *v = &d->items[i].side[side];
		struct buf text = { 0 };

		if (!v->size)
			continue;
		check_writer(records++, &text);
		v->writer = strdup(buf_str(&text));
		buf_free(&text);
	}
}

static void side_blame(struct diff *d, unsigned side)
{
	const struct diff_side *s = d->side[side];
	struct store_record *records = calloc(d->count + 1, sizeof(*records));
	struct report_path second = { 0 };
	struct run_options again;

	if (!records) {
		d->failed = true;
		return;
	}
	again = *s->options;
	again.keep_pages = false;
	again.observer = NULL;
	again.stores = records;
	again.store_count = side_records(d, side, records);
	if (again.store_count) {
		path_run(s->image, s->path.path, s->path.variant, &again, &second);
		side_writers(d, side, records);
		report_path_release(&second);
	}
	free(records);
}

void diff_blame(struct diff *d)
{
	for (unsigned side = 0; side < 2; side++) {
		if (!d->at[side] || !d->side[side]->image)
			continue;
		diff_blame_registers(d, side);
		side_blame(d, side);
	}
}
