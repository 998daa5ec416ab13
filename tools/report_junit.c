/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as JUnit XML, the way that Jenkins, GitLab and junitparser read it:
 * a testsuite an image, in it one a path, in it a testcase a clause. Without
 * times: no clock reaches any output.
 */
#include "tools/report_case.h"

#define DEPTH_CASE 3

struct junit_counts {
	size_t tests, failures, errors, skipped;
};

/* Character data or an attribute's value (XML 1.0 2.4); @text is printable ASCII and newlines. */
static void xml_text(struct buf *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		switch (*p) {
		case '&': buf_puts(out, "&amp;"); break;
		case '<': buf_puts(out, "&lt;"); break;
		case '>': buf_puts(out, "&gt;"); break;
		case '"': buf_puts(out, "&quot;"); break;
		default: buf_append(out, p, 1); break;
		}
	}
}

static void xml_attribute(struct buf *out, const char *name, const char *value)
{
	struct buf plain = { 0 };

	text_plain(&plain, value);
	buf_printf(out, " %s=\"", name);
	xml_text(out, buf_str(&plain));
	buf_puts(out, "\"");
	buf_free(&plain);
}

static void xml_indent(struct buf *out, unsigned depth)
{
	buf_printf(out, "%*s", (int)depth * 2, "");
}

static void count_path(const struct report_path *p, struct junit_counts *n)
{
	for (size_t i = 0; i < report_case_count(p); i++) {
		struct report_case c;

		report_case_get(p, i, &c);
		n->tests++;
		n->failures += c.kind == CASE_FAIL;
		n->errors += c.kind == CASE_ERROR;
		n->skipped += c.kind == CASE_SKIP || c.kind == CASE_KNOWN;
	}
}

static void count_image(const struct report_image *r, struct junit_counts *n)
{
	if (r->error[0]) {
		n->tests++;
		n->errors++;
	}
	for (size_t i = 0; i < r->path_count; i++)
		count_path(&r->paths[i], n);
}

static void junit_open(struct buf *out, unsigned depth, const char *element, const char *name,
		       const struct junit_counts *n)
{
	xml_indent(out, depth);
	buf_printf(out, "<%s", element);
	xml_attribute(out, "name", name);
	buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n",
		   n->tests, n->failures, n->errors, n->skipped);
}

static void junit_close(struct buf *out, unsigned depth, const char *element)
{
	xml_indent(out, depth);
	buf_printf(out, "</%s>\n", element);
}

/* <failure message="...">body</failure>; a warning has no element of its own and is output of its case. */
static void junit_child(struct buf *out, enum case_kind kind, const char *message, const char *body)
{
	static const char *const elements[CASE_KIND_COUNT] = {
		[CASE_WARN] = "system-out", [CASE_KNOWN] = "skipped", [CASE_SKIP] = "skipped",
		[CASE_FAIL] = "failure",    [CASE_ERROR] = "error",
	};

	xml_indent(out, DEPTH_CASE + 1);
	buf_printf(out, "<%s", elements[kind]);
	if (kind != CASE_WARN)
		xml_attribute(out, "message", message);
	if (!*body) {
		buf_puts(out, "/>\n");
		return;
	}
	buf_puts(out, ">");
	xml_text(out, body);
	buf_printf(out, "</%s>\n", elements[kind]);
}

static void junit_case(const struct report_path *p, const struct report_case *c, const char *class,
		       struct buf *out)
{
	struct buf reason = { 0 }, body = { 0 };

	xml_indent(out, DEPTH_CASE);
	buf_puts(out, "<testcase");
	xml_attribute(out, "classname", class);
	xml_attribute(out, "name", c->name);
	if (c->kind == CASE_PASS) {
		buf_puts(out, "/>\n");
		return;
	}
	buf_puts(out, ">\n");
	case_reason(p, c, &reason);
	if (c->kind == CASE_WARN)
		buf_printf(&body, "warning, %s\n",
			   c->verdict->unexpected_pass ? buf_str(&reason) : c->name);
	if (c->verdict && c->kind != CASE_SKIP)
		verdict_explain(p, c->verdict, "", &body);
	junit_child(out, c->kind, buf_str(&reason), buf_str(&body));
	junit_close(out, DEPTH_CASE, "testcase");
	buf_free(&reason);
	buf_free(&body);
}

static void junit_path(const struct report_image *image, const struct report_path *p,
		       struct buf *out)
{
	struct junit_counts n = { 0 };
	struct buf name = { 0 }, class = { 0 };

	buf_printf(&name, "%s:%s", p->path->name, p->variant->name);
	buf_printf(&class, "%s.%s", image->name, buf_str(&name));
	count_path(p, &n);
	junit_open(out, 2, "testsuite", buf_str(&name), &n);
	for (size_t i = 0; i < report_case_count(p); i++) {
		struct report_case c;

		report_case_get(p, i, &c);
		junit_case(p, &c, buf_str(&class), out);
	}
	junit_close(out, 2, "testsuite");
	buf_free(&name);
	buf_free(&class);
}

/* An image that could not be read still is a testcase. */
static void junit_unread(const struct report_image *image, struct buf *out)
{
	xml_indent(out, DEPTH_CASE);
	buf_puts(out, "<testcase");
	xml_attribute(out, "classname", image->name);
	buf_puts(out, " name=\"image\">\n");
	junit_child(out, CASE_ERROR, image->error, "");
	junit_close(out, DEPTH_CASE, "testcase");
}

void report_junit(const struct report *r, struct buf *out)
{
	struct junit_counts all = { 0 };

	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	for (size_t i = 0; i < r->image_count; i++)
		count_image(&r->images[i], &all);
	junit_open(out, 0, "testsuites", "bootpath", &all);
	for (size_t i = 0; i < r->image_count; i++) {
		const struct report_image *image = &r->images[i];
		struct junit_counts n = { 0 };

		count_image(image, &n);
		junit_open(out, 1, "testsuite", image->name, &n);
		if (image->error[0])
			junit_unread(image, out);
		for (size_t k = 0; k < image->path_count; k++)
			junit_path(image, &image->paths[k], out);
		junit_close(out, 1, "testsuite");
	}
	junit_close(out, 0, "testsuites");
}
