/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of which bytes go where in guest memory, and why: the whole output of placing an image. */
#ifndef LOADERS_PLACEMENT_H
#define LOADERS_PLACEMENT_H

#include "emu/base/types.h"

struct placement {
	gpa_t gpa;
	uint64_t size;     /* bytes of guest memory taken; past len they are zero */
	struct bytes data; /* borrowed or owned, see owned; data.len <= size */
	bool owned;        /* data.data is freed with the list */
	char name[32]; /* "kernel", "boot_params", "cmdline", "initrd", "gdt", "page tables", ... */
	char source[64]; /* where the bytes come from: "file offset 0x5000", "model linux64" */
};

/* In order; a later one wins where two overlap. Zero-initialise to start empty. */
struct placements {
	struct placement *items;
	size_t count;
	size_t cap;
};

/* @data stays the caller's and must outlive the list. 0 or -ENOMEM, -EOVERFLOW (gpa+size wraps). */
int placements_add(struct placements *p, const char *name, gpa_t gpa, struct bytes data,
		   uint64_t size, const char *source);
/* As above, and on success @data, which came from malloc(), is the list's. */
int placements_add_owned(struct placements *p, const char *name, gpa_t gpa, struct bytes data,
			 uint64_t size, const char *source);
/* As above, with a copy of @len bytes that the list owns. */
int placements_add_copy(struct placements *p, const char *name, gpa_t gpa, const void *data,
			size_t len, const char *source);
/* The last of that name, or NULL. */
const struct placement *placements_find(const struct placements *p, const char *name);
void placements_free(struct placements *p);

#endif
