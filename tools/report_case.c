/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A path as a list of test cases, and what a verdict has to say for itself. */
#include "tools/report_case.h"

#include <stdio.h>
#include <stdlib.h>

void text_plain(struct buf *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c >= 0x20 && c < 0x7f)
			buf_append(out, &c, 1);
		else
			buf_printf(out, "\\x%02x", c);
	}
}

enum case_kind verdict_case(const struct report_path *p, const struct verdict *v)
{
	switch (v->status) {
	case VERDICT_PASS: return v->unexpected_pass ? CASE_WARN : CASE_PASS;
	case VERDICT_SKIP: return CASE_SKIP;
	case VERDICT_KNOWN: return CASE_KNOWN;
	case VERDICT_ERROR: return v->level == LEVEL_ERROR ? CASE_ERROR : CASE_WARN;
	case VERDICT_FAIL:
		if (v->level != LEVEL_ERROR)
			return CASE_WARN;
		/* design.md "Outcome of a path" */
		return p->own_entry && v->point == POINT_ENTRY ? CASE_ERROR : CASE_FAIL;
	}
	return CASE_ERROR;
}

static enum case_kind outcome_case(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_PASS: return CASE_PASS;
	case OUTCOME_SKIP: return CASE_SKIP;
	case OUTCOME_EXIT:
	case OUTCOME_HANG:
	case OUTCOME_CRASH:
	case OUTCOME_FAIL: return CASE_FAIL;
	case OUTCOME_ERROR:
	case OUTCOME_COUNT: return CASE_ERROR;
	}
	return CASE_ERROR;
}

enum case_kind path_case(const struct report_path *p)
{
	return outcome_case(p->outcome);
}

enum case_kind image_case(const struct report_image *r)
{
	static const enum case_kind worst_first[] = { CASE_FAIL, CASE_ERROR, CASE_PASS };

	if (r->error[0])
		return CASE_ERROR;
	for (size_t k = 0; k < ARRAY_SIZE(worst_first); k++) {
		for (size_t i = 0; i < r->path_count; i++) {
			if (path_case(&r->paths[i]) == worst_first[k])
				return worst_first[k];
		}
	}
	return CASE_SKIP;
}

size_t report_case_count(const struct report_path *p)
{
	return 1 + p->verdicts.count;
}

void report_case_get(const struct report_path *p, size_t i, struct report_case *ret)
{
	const struct verdict *v;

	*ret = (struct report_case){ .kind = CASE_PASS };
	if (!i) {
		/* What the clauses made of a run that arrived is theirs to tell. */
		if (!p->by_verdicts)
			ret->kind = path_case(p);
		snprintf(ret->name, sizeof(ret->name), "arrival");
		return;
	}
	v = &p->verdicts.items[i - 1];
	ret->kind = verdict_case(p, v);
	ret->verdict = v;
	snprintf(ret->name, sizeof(ret->name), "%s at %s", v->id, point_names[v->point]);
}

void case_reason(const struct report_path *p, const struct report_case *c, struct buf *out)
{
	const struct verdict *v = c->verdict;

	if (c->kind == CASE_PASS)
		return;
	if (!v) {
		buf_printf(out, "%s: ", outcome_names[p->outcome]);
		text_plain(out, p->reason);
	} else if (v->unexpected_pass) {
		buf_printf(out, "passes, although %s:%s is documented to break it: ", p->path->name,
			   p->variant->name);
		text_plain(out, v->text);
	} else if (c->kind == CASE_KNOWN) {
		buf_printf(out, "known of %s:%s (%s): ", p->path->name, p->variant->name,
			   p->variant->cite ? p->variant->cite : "no citation");
		text_plain(out, v->text);
	} else if (c->kind == CASE_SKIP) {
		text_plain(out, v->got ? v->got : "does not apply");
	} else {
		text_plain(out, v->text);
	}
}

static void labelled(struct buf *out, const char *prefix, const char *label, const char *text)
{
	buf_printf(out, "%s%-8s ", prefix, label);
	text_plain(out, text);
	buf_puts(out, "\n");
}

/* The length of the first sub-term of "a = 1, b(c, d) = 2": up to a comma outside brackets and quotes. */
static size_t term_length(const char *text)
{
	unsigned depth = 0;
	bool quoted = false;
	size_t i;

	for (i = 0; text[i]; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && strchr("([{", text[i]))
			depth++;
		else if (!quoted && depth && strchr(")]}", text[i]))
			depth--;
		else if (!quoted && !depth && text[i] == ',' && text[i + 1] == ' ')
			break;
	}
	return i;
}

static void explain_got(const struct verdict *v, const char *prefix, struct buf *out)
{
	const char *rest = v->got, *label = "got";

	while (rest && *rest) {
		size_t len = v->status == VERDICT_FAIL ? term_length(rest) : strlen(rest);
		char *term = strndup(rest, len);

		labelled(out, prefix, label, term ? term : "(out of memory)");
		free(term);
		label = "";
		rest += len;
		rest += strspn(rest, ", ");
	}
}

static const char *duty_of(const struct report_path *p, const struct verdict *v)
{
	static const char *const whose[] = {
		[SUBJECT_LOADER] = "the boot loader",
		[SUBJECT_FIRMWARE] = "the firmware",
		[SUBJECT_KERNEL] = "the kernel image",
	};

	if (p->own_entry && v->point == POINT_ENTRY && v->subject != SUBJECT_KERNEL)
		return v->subject == SUBJECT_LOADER ?
			       "the boot loader, here bootpath's model of it" :
			       "the firmware, here bootpath's model of it";
	return whose[v->subject];
}

void verdict_explain(const struct report_path *p, const struct verdict *v, const char *prefix,
		     struct buf *out)
{
	buf_puts(out, prefix);
	text_plain(out, v->text);
	buf_puts(out, "\n");
	labelled(out, prefix, "cite", v->cite);
	labelled(out, prefix, "want", v->want ? v->want : "");
	explain_got(v, prefix, out);
	labelled(out, prefix, "duty of", duty_of(p, v));
	if (v->writer)
		labelled(out, prefix, "written", v->writer);
}
