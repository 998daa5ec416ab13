/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trace is of, in a page: the run's facts, its points, how often which code ran. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "tools/trace_show.h"

/* So many functions are listed, those with the most instructions. */
#define FUNCTIONS_SHOWN 20u

struct function_sum {
	uint32_t function;
	uint64_t insns;
};

struct summary {
	uint64_t modes[CPU_MODE_COUNT];
	struct function_sum *functions;
	uint64_t kinds[EVENT_KIND_COUNT];
	struct buf points; /* struct event, one after the other */
};

void trace_view_json_head(const struct trace_view *v, struct jsonw *w)
{
	size_t count;
	const struct trace_fact *facts = trace_facts(v->trace, &count);

	jsonw_string(w, "tool", "bootpath");
	jsonw_string(w, "sha256", trace_sha256(v->trace));
	jsonw_object(w, "facts");
	for (size_t i = 0; i < count; i++)
		jsonw_string(w, facts[i].name, facts[i].value);
	jsonw_object_end(w);
}

/* Larger sums first; among equals the function that ran first. */
static int by_insns(const void *a, const void *b)
{
	const struct function_sum *x = a, *y = b;

	if (x->insns != y->insns)
		return x->insns < y->insns ? 1 : -1;
	return x->function < y->function ? -1 : 1;
}

static void sum_block(const struct trace_view *v, struct summary *s, const struct trace_block *b,
		      const struct trace_item *item)
{
	uint64_t skip;

	s->modes[b->mode] += item->insns;
	s->functions[trace_function_at(&v->functions, b, item->block, 0, &skip)].insns +=
		item->insns;
}

static int summary_make(const struct trace_view *v, struct summary *s, struct diag *diag)
{
	size_t count;
	const struct trace_block *blocks = trace_blocks(v->trace, &count);
	struct trace_cursor *c = NULL;
	struct trace_item item;
	int r;

	s->functions = calloc(v->functions.count, sizeof(*s->functions));
	r = s->functions ? trace_cursor_create(&c, v->trace) : -ENOMEM;
	if (r)
		return diag_set(diag, r, "out of memory");
	for (uint32_t i = 0; i < v->functions.count; i++)
		s->functions[i].function = i;
	while ((r = trace_cursor_next(c, &item, diag)) > 0) {
		if (item.kind == TRACE_BLOCK)
			sum_block(v, s, &blocks[item.block], &item);
		if (item.kind != TRACE_EVENT)
			continue;
		s->kinds[item.event.kind]++;
		if (item.event.kind == EVENT_HANDOVER && item.event.arg[0] < POINT_COUNT)
			buf_append(&s->points, &item.event, sizeof(item.event));
	}
	trace_cursor_destroy(c);
	if (!r && s->points.failed)
		r = diag_set(diag, -ENOMEM, "out of memory");
	qsort(s->functions, v->functions.count, sizeof(*s->functions), by_insns);
	return r;
}

static const struct event *summary_point(const struct summary *s, size_t i)
{
	const struct event *events = (const void *)s->points.data;

	return i < s->points.len / sizeof(*events) ? &events[i] : NULL;
}

static void summary_text(const struct trace_view *v, const struct summary *s)
{
	struct buf *out = &v->out->buf;
	const struct event *e;
	struct trace_totals t;
	size_t count, blocks;
	const struct trace_fact *facts = trace_facts(v->trace, &count);

	trace_totals(v->trace, &t);
	trace_blocks(v->trace, &blocks);
	buf_printf(out, "trace of the image with sha256 %s\n", trace_sha256(v->trace));
	for (size_t i = 0; i < count; i++) {
		if (facts[i].value[0])
			buf_printf(out, "  %-14s %s\n", facts[i].name, facts[i].value);
	}
	buf_printf(out, "  %-14s %s\n", "content", trace_digest(v->trace));
	buf_printf(out,
		   "%" PRIu64 " instructions, %" PRIu64 " runs of %zu blocks, %" PRIu64
		   " events, %" PRIu64 " frames\n",
		   t.instructions, t.blocks, blocks, t.events, t.frames);
	for (size_t i = 0; (e = summary_point(s, i)); i++)
		buf_printf(out, "  %-14s at instruction %" PRIu64 ", 0x%" PRIx64 "\n",
			   point_names[e->arg[0]], e->count, e->arg[1]);
	buf_puts(out, "instructions by mode\n");
	for (unsigned i = 0; i < CPU_MODE_COUNT; i++) {
		if (s->modes[i])
			buf_printf(out, "%14" PRIu64 "  %s\n", s->modes[i], cpu_mode_names[i]);
	}
	buf_puts(out, "events\n");
	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
		if (s->kinds[i])
			buf_printf(out, "%14" PRIu64 "  %s\n", s->kinds[i], event_infos[i].name);
	}
	if (v->functions.count < 2)
		return;
	buf_puts(out, "instructions by function\n");
	for (size_t i = 0; i < v->functions.count && i < FUNCTIONS_SHOWN; i++) {
		if (s->functions[i].insns)
			buf_printf(out, "%14" PRIu64 "  %s\n", s->functions[i].insns,
				   v->functions.items[s->functions[i].function].text);
	}
}

static void summary_json(const struct trace_view *v, const struct summary *s)
{
	const struct event *e;
	struct trace_totals t;
	struct jsonw w;
	size_t blocks;

	trace_totals(v->trace, &t);
	trace_blocks(v->trace, &blocks);
	jsonw_init(&w, &v->out->buf);
	jsonw_object(&w, NULL);
	trace_view_json_head(v, &w);
	jsonw_string(&w, "content", trace_digest(v->trace));
	jsonw_u64(&w, "instructions", t.instructions);
	jsonw_u64(&w, "block_runs", t.blocks);
	jsonw_u64(&w, "blocks", blocks);
	jsonw_u64(&w, "events", t.events);
	jsonw_u64(&w, "frames", t.frames);
	jsonw_array(&w, "points");
	for (size_t i = 0; (e = summary_point(s, i)); i++) {
		jsonw_object_inline(&w, NULL);
		jsonw_string(&w, "point", point_names[e->arg[0]]);
		jsonw_u64(&w, "instruction", e->count);
		jsonw_hex(&w, "pc", e->arg[1]);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_object(&w, "modes");
	for (unsigned i = 0; i < CPU_MODE_COUNT; i++) {
		if (s->modes[i])
			jsonw_u64(&w, cpu_mode_names[i], s->modes[i]);
	}
	jsonw_object_end(&w);
	jsonw_object(&w, "event_kinds");
	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
		if (s->kinds[i])
			jsonw_u64(&w, event_infos[i].name, s->kinds[i]);
	}
	jsonw_object_end(&w);
	jsonw_array(&w, "functions");
	for (size_t i = 0; i < v->functions.count && s->functions[i].insns; i++) {
		jsonw_object_inline(&w, NULL);
		jsonw_string(&w, "function", v->functions.items[s->functions[i].function].text);
		jsonw_u64(&w, "instructions", s->functions[i].insns);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	jsonw_end(&w);
}

int trace_view_summary(const struct trace_view *v, struct diag *diag)
{
	struct summary s = { .modes = { 0 } };
	int err = summary_make(v, &s, diag);

	if (!err && v->json)
		summary_json(v, &s);
	else if (!err)
		summary_text(v, &s);
	free(s.functions);
	buf_free(&s.points);
	return err;
}
