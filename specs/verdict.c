/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evaluates clauses on a state and puts the result in words. */
#include "specs/verdict.h"

#include <errno.h>
#include <stdlib.h>

#include "specs/judge.h"
#include "specs/spec.h"

const char *const verdict_status_names[] = {
	[VERDICT_PASS] = "PASS", [VERDICT_SKIP] = "SKIP",   [VERDICT_KNOWN] = "KNOWN",
	[VERDICT_FAIL] = "FAIL", [VERDICT_ERROR] = "ERROR",
};

const char *const verdict_level_names[] = {
	[LEVEL_ERROR] = "error",
	[LEVEL_WARN] = "warn",
	[LEVEL_INFO] = "info",
};

const char *const verdict_subject_names[] = {
	[SUBJECT_LOADER] = "loader",
	[SUBJECT_FIRMWARE] = "firmware",
	[SUBJECT_KERNEL] = "kernel",
};

void verdicts_free(struct verdicts *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->items[i].want);
		free(v->items[i].got);
		free(v->items[i].writer);
	}
	free(v->items);
	*v = (struct verdicts){ 0 };
}

static int add_verdict(struct verdicts *v, const struct verdict *item)
{
	if (v->count == v->cap) {
		size_t cap = v->cap ? v->cap * 2 : 64;
		struct verdict *items = realloc(v->items, cap * sizeof(*items));

		if (!items)
			return -ENOMEM;
		v->items = items;
		v->cap = cap;
	}
	v->items[v->count++] = *item;
	return 0;
}

static bool is_listed(const char *const *list, const char *word)
{
	for (; list && *list; list++) {
		if (!strcmp(*list, word))
			return true;
	}
	return false;
}

static const struct handover *find_handover(const struct judge_context *c, enum point point)
{
	for (size_t i = c->handover_count; i-- > 0;) {
		if (c->handovers[i].point == point)
			return &c->handovers[i];
	}
	return NULL;
}

static const enum verdict_status status_of_eval[] = {
	[EVAL_OK] = VERDICT_PASS,
	[EVAL_SKIP] = VERDICT_SKIP,
	[EVAL_ERROR] = VERDICT_ERROR,
	[EVAL_UNREADABLE] = VERDICT_FAIL,
};

/* What was found, with the reason before the sub-terms when the evaluation did not come to its end. */
static void explain(const struct eval *ev, struct buf *got)
{
	if (ev->status != EVAL_OK)
		buf_puts(got, ev->reason);
	if (ev->status == EVAL_SKIP)
		return;
	if (ev->status != EVAL_OK && ev->term_count)
		buf_puts(got, "; ");
	expr_explain(ev, got);
}

/* True when the clause is to be judged; else @v says why not. */
static bool gate_holds(const struct clause *c, struct eval *ev, struct verdict *v, struct buf *got)
{
	struct value holds;

	if (!c->gate)
		return true;
	holds = expr_eval(ev, c->gate);
	if (ev->status == EVAL_OK && holds.n)
		return true;
	value_free(&holds);
	v->status = ev->status == EVAL_ERROR ? VERDICT_ERROR : VERDICT_SKIP;
	buf_printf(got, "applies only if %s: ", c->gate_text);
	explain(ev, got);
	return false;
}

static void judge_require(const struct clause *c, const struct judge_context *context,
			  struct eval *ev, struct verdict *v, struct buf *got)
{
	struct value holds = expr_eval(ev, c->require);
	bool known = is_listed(context->known, c->id);

	v->status = ev->status == EVAL_OK && !holds.n ? VERDICT_FAIL : status_of_eval[ev->status];
	value_free(&holds);
	explain(ev, got);
	if (v->status == VERDICT_PASS)
		v->unexpected_pass = known;
	if (v->status != VERDICT_FAIL)
		return;
	if (!expr_blame(ev, &v->blame_gpa, &v->blame_size))
		v->blame_size = 0;
	if (known)
		v->status = VERDICT_KNOWN;
}

/* Past the entry it is the image's own setup code that made what a loader else makes. */
static enum verdict_subject subject_of(const struct clause *c, const struct judge_context *context,
				       const struct handover *now)
{
	const struct handover *entry = find_handover(context, POINT_ENTRY);

	if (c->subject == SUBJECT_LOADER && now && now->point != POINT_ENTRY && entry &&
	    entry->instructions != now->instructions)
		return SUBJECT_KERNEL;
	return c->subject;
}

static int judge_clause(const struct clause *c, const struct judge_context *context,
			enum point point, const struct handover *now, struct verdicts *out)
{
	struct eval gate = { .context = context, .now = now }, ev = gate;
	struct verdict v = {
		.id = c->id,
		.cite = c->cite,
		.text = c->text,
		.level = c->level,
		.subject = subject_of(c, context, now),
		.point = point,
	};
	struct buf got = { 0 };
	int err = -ENOMEM;

	if (gate_holds(c, &gate, &v, &got))
		judge_require(c, context, &ev, &v, &got);
	v.want = strdup(c->want);
	v.got = strdup(buf_str(&got));
	if (v.want && v.got && !got.failed)
		err = add_verdict(out, &v);
	if (err) {
		free(v.want);
		free(v.got);
	}
	buf_free(&got);
	eval_release(&gate);
	eval_release(&ev);
	return err;
}

/* Where entry and compressed are one state, a clause for both is judged once. */
static bool judged_at_entry(const struct clause *c, const struct judge_context *context,
			    const struct handover *now)
{
	const struct handover *entry = find_handover(context, POINT_ENTRY);

	return now && now->point == POINT_COMPRESSED && entry &&
	       entry->instructions == now->instructions && (c->points & BIT(POINT_ENTRY));
}

/* Without a path the file is judged for itself, by all that is said of files. */
static bool is_for_path(const struct clause *c, const char *path)
{
	return !c->paths[0] || !path || is_listed(c->paths, path);
}

int judge_point(const struct spec_set *specs, const struct judge_context *context, enum point point,
		struct verdicts *out)
{
	const struct handover *now = point == POINT_IMAGE ? NULL : find_handover(context, point);
	int err = 0;

	if (point != POINT_IMAGE && !now)
		return -ENOENT;
	for (size_t i = 0; i < specs->count && !err; i++) {
		const struct clause *c = specs->clauses[i];

		if (!(c->points & BIT(point)) || !is_for_path(c, context->path) ||
		    judged_at_entry(c, context, now))
			continue;
		err = judge_clause(c, context, point, now, out);
	}
	return err;
}
