/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judging a state captured elsewhere. */
#include "tools/check_state.h"

#include <errno.h>
#include <stdio.h>

/* Our own row for the path and variant, which knows the producer's habits; else one by that name alone. */
static void name_path(struct checked_state *keep, struct report_path *ret)
{
	const struct sod_path *path = sod_path_find(keep->file.path);
	const struct sod_variant *variant = path ? sod_variant_find(path, keep->file.variant) :
						   NULL;

	keep->path = (struct sod_path){ .name = keep->file.path, .doc = "captured" };
	keep->variant = (struct sod_variant){ .name = keep->file.variant, .doc = "captured" };
	ret->path = path ? path : &keep->path;
	ret->variant = variant ? variant : &keep->variant;
	ret->named = true;
}

static const struct verdict *first_error_level(const struct report_path *p,
					       enum verdict_status status, size_t *ret_count)
{
	const struct verdict *first = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < p->verdicts.count; i++) {
		const struct verdict *v = &p->verdicts.items[i];

		if (v->status != status || v->level != LEVEL_ERROR)
			continue;
		first = first ? first : v;
		(*ret_count)++;
	}
	return first;
}

static void set_outcome(struct report_path *p)
{
	const struct verdict *v;
	size_t count;

	p->by_verdicts = true;
	p->outcome = OUTCOME_FAIL;
	v = first_error_level(p, VERDICT_FAIL, &count);
	if (!v) {
		p->outcome = OUTCOME_ERROR;
		v = first_error_level(p, VERDICT_ERROR, &count);
	}
	if (!v) {
		p->outcome = OUTCOME_PASS;
		snprintf(p->reason, sizeof(p->reason), "captured: %zu handovers",
			 p->handover_count);
		return;
	}
	snprintf(p->reason, sizeof(p->reason), "%s at %s: %.200s", v->id, point_names[v->point],
		 v->text);
	if (count > 1) {
		size_t len = strlen(p->reason);

		snprintf(p->reason + len, sizeof(p->reason) - len, " (and %zu more)", count - 1);
	}
}

int check_state(const struct spec_set *specs, const char *file, const struct image *image,
		struct checked_state *keep, struct report_path *ret, struct diag *diag)
{
	struct judge_context context;
	int err = state_file_read(&keep->file, file, diag);

	if (err)
		return err;
	name_path(keep, ret);
	context = state_file_context(&keep->file, image);
	context.known = ret->variant->known;
	ret->handovers = keep->file.handovers;
	ret->handover_count = keep->file.handover_count;
	keep->file.handovers = NULL; /* the report frees them */
	keep->file.handover_count = 0;
	for (unsigned point = image ? POINT_IMAGE : POINT_ENTRY; point < POINT_COUNT; point++) {
		err = judge_point(specs, &context, point, &ret->verdicts);
		if (err && err != -ENOENT)
			return diag_set(diag, err, "%s: out of memory", file);
	}
	ret->counts.instructions = ret->handovers[ret->handover_count - 1].instructions;
	set_outcome(ret);
	return 0;
}

void checked_state_release(struct checked_state *keep)
{
	state_file_release(&keep->file);
}
