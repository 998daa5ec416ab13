/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a trace file: names of events, facts of the run, the dictionary of blocks with their names, the index. */
#include "emu/record.h"

#include <errno.h>
#include <stdlib.h>

static void put_text(struct buf *b, const char *s)
{
	size_t len = strlen(s);

	varint_put(b, len);
	buf_append(b, s, len);
}

/* Texts that are written once and referred to by number. */
struct texts {
	const char **items;
	size_t count, cap;
	uint32_t *slots; /* number + 1 */
	size_t slot_count;
	bool failed;
};

static void texts_release(struct texts *t)
{
	free(t->items);
	free(t->slots);
}

static uint32_t *texts_slot(const struct texts *t, const char *s)
{
	size_t i = hash64(s, strlen(s)) % t->slot_count;

	while (t->slots[i] && strcmp(t->items[t->slots[i] - 1], s))
		i = (i + 1) % t->slot_count;
	return &t->slots[i];
}

static bool texts_grow(struct texts *t)
{
	size_t cap = t->cap ? t->cap * 2 : 256;
	const char **items = realloc(t->items, cap * sizeof(*items));
	uint32_t *slots = calloc(2 * cap, sizeof(*slots));

	if (items)
		t->items = items;
	if (!items || !slots) {
		free(slots);
		return false;
	}
	free(t->slots);
	t->cap = cap;
	t->slots = slots;
	t->slot_count = 2 * cap;
	for (size_t i = 0; i < t->count; i++)
		*texts_slot(t, t->items[i]) = (uint32_t)i + 1;
	return true;
}

static uint32_t texts_number(struct texts *t, const char *s)
{
	uint32_t *slot;

	if (t->failed || (t->count == t->cap && !texts_grow(t))) {
		t->failed = true;
		return 0;
	}
	slot = texts_slot(t, s);
	if (!*slot) {
		t->items[t->count++] = s;
		*slot = (uint32_t)t->count;
	}
	return *slot - 1;
}

/* What the names of one block are made with. */
struct naming {
	struct texts texts;
	trace_name_fn fn;
	void *arg;
};

/* A name for each stretch of the block: (byte, stage, symbol, offset)... */
static void put_names(struct recorder *r, const struct record_block *b, struct naming *n,
		      struct buf *out)
{
	const uint8_t *code = r->code.data + b->code;
	struct trace_name last = { 0 }, now;
	struct buf rows = { 0 };
	uint64_t count = 0;
	struct insn in;

	for (uint32_t off = 0; n->fn && off < b->size; off += in.length) {
		if (!insn_decode(code + off, b->size - off, b->bits, &in))
			in.length = (uint8_t)(b->size - off < 15 ? b->size - off : 15);
		now = (struct trace_name){ .stage = "", .symbol = "" };
		if (!n->fn(n->arg, b->pc + off, b->gpa + off, b->first, &now))
			now = (struct trace_name){ .stage = "", .symbol = "" };
		if (last.stage && !strcmp(now.stage, last.stage) &&
		    !strcmp(now.symbol, last.symbol))
			continue;
		varint_put(&rows, off);
		varint_put(&rows, texts_number(&n->texts, now.stage));
		varint_put(&rows, texts_number(&n->texts, now.symbol));
		varint_put(&rows, now.offset);
		count++;
		last = now;
	}
	varint_put(out, count);
	buf_append(out, rows.data, rows.len);
	out->failed |= rows.failed;
	buf_free(&rows);
}

static void put_blocks(struct recorder *r, struct naming *n, struct buf *out)
{
	uint64_t pc = 0, gpa = 0, first = 0;

	varint_put(out, r->block_count);
	for (uint32_t i = 0; i < r->block_count; i++) {
		const struct record_block *b = &r->blocks[i];

		varint_put(out, zigzag(pc, b->pc));
		varint_put(out, zigzag(gpa, b->gpa));
		varint_put(out, b->size);
		varint_put(out, b->insns);
		varint_put(out, b->mode);
		varint_put(out, b->bits);
		varint_put(out, b->first - first);
		put_names(r, b, n, out);
		pc = b->pc + b->size;
		gpa = b->gpa + b->size;
		first = b->first;
	}
	buf_append(out, r->code.data, r->code.len);
	out->failed |= r->code.failed;
}

static void digest_raw(const struct digest *d, uint8_t ret[16])
{
	char hex[DIGEST_HEX_SIZE];

	digest_hex(d, hex);
	for (unsigned i = 0; i < 16; i++) {
		char byte[3] = { hex[2 * i], hex[2 * i + 1], 0 };

		ret[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

static void put_end(struct machine *m, const uint64_t tail[4])
{
	struct recorder *r = m->recorder;
	uint8_t all[TRACE_HEADER_SIZE + TRACE_END_SIZE] = { 0 };
	uint8_t *end = all + TRACE_HEADER_SIZE;

	memcpy(all, r->header, sizeof(r->header));
	put_le32(end, TRACE_SKIP_MAGIC);
	put_le32(end + 4, TRACE_END_SIZE - 8);
	memcpy(end + 8, TRACE_END_MAGIC, 8);
	for (unsigned i = 0; i < 4; i++)
		put_le64(end + TRACE_END_TAIL + 8 * i, tail[i]);
	put_le64(end + TRACE_END_INSNS, engine_retired(m->engine));
	put_le64(end + TRACE_END_BLOCKS, r->blocks_run);
	put_le64(end + TRACE_END_EVENTS, r->events_all);
	digest_raw(r->digest, end + TRACE_END_DIGEST);
	put_le64(end + TRACE_END_HASH, hash64(all, TRACE_HEADER_SIZE + TRACE_END_HASH));
	record_send(r, end, TRACE_END_SIZE);
}

void record_tail(struct machine *m, const struct trace_fact *facts, size_t fact_count,
		 trace_name_fn name, void *arg)
{
	struct recorder *r = m->recorder;
	struct naming naming = { .fn = name, .arg = arg };
	struct buf blocks = { 0 };
	uint64_t tail[4] = { r->offset };

	put_blocks(r, &naming, &blocks);
	r->plain.len = 0;
	varint_put(&r->plain, EVENT_KIND_COUNT);
	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++)
		put_text(&r->plain, event_infos[i].name);
	varint_put(&r->plain, fact_count);
	for (size_t i = 0; i < fact_count; i++) {
		put_text(&r->plain, facts[i].name);
		put_text(&r->plain, facts[i].value);
	}
	varint_put(&r->plain, naming.texts.count);
	for (size_t i = 0; i < naming.texts.count; i++)
		put_text(&r->plain, naming.texts.items[i]);
	buf_append(&r->plain, blocks.data, blocks.len);
	varint_put(&r->plain, r->frame_count);
	buf_append(&r->plain, r->index.data, r->index.len);
	if (naming.texts.failed || blocks.failed || r->index.failed)
		record_failed(r, -ENOMEM);
	if (r->plain.len > TRACE_TAIL_MAX)
		record_failed(r, -EFBIG);
	tail[2] = r->plain.len;
	record_pack(r, &tail[3], &tail[1]);
	put_end(m, tail);
	buf_free(&blocks);
	texts_release(&naming.texts);
}
