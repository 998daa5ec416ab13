/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growable byte buffer, and bounds-checked reads from bytes of unknown origin. */
#ifndef EMU_BASE_BUF_H
#define EMU_BASE_BUF_H

#include <stdarg.h>

#include "emu/base/types.h"

/*
 * Zero-initialise to start empty. An allocation failure is sticky: @failed is
 * set, later appends do nothing, and the owner asks once at the end.
 */
struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	bool failed;
};

void buf_append(struct buf *b, const void *data, size_t len);
/* Where the next @more bytes will lie: fill them and add to len what is used. NULL when there is no memory. */
uint8_t *buf_reserve(struct buf *b, size_t more);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Appends a NUL that is not counted in len and returns the text; "" after a failure. */
const char *buf_str(struct buf *b);

/* Frees the bytes; the buffer is empty and usable again. NULL is fine. */
void buf_free(struct buf *b);

/*
 * Read at @off of @b; false (and *ret_v untouched) when any byte of it lies
 * outside. @off may be any 64-bit value.
 */
bool bytes_u8(struct bytes b, uint64_t off, uint8_t *ret_v);
bool bytes_le16(struct bytes b, uint64_t off, uint16_t *ret_v);
bool bytes_le32(struct bytes b, uint64_t off, uint32_t *ret_v);
bool bytes_le64(struct bytes b, uint64_t off, uint64_t *ret_v);

/* The @len bytes at @off, not copied; false when any lies outside. */
bool bytes_slice(struct bytes b, uint64_t off, uint64_t len, struct bytes *ret_slice);

#endif
