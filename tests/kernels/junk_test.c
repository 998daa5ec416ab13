/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux32:junk and linux64:junk: what boot.rst leaves open may hold anything, and the kernel proper is entered all the same. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "tests/lib/kernels.h"

#define SEEDS 4u

/*
 * What of the entry's junk may still be there: CR2 has no meaning without a fault; linux-source-6.1
 * arch/x86/boot/compressed/head_64.S keeps CR4.MCE, and uses R12 to R14 for nothing that it hands on.
 */
static void drop_leftovers(struct cpu_state *cpu)
{
	cpu->cr2 = 0;
	cpu->cr4 &= ~CR4_MCE;
	cpu->gpr[GPR_R12] = cpu->gpr[GPR_R13] = cpu->gpr[GPR_R14] = 0;
}

static void expect_same(const struct kernel_run *want, const struct kernel_run *got)
{
	struct cpu_state a = want->kernel->cpu, b = got->kernel->cpu;
	uint8_t bp[2][4096];

	drop_leftovers(&a);
	drop_leftovers(&b);
	for (size_t i = 0; i < reg_info_count; i++)
		cr_expect(eq(u64, reg_get(&b, &reg_infos[i]), reg_get(&a, &reg_infos[i])), "%s",
			  reg_infos[i].name);
	for (unsigned i = SEG_ES; i <= SEG_GS; i++) {
		cr_expect(eq(u64, b.seg[i].selector, a.seg[i].selector), "segment %u", i);
		cr_expect(eq(u64, b.seg[i].base, a.seg[i].base), "segment %u", i);
	}
	cr_expect(eq(u64, b.gdtr.base, a.gdtr.base));
	cr_expect(eq(u64, b.idtr.base, a.idtr.base));
	cr_assert(eq(int, pages_read(want->kernel->pages, want->kernel->boot_params, bp[0], 4096),
		     0));
	cr_assert(
		eq(int, pages_read(got->kernel->pages, got->kernel->boot_params, bp[1], 4096), 0));
	cr_expect(eq(int, memcmp(bp[0], bp[1], 4096), 0), "boot_params");
}

static void expect_junk_does_not_matter(const char *path)
{
	struct image *image = kernel_open("cloud");
	struct run_options options = kernel_options();
	struct kernel_run spec;

	kernel_run(&spec, image, path, "spec", &options);
	cr_assert(ne(ptr, (void *)(uintptr_t)spec.kernel, NULL), "%s", spec.report.reason);
	for (options.seed = 0; options.seed < SEEDS; options.seed++) {
		struct kernel_run r;

		kernel_run(&r, image, path, "junk", &options);
		cr_assert(ne(ptr, (void *)(uintptr_t)r.kernel, NULL), "%s", r.report.reason);
		expect_same(&spec, &r);
		kernel_expect_loaded(&r, image, image->elf->data, 0);
		kernel_run_release(&r);
	}
	kernel_run_release(&spec);
	image_close(image);
}

Test(junk, what_the_32_bit_protocol_leaves_open_does_not_matter, .timeout = 300)
{
	expect_junk_does_not_matter("linux32");
}

Test(junk, what_the_64_bit_protocol_leaves_open_does_not_matter, .timeout = 300)
{
	expect_junk_does_not_matter("linux64");
}

/* LEA into ESP, by which startup_32 makes its first stack in boot_params at ESI, takes EDX. */
Test(junk, a_kernel_that_reads_edx_is_found, .timeout = 300)
{
	static const uint8_t lea[] = { 0x8d, 0xa6 };
	struct image *sound = kernel_open("cloud"), *image;
	struct run_options options = kernel_options();
	uint8_t *bytes = malloc(sound->file.len);
	uint64_t at = sound->bz->setup_size + 2;
	struct diag diag = { 0 };
	struct kernel_run r;

	cr_assert(ne(ptr, bytes, NULL));
	memcpy(bytes, sound->file.data, sound->file.len);
	cr_assert(eq(int, memcmp(bytes + at, lea, sizeof(lea)), 0));
	bytes[at + 1] = 0xa2;
	cr_assert(eq(int,
		     image_from_bytes(&image, "reads-edx", (struct bytes){ bytes, sound->file.len },
				      &diag),
		     0),
		  "%s", diag.text);
	free(bytes);
	cr_assert(eq(int, image_unpack(image, &diag), 0), "%s", diag.text);
	options.max_instructions = 200000000;
	kernel_run(&r, image, "linux32", "spec", &options);
	cr_expect(ne(ptr, (void *)(uintptr_t)r.kernel, NULL), "%s", r.report.reason);
	kernel_run_release(&r);
	kernel_run(&r, image, "linux32", "junk", &options);
	cr_expect(eq(ptr, (void *)(uintptr_t)r.kernel, NULL), "%s", r.report.reason);
	kernel_run_release(&r);
	image_close(image);
	image_close(sound);
}
