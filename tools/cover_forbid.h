/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A project's own list of code that must not run on a path, and who called it all the same (bootpath-cover(1)). */
#ifndef TOOLS_COVER_FORBID_H
#define TOOLS_COVER_FORBID_H

#include "tools/cover.h"

struct forbid_range {
	enum code_stage stage;
	uint64_t start, last; /* the stage's own addresses, both inclusive */
};

struct forbid_rule {
	unsigned line;
	char *what;                  /* as it stands in the file */
	char *paths;                 /* "pvh,linux64" or "*" */
	char *reason;                /* to the end of the line */
	struct forbid_range *ranges; /* all functions of that name */
	size_t range_count;
};

struct forbid_list {
	char name[256]; /* base name of the file */
	struct forbid_rule *rules;
	size_t count;
};

/* Forbidden code that ran. */
struct forbid_hit {
	const struct forbid_rule *rule;
	size_t path; /* index into the cover's paths */
	enum code_stage stage;
	uint64_t address; /* where it was entered first */
	char **chain;     /* innermost first: how the run came there; owned */
	size_t chain_count;
};

struct forbid_hits {
	struct forbid_hit *items;
	size_t count;
};

/*
 * -EINVAL with "FILE:LINE: ..." in @diag; a function that no stage of the image
 * has, and a path that nobody knows, are such mistakes: they would forbid nothing.
 */
int forbid_read(struct forbid_list *ret, const char *path, const struct image_symbols *symbols,
		struct diag *diag);
int forbid_parse(struct forbid_list *ret, const char *name, struct bytes text,
		 const struct image_symbols *symbols, struct diag *diag);
void forbid_release(struct forbid_list *list);

/* What of it ran on the paths of @c; for each hit its path is run once more, up to there. -ENOMEM. */
int forbid_judge(const struct forbid_list *list, const struct cover *c,
		 const struct run_options *options, struct forbid_hits *ret);
void forbid_hits_release(struct forbid_hits *hits);

void forbid_text(const struct forbid_list *list, const struct forbid_hits *hits,
		 const struct cover *c, struct buf *out);

#endif
