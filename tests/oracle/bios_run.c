/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs an image on the path bios and compares text screens; see bios_run.h. */
#include "tests/oracle/bios_run.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "models/bios_impl.h"

bool bios_run(struct bios_run *r)
{
	const struct sod_path *path = sod_path_find("bios");
	struct diag diag = { 0 };

	if (image_open(&r->image, r->path, NULL) < 0)
		return false;
	cr_assert(eq(int, platform_init(&r->platform, MIB(512), NULL), 0));
	r->platform.cmdline = r->cmdline ? r->cmdline : "";
	r->platform.keys = r->keys;
	r->platform.initrd = r->initrd;
	r->platform.disk = r->disk;
	r->platform.cpu = r->cpu;
	cr_assert(eq(int,
		     path->build(r->image, &r->platform, sod_variant_find(path, r->variant),
				 &r->sod, &diag),
		     0),
		  "%s", diag.text);
	bios_set_cursor(r->sod.service, SEABIOS_ROWS);
	cr_assert(eq(int, machine_create(&r->m, &r->platform, NULL), 0));
	cr_assert(eq(int, sod_enter(&r->sod, r->m, NULL), 0));
	machine_run(r->m, &(struct run_limits){ .max_instructions = r->max_instructions },
		    &r->stop);
	return true;
}

void bios_run_release(struct bios_run *r)
{
	machine_destroy(r->m);
	sod_release(&r->sod);
	platform_release(&r->platform);
	image_close(r->image);
}

void bios_run_screen(const struct bios_run *r, uint8_t ret[SCREEN_SIZE])
{
	const struct bios *bios = r->sod.service;

	memcpy(ret, bios->state.text, SCREEN_SIZE);
}

static void line_of(const uint8_t *text, unsigned row, char ret[SCREEN_COLUMNS + 1])
{
	unsigned end = 0;

	for (unsigned i = 0; i < SCREEN_COLUMNS; i++) {
		uint8_t ch = text[2 * (row * SCREEN_COLUMNS + i)];

		ret[i] = (char)(ch ? ch : ' ');
		if (ret[i] != ' ')
			end = i + 1;
	}
	ret[end] = '\0';
}

void screen_lines(const uint8_t *text, struct buf *out)
{
	char line[SCREEN_COLUMNS + 1];

	for (unsigned row = 0; row < SCREEN_ROWS; row++) {
		line_of(text, row, line);
		buf_printf(out, "%s\n", line);
	}
}

static unsigned first_row(const uint8_t *text, const char *first)
{
	char line[SCREEN_COLUMNS + 1];
	unsigned row;

	for (row = 0; row < SCREEN_ROWS; row++) {
		line_of(text, row, line);
		if (strncmp(line, first, strlen(first)) == 0)
			break;
	}
	return row;
}

bool screens_are_same(const uint8_t *ours, const uint8_t *theirs, const char *first)
{
	char a[SCREEN_COLUMNS + 1], b[SCREEN_COLUMNS + 1];
	unsigned i = first_row(ours, first), k = first_row(theirs, first);

	if (i == SCREEN_ROWS || k == SCREEN_ROWS)
		return false;
	for (; i < SCREEN_ROWS && k < SCREEN_ROWS; i++, k++) {
		line_of(ours, i, a);
		line_of(theirs, k, b);
		if (strcmp(a, b) != 0)
			return false;
	}
	return true;
}

void screens_expect_same(const uint8_t *ours, const uint8_t *theirs, const char *first,
			 const char *skip)
{
	char a[SCREEN_COLUMNS + 1], b[SCREEN_COLUMNS + 1];
	unsigned i = first_row(ours, first), k = first_row(theirs, first);
	struct buf all = { 0 };

	screen_lines(theirs, &all);
	cr_assert(lt(uint, k, SCREEN_ROWS), "QEMU shows no line '%s...':\n%s", first,
		  buf_str(&all));
	cr_assert(lt(uint, i, SCREEN_ROWS), "our screen has no line '%s...'; QEMU's:\n%s", first,
		  buf_str(&all));
	for (; i < SCREEN_ROWS && k < SCREEN_ROWS; i++, k++) {
		line_of(ours, i, a);
		line_of(theirs, k, b);
		if (!skip || strncmp(a, skip, strlen(skip)) != 0)
			cr_expect(eq(str, a, b), "row %u", i);
	}
	buf_free(&all);
}
