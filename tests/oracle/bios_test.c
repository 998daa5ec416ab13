/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bios:qemu and bios:grub2 side by side with SeaBIOS, QEMU's -kernel and GRUB's linux16: the same kernel, initrd size, memory and command line. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "models/sod.h"
#include "tests/oracle/capture.h"
#include "tools/report.h"

#define PINNED_SHA256 "51349501a3d1ff83836437d2b365fd2d57f2feb8642d315e5181dec23d4c3275"
#define ROWS_MAX      15

/* QEMU's count of instructions from the entry to startup_32, SeaBIOS's own among them. */
#define QEMU_INSTRUCTIONS 31776

/* Rows that may never be excused: the brief of this comparison. */
static const char *const never[] = { "cr0", "cr4", "efer", "rflags", "es.", "cs.",  "ss.",
				     "ds.", "fs.", "gs.",  "ldtr.",  "tr.", "e820", NULL };

struct stop_rows {
	enum point point;
	const char *label; /* of the capture */
	struct known_row known[ROWS_MAX + 1];
};

struct boot {
	const char *variant;
	const char *capture;
	size_t initrd_size;
	struct stop_rows stops[3];
};

/* clang-format off */
static const struct boot qemu = {
	.variant = "qemu",
	.capture = "cloud61-seabios-kernel.json",
	.stops = {
		{ .point = POINT_ENTRY, .label = "setup16" },
		{ .point = POINT_COMPRESSED, .label = "z32" },
		{ .point = POINT_KERNEL, .label = "startup" },
	},
};

static const struct boot grub2 = {
	.variant = "grub2",
	.capture = "cloud61-grub-bios-linux16.json",
	.initrd_size = 0x10032,
	.stops = {
		{ .point = POINT_ENTRY, .label = "setup16", .known = {
			{ "rax", "an address in GRUB's heap" },
			{ "rdx", "as rax" },
			{ "rbp", "GRUB's stack" },
			{ "rsi", "as rax" },
			{ "rdi", "the end of GRUB's relocator" },
			{ "bp.hdr.ramdisk_image", "GRUB takes it from what its heap and the staged kernel leave at the end of RAM; ours is the highest place that its rules allow" },
		} },
		{ .point = POINT_COMPRESSED, .label = "z32", .known = {
			{ "bp.hdr.ramdisk_image", "as at the entry" },
		} },
		{ .point = POINT_KERNEL, .label = "startup", .known = {
			{ "bp.hdr.ramdisk_image", "as at the entry" },
		} },
	},
};
/* clang-format on */

static const char *kernel_path(char *path, size_t size)
{
	const char *kernels = getenv("BOOTPATH_KERNELS");

	snprintf(path, size, "%s/cloud/vmlinuz", kernels ? kernels : "o/kernels");
	return path;
}

static struct image *pinned_kernel(void)
{
	struct image *image = NULL;
	char name[1024];

	if (image_open(&image, kernel_path(name, sizeof(name)), NULL) < 0)
		cr_skip("the pinned kernel is not here");
	if (strcmp(image->sha256, PINNED_SHA256) != 0)
		cr_skip("the cloud kernel is not the one that was captured");
	cr_assert(eq(int, image_unpack(image, NULL), 0));
	return image;
}

static const struct handover *handover_at(const struct report_path *report, enum point point)
{
	for (size_t i = 0; i < report->handover_count; i++)
		if (report->handovers[i].point == point)
			return &report->handovers[i];
	return NULL;
}

static void judge(const struct boot *boot, const struct stop_rows *stop,
		  const struct report_path *report)
{
	const struct handover *h = handover_at(report, stop->point);
	struct buf out = { 0 };
	struct mem_reader mem;
	struct capture *c;
	size_t excused = 0;
	char why[256];

	c = capture_open(boot->capture, stop->label, why);
	if (!c)
		cr_skip("%s", why);
	cr_assert(ne(ptr, (void *)h, NULL), "%s", report->reason);
	mem = pages_reader(h->pages);
	capture_compare(c, &h->cpu, &mem, stop->known, &excused, &out);
	cr_expect(eq(sz, out.len, 0), "%s at %s:\n%s", boot->variant, stop->label, buf_str(&out));
	cr_expect(le(sz, excused, ROWS_MAX));
	for (size_t i = 0; stop->known[i].row; i++)
		for (size_t k = 0; never[k]; k++)
			cr_expect(strncmp(stop->known[i].row, never[k], strlen(never[k])) != 0,
				  "%s", stop->known[i].row);
	buf_free(&out);
	capture_close(c);
}

/* Between the entry and startup_32 all instructions count, SeaBIOS's too, which our services take as time. */
static void judge_time(const struct report_path *report)
{
	const struct handover *h = handover_at(report, POINT_COMPRESSED);

	cr_assert(ne(ptr, (void *)h, NULL));
	cr_expect(le(u64, h->instructions * 100, QEMU_INSTRUCTIONS * 103ull));
	cr_expect(ge(u64, h->instructions * 100, QEMU_INSTRUCTIONS * 97ull));
}

static void run_and_judge(const struct boot *boot)
{
	const struct sod_path *path = sod_path_find("bios");
	struct image *image = pinned_kernel();
	uint8_t *initrd = calloc(1, boot->initrd_size + 1);
	struct run_options options = {
		.memory = MIB(512),
		.cmdline = "console=ttyS0 nokaslr",
		.initrd = { initrd, boot->initrd_size },
		.cpu = CPU_QEMU64,
		.keep_pages = true,
	};
	struct report_path report = { 0 };

	cr_assert(ne(ptr, initrd, NULL));
	path_run(image, path, sod_variant_find(path, boot->variant), &options, &report);
	for (size_t i = 0; i < ARRAY_SIZE(boot->stops); i++)
		judge(boot, &boot->stops[i], &report);
	if (boot == &qemu)
		judge_time(&report);
	report_path_release(&report);
	image_close(image);
	free(initrd);
}

Test(bios, qemu_is_what_seabios_and_its_kernel_option_leave, .timeout = 300)
{
	run_and_judge(&qemu);
}

Test(bios, grub2_is_what_grub_linux16_leaves, .timeout = 300)
{
	run_and_judge(&grub2);
}
