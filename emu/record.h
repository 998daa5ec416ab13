/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recorder behind machine_trace_begin(), for the files of emu/ only. */
#ifndef EMU_RECORD_H
#define EMU_RECORD_H

#include "emu/base/digest.h"
#include "emu/machine_impl.h"
#include "emu/trace.h"
#include "emu/trace_format.h"
#include "emu/zframe.h"

/* A block of the dictionary; its number is its place in the array and 1. */
struct record_block {
	uint64_t hash;
	gva_t pc;
	gpa_t gpa;
	uint64_t first; /* count before its first run */
	uint32_t code;  /* offset into recorder.code */
	uint32_t size;
	uint16_t insns;
	uint8_t mode, bits;
	uint32_t chain; /* number of the next block with such a hash */
};

/* A number of things that came at one place between two blocks of the frame, packed as they come. */
struct record_stream {
	struct buf data;
	uint64_t count;
	uint64_t ordinal; /* of the last one: blocks begun in this frame */
};

#define RECORD_BUCKETS 65536u

struct recorder {
	struct trace_sink sink;
	int error; /* the first that happened; nothing is written after it */
	struct block_log log;
	struct log_token *tokens;
	uint32_t next_cap;
	/* the frame that is being made */
	uint64_t first; /* count at its begin */
	struct record_stream cuts, waits, events;
	uint64_t last_event; /* count of the last one */
	/* dictionary */
	struct record_block *blocks;
	uint32_t block_count, block_cap;
	struct buf code;
	uint32_t *buckets;
	/* the file */
	struct zframe *z;
	struct buf plain, packed;
	struct buf index;
	uint64_t frame_count, offset;
	uint64_t blocks_run, events_all;
	uint8_t header[TRACE_HEADER_SIZE];
	struct digest *digest;
};

/* Write out the frame that is being made; nothing when it is empty. */
void record_frame(struct machine *m);
/* Pack recorder.plain and send it; @ret_hash of the packed bytes, @ret_size how many. */
void record_pack(struct recorder *r, uint64_t *ret_hash, uint64_t *ret_size);
void record_send(struct recorder *r, const void *data, size_t len);
void record_failed(struct recorder *r, int error);

/* Everything after the last frame (record_tail.c). */
void record_tail(struct machine *m, const struct trace_fact *facts, size_t fact_count,
		 trace_name_fn name, void *arg);

#endif
