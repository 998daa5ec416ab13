/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct trace, for the files that read it. */
#ifndef EMU_TRACE_IMPL_H
#define EMU_TRACE_IMPL_H

#include "emu/base/digest.h"
#include "emu/trace.h"
#include "emu/trace_format.h"

struct trace_frame {
	uint64_t offset, size; /* in the file */
	uint64_t plain;        /* bytes when unpacked */
	uint64_t hash;
	uint64_t first, insns; /* count at its begin, and how far it goes */
	uint64_t blocks, events;
};

struct trace {
	struct bytes file;
	char sha256[SHA256_HEX_SIZE];
	char digest[DIGEST_HEX_SIZE];
	struct trace_totals totals;
	uint64_t tail_offset, tail_size, tail_plain, tail_hash;
	struct trace_fact *facts;
	size_t fact_count;
	struct trace_block *blocks;
	size_t block_count;
	struct trace_block_name *names; /* of all blocks */
	struct trace_frame *frames;
	size_t frame_count;
	const char **texts;
	size_t text_count;
	/* the file's numbers of event kinds as ours; EVENT_KIND_COUNT: we know no such event */
	uint16_t *kinds;
	size_t kind_count;
	uint8_t *tail;
	char *strings; /* all texts with their NULs */
};

/* Fills what the tail holds (trace_tail.c). */
int trace_read_tail(struct trace *t, struct diag *diag);

#endif
