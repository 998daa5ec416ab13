/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event stream: counted, digested and kept in time order. */
#include "emu/machine_impl.h"

#include <errno.h>
#include <stdlib.h>

int events_init(struct machine *m)
{
	m->event_digest = digest_create();
	return m->event_digest ? 0 : -ENOMEM;
}

void events_release(struct machine *m)
{
	digest_destroy(m->event_digest);
	free(m->events);
}

static void keep(struct machine *m, const struct event *ev)
{
	if (m->event_kept == m->event_cap) {
		size_t cap = m->event_cap ? m->event_cap * 2 : 1024;
		struct event *events = realloc(m->events, cap * sizeof(*events));

		if (!events) {
			m->out_of_memory = true;
			return;
		}
		m->events = events;
		m->event_cap = cap;
	}
	m->events[m->event_kept++] = *ev;
}

/* What a guest consumes is an answer; what it only tells us is not. */
static bool is_answer(enum event_kind kind)
{
	switch (kind) {
	case EVENT_MSR_READ:
	case EVENT_PORT_IN:
	case EVENT_CPUID:
	case EVENT_HYPERCALL:
	case EVENT_TRAP:
	case EVENT_EFI_CALL:
	case EVENT_BIOS_CALL: return true;
	default: return false;
	}
}

void machine_event(struct machine *m, enum event_kind kind, enum event_status status, uint64_t a,
		   uint64_t b, uint64_t c)
{
	struct event ev = { .count = machine_instructions(m),
			    .kind = (uint16_t)kind,
			    .status = (uint16_t)status,
			    .arg = { a, b, c } };
	uint8_t raw[40];

	put_le64(raw, ev.count);
	put_le16(raw + 8, ev.kind);
	put_le16(raw + 10, ev.status);
	put_le32(raw + 12, 0);
	for (unsigned i = 0; i < 3; i++)
		put_le64(raw + 16 + 8 * i, ev.arg[i]);
	digest_add(m->event_digest, raw, sizeof(raw));
	m->event_total[kind]++;
	if (m->recorder)
		record_event(m, &ev);
	if (m->event_kept < EVENTS_KEPT)
		keep(m, &ev);
	if (status == EVENT_UNMODELLED) {
		m->unmodelled_total++;
		if (is_answer(kind) && !m->has_unmodelled) {
			m->has_unmodelled = true;
			m->unmodelled = ev;
		}
	}
}

const struct event *machine_events(const struct machine *m, size_t *ret_count)
{
	*ret_count = m->event_kept;
	return m->events;
}

uint64_t machine_event_count(const struct machine *m, enum event_kind kind)
{
	return m->event_total[kind];
}

const struct event *machine_unmodelled(const struct machine *m)
{
	return m->has_unmodelled ? &m->unmodelled : NULL;
}

uint64_t machine_unmodelled_count(const struct machine *m)
{
	return m->unmodelled_total;
}
