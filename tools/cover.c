/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which code of an image runs on which of its paths: instructions put together to blocks, and blocks to functions. */
#include "tools/cover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int cover_begin(struct cover *c, const struct image *image, const struct image_symbols *symbols)
{
	c->image = image;
	symbols = symbols ? symbols : image->symbols;
	c->symbols = symbols ? symbols : &c->own_symbols;
	return symbols ? 0 : image_symbols_read(&c->own_symbols, image, NULL);
}

int cover_add(struct cover *c, const struct cover_log *log, unsigned path)
{
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
		for (size_t i = 0; i < log->stage[stage].count; i++) {
			struct cover_insn insn = log->stage[stage].items[i];

			insn.paths = BIT64(path);
			if (!cover_insns_add(&c->stage[stage], &insn))
				return -ENOMEM;
		}
	}
	return 0;
}

static int cover_path(struct cover *c, size_t i, const struct run_options *options)
{
	struct report_path *p = &c->result->paths[i];
	struct cover_log log = { 0 };
	struct run_observer observer = cover_log_observer(&log, p);
	struct run_options run = *options;
	int err;

	run.observer = &observer;
	path_run(c->image, p->path, p->variant, &run, p);
	err = cover_log_finish(&log);
	c->elsewhere[i] = log.elsewhere;
	if (!err)
		err = cover_add(c, &log, (unsigned)i);
	cover_log_release(&log);
	return err;
}

/* --- blocks --- */

static struct cover_block *block_add(struct cover *c)
{
	size_t cap = c->block_cap ? c->block_cap * 2 : 4096;
	struct cover_block *grown;

	if (c->block_count == c->block_cap) {
		grown = reallocarray(c->blocks, cap, sizeof(*grown));
		if (!grown)
			return NULL;
		c->blocks = grown;
		c->block_cap = cap;
	}
	return &c->blocks[c->block_count++];
}

static bool block_goes_on(const struct cover_block *b, const struct cover_insn *prev,
			  const struct cover_insn *insn)
{
	return b && !prev->last && !insn->leader && b->address + b->size == insn->address &&
	       b->paths == insn->paths;
}

static int stage_blocks(struct cover *c, enum code_stage stage)
{
	const struct cover_insns *list = &c->stage[stage];
	const struct symbols *names = &c->symbols->stage[stage];
	struct cover_block *b = NULL;
	const struct symbol *in = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct cover_insn *insn = &list->items[i];
		const struct symbol *now = symbols_at(names, insn->address);

		if (!block_goes_on(b, insn - 1, insn) || now != in) {
			b = block_add(c);
			if (!b)
				return -ENOMEM;
			*b = (struct cover_block){ .stage = stage,
						   .address = insn->address,
						   .paths = insn->paths };
		}
		in = now;
		b->size += insn->len;
		b->insns++;
	}
	return 0;
}

/* --- functions --- */

static struct cover_function *function_add(struct cover *c)
{
	size_t cap = c->function_cap ? c->function_cap * 2 : 512;
	struct cover_function *grown;

	if (c->function_count == c->function_cap) {
		grown = reallocarray(c->functions, cap, sizeof(*grown));
		if (!grown)
			return NULL;
		c->functions = grown;
		c->function_cap = cap;
	}
	return &c->functions[c->function_count++];
}

static int cover_functions(struct cover *c)
{
	struct cover_function *f = NULL;

	for (size_t i = 0; i < c->block_count; i++) {
		const struct cover_block *b = &c->blocks[i];
		const struct symbol *s = symbols_at(&c->symbols->stage[b->stage], b->address);

		if (!f || f->stage != b->stage || f->symbol != s) {
			f = function_add(c);
			if (!f)
				return -ENOMEM;
			*f = (struct cover_function){ .stage = b->stage,
						      .symbol = s,
						      .address = s ? s->address : b->address,
						      .first = i };
		}
		f->count++;
		f->paths |= b->paths;
		f->bytes += b->size;
	}
	return 0;
}

static bool is_function(const struct symbol *s)
{
	return s->type == 't' || s->type == 'T' || s->type == 'w' || s->type == 'W';
}

/* Names of one address are one function. */
static bool is_alias(const struct symbols *names, size_t i)
{
	return i && names->items[i - 1].address == names->items[i].address;
}

static void count_known(struct cover *c)
{
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
		const struct symbols *names = &c->symbols->stage[stage];

		for (size_t i = 0; i < names->count; i++)
			c->known[stage] += is_function(&names->items[i]) && !is_alias(names, i);
	}
}

static bool function_ran(const struct cover *c, unsigned stage, const struct symbol *s)
{
	size_t lo = 0, hi = c->function_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct cover_function *f = &c->functions[mid];

		if (f->stage < stage || (f->stage == stage && f->address < s->address))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->function_count && c->functions[lo].stage == stage &&
	       c->functions[lo].address == s->address;
}

const struct symbol *cover_next_never(const struct cover *c, struct cover_never *at,
				      enum code_stage *ret_stage)
{
	for (; at->stage < STAGE_COUNT; at->stage++, at->index = 0) {
		const struct symbols *names = &c->symbols->stage[at->stage];

		while (at->index < names->count) {
			size_t i = at->index++;

			if (!is_function(&names->items[i]) || is_alias(names, i) ||
			    function_ran(c, at->stage, &names->items[i]))
				continue;
			*ret_stage = at->stage;
			return &names->items[i];
		}
	}
	return NULL;
}

uint64_t cover_ran(const struct cover *c)
{
	uint64_t paths = 0;

	for (size_t i = 0; i < c->result->path_count; i++) {
		if (c->result->paths[i].outcome != OUTCOME_SKIP)
			paths |= BIT64(i);
	}
	return paths;
}

char *cover_function_name(const struct cover *c, const struct cover_function *f, char *text,
			  size_t size)
{
	if (f->symbol)
		snprintf(text, size, "%s", f->symbol->name);
	else
		snprintf(text, size, "%s+0x%" PRIx64, code_stage_names[f->stage],
			 f->address - c->symbols->stage[f->stage].start);
	return text;
}

int cover_sum_up(struct cover *c)
{
	int err = 0;

	for (unsigned stage = 0; stage < STAGE_COUNT && !err; stage++) {
		cover_insns_merge(&c->stage[stage]);
		err = stage_blocks(c, stage);
	}
	if (!err)
		err = cover_functions(c);
	count_known(c);
	return err;
}

int cover_image(struct cover *c, struct report_image *result, const struct run_options *options)
{
	int err = 0;

	c->result = result;
	if (result->path_count > COVER_PATHS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < result->path_count && !err; i++)
		err = cover_path(c, i, options);
	return err ? err : cover_sum_up(c);
}

void cover_release(struct cover *c)
{
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++)
		cover_insns_free(&c->stage[stage]);
	image_symbols_release(&c->own_symbols);
	free(c->blocks);
	free(c->functions);
	*c = (struct cover){ 0 };
}
