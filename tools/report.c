/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report: names, what it owns, and the exit status that follows from it. */
#include "tools/report.h"

#include <stdlib.h>

#include "tools/cmd.h" /* EXIT_CANNOT_JUDGE */

const char *const outcome_names[OUTCOME_COUNT] = {
	[OUTCOME_PASS] = "pass", [OUTCOME_SKIP] = "skip", [OUTCOME_ERROR] = "error",
	[OUTCOME_EXIT] = "exit", [OUTCOME_HANG] = "hang", [OUTCOME_CRASH] = "crash",
	[OUTCOME_FAIL] = "fail",
};

void report_path_release(struct report_path *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->handover_count; i++)
		handover_release(&p->handovers[i]);
	free(p->handovers);
	verdicts_free(&p->verdicts);
	code_map_release(&p->code);
	free(p->stop_detail);
	free(p->console);
	*p = (struct report_path){ 0 };
}

void report_release(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->image_count; i++) {
		for (size_t k = 0; k < r->images[i].path_count; k++)
			report_path_release(&r->images[i].paths[k]);
		free(r->images[i].paths);
	}
	free(r->images);
	*r = (struct report){ 0 };
}

static bool path_failed(const struct report_path *p)
{
	switch (p->outcome) {
	case OUTCOME_FAIL:
	case OUTCOME_CRASH:
	case OUTCOME_HANG:
	case OUTCOME_EXIT: return true;
	case OUTCOME_PASS:
	case OUTCOME_SKIP:
	case OUTCOME_ERROR:
	case OUTCOME_COUNT: return false;
	}
	return false;
}

int report_exit_status(const struct report *r)
{
	bool unjudged = !r->image_count;

	for (size_t i = 0; i < r->image_count; i++) {
		const struct report_image *image = &r->images[i];
		size_t judged = 0;

		for (size_t k = 0; k < image->path_count; k++) {
			const struct report_path *p = &image->paths[k];

			if (path_failed(p))
				return 1;
			judged += p->outcome == OUTCOME_PASS;
			unjudged |= p->outcome == OUTCOME_ERROR ||
				    (p->outcome == OUTCOME_SKIP && p->named);
		}
		/* An image that could not be read, or of which nothing could run, was not judged. */
		unjudged |= !judged;
	}
	return unjudged ? EXIT_CANNOT_JUDGE : 0;
}
