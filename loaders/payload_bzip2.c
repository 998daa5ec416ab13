/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bzip2 payloads through libbz2. The only user of <bzlib.h>. */
#include "loaders/payload.h"

#include <bzlib.h>
#include <errno.h>

static int bzip2_run(struct payload_stream *s, bz_stream *z)
{
	int r, zr;

	for (;;) {
		r = payload_room(s, 1);
		if (r < 0)
			return r;
		z->next_out = (char *)s->out + s->out_len;
		z->avail_out = (unsigned)(s->out_cap - s->out_len);
		zr = BZ2_bzDecompress(z);
		s->out_len = s->out_cap - z->avail_out;
		if (zr == BZ_STREAM_END)
			return 0;
		if (zr == BZ_MEM_ERROR)
			return diag_set(s->diag, -ENOMEM, "out of memory in libbz2");
		if (zr != BZ_OK)
			return payload_damaged(s, s->packed.len - z->avail_in,
					       zr == BZ_DATA_ERROR_MAGIC ? "no bzip2 header" :
									   "invalid data");
		if (z->avail_out && !z->avail_in)
			return payload_damaged(s, s->packed.len, "it ends in the middle");
	}
}

int payload_bzip2(struct payload_stream *s)
{
	bz_stream z = {
		.next_in = (char *)(uintptr_t)s->packed.data,
		.avail_in = (unsigned)s->packed.len,
	};
	int r;

	if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK)
		return diag_set(s->diag, -ENOMEM, "out of memory in libbz2");
	r = bzip2_run(s, &z);
	BZ2_bzDecompressEnd(&z);
	return r;
}
