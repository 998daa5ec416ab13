/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a trace's frames: the blocks foretold as the recorder foretold them, with what came between them. */
#include "emu/trace_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "emu/zframe.h"

/* Cuts, waits or events of a frame: the next one is read ahead. */
struct stream {
	struct varint_reader in;
	uint64_t left;    /* not read yet */
	uint64_t ordinal; /* of the one read ahead */
	bool has;
	uint64_t value; /* of a cut or wait */
	struct event event;
};

struct trace_cursor {
	const struct trace *t;
	struct zframe *z;
	uint8_t *plain;
	uint32_t *next; /* by number: the block that is foretold */
	size_t frame;   /* the one that is open; frame_count: none is left */
	bool open;
	uint64_t count;   /* instructions before the next block */
	uint64_t ordinal; /* blocks begun in this frame */
	/* tokens */
	struct varint_reader runs, ids;
	uint64_t tokens; /* not read yet */
	uint64_t run;    /* blocks still foretold */
	uint32_t id;
	struct stream cuts, waits, events;
	/* an item found by a seek */
	bool held;
	struct trace_item item;
};

int trace_cursor_create(struct trace_cursor **ret_c, const struct trace *t)
{
	struct trace_cursor *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->t = t;
	c->z = zframe_create();
	c->next = calloc(t->block_count + 1, sizeof(*c->next));
	if (!c->z || !c->next) {
		trace_cursor_destroy(c);
		return -ENOMEM;
	}
	*ret_c = c;
	return 0;
}

struct trace_cursor *trace_cursor_destroy(struct trace_cursor *c)
{
	if (!c)
		return NULL;
	zframe_destroy(c->z);
	free(c->plain);
	free(c->next);
	free(c);
	return NULL;
}

static int damaged(const struct trace_cursor *c, struct diag *diag, const char *what)
{
	const struct trace_frame *f = &c->t->frames[c->frame];

	return diag_at(diag, -EINVAL, f->offset,
		       "frame %zu, from instruction %" PRIu64 " on, %s: the trace is damaged",
		       c->frame, f->first, what);
}

static void event_read(struct trace_cursor *c, struct stream *s)
{
	uint64_t kind, status;

	s->event.count = unzigzag(s->event.count, varint_get(&s->in));
	kind = varint_get(&s->in);
	status = varint_get(&s->in);
	if (kind >= c->t->kind_count || c->t->kinds[kind] == EVENT_KIND_COUNT ||
	    status >= ARRAY_SIZE(event_status_names)) {
		s->in.bad = true;
		return;
	}
	s->event.kind = c->t->kinds[kind];
	s->event.status = (uint16_t)status;
	for (unsigned i = 0; i < ARRAY_SIZE(s->event.arg); i++)
		s->event.arg[i] = varint_get(&s->in);
}

static void stream_advance(struct trace_cursor *c, struct stream *s)
{
	s->has = s->left > 0;
	if (!s->has)
		return;
	s->left--;
	s->ordinal += varint_get(&s->in);
	if (s == &c->events)
		event_read(c, s);
	else
		s->value = varint_get(&s->in);
}

/* Where the next section of the frame begins is known when this one was read through once. */
static void stream_open(struct trace_cursor *c, struct stream *s, struct varint_reader *in,
			unsigned numbers)
{
	*s = (struct stream){ .left = varint_get(in) };
	s->in = *in;
	for (uint64_t i = 0; i < s->left && !in->bad; i++) {
		for (unsigned k = 0; k < numbers; k++)
			varint_get(in);
	}
	s->in.end = in->pos;
	s->event.count = c->count;
	stream_advance(c, s);
}

static void tokens_open(struct trace_cursor *c, struct varint_reader *in)
{
	c->tokens = varint_get(in);
	c->runs = *in;
	for (uint64_t i = 0; i <= c->tokens && !in->bad; i++)
		varint_get(in);
	c->runs.end = in->pos;
	c->ids = *in;
	for (uint64_t i = 0; i < c->tokens && !in->bad; i++)
		varint_get(in);
	c->ids.end = in->pos;
	c->run = varint_get(&c->runs);
	c->id = 0;
}

static int frame_open(struct trace_cursor *c, size_t frame, struct diag *diag)
{
	const struct trace_frame *f = &c->t->frames[frame];
	struct bytes packed = { .data = c->t->file.data + f->offset, .len = f->size };
	struct varint_reader in;

	c->frame = frame;
	if (hash64(packed.data, packed.len) != f->hash)
		return damaged(c, diag, "does not have the hash that the index says");
	free(c->plain);
	c->plain = malloc(f->plain + 1);
	if (!c->plain)
		return diag_set(diag, -ENOMEM, "out of memory");
	if (zframe_unpack(c->z, packed, c->plain, f->plain))
		return damaged(c, diag, "does not unpack to the size that the index says");
	memset(c->next, 0, (c->t->block_count + 1) * sizeof(*c->next));
	c->count = f->first;
	c->ordinal = 0;
	in = (struct varint_reader){ .pos = c->plain, .end = c->plain + f->plain };
	tokens_open(c, &in);
	stream_open(c, &c->cuts, &in, 2);
	stream_open(c, &c->waits, &in, 2);
	stream_open(c, &c->events, &in, 7);
	if (in.bad || in.pos != in.end || c->events.in.bad)
		return damaged(c, diag, "does not hold what it should");
	c->open = true;
	return 0;
}

/* The number of the next block, 0 at the frame's end. */
static uint32_t block_next(struct trace_cursor *c)
{
	uint32_t last = c->id;

	if (c->run) {
		c->run--;
		c->id = c->next[last];
	} else if (c->tokens) {
		uint64_t id = varint_get(&c->ids);

		c->tokens--;
		c->run = varint_get(&c->runs);
		c->id = id <= c->t->block_count ? (uint32_t)id : 0;
		c->next[last] = c->id;
		if (!c->id)
			c->ids.bad = true;
	} else {
		return 0;
	}
	if (!c->id)
		c->ids.bad = true;
	return c->id;
}

static void take_event(struct trace_cursor *c, struct trace_item *ret)
{
	ret->kind = TRACE_EVENT;
	ret->event = c->events.event;
	ret->count = ret->event.count;
	stream_advance(c, &c->events);
}

static void take_wait(struct trace_cursor *c, struct trace_item *ret)
{
	ret->kind = TRACE_WAIT;
	ret->count = c->count;
	ret->wait = c->waits.value;
	c->count += ret->wait;
	stream_advance(c, &c->waits);
}

static bool take_block(struct trace_cursor *c, struct trace_item *ret)
{
	uint32_t id = block_next(c);

	if (!id)
		return false;
	c->ordinal++;
	ret->kind = TRACE_BLOCK;
	ret->count = c->count;
	ret->block = id - 1;
	ret->insns = c->t->blocks[id - 1].insns;
	/* Of several cuts of one block the last one counts. */
	while (c->cuts.has && c->cuts.ordinal == c->ordinal) {
		if (c->cuts.value > ret->insns)
			c->ids.bad = true;
		ret->insns = (uint32_t)c->cuts.value;
		stream_advance(c, &c->cuts);
	}
	c->count += ret->insns;
	return true;
}

/* All of the frame was read: does it lead to where the next one begins? */
static int frame_close(struct trace_cursor *c, struct diag *diag)
{
	const struct trace_frame *f = &c->t->frames[c->frame];

	if (c->ids.bad || c->cuts.in.bad || c->waits.in.bad || c->events.in.bad ||
	    c->ordinal != f->blocks || c->count != f->first + f->insns || c->cuts.has ||
	    c->waits.has || c->events.has)
		return damaged(c, diag, "does not lead to where the next one begins");
	c->open = false;
	c->frame++;
	return 0;
}

int trace_cursor_next(struct trace_cursor *c, struct trace_item *ret, struct diag *diag)
{
	if (c->held) {
		*ret = c->item;
		c->held = false;
		return 1;
	}
	for (;;) {
		bool wait, event;
		int err;

		if (!c->open && c->frame >= c->t->frame_count)
			return 0;
		if (!c->open && (err = frame_open(c, c->frame, diag)))
			return err;
		wait = c->waits.has && c->waits.ordinal <= c->ordinal;
		event = c->events.has && c->events.ordinal <= c->ordinal;
		if (event && !(wait && c->events.event.count >= c->count + c->waits.value))
			take_event(c, ret);
		else if (wait)
			take_wait(c, ret);
		else if (!take_block(c, ret)) {
			err = frame_close(c, diag);
			if (err)
				return err;
			continue;
		}
		if (c->ids.bad || c->events.in.bad)
			return damaged(c, diag, "names what does not exist");
		return 1;
	}
}

/* The frame that holds instruction @count, or the number of frames. */
static size_t frame_find(const struct trace *t, uint64_t count)
{
	size_t lo = 0, hi = t->frame_count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (t->frames[mid].first + t->frames[mid].insns <= count)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int trace_cursor_seek(struct trace_cursor *c, uint64_t count, struct diag *diag)
{
	int r;

	c->held = false;
	c->open = false;
	c->frame = frame_find(c->t, count);
	if (c->frame == c->t->frame_count)
		return 0;
	while ((r = trace_cursor_next(c, &c->item, diag)) > 0) {
		uint64_t length = c->item.kind == TRACE_BLOCK ? c->item.insns :
				  c->item.kind == TRACE_WAIT  ? c->item.wait :
								0;

		c->held = c->item.count + length > count;
		if (c->held)
			return 0;
	}
	return r;
}
