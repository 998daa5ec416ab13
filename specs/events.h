/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event stream in the rule language: each row of emu/base/event.def is a list of its own, and counted by events(). */
#ifndef SPECS_EVENTS_H
#define SPECS_EVENTS_H

#include "specs/expr.h"

/* More of one kind than a rule can look at: then it is SKIP. */
#define EVENT_ROWS_MAX 100000u

/* "port-out"; false when there is no such kind. */
bool event_kind_find(const char *name, enum event_kind *ret);
/* "port_out", as lists are named. */
bool event_list_find(const char *name, enum event_kind *ret);

/* Of a row: the first of the event's own numbers. */
#define EVENT_FIELD_ARG 4

/* NULL-ended: index, count, order, status and the row's own. */
const char *const *event_fields(enum event_kind kind);

/* Events of @kind before the point of @h, oldest first. */
void list_read_events(struct eval *ev, const struct handover *h, enum event_kind kind,
		      struct list *ret);
/* How many of them; 0 after eval_stop(). */
uint64_t events_count(struct eval *ev, const struct handover *h, enum event_kind kind);

void events_list(namespace_fn each, void *arg);

#endif
