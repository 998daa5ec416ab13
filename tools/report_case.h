/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path as a list of test cases, for the formats that continuous integration
 * reads: the arrival first, then one case a verdict. KTAP and JUnit know fewer
 * kinds than we do; what becomes of each is decided here, once.
 */
#ifndef TOOLS_REPORT_CASE_H
#define TOOLS_REPORT_CASE_H

#include "tools/report.h"

enum case_kind {
	CASE_PASS,
	CASE_WARN, /* a FAIL of level warn or info, or an unexpected pass: shown, and changes nothing */
	CASE_KNOWN, /* a real producer is documented to break it */
	CASE_SKIP,
	CASE_FAIL,
	CASE_ERROR, /* our fault, or not judged */
	CASE_KIND_COUNT
};

struct report_case {
	enum case_kind kind;
	char name[96];                 /* "ZP-006 at entry" */
	const struct verdict *verdict; /* NULL: the arrival */
};

size_t report_case_count(const struct report_path *p);
void report_case_get(const struct report_path *p, size_t i, struct report_case *ret);

enum case_kind verdict_case(const struct report_path *p, const struct verdict *v);
enum case_kind path_case(const struct report_path *p);
/* The worst of its paths; an image that could not be read is an error. */
enum case_kind image_case(const struct report_image *r);

/* Why the case is no plain pass, as one line appended to @out; nothing for a pass. */
void case_reason(const struct report_path *p, const struct report_case *c, struct buf *out);

/*
 * Everything that a FAIL has to say, each line behind @prefix: the clause's
 * text, citation, wanted, got sub-term by sub-term, whose duty it is, and who
 * wrote it.
 */
void verdict_explain(const struct report_path *p, const struct verdict *v, const char *prefix,
		     struct buf *out);

/* Printable ASCII as it is, every other byte as \xNN: nothing that a terminal or a parser would obey. */
void text_plain(struct buf *out, const char *text);

#endif
