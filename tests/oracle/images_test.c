/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What memtest86+ and iPXE show first, beside the text screen of QEMU with SeaBIOS (MEMDISK: screen_test.c). Neither knows anything of Linux but its header. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/oracle/bios_run.h"
#include "tests/oracle/qemu.h"

/* The image's name, or the test is skipped. */
static const char *image(char *path, size_t size, const char *name)
{
	const char *images = getenv("BOOTPATH_IMAGES");

	snprintf(path, size, "%s/%s", images ? images : "o/images", name);
	if (access(path, R_OK) != 0)
		cr_skip("no %s: tests/oracle/images.sh fetches it", name);
	if (!qemu_is_ours())
		cr_skip("no qemu-system-x86_64 of version 7.2");
	return path;
}

/* Characters [from, to) of a row, on both screens. */
static void blank(uint8_t *a, uint8_t *b, unsigned row, unsigned from, unsigned to)
{
	for (unsigned i = row * SCREEN_COLUMNS + from; i < row * SCREEN_COLUMNS + to; i++)
		a[2 * i] = b[2 * i] = ' ';
}

/* --- memtest86+ --- */

/*
 * It measures each cache that CPUID tells of, which takes millions of rounds of REP MOVS: the CPU of both machines
 * tells of none. It then waits five seconds for a key: the screen is full after 51 million instructions.
 */
#define MEMTEST_CPU   "qemu64,vendor=GenuineIntel,level=1"
#define MEMTEST_COUNT 52000000u

static void expect_memtest(const char *name)
{
	uint8_t ours[SCREEN_SIZE], theirs[SCREEN_SIZE];
	char path[1024];
	struct bios_run run = { .path = image(path, sizeof(path), name),
				.variant = "spec",
				.cpu = CPU_GENERIC,
				.max_instructions = MEMTEST_COUNT };
	struct qemu_boot boot = { .kernel = path, .cpu = MEMTEST_CPU };

	cr_assert(bios_run(&run));
	cr_expect(eq(int, run.stop.kind, STOP_LIMIT), "%s", run.stop.text);
	cr_expect(eq(u64, machine_unmodelled_count(run.m), 0));
	bios_run_screen(&run, ours);
	/* A busy host needs more time for the same screen. */
	for (boot.seconds = 3; boot.seconds <= 6; boot.seconds++) {
		cr_assert(qemu_memory(&boot, 0xb8000, theirs, sizeof(theirs)));
		blank(ours, theirs, 0, 26, SCREEN_COLUMNS); /* the CPU's name */
		blank(ours, theirs, 1, 10, 25);             /* its clock */
		/* QEMU's leaf 80000005h tells of an L1 all the same. */
		blank(ours, theirs, 2, 10, 25);
		if (screens_are_same(ours, theirs, ""))
			break;
	}
	screens_expect_same(ours, theirs, "", NULL);
	bios_run_release(&run);
}

Test(images, memtest_64_shows_what_it_shows_under_seabios, .timeout = 60)
{
	expect_memtest("memtest86+x64.bin");
}

Test(images, memtest_32_shows_what_it_shows_under_seabios, .timeout = 60)
{
	expect_memtest("memtest86+ia32.bin");
}

/* --- iPXE --- */

#define IPXE_COUNT 20000000000ull /* it ends after four: two timeouts of two seconds each */
#define IPXE_LAST  "No more network devices"

/* Where SeaBIOS goes on to boot something else, our BIOS stops. */
static void cut_after(uint8_t *text, const char *last)
{
	struct buf lines = { 0 };
	const char *at;
	unsigned row = 0;

	screen_lines(text, &lines);
	at = strstr(buf_str(&lines), last);
	for (const char *p = buf_str(&lines); at && p < at; p++)
		row += *p == '\n';
	for (unsigned i = (row + 1) * SCREEN_COLUMNS; at && i < SCREEN_ROWS * SCREEN_COLUMNS; i++)
		text[2 * i] = ' ';
	buf_free(&lines);
}

Test(images, ipxe_shows_what_it_shows_under_seabios, .timeout = 60)
{
	uint8_t ours[SCREEN_SIZE], theirs[SCREEN_SIZE];
	char path[1024];
	struct bios_run run = { .path = image(path, sizeof(path), "ipxe.lkrn"),
				.variant = "spec",
				.max_instructions = IPXE_COUNT };
	struct qemu_boot boot = { .kernel = path };

	cr_assert(bios_run(&run));
	cr_expect(eq(int, run.stop.kind, STOP_EXIT), "%s", run.stop.text);
	cr_expect(eq(u64, machine_unmodelled_count(run.m), 0));
	bios_run_screen(&run, ours);
	for (boot.seconds = 10; boot.seconds <= 20; boot.seconds += 10) {
		cr_assert(qemu_memory(&boot, 0xb8000, theirs, sizeof(theirs)));
		cut_after(theirs, IPXE_LAST);
		if (screens_are_same(ours, theirs, "iPXE initialising devices...ok"))
			break;
	}
	screens_expect_same(ours, theirs, "iPXE initialising devices...ok", NULL);
	bios_run_release(&run);
}
