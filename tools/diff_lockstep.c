/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two recorded runs side by side. Blocks are compared by address and bytes, and
 * only as far as they ran: where the engine cut the code into blocks does not matter.
 */
#include "tools/diff_lockstep.h"

#include <errno.h>
#include <stdlib.h>

#include "emu/decode.h"

#define NO_BLOCK UINT32_MAX

/* A run being read. */
struct walker {
	struct trace *trace;
	struct trace_cursor *cursor;
	const struct trace_block *blocks;
	size_t block_count;
	/* the piece of code that is compared next */
	const struct trace_block *block;
	uint32_t index;   /* of the block */
	uint32_t at, end; /* bytes of it: compared up to, ran up to */
	uint64_t count;   /* instructions before byte 0 of it */
	bool ended;
};

static int walker_open(struct walker *w, const struct buf *file, struct diag *diag)
{
	int err = trace_open(&w->trace, (struct bytes){ file->data, file->len }, diag);

	if (err)
		return err;
	w->blocks = trace_blocks(w->trace, &w->block_count);
	return trace_cursor_create(&w->cursor, w->trace);
}

/* Bytes of the first @insns instructions. */
static uint32_t bytes_of(const struct trace_block *b, uint32_t insns)
{
	uint32_t at = 0;

	if (insns >= b->insns)
		return b->size;
	for (struct insn in; insns-- && at < b->size; at += in.length) {
		if (!insn_decode(b->code + at, b->size - at, b->bits, &in))
			break;
	}
	return at;
}

/* On to the next block of which anything ran. */
static int walker_next(struct walker *w, struct diag *diag)
{
	struct trace_item item;
	int got;

	while ((got = trace_cursor_next(w->cursor, &item, diag)) > 0) {
		if (item.kind != TRACE_BLOCK || !item.insns)
			continue;
		w->block = &w->blocks[item.block];
		w->index = item.block;
		w->at = 0;
		w->end = bytes_of(w->block, item.insns);
		w->count = item.count;
		return 0;
	}
	w->ended = !got;
	return got;
}

/* How many instructions lie before byte @at of the block. */
static uint64_t insns_before(const struct trace_block *b, uint32_t at, uint32_t *ret_start)
{
	uint32_t offset = 0;
	uint64_t n = 0;

	for (struct insn in; offset < b->size; offset += in.length, n++) {
		if (!insn_decode(b->code + offset, b->size - offset, b->bits, &in) ||
		    offset + in.length > at)
			break;
	}
	*ret_start = offset;
	return n;
}

static void walker_tell(struct walker *w, struct lockstep_at *ret)
{
	struct trace_totals totals;
	uint32_t start = 0;

	*ret = (struct lockstep_at){ .ended = w->ended };
	if (w->ended) {
		trace_totals(w->trace, &totals);
		ret->count = totals.instructions;
	} else {
		ret->count = w->count + insns_before(w->block, w->at, &start);
		ret->pc = w->block->pc + start;
		ret->gpa = w->block->gpa + start;
		ret->code = (struct bytes){ w->block->code + start, w->block->size - start };
		ret->bits = w->block->bits;
	}
	/* The code lies in the trace: it lives on with the answer. */
	ret->trace = w->trace;
	w->trace = NULL;
}

/* Compare what both have left of their blocks; true when they part here. */
static bool step_parts(struct walker *a, struct walker *b)
{
	uint32_t left_a = a->end - a->at, left_b = b->end - b->at;
	uint32_t n = left_a < left_b ? left_a : left_b, same = 0;

	if (a->block->pc + a->at != b->block->pc + b->at || a->block->bits != b->block->bits)
		return true;
	while (same < n && a->block->code[a->at + same] == b->block->code[b->at + same])
		same++;
	a->at += same;
	b->at += same;
	return same < n;
}

/* 1: they part; 0: they end together. */
static int walk(struct walker *a, struct walker *b, struct diag *diag)
{
	uint32_t *equal = malloc(a->block_count * sizeof(*equal) + 1);
	int err = equal ? 0 : -ENOMEM;

	/* Which block of the other run a block was found equal to. */
	for (size_t i = 0; i < a->block_count && !err; i++)
		equal[i] = NO_BLOCK;
	while (!err) {
		if (!a->block || a->at == a->end)
			err = walker_next(a, diag);
		if (!err && (!b->block || b->at == b->end))
			err = walker_next(b, diag);
		if (err || a->ended || b->ended)
			break;
		if (!a->at && !b->at && equal[a->index] == b->index && a->end == b->end) {
			a->at = b->at = a->end;
			continue;
		}
		if (step_parts(a, b))
			break;
		if (a->at == a->block->size && b->at == b->block->size &&
		    a->block->size == b->block->size)
			equal[a->index] = b->index;
	}
	free(equal);
	return err ? err : !(a->ended && b->ended);
}

int lockstep(const struct diff_side *a, const struct diff_side *b, struct lockstep_at ret_at[2],
	     struct diag *diag)
{
	struct walker w[2] = { 0 };
	int err = walker_open(&w[0], &a->trace, diag);

	if (!err)
		err = walker_open(&w[1], &b->trace, diag);
	if (!err)
		err = walk(&w[0], &w[1], diag);
	for (unsigned side = 0; side < 2; side++) {
		if (err == 1)
			walker_tell(&w[side], &ret_at[side]);
		trace_cursor_destroy(w[side].cursor);
		trace_close(w[side].trace);
	}
	return err;
}

void lockstep_release(struct lockstep_at at[2])
{
	trace_close(at[0].trace);
	trace_close(at[1].trace);
}
