/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tail of a trace file read: names of events, facts, the dictionary of blocks, the index of frames. */
#include "emu/trace_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "emu/zframe.h"

/* The tail while it is read. */
struct tail {
	struct trace *t;
	struct varint_reader in;
	char *text; /* where the next text is copied to */
};

/* A count of things that take at least @least bytes each, or bad: nothing is allocated for what cannot be there. */
static size_t tail_count(struct tail *a, size_t least)
{
	uint64_t n = varint_get(&a->in);

	if (n > (size_t)(a->in.end - a->in.pos) / least) {
		a->in.bad = true;
		return 0;
	}
	return (size_t)n;
}

/* Room for all texts is the tail's size: each takes a byte for its length there and one for its NUL here. */
static const char *tail_text(struct tail *a)
{
	uint64_t len = varint_get(&a->in);
	char *s = a->text;

	/* Past the end not even an empty one takes a byte there. */
	if (a->in.bad || len > (uint64_t)(a->in.end - a->in.pos)) {
		a->in.bad = true;
		return "";
	}
	memcpy(s, a->in.pos, len);
	s[len] = '\0';
	a->in.pos += len;
	a->text += len + 1;
	return s;
}

static uint16_t event_kind_find(const char *name)
{
	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
		if (!strcmp(event_infos[i].name, name))
			return (uint16_t)i;
	}
	return EVENT_KIND_COUNT;
}

/* calloc() that gives something for nothing. */
static void *array(size_t n, size_t size)
{
	return calloc(n + 1, size);
}

static int read_texts(struct tail *a)
{
	struct trace *t = a->t;

	t->kind_count = tail_count(a, 1);
	t->kinds = array(t->kind_count, sizeof(*t->kinds));
	if (!t->kinds)
		return -ENOMEM;
	for (size_t i = 0; i < t->kind_count; i++)
		t->kinds[i] = event_kind_find(tail_text(a));
	t->fact_count = tail_count(a, 2);
	t->facts = array(t->fact_count, sizeof(*t->facts));
	if (!t->facts)
		return -ENOMEM;
	for (size_t i = 0; i < t->fact_count; i++) {
		t->facts[i].name = tail_text(a);
		t->facts[i].value = tail_text(a);
	}
	t->text_count = tail_count(a, 1);
	t->texts = array(t->text_count, sizeof(*t->texts));
	if (!t->texts)
		return -ENOMEM;
	for (size_t i = 0; i < t->text_count; i++)
		t->texts[i] = tail_text(a);
	return 0;
}

static const char *tail_text_at(struct tail *a)
{
	uint64_t i = varint_get(&a->in);

	if (i < a->t->text_count)
		return a->t->texts[i];
	a->in.bad = true;
	return "";
}

static void read_block_names(struct tail *a, struct trace_block *b, size_t *used)
{
	struct trace_block_name *names = a->t->names + *used;
	size_t n = tail_count(a, 4);

	for (size_t i = 0; i < n && !a->in.bad; i++) {
		names[i].at = (uint32_t)varint_get(&a->in);
		names[i].name.stage = tail_text_at(a);
		names[i].name.symbol = tail_text_at(a);
		names[i].name.offset = varint_get(&a->in);
		if (names[i].at >= b->size || (i && names[i].at <= names[i - 1].at) ||
		    (!i && names[i].at))
			a->in.bad = true;
	}
	b->names = names;
	b->name_count = (uint32_t)n;
	*used += n;
}

static void read_block(struct tail *a, struct trace_block *b, const struct trace_block *prev,
		       size_t *used)
{
	uint64_t size, insns, mode, bits;

	b->pc = unzigzag(prev ? prev->pc + prev->size : 0, varint_get(&a->in));
	b->gpa = unzigzag(prev ? prev->gpa + prev->size : 0, varint_get(&a->in));
	size = varint_get(&a->in);
	insns = varint_get(&a->in);
	mode = varint_get(&a->in);
	bits = varint_get(&a->in);
	b->first = (prev ? prev->first : 0) + varint_get(&a->in);
	if (!size || size > TRACE_BLOCK_SIZE || !insns || insns > size || mode >= CPU_MODE_COUNT ||
	    (bits != 16 && bits != 32 && bits != 64)) {
		a->in.bad = true;
		return;
	}
	b->size = (uint32_t)size;
	b->insns = (uint32_t)insns;
	b->mode = (enum cpu_mode)mode;
	b->bits = (uint8_t)bits;
	read_block_names(a, b, used);
}

static int read_blocks(struct tail *a)
{
	struct trace *t = a->t;
	size_t used = 0;

	t->block_count = tail_count(a, 8);
	t->blocks = array(t->block_count, sizeof(*t->blocks));
	/* No more names than bytes that are left for them. */
	t->names = array((size_t)(a->in.end - a->in.pos) / 4, sizeof(*t->names));
	if (!t->blocks || !t->names)
		return -ENOMEM;
	for (size_t i = 0; i < t->block_count && !a->in.bad; i++)
		read_block(a, &t->blocks[i], i ? &t->blocks[i - 1] : NULL, &used);
	for (size_t i = 0; i < t->block_count && !a->in.bad; i++) {
		t->blocks[i].code = a->in.pos;
		if (t->blocks[i].size > (size_t)(a->in.end - a->in.pos))
			a->in.bad = true;
		else
			a->in.pos += t->blocks[i].size;
	}
	return 0;
}

static int read_index(struct tail *a)
{
	struct trace *t = a->t;
	uint64_t offset = TRACE_HEADER_SIZE, first = 0, blocks = 0, events = 0;

	t->frame_count = tail_count(a, 6);
	t->frames = array(t->frame_count, sizeof(*t->frames));
	if (!t->frames)
		return -ENOMEM;
	for (size_t i = 0; i < t->frame_count && !a->in.bad; i++) {
		struct trace_frame *f = &t->frames[i];

		f->offset = offset;
		f->first = first;
		f->size = varint_get(&a->in);
		f->plain = varint_get(&a->in);
		f->insns = varint_get(&a->in);
		f->blocks = varint_get(&a->in);
		f->events = varint_get(&a->in);
		f->hash = varint_get(&a->in);
		if (f->size > t->tail_offset - offset || f->plain > TRACE_FRAME_MAX ||
		    f->blocks > TRACE_FRAME_BLOCKS_MAX + f->plain ||
		    __builtin_add_overflow(first, f->insns, &first) ||
		    __builtin_add_overflow(blocks, f->blocks, &blocks) ||
		    __builtin_add_overflow(events, f->events, &events))
			a->in.bad = true;
		else
			offset += f->size;
	}
	if (offset != t->tail_offset || first != t->totals.instructions ||
	    blocks != t->totals.blocks || events != t->totals.events || a->in.pos != a->in.end)
		a->in.bad = true;
	t->totals.frames = t->frame_count;
	return 0;
}

static int unpack_tail(struct trace *t, struct diag *diag)
{
	struct bytes packed = { .data = t->file.data + t->tail_offset, .len = t->tail_size };
	struct zframe *z;
	int err;

	if (hash64(packed.data, packed.len) != t->tail_hash)
		return diag_at(diag, -EINVAL, t->tail_offset,
			       "the dictionary does not have the hash 0x%" PRIx64
			       " that the end record says: the trace is damaged",
			       t->tail_hash);
	z = zframe_create();
	t->tail = malloc(t->tail_plain + 1);
	t->strings = malloc(t->tail_plain + 1);
	if (!z || !t->tail || !t->strings) {
		zframe_destroy(z);
		return diag_set(diag, -ENOMEM, "out of memory");
	}
	err = zframe_unpack(z, packed, t->tail, t->tail_plain);
	zframe_destroy(z);
	return err ? diag_at(diag, err, t->tail_offset,
			     "the dictionary is no zstd frame of %" PRIu64 " bytes",
			     t->tail_plain) :
		     0;
}

int trace_read_tail(struct trace *t, struct diag *diag)
{
	struct tail a = { .t = t };
	int err = unpack_tail(t, diag);

	if (err)
		return err;
	a.in = (struct varint_reader){ .pos = t->tail, .end = t->tail + t->tail_plain };
	a.text = t->strings;
	err = read_texts(&a);
	if (!err)
		err = read_blocks(&a);
	if (!err)
		err = read_index(&a);
	if (err)
		return diag_set(diag, err, "out of memory");
	if (a.in.bad)
		return diag_at(
			diag, -EINVAL, t->tail_offset,
			"the dictionary and index that begin here do not hold together (at byte %zu of them)",
			(size_t)(a.in.pos - t->tail));
	return 0;
}
