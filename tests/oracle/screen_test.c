/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What MEMDISK prints under our BIOS, line by line beside the text screen of QEMU with SeaBIOS: it asks the BIOS for nearly all that one has. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "models/sod.h"
#include "tests/oracle/qemu.h"
#include "tools/report.h"

#define FLOPPY_SIZE (1440u * 1024)
#define ROWS        25u
#define COLUMNS     80u

/* mov $0x0e58,%ax; mov $7,%bx; int $0x10; cli; hlt: the disk that MEMDISK boots prints an X. */
static const uint8_t boot_sector[] = { 0xb8, 0x58, 0x0e, 0xbb, 7, 0, 0xcd, 0x10, 0xfa, 0xf4 };

/* The diskette parameters of SeaBIOS lie elsewhere in each of its builds. */
#define KNOWN_LINE "old: int13"

static void memdisk_path(char *path, size_t size)
{
	const char *images = getenv("BOOTPATH_IMAGES");

	snprintf(path, size, "%s/memdisk", images ? images : "o/images");
}

static uint8_t *floppy_make(void)
{
	uint8_t *disk = calloc(1, FLOPPY_SIZE);

	cr_assert(ne(ptr, disk, NULL));
	memcpy(disk, boot_sector, sizeof(boot_sector));
	disk[510] = 0x55;
	disk[511] = 0xaa;
	return disk;
}

/* Lines from the one that begins with "MEMDISK", without blanks at their ends. */
static void lines_of_screen(const uint8_t *text, struct buf *out)
{
	bool begun = false;

	for (unsigned row = 0; row < ROWS; row++) {
		char line[COLUMNS + 1];
		unsigned end = 0;

		for (unsigned i = 0; i < COLUMNS; i++) {
			line[i] = (char)text[2 * (row * COLUMNS + i)];
			if (line[i] != ' ' && line[i])
				end = i + 1;
		}
		line[end] = '\0';
		begun |= strncmp(line, "MEMDISK", 7) == 0;
		if (begun && end)
			buf_printf(out, "%s\n", line);
	}
}

static void lines_of_console(const char *text, struct buf *out)
{
	char *copy = strdup(text), *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		size_t len = strcspn(line, "\r");

		while (len && line[len - 1] == ' ')
			len--;
		if (len)
			buf_printf(out, "%.*s\n", (int)len, line);
	}
	free(copy);
}

static void expect_lines(char *ours, char *theirs)
{
	char *a, *b;

	for (;;) {
		a = strsep(&ours, "\n");
		b = strsep(&theirs, "\n");
		cr_assert(eq(int, a != NULL, b != NULL), "ours '%s', QEMU's '%s'", a ? a : "",
			  b ? b : "");
		if (!a)
			return;
		if (strncmp(a, KNOWN_LINE, strlen(KNOWN_LINE)) != 0)
			cr_expect(eq(str, a, b));
	}
}

Test(screen, memdisk_prints_what_it_prints_under_seabios, .timeout = 120)
{
	struct buf ours = { 0 }, theirs = { 0 };
	uint8_t *floppy = floppy_make(), text[2 * ROWS * COLUMNS];
	const struct sod_path *path = sod_path_find("bios");
	struct run_options options = { .memory = MIB(512),
				       .cmdline = "",
				       .cpu = CPU_QEMU64,
				       .initrd = { floppy, FLOPPY_SIZE } };
	struct qemu_boot boot = { .initrd = options.initrd };
	struct report_path report = { 0 };
	struct image *image = NULL;
	char name[1024];

	memdisk_path(name, sizeof(name));
	if (image_open(&image, name, NULL) < 0)
		cr_skip("no memdisk: tests/oracle/images.sh fetches it");
	if (!qemu_is_ours())
		cr_skip("no qemu-system-x86_64 of version 7.2");
	boot.kernel = name;
	cr_assert(qemu_memory(&boot, 0xb8000, text, sizeof(text)));
	path_run(image, path, sod_variant_find(path, "qemu"), &options, &report);
	cr_expect(eq(int, report.stop.kind, STOP_HLT), "%s", report.reason);
	cr_expect(eq(u64, report.counts.unmodelled, 0));
	lines_of_screen(text, &theirs);
	lines_of_console(report.console, &ours);
	cr_expect(ne(sz, ours.len, 0));
	expect_lines((char *)(uintptr_t)buf_str(&ours), (char *)(uintptr_t)buf_str(&theirs));

	report_path_release(&report);
	buf_free(&ours);
	buf_free(&theirs);
	image_close(image);
	free(floppy);
}
