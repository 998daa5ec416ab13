/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evaluates a checked expression on a state, and keeps what each sub-term was. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "specs/expr.h"

/* Quantifiers inside quantifiers over full lists stay below it; more is a rule gone wrong. */
#define EVAL_STEPS_MAX 5000000ull

void eval_stop(struct eval *ev, enum eval_status status, const char *fmt, ...)
{
	va_list ap;

	if (ev->status != EVAL_OK)
		return;
	ev->status = status;
	va_start(ap, fmt);
	vsnprintf(ev->reason, sizeof(ev->reason), fmt, ap);
	va_end(ap);
}

void eval_spend(struct eval *ev, uint64_t steps)
{
	ev->steps += steps;
	if (ev->steps > EVAL_STEPS_MAX)
		eval_stop(ev, EVAL_ERROR, "the rule takes more than %llu steps", EVAL_STEPS_MAX);
}

void value_free(struct value *v)
{
	if (v->type == VALUE_SET)
		regions_free(&v->set);
	*v = (struct value){ .type = VALUE_INT };
}

static struct value of_int(uint64_t n)
{
	return (struct value){ .type = VALUE_INT, .n = n };
}

static struct value of_bool(bool b)
{
	return (struct value){ .type = VALUE_BOOL, .n = b };
}

static void drop_terms(struct eval *ev, unsigned from)
{
	while (ev->term_count > from)
		free(ev->terms[--ev->term_count].text);
}

/* Remember that @e was @v; the same text with the same value only once. */
static void keep_term(struct eval *ev, const struct expr *e, const struct value *v)
{
	struct buf text = { 0 };
	struct term *t;

	if (ev->status != EVAL_OK || e->constant)
		return;
	value_text(v, &text);
	if (text.failed || !buf_str(&text)) {
		buf_free(&text);
		return;
	}
	for (unsigned i = 0; i < ev->term_count; i++) {
		t = &ev->terms[i];
		if (t->expr->text_len == e->text_len &&
		    !memcmp(t->expr->text, e->text, e->text_len) &&
		    !strcmp(t->text, buf_str(&text))) {
			buf_free(&text);
			return;
		}
	}
	if (ev->term_count == EVAL_TERMS_MAX) {
		ev->terms_lost++;
		buf_free(&text);
		return;
	}
	t = &ev->terms[ev->term_count];
	*t = (struct term){
		.expr = e,
		.text = strdup(buf_str(&text)),
		.gpa = ev->last_read.gpa,
		.size = ev->last_read.size,
	};
	buf_free(&text);
	if (t->text)
		ev->term_count++;
}

void eval_release(struct eval *ev)
{
	drop_terms(ev, 0);
	for (unsigned i = 0; i < EXPR_QUANT_DEPTH; i++)
		list_free(&ev->lists[i]);
}

static struct value overflow(struct eval *ev, const struct expr *e)
{
	struct buf text = { 0 };

	expr_text(e, &text);
	eval_stop(ev, EVAL_ERROR, "%.200s does not fit an unsigned 64-bit integer", buf_str(&text));
	buf_free(&text);
	return of_int(0);
}

static struct value arithmetic(struct eval *ev, const struct expr *e, uint64_t a, uint64_t b)
{
	uint64_t n = 0;
	bool wide = false;

	switch (e->op) {
	case OP_ADD: wide = __builtin_add_overflow(a, b, &n); break;
	case OP_SUB: wide = __builtin_sub_overflow(a, b, &n); break;
	case OP_MUL: wide = __builtin_mul_overflow(a, b, &n); break;
	case OP_SHL:
		wide = b >= 64 ? a != 0 : (a << b) >> b != a;
		n = b >= 64 ? 0 : a << b;
		break;
	case OP_SHR: n = b >= 64 ? 0 : a >> b; break;
	case OP_UNION: n = a | b; break;
	case OP_XOR: n = a ^ b; break;
	case OP_BAND: n = a & b; break;
	case OP_INV: n = ~a; break;
	case OP_DIV:
	case OP_MOD:
		if (!b) {
			eval_stop(ev, EVAL_ERROR, "division by zero");
			return of_int(0);
		}
		n = e->op == OP_DIV ? a / b : a % b;
		break;
	case OP_EQ: return of_bool(a == b);
	case OP_NE: return of_bool(a != b);
	case OP_LE: return of_bool(a <= b);
	case OP_GE: return of_bool(a >= b);
	case OP_LT: return of_bool(a < b);
	case OP_GT: return of_bool(a > b);
	case OP_NOT: return of_bool(!a);
	case OP_OR:
	case OP_AND:
	case OP_IN:
	case OP_OVERLAPS:
	case OP_COUNT: break;
	}
	return wide ? overflow(ev, e) : of_int(n);
}

/* Inclusive ends, so that 2^64 needs no number: len 0 stands for the whole space. */
static bool region_covered(const struct regions *in, const struct region *r)
{
	uint64_t at = r->start;

	for (;;) {
		const struct region *f = regions_find(in, at);

		if (!f)
			return false;
		if (f->last >= r->last)
			return true;
		at = f->last + 1;
	}
}

static bool set_in(const struct regions *a, const struct regions *b)
{
	for (size_t i = 0; i < a->count; i++) {
		if (!region_covered(b, &a->items[i]))
			return false;
	}
	return true;
}

static bool sets_overlap(const struct regions *a, const struct regions *b)
{
	for (size_t i = 0; i < a->count; i++) {
		for (size_t j = 0; j < b->count; j++) {
			if (a->items[i].start <= b->items[j].last &&
			    b->items[j].start <= a->items[i].last)
				return true;
		}
	}
	return false;
}

/* Takes both over. */
static struct value set_union(struct eval *ev, struct value a, struct value b)
{
	for (size_t i = 0; i < b.set.count; i++) {
		const struct region *r = &b.set.items[i];

		if (regions_set(&a.set, r->start, r->last - r->start + 1, 0))
			eval_stop(ev, EVAL_ERROR, "out of memory");
	}
	value_free(&b);
	return a;
}

static struct value set_difference(struct eval *ev, struct value a, struct value b)
{
	for (size_t i = 0; i < b.set.count; i++) {
		const struct region *r = &b.set.items[i];

		if (regions_remove(&a.set, r->start, r->last - r->start + 1))
			eval_stop(ev, EVAL_ERROR, "out of memory");
	}
	value_free(&b);
	return a;
}

static struct value eval_set_op(struct eval *ev, const struct expr *e, struct value a,
				struct value b)
{
	struct value v;

	if (e->op == OP_UNION)
		return set_union(ev, a, b);
	if (e->op == OP_SUB)
		return set_difference(ev, a, b);
	keep_term(ev, e->arg[0], &a);
	keep_term(ev, e->arg[1], &b);
	if (e->op == OP_OVERLAPS)
		v = of_bool(sets_overlap(&a.set, &b.set));
	else if (a.type == VALUE_INT)
		v = of_bool(regions_find(&b.set, a.n) != NULL);
	else
		v = of_bool(set_in(&a.set, &b.set));
	value_free(&a);
	value_free(&b);
	return v;
}

static struct value eval_binary(struct eval *ev, const struct expr *e)
{
	struct value a = expr_eval(ev, e->arg[0]), b;

	if (ev->status != EVAL_OK)
		return a;
	if ((e->op == OP_AND && !a.n) || (e->op == OP_OR && a.n))
		return a;
	b = expr_eval(ev, e->arg[1]);
	if (e->op == OP_AND || e->op == OP_OR)
		return b;
	if (ev->status != EVAL_OK) {
		value_free(&a);
		return b;
	}
	if (b.type == VALUE_SET)
		return eval_set_op(ev, e, a, b);
	if (expr_ops[e->op].result == 'b') {
		keep_term(ev, e->arg[0], &a);
		keep_term(ev, e->arg[1], &b);
	}
	if (a.type == VALUE_STRING)
		return of_bool((strcmp(a.s, b.s) == 0) == (e->op == OP_EQ));
	return arithmetic(ev, e, a.n, b.n);
}

static struct value eval_member(struct eval *ev, const struct expr *e)
{
	struct value x = expr_eval(ev, e->arg[0]), lo, hi;
	bool found = false;

	keep_term(ev, e->arg[0], &x);
	for (unsigned i = 0; !found && ev->status == EVAL_OK && i < e->range_count; i++) {
		const struct expr_range *r = &e->ranges[i];

		lo = expr_eval(ev, r->lo);
		hi = r->hi == r->lo ? lo : expr_eval(ev, r->hi);
		if (ev->status != EVAL_OK)
			break;
		found = x.type == VALUE_STRING ? !strcmp(x.s, lo.s) : x.n >= lo.n && x.n <= hi.n;
	}
	return of_bool(found);
}

/*
 * An element that does not decide leaves no terms behind; the one that does
 * leaves all of its own, and its index.
 */
static struct value eval_quantifier(struct eval *ev, const struct expr *e)
{
	unsigned terms = ev->term_count, lost = ev->terms_lost;
	struct list *list = &ev->lists[e->slot], outer = *list;
	bool result = e->all;
	struct value v;
	size_t i;

	*list = (struct list){ 0 };
	list_read(ev, &e->name, list);
	for (i = 0; i < list->count && ev->status == EVAL_OK; i++) {
		ev->element[e->slot] = i;
		v = expr_eval(ev, e->arg[0]);
		if (ev->status != EVAL_OK) {
			value_free(&v);
			break;
		}
		if ((bool)v.n != e->all) {
			result = !e->all;
			break;
		}
		drop_terms(ev, terms);
		ev->terms_lost = lost;
	}
	if (ev->status == EVAL_OK && ev->term_count < EVAL_TERMS_MAX) {
		struct term *t = &ev->terms[ev->term_count];
		char text[96];

		if (result != e->all)
			snprintf(text, sizeof(text), "%s[%zu]", e->word, i);
		else
			snprintf(text, sizeof(text), "%s of %zu in %s",
				 e->all ? "every one" : "none", list->count, e->word);
		*t = (struct term){ .expr = e, .text = strdup(text) };
		ev->term_count += t->text != NULL;
	}
	list_free(list);
	*list = outer;
	return of_bool(result);
}

static struct value eval_call(struct eval *ev, const struct expr *e)
{
	struct value args[EXPR_ARGS_MAX], v = { .type = e->type };
	unsigned i;

	for (i = 0; i < e->arg_count && ev->status == EVAL_OK; i++) {
		args[i] = expr_eval(ev, e->arg[i]);
		if (e->arg[i]->kind != EXPR_CALL)
			keep_term(ev, e->arg[i], &args[i]);
	}
	ev->last_read = (struct expr_memory){ 0 };
	if (ev->status == EVAL_OK)
		v = e->function->call(ev, args);
	while (i > 0)
		value_free(&args[--i]);
	if (v.type != VALUE_SET)
		keep_term(ev, e, &v);
	ev->last_read = (struct expr_memory){ 0 };
	return v;
}

static struct value eval_leaf(struct eval *ev, const struct expr *e)
{
	struct value v;

	ev->last_read = (struct expr_memory){ 0 };
	v = name_value(ev, &e->name);
	keep_term(ev, e, &v);
	ev->last_read = (struct expr_memory){ 0 };
	return v;
}

static struct value eval_field(struct eval *ev, const struct expr *e)
{
	const struct list *list = &ev->lists[e->slot];
	struct value v = of_int(list->rows[ev->element[e->slot]][e->field]);

	keep_term(ev, e, &v);
	return v;
}

/* A definition stands outside the quantifiers around its use; its own start at slot 0 again. */
static struct value eval_define(struct eval *ev, const struct expr *e)
{
	struct list lists[EXPR_QUANT_DEPTH];
	size_t element[EXPR_QUANT_DEPTH];
	struct value v;

	memcpy(lists, ev->lists, sizeof(lists));
	memcpy(element, ev->element, sizeof(element));
	memset(ev->lists, 0, sizeof(ev->lists));
	v = expr_eval(ev, e->define->expr);
	memcpy(ev->lists, lists, sizeof(lists));
	memcpy(ev->element, element, sizeof(element));
	if (v.type != VALUE_BOOL)
		keep_term(ev, e, &v);
	return v;
}

struct value expr_eval(struct eval *ev, const struct expr *e)
{
	struct value v = { .type = e->type };

	eval_spend(ev, 1);
	if (ev->status != EVAL_OK)
		return v;
	switch (e->kind) {
	case EXPR_NUMBER:
	case EXPR_BOOL: v.n = e->number; return v;
	case EXPR_STRING: v.s = e->word; return v;
	case EXPR_NAME: return eval_leaf(ev, e);
	case EXPR_FIELD: return eval_field(ev, e);
	case EXPR_DEFINE: return eval_define(ev, e);
	case EXPR_CALL: return eval_call(ev, e);
	case EXPR_UNARY:
		v = expr_eval(ev, e->arg[0]);
		return ev->status == EVAL_OK ? arithmetic(ev, e, v.n, 0) : v;
	case EXPR_BINARY: return eval_binary(ev, e);
	case EXPR_MEMBER: return eval_member(ev, e);
	case EXPR_QUANT: return eval_quantifier(ev, e);
	case EXPR_COND:
		v = expr_eval(ev, e->arg[0]);
		return ev->status == EVAL_OK ? expr_eval(ev, e->arg[v.n ? 1 : 2]) : v;
	}
	return v;
}
