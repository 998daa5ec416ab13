/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went wrong with the user's input: a negative errno and one clear line.
 *
 * Library code never prints and never exits: it fills a struct diag and returns
 * the errno; tools/ prints it and exits with 125.
 */
#ifndef EMU_BASE_DIAG_H
#define EMU_BASE_DIAG_H

#include <stdarg.h>

#include "emu/base/types.h"

struct diag {
	int code;        /* negative errno; 0 while nothing is wrong */
	bool has_offset; /* offset says something */
	uint64_t offset; /* byte offset into the file that is at fault */
	char text[512];  /* one line, no newline, without the file name */
};

/*
 * Fill @d and return @code (a negative errno), so that a caller can write
 * `return diag_set(d, -EINVAL, "...")`. @d may be NULL. The first error wins:
 * a diag that already holds one is left alone. Long texts are cut, never grown.
 */
int diag_set(struct diag *d, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same, for an error at byte @offset of the file. */
int diag_at(struct diag *d, int code, uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * "NAME: offset 0x1f1: TEXT" (or without the offset) into @out, always
 * NUL-terminated. Returns @out.
 */
char *diag_line(const struct diag *d, const char *name, char *out, size_t size);

/* What errors and reports call the file at @path: its last part, so that no folder of the host shows. */
const char *file_base_name(const char *path);

#endif
