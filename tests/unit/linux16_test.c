/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 16-bit entry against boot.rst "Sample Boot Configuration" and "Running the Kernel", and the loaders' own layouts. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "tests/lib/fake_image.h"
#include "tests/lib/sod_check.h"

#define CMDLINE "console=ttyS0 nokaslr"
#define MODERN  0x10000ull
#define OLD     0x90000ull

static const uint8_t initrd_bytes[0x2345] = { 'i', 'n', 'i', 't' };
static const struct bytes initrd = { initrd_bytes, sizeof(initrd_bytes) };
static const struct bytes no_initrd;

static void make(struct built *b, struct image **image, const struct fake_bzimage *f,
		 const char *variant, const char *cmdline, struct bytes rd)
{
	*image = fake_bzimage_open(f);
	cr_assert(ne(ptr, *image, NULL));
	built_make(b, *image, "bios", variant, MIB(512), cmdline, rd);
}

static void drop(struct built *b, struct image *image)
{
	built_release(b);
	image_close(image);
}

static uint64_t field(const struct built *b, gpa_t base, enum bp_field f)
{
	uint64_t v = built_u64(b, base + bp_fields[f].offset);

	return bp_fields[f].width == 8 ? v : v & (BIT64(8 * bp_fields[f].width) - 1);
}

Test(linux16, spec_registers_are_those_of_running_the_kernel)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	make(&b, &image, &f, "spec", CMDLINE, no_initrd);
	cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
	cr_expect(eq(u16, b.sod.cpu.seg[SEG_CS].selector, 0x1020));
	cr_expect(eq(u64, b.sod.cpu.rip, 0));
	for (enum seg s = SEG_ES; s <= SEG_GS; s++)
		if (s != SEG_CS)
			cr_expect(eq(u16, b.sod.cpu.seg[s].selector, 0x1000));
	cr_expect(eq(u64, b.sod.cpu.gpr[GPR_RSP], 0xe000));
	cr_expect(eq(u64, b.sod.cpu.cr0 & CR0_PE, 0));
	cr_expect(eq(u64, b.sod.cpu.rflags & EFLAGS_IF, 0));
	cr_expect(eq(u64, b.sod.startup_32, 0x100000));
	cr_expect(eq(int, b.sod.first, POINT_ENTRY));
	drop(&b, image);
}

Test(linux16, spec_header_is_that_of_the_sample_configuration)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	make(&b, &image, &f, "spec", CMDLINE, initrd);
	cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
	cr_expect(eq(u64, field(&b, MODERN, BP_HDR_TYPE_OF_LOADER), 0xff));
	cr_expect(eq(u64, field(&b, MODERN, BP_HDR_HEAP_END_PTR), 0xde00));
	cr_expect(eq(u64, field(&b, MODERN, BP_HDR_LOADFLAGS) & 0x80, 0x80));
	cr_expect(eq(u64, field(&b, MODERN, BP_HDR_CMD_LINE_PTR), 0x1e000));
	cr_expect(built_holds(&b, 0x1e000, CMDLINE, sizeof(CMDLINE)));
	cr_expect(eq(u64, field(&b, MODERN, BP_HDR_RAMDISK_SIZE), sizeof(initrd_bytes)));
	cr_expect(built_holds(&b, field(&b, MODERN, BP_HDR_RAMDISK_IMAGE), initrd_bytes,
			      sizeof(initrd_bytes)));
	cr_expect(eq(ptr, (void *)(uintptr_t)built_conflict(&b), NULL));
	drop(&b, image);
}

Test(linux16, before_2_02_the_command_line_is_announced_by_its_magic)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	f.protocol = 0x0201;
	make(&b, &image, &f, "spec", CMDLINE, no_initrd);
	cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
	cr_expect(eq(u16, b.sod.cpu.seg[SEG_CS].selector, 0x9020));
	cr_expect(eq(u64, built_u64(&b, OLD + 0x20) & 0xffffffff, 0x9800a33f));
	cr_expect(built_holds(&b, OLD + 0x9800, CMDLINE, sizeof(CMDLINE)));
	cr_expect(eq(u64, field(&b, OLD, BP_HDR_HEAP_END_PTR), 0x9600));
	cr_expect(eq(u64, field(&b, OLD, BP_HDR_SETUP_MOVE_SIZE), 0x9800 + sizeof(CMDLINE)));
	drop(&b, image);
}

Test(linux16, a_zimage_is_loaded_at_64_kib_below_its_real_mode_part)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	f.loadflags = 0;
	f.protocol = 0x0203;
	f.relocatable = 0;
	make(&b, &image, &f, "spec", CMDLINE, no_initrd);
	cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
	cr_expect(eq(u64, b.sod.load_address, 0x10000));
	cr_expect(eq(u16, b.sod.cpu.seg[SEG_CS].selector, 0x9020));
	drop(&b, image);
}

/* Real-mode base, command line, heap end and SP as the sources that the variants cite have them. */
static const struct {
	const char *variant;
	gpa_t base;
	uint32_t cmdline, heap_end, sp;
	uint8_t loader;
	const char *prefix; /* of the command line */
} loaders[] = {
	{ "qemu", 0x10000, 0x20000, 0xfe00, 0xfff0, 0xb0, CMDLINE },
	{ "grub2", 0x90000, 0x99000, 0x8e00, 0x9000, 0x72, "BOOT_IMAGE=/boot/" },
	{ "syslinux", 0x10000, 0x20000, 0xfe00, 0xfff0, 0x30, "BOOT_IMAGE=" },
	{ "lilo", 0x90000, 0x9fa00, 0xf000, 0xfa00, 0x02, "auto BOOT_IMAGE=" },
};

Test(linux16, each_loader_has_its_own_layout)
{
	const struct fake_bzimage f = fake_bzimage_default();

	for (size_t i = 0; i < ARRAY_SIZE(loaders); i++) {
		struct image *image;
		struct built b;

		make(&b, &image, &f, loaders[i].variant, CMDLINE, initrd);
		cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
		cr_expect(eq(u64, b.sod.cpu.seg[SEG_CS].base, loaders[i].base + 0x200));
		cr_expect(eq(u64, b.sod.cpu.gpr[GPR_RSP], loaders[i].sp));
		cr_expect(eq(u64, field(&b, loaders[i].base, BP_HDR_CMD_LINE_PTR),
			     loaders[i].cmdline));
		cr_expect(eq(u64, field(&b, loaders[i].base, BP_HDR_HEAP_END_PTR),
			     loaders[i].heap_end));
		cr_expect(eq(u64, field(&b, loaders[i].base, BP_HDR_TYPE_OF_LOADER),
			     loaders[i].loader));
		cr_expect(built_holds(&b, loaders[i].cmdline, loaders[i].prefix,
				      strlen(loaders[i].prefix)));
		drop(&b, image);
	}
}

Test(linux16, a_command_line_longer_than_cmdline_size_is_refused)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	f.cmdline_size = 10;
	make(&b, &image, &f, "spec", CMDLINE, no_initrd);
	cr_expect(eq(int, b.ret, -EINVAL));
	cr_expect(strstr(b.diag.text, "cmdline_size") != NULL, "%s", b.diag.text);
	drop(&b, image);
}

Test(linux16, too_little_memory_is_told_with_both_sizes)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image = fake_bzimage_open(&f);
	struct built b;

	built_make(&b, image, "bios", "spec", MIB(16), CMDLINE, no_initrd);
	cr_expect(eq(int, b.ret, -EINVAL));
	cr_expect(strstr(b.diag.text, "memory is too small") != NULL, "%s", b.diag.text);
	drop(&b, image);
}
