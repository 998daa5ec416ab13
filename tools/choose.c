/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening images and choosing their paths, for the commands that run them. */
#include "tools/choose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What the user asked for or, without that, every path that the image offers. */
static int choose_paths(const struct options *o, const struct image *image,
			struct report_image *ret)
{
	size_t most = o->path_count;

	for (size_t i = 0; sod_paths[i]; i++)
		most++;
	ret->paths = calloc(most, sizeof(*ret->paths));
	if (!ret->paths)
		return -ENOMEM;
	for (size_t i = 0; i < o->path_count; i++) {
		struct report_path *p = &ret->paths[ret->path_count++];

		p->path = o->paths[i].path;
		p->variant = o->paths[i].variant;
		p->named = true;
	}
	for (size_t i = 0; !o->path_count && sod_paths[i]; i++) {
		const struct image_entry *e = image_entry_find(image, sod_paths[i]->name);

		if (!e || !e->offered)
			continue;
		ret->paths[ret->path_count].path = sod_paths[i];
		ret->paths[ret->path_count++].variant = &sod_paths[i]->variants[0];
	}
	return 0;
}

void choose_image(const struct options *o, const char *path, struct image **ret_image,
		  struct report_image *ret)
{
	struct diag diag = { 0 };

	snprintf(ret->name, sizeof(ret->name), "%s", file_base_name(path));
	if (image_load(ret_image, path, &diag)) {
		diag_line(&diag, ret->name, ret->error, sizeof(ret->error));
	} else if (symbol_files_load(*ret_image, path, &o->symbols, &diag)) {
		*ret_image = image_close(*ret_image);
		diag_line(&diag, ret->name, ret->error, sizeof(ret->error));
	} else {
		ret->image = *ret_image;
		ret->format = image_format_names[(*ret_image)->format];
		memcpy(ret->sha256, (*ret_image)->sha256, sizeof(ret->sha256));
		if (choose_paths(o, *ret_image, ret))
			snprintf(ret->error, sizeof(ret->error), "%s: out of memory", ret->name);
		else if (!ret->path_count)
			snprintf(ret->error, sizeof(ret->error),
				 "%s: offers no path that can be run", ret->name);
	}
	if (ret->error[0])
		fprintf(stderr, "bootpath: %s\n", ret->error);
}

void choose_require(const struct options *o, struct report_image *ret)
{
	for (size_t i = 0; i < ret->path_count && i < o->path_count; i++) {
		struct report_path *p = &ret->paths[i];
		char reason[sizeof(p->reason)];

		if (!o->paths[i].required || p->outcome != OUTCOME_SKIP)
			continue;
		snprintf(reason, sizeof(reason), "required, but %.300s", p->reason);
		memcpy(p->reason, reason, sizeof(reason));
		p->outcome = OUTCOME_FAIL;
	}
}

/* On a terminal, unless its user asked for none (no-color.org). */
static bool wants_colour(const struct options *o)
{
	const char *no = getenv("NO_COLOR");

	return !o->output && isatty(STDOUT_FILENO) && !(no && no[0]);
}

int choose_write(const struct options *o, const struct report *r)
{
	struct buf out = { 0 };
	int err;

	switch (o->format) {
	case FORMAT_TEXT:
		if (r->options->specs)
			report_check(r, &out, o->verbose, wants_colour(o));
		else
			report_text(r, &out, o->verbose);
		break;
	case FORMAT_JSON: report_json(r, &out); break;
	case FORMAT_KTAP: report_ktap(r, &out); break;
	case FORMAT_JUNIT: report_junit(r, &out); break;
	case FORMAT_COUNT: break;
	}
	err = options_write(o, &out);
	buf_free(&out);
	return err;
}
