/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KASLR: the kernel moves with the seed and with nothing else, and is relocated as its own table says. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "tests/lib/kernels.h"

#define SEEDS   5u
#define PT_LOAD 1u

#define START_KERNEL_MAP 0xffffffff80000000ull /* arch/x86/include/asm/page_64_types.h */

/* Of an entry of the relocation table: where it was linked to lie. The per-CPU data, linked at 0, counts like the rest. */
static gpa_t entry_address(const uint8_t *entry)
{
	return (uint64_t)(int32_t)get_le32(entry) - START_KERNEL_MAP;
}

/* The bytes of the ELF copy @elf that lie at @gpa when it is not moved; NULL when the file has none for it. */
static uint8_t *elf_at(const struct image *image, uint8_t *elf, gpa_t gpa, size_t size)
{
	for (unsigned i = 0; i < image->elf->segment_count; i++) {
		const struct elf_segment *s = &image->elf->segments[i];

		if (s->type == PT_LOAD && gpa >= s->paddr && gpa - s->paddr + size <= s->filesz)
			return elf + s->offset + (gpa - s->paddr);
	}
	return NULL;
}

/*
 * The table that arch/x86/tools/relocs.c puts behind the ELF, read from the end as handle_relocations() in
 * arch/x86/boot/compressed/misc.c does: three lists of 32-bit virtual addresses, each ended by a zero. The first
 * names 32-bit words to add @delta to, the second words to take it from, the third 64-bit words to add it to.
 * Returns how many words there were.
 */
static unsigned elf_relocate(const struct image *image, uint8_t *elf, uint64_t delta)
{
	const uint8_t *p = image->payload.data + image->payload.len;
	unsigned count = 0;

	for (unsigned list = 0; list < 3; list++) {
		for (p -= 4; get_le32(p); p -= 4, count++) {
			size_t size = list == 2 ? 8 : 4;
			uint8_t *at = elf_at(image, elf, entry_address(p), size);

			cr_assert(gt(ptr, (void *)(uintptr_t)p,
				     (void *)(uintptr_t)image->payload.data));
			if (!at)
				continue;
			if (list == 0)
				put_le32(at, get_le32(at) + (uint32_t)delta);
			else if (list == 1)
				put_le32(at, get_le32(at) - (uint32_t)delta);
			else
				put_le64(at, get_le64(at) + delta);
		}
	}
	return count;
}

/* How far the virtual address was moved, told by the first word of the table. */
static uint64_t virtual_move(const struct kernel_run *r, const struct image *image, uint64_t moved)
{
	gpa_t gpa = entry_address(image->payload.data + image->payload.len - 4);
	const uint8_t *was = elf_at(image, (uint8_t *)(uintptr_t)image->elf->data.data, gpa, 4);
	uint8_t now[4];

	cr_assert(ne(ptr, (void *)(uintptr_t)was, NULL));
	cr_assert(eq(int, pages_read(r->kernel->pages, gpa + moved, now, 4), 0));
	return get_le32(now) - get_le32(was);
}

static struct run_options seeded(uint64_t seed)
{
	struct run_options options = kernel_options();

	options.cmdline = "";
	options.seed = seed;
	options.max_instructions = 300000000; /* about 101 million are needed */
	return options;
}

Test(kaslr, kernel_is_relocated_as_its_table_says, .timeout = 300)
{
	struct image *image = kernel_open("cloud");
	struct run_options options = seeded(1);
	struct bytes file = image->elf->data;
	struct kernel_run r;
	uint64_t moved, delta;
	uint8_t *elf;

	kernel_run(&r, image, "linux64", "spec", &options);
	cr_assert(eq(int, r.report.outcome, OUTCOME_PASS), "%s", r.report.reason);
	moved = cpu_pc(&r.kernel->cpu) - image->elf->entry_paddr;
	delta = virtual_move(&r, image, moved);
	cr_expect(ne(u64, delta, 0));
	cr_expect(eq(u64, delta % image->bz->kernel_alignment, 0));
	cr_expect(eq(u64, moved % image->bz->kernel_alignment, 0));
	elf = malloc(file.len);
	cr_assert(ne(ptr, elf, NULL));
	memcpy(elf, file.data, file.len);
	cr_expect(gt(u32, elf_relocate(image, elf, delta), 10000));
	cr_expect(gt(u64, kernel_expect_loaded(&r, image, (struct bytes){ elf, file.len }, moved),
		     MIB(8)));
	free(elf);
	kernel_run_release(&r);
	image_close(image);
}

Test(kaslr, kernel_moves_with_the_seed_and_a_seed_gives_one_digest, .timeout = 600)
{
	struct image *image = kernel_open("cloud");
	uint64_t places[SEEDS];
	unsigned different = 0;

	for (unsigned i = 0; i < SEEDS; i++) {
		struct run_options options = seeded(i + 1);
		struct kernel_run a, b;

		options.keep_pages = false;
		kernel_run(&a, image, "linux64", "spec", &options);
		kernel_run(&b, image, "linux64", "spec", &options);
		cr_assert(eq(int, a.report.outcome, OUTCOME_PASS), "%s", a.report.reason);
		cr_expect(eq(str, a.report.digest, b.report.digest), "seed %u", i + 1);
		places[i] = cpu_pc(&a.kernel->cpu);
		for (unsigned k = 0; k < i; k++)
			different += places[k] != places[i];
		kernel_run_release(&a);
		kernel_run_release(&b);
	}
	/* Of about two hundred places in 512 MiB: two of five seeds may meet in one, all pairs but one may not. */
	cr_expect(ge(u32, different, SEEDS * (SEEDS - 1) / 2 - 1));
	image_close(image);
}
