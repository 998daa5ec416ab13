/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pvh:qemu and pvh:qboot side by side with QEMU 7.2's option ROM and with qboot: the same kernel, memory and command line. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/machine.h"
#include "models/acpi.h"
#include "tests/oracle/capture.h"
#include "tools/report.h"

#define PINNED_SHA256 "51349501a3d1ff83836437d2b365fd2d57f2feb8642d315e5181dec23d4c3275"
#define ROWS_MAX      12
#define CMDLINE       "console=ttyS0 nokaslr"

/*
 * Executed between the two stops in both captures. QEMU counts the pass that
 * finds RCX at 0 as well, for each of the three REP instructions there.
 */
#define CAPTURED_INSTRUCTIONS 12758
#define CAPTURED_REPS         3

/* Rows that may never be excused: the brief of this comparison. */
static const char *const never[] = { "cr0", "cr4", "efer",  "rflags", "es.",     "cs.",  "ss.",
				     "ds.", "fs.", "gs.",   "ldtr.",  "tr.",     "e820", "memmap[",
				     "bp.", "gdt", "start", "page",   "command", NULL };

/* clang-format off */
static const struct known_row entry_known[] = {
	{ "rsdp", "the tables are ours; the address is the captured one" },
	{ NULL, NULL },
};

static const struct known_row kernel_known[] = {
	{ NULL, NULL },
};
/* clang-format on */

static struct image *kernel_open(void)
{
	const char *kernels = getenv("BOOTPATH_KERNELS");
	struct image *image = NULL;
	char name[1024];

	snprintf(name, sizeof(name), "%s/cloud/vmlinuz", kernels ? kernels : "o/kernels");
	if (image_open(&image, name, NULL) < 0)
		cr_skip("the pinned kernel is not here");
	if (strcmp(image->sha256, PINNED_SHA256) != 0)
		cr_skip("the cloud kernel is not the one that was captured");
	cr_assert(eq(int, image_unpack(image, NULL), 0));
	return image;
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
			cr_expect(ne(int, strncmp(known[i].row, never[k], strlen(never[k])), 0),
				  "%s", known[i].row);
	buf_free(&out);
}

static void entry_judge(const char *file, const char *variant)
{
	const struct sod_path *path = sod_path_find("pvh");
	struct platform platform;
	struct start_of_day sod = { 0 };
	struct diag diag = { 0 };
	struct machine *m = NULL;
	struct image *image;
	struct mem_reader mem;
	struct cpu_state cpu;
	char why[256] = "";
	struct capture *c = capture_open(file, "pvh", why);

	if (!c)
		cr_skip("%s", why);
	image = kernel_open();
	cr_assert(eq(int, platform_init(&platform, MIB(512), &diag), 0));
	acpi_platform_init(&platform);
	platform.cmdline = CMDLINE;
	platform.cpu = CPU_QEMU64;
	cr_assert(eq(int,
		     path->build(image, &platform, sod_variant_find(path, variant), &sod, &diag),
		     0),
		  "%s", diag.text);
	cr_assert(eq(int, machine_create(&m, &platform, &diag), 0));
	cr_assert(eq(int, sod_enter(&sod, m, &diag), 0), "%s", diag.text);
	machine_cpu_get(m, &cpu);
	mem = machine_reader(m);
	judge(c, &cpu, &mem, entry_known);

	machine_destroy(m);
	sod_release(&sod);
	platform_release(&platform);
	image_close(image);
	capture_close(c);
}

static void kernel_judge(const char *file, const char *variant)
{
	const struct sod_path *path = sod_path_find("pvh");
	struct run_options options = {
		.memory = MIB(512),
		.cmdline = CMDLINE,
		.cpu = CPU_QEMU64,
		.until = "startup_64",
		.keep_pages = true,
	};
	struct report_path report = { 0 };
	const struct handover *h = NULL;
	struct mem_reader mem;
	struct image *image;
	char why[256] = "";
	struct capture *c = capture_open(file, "startup", why);

	if (!c)
		cr_skip("%s", why);
	image = kernel_open();
	path_run(image, path, sod_variant_find(path, variant), &options, &report);
	for (size_t i = 0; i < report.handover_count; i++)
		if (report.handovers[i].point == POINT_KERNEL)
			h = &report.handovers[i];
	cr_assert(ne(ptr, (void *)h, NULL), "%s", report.reason);
	cr_expect(eq(u64, h->instructions, CAPTURED_INSTRUCTIONS - CAPTURED_REPS));
	mem = pages_reader(h->pages);
	judge(c, &h->cpu, &mem, kernel_known);

	report_path_release(&report);
	image_close(image);
	capture_close(c);
}

Test(pvh, entry_is_what_the_option_rom_leaves, .timeout = 60)
{
	entry_judge("cloud61-pvh.json", "qemu");
}

Test(pvh, entry_is_what_qboot_leaves, .timeout = 60)
{
	entry_judge("cloud61-qboot-pvh.json", "qboot");
}

Test(pvh, kernel_finds_what_it_finds_behind_the_option_rom, .timeout = 60)
{
	kernel_judge("cloud61-pvh.json", "qemu");
}

Test(pvh, kernel_finds_what_it_finds_behind_qboot, .timeout = 60)
{
	kernel_judge("cloud61-qboot-pvh.json", "qboot");
}
