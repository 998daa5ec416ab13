/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sparse store of guest pages with their own bytes, and the reader interface
 * by which page walks, rules and printers look at memory, live or captured.
 */
#ifndef EMU_BASE_PAGES_H
#define EMU_BASE_PAGES_H

#include "emu/base/regions.h"
#include "emu/base/types.h"

/*
 * How to look at guest physical memory. read() copies @len bytes at @gpa;
 * returns 0, or -EFAULT when any byte of it has no memory behind it (then
 * @data is undefined).
 */
struct mem_reader {
	int (*read)(const void *ctx, gpa_t gpa, void *data, size_t len);
	const void *ctx;
};

static inline int mem_reader_read(const struct mem_reader *r, gpa_t gpa, void *data, size_t len)
{
	return r->read(r->ctx, gpa, data, len);
}

struct pages;

/*
 * @ram says where memory is (values do not matter); it is copied. Pages in it
 * that were never put read as zero. NULL when out of memory.
 */
struct pages *pages_create(const struct regions *ram);

/* Copy @len bytes to @gpa; they need not be page-aligned. 0, -EFAULT outside the RAM map, -ENOMEM. */
int pages_put(struct pages *p, gpa_t gpa, const void *data, size_t len);

/*
 * Let the page at @gpa, page-aligned and all in the RAM map, be the bytes at @page without a
 * copy: they must outlive @p and stay as they are. A pages_put() there makes the copy.
 */
int pages_borrow(struct pages *p, gpa_t gpa, const uint8_t *page);

/* As mem_reader.read. */
int pages_read(const struct pages *p, gpa_t gpa, void *data, size_t len);

struct mem_reader pages_reader(const struct pages *p);

const struct regions *pages_ram(const struct pages *p);

/* Number of pages that hold bytes of their own, and the i-th of them in address order. */
size_t pages_count(const struct pages *p);
gpa_t pages_address(const struct pages *p, size_t i, const uint8_t **ret_data);

/* One more owner of @p, who calls pages_destroy() too; returns @p. All owners are one thread's. */
struct pages *pages_share(struct pages *p);

/* Takes NULL, returns NULL. */
struct pages *pages_destroy(struct pages *p);

#endif
