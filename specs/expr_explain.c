/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words what an evaluation found: the expression, and every sub-term with its value. */
#include <inttypes.h>
#include <stdlib.h>

#include "specs/expr.h"

#define SET_SHOWN_MAX 12

void expr_text(const struct expr *e, struct buf *out)
{
	bool space = false;

	for (size_t i = 0; i < e->text_len; i++) {
		char c = e->text[i];

		if (c == ' ' || c == '\n' || c == '\r') {
			space = true;
			continue;
		}
		if (space && out->len)
			buf_puts(out, " ");
		space = false;
		buf_append(out, &c, 1);
	}
}

static void int_text(uint64_t n, struct buf *out)
{
	buf_printf(out, n < 10 ? "%" PRIu64 : "0x%" PRIx64, n);
}

void value_text(const struct value *v, struct buf *out)
{
	switch (v->type) {
	case VALUE_INT: int_text(v->n, out); return;
	case VALUE_BOOL: buf_puts(out, v->n ? "true" : "false"); return;
	case VALUE_STRING: buf_printf(out, "\"%s\"", v->s); return;
	case VALUE_SET: break;
	}
	if (!v->set.count)
		buf_puts(out, "nothing");
	for (size_t i = 0; i < v->set.count && i < SET_SHOWN_MAX; i++)
		buf_printf(out, "%s0x%" PRIx64 "..0x%" PRIx64, i ? ", " : "{",
			   v->set.items[i].start, v->set.items[i].last);
	if (v->set.count > SET_SHOWN_MAX)
		buf_printf(out, ", and %zu more", v->set.count - SET_SHOWN_MAX);
	if (v->set.count)
		buf_puts(out, "}");
}

/* "cr0.pg" belongs to cr0, "cs.l" to cs.attr, "bp.hdr.loadflags.kaslr" to bp.hdr.loadflags. */
static void whole_name(const struct expr *e, struct buf *out)
{
	const char *dot = strrchr(e->word, '.');

	buf_append(out, e->word, dot ? (size_t)(dot - e->word) : strlen(e->word));
	if (e->name.kind == NAME_REGISTER && e->name.seg)
		buf_puts(out, ".attr");
}

static bool shown(const struct buf *out, const char *what)
{
	return out->len && memmem(out->data, out->len, what, strlen(what));
}

/* The register or field that bits were taken from, once each. */
static void explain_wholes(const struct eval *ev, struct buf *out)
{
	for (unsigned i = 0; i < ev->term_count; i++) {
		const struct expr *e = ev->terms[i].expr;
		struct buf whole = { 0 };
		struct eval again = { .context = ev->context, .now = ev->now };
		struct name_ref name;
		struct value v;

		if (e->kind != EXPR_NAME || !e->name.is_bits)
			continue;
		name = e->name;
		name.is_bits = false;
		whole_name(e, &whole);
		buf_puts(&whole, " = ");
		v = name_value(&again, &name);
		if (again.status == EVAL_OK && !whole.failed && !shown(out, buf_str(&whole))) {
			buf_printf(out, ", %s", buf_str(&whole));
			int_text(v.n, out);
		}
		buf_free(&whole);
	}
}

void expr_explain(const struct eval *ev, struct buf *out)
{
	for (unsigned i = 0; i < ev->term_count; i++) {
		const struct term *t = &ev->terms[i];
		struct buf text = { 0 };

		expr_text(t->expr, &text);
		if (t->expr->kind == EXPR_QUANT)
			buf_printf(out, "%s%s: %s", i ? ", " : "", t->expr->variable, t->text);
		else
			buf_printf(out, "%s%s = %s", i ? ", " : "", buf_str(&text), t->text);
		buf_free(&text);
	}
	explain_wholes(ev, out);
	if (ev->terms_lost)
		buf_printf(out, ", and %u more", ev->terms_lost);
}

bool expr_blame(const struct eval *ev, gpa_t *ret_gpa, uint32_t *ret_size)
{
	const struct term *only = NULL;

	for (unsigned i = 0; i < ev->term_count; i++) {
		const struct term *t = &ev->terms[i];

		if (!t->size || (only && only->gpa == t->gpa && only->size == t->size))
			continue;
		if (only)
			return false;
		only = t;
	}
	if (!only)
		return false;
	*ret_gpa = only->gpa;
	*ret_size = only->size;
	return true;
}
