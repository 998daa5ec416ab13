/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run's trace: every block and every event, recorded while the machine runs,
 * kept as a file of independent zstd frames (bootpath-trace(5)), and read back
 * from any instruction on. The exact instruction sequence follows from it:
 * what ended a block early is part of the record.
 *
 * Without machine_trace_begin() nothing of this costs anything.
 */
#ifndef EMU_TRACE_H
#define EMU_TRACE_H

#include "emu/base/buf.h"
#include "emu/base/diag.h"
#include "emu/base/event.h"
#include "emu/base/state.h"

struct machine;

/* --- recording --- */

/* Where the file's bytes go, in order; returns 0 or a negative errno, which ends the recording. */
struct trace_sink {
	int (*write)(void *arg, const void *data, size_t len);
	void *arg;
};

/* A sink that keeps the file in memory: trace_open() reads it from there. */
struct trace_sink trace_sink_buf(struct buf *b);

/* What the file says of the run besides its steps: "path", "cmdline", "outcome"... Both are text. */
struct trace_fact {
	const char *name, *value;
};

/* The name of the code at one address. */
struct trace_name {
	const char *stage;  /* "kernel", "compressed", ...; "" where unknown */
	const char *symbol; /* "" where none */
	uint64_t offset;    /* from the symbol's start */
};

/*
 * Names what lay at @pc, physical @gpa, after @count instructions, when it first ran; false: nothing is
 * known of it. The texts live as long as @arg does.
 */
typedef bool (*trace_name_fn)(void *arg, gva_t pc, gpa_t gpa, uint64_t count,
			      struct trace_name *ret);

/*
 * Record all that runs from here on. @sha256: of the image, 64 hex digits. Before the
 * first run; a machine that is traced cannot be restored to a snapshot. -ENOMEM, -EBUSY.
 */
int machine_trace_begin(struct machine *m, const struct trace_sink *sink, const char *sha256,
			struct diag *diag);
/*
 * End the recording and the file. @name may be NULL. Fails with what the sink failed
 * with, -ENOMEM, or -EFBIG when the guest made more code than can be kept.
 */
int machine_trace_end(struct machine *m, const struct trace_fact *facts, size_t fact_count,
		      trace_name_fn name, void *arg, struct diag *diag);

/* --- reading --- */

/* One piece of straight code: the same address, place, mode and bytes are the same block. */
struct trace_block {
	gva_t pc;
	gpa_t gpa; /* of its first byte */
	uint32_t size;
	uint32_t insns; /* instructions in it */
	enum cpu_mode mode;
	uint8_t bits;   /* width of its code: 16, 32, 64 */
	uint64_t first; /* count before its first run */
	const uint8_t *code;
	/* Names along the block: each holds from its first byte to the next one's. */
	const struct trace_block_name *names;
	uint32_t name_count;
};

/* No block has more: an instruction takes a byte at least, and the engine ends a block sooner. */
#define TRACE_BLOCK_INSNS_MAX 8192u

struct trace_block_name {
	uint32_t at; /* byte of the block */
	struct trace_name name;
};

enum trace_item_kind {
	TRACE_BLOCK, /* a block was run */
	TRACE_WAIT,  /* time passed without instructions: HLT, a firmware service */
	TRACE_EVENT, /* during the last block, or before any */
};

struct trace_item {
	enum trace_item_kind kind;
	uint64_t count; /* instruction number at which it began */
	/* TRACE_BLOCK */
	uint32_t block; /* index into trace_blocks() */
	uint32_t insns; /* how many of its instructions retired: fewer when it was left early */
	/* TRACE_WAIT */
	uint64_t wait;
	/* TRACE_EVENT */
	struct event event;
};

struct trace;
struct trace_cursor;

struct trace_totals {
	uint64_t instructions; /* what machine_instructions() said at the end */
	uint64_t blocks;       /* runs of blocks */
	uint64_t events;
	uint64_t frames;
};

/*
 * @file is borrowed and must outlive the trace. Looks at both ends of it; a frame is
 * looked at when a cursor comes there. -EINVAL with the offset and what was expected, -ENOMEM.
 */
int trace_open(struct trace **ret_t, struct bytes file, struct diag *diag);
/* Takes NULL, returns NULL. */
struct trace *trace_close(struct trace *t);

const char *trace_sha256(const struct trace *t);
/* XXH3-128 over all that the file says, whatever packed it: the same run gives the same on every host. 32 hex digits. */
const char *trace_digest(const struct trace *t);
void trace_totals(const struct trace *t, struct trace_totals *ret);
const struct trace_fact *trace_facts(const struct trace *t, size_t *ret_count);
/* The fact's value, or NULL. */
const char *trace_fact_find(const struct trace *t, const char *name);
/* All blocks that ever ran, in the order of their first run. */
const struct trace_block *trace_blocks(const struct trace *t, size_t *ret_count);

/* Starts at the beginning. -ENOMEM. */
int trace_cursor_create(struct trace_cursor **ret_c, const struct trace *t);
struct trace_cursor *trace_cursor_destroy(struct trace_cursor *c);
/*
 * Go where instruction number @count is: the next item is the first one of the frame
 * that holds it, or, with all before it skipped, the block in which it lies.
 */
int trace_cursor_seek(struct trace_cursor *c, uint64_t count, struct diag *diag);
/* 1: *ret is the next item; 0: the end; -EINVAL for a damaged frame; -ENOMEM. */
int trace_cursor_next(struct trace_cursor *c, struct trace_item *ret, struct diag *diag);

/* Where each instruction of the block begins: block->insns offsets, and its size after the last. At most @max; returns how many instructions. */
unsigned trace_block_offsets(const struct trace_block *b, uint32_t *ret_offsets, unsigned max);

/* Into @ret_runs, an element for each block: how often it was run. -EINVAL, -ENOMEM. */
int trace_count_blocks(const struct trace *t, uint64_t *ret_runs, struct diag *diag);

#endif
