/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gzip payloads through zlib (RFC 1952). The only user of <zlib.h>. */
#include "loaders/payload.h"

#include <errno.h>
#include <zlib.h>

#define WINDOW_BITS_GZIP (16 + MAX_WBITS) /* zlib.h inflateInit2: decode the gzip format only */

static int gzip_run(struct payload_stream *s, z_stream *z)
{
	int r, zr;

	for (;;) {
		r = payload_room(s, 1);
		if (r < 0)
			return r;
		z->next_out = s->out + s->out_len;
		z->avail_out = (uInt)(s->out_cap - s->out_len);
		zr = inflate(z, Z_NO_FLUSH);
		s->out_len = s->out_cap - z->avail_out;
		if (zr == Z_STREAM_END)
			return 0;
		if (zr == Z_MEM_ERROR)
			return diag_set(s->diag, -ENOMEM, "out of memory in zlib");
		if (zr != Z_OK && zr != Z_BUF_ERROR)
			return payload_damaged(s, s->packed.len - z->avail_in,
					       z->msg ? z->msg : "invalid data");
		if (z->avail_out && !z->avail_in)
			return payload_damaged(s, s->packed.len, "it ends in the middle");
	}
}

int payload_gzip(struct payload_stream *s)
{
	z_stream z = {
		.next_in = (Bytef *)(uintptr_t)s->packed.data,
		.avail_in = (uInt)s->packed.len,
	};
	int r;

	if (inflateInit2(&z, WINDOW_BITS_GZIP) != Z_OK)
		return diag_set(s->diag, -ENOMEM, "out of memory in zlib");
	r = gzip_run(s, &z);
	inflateEnd(&z);
	return r;
}

uint32_t payload_crc32(uint32_t crc, const void *data, size_t len)
{
	return (uint32_t)crc32_z(crc, data, len);
}
