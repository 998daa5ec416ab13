/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace file opened: both its ends checked, its dictionary and index read. */
#include "emu/trace_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/decode.h"

static void hex_text(const uint8_t *data, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", data[i]);
}

static int check_header(struct trace *t, struct diag *diag)
{
	const uint8_t *h = t->file.data;

	if (t->file.len < TRACE_HEADER_SIZE)
		return diag_at(
			diag, -EINVAL, 0,
			"not a trace of bootpath: it has %zu bytes, and the header alone takes %u",
			t->file.len, TRACE_HEADER_SIZE);
	if (get_le32(h) != TRACE_SKIP_MAGIC || memcmp(h + 8, TRACE_HEADER_MAGIC, 8))
		return diag_at(diag, -EINVAL, 0,
			       "not a trace of bootpath: it does not begin with its mark BPTRACE");
	if (get_le32(h + TRACE_HEADER_VER) != TRACE_VERSION)
		return diag_at(diag, -EINVAL, TRACE_HEADER_VER,
			       "a trace of version %" PRIu32 "; this bootpath reads version %u",
			       get_le32(h + TRACE_HEADER_VER), TRACE_VERSION);
	hex_text(h + TRACE_HEADER_SHA, 32, t->sha256);
	return 0;
}

static int check_end(struct trace *t, struct diag *diag)
{
	uint8_t all[TRACE_HEADER_SIZE + TRACE_END_SIZE];
	bool room = t->file.len >= TRACE_HEADER_SIZE + TRACE_END_SIZE;
	uint64_t at = room ? t->file.len - TRACE_END_SIZE : 0;
	const uint8_t *e = t->file.data + at;

	if (!room || get_le32(e) != TRACE_SKIP_MAGIC || memcmp(e + 8, TRACE_END_MAGIC, 8))
		return diag_at(
			diag, -EINVAL, t->file.len,
			"the trace ends here without its end mark BPTREND: it was cut, or never finished");
	memcpy(all, t->file.data, TRACE_HEADER_SIZE);
	memcpy(all + TRACE_HEADER_SIZE, e, TRACE_END_SIZE);
	if (hash64(all, TRACE_HEADER_SIZE + TRACE_END_HASH) != get_le64(e + TRACE_END_HASH))
		return diag_at(diag, -EINVAL, at,
			       "header and end record do not have the hash 0x%" PRIx64
			       " that stands here: the trace is damaged",
			       get_le64(e + TRACE_END_HASH));
	t->tail_offset = get_le64(e + TRACE_END_TAIL);
	t->tail_size = get_le64(e + TRACE_END_TAIL + 8);
	t->tail_plain = get_le64(e + TRACE_END_TAIL + 16);
	t->tail_hash = get_le64(e + TRACE_END_TAIL + 24);
	t->totals = (struct trace_totals){ .instructions = get_le64(e + TRACE_END_INSNS),
					   .blocks = get_le64(e + TRACE_END_BLOCKS),
					   .events = get_le64(e + TRACE_END_EVENTS) };
	hex_text(e + TRACE_END_DIGEST, 16, t->digest);
	if (t->tail_offset < TRACE_HEADER_SIZE || t->tail_offset > at ||
	    t->tail_size != at - t->tail_offset || t->tail_plain > TRACE_TAIL_MAX)
		return diag_at(diag, -EINVAL, at + TRACE_END_TAIL,
			       "the tail (offset 0x%" PRIx64 ", %" PRIu64
			       " bytes) does not end where the end record begins",
			       t->tail_offset, t->tail_size);
	return 0;
}

int trace_open(struct trace **ret_t, struct bytes file, struct diag *diag)
{
	struct trace *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return diag_set(diag, -ENOMEM, "out of memory");
	t->file = file;
	err = check_header(t, diag);
	if (!err)
		err = check_end(t, diag);
	if (!err)
		err = trace_read_tail(t, diag);
	if (err) {
		trace_close(t);
		return err;
	}
	*ret_t = t;
	return 0;
}

struct trace *trace_close(struct trace *t)
{
	if (!t)
		return NULL;
	free(t->facts);
	free(t->blocks);
	free(t->names);
	free(t->frames);
	free(t->texts);
	free(t->kinds);
	free(t->tail);
	free(t->strings);
	free(t);
	return NULL;
}

const char *trace_sha256(const struct trace *t)
{
	return t->sha256;
}

const char *trace_digest(const struct trace *t)
{
	return t->digest;
}

void trace_totals(const struct trace *t, struct trace_totals *ret)
{
	*ret = t->totals;
}

const struct trace_fact *trace_facts(const struct trace *t, size_t *ret_count)
{
	*ret_count = t->fact_count;
	return t->facts;
}

const char *trace_fact_find(const struct trace *t, const char *name)
{
	for (size_t i = 0; i < t->fact_count; i++) {
		if (!strcmp(t->facts[i].name, name))
			return t->facts[i].value;
	}
	return NULL;
}

const struct trace_block *trace_blocks(const struct trace *t, size_t *ret_count)
{
	*ret_count = t->block_count;
	return t->blocks;
}

unsigned trace_block_offsets(const struct trace_block *b, uint32_t *ret_offsets, unsigned max)
{
	uint32_t off = 0;
	unsigned n = 0;

	while (off < b->size && n + 1 < max) {
		struct insn in;

		ret_offsets[n++] = off;
		/* What is no instruction is the last thing in its block: it faults. */
		if (!insn_decode(b->code + off, b->size - off, b->bits, &in))
			in.length = (uint8_t)(b->size - off < 15 ? b->size - off : 15);
		off += in.length;
	}
	if (max)
		ret_offsets[n] = b->size;
	return n;
}

int trace_count_blocks(const struct trace *t, uint64_t *ret_runs, struct diag *diag)
{
	struct trace_cursor *c;
	struct trace_item item;
	int r = trace_cursor_create(&c, t);

	if (r)
		return diag_set(diag, r, "out of memory");
	memset(ret_runs, 0, t->block_count * sizeof(*ret_runs));
	while ((r = trace_cursor_next(c, &item, diag)) > 0) {
		if (item.kind == TRACE_BLOCK)
			ret_runs[item.block]++;
	}
	trace_cursor_destroy(c);
	return r;
}
