/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tiny guest in a machine of its own, for tests that check one fact each.
 *
 * tests/guest/NAME.S holds the guests of one subject, each under a label of its
 * own; a test starts at one label and looks at what is left when it has stopped.
 * Where a test wants an address, it asks for the label there: the assembler is
 * the reason for the expected value, not a run of ours.
 */
#ifndef TESTS_GUEST_GUEST_H
#define TESTS_GUEST_GUEST_H

#include "emu/machine.h"
#include "tests/guest/layout.h"

enum guest_mode {
	GUEST_REAL,
	GUEST_P16,
	GUEST_P32,
	GUEST_P32_USER,
	GUEST_COMPAT,
	GUEST_LONG,
	GUEST_LONG_USER
};

struct guest {
	struct platform platform;
	struct machine *m;
	struct cpu_state cpu; /* before the run: where it starts; after: where it stopped */
	struct stop stop;
	struct run_limits limits;
	uint8_t *elf;
	size_t elf_len;
};

/* A machine of 64 MiB with tests/guest/@name in it; aborts the test when there is none. */
void guest_open(struct guest *g, const char *name);
void guest_open_on(struct guest *g, const char *name, enum cpu_profile cpu, uint64_t seed);
void guest_close(struct guest *g);

/* Address of a label. */
gva_t guest_at(const struct guest *g, const char *label);

/*
 * GDT, TSS, IDT (all gates caught: a HLT for each vector), stack and, where the
 * mode wants them, identity page tables; then CPU state at @label.
 */
void guest_start(struct guest *g, enum guest_mode mode, const char *label);
/* Change g->cpu between guest_start() and guest_run(), then this. */
void guest_set(struct guest *g);

/* Run on until something stops it; fills stop and cpu. */
void guest_run(struct guest *g);
/* All of the usual: guest_open(), guest_start(), guest_run(). */
void guest_go(struct guest *g, const char *name, enum guest_mode mode, const char *label);

/* 4-level identity map of the first GiB in 2 MiB pages, and below it for the first 2 MiB in 4 KiB pages; 5-level on top. */
#define TABLE_PML5     (TABLES + 0x0000)
#define TABLE_PML4     (TABLES + 0x1000)
#define TABLE_PDPT     (TABLES + 0x2000)
#define TABLE_PD       (TABLES + 0x3000)
#define TABLE_PT       (TABLES + 0x4000)
#define TABLE_PAE_PDPT (TABLES + 0x5000) /* four entries, the first is TABLE_PD; PAE's */
#define TABLE_PD32     (TABLES + 0x6000) /* 2-level: PSE pages, and TABLE_PT32 for the first 4 MiB */
#define TABLE_PT32     (TABLES + 0x7000)
void guest_page_tables(struct guest *g);

/* An IDT gate of the mode that the CPU is in: @attr is type, DPL and P; @ist only in long mode. */
void guest_gate(struct guest *g, unsigned vector, gva_t handler, uint16_t selector, uint8_t attr,
		unsigned ist);
#define GATE_INT  0x8e
#define GATE_TRAP 0x8f
#define GATE_DPL3 0x60

uint16_t guest_u16(const struct guest *g, gpa_t gpa);
uint32_t guest_u32(const struct guest *g, gpa_t gpa);
uint64_t guest_u64(const struct guest *g, gpa_t gpa);
void guest_put32(struct guest *g, gpa_t gpa, uint32_t v);
void guest_put64(struct guest *g, gpa_t gpa, uint64_t v);

/* The i-th event of @kind, or NULL. */
const struct event *guest_event(const struct guest *g, enum event_kind kind, size_t i);

/* Checks; a false one fails the running test and goes on. */
#define expect_stop(g, wanted)                                                           \
	cr_expect((g)->stop.kind == (wanted), "stopped by %s (%s) at 0x%llx, wanted %s", \
		  stop_kind_names[(g)->stop.kind], (g)->stop.text,                       \
		  (unsigned long long)(g)->stop.pc, stop_kind_names[wanted])
/* Stopped at the HLT that catches @vector. */
#define expect_caught(g, vector)                                                                   \
	do {                                                                                       \
		expect_stop(g, STOP_HLT);                                                          \
		cr_expect((g)->stop.pc == CATCH + 16 * (vector) + 1,                               \
			  "HLT before 0x%llx, wanted vector %u", (unsigned long long)(g)->stop.pc, \
			  (unsigned)(vector));                                                     \
	} while (0)
#define expect_u64(got, wanted)                                                   \
	do {                                                                      \
		uint64_t got_ = (got), wanted_ = (wanted);                        \
		cr_expect(got_ == wanted_, #got ": 0x%llx, wanted 0x%llx",        \
			  (unsigned long long)got_, (unsigned long long)wanted_); \
	} while (0)
/* Stopped by HLT at @label, the address after it. */
#define expect_halted(g, label)                               \
	do {                                                  \
		expect_stop(g, STOP_HLT);                     \
		expect_u64((g)->stop.pc, guest_at(g, label)); \
	} while (0)

#endif
