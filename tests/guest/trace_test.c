/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace is what happened: the sequence of its instructions is the one that single steps show, byte by byte of their
 * code, whatever ended a block early; and a machine that is traced does what it does otherwise.
 *
 * The steps are runs with a limit of one more instruction each, which know nothing of blocks.
 */
#include <errno.h>

#include <criterion/criterion.h>

#include "emu/trace.h"
#include "tests/guest/guest.h"

#define VECTOR 0x50

struct subject {
	const char *file;
	enum guest_mode mode;
	const char *label;
	uint64_t interrupt_at; /* 0: none */
};

/* clang-format off */
static const struct subject subjects[] = {
	{ "time",      GUEST_LONG, "work",         40 },   /* a bit of everything, an interrupt somewhere in it */
	{ "time",      GUEST_LONG, "work",         0 },
	{ "time",      GUEST_LONG, "rep",          4 + 42 }, /* between two rounds */
	{ "time",      GUEST_LONG, "rep",          0 },
	{ "time",      GUEST_LONG, "straight",     5 },    /* in the middle of a block */
	{ "time",      GUEST_LONG, "shadow",       2 },
	{ "time",      GUEST_LONG, "sleep",        1000 }, /* time passes in HLT */
	{ "smc",       GUEST_LONG, "twice",        0 },
	{ "smc",       GUEST_LONG, "across",       0 },
	{ "smc",       GUEST_LONG, "ahead",        0 },    /* a block left by its own store */
	{ "smc",       GUEST_LONG, "loop",         0 },
	{ "smc",       GUEST_LONG, "string",       0 },
	{ "faults64",  GUEST_LONG, "divide",       0 },
	{ "faults64",  GUEST_LONG, "demand",       0 },
	{ "faults64",  GUEST_LONG, "page_read",    0 },
	{ "faults64",  GUEST_LONG, "undefined",    0 },
	{ "faults64",  GUEST_LONG, "breakpoint",   0 },
	{ "faults64",  GUEST_LONG, "soft",         0 },
	{ "faults32",  GUEST_P32,  "page",         0 },
	{ "faults32",  GUEST_P32,  "soft",         0 },
	{ "faults16",  GUEST_REAL, "soft",         0 },
	{ "modes",     GUEST_REAL, "climb",        0 },    /* real to long mode */
	{ "sensitive", GUEST_LONG, "cpuid",        0 },
};
/* clang-format on */

static void begin(struct guest *g, const struct subject *s)
{
	guest_open(g, s->file);
	if (s->mode == GUEST_REAL)
		guest_start(g, GUEST_P32, s->label); /* for GDT and tables */
	guest_start(g, s->mode, s->label);
	if (s->interrupt_at) {
		guest_gate(g, VECTOR, guest_at(g, "back_handler"), SEL_CODE64, GATE_INT, 0);
		guest_gate(g, 0x41, guest_at(g, "back_handler"), SEL_CODE64, GATE_INT, 0);
		cr_assert(!machine_interrupt_at(g->m, s->interrupt_at, VECTOR));
	}
}

static void traced_run(const struct subject *s, struct buf *file, char ret_digest[33])
{
	struct trace_sink sink = trace_sink_buf(file);
	struct diag diag = { 0 };
	char sha256[65];
	struct guest g;

	memset(sha256, 'a', 64);
	sha256[64] = '\0';
	begin(&g, s);
	cr_assert(!machine_trace_begin(g.m, &sink, sha256, &diag), "%s", diag.text);
	guest_run(&g);
	machine_digest(g.m, ret_digest);
	cr_assert(!machine_trace_end(g.m, NULL, 0, NULL, NULL, &diag), "%s", diag.text);
	guest_close(&g);
}

/* Trace and steps side by side. */
struct pair {
	const struct subject *s;
	struct guest g; /* steps */
	uint64_t next;  /* instruction number */
};

/* The handler that the guest's own table has for @vector: SDM 3A 6.11, 6.14.1, 20.1.4. */
static gva_t handler_of(struct pair *p, unsigned vector)
{
	uint8_t gate[16] = { 0 };
	struct cpu_state cpu;

	machine_cpu_get(p->g.m, &cpu);
	if (cpu_in_real_mode(&cpu)) {
		machine_read(p->g.m, cpu.idtr.base + 4 * vector, gate, 4);
		return get_le16(gate) + 16u * get_le16(gate + 2);
	}
	if (!cpu_in_long_mode(&cpu)) {
		machine_read(p->g.m, cpu.idtr.base + 8 * vector, gate, 8);
		return get_le16(gate) | (uint32_t)get_le16(gate + 6) << 16;
	}
	machine_read(p->g.m, cpu.idtr.base + 16 * vector, gate, 16);
	return get_le16(gate) | (uint64_t)get_le16(gate + 6) << 16 |
	       (uint64_t)get_le32(gate + 8) << 32;
}

/*
 * Where the next instruction is by steps: where the machine stands, unless the step begins with an interrupt or a
 * fault. Then nothing retires there, and the step's one instruction is the handler's first.
 */
static gva_t step_pc(struct pair *p)
{
	const struct event *events;
	struct cpu_state cpu;
	size_t before, count;

	machine_events(p->g.m, &before);
	machine_cpu_get(p->g.m, &cpu);
	/* Time may pass in HLT before it. */
	p->g.limits.max_instructions = p->next + 1;
	guest_run(&p->g);
	events = machine_events(p->g.m, &count);
	for (size_t i = count; i-- > before;) {
		if (events[i].count == p->next &&
		    (events[i].kind == EVENT_INTERRUPT || events[i].kind == EVENT_EXCEPTION))
			return handler_of(p, (unsigned)events[i].arg[0]);
	}
	return cpu_pc(&cpu);
}

static void compare_insn(struct pair *p, const struct trace_block *b, uint32_t at, size_t len)
{
	struct cpu_state cpu;
	uint8_t now[16] = { 0 };
	gva_t pc;

	/* Before the step: it may change the code. */
	cr_assert(len <= sizeof(now) && !machine_read(p->g.m, b->gpa + at, now, len));
	machine_cpu_get(p->g.m, &cpu);
	pc = step_pc(p);
	cr_assert(pc == b->pc + at, "%s %s: instruction %llu at 0x%llx, by steps at 0x%llx",
		  p->s->file, p->s->label, (unsigned long long)p->next,
		  (unsigned long long)(b->pc + at), (unsigned long long)pc);
	cr_expect(!memcmp(now, b->code + at, len), "%s %s: instruction %llu has other bytes",
		  p->s->file, p->s->label, (unsigned long long)p->next);
	cr_expect(b->mode == cpu_mode(&cpu), "%s %s: instruction %llu is in another mode",
		  p->s->file, p->s->label, (unsigned long long)p->next);
}

static void compare_block(struct pair *p, const struct trace_block *b,
			  const struct trace_item *item)
{
	uint32_t offsets[TRACE_BLOCK_INSNS_MAX];

	expect_u64(item->count, p->next);
	trace_block_offsets(b, offsets, ARRAY_SIZE(offsets));
	for (uint32_t i = 0; i < item->insns; i++, p->next++)
		compare_insn(p, b, offsets[i], offsets[i + 1] - offsets[i]);
}

static void compare(const struct subject *s, const struct trace *t)
{
	struct pair p = { .s = s };
	struct trace_totals totals;
	struct trace_cursor *c;
	struct trace_item item;
	struct diag diag = { 0 };
	size_t count;
	int r;

	begin(&p.g, s);
	cr_assert(!trace_cursor_create(&c, t));
	while ((r = trace_cursor_next(c, &item, &diag)) > 0) {
		if (item.kind == TRACE_WAIT)
			p.next += item.wait;
		else if (item.kind == TRACE_BLOCK)
			compare_block(&p, &trace_blocks(t, &count)[item.block], &item);
	}
	cr_assert(r == 0, "%s", diag.text);
	/* And nothing is left to step. */
	cr_expect(p.g.stop.kind != STOP_LIMIT, "%s %s: %s", s->file, s->label, p.g.stop.text);
	trace_totals(t, &totals);
	expect_u64(totals.instructions, machine_instructions(p.g.m));
	trace_cursor_destroy(c);
	guest_close(&p.g);
}

Test(trace, is_what_single_steps_show)
{
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
		struct diag diag = { 0 };
		struct buf file = { 0 };
		char digest[33];
		struct trace *t;

		traced_run(&subjects[i], &file, digest);
		cr_assert(!trace_open(&t, (struct bytes){ .data = file.data, .len = file.len },
				      &diag),
			  "%s", diag.text);
		compare(&subjects[i], t);
		trace_close(t);
		buf_free(&file);
	}
}

Test(trace, changes_nothing)
{
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
		struct buf file = { 0 };
		char traced[33], plain[33];
		struct guest g;

		traced_run(&subjects[i], &file, traced);
		begin(&g, &subjects[i]);
		guest_run(&g);
		machine_digest(g.m, plain);
		cr_expect(!strcmp(traced, plain), "%s %s", subjects[i].file, subjects[i].label);
		guest_close(&g);
		buf_free(&file);
	}
}

/* The block at target_a is three blocks: it was changed twice (smc.S). */
Test(trace, tells_code_apart_that_was_changed)
{
	const struct subject twice = { "smc", GUEST_LONG, "twice", 0 };
	const struct trace_block *blocks;
	struct buf file = { 0 };
	size_t count, seen = 0;
	char digest[33];
	struct trace *t;
	struct guest g;
	gva_t target;

	guest_open(&g, "smc");
	target = guest_at(&g, "target_a");
	guest_close(&g);
	traced_run(&twice, &file, digest);
	cr_assert(!trace_open(&t, (struct bytes){ .data = file.data, .len = file.len }, NULL));
	blocks = trace_blocks(t, &count);
	for (size_t i = 0; i < count; i++)
		seen += blocks[i].pc == target;
	expect_u64(seen, 3);
	trace_close(t);
	buf_free(&file);
}

Test(trace, cannot_go_back_in_time)
{
	struct buf file = { 0 };
	struct trace_sink sink = trace_sink_buf(&file);
	struct snapshot *s;
	struct guest g;

	guest_open(&g, "time");
	guest_start(&g, GUEST_LONG, "rep");
	cr_assert(!machine_snapshot(g.m, &s));
	cr_assert(!machine_trace_begin(g.m, &sink, "", NULL));
	cr_expect(machine_restore(g.m, s) == -EBUSY);
	cr_expect(machine_trace_begin(g.m, &sink, "", NULL) == -EBUSY);
	snapshot_destroy(s);
	guest_close(&g);
	buf_free(&file);
}
