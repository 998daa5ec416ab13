/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing states laid out by hand: ranges cut otherwise, moved kernels, fields, and which register an instruction writes. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "emu/decode.h"
#include "tools/diff_kernel.h"
#include "tools/diff_spans.h"

static bool value_text(const struct span *s, char *text, size_t size)
{
	snprintf(text, size, "%llu at 0x%llx", (unsigned long long)s->value[0],
		 (unsigned long long)s->start);
	return true;
}

static void expect_item(const struct diff *d, size_t i, const char *name, const char *a,
			const char *b)
{
	cr_assert(lt(sz, i, d->count));
	cr_expect(eq(str, d->items[i].name, (char *)(uintptr_t)name));
	for (unsigned side = 0; side < 2; side++) {
		const char *want = side ? b : a, *got = d->items[i].side[side].text;

		if (!want || !got)
			cr_expect(eq(ptr, (void *)(uintptr_t)got, (void *)(uintptr_t)want), "%s",
				  name);
		else
			cr_expect(eq(str, (char *)(uintptr_t)got, (char *)(uintptr_t)want));
	}
}

Test(diff_spans, ranges_that_are_cut_otherwise_are_equal)
{
	struct span a[] = { { .start = 0, .last = 0xfff, .value = { 1 } } };
	struct span b[] = { { .start = 0, .last = 0x7ff, .value = { 1 } },
			    { .start = 0x800, .last = 0xfff, .value = { 1 } } };
	struct span_list list[2] = { { a, 1 }, { b, 2 } };
	struct diff d = { 0 };

	diff_spans(&d, DIFF_E820, list, value_text);
	cr_expect(eq(sz, d.count, 0));
	diff_release(&d);
}

/* A: [0,fff]=1, [3000, top]=2. B: [800,1fff]=1, [3000, top]=3. */
Test(diff_spans, each_stretch_that_differs_alike_is_one_difference_up_to_the_top)
{
	struct span a[] = { { .start = 0, .last = 0xfff, .value = { 1 } },
			    { .start = 0x3000, .last = UINT64_MAX, .value = { 2 } } };
	struct span b[] = { { .start = 0x800, .last = 0x1fff, .value = { 1 } },
			    { .start = 0x3000, .last = UINT64_MAX, .value = { 3 } } };
	struct span_list list[2] = { { a, 2 }, { b, 2 } };
	struct diff d = { 0 };

	diff_spans(&d, DIFF_E820, list, value_text);
	cr_assert(eq(sz, d.count, 3));
	expect_item(&d, 0, "0x0-0x7ff", "1 at 0x0", NULL);
	expect_item(&d, 1, "0x1000-0x1fff", NULL, "1 at 0x1000");
	expect_item(&d, 2, "0x3000-0xffffffffffffffff", "2 at 0x3000", "3 at 0x3000");
	diff_release(&d);
}

Test(diff_spans, a_border_inside_of_a_stretch_does_not_cut_it)
{
	struct span a[] = { { .start = 0, .last = 0xfff, .value = { 1 } } };
	struct span b[] = { { .start = 0, .last = 0x7ff, .value = { 2 } },
			    { .start = 0x800, .last = 0xfff, .value = { 2 } } };
	struct span_list list[2] = { { a, 1 }, { b, 2 } };
	struct diff d = { 0 };

	diff_spans(&d, DIFF_E820, list, value_text);
	cr_assert(eq(sz, d.count, 1));
	expect_item(&d, 0, "0x0-0xfff", "1 at 0x0", "2 at 0x0");
	diff_release(&d);
}

Test(diff_list, what_is_ignored_is_counted_and_not_kept)
{
	static const char *const ignore[] = { "memory", "registers.r1?", NULL };
	struct diff d = { .ignore = ignore };

	cr_expect(eq(ptr, diff_add(&d, DIFF_MEMORY, "initrd", "1", "2"), NULL));
	cr_expect(eq(ptr, diff_add(&d, DIFF_REGISTERS, "r15", "1", "2"), NULL));
	cr_expect(ne(ptr, diff_add(&d, DIFF_REGISTERS, "r9", "1", "2"), NULL));
	cr_expect(eq(sz, d.ignored, 2));
	cr_expect(eq(sz, d.count, 1));
	diff_release(&d);
}

/* --- the kernel --- */

#define KERNEL_AT   0x100000u
#define KERNEL_SIZE 0x200000u /* two chunks */
#define LOADED      0x180000u

struct two_kernels {
	struct elf_image elf;
	struct image image;
	struct regions ram, parts;
	struct kernel_side side[2];
};

static void kernels_make(struct two_kernels *k)
{
	*k = (struct two_kernels){
		.elf = { .load_start = KERNEL_AT,
			 .segments = { { .type = 1, .paddr = KERNEL_AT, .filesz = LOADED } },
			 .segment_count = 1 },
	};
	k->image.elf = &k->elf;
	cr_assert(eq(int, regions_set(&k->ram, 0, 0x800000, 0), 0));
	cr_assert(eq(int, regions_set(&k->parts, 0, 0x800000, 7), 0));
	for (unsigned side = 0; side < 2; side++)
		k->side[side] = (struct kernel_side){
			.image = &k->image,
			.pages = pages_create(&k->ram),
			.gpa = side ? 0x400000 : KERNEL_AT,
			.parts = &k->parts,
			.part = 7,
		};
}

static void kernel_word(struct two_kernels *k, unsigned side, uint64_t at, uint32_t word)
{
	uint8_t bytes[4];

	put_le32(bytes, word);
	cr_assert(eq(int,
		     pages_put((struct pages *)(uintptr_t)k->side[side].pages,
			       k->side[side].gpa + at, bytes, 4),
		     0));
}

static void kernels_free(struct two_kernels *k)
{
	pages_destroy((struct pages *)(uintptr_t)k->side[0].pages);
	pages_destroy((struct pages *)(uintptr_t)k->side[1].pages);
	regions_free(&k->ram);
	regions_free(&k->parts);
}

/* handle_relocations() adds the distance to most words, and takes it from those relative to per-CPU data. */
Test(diff_kernel, words_that_relocation_moved_are_told_from_other_bytes)
{
	const uint32_t distance = 0x1c200000;
	struct kernel_compare c;
	struct two_kernels k;

	kernels_make(&k);
	kernel_word(&k, 0, 0x10, 0x81000000);
	kernel_word(&k, 1, 0x10, 0x81000000 - distance);
	kernel_word(&k, 0, 0x21, 0x1000);
	kernel_word(&k, 1, 0x21, 0x1000 + distance);
	/* Across the border of two chunks. */
	kernel_word(&k, 0, 0xffffe, 0x82345678);
	kernel_word(&k, 1, 0xffffe, 0x82345678 - distance);
	kernel_word(&k, 0, 0x180, 0x11);
	kernel_word(&k, 0, LOADED + 0x40, 0x2222);
	cr_assert(eq(int, kernel_compare(k.side, KERNEL_SIZE, distance, &c), 0));
	cr_expect(eq(u64, c.moved, 3));
	cr_expect(eq(u64, c.loaded.count, 1));
	cr_expect(eq(u64, c.loaded.first, 0x180));
	cr_expect(eq(u64, c.empty.count, 2));
	cr_expect(eq(u64, c.empty.first, LOADED + 0x40));
	cr_expect(eq(u64, c.empty.last, LOADED + 0x41));
	kernels_free(&k);
}

Test(diff_kernel, without_a_distance_every_byte_counts)
{
	struct kernel_compare c;
	struct two_kernels k;

	kernels_make(&k);
	kernel_word(&k, 0, 0x10, 0x81000000);
	kernel_word(&k, 1, 0x10, 0x64e00000);
	cr_assert(eq(int, kernel_compare(k.side, KERNEL_SIZE, 0, &c), 0));
	cr_expect(eq(u64, c.moved, 0));
	cr_expect(eq(u64, c.loaded.count, 2));
	kernels_free(&k);
}

/* --- who writes a register: SDM volume 2, the instructions' own pages --- */

#define WRITTEN(bits, ...)                                                                       \
	insn_written((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), \
		     bits)

Test(insn_written, instructions_write_what_the_manual_says)
{
	/* mov %eax, %ds; mov %eax, %ss */
	cr_expect(eq(u32, WRITTEN(64, 0x8e, 0xd8), WRITTEN_SEG(SEG_DS)));
	cr_expect(eq(u32, WRITTEN(64, 0x8e, 0xd0), WRITTEN_SEG(SEG_SS)));
	/* mov $1, %al is a part of RAX; xor writes the flags, too */
	cr_expect(eq(u32, WRITTEN(64, 0xb0, 0x01), BIT(GPR_RAX)));
	cr_expect(eq(u32, WRITTEN(64, 0x31, 0xdb), BIT(GPR_RBX) | WRITTEN_FLAGS));
	/* push and pop move the stack pointer */
	cr_expect(eq(u32, WRITTEN(64, 0x55), BIT(GPR_RSP)));
	cr_expect(eq(u32, WRITTEN(64, 0x41, 0x5f), BIT(GPR_RSP) | BIT(GPR_R15)));
	/* mov %rax, %cr3; mov %eax, %cr0; lgdt (%rax); lidt (%rax); ltr %ax */
	cr_expect(eq(u32, WRITTEN(64, 0x0f, 0x22, 0xd8) & ~WRITTEN_FLAGS, WRITTEN_CR3));
	cr_expect(eq(u32, WRITTEN(32, 0x0f, 0x22, 0xc0) & ~WRITTEN_FLAGS, WRITTEN_CR0));
	cr_expect(eq(u32, WRITTEN(64, 0x0f, 0x01, 0x10), WRITTEN_GDTR));
	cr_expect(eq(u32, WRITTEN(64, 0x0f, 0x01, 0x18), WRITTEN_IDTR));
	cr_expect(eq(u32, WRITTEN(64, 0x0f, 0x00, 0xd8), WRITTEN_SEG(SEG_TR)));
	/* lretq loads CS; rep movsq moves RSI, RDI and RCX */
	cr_expect(eq(u32, WRITTEN(64, 0x48, 0xcb), WRITTEN_SEG(SEG_CS) | BIT(GPR_RSP)));
	cr_expect(
		eq(u32, WRITTEN(64, 0xf3, 0x48, 0xa5), BIT(GPR_RSI) | BIT(GPR_RDI) | BIT(GPR_RCX)));
	/* no instruction */
	cr_expect(eq(u32, WRITTEN(64, 0x06), 0));
}
