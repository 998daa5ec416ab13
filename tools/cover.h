/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which code of an image runs on which of its paths, as plain data. */
#ifndef TOOLS_COVER_H
#define TOOLS_COVER_H

#include "tools/cover_log.h"

struct forbid_hits;

#define COVER_PATHS_MAX 64u

/* Code without a way in or out but at its ends, all of which ran on the same paths. */
struct cover_block {
	enum code_stage stage;
	uint64_t address; /* the stage's own */
	uint64_t size;
	uint32_t insns;
	uint64_t paths;
};

/* What lies under one name. */
struct cover_function {
	enum code_stage stage;
	const struct symbol *symbol; /* NULL: below the stage's first name */
	uint64_t address;            /* of the symbol, or of the first block without one */
	uint64_t paths;              /* that ran any of it */
	size_t first, count;         /* its blocks */
	uint64_t bytes;              /* that ran on any path */
};

struct cover {
	const struct image *image;
	const struct image_symbols *symbols;
	struct image_symbols own_symbols;    /* when nobody gave any */
	struct report_image *result;         /* the paths with their outcomes; borrowed */
	uint64_t elsewhere[COVER_PATHS_MAX]; /* blocks outside of the image, by path */
	struct cover_insns stage[STAGE_COUNT];
	struct cover_block *blocks; /* by stage, then address */
	size_t block_count, block_cap;
	struct cover_function *functions; /* likewise */
	size_t function_count, function_cap;
	uint64_t known[STAGE_COUNT]; /* functions that the stage's symbols name */
};

/* Zero @c before. @symbols may be NULL: those that @image (borrowed) was given, else what it has itself. -ENOMEM. */
int cover_begin(struct cover *c, const struct image *image, const struct image_symbols *symbols);
/*
 * Run all paths of @result, which choose_image() filled, and put together what
 * ran where. -ENOMEM; -E2BIG for more paths than COVER_PATHS_MAX.
 */
int cover_image(struct cover *c, struct report_image *result, const struct run_options *options);
void cover_release(struct cover *c);

/* The same by hand: add each run's finished log as path number @path, then sum up. -ENOMEM. */
int cover_add(struct cover *c, const struct cover_log *log, unsigned path);
int cover_sum_up(struct cover *c);

/* The paths that were run: those that were not skipped. */
uint64_t cover_ran(const struct cover *c);

/* "startup_64", "setup+0x26c" where nothing has a name. Returns @text. */
char *cover_function_name(const struct cover *c, const struct cover_function *f, char *text,
			  size_t size);

/* The function that the symbols name and that no path ran; true while there is one. @at begins with {0, 0}. */
struct cover_never {
	unsigned stage;
	size_t index;
};
const struct symbol *cover_next_never(const struct cover *c, struct cover_never *at,
				      enum code_stage *ret_stage);

void cover_text(const struct cover *c, struct buf *out, bool verbose);
/* @hits may be NULL: nothing was forbidden. */
void cover_json(const struct cover *c, const struct forbid_hits *hits, struct buf *out);
/* The drcov format, version 2, of what ran on any of @paths; a module for each stage. */
void cover_drcov(const struct cover *c, uint64_t paths, struct buf *out);

/*
 * An lcov tracefile, with the lines of all functions of which any path ran something.
 * -ENODATA when no symbol file told source lines, -ENOMEM.
 */
int cover_lcov(const struct cover *c, struct buf *out);

#endif
