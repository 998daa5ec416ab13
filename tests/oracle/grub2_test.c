/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux32:grub2 side by side with GRUB 2.06 under SeaBIOS and QEMU: the same kernel, initrd size, memory and command line. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "models/sod.h"
#include "tests/oracle/capture.h"
#include "tools/report.h"

#define CAPTURE              "cloud61-grub-bios-linux.json"
#define PINNED_SHA256        "51349501a3d1ff83836437d2b365fd2d57f2feb8642d315e5181dec23d4c3275"
#define CAPTURED_INITRD_SIZE 0x10032
#define ROWS_MAX             15

/* Rows that may never be excused: the brief of this comparison. */
static const char *const never[] = { "cr0", "cr4", "efer", "rflags", "es.", "cs.",  "ss.",
				     "ds.", "fs.", "gs.",  "ldtr.",  "tr.", "e820", NULL };

/* clang-format off */
static const struct known_row entry_known[] = {
	{ "rax", "an address in GRUB's relocator, which lies in GRUB's heap; boot.rst leaves EAX open" },
	{ "rdx", "as rax" },
	{ "bp.hdr.ramdisk_image", "GRUB takes it from what its heap and the staged kernel leave at the end of RAM; ours is the highest place that its rules allow" },
	{ NULL, NULL },
};

static const struct known_row kernel_known[] = {
	{ "bp.hdr.ramdisk_image", "as at the entry" },
	{ NULL, NULL },
};
/* clang-format on */

struct fixture {
	struct image *image;
	struct platform platform;
	struct start_of_day sod;
	uint8_t *initrd;
};

static const char *kernel_path(char *path, size_t size)
{
	const char *kernels = getenv("BOOTPATH_KERNELS");

	snprintf(path, size, "%s/cloud/vmlinuz", kernels ? kernels : "o/kernels");
	return path;
}

static void fixture_open(struct fixture *f)
{
	const struct sod_path *path = sod_path_find("linux32");
	struct diag diag = { 0 };
	char name[1024];

	*f = (struct fixture){ 0 };
	if (image_open(&f->image, kernel_path(name, sizeof(name)), &diag) < 0)
		cr_skip("the pinned kernel is not here");
	if (strcmp(f->image->sha256, PINNED_SHA256) != 0)
		cr_skip("the cloud kernel is not the one that was captured");
	f->initrd = calloc(1, CAPTURED_INITRD_SIZE);
	cr_assert(ne(ptr, f->initrd, NULL));
	cr_assert(eq(int, platform_init(&f->platform, MIB(512), &diag), 0));
	f->platform.cmdline = "console=ttyS0 nokaslr";
	f->platform.cpu = CPU_QEMU64;
	f->platform.initrd = (struct bytes){ f->initrd, CAPTURED_INITRD_SIZE };
	cr_assert(eq(int,
		     path->build(f->image, &f->platform, sod_variant_find(path, "grub2"), &f->sod,
				 &diag),
		     0),
		  "%s", diag.text);
}

static void fixture_close(struct fixture *f)
{
	sod_release(&f->sod);
	platform_release(&f->platform);
	image_close(f->image);
	free(f->initrd);
}

static void judge(const struct capture *c, const struct cpu_state *cpu,
		  const struct mem_reader *mem, const struct known_row *known)
{
	struct buf out = { 0 };
	size_t excused = 0;

	capture_compare(c, cpu, mem, known, &excused, &out);
	cr_expect(eq(sz, out.len, 0), "%s", buf_str(&out));
	cr_expect(le(sz, excused, ROWS_MAX));
	for (size_t i = 0; known[i].row; i++)
		for (size_t k = 0; never[k]; k++)
			cr_expect(strncmp(known[i].row, never[k], strlen(never[k])) != 0, "%s",
				  known[i].row);
	buf_free(&out);
}

Test(grub2, entry_is_what_grub_leaves_at_startup_32)
{
	char why[256] = "";
	struct capture *c = capture_open(CAPTURE, "z32", why);
	struct pages *pages;
	struct mem_reader mem;
	struct fixture f;

	if (!c)
		cr_skip("%s", why);
	fixture_open(&f);
	pages = pages_create(&f.platform.ram);
	cr_assert(ne(ptr, pages, NULL));
	for (size_t i = 0; i < f.sod.memory.count; i++) {
		const struct placement *p = &f.sod.memory.items[i];

		cr_assert(eq(int, pages_put(pages, p->gpa, p->data.data, p->data.len), 0));
	}
	mem = pages_reader(pages);
	judge(c, &f.sod.cpu, &mem, entry_known);

	pages_destroy(pages);
	fixture_close(&f);
	capture_close(c);
}

Test(grub2, kernel_finds_what_it_finds_behind_grub, .timeout = 300)
{
	char why[256] = "";
	struct capture *c = capture_open(CAPTURE, "startup", why);
	struct report_path report = { 0 };
	const struct handover *h = NULL;
	struct run_options options;
	struct mem_reader mem;
	struct fixture f;

	if (!c)
		cr_skip("%s", why);
	fixture_open(&f);
	options = (struct run_options){
		.memory = f.platform.memory,
		.cmdline = f.platform.cmdline,
		.initrd = f.platform.initrd,
		.cpu = CPU_QEMU64,
		.until = "startup_64",
		.keep_pages = true,
	};
	cr_assert(eq(int, image_unpack(f.image, NULL), 0));
	path_run(f.image, f.sod.path, f.sod.variant, &options, &report);
	for (size_t i = 0; i < report.handover_count; i++)
		if (report.handovers[i].point == POINT_KERNEL)
			h = &report.handovers[i];
	cr_assert(ne(ptr, (void *)h, NULL), "%s", report.reason);

	mem = pages_reader(h->pages);
	judge(c, &h->cpu, &mem, kernel_known);

	report_path_release(&report);
	fixture_close(&f);
	capture_close(c);
}
