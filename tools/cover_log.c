/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which code of the image one run executed. Every block is seen when it is
 * translated; from there on the code is decoded up to the next jump, so that
 * the engine's own cuts (at page ends, after so many instructions) do not show.
 */
#include "tools/cover_log.h"

#include <errno.h>
#include <stdlib.h>

#include "emu/decode.h"
#include "tools/code.h"

#define CODE_WINDOW  256u  /* bytes decoded at a time */
#define STRAIGHT_MAX 4096u /* instructions without a jump: no compiler's work goes on for so long */
#define INSN_MAX     15u   /* SDM 2 2.3.11 */

bool cover_insns_add(struct cover_insns *list, const struct cover_insn *insn)
{
	struct cover_insn *grown;
	size_t cap;

	if (list->count == list->cap) {
		cap = list->cap ? list->cap * 2 : 4096;
		grown = reallocarray(list->items, cap, sizeof(*grown));
		if (!grown)
			return false;
		list->items = grown;
		list->cap = cap;
	}
	list->items[list->count++] = *insn;
	return true;
}

static int insn_order(const void *a, const void *b)
{
	const struct cover_insn *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (int)x->len - (int)y->len;
}

void cover_insns_merge(struct cover_insns *list)
{
	size_t n = 0;

	if (!list->count)
		return;
	qsort(list->items, list->count, sizeof(*list->items), insn_order);
	for (size_t i = 1; i < list->count; i++) {
		struct cover_insn *to = &list->items[n], *from = &list->items[i];

		if (insn_order(to, from)) {
			list->items[++n] = *from;
			continue;
		}
		to->paths |= from->paths;
		to->leader |= from->leader;
		to->last |= from->last;
	}
	list->count = n + 1;
}

void cover_insns_free(struct cover_insns *list)
{
	free(list->items);
	*list = (struct cover_insns){ 0 };
}

/* --- what is known already --- */

static size_t seen_slot(const struct cover_log *log, uint64_t key)
{
	size_t i = hash64(&key, sizeof(key)) & (log->seen_cap - 1);

	while (log->seen[i] && log->seen[i] != key)
		i = (i + 1) & (log->seen_cap - 1);
	return i;
}

static bool seen_grow(struct cover_log *log)
{
	struct cover_log bigger = { .seen_cap = log->seen_cap ? log->seen_cap * 2 : 8192 };

	bigger.seen = calloc(bigger.seen_cap, sizeof(*bigger.seen));
	if (!bigger.seen)
		return false;
	for (size_t i = 0; i < log->seen_cap; i++) {
		if (log->seen[i])
			bigger.seen[seen_slot(&bigger, log->seen[i])] = log->seen[i];
	}
	free(log->seen);
	log->seen = bigger.seen;
	log->seen_cap = bigger.seen_cap;
	return true;
}

/* True the first time. */
static bool seen_add(struct cover_log *log, uint64_t key)
{
	size_t slot;

	if (log->seen_count * 2 >= log->seen_cap && !seen_grow(log)) {
		log->failed = true;
		return true;
	}
	slot = seen_slot(log, key);
	if (log->seen[slot])
		return false;
	log->seen[slot] = key;
	log->seen_count++;
	return true;
}

/* --- one block --- */

/* The block before ended because the engine cut it there, not because of a jump. */
static bool fell_through(struct machine *m, const struct cpu_state *cpu, gva_t pc)
{
	struct block_record blocks[MACHINE_LAST_BLOCKS];
	struct mem_reader mem = machine_reader(m);
	size_t n = machine_last_blocks(m, blocks);
	uint8_t code[CODE_WINDOW];
	const struct block_record *b;
	struct insn in;
	size_t len;

	if (!n)
		return false;
	b = &blocks[n - 1];
	if (b->pc + b->size != pc || b->size > sizeof(code))
		return false;
	len = code_read(cpu, &mem, b->pc, code, b->size);
	for (size_t at = 0; at < len; at += in.length) {
		if (!insn_decode(code + at, len - at, cpu_code_bits(cpu), &in))
			return false;
		if (at + in.length >= len)
			return in.flow == FLOW_NEXT;
	}
	return false;
}

static void log_straight(struct cover_log *log, struct machine *m, const struct cpu_state *cpu,
			 gva_t pc, const struct code_place *place)
{
	struct mem_reader mem = machine_reader(m);
	struct cover_insns *list = &log->stage[place->stage];
	bool leader = !fell_through(m, cpu, pc), last = false;
	uint8_t code[CODE_WINDOW];
	size_t have = 0, at = 0;
	uint64_t done = 0;

	log->last_stage = place->stage;
	log->last_first = list->count;
	log->last_pc = pc;
	for (unsigned n = 0; n < STRAIGHT_MAX && !last; n++) {
		struct cover_insn row = { .address = place->address + done,
					  .paths = 1,
					  .bits = (uint8_t)cpu_code_bits(cpu),
					  .leader = leader && !n };
		struct insn in;

		if (have - at < INSN_MAX) {
			have = code_read(cpu, &mem, pc + done, code, sizeof(code));
			at = 0;
		}
		if (!insn_decode(code + at, have - at, row.bits, &in))
			break;
		last = in.flow != FLOW_NEXT;
		row.len = in.length;
		row.last = last;
		log->failed |= !cover_insns_add(list, &row);
		at += in.length;
		done += in.length;
	}
}

void cover_log_begin(struct cover_log *log, const struct report_path *path)
{
	log->path = path;
}

void cover_log_block(struct cover_log *log, struct machine *m, gva_t pc, gpa_t gpa)
{
	struct code_place place;
	struct cpu_state cpu;

	if (!code_map_gpa(&log->path->code, gpa, machine_instructions(m), &place)) {
		/* The top bit is no part of a physical address: these keys meet no other. */
		log->elsewhere += seen_add(log, gpa | BIT64(63));
		return;
	}
	machine_cpu_get(m, &cpu);
	/* Kernel addresses are spread over 64 bits; a stage and a width make few of them equal by chance. */
	if (seen_add(log, (hash64(&place.address, sizeof(place.address)) << 3 | place.stage << 1 |
			   1) & ~BIT64(63)))
		log_straight(log, m, &cpu, pc, &place);
}

void cover_log_end(struct cover_log *log, const struct report_path *p)
{
	struct cover_insns *list = &log->stage[log->last_stage];
	uint64_t before = p->stop.pc - log->last_pc;

	if (p->stop.kind != STOP_POINT || log->last_first >= list->count)
		return;
	while (list->count > log->last_first &&
	       list->items[list->count - 1].address - list->items[log->last_first].address >=
		       before)
		list->count--;
}

static void observe_block(struct machine *m, gva_t pc, gpa_t gpa, void *arg)
{
	cover_log_block(arg, m, pc, gpa);
}

static void observe_end(struct machine *m, const struct report_path *p, void *arg)
{
	(void)m;
	cover_log_end(arg, p);
}

struct run_observer cover_log_observer(struct cover_log *log, const struct report_path *path)
{
	cover_log_begin(log, path);
	return (struct run_observer){ .block = observe_block, .end = observe_end, .arg = log };
}

int cover_log_finish(struct cover_log *log)
{
	for (unsigned i = 0; i < STAGE_COUNT; i++)
		cover_insns_merge(&log->stage[i]);
	free(log->seen);
	log->seen = NULL;
	log->seen_cap = 0;
	return log->failed || (log->path && log->path->code.failed) ? -ENOMEM : 0;
}

void cover_log_release(struct cover_log *log)
{
	for (unsigned i = 0; i < STAGE_COUNT; i++)
		cover_insns_free(&log->stage[i]);
	free(log->seen);
	*log = (struct cover_log){ 0 };
}
