/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath run`: one image, one or more paths, what happened on each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/cmd.h"
#include "tools/options.h"
#include "tools/report.h"

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

static int image_load(struct image **ret_image, const char *path, struct diag *diag)
{
	int err = image_open(ret_image, path, diag);

	if (!err)
		err = image_unpack(*ret_image, diag);
	return err;
}

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

static void run_paths(const struct options *o, const struct image *image, struct report_image *ret)
{
	for (size_t i = 0; i < ret->path_count; i++) {
		struct report_path *p = &ret->paths[i];
		bool required = i < o->path_count && o->paths[i].required;
		char reason[sizeof(p->reason)];

		path_run(image, p->path, p->variant, &o->run, p);
		if (required && p->outcome == OUTCOME_SKIP) {
			snprintf(reason, sizeof(reason), "required, but %.300s", p->reason);
			memcpy(p->reason, reason, sizeof(reason));
			p->outcome = OUTCOME_FAIL;
		}
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void run_image(const struct run_command *c, struct image **image, struct report_image *ret)
{
	struct diag diag = { 0 };

	snprintf(ret->name, sizeof(ret->name), "%s", base_name(c->image));
	if (image_load(image, c->image, &diag)) {
		diag_line(&diag, ret->name, ret->error, sizeof(ret->error));
	} else {
		ret->image = *image;
		ret->format = image_format_names[(*image)->format];
		memcpy(ret->sha256, (*image)->sha256, sizeof(ret->sha256));
		if (choose_paths(&c->options, *image, ret))
			snprintf(ret->error, sizeof(ret->error), "%s: out of memory", ret->name);
		else if (!ret->path_count)
			snprintf(ret->error, sizeof(ret->error),
				 "%s: offers no path that can be run", ret->name);
		else
			run_paths(&c->options, *image, ret);
	}
	if (ret->error[0])
		fprintf(stderr, "bootpath: %s\n", ret->error);
}

static int write_report(const struct options *o, const struct report *r)
{
	struct buf out = { 0 };
	int err;

	switch (o->format) {
	case FORMAT_TEXT: report_text(r, &out, o->verbose); break;
	case FORMAT_JSON: report_json(r, &out); break;
	}
	err = options_write(o, &out);
	buf_free(&out);
	return err;
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
	run_image(&c, &image, image_report);
	status = report_exit_status(&report);
	/* A broken image's one line has gone to stderr already. */
	if (image_report->error[0] && c.options.format == FORMAT_TEXT)
		goto out;
	if (write_report(&c.options, &report))
		status = EXIT_CANNOT_JUDGE;
out:
	report_release(&report);
	image_close(image);
	options_release(&c.options);
	return status;
}
