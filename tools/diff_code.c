/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing the code that two boots ran: where they first part, and which functions and blocks only one of them ran. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/disasm.h"
#include "tools/cover.h"
#include "tools/diff.h"
#include "tools/diff_lockstep.h"

void diff_name_instruction(const struct diff_side *s, gva_t pc, gpa_t gpa, struct bytes code,
			   unsigned bits, uint64_t count, struct buf *out)
{
	char line[128] = "", name[192];
	struct code_place place;

	if (code_map_gpa(&s->path.code, gpa, count, &place))
		buf_printf(out, "%s (0x%" PRIx64,
			   code_place_describe(&place, s->symbols, name, sizeof(name)), pc);
	else
		buf_printf(out, "the instruction (0x%" PRIx64, pc);
	if (disasm_line(code.data, code.len, pc, bits, line, sizeof(line)))
		buf_printf(out, ": %s", line);
	buf_printf(out, "), after %" PRIu64 " instructions", count);
}

/* --- functions and blocks --- */

static void blocks_text(const struct cover *c, const struct cover_function *f, unsigned side,
			char *text, size_t size)
{
	const struct cover_block *first = NULL;
	uint64_t bytes = 0;
	size_t count = 0;
	char name[160];

	for (size_t i = f->first; i < f->first + f->count; i++) {
		const struct cover_block *b = &c->blocks[i];

		if (b->paths != BIT64(side))
			continue;
		first = first ? first : b;
		bytes += b->size;
		count++;
	}
	text[0] = '\0';
	if (first)
		snprintf(text, size, "%zu block%s, %" PRIu64 " bytes, the first at %s+0x%" PRIx64,
			 count, count == 1 ? "" : "s", bytes,
			 cover_function_name(c, f, name, sizeof(name)),
			 first->address - f->address);
}

static void function_add(struct diff *d, const struct cover *c, const struct cover_function *f)
{
	char text[2][256], function[160], name[200];

	blocks_text(c, f, 0, text[0], sizeof(text[0]));
	blocks_text(c, f, 1, text[1], sizeof(text[1]));
	if (!text[0][0] && !text[1][0])
		return;
	snprintf(name, sizeof(name), "%s %s", code_stage_names[f->stage],
		 cover_function_name(c, f, function, sizeof(function)));
	diff_note(diff_add(d, DIFF_CODE, name, text[0][0] ? text[0] : NULL,
			   text[1][0] ? text[1] : NULL),
		  f->paths == 3 ? "ran on both sides" : "ran on one side only");
}

static int cover_side(struct cover *c, const struct diff_side *s, unsigned path)
{
	int err = cover_begin(c, s->image, s->symbols);

	return err ? err : cover_add(c, &s->code, path);
}

/* Both sides ran the same image: blocks have the same addresses. */
static int diff_one_image(struct diff *d)
{
	struct cover c = { 0 };
	int err = cover_side(&c, d->side[0], 0);

	if (!err)
		err = cover_add(&c, &d->side[1]->code, 1);
	if (!err)
		err = cover_sum_up(&c);
	for (size_t i = 0; i < c.function_count && !err; i++)
		function_add(d, &c, &c.functions[i]);
	cover_release(&c);
	return err;
}

/* --- of two images only names and offsets from them can be compared --- */

static bool same_blocks(const struct cover *a, const struct cover_function *fa,
			const struct cover *b, const struct cover_function *fb)
{
	bool same = fa->count == fb->count;

	for (size_t i = 0; i < fa->count && same; i++) {
		const struct cover_block *x = &a->blocks[fa->first + i];
		const struct cover_block *y = &b->blocks[fb->first + i];

		same = x->address - fa->address == y->address - fb->address && x->size == y->size;
	}
	return same;
}

/* The function of @c that bears the name of @of's @f: the one with the same blocks where several do. */
static const struct cover_function *function_like(const struct cover *c, const struct cover *of,
						  const struct cover_function *f)
{
	const struct cover_function *found = NULL;
	char name[2][160];

	cover_function_name(of, f, name[0], sizeof(name[0]));
	for (size_t i = 0; i < c->function_count; i++) {
		const struct cover_function *other = &c->functions[i];

		if (other->stage != f->stage ||
		    strcmp(cover_function_name(c, other, name[1], sizeof(name[1])), name[0]))
			continue;
		if (same_blocks(of, f, c, other))
			return other;
		found = found ? found : other;
	}
	return found;
}

static void whole_text(const struct cover_function *f, char *text, size_t size)
{
	snprintf(text, size, "%zu block%s, %" PRIu64 " bytes", f->count, f->count == 1 ? "" : "s",
		 f->bytes);
}

static void function_pair_add(struct diff *d, const struct cover *c[2],
			      const struct cover_function *f[2])
{
	const struct cover_function *any = f[0] ? f[0] : f[1];
	char function[160], name[200], text[2][96];

	for (unsigned side = 0; side < 2; side++) {
		if (f[side])
			whole_text(f[side], text[side], sizeof(text[side]));
	}
	snprintf(name, sizeof(name), "%s %s", code_stage_names[any->stage],
		 cover_function_name(f[0] ? c[0] : c[1], any, function, sizeof(function)));
	diff_note(diff_add(d, DIFF_CODE, name, f[0] ? text[0] : NULL, f[1] ? text[1] : NULL),
		  f[0] && f[1] ? "ran on both sides, not alike" : "ran on one side only");
}

static int diff_two_images(struct diff *d)
{
	struct cover a = { 0 }, b = { 0 };
	const struct cover *c[2] = { &a, &b };
	int err = cover_side(&a, d->side[0], 0);

	if (!err)
		err = cover_sum_up(&a);
	if (!err)
		err = cover_side(&b, d->side[1], 1);
	if (!err)
		err = cover_sum_up(&b);
	for (size_t i = 0; i < a.function_count && !err; i++) {
		const struct cover_function *f[2] = { &a.functions[i],
						      function_like(&b, &a, &a.functions[i]) };

		if (!f[1] || !same_blocks(&a, f[0], &b, f[1]))
			function_pair_add(d, c, f);
	}
	for (size_t i = 0; i < b.function_count && !err; i++) {
		const struct cover_function *f[2] = { NULL, &b.functions[i] };

		if (!function_like(&a, &b, f[1]))
			function_pair_add(d, c, f);
	}
	cover_release(&a);
	cover_release(&b);
	return err;
}

static void diff_functions(struct diff *d)
{
	int err = d->side[0]->image == d->side[1]->image ? diff_one_image(d) : diff_two_images(d);

	d->failed |= err != 0;
}

/* --- where they part --- */

static void step_text(const struct diff_side *s, const struct lockstep_at *at, struct buf *out)
{
	if (at->ended)
		buf_printf(out, "the end, after %" PRIu64 " instructions", at->count);
	else
		diff_name_instruction(s, at->pc, at->gpa, at->code, at->bits, at->count, out);
}

/* Two runs from the same entry go the same way until something makes them part. */
static void diff_parting(struct diff *d)
{
	struct lockstep_at at[2];
	struct buf text[2] = { 0 };
	struct diag diag = { 0 };
	int parted = lockstep(d->side[0], d->side[1], at, &diag);

	d->failed |= parted < 0;
	if (parted <= 0)
		return;
	for (unsigned side = 0; side < 2; side++)
		step_text(d->side[side], &at[side], &text[side]);
	diff_add(d, DIFF_CODE, "first instruction that differs", buf_str(&text[0]),
		 buf_str(&text[1]));
	lockstep_release(at);
	buf_free(&text[0]);
	buf_free(&text[1]);
}

void diff_code(struct diff *d)
{
	const struct diff_side *a = d->side[0], *b = d->side[1];

	if (!diff_knows_memory(d) || !a->path.handover_count || !b->path.handover_count)
		return;
	if (!strcmp(a->path.path->name, b->path.path->name))
		diff_parting(d);
	diff_functions(d);
}
