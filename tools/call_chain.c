/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who called whom until a run came to a place: told by a second run that stops there and is recorded. */
#include "tools/call_chain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/disasm.h"
#include "emu/trace.h"
#include "tools/trace_calls.h"

/* --- the run up to there --- */

struct hunt {
	const struct cover *c;
	struct forbid_hit *hit;
	struct report_path second;
	bool found;
	gva_t pc;
};

static void hunt_block(struct machine *m, gva_t pc, gpa_t gpa, void *arg)
{
	struct hunt *h = arg;
	struct code_place place;

	if (h->found || !code_map_gpa(&h->second.code, gpa, machine_instructions(m), &place))
		return;
	for (size_t i = 0; i < h->hit->rule->range_count; i++) {
		const struct forbid_range *r = &h->hit->rule->ranges[i];

		if (place.stage != r->stage || place.address < r->start || place.address > r->last)
			continue;
		h->found = true;
		h->pc = pc;
		h->hit->stage = place.stage;
		h->hit->address = place.address;
		machine_stop(m, STOP_EXIT, "came to forbidden code");
		return;
	}
}

/* --- the calls that are open at its end --- */

struct open_call {
	uint32_t function;
	int vector;
	gva_t pc;
	uint64_t count; /* when it was entered */
};

struct chain {
	struct open_call calls[CALL_DEPTH_MAX];
	size_t depth;
	uint64_t end;
};

static void chain_enter(void *arg, uint32_t function, uint64_t offset, gva_t pc, int vector,
			uint64_t count)
{
	struct chain *ch = arg;

	(void)offset;
	if (ch->depth < CALL_DEPTH_MAX)
		ch->calls[ch->depth++] = (struct open_call){
			.function = function, .vector = vector, .pc = pc, .count = count
		};
}

/* At the end of the walk everything is left: that is not the guest's doing. */
static void chain_leave(void *arg, uint64_t count)
{
	struct chain *ch = arg;

	if (count < ch->end && ch->depth)
		ch->depth--;
}

static void chain_run(void *arg, uint64_t count, uint64_t insns, enum cpu_mode mode)
{
	(void)arg;
	(void)count;
	(void)insns;
	(void)mode;
}

/* "startup_64+0x64 (0x1000264: lretq), after 18653 instructions": instruction number @count. */
static int name_at(const struct trace *t, const struct hunt *h, uint64_t count, struct buf *out)
{
	struct trace_cursor *cursor = NULL;
	size_t block_count;
	const struct trace_block *blocks = trace_blocks(t, &block_count);
	struct diag diag = { 0 };
	struct trace_item item;
	int err = trace_cursor_create(&cursor, t);

	if (!err)
		err = trace_cursor_seek(cursor, count, &diag);
	while (!err && (err = trace_cursor_next(cursor, &item, &diag)) > 0) {
		const struct trace_block *b;
		uint32_t at;
		uint32_t offsets[TRACE_BLOCK_INSNS_MAX];
		char line[128], name[192];
		struct code_place place;

		err = 0;
		if (item.kind != TRACE_BLOCK || count - item.count >= item.insns)
			continue;
		b = &blocks[item.block];
		trace_block_offsets(b, offsets, ARRAY_SIZE(offsets));
		at = offsets[count - item.count];
		if (code_map_gpa(&h->second.code, b->gpa + at, count, &place))
			code_place_describe(&place, h->c->symbols, name, sizeof(name));
		else
			snprintf(name, sizeof(name), "code outside of the image");
		if (!disasm_line(b->code + at, b->size - at, b->pc + at, b->bits, line,
				 sizeof(line)))
			snprintf(line, sizeof(line), "(bad)");
		buf_printf(out, "%s (0x%" PRIx64 ": %s), after %" PRIu64 " instructions", name,
			   b->pc + at, line, count);
		break;
	}
	trace_cursor_destroy(cursor);
	return err < 0 ? err : 0;
}

static int chain_add(struct forbid_hit *hit, struct buf *text)
{
	char **grown = reallocarray(hit->chain, hit->chain_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	hit->chain = grown;
	grown[hit->chain_count] = strdup(buf_str(text));
	buf_free(text);
	return grown[hit->chain_count++] ? 0 : -ENOMEM;
}

/* The place itself, then the instruction that came from each open call into the next one. */
static int chain_tell(struct hunt *h, const struct trace *t, const struct chain *ch)
{
	struct code_place place = { .stage = h->hit->stage, .address = h->hit->address };
	struct buf text = { 0 };
	char name[192];
	uint64_t count = ch->end;
	int err;

	buf_printf(&text, "%s (0x%" PRIx64 "), after %" PRIu64 " instructions",
		   code_place_describe(&place, h->c->symbols, name, sizeof(name)), h->pc, ch->end);
	err = chain_add(h->hit, &text);
	for (size_t i = ch->depth; !err && count; i--) {
		err = name_at(t, h, count - 1, &text);
		if (!err)
			err = chain_add(h->hit, &text);
		if (!i)
			break;
		count = ch->calls[i - 1].count;
	}
	return err;
}

static int chain_read(struct hunt *h, const struct buf *file)
{
	struct trace_functions functions = { 0 };
	struct trace *t = NULL;
	struct chain *ch = calloc(1, sizeof(*ch));
	const struct call_ops ops = { .enter = chain_enter,
				      .leave = chain_leave,
				      .run = chain_run };
	struct trace_totals totals;
	struct diag diag = { 0 };
	int err = ch ? trace_open(&t, (struct bytes){ file->data, file->len }, &diag) : -ENOMEM;

	if (!err)
		err = trace_functions_create(&functions, t);
	if (!err) {
		trace_totals(t, &totals);
		ch->end = totals.instructions;
		err = trace_calls_walk(t, &functions, 0, totals.instructions, &ops, ch, &diag);
	}
	if (!err)
		err = chain_tell(h, t, ch);
	trace_functions_release(&functions);
	trace_close(t);
	free(ch);
	return err;
}

int call_chain(const struct cover *c, size_t path, const struct run_options *options,
	       struct forbid_hit *hit)
{
	const struct report_path *p = &c->result->paths[path];
	struct hunt hunt = { .c = c, .hit = hit };
	const struct run_observer observer = { .block = hunt_block, .arg = &hunt };
	struct buf file = { 0 };
	const struct trace_sink sink = trace_sink_buf(&file);
	struct run_options run = *options;
	int err = 0;

	run.observer = &observer;
	run.trace = &sink;
	path_run(c->image, p->path, p->variant, &run, &hunt.second);
	if (hunt.found)
		err = chain_read(&hunt, &file);
	report_path_release(&hunt.second);
	buf_free(&file);
	return err;
}
