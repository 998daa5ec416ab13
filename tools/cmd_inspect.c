/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath inspect`: what image files are, which entries they offer, and who would choose which. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/cmd.h"
#include "tools/inspect.h"
#include "tools/options.h"

struct inspect_command {
	struct options options;
	char **images;
	size_t image_count;
};

static error_t parse_inspect(int key, char *arg, struct argp_state *state)
{
	struct inspect_command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &c->options; return 0;
	case ARGP_KEY_ARGS:
		c->images = state->argv + state->next;
		c->image_count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_SUCCESS:
		if (c->options.format != FORMAT_TEXT && c->options.format != FORMAT_JSON)
			argp_error(state, "--format: nothing is judged here; text or json");
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "which image?"); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* A broken payload still leaves the outer layers to show. */
static struct image *inspect_open(const char *path, struct inspection *in)
{
	struct image *image = NULL;
	struct diag diag = { 0 };

	snprintf(in->name, sizeof(in->name), "%s", file_base_name(path));
	if (image_open(&image, path, &diag) == 0)
		image_unpack(image, &diag);
	in->image = image;
	if (diag.code)
		diag_line(&diag, in->name, in->error, sizeof(in->error));
	return image;
}

int cmd_inspect(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &options_output_argp, 0, "Output:", 1 },
		{ 0 },
	};
	static const struct argp argp = {
		.parser = parse_inspect,
		.args_doc = "IMAGE...",
		.doc = "Show the layers, header fields and notes of each IMAGE, the entries that it offers, and who would choose which from which byte.",
		.children = children,
	};
	struct inspect_command c = { 0 };
	struct buf out = { 0 };
	struct jsonw w;
	int status = 0;

	options_init(&c.options);
	argp_parse(&argp, argc, argv, 0, NULL, &c);
	jsonw_init(&w, &out);
	if (c.options.format == FORMAT_JSON) {
		jsonw_object(&w, NULL);
		jsonw_string(&w, "tool", "bootpath");
		jsonw_string(&w, "version", BOOTPATH_VERSION);
		jsonw_array(&w, "images");
	}
	for (size_t i = 0; i < c.image_count; i++) {
		struct inspection in = { 0 };
		struct image *image = inspect_open(c.images[i], &in);

		if (c.options.format == FORMAT_JSON) {
			inspect_json(&in, &w);
		} else {
			if (image && out.len)
				buf_puts(&out, "\n");
			inspect_text(&in, &out);
		}
		if (in.error[0]) {
			fprintf(stderr, "bootpath: %s\n", in.error);
			status = EXIT_CANNOT_JUDGE;
		}
		image_close(image);
	}
	if (c.options.format == FORMAT_JSON) {
		jsonw_array_end(&w);
		jsonw_object_end(&w);
		jsonw_end(&w);
	}
	if ((out.len || c.options.output) && options_write(&c.options, &out))
		status = EXIT_CANNOT_JUDGE;
	buf_free(&out);
	options_release(&c.options);
	return status;
}
