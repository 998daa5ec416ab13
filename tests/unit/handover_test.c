/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knowing the kernel proper's entry by its bytes, moved or not. */
#include <criterion/criterion.h>

#include "tools/handover.h"

/* i386 6.1 startup_32 begins so: mov 0xADDR,%ecx; testb $0x40,0x211(%esi); jne; lgdtl 0xADDR */
static const uint8_t linked[] = {
	0x8b, 0x0d, 0x20, 0x88, 0x70, 0x01, 0xf6, 0x86, 0x11, 0x02, 0x00, 0x00, 0x40,
	0x75, 0x17, 0x0f, 0x01, 0x15, 0x1c, 0x2f, 0xa4, 0x01, 0xb8, 0x18, 0x00,
};

static void moved(uint8_t *out, uint32_t first, uint32_t second)
{
	memcpy(out, linked, sizeof(linked));
	put_le32(out + 2, get_le32(out + 2) + first);
	put_le32(out + 18, get_le32(out + 18) + second);
}

static bool matches(const uint8_t *now, uint64_t alignment)
{
	return kernel_code_equal(linked, now, sizeof(linked), alignment);
}

Test(kernel_entry, equal_bytes_match)
{
	cr_assert(matches(linked, 0x200000));
}

Test(kernel_entry, addresses_in_the_code_may_have_moved)
{
	static const uint32_t distances[] = { 0x200000, 0x1000000, 0xffe00000, 0x3ac00000,
					      0x80000000 };
	uint8_t now[sizeof(linked)];

	for (size_t i = 0; i < ARRAY_SIZE(distances); i++) {
		moved(now, distances[i], distances[i]);
		cr_assert(matches(now, 0x200000), "%#x", distances[i]);
		moved(now, distances[i], -distances[i]);
		cr_assert(matches(now, 0x200000), "%#x and back", distances[i]);
		moved(now, 0, distances[i]);
		cr_assert(matches(now, 0x200000), "only the second %#x", distances[i]);
	}
}

Test(kernel_entry, other_code_does_not_match)
{
	uint8_t now[sizeof(linked)];

	moved(now, 0x200000, 0x400000);
	cr_assert_not(matches(now, 0x200000), "two distances");
	moved(now, 0x100100, 0x100100);
	cr_assert_not(matches(now, 0x200000), "no multiple of the alignment");
	moved(now, 0x200000, 0x200000);
	now[0] ^= 1;
	cr_assert_not(matches(now, 0x200000), "the first opcode");
	moved(now, 0x200000, 0x200000);
	now[13] ^= 1;
	cr_assert_not(matches(now, 0x200000), "an opcode in the middle");
	memset(now, 0, sizeof(now));
	cr_assert_not(matches(now, 0x200000));
	cr_assert_not(matches(now, 0x1000));
}

Test(kernel_entry, a_word_that_the_end_cuts_is_not_judged)
{
	uint8_t now[sizeof(linked)];

	for (size_t len = 18; len < 22; len++) {
		moved(now, 0x200000, 0x200000);
		cr_assert(kernel_code_equal(linked, now, len, 0x200000), "%zu bytes", len);
	}
}

Test(kernel_entry, code_that_is_mostly_moved_says_nothing)
{
	static const uint8_t file[12] = { 0 };
	uint8_t now[12] = { 0 };

	put_le32(now, 0x200000);
	cr_assert(kernel_code_equal(file, now, sizeof(now), 0x200000));
	put_le32(now + 4, 0x200000);
	cr_assert_not(kernel_code_equal(file, now, sizeof(now), 0x200000));
}
