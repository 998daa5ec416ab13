/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict table for people: a line a path, then all that failed, explained once. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/report_case.h"

struct table {
	struct buf *out;
	bool colour;
	bool verbose;
	int path_width;
};

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"

static const char *const case_colours[CASE_KIND_COUNT] = {
	[CASE_PASS] = GREEN,  [CASE_WARN] = YELLOW, [CASE_KNOWN] = YELLOW,
	[CASE_SKIP] = YELLOW, [CASE_FAIL] = RED,    [CASE_ERROR] = RED,
};

/* @word in the colour of @kind, padded to @width outside of it. */
static void paint(const struct table *t, enum case_kind kind, const char *word, int width)
{
	int pad = width - (int)strlen(word);

	if (t->colour)
		buf_puts(t->out, case_colours[kind]);
	buf_puts(t->out, word);
	if (t->colour)
		buf_puts(t->out, "\033[0m");
	buf_printf(t->out, "%*s", pad > 0 ? pad : 0, "");
}

static void path_name(const struct report_path *p, char *name, size_t size)
{
	snprintf(name, size, "%s:%s", p->path->name, p->variant->name);
}

static void table_path(const struct table *t, const struct report_path *p)
{
	size_t n[CASE_KIND_COUNT] = { 0 };
	char name[64];

	for (size_t i = 0; i < p->verdicts.count; i++)
		n[verdict_case(p, &p->verdicts.items[i])]++;
	path_name(p, name, sizeof(name));
	buf_printf(t->out, "%-*s  ", t->path_width, name);
	paint(t, path_case(p), outcome_names[p->outcome], 7);
	buf_printf(t->out, " %5zu %5zu %5zu %5zu %5zu %5zu %13" PRIu64 "  ", n[CASE_PASS],
		   n[CASE_FAIL], n[CASE_WARN], n[CASE_KNOWN], n[CASE_SKIP], n[CASE_ERROR],
		   p->counts.instructions);
	text_plain(t->out, p->reason);
	buf_puts(t->out, "\n");
}

static void table_head(const struct table *t)
{
	buf_printf(t->out, "%-*s  %-7s %5s %5s %5s %5s %5s %5s %13s\n", t->path_width, "path",
		   "outcome", "pass", "fail", "warn", "known", "skip", "error", "instructions");
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The same clause failed in the same way: told once for all paths. */
static bool same_verdict(const struct verdict *a, const struct verdict *b)
{
	return !strcmp(a->id, b->id) && a->point == b->point && a->status == b->status &&
	       a->unexpected_pass == b->unexpected_pass && same_text(a->got, b->got) &&
	       same_text(a->writer, b->writer);
}

static bool path_has(const struct report_path *p, const struct verdict *v)
{
	for (size_t i = 0; i < p->verdicts.count; i++) {
		if (same_verdict(&p->verdicts.items[i], v))
			return true;
	}
	return false;
}

static bool told_before(const struct report_image *r, size_t path, const struct verdict *v)
{
	for (size_t k = 0; k < path; k++) {
		if (path_has(&r->paths[k], v))
			return true;
	}
	return false;
}

static void verdict_paths(const struct table *t, const struct report_image *r, size_t path,
			  const struct verdict *v)
{
	const char *separator = "";
	char name[64];

	for (size_t k = path; k < r->path_count; k++) {
		if (!path_has(&r->paths[k], v))
			continue;
		path_name(&r->paths[k], name, sizeof(name));
		buf_printf(t->out, "%s%s", separator, name);
		separator = ", ";
	}
}

static void explain(const struct table *t, const struct report_image *r, size_t path,
		    const struct verdict *v)
{
	if (told_before(r, path, v))
		return;
	buf_puts(t->out, "\n");
	paint(t, verdict_case(&r->paths[path], v), verdict_status_names[v->status], 0);
	buf_printf(t->out, " %s, level %s, at %s: ", v->id, verdict_level_names[v->level],
		   point_names[v->point]);
	verdict_paths(t, r, path, v);
	buf_puts(t->out, "\n");
	if (v->unexpected_pass)
		buf_puts(t->out, "  This variant is documented to break it, and did not.\n");
	verdict_explain(&r->paths[path], v, "  ", t->out);
}

/* A rule of another kind than the table's: what a documented producer breaks, one line each. */
static void known_line(const struct table *t, const struct report_path *p, const struct verdict *v)
{
	paint(t, CASE_KNOWN, verdict_status_names[v->status], 0);
	buf_printf(t->out, " %s at %s: %s:%s: ", v->id, point_names[v->point], p->path->name,
		   p->variant->name);
	text_plain(t->out, v->text);
	buf_puts(t->out, "\n");
}

static void known_lines(const struct table *t, const struct report_image *r)
{
	const char *before = "\n";

	for (size_t k = 0; k < r->path_count; k++) {
		const struct verdicts *all = &r->paths[k].verdicts;

		for (size_t i = 0; i < all->count; i++) {
			if (all->items[i].status != VERDICT_KNOWN)
				continue;
			buf_puts(t->out, before);
			before = "";
			known_line(t, &r->paths[k], &all->items[i]);
		}
	}
}

static void all_verdicts(const struct table *t, const struct report_path *p)
{
	buf_printf(t->out, "\n%s:%s\n", p->path->name, p->variant->name);
	for (size_t i = 0; i < p->verdicts.count; i++) {
		const struct verdict *v = &p->verdicts.items[i];

		buf_puts(t->out, "  ");
		paint(t, verdict_case(p, v), verdict_status_names[v->status], 5);
		buf_printf(t->out, " %-8s %-10s ", v->id, point_names[v->point]);
		text_plain(t->out, v->text);
		if (v->status == VERDICT_SKIP && v->got) {
			buf_puts(t->out, "\n        ");
			text_plain(t->out, v->got);
		}
		buf_puts(t->out, "\n");
	}
	report_text_stop(p, t->out);
}

static void check_image(struct table *t, const struct report_image *r)
{
	char name[64];

	t->path_width = (int)strlen("path");
	for (size_t k = 0; k < r->path_count; k++) {
		path_name(&r->paths[k], name, sizeof(name));
		if (t->path_width < (int)strlen(name))
			t->path_width = (int)strlen(name);
	}
	text_plain(t->out, r->name);
	buf_printf(t->out, ": %s, sha256 %s\n", r->format, r->sha256);
	table_head(t);
	for (size_t k = 0; k < r->path_count; k++)
		table_path(t, &r->paths[k]);
	for (size_t k = 0; t->verbose && k < r->path_count; k++)
		all_verdicts(t, &r->paths[k]);
	for (size_t k = 0; k < r->path_count; k++) {
		for (size_t i = 0; i < r->paths[k].verdicts.count; i++) {
			const struct verdict *v = &r->paths[k].verdicts.items[i];
			enum case_kind kind = verdict_case(&r->paths[k], v);

			if (kind == CASE_FAIL || kind == CASE_ERROR || kind == CASE_WARN)
				explain(t, r, k, v);
		}
	}
	known_lines(t, r);
	buf_puts(t->out, "\n");
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* "2 images, 1 of them not read; 4 paths: 3 pass, 1 fail" */
static void closing_line(const struct table *t, const struct report *r)
{
	size_t n[OUTCOME_COUNT] = { 0 }, paths = 0, unread = 0;
	const char *separator = ": ";

	for (size_t i = 0; i < r->image_count; i++) {
		unread += r->images[i].error[0] != '\0';
		paths += r->images[i].path_count;
		for (size_t k = 0; k < r->images[i].path_count; k++)
			n[r->images[i].paths[k].outcome]++;
	}
	buf_printf(t->out, "%zu image%s", r->image_count, plural(r->image_count));
	if (unread)
		buf_printf(t->out, ", %zu of them not read", unread);
	buf_printf(t->out, "; %zu path%s", paths, plural(paths));
	for (unsigned k = 0; k < OUTCOME_COUNT; k++) {
		if (!n[k])
			continue;
		buf_printf(t->out, "%s%zu %s", separator, n[k], outcome_names[k]);
		separator = ", ";
	}
	buf_puts(t->out, "\n");
}

void report_check(const struct report *r, struct buf *out, bool verbose, bool colour)
{
	struct table t = { .out = out, .colour = colour, .verbose = verbose };

	for (size_t i = 0; i < r->image_count; i++) {
		if (r->images[i].error[0]) {
			text_plain(out, r->images[i].error);
			buf_puts(out, "\n\n");
		} else {
			check_image(&t, &r->images[i]);
		}
	}
	closing_line(&t, r);
}
