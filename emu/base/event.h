/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event stream: fixed records of what happened in a run, in time order. */
#ifndef EMU_BASE_EVENT_H
#define EMU_BASE_EVENT_H

#include "emu/base/types.h"

enum event_kind {
#define EVENT(id, name, a, b, c, doc) EVENT_##id,
#include "emu/base/event.def"
#undef EVENT
	EVENT_KIND_COUNT
};

/* How far the model knows what it answered (design rule: nothing unmodelled is silent). */
enum event_status { EVENT_MODELLED, EVENT_ABSENT, EVENT_UNMODELLED };

struct event {
	uint64_t count;  /* instructions retired before it */
	uint16_t kind;   /* enum event_kind */
	uint16_t status; /* enum event_status */
	uint32_t reserved;
	uint64_t arg[3];
};

struct event_info {
	const char *name;
	const char *arg[3]; /* "" where unused */
	const char *doc;
};

extern const struct event_info event_infos[EVENT_KIND_COUNT];
extern const char *const event_status_names[3]; /* "modelled", "absent", "unmodelled" */

#endif
