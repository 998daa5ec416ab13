/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath diff`: two boots side by side. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/cmd.h"
#include "tools/diff_pairs.h"

#define IGNORE_MAX 256

struct diff_command {
	struct options options;
	const char *files[2];
	size_t file_count;
	char *ignore_text; /* the list, cut into its items */
	const char *ignore[IGNORE_MAX + 1];
	size_t ignore_count;
	bool no_writers;
};

enum { OPT_IGNORE = 0x200, OPT_NO_WRITERS };

static const struct argp_option diff_options[] = {
	{ "ignore", OPT_IGNORE, "LIST", 0,
	  "Leave out these differences: KIND or KIND.NAME,... where * stands for anything", 1 },
	{ "no-writers", OPT_NO_WRITERS, NULL, 0,
	  "Do not look for who wrote each difference: half the time", 1 },
	{ 0 },
};

static bool kind_known(const char *item)
{
	size_t len = strcspn(item, ".*?[");

	for (unsigned i = 0; i < DIFF_KIND_COUNT; i++) {
		if (item[len] == '*' || item[len] == '?' || item[len] == '[' ||
		    (strlen(diff_kind_names[i]) == len && !strncmp(diff_kind_names[i], item, len)))
			return true;
	}
	return false;
}

static void parse_ignore(struct diff_command *c, const char *list, struct argp_state *state)
{
	char *rest, *item;

	free(c->ignore_text);
	c->ignore_count = 0;
	c->ignore_text = rest = strdup(list);
	if (!rest)
		argp_failure(state, EXIT_CANNOT_JUDGE, ENOMEM, "%s", list);
	while ((item = strsep(&rest, ","))) {
		if (!kind_known(item))
			argp_error(state, "--ignore: '%s' is none of what diff compares", item);
		if (c->ignore_count == IGNORE_MAX)
			argp_error(state, "--ignore: more than %d items", IGNORE_MAX);
		c->ignore[c->ignore_count++] = item;
	}
	c->ignore[c->ignore_count] = NULL;
}

static void check_use(const struct diff_command *c, struct argp_state *state)
{
	if (!c->file_count)
		argp_error(state, "which image or report?");
	if (c->file_count == 1 && c->options.path_count != 2)
		argp_error(state, "of one file compare two paths: --path A,B");
	if (c->options.format != FORMAT_TEXT && c->options.format != FORMAT_JSON)
		argp_error(state, "--format: diff writes text or json");
}

static error_t parse_diff(int key, char *arg, struct argp_state *state)
{
	struct diff_command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->options;
		state->child_inputs[1] = &c->options;
		return 0;
	case OPT_IGNORE: parse_ignore(c, arg, state); return 0;
	case OPT_NO_WRITERS: c->no_writers = true; return 0;
	case ARGP_KEY_ARG:
		if (c->file_count == 2)
			argp_error(state, "two files at most, not also '%s'", arg);
		c->files[c->file_count++] = arg;
		return 0;
	case ARGP_KEY_END: check_use(c, state); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int diff_write(const struct diff_command *c, const struct diff_pairs *pairs)
{
	const struct diff *list[PATH_CHOICES_MAX];
	struct buf out = { 0 };
	int err;

	for (size_t i = 0; i < pairs->count; i++) {
		list[i] = &pairs->items[i].diff;
		if (c->options.format == FORMAT_TEXT && i)
			buf_puts(&out, "\n");
		if (c->options.format == FORMAT_TEXT)
			diff_text(list[i], &out, c->options.verbose);
	}
	if (c->options.format == FORMAT_JSON)
		diff_json(list, pairs->count, &out);
	err = options_write(&c->options, &out);
	buf_free(&out);
	return err;
}

static int diff_run(const struct diff_command *c)
{
	struct diff_source sources[2] = { 0 };
	struct diff_pairs pairs = { .no_writers = c->no_writers };
	int status = EXIT_CANNOT_JUDGE, err = 0;
	struct diag diag = { 0 };

	for (size_t i = 0; i < c->file_count && !err; i++)
		err = diff_source_open(&sources[i], c->files[i], &c->options.symbols, &diag);
	if (!err)
		err = diff_pairs_make(&pairs, sources, c->file_count, &c->options,
				      c->ignore_count ? c->ignore : NULL, &diag);
	if (err)
		fprintf(stderr, "bootpath: %s\n", diag.text);
	else if (!diff_write(c, &pairs))
		status = diff_pairs_status(&pairs);
	diff_pairs_release(&pairs);
	diff_source_close(&sources[0]);
	diff_source_close(&sources[1]);
	return status;
}

int cmd_diff(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &options_run_argp, 0, "What to run:", 2 },
		{ &options_output_argp, 0, "Output:", 3 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = diff_options,
		.parser = parse_diff,
		.args_doc = "FILE --path A,B\nFILE FILE",
		.doc = "Compare two boots at the last point that both reach: two paths of one image or report, or the same paths of two.",
		.children = children,
	};
	struct diff_command c = { 0 };
	int status = EXIT_CANNOT_JUDGE;

	options_init(&c.options);
	argp_parse(&argp, argc, argv, 0, NULL, &c);
	if (!options_load(&c.options))
		status = diff_run(&c);
	free(c.ignore_text);
	options_release(&c.options);
	return status;
}
