/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: any bytes as a trace file, and, as its hashes keep most of those out, any bytes as what lies packed in
 * one: the dictionary and a frame. It is read to its end and its calls are followed, or it is refused with one line.
 */
#include <stdlib.h>

#include "emu/base/digest.h"
#include "emu/trace.h"
#include "emu/trace_format.h"
#include "emu/zframe.h"
#include "tools/trace_calls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_enter(void *arg, uint32_t function, uint64_t offset, gva_t pc, int vector,
		     uint64_t count)
{
	(void)function, (void)offset, (void)pc, (void)vector, (void)count;
	if (++*(unsigned *)arg > CALL_DEPTH_MAX)
		abort();
}

static void on_leave(void *arg, uint64_t count)
{
	(void)count;
	if (!(*(unsigned *)arg)--)
		abort();
}

static void on_run(void *arg, uint64_t count, uint64_t insns, enum cpu_mode mode)
{
	(void)arg, (void)count, (void)insns;
	if (mode >= CPU_MODE_COUNT)
		abort();
}

static void refused(int err, const struct diag *diag)
{
	/* Refused exactly when there is something to say, in one line. */
	if ((err < 0) != (diag->text[0] != '\0') || strchr(diag->text, '\n'))
		abort();
}

static void read_all(struct trace *t)
{
	static const struct call_ops ops = { .enter = on_enter, .leave = on_leave, .run = on_run };
	struct trace_functions f;
	struct trace_cursor *c;
	struct trace_item item;
	struct trace_totals totals;
	struct diag diag = { 0 };
	unsigned depth = 0;
	int r;

	trace_totals(t, &totals);
	if (!trace_cursor_create(&c, t)) {
		r = trace_cursor_seek(c, totals.instructions / 2, &diag);
		while (!r && (r = trace_cursor_next(c, &item, &diag)) > 0)
			r = 0;
		refused(r, &diag);
		trace_cursor_destroy(c);
	}
	diag = (struct diag){ 0 };
	if (!trace_functions_create(&f, t)) {
		refused(trace_calls_walk(t, &f, 0, UINT64_MAX, &ops, &depth, &diag), &diag);
		trace_functions_release(&f);
	}
}

static void try_file(struct bytes file)
{
	struct diag diag = { 0 };
	struct trace *t;
	int err = trace_open(&t, file, &diag);

	refused(err, &diag);
	if (err)
		return;
	read_all(t);
	trace_close(t);
}

/* A file with the right hashes around @tail and one frame @plain, whose row of the index is made of @numbers. */
static void wrap(struct bytes tail, struct bytes plain, const uint8_t numbers[3], struct buf *out)
{
	struct zframe *z = zframe_create();
	uint8_t header[TRACE_HEADER_SIZE] = { 0 }, end[TRACE_HEADER_SIZE + TRACE_END_SIZE] = { 0 };
	uint8_t *e = end + TRACE_HEADER_SIZE;
	struct buf inner = { 0 };
	uint64_t at;

	put_le32(header, TRACE_SKIP_MAGIC);
	put_le32(header + 4, TRACE_HEADER_SIZE - 8);
	memcpy(header + 8, TRACE_HEADER_MAGIC, 8);
	put_le32(header + TRACE_HEADER_VER, TRACE_VERSION);
	buf_append(out, header, sizeof(header));
	zframe_pack(z, plain, out);
	at = out->len;
	buf_append(&inner, tail.data, tail.len);
	varint_put(&inner, 1);
	varint_put(&inner, at - TRACE_HEADER_SIZE);
	varint_put(&inner, plain.len);
	for (unsigned i = 0; i < 3; i++) {
		varint_put(&inner, numbers[i]);
		put_le64(e + TRACE_END_INSNS + 8 * i, numbers[i]);
	}
	varint_put(&inner, hash64(out->data + TRACE_HEADER_SIZE, at - TRACE_HEADER_SIZE));
	zframe_pack(z, (struct bytes){ .data = inner.data, .len = inner.len }, out);
	put_le32(e, TRACE_SKIP_MAGIC);
	put_le32(e + 4, TRACE_END_SIZE - 8);
	memcpy(e + 8, TRACE_END_MAGIC, 8);
	put_le64(e + TRACE_END_TAIL, at);
	put_le64(e + TRACE_END_TAIL + 8, out->len - at);
	put_le64(e + TRACE_END_TAIL + 16, inner.len);
	put_le64(e + TRACE_END_TAIL + 24, hash64(out->data + at, out->len - at));
	memcpy(end, header, sizeof(header));
	put_le64(e + TRACE_END_HASH, hash64(end, TRACE_HEADER_SIZE + TRACE_END_HASH));
	buf_append(out, e, TRACE_END_SIZE);
	buf_free(&inner);
	zframe_destroy(z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = { 0 };
	size_t split;

	try_file((struct bytes){ .data = data, .len = size });
	if (size < 5)
		return 0;
	split = get_le16(data + 3) % (size - 4);
	wrap((struct bytes){ .data = data + 5, .len = split },
	     (struct bytes){ .data = data + 5 + split, .len = size - 5 - split }, data, &file);
	try_file((struct bytes){ .data = file.data, .len = file.len });
	buf_free(&file);
	return 0;
}
