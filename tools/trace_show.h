/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath trace show`: what a trace file holds, in several views. */
#ifndef TOOLS_TRACE_SHOW_H
#define TOOLS_TRACE_SHOW_H

#include "emu/base/jsonw.h"
#include "emu/disasm.h"
#include "emu/trace.h"
#include "tools/trace_functions.h"

/* argv[0] is "bootpath trace show"; returns the exit status. */
int trace_show_command(int argc, char **argv);

/* Output that may be larger than memory: sent on piece by piece unless it goes to a file. */
struct trace_out {
	struct buf buf;
	const char *path; /* NULL: standard output */
	int error;
	struct diag diag;
};

/* Between two items; false when there is no use in going on. */
bool trace_out_more(struct trace_out *o);
/* All that is left; 0 or what went wrong, with the diag filled. */
int trace_out_end(struct trace_out *o);

/* What the user wants to see of a trace. */
struct trace_view {
	const struct trace *trace;
	const char *name; /* of the file, without folders */
	struct trace_functions functions;
	uint64_t from, to;    /* instruction numbers, [from, to) */
	const char *function; /* only what runs in it; NULL: all */
	uint64_t kinds;       /* bits of enum event_kind */
	bool blocks;          /* blocks, not their instructions */
	bool json;
	uint64_t least; /* calls of fewer instructions are left out of a Chrome trace */
	enum disasm_syntax syntax;
	struct trace_out *out;
};

/* Each writes one view to v->out; -EINVAL for a damaged trace, -ENOMEM. */
typedef int (*trace_view_fn)(const struct trace_view *v, struct diag *diag);
int trace_view_summary(const struct trace_view *v, struct diag *diag);
int trace_view_list(const struct trace_view *v, struct diag *diag);
int trace_view_events(const struct trace_view *v, struct diag *diag);
int trace_view_calls(const struct trace_view *v, struct diag *diag);
int trace_view_folded(const struct trace_view *v, struct diag *diag);
int trace_view_chrome(const struct trace_view *v, struct diag *diag);

/* The members that every JSON view begins with, after the opening brace. */
void trace_view_json_head(const struct trace_view *v, struct jsonw *w);
void trace_event_json(struct jsonw *w, const char *key, const struct event *e);
/* "port-out port 0x80 value 0x1 size 0x1" */
void trace_event_text(const struct event *e, struct buf *out);

#endif
