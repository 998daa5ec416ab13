/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule files (man/bootpath-rules.5.scd) as clauses: read, checked, and found by id. */
#ifndef SPECS_SPEC_H
#define SPECS_SPEC_H

#include "specs/expr.h"
#include "specs/verdict.h"
#include "specs/violate.h"

#define CLAUSE_PATHS_MAX 8

struct clause {
	const char *file; /* base name of its rule file */
	struct place place;
	const char *id;
	enum verdict_level level;
	enum verdict_subject subject;
	unsigned points;                         /* BIT(enum point) */
	const char *paths[CLAUSE_PATHS_MAX + 1]; /* NULL-ended; empty: all */
	struct expr *gate;                       /* NULL: always */
	struct expr *require;
	const char *want;      /* require as text, white space folded */
	const char *gate_text; /* likewise; NULL without a gate */
	const char *cite;
	const char *text;
	struct violation violation;
};

/* Zero-initialise to start empty. */
struct spec_set {
	struct arena arena;
	struct clause **clauses; /* in the order of files, then of the file */
	size_t count, cap;
};

/* A rule file that is built in. */
struct spec_file {
	const char *name;
	const char *data, *end;
};

extern const struct spec_file spec_files[];
extern const size_t spec_file_count;

/* All built-in rule files. -ENOMEM, or -EINVAL when one is wrong (a test sees to it that none is). */
int spec_set_builtin(struct spec_set *s, struct diag *diag);
/* Add the clauses of one file; nothing is added on an error. */
int spec_set_add(struct spec_set *s, const char *name, struct bytes text, struct diag *diag);
/* The same from @path; errors name the file as @path has it. */
int spec_set_read(struct spec_set *s, const char *path, struct diag *diag);

const struct clause *spec_find(const struct spec_set *s, const char *id);
void spec_set_free(struct spec_set *s);

/* Paths that a clause may name. */
bool spec_path_known(const char *name);

#endif
