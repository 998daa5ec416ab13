/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growable buffers and bounds-checked reads. */
#include <criterion/criterion.h>

#include "emu/base/buf.h"

Test(buf, grows_by_appending_and_printing)
{
	struct buf b = { 0 };

	buf_puts(&b, "abc");
	buf_append(&b, "\0x", 2);
	buf_printf(&b, "%0512d", 1);
	cr_assert_eq(b.len, 3 + 2 + 512);
	cr_assert_not(b.failed);
	cr_assert_arr_eq(b.data, "abc\0x000", 8);
	cr_assert_eq(b.data[b.len - 1], '1');
	buf_free(&b);
	cr_assert_null(b.data);
}

Test(buf, string_has_a_nul_that_is_not_counted)
{
	struct buf b = { 0 };

	cr_assert_str_eq(buf_str(&b), "");
	cr_assert_eq(b.len, 0);
	buf_puts(&b, "one");
	cr_assert_str_eq(buf_str(&b), "one");
	buf_puts(&b, " two");
	cr_assert_str_eq(buf_str(&b), "one two");
	buf_free(&b);
}

Test(buf, failure_is_sticky)
{
	struct buf b = { 0 };

	buf_puts(&b, "x");
	buf_append(&b, "y", SIZE_MAX);
	cr_assert(b.failed);
	buf_puts(&b, "z");
	cr_assert_eq(b.len, 1);
	cr_assert_str_eq(buf_str(&b), "");
	buf_free(&b);
	cr_assert_not(b.failed);
}

Test(buf, free_takes_null)
{
	buf_free(NULL);
}

static const uint8_t raw[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

Test(bytes, reads_are_little_endian_at_any_alignment)
{
	struct bytes b = { raw, sizeof(raw) };
	uint8_t v8;
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	cr_assert(bytes_u8(b, 8, &v8));
	cr_assert_eq(v8, 9);
	cr_assert(bytes_le16(b, 7, &v16));
	cr_assert_eq(v16, 0x0908);
	cr_assert(bytes_le32(b, 1, &v32));
	cr_assert_eq(v32, 0x05040302);
	cr_assert(bytes_le64(b, 1, &v64));
	cr_assert_eq(v64, 0x0908070605040302ull);
}

Test(bytes, reads_that_pass_the_end_leave_the_value_alone)
{
	struct bytes b = { raw, sizeof(raw) };
	const uint64_t offsets[] = { 9, 10, UINT64_MAX, UINT64_MAX - 7, 1ull << 63 };
	uint64_t v64 = 77;
	uint32_t v32 = 77;
	uint16_t v16 = 77;
	uint8_t v8 = 77;

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		cr_assert_not(bytes_u8(b, offsets[i], &v8));
		cr_assert_not(bytes_le16(b, offsets[i], &v16));
		cr_assert_not(bytes_le32(b, offsets[i], &v32));
		cr_assert_not(bytes_le64(b, offsets[i], &v64));
	}
	cr_assert_not(bytes_le16(b, 8, &v16));
	cr_assert_not(bytes_le32(b, 6, &v32));
	cr_assert_not(bytes_le64(b, 2, &v64));
	cr_assert(v8 == 77 && v16 == 77 && v32 == 77 && v64 == 77);
}

Test(bytes, slice_may_be_empty_at_the_end_but_not_past_it)
{
	struct bytes b = { raw, sizeof(raw) }, s = { 0 };

	cr_assert(bytes_slice(b, 9, 0, &s));
	cr_assert_eq(s.len, 0);
	cr_assert(bytes_slice(b, 2, 3, &s));
	cr_assert_eq(s.data, raw + 2);
	cr_assert_eq(s.len, 3);
	cr_assert_not(bytes_slice(b, 10, 0, &s));
	cr_assert_not(bytes_slice(b, 1, UINT64_MAX, &s));
	cr_assert(bytes_slice((struct bytes){ 0 }, 0, 0, &s));
}
