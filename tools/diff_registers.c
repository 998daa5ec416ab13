/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who wrote a register last: told by the recorded run, from which every instruction is known. */
#include "tools/diff_blame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/decode.h"
#include "emu/trace.h"

#define WRITTEN_BITS 30u

struct last_write {
	uint32_t block; /* index + 1; 0: never */
	uint32_t insns; /* how many of its instructions ran then */
	uint64_t count; /* when the block began */
};

struct register_writes {
	struct trace *trace;
	const struct trace_block *blocks;
	size_t block_count;
	uint32_t *mask; /* of each block: what any of its instructions writes */
	struct last_write last[WRITTEN_BITS];
};

/* What the first @insns instructions write; with @bit, where the last that writes it begins and how many come before it. */
static uint32_t written_by(const struct trace_block *b, uint32_t insns, int bit, uint32_t *ret_at,
			   uint32_t *ret_before)
{
	uint32_t written = 0, at = 0;

	for (uint32_t n = 0; n < insns && at < b->size; n++) {
		uint32_t w = insn_written(b->code + at, b->size - at, b->bits);
		struct insn in;

		if (bit >= 0 && w >> bit & 1) {
			*ret_at = at;
			*ret_before = n;
		}
		written |= w;
		if (!insn_decode(b->code + at, b->size - at, b->bits, &in))
			break;
		at += in.length;
	}
	return written;
}

static void note_item(struct register_writes *w, const struct trace_item *item)
{
	const struct trace_block *b = &w->blocks[item->block];
	uint32_t mask = w->mask[item->block];

	if (item->insns < b->insns)
		mask = written_by(b, item->insns, -1, NULL, NULL);
	for (; mask; mask &= mask - 1)
		w->last[__builtin_ctz(mask)] = (struct last_write){ .block = item->block + 1,
								    .insns = item->insns,
								    .count = item->count };
}

static int writes_read(struct register_writes *w, const struct diff_side *s)
{
	struct trace_cursor *cursor = NULL;
	struct diag diag = { 0 };
	struct trace_item item;
	int err = trace_open(&w->trace, (struct bytes){ s->trace.data, s->trace.len }, &diag);

	if (err)
		return err;
	w->blocks = trace_blocks(w->trace, &w->block_count);
	w->mask = calloc(w->block_count + 1, sizeof(*w->mask));
	err = w->mask ? trace_cursor_create(&cursor, w->trace) : -ENOMEM;
	for (size_t i = 0; i < w->block_count && !err; i++)
		w->mask[i] = written_by(&w->blocks[i], w->blocks[i].insns, -1, NULL, NULL);
	while (!err && (err = trace_cursor_next(cursor, &item, &diag)) > 0) {
		if (item.kind == TRACE_BLOCK && item.insns)
			note_item(w, &item);
		err = 0;
	}
	trace_cursor_destroy(cursor);
	return err;
}

/* Of a register or segment by its name in a difference; -1: the trace cannot tell. */
static int written_bit(const struct diff_item *item)
{
	static const struct {
		const char *name;
		uint32_t mask;
	} others[] = {
		{ "rflags", WRITTEN_FLAGS },   { "cr0", WRITTEN_CR0 },
		{ "cr3", WRITTEN_CR3 },        { "cr4", WRITTEN_CR4 },
		{ "gdtr.base", WRITTEN_GDTR }, { "gdtr.limit", WRITTEN_GDTR },
		{ "idtr.base", WRITTEN_IDTR }, { "idtr.limit", WRITTEN_IDTR },
	};
	size_t len = strcspn(item->name, ".");

	for (size_t i = 0; i < segreg_info_count && item->kind == DIFF_SEGMENTS; i++) {
		if (strlen(segreg_infos[i].name) == len &&
		    !strncmp(segreg_infos[i].name, item->name, len))
			return 16 + (int)segreg_infos[i].index;
	}
	for (size_t i = 0; i < ARRAY_SIZE(others) && item->kind == DIFF_REGISTERS; i++) {
		if (!strcmp(others[i].name, item->name))
			return __builtin_ctz(others[i].mask);
	}
	for (size_t i = 0; i < reg_info_count && item->kind == DIFF_REGISTERS; i++) {
		const struct reg_info *r = &reg_infos[i];

		if (!strcmp(r->name, item->name) &&
		    r->offset < offsetof(struct cpu_state, gpr) + GPR_COUNT * sizeof(uint64_t))
			return (int)((r->offset - offsetof(struct cpu_state, gpr)) /
				     sizeof(uint64_t));
	}
	return -1;
}

static char *writer_of(const struct diff_side *s, const struct register_writes *w, int bit)
{
	const struct last_write *last = &w->last[bit];
	const struct trace_block *b;
	struct buf text = { 0 };
	uint32_t at = 0, before = 0;
	char *copy;

	if (!last->block)
		return strdup("by the start of day");
	b = &w->blocks[last->block - 1];
	written_by(b, last->insns, bit, &at, &before);
	buf_puts(&text, "by ");
	diff_name_instruction(s, b->pc + at, b->gpa + at,
			      (struct bytes){ b->code + at, b->size - at }, b->bits,
			      last->count + before, &text);
	copy = strdup(buf_str(&text));
	buf_free(&text);
	return copy;
}

void diff_blame_registers(struct diff *d, unsigned side)
{
	const struct diff_side *s = d->side[side];
	struct register_writes w = { 0 };
	bool wanted = false;

	/* The record goes to the end of the run: it tells of no earlier point. */
	if (d->at[side] != &s->path.handovers[s->path.handover_count - 1] ||
	    s->path.stop.instructions != d->at[side]->instructions)
		return;
	for (size_t i = 0; i < d->count; i++)
		wanted |= written_bit(&d->items[i]) >= 0;
	if (!wanted)
		return;
	if (writes_read(&w, s)) {
		d->failed = true;
	} else {
		for (size_t i = 0; i < d->count; i++) {
			int bit = written_bit(&d->items[i]);

			if (bit >= 0)
				d->items[i].side[side].writer = writer_of(s, &w, bit);
		}
	}
	free(w.mask);
	trace_close(w.trace);
}
