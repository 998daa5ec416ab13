/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A streaming JSON writer (RFC 8259). */
#include "emu/base/jsonw.h"

#include <assert.h>
#include <inttypes.h>

void jsonw_init(struct jsonw *w, struct buf *out)
{
	*w = (struct jsonw){ .out = out, .first = true };
}

static bool jsonw_in_array(const struct jsonw *w)
{
	return w->depth && (w->arrays >> (w->depth - 1) & 1);
}

static bool jsonw_inline(const struct jsonw *w)
{
	return w->inline_depth;
}

static void jsonw_indent(struct jsonw *w)
{
	buf_puts(w->out, "\n");
	for (unsigned i = 0; i < w->depth; i++)
		buf_puts(w->out, "  ");
}

static void jsonw_quote(struct jsonw *w, const uint8_t *v, size_t len, bool utf8)
{
	buf_puts(w->out, "\"");
	for (size_t i = 0; i < len; i++) {
		uint8_t c = v[i];

		if (c == '"' || c == '\\')
			buf_printf(w->out, "\\%c", c);
		else if (c == '\n')
			buf_puts(w->out, "\\n");
		else if (c < 0x20 || c == 0x7f || (c > 0x7f && !utf8))
			buf_printf(w->out, "\\u%04x", c);
		else
			buf_append(w->out, &c, 1);
	}
	buf_puts(w->out, "\"");
}

/* True when @v is UTF-8 as RFC 3629 has it: shortest form, no surrogates, up to U+10FFFF. */
static bool utf8_valid(const uint8_t *v, size_t len)
{
	size_t i = 0;

	while (i < len) {
		static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
		unsigned more = v[i] < 0x80 ? 0 : v[i] >> 5 == 6 ? 1 : v[i] >> 4 == 14 ? 2 : 3;
		uint32_t c = more ? v[i] & (0x3fu >> more) : v[i];

		if (more == 3 && v[i] >> 3 != 30)
			return false;
		if (more >= len - i)
			return false;
		for (unsigned k = 1; k <= more; k++) {
			if (v[i + k] >> 6 != 2)
				return false;
			c = c << 6 | (v[i + k] & 0x3f);
		}
		if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return false;
		i += more + 1;
	}
	return true;
}

/* What comes before a value: comma, line break and key. */
static void jsonw_value(struct jsonw *w, const char *key)
{
	assert(!!key == (w->depth && !jsonw_in_array(w)));
	assert(w->depth || w->first); /* one value at the top */
	if (!w->first)
		buf_puts(w->out, ",");
	if (w->depth && !jsonw_inline(w))
		jsonw_indent(w);
	else if (!w->first)
		buf_puts(w->out, " ");
	w->first = false;
	if (key) {
		jsonw_quote(w, (const uint8_t *)key, strlen(key), true);
		buf_puts(w->out, ": ");
	}
}

static void jsonw_open(struct jsonw *w, const char *key, bool array)
{
	jsonw_value(w, key);
	assert(w->depth < JSONW_DEPTH_MAX);
	buf_puts(w->out, array ? "[" : "{");
	w->arrays &= ~BIT64(w->depth);
	w->arrays |= (uint64_t)array << w->depth;
	w->depth++;
	w->first = true;
}

static void jsonw_close(struct jsonw *w, bool array)
{
	bool empty = w->first;

	assert(w->depth && jsonw_in_array(w) == array);
	w->depth--;
	if (!empty && !jsonw_inline(w))
		jsonw_indent(w);
	if (w->inline_depth > w->depth)
		w->inline_depth = 0;
	w->first = false;
	buf_puts(w->out, array ? "]" : "}");
}

void jsonw_object(struct jsonw *w, const char *key)
{
	jsonw_open(w, key, false);
}

void jsonw_object_end(struct jsonw *w)
{
	jsonw_close(w, false);
}

void jsonw_array(struct jsonw *w, const char *key)
{
	jsonw_open(w, key, true);
}

void jsonw_object_inline(struct jsonw *w, const char *key)
{
	jsonw_open(w, key, false);
	if (!w->inline_depth)
		w->inline_depth = w->depth;
}

void jsonw_array_inline(struct jsonw *w, const char *key)
{
	jsonw_open(w, key, true);
	if (!w->inline_depth)
		w->inline_depth = w->depth;
}

void jsonw_array_end(struct jsonw *w)
{
	jsonw_close(w, true);
}

void jsonw_string(struct jsonw *w, const char *key, const char *v)
{
	const uint8_t *bytes = (const uint8_t *)v;

	jsonw_value(w, key);
	if (v)
		jsonw_quote(w, bytes, strlen(v), utf8_valid(bytes, strlen(v)));
	else
		buf_puts(w->out, "null");
}

void jsonw_bytes(struct jsonw *w, const char *key, const void *v, size_t len)
{
	jsonw_value(w, key);
	jsonw_quote(w, v, len, false);
}

void jsonw_u64(struct jsonw *w, const char *key, uint64_t v)
{
	jsonw_value(w, key);
	buf_printf(w->out, "%" PRIu64, v);
}

void jsonw_hex(struct jsonw *w, const char *key, uint64_t v)
{
	jsonw_value(w, key);
	buf_printf(w->out, "\"0x%" PRIx64 "\"", v);
}

void jsonw_bool(struct jsonw *w, const char *key, bool v)
{
	jsonw_value(w, key);
	buf_puts(w->out, v ? "true" : "false");
}

void jsonw_end(struct jsonw *w)
{
	assert(!w->depth && !w->first);
	buf_puts(w->out, "\n");
}
