/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parses an expression by operator precedence; every node keeps its place and its text. */
#include "specs/expr_lex.h"

#include <errno.h>

#define EXPR_DEPTH_MAX  64
#define EXPR_CHAIN_MAX  64
#define EXPR_RANGES_MAX 64
#define EXPR_SIZE_MAX   8192u

const struct expr_op_info expr_ops[OP_COUNT] = {
#define OP(id, text, level, operands, result) [OP_##id] = { text, level, operands, result },
#include "specs/ops.def"
#undef OP
};

struct parser {
	struct arena *arena;
	const struct expr_source *src;
	struct diag *diag;
	struct token token; /* the next one */
	size_t last_end;    /* where the one before it ended */
	unsigned depth;
	const char *variables[EXPR_QUANT_DEPTH];
	unsigned variable_count;
};

static int parse_expr(struct parser *p, struct expr **ret);

static int parse_error(struct parser *p, size_t at, const char *what)
{
	return doc_error(p->diag, p->src->file, expr_place(p->src, at), "%s", what);
}

static int no_memory(struct parser *p)
{
	return diag_set(p->diag, -ENOMEM, "%s: out of memory", p->src->file);
}

static int advance(struct parser *p)
{
	p->last_end = p->token.end;
	return expr_lex(p->src, p->token.end, &p->token, p->diag);
}

static bool at_punct(const struct parser *p, char c)
{
	return p->token.kind == TOKEN_PUNCT && p->token.punct == c;
}

static bool at_word(const struct parser *p, const char *word)
{
	return p->token.kind == TOKEN_WORD && p->token.len == strlen(word) &&
	       !memcmp(p->token.text, word, p->token.len);
}

static int expect(struct parser *p, char c)
{
	char what[] = "expected ' '";

	what[10] = c;
	if (!at_punct(p, c))
		return parse_error(p, p->token.start, what);
	return advance(p);
}

static struct expr *node_new(struct parser *p, enum expr_kind kind, size_t start)
{
	struct expr *e = arena_alloc(p->arena, sizeof(*e));

	if (e) {
		e->kind = kind;
		e->place = expr_place(p->src, start);
		e->text = p->src->text + start;
	}
	return e;
}

static void node_end(const struct parser *p, struct expr *e)
{
	e->text_len = (size_t)(p->src->text + p->last_end - e->text);
}

/* f(a, b): the word was taken, the parenthesis is next. */
static int parse_call(struct parser *p, struct expr *call)
{
	int err = advance(p);

	call->kind = EXPR_CALL;
	while (!err && !at_punct(p, ')')) {
		if (call->arg_count == EXPR_ARGS_MAX)
			return parse_error(p, p->token.start, "too many arguments");
		err = parse_expr(p, &call->arg[call->arg_count++]);
		if (!err && !at_punct(p, ')'))
			err = expect(p, ',');
	}
	return err ? err : expect(p, ')');
}

/* all e in LIST: expr; "all" was seen. */
static int parse_quantifier(struct parser *p, struct expr **ret)
{
	struct expr *e = node_new(p, EXPR_QUANT, p->token.start);
	int err;

	if (!e)
		return no_memory(p);
	e->all = at_word(p, "all");
	err = advance(p);
	if (err)
		return err;
	if (p->token.kind != TOKEN_WORD || memchr(p->token.text, '.', p->token.len))
		return parse_error(p, p->token.start, "expected a variable");
	if (p->variable_count == EXPR_QUANT_DEPTH)
		return parse_error(p, p->token.start, "quantifiers nested too deep");
	e->variable = arena_text(p->arena, p->token.text, p->token.len);
	if (!e->variable)
		return no_memory(p);
	err = advance(p);
	if (err)
		return err;
	if (p->token.kind != TOKEN_OP || p->token.op != OP_IN)
		return parse_error(p, p->token.start, "expected \"in\"");
	err = advance(p);
	if (err)
		return err;
	if (p->token.kind != TOKEN_WORD)
		return parse_error(p, p->token.start, "expected a list");
	e->word = arena_text(p->arena, p->token.text, p->token.len);
	if (!e->word)
		return no_memory(p);
	err = advance(p);
	if (!err)
		err = expect(p, ':');
	if (err)
		return err;
	e->slot = p->variable_count;
	p->variables[p->variable_count++] = e->variable;
	e->arg_count = 1;
	err = parse_expr(p, &e->arg[0]);
	p->variable_count--;
	node_end(p, e);
	*ret = e;
	return err;
}

/* e.addr where e is the variable of an enclosing quantifier: the innermost of that name. */
static bool find_variable(struct parser *p, struct expr *e)
{
	for (unsigned i = p->variable_count; i-- > 0;) {
		size_t len = strlen(p->variables[i]);

		if (!strncmp(e->word, p->variables[i], len) &&
		    (e->word[len] == '.' || !e->word[len])) {
			e->kind = EXPR_FIELD;
			e->slot = i;
			return true;
		}
	}
	return false;
}

static int parse_word(struct parser *p, struct expr **ret)
{
	struct expr *e;
	int err;

	if (at_word(p, "all") || at_word(p, "any"))
		return parse_quantifier(p, ret);
	e = node_new(p, EXPR_NAME, p->token.start);
	if (!e)
		return no_memory(p);
	*ret = e;
	if (at_word(p, "true") || at_word(p, "false")) {
		e->kind = EXPR_BOOL;
		e->number = at_word(p, "true");
	}
	e->word = arena_text(p->arena, p->token.text, p->token.len);
	if (!e->word)
		return no_memory(p);
	err = advance(p);
	if (!err && e->kind == EXPR_NAME && !find_variable(p, e) && at_punct(p, '('))
		err = parse_call(p, e);
	node_end(p, e);
	return err;
}

static int parse_primary(struct parser *p, struct expr **ret)
{
	size_t start = p->token.start;
	struct expr *e;
	int err;

	switch (p->token.kind) {
	case TOKEN_WORD: return parse_word(p, ret);
	case TOKEN_NUMBER:
	case TOKEN_STRING:
		e = node_new(p, p->token.kind == TOKEN_NUMBER ? EXPR_NUMBER : EXPR_STRING, start);
		if (!e)
			return no_memory(p);
		e->number = p->token.number;
		e->word = arena_text(p->arena, p->token.text, p->token.len);
		if (!e->word)
			return no_memory(p);
		err = advance(p);
		node_end(p, e);
		*ret = e;
		return err;
	case TOKEN_PUNCT:
		if (!at_punct(p, '('))
			break;
		err = advance(p);
		if (!err)
			err = parse_expr(p, ret);
		return err ? err : expect(p, ')');
	case TOKEN_OP:
	case TOKEN_END: break;
	}
	return parse_error(p, start,
			   p->token.kind == TOKEN_END ? "the expression ends too early" :
							"expected a value");
}

static int parse_unary(struct parser *p, struct expr **ret)
{
	struct expr *e;
	int err;

	if (p->token.kind != TOKEN_OP || (p->token.op != OP_NOT && p->token.op != OP_INV))
		return parse_primary(p, ret);
	if (++p->depth > EXPR_DEPTH_MAX)
		return parse_error(p, p->token.start, "nested too deep");
	e = node_new(p, EXPR_UNARY, p->token.start);
	if (!e)
		return no_memory(p);
	e->op = p->token.op;
	e->arg_count = 1;
	err = advance(p);
	if (!err)
		err = parse_unary(p, &e->arg[0]);
	p->depth--;
	node_end(p, e);
	*ret = e;
	return err;
}

/* x in {1, 2, 4..7}: the brace is next. */
static int parse_member_list(struct parser *p, struct expr *e)
{
	int err = advance(p);

	e->kind = EXPR_MEMBER;
	e->ranges = arena_alloc(p->arena, EXPR_RANGES_MAX * sizeof(*e->ranges));
	if (!e->ranges)
		return no_memory(p);
	while (!err && !at_punct(p, '}')) {
		struct expr_range *r = &e->ranges[e->range_count];

		if (e->range_count++ == EXPR_RANGES_MAX)
			return parse_error(p, p->token.start, "too many members");
		err = parse_expr(p, &r->lo);
		r->hi = r->lo;
		if (!err && at_punct(p, '.')) {
			err = advance(p);
			if (!err)
				err = parse_expr(p, &r->hi);
		}
		if (!err && !at_punct(p, '}'))
			err = expect(p, ',');
	}
	return err ? err : expect(p, '}');
}

/* Operators of @level and tighter; comparisons do not chain. */
static int parse_level(struct parser *p, unsigned level, struct expr **ret)
{
	size_t start = p->token.start;
	unsigned chain = 0;
	struct expr *left;
	int err;

	err = parse_unary(p, &left);
	while (!err && p->token.kind == TOKEN_OP && expr_ops[p->token.op].level >= level &&
	       expr_ops[p->token.op].level < expr_ops[OP_NOT].level) {
		unsigned own = expr_ops[p->token.op].level;
		struct expr *e = node_new(p, EXPR_BINARY, start);

		if (!e)
			return no_memory(p);
		if (++chain > EXPR_CHAIN_MAX)
			return parse_error(p, p->token.start, "too many operators in a row");
		/* A left side in parentheses begins after them, one without begins here. */
		if (own == expr_ops[OP_EQ].level &&
		    (left->kind == EXPR_BINARY || left->kind == EXPR_MEMBER) &&
		    expr_ops[left->op].level == own && left->text == e->text)
			return parse_error(p, p->token.start,
					   "comparisons do not chain: join them by &&");
		e->op = p->token.op;
		e->arg[0] = left;
		e->arg_count = 1;
		err = advance(p);
		if (!err && e->op == OP_IN && at_punct(p, '{')) {
			err = parse_member_list(p, e);
		} else if (!err) {
			e->arg_count = 2;
			err = parse_level(p, own + 1, &e->arg[1]);
		}
		node_end(p, e);
		left = e;
	}
	*ret = left;
	return err;
}

static int parse_expr(struct parser *p, struct expr **ret)
{
	size_t start = p->token.start;
	struct expr *e;
	int err;

	if (++p->depth > EXPR_DEPTH_MAX)
		return parse_error(p, start, "nested too deep");
	err = parse_level(p, 1, ret);
	if (!err && at_punct(p, '?')) {
		e = node_new(p, EXPR_COND, start);
		if (!e)
			return no_memory(p);
		e->arg[0] = *ret;
		e->arg_count = 3;
		err = advance(p);
		if (!err)
			err = parse_expr(p, &e->arg[1]);
		if (!err)
			err = expect(p, ':');
		if (!err)
			err = parse_expr(p, &e->arg[2]);
		node_end(p, e);
		*ret = e;
	}
	p->depth--;
	return err;
}

static int start(struct parser *p)
{
	if (p->src->len > EXPR_SIZE_MAX)
		return parse_error(p, 0, "the expression is too long");
	return advance(p);
}

static int parse_end(struct parser *p)
{
	if (p->token.kind != TOKEN_END)
		return parse_error(p, p->token.start, "expected an operator or the end");
	return 0;
}

int expr_parse(struct arena *arena, const struct expr_source *source, struct expr **ret,
	       struct diag *diag)
{
	struct parser p = { .arena = arena, .src = source, .diag = diag };
	int err = start(&p);

	if (!err)
		err = parse_expr(&p, ret);
	return err ? err : parse_end(&p);
}

int expr_parse_assignment(struct arena *arena, const struct expr_source *source,
			  struct expr **ret_target, struct expr **ret_value, struct diag *diag)
{
	struct parser p = { .arena = arena, .src = source, .diag = diag };
	int err = start(&p);

	if (!err)
		err = parse_primary(&p, ret_target);
	if (!err)
		err = expect(&p, '=');
	if (!err)
		err = parse_expr(&p, ret_value);
	return err ? err : parse_end(&p);
}
