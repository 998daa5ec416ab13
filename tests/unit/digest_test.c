/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known answers: XXH3-128 of the reference implementation, SHA-256 of FIPS 180-4. */
#include <criterion/criterion.h>

#include "emu/base/digest.h"

static void check_xxh128(const char *text, const char *want)
{
	struct digest *d = digest_create();
	char hex[DIGEST_HEX_SIZE];

	digest_add(d, text, strlen(text));
	digest_hex(d, hex);
	cr_assert_str_eq(hex, want, "XXH3-128 of \"%s\" is %s", text, hex);
	digest_destroy(d);
}

Test(digest, xxh3_128_known_answers)
{
	/* xxHash's own check of the empty input; python-xxhash's of "a"; ClickHouse's tests. */
	check_xxh128("", "99aa06d3014798d86001c324468d497f");
	check_xxh128("a", "a96faf705af16834e6c632b61e964e1f");
	check_xxh128("ClickHouse", "14c27b7bef95d36fecf5520ca2daf030");
}

Test(digest, cutting_the_input_does_not_matter)
{
	uint8_t data[3000];
	char whole[DIGEST_HEX_SIZE], parts[DIGEST_HEX_SIZE];
	struct digest *a = digest_create(), *b = digest_create();

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	digest_add(a, data, sizeof(data));
	for (size_t i = 0; i < sizeof(data); i += 300)
		digest_add(b, data + i, 300);
	digest_hex(a, whole);
	digest_hex(b, parts);
	cr_assert_str_eq(whole, parts);
	digest_add(b, "", 1);
	digest_hex(b, parts);
	cr_assert_str_neq(whole, parts, "more may be added after digest_hex");
	digest_destroy(a);
	digest_destroy(b);
}

Test(digest, numbers_are_little_endian_and_strings_carry_their_length)
{
	char a_hex[DIGEST_HEX_SIZE], b_hex[DIGEST_HEX_SIZE];
	struct digest *a = digest_create(), *b = digest_create();

	static const uint8_t want[] = { 8, 7, 6, 5,   4,   3, 2, 1, 2, 0, 0, 0, 0,
					0, 0, 0, 'x', 'y', 0, 0, 0, 0, 0, 0, 0, 0 };

	digest_u64(a, 0x0102030405060708ull);
	digest_str(a, "xy");
	digest_str(a, NULL);
	digest_add(b, want, sizeof(want));
	digest_hex(a, a_hex);
	digest_hex(b, b_hex);
	cr_assert_str_eq(a_hex, b_hex);
	digest_destroy(a);
	digest_destroy(b);
}

Test(digest, sha256_known_answers)
{
	char hex[SHA256_HEX_SIZE];

	/* FIPS 180-4 examples (csrc.nist.gov, SHA256.pdf) and the empty message of NIST's SHAVS. */
	sha256_hex("abc", 3, hex);
	cr_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
	cr_assert_str_eq(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	sha256_hex(NULL, 0, hex);
	cr_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

Test(digest, xxh3_64_known_answer)
{
	/* The hash of nothing, from XSUM_sanityCheck of xxHash. */
	cr_assert_eq(hash64("", 0), 0x2d06800538d394c2ull);
}

Test(digest, destroy_takes_null)
{
	cr_assert_null(digest_destroy(NULL));
}
