/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes a bzImage the way that finds bugs: its fields to extremes, its structures and code here and there. */
#ifndef TESTS_LIB_MUTATE_H
#define TESTS_LIB_MUTATE_H

#include "emu/base/buf.h"
#include "emu/base/rng.h"

/* Where the parts of the image lie in its file; see mutator_init(). */
struct mutator {
	struct bytes base;
	uint64_t setup_size;
	uint64_t payload; /* an ELF that is not packed */
	uint64_t payload_size;
	uint64_t kernel_info;
};

/* @base is a sound 64-bit bzImage of protocol 2.15 whose payload is not packed; false when it is not. */
bool mutator_init(struct mutator *m, struct bytes base);

/*
 * The image changed once or a few times, in @out (owned by the caller); what was
 * done is added to @what in words when that is not NULL.
 */
void mutate(const struct mutator *m, struct rng *rng, struct buf *out, struct buf *what);

#endif
