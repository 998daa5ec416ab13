/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof that a guest hangs: it comes back to a state it was in before, and
 * nothing from outside can change that.
 *
 * Looked at at counts 1 Mi, 2 Mi, 4 Mi and so on, each for a few thousand
 * blocks. First the registers at one block's start must come back; then the
 * round is run once more with every store logged, and memory must be as before
 * after it too. A round that reads a port or the time proves nothing.
 */
#include "emu/machine_impl.h"

#include <stdlib.h>

#define FIRST_LOOK  (1u << 20)
#define LOOK_BLOCKS 4096u
#define UNDO_MAX    65536u

enum repeat_phase { REPEAT_IDLE, REPEAT_REGISTERS, REPEAT_STORES };

struct undo {
	gpa_t gpa;
	uint32_t order;
	uint8_t old;
};

struct repeat {
	enum repeat_phase phase;
	uint64_t next;   /* count of the next look */
	unsigned blocks; /* seen in this phase */
	uint64_t begun;  /* count at which the phase began */
	gva_t pc;
	struct cpu_state cpu;
	uint8_t fpu[8 * 10 + 16 * 16];
	uint64_t outside; /* events of the outside world when the phase began */
	struct undo *undo;
	size_t undo_count;
};

void repeat_init(struct machine *m)
{
	m->repeat = calloc(1, sizeof(*m->repeat));
	if (!m->repeat) {
		m->repeat_check = UINT64_MAX;
		return;
	}
	m->repeat->next = FIRST_LOOK;
	m->repeat_check = FIRST_LOOK;
}

/* Unless somebody else watches them too. */
static void unwatch(struct machine *m)
{
	if (!m->store)
		engine_watch_stores(m->engine, false);
}

void repeat_reset(struct machine *m)
{
	if (!m->repeat)
		return;
	if (m->repeat->phase == REPEAT_STORES)
		unwatch(m);
	m->repeat->phase = REPEAT_IDLE;
	m->repeat->next = FIRST_LOOK;
	while (m->repeat->next <= engine_retired(m->engine))
		m->repeat->next *= 2;
	m->repeat_check = m->repeat->next;
}

void repeat_release(struct machine *m)
{
	if (m->repeat)
		free(m->repeat->undo);
	free(m->repeat);
	m->repeat = NULL;
}

/* Everything by which the outside world or time could change what comes next. */
static uint64_t outside(const struct machine *m)
{
	return m->event_total[EVENT_PORT_IN] + m->event_total[EVENT_PORT_OUT] +
	       m->event_total[EVENT_RANDOM] + m->event_total[EVENT_TRAP] +
	       m->event_total[EVENT_HYPERCALL] + m->event_total[EVENT_MSR_WRITE] +
	       m->event_total[EVENT_INTERRUPT] + m->time_reads;
}

static void give_up(struct machine *m)
{
	struct repeat *r = m->repeat;

	if (r->phase == REPEAT_STORES)
		unwatch(m);
	r->phase = REPEAT_IDLE;
	do {
		r->next *= 2;
	} while (r->next <= engine_retired(m->engine));
	m->repeat_check = r->next;
}

static void begin(struct machine *m, enum repeat_phase phase, gva_t pc)
{
	struct repeat *r = m->repeat;

	r->phase = phase;
	r->blocks = 0;
	r->begun = engine_retired(m->engine);
	r->pc = pc;
	r->undo_count = 0;
	r->outside = outside(m);
	engine_get(m->engine, &r->cpu);
	engine_fpu_get(m->engine, r->fpu);
	m->repeat_check = 0; /* look at every block */
}

/* Are the registers what they were when the phase began? rip inside chained blocks is stale: pc stands for it. */
static bool same_registers(struct machine *m)
{
	struct repeat *r = m->repeat;
	uint8_t fpu[sizeof(r->fpu)];
	struct cpu_state now;

	engine_get(m->engine, &now);
	engine_fpu_get(m->engine, fpu);
	for (unsigned i = 0; i < GPR_COUNT; i++) {
		if (now.gpr[i] != r->cpu.gpr[i])
			return false;
	}
	for (unsigned i = 0; i < SEG_COUNT; i++) {
		if (now.seg[i].selector != r->cpu.seg[i].selector ||
		    now.seg[i].base != r->cpu.seg[i].base ||
		    now.seg[i].attr != r->cpu.seg[i].attr ||
		    now.seg[i].limit != r->cpu.seg[i].limit)
			return false;
	}
	return now.rflags == r->cpu.rflags && now.cr0 == r->cpu.cr0 && now.cr2 == r->cpu.cr2 &&
	       now.cr3 == r->cpu.cr3 && now.cr4 == r->cpu.cr4 && now.efer == r->cpu.efer &&
	       now.gdtr.base == r->cpu.gdtr.base && now.idtr.base == r->cpu.idtr.base &&
	       !memcmp(fpu, r->fpu, sizeof(fpu));
}

static int by_address(const void *a, const void *b)
{
	const struct undo *x = a, *y = b;

	if (x->gpa != y->gpa)
		return x->gpa < y->gpa ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* Logged stores undone in thought: is every byte what it was? The oldest log entry of a byte holds its first value. */
static bool same_memory(struct machine *m)
{
	struct repeat *r = m->repeat;

	qsort(r->undo, r->undo_count, sizeof(*r->undo), by_address);
	for (size_t i = 0; i < r->undo_count; i++) {
		bool first = !i || r->undo[i - 1].gpa != r->undo[i].gpa;
		uint8_t now;

		if (first && (machine_read(m, r->undo[i].gpa, &now, 1) || now != r->undo[i].old))
			return false;
	}
	return true;
}

/* An interrupt that is to come could end the loop; with IF off all through it, none is taken. */
static bool can_be_interrupted(struct machine *m)
{
	return timer_next(m) != UINT64_MAX && (engine_rflags(m->engine) & EFLAGS_IF);
}

bool repeat_look(struct machine *m, gva_t pc)
{
	struct repeat *r = m->repeat;

	if (r->phase == REPEAT_IDLE) {
		if (can_be_interrupted(m))
			give_up(m);
		else
			begin(m, REPEAT_REGISTERS, pc);
		return false;
	}
	if (++r->blocks > LOOK_BLOCKS || outside(m) != r->outside || r->undo_count == UNDO_MAX ||
	    can_be_interrupted(m)) {
		give_up(m);
		return false;
	}
	/* A block is looked at twice without having run when it had to be translated anew. */
	if (pc != r->pc || engine_retired(m->engine) == r->begun || !same_registers(m))
		return false;
	if (r->phase == REPEAT_REGISTERS) {
		r->undo = r->undo ? r->undo : malloc(UNDO_MAX * sizeof(*r->undo));
		if (!r->undo || engine_watch_stores(m->engine, true)) {
			give_up(m);
			return false;
		}
		begin(m, REPEAT_STORES, pc);
		return false;
	}
	if (!same_memory(m)) {
		give_up(m);
		return false;
	}
	unwatch(m);
	r->phase = REPEAT_IDLE;
	return true;
}

void repeat_store(struct machine *m, gpa_t gpa, unsigned size)
{
	struct repeat *r = m->repeat;

	/* Somebody else may be watching. */
	if (!r || r->phase != REPEAT_STORES)
		return;
	for (unsigned i = 0; i < size && r->undo_count < UNDO_MAX; i++) {
		uint8_t old;

		if (machine_read(m, gpa + i, &old, 1))
			continue;
		r->undo[r->undo_count] = (struct undo){ .gpa = gpa + i,
							.order = (uint32_t)r->undo_count,
							.old = old };
		r->undo_count++;
	}
}
