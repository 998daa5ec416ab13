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

/* Rows that may never be excused: selectors, CR0, CR4, EFER, E820, efi_info's signature and descriptors, loader fields. */
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
				     "bp.hdr.type_of_loader",
				     "bp.hdr.loadflags",
				     "bp.e820_entries",
				     "bp.secure_boot",
				     "command",
				     "gdt ",
				     NULL };

/* clang-format off */
#define OVMF_OWN    "OVMF's or its boot manager's own; UEFI 2.10, 2.3.4.1 leaves it open"
#define FIRMWARE_AT "an address of firmware's own, in a region that the map gives to firmware as well"
#define STUB_OWN    "what the stub's code leaves there depends on addresses of its buffers and on the lengths of firmware's strings"
#define GRUB_AT     "GRUB takes it from what its own 40 MiB heap leaves; ours has none"
#define GRUB_STACK  "from GRUB's stack: addresses in its heap there, bytes from the seed here"

static const struct known_row pe_known[] = {
	{ "rax", OVMF_OWN }, { "rsi", OVMF_OWN }, { "rdi", OVMF_OWN }, { "rbp", OVMF_OWN }, { "r8", OVMF_OWN },
	{ "r9", OVMF_OWN }, { "r10", OVMF_OWN }, { "r12", OVMF_OWN }, { "r14", OVMF_OWN },
	{ "rcx", "the image's handle: " FIRMWARE_AT },
	{ "rsp", "OVMF's stack has a little less than the 128 KiB that UEFI asks for" },
	{ "idtr.base", FIRMWARE_AT },
	{ "page tables", "OVMF protects the sections of its runtime drivers page by page, and has no room to split a page in the pool" },
	{ NULL, NULL },
};

static const struct known_row pe_kernel_known[] = {
	{ "rbp", STUB_OWN }, { "r12", STUB_OWN }, { "r14", STUB_OWN },
	{ "rsp", "as at the entry" },
	{ "idtr.base", "as at the entry" },
	{ "page tables", "as at the entry; and OVMF 2022.11 has no memory attribute protocol, by which the stub asks for the kernel's text read-only" },
	{ "r8", "descriptors in the memory map: see efi_memmap_size" },
	{ "bp.screen_info.lfb_base", "q35 has its window for PCI there; this machine may have RAM" },
	{ "bp.efi_info.efi_memmap", "the stub's pool of ACPI memory: OVMF has tables before it" },
	{ "bp.efi_info.efi_memmap_size", "one descriptor less: the one of the PCI ROM's setup_data" },
	{ "bp.hdr.cmd_line_ptr", "24 bytes: what edk2's pool has at the start of a block" },
	{ "bp.hdr.setup_data", "the ROM of a PCI card, which this machine has none of" },
	{ NULL, NULL },
};

static const struct known_row handover_known[] = {
	{ "rax", GRUB_AT }, { "r8", GRUB_AT }, { "r10", GRUB_AT }, { "r11", GRUB_AT }, { "r12", GRUB_AT }, { "r14", GRUB_AT },
	{ "r15", GRUB_AT },
	{ "rcx", "the entry's address, as RIP" }, { "rip", GRUB_AT }, { "rdx", GRUB_AT },
	{ "rdi", "GRUB's image handle: " FIRMWARE_AT },
	{ "rsp", "the stack is OVMF's, and GRUB uses some of it" },
	{ "idtr.base", FIRMWARE_AT },
	{ "page tables", "as at the PE entry" },
	{ "bp.hdr.code32_start", GRUB_AT }, { "bp.hdr.ramdisk_image", GRUB_AT }, { "bp.hdr.cmd_line_ptr", GRUB_AT },
	{ "bp.hdr.kernel_info_offset", GRUB_STACK }, { "bp.edd_mbr_sig_buffer*", GRUB_STACK }, { "bp+0x2*", GRUB_STACK },
	{ NULL, NULL },
};

static const struct known_row handover_kernel_known[] = {
	{ "rbx", GRUB_AT }, { "rsi", GRUB_AT }, { "r9", "as RIP at the entry" },
	{ "rbp", STUB_OWN }, { "r12", STUB_OWN }, { "r14", STUB_OWN },
	{ "rsp", "as at the entry" },
	{ "idtr.base", "as at the entry" },
	{ "page tables", "as at the kernel without GRUB" },
	{ "r8", "descriptors in the memory map: see efi_memmap_size" },
	{ "bp.screen_info.lfb_base", "q35 has its window for PCI there; this machine may have RAM" },
	{ "bp.efi_info.efi_memmap", "as at the kernel without GRUB" },
	{ "bp.efi_info.efi_memmap_size", "GRUB's own memory lies otherwise" },
	{ "bp.hdr.code32_start", GRUB_AT }, { "bp.hdr.ramdisk_image", GRUB_AT }, { "bp.hdr.cmd_line_ptr", GRUB_AT },
	{ "bp.hdr.setup_data", "the ROM of a PCI card, which this machine has none of" },
	{ "bp.hdr.kernel_info_offset", GRUB_STACK }, { "bp.edd_mbr_sig_buffer*", GRUB_STACK }, { "bp+0x2*", GRUB_STACK },
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
		.gop_width = 1280, /* QEMU's std VGA, as OVMF sets it up */
		.gop_height = 800,
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
