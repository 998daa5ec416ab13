/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath cover`: which code runs on which path. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/choose.h"
#include "tools/cmd.h"
#include "tools/cover_forbid.h"
#include "tools/file.h"

struct cover_command {
	struct options options;
	const char *image;
	const char *lcov;   /* where to write source lines; NULL: nowhere */
	const char *forbid; /* code that must not run; NULL: none */
	const char *drcov;  /* where to write that format, too; NULL: nowhere */
};

enum { OPT_DRCOV = 0x200, OPT_FORBID, OPT_LCOV };

static const struct argp_option cover_options[] = {
	{ "forbid", OPT_FORBID, "FILE", 0,
	  "Fail when code that FILE forbids has run: a function or range, the paths, and why, one row each",
	  1 },
	{ "lcov", OPT_LCOV, "FILE", 0,
	  "Also write source lines to FILE, as lcov; wants --build or --vmlinux with DWARF", 1 },
	{ "drcov", OPT_DRCOV, "FILE", 0, "Also write what ran on any path to FILE, as drcov", 1 },
	{ 0 },
};

static error_t parse_cover(int key, char *arg, struct argp_state *state)
{
	struct cover_command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->options;
		state->child_inputs[1] = &c->options;
		return 0;
	case OPT_FORBID: c->forbid = arg; return 0;
	case OPT_LCOV: c->lcov = arg; return 0;
	case OPT_DRCOV: c->drcov = arg; return 0;
	case ARGP_KEY_ARG:
		if (c->image)
			argp_error(state, "one image at a time, not also '%s'", arg);
		c->image = arg;
		return 0;
	case ARGP_KEY_END:
		if (!c->image)
			argp_error(state, "which image?");
		if (c->options.format != FORMAT_TEXT && c->options.format != FORMAT_JSON)
			argp_error(state, "--format: cover writes text or json");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int write_beside(const char *path, const struct buf *b)
{
	struct diag diag = { 0 };
	char line[1024];
	int err = b->failed ? diag_set(&diag, -ENOMEM, "out of memory") :
			      file_write(path, (struct bytes){ b->data, b->len }, &diag);

	if (err)
		fprintf(stderr, "bootpath: %s\n", diag_line(&diag, path, line, sizeof(line)));
	return err;
}

/* All that a run of the command holds. */
struct cover_work {
	const struct cover_command *command;
	struct report report;
	struct image *image;
	struct cover cover;
	struct forbid_list forbid;
	struct forbid_hits hits;
};

static int cover_write(const struct cover_work *w)
{
	const struct cover_command *command = w->command;
	struct buf out = { 0 }, drcov = { 0 }, lcov = { 0 };
	int err;

	if (command->options.format == FORMAT_JSON) {
		cover_json(&w->cover, command->forbid ? &w->hits : NULL, &out);
	} else {
		cover_text(&w->cover, &out, command->options.verbose);
		if (command->forbid)
			forbid_text(&w->forbid, &w->hits, &w->cover, &out);
	}
	err = options_write(&command->options, &out);
	if (!err && command->drcov) {
		cover_drcov(&w->cover, UINT64_MAX, &drcov);
		err = write_beside(command->drcov, &drcov);
	}
	if (!err && command->lcov) {
		err = cover_lcov(&w->cover, &lcov);
		if (err == -ENODATA)
			fprintf(stderr, "bootpath: %s: no symbol file with source lines is known\n",
				w->report.images->name);
		else if (err)
			fprintf(stderr, "bootpath: %s: out of memory\n", w->report.images->name);
		else
			err = write_beside(command->lcov, &lcov);
	}
	buf_free(&out);
	buf_free(&drcov);
	buf_free(&lcov);
	return err;
}

/* The list is read before anything runs: a mistake in it is soon told. */
static int cover_judge(struct cover_work *w, struct diag *diag)
{
	const struct run_options *run = &w->command->options.run;
	struct report_image *result = w->report.images;
	int err = cover_begin(&w->cover, w->image, run->symbols);

	if (!err && w->command->forbid) {
		err = forbid_read(&w->forbid, w->command->forbid, w->cover.symbols, diag);
		if (err)
			return err;
	}
	if (!err)
		err = cover_image(&w->cover, result, run);
	choose_require(&w->command->options, result);
	if (!err)
		err = forbid_judge(&w->forbid, &w->cover, run, &w->hits);
	return err ? diag_set(diag, err, "%s: %s", result->name, strerror(-err)) : 0;
}

static int cover_run(const struct cover_command *command)
{
	struct report_image *result = calloc(1, sizeof(*result));
	struct cover_work w = {
		.command = command,
		.report = { .options = &command->options.run, .images = result, .image_count = 1 }
	};
	int status = EXIT_CANNOT_JUDGE;
	struct diag diag = { 0 };

	if (!result)
		return status;
	choose_image(&command->options, command->image, &w.image, result);
	if (!result->error[0]) {
		if (cover_judge(&w, &diag))
			fprintf(stderr, "bootpath: %s\n", diag.text);
		else if (!cover_write(&w))
			status = w.hits.count ? 1 : report_exit_status(&w.report);
	}
	forbid_hits_release(&w.hits);
	forbid_release(&w.forbid);
	cover_release(&w.cover);
	report_release(&w.report);
	image_close(w.image);
	return status;
}

int cmd_cover(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &options_run_argp, 0, "What to run:", 2 },
		{ &options_output_argp, 0, "Output:", 3 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = cover_options,
		.parser = parse_cover,
		.args_doc = "IMAGE",
		.doc = "Boot IMAGE by each path, and say for each function and block of it which paths ran it.",
		.children = children,
	};
	struct cover_command c = { 0 };
	int status = EXIT_CANNOT_JUDGE;

	options_init(&c.options);
	argp_parse(&argp, argc, argv, 0, NULL, &c);
	if (!options_load(&c.options))
		status = cover_run(&c);
	options_release(&c.options);
	return status;
}
