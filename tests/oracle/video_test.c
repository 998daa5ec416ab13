/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A real kernel's setup code with a display and a disk: its video menu, typed through by the same keys, beside QEMU's
 * text screen, and what it writes into boot_params beside QEMU's memory. Kernels leave the real-mode part as it was.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loaders/bootparam.h"
#include "tests/oracle/bios_run.h"
#include "tests/oracle/qemu.h"
#include "tools/report.h"

#define REAL_MODE    0x10000ull /* where QEMU puts the real-mode part, and our variant spec too */
#define SEGMENT_SIZE 0x10000u
#define HEADER_MAGIC 0x202u
#define DISK_SIZE    (3u * 1024 * 1024 + 100)
#define MENU_COUNT   30000000u /* instructions that the menu takes at most */

static const char *kernel(void)
{
	static char path[1024];
	const char *kernels = getenv("BOOTPATH_KERNELS");

	snprintf(path, sizeof(path), "%s/cloud/vmlinuz", kernels ? kernels : "o/kernels");
	if (access(path, R_OK) != 0)
		cr_skip("no cloud kernel");
	if (!qemu_is_ours())
		cr_skip("no qemu-system-x86_64 of version 7.2");
	return path;
}

static void expect_menu(const char *keys, const char *sendkeys, const char *first)
{
	struct qemu_boot boot = { .kernel = kernel(), .cmdline = "vga=ask", .keys = sendkeys };
	struct bios_run run = { .path = boot.kernel,
				.variant = "spec",
				.cmdline = boot.cmdline,
				.keys = keys,
				.max_instructions = MENU_COUNT };
	uint8_t ours[SCREEN_SIZE], theirs[SCREEN_SIZE];

	cr_assert(bios_run(&run));
	/* It waits for a key: for ever, or for the 30 seconds of the first question. */
	cr_expect(run.stop.kind == STOP_HLT || run.stop.kind == STOP_LIMIT, "%s", run.stop.text);
	bios_run_screen(&run, ours);
	for (boot.seconds = 3; boot.seconds <= 12; boot.seconds *= 2) {
		cr_assert(qemu_memory(&boot, 0xb8000, theirs, sizeof(theirs)));
		if (screens_are_same(ours, theirs, first))
			break; /* else on a busy host the keys may have come too early */
	}
	screens_expect_same(ours, theirs, first, NULL);
	bios_run_release(&run);
}

Test(video, menu_shows_what_it_shows_under_seabios, .timeout = 60)
{
	expect_menu("\n", "ret", "f 310");
}

Test(video, scan_finds_what_it_finds_under_seabios, .timeout = 60)
{
	expect_menu("\nscan\n", "ret s c a n ret", "f 310");
}

/* A mode that is not there: the complaint, and the menu once more. */
Test(video, unknown_mode_is_refused_as_under_seabios, .timeout = 60)
{
	expect_menu("\n1\b2345\n", "ret 1 backspace 2 3 4 5 ret",
		    "Undefined video mode number: 2345");
}

/* --- boot_params --- */

static bool is_ours_to_compare(const struct bp_field_info *f)
{
	static const char *const prefixes[] = { "screen_info.", "edid_info", "edd",
						"hdr.vid_mode", "alt_mem_k", "e820_entries" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(f->name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* The device parameter table lies where each BIOS has room for it: 34 bytes into an entry. */
static bool is_known(const struct bp_field_info *f, unsigned i)
{
	return strcmp(f->name, "eddbuf") == 0 && i >= 34 && i < 38;
}

/* The setup code's own boot_params: where the header's copy lies, behind the header itself. */
static const uint8_t *find_boot_params(const uint8_t *segment)
{
	for (size_t i = HEADER_MAGIC + 1; i + BOOT_PARAMS_SIZE < SEGMENT_SIZE; i++)
		if (memcmp(segment + i, "HdrS", 4) == 0)
			return segment + i - HEADER_MAGIC;
	return NULL;
}

static void expect_boot_params(const char *cmdline, const char *disk_path, struct bytes disk)
{
	struct qemu_boot boot = {
		.kernel = kernel(), .cmdline = cmdline, .disk = disk_path, .seconds = 5
	};
	const struct sod_path *path = sod_path_find("bios");
	struct run_options options = { .memory = MIB(512), .cmdline = cmdline, .disk = disk };
	static uint8_t segment[SEGMENT_SIZE];
	uint8_t bp[BOOT_PARAMS_SIZE];
	struct report_path report = { 0 };
	struct image *image = NULL;
	const struct handover *h;
	const uint8_t *theirs;

	cr_assert(eq(int, image_open(&image, boot.kernel, NULL), 0));
	cr_assert(eq(int, image_unpack(image, NULL), 0));
	path_run(image, path, sod_variant_find(path, "spec"), &options, &report);
	cr_assert(eq(int, report.outcome, OUTCOME_PASS), "%s", report.reason);
	h = &report.handovers[report.handover_count - 1];
	cr_assert(eq(int, pages_read(h->pages, h->boot_params, bp, sizeof(bp)), 0));
	cr_assert(qemu_memory(&boot, REAL_MODE, segment, sizeof(segment)));
	theirs = find_boot_params(segment);
	cr_assert(ne(ptr, (void *)(uintptr_t)theirs, NULL));
	/* SeaBIOS has printed two lines more. */
	bp[1] = (uint8_t)(bp[1] + SEABIOS_ROWS);
	for (size_t i = 0; i < BP_FIELD_COUNT; i++)
		for (unsigned k = 0; is_ours_to_compare(&bp_fields[i]) && k < bp_fields[i].count;
		     k++)
			if (!is_known(&bp_fields[i], k))
				cr_expect(eq(u64, bp_field_get(bp, &bp_fields[i], k),
					     bp_field_get(theirs, &bp_fields[i], k)),
					  "%s[%u] with %s", bp_fields[i].name, k, cmdline);
	report_path_release(&report);
	image_close(image);
}

static uint8_t *disk_make(char *path)
{
	uint8_t *data = calloc(1, DISK_SIZE);
	int fd = mkstemp(path);

	cr_assert(ne(ptr, data, NULL));
	cr_assert(ge(int, fd, 0));
	put_le32(data + 440, 0xfeedbeef); /* what edd_mbr_sig_buffer keeps */
	data[510] = 0x55;
	data[511] = 0xaa;
	cr_assert(eq(long, write(fd, data, DISK_SIZE), DISK_SIZE));
	close(fd);
	return data;
}

Test(video, disk_and_monitor_are_in_boot_params_as_under_seabios, .timeout = 60)
{
	char path[] = "/tmp/bootpath-disk-XXXXXX";
	uint8_t *disk = disk_make(path);

	expect_boot_params("nokaslr", path, (struct bytes){ disk, DISK_SIZE });
	unlink(path);
	free(disk);
}

Test(video, graphics_mode_is_in_boot_params_as_under_seabios, .timeout = 60)
{
	expect_boot_params("nokaslr vga=0x318", NULL, (struct bytes){ 0 });
}

Test(video, palette_mode_is_in_boot_params_as_under_seabios, .timeout = 60)
{
	expect_boot_params("nokaslr vga=0x303", NULL, (struct bytes){ 0 });
}

Test(video, text_mode_of_60_lines_is_in_boot_params_as_under_seabios, .timeout = 60)
{
	expect_boot_params("nokaslr vga=0x0f07", NULL, (struct bytes){ 0 });
}
