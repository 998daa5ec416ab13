/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The call stack that a trace's blocks imply: calls and returns by their instructions, matched by the return address. */
#include "tools/trace_calls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "emu/decode.h"

struct call_frame {
	uint32_t function;
	gva_t return_to;
	bool interrupt;
};

/* How a block ends, found out once. */
struct block_end {
	bool known;
	uint8_t flow; /* enum insn_flow */
};

struct walk {
	const struct trace *t;
	const struct trace_functions *f;
	const struct trace_block *blocks;
	const struct call_ops *ops;
	void *arg;
	uint64_t from, to;
	struct block_end *ends;
	struct call_frame stack[CALL_DEPTH_MAX];
	unsigned depth;
	uint64_t count; /* of the next instruction */
	/* the block that ran last */
	bool has_last;
	enum insn_flow flow;
	gva_t after; /* address behind its last instruction */
	/* an exception or interrupt came since: its vector, else -1 */
	int vector;
	gva_t vector_pc;
};

void trace_call_text(const struct trace_functions *f, uint32_t function, uint64_t offset, gva_t pc,
		     struct buf *out)
{
	if (!function)
		buf_printf(out, "0x%" PRIx64, pc);
	else if (offset)
		buf_printf(out, "%s+0x%" PRIx64, f->items[function].text, offset);
	else
		buf_puts(out, f->items[function].text);
}

static void walk_leave(struct walk *w)
{
	w->depth--;
	w->ops->leave(w->arg, w->count);
}

static void walk_enter(struct walk *w, uint32_t function, uint64_t offset, gva_t pc,
		       gva_t return_to, int vector)
{
	if (w->depth == CALL_DEPTH_MAX)
		return;
	w->stack[w->depth++] = (struct call_frame){ .function = function,
						    .return_to = return_to,
						    .interrupt = vector >= 0 };
	w->ops->enter(w->arg, function, offset, pc, vector, w->count);
}

/* Another function without a call: it takes the place of the one that ran, and its caller. */
static void walk_move(struct walk *w, uint32_t function, gva_t pc)
{
	struct call_frame top = w->stack[w->depth - 1];

	if (top.function == function)
		return;
	walk_leave(w);
	w->stack[w->depth++] = (struct call_frame){ .function = function,
						    .return_to = top.return_to,
						    .interrupt = top.interrupt };
	w->ops->enter(w->arg, function, 0, pc, -1, w->count);
}

/* Back to @pc: whoever expects to be returned to there; false when nobody does. */
static bool walk_return(struct walk *w, gva_t pc)
{
	for (unsigned i = w->depth; i > 1; i--) {
		if (w->stack[i - 1].interrupt)
			return false;
		if (w->stack[i - 1].return_to != pc)
			continue;
		while (w->depth >= i)
			walk_leave(w);
		return true;
	}
	return false;
}

/* A handler may change where it returns to: IRET ends the innermost one. */
static void walk_iret(struct walk *w)
{
	for (unsigned i = w->depth; i > 1; i--) {
		if (!w->stack[i - 1].interrupt)
			continue;
		while (w->depth >= i)
			walk_leave(w);
		return;
	}
}

static void walk_arrive(struct walk *w, uint32_t function, uint64_t offset, gva_t pc)
{
	if (!w->depth) {
		walk_enter(w, function, 0, pc, 0, -1);
		return;
	}
	if (w->vector >= 0) {
		walk_enter(w, function, offset, pc, w->vector_pc, w->vector);
		w->vector = -1;
		return;
	}
	switch (w->flow) {
	case FLOW_CALL:
		/* A call of the next instruction only asks where it is. */
		if (pc != w->after) {
			walk_enter(w, function, offset, pc, w->after, -1);
			return;
		}
		break;
	case FLOW_RETURN: walk_return(w, pc); break;
	case FLOW_IRET: walk_iret(w); break;
	case FLOW_NEXT:
	case FLOW_JUMP:
	case FLOW_LEAVE: break;
	}
	walk_move(w, function, pc);
}

static void find_end(struct walk *w, const struct trace_item *item)
{
	const struct trace_block *b = &w->blocks[item->block];
	struct block_end *end = &w->ends[item->block];
	bool whole = item->insns == b->insns;
	struct insn in = { .length = 0 };
	uint32_t off = 0;

	w->after = b->pc + b->size;
	if (!item->insns) {
		w->flow = FLOW_NEXT;
		return;
	}
	if (whole && end->known) {
		w->flow = end->flow;
		return;
	}
	for (uint32_t i = 0; i < item->insns; i++) {
		if (!insn_decode(b->code + off, b->size - off, b->bits, &in))
			in = (struct insn){ .length = 1, .flow = FLOW_NEXT };
		off += in.length;
	}
	w->after = b->pc + off;
	w->flow = in.flow;
	if (whole)
		*end = (struct block_end){ .known = true, .flow = (uint8_t)in.flow };
}

/* The part [first, last) of the block's instructions that was asked for, split where another function begins. */
static void run_part(struct walk *w, const struct trace_item *item)
{
	const struct trace_block *b = &w->blocks[item->block];
	uint64_t first = w->from > item->count ? w->from - item->count : 0;
	uint64_t last = w->to - item->count < item->insns ? w->to - item->count : item->insns;
	uint32_t offsets[TRACE_BLOCK_INSNS_MAX];
	unsigned n;

	if (b->name_count < 2) {
		if (last > first)
			w->ops->run(w->arg, item->count + first, last - first, b->mode);
		return;
	}
	n = trace_block_offsets(b, offsets, ARRAY_SIZE(offsets));
	for (unsigned i = (unsigned)first; i < n && i < last; i++) {
		uint64_t skip;

		w->count = item->count + i;
		walk_move(w, trace_function_at(w->f, b, item->block, offsets[i], &skip),
			  b->pc + offsets[i]);
		w->ops->run(w->arg, w->count, 1, b->mode);
	}
}

static void walk_block(struct walk *w, const struct trace_item *item)
{
	const struct trace_block *b = &w->blocks[item->block];
	uint64_t offset;
	uint32_t function = trace_function_at(w->f, b, item->block, 0, &offset);

	w->count = item->count < w->from ? w->from : item->count;
	walk_arrive(w, function, offset, b->pc);
	run_part(w, item);
	w->count = item->count + item->insns;
	find_end(w, item);
}

static void walk_event(struct walk *w, const struct event *e)
{
	if (e->kind == EVENT_EXCEPTION || e->kind == EVENT_SOFT_INT || e->kind == EVENT_INTERRUPT) {
		w->vector = (int)(e->arg[0] & 0xff);
		w->vector_pc = e->arg[2];
	}
	if (w->ops->event)
		w->ops->event(w->arg, e);
}

static int walk_all(struct walk *w, struct diag *diag)
{
	struct trace_cursor *c;
	struct trace_item item;
	int r = trace_cursor_create(&c, w->t);

	if (r)
		return diag_set(diag, r, "out of memory");
	if (w->from)
		r = trace_cursor_seek(c, w->from, diag);
	while (!r && (r = trace_cursor_next(c, &item, diag)) > 0) {
		if (item.count >= w->to && item.kind != TRACE_EVENT)
			break;
		if (item.kind == TRACE_BLOCK)
			walk_block(w, &item);
		else if (item.kind == TRACE_EVENT && item.count <= w->to)
			walk_event(w, &item.event);
		r = 0;
	}
	trace_cursor_destroy(c);
	if (r < 0)
		return r;
	if (w->count > w->to)
		w->count = w->to;
	while (w->depth)
		walk_leave(w);
	return 0;
}

int trace_calls_walk(const struct trace *t, const struct trace_functions *f, uint64_t from,
		     uint64_t to, const struct call_ops *ops, void *arg, struct diag *diag)
{
	struct walk *w = calloc(1, sizeof(*w));
	size_t count;
	int err = -ENOMEM;

	if (!w)
		return diag_set(diag, err, "out of memory");
	w->t = t;
	w->f = f;
	w->blocks = trace_blocks(t, &count);
	w->ops = ops;
	w->arg = arg;
	w->from = from;
	w->to = to;
	w->vector = -1;
	w->ends = calloc(count + 1, sizeof(*w->ends));
	err = w->ends ? walk_all(w, diag) : diag_set(diag, err, "out of memory");
	free(w->ends);
	free(w);
	return err;
}
