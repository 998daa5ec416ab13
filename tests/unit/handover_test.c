/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knowing the kernel proper's entry by its bytes, moved or not. */
#include <criterion/criterion.h>

#include "tools/handover.h"

/* i386 6.1 startup_32 begins so: mov 0xADDR,%ecx; testb $0x40,0x211(%esi); jne; lgdtl 0xADDR */
static const uint8_t linked[] = {
	0x8b, 0x0d, 0x20, 0x88, 0x70, 0x01, 0xf6, 0x86, 0x11, 0x02, 0x00, 0x00, 0x40,
	0x75, 0x17, 0x0f, 0x01, 0x15, 0x1c, 0x2f, 0xa4, 0x01, 0xb8, 0x18, 0x00,
};

static void moved(uint8_t *out, uint32_t delta)
{
	memcpy(out, linked, sizeof(linked));
	put_le32(out + 2, get_le32(out + 2) + delta);
	put_le32(out + 18, get_le32(out + 18) + delta);
}

Test(kernel_entry, equal_bytes_match)
{
	cr_assert(kernel_code_equal(linked, linked, sizeof(linked), 0));
	cr_assert(kernel_code_equal(linked, linked, sizeof(linked), 0x1000000));
}

Test(kernel_entry, absolute_addresses_may_have_moved_with_the_kernel)
{
	static const uint32_t deltas[] = { 0x200000, 0x1000000, 0xffe00000, 0x12345678, 0x10 };
	uint8_t now[sizeof(linked)];

	for (size_t i = 0; i < ARRAY_SIZE(deltas); i++) {
		moved(now, deltas[i]);
		cr_assert(kernel_code_equal(linked, now, sizeof(now), deltas[i]), "%#x", deltas[i]);
	}
}

Test(kernel_entry, other_distances_and_other_bytes_do_not_match)
{
	uint8_t now[sizeof(linked)];

	moved(now, 0x200000);
	cr_assert_not(kernel_code_equal(linked, now, sizeof(now), 0x400000));
	cr_assert_not(kernel_code_equal(linked, now, sizeof(now), 0));
	now[0] ^= 1;
	cr_assert_not(kernel_code_equal(linked, now, sizeof(now), 0x200000));
	moved(now, 0x200000);
	now[24] = 1;
	cr_assert_not(kernel_code_equal(linked, now, sizeof(now), 0x200000), "the last byte");
	memset(now, 0, sizeof(now));
	cr_assert_not(kernel_code_equal(linked, now, sizeof(now), 0x200000));
}
