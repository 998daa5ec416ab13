/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath check`: every path of every image, every clause, one table. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/check.h"
#include "tools/check_state.h"
#include "tools/choose.h"
#include "tools/cmd.h"

struct check_command {
	struct options options;
	unsigned jobs;     /* 0: as many as there are processors */
	const char *state; /* judge this instead of running; NULL: run */
	const char **images;
	size_t image_count;
};

enum { OPT_JOBS = 0x200, OPT_STATE };

static const struct argp_option check_options[] = {
	{ "jobs", OPT_JOBS, "N", 0,
	  "Run N paths at a time (default: as many as there are processors)", 1 },
	{ "state", OPT_STATE, "FILE", 0,
	  "Judge the state in FILE, captured elsewhere, instead of running; IMAGE, if given, is what was entered",
	  1 },
	{ 0 },
};

static error_t parse_check(int key, char *arg, struct argp_state *state)
{
	struct check_command *c = state->input;
	const char **grown;
	uint64_t jobs;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->options;
		state->child_inputs[1] = &c->options;
		return 0;
	case OPT_JOBS:
		if (!parse_number(arg, 0, &jobs) || !jobs || jobs > 1024)
			argp_error(state, "--jobs: '%s' is not a number from 1 to 1024", arg);
		c->jobs = (unsigned)jobs;
		return 0;
	case OPT_STATE: c->state = arg; return 0;
	case ARGP_KEY_ARG:
		grown = realloc(c->images, (c->image_count + 1) * sizeof(*grown));
		if (!grown)
			argp_failure(state, EXIT_CANNOT_JUDGE, 0, "out of memory");
		c->images = grown;
		c->images[c->image_count++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (!c->image_count && !c->state)
			argp_error(state, "which images?");
		if (c->image_count > 1 && c->state)
			argp_error(state, "--state: one image at most");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* On a terminal, say what is being waited for. */
static void show_progress(const struct report_path *p, void *arg)
{
	const char *image = arg;

	fprintf(stderr, "\r\033[K%s: %s:%s", image, p->path->name, p->variant->name);
}

static void clear_progress(void)
{
	fputs("\r\033[K", stderr);
}

static void check_images(struct check_command *c, struct report *r, struct image **images)
{
	bool terminal = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
	unsigned jobs = c->jobs;

	if (!jobs) {
		long n = sysconf(_SC_NPROCESSORS_ONLN);

		jobs = n > 0 ? (unsigned)n : 1;
	}
	for (size_t i = 0; i < c->image_count; i++) {
		struct report_image *ret = &r->images[i];
		struct check_progress progress = { .path_begins = terminal ? show_progress : NULL,
						   .arg = ret->name };

		choose_image(&c->options, c->images[i], &images[i], ret);
		if (ret->error[0])
			continue;
		check_paths(images[i], &c->options.run, ret, jobs, &progress);
		choose_require(&c->options, ret);
		if (terminal)
			clear_progress();
	}
}

/* One image in the report, or a row without one, with the captured path in it. */
static void check_captured(struct check_command *c, struct report_image *ret, struct image **image,
			   struct checked_state *keep)
{
	struct diag diag = { 0 };

	snprintf(ret->name, sizeof(ret->name), "%s", file_base_name(c->state));
	ret->format = "state";
	if (c->image_count)
		choose_image(&c->options, c->images[0], image, ret);
	if (ret->error[0])
		return;
	free(ret->paths);
	ret->path_count = 0;
	ret->paths = calloc(1, sizeof(*ret->paths));
	if (!ret->paths)
		diag_set(&diag, -ENOMEM, "%s: out of memory", c->state);
	else if (!check_state(c->options.run.specs, c->state, *image, keep, ret->paths, &diag))
		ret->path_count = 1;
	if (!*image)
		memcpy(ret->sha256, keep->file.sha256, sizeof(ret->sha256));
	if (!ret->path_count) {
		snprintf(ret->error, sizeof(ret->error), "%s", diag.text);
		fprintf(stderr, "bootpath: %s\n", ret->error);
	}
}

static bool none_read(const struct report *r)
{
	for (size_t i = 0; i < r->image_count; i++) {
		if (!r->images[i].error[0])
			return false;
	}
	return true;
}

int cmd_check(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &options_run_argp, 0, "What to run:", 2 },
		{ &options_output_argp, 0, "Output:", 3 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = check_options,
		.parser = parse_check,
		.args_doc = "IMAGE...\n--state FILE [IMAGE]",
		.doc = "Boot each IMAGE by every path that it offers, and judge every handover by the rules.",
		.children = children,
	};
	struct check_command c = { 0 };
	struct report report = { .options = &c.options.run };
	struct spec_set specs = { 0 };
	struct image **images = NULL;
	int status = EXIT_CANNOT_JUDGE;
	struct checked_state captured = { 0 };
	size_t image_count;
	struct diag diag = { 0 };
	char line[1024];

	options_init(&c.options);
	argp_parse(&argp, argc, argv, 0, NULL, &c);
	if (options_load(&c.options))
		goto out;
	if (spec_set_builtin(&specs, &diag)) {
		fprintf(stderr, "bootpath: %s\n", diag_line(&diag, "rules", line, sizeof(line)));
		goto out;
	}
	c.options.run.specs = &specs;
	c.options.run.keep_pages = true;
	report.image_count = c.state ? 1 : c.image_count;
	report.images = calloc(report.image_count, sizeof(*report.images));
	images = calloc(report.image_count, sizeof(*images));
	if (!report.images || !images) {
		report.image_count = 0;
		goto out;
	}
	if (c.state)
		check_captured(&c, &report.images[0], &images[0], &captured);
	else
		check_images(&c, &report, images);
	status = report_exit_status(&report);
	/* The one line of every image went to stderr already. */
	if (c.options.format == FORMAT_TEXT && none_read(&report))
		goto out;
	if (choose_write(&c.options, &report))
		status = EXIT_CANNOT_JUDGE;
out:
	image_count = report.image_count;
	report_release(&report);
	for (size_t i = 0; images && i < image_count; i++)
		image_close(images[i]);
	checked_state_release(&captured);
	free(images);
	free(c.images);
	spec_set_free(&specs);
	options_release(&c.options);
	return status;
}
