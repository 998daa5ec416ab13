/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing two boots: the list of differences, and the registers. */
#include "tools/diff.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char *const diff_kind_names[DIFF_KIND_COUNT] = {
#define DIFF_KIND(id, name, doc) [DIFF_##id] = name,
#include "tools/diff.def"
#undef DIFF_KIND
};

static bool diff_ignores(const struct diff *d, enum diff_kind kind, const char *name)
{
	char key[384];

	snprintf(key, sizeof(key), "%s.%s", diff_kind_names[kind], name);
	for (size_t i = 0; d->ignore && d->ignore[i]; i++) {
		if (!strcmp(d->ignore[i], diff_kind_names[kind]) ||
		    !fnmatch(d->ignore[i], key, FNM_NOESCAPE))
			return true;
	}
	return false;
}

struct diff_item *diff_add(struct diff *d, enum diff_kind kind, const char *name, const char *a,
			   const char *b)
{
	struct diff_item *item;

	if (diff_ignores(d, kind, name)) {
		d->ignored++;
		return NULL;
	}
	if (d->count == d->cap) {
		size_t cap = d->cap ? d->cap * 2 : 64;
		struct diff_item *grown = realloc(d->items, cap * sizeof(*grown));

		if (!grown) {
			d->failed = true;
			return NULL;
		}
		d->items = grown;
		d->cap = cap;
	}
	item = &d->items[d->count++];
	*item = (struct diff_item){ .kind = kind, .name = strdup(name) };
	item->side[0].text = a ? strdup(a) : NULL;
	item->side[1].text = b ? strdup(b) : NULL;
	d->failed |= !item->name || (a && !item->side[0].text) || (b && !item->side[1].text);
	return item;
}

void diff_note(struct diff_item *item, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!item)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	free(item->note);
	item->note = strdup(text);
}

void diff_at(struct diff_item *item, unsigned side, gpa_t gpa, uint64_t size)
{
	if (!item)
		return;
	item->side[side].gpa = gpa;
	item->side[side].size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}

void diff_release(struct diff *d)
{
	for (size_t i = 0; i < d->count; i++) {
		struct diff_item *item = &d->items[i];

		free(item->name);
		free(item->note);
		for (unsigned side = 0; side < 2; side++) {
			free(item->side[side].text);
			free(item->side[side].writer);
		}
	}
	free(d->items);
	*d = (struct diff){ 0 };
}

/* --- registers --- */

static void add_number(struct diff *d, enum diff_kind kind, const char *name, uint64_t a,
		       uint64_t b)
{
	char text[2][32];

	if (a == b)
		return;
	snprintf(text[0], sizeof(text[0]), "0x%" PRIx64, a);
	snprintf(text[1], sizeof(text[1]), "0x%" PRIx64, b);
	diff_add(d, kind, name, text[0], text[1]);
}

void diff_cpu(struct diff *d)
{
	static const char *const tables[] = { "gdtr.base", "gdtr.limit", "idtr.base",
					      "idtr.limit" };
	static const char *const parts[] = { "", ".base", ".limit", ".attr" };
	const struct cpu_state *a = &d->at[0]->cpu, *b = &d->at[1]->cpu;
	uint64_t va = 0, vb = 0;
	char name[32];

	for (size_t i = 0; i < reg_info_count; i++)
		add_number(d, DIFF_REGISTERS, reg_infos[i].name, reg_get(a, &reg_infos[i]),
			   reg_get(b, &reg_infos[i]));
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		cpu_state_get(a, tables[i], &va);
		cpu_state_get(b, tables[i], &vb);
		add_number(d, DIFF_REGISTERS, tables[i], va, vb);
	}
	for (size_t i = 0; i < segreg_info_count; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(parts); k++) {
			snprintf(name, sizeof(name), "%s%s", segreg_infos[i].name, parts[k]);
			cpu_state_get(a, name, &va);
			cpu_state_get(b, name, &vb);
			add_number(d, DIFF_SEGMENTS, name, va, vb);
		}
	}
}

/* --- what happened --- */

static const struct handover *handover_at(const struct diff_side *s, enum point point)
{
	for (size_t i = 0; i < s->path.handover_count; i++) {
		if (s->path.handovers[i].point == point)
			return &s->path.handovers[i];
	}
	return NULL;
}

/* "pass: startup_64", or of a path that did not arrive "crash: triple fault". */
static void outcome_text(const struct diff_side *s, char *text, size_t size)
{
	const struct report_path *p = &s->path;

	snprintf(text, size, "%s", outcome_names[p->outcome]);
	if (p->outcome != OUTCOME_PASS)
		snprintf(text + strlen(text), size - strlen(text), ": %s", p->reason);
}

static void diff_outcome(struct diff *d)
{
	char text[2][400];

	for (unsigned side = 0; side < 2; side++)
		outcome_text(d->side[side], text[side], sizeof(text[side]));
	if (strcmp(text[0], text[1]))
		diff_add(d, DIFF_OUTCOME, "outcome", text[0], text[1]);
	for (enum point point = POINT_ENTRY; point < POINT_COUNT; point++) {
		const struct handover *h[2] = { handover_at(d->side[0], point),
						handover_at(d->side[1], point) };

		if (!h[0] != !h[1] || (h[0] && strcmp(h[0]->symbol, h[1]->symbol)))
			diff_add(d, DIFF_OUTCOME, point_names[point], h[0] ? h[0]->symbol : NULL,
				 h[1] ? h[1]->symbol : NULL);
	}
}

static const struct verdict *verdict_like(const struct verdicts *list, const struct verdict *v)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].point == v->point && !strcmp(list->items[i].id, v->id))
			return &list->items[i];
	}
	return NULL;
}

/* Both ways, so that a clause which only one side was judged by is seen. */
static void diff_verdicts(struct diff *d)
{
	const struct verdicts *a = &d->side[0]->path.verdicts, *b = &d->side[1]->path.verdicts;
	char name[160];

	for (unsigned side = 0; side < 2 && a->count && b->count; side++) {
		const struct verdicts *from = side ? b : a, *in = side ? a : b;

		for (size_t i = 0; i < from->count; i++) {
			const struct verdict *v = &from->items[i], *o = verdict_like(in, v);

			if (o && (side || o->status == v->status))
				continue;
			snprintf(name, sizeof(name), "%s at %s", v->id, point_names[v->point]);
			diff_add(d, DIFF_VERDICTS, name,
				 side ? NULL : verdict_status_names[v->status],
				 side ? verdict_status_names[v->status] :
					(o ? verdict_status_names[o->status] : NULL));
		}
	}
}

bool diff_knows_memory(const struct diff *d)
{
	return d->side[0]->image && d->side[1]->image;
}

bool diff_unjudged(const struct diff *d)
{
	for (unsigned side = 0; side < 2; side++) {
		enum outcome outcome = d->side[side]->path.outcome;

		if (!d->at[side] || outcome == OUTCOME_SKIP || outcome == OUTCOME_ERROR)
			return true;
	}
	return false;
}

int diff_sides(struct diff *d, const struct diff_side *a, const struct diff_side *b)
{
	d->side[0] = a;
	d->side[1] = b;
	diff_outcome(d);
	for (unsigned point = POINT_ENTRY; point < POINT_COUNT; point++) {
		const struct handover *ha = handover_at(a, point), *hb = handover_at(b, point);

		if (ha && hb) {
			d->at[0] = ha;
			d->at[1] = hb;
		}
	}
	/* In the order of diff.def: the list is never sorted. */
	if (d->at[0]) {
		diff_cpu(d);
		diff_page_tables(d);
		diff_boot_params(d);
		diff_memory(d);
	}
	diff_verdicts(d);
	diff_code(d);
	d->failed |= a->failed || b->failed;
	return d->failed ? -ENOMEM : 0;
}
