/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zstandard payloads through libzstd (RFC 8878). The only user of <zstd.h>. */
#include "loaders/payload.h"

#include <errno.h>
#include <zstd.h>

/* Linux packs with `zstd -22 --ultra`, whose window is 128 MiB. */
#define ZSTD_WINDOW_LOG_MAX_KERNEL 27

static int zstd_run(struct payload_stream *s, ZSTD_DStream *z)
{
	ZSTD_inBuffer in = { .src = s->packed.data, .size = s->packed.len };
	size_t left;
	int r;

	for (;;) {
		ZSTD_outBuffer out;

		r = payload_room(s, 1);
		if (r < 0)
			return r;
		out = (ZSTD_outBuffer){ .dst = s->out, .size = s->out_cap, .pos = s->out_len };
		left = ZSTD_decompressStream(z, &out, &in);
		s->out_len = out.pos;
		if (ZSTD_isError(left))
			return payload_damaged(s, in.pos, ZSTD_getErrorName(left));
		if (left == 0)
			return 0;
		if (out.pos < out.size && in.pos == in.size)
			return payload_damaged(s, in.pos, "it ends in the middle");
	}
}

int payload_zstd(struct payload_stream *s)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	int r;

	if (!z)
		return diag_set(s->diag, -ENOMEM, "out of memory in libzstd");
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX_KERNEL);
	r = zstd_run(s, z);
	ZSTD_freeDStream(z);
	return r;
}
