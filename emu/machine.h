/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine: one CPU and its physical memory, ports, MSRs, virtual time and
 * event stream. Everything mutable hangs off it; two machines in one process
 * never see each other. One machine is used by one thread at a time.
 *
 * Time is the count of retired instructions; each iteration of a REP string
 * instruction counts as one, as single-stepping shows it (SDM 3B 17.3.2).
 */
#ifndef EMU_MACHINE_H
#define EMU_MACHINE_H

#include "emu/base/buf.h"
#include "emu/base/diag.h"
#include "emu/base/event.h"
#include "emu/base/platform.h"
#include "emu/base/state.h"

struct machine;
struct snapshot;

/*
 * A machine with the platform's RAM and ROM, all zero, and a CPU after reset.
 * @platform is borrowed and must outlive the machine. Fails with -ENOMEM,
 * -ENOTSUP (this build of the engine is not the one whose layout we can prove)
 * and says why in @diag.
 */
int machine_create(struct machine **ret_m, const struct platform *platform, struct diag *diag);
/* Takes NULL, returns NULL. */
struct machine *machine_destroy(struct machine *m);

const struct platform *machine_platform(const struct machine *m);

/* --- memory: guest physical, never through paging --- */

/* 0, or -EFAULT when any byte lies outside RAM and ROM (then nothing is copied). */
int machine_read(const struct machine *m, gpa_t gpa, void *data, size_t len);
/* The host's write: also into ROM; code that was translated from there is forgotten. */
int machine_write(struct machine *m, gpa_t gpa, const void *data, size_t len);
/*
 * Firmware that runs from shadow RAM and never locks it leaves the ROM area
 * writable: let the guest store to the ROM that holds @gpa. Before the run
 * only. -EFAULT when there is none.
 */
int machine_rom_unlock(struct machine *m, gpa_t gpa);
/* machine_read as the interface that page walks and rules take; valid while @m lives. */
struct mem_reader machine_reader(const struct machine *m);
/* A copy of all memory that holds anything; -ENOMEM. The caller destroys it. */
int machine_copy_pages(struct machine *m, struct pages **ret_pages);
/* The same without copying: good until the machine runs on, is written to, or is destroyed. */
int machine_view_pages(struct machine *m, struct pages **ret_pages);

/* --- CPU --- */

/* Reads cost about 0.1 us; between runs and inside handlers alike. */
void machine_cpu_get(struct machine *m, struct cpu_state *ret_state);
/* Takes effect at once; a handler that changes rip resumes there. */
void machine_cpu_set(struct machine *m, const struct cpu_state *state);

/* Instructions retired since the machine was made (exact also inside handlers). */
uint64_t machine_instructions(const struct machine *m);

/* --- running --- */

enum stop_kind {
	STOP_POINT, /* machine_on_arrival's function or a breakpoint said stop */
	STOP_TRIPLE_FAULT,
	STOP_FETCH,      /* fetch from where nothing is */
	STOP_EXCEPTION,  /* an exception came to firmware's own handler, which does not return */
	STOP_HLT,        /* HLT that nothing can wake */
	STOP_REPEAT,     /* a state that repeats: it runs for ever */
	STOP_LIMIT,      /* max_instructions are spent */
	STOP_EXIT,       /* the guest asked to end: reset, shutdown, return to firmware */
	STOP_UNMODELLED, /* cannot go on without guessing */
	STOP_ENGINE,     /* the engine failed: our fault, or the host's */
};

struct stop {
	enum stop_kind kind;
	uint64_t instructions;
	gva_t pc;            /* linear address of the next instruction, or of the one that failed */
	gva_t fault_address; /* the address at fault for a fetch or page fault, else 0 */
	bool has_fault_address;
	char text[256]; /* one sentence that says what happened */
};

extern const char *const stop_kind_names[];

struct run_limits {
	uint64_t max_instructions; /* in all, since the machine was made; 0: none */
};

/* Run until something stops it; never fails otherwise. */
void machine_run(struct machine *m, const struct run_limits *limits, struct stop *ret_stop);

/* From inside any handler: end the run with @kind before the next instruction. */
void machine_stop(struct machine *m, enum stop_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* After machine_stop(): the address that the instruction failed on. */
void machine_stop_address(struct machine *m, gva_t fault_address);

/* "#PF", or "interrupt" for what is no exception. */
const char *vector_name(unsigned vector);

/*
 * @fn is called before a block of code runs for the first time (after it was
 * translated): linear address and physical address of its first instruction.
 * True stops the run there with STOP_POINT, before the block. One per machine.
 */
typedef bool (*arrival_fn)(struct machine *m, gva_t pc, gpa_t gpa, void *arg);
void machine_on_arrival(struct machine *m, arrival_fn fn, void *arg);

/* Stop with STOP_POINT before the instruction at linear address @pc, each time. */
int machine_break_add(struct machine *m, gva_t pc);
void machine_break_remove(struct machine *m, gva_t pc);
/* The same before the instruction at physical address @gpa, through whatever mapping it is fetched. */
int machine_break_add_gpa(struct machine *m, gpa_t gpa);
void machine_break_remove_gpa(struct machine *m, gpa_t gpa);

/* --- what the guest reaches outside the CPU --- */

/*
 * The one guest-to-C trap: before the instruction at physical address @gpa
 * runs, in any CPU mode, @fn is called with the CPU's state readable and
 * writable; then the instruction there runs (put a NOP there, and after it the
 * guest code that returns). If @fn sets another rip, execution goes on there.
 */
typedef void (*trap_fn)(struct machine *m, gpa_t gpa, void *arg);
int machine_trap_add(struct machine *m, gpa_t gpa, trap_fn fn, void *arg);

/*
 * @fn is called before every store of the guest: physical address, size, and
 * the linear address of the instruction. Slow: every store leaves the fast path.
 * NULL ends it; from inside a handler at once, between two runs only when the next one has ended.
 */
typedef void (*store_fn)(struct machine *m, gpa_t gpa, unsigned size, gva_t pc, void *arg);
int machine_on_store(struct machine *m, store_fn fn, void *arg);
/*
 * Where that function wants to look: once any range was named, it hears of stores
 * into the pages of those ranges, of few others, and the rest cost ten times less.
 */
void machine_store_range_add(struct machine *m, gpa_t gpa, uint64_t size);

/*
 * Memory of a device at [gpa, gpa+size), in a hole of the platform's memory map: an access there calls the
 * device instead of being an event. @size of one access is 1, 2, 4 or 8.
 */
struct device_memory {
	gpa_t gpa;
	uint64_t size;
	uint64_t (*read)(void *arg, uint64_t offset, unsigned size);
	void (*write)(struct machine *m, void *arg, uint64_t offset, unsigned size, uint64_t value);
	void *arg;
};

int machine_device_memory_add(struct machine *m, const struct device_memory *d);

/* Gate A20, as port 92h, the keyboard controller and the BIOS switch it. On when the machine is made. */
bool machine_a20(const struct machine *m);
void machine_a20_set(struct machine *m, bool on);

/* From inside a handler: page tables in memory were changed by the host; the CPU forgets what it kept of them. */
void machine_paging_changed(struct machine *m);

/* From inside a trap: let that many instructions' time pass, as if the service had spun. */
void machine_wait(struct machine *m, uint64_t instructions);

/* VMCALL and VMMCALL; without a function they raise #UD. */
typedef void (*hypercall_fn)(struct machine *m, void *arg);
void machine_on_hypercall(struct machine *m, hypercall_fn fn, void *arg);

/* CPUID leaves of a hypervisor, asked before the profile's table; false: not mine. */
typedef bool (*cpuid_fn)(struct machine *m, uint32_t leaf, uint32_t subleaf, uint32_t ret_regs[4],
			 void *arg);
void machine_on_cpuid(struct machine *m, cpuid_fn fn, void *arg);

/* MSRs of a hypervisor or model, asked before the profile's table; false: not mine. */
typedef bool (*msr_fn)(struct machine *m, uint32_t msr, bool write, uint64_t *value, void *arg);
void machine_on_msr(struct machine *m, msr_fn fn, void *arg);

/* Deliver exception or interrupt @vector to the guest now, from inside a handler (#GP for a bad MSR...). */
void machine_raise(struct machine *m, enum vector vector, uint32_t error_code);

/* Masks of the two interrupt controllers, a set bit for a line that is off; all are off when the machine is made. Line 0 is the timer. */
void machine_pic_set(struct machine *m, uint8_t mask1, uint8_t mask2);

/* Hardware interrupts on virtual time: delivered at exactly @count, or as soon after as IF allows. */
int machine_interrupt_at(struct machine *m, uint64_t count, uint8_t vector);
/* Those with @vector that machine_interrupt_at() has made and that were not delivered yet will not be. */
void machine_interrupt_cancel(struct machine *m, uint8_t vector);
/*
 * @fn is called when the guest has halted with interrupts on, before the machine looks for what could wake it: whoever
 * has a clock says now when it ticks next. Ten minutes of such ticks that change nothing are a hang. One per machine.
 */
typedef void (*halt_fn)(struct machine *m, void *arg);
void machine_on_halt(struct machine *m, halt_fn fn, void *arg);

/* Text the guest wrote to the serial console and to firmware's or the hypervisor's console. */
const struct buf *machine_console(const struct machine *m);
void machine_console_put(struct machine *m, const char *text, size_t len);

/* A text screen, shown to whoever asks: @fn appends its lines, or nothing when nobody drew on it. One per machine. */
typedef void (*screen_fn)(void *arg, struct buf *out);
void machine_on_screen(struct machine *m, screen_fn fn, void *arg);
void machine_screen(const struct machine *m, struct buf *out);

/* --- events --- */

/* Append to the stream (stamps count). */
void machine_event(struct machine *m, enum event_kind kind, enum event_status status, uint64_t a,
		   uint64_t b, uint64_t c);
/* All events so far (the first million are kept; all are counted and digested). */
const struct event *machine_events(const struct machine *m, size_t *ret_count);
uint64_t machine_event_count(const struct machine *m, enum event_kind kind);

/*
 * The first unmodelled answer that the guest consumed, if any; NULL when there
 * was none. Its presence makes the outcome `error`.
 */
const struct event *machine_unmodelled(const struct machine *m);
uint64_t machine_unmodelled_count(const struct machine *m);

/* --- last blocks, for the report of a stop --- */

struct block_record {
	gva_t pc;
	uint32_t size; /* bytes */
	uint8_t bits;  /* code width when it ran */
};

#define MACHINE_LAST_BLOCKS 32

/* Oldest first; returns how many. */
size_t machine_last_blocks(const struct machine *m, struct block_record ret[MACHINE_LAST_BLOCKS]);

/* --- parts and snapshots --- */

/*
 * State of a device or model that a snapshot must hold: fixed size, no host
 * pointers. @state stays the owner's and must outlive the machine.
 */
struct part {
	const char *name;
	unsigned version;
	size_t size;
	void *state;
};

int machine_part_add(struct machine *m, const struct part *part);

/* CPU, memory, time, events and all parts; -ENOMEM. */
int machine_snapshot(struct machine *m, struct snapshot **ret_s);
/* Only into the machine it was taken from; -EBUSY while it is traced. */
int machine_restore(struct machine *m, const struct snapshot *s);
struct snapshot *snapshot_destroy(struct snapshot *s);

/*
 * Digest of everything a run's result may depend on: CPU, memory, parts, event
 * stream, instruction count. Never translation blocks, which hooks change.
 */
void machine_digest(struct machine *m, char ret_hex[33]);

#endif
