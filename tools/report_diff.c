/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Differences for people, and as JSON (man/bootpath-diff.1). */
#include <inttypes.h>

#include "emu/base/jsonw.h"
#include "tools/diff.h"

static const char *text_of(const struct diff_value *v)
{
	return v->text ? v->text : "-";
}

static void text_item(const struct diff *d, const struct diff_item *item, struct buf *out)
{
	buf_printf(out, "  %s: %s | %s", item->name, text_of(&item->side[0]),
		   text_of(&item->side[1]));
	if (item->note)
		buf_printf(out, " (%s)", item->note);
	buf_puts(out, "\n");
	for (unsigned side = 0; side < 2; side++) {
		if (item->side[side].writer)
			buf_printf(out, "      %s: %s\n", d->side[side]->name,
				   item->side[side].writer);
	}
}

static size_t count_kind(const struct diff *d, enum diff_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++)
		n += d->items[i].kind == kind;
	return n;
}

static void text_summary(const struct diff *d, struct buf *out)
{
	bool first = true;

	if (!d->count)
		buf_puts(out, "no difference");
	else
		buf_printf(out, "%zu difference%s: ", d->count, d->count == 1 ? "" : "s");
	for (unsigned kind = 0; kind < DIFF_KIND_COUNT; kind++) {
		size_t n = count_kind(d, kind);

		if (n)
			buf_printf(out, "%s%s %zu", first ? "" : ", ", diff_kind_names[kind], n);
		first &= !n;
	}
	if (d->ignored)
		buf_printf(out, "; %zu ignored", d->ignored);
	buf_puts(out, "\n");
}

void diff_text(const struct diff *d, struct buf *out, bool verbose)
{
	unsigned kind = DIFF_KIND_COUNT;

	(void)verbose;
	buf_printf(out, "%s | %s", d->side[0]->name, d->side[1]->name);
	if (d->at[0])
		buf_printf(out, ", at %s", point_names[d->at[0]->point]);
	buf_puts(out, "\n");
	for (unsigned side = 0; side < 2; side++) {
		if (d->side[side]->path.outcome != OUTCOME_PASS)
			buf_printf(out, "%s: %s: %s\n", d->side[side]->name,
				   outcome_names[d->side[side]->path.outcome],
				   d->side[side]->path.reason);
	}
	for (size_t i = 0; i < d->count; i++) {
		if (d->items[i].kind != kind)
			buf_printf(out, "%s\n", diff_kind_names[d->items[i].kind]);
		kind = d->items[i].kind;
		text_item(d, &d->items[i], out);
	}
	text_summary(d, out);
}

static void json_side(struct jsonw *w, const struct diff *d, unsigned side)
{
	const struct diff_side *s = d->side[side];

	jsonw_object(w, NULL);
	jsonw_string(w, "name", s->name);
	jsonw_string(w, "path", s->path.path->name);
	jsonw_string(w, "variant", s->path.variant->name);
	jsonw_string(w, "outcome", outcome_names[s->path.outcome]);
	jsonw_string(w, "reason", s->path.reason);
	if (d->at[side]) {
		jsonw_string(w, "symbol", d->at[side]->symbol);
		jsonw_u64(w, "instructions", d->at[side]->instructions);
	}
	jsonw_object_end(w);
}

static void json_item(struct jsonw *w, const struct diff_item *item)
{
	jsonw_object(w, NULL);
	jsonw_string(w, "kind", diff_kind_names[item->kind]);
	jsonw_string(w, "name", item->name);
	for (unsigned side = 0; side < 2; side++) {
		const struct diff_value *v = &item->side[side];

		if (v->text)
			jsonw_bytes(w, side ? "b" : "a", v->text, strlen(v->text));
		else
			jsonw_string(w, side ? "b" : "a", NULL);
	}
	if (item->note)
		jsonw_string(w, "note", item->note);
	for (unsigned side = 0; side < 2; side++) {
		if (item->side[side].writer)
			jsonw_string(w, side ? "b_writer" : "a_writer", item->side[side].writer);
	}
	jsonw_object_end(w);
}

static void json_pair(struct jsonw *w, const struct diff *d)
{
	jsonw_object(w, NULL);
	jsonw_string(w, "point", d->at[0] ? point_names[d->at[0]->point] : NULL);
	jsonw_array(w, "sides");
	json_side(w, d, 0);
	json_side(w, d, 1);
	jsonw_array_end(w);
	jsonw_u64(w, "ignored", d->ignored);
	jsonw_array(w, "differences");
	for (size_t i = 0; i < d->count; i++)
		json_item(w, &d->items[i]);
	jsonw_array_end(w);
	jsonw_object_end(w);
}

void diff_json(const struct diff *const *list, size_t count, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_object(&w, NULL);
	jsonw_string(&w, "tool", "bootpath");
	jsonw_string(&w, "version", BOOTPATH_VERSION);
	jsonw_array(&w, "pairs");
	for (size_t i = 0; i < count; i++)
		json_pair(&w, list[i]);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	jsonw_end(&w);
}
