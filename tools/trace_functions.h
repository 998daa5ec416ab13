/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that the blocks of a trace lie in, by number, with names fit to print. */
#ifndef TOOLS_TRACE_FUNCTIONS_H
#define TOOLS_TRACE_FUNCTIONS_H

#include "emu/trace.h"

struct trace_function {
	const char *stage, *symbol; /* "" where unknown */
	char *text; /* "startup_64"; "kernel startup_64" where another stage has that name too */
};

/* Function 0 is code without a name. */
struct trace_functions {
	struct trace_function *items;
	size_t count;
	/* of each block's names in turn: the function; first[block] is where its names begin */
	uint32_t *of;
	size_t *first;
};

int trace_functions_create(struct trace_functions *ret, const struct trace *t);
void trace_functions_release(struct trace_functions *f);

/* The function that byte @at of @block lies in; @ret_offset: how far behind its start. */
uint32_t trace_function_at(const struct trace_functions *f, const struct trace_block *b,
			   uint32_t block, uint32_t at, uint64_t *ret_offset);

#endif
