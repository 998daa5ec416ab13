/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which boots are compared with which: two paths of one file, or the same paths of two. */
#ifndef TOOLS_DIFF_PAIRS_H
#define TOOLS_DIFF_PAIRS_H

#include "tools/diff.h"
#include "tools/options.h"

/* A file of the command line: an image, or a report of --format json. */
struct diff_source {
	char name[256]; /* base name */
	struct image *image;
	struct json_doc *report;
	struct json_value root, images, first, paths; /* of the report: its one image's paths */
};

/* -EINVAL or the errno of reading, with one line in @diag that names the file. */
int diff_source_open(struct diff_source *s, const char *path, const struct symbol_files *symbols,
		     struct diag *diag);
void diff_source_close(struct diff_source *s);

struct diff_pair {
	struct diff_side side[2];
	struct diff diff;
};

struct diff_pairs {
	bool no_writers; /* set before: leave out diff_blame() */
	struct diff_pair *items;
	size_t count;
};

/*
 * With one source, compare its two paths that @o names; with two, every path
 * that @o names or, without any, every path that both have. -EINVAL with @diag
 * when there is nothing to compare.
 */
int diff_pairs_make(struct diff_pairs *pairs, const struct diff_source *sources,
		    size_t source_count, const struct options *o, const char *const *ignore,
		    struct diag *diag);
void diff_pairs_release(struct diff_pairs *pairs);

/* 0 no difference, 1 some, 125 something was not judged and nothing else differs. */
int diff_pairs_status(const struct diff_pairs *pairs);

#endif
