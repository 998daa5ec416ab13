/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The magic numbers of kernel payloads, and the growing output that the unpackers share (boot.rst "payload_offset"). */
#include "loaders/payload.h"

#include <errno.h>
#include <stdlib.h>

#include "emu/base/buf.h"

#define OUT_FIRST_CAP KIB(64)
/*
 * Kernels shrink to a fourth or a tenth. Far above that is somebody's bomb, and a tiny
 * file is never worth more than OUT_SMALL_MAX.
 */
#define OUT_RATIO_MAX 64u
#define OUT_SMALL_MAX MIB(32)

const char *const compression_names[COMPRESSION_COUNT] = {
	[COMPRESSION_NONE] = "none", [COMPRESSION_GZIP] = "gzip", [COMPRESSION_BZIP2] = "bzip2",
	[COMPRESSION_LZMA] = "lzma", [COMPRESSION_XZ] = "xz",     [COMPRESSION_LZO] = "lzo",
	[COMPRESSION_LZ4] = "lz4",   [COMPRESSION_ZSTD] = "zstd",
};

/* clang-format off */
static const struct payload_format {
	enum compression compression;
	uint8_t magic[4];
	uint8_t magic_len;
	int (*unpack)(struct payload_stream *s);
} payload_formats[] = {
	{ COMPRESSION_GZIP,  { 0x1f, 0x8b },             2, payload_gzip },
	{ COMPRESSION_GZIP,  { 0x1f, 0x9e },             2, payload_gzip },
	{ COMPRESSION_BZIP2, { 0x42, 0x5a },             2, payload_bzip2 },
	{ COMPRESSION_LZMA,  { 0x5d, 0x00 },             2, payload_lzma },
	{ COMPRESSION_XZ,    { 0xfd, 0x37 },             2, payload_xz },
	{ COMPRESSION_LZO,   { 0x89, 0x4c, 0x5a, 0x4f }, 4, payload_lzo }, /* boot.rst omits it; lib/decompress.c has it */
	{ COMPRESSION_LZ4,   { 0x02, 0x21 },             2, payload_lz4 },
	{ COMPRESSION_ZSTD,  { 0x28, 0xb5 },             2, payload_zstd },
};
/* clang-format on */

static const struct payload_format *format_find(struct bytes packed)
{
	for (size_t i = 0; i < ARRAY_SIZE(payload_formats); i++) {
		const struct payload_format *f = &payload_formats[i];

		if (packed.len >= f->magic_len && !memcmp(packed.data, f->magic, f->magic_len))
			return f;
	}
	return NULL;
}

enum compression payload_probe(struct bytes packed)
{
	const struct payload_format *f = format_find(packed);

	return f ? f->compression : COMPRESSION_NONE;
}

int payload_room(struct payload_stream *s, size_t want)
{
	size_t cap = s->out_cap ? s->out_cap : OUT_FIRST_CAP;
	uint8_t *out;

	if (s->out_len < s->out_cap && s->out_cap - s->out_len >= want)
		return 0;
	if (s->out_len >= s->out_max)
		return diag_at(
			s->diag, -EINVAL, s->file_offset,
			"the payload of 0x%zx bytes unpacks to more than 0x%zx bytes, the most that is believed",
			s->packed.len, s->out_max);
	if (want > s->out_max - s->out_len)
		want = s->out_max - s->out_len;
	while (cap < s->out_len + want)
		cap *= 2;
	if (cap > s->out_max)
		cap = s->out_max;
	if (cap <= s->out_cap)
		return 0;
	out = realloc(s->out, cap);
	if (!out)
		return diag_set(s->diag, -ENOMEM, "out of memory while unpacking the payload");
	s->out = out;
	s->out_cap = cap;
	return 0;
}

int payload_damaged(struct payload_stream *s, size_t consumed, const char *what)
{
	enum compression c = payload_probe(s->packed);

	return diag_at(s->diag, -EINVAL, s->file_offset + consumed, "the %s payload is damaged: %s",
		       compression_names[c], what);
}

/* An ELF that is not packed at all. */
static int payload_copy(struct payload_stream *s)
{
	int r;

	s->out_max = s->packed.len;
	r = payload_room(s, s->packed.len);
	if (r < 0)
		return r;
	memcpy(s->out, s->packed.data, s->packed.len);
	s->out_len = s->packed.len;
	return 0;
}

static uint64_t out_max(size_t packed_len)
{
	uint64_t max = (uint64_t)packed_len * OUT_RATIO_MAX;

	if (max < OUT_SMALL_MAX)
		max = OUT_SMALL_MAX;
	return max < PAYLOAD_SIZE_MAX ? max : PAYLOAD_SIZE_MAX;
}

int payload_unpack(struct bytes packed, uint64_t file_offset, struct bytes *ret_bytes,
		   struct diag *diag)
{
	static const uint8_t elf_magic[] = { 0x7f, 'E', 'L', 'F' };
	const struct payload_format *f = format_find(packed);
	struct payload_stream s = {
		.packed = packed,
		.file_offset = file_offset,
		.diag = diag,
		.out_max = out_max(packed.len),
	};
	uint8_t *shrunk;
	int r;

	if (f)
		r = f->unpack(&s);
	else if (packed.len >= sizeof(elf_magic) &&
		 !memcmp(packed.data, elf_magic, sizeof(elf_magic)))
		r = payload_copy(&s);
	else
		r = diag_at(
			diag, -EINVAL, file_offset,
			"the payload begins with none of the magic numbers of gzip, bzip2, lzma, xz, lzo, lz4, zstd or ELF");
	if (r == 0 && s.out_len == 0)
		r = payload_damaged(&s, 0, "it unpacks to nothing");
	if (r < 0) {
		free(s.out);
		return r;
	}
	shrunk = realloc(s.out, s.out_len);
	*ret_bytes = (struct bytes){ shrunk ? shrunk : s.out, s.out_len };
	return 0;
}
