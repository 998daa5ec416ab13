/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The expression language of the rule files (man/bootpath-rules.5.scd): parsed
 * and type-checked once, then evaluated on states. Values are unsigned 64-bit
 * integers, booleans, strings and sets of address intervals.
 *
 * Made in four steps, one file each: expr_lex.c, expr_parse.c, expr_check.c and
 * expr_eval.c; expr_explain.c words what was found.
 */
#ifndef SPECS_EXPR_H
#define SPECS_EXPR_H

#include "emu/base/buf.h"
#include "specs/namespace.h"
#include "specs/yaml.h" /* struct place */

enum expr_kind {
	EXPR_NUMBER,
	EXPR_STRING,
	EXPR_BOOL,
	EXPR_NAME,   /* what the namespace knows */
	EXPR_FIELD,  /* e.addr: of the element that a quantifier is at */
	EXPR_DEFINE, /* a named expression of the same file */
	EXPR_CALL,
	EXPR_UNARY,
	EXPR_BINARY,
	EXPR_COND,   /* a ? b : c */
	EXPR_MEMBER, /* x in {1, 2, 4..7} */
	EXPR_QUANT,  /* all e in e820: ... */
};

/* OP(ID, "spelling", how tightly it binds, operands, result); see expr_parse.c for the letters */
enum expr_op {
#define OP(id, text, level, operands, result) OP_##id,
#include "specs/ops.def"
#undef OP
	OP_COUNT
};

struct expr_op_info {
	const char *text;
	unsigned level;
	char operands,
		result; /* i integer, b boolean, s set, * any two alike, o ordered, m member */
};

extern const struct expr_op_info expr_ops[OP_COUNT];

/* One of a membership list: lo..hi, or one value with lo == hi as nodes. */
struct expr_range {
	struct expr *lo, *hi;
};

#define EXPR_ARGS_MAX    4
#define EXPR_QUANT_DEPTH 4

struct expr {
	enum expr_kind kind;
	enum value_type type; /* this and the next two are expr_check()'s */
	bool constant;        /* nothing in it depends on a state or an image */
	unsigned depth;
	enum expr_op op;
	struct place place;
	/* as written, not NUL-terminated; lives as long as the rule file's text */
	const char *text;
	size_t text_len;
	struct expr *arg[EXPR_ARGS_MAX];
	unsigned arg_count;
	struct expr_range *ranges; /* EXPR_MEMBER */
	unsigned range_count;
	uint64_t number;      /* EXPR_NUMBER, EXPR_BOOL */
	const char *word;     /* the name, string or function as text */
	struct name_ref name; /* EXPR_NAME, and EXPR_QUANT's list */
	const struct function *function;
	struct define *define;
	bool all;             /* EXPR_QUANT: all, else any */
	const char *variable; /* EXPR_QUANT */
	unsigned slot;        /* EXPR_FIELD, EXPR_QUANT: which enclosing quantifier */
	unsigned field;       /* EXPR_FIELD */
};

/* A named expression, `define:` in a rule file. */
struct define {
	const char *name;
	struct place place;
	struct expr *expr;
	bool under_way, done; /* expr_check()'s */
	unsigned points;      /* BIT(enum point): where it was found to have a meaning */
	struct define *next;
};

struct expr_source {
	const char *file;
	const char *text; /* need not be NUL-terminated; must outlive the expression */
	size_t len;
	struct place place; /* of text's first character */
	bool exact;         /* else every error is at place */
};

/* -EINVAL with "FILE:LINE:COLUMN: ..." in @diag, -ENOMEM. */
int expr_parse(struct arena *arena, const struct expr_source *source, struct expr **ret,
	       struct diag *diag);

/* "TARGET = VALUE", as violate recipes have it. */
int expr_parse_assignment(struct arena *arena, const struct expr_source *source,
			  struct expr **ret_target, struct expr **ret_value, struct diag *diag);

struct expr_scope {
	const char *file;
	struct define *defines; /* of the file */
	unsigned points;        /* BIT(enum point): where it will be evaluated */
};

/* Resolve names and check types; @want is the type that the whole must have. */
int expr_check(struct expr *e, const struct expr_scope *scope, enum value_type want,
	       struct diag *diag);
/* The same for any type. */
int expr_check_any(struct expr *e, const struct expr_scope *scope, struct diag *diag);

/*
 * How an evaluation ended. UNREADABLE: it asks for memory that is not there,
 * which no true statement about the state can; a requirement fails on it.
 */
enum eval_status { EVAL_OK, EVAL_SKIP, EVAL_ERROR, EVAL_UNREADABLE };

/* A sub-term and the value it had. */
struct term {
	const struct expr *expr;
	char *text; /* the value in words; owned */
	gpa_t gpa;  /* the memory it was read from; size 0: none */
	uint32_t size;
	unsigned element; /* EXPR_QUANT: the element that decided */
};

#define EVAL_TERMS_MAX 48

struct judge_context;

struct eval {
	const struct judge_context *context;
	const struct handover *now; /* NULL at the point image */
	enum eval_status status;
	char reason[320]; /* unless EVAL_OK */
	struct term terms[EVAL_TERMS_MAX];
	unsigned term_count, terms_lost;
	struct list lists[EXPR_QUANT_DEPTH]; /* of the enclosing quantifiers */
	size_t element[EXPR_QUANT_DEPTH];
	uint64_t steps;
	struct expr_memory {
		gpa_t gpa;
		uint32_t size;
	} last_read; /* by the function or name evaluated last */
};

/* Zero @ev but for context and now. The value of a set is the caller's to free. */
struct value expr_eval(struct eval *ev, const struct expr *e);
void eval_release(struct eval *ev);

/* Give up with @status and a reason; the first one stays. */
void eval_stop(struct eval *ev, enum eval_status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Count work, so that every rule ends: about what a node of an expression costs is one step. */
void eval_spend(struct eval *ev, uint64_t steps);

/* The expression as written, white space folded. */
void expr_text(const struct expr *e, struct buf *out);
/* "cr0.pg = 1, cr0 = 0x80050033": every sub-term with its value, and the whole register of each bit. */
void expr_explain(const struct eval *ev, struct buf *out);
/* The one memory operand among the terms; false when there is none or more than one. */
bool expr_blame(const struct eval *ev, gpa_t *ret_gpa, uint32_t *ret_size);

/* A value in words: 7, 0x8a000, true, "linux32", [0x0, 0x9fc00) [0x100000, 0x20000000). */
void value_text(const struct value *v, struct buf *out);
void value_free(struct value *v);

#endif
