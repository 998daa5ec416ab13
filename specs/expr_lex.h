/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of the rule language; only expr_lex.c and expr_parse.c use this. */
#ifndef SPECS_EXPR_LEX_H
#define SPECS_EXPR_LEX_H

#include "specs/expr.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NUMBER,
	TOKEN_STRING, /* start and len are without the quotes */
	TOKEN_WORD,   /* names with their dots; all, any, in, overlaps, true and false too */
	TOKEN_OP,     /* op */
	TOKEN_PUNCT,  /* punct: ( ) { } , ? : = and . for two dots */
};

struct token {
	enum token_kind kind;
	size_t start, end; /* in the source, quotes included */
	const char *text;
	size_t len;
	uint64_t number;
	enum expr_op op;
	char punct;
};

/* Where offset @at of the source stands in its file. */
struct place expr_place(const struct expr_source *src, size_t at);

/* The token at or after offset @at. -EINVAL with a diag for what is no token. */
int expr_lex(const struct expr_source *src, size_t at, struct token *ret, struct diag *diag);

#endif
