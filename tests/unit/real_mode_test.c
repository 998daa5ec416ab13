/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the watch on a setup code's stores makes of them; every address here follows from the code and SDM 1, 6.2 "Stacks". */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tools/real_mode.h"

#define SEGMENT 0x1000u
#define BASE    0x10000u

struct watched {
	struct platform platform;
	struct machine *m;
	struct real_watch watch;
};

static void note(struct machine *m, gpa_t gpa, unsigned size, gva_t pc, void *arg)
{
	real_watch_store(arg, m, gpa, size, pc);
}

/* Run @code in real mode, all segments alike and SP 8000h, until its HLT. */
static void watched_run(struct watched *w, const uint8_t *code, size_t len)
{
	struct diag diag = { 0 };
	struct cpu_state cpu;
	struct stop stop;

	*w = (struct watched){ 0 };
	cr_assert(eq(int, platform_init(&w->platform, MIB(4), &diag), 0), "%s", diag.text);
	cr_assert(eq(int, machine_create(&w->m, &w->platform, &diag), 0), "%s", diag.text);
	cr_assert(eq(int, machine_write(w->m, BASE, code, len), 0));
	cpu_state_real(&cpu, SEGMENT, 0, SEGMENT, 0x8000);
	machine_cpu_set(w->m, &cpu);
	machine_on_store(w->m, note, &w->watch);
	machine_run(w->m, NULL, &stop);
	cr_assert(eq(int, stop.kind, STOP_HLT), "%s", stop.text);
	real_watch_finish(&w->watch, w->m);
}

static void watched_free(struct watched *w)
{
	real_watch_free(&w->watch);
	machine_destroy(w->m);
	platform_release(&w->platform);
}

/* The @i-th event of @kind has these first two numbers. */
static void expect_event(const struct watched *w, enum event_kind kind, unsigned i, uint64_t a,
			 uint64_t b)
{
	size_t count;
	const struct event *e = machine_events(w->m, &count);

	for (size_t k = 0; k < count; k++) {
		if (e[k].kind != kind || i--)
			continue;
		cr_expect(eq(u64, e[k].arg[0], a));
		cr_expect(eq(u64, e[k].arg[1], b));
		return;
	}
	cr_expect(false, "no such event %s", event_infos[kind].name);
}

Test(real_mode, fills_stores_and_the_deepest_push_are_seen)
{
	static const uint8_t code[] = {
		0xbf, 0x00, 0x20,             /* mov $0x2000, %di */
		0xb9, 0x20, 0x00,             /* mov $32, %cx */
		0x31, 0xc0,                   /* xor %ax, %ax */
		0xf3, 0xab,                   /* rep stosw: 64 bytes */
		0x50,                         /* push %ax */
		0x60,                         /* pusha: 8 words */
		0x61,                         /* popa */
		0xc6, 0x06, 0x00, 0x30, 0x01, /* movb $1, 0x3000 */
		0xf4,                         /* hlt */
	};
	struct watched w;

	watched_run(&w, code, sizeof(code));
	cr_expect(eq(u64, machine_event_count(w.m, EVENT_FILL), 1));
	expect_event(&w, EVENT_FILL, 0, BASE + 0x2000, 64);
	cr_expect(eq(u64, machine_event_count(w.m, EVENT_STORE_RANGE), 3));
	expect_event(&w, EVENT_STORE_RANGE, 0, BASE + 0x2000, 64);
	expect_event(&w, EVENT_STORE_RANGE, 1, BASE + 0x3000, 1);
	expect_event(&w, EVENT_STORE_RANGE, 2, BASE + 0x8000 - 18, 18);
	cr_expect(eq(u64, machine_event_count(w.m, EVENT_STACK_LOW), 1));
	expect_event(&w, EVENT_STACK_LOW, 0, SEGMENT, 0x8000 - 18);
	watched_free(&w);
}

/* Room that is taken without storing to it counts too: what is stored above SP is above the stack's end. */
Test(real_mode, a_stack_pointer_moved_down_counts_and_other_bytes_are_no_fill)
{
	static const uint8_t code[] = {
		0xbf, 0x00, 0x20,       /* mov $0x2000, %di */
		0xb9, 0x20, 0x00,       /* mov $32, %cx */
		0xb8, 0x01, 0x00,       /* mov $1, %ax */
		0xf3, 0xab,             /* rep stosw: 64 bytes, not zero */
		0x81, 0xec, 0x00, 0x10, /* sub $0x1000, %sp */
		0x89, 0x06, 0xf0, 0x7f, /* mov %ax, 0x7ff0 */
		0xf4,                   /* hlt */
	};
	struct watched w;

	watched_run(&w, code, sizeof(code));
	cr_expect(eq(u64, machine_event_count(w.m, EVENT_FILL), 0));
	expect_event(&w, EVENT_STACK_LOW, 0, SEGMENT, 0x7000);
	watched_free(&w);
}
