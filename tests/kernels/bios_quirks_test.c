/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every quirk of models/bios_quirks.def on a real kernel: the result that its row expects, checked at the kernel proper. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "loaders/bootparam.h"
#include "models/bios.h"
#include "tools/report.h"

#define E820_PLATFORM 7u       /* entries of 512 MiB */
#define ALT_MEM_K     0x7fb80u /* what AX=E801h says of them; tests/oracle has the same from SeaBIOS */
#define EXT_MEM_K     64512u

struct expected {
	enum bios_quirk quirk;
	unsigned entries;
	uint32_t alt_mem_k;
	bool same;           /* CPU and boot_params as without the quirk */
	const char *console; /* a text that the setup code prints; NULL: nothing more than usual */
};

static const struct expected expected[] = {
	{ BIOS_QUIRK_E820_CLOBBERS, E820_PLATFORM, ALT_MEM_K, true, NULL },
	{ BIOS_QUIRK_E820_200, 128, ALT_MEM_K, false, NULL },
	{ BIOS_QUIRK_E820_OVERLAP, E820_PLATFORM + 1, ALT_MEM_K, false, NULL },
	{ BIOS_QUIRK_E820_UNSORTED, E820_PLATFORM, ALT_MEM_K, false, NULL },
	{ BIOS_QUIRK_E820_EMPTY, E820_PLATFORM + 2, ALT_MEM_K, false, NULL },
	{ BIOS_QUIRK_E820_ABSENT, 0, ALT_MEM_K, false, NULL },
	{ BIOS_QUIRK_E820_ONLY_88, 0, 0, false, NULL },
	{ BIOS_QUIRK_E820_EXTENDED, E820_PLATFORM + 1, ALT_MEM_K, false, NULL },
	{ BIOS_QUIRK_E820_NO_SMAP, 0, ALT_MEM_K, false, NULL },
	{ BIOS_QUIRK_STACK_0, E820_PLATFORM, ALT_MEM_K, true, NULL },
	{ BIOS_QUIRK_NO_HEAP, E820_PLATFORM, ALT_MEM_K, false, "Ancient bootloader" },
	{ BIOS_QUIRK_A20_CLOSED, E820_PLATFORM, ALT_MEM_K, true, NULL },
	{ BIOS_QUIRK_A20_KBC, E820_PLATFORM, ALT_MEM_K, true, NULL },
};

_Static_assert(ARRAY_SIZE(expected) == BIOS_QUIRK_COUNT, "a row for each quirk");

static const struct handover *run(const struct image *image, uint32_t quirks,
				  struct report_path *report, uint8_t *bp)
{
	const struct sod_path *path = sod_path_find("bios");
	struct run_options options = { .memory = MIB(512),
				       .cmdline = "nokaslr",
				       .bios_quirks = quirks };
	const struct handover *h;

	path_run(image, path, &path->variants[0], &options, report);
	cr_assert(eq(int, report->outcome, OUTCOME_PASS), "%s", report->reason);
	h = &report->handovers[report->handover_count - 1];
	cr_assert(eq(int, h->point, POINT_KERNEL));
	cr_assert(eq(int, pages_read(h->pages, h->boot_params, bp, BOOT_PARAMS_SIZE), 0));
	return h;
}

static void check(const struct image *image, const struct expected *e, const struct handover *plain,
		  const uint8_t *plain_bp)
{
	const char *name = bios_quirk_infos[e->quirk].name;
	uint8_t bp[BOOT_PARAMS_SIZE];
	struct report_path report = { 0 };
	const struct handover *h = run(image, BIT(e->quirk), &report, bp);

	cr_expect(eq(u64, bp_get(bp, BP_E820_ENTRIES), e->entries), "%s", name);
	cr_expect(eq(u64, bp_get(bp, BP_ALT_MEM_K), e->alt_mem_k), "%s", name);
	cr_expect(eq(u64, bp_get(bp, BP_SCREEN_INFO_EXT_MEM_K), EXT_MEM_K), "%s", name);
	if (e->same) {
		cr_expect(eq(int, memcmp(&h->cpu, &plain->cpu, sizeof(h->cpu)), 0), "%s", name);
		cr_expect(eq(int, memcmp(bp, plain_bp, sizeof(bp)), 0), "%s", name);
	}
	if (e->console)
		cr_expect(strstr(report.console, e->console) != NULL, "%s", name);
	report_path_release(&report);
}

Test(bios_quirks, each_has_the_result_that_its_row_expects, .timeout = 300)
{
	const char *kernels = getenv("BOOTPATH_KERNELS");
	struct report_path report = { 0 };
	uint8_t bp[BOOT_PARAMS_SIZE];
	const struct handover *plain;
	struct image *image = NULL;
	char path[1024];

	snprintf(path, sizeof(path), "%s/cloud/vmlinuz", kernels ? kernels : "o/kernels");
	if (image_open(&image, path, NULL) < 0)
		cr_skip("no cloud kernel");
	cr_assert(eq(int, image_unpack(image, NULL), 0));
	plain = run(image, 0, &report, bp);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		check(image, &expected[i], plain, bp);
	report_path_release(&report);
	image_close(image);
}

/* arch/x86/boot/video-mode.c and video-vga.c: the modes of a VGA without VBE modes, 80x25 first. */
Test(bios_keys, vga_ask_shows_the_menu_and_takes_a_choice, .timeout = 60)
{
	const struct sod_path *path = sod_path_find("bios");
	struct run_options options = {
		.memory = MIB(512),
		.cmdline = "vga=ask",
		.keys = "\n0\n",
		.until = "compressed",
	};
	const char *kernels = getenv("BOOTPATH_KERNELS");
	struct report_path report = { 0 };
	struct image *image = NULL;
	char name[1024];

	snprintf(name, sizeof(name), "%s/cloud/vmlinuz", kernels ? kernels : "o/kernels");
	if (image_open(&image, name, NULL) < 0)
		cr_skip("no cloud kernel");
	path_run(image, path, &path->variants[0], &options, &report);
	cr_expect(eq(int, report.outcome, OUTCOME_PASS), "%s", report.reason);
	cr_expect(strstr(report.console, "Press <ENTER> to see video modes available") != NULL);
	cr_expect(strstr(report.console, "0 F00   80x25") != NULL, "%s", report.console);
	cr_expect(strstr(report.console, "6 F07   80x60") != NULL, "%s", report.console);
	report_path_release(&report);
	image_close(image);
}

/* drivers/firmware/dmi_scan.c: it searches 0xf0000 to 1 MiB for the entry point, and checks both its sums. */
Test(bios_smbios, the_kernel_finds_the_tables_in_the_rom_area, .timeout = 60)
{
	const struct sod_path *path = sod_path_find("bios");
	struct run_options options = {
		.memory = MIB(512),
		.cmdline = "nokaslr earlyprintk=ttyS0",
		.until = "0xfffffffffffffff0",
		.max_instructions =
			120000000, /* startup_64 is at 99 million, setup_arch() soon after */
	};
	const char *kernels = getenv("BOOTPATH_KERNELS");
	struct report_path report = { 0 };
	struct image *image = NULL;
	char name[1024];

	snprintf(name, sizeof(name), "%s/cloud/vmlinuz", kernels ? kernels : "o/kernels");
	if (image_open(&image, name, NULL) < 0)
		cr_skip("no cloud kernel");
	cr_assert(eq(int, image_unpack(image, NULL), 0));
	path_run(image, path, &path->variants[0], &options, &report);
	cr_expect(strstr(report.console, "SMBIOS 2.8 present.") != NULL, "%s", report.console);
	cr_expect(strstr(report.console,
			 "DMI: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1 04/01/2014") != NULL);
	report_path_release(&report);
	image_close(image);
}
