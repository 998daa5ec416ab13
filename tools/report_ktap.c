/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as KTAP version 1 (Documentation/dev-tools/ktap.rst): an image is
 * a test, its paths are its subtests, and the clauses are theirs. The kernel's
 * own parser is tools/testing/kunit/kunit_parser.py.
 */
#include "tools/report_case.h"

#define INDENT 4 /* spaces a level; parsers take any */

static void ktap_indent(struct buf *out, unsigned depth)
{
	buf_printf(out, "%*s", (int)(depth * INDENT), "");
}

/* A name has no '#': that is where a directive begins. */
static void ktap_name(struct buf *out, const char *name)
{
	size_t from = out->len;

	text_plain(out, name);
	for (size_t i = from; !out->failed && i < out->len; i++) {
		if (out->data[i] == '#')
			out->data[i] = '_';
	}
}

static void ktap_begin(struct buf *out, unsigned depth, const char *name, size_t count)
{
	ktap_indent(out, depth);
	buf_puts(out, "KTAP version 1\n");
	ktap_indent(out, depth);
	buf_puts(out, "# Subtest: ");
	ktap_name(out, name);
	buf_puts(out, "\n");
	ktap_indent(out, depth);
	buf_printf(out, "1..%zu\n", count);
}

/*
 * A known failure is "ok ... # XFAIL", as the kernel's selftests print it. The
 * parsers of today know only the directive SKIP; they see the others as text.
 */
static void ktap_result(struct buf *out, unsigned depth, enum case_kind kind, size_t number,
			const char *name, const char *reason)
{
	static const char *const directives[CASE_KIND_COUNT] = {
		[CASE_KNOWN] = "XFAIL",
		[CASE_SKIP] = "SKIP",
		[CASE_ERROR] = "ERROR",
	};
	bool ok = kind != CASE_FAIL && kind != CASE_ERROR;

	ktap_indent(out, depth);
	buf_printf(out, "%s %zu - ", ok ? "ok" : "not ok", number);
	ktap_name(out, name);
	if (directives[kind])
		buf_printf(out, " # %s %s", directives[kind], reason);
	buf_puts(out, "\n");
}

/* What the diagnostic lines of a case begin with: a clause's own text follows anyway. */
static const char *case_title(const struct report_case *c, struct buf *reason)
{
	if (c->verdict && !c->verdict->unexpected_pass)
		return c->name;
	return buf_str(reason);
}

static void ktap_case(const struct report_path *p, const struct report_case *c, size_t number,
		      struct buf *out)
{
	struct buf reason = { 0 };

	case_reason(p, c, &reason);
	if (c->kind == CASE_WARN || c->kind == CASE_FAIL || c->kind == CASE_ERROR) {
		ktap_indent(out, 2);
		buf_printf(out, "# %s%s\n", c->kind == CASE_WARN ? "warning, " : "",
			   case_title(c, &reason));
		if (c->verdict)
			verdict_explain(p, c->verdict, "        # ", out);
	}
	ktap_result(out, 2, c->kind, number, c->name, buf_str(&reason));
	buf_free(&reason);
}

static void ktap_path(const struct report_path *p, size_t number, struct buf *out)
{
	size_t count = report_case_count(p);
	struct buf name = { 0 }, reason = { 0 };

	buf_printf(&name, "%s:%s", p->path->name, p->variant->name);
	text_plain(&reason, p->reason);
	ktap_begin(out, 2, buf_str(&name), count);
	for (size_t i = 0; i < count; i++) {
		struct report_case c;

		report_case_get(p, i, &c);
		ktap_case(p, &c, i + 1, out);
	}
	ktap_result(out, 1, path_case(p), number, buf_str(&name), buf_str(&reason));
	buf_free(&name);
	buf_free(&reason);
}

void report_ktap(const struct report *r, struct buf *out)
{
	buf_printf(out, "KTAP version 1\n1..%zu\n", r->image_count);
	for (size_t i = 0; i < r->image_count; i++) {
		const struct report_image *image = &r->images[i];
		struct buf reason = { 0 };

		if (image->path_count)
			ktap_begin(out, 1, image->name, image->path_count);
		for (size_t k = 0; k < image->path_count; k++)
			ktap_path(&image->paths[k], k + 1, out);
		text_plain(&reason, image->error[0] ? image->error : "a path could not be judged");
		ktap_result(out, 0, image_case(image), i + 1, image->name, buf_str(&reason));
		buf_free(&reason);
	}
}
