/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `check --state`: a state captured elsewhere, judged as if its path had been run. */
#ifndef TOOLS_CHECK_STATE_H
#define TOOLS_CHECK_STATE_H

#include "specs/spec.h"
#include "tools/report.h"
#include "tools/state_file.h"

/* What a report of a captured state borrows; release it after the report. */
struct checked_state {
	struct state_file file;
	struct sod_path path; /* of a path or variant that we have no model of */
	struct sod_variant variant;
};

/*
 * Read @file and judge its handovers, and the image where there is one. Nobody's
 * model is at fault here: a FAIL of level error is a FAIL at every point.
 * -EINVAL with "FILE:LINE:COLUMN: ..." in @diag, or the errno of reading.
 */
int check_state(const struct spec_set *specs, const char *file, const struct image *image,
		struct checked_state *keep, struct report_path *ret, struct diag *diag);
void checked_state_release(struct checked_state *keep);

#endif
