/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paths efi and efi-handover:grub2-linuxefi side by side with OVMF 2022.11 and GRUB 2.06 under QEMU 7.2: the same
 * kernel, memory, command line, initrd size and memory map.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/machine.h"
#include "models/acpi.h"
#include "tests/oracle/capture.h"
#include "tools/efi_map_file.h"
#include "tools/report.h"

#define PINNED_SHA256 "51349501a3d1ff83836437d2b365fd2d57f2feb8642d315e5181dec23d4c3275"
#define MAP           "cloud61-ovmf-kernel.efi-memmap-pe.json"
#define ROWS_MAX      20
#define CMDLINE       "console=ttyS0 nokaslr"
#define INITRD_SIZE   0x10032 /* that GRUB loaded */
#define KERNEL        0x1600000u

/* Rows that may never be excused: selectors, CR0, CR4, EFER, E820, what efi_info says of the map, loader fields. */
static const char *const never[] = { "cr0",
				     "cr3",
				     "cr4",
				     "efer",
				     "es.",
				     "cs.",
				     "ss.",
				     "ds.",
				     "fs.",
				     "gs.",
				     "ldtr.",
				     "tr.",
				     "e820",
				     "bp.efi_info.efi_loader_signature",
				     "bp.efi_info.efi_memdesc",
				     "bp.efi_info.efi_memmap_size",
				     "bp.hdr.type_of_loader",
				     "bp.hdr.loadflags",
				     "bp.e820_entries",
				     "bp.secure_boot",
				     "command",
				     "gdt ",
				     NULL };

/* clang-format off */
static const struct known_row pe_known[] = {
	{ NULL, NULL },
};

static const struct known_row pe_kernel_known[] = {
	{ NULL, NULL },
};

static const struct known_row handover_known[] = {
	{ NULL, NULL },
};

static const struct known_row handover_kernel_known[] = {
	{ NULL, NULL },
};
/* clang-format on */

struct boot {
	const char *file, *stop;
	const char *path, *variant;
	enum point point;
	bool initrd;
	const struct known_row *known;
};

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

static void judge(const struct capture *c, const struct handover *h, const struct known_row *known)
{
	struct mem_reader mem = pages_reader(h->pages);
	struct buf out = { 0 };
	size_t excused = 0;

	capture_compare(c, &h->cpu, &mem, known, &excused, &out);
	cr_expect(eq(sz, out.len, 0), "%s", buf_str(&out));
	cr_expect(le(sz, excused, ROWS_MAX), "%zu rows", excused);
	for (size_t i = 0; known[i].row; i++)
		for (size_t k = 0; never[k]; k++)
			cr_expect(ne(int, strncmp(known[i].row, never[k], strlen(never[k])), 0),
				  "%s", known[i].row);
	buf_free(&out);
}

static void boot_judge(const struct boot *b)
{
	const struct sod_path *path = sod_path_find(b->path);
	struct run_options options = {
		.memory = MIB(512),
		.cmdline = CMDLINE,
		.cpu = CPU_QEMU64,
		.until = "startup_64",
		.keep_pages = true,
	};
	struct report_path report = { 0 };
	const struct handover *h = NULL;
	struct diag diag = { 0 };
	struct image *image;
	char map[1024], why[256] = "";
	uint8_t *initrd = calloc(1, INITRD_SIZE);
	struct capture *c = capture_open(b->file, b->stop, why);

	if (!c)
		cr_skip("%s", why);
	image = kernel_open();
	snprintf(map, sizeof(map), "%s/%s", capture_folder(), MAP);
	cr_assert(eq(int, efi_map_file_read(map, &options.efi_map, &options.efi_map_count, &diag),
		     0),
		  "%s", diag.text);
	if (b->initrd)
		options.initrd = (struct bytes){ initrd, INITRD_SIZE };
	path_run(image, path, sod_variant_find(path, b->variant), &options, &report);
	for (size_t i = 0; i < report.handover_count; i++) {
		if (report.handovers[i].point == b->point)
			h = &report.handovers[i];
		if (report.handovers[i].point == POINT_KERNEL)
			cr_expect(eq(u64, report.handovers[i].cpu.rip, KERNEL));
	}
	cr_assert(ne(ptr, (void *)h, NULL), "%s", report.reason);
	judge(c, h, b->known);

	report_path_release(&report);
	free(options.efi_map);
	free(initrd);
	image_close(image);
	capture_close(c);
}

Test(efi, entry_is_what_ovmf_leaves, .timeout = 60)
{
	boot_judge(&(const struct boot){ .file = "cloud61-ovmf-kernel.json",
					 .stop = "pe",
					 .path = "efi",
					 .variant = "spec",
					 .point = POINT_ENTRY,
					 .known = pe_known });
}

Test(efi, kernel_finds_what_it_finds_under_ovmf, .timeout = 60)
{
	boot_judge(&(const struct boot){ .file = "cloud61-ovmf-kernel.json",
					 .stop = "startup",
					 .path = "efi",
					 .variant = "spec",
					 .point = POINT_KERNEL,
					 .known = pe_kernel_known });
}

Test(efi, entry_is_what_grub_leaves_at_the_handover, .timeout = 60)
{
	boot_judge(&(const struct boot){ .file = "cloud61-ovmf-grub206-linuxefi.json",
					 .stop = "ho64",
					 .path = "efi-handover",
					 .variant = "grub2-linuxefi",
					 .point = POINT_ENTRY,
					 .initrd = true,
					 .known = handover_known });
}

Test(efi, kernel_finds_what_it_finds_behind_grub, .timeout = 60)
{
	boot_judge(&(const struct boot){ .file = "cloud61-ovmf-grub206-linuxefi.json",
					 .stop = "startup",
					 .path = "efi-handover",
					 .variant = "grub2-linuxefi",
					 .point = POINT_KERNEL,
					 .initrd = true,
					 .known = handover_kernel_known });
}
