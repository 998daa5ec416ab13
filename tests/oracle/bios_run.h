/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image run under our BIOS until it stops, with the machine and the screen still there to look at. */
#ifndef TESTS_ORACLE_BIOS_RUN_H
#define TESTS_ORACLE_BIOS_RUN_H

#include "emu/machine.h"
#include "models/sod.h"

#define SCREEN_ROWS    25u
#define SCREEN_COLUMNS 80u
#define SCREEN_SIZE    (SCREEN_ROWS * SCREEN_COLUMNS * 2)

/* What SeaBIOS prints before a kernel of QEMU's: its version, and that it boots from ROM. */
#define SEABIOS_ROWS 2

struct bios_run {
	/* Before the run: what is borrowed of it stays the caller's. */
	const char *path; /* of the image */
	const char *variant;
	const char *cmdline; /* NULL: empty */
	const char *keys;    /* NULL: none */
	struct bytes initrd, disk;
	enum cpu_profile cpu;
	uint64_t max_instructions;

	struct platform platform;
	struct image *image;
	struct start_of_day sod;
	struct machine *m;
	struct stop stop;
};

/* False when the image cannot be opened; the test fails on anything else. */
bool bios_run(struct bios_run *r);
void bios_run_release(struct bios_run *r);

/* The characters and colours that the display shows now, as they lie at B8000h. */
void bios_run_screen(const struct bios_run *r, uint8_t ret[SCREEN_SIZE]);

/* The lines of a text screen, without the blanks at their ends, each with its line feed. */
void screen_lines(const uint8_t *text, struct buf *out);

/* The lines from the one that begins with @first on are equal: has QEMU had time enough? */
bool screens_are_same(const uint8_t *ours, const uint8_t *theirs, const char *first);

/*
 * Fails the test unless both screens show the same from the first line that begins with @first on; lines that begin
 * with @skip (NULL: none) are left out.
 */
void screens_expect_same(const uint8_t *ours, const uint8_t *theirs, const char *first,
			 const char *skip);

#endif
