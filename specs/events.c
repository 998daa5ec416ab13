/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the event stream as lists, up to the event that says that the judged point was reached (EVENT_HANDOVER). */
#include "specs/events.h"

#include <inttypes.h>
#include <stdlib.h>

#define FIELD_COUNT  1
#define FIELD_ORDER  2
#define FIELD_STATUS 3

_Static_assert(EVENT_FIELD_ARG + ARRAY_SIZE(((struct event *)0)->arg) <= LIST_FIELDS_MAX,
	       "an event's numbers fit a list's row");

static const char *const fields[EVENT_KIND_COUNT][LIST_FIELDS_MAX + 1] = {
#define EVENT(id, name, a, b, c, doc) \
	[EVENT_##id] = { "index", "count", "order", "status", a, b, c, NULL },
#include "emu/base/event.def"
#undef EVENT
};

const char *const *event_fields(enum event_kind kind)
{
	return fields[kind];
}

bool event_kind_find(const char *name, enum event_kind *ret)
{
	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
		if (!strcmp(event_infos[i].name, name)) {
			*ret = (enum event_kind)i;
			return true;
		}
	}
	return false;
}

/* An event's name as a name of the language, in which '-' is a minus. */
static bool is_list_of(const char *name, const char *event)
{
	for (; *name && *event; name++, event++) {
		if (*name != (*event == '-' ? '_' : *event))
			return false;
	}
	return *name == *event;
}

bool event_list_find(const char *name, enum event_kind *ret)
{
	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
		if (is_list_of(name, event_infos[i].name)) {
			*ret = (enum event_kind)i;
			return true;
		}
	}
	return false;
}

/* How many events of the stream came before that point; false after eval_stop(). */
static bool events_before(struct eval *ev, const struct handover *h, size_t *ret)
{
	const struct judge_context *c = ev->context;

	if (!c->events) {
		eval_stop(ev, EVAL_SKIP, "this state has no event stream");
		return false;
	}
	for (size_t i = c->event_count; i-- > 0;) {
		if (c->events[i].kind == EVENT_HANDOVER && c->events[i].arg[0] == h->point) {
			*ret = i;
			return true;
		}
	}
	if (c->event_total > c->event_count)
		eval_stop(ev, EVAL_SKIP,
			  "only the first %zu of %" PRIu64
			  " events were kept, and the point %s came later",
			  c->event_count, c->event_total, point_names[h->point]);
	else
		eval_stop(ev, EVAL_SKIP, "the event stream does not come by the point %s",
			  point_names[h->point]);
	return false;
}

uint64_t events_count(struct eval *ev, const struct handover *h, enum event_kind kind)
{
	size_t before, n = 0;

	if (!events_before(ev, h, &before))
		return 0;
	for (size_t i = 0; i < before; i++)
		n += ev->context->events[i].kind == kind;
	return n;
}

void list_read_events(struct eval *ev, const struct handover *h, enum event_kind kind,
		      struct list *ret)
{
	uint64_t n = events_count(ev, h, kind);
	const struct event *e = ev->context->events;

	if (!n)
		return;
	if (n > EVENT_ROWS_MAX) {
		eval_stop(ev, EVAL_SKIP, "%" PRIu64 " events %s are more than rules look at", n,
			  event_infos[kind].name);
		return;
	}
	ret->rows = calloc(n, sizeof(*ret->rows));
	if (!ret->rows) {
		eval_stop(ev, EVAL_ERROR, "out of memory");
		return;
	}
	for (size_t i = 0; ret->count < n; i++) {
		uint64_t *row = ret->rows[ret->count];

		if (e[i].kind != kind)
			continue;
		row[0] = ret->count++;
		row[FIELD_COUNT] = e[i].count;
		row[FIELD_ORDER] = i;
		row[FIELD_STATUS] = e[i].status;
		for (unsigned k = 0; k < ARRAY_SIZE(e[i].arg); k++)
			row[EVENT_FIELD_ARG + k] = e[i].arg[k];
	}
}

void events_list(namespace_fn each, void *arg)
{
	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
		const struct event_info *info = &event_infos[i];
		struct buf name = { 0 }, doc = { 0 };

		for (const char *c = info->name; *c; c++)
			buf_printf(&name, "%c", *c == '-' ? '_' : *c);
		for (unsigned k = 0; k < ARRAY_SIZE(info->arg); k++) {
			if (*info->arg[k])
				buf_printf(&doc, "%s%s", doc.len ? ", " : "", info->arg[k]);
		}
		buf_printf(&doc, ": %s", info->doc);
		each(arg, "event list", buf_str(&name), buf_str(&doc));
		buf_free(&name);
		buf_free(&doc);
	}
}
