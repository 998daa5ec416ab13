/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code in guest memory: reading it, and telling which byte of the image it came from. */
#ifndef TOOLS_CODE_H
#define TOOLS_CODE_H

#include "emu/base/state.h"
#include "loaders/image.h"

/* As much of @len bytes at linear address @va as can be read; returns how much. */
size_t code_read(const struct cpu_state *cpu, const struct mem_reader *mem, gva_t va, void *data,
		 size_t len);

/*
 * Find the instruction whose bytes, and some that follow, are @code: "startup_64+0x1c6"
 * of a compressed image, "kernel startup_64+0x40" of the kernel proper, "setup+0x2f0"
 * of the real-mode part. It is known by its bytes, so that it is found wherever the
 * image has moved itself to. False when it stands nowhere in the image, or twice.
 */
bool code_symbol(const struct image *image, struct bytes code, char *ret_text, size_t size);

#endif
