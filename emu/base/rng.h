/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seeded pseudo-random streams. The only source of randomness in the product:
 * a stream is made from the run's seed and the name of its one consumer, so
 * that a new consumer never changes what another one draws.
 */
#ifndef EMU_BASE_RNG_H
#define EMU_BASE_RNG_H

#include "emu/base/types.h"

struct rng {
	uint64_t s[4]; /* xoshiro256** state; plain data, so that a snapshot is a copy */
};

void rng_init(struct rng *r, uint64_t seed, const char *consumer);
uint64_t rng_u64(struct rng *r);
/* Uniform in [0, n); n must not be 0. */
uint64_t rng_below(struct rng *r, uint64_t n);
void rng_fill(struct rng *r, void *data, size_t len);

/* One step of splitmix64, the generator that spreads a seed over a larger state. */
uint64_t splitmix64(uint64_t *state);

#endif
