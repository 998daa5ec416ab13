/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens, unpacks, runs, judges and reports an image that lies in memory. */
#include "tests/lib/check_bytes.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/check.h"

static void promise(bool kept, const char *what)
{
	if (kept)
		return;
	fprintf(stderr, "broken promise: %s\n", what);
	abort();
}

static int open_bytes(struct bytes data, struct checked *ret)
{
	struct diag diag = { 0 };
	int err = image_from_bytes(&ret->image, "mutant", data, &diag);

	if (!err)
		err = image_unpack(ret->image, &diag);
	promise((err < 0) == (diag.text[0] != '\0'),
		"refused exactly when there is something to say");
	promise(!strchr(diag.text, '\n'), "a refusal is one line");
	if (err)
		diag_line(&diag, "mutant", ret->report.error, sizeof(ret->report.error));
	return err;
}

static void choose_paths(uint64_t turn, struct checked *ret)
{
	struct report_image *r = &ret->report;
	size_t most = 0;

	while (sod_paths[most])
		most++;
	r->paths = calloc(most, sizeof(*r->paths));
	promise(r->paths, "memory");
	for (size_t i = 0; i < most; i++) {
		const struct image_entry *e = image_entry_find(ret->image, sod_paths[i]->name);

		if (!e || !e->offered)
			continue;
		r->paths[r->path_count].path = sod_paths[i];
		r->paths[r->path_count++].variant = &sod_paths[i]->variants[0];
	}
	if (turn != CHECK_ALL_PATHS && r->path_count) {
		r->paths[0] = r->paths[turn % r->path_count];
		r->path_count = 1;
	}
	r->image = ret->image;
	r->format = image_format_names[ret->image->format];
	memcpy(r->sha256, ret->image->sha256, sizeof(r->sha256));
}

/* The report borrows the image's part; both formats must come out. */
static void write_reports(const struct report *report)
{
	struct buf out = { 0 };

	report_text(report, &out, true);
	report_json(report, &out);
	promise(!out.failed && out.len, "a report");
	buf_free(&out);
}

void check_bytes(const struct spec_set *specs, struct bytes data, uint64_t turn,
		 struct checked *ret)
{
	const struct run_options options = {
		.memory = MIB(64),
		.cmdline = "console=ttyS0 nokaslr",
		.max_instructions = 20000000,
		.max_is_users = true,
		.keep_pages = true,
		.specs = specs,
	};
	const struct report report = { .options = &options,
				       .images = &ret->report,
				       .image_count = 1 };

	snprintf(ret->report.name, sizeof(ret->report.name), "mutant");
	if (!open_bytes(data, ret)) {
		choose_paths(turn, ret);
		check_paths(ret->image, &options, &ret->report, 1, NULL);
	}
	for (size_t i = 0; i < ret->report.path_count; i++)
		promise(ret->report.paths[i].reason[0], "an outcome has its reason");
	ret->status = report_exit_status(&report);
	write_reports(&report);
}

void checked_release(struct checked *c)
{
	for (size_t i = 0; i < c->report.path_count; i++)
		report_path_release(&c->report.paths[i]);
	free(c->report.paths);
	image_close(c->image);
	*c = (struct checked){ 0 };
}
