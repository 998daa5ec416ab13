/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacking what a bzImage carries: recognition by magic number, and one unpacker per
 * compression library behind one table. boot.rst "payload_offset", "payload_length".
 */
#ifndef LOADERS_PAYLOAD_H
#define LOADERS_PAYLOAD_H

#include "loaders/image.h"

/*
 * One unpacking under way. The output grows as data really comes, so that a size
 * claimed by the file costs nothing until it is true.
 */
struct payload_stream {
	struct bytes packed;
	uint64_t file_offset; /* of packed.data[0] */
	struct diag *diag;
	uint8_t *out;
	size_t out_len, out_cap, out_max;
};

/* COMPRESSION_NONE for an ELF and for what is unknown. */
enum compression payload_probe(struct bytes packed);

/*
 * Unpack @packed, which lies at @file_offset of the file, into bytes that the caller
 * frees. -EINVAL for damaged data or more output than a payload of that size may have.
 */
int payload_unpack(struct bytes packed, uint64_t file_offset, struct bytes *ret_bytes,
		   struct diag *diag);

/* CRC-32 as gzip has it (IEEE 802.3, reflected), @crc from the bytes before; the first is 0. */
uint32_t payload_crc32(uint32_t crc, const void *data, size_t len);

/*
 * For the unpackers: make room for at least one more byte of output, and for up to
 * @want; -EINVAL at the limit, -ENOMEM.
 */
int payload_room(struct payload_stream *s, size_t want);
/* The data is damaged at @consumed bytes into the packed data. Returns -EINVAL. */
int payload_damaged(struct payload_stream *s, size_t consumed, const char *what);

int payload_gzip(struct payload_stream *s);
int payload_bzip2(struct payload_stream *s);
int payload_lzma(struct payload_stream *s);
int payload_xz(struct payload_stream *s);
int payload_lzo(struct payload_stream *s);
int payload_lz4(struct payload_stream *s);
int payload_zstd(struct payload_stream *s);

#endif
