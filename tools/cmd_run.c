/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath run`: one image, one or more paths, what happened on each. */
#include <stdlib.h>

#include "tools/choose.h"
#include "tools/cmd.h"

struct run_command {
	struct options options;
	const char *image;
};

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
	struct run_command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->options;
		state->child_inputs[1] = &c->options;
		return 0;
	case ARGP_KEY_ARG:
		if (c->image)
			argp_error(state, "one image at a time, not also '%s'", arg);
		c->image = arg;
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "which image?"); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

int cmd_run(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &options_run_argp, 0, "What to run:", 1 },
		{ &options_output_argp, 0, "Output:", 2 },
		{ 0 },
	};
	static const struct argp argp = {
		.parser = parse_run,
		.args_doc = "IMAGE",
		.doc = "Boot IMAGE by each path, up to the kernel proper, and say what happened.",
		.children = children,
	};
	struct run_command c = { 0 };
	struct report_image *image_report = calloc(1, sizeof(*image_report));
	struct report report = { .options = &c.options.run, .images = image_report };
	struct image *image = NULL;
	int status = EXIT_CANNOT_JUDGE;

	options_init(&c.options);
	argp_parse(&argp, argc, argv, 0, NULL, &c);
	if (!image_report || options_load(&c.options))
		goto out;
	report.image_count = 1;
	choose_image(&c.options, c.image, &image, image_report);
	for (size_t i = 0; !image_report->error[0] && i < image_report->path_count; i++)
		path_run(image, image_report->paths[i].path, image_report->paths[i].variant,
			 &c.options.run, &image_report->paths[i]);
	choose_require(&c.options, image_report);
	status = report_exit_status(&report);
	/* A broken image's one line has gone to stderr already. */
	if (image_report->error[0] && c.options.format == FORMAT_TEXT)
		goto out;
	if (choose_write(&c.options, &report))
		status = EXIT_CANNOT_JUDGE;
out:
	report_release(&report);
	image_close(image);
	options_release(&c.options);
	return status;
}
