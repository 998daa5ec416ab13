/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace file's layout, for its writer and its reader: bootpath-trace(5). */
#ifndef EMU_TRACE_FORMAT_H
#define EMU_TRACE_FORMAT_H

#include "emu/base/buf.h"

/*
 * header      skippable frame: magic, version, the image's SHA-256
 * frame 0..n  zstd frames, each of about TRACE_FRAME_INSNS instructions
 * tail        zstd frame: event names, facts, names, blocks, code, index
 * end         skippable frame: where the tail is, totals, hashes
 *
 * All numbers are little-endian. RFC 8878 3.1.2 has skippable frames, so that the whole is a zstd file.
 */
#define TRACE_VERSION 1u

#define TRACE_SKIP_MAGIC   0x184d2a5eu
#define TRACE_HEADER_MAGIC "BPTRACE\n"
#define TRACE_HEADER_SIZE  56u
#define TRACE_HEADER_VER   16u
#define TRACE_HEADER_SHA   24u

#define TRACE_END_MAGIC        "BPTREND\n"
#define TRACE_END_SIZE         96u
#define TRACE_END_TAIL         16u /* offset, packed size, unpacked size, XXH3-64 of the packed bytes */
#define TRACE_END_INSNS        48u
#define TRACE_END_BLOCKS       56u
#define TRACE_END_EVENTS       64u
#define TRACE_END_DIGEST       72u /* XXH3-128 of all unpacked bytes */
#define TRACE_END_HASH         88u /* XXH3-64 of the header and of this up to here */
#define TRACE_FRAME_INSNS      (1u << 20)
/* Each block retires an instruction, or has a row among the cuts; the last one may pass the end. */
#define TRACE_FRAME_BLOCKS_MAX (TRACE_FRAME_INSNS + TRACE_BLOCK_SIZE)
#define TRACE_FRAME_MAX        (16u << 20) /* unpacked bytes of a frame */
#define TRACE_TAIL_MAX         (512u << 20)
#define TRACE_CODE_MAX         (256u << 20) /* bytes of code */
#define TRACE_BLOCKS_MAX       (1u << 22)
#define TRACE_BLOCK_SIZE       8191u /* bytes of one block */

/* LEB128: seven bits a byte, the lowest first. */
static inline size_t varint_write(uint8_t *out, uint64_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		out[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	out[n++] = (uint8_t)v;
	return n;
}

#define VARINT_MAX 10u

static inline void varint_put(struct buf *b, uint64_t v)
{
	uint8_t *out = buf_reserve(b, VARINT_MAX);

	if (out)
		b->len += varint_write(out, v);
}

/* Small for small differences of either sign. */
static inline uint64_t zigzag(uint64_t from, uint64_t to)
{
	int64_t d = (int64_t)(to - from);

	return (uint64_t)d << 1 ^ (uint64_t)(d >> 63);
}

static inline uint64_t unzigzag(uint64_t from, uint64_t v)
{
	return from + (v >> 1 ^ -(v & 1));
}

/* Bytes being read; what goes past the end, or is no number, sets @bad and reads 0. */
struct varint_reader {
	const uint8_t *pos, *end;
	bool bad;
};

static inline uint64_t varint_get(struct varint_reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && r->pos < r->end; shift += 7) {
		uint8_t b = *r->pos++;

		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	r->bad = true;
	return 0;
}

#endif
