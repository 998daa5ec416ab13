/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EFI stub of real kernels on our firmware: what it is given arrives in boot_params, and the kernel goes on from there. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "emu/base/rng.h"
#include "loaders/bootparam.h"
#include "models/efi.h"
#include "tests/lib/kernels.h"

#define INITRD_SIZE 1000003u

static uint64_t bp_at(const struct handover *h, enum bp_field field)
{
	uint8_t page[BOOT_PARAMS_SIZE];

	cr_assert(h && h->boot_params);
	cr_assert(!pages_read(h->pages, h->boot_params, page, sizeof(page)));
	return bp_get(page, field);
}

static void expect_pass(const struct kernel_run *r)
{
	cr_assert(r->report.outcome == OUTCOME_PASS, "%s: %s", outcome_names[r->report.outcome],
		  r->report.reason);
	cr_assert(r->kernel);
}

/* drivers/firmware/efi/libstub/efi-stub-helper.c says so when it took this way. */
#define LOADED "EFI stub: Loaded initrd from LINUX_EFI_INITRD_MEDIA_GUID device path"

static void initrd_arrives(const char *name)
{
	struct image *image = kernel_open(name);
	struct run_options options = kernel_options();
	uint8_t *initrd = malloc(INITRD_SIZE), *got = malloc(INITRD_SIZE);
	struct kernel_run r;
	struct rng rng;

	rng_init(&rng, 1, "initrd");
	rng_fill(&rng, initrd, INITRD_SIZE);
	options.initrd = (struct bytes){ initrd, INITRD_SIZE };
	kernel_run(&r, image, "efi", "spec", &options);
	expect_pass(&r);
	cr_expect(strstr(r.report.console, LOADED), "the console says: %s", r.report.console);
	cr_expect(bp_at(r.kernel, BP_HDR_RAMDISK_SIZE) == INITRD_SIZE);
	cr_assert(!pages_read(r.kernel->pages, bp_at(r.kernel, BP_HDR_RAMDISK_IMAGE), got,
			      INITRD_SIZE));
	cr_expect(memcmp(got, initrd, INITRD_SIZE) == 0, "its bytes are others");
	kernel_run_release(&r);
	options.initrd = (struct bytes){ 0 };
	kernel_run(&r, image, "efi", "spec", &options);
	expect_pass(&r);
	cr_expect(!strstr(r.report.console, LOADED));
	cr_expect(bp_at(r.kernel, BP_HDR_RAMDISK_SIZE) == 0);
	kernel_run_release(&r);
	free(initrd);
	free(got);
	image_close(image);
}

Test(efi_stub, initrd_arrives_by_its_media_guid_6_1)
{
	initrd_arrives("cloud");
}

Test(efi_stub, initrd_arrives_by_its_media_guid_6_12)
{
	initrd_arrives("cloud612");
}

/*
 * OVMF's capture of the same kernel (cloud61-ovmf-kernel) stands at 0x1600000: the first free
 * multiple of kernel_alignment above LOAD_PHYSICAL_ADDR in OVMF's map, which has 0x1500000 in use.
 */
Test(efi_stub, kernel_stands_where_ovmf_has_it)
{
	struct image *image = kernel_open("cloud");
	struct run_options options = kernel_options();
	uint8_t table[EFI_ST_SIZE];
	struct kernel_run r;
	gpa_t systab;

	kernel_run(&r, image, "efi", "spec", &options);
	expect_pass(&r);
	cr_expect(r.kernel->cpu.rip == 0x1600000, "0x%llx", (unsigned long long)r.kernel->cpu.rip);
	/* include/linux/efi.h, enum efi_secureboot_mode: efi_secureboot_mode_disabled, as captured */
	cr_expect(bp_at(r.kernel, BP_SECURE_BOOT) == 2);
	cr_expect(bp_at(r.kernel, BP_EFI_INFO_EFI_LOADER_SIGNATURE) == 0x34364c45, "EL64");
	cr_expect(bp_at(r.kernel, BP_EFI_INFO_EFI_MEMDESC_SIZE) == 48);
	cr_expect(bp_at(r.kernel, BP_EFI_INFO_EFI_MEMDESC_VERSION) == 1);
	systab = bp_at(r.kernel, BP_EFI_INFO_EFI_SYSTAB) |
		 bp_at(r.kernel, BP_EFI_INFO_EFI_SYSTAB_HI) << 32;
	cr_assert(!pages_read(r.kernel->pages, systab, table, sizeof(table)));
	cr_expect(memcmp(table, "IBI SYST", 8) == 0);
	/* UEFI 2.10, 7.4.6: boot services and consoles are gone from it. */
	cr_expect(get_le64(table + 0x60) == 0 && get_le64(table + 0x40) == 0);
	kernel_run_release(&r);
	image_close(image);
}

Test(efi_stub, secure_boot_as_the_variables_say)
{
	static const uint8_t on = 1, off = 0;
	struct efi_preset vars[2] = {
		{ .name = "SecureBoot", .attributes = 6, .data = { &on, 1 } },
		{ .name = "SetupMode", .attributes = 6, .data = { &off, 1 } },
	};
	struct image *image = kernel_open("cloud");
	struct run_options options = kernel_options();
	struct kernel_run r;

	for (unsigned i = 0; i < ARRAY_SIZE(vars); i++)
		memcpy(vars[i].guid, efi_guid(EFI_GUID_GLOBAL_VARIABLE)->b, 16);
	options.efi_vars = vars;
	options.efi_vars_count = ARRAY_SIZE(vars);
	kernel_run(&r, image, "efi", "spec", &options);
	expect_pass(&r);
	cr_expect(strstr(r.report.console, "EFI stub: UEFI Secure Boot is enabled."));
	/* efi_secureboot_mode_enabled */
	cr_expect(bp_at(r.kernel, BP_SECURE_BOOT) == 3);
	kernel_run_release(&r);
	image_close(image);
}

static void runs_on(const char *name)
{
	struct image *image = kernel_open(name);
	struct run_options options = kernel_options();
	struct kernel_run r;

	options.until = "start_kernel";
	options.keep_pages = false;
	kernel_run(&r, image, "efi", "spec", &options);
	expect_pass(&r);
	cr_expect(strstr(r.report.reason, "reached start_kernel"), "%s", r.report.reason);
	kernel_run_release(&r);
	image_close(image);
}

Test(efi_stub, kernel_runs_on_to_start_kernel_6_1)
{
	runs_on("cloud");
}

Test(efi_stub, kernel_runs_on_to_start_kernel_6_12)
{
	runs_on("cloud612");
}

Test(efi_stub, kernel_runs_on_to_start_kernel_xz)
{
	if (UNDER_ASAN)
		cr_skip("minutes under AddressSanitizer");
	runs_on("generic");
}
