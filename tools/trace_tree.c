/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace's calls added up: an indented tree with counts, or stacks as flamegraph.pl takes them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/base/x86.h"
#include "tools/trace_calls.h"
#include "tools/trace_show.h"

struct node {
	uint32_t function;
	int32_t vector;  /* of what brought it here, -1: a call or jump */
	gva_t pc;        /* of code without a name: its first instruction */
	uint64_t offset; /* of a call that names only what lies before it */
	uint32_t parent, child, sibling;
	uint64_t calls, self, total;
};

/* A guest that makes more different stacks than this is cut short, and the user told. */
#define NODES_MAX 4000000u

struct tree {
	struct node *nodes; /* 0 is the root, which is nothing */
	uint32_t count, cap;
	uint32_t at;
	unsigned skipped; /* frames entered that have no node */
	int error;
};

static uint32_t node_find(struct tree *t, const struct node *like)
{
	uint32_t *link = &t->nodes[t->at].child;

	for (uint32_t n = *link; n; link = &t->nodes[n].sibling, n = *link) {
		struct node *o = &t->nodes[n];

		if (o->function == like->function && o->vector == like->vector &&
		    o->offset == like->offset && o->pc == like->pc)
			return n;
	}
	return 0;
}

/* Siblings in the order of their first call. */
static uint32_t node_add(struct tree *t, const struct node *node)
{
	uint32_t *link;

	if (t->count == t->cap) {
		uint32_t cap = t->cap ? t->cap * 2 : 1024;
		struct node *nodes = cap > NODES_MAX ? NULL :
						       realloc(t->nodes, cap * sizeof(*nodes));

		if (!nodes) {
			t->error = cap > NODES_MAX ? -EFBIG : -ENOMEM;
			return 0;
		}
		t->nodes = nodes;
		t->cap = cap;
	}
	t->nodes[t->count] = *node;
	t->nodes[t->count].parent = t->at;
	if (t->count) {
		link = &t->nodes[t->at].child;
		while (*link)
			link = &t->nodes[*link].sibling;
		*link = t->count;
	}
	return t->count++;
}

static void tree_enter(void *arg, uint32_t function, uint64_t offset, gva_t pc, int vector,
		       uint64_t count)
{
	/* The copies of a function are one function. */
	struct node like = {
		.function = function, .vector = vector, .offset = offset, .pc = function ? 0 : pc
	};
	struct tree *t = arg;
	uint32_t n;

	(void)count;
	if (t->error) {
		t->skipped++;
		return;
	}
	n = node_find(t, &like);
	if (!n)
		n = node_add(t, &like);
	if (!n) {
		t->skipped++;
		return;
	}
	t->at = n;
	t->nodes[n].calls++;
}

static void tree_leave(void *arg, uint64_t count)
{
	struct tree *t = arg;

	(void)count;
	if (t->skipped)
		t->skipped--;
	else
		t->at = t->nodes[t->at].parent;
}

static void tree_run(void *arg, uint64_t count, uint64_t insns, enum cpu_mode mode)
{
	struct tree *t = arg;

	(void)count;
	(void)mode;
	t->nodes[t->at].self += insns;
}

static int tree_build(struct tree *t, const struct trace_view *v, struct diag *diag)
{
	static const struct call_ops ops = { .enter = tree_enter,
					     .leave = tree_leave,
					     .run = tree_run };
	int err;

	*t = (struct tree){ 0 };
	node_add(t, &(struct node){ .vector = -1 });
	if (t->error)
		return diag_set(diag, t->error, "out of memory");
	err = trace_calls_walk(v->trace, &v->functions, v->from, v->to, &ops, t, diag);
	if (!err && t->error)
		err = diag_set(diag, t->error,
			       "the calls do not fit into memory: --from and --to take a part");
	/* A child always comes after its parent. */
	for (uint32_t n = t->count; n-- > 1;) {
		t->nodes[n].total += t->nodes[n].self;
		t->nodes[t->nodes[n].parent].total += t->nodes[n].total;
	}
	return err;
}

static void node_text(const struct trace_view *v, const struct node *n, struct buf *out)
{
	if (n->vector >= 0)
		buf_printf(out, "[vector %d] ", n->vector);
	trace_call_text(&v->functions, n->function, n->offset, n->pc, out);
}

/* Is the function anywhere above, or this one? Without --function everything is. */
static bool under_function(const struct trace_view *v, const struct tree *t, uint32_t n)
{
	if (!v->function)
		return true;
	for (; n; n = t->nodes[n].parent) {
		const struct trace_function *f = &v->functions.items[t->nodes[n].function];

		if (!strcmp(f->text, v->function) || !strcmp(f->symbol, v->function))
			return true;
	}
	return false;
}

static void calls_line(const struct trace_view *v, const struct node *n, unsigned depth)
{
	struct buf *out = &v->out->buf;

	buf_printf(out, "%12" PRIu64 " %12" PRIu64 " %10" PRIu64 "  %*s", n->total, n->self,
		   n->calls, (int)(2 * depth), "");
	node_text(v, n, out);
	buf_puts(out, "\n");
}

static void calls_json(const struct trace_view *v, struct jsonw *w, const struct node *n,
		       unsigned depth)
{
	struct buf name = { 0 };

	node_text(v, n, &name);
	jsonw_object_inline(w, NULL);
	jsonw_u64(w, "depth", depth);
	jsonw_string(w, "function", buf_str(&name));
	jsonw_u64(w, "calls", n->calls);
	jsonw_u64(w, "self", n->self);
	jsonw_u64(w, "total", n->total);
	jsonw_object_end(w);
	buf_free(&name);
}

/* The node that comes next in a walk from parents to children, 0 after the last. */
static uint32_t node_next(const struct tree *t, uint32_t n, unsigned *depth)
{
	if (t->nodes[n].child) {
		++*depth;
		return t->nodes[n].child;
	}
	while (n && !t->nodes[n].sibling) {
		n = t->nodes[n].parent;
		--*depth;
	}
	return n ? t->nodes[n].sibling : 0;
}

int trace_view_calls(const struct trace_view *v, struct diag *diag)
{
	struct jsonw w;
	struct tree t;
	unsigned depth = 0;
	int err = tree_build(&t, v, diag);

	if (err)
		goto out;
	jsonw_init(&w, &v->out->buf);
	if (v->json) {
		jsonw_object(&w, NULL);
		trace_view_json_head(v, &w);
		jsonw_array(&w, "calls");
	} else {
		buf_printf(&v->out->buf, "%12s %12s %10s  function\n", "instructions", "of its own",
			   "calls");
	}
	for (uint32_t n = node_next(&t, 0, &depth); n; n = node_next(&t, n, &depth)) {
		if (!under_function(v, &t, n))
			continue;
		if (v->json)
			calls_json(v, &w, &t.nodes[n], depth - 1);
		else
			calls_line(v, &t.nodes[n], depth - 1);
		if (!trace_out_more(v->out))
			break;
	}
	if (v->json) {
		jsonw_array_end(&w);
		jsonw_object_end(&w);
		jsonw_end(&w);
	}
out:
	free(t.nodes);
	return err;
}

/* A name inside a folded stack: no semicolon, which parts the frames. */
static void folded_frame(const struct trace_view *v, const struct node *n, struct buf *out)
{
	size_t from = out->len;

	node_text(v, n, out);
	for (size_t i = from; i < out->len; i++) {
		if (out->data[i] == ';')
			out->data[i] = ':';
	}
}

static void folded_stack(const struct trace_view *v, const struct tree *t, uint32_t n)
{
	uint32_t above[CALL_DEPTH_MAX + 1];
	unsigned count = 0;
	struct buf *out = &v->out->buf;

	for (uint32_t p = n; p && count < ARRAY_SIZE(above); p = t->nodes[p].parent)
		above[count++] = p;
	while (count) {
		folded_frame(v, &t->nodes[above[--count]], out);
		buf_puts(out, count ? ";" : "");
	}
	buf_printf(out, " %" PRIu64 "\n", t->nodes[n].self);
}

int trace_view_folded(const struct trace_view *v, struct diag *diag)
{
	struct tree t;
	unsigned depth = 0;
	int err = tree_build(&t, v, diag);

	for (uint32_t n = err ? 0 : node_next(&t, 0, &depth); n; n = node_next(&t, n, &depth)) {
		if (t.nodes[n].self && under_function(v, &t, n))
			folded_stack(v, &t, n);
		if (!trace_out_more(v->out))
			break;
	}
	free(t.nodes);
	return err;
}
