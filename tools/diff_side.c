/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two sides of a comparison: a boot that is run here, or one that a report tells of (man/bootpath-json.5). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/trace.h"
#include "tools/check.h"
#include "tools/diff.h"
#include "tools/state_file.h"

/* The start of day is gone after the run: keep who put what where. */
static int side_begin(struct machine *m, const struct check_facts *facts, void *arg)
{
	const struct start_of_day *sod = facts->sod;
	struct diff_side *s = arg;

	(void)m;
	s->run_address = sod->run_address;
	s->run_size = sod->run_size;
	s->places = calloc(sod->memory.count + 1, sizeof(*s->places));
	if (!s->places)
		return -ENOMEM;
	for (size_t i = 0; i < sod->memory.count; i++) {
		const struct placement *p = &sod->memory.items[i];
		struct diff_place *to = &s->places[s->place_count++];

		to->gpa = p->gpa;
		to->size = p->size;
		memcpy(to->name, p->name, sizeof(to->name));
		memcpy(to->source, p->source, sizeof(to->source));
	}
	return 0;
}

static void side_block(struct machine *m, gva_t pc, gpa_t gpa, void *arg)
{
	struct diff_side *s = arg;

	cover_log_block(&s->code, m, pc, gpa);
}

static void side_end(struct machine *m, const struct report_path *p, void *arg)
{
	struct diff_side *s = arg;

	(void)m;
	cover_log_end(&s->code, p);
}

void diff_side_run(struct diff_side *s, const struct image *image, const struct sod_path *path,
		   const struct sod_variant *variant, const struct run_options *options)
{
	const struct run_observer observer = {
		.begin = side_begin,
		.block = side_block,
		.end = side_end,
		.arg = s,
	};
	const struct trace_sink sink = trace_sink_buf(&s->trace);
	struct run_options run = *options;

	s->image = image;
	s->options = options;
	s->symbols = options->symbols ? options->symbols : image->symbols;
	if (!s->symbols)
		s->symbols = &s->own_symbols;
	if (s->symbols == &s->own_symbols && image_symbols_read(&s->own_symbols, image, NULL))
		s->failed = true;
	cover_log_begin(&s->code, &s->path);
	run.keep_pages = true;
	run.observer = &observer;
	run.trace = &sink;
	path_run(image, path, variant, &run, &s->path);
	if (s->path.path && s->path.handover_count && cover_log_finish(&s->code))
		s->failed = true;
}

static int take_outcome(const struct json_value *v, struct report_path *ret, struct diag *diag)
{
	struct json_value outcome = json_member(v, "outcome"), reason = json_member(v, "reason");
	const char *text = json_text(&outcome);
	enum outcome o = 0;

	while (text && o < OUTCOME_COUNT && strcmp(outcome_names[o], text))
		o++;
	if (!text || o == OUTCOME_COUNT)
		return json_complain(&outcome, diag,
				     text ? "no such outcome" : "expected an outcome");
	ret->outcome = o;
	text = json_text(&reason);
	snprintf(ret->reason, sizeof(ret->reason), "%s", text ? text : "");
	return 0;
}

static struct verdict *verdicts_grow(struct verdicts *list)
{
	struct verdict *grown;

	if (list->count == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		grown = realloc(list->items, list->cap * sizeof(*grown));
		if (!grown)
			return NULL;
		list->items = grown;
	}
	list->items[list->count] = (struct verdict){ 0 };
	return &list->items[list->count++];
}

/* Only what a comparison needs: id, point and status. */
static int take_verdict(const struct json_value *v, struct verdict *ret, struct diag *diag)
{
	struct json_value id = json_member(v, "id"), status = json_member(v, "status");
	struct json_value point = json_member(v, "point");
	const char *text[3] = { json_text(&id), json_text(&status), json_text(&point) };

	if (!text[0])
		return json_complain(&id, diag, "expected a clause's id");
	ret->id = text[0];
	while (text[1] && ret->status <= VERDICT_ERROR &&
	       strcmp(verdict_status_names[ret->status], text[1]))
		ret->status++;
	if (!text[1] || ret->status > VERDICT_ERROR)
		return json_complain(&status, diag, "expected a verdict's status");
	while (text[2] && ret->point < POINT_COUNT && strcmp(point_names[ret->point], text[2]))
		ret->point++;
	if (!text[2] || ret->point == POINT_COUNT)
		return json_complain(&point, diag, "expected a point");
	return 0;
}

static int take_verdicts(const struct json_value *v, struct report_path *ret, struct diag *diag)
{
	struct json_value list = json_member(v, "verdicts");
	int err = 0;

	for (size_t i = 0; i < json_count(&list) && !err; i++) {
		struct json_value item = json_element(&list, i);
		struct verdict *to = verdicts_grow(&ret->verdicts);

		err = to ? take_verdict(&item, to, diag) : diag_set(diag, -ENOMEM, "out of memory");
	}
	return err;
}

int diff_side_read(struct diff_side *s, const struct json_value *v, struct diag *diag)
{
	struct json_value handovers = json_member(v, "handovers");
	struct json_value path = json_member(v, "path"), variant = json_member(v, "variant");
	const char *names[2] = { json_text(&path), json_text(&variant) };
	struct state_file state = { 0 };
	int err = take_outcome(v, &s->path, diag);

	if (err)
		return err;
	if (!names[0])
		return json_complain(&path, diag, "expected the name of a path");
	snprintf(s->path_name, sizeof(s->path_name), "%s", names[0]);
	snprintf(s->variant_name, sizeof(s->variant_name), "%s", names[1] ? names[1] : "spec");
	s->path_row = (struct sod_path){ .name = s->path_name, .doc = "read from a report" };
	s->variant_row = (struct sod_variant){ .name = s->variant_name, .doc = "" };
	s->path.path = &s->path_row;
	s->path.variant = &s->variant_row;
	if (json_count(&handovers)) {
		err = state_file_take(&state, v, diag);
		s->path.handovers = state.handovers;
		s->path.handover_count = state.handover_count;
	}
	return err ? err : take_verdicts(v, &s->path, diag);
}

void diff_side_release(struct diff_side *s)
{
	cover_log_release(&s->code);
	buf_free(&s->trace);
	image_symbols_release(&s->own_symbols);
	report_path_release(&s->path);
	free(s->places);
	*s = (struct diff_side){ 0 };
}
