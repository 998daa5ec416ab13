/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers the setup code's stores into ranges, rows of zeros and the depth of its stacks. */
#include "tools/real_mode.h"

#define FILL_MIN 64u
/* PUSHA is the widest push: 8 registers of 4 bytes, below SP as it was. */
#define PUSH_MAX 32u

static bool all_zero(const struct machine *m, gpa_t start, gpa_t end)
{
	uint8_t bytes[256];

	for (gpa_t at = start; at < end; at += sizeof(bytes)) {
		size_t len = end - at < sizeof(bytes) ? end - at : sizeof(bytes);

		if (machine_read(m, at, bytes, len))
			return false;
		for (size_t i = 0; i < len; i++) {
			if (bytes[i])
				return false;
		}
	}
	return true;
}

/* A row ends at the first store that does not continue it. */
static void row_end(struct real_watch *w, struct machine *m)
{
	if (w->row_end - w->row_start >= FILL_MIN && all_zero(m, w->row_start, w->row_end))
		machine_event(m, EVENT_FILL, EVENT_MODELLED, w->row_start,
			      w->row_end - w->row_start, w->row_pc);
	w->row_start = w->row_end = 0;
}

static void row_add(struct real_watch *w, struct machine *m, gpa_t gpa, unsigned size, gva_t pc)
{
	if (pc != w->row_pc || gpa != w->row_end) {
		row_end(w, m);
		w->row_pc = pc;
		w->row_start = gpa;
	}
	w->row_end = gpa + size;
}

static void stack_note(struct real_watch *w, uint16_t ss, uint16_t sp, gva_t pc)
{
	struct real_stack *s = w->stacks, *end = w->stacks + w->stack_count;

	while (s < end && s->ss != ss)
		s++;
	if (s == end) {
		if (w->stack_count == REAL_WATCH_STACKS) {
			w->overflow = true;
			return;
		}
		w->stack_count++;
		*s = (struct real_stack){ .ss = ss, .sp = sp, .pc = pc };
	} else if (sp < s->sp) {
		s->sp = sp;
		s->pc = pc;
	}
}

/* SP itself, and what is stored just below it: a push, of which the engine tells before SP moves. */
static void stack_add(struct real_watch *w, const struct cpu_state *cpu, gpa_t gpa, gva_t pc)
{
	const struct segment *ss = &cpu->seg[SEG_SS];
	uint16_t sp = (uint16_t)cpu->gpr[GPR_RSP];
	uint64_t below = ss->base + sp - gpa;

	if (!cpu_in_real_mode(cpu))
		return;
	if (gpa < ss->base + sp && below <= PUSH_MAX)
		sp = (uint16_t)(sp - below);
	stack_note(w, ss->selector, sp, pc);
}

void real_watch_store(struct real_watch *w, struct machine *m, gpa_t gpa, unsigned size, gva_t pc)
{
	struct cpu_state cpu;

	if (w->stored.count >= REAL_WATCH_RANGES || regions_set(&w->stored, gpa, size, 0))
		w->overflow = true;
	if (w->overflow)
		return;
	machine_cpu_get(m, &cpu);
	row_add(w, m, gpa, size, pc);
	stack_add(w, &cpu, gpa, pc);
}

void real_watch_finish(struct real_watch *w, struct machine *m)
{
	if (w->overflow)
		return;
	row_end(w, m);
	for (size_t i = 0; i < w->stored.count; i++) {
		const struct region *r = &w->stored.items[i];

		machine_event(m, EVENT_STORE_RANGE, EVENT_MODELLED, r->start,
			      r->last - r->start + 1, 0);
	}
	for (unsigned i = 0; i < w->stack_count; i++)
		machine_event(m, EVENT_STACK_LOW, EVENT_MODELLED, w->stacks[i].ss, w->stacks[i].sp,
			      w->stacks[i].pc);
}

void real_watch_free(struct real_watch *w)
{
	regions_free(&w->stored);
}
