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

/* Instructions of side 1 by the addresses that the same places have on side 0; only for other images. */
static void translate(const struct diff_side *to, const struct diff_side *from,
		      struct cover_log *log)
{
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
		const struct symbols *a = &to->symbols->stage[stage];
		const struct symbols *b = &from->symbols->stage[stage];

		for (size_t i = 0; i < log->stage[stage].count; i++) {
			struct cover_insn *insn = &log->stage[stage].items[i];
			const struct symbol *s = symbols_at(b, insn->address);
			const struct symbol *same = s ? symbols_find(a, s->name) : NULL;

			if (same)
				insn->address += same->address - s->address;
		}
	}
}

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

/* A copy of the log with its own lists. */
static bool log_copy(struct cover_log *to, const struct cover_log *from)
{
	bool ok = true;

	for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
		for (size_t i = 0; i < from->stage[stage].count; i++)
			ok &= cover_insns_add(&to->stage[stage], &from->stage[stage].items[i]);
	}
	return ok;
}

static void diff_functions(struct diff *d)
{
	const struct diff_side *a = d->side[0], *b = d->side[1];
	struct cover_log other = { 0 };
	struct cover c = { 0 };
	int err = cover_begin(&c, a->image, a->symbols);

	if (!err)
		err = cover_add(&c, &a->code, 0);
	if (!err && a->image == b->image) {
		err = cover_add(&c, &b->code, 1);
	} else if (!err) {
		if (log_copy(&other, &b->code)) {
			translate(a, b, &other);
			err = cover_add(&c, &other, 1);
		} else {
			err = -1;
		}
	}
	if (!err)
		err = cover_sum_up(&c);
	for (size_t i = 0; i < c.function_count && !err; i++)
		function_add(d, &c, &c.functions[i]);
	d->failed |= err != 0;
	cover_log_release(&other);
	cover_release(&c);
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
