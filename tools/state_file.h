/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A state that was captured elsewhere, for `check --state`: a path of our JSON
 * report (path, variant, handovers; man/bootpath-json.5), with the memory that
 * the rules look at beside it.
 */
#ifndef TOOLS_STATE_FILE_H
#define TOOLS_STATE_FILE_H

#include "emu/base/diag.h"
#include "specs/judge.h"
#include "tools/json_read.h"

struct state_file {
	char path[32];
	char variant[32];
	char sha256[SHA256_HEX_SIZE]; /* of the file */
	struct handover *handovers;   /* owned, in time order */
	size_t handover_count;
	bool fact_known[FACT_COUNT];
	uint64_t facts[FACT_COUNT];
};

/*
 * Zero @ret before. -EINVAL with "NAME:LINE:COLUMN: ..." in @diag, or the errno
 * of reading. The memory of a state is what the file holds and nothing else.
 */
int state_file_read(struct state_file *ret, const char *path, struct diag *diag);
int state_file_parse(struct state_file *ret, const char *name, struct bytes text,
		     struct diag *diag);
/* The same from a value of a document that is parsed already: a path of a report. */
int state_file_take(struct state_file *ret, const struct json_value *root, struct diag *diag);
void state_file_release(struct state_file *s);

/* What judge_point() is told: rules that ask for memory that is not in the file SKIP. @image may be NULL. */
struct judge_context state_file_context(const struct state_file *s, const struct image *image);

#endif
