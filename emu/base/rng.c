/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Seeded pseudo-random streams: xoshiro256** and splitmix64 (Blackman and Vigna, prng.di.unimi.it). */
#include "emu/base/rng.h"

#include <assert.h>

#include "emu/base/digest.h" /* hash64 */

uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull; /* 2^64 divided by the golden ratio, odd */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

void rng_init(struct rng *r, uint64_t seed, const char *consumer)
{
	uint64_t key = splitmix64(&seed) ^ hash64(consumer, strlen(consumer));

	/* splitmix64 never gives 0 twice in a period, so the state is never all zero. */
	for (unsigned i = 0; i < ARRAY_SIZE(r->s); i++)
		r->s[i] = splitmix64(&key);
}

static uint64_t rotate_left(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

uint64_t rng_u64(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
	uint64_t rest, v;

	assert(n);
	/* 2^64 mod n: the values below it would make small results more likely. */
	rest = -n % n;
	do {
		v = rng_u64(r);
	} while (v < rest);
	return v % n;
}

void rng_fill(struct rng *r, void *data, size_t len)
{
	uint8_t *p = data, le[8];

	while (len) {
		size_t n = len < sizeof(le) ? len : sizeof(le);

		put_le64(le, rng_u64(r));
		memcpy(p, le, n);
		p += n;
		len -= n;
	}
}
