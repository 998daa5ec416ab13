/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cuts the text of an expression into words. */
#include "specs/expr_lex.h"

#include <errno.h>

struct place expr_place(const struct expr_source *src, size_t at)
{
	struct place p = src->place;

	if (!src->exact)
		return p;
	for (size_t i = 0; i < at && i < src->len; i++) {
		p.column++;
		if (src->text[i] == '\n')
			p = (struct place){ p.line + 1, 1 };
	}
	return p;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(char c)
{
	return is_word_start(c) || is_digit(c);
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 255, 0xff, 4K, 16M, 2G */
static int lex_number(const struct expr_source *src, size_t at, struct token *ret,
		      struct diag *diag)
{
	const char *s = src->text;
	size_t i = at, first;
	unsigned base = 10, shift = 0;
	uint64_t n = 0;
	bool wide = false;

	if (s[i] == '0' && i + 1 < src->len && (s[i + 1] == 'x' || s[i + 1] == 'X')) {
		base = 16;
		i += 2;
	}
	for (first = i; i < src->len; i++) {
		int d = hex_digit(s[i]);

		if (d < 0 || (unsigned)d >= base)
			break;
		wide |= __builtin_mul_overflow(n, (uint64_t)base, &n);
		wide |= __builtin_add_overflow(n, (uint64_t)d, &n);
	}
	if (i < src->len && i > first) {
		shift = s[i] == 'K' ? 10 : s[i] == 'M' ? 20 : s[i] == 'G' ? 30 : 0;
		i += shift != 0;
	}
	if (i == first || (i < src->len && is_word(s[i])))
		return doc_error(diag, src->file, expr_place(src, at), "bad number");
	if (wide || (shift && n >> (64 - shift)))
		return doc_error(diag, src->file, expr_place(src, at),
				 "number does not fit 64 bits");
	*ret = (struct token){ .kind = TOKEN_NUMBER, .start = at, .end = i, .number = n << shift };
	return 0;
}

static int lex_string(const struct expr_source *src, size_t at, struct token *ret,
		      struct diag *diag)
{
	size_t i = at + 1;

	while (i < src->len && src->text[i] != '"' && src->text[i] != '\n' && src->text[i] != '\\')
		i++;
	if (i >= src->len || src->text[i] != '"')
		return doc_error(diag, src->file, expr_place(src, at),
				 "string without its end (there are no escapes)");
	*ret = (struct token){
		.kind = TOKEN_STRING,
		.start = at,
		.end = i + 1,
		.text = src->text + at + 1,
		.len = i - at - 1,
	};
	return 0;
}

static void lex_word(const struct expr_source *src, size_t at, struct token *ret)
{
	const char *s = src->text;
	size_t i = at;

	while (i < src->len &&
	       (is_word(s[i]) || (s[i] == '.' && i + 1 < src->len && is_word(s[i + 1]))))
		i++;
	*ret = (struct token){
		.kind = TOKEN_WORD, .start = at, .end = i, .text = s + at, .len = i - at
	};
	/* The operators that are words. */
	for (unsigned op = 0; op < OP_COUNT; op++) {
		if (is_word_start(expr_ops[op].text[0]) && strlen(expr_ops[op].text) == i - at &&
		    !memcmp(expr_ops[op].text, s + at, i - at)) {
			ret->kind = TOKEN_OP;
			ret->op = op;
		}
	}
}

/* The longest operator that stands at @at; false when there is none. */
static bool lex_op(const struct expr_source *src, size_t at, struct token *ret)
{
	size_t best = 0;

	for (unsigned op = 0; op < OP_COUNT; op++) {
		size_t len = strlen(expr_ops[op].text);

		if (len <= best || len > src->len - at ||
		    memcmp(expr_ops[op].text, src->text + at, len))
			continue;
		best = len;
		*ret = (struct token){ .kind = TOKEN_OP, .start = at, .end = at + len, .op = op };
	}
	return best;
}

int expr_lex(const struct expr_source *src, size_t at, struct token *ret, struct diag *diag)
{
	const char *s = src->text;

	while (at < src->len && (s[at] == ' ' || s[at] == '\n' || s[at] == '\r'))
		at++;
	*ret = (struct token){ .kind = TOKEN_END, .start = at, .end = at };
	if (at == src->len)
		return 0;
	if (is_digit(s[at]))
		return lex_number(src, at, ret, diag);
	if (s[at] == '"')
		return lex_string(src, at, ret, diag);
	if (is_word_start(s[at])) {
		lex_word(src, at, ret);
		return 0;
	}
	if (src->len - at >= 2 && s[at] == '.' && s[at + 1] == '.') {
		*ret = (struct token){
			.kind = TOKEN_PUNCT, .start = at, .end = at + 2, .punct = '.'
		};
		return 0;
	}
	if (lex_op(src, at, ret))
		return 0;
	if (strchr("(){},?:=", s[at])) {
		*ret = (struct token){
			.kind = TOKEN_PUNCT, .start = at, .end = at + 1, .punct = s[at]
		};
		return 0;
	}
	return doc_error(diag, src->file, expr_place(src, at), "'%c' has no meaning here", s[at]);
}
