/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LZO payloads: the container that lzop writes, blocks through liblzo2. The layout is
 * that of lzop 1.04's conf.h and lzop.c, numbers big-endian. The only user of <lzo/...>.
 */
#include "loaders/payload.h"

#include <lzo/lzo1x.h>

#include "emu/base/buf.h"

#define LZOP_MAGIC_SIZE 9u
#define LZOP_BLOCK_MAX  MIB(64)
#define LZOP_NEW_HEADER 0x0940u /* from this version on the header has the longer form */
#define LZO_RATIO_MAX   256u

#define F_ADLER32_D     BIT(0)
#define F_ADLER32_C     BIT(1)
#define F_H_EXTRA_FIELD BIT(6)
#define F_CRC32_D       BIT(8)
#define F_CRC32_C       BIT(9)
#define F_H_FILTER      BIT(11)

/* Big-endian numbers one after the other; once past the end everything reads 0 and @failed stays. */
struct lzop_reader {
	struct bytes b;
	size_t at;
	bool failed;
};

static void lzop_skip(struct lzop_reader *r, uint64_t n)
{
	if (n > r->b.len - r->at) {
		r->failed = true;
		n = r->b.len - r->at;
	}
	r->at += (size_t)n;
}

static uint32_t lzop_number(struct lzop_reader *r, unsigned bytes)
{
	size_t at = r->at;
	uint32_t v = 0;

	lzop_skip(r, bytes);
	if (r->failed)
		return 0;
	while (bytes--)
		v = v << 8 | r->b.data[at++];
	return v;
}

/* Returns the flags, which say what checksums each block has. */
static uint32_t lzop_header(struct lzop_reader *r)
{
	uint32_t version, flags;

	lzop_skip(r, LZOP_MAGIC_SIZE);
	version = lzop_number(r, 2);
	lzop_skip(r, version >= LZOP_NEW_HEADER ? 4 : 2); /* library version, version needed */
	lzop_skip(r, version >= LZOP_NEW_HEADER ? 2 : 1); /* method, level */
	flags = lzop_number(r, 4);
	if (flags & F_H_FILTER)
		lzop_skip(r, 4);
	lzop_skip(r, version >= LZOP_NEW_HEADER ? 12 : 8); /* mode, time */
	lzop_skip(r, lzop_number(r, 1));                   /* file name */
	lzop_skip(r, 4);                                   /* checksum of the header */
	if (flags & F_H_EXTRA_FIELD)
		lzop_skip(r, (uint64_t)lzop_number(r, 4) + 4);
	return flags;
}

static int lzop_block(struct payload_stream *s, struct lzop_reader *r, uint32_t out_size,
		      uint32_t size)
{
	const uint8_t *src = r->b.data + r->at;
	uint8_t *dst;
	lzo_uint n;
	int err;

	if (size > r->b.len - r->at)
		return payload_damaged(s, r->at, "a block reaches past its end");
	if (out_size > LZOP_BLOCK_MAX || size > out_size ||
	    out_size > (uint64_t)size * LZO_RATIO_MAX + 64)
		return payload_damaged(s, r->at, "impossible block size");
	err = payload_room(s, out_size);
	if (err < 0)
		return err;
	n = s->out_cap - s->out_len;
	if (n < out_size)
		return payload_damaged(s, r->at, "a block is larger than any kernel");
	dst = s->out + s->out_len;
	n = out_size;
	if (size == out_size)
		memcpy(dst, src, size);
	else if (lzo1x_decompress_safe(src, size, dst, &n, NULL) != LZO_E_OK || n != out_size)
		return payload_damaged(s, r->at, "invalid block");
	s->out_len += out_size;
	lzop_skip(r, size);
	return 0;
}

int payload_lzo(struct payload_stream *s)
{
	struct lzop_reader r = { .b = s->packed };
	uint32_t flags = lzop_header(&r);
	int err;

	if (r.failed)
		return payload_damaged(s, s->packed.len, "its header ends in the middle");
	for (;;) {
		uint32_t out_size = lzop_number(&r, 4);
		uint32_t size, adler = 0;

		if (!r.failed && out_size == 0)
			return 0;
		size = lzop_number(&r, 4);
		if (flags & F_ADLER32_D)
			adler = lzop_number(&r, 4);
		if (flags & F_CRC32_D)
			lzop_skip(&r, 4);
		if (size < out_size && flags & F_ADLER32_C)
			lzop_skip(&r, 4);
		if (size < out_size && flags & F_CRC32_C)
			lzop_skip(&r, 4);
		if (r.failed)
			return payload_damaged(s, s->packed.len, "it ends in the middle");
		err = lzop_block(s, &r, out_size, size);
		if (err < 0)
			return err;
		if (flags & F_ADLER32_D &&
		    lzo_adler32(1, s->out + s->out_len - out_size, out_size) != adler)
			return payload_damaged(s, r.at, "wrong checksum of a block");
	}
}
