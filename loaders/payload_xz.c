/* SPDX-License-Identifier: GPL-2.0-or-later */
/* .lzma ("alone") and .xz payloads, the x86 BCJ filter included, through liblzma. The only user of <lzma.h>. */
#include "loaders/payload.h"

#include <errno.h>
#include <lzma.h>

/*
 * Linux packs with a dictionary of up to 128 MiB (scripts/xz_wrap.sh). It is address
 * space only: liblzma touches no more of it than there is output.
 */
#define LZMA_MEMORY_MAX MIB(192)

static const char *lzma_what(lzma_ret zr)
{
	switch (zr) {
	case LZMA_MEMLIMIT_ERROR: return "its dictionary is larger than any kernel's";
	case LZMA_FORMAT_ERROR: return "no header of that format";
	case LZMA_OPTIONS_ERROR: return "it uses options that are not supported";
	default: return "invalid data";
	}
}

static int lzma_run(struct payload_stream *s, lzma_stream *z)
{
	lzma_ret zr;
	int r;

	z->next_in = s->packed.data;
	z->avail_in = s->packed.len;
	for (;;) {
		r = payload_room(s, 1);
		if (r < 0)
			return r;
		z->next_out = s->out + s->out_len;
		z->avail_out = s->out_cap - s->out_len;
		zr = lzma_code(z, LZMA_RUN);
		s->out_len = s->out_cap - z->avail_out;
		if (zr == LZMA_STREAM_END)
			return 0;
		if (zr == LZMA_MEM_ERROR)
			return diag_set(s->diag, -ENOMEM, "out of memory in liblzma");
		if (zr != LZMA_OK && zr != LZMA_BUF_ERROR)
			return payload_damaged(s, s->packed.len - z->avail_in, lzma_what(zr));
		if (z->avail_out && !z->avail_in)
			return payload_damaged(s, s->packed.len, "it ends in the middle");
	}
}

int payload_lzma(struct payload_stream *s)
{
	lzma_stream z = LZMA_STREAM_INIT;
	int r;

	if (lzma_alone_decoder(&z, LZMA_MEMORY_MAX) != LZMA_OK)
		return diag_set(s->diag, -ENOMEM, "out of memory in liblzma");
	r = lzma_run(s, &z);
	lzma_end(&z);
	return r;
}

int payload_xz(struct payload_stream *s)
{
	lzma_stream z = LZMA_STREAM_INIT;
	int r;

	if (lzma_stream_decoder(&z, LZMA_MEMORY_MAX, 0) != LZMA_OK)
		return diag_set(s->diag, -ENOMEM, "out of memory in liblzma");
	r = lzma_run(s, &z);
	lzma_end(&z);
	return r;
}
