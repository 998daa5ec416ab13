/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recording a trace while the machine runs: the dictionary of blocks, and a frame for every million instructions. */
#include "emu/record.h"

#include <errno.h>
#include <stdlib.h>

/* Tokens of one frame: most frames need an eighth of it. */
#define TOKENS_MAX  131072u
/* A frame whose streams have grown so large is ended at the next block. */
#define STREAMS_MAX (4u << 20)

static int sink_buf_write(void *arg, const void *data, size_t len)
{
	struct buf *b = arg;

	buf_append(b, data, len);
	return b->failed ? -ENOMEM : 0;
}

struct trace_sink trace_sink_buf(struct buf *b)
{
	return (struct trace_sink){ .write = sink_buf_write, .arg = b };
}

void record_failed(struct recorder *r, int error)
{
	if (!r->error)
		r->error = error;
}

void record_send(struct recorder *r, const void *data, size_t len)
{
	if (r->error)
		return;
	record_failed(r, r->sink.write(r->sink.arg, data, len));
	r->offset += len;
}

void record_pack(struct recorder *r, uint64_t *ret_hash, uint64_t *ret_size)
{
	struct bytes plain = { .data = r->plain.data, .len = r->plain.len };

	r->packed.len = 0;
	if (r->plain.failed || zframe_pack(r->z, plain, &r->packed))
		record_failed(r, -ENOMEM);
	*ret_hash = hash64(r->packed.data, r->packed.len);
	*ret_size = r->packed.len;
	digest_add(r->digest, plain.data, plain.len);
	record_send(r, r->packed.data, r->packed.len);
}

/* --- the frame --- */

static uint64_t blocks_begun(const struct recorder *r)
{
	return r->log.blocks + r->log.run;
}

static void frame_begin(struct machine *m)
{
	struct recorder *r = m->recorder;
	struct record_stream *const streams[] = { &r->cuts, &r->waits, &r->events };

	r->first = engine_retired(m->engine);
	r->last_event = r->first;
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		streams[i]->data.len = 0;
		streams[i]->count = 0;
		streams[i]->ordinal = 0;
	}
	memset(r->log.next, 0, r->next_cap * sizeof(*r->log.next));
	r->log.id = 0;
	r->log.run = 0;
	r->log.blocks = 0;
	r->log.pos = r->tokens;
	r->log.boundary = r->first + TRACE_FRAME_INSNS;
}

static void put_stream(struct recorder *r, const struct record_stream *s)
{
	varint_put(&r->plain, s->count);
	buf_append(&r->plain, s->data.data, s->data.len);
	if (s->data.failed)
		record_failed(r, -ENOMEM);
}

/* Runs and blocks apart from each other: each kind packs better among its like. */
static void put_tokens(struct recorder *r)
{
	size_t n = (size_t)(r->log.pos - r->tokens);
	uint8_t *out = buf_reserve(&r->plain, (2 * n + 3) * VARINT_MAX);
	uint8_t *p = out;

	if (!out)
		return;
	p += varint_write(p, n);
	for (size_t i = 0; i < n; i++)
		p += varint_write(p, r->tokens[i].run);
	p += varint_write(p, r->log.run);
	for (size_t i = 0; i < n; i++)
		p += varint_write(p, r->tokens[i].id);
	r->plain.len += (size_t)(p - out);
}

void record_frame(struct machine *m)
{
	struct recorder *r = m->recorder;
	uint64_t hash, size, blocks = blocks_begun(r), now = engine_retired(m->engine);

	if (!blocks && !r->events.count && !r->waits.count)
		return;
	r->plain.len = 0;
	put_tokens(r);
	put_stream(r, &r->cuts);
	put_stream(r, &r->waits);
	put_stream(r, &r->events);
	record_pack(r, &hash, &size);
	varint_put(&r->index, size);
	varint_put(&r->index, r->plain.len);
	varint_put(&r->index, now - r->first);
	varint_put(&r->index, blocks);
	varint_put(&r->index, r->events.count);
	varint_put(&r->index, hash);
	r->frame_count++;
	r->blocks_run += blocks;
	r->events_all += r->events.count;
	frame_begin(m);
}

/* The next thing comes after as many blocks of the frame as have begun now. */
static void stream_place(struct machine *m, struct record_stream *s)
{
	struct recorder *r = m->recorder;

	varint_put(&s->data, blocks_begun(r) - s->ordinal);
	s->ordinal = blocks_begun(r);
	s->count++;
	if (s->data.len > STREAMS_MAX && r->log.boundary) {
		r->log.boundary = 0;
		engine_log_boundary(m->engine);
	}
}

void record_log_full(void *arg)
{
	record_frame(arg);
}

void record_log_cut(void *arg, unsigned insns)
{
	struct machine *m = arg;

	stream_place(m, &m->recorder->cuts);
	varint_put(&m->recorder->cuts.data, insns);
}

void record_log_wait(void *arg, uint64_t count)
{
	struct machine *m = arg;

	stream_place(m, &m->recorder->waits);
	varint_put(&m->recorder->waits.data, count);
}

void record_event(struct machine *m, const struct event *ev)
{
	struct recorder *r = m->recorder;
	struct record_stream *s = &r->events;

	stream_place(m, s);
	varint_put(&s->data, zigzag(r->last_event, ev->count));
	varint_put(&s->data, ev->kind);
	varint_put(&s->data, ev->status);
	for (unsigned i = 0; i < ARRAY_SIZE(ev->arg); i++)
		varint_put(&s->data, ev->arg[i]);
	r->last_event = ev->count;
}

/* --- the dictionary --- */

static int blocks_grow(struct recorder *r)
{
	struct record_block *blocks;
	uint32_t cap = r->block_cap ? r->block_cap * 2 : 1024, *next;

	if (cap > TRACE_BLOCKS_MAX)
		return -EFBIG;
	blocks = realloc(r->blocks, cap * sizeof(*blocks));
	if (!blocks)
		return -ENOMEM;
	r->blocks = blocks;
	next = realloc(r->log.next, (cap + 1) * sizeof(*next));
	if (!next)
		return -ENOMEM;
	r->log.next = next;
	memset(next + r->next_cap, 0, (cap + 1 - r->next_cap) * sizeof(*next));
	r->next_cap = cap + 1;
	r->block_cap = cap;
	return 0;
}

static uint32_t block_find(const struct recorder *r, const struct record_block *b,
			   const uint8_t *code)
{
	uint32_t id = r->buckets[b->hash % RECORD_BUCKETS];

	for (; id; id = r->blocks[id - 1].chain) {
		const struct record_block *o = &r->blocks[id - 1];

		if (o->hash == b->hash && o->pc == b->pc && o->gpa == b->gpa &&
		    o->size == b->size && o->mode == b->mode && o->bits == b->bits &&
		    !memcmp(r->code.data + o->code, code, b->size))
			return id;
	}
	return 0;
}

static uint32_t block_add(struct recorder *r, struct record_block *b, const uint8_t *code)
{
	uint32_t *bucket = &r->buckets[b->hash % RECORD_BUCKETS];
	int err = r->block_count == r->block_cap ? blocks_grow(r) : 0;

	if (!err && r->code.len + b->size > TRACE_CODE_MAX)
		err = -EFBIG;
	b->code = (uint32_t)r->code.len;
	buf_append(&r->code, code, b->size);
	if (!err && r->code.failed)
		err = -ENOMEM;
	if (err) {
		/* What follows is not kept: any number does. */
		record_failed(r, err);
		return 1;
	}
	b->chain = *bucket;
	r->blocks[r->block_count++] = *b;
	*bucket = r->block_count;
	return r->block_count;
}

uint32_t record_block_id(void *arg, gva_t pc, uint32_t size, unsigned insns)
{
	struct machine *m = arg;
	struct recorder *r = m->recorder;
	uint8_t code[TRACE_BLOCK_SIZE] = { 0 };
	struct record_block b = {
		.pc = pc, .size = size, .insns = (uint16_t)insns, .first = engine_retired(m->engine)
	};
	struct cpu_state cpu;
	struct page_walk w;
	uint32_t id;

	engine_get(m->engine, &cpu);
	b.mode = (uint8_t)cpu_mode(&cpu);
	b.bits = (uint8_t)cpu_code_bits(&cpu);
	if (size > sizeof(code))
		b.size = sizeof(code);
	/* What cannot be read is never run either: the fetch faults. */
	if (machine_walk(m, &cpu, pc, &w))
		b.gpa = w.gpa;
	if (!machine_read_va(m, &cpu, pc, code, b.size))
		memset(code, 0, b.size);
	b.hash = hash64(code, b.size) ^ pc * 0x9e3779b97f4a7c15ull ^ (uint64_t)b.bits << 56;
	id = block_find(r, &b, code);
	return id ? id : block_add(r, &b, code);
}

/* --- begin and end --- */

static struct recorder *recorder_destroy(struct recorder *r)
{
	if (!r)
		return NULL;
	free(r->log.next);
	free(r->tokens);
	buf_free(&r->cuts.data);
	buf_free(&r->waits.data);
	buf_free(&r->events.data);
	free(r->blocks);
	buf_free(&r->code);
	free(r->buckets);
	zframe_destroy(r->z);
	buf_free(&r->plain);
	buf_free(&r->packed);
	buf_free(&r->index);
	digest_destroy(r->digest);
	free(r);
	return NULL;
}

void record_release(struct machine *m)
{
	if (m->recorder)
		engine_log_to(m->engine, NULL);
	m->recorder = recorder_destroy(m->recorder);
}

static unsigned hex_value(char c)
{
	return c >= 'a' ? (unsigned)(c - 'a') + 10 : (unsigned)(c - '0');
}

static void make_header(struct recorder *r, const char *sha256)
{
	put_le32(r->header, TRACE_SKIP_MAGIC);
	put_le32(r->header + 4, TRACE_HEADER_SIZE - 8);
	memcpy(r->header + 8, TRACE_HEADER_MAGIC, 8);
	put_le32(r->header + TRACE_HEADER_VER, TRACE_VERSION);
	for (unsigned i = 0; i < 32 && sha256[2 * i] && sha256[2 * i + 1]; i++)
		r->header[TRACE_HEADER_SHA + i] =
			(uint8_t)(hex_value(sha256[2 * i]) << 4 | hex_value(sha256[2 * i + 1]));
	record_send(r, r->header, sizeof(r->header));
}

int machine_trace_begin(struct machine *m, const struct trace_sink *sink, const char *sha256,
			struct diag *diag)
{
	struct recorder *r;

	if (m->recorder)
		return diag_set(diag, -EBUSY, "the machine is traced already");
	r = calloc(1, sizeof(*r));
	if (!r)
		return diag_set(diag, -ENOMEM, "out of memory");
	m->recorder = r;
	r->sink = *sink;
	r->z = zframe_create();
	r->digest = digest_create();
	r->buckets = calloc(RECORD_BUCKETS, sizeof(*r->buckets));
	r->tokens = malloc(TOKENS_MAX * sizeof(*r->tokens));
	if (!r->z || !r->digest || !r->buckets || !r->tokens || blocks_grow(r)) {
		record_release(m);
		return diag_set(diag, -ENOMEM, "out of memory");
	}
	r->log.end = r->tokens + TOKENS_MAX;
	make_header(r, sha256);
	frame_begin(m);
	if (engine_log_to(m->engine, &r->log)) {
		record_release(m);
		return diag_set(diag, -ENOMEM, "the engine takes no hooks");
	}
	return 0;
}

int machine_trace_end(struct machine *m, const struct trace_fact *facts, size_t fact_count,
		      trace_name_fn name, void *arg, struct diag *diag)
{
	struct recorder *r = m->recorder;
	int err;

	if (!r)
		return diag_set(diag, -EINVAL, "the machine is not traced");
	record_frame(m);
	record_tail(m, facts, fact_count, name, arg);
	err = r->error;
	record_release(m);
	if (err == -EFBIG)
		return diag_set(diag, err, "the guest made more code than a trace can hold");
	return err ? diag_set(diag, err, "writing the trace: %s", strerror(-err)) : 0;
}
