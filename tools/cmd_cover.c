/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath cover`: which code runs on which path. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/choose.h"
#include "tools/cmd.h"
#include "tools/cover.h"
#include "tools/file.h"

struct cover_command {
	struct options options;
	const char *image;
	const char *drcov; /* where to write that format, too; NULL: nowhere */
};

enum { OPT_DRCOV = 0x200 };

static const struct argp_option cover_options[] = {
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

static int cover_write(const struct cover_command *command, const struct cover *c)
{
	struct buf out = { 0 }, drcov = { 0 };
	int err;

	if (command->options.format == FORMAT_JSON)
		cover_json(c, &out);
	else
		cover_text(c, &out, command->options.verbose);
	err = options_write(&command->options, &out);
	if (!err && command->drcov) {
		cover_drcov(c, UINT64_MAX, &drcov);
		err = write_beside(command->drcov, &drcov);
	}
	buf_free(&out);
	buf_free(&drcov);
	return err;
}

static int cover_run(const struct cover_command *command)
{
	struct report_image *result = calloc(1, sizeof(*result));
	struct report report = { .options = &command->options.run, .images = result };
	struct image *image = NULL;
	struct cover c = { 0 };
	int status = EXIT_CANNOT_JUDGE, err;

	if (!result)
		return status;
	report.image_count = 1;
	choose_image(&command->options, command->image, &image, result);
	if (result->error[0])
		goto out;
	err = cover_image(&c, image, result, &command->options.run);
	choose_require(&command->options, result);
	if (err)
		fprintf(stderr, "bootpath: %s: %s\n", result->name, strerror(-err));
	else if (!cover_write(command, &c))
		status = report_exit_status(&report);
out:
	cover_release(&c);
	report_release(&report);
	image_close(image);
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
