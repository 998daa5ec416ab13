/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The setup header of every protocol version. Expected values are those of boot.rst. */
#include "loaders/bzimage.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "tests/lib/boot_files.h"

static const struct bytes payload = { (const uint8_t *)"\x02\x21\x4c\x18payload", 11 };

static struct bytes view(const struct buf *b)
{
	return (struct bytes){ b->data, b->len };
}

static struct bzimage parse(uint16_t protocol)
{
	struct buf file = { 0 };
	struct diag diag = { 0 };
	struct bzimage bz;

	test_bzimage_build(&file, protocol, payload);
	cr_assert_eq(bzimage_parse(view(&file), &bz, &diag), 0, "%x: %s", protocol, diag.text);
	cr_expect_eq(bz.protocol, protocol);
	cr_expect_eq(bz.setup_size, 0x400);
	buf_free(&file);
	return bz;
}

Test(bzimage, a_field_is_read_from_the_protocol_that_brought_it)
{
	for (uint16_t p = 0x200; p <= 0x20f; p++) {
		struct bzimage bz = parse(p);

		cr_expect(bz.has_header);
		cr_expect(bz.loaded_high, "%x", p);
		cr_expect_eq(bz.initrd_addr_max, p < 0x203 ? 0x37ffffffu : 0x7fffffffu, "%x", p);
		cr_expect_eq(bz.relocatable, p >= 0x205, "%x", p);
		cr_expect_eq(bz.kernel_alignment, p < 0x205 ? 1u : 0x200000u, "%x", p);
		cr_expect_eq(bz.cmdline_size, p < 0x206 ? 255u : 2047u, "%x", p);
		cr_expect_eq(bz.has_payload, p >= 0x208, "%x", p);
		cr_expect_eq(bz.pref_address, p < 0x20a ? 0x100000u : 0x1000000u, "%x", p);
		cr_expect_eq(bz.init_size, p < 0x20a ? bz.kernel_size : 0x400000u, "%x", p);
		cr_expect_eq(bz.kernel_64, p >= 0x20c, "%x", p);
	}
}

/* boot.rst: the last field of each version, and "0x0202 + byte value at offset 0x0201". */
Test(bzimage, the_header_ends_where_its_jump_says)
{
	cr_expect_eq(parse(0x200).header_end, 0x224);
	cr_expect_eq(parse(0x203).header_end, 0x230);
	cr_expect_eq(parse(0x206).header_end, 0x23c);
	cr_expect_eq(parse(0x20b).header_end, 0x268);
	cr_expect_eq(parse(0x20e).header_end, 0x268, "2.14 is as 2.13");
	cr_expect_eq(parse(0x20f).header_end, 0x26c);
}

Test(bzimage, setup_sects_zero_is_read_as_four)
{
	struct buf file = { 0 };
	struct diag diag = { 0 };
	struct bzimage bz;

	test_bzimage_build(&file, 0x20f, payload);
	buf_append(&file, (const uint8_t[0x600]){ 0 }, 0x600);
	file.data[0x1f1] = 0;
	cr_assert_eq(bzimage_parse(view(&file), &bz, &diag), 0, "%s", diag.text);
	cr_expect_eq(bz.setup_size, 5 * 512);
	buf_free(&file);
}

Test(bzimage, the_upper_half_of_syssize_is_ignored_before_2_04)
{
	struct buf file = { 0 };
	struct diag diag = { 0 };
	struct bzimage bz;

	test_bzimage_build(&file, 0x203, payload);
	put_le16(file.data + 0x1f6, 0xffff);
	cr_assert_eq(bzimage_parse(view(&file), &bz, &diag), 0, "%s", diag.text);
	cr_expect_eq(bz.kernel_size, file.len - 0x400);
	put_le16(file.data + 0x206, 0x204);
	cr_expect_eq(bzimage_parse(view(&file), &bz, &diag), -EINVAL);
	cr_expect(diag.has_offset && diag.offset == file.len, "at the file's end");
	buf_free(&file);
}

/* boot.rst: no "HdrS" means zImage, no initrd, real-mode code at 0x90000. */
Test(bzimage, the_header_less_form_is_a_low_zimage)
{
	static const uint8_t zeros[0x80010];
	struct buf file = { 0 };
	struct bzimage bz;

	test_bzimage_build(&file, 0, payload);
	cr_assert_not(bzimage_probe(view(&file)));
	cr_assert(bzimage_probe_headerless(view(&file)));
	cr_assert_eq(bzimage_parse(view(&file), &bz, NULL), 0);
	cr_expect_not(bz.has_header);
	cr_expect_not(bz.loaded_high);
	cr_expect_eq(bz.protocol, 0);
	cr_expect_eq(bz.pref_address, 0x10000);
	cr_expect_eq(bz.cmdline_size, 255);
	cr_expect_not(bz.has_payload);
	/* boot.rst: at most 512K, from 0x10000 to 0x90000. */
	put_le16(file.data + 0x1f4, 0x8001);
	buf_append(&file, zeros, sizeof(zeros));
	cr_expect_not(bzimage_probe_headerless(view(&file)), "larger than a zImage can be");
	put_le16(file.data + 0x1f4, 0x8000);
	cr_expect(bzimage_probe_headerless(view(&file)));
	put_le16(file.data + 0x1f4, 0);
	cr_expect_not(bzimage_probe_headerless(view(&file)),
		      "a boot sector with no kernel behind it");
	buf_free(&file);
}

Test(bzimage, a_header_that_cannot_be_is_refused_with_its_offset)
{
	struct buf file = { 0 };
	struct diag diag = { 0 };
	struct bzimage bz;

	test_bzimage_build(&file, 0x20f, payload);
	put_le16(file.data + 0x206, 0x0100);
	cr_expect_eq(bzimage_parse(view(&file), &bz, &diag), -EINVAL);
	cr_expect_eq(diag.offset, 0x206);
	put_le16(file.data + 0x206, 0x020f);

	diag = (struct diag){ 0 };
	put_le32(file.data + 0x1f4, 0);
	cr_expect_eq(bzimage_parse(view(&file), &bz, &diag), -EINVAL);
	cr_expect_eq(diag.offset, 0x1f4);

	diag = (struct diag){ 0 };
	file.data[0x1f1] = 64;
	cr_expect_eq(bzimage_parse(view(&file), &bz, &diag), -EINVAL);
	cr_expect_eq(diag.offset, file.len, "setup code past the end");
	buf_free(&file);
}

/* Whether a payload lies inside the image is a clause; reading the header must not depend on it. */
Test(bzimage, a_payload_outside_is_still_shown)
{
	struct buf file = { 0 };
	struct bzimage bz;

	test_bzimage_build(&file, 0x20f, payload);
	put_le32(file.data + 0x248, 0xfffffff0);
	put_le32(file.data + 0x24c, 0xffffffff);
	cr_assert_eq(bzimage_parse(view(&file), &bz, NULL), 0);
	cr_expect(bz.has_payload);
	cr_expect_eq(bz.payload_file_offset, 0x400 + 0xfffffff0ull);
	cr_expect_eq(bz.compression, COMPRESSION_NONE);
	buf_free(&file);
}
