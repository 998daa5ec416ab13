/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct machine, for the files of emu/ only. */
#ifndef EMU_MACHINE_IMPL_H
#define EMU_MACHINE_IMPL_H

#include <stdio.h>

#include "emu/base/digest.h"
#include "emu/base/rng.h"
#include "emu/decode.h"
#include "emu/machine.h"
#include "emu/paging.h"
#include "emu/uc.h"

/* One piece of host memory behind guest physical addresses. */
struct mem_block {
	gpa_t gpa;
	uint64_t size;
	uint8_t *host;
	bool writable;
};

#define MEM_BLOCKS_MAX 16

struct address_set {
	gva_t *items; /* sorted */
	size_t count, cap;
};

struct trap {
	gpa_t gpa;
	trap_fn fn;
	void *arg;
};

#define TRAPS_MAX         512
#define DEVICE_MEMORY_MAX 4
#define BREAKS_MAX        64
#define TIMERS_MAX        64
#define PARTS_MAX         32
#define EVENTS_KEPT       (1u << 20)

/* One interrupt that is due at @count. */
struct timer {
	uint64_t count;
	uint64_t order; /* of its making: breaks ties */
	uint32_t vector;
	uint32_t reserved;
};

/* Virtual time: what is due when, sorted by count, then order. */
struct timer_queue {
	struct timer items[TIMERS_MAX];
	uint32_t count;
	uint32_t reserved;
	uint64_t next_order;
};

/* MSRs that only keep what is written; see msr.def. */
#define MSR_SLOTS 64
struct msr_state {
	uint64_t value[MSR_SLOTS];
	uint64_t tsc_offset;
	uint64_t xcr0;
};

struct device_state {
	uint8_t cmos_index;
	uint8_t cmos[128];
	uint8_t pic_mask[2];
	uint8_t pic_icw[2];      /* initialisation words still expected */
	uint8_t pic_icws[2];     /* of how many in all, the first not counted */
	uint8_t pic_icw4[2];     /* the last of them is ICW4 */
	uint8_t pic_base[2];     /* vector of line 0 */
	uint8_t pic_isr[2];      /* in service */
	uint8_t pic_aeoi[2];     /* no EOI is needed */
	uint8_t pic_read_isr[2]; /* the command port reads what is in service, not what waits */
	uint8_t uart_ier, uart_lcr, uart_mcr, uart_scr, uart_fcr;
	uint8_t uart_dll, uart_dlm;
	uint8_t port61;
	uint8_t port92;
	uint8_t debug_port; /* last byte written to 0x80 */
	uint8_t elcr[2];
	uint8_t kbd_command; /* the byte that port 60h takes belongs to it; 0: to the keyboard */
	uint8_t kbd_output;  /* byte that waits at port 60h */
	uint8_t kbd_full;    /* one does */
	uint8_t a20_off;
	uint8_t pit_rose; /* counter 0's output rose, unseen, before the counter was loaded anew */
	uint8_t reserved[4];
	struct {
		uint16_t reload, latch;
		uint8_t latched, mode, access, toggle, write_toggle, low;
		uint8_t reserved[6];
		uint64_t start; /* time of the last load, in PIT ticks */
	} pit[3];
	uint64_t pit_seen; /* time up to which edges of counter 0 are seen, in PIT ticks */
};

#define STORE_PAGE_BITS 65536u

struct machine {
	const struct platform *platform;
	struct engine *engine;
	struct mem_block blocks[MEM_BLOCKS_MAX];
	unsigned block_count;

	/* running */
	bool stop_asked;
	struct stop stop;
	uint64_t limit; /* max_instructions, or UINT64_MAX */
	uint64_t wake;  /* next count at which the run must be looked at for its own sake */
	gva_t insn_pc;  /* the instruction that a callback is about */
	bool at_insn; /* inside engine_ops.insn: insn_pc is valid, insn_index before it in its block */
	bool resumed; /* the state was set in this callback */
	unsigned insn_index;
	unsigned port_index; /* the same for the port instruction that runs now */
	bool at_port;
	uint64_t time_reads;   /* RDTSC and the like */
	bool needs_poll;       /* an interrupt waits for IF */
	bool mode_check;       /* the mode may have changed: look at the next block */
	uint64_t transfer_cr2; /* CR2 before the last far transfer */
	bool map_check;    /* what lies at an address may have changed: likewise, while traced */
	const char *mode;  /* cpu_mode_name() when last looked at */
	uint64_t fault_at; /* count of the last fault, and how many came there */
	uint32_t faults_in_a_row;
	bool halted; /* in HLT: the last run ended before anything could wake the CPU */
	bool ran;
	gva_t last_stop_pc;
	gva_t break_skip; /* the breakpoint that the run starts at */
	bool has_break_skip;

	/* planted instructions */
	struct address_set planted;
	struct trap traps[TRAPS_MAX];
	unsigned trap_count;
	gva_t breaks[BREAKS_MAX];
	unsigned break_count;
	gpa_t breaks_gpa[BREAKS_MAX];
	unsigned break_gpa_count;
	uint64_t exact; /* a count inside a block at which the run must be stopped exactly */
	gva_t exact_pc;

	struct device_memory device_memory[DEVICE_MEMORY_MAX];
	unsigned device_memory_count;
	halt_fn halt;
	void *halt_arg;
	screen_fn screen;
	void *screen_arg;
	arrival_fn arrival;
	void *arrival_arg;
	hypercall_fn hypercall;
	void *hypercall_arg;
	store_fn store;
	void *store_arg;
	bool store_ranges; /* only pages whose bit is set, by the low bits of their number */
	uint64_t store_pages[STORE_PAGE_BITS / 64];
	cpuid_fn cpuid;
	void *cpuid_arg;
	msr_fn msr;
	void *msr_arg;

	/* parts */
	struct part parts[PARTS_MAX];
	unsigned part_count;
	struct timer_queue timers;
	struct msr_state msrs;
	struct device_state devices;
	struct rng random;
	struct buf console;

	/* hang detection */
	struct {
		struct cpu_state cpu; /* asleep */
		uint32_t
			wakes; /* by the timer, one after another, that came back to it; 0: none yet */
		uint64_t since; /* count at the first of them */
	} idle;
	uint64_t repeat_check; /* count of the next look */
	struct repeat *repeat;

	/* events */
	struct event *events;
	size_t event_kept, event_cap;
	uint64_t event_total[EVENT_KIND_COUNT];
	uint64_t unmodelled_total;
	bool has_unmodelled;
	struct event unmodelled;
	struct digest *event_digest;
	bool out_of_memory;

	struct recorder *recorder; /* NULL: not traced */
};

/* --- plant.c --- */

/* True when it was not planted before: then every translation that holds it has been forgotten. */
bool plant_at(struct machine *m, const struct cpu_state *cpu, gva_t pc);
/* Plant what must be intercepted in a block; true when the block must be translated anew. */
bool plant_block(struct machine *m, const struct cpu_state *cpu, gva_t pc, gpa_t gpa,
		 uint32_t size);
/* How many instructions the @size bytes at @pc hold, at least 1. */
unsigned code_count(struct machine *m, gva_t pc, uint32_t size);
/* Instructions of the running block that lie before @pc. */
unsigned code_before(struct machine *m, gva_t pc);
/* Linear address after @n instructions from @pc, within @size bytes. */
gva_t code_skip(struct machine *m, const struct cpu_state *cpu, gva_t pc, uint32_t size,
		uint64_t n);
const struct trap *trap_find(const struct machine *m, gpa_t gpa);
bool break_at(struct machine *m, gva_t pc);
/* The instruction that runs, decoded anew from memory; false when it cannot be read. */
bool machine_decode_at(struct machine *m, const struct cpu_state *cpu, gva_t pc, struct insn *ret);
/* Read linear addresses through paging; false when any byte is not mapped or not memory. */
bool machine_read_va(struct machine *m, const struct cpu_state *cpu, gva_t va, void *data,
		     size_t len);
/* Likewise write; honours R/W only as a supervisor with CR0.WP set would. On failure *ret_fault is the address. */
bool machine_write_va(struct machine *m, const struct cpu_state *cpu, gva_t va, const void *data,
		      size_t len, gva_t *ret_fault);

/* interrupt.c: deliver through the guest's IDT or IVT; cpu->rip is what is pushed. May end in a triple fault (machine_stop). */
enum delivery { DELIVER_FAULT, DELIVER_SOFT, DELIVER_HARDWARE };
void interrupt_deliver(struct machine *m, struct cpu_state *cpu, unsigned vector,
		       uint32_t error_code, enum delivery how);
/* INT n, INT3, INTO: cpu->rip is the instruction, @next_ip what is pushed. False: it faulted, and that was delivered. */
bool interrupt_deliver_soft(struct machine *m, struct cpu_state *cpu, unsigned vector,
			    uint64_t next_ip);

/* insn.c */
void insn_intercept(struct machine *m, gva_t pc);

/* The deadline of the engine from limit, timers, wake and requests. */
void machine_update_deadline(struct machine *m);

/* legality.c: checks of the SDM that the engine does not make; false: #GP */
bool legal_mov_cr(struct machine *m, const struct cpu_state *cpu, unsigned cr, uint64_t v);
bool legal_table_load(struct machine *m, const struct cpu_state *cpu, const struct insn *in,
		      gva_t pc);
/* Where a far JMP, CALL or RET leads; false when its operand or the stack cannot be read. */
bool far_destination(struct machine *m, const struct cpu_state *cpu, const struct insn *in,
		     gva_t pc, uint16_t *ret_selector, uint64_t *ret_offset);
bool legal_far_transfer(struct machine *m, const struct cpu_state *cpu, const struct insn *in,
			gva_t pc, uint32_t *ret_error_code);

/* tables */
void cpuid_answer(struct machine *m, uint32_t leaf, uint32_t subleaf, uint32_t ret[4]);
/* False: the profile has no such MSR (#GP). */
bool msr_read(struct machine *m, uint32_t number, uint64_t *ret_v);
bool msr_write(struct machine *m, uint32_t number, uint64_t v);
/* Has the table a row for it (if only to say that it does not exist)? */
bool msr_known(uint32_t number);
void msr_init(struct machine *m);
uint32_t port_in(struct machine *m, uint16_t port, unsigned size);
void port_out(struct machine *m, uint16_t port, unsigned size, uint32_t value);
void devices_init(struct machine *m);
/* Does the profile have the feature? CPUID leaf, register (0 EAX .. 3 EDX), bit. */
bool cpuid_has(struct machine *m, uint32_t leaf, unsigned reg, unsigned bit);

/* memory (mem.c) */
int mem_init(struct machine *m, struct diag *diag);
void mem_release(struct machine *m);
/* page_walk() and then gate A20. */
bool machine_walk(struct machine *m, const struct cpu_state *cpu, gva_t va, struct page_walk *ret);
const struct mem_block *mem_block_find(const struct machine *m, gpa_t gpa);

/* events (events.c) */
int events_init(struct machine *m);
void events_release(struct machine *m);

/* tracing (record.c); all but the last only while traced */
void record_event(struct machine *m, const struct event *ev);
uint32_t record_block_id(void *arg, gva_t pc, uint32_t size, unsigned insns);
void record_log_full(void *arg);
void record_log_cut(void *arg, unsigned insns);
void record_log_wait(void *arg, uint64_t count);
void record_release(struct machine *m);

/* the interrupt controller (pic.c): count at which its interrupt is due, UINT64_MAX: never */
uint64_t pic_next(struct machine *m);
/* The processor takes it: the vector. */
uint8_t pic_take(struct machine *m);

/* virtual time (timer.c): the queue and the interrupt controller together */
uint64_t timer_next(struct machine *m);
/* Take the first interrupt that is due at @now; false when there is none. */
bool timer_take(struct machine *m, uint64_t now, uint8_t *ret_vector);

/* HLT until a clock that never stops wakes it (idle.c): false when that has been going on for too long, which stops the run. */
bool idle_sleep(struct machine *m, const struct cpu_state *cpu);

/* hang detection (repeat.c) */
void repeat_init(struct machine *m);
/* After time went backwards. */
void repeat_reset(struct machine *m);
void repeat_release(struct machine *m);
/* At a block's start, when the count has come to repeat_check: true when the state is proven to repeat. */
bool repeat_look(struct machine *m, gva_t pc);
void repeat_store(struct machine *m, gpa_t gpa, unsigned size);

#endif
