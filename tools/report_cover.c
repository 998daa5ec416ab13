/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coverage by path: for people, as JSON, and in the drcov format that disassemblers' coverage views read. */
#include <inttypes.h>
#include <stdio.h>

#include "emu/base/jsonw.h"
#include "tools/cover_forbid.h"

/* A block's or function's set of paths, as the report groups them. */
enum cover_set { SET_ALL, SET_SOME, SET_ONE, SET_COUNT };

static const char *const set_names[SET_COUNT] = { "all", "some", "one" };

static enum cover_set set_of(const struct cover *c, uint64_t paths)
{
	if (paths == cover_ran(c))
		return SET_ALL;
	return paths & (paths - 1) ? SET_SOME : SET_ONE;
}

static size_t blocks_of(const struct cover *c, const struct cover_function *f, size_t path)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += c->blocks[f->first + i].paths >> path & 1;
	return n;
}

static void path_name(const struct cover *c, size_t i, char *text, size_t size)
{
	const struct report_path *p = &c->result->paths[i];

	snprintf(text, size, "%s:%s", p->path->name, p->variant->name);
}

/* --- text --- */

static void text_paths(const struct cover *c, struct buf *out)
{
	buf_printf(out, "%s: %s, sha256 %s\n", c->result->name, c->result->format,
		   c->result->sha256);
	for (size_t i = 0; i < c->result->path_count; i++) {
		const struct report_path *p = &c->result->paths[i];
		char name[64];

		path_name(c, i, name, sizeof(name));
		buf_printf(out, "%-16s %s: %s", name, outcome_names[p->outcome], p->reason);
		if (c->elsewhere[i])
			buf_printf(out, "; %" PRIu64 " blocks outside of the image",
				   c->elsewhere[i]);
		buf_puts(out, "\n");
	}
}

static void text_sets(const struct cover *c, struct buf *out)
{
	uint64_t functions[STAGE_COUNT][SET_COUNT] = { 0 }, bytes[STAGE_COUNT][SET_COUNT] = { 0 };

	for (size_t i = 0; i < c->function_count; i++)
		functions[c->functions[i].stage][set_of(c, c->functions[i].paths)]++;
	for (size_t i = 0; i < c->block_count; i++)
		bytes[c->blocks[i].stage][set_of(c, c->blocks[i].paths)] += c->blocks[i].size;
	buf_puts(out, "\nstage        run by      functions       bytes\n");
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
		uint64_t ran = 0;

		for (unsigned set = 0; set < SET_COUNT; set++) {
			ran += functions[stage][set];
			if (bytes[stage][set])
				buf_printf(out, "%-12s %-8s %12" PRIu64 " %11" PRIu64 "\n",
					   code_stage_names[stage], set_names[set],
					   functions[stage][set], bytes[stage][set]);
		}
		if (ran && c->known[stage] > ran)
			buf_printf(out, "%-12s %-8s %12" PRIu64 "\n", code_stage_names[stage],
				   "none", c->known[stage] - ran);
	}
}

static void text_function(const struct cover *c, const struct cover_function *f, struct buf *out)
{
	char name[160];

	buf_printf(out, "%-10s 0x%-16" PRIx64 " %-32s %8" PRIu64, code_stage_names[f->stage],
		   f->address, cover_function_name(c, f, name, sizeof(name)), f->bytes);
	for (size_t i = 0; i < c->result->path_count; i++) {
		size_t n = blocks_of(c, f, i);
		char cell[32];

		if (c->result->paths[i].outcome == OUTCOME_SKIP)
			continue;
		snprintf(cell, sizeof(cell), n ? "%zu/%zu" : "-", n, f->count);
		buf_printf(out, " %12s", cell);
	}
	buf_puts(out, "\n");
}

static void text_blocks(const struct cover *c, const struct cover_function *f, struct buf *out)
{
	for (size_t i = f->first; i < f->first + f->count; i++) {
		const struct cover_block *b = &c->blocks[i];
		const char *comma = "";

		buf_printf(out,
			   "    +0x%" PRIx64 ", %" PRIu64 " bytes, %" PRIu32 " instruction%s: ",
			   b->address - f->address, b->size, b->insns, b->insns == 1 ? "" : "s");
		for (size_t k = 0; k < c->result->path_count; k++) {
			char name[64];

			if (!(b->paths >> k & 1))
				continue;
			path_name(c, k, name, sizeof(name));
			buf_printf(out, "%s%s", comma, name);
			comma = ", ";
		}
		buf_puts(out, "\n");
	}
}

static void text_never(const struct cover *c, struct buf *out)
{
	struct cover_never at = { 0 };
	const struct symbol *s;
	enum code_stage stage;

	buf_puts(out, "\nrun by none:\n");
	while ((s = cover_next_never(c, &at, &stage)))
		buf_printf(out, "%-10s 0x%-16" PRIx64 " %s\n", code_stage_names[stage], s->address,
			   s->name);
}

void cover_text(const struct cover *c, struct buf *out, bool verbose)
{
	char name[64];

	text_paths(c, out);
	text_sets(c, out);
	buf_printf(out, "\n%-10s %-18s %-32s %8s", "stage", "address", "function", "bytes");
	for (size_t i = 0; i < c->result->path_count; i++) {
		path_name(c, i, name, sizeof(name));
		if (c->result->paths[i].outcome != OUTCOME_SKIP)
			buf_printf(out, " %12s", name);
	}
	buf_puts(out, "\n");
	for (size_t i = 0; i < c->function_count; i++) {
		text_function(c, &c->functions[i], out);
		if (verbose)
			text_blocks(c, &c->functions[i], out);
	}
	if (verbose)
		text_never(c, out);
}

/* --- JSON --- */

static void json_set(struct jsonw *w, const struct cover *c, uint64_t paths)
{
	char name[64];

	jsonw_array_inline(w, "paths");
	for (size_t i = 0; i < c->result->path_count; i++) {
		path_name(c, i, name, sizeof(name));
		if (paths >> i & 1)
			jsonw_string(w, NULL, name);
	}
	jsonw_array_end(w);
}

static void json_function(struct jsonw *w, const struct cover *c, const struct cover_function *f)
{
	char name[160];

	jsonw_object(w, NULL);
	jsonw_string(w, "stage", code_stage_names[f->stage]);
	jsonw_string(w, "function", cover_function_name(c, f, name, sizeof(name)));
	jsonw_hex(w, "address", f->address);
	json_set(w, c, f->paths);
	jsonw_array(w, "blocks");
	for (size_t i = f->first; i < f->first + f->count; i++) {
		const struct cover_block *b = &c->blocks[i];

		jsonw_object(w, NULL);
		jsonw_hex(w, "address", b->address);
		jsonw_u64(w, "size", b->size);
		jsonw_u64(w, "instructions", b->insns);
		json_set(w, c, b->paths);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
	jsonw_object_end(w);
}

static void json_never(struct jsonw *w, const struct cover *c)
{
	struct cover_never at = { 0 };
	const struct symbol *s;
	enum code_stage stage;

	jsonw_array(w, "never");
	while ((s = cover_next_never(c, &at, &stage))) {
		jsonw_object(w, NULL);
		jsonw_string(w, "stage", code_stage_names[stage]);
		jsonw_string(w, "function", s->name);
		jsonw_hex(w, "address", s->address);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void json_hits(struct jsonw *w, const struct cover *c, const struct forbid_hits *hits)
{
	char name[64];

	jsonw_array(w, "forbidden");
	for (size_t i = 0; i < hits->count; i++) {
		const struct forbid_hit *hit = &hits->items[i];

		path_name(c, hit->path, name, sizeof(name));
		jsonw_object(w, NULL);
		jsonw_string(w, "rule", hit->rule->what);
		jsonw_u64(w, "line", hit->rule->line);
		jsonw_string(w, "reason", hit->rule->reason);
		jsonw_string(w, "path", name);
		jsonw_array(w, "chain");
		for (size_t k = 0; k < hit->chain_count; k++)
			jsonw_string(w, NULL, hit->chain[k]);
		jsonw_array_end(w);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

void cover_json(const struct cover *c, const struct forbid_hits *hits, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_object(&w, NULL);
	jsonw_string(&w, "tool", "bootpath");
	jsonw_string(&w, "version", BOOTPATH_VERSION);
	jsonw_string(&w, "image", c->result->name);
	jsonw_string(&w, "sha256", c->result->sha256);
	jsonw_array(&w, "paths");
	for (size_t i = 0; i < c->result->path_count; i++) {
		const struct report_path *p = &c->result->paths[i];

		jsonw_object(&w, NULL);
		jsonw_string(&w, "path", p->path->name);
		jsonw_string(&w, "variant", p->variant->name);
		jsonw_string(&w, "outcome", outcome_names[p->outcome]);
		jsonw_string(&w, "reason", p->reason);
		jsonw_u64(&w, "blocks_elsewhere", c->elsewhere[i]);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_array(&w, "functions");
	for (size_t i = 0; i < c->function_count; i++)
		json_function(&w, c, &c->functions[i]);
	jsonw_array_end(&w);
	json_never(&w, c);
	if (hits)
		json_hits(&w, c, hits);
	jsonw_object_end(&w);
	jsonw_end(&w);
}

/* --- drcov --- */

/* Text up to the table of blocks, which is binary: start in the module (32 bits), size (16), module (16). */
void cover_drcov(const struct cover *c, uint64_t paths, struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < c->block_count; i++)
		count += (c->blocks[i].paths & paths) != 0;
	buf_puts(out, "DRCOV VERSION: 2\nDRCOV FLAVOR: bootpath\n");
	buf_printf(out, "Module Table: version 2, count %d\n", STAGE_COUNT);
	buf_puts(out, "Columns: id, base, end, entry, path\n");
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++)
		buf_printf(out, "%u, 0x%016" PRIx64 ", 0x%016" PRIx64 ", 0x%016x, %s\n", stage,
			   c->symbols->stage[stage].start, c->symbols->stage[stage].end, 0,
			   code_stage_names[stage]);
	buf_printf(out, "BB Table: %zu bbs\n", count);
	for (size_t i = 0; i < c->block_count; i++) {
		const struct cover_block *b = &c->blocks[i];
		uint8_t row[8];

		if (!(b->paths & paths))
			continue;
		put_le32(row, (uint32_t)(b->address - c->symbols->stage[b->stage].start));
		put_le16(row + 4, b->size > UINT16_MAX ? UINT16_MAX : (uint16_t)b->size);
		put_le16(row + 6, (uint16_t)b->stage);
		buf_append(out, row, sizeof(row));
	}
}
