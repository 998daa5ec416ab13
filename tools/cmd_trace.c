/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath trace`: records one path of an image into a file, and shows such files. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/choose.h"
#include "tools/cmd.h"
#include "tools/trace_show.h"

struct record_command {
	struct options options;
	const char *image;
};

static error_t parse_record(int key, char *arg, struct argp_state *state)
{
	struct record_command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &c->options; return 0;
	case 'o': c->options.output = arg; return 0;
	case ARGP_KEY_ARG:
		if (c->image)
			argp_error(state, "one image at a time, not also '%s'", arg);
		c->image = arg;
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "which image? Or `show FILE`?"); return 0;
	case ARGP_KEY_SUCCESS:
		if (!c->options.output)
			argp_error(state, "-o FILE: where should the trace go?");
		if (c->options.path_count != 1)
			argp_error(state, "--path PATH: which one? A trace is of one path");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* clang-format off */
static const struct argp_option record_options[] = {
	{ "output", 'o', "FILE", 0, "Write the trace to FILE, all or nothing", 2 },
	{ 0 }
};
/* clang-format on */

static int record_write(const struct options *o, struct buf *file)
{
	int err = options_write(o, file);

	buf_free(file);
	return err;
}

static int trace_record(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &options_run_argp, 0, "What to run:", 1 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = record_options,
		.parser = parse_record,
		.args_doc = "IMAGE\nshow FILE",
		.doc = "Boot IMAGE by one path and record every instruction and event of it, or show "
		       "such a record (`bootpath trace show --help`).",
		.children = children,
	};
	struct record_command c = { 0 };
	struct report_image *image_report = calloc(1, sizeof(*image_report));
	struct report report = { .options = &c.options.run, .images = image_report };
	struct buf file = { 0 };
	struct trace_sink sink = trace_sink_buf(&file);
	struct image *image = NULL;
	int status = EXIT_CANNOT_JUDGE;

	options_init(&c.options);
	argp_parse(&argp, argc, argv, 0, NULL, &c);
	if (!image_report || options_load(&c.options))
		goto out;
	c.options.run.trace = &sink;
	report.image_count = 1;
	choose_image(&c.options, c.image, &image, image_report);
	if (image_report->error[0])
		goto out;
	path_run(image, image_report->paths[0].path, image_report->paths[0].variant, &c.options.run,
		 &image_report->paths[0]);
	choose_require(&c.options, image_report);
	status = report_exit_status(&report);
	/* A path that was not run leaves no trace. */
	if (file.len && record_write(&c.options, &file))
		status = EXIT_CANNOT_JUDGE;
	c.options.output = NULL;
	if (choose_write(&c.options, &report))
		status = EXIT_CANNOT_JUDGE;
out:
	buf_free(&file);
	report_release(&report);
	image_close(image);
	options_release(&c.options);
	return status;
}

int cmd_trace(int argc, char **argv)
{
	char title[] = "bootpath trace show";

	if (argc > 1 && !strcmp(argv[1], "show")) {
		argv[1] = title;
		return trace_show_command(argc - 1, argv + 1);
	}
	return trace_record(argc, argv);
}
