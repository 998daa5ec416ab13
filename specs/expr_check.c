/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resolves the names of a parsed expression and checks that its types fit, before any state is there. */
#include <errno.h>

#include "loaders/symbols.h" /* code_stage_find */
#include "specs/events.h"

struct checker {
	const struct expr_scope *scope;
	struct diag *diag;
	const char *const *fields[EXPR_QUANT_DEPTH]; /* of the lists of enclosing quantifiers */
	unsigned depth;
};

/* Evaluation recurses over the same tree, so this bounds its stack too. */
#define CHECK_DEPTH_MAX 1000

const char *const value_type_names[] = {
	[VALUE_INT] = "integer",
	[VALUE_BOOL] = "boolean",
	[VALUE_STRING] = "string",
	[VALUE_SET] = "set",
};

static int check_node(struct checker *c, struct expr *e);

#define complain(c, e, ...) doc_error((c)->diag, (c)->scope->file, (e)->place, __VA_ARGS__)

static int want_type(struct checker *c, const struct expr *e, enum value_type want)
{
	if (e->type == want)
		return 0;
	return complain(c, e, "type clash: expected %s, this is %s", value_type_names[want],
			value_type_names[e->type]);
}

static int check_point(struct checker *c, const struct expr *e, const struct name_ref *name)
{
	if (!name->needs_state)
		return 0;
	if (!name->at_point) {
		if (c->scope->points & BIT(POINT_IMAGE))
			return complain(c, e, "\"%s\" needs a state, and the point image has none",
					e->word);
		return 0;
	}
	for (unsigned p = 0; p < name->point; p++) {
		if (c->scope->points & BIT(p))
			return complain(c, e,
					"\"%s\" is later than the point %s, where this is judged",
					e->word, point_names[p]);
	}
	return 0;
}

static int check_define(struct checker *c, struct expr *e, struct define *d)
{
	/* A definition is checked on its own: the quantifiers around its use are not its own. */
	struct checker inner = { .scope = c->scope, .diag = c->diag, .depth = c->depth };
	int err;

	e->kind = EXPR_DEFINE;
	e->define = d;
	if (d->under_way)
		return complain(c, e, "cycle: the definition \"%s\" needs itself", d->name);
	if (!d->done || (d->points & c->scope->points) != c->scope->points) {
		d->under_way = true;
		err = check_node(&inner, d->expr);
		d->under_way = false;
		if (err)
			return err;
		d->done = true;
		d->points |= c->scope->points;
	}
	e->type = d->expr->type;
	return 0;
}

static int check_name(struct checker *c, struct expr *e)
{
	const char *const *fields;

	for (struct define *d = c->scope->defines; d; d = d->next) {
		if (!strcmp(d->name, e->word))
			return check_define(c, e, d);
	}
	if (!name_find(e->word, &e->name)) {
		if (list_find(e->word, &e->name, &fields))
			return complain(c, e, "\"%s\" is a list: ask with all or any", e->word);
		if (function_find(e->word))
			return complain(c, e, "\"%s\" is a function", e->word);
		return complain(c, e, "unknown name \"%s\"", e->word);
	}
	e->type = e->name.type;
	return check_point(c, e, &e->name);
}

static int check_field(struct checker *c, struct expr *e)
{
	const char *field = strchr(e->word, '.');

	e->type = VALUE_INT;
	for (unsigned i = 0; field && c->fields[e->slot][i]; i++) {
		if (!strcmp(field + 1, c->fields[e->slot][i])) {
			e->field = i;
			return 0;
		}
	}
	return complain(c, e,
			field ? "unknown field \"%s\"" : "\"%s\" is an element: name a field of it",
			e->word);
}

static int check_event_name(struct checker *c, const struct expr *e)
{
	enum event_kind kind;

	if (e->kind != EXPR_STRING)
		return complain(c, e, "expected the name of an event in quotes");
	return event_kind_find(e->word, &kind) ? 0 :
						 complain(c, e, "unknown event \"%s\"", e->word);
}

/* A point in quotes, which may not be later than where the rule is judged. */
static int check_point_name(struct checker *c, const struct expr *e)
{
	struct name_ref at = { .needs_state = true, .at_point = true };

	for (at.point = POINT_ENTRY; e->kind == EXPR_STRING && at.point < POINT_COUNT; at.point++) {
		if (!strcmp(e->word, point_names[at.point]))
			return check_point(c, e, &at);
	}
	return complain(c, e, "expected the name of a point in quotes");
}

static int check_stage_name(struct checker *c, const struct expr *e)
{
	enum code_stage stage;

	if (e->kind == EXPR_STRING && code_stage_find(e->word, &stage))
		return 0;
	return complain(c, e, "expected \"setup\", \"compressed\" or \"kernel\"");
}

static int check_call(struct checker *c, struct expr *e)
{
	int err;

	e->function = function_find(e->word);
	if (!e->function)
		return complain(c, e, "unknown function \"%s\"", e->word);
	if (e->arg_count != strlen(e->function->args))
		return complain(c, e, "\"%s\" takes %zu arguments, not %u", e->word,
				strlen(e->function->args), e->arg_count);
	if (e->function->needs_state && c->scope->points & BIT(POINT_IMAGE))
		return complain(c, e, "\"%s\" needs a state, and the point image has none",
				e->word);
	e->type = e->function->type;
	for (unsigned i = 0; i < e->arg_count; i++) {
		char letter = e->function->args[i];

		err = check_node(c, e->arg[i]);
		if (!err)
			err = want_type(c, e->arg[i],
					letter == 'i' ? VALUE_INT :
					letter == 'S' ? VALUE_SET :
							VALUE_STRING);
		if (!err && letter == 'k')
			err = check_event_name(c, e->arg[i]);
		else if (!err && letter == 'g')
			err = check_stage_name(c, e->arg[i]);
		else if (!err && letter == 'p')
			err = check_point_name(c, e->arg[i]);
		if (err)
			return err;
	}
	return 0;
}

/* Both sides of one type; the clash is told where the right side stands. */
static int want_alike(struct checker *c, const struct expr *a, const struct expr *b)
{
	if (a->type == b->type)
		return 0;
	return complain(c, b, "type clash: %s on the left, %s here", value_type_names[a->type],
			value_type_names[b->type]);
}

static int check_operands(struct checker *c, struct expr *e)
{
	struct expr *a = e->arg[0], *b = e->arg_count > 1 ? e->arg[1] : NULL;
	enum value_type want = VALUE_INT;
	int err;

	switch (expr_ops[e->op].operands) {
	case 'm':
		if (a->type != VALUE_INT && a->type != VALUE_SET)
			return complain(c, a, "type clash: expected integer or set, this is %s",
					value_type_names[a->type]);
		return want_type(c, b, VALUE_SET);
	case 'e':
		if (a->type == VALUE_SET)
			return complain(c, a, "sets are not compared: use \"in\" or \"overlaps\"");
		return want_alike(c, a, b);
	case 'u':
		if (a->type != VALUE_INT && a->type != VALUE_SET)
			return want_type(c, a, VALUE_INT);
		e->type = a->type;
		return want_alike(c, a, b);
	case 's': want = VALUE_SET; break;
	case 'b': want = VALUE_BOOL; break;
	default: break;
	}
	err = want_type(c, a, want);
	return err || !b ? err : want_type(c, b, want);
}

static int check_member(struct checker *c, struct expr *e)
{
	int err = check_node(c, e->arg[0]);

	e->type = VALUE_BOOL;
	if (!err && e->arg[0]->type != VALUE_INT && e->arg[0]->type != VALUE_STRING)
		return complain(c, e->arg[0], "type clash: a %s cannot be a member",
				value_type_names[e->arg[0]->type]);
	for (unsigned i = 0; !err && i < e->range_count; i++) {
		struct expr_range *r = &e->ranges[i];

		err = check_node(c, r->lo);
		if (!err)
			err = want_alike(c, e->arg[0], r->lo);
		if (!err && r->hi != r->lo)
			err = check_node(c, r->hi);
		if (!err && r->hi != r->lo)
			err = want_type(c, r->hi, VALUE_INT);
		if (!err && r->hi != r->lo)
			err = want_type(c, r->lo, VALUE_INT);
	}
	return err;
}

static int check_quantifier(struct checker *c, struct expr *e)
{
	int err;

	e->type = VALUE_BOOL;
	if (!list_find(e->word, &e->name, &c->fields[e->slot]))
		return complain(c, e, "unknown list \"%s\"", e->word);
	err = check_point(c, e, &e->name);
	if (!err)
		err = check_node(c, e->arg[0]);
	return err ? err : want_type(c, e->arg[0], VALUE_BOOL);
}

static int check_cond(struct checker *c, struct expr *e)
{
	int err = want_type(c, e->arg[0], VALUE_BOOL);

	if (!err)
		err = want_alike(c, e->arg[1], e->arg[2]);
	e->type = e->arg[1]->type;
	return err;
}

static int check_kind(struct checker *c, struct expr *e)
{
	int err = 0;

	switch (e->kind) {
	case EXPR_NUMBER: e->type = VALUE_INT; return 0;
	case EXPR_STRING: e->type = VALUE_STRING; return 0;
	case EXPR_BOOL: e->type = VALUE_BOOL; return 0;
	case EXPR_NAME:
	case EXPR_DEFINE: return check_name(c, e);
	case EXPR_FIELD: return check_field(c, e);
	case EXPR_CALL: return check_call(c, e);
	case EXPR_MEMBER: return check_member(c, e);
	case EXPR_QUANT: return check_quantifier(c, e);
	case EXPR_UNARY:
	case EXPR_BINARY:
	case EXPR_COND: break;
	}
	for (unsigned i = 0; !err && i < e->arg_count; i++)
		err = check_node(c, e->arg[i]);
	if (err)
		return err;
	if (e->kind == EXPR_COND)
		return check_cond(c, e);
	e->type = expr_ops[e->op].result == 'b' ? VALUE_BOOL : VALUE_INT;
	return check_operands(c, e);
}

static void take_from(struct expr *e, const struct expr *part)
{
	e->constant = e->constant && part->constant;
	if (part->depth >= e->depth)
		e->depth = part->depth + 1;
}

/* What follows from the parts: whether it is constant, and how deep it is. */
static void sum_up(struct expr *e)
{
	e->constant = e->kind != EXPR_NAME && e->kind != EXPR_FIELD && e->kind != EXPR_CALL &&
		      e->kind != EXPR_QUANT;
	e->depth = 1;
	if (e->kind == EXPR_DEFINE)
		take_from(e, e->define->expr);
	for (unsigned i = 0; i < e->arg_count; i++)
		take_from(e, e->arg[i]);
	for (unsigned i = 0; i < e->range_count; i++) {
		take_from(e, e->ranges[i].lo);
		take_from(e, e->ranges[i].hi);
	}
}

static int check_node(struct checker *c, struct expr *e)
{
	int err = 0;

	if (++c->depth <= CHECK_DEPTH_MAX)
		err = check_kind(c, e);
	if (!err)
		sum_up(e);
	if (c->depth-- > CHECK_DEPTH_MAX || e->depth > CHECK_DEPTH_MAX)
		err = complain(c, e, "nested too deep");
	return err;
}

int expr_check_any(struct expr *e, const struct expr_scope *scope, struct diag *diag)
{
	struct checker c = { .scope = scope, .diag = diag };

	return check_node(&c, e);
}

int expr_check(struct expr *e, const struct expr_scope *scope, enum value_type want,
	       struct diag *diag)
{
	struct checker c = { .scope = scope, .diag = diag };
	int err = check_node(&c, e);

	return err ? err : want_type(&c, e, want);
}
