/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which boots are compared with which: two paths of one file, or the same paths of two. */
#include "tools/diff_pairs.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/cmd.h" /* EXIT_CANNOT_JUDGE */
#include "tools/file.h"

/* A JSON text begins with a brace; no image format does. */
static bool is_report(struct bytes text)
{
	size_t i = 0;

	while (i < text.len && isspace(text.data[i]))
		i++;
	return i < text.len && text.data[i] == '{';
}

static int report_open(struct diff_source *s, struct bytes text, struct diag *diag)
{
	int err = json_doc_parse(&s->report, s->name, text, diag);

	if (err)
		return err;
	s->root = json_root(s->report);
	s->images = json_member(&s->root, "images");
	if (!json_is_array(&s->images) || json_count(&s->images) != 1)
		return json_complain(&s->images, diag, "expected a report of one image");
	s->first = json_element(&s->images, 0);
	s->paths = json_member(&s->first, "paths");
	if (!json_is_array(&s->paths))
		return json_complain(&s->paths, diag, "expected an array of paths");
	return 0;
}

int diff_source_open(struct diff_source *s, const char *path, const struct symbol_files *symbols,
		     struct diag *diag)
{
	struct diag reading = { 0 };
	struct buf text = { 0 };
	char line[600];
	int err;

	*s = (struct diff_source){ 0 };
	snprintf(s->name, sizeof(s->name), "%s", file_base_name(path));
	err = file_read(path, JSON_SIZE_MAX, &text, &reading);
	if (!err && is_report((struct bytes){ text.data, text.len })) {
		err = report_open(s, (struct bytes){ text.data, text.len }, diag);
	} else if (!err || err == -EFBIG) {
		reading = (struct diag){ 0 };
		err = image_load(&s->image, path, &reading);
		if (!err)
			err = symbol_files_load(s->image, path, symbols, &reading);
	}
	buf_free(&text);
	if (err && reading.code)
		diag_set(diag, err, "%s", diag_line(&reading, s->name, line, sizeof(line)));
	if (err)
		diff_source_close(s);
	return err;
}

void diff_source_close(struct diff_source *s)
{
	image_close(s->image);
	json_doc_close(s->report);
	*s = (struct diff_source){ 0 };
}

/* The element of a report's paths of that name; its value is NULL when there is none. */
static struct json_value report_path_find(const struct diff_source *s, const char *path,
					  const char *variant)
{
	struct json_value none = { .doc = s->report };

	for (size_t i = 0; i < json_count(&s->paths); i++) {
		struct json_value v = json_element(&s->paths, i), name = json_member(&v, "path");
		struct json_value which = json_member(&v, "variant");
		const char *text[2] = { json_text(&name), json_text(&which) };

		if (text[0] && !strcmp(text[0], path) &&
		    !strcmp(text[1] ? text[1] : "spec", variant))
			return v;
	}
	return none;
}

/* Offered by an image; in a report: judged, so not skipped. */
static bool source_has(const struct diff_source *s, const struct path_choice *c)
{
	const struct image_entry *e;
	struct json_value v, handovers;

	if (s->image) {
		e = image_entry_find(s->image, c->path->name);
		return e && e->offered;
	}
	v = report_path_find(s, c->path->name, c->variant->name);
	handovers = json_member(&v, "handovers");
	return json_count(&handovers);
}

static int side_fill(struct diff_side *side, const struct diff_source *s,
		     const struct path_choice *c, const char *prefix, const struct run_options *run,
		     struct diag *diag)
{
	struct json_value v;

	snprintf(side->name, sizeof(side->name), "%s%s:%s", prefix, c->path->name,
		 c->variant->name);
	if (s->image) {
		diff_side_run(side, s->image, c->path, c->variant, run);
		return 0;
	}
	v = report_path_find(s, c->path->name, c->variant->name);
	if (!v.value)
		return diag_set(diag, -EINVAL, "%s: the report has no path %s:%s", s->name,
				c->path->name, c->variant->name);
	return diff_side_read(side, &v, diag);
}

/* "old.bzImage ", or with two of one name "1 bzImage ". */
static void name_prefix(const struct diff_source *sources, size_t count, size_t i, char *text,
			size_t size)
{
	if (count == 1)
		text[0] = '\0';
	else if (strcmp(sources[0].name, sources[1].name))
		snprintf(text, size, "%s ", sources[i].name);
	else
		snprintf(text, size, "%zu %s ", i + 1, sources[i].name);
}

static int pair_make(struct diff_pair *pair, const struct diff_source *sources, size_t source_count,
		     const struct path_choice *choice[2], const struct run_options *run,
		     const char *const *ignore, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < 2 && !err; i++) {
		size_t source = source_count == 1 ? 0 : i;
		char prefix[280];

		name_prefix(sources, source_count, source, prefix, sizeof(prefix));
		err = side_fill(&pair->side[i], &sources[source], choice[i], prefix, run, diag);
	}
	if (err)
		return err;
	pair->diff.ignore = ignore;
	if (diff_sides(&pair->diff, &pair->side[0], &pair->side[1]))
		return diag_set(diag, -ENOMEM, "out of memory");
	return 0;
}

/* Every path, in its default variant, that both have. */
static size_t common_paths(const struct diff_source *sources,
			   struct path_choice ret[PATH_CHOICES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; sod_paths[i]; i++) {
		for (unsigned k = 0; k < sod_paths[i]->variant_count; k++) {
			struct path_choice c = { .path = sod_paths[i],
						 .variant = &sod_paths[i]->variants[k] };
			bool run_here = sources[0].image && sources[1].image;

			if ((k && run_here) || n == PATH_CHOICES_MAX)
				continue;
			if (source_has(&sources[0], &c) && source_has(&sources[1], &c))
				ret[n++] = c;
		}
	}
	return n;
}

static int pair_add(struct diff_pairs *pairs, const struct diff_source *sources,
		    size_t source_count, const struct path_choice *a, const struct path_choice *b,
		    const struct run_options *run, const char *const *ignore, struct diag *diag)
{
	const struct path_choice *choice[2] = { a, b };

	struct diff_pair *pair = &pairs->items[pairs->count++];
	int err = pair_make(pair, sources, source_count, choice, run, ignore, diag);

	if (!err && !pairs->no_writers)
		diff_blame(&pair->diff);
	return err;
}

int diff_pairs_make(struct diff_pairs *pairs, const struct diff_source *sources,
		    size_t source_count, const struct options *o, const char *const *ignore,
		    struct diag *diag)
{
	struct path_choice common[PATH_CHOICES_MAX];
	const struct path_choice *paths = o->paths;
	size_t n = o->path_count;
	int err = 0;

	pairs->items = calloc(PATH_CHOICES_MAX, sizeof(*pairs->items));
	if (!pairs->items)
		return diag_set(diag, -ENOMEM, "out of memory");
	if (source_count == 1)
		return pair_add(pairs, sources, 1, &paths[0], &paths[1], &o->run, ignore, diag);
	if (!n) {
		n = common_paths(sources, common);
		paths = common;
	}
	if (!n)
		return diag_set(diag, -EINVAL, "%s and %s have no path in common", sources[0].name,
				sources[1].name);
	for (size_t i = 0; i < n && !err; i++)
		err = pair_add(pairs, sources, 2, &paths[i], &paths[i], &o->run, ignore, diag);
	return err;
}

void diff_pairs_release(struct diff_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		diff_release(&pairs->items[i].diff);
		diff_side_release(&pairs->items[i].side[0]);
		diff_side_release(&pairs->items[i].side[1]);
	}
	free(pairs->items);
	*pairs = (struct diff_pairs){ 0 };
}

int diff_pairs_status(const struct diff_pairs *pairs)
{
	int status = 0;

	for (size_t i = 0; i < pairs->count; i++) {
		const struct diff *d = &pairs->items[i].diff;

		if (diff_unjudged(d))
			status = status == 1 ? 1 : EXIT_CANNOT_JUDGE;
		else if (d->count)
			status = 1;
	}
	return status;
}
