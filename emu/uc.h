/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fence around Unicorn 2.1: nothing outside uc*.c sees its types.
 *
 * The engine runs guest code, counts instructions block by block and calls its
 * client for what needs a decision. docs/unicorn.md tells what was found out
 * about Unicorn and why this is built as it is.
 */
#ifndef EMU_UC_H
#define EMU_UC_H

#include "emu/base/diag.h"
#include "emu/base/platform.h"
#include "emu/base/state.h"

struct engine;

/* One block that did not come as foretold, after @run blocks that did. */
struct log_token {
	uint32_t run;
	uint32_t id;
};

/*
 * Which blocks ran, as short as it can be kept while they run: the block that
 * followed another one last time is foretold to follow it again, and only what
 * comes otherwise makes a token. The client owns the arrays.
 */
struct block_log {
	uint32_t *next; /* by id: the block that followed it last time; 0: none yet */
	uint32_t id;    /* of the last block; 0 at the beginning */
	uint32_t run;   /* blocks as foretold since the last token */
	struct log_token *pos, *end;
	uint64_t blocks;   /* up to the last token, that one too */
	uint64_t boundary; /* count before which ops.log_full wants to be called */
};

struct engine_ops {
	/*
	 * A block was translated for the first time (or again after its code
	 * changed). True: start it anew (hooks were planted in it, or the CPU
	 * state was set).
	 */
	bool (*translated)(void *arg, gva_t pc, uint32_t size, unsigned insns);
	/* The block at @pc would pass engine_deadline(); true: do not run it (state was set or the run stops). */
	bool (*due)(void *arg, gva_t pc, uint32_t size, unsigned insns);
	/* How many instructions lie in the @size bytes at @pc (a table miss). */
	unsigned (*count_insns)(void *arg, gva_t pc, uint32_t size);
	/* Of the one instruction at @pc: width of its counter if it is a string instruction with REP, else 0. */
	unsigned (*rep_bits)(void *arg, gva_t pc, uint32_t size);
	/* A planted instruction is about to run. */
	void (*insn)(void *arg, gva_t pc);
	/* An instruction raised @vector; the client delivers it by setting the CPU state. */
	void (*exception)(void *arg, unsigned vector, uint32_t error_code, bool software);
	uint32_t (*port_in)(void *arg, uint16_t port, unsigned size);
	void (*port_out)(void *arg, uint16_t port, unsigned size, uint32_t value);
	uint64_t (*hole_read)(void *arg, gpa_t gpa, unsigned size);
	void (*hole_write)(void *arg, gpa_t gpa, unsigned size, uint64_t value);
	void (*rom_write)(void *arg, gpa_t gpa, unsigned size, uint64_t value);
	/* A store, only while engine_watch_stores() is on: before it happens. */
	void (*store)(void *arg, gpa_t gpa, unsigned size, uint64_t value);
	/* --- only with engine_log_to() --- */
	/* The number, not 0, of the block at @pc as its bytes and the CPU's mode are now. */
	uint32_t (*block_id)(void *arg, gva_t pc, uint32_t size, unsigned insns);
	/* Between two blocks: the log has no more room or its boundary is reached. Empties it. */
	void (*log_full)(void *arg);
	/* Of the last block only the first @insns instructions retired. */
	void (*log_cut)(void *arg, unsigned insns);
	/* Time passes without instructions. */
	void (*log_wait)(void *arg, uint64_t count);
};

/* -ENOTSUP with a text for an engine whose layout cannot be proven; -ENOMEM. */
int engine_open(struct engine **ret_e, enum cpu_profile cpu, const struct engine_ops *ops,
		void *arg, struct diag *diag);
struct engine *engine_close(struct engine *e);

/* Host memory @host backs [gpa, gpa+size); page-aligned; before the first run only. */
int engine_map_ram(struct engine *e, gpa_t gpa, uint64_t size, void *host, bool writable);
/* Make a mapped range writable, or read-only again; before the first run only. */
int engine_protect(struct engine *e, gpa_t gpa, uint64_t size, bool writable);
/* Accesses to [gpa, gpa+size) go to hole_read and hole_write. */
int engine_map_hole(struct engine *e, gpa_t gpa, uint64_t size);

void engine_get(struct engine *e, struct cpu_state *ret);
/* From inside a callback the current block is left, and execution goes on at the new rip. */
void engine_set(struct engine *e, const struct cpu_state *s);
/* Width of the code the CPU decodes now. */
unsigned engine_code_bits(struct engine *e);
uint64_t engine_rip(struct engine *e);
uint64_t engine_rflags(struct engine *e);
/* An instruction after STI or MOV SS, during which interrupts wait. */
bool engine_interrupt_shadow(struct engine *e);

enum engine_end {
	ENGINE_STOPPED, /* engine_stop() was called */
	ENGINE_HLT,     /* HLT; rip is after it */
	ENGINE_FAILED,  /* the engine's own error: engine_error() says which */
};

/* Run from the current rip. */
enum engine_end engine_run(struct engine *e);
/* From a callback of type due, insn, translated or exception only. */
void engine_stop(struct engine *e);
const char *engine_error(const struct engine *e);

/* Call ops.insn before each execution of the instruction at @pc. The block that holds it must be left and forgotten by the caller. */
int engine_plant(struct engine *e, gva_t pc);
/* Forget the translation of the code at [pc, pc+size), linear addresses. */
void engine_forget(struct engine *e, gva_t pc, uint32_t size);
/* Forget what was translated from physical [gpa, gpa+len): after the host wrote there. */
void engine_forget_phys(struct engine *e, gpa_t gpa, uint64_t len);
void engine_flush_tlb(struct engine *e);
/* Gate A20: off, bit 20 of every physical address reads as 0. On after engine_open(). */
void engine_set_a20(struct engine *e, bool on);
/* Call ops.store for every store: slow, and throws all translations away when switched. Between runs and inside ops.due only. */
int engine_watch_stores(struct engine *e, bool on);

/* Retired instructions, exact between runs and inside ops.due; ops.insn adds what lies before @pc. */
uint64_t engine_retired(const struct engine *e);
void engine_set_retired(struct engine *e, uint64_t count);
/* Let @count instructions' time pass, from inside ops.insn. */
void engine_advance(struct engine *e, uint64_t count);
/* The block that is running, and its share of the count. */
void engine_block(const struct engine *e, gva_t *ret_pc, uint32_t *ret_size, unsigned *ret_insns);
/* Of the running block only the first @insns instructions retired (it is left early). */
void engine_block_cut(struct engine *e, unsigned insns);
void engine_set_deadline(struct engine *e, uint64_t count);
/* The code width or the page tables changed: what is known of blocks at the same addresses no longer counts. */
void engine_mode_changed(struct engine *e);
/* Log every block from here on; between runs only. NULL ends it. */
int engine_log_to(struct engine *e, struct block_log *log);
/* After log.boundary was set outside ops.log_full. */
void engine_log_boundary(struct engine *e);

struct engine_block_id {
	gva_t pc;
	uint32_t size;
};

#define ENGINE_RING 32

size_t engine_last_blocks(const struct engine *e, struct engine_block_id ret[ENGINE_RING]);

/* Pages that guest or host ever stored to (engine_mark_dirty() for the host's stores), and pages that code ran from. */
bool engine_page_dirty(const struct engine *e, gpa_t gpa);
void engine_mark_dirty(struct engine *e, gpa_t gpa, uint64_t len);
bool engine_page_has_code(const struct engine *e, gpa_t gpa);

/* The CPU in full (also what struct cpu_state lacks), as opaque bytes of a fixed size. */
size_t engine_context_size(const struct engine *e);
void engine_context_save(struct engine *e, void *data);
void engine_context_load(struct engine *e, const void *data);
/* The part of those bytes that a digest may cover: registers, without host pointers or lazy flags. */
void engine_fpu_get(struct engine *e, uint8_t ret[8 * 10 + 16 * 16]);

#endif
