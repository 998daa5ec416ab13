/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xoshiro256** and splitmix64 against outputs of their authors' C code. */
#include <criterion/criterion.h>

#include "emu/base/rng.h"

Test(rng, xoshiro256starstar_from_1_2_3_4)
{
	/* The vector that the Rust, C++ and Fortran ports of the reference code check as well. */
	static const uint64_t want[] = {
		11520ull,
		0ull,
		1509978240ull,
		1215971899390074240ull,
		1216172134540287360ull,
		607988272756665600ull,
		16172922978634559625ull,
		8476171486693032832ull,
		10595114339597558777ull,
		2904607092377533576ull,
	};
	struct rng r = { .s = { 1, 2, 3, 4 } };

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		cr_assert_eq(rng_u64(&r), want[i], "output %zu", i);
}

Test(rng, splitmix64_from_1234567)
{
	/* rosettacode.org "Pseudo-random numbers/Splitmix64", made with the reference code. */
	static const uint64_t want[] = {
		6457827717110365317ull, 3203168211198807973ull,  9817491932198370423ull,
		4593380528125082431ull, 16408922859458223821ull,
	};
	uint64_t state = 1234567;

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		cr_assert_eq(splitmix64(&state), want[i], "output %zu", i);
}

Test(rng, stream_depends_on_seed_and_consumer_alone)
{
	struct rng a, b, other_seed, other_name;

	rng_init(&a, 5, "rdrand");
	rng_init(&b, 5, "rdrand");
	rng_init(&other_seed, 6, "rdrand");
	rng_init(&other_name, 5, "pit");
	for (unsigned i = 0; i < 64; i++) {
		uint64_t v = rng_u64(&a);

		cr_assert_eq(v, rng_u64(&b));
		cr_assert_neq(v, rng_u64(&other_seed));
		cr_assert_neq(v, rng_u64(&other_name));
	}
}

Test(rng, below_stays_below_and_reaches_everything)
{
	unsigned seen[7] = { 0 };
	struct rng r;

	rng_init(&r, 0, "test");
	for (unsigned i = 0; i < 7000; i++) {
		uint64_t v = rng_below(&r, 7);

		cr_assert_lt(v, 7);
		seen[v]++;
	}
	for (unsigned i = 0; i < 7; i++)
		cr_assert(seen[i] > 800 && seen[i] < 1200, "%u came %u times", i, seen[i]);
	cr_assert_eq(rng_below(&r, 1), 0);
	cr_assert_leq(rng_below(&r, (1ull << 63) + 1), 1ull << 63);
}

Test(rng, fill_is_the_stream_in_little_endian_order)
{
	struct rng r = { .s = { 1, 2, 3, 4 } };
	uint8_t bytes[20] = { 0 };

	rng_fill(&r, bytes, 19);
	cr_assert_eq(get_le64(bytes), 11520);
	cr_assert_eq(get_le64(bytes + 8), 0);
	cr_assert_eq(get_le32(bytes + 16), 1509978240 & 0xffffff);
	cr_assert_eq(bytes[19], 0, "one byte too many");
}
