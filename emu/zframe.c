/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Independent Zstandard frames (RFC 8878) through libzstd. */
#include "emu/zframe.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

/* Higher levels take longer and gain 2 %: what is packed has been foretold before. */
#define LEVEL 1

struct zframe {
	ZSTD_CCtx *pack;
	ZSTD_DCtx *unpack;
};

struct zframe *zframe_create(void)
{
	struct zframe *z = calloc(1, sizeof(*z));

	if (!z)
		return NULL;
	z->pack = ZSTD_createCCtx();
	z->unpack = ZSTD_createDCtx();
	return z->pack && z->unpack ? z : zframe_destroy(z);
}

struct zframe *zframe_destroy(struct zframe *z)
{
	if (z) {
		ZSTD_freeCCtx(z->pack);
		ZSTD_freeDCtx(z->unpack);
	}
	free(z);
	return NULL;
}

int zframe_pack(struct zframe *z, struct bytes in, struct buf *out)
{
	uint8_t *room = buf_reserve(out, ZSTD_compressBound(in.len));
	size_t n;

	if (!room)
		return -ENOMEM;
	n = ZSTD_compressCCtx(z->pack, room, ZSTD_compressBound(in.len), in.data, in.len, LEVEL);
	if (ZSTD_isError(n))
		return -ENOMEM;
	out->len += n;
	return 0;
}

int zframe_unpack(struct zframe *z, struct bytes packed, void *out, size_t len)
{
	size_t n = ZSTD_decompressDCtx(z->unpack, out, len, packed.data, packed.len);

	return ZSTD_isError(n) || n != len ? -EINVAL : 0;
}
