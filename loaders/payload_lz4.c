/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LZ4 payloads: the legacy frame that `lz4 -l` writes, blocks through liblz4.
 * lz4_Frame_format.md "Legacy frame". The only user of <lz4.h>.
 */
#include "loaders/payload.h"

#include <lz4.h>

#include "emu/base/buf.h"

#define LZ4_LEGACY_MAGIC 0x184c2102u
#define LZ4_LEGACY_BLOCK MIB(8) /* unpacked size of every block but the last */
#define LZ4_RATIO_MAX    255u   /* a length byte stands for at most 255 bytes */

static int lz4_block(struct payload_stream *s, size_t at, uint32_t size)
{
	size_t want = (size_t)size * LZ4_RATIO_MAX;
	size_t room;
	int n, r;

	if (want > LZ4_LEGACY_BLOCK)
		want = LZ4_LEGACY_BLOCK;
	r = payload_room(s, want);
	if (r < 0)
		return r;
	room = s->out_cap - s->out_len;
	if (room > LZ4_LEGACY_BLOCK)
		room = LZ4_LEGACY_BLOCK;
	n = LZ4_decompress_safe((const char *)s->packed.data + at, (char *)s->out + s->out_len,
				(int)size, (int)room);
	if (n < 0)
		return payload_damaged(s, at, "invalid block");
	s->out_len += (size_t)n;
	return 0;
}

/*
 * The frame has no end mark: it ends with the data, or with the four bytes of the
 * unpacked size that the kernel's build appends.
 */
int payload_lz4(struct payload_stream *s)
{
	size_t at = 4;
	uint32_t size;
	int r;

	if (!bytes_le32(s->packed, 0, &size) || size != LZ4_LEGACY_MAGIC)
		return payload_damaged(s, 0, "not the legacy frame 0x184c2102");
	while (s->packed.len - at > 4) {
		bytes_le32(s->packed, at, &size);
		at += 4;
		if (size == LZ4_LEGACY_MAGIC)
			continue;
		if (size == 0 || size > (uint32_t)LZ4_COMPRESSBOUND(LZ4_LEGACY_BLOCK))
			return payload_damaged(s, at - 4, "impossible block size");
		if (size > s->packed.len - at)
			return payload_damaged(s, at - 4, "a block reaches past its end");
		r = lz4_block(s, at, size);
		if (r < 0)
			return r;
		at += size;
	}
	return 0;
}
