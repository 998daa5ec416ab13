/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath trace show`: options, the file opened, and which view it is shown in. */
#include "tools/trace_show.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loaders/image.h"
#include "tools/cmd.h"
#include "tools/file.h"
#include "tools/options.h" /* parse_number */

/* No trace is larger than this in memory. */
#define TRACE_FILE_MAX GIB(16)
/* Output is sent on in pieces of this size. */
#define OUT_PIECE      KIB(256)

bool trace_out_more(struct trace_out *o)
{
	struct bytes data = { .data = o->buf.data, .len = o->buf.len };

	if (!o->error && o->buf.failed)
		o->error = diag_set(&o->diag, -ENOMEM, "out of memory");
	if (o->error || o->path || o->buf.len < OUT_PIECE)
		return !o->error;
	o->error = file_write_fd(STDOUT_FILENO, data, &o->diag);
	o->buf.len = 0;
	return !o->error;
}

int trace_out_end(struct trace_out *o)
{
	struct bytes data = { .data = o->buf.data, .len = o->buf.len };

	trace_out_more(o);
	data.len = o->buf.len;
	if (!o->error)
		o->error = o->path ? file_write(o->path, data, &o->diag) :
				     file_write_fd(STDOUT_FILENO, data, &o->diag);
	return o->error;
}

enum show_key {
	OPT_FROM = 0x100,
	OPT_TO,
	OPT_EVENTS,
	OPT_FUNCTION,
	OPT_BLOCKS,
	OPT_INSTRUCTIONS,
	OPT_CALLS,
	OPT_FOLDED,
	OPT_FORMAT,
	OPT_SYNTAX,
	OPT_IMAGE,
	OPT_LEAST,
};

struct show_command {
	const char *file, *image, *output;
	const char *from, *to; /* as given: points are known only when the trace is open */
	const char *function;
	uint64_t kinds, least;
	enum disasm_syntax syntax;
	bool json, chrome;
	trace_view_fn view; /* NULL: not said */
	bool blocks;
};

_Static_assert(EVENT_KIND_COUNT < 64, "a bit for each kind of event");

static void parse_kinds(struct show_command *c, const char *list, struct argp_state *state)
{
	char *copy = strdup(list), *rest = copy, *item;

	if (!copy)
		argp_failure(state, EXIT_CANNOT_JUDGE, ENOMEM, "%s", list);
	c->kinds = 0;
	while ((item = strsep(&rest, ","))) {
		uint64_t bits = strcmp(item, "all") ? 0 : BIT64(EVENT_KIND_COUNT) - 1;
		struct buf known = { 0 };

		for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
			buf_printf(&known, "%s%s", i ? ", " : "", event_infos[i].name);
			if (!strcmp(item, event_infos[i].name))
				bits |= BIT64(i);
		}
		if (!bits)
			argp_error(state, "--events: there is no kind '%s'; known: all, %s", item,
				   buf_str(&known));
		buf_free(&known);
		c->kinds |= bits;
	}
	free(copy);
}

static void set_view(struct show_command *c, trace_view_fn view, struct argp_state *state)
{
	if (c->view && c->view != view)
		argp_error(state,
			   "one view at a time: --instructions, --blocks, --calls or --folded");
	c->view = view;
}

static void parse_format(struct show_command *c, const char *text, struct argp_state *state)
{
	c->json = !strcmp(text, "json");
	c->chrome = !strcmp(text, "chrome");
	if (!c->json && !c->chrome && strcmp(text, "text"))
		argp_error(state, "--format: '%s' is none of text, json and chrome", text);
}

static error_t parse_end(struct show_command *c, struct argp_state *state)
{
	if (!c->file)
		argp_error(state, "which trace?");
	if (c->chrome && c->view)
		argp_error(state, "--format=chrome is a view of its own");
	if (c->json && c->view == trace_view_folded)
		argp_error(state, "--folded has a format of its own");
	if (c->chrome)
		c->view = trace_view_chrome;
	if (!c->view && c->kinds)
		c->view = trace_view_events;
	if (!c->view && (c->from || c->to || c->function))
		c->view = trace_view_list;
	if (!c->view)
		c->view = trace_view_summary;
	if (!c->kinds)
		c->kinds = BIT64(EVENT_KIND_COUNT) - 1;
	return 0;
}

static error_t parse_show(int key, char *arg, struct argp_state *state)
{
	struct show_command *c = state->input;

	switch (key) {
	case OPT_FROM: c->from = arg; return 0;
	case OPT_TO: c->to = arg; return 0;
	case OPT_EVENTS: parse_kinds(c, arg, state); return 0;
	case OPT_FUNCTION: c->function = arg; return 0;
	case OPT_BLOCKS: c->blocks = true; __attribute__((fallthrough));
	case OPT_INSTRUCTIONS: set_view(c, trace_view_list, state); return 0;
	case OPT_CALLS: set_view(c, trace_view_calls, state); return 0;
	case OPT_FOLDED: set_view(c, trace_view_folded, state); return 0;
	case OPT_FORMAT: parse_format(c, arg, state); return 0;
	case OPT_IMAGE: c->image = arg; return 0;
	case OPT_LEAST:
		if (!parse_number(arg, 1000, &c->least))
			argp_error(state, "--least: '%s' is not a number", arg);
		return 0;
	case OPT_SYNTAX:
		if (strcmp(arg, "att") && strcmp(arg, "intel"))
			argp_error(state, "--syntax: '%s' is neither att nor intel", arg);
		c->syntax = strcmp(arg, "att") ? DISASM_INTEL : DISASM_ATT;
		return 0;
	case 'o': c->output = arg; return 0;
	case ARGP_KEY_ARG:
		if (c->file)
			argp_error(state, "one trace at a time, not also '%s'", arg);
		c->file = arg;
		return 0;
	case ARGP_KEY_SUCCESS: return parse_end(c, state);
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* clang-format off */
static const struct argp_option show_options[] = {
	{ "from",         OPT_FROM,         "WHERE",   0, "Begin at this instruction number or point (entry, compressed, kernel)", 1 },
	{ "to",           OPT_TO,           "WHERE",   0, "End before that one", 1 },
	{ "function",     OPT_FUNCTION,     "NAME",    0, "Only what runs in this function", 1 },
	{ "events",       OPT_EVENTS,       "KIND,...",0, "Only events of these kinds; `all` is all", 1 },
	{ "instructions", OPT_INSTRUCTIONS, NULL,      0, "List instructions (the default with --from, --to or --function)", 2 },
	{ "blocks",       OPT_BLOCKS,       NULL,      0, "List blocks", 2 },
	{ "calls",        OPT_CALLS,        NULL,      0, "The tree of calls, with counts", 2 },
	{ "folded",       OPT_FOLDED,       NULL,      0, "Stacks with their instructions, as flamegraph.pl takes them", 2 },
	{ "format",       OPT_FORMAT,       "FORMAT",  0, "text (default), json, or chrome (which Perfetto opens too)", 3 },
	{ "least",        OPT_LEAST,        "N",       0, "Leave calls of fewer than N instructions out of --format=chrome", 3 },
	{ "syntax",       OPT_SYNTAX,       "SYNTAX",  0, "att (default) or intel", 3 },
	{ "image",        OPT_IMAGE,        "IMAGE",   0, "Make sure that it is this image's trace", 4 },
	{ "output",       'o',              "FILE",    0, "Write to FILE, all or nothing, instead of standard output", 4 },
	{ 0 }
};
/* clang-format on */

/* The point's first event, as an instruction number. */
static int find_point(const struct trace *t, enum point point, uint64_t *ret, struct diag *diag)
{
	struct trace_cursor *c;
	struct trace_item item;
	int r = trace_cursor_create(&c, t);
	bool found = false;

	if (r)
		return diag_set(diag, r, "out of memory");
	while (!found && (r = trace_cursor_next(c, &item, diag)) > 0) {
		found = item.kind == TRACE_EVENT && item.event.kind == EVENT_HANDOVER &&
			item.event.arg[0] == point;
		*ret = item.count;
	}
	trace_cursor_destroy(c);
	if (!found && !r)
		r = diag_set(diag, -ENOENT, "this run did not come to the point %s",
			     point_names[point]);
	return r < 0 ? r : 0;
}

static int find_where(const struct trace *t, const char *text, uint64_t *ret, struct diag *diag)
{
	if (parse_number(text, 0, ret))
		return 0;
	for (unsigned i = POINT_ENTRY; i < POINT_COUNT; i++) {
		if (!strcmp(point_names[i], text))
			return find_point(t, i, ret, diag);
	}
	if (!strcmp(text, "startup_64"))
		return find_point(t, POINT_KERNEL, ret, diag);
	return diag_set(
		diag, -ENOENT,
		"'%s' is neither an instruction number nor one of entry, compressed and kernel",
		text);
}

/* Is it a function that ran at all? */
static int find_function(const struct trace_view *v, struct diag *diag)
{
	for (size_t i = 1; v->function && i < v->functions.count; i++) {
		if (!strcmp(v->functions.items[i].text, v->function) ||
		    !strcmp(v->functions.items[i].symbol, v->function))
			return 0;
	}
	return v->function ? diag_set(diag, -ENOENT, "no function %s ran", v->function) : 0;
}

static int check_image(const struct trace *t, const char *path, struct diag *diag)
{
	struct image *image;
	int err;

	if (!path)
		return 0;
	err = image_load(&image, path, diag);
	if (err)
		return err;
	if (strcmp(image->sha256, trace_sha256(t)))
		err = diag_set(diag, -EINVAL,
			       "the trace of another image: sha256 %s; that of %s is %s",
			       trace_sha256(t), path, image->sha256);
	image_close(image);
	return err;
}

static int show(const struct show_command *c, struct trace_out *out, struct diag *diag)
{
	struct trace_view v = { .name = file_base_name(c->file),
				.from = 0,
				.to = UINT64_MAX,
				.function = c->function,
				.kinds = c->kinds,
				.blocks = c->blocks,
				.json = c->json,
				.least = c->least,
				.syntax = c->syntax,
				.out = out };
	struct trace *t = NULL;
	struct buf file = { 0 };
	int err = file_read(c->file, TRACE_FILE_MAX, &file, diag);

	if (!err)
		err = trace_open(&t, (struct bytes){ .data = file.data, .len = file.len }, diag);
	if (!err)
		err = check_image(t, c->image, diag);
	if (!err && c->from)
		err = find_where(t, c->from, &v.from, diag);
	if (!err && c->to)
		err = find_where(t, c->to, &v.to, diag);
	v.trace = t;
	if (!err && trace_functions_create(&v.functions, t))
		err = diag_set(diag, -ENOMEM, "out of memory");
	if (!err)
		err = find_function(&v, diag);
	if (!err)
		err = c->view(&v, diag);
	trace_functions_release(&v.functions);
	trace_close(t);
	buf_free(&file);
	return err;
}

int trace_show_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = show_options,
		.parser = parse_show,
		.args_doc = "FILE",
		.doc = "Show what the trace FILE holds: without options a summary.",
	};
	struct show_command c = { 0 };
	struct trace_out out = { 0 };
	struct diag diag = { 0 };
	char line[1024];
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &c);
	out.path = c.output;
	err = show(&c, &out, &diag);
	if (err)
		fprintf(stderr, "bootpath: %s\n",
			diag_line(&diag, file_base_name(c.file), line, sizeof(line)));
	/* What was written before the damage is not taken back, but a file is all or nothing. */
	if (!(err && out.path) && trace_out_end(&out)) {
		fprintf(stderr, "bootpath: %s\n",
			diag_line(&out.diag, out.path ? out.path : "standard output", line,
				  sizeof(line)));
		err = out.error;
	}
	buf_free(&out.buf);
	return err ? EXIT_CANNOT_JUDGE : 0;
}
