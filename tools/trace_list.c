/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace as a list: its blocks or instructions with the events between them, or the events alone. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "models/efi_names.h"
#include "tools/trace_show.h"

struct lister {
	const struct trace_view *v;
	const struct trace_block *blocks;
	struct disasm *disasm;
	struct jsonw json;
	uint32_t offsets[TRACE_BLOCK_INSNS_MAX];
};

void trace_event_text(const struct event *e, struct buf *out)
{
	const struct event_info *info = &event_infos[e->kind];
	char text[256];

	buf_puts(out, info->name);
	for (unsigned i = 0; i < ARRAY_SIZE(e->arg); i++) {
		if (info->arg[i][0])
			buf_printf(out, " %s 0x%" PRIx64, info->arg[i], e->arg[i]);
	}
	if (e->status != EVENT_MODELLED)
		buf_printf(out, " (%s)", event_status_names[e->status]);
	if (efi_event_text(e, text, sizeof(text))[0])
		buf_printf(out, "  %s", text);
}

void trace_event_json(struct jsonw *w, const char *key, const struct event *e)
{
	const struct event_info *info = &event_infos[e->kind];

	jsonw_object_inline(w, key);
	jsonw_u64(w, "instruction", e->count);
	jsonw_string(w, "event", info->name);
	jsonw_string(w, "status", event_status_names[e->status]);
	for (unsigned i = 0; i < ARRAY_SIZE(e->arg); i++) {
		if (info->arg[i][0])
			jsonw_hex(w, info->arg[i], e->arg[i]);
	}
	jsonw_object_end(w);
}

static void list_event(struct lister *l, const struct event *e)
{
	struct buf *out = &l->v->out->buf;

	if (!(l->v->kinds & BIT64(e->kind)))
		return;
	if (l->v->json) {
		trace_event_json(&l->json, NULL, e);
		return;
	}
	buf_printf(out, "%12" PRIu64 "  -- ", e->count);
	trace_event_text(e, out);
	buf_puts(out, "\n");
}

/* "startup_64+0x1c6", or nothing. */
static const char *place_text(const struct lister *l, uint32_t block, uint32_t at, char *text,
			      size_t size)
{
	uint64_t offset;
	uint32_t f = trace_function_at(&l->v->functions, &l->blocks[block], block, at, &offset);

	text[0] = '\0';
	if (f)
		snprintf(text, size, "%s+0x%" PRIx64, l->v->functions.items[f].text, offset);
	return text;
}

static bool wanted(const struct lister *l, uint32_t block, uint32_t at)
{
	const struct trace_function *f;
	uint64_t offset;

	if (!l->v->function)
		return true;
	f = &l->v->functions.items[trace_function_at(&l->v->functions, &l->blocks[block], block, at,
						     &offset)];
	return !strcmp(f->text, l->v->function) || !strcmp(f->symbol, l->v->function);
}

static void list_code(struct lister *l, uint64_t count, uint32_t block, uint32_t at, uint32_t len,
		      uint32_t insns)
{
	const struct trace_block *b = &l->blocks[block];
	struct buf *out = &l->v->out->buf;
	char place[256], text[256] = "";

	if (!wanted(l, block, at))
		return;
	place_text(l, block, at, place, sizeof(place));
	if (!l->v->blocks)
		disasm_insn(l->disasm, b->code + at, len, b->pc + at, b->bits, text, sizeof(text));
	if (l->v->json) {
		jsonw_object_inline(&l->json, NULL);
		jsonw_u64(&l->json, "instruction", count);
		jsonw_hex(&l->json, "pc", b->pc + at);
		jsonw_hex(&l->json, "physical", b->gpa + at);
		jsonw_string(&l->json, "mode", cpu_mode_names[b->mode]);
		if (place[0])
			jsonw_string(&l->json, "symbol", place);
		jsonw_u64(&l->json, "size", len);
		if (l->v->blocks)
			jsonw_u64(&l->json, "instructions", insns);
		else
			jsonw_string(&l->json, "text", text);
		jsonw_object_end(&l->json);
		return;
	}
	buf_printf(out, "%12" PRIu64 "  0x%-12" PRIx64 " %-32s ", count, b->pc + at, place);
	if (l->v->blocks)
		buf_printf(out, "%s, %" PRIu32 " bytes, %" PRIu32 " of %" PRIu32 " instructions\n",
			   cpu_mode_names[b->mode], b->size, insns, b->insns);
	else
		buf_printf(out, "%s\n", text);
}

static void list_block(struct lister *l, const struct trace_item *item)
{
	const struct trace_block *b = &l->blocks[item->block];
	unsigned n;

	if (l->v->blocks) {
		list_code(l, item->count, item->block, 0, b->size, item->insns);
		return;
	}
	n = trace_block_offsets(b, l->offsets, ARRAY_SIZE(l->offsets));
	for (unsigned i = 0; i < n && i < item->insns; i++) {
		if (item->count + i < l->v->from || item->count + i >= l->v->to)
			continue;
		list_code(l, item->count + i, item->block, l->offsets[i],
			  l->offsets[i + 1] - l->offsets[i], 1);
	}
}

static void list_wait(struct lister *l, const struct trace_item *item)
{
	struct buf *out = &l->v->out->buf;

	if (!l->v->json) {
		buf_printf(out, "%12" PRIu64 "  -- %" PRIu64 " instructions' time passes\n",
			   item->count, item->wait);
		return;
	}
	jsonw_object_inline(&l->json, NULL);
	jsonw_u64(&l->json, "instruction", item->count);
	jsonw_u64(&l->json, "wait", item->wait);
	jsonw_object_end(&l->json);
}

static int list_items(struct lister *l, bool events_only, struct diag *diag)
{
	const struct trace_view *v = l->v;
	struct trace_cursor *c;
	struct trace_item item;
	int r = trace_cursor_create(&c, v->trace);

	if (r)
		return diag_set(diag, r, "out of memory");
	/* From the beginning also what came before the first instruction. */
	if (v->from)
		r = trace_cursor_seek(c, v->from, diag);
	while (!r && (r = trace_cursor_next(c, &item, diag)) > 0) {
		/* An event at the very end belongs to what led there. */
		if (item.count >= v->to && (item.kind != TRACE_EVENT || item.count > v->to))
			break;
		if (item.kind == TRACE_EVENT)
			list_event(l, &item.event);
		else if (item.kind == TRACE_WAIT && !events_only)
			list_wait(l, &item);
		else if (item.kind == TRACE_BLOCK && !events_only)
			list_block(l, &item);
		r = 0;
		if (!trace_out_more(v->out))
			break;
	}
	trace_cursor_destroy(c);
	return r < 0 ? r : 0;
}

static int list_run(const struct trace_view *v, bool events_only, struct diag *diag)
{
	struct lister l = { .v = v };
	size_t count;
	int err;

	l.blocks = trace_blocks(v->trace, &count);
	l.disasm = disasm_create(v->syntax);
	if (!l.disasm)
		return diag_set(diag, -ENOMEM, "out of memory");
	if (v->json) {
		jsonw_init(&l.json, &v->out->buf);
		jsonw_object(&l.json, NULL);
		trace_view_json_head(v, &l.json);
		jsonw_array(&l.json, events_only ? "events" :
				     v->blocks   ? "blocks" :
						   "instructions");
	}
	err = list_items(&l, events_only, diag);
	if (v->json && !err) {
		jsonw_array_end(&l.json);
		jsonw_object_end(&l.json);
		jsonw_end(&l.json);
	}
	disasm_destroy(l.disasm);
	return err;
}

int trace_view_list(const struct trace_view *v, struct diag *diag)
{
	return list_run(v, false, diag);
}

int trace_view_events(const struct trace_view *v, struct diag *diag)
{
	return list_run(v, true, diag);
}
