/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of a subject image with a clause's recipe, or the first part of it, applied. */
#ifndef TESTS_MUTATION_TRIAL_H
#define TESTS_MUTATION_TRIAL_H

#include "specs/judge.h"
#include "specs/spec.h"
#include "tools/report.h"

/* An image that recipes are tried on. */
struct subject {
	const char *name;
	struct image *image; /* NULL: it cannot be had */
	const char *elf[2];  /* for guest recipes: what it was linked as, or NULL */
	char missing[160];   /* why image is NULL */
};

/* 0, or a negative errno with subject->missing. */
int subject_open(struct subject *s, const char *path);
void subject_close(struct subject *s);

struct trial {
	const struct spec_set *specs;
	const struct subject *subject;
	const struct clause *clause;
	size_t items; /* of its recipe, from the first on, that are applied */
	/* The result. */
	struct verdicts verdicts;
	struct diag diag;  /* why it could not be judged */
	char outcome[400]; /* of the run, in words; "" where nothing ran */
};

/* -errno when there are no verdicts: then diag says why. */
int trial_run(struct trial *t);
void trial_release(struct trial *t);

/* A word for what became of clause @id: PASS only if it passed somewhere and did nothing else but be skipped. */
enum verdict_status trial_status(const struct trial *t, const char *id);
/* What it said, for the report. */
const char *trial_got(const struct trial *t, const char *id);

/*
 * How far from its load address a symbol of the ELF file @path lies, and whether that is the address of the real-mode
 * part; -ENOENT, -EIO.
 */
int symbol_find(const char *path, const char *name, uint64_t *ret_offset, bool *ret_setup);

#endif
