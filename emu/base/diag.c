/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong with the user's input: filling and printing a struct diag. */
#include "emu/base/diag.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/*
 * Texts may quote bytes of a hostile file: what would break the line, or a
 * terminal, becomes a question mark. Bytes past ASCII stay (UTF-8 file names).
 */
static void diag_clean(char *text)
{
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
}

static void diag_fill(struct diag *d, int code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void diag_fill(struct diag *d, int code, const char *fmt, va_list ap)
{
	d->code = code;
	if (vsnprintf(d->text, sizeof(d->text), fmt, ap) < 0)
		d->text[0] = '\0';
	diag_clean(d->text);
}

int diag_set(struct diag *d, int code, const char *fmt, ...)
{
	va_list ap;

	assert(code < 0);
	if (!d || d->code)
		return code;
	va_start(ap, fmt);
	diag_fill(d, code, fmt, ap);
	va_end(ap);
	return code;
}

int diag_at(struct diag *d, int code, uint64_t offset, const char *fmt, ...)
{
	va_list ap;

	assert(code < 0);
	if (!d || d->code)
		return code;
	d->has_offset = true;
	d->offset = offset;
	va_start(ap, fmt);
	diag_fill(d, code, fmt, ap);
	va_end(ap);
	return code;
}

char *diag_line(const struct diag *d, const char *name, char *out, size_t size)
{
	assert(size);
	if (d->has_offset)
		snprintf(out, size, "%s: offset 0x%" PRIx64 ": %s", name, d->offset, d->text);
	else
		snprintf(out, size, "%s: %s", name, d->text);
	diag_clean(out);
	return out;
}

const char *file_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}
