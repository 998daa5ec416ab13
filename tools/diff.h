/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What two boots have different at the last point that both reached, as plain data. */
#ifndef TOOLS_DIFF_H
#define TOOLS_DIFF_H

#include "tools/cover_log.h"
#include "tools/json_read.h"
#include "tools/report.h"

/* What can differ, in the order that reports list it. */
enum diff_kind {
#define DIFF_KIND(id, name, doc) DIFF_##id,
#include "tools/diff.def"
#undef DIFF_KIND
	DIFF_KIND_COUNT
};

extern const char *const diff_kind_names[DIFF_KIND_COUNT];

/* One side's part of a difference. */
struct diff_value {
	char *text;    /* owned; NULL: this side has no such thing */
	char *writer;  /* owned; who wrote it last; NULL: nobody can say */
	gpa_t gpa;     /* the memory that holds it */
	uint32_t size; /* of that memory; 0: it is in no memory */
};

struct diff_item {
	enum diff_kind kind;
	char *name; /* owned; "rax", "hdr.cmd_line_ptr", "0x0-0x9fbff": unique within its kind */
	char *note; /* owned; NULL: nothing to add */
	struct diff_value side[2];
};

/* A piece of memory that the start of day filled. */
struct diff_place {
	char name[32];
	char source[64];
	gpa_t gpa;
	uint64_t size;
};

/* One boot: run here, or read from a report. Zero it before it is filled. */
struct diff_side {
	char name[320];            /* "linux64:spec" or "new.bzImage linux64:spec" */
	const struct image *image; /* NULL: read from a report */
	const struct run_options *options;
	struct report_path path;
	struct sod_path path_row; /* of a report: path and variant as it names them */
	struct sod_variant variant_row;
	char path_name[32], variant_name[32];
	struct diff_place *places; /* in order; a later one wins where two overlap */
	size_t place_count;
	gpa_t run_address; /* boot.rst's runtime start, and how much room is there */
	uint64_t run_size;
	/* of a boot that was run here */
	struct cover_log code;
	struct buf trace; /* bootpath-trace(5) */
	const struct image_symbols *symbols;
	struct image_symbols own_symbols;
	bool failed; /* out of memory while it ran */
};

struct diff {
	const char *const *ignore; /* NULL-ended patterns of "KIND" or "KIND.NAME"; NULL: none */
	const struct diff_side *side[2];
	const struct handover
		*at[2]; /* what was compared; NULL: the sides have no point in common */
	struct diff_item *items;
	size_t count, cap;
	size_t ignored;
	bool failed; /* out of memory */
};

/* Boot @image by a path, up to where @options says, and keep all of what it left. */
void diff_side_run(struct diff_side *s, const struct image *image, const struct sod_path *path,
		   const struct sod_variant *variant, const struct run_options *options);
/*
 * The path that @v, an element of a report's "paths", tells of. -EINVAL with
 * "NAME:LINE:COLUMN: ..." in @diag. A path that was not judged has no handovers.
 * The document must outlive the side.
 */
int diff_side_read(struct diff_side *s, const struct json_value *v, struct diag *diag);
void diff_side_release(struct diff_side *s);

/* Compare the two sides, which must outlive @d, whose ignore is set or NULL. -ENOMEM. */
int diff_sides(struct diff *d, const struct diff_side *a, const struct diff_side *b);
/*
 * Run what was run here once more, watching the memory in which the sides
 * differ, and note who wrote each difference last.
 */
void diff_blame(struct diff *d);
void diff_release(struct diff *d);

/* True when a side could not be judged: it was skipped, or it ended as an error; or nothing could be compared. */
bool diff_unjudged(const struct diff *d);

/* --- for the parts of the comparison --- */

/*
 * One more difference, unless it is ignored: then, and without memory, NULL.
 * Good until the next one is added. The texts are copied and may be NULL.
 */
struct diff_item *diff_add(struct diff *d, enum diff_kind kind, const char *name, const char *a,
			   const char *b);
void diff_note(struct diff_item *item, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Where in memory the value of @side lies; @item may be NULL. */
void diff_at(struct diff_item *item, unsigned side, gpa_t gpa, uint64_t size);

void diff_cpu(struct diff *d);
void diff_page_tables(struct diff *d);
/* E820, the fields, setup_data and the command line. */
void diff_boot_params(struct diff *d);
void diff_memory(struct diff *d);
void diff_code(struct diff *d);

/* An instruction of that side, as a report names it: symbol, address, text and time. */
void diff_name_instruction(const struct diff_side *s, gva_t pc, gpa_t gpa, struct bytes code,
			   unsigned bits, uint64_t count, struct buf *out);

/* boot_params of that side's handover; false: it has none. */
bool diff_read_boot_params(const struct diff *d, unsigned side, uint8_t ret[BOOT_PARAMS_SIZE]);
/* All of memory is known on both sides, so that what is not there is different. */
bool diff_knows_memory(const struct diff *d);

/* --- output --- */

void diff_text(const struct diff *d, struct buf *out, bool verbose);
/* Several pairs in one document. */
void diff_json(const struct diff *const *list, size_t count, struct buf *out);

#endif
