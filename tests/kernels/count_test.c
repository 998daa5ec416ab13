/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Retired instructions: as many as QEMU counts, and the same whatever else is watched. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "emu/machine_impl.h" /* engine_watch_stores() */
#include "tests/lib/kernels.h"

/*
 * QEMU 7.2.22, TCG, -cpu qemu64, nokaslr, one instruction at a time with a plugin, from the compressed startup_64
 * to the kernel proper's: 98.86 million. It goes another way through the boot (SeaBIOS, 32-bit entry), so page
 * faults and tables differ a little.
 */
#define QEMU_INSTRUCTIONS 98860000.0

Test(count, instructions_to_startup_64_are_qemus_within_one_percent, .timeout = 300)
{
	struct image *image = kernel_open("cloud");
	struct run_options options = kernel_options();
	struct kernel_run r;

	if (strcmp(image->sha256, CLOUD_PINNED_SHA256) != 0)
		cr_skip("the cloud kernel is not the one that QEMU's count was taken with");
	options.cpu = CPU_QEMU64;
	options.keep_pages = false;
	kernel_run(&r, image, "linux64", "spec", &options);
	cr_assert(ne(ptr, (void *)(uintptr_t)r.kernel, NULL), "%s", r.report.reason);
	cr_expect(epsilon_eq(dbl,
			     (double)(r.kernel->instructions -
				      kernel_run_at(&r, POINT_COMPRESSED)->instructions),
			     QEMU_INSTRUCTIONS, QEMU_INSTRUCTIONS / 100));
	kernel_run_release(&r);
	image_close(image);
}

struct arrival {
	gva_t pc;
};

static bool arrived(struct machine *m, gva_t pc, gpa_t gpa, void *arg)
{
	const struct arrival *a = arg;

	(void)m;
	(void)gpa;
	return pc == a->pc;
}

/* linux64 to the kernel proper on a machine that @extra says how to burden; its digest. */
static void digest_with(const struct image *image, bool breakpoint, bool stores, char ret[33])
{
	const struct run_limits limits = { .max_instructions = 1000000000 };
	struct arrival arrival = { .pc = image->elf->entry_paddr };
	const struct sod_path *path = sod_path_find("linux64");
	struct start_of_day sod = { 0 };
	struct platform platform;
	struct diag diag = { 0 };
	struct machine *m;
	struct stop stop;

	cr_assert(eq(int, platform_init(&platform, PLATFORM_MEMORY_DEFAULT, &diag), 0));
	platform.cmdline = "nokaslr";
	cr_assert(eq(int, path->build(image, &platform, &path->variants[0], &sod, &diag), 0), "%s",
		  diag.text);
	cr_assert(eq(int, machine_create(&m, &platform, &diag), 0), "%s", diag.text);
	cr_assert(eq(int, sod_enter(&sod, m, &diag), 0), "%s", diag.text);
	machine_on_arrival(m, arrived, &arrival);
	/* In the middle of the identity-mapped RAM, where no code ever lies. */
	if (breakpoint)
		cr_assert(eq(int, machine_break_add(m, MIB(448) + 1), 0));
	if (stores)
		cr_assert(eq(int, engine_watch_stores(m->engine, true), 0));
	machine_run(m, &limits, &stop);
	cr_expect(eq(int, stop.kind, STOP_POINT), "%s", stop.text);
	machine_digest(m, ret);
	machine_destroy(m);
	sod_release(&sod);
	platform_release(&platform);
}

Test(count, digest_is_the_same_with_a_breakpoint_that_never_hits, .timeout = 300)
{
	struct image *image = kernel_open("cloud");
	char bare[33], burdened[33];

	digest_with(image, false, false, bare);
	digest_with(image, true, false, burdened);
	cr_expect(eq(str, bare, burdened));
	image_close(image);
}

Test(count, digest_is_the_same_while_every_store_is_watched, .timeout = 600)
{
	struct image *image = kernel_open("cloud");
	char bare[33], burdened[33];

	if (UNDER_ASAN)
		cr_skip("a store hook makes every access slow: in the builds without sanitizers");
	digest_with(image, false, false, bare);
	digest_with(image, false, true, burdened);
	cr_expect(eq(str, bare, burdened));
	image_close(image);
}
