/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux64 against boot.rst "64-bit Boot Protocol", Linux 6.1's kexec_file_load, and Firecracker's figures. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "tests/lib/fake_image.h"
#include "tests/lib/sod_check.h"

#define CMDLINE "console=ttyS0 nokaslr"

static const uint8_t initrd_bytes[0x2345] = { 'i', 'n', 'i', 't' };
static const struct bytes initrd = { initrd_bytes, sizeof(initrd_bytes) };
static const struct bytes no_initrd;

static void make(struct built *b, const struct fake_bzimage *f, struct image **image,
		 const char *variant, uint64_t memory)
{
	*image = fake_bzimage_open(f);
	cr_assert(ne(ptr, *image, NULL));
	built_make(b, *image, "linux64", variant, memory, CMDLINE, initrd);
}

static void unmake(struct built *b, struct image *image)
{
	built_release(b);
	image_close(image);
}

/* SDM 3A 4.5 by hand: the physical address of @va, or all ones. */
static uint64_t walk(const struct built *b, uint64_t va)
{
	uint64_t table = b->sod.cpu.cr3 & PTE_FRAME;

	for (unsigned shift = 39;; shift -= 9) {
		uint64_t entry = built_u64(b, table + (va >> shift & 511) * 8);
		uint64_t mask = BIT64(shift) - 1;

		if (!(entry & PTE_P) || !(entry & PTE_RW))
			return UINT64_MAX;
		if (shift == 12 || (shift < 39 && (entry & PTE_PS)))
			return (entry & PTE_FRAME & ~mask) | (va & mask);
		table = entry & PTE_FRAME;
	}
}

static bool identity(const struct built *b, uint64_t start, uint64_t len)
{
	for (uint64_t va = start; va < start + len; va += 0x1000)
		if (walk(b, va) != va)
			return false;
	return walk(b, start + len - 1) == start + len - 1;
}

static void expect_64_bit_mode(const struct cpu_state *cpu)
{
	cr_expect(eq(u64, cpu->cr0 & (CR0_PE | CR0_PG), CR0_PE | CR0_PG));
	cr_expect(eq(u64, cpu->cr4 & CR4_PAE, CR4_PAE));
	cr_expect(eq(u64, cpu->efer & (EFER_LME | EFER_LMA), EFER_LME | EFER_LMA));
	cr_expect(eq(u32, cpu->seg[SEG_CS].attr & (DESC_L | DESC_DB), DESC_L));
	cr_expect(eq(u64, cpu->rflags & EFLAGS_IF, 0));
}

Test(linux64, spec_registers_are_those_of_boot_rst)
{
	const struct fake_bzimage f = fake_bzimage_default();
	const struct cpu_state *cpu;
	struct image *image;
	struct built b;

	make(&b, &f, &image, "spec", MIB(512));
	cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
	cpu = &b.sod.cpu;
	expect_64_bit_mode(cpu);
	cr_expect(eq(u64, cpu->rip, 0x1000200), "startup_64 is at +0x200");
	cr_expect(eq(u64, cpu->gpr[GPR_RSI], b.sod.boot_params));
	cr_expect(eq(u16, cpu->seg[SEG_CS].selector, 0x10));
	cr_expect(eq(u16, cpu->seg[SEG_DS].selector, 0x18));
	cr_expect(eq(u16, cpu->seg[SEG_ES].selector, 0x18));
	cr_expect(eq(u16, cpu->seg[SEG_SS].selector, 0x18));
	cr_expect(eq(u64, built_u64(&b, cpu->gdtr.base + 0x10), 0x00af9b000000ffff));
	cr_expect(eq(u64, built_u64(&b, cpu->gdtr.base + 0x18), 0x00cf93000000ffff));
	cr_expect(eq(int, b.sod.first, POINT_COMPRESSED));
	cr_expect_str_eq(b.sod.symbol, "startup_64");
	cr_expect(eq(u64, b.sod.startup_32, 0x1000000));
	unmake(&b, image);
}

Test(linux64, kernel_boot_params_and_command_line_are_identity_mapped)
{
	static const char *const variants[] = { "spec", "kexec" };
	static const uint64_t sizes[] = { MIB(64), GIB(8) };
	const struct fake_bzimage f = fake_bzimage_default();

	for (size_t i = 0; i < 4; i++) {
		struct image *image;
		struct built b;

		make(&b, &f, &image, variants[i % 2], sizes[i / 2]);
		cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
		cr_expect(identity(&b, b.sod.load_address, 0x800000));
		cr_expect(identity(&b, b.sod.boot_params, 0x1000));
		cr_expect(identity(&b,
				   get_le32(b.bp + 0x228) | (uint64_t)get_le32(b.bp + 0xc8) << 32,
				   sizeof(CMDLINE)));
		unmake(&b, image);
	}
}

Test(linux64, nothing_overlaps_and_all_is_in_ram)
{
	static const uint64_t sizes[] = { MIB(26), MIB(64), MIB(512), GIB(4), GIB(1009) };
	static const char *const variants[] = { "spec", "kexec" };
	const struct fake_bzimage f = fake_bzimage_default();

	for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(variants); i++) {
		struct image *image;
		struct built b;
		const char *conflict;

		make(&b, &f, &image, variants[i % 2], sizes[i / 2]);
		cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
		conflict = built_conflict(&b);
		cr_expect(conflict == NULL, "%s at %llu MiB: %s", variants[i % 2],
			  (unsigned long long)(sizes[i / 2] >> 20), conflict);
		unmake(&b, image);
	}
}

Test(linux64, above_4_gib_only_with_the_flag_for_it)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	/* 16 MiB below the end of low memory, where the last 128 KiB are firmware's. */
	f.pref_address = 0xbf000000;
	f.init_size = 0x1000000;
	make(&b, &f, &image, "spec", GIB(8));
	cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
	cr_expect(eq(u64, b.sod.load_address, 0x100000000));
	cr_expect(eq(u64, b.sod.cpu.rip, 0x100000200));
	cr_expect(identity(&b, 0x100000000, 0x1000000));
	unmake(&b, image);

	f.xloadflags = XLF_KERNEL_64;
	make(&b, &f, &image, "spec", GIB(8));
	cr_expect(eq(int, b.ret, -EINVAL));
	unmake(&b, image);
}

Test(linux64, a_kernel_without_a_64_bit_entry_is_refused)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	f.xloadflags = 0;
	make(&b, &f, &image, "spec", MIB(512));
	cr_expect(eq(int, b.ret, -EINVAL));
	cr_expect(strstr(b.diag.text, "XLF_KERNEL_64") != NULL);
	unmake(&b, image);

	f = fake_bzimage_default();
	f.code_size = 0x200;
	make(&b, &f, &image, "spec", MIB(512));
	cr_expect(eq(int, b.ret, -EINVAL));
	unmake(&b, image);
}

/* kexec_add_buffer() searches from the top down, in the order purgatory, boot_params, kernel, initrd. */
Test(linux64, kexec_puts_everything_as_high_as_it_goes)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	make(&b, &f, &image, "kexec", GIB(8));
	cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
	/* RAM ends at 9 GiB; the kernel is the highest 8 MiB aligned to 2 MiB below the small segments. */
	cr_expect(eq(u64, b.sod.load_address, GIB(9) - MIB(10)));
	cr_expect(gt(u64, b.sod.boot_params, b.sod.load_address + MIB(8) - 1));
	cr_expect(eq(u32, get_le32(b.bp + 0xc8), 2), "ext_cmd_line_ptr: above 8 GiB");
	cr_expect(eq(u32, get_le32(b.bp + 0xc0), 2), "ext_ramdisk_image");
	cr_expect(built_holds(&b, b.sod.boot_params + 0x1000, CMDLINE, sizeof(CMDLINE)));
	unmake(&b, image);
}

Test(linux64, kexec_fills_what_kexec_bzimage64_does)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;
	uint64_t node;

	make(&b, &f, &image, "kexec", MIB(512));
	cr_assert(eq(int, b.ret, 0));
	cr_expect(eq(u8, b.bp[0x210], 0xd0));
	cr_expect(eq(u8, b.bp[0x211], 0));
	cr_expect(eq(u16, get_le16(b.bp + 0x1fa), 0x1234), "vid_mode as in the file");
	cr_expect(eq(u16, get_le16(b.bp + 0x02), 0xfc00), "ext_mem_k is capped at 63 MiB");
	cr_expect(eq(u32, get_le32(b.bp + 0x1e0), 0x1fee0000 / 1024 - 1));
	node = get_le64(b.bp + 0x250);
	cr_expect(eq(u64, built_u64(&b, node), 0), "one node");
	cr_expect(eq(u64, built_u64(&b, node + 8), 9 | 32ull << 32), "SETUP_RNG_SEED, 32 bytes");
	cr_expect(ne(u64, built_u64(&b, node + 16), 0));
	unmake(&b, image);
}

Test(linux64, kexec_state_is_relocate_kernels_and_the_purgatorys)
{
	const struct fake_bzimage f = fake_bzimage_default();
	const struct cpu_state *cpu;
	struct image *image;
	struct built b;

	make(&b, &f, &image, "kexec", MIB(512));
	cr_assert(eq(int, b.ret, 0));
	cpu = &b.sod.cpu;
	expect_64_bit_mode(cpu);
	/* Linux runs with CR0 80050033; AM and WP are cleared. EFER d01: SCE, LME, LMA, NXE. */
	cr_expect(eq(u64, cpu->cr0, 0x80000033));
	cr_expect(eq(u64, cpu->cr4, 0x20));
	cr_expect(eq(u64, cpu->efer, 0xd01));
	cr_expect(eq(u64, built_u64(&b, cpu->gdtr.base + 0x10), 0x00af9a000000ffff));
	cr_expect(eq(u64, built_u64(&b, cpu->gdtr.base) & 0xffff, 0x1f),
		  "the first slot is the LGDT operand");
	cr_expect(eq(u64, cpu->rip, b.sod.load_address + 0x200));
	cr_expect(eq(u16, cpu->seg[SEG_FS].selector, 0x18));
	unmake(&b, image);
}

Test(linux64, kexec_refuses_what_the_real_one_refuses)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	f.xloadflags = XLF_KERNEL_64;
	make(&b, &f, &image, "kexec", MIB(512));
	cr_expect(eq(int, b.ret, -EINVAL));
	unmake(&b, image);

	f = fake_bzimage_default();
	f.cmdline_size = sizeof(CMDLINE) + 30 - 1; /* one too few for elfcorehdr= */
	make(&b, &f, &image, "kexec", MIB(512));
	cr_expect(eq(int, b.ret, -EINVAL));
	unmake(&b, image);

	f.cmdline_size++;
	make(&b, &f, &image, "kexec", MIB(512));
	cr_expect(eq(int, b.ret, 0), "%s", b.diag.text);
	unmake(&b, image);
}

static void make_elf(struct built *b, struct image **image, const char *variant, uint64_t memory)
{
	*image = fake_elf_open(0x1000000, 0x2345, 0x400000);
	cr_assert(ne(ptr, *image, NULL));
	built_make(b, *image, "linux64", variant, memory, CMDLINE, initrd);
}

Test(linux64, vmm_state_is_firecrackers)
{
	const struct cpu_state *cpu;
	struct image *image;
	struct built b;

	make_elf(&b, &image, "vmm", MIB(512));
	cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
	cpu = &b.sod.cpu;
	expect_64_bit_mode(cpu);
	cr_expect(eq(u64, cpu->rip, 0x1000000), "e_entry");
	cr_expect(eq(u64, cpu->gpr[GPR_RSI], 0x7000));
	cr_expect(eq(u64, cpu->gpr[GPR_RSP], 0x8ff0));
	cr_expect(eq(u64, cpu->gpr[GPR_RBP], 0x8ff0));
	cr_expect(eq(u64, cpu->rflags, 2));
	cr_expect(eq(u64, cpu->cr3, 0x9000));
	cr_expect(eq(u64, cpu->gdtr.base, 0x500));
	cr_expect(eq(u32, cpu->gdtr.limit, 0x1f));
	cr_expect(eq(u64, cpu->idtr.base, 0x520));
	cr_expect(eq(u32, cpu->idtr.limit, 7));
	cr_expect(eq(u16, cpu->seg[SEG_CS].selector, 0x08));
	cr_expect(eq(u16, cpu->seg[SEG_SS].selector, 0x10));
	cr_expect(eq(u16, cpu->seg[SEG_TR].selector, 0x18));
	cr_expect(eq(u64, built_u64(&b, 0x508), 0x00af9b000000ffff));
	cr_expect(eq(u64, built_u64(&b, 0x510), 0x00cf93000000ffff));
	cr_expect(eq(u64, built_u64(&b, 0x518), 0x008f8b000000ffff));
	cr_expect(eq(u64, built_u64(&b, 0x9000), 0xa003));
	cr_expect(eq(u64, built_u64(&b, 0xa000), 0xb003));
	cr_expect(eq(u64, built_u64(&b, 0xbff8), (511ull << 21) + 0x83));
	unmake(&b, image);
}

Test(linux64, vmm_zero_page_is_firecrackers)
{
	struct image *image;
	struct built b;

	make_elf(&b, &image, "vmm", MIB(512));
	cr_assert(eq(int, b.ret, 0));
	cr_expect(eq(u64, b.sod.boot_params, 0x7000));
	cr_expect(eq(u8, b.bp[0x210], 0xff));
	cr_expect(eq(u16, get_le16(b.bp + 0x1fe), 0xaa55));
	cr_expect(eq(u32, get_le32(b.bp + 0x202), 0x53726448));
	cr_expect(eq(u16, get_le16(b.bp + 0x206), 0), "no protocol version");
	cr_expect(eq(u32, get_le32(b.bp + 0x228), 0x20000));
	cr_expect(eq(u32, get_le32(b.bp + 0x238), sizeof(CMDLINE)));
	cr_expect(eq(u32, get_le32(b.bp + 0x230), 0x1000000));
	cr_expect(eq(u32, get_le32(b.bp + 0x218), 0x1ffe0000 - 0x3000));
	cr_expect(eq(u8, b.bp[0x1e8], 7));
	cr_expect(built_holds(&b, 0x20000, CMDLINE, sizeof(CMDLINE)));
	cr_expect(built_holds(&b, get_le32(b.bp + 0x218), initrd_bytes, sizeof(initrd_bytes)));
	unmake(&b, image);
}

Test(linux64, a_vmlinux_starts_at_the_kernel_proper)
{
	static const char *const variants[] = { "spec", "vmm" };

	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		struct image *image;
		struct built b;

		make_elf(&b, &image, variants[i], MIB(64));
		cr_assert(eq(int, b.ret, 0), "%s", b.diag.text);
		cr_expect(eq(int, b.sod.first, POINT_KERNEL));
		cr_expect_str_eq(b.sod.symbol, "startup_64");
		cr_expect(eq(u64, b.sod.startup_32, 0));
		cr_expect(eq(u64, b.sod.run_address, 0x1000000));
		cr_expect(eq(u64, b.sod.run_size, 0x400000));
		cr_expect(eq(u64, b.sod.load_size, 0x2345));
		cr_expect(built_holds(&b, 0x1000000, image->file.data + 0x1000, 0x2345));
		cr_expect(eq(u64, built_u64(&b, 0x1000000 + 0x2345), 0), "bss");
		cr_expect(identity(&b, 0x1000000, 0x400000));
		unmake(&b, image);
	}
}

Test(linux64, spec_enters_a_vmlinux_in_the_documents_machine_state)
{
	struct image *image;
	struct built b;

	make_elf(&b, &image, "spec", MIB(64));
	cr_assert(eq(int, b.ret, 0));
	expect_64_bit_mode(&b.sod.cpu);
	cr_expect(eq(u64, b.sod.cpu.rip, 0x1000000));
	cr_expect(eq(u16, b.sod.cpu.seg[SEG_CS].selector, 0x10));
	cr_expect(eq(u16, b.sod.cpu.seg[SEG_DS].selector, 0x18));
	cr_expect(eq(u64, b.sod.cpu.gpr[GPR_RSI], b.sod.boot_params));
	cr_expect(built_conflict(&b) == NULL);
	unmake(&b, image);
}

Test(linux64, a_vmlinux_that_does_not_fit_is_refused_with_both_numbers)
{
	struct image *image = fake_elf_open(0x1000000, 0x1000, MIB(32));
	struct built b;

	cr_assert(ne(ptr, image, NULL));
	built_make(&b, image, "linux64", "vmm", MIB(32), CMDLINE, no_initrd);
	cr_expect(eq(int, b.ret, -EINVAL));
	cr_expect(strstr(b.diag.text, "0x2000000") != NULL, "%s", b.diag.text);
	cr_expect(strstr(b.diag.text, "0xfe0000") != NULL, "%s", b.diag.text);
	unmake(&b, image);
}

Test(linux64, kexec_cannot_take_a_vmlinux_and_vmm_wants_one)
{
	const struct fake_bzimage f = fake_bzimage_default();
	struct image *image;
	struct built b;

	make_elf(&b, &image, "kexec", MIB(512));
	cr_expect(eq(int, b.ret, -EINVAL));
	cr_expect(strstr(b.diag.text, "setup header") != NULL, "%s", b.diag.text);
	unmake(&b, image);

	make(&b, &f, &image, "vmm", MIB(512)); /* no payload to unpack */
	cr_expect(eq(int, b.ret, -EINVAL));
	cr_expect(strstr(b.diag.text, "ELF") != NULL, "%s", b.diag.text);
	unmake(&b, image);
}
