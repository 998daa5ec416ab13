/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A streaming JSON writer (RFC 8259) into a struct buf. Members come out in the
 * order of the calls; indentation is two spaces. Misnesting is an assert.
 */
#ifndef EMU_BASE_JSONW_H
#define EMU_BASE_JSONW_H

#include "emu/base/buf.h"

#define JSONW_DEPTH_MAX 64

struct jsonw {
	struct buf *out;
	unsigned depth;
	bool first; /* nothing written yet in the innermost container */
	/* depth of the outermost container that stays on one line; 0: none */
	unsigned inline_depth;
	uint64_t arrays; /* bit n: the container at depth n + 1 is an array */
};

void jsonw_init(struct jsonw *w, struct buf *out);

/* @key is NULL inside arrays and at the top. */
void jsonw_object(struct jsonw *w, const char *key);
void jsonw_object_end(struct jsonw *w);
void jsonw_array(struct jsonw *w, const char *key);
/* An array whose elements (and what they hold) stay on one line. */
void jsonw_array_inline(struct jsonw *w, const char *key);
void jsonw_array_end(struct jsonw *w);
/* An object whose members stay on one line. */
void jsonw_object_inline(struct jsonw *w, const char *key);

void jsonw_string(struct jsonw *w, const char *key, const char *v); /* NULL writes null */
/* Bytes that may not be UTF-8: bytes outside printable ASCII come out as \u00XX. */
void jsonw_bytes(struct jsonw *w, const char *key, const void *v, size_t len);
void jsonw_u64(struct jsonw *w, const char *key, uint64_t v); /* decimal number */
void jsonw_hex(struct jsonw *w, const char *key, uint64_t v); /* string "0x..." */
void jsonw_bool(struct jsonw *w, const char *key, bool v);
/* The newline after the outermost value. */
void jsonw_end(struct jsonw *w);

#endif
