/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of the rule language that read the image file; its checksum as boot.rst "The Image Checksum" has it. */
#include <inttypes.h>

#include "specs/functions.h"

static struct value read_file(struct eval *ev, uint64_t off, unsigned width)
{
	const struct image *image = ev->context->image;
	uint8_t bytes[8] = { 0 };
	struct bytes s;

	if (!image)
		eval_stop(ev, EVAL_SKIP, "no image was given");
	else if (!bytes_slice(image->file, off, width, &s))
		eval_stop(ev, EVAL_UNREADABLE, "the file has no %u bytes at 0x%" PRIx64, width,
			  off);
	else
		memcpy(bytes, s.data, width);
	return function_int(get_le64(bytes));
}

static struct value call_file_u8(struct eval *ev, const struct value *a)
{
	return read_file(ev, a[0].n, 1);
}

static struct value call_file_u16(struct eval *ev, const struct value *a)
{
	return read_file(ev, a[0].n, 2);
}

static struct value call_file_u32(struct eval *ev, const struct value *a)
{
	return read_file(ev, a[0].n, 4);
}

static struct value call_file_u64(struct eval *ev, const struct value *a)
{
	return read_file(ev, a[0].n, 8);
}

static struct value call_file_cstring_len(struct eval *ev, const struct value *a)
{
	uint64_t n;

	for (n = 0; n < a[1].n && ev->status == EVAL_OK; n++) {
		eval_spend(ev, 1);
		if (!read_file(ev, a[0].n + n, 1).n)
			break;
	}
	return function_int(n);
}

static struct value call_file_zero(struct eval *ev, const struct value *a)
{
	const struct image *image = ev->context->image;
	struct bytes s;

	if (!image) {
		eval_stop(ev, EVAL_SKIP, "no image was given");
	} else if (!bytes_slice(image->file, a[0].n, a[1].n, &s)) {
		eval_stop(ev, EVAL_UNREADABLE, "the file has no 0x%" PRIx64 " bytes at 0x%" PRIx64,
			  a[1].n, a[0].n);
	} else {
		for (size_t i = 0; i < s.len; i++) {
			if (s.data[i])
				return function_bool(false);
		}
	}
	return function_bool(true);
}

static struct value call_file_last_nonzero(struct eval *ev, const struct value *a)
{
	const struct image *image = ev->context->image;
	uint64_t at = a[1].n;

	if (!image) {
		eval_stop(ev, EVAL_SKIP, "no image was given");
		return function_int(0);
	}
	if (at > image->file.len)
		at = image->file.len;
	while (at > a[0].n && !image->file.data[at - 1])
		at--;
	if (at <= a[0].n)
		eval_stop(ev, EVAL_UNREADABLE, "the file has only zeros from 0x%" PRIx64 " on",
			  a[0].n);
	return function_int(at - 1);
}

/* Bytes [from, to) of the file, with zeros past its end, into the CRC. */
static uint32_t crc_range(uint32_t crc, struct bytes file, uint64_t from, uint64_t to)
{
	static const uint8_t zeros[64];

	for (; from < to && from >= file.len;) {
		uint64_t n = to - from < sizeof(zeros) ? to - from : sizeof(zeros);

		crc = crc32_update(crc, zeros, n);
		from += n;
	}
	return from < to ? crc32_update(crc, file.data + from, to - from) : crc;
}

/* A hole of the file that counts as zeros: what signing a PE image writes. */
struct hole {
	uint64_t at, len;
};

/*
 * PE format: in the optional header, CheckSum at 64, and the fifth data
 * directory (certificates) at 112 + 4 * 8, 16 bytes less in PE32.
 */
static unsigned signing_holes(const struct image *image, struct hole holes[2])
{
	uint32_t pe;
	uint16_t magic;

	if (!image->has_pe || !bytes_le32(image->file, 0x3c, &pe) ||
	    !bytes_le16(image->file, (uint64_t)pe + 24, &magic))
		return 0;
	holes[0] = (struct hole){ (uint64_t)pe + 24 + 64, 4 };
	holes[1] = (struct hole){ (uint64_t)pe + 24 + (magic == 0x20b ? 112 : 96) + 4 * 8, 8 };
	return 2;
}

static struct value call_image_crc(struct eval *ev, const struct value *a)
{
	const struct image *image = ev->context->image;
	struct hole holes[2];
	uint64_t at = 0, end, count;
	uint32_t crc = UINT32_MAX;

	if (!image || !image->bz) {
		eval_stop(ev, EVAL_SKIP, "the image is not a bzImage");
		return function_int(0);
	}
	end = image->bz->setup_size + bp_get(image->bz->page, BP_HDR_SYSSIZE) * 16;
	if (end > image->file.len) {
		eval_stop(ev, EVAL_UNREADABLE,
			  "the file ends before syssize says: 0x%zx of 0x%" PRIx64 " bytes",
			  image->file.len, end);
		return function_int(0);
	}
	eval_spend(ev, MIB(1)); /* a few of these are one rule's fill */
	count = signing_holes(image, holes);
	for (unsigned i = 0; i < count && holes[i].at + holes[i].len <= end; i++) {
		crc = crc_range(crc, image->file, at, holes[i].at);
		at = holes[i].at + holes[i].len;
		crc = crc_range(crc, (struct bytes){ 0 }, 0, holes[i].len);
	}
	return function_int(crc_range(crc, image->file, at, end));
}

const struct function file_functions[] = {
	{ "file_u8", VALUE_INT, "i", false, call_file_u8, "offset: a byte of the file" },
	{ "file_u16", VALUE_INT, "i", false, call_file_u16, "offset: two bytes" },
	{ "file_u32", VALUE_INT, "i", false, call_file_u32, "offset: four bytes" },
	{ "file_u64", VALUE_INT, "i", false, call_file_u64, "offset: eight bytes" },
	{ "file_cstring_len", VALUE_INT, "ii", false, call_file_cstring_len,
	  "offset, max: bytes before the NUL; max when there is none" },
	{ "file_zero", VALUE_BOOL, "ii", false, call_file_zero, "offset, len: all are 0" },
	{ "file_last_nonzero", VALUE_INT, "ii", false, call_file_last_nonzero,
	  "from, to: offset of the last byte before to that is not 0" },
	{ "image_crc", VALUE_INT, "", false, call_image_crc,
	  "CRC-32 of the file up to what syssize says, less what signing changes; 0 when the appended checksum is right" },
};

const size_t file_function_count = ARRAY_SIZE(file_functions);
