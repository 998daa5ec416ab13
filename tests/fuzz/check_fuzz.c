/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: bytes as a boot image through all of `check`. libFuzzer's own
 * mutations and ours take turns: ours know the fields of a bzImage.
 */
#include <stdlib.h>

#include "tests/lib/check_bytes.h"
#include "tests/lib/mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* Read at the first input and kept: reading the rules costs more than a run does. */
static const struct spec_set *rules(void)
{
	static struct spec_set set;

	if (!set.count && spec_set_builtin(&set, NULL))
		abort();
	return &set;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct buf out = { 0 };
	struct mutator m;
	struct rng rng;

	rng_init(&rng, seed, "fuzz");
	if (rng_below(&rng, 4) == 0 || !mutator_init(&m, (struct bytes){ data, size }))
		return LLVMFuzzerMutate(data, size, max);
	mutate(&m, &rng, &out, NULL);
	size = out.len < max ? out.len : max;
	memcpy(data, out.data, size);
	buf_free(&out);
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checked c = { 0 };

	check_bytes(rules(), (struct bytes){ data, size }, CHECK_ALL_PATHS, &c);
	checked_release(&c);
	return 0;
}
