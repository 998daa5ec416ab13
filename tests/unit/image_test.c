/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images as a whole: formats, entries and their reasons, broken files, and real kernels where there are some. */
#include "loaders/image.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/base/rng.h"
#include "tests/lib/boot_files.h"
#include "tests/lib/fake_pe.h"

/* A bzImage of @protocol that carries a small vmlinux packed by gzip. */
static void build(struct buf *file, uint16_t protocol)
{
	struct buf elf = { 0 }, packed = { 0 };

	test_elf_build(&elf, &test_vmlinux);
	cr_assert(test_filter(&packed, "gzip -n -9 -c", (struct bytes){ elf.data, elf.len }));
	test_bzimage_build(file, protocol, (struct bytes){ packed.data, packed.len });
	buf_free(&packed);
	buf_free(&elf);
}

static struct image *open_bytes(const struct buf *file)
{
	struct image *image = NULL;
	struct diag diag = { 0 };

	cr_assert_eq(image_from_bytes(&image, "dir/test", (struct bytes){ file->data, file->len },
				      &diag),
		     0, "%s", diag.text);
	return image;
}

static void expect_entry(const struct image *image, const char *path, bool offered, uint64_t offset,
			 const char *base)
{
	const struct image_entry *e = image_entry_find(image, path);

	cr_assert_not_null(e, "%s", path);
	cr_expect_eq(e->offered, offered, "%s: %s", path, e->reason);
	cr_expect_eq(!e->reason[0], offered, "%s: a reason exactly when it is not offered", path);
	if (!offered)
		return;
	cr_expect_eq(e->offset, offset, "%s", path);
	cr_expect_str_eq(e->base, base);
}

Test(image, a_64_bit_bzimage_offers_its_entries)
{
	struct buf file = { 0 };
	struct image *image;

	build(&file, 0x20f);
	image = open_bytes(&file);
	cr_expect_str_eq(image->name, "test");
	cr_expect_eq(image->format, IMAGE_BZIMAGE);
	cr_expect_eq(image->bz->compression, COMPRESSION_GZIP);
	expect_entry(image, "bios", true, 0x200, "setup");
	expect_entry(image, "linux32", true, 0, "kernel");
	expect_entry(image, "linux64", true, 0x200, "kernel");
	expect_entry(image, "efi", false, 0, "");
	expect_entry(image, "efi-handover", false, 0, "");
	expect_entry(image, "pvh", false, 0, "");
	cr_expect_str_eq(image_entry_find(image, "pvh")->reason, "payload not unpacked");
	cr_assert_eq(image_unpack(image, NULL), 0);
	cr_assert_eq(image_unpack(image, NULL), 0, "twice is once");
	cr_expect_eq(image->payload.len, 0x1800);
	expect_entry(image, "pvh", true, 0x1000040, "physical");
	cr_expect_not_null(
		strstr(image_entry_find(image, "pvh")->chosen_by, "0x400 of the payload"));
	cr_expect_null(image_entry_find(image, "xen-pv"));
	image_close(image);
	buf_free(&file);
}

Test(image, older_protocols_say_what_they_lack)
{
	static const struct {
		uint16_t protocol;
		bool linux32, linux64;
	} rows[] = {
		{ 0, false, false },    { 0x200, false, false }, { 0x205, false, false },
		{ 0x206, true, false }, { 0x20b, true, false },  { 0x20c, true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf file = { 0 };
		struct image *image;

		build(&file, rows[i].protocol);
		image = open_bytes(&file);
		expect_entry(image, "bios", true, 0x200, "setup");
		expect_entry(image, "linux32", rows[i].linux32, 0, "kernel");
		expect_entry(image, "linux64", rows[i].linux64, 0x200, "kernel");
		image_close(image);
		buf_free(&file);
	}
}

/* boot.rst xloadflags bit 3 and handover_offset: the 64-bit entry lies 0x200 after it. */
Test(image, efi_handover_needs_its_flag_and_an_offset_inside)
{
	struct buf file = { 0 };
	struct image *image;

	build(&file, 0x20f);
	put_le16(file.data + 0x236, 0x9);
	put_le32(file.data + 0x264, 0x10);
	image = open_bytes(&file);
	expect_entry(image, "efi-handover", true, 0x210, "kernel");
	image_close(image);
	put_le32(file.data + 0x264, 0);
	image = open_bytes(&file);
	expect_entry(image, "efi-handover", false, 0, "");
	image_close(image);
	put_le32(file.data + 0x264, 0xffffff00);
	image = open_bytes(&file);
	expect_entry(image, "efi-handover", false, 0, "");
	image_close(image);
	buf_free(&file);
}

/* What follows the protected-mode code in the file (a signature) is never loaded. */
Test(image, a_payload_that_reaches_past_the_code_is_not_unpacked)
{
	struct buf file = { 0 };
	struct diag diag = { 0 };
	struct image *image;

	build(&file, 0x20f);
	buf_append(&file, "signature signature signature", 29);
	image = open_bytes(&file);
	cr_expect_eq(image_unpack(image, &diag), 0, "%s", diag.text);
	image_close(image);
	put_le32(file.data + 0x24c, get_le32(file.data + 0x24c) + 16);
	image = open_bytes(&file);
	cr_expect_eq(image_unpack(image, &diag), -EINVAL);
	cr_expect_eq(diag.offset, 0x248);
	cr_expect_null(image->elf);
	image_close(image);
	buf_free(&file);
}

Test(image, a_pe_header_offers_efi)
{
	struct fake_pe pe = fake_pe_default();
	struct buf file = { 0 };
	struct image *image;

	pe.headers_size = 0x200;
	pe.sections[0] = (struct fake_pe_section){ ".text", 0x1000, 0x1000, 0x200, 0x200 };
	pe.section_count = 1;
	build(&file, 0x20f);
	fake_pe_put(file.data, &pe);
	image = open_bytes(&file);
	cr_expect(image->has_pe);
	expect_entry(image, "efi", true, 0x1010, "image");
	image_close(image);
	put_le16(file.data + 0x44, 0x14c);
	image = open_bytes(&file);
	expect_entry(image, "efi", false, 0, "");
	image_close(image);
	/* Without HdrS it is a PE image and nothing else. */
	put_le16(file.data + 0x44, 0x8664);
	put_le32(file.data + 0x202, 0);
	image = open_bytes(&file);
	cr_expect_eq(image->format, IMAGE_PE);
	cr_expect_null(image->bz);
	expect_entry(image, "efi", true, 0x1010, "image");
	expect_entry(image, "bios", false, 0, "");
	image_close(image);
	buf_free(&file);
}

/* Other entries of a bzImage do not care, so it is an image still. */
Test(image, a_broken_pe_header_takes_efi_from_a_bzimage_and_nothing_else)
{
	struct fake_pe pe = fake_pe_default();
	struct buf file = { 0 };
	struct image *image;

	pe.headers_size = 0x200;
	pe.section_count = 0;
	pe.entry = pe.image_size;
	build(&file, 0x20f);
	fake_pe_put(file.data, &pe);
	image = open_bytes(&file);
	cr_expect_eq(image->format, IMAGE_BZIMAGE);
	expect_entry(image, "bios", true, 0x200, "setup");
	expect_entry(image, "efi", false, 0, "");
	cr_expect_str_eq(
		image_entry_find(image, "efi")->reason,
		"AddressOfEntryPoint 0x4000 lies outside the image, whose SizeOfImage is 0x4000 (at 0x68)");
	image_close(image);
	buf_free(&file);
}

Test(image, an_elf_file_offers_its_entry_and_its_note)
{
	struct test_elf spec = test_vmlinux;
	struct buf file = { 0 };
	struct image *image;

	test_elf_build(&file, &spec);
	image = open_bytes(&file);
	cr_expect_eq(image->format, IMAGE_ELF);
	expect_entry(image, "linux64", true, 0x1000000, "physical");
	expect_entry(image, "pvh", true, 0x1000040, "physical");
	expect_entry(image, "linux32", false, 0, "");
	cr_expect_eq(image_unpack(image, NULL), 0);
	image_close(image);
	buf_free(&file);

	spec.is_32 = true;
	spec.vaddr = 0xc1000000;
	spec.note_name = NULL;
	test_elf_build(&file, &spec);
	image = open_bytes(&file);
	expect_entry(image, "linux64", false, 0, "");
	expect_entry(image, "pvh", false, 0, "");
	image_close(image);
	buf_free(&file);
}

Test(image, who_chooses_an_entry_follows_the_deciding_bit)
{
	struct buf file = { 0 };
	struct image *image;

	build(&file, 0x20f);
	image = open_bytes(&file);
	cr_expect_str_eq(
		image_entry_find(image, "bios")->chosen_by,
		"GRUB linux16, SYSLINUX: boot_flag at 0x1fe; QEMU -kernel: header at 0x202");
	cr_expect_not_null(strstr(image_entry_find(image, "linux64")->chosen_by, "kexec"));
	cr_expect_null(strstr(image_entry_find(image, "linux32")->chosen_by, "kexec"));
	image_close(image);
	/* kexec-bzimage64.c wants XLF_CAN_BE_LOADED_ABOVE_4G too. */
	put_le16(file.data + 0x236, 0x1);
	image = open_bytes(&file);
	cr_expect_null(strstr(image_entry_find(image, "linux64")->chosen_by, "kexec"));
	cr_expect_not_null(strstr(image_entry_find(image, "linux32")->chosen_by, "kexec"));
	image_close(image);
	buf_free(&file);
}

Test(image, a_file_cut_anywhere_is_refused_with_an_offset_in_it)
{
	struct buf file = { 0 };

	build(&file, 0x20f);
	for (size_t len = 0; len < file.len; len++) {
		struct image *image = NULL;
		struct diag diag = { 0 };

		cr_assert_eq(image_from_bytes(&image, "cut", (struct bytes){ file.data, len },
					      &diag),
			     -EINVAL, "length %zu of %zu", len, file.len);
		cr_expect(diag.has_offset && diag.offset <= len, "length %zu: offset 0x%llx", len,
			  (unsigned long long)diag.offset);
		cr_expect(diag.text[0] && !strchr(diag.text, '\n'));
	}
	buf_free(&file);
}

static void flip_and_open(struct buf *file, unsigned rounds, uint64_t seed, uint64_t below)
{
	unsigned opened = 0, refused = 0;
	struct rng rng;

	rng_init(&rng, seed, "image_test");
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t at = rng_below(&rng, below);
		uint8_t bit = (uint8_t)(1u << rng_below(&rng, 8));
		struct image *image = NULL;
		struct diag diag = { 0 };
		int r;

		file->data[at] ^= bit;
		r = image_from_bytes(&image, "flip", (struct bytes){ file->data, file->len },
				     &diag);
		if (r == 0)
			r = image_unpack(image, &diag);
		file->data[at] ^= bit;
		cr_assert(r == 0 || (r == -EINVAL && diag.text[0]), "bit %x at 0x%llx: %d", bit,
			  (unsigned long long)at, r);
		if (r == 0)
			opened++;
		else
			refused++;
		image_close(image);
	}
	cr_expect_gt(opened, 0);
	cr_expect_gt(refused, 0);
}

Test(image, flipped_bits_give_an_image_or_one_line)
{
	struct buf file = { 0 };

	build(&file, 0x20f);
	flip_and_open(&file, 1000, 1, file.len);
	flip_and_open(&file, 500, 2, 0x280);
	buf_free(&file);
	test_elf_build(&file, &test_vmlinux);
	flip_and_open(&file, 500, 3, 0x420);
	buf_free(&file);
}

Test(image, what_is_no_boot_image_is_refused)
{
	char path[] = "/tmp/bootpath-image-XXXXXX", fifo[64];
	struct image *image = NULL;
	struct diag diag = { 0 };
	uint8_t text[1024];

	memset(text, 'a', sizeof(text));
	cr_expect_eq(image_from_bytes(&image, "text", (struct bytes){ text, sizeof(text) }, &diag),
		     -EINVAL);
	cr_expect_eq(diag.offset, 0x202);
	/* An MBR: signature, partition table, nothing that could be a kernel. */
	memset(text, 0, sizeof(text));
	put_le16(text + 0x1fe, 0xaa55);
	cr_expect_eq(image_from_bytes(&image, "mbr", (struct bytes){ text, sizeof(text) }, NULL),
		     -EINVAL);

	cr_assert_not_null(mkdtemp(path));
	diag = (struct diag){ 0 };
	cr_expect_eq(image_open(&image, path, &diag), -EISDIR);
	cr_expect_str_eq(diag.text, "it is a directory");
	snprintf(fifo, sizeof(fifo), "%s/fifo", path);
	cr_assert_eq(mkfifo(fifo, 0600), 0);
	cr_expect_eq(image_open(&image, fifo, NULL), -EINVAL, "and does not wait for a writer");
	unlink(fifo);
	diag = (struct diag){ 0 };
	cr_expect_eq(image_open(&image, fifo, &diag), -ENOENT);
	cr_expect_str_eq(diag.text, "cannot open: No such file or directory");
	rmdir(path);
}

static struct image *open_kernel(const char *name)
{
	const char *folder = getenv("BOOTPATH_KERNELS");
	struct image *image = NULL;
	struct diag diag = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/vmlinuz", folder ? folder : "", name);
	if (!folder || access(path, R_OK) != 0)
		cr_skip_test("no %s kernel in BOOTPATH_KERNELS", name);
	cr_assert_eq(image_open(&image, path, &diag), 0, "%s", diag.text);
	cr_assert_eq(image_unpack(image, &diag), 0, "%s", diag.text);
	return image;
}

/* Debian's config of that kernel: CONFIG_KERNEL_LZ4, CONFIG_PVH, CONFIG_EFI_STUB, CONFIG_PHYSICAL_START=0x1000000. */
Test(image, the_real_cloud_kernel)
{
	struct image *image = open_kernel("cloud");

	cr_expect_eq(image->bz->compression, COMPRESSION_LZ4);
	cr_expect_eq(image->bz->protocol, 0x20f);
	cr_expect_eq(image->bz->pref_address, 0x1000000);
	cr_expect_eq(image->elf->entry_paddr, 0x1000000);
	cr_expect(image->elf->is_64);
	cr_expect(image->elf->has_pvh);
	for (unsigned i = 0; i < image->entry_count; i++)
		cr_expect(image->entries[i].offered, "%s: %s", image->entries[i].path,
			  image->entries[i].reason);
	image_close(image);
}

/* linux-image-686: no 64-bit entry; i386 vmlinux.lds.S gives a physical entry too. */
Test(image, the_real_i386_kernel)
{
	struct image *image = open_kernel("i386");

	cr_expect_eq(image->bz->compression, COMPRESSION_XZ);
	cr_expect_not(image->elf->is_64);
	cr_expect_eq(image->elf->entry_paddr, 0x1000000);
	cr_expect(image_entry_find(image, "linux32")->offered);
	cr_expect_not(image_entry_find(image, "linux64")->offered);
	image_close(image);
}
