/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A state made by hand as the 64-bit boot protocol asks, for tests of the rule language and the rules. */
#ifndef TESTS_LIB_JUDGED_H
#define TESTS_LIB_JUDGED_H

#include "specs/judge.h"
#include "specs/spec.h"

/* Where things lie in it. */
#define JUDGED_GDT     0x1000u
#define JUDGED_TABLES  0x2000u /* PML4, PDPT, one page directory for the first GiB */
#define JUDGED_BP      0x10000u
#define JUDGED_CMDLINE 0x20000u
#define JUDGED_LOAD    0x1000000u

struct judged {
	struct image *image;
	struct handover state;
	struct judge_context context;
	struct spec_set specs; /* the built-in rules */
};

/* Entered by linux64, 512 MiB of RAM, the protected-mode part loaded at 16 MiB. */
struct judged *judged_create(void);
void judged_destroy(struct judged *j);

/* Change memory; asserts that it is there. */
void judged_put(struct judged *j, gpa_t gpa, const void *data, size_t len);
void judged_put_int(struct judged *j, gpa_t gpa, uint64_t value, size_t width);

/*
 * The value of @expr at that state in words ("0x10", "true", "\"linux64\"", "{0x0..0xfff}"), or
 * "SKIP: why", "ERROR: why", "UNREADABLE: why"; in @out. A wrong expression fails the test.
 */
const char *judged_eval(const struct judged *j, const char *expr, char *out, size_t size);

/* The diag of an expression that must be refused. */
const char *judged_refused(const char *expr, char *out, size_t size);

/* The verdict of the clause @id at the point of the state; NULL when it was not judged. */
const struct verdict *judged_find(const struct verdicts *v, const char *id);

/* Ids that FAIL, in order, separated by spaces. */
const char *judged_fails(const struct judged *j, char *out, size_t size);

#endif
