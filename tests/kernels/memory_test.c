/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies in memory when the kernel proper is entered: every byte of its ELF file, without KASLR.
 *
 * The decompressor changes none of them then: handle_relocations() in arch/x86/boot/compressed/misc.c returns at once
 * when the kernel lies where it was linked, and parse_elf() there only moves segments. kaslr_test.c has the other case.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/lib/kernels.h"

/* A stripped kernel of Debian's has tens of megabytes of text and data; less means that nothing was compared. */
#define KERNEL_BYTES_MIN MIB(8)

/* A 64-bit kernel that runs elsewhere than it was linked for is not relocated: only KASLR moves its virtual address. */
static void expect_kernel(const char *name, const char *path, const char *variant,
			  const char *symbol, bool moves)
{
	struct image *image = kernel_open(name);
	struct run_options options = kernel_options();
	struct kernel_run r;

	uint64_t moved;

	kernel_run(&r, image, path, variant, &options);
	cr_assert(eq(int, r.report.outcome, OUTCOME_PASS), "%s", r.report.reason);
	moved = cpu_pc(&r.kernel->cpu) - image->elf->entry_paddr;
	cr_expect(eq(int, moved != 0, moves), "moved by 0x%llx", (unsigned long long)moved);
	cr_expect(gt(u64, kernel_expect_loaded(&r, image, image->elf->data, moved),
		     KERNEL_BYTES_MIN));
	cr_expect(eq(str, (char *)r.kernel->symbol, (char *)symbol));
	kernel_run_release(&r);
	image_close(image);
}

/* The whole of p_memsz: nobody but the loader has run, so the part that is not in the file must be zero. */
static void expect_elf_loaded(const char *name)
{
	struct image *image = kernel_open(name);
	struct run_options options = kernel_options();
	struct kernel_run r;

	kernel_run(&r, image, "linux64", "vmm", &options);
	cr_expect(gt(u64, kernel_expect_loaded(&r, image, image->elf->data, 0), KERNEL_BYTES_MIN));
	cr_expect(gt(u64, kernel_expect_bss_zero(&r, image), 0));
	cr_expect(eq(u64, r.report.counts.instructions, 0));
	kernel_run_release(&r);
	image_close(image);
}

Test(memory, lz4_kernel_is_whole_behind_startup_32, .timeout = 300)
{
	expect_kernel("cloud", "linux32", "spec", "startup_64", false);
}

Test(memory, lz4_kernel_is_whole_behind_startup_64, .timeout = 300)
{
	expect_kernel("cloud", "linux64", "spec", "startup_64", false);
}

Test(memory, lz4_kernel_is_whole_behind_kexec, .timeout = 300)
{
	expect_kernel("cloud", "linux64", "kexec", "startup_64", true);
}

Test(memory, lz4_kernel_is_whole_behind_a_vmm)
{
	expect_elf_loaded("cloud");
}

Test(memory, kernel_6_12_is_whole_and_its_entry_is_not_its_start, .timeout = 600)
{
	expect_kernel("cloud612", "linux64", "spec", "startup_64", false);
}

/* Four and a half thousand million instructions each: not under AddressSanitizer. */
Test(memory, xz_kernel_is_whole_behind_startup_32, .timeout = 600)
{
	if (UNDER_ASAN)
		cr_skip("the XZ kernels run in the builds without sanitizers");
	expect_kernel("generic", "linux32", "spec", "startup_64", false);
}

Test(memory, xz_kernel_is_whole_behind_startup_64, .timeout = 600)
{
	if (UNDER_ASAN)
		cr_skip("the XZ kernels run in the builds without sanitizers");
	expect_kernel("generic", "linux64", "spec", "startup_64", false);
}

Test(memory, xz_kernel_is_whole_behind_a_vmm)
{
	expect_elf_loaded("generic");
}

/* A kernel without a 64-bit entry ends at its own startup_32. */
Test(memory, i386_kernel_is_whole_at_its_own_startup_32, .timeout = 600)
{
	if (UNDER_ASAN)
		cr_skip("the XZ kernels run in the builds without sanitizers");
	expect_kernel("i386", "linux32", "spec", "startup_32", false);
}

Test(memory, i386_kernel_offers_no_64_bit_entry)
{
	struct image *image = kernel_open("i386");

	cr_expect(not(image_entry_find(image, "linux64")->offered));
	cr_expect(image_entry_find(image, "linux32")->offered);
	image_close(image);
}
