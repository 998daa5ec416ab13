/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Independent Zstandard frames (RFC 8878), packed and unpacked whole; libzstd behind it. */
#ifndef EMU_ZFRAME_H
#define EMU_ZFRAME_H

#include "emu/base/buf.h"

struct zframe;

/* NULL when out of memory. */
struct zframe *zframe_create(void);
/* Takes NULL, returns NULL. */
struct zframe *zframe_destroy(struct zframe *z);

/* Append @in as one frame to @out; -ENOMEM. */
int zframe_pack(struct zframe *z, struct bytes in, struct buf *out);
/* @packed is one frame of exactly @len bytes, which go to @out. -EINVAL: it is not. */
int zframe_unpack(struct zframe *z, struct bytes packed, void *out, size_t len);

#endif
