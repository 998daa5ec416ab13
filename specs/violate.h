/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recipes that break one clause, so that every clause can be shown to fail: a
 * list of alterations of the image file, of the state at the entry, of guest
 * code, or, where nothing else will do, of the captured state.
 */
#ifndef SPECS_VIOLATE_H
#define SPECS_VIOLATE_H

#include "specs/expr.h"

enum alter_where {
	ALTER_IMAGE, /* bytes of the file, before it is parsed */
	ALTER_ENTRY, /* registers and memory of the start of day, before the run */
	ALTER_GUEST, /* code bytes at a symbol, before the run */
	ALTER_STATE, /* the captured state, before it is judged: counted apart */
	ALTER_COUNT,
};

extern const char *const alter_where_names[ALTER_COUNT]; /* "image", "entry", "guest", "state" */

#define ALTER_BYTES_MAX 64

struct alteration {
	enum alter_where where;
	struct place place;
	const char *text;    /* as written */
	struct expr *target; /* a register, a field, or u8(address) and its like */
	struct expr *value;
	const char *symbol; /* ALTER_GUEST */
	uint64_t offset;
	const uint8_t *bytes;
	size_t len;
};

struct violation {
	/* where it shows, "linux64" or "linux64:vmm"; NULL: any path of the clause */
	const char *path;
	struct alteration *items;
	size_t count;
};

/* A `violate:` list. */
int violation_parse(struct arena *arena, const char *file, const struct doc_node *node,
		    struct define *defines, unsigned points, struct violation *ret,
		    struct diag *diag);

/* What is altered; members that @where does not need may be NULL. */
struct alter_target {
	const struct judge_context *context; /* for the values of names */
	const struct handover *now;          /* likewise; NULL for ALTER_IMAGE */
	uint8_t *file;
	size_t file_size;
	struct cpu_state *cpu;
	int (*write)(void *arg, gpa_t gpa, const void *data, size_t len);
	void *arg;
};

/* -EINVAL with a diag when a value or address cannot be had here, -ERANGE outside file or memory. */
int alteration_apply(const struct alteration *a, const struct alter_target *t, struct diag *diag);

#endif
