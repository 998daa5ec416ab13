/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growable byte buffer, and bounds-checked reads from bytes of unknown origin. */
#include "emu/base/buf.h"

#include <stdio.h>
#include <stdlib.h>

uint8_t *buf_reserve(struct buf *b, size_t more)
{
	size_t want, cap;
	uint8_t *data;

	if (b->failed)
		return NULL;
	if (__builtin_add_overflow(b->len, more, &want))
		goto failed;
	if (b->data && want <= b->cap)
		return b->data + b->len;
	cap = b->cap > SIZE_MAX / 2 ? SIZE_MAX : b->cap * 2;
	if (cap < want)
		cap = want;
	if (cap < 256)
		cap = 256;
	data = realloc(b->data, cap);
	if (!data)
		goto failed;
	b->data = data;
	b->cap = cap;
	return b->data + b->len;
failed:
	b->failed = true;
	return NULL;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
	if (!len || !buf_reserve(b, len))
		return;
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

void buf_puts(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return;
	}
	/* vsnprintf wants a byte for its NUL, which is not counted in len. */
	if (!buf_reserve(b, (size_t)n + 1))
		return;
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *buf_str(struct buf *b)
{
	if (!buf_reserve(b, 1))
		return "";
	b->data[b->len] = '\0';
	return (const char *)b->data;
}

void buf_free(struct buf *b)
{
	if (!b)
		return;
	free(b->data);
	*b = (struct buf){ 0 };
}

bool bytes_slice(struct bytes b, uint64_t off, uint64_t len, struct bytes *ret_slice)
{
	if (off > b.len || len > b.len - off)
		return false;
	/* An empty slice of no bytes must not do arithmetic on a null pointer. */
	*ret_slice = (struct bytes){ .data = b.data ? b.data + off : NULL, .len = (size_t)len };
	return true;
}

bool bytes_u8(struct bytes b, uint64_t off, uint8_t *ret_v)
{
	struct bytes s;

	if (!bytes_slice(b, off, sizeof(*ret_v), &s))
		return false;
	*ret_v = s.data[0];
	return true;
}

bool bytes_le16(struct bytes b, uint64_t off, uint16_t *ret_v)
{
	struct bytes s;

	if (!bytes_slice(b, off, sizeof(*ret_v), &s))
		return false;
	*ret_v = get_le16(s.data);
	return true;
}

bool bytes_le32(struct bytes b, uint64_t off, uint32_t *ret_v)
{
	struct bytes s;

	if (!bytes_slice(b, off, sizeof(*ret_v), &s))
		return false;
	*ret_v = get_le32(s.data);
	return true;
}

bool bytes_le64(struct bytes b, uint64_t off, uint64_t *ret_v)
{
	struct bytes s;

	if (!bytes_slice(b, off, sizeof(*ret_v), &s))
		return false;
	*ret_v = get_le64(s.data);
	return true;
}
