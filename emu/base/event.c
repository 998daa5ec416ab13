/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the event stream's records, from event.def. */
#include "emu/base/event.h"

const struct event_info event_infos[EVENT_KIND_COUNT] = {
#define EVENT(id, event_name, a, b, c, text) \
	[EVENT_##id] = { .name = event_name, .arg = { a, b, c }, .doc = text },
#include "emu/base/event.def"
#undef EVENT
};

const char *const event_status_names[3] = {
	[EVENT_MODELLED] = "modelled",
	[EVENT_ABSENT] = "absent",
	[EVENT_UNMODELLED] = "unmodelled",
};
