/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of a rule set: pieces that live and die together. */
#ifndef SPECS_ARENA_H
#define SPECS_ARENA_H

#include "emu/base/types.h"

struct arena_block;

/* Zero-initialise to start empty. */
struct arena {
	struct arena_block *head;
};

/* @size zeroed bytes, aligned for any type; NULL when out of memory. */
void *arena_alloc(struct arena *a, size_t size);
/* A NUL-terminated copy of @len bytes; NULL when out of memory. */
char *arena_text(struct arena *a, const char *text, size_t len);
void arena_free(struct arena *a);

#endif
