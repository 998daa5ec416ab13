/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One clause judged on one state: pure data, made by specs/, shown by tools/. */
#ifndef SPECS_VERDICT_H
#define SPECS_VERDICT_H

#include "emu/base/state.h"

enum verdict_status { VERDICT_PASS, VERDICT_SKIP, VERDICT_KNOWN, VERDICT_FAIL, VERDICT_ERROR };
enum verdict_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO };
enum verdict_subject { SUBJECT_LOADER, SUBJECT_FIRMWARE, SUBJECT_KERNEL };

extern const char *const verdict_status_names[];  /* "PASS", "SKIP", "KNOWN", "FAIL", "ERROR" */
extern const char *const verdict_level_names[];   /* "error", "warn", "info" */
extern const char *const verdict_subject_names[]; /* "loader", "firmware", "kernel" */

struct verdict {
	const char *id;   /* owned by the spec */
	const char *cite; /* likewise */
	const char *text; /* likewise */
	enum verdict_status status;
	enum verdict_level level;
	enum verdict_subject subject;
	enum point point;
	char *want; /* owned: the expression, or what it asks for */
	char *got;  /* owned: every sub-term with its value; the reason of a SKIP or ERROR */
	bool unexpected_pass; /* listed as KNOWN to fail, and passed */
	/* The memory that decided it, for the watching run; size 0: none (a register or no single place). */
	gpa_t blame_gpa;
	uint32_t blame_size;
	char *writer; /* owned: "startup_32+0x1f at instruction 123"; NULL until known */
};

struct verdicts {
	struct verdict *items;
	size_t count;
	size_t cap;
};

void verdicts_free(struct verdicts *v);

#endif
