/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux32 against boot.rst "32-bit Boot Protocol", zero-page.rst, and what GRUB 2.06 is known to do. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "tests/lib/fake_image.h"
#include "tests/lib/sod_check.h"

#define CMDLINE "console=ttyS0 nokaslr"

static const uint8_t initrd_bytes[0x2345] = { 'i', 'n', 'i', 't' };
static const struct bytes initrd = { initrd_bytes, sizeof(initrd_bytes) };
static const struct bytes no_initrd;

static struct image *image_of(const struct fake_bzimage *f)
{
	struct image *image = fake_bzimage_open(f);

	cr_assert(ne(ptr, image, NULL));
	return image;
}

static void spec_make(struct built *b, const struct fake_bzimage *f, struct image **image,
		      uint64_t memory, struct bytes rd)
{
	*image = image_of(f);
	built_make(b, *image, "linux32", "spec", memory, CMDLINE, rd);
}

Test(linux32, spec_registers_are_those_of_boot_rst)
{
	const struct fake_bzimage f = fake_bzimage_default();
	const struct cpu_state *cpu;
	struct image *image;
	struct built b;

	spec_make(&b, &f, &image, MIB(512), no_initrd);
	cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
	cpu = &b.sod.cpu;
	cr_expect(eq(u64, cpu->cr0 & (CR0_PE | CR0_PG), CR0_PE));
	cr_expect(eq(u64, cpu->efer, 0));
	cr_expect(eq(u64, cpu->rflags & (EFLAGS_IF | EFLAGS_VM), 0));
	cr_expect(eq(u64, cpu->rip, 0x1000000));
	cr_expect(eq(u64, cpu->gpr[GPR_RSI], b.sod.boot_params));
	cr_expect(eq(u64, cpu->gpr[GPR_RBP] | cpu->gpr[GPR_RDI] | cpu->gpr[GPR_RBX], 0));
	cr_expect(eq(u16, cpu->seg[SEG_CS].selector, 0x10));
	for (enum seg s = SEG_ES; s <= SEG_DS; s++) {
		cr_expect(eq(u16, cpu->seg[s].selector, s == SEG_CS ? 0x10 : 0x18));
		cr_expect(eq(u64, cpu->seg[s].base, 0));
		cr_expect(eq(u32, cpu->seg[s].limit, 0xffffffff));
	}
	/* Descriptors in memory: flat, present, readable code of 32 bits; flat, present, writable data. */
	cr_expect(ge(u32, cpu->gdtr.limit, 0x1f));
	cr_expect(eq(u64, built_u64(&b, cpu->gdtr.base + 0x10) & 0xffffff00ffffffff,
		     0x00cf9b000000ffff & 0xffffff00ffffffff));
	cr_expect(eq(u64, built_u64(&b, cpu->gdtr.base + 0x10), 0x00cf9b000000ffff));
	cr_expect(eq(u64, built_u64(&b, cpu->gdtr.base + 0x18), 0x00cf93000000ffff));
	built_release(&b);
	image_close(image);
}

Test(linux32, start_of_day_names_the_place_and_the_point)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	spec_make(&b, &f, &image, MIB(512), no_initrd);
	cr_assert(eq(int, b.ret, 0));
	cr_expect(eq(int, b.sod.first, POINT_COMPRESSED));
	cr_expect_str_eq(b.sod.symbol, "startup_32");
	cr_expect_str_eq(b.sod.path->name, "linux32");
	cr_expect_str_eq(b.sod.variant->name, "spec");
	cr_expect(eq(u64, b.sod.load_address, 0x1000000));
	cr_expect(eq(u64, b.sod.startup_32, 0x1000000));
	cr_expect(eq(u64, b.sod.run_address, 0x1000000));
	cr_expect(eq(u64, b.sod.load_size, 0x3000));
	cr_expect(eq(u64, b.sod.run_size, 0x800000));
	cr_expect(built_holds(&b, 0x1000000, image->file.data + FAKE_SETUP_SIZE, 0x3000));
	built_release(&b);
	image_close(image);
}

Test(linux32, boot_params_are_zero_but_for_the_header_and_what_a_loader_fills)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;
	uint8_t want[BOOT_PARAMS_SIZE] = { 0 };

	spec_make(&b, &f, &image, MIB(512), initrd);
	cr_assert(eq(int, b.ret, 0));
	memcpy(want + 0x1f1, image->file.data + 0x1f1, 0x26c - 0x1f1);
	put_le16(want + 0x1fa, 0xffff); /* vid_mode: normal */
	want[0x210] = 0xff;             /* type_of_loader: none assigned */
	put_le32(want + 0x214, 0x1000000);
	memcpy(want + 0x218, b.bp + 0x218, 8); /* ramdisk, looked at elsewhere */
	memcpy(want + 0x228, b.bp + 0x228, 4); /* command line, likewise */
	put_le32(want + 0x1e0,
		 0x1fee0000 / 1024 - 1); /* KiB above 1 MiB up to the last byte, as kexec counts */
	want[0x1e8] = 7;
	for (unsigned i = 0; i < 7; i++) {
		put_le64(want + 0x2d0 + i * 20, b.platform.e820[i].addr);
		put_le64(want + 0x2d8 + i * 20, b.platform.e820[i].size);
		put_le32(want + 0x2e0 + i * 20, b.platform.e820[i].type);
	}
	for (unsigned i = 0; i < BOOT_PARAMS_SIZE; i++)
		cr_expect(eq(u8, b.bp[i], want[i]), "boot_params+0x%x", i);
	built_release(&b);
	image_close(image);
}

Test(linux32, command_line_and_initrd_are_where_boot_params_says)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;
	uint64_t at;

	spec_make(&b, &f, &image, MIB(512), initrd);
	cr_assert(eq(int, b.ret, 0));
	cr_expect(built_holds(&b, get_le32(b.bp + 0x228), CMDLINE, sizeof(CMDLINE)));
	at = get_le32(b.bp + 0x218);
	cr_expect(eq(u64, at, 0x1ffe0000 - 0x3000), "as high as RAM goes, page-aligned");
	cr_expect(eq(u32, get_le32(b.bp + 0x21c), sizeof(initrd_bytes)));
	cr_expect(built_holds(&b, at, initrd_bytes, sizeof(initrd_bytes)));
	built_release(&b);
	image_close(image);
}

Test(linux32, initrd_ends_where_initrd_addr_max_does)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	f.initrd_addr_max = 0x17ffffff;
	spec_make(&b, &f, &image, MIB(512), initrd);
	cr_assert(eq(int, b.ret, 0));
	cr_expect(eq(u32, get_le32(b.bp + 0x218), 0x18000000 - 0x3000));
	built_release(&b);
	image_close(image);
}

Test(linux32, nothing_overlaps_and_all_is_in_ram)
{
	static const uint64_t sizes[] = { MIB(26), MIB(64), MIB(512), GIB(4), GIB(300) };
	static const char *const variants[] = { "spec", "grub2" };
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image = image_of(&f);

	for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(variants); i++) {
		struct built b;
		const char *conflict;

		built_make(&b, image, "linux32", variants[i % 2], sizes[i / 2], CMDLINE, initrd);
		cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
		conflict = built_conflict(&b);
		cr_expect(conflict == NULL, "%s at %llu MiB: %s", variants[i % 2],
			  (unsigned long long)(sizes[i / 2] >> 20), conflict);
		for (size_t k = 0; k < b.sod.memory.count; k++)
			cr_expect(le(u64, b.sod.memory.items[k].gpa + b.sod.memory.items[k].size,
				     GIB(4)));
		built_release(&b);
	}
	image_close(image);
}

Test(linux32, a_kernel_that_does_not_fit_at_pref_address_goes_to_an_aligned_place_above)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	/* At 3 GiB - 16 MiB there are 15.875 MiB left; 16 MiB fit no more. */
	f.pref_address = 0xbf000000;
	f.init_size = 0x1000000;
	spec_make(&b, &f, &image, GIB(8), no_initrd);
	cr_expect(eq(int, b.ret, -EINVAL), "above 4 GiB is out of the 32-bit protocol's reach");
	built_release(&b);
	image_close(image);

	f = fake_bzimage_default();
	f.kernel_alignment = 0x800000;
	f.pref_address = 0x1200000; /* not aligned: boot.rst's runtime start rounds up */
	spec_make(&b, &f, &image, MIB(512), no_initrd);
	cr_assert(eq(int, b.ret, 0));
	cr_expect(eq(u64, b.sod.load_address, 0x1800000));
	cr_expect(eq(u64, b.sod.run_address, 0x1800000));
	cr_expect(eq(u32, get_le32(b.bp + 0x214), 0x1800000));
	built_release(&b);
	image_close(image);
}

Test(linux32, a_kernel_that_is_not_relocatable_loads_at_1_mib_and_runs_at_pref_address)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	f.relocatable = 0;
	spec_make(&b, &f, &image, MIB(64), no_initrd);
	cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
	cr_expect(eq(u64, b.sod.load_address, 0x100000));
	cr_expect(eq(u64, b.sod.cpu.rip, 0x100000));
	cr_expect(eq(u64, b.sod.run_address, 0x1000000));
	built_release(&b);
	image_close(image);
}

Test(linux32, too_little_ram_is_one_line_with_both_numbers)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	/* 20 MiB: from 16 MiB up 4 MiB less the 128 KiB of firmware's tables. */
	spec_make(&b, &f, &image, MIB(20), no_initrd);
	cr_expect(eq(int, b.ret, -EINVAL));
	cr_expect(strstr(b.diag.text, "0x800000") != NULL, "%s", b.diag.text);
	cr_expect(strstr(b.diag.text, "0x3e0000") != NULL, "%s", b.diag.text);
	built_release(&b);
	image_close(image);
}

Test(linux32, hostile_sizes_and_addresses_are_refused)
{
	struct fake_bzimage cases[5];
	struct built b;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cases[i] = fake_bzimage_default();
	cases[0].pref_address = UINT64_MAX;
	cases[1].pref_address = UINT64_MAX - 0x1fffff;
	cases[2].init_size = UINT32_MAX;
	cases[3].kernel_alignment = 0x80000000;
	cases[4].relocatable = 0;
	cases[4].pref_address = UINT64_MAX - 0x1000;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image *image;

		spec_make(&b, &cases[i], &image, MIB(512), no_initrd);
		cr_expect(eq(int, b.ret, -EINVAL), "case %zu", i);
		cr_expect(b.diag.text[0] != '\0');
		built_release(&b);
		image_close(image);
	}
}

Test(linux32, alignment_must_be_a_power_of_two)
{
	static const uint32_t bad[] = { 0, 3, 0x300000, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fake_bzimage f = fake_bzimage_default();
		struct image *image;
		struct built b;

		f.kernel_alignment = bad[i];
		spec_make(&b, &f, &image, MIB(512), no_initrd);
		cr_expect(eq(int, b.ret, -EINVAL));
		cr_expect(eq(u64, b.diag.offset, 0x230));
		built_release(&b);
		image_close(image);
	}
}

Test(linux32, an_init_size_below_the_code_itself_still_reserves_the_code)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	f.init_size = 0;
	spec_make(&b, &f, &image, MIB(512), initrd);
	cr_assert(eq(int, b.ret, 0));
	cr_expect(eq(u64, b.sod.run_size, 0x3000));
	cr_expect(built_conflict(&b) == NULL);
	built_release(&b);
	image_close(image);
}

Test(linux32, old_protocols_and_zimages_are_refused_with_the_reason)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	f.protocol = 0x0205;
	spec_make(&b, &f, &image, MIB(512), no_initrd);
	cr_expect(eq(int, b.ret, -EINVAL));
	cr_expect(strstr(b.diag.text, "2.05") != NULL, "%s", b.diag.text);
	built_release(&b);
	image_close(image);

	f = fake_bzimage_default();
	f.loadflags = 0;
	spec_make(&b, &f, &image, MIB(512), no_initrd);
	cr_expect(eq(int, b.ret, -EINVAL));
	cr_expect(strstr(b.diag.text, "zImage") != NULL, "%s", b.diag.text);
	built_release(&b);
	image_close(image);
}

Test(linux32, the_command_line_may_have_cmdline_size_bytes_and_no_more)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	f.cmdline_size = sizeof(CMDLINE) - 1;
	spec_make(&b, &f, &image, MIB(512), no_initrd);
	cr_expect(eq(int, b.ret, 0));
	built_release(&b);
	image_close(image);

	f.cmdline_size = sizeof(CMDLINE) - 2;
	spec_make(&b, &f, &image, MIB(512), no_initrd);
	cr_expect(eq(int, b.ret, -EINVAL));
	cr_expect(strstr(b.diag.text, "command line") != NULL);
	built_release(&b);
	image_close(image);
}

Test(linux32, an_initrd_larger_than_memory_is_refused)
{
	const struct fake_bzimage f = fake_bzimage_default();
	const struct bytes huge = { initrd_bytes, GIB(1) };
	struct image *image;
	struct built b;

	spec_make(&b, &f, &image, MIB(512), huge);
	cr_expect(eq(int, b.ret, -EINVAL));
	cr_expect(strstr(b.diag.text, "initrd") != NULL);
	built_release(&b);
	image_close(image);
}

/* GRUB's own rules, grub-core/loader/i386/linux.c of 2.06; the whole state is compared with a capture in tests/oracle. */
Test(linux32, grub2_puts_boot_params_under_576_kib_and_the_command_line_behind)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image = image_of(&f);
	struct built b;

	built_make(&b, image, "linux32", "grub2", MIB(512), "quiet", no_initrd);
	cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
	/* 7 entries: 2 pages of map, 1 of struct, 1 of command line. */
	cr_expect(eq(u64, b.sod.boot_params, 0x8c000));
	cr_expect(eq(u32, get_le32(b.bp + 0x228), 0x8f000));
	cr_expect(built_holds(&b, 0x8f000, "BOOT_IMAGE=/boot/fake quiet", 28));
	cr_expect(eq(u8, b.bp[0x210], 0x72));
	cr_expect(eq(u8, b.bp[0x211], 0xa1), "CAN_USE_HEAP, QUIET_FLAG, LOADED_HIGH");
	cr_expect(eq(u16, get_le16(b.bp + 0x1fe), 0));
	cr_expect(eq(u16, get_le16(b.bp + 0x1fc), 0), "root_dev only with an initrd");
	cr_expect(eq(u64, b.sod.cpu.gpr[GPR_RSP], 0x8c000));
	cr_expect(eq(u32, b.sod.cpu.gdtr.limit, 0x20));
	built_release(&b);
	image_close(image);
}

Test(linux32, grub2_keeps_the_initrd_below_896_mib)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image = image_of(&f);
	struct built b;

	built_make(&b, image, "linux32", "grub2", GIB(4), "", initrd);
	cr_assert(eq(int, b.ret, 0));
	cr_expect(le(u32, get_le32(b.bp + 0x218) + 0x3000, 0x37ff0000));
	cr_expect(built_holds(&b, get_le32(b.bp + 0x228), "BOOT_IMAGE=/boot/fake", 22));
	built_release(&b);
	image_close(image);
}

Test(linux32, variants_are_found_by_name)
{
	const struct sod_path *path = sod_path_find("linux32");

	cr_assert(path != NULL);
	cr_expect_str_eq(path->variants[0].name, "spec", "the first is the default");
	cr_expect(sod_variant_find(path, "grub2") != NULL);
	cr_expect(sod_variant_find(path, "lilo") == NULL);
	cr_expect(sod_path_find("linux") == NULL);
}
