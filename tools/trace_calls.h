/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who called whom: the call stack that a trace's blocks imply, told step by step. */
#ifndef TOOLS_TRACE_CALLS_H
#define TOOLS_TRACE_CALLS_H

#include "tools/trace_functions.h"

/* What a walk through a trace tells; @arg is the caller's. All in time order. */
struct call_ops {
	/*
	 * @function is entered: by a call, by falling or jumping into it, or because vector @vector (else -1) was
	 * delivered. A call to @offset behind its start, if not 0, is of something that has no name of its own.
	 */
	void (*enter)(void *arg, uint32_t function, uint64_t offset, gva_t pc, int vector,
		      uint64_t count);
	/* The innermost function is left. */
	void (*leave)(void *arg, uint64_t count);
	/* @insns instructions were run in the innermost function; @mode is theirs. */
	void (*run)(void *arg, uint64_t count, uint64_t insns, enum cpu_mode mode);
	void (*event)(void *arg, const struct event *e); /* may be NULL */
};

/* Deeper calls count as part of the function at this depth. */
#define CALL_DEPTH_MAX 512u

/*
 * Walk over instructions [from, to). What was entered is left at the end. A
 * function that was left by a jump into another one (a tail call) is left
 * before that is entered. -EINVAL for a damaged trace, -ENOMEM.
 */
int trace_calls_walk(const struct trace *t, const struct trace_functions *f, uint64_t from,
		     uint64_t to, const struct call_ops *ops, void *arg, struct diag *diag);

/* "kernel startup_64", "startup_64+0x1c6", or the address of code without any name. */
void trace_call_text(const struct trace_functions *f, uint32_t function, uint64_t offset, gva_t pc,
		     struct buf *out);

#endif
