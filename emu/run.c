/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running: new blocks scanned and planted, deadlines, exceptions, and what ends a run. */
#include "emu/machine_impl.h"

#include <errno.h>
#include <stdlib.h>

#define NEVER UINT64_MAX

void machine_stop(struct machine *m, enum stop_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (m->stop_asked)
		return;
	m->stop_asked = true;
	m->stop = (struct stop){ .kind = kind };
	va_start(ap, fmt);
	vsnprintf(m->stop.text, sizeof(m->stop.text), fmt, ap);
	va_end(ap);
	machine_update_deadline(m);
}

void machine_stop_address(struct machine *m, gva_t fault_address)
{
	m->stop.fault_address = fault_address;
	m->stop.has_fault_address = true;
}

void machine_update_deadline(struct machine *m)
{
	uint64_t deadline = m->limit;

	if (timer_next(m) < deadline)
		deadline = timer_next(m);
	if (m->wake < deadline)
		deadline = m->wake;
	if (m->repeat_check < deadline)
		deadline = m->repeat_check;
	if (m->stop_asked || m->needs_poll || m->mode_check)
		deadline = 0;
	engine_set_deadline(m->engine, deadline);
}

/* --- engine callbacks --- */

static unsigned on_count_insns(void *arg, gva_t pc, uint32_t size)
{
	return code_count(arg, pc, size);
}

static unsigned on_rep_bits(void *arg, gva_t pc, uint32_t size)
{
	struct machine *m = arg;
	struct cpu_state cpu;
	struct insn in;

	(void)size;
	engine_get(m->engine, &cpu);
	return machine_decode_at(m, &cpu, pc, &in) && in.rep ? 8u * in.address_size : 0;
}

static const char no_memory[] = "where there is no memory";

static void stop_fetch(struct machine *m, gva_t pc, const char *what)
{
	machine_stop(m, STOP_FETCH, "instruction fetch from 0x%llx, %s", (unsigned long long)pc,
		     what);
	m->stop.fault_address = pc;
	m->stop.has_fault_address = true;
}

static bool fetch_possible(struct machine *m, const struct cpu_state *cpu)
{
	struct page_walk w;

	return machine_walk(m, cpu, cpu_pc(cpu), &w) && mem_block_find(m, w.gpa);
}

/*
 * SDM 3A 3.4.4: in 64-bit mode the base of CS is taken as zero, whatever the
 * descriptor says. The engine adds it to RIP: after such a far transfer @pc is
 * off by it. True when that was so and has been mended.
 */
static bool drop_code64_base(struct machine *m, struct cpu_state *cpu, gva_t pc)
{
	if (!cpu_in_code64(cpu) || !cpu->seg[SEG_CS].base)
		return false;
	cpu->rip = pc - cpu->seg[SEG_CS].base;
	cpu->seg[SEG_CS].base = 0;
	cpu->cr2 = m->transfer_cr2;
	machine_cpu_set(m, cpu);
	return true;
}

static bool on_translated(void *arg, gva_t pc, uint32_t size, unsigned insns)
{
	struct machine *m = arg;
	struct cpu_state cpu;
	struct page_walk w;

	(void)insns;
	engine_get(m->engine, &cpu);
	if (drop_code64_base(m, &cpu, pc))
		return true;
	if (!machine_walk(m, &cpu, pc, &w) || !mem_block_find(m, w.gpa)) {
		stop_fetch(m, pc, no_memory);
		engine_stop(m->engine);
		return true;
	}
	/* A wild jump slides through zeros for ever (00 00 is an ADD); no boot code lies where nobody ever stored a byte. */
	if (!engine_page_dirty(m->engine, w.gpa)) {
		stop_fetch(m, pc, "a page of memory that nobody ever stored to");
		engine_stop(m->engine);
		return true;
	}
	if (plant_block(m, &cpu, pc, w.gpa, size))
		return true;
	if (m->arrival && m->arrival(m, pc, w.gpa, m->arrival_arg)) {
		machine_stop(m, STOP_POINT, "arrived at 0x%llx", (unsigned long long)pc);
		engine_stop(m->engine);
		return true;
	}
	if (m->stop_asked) {
		engine_stop(m->engine);
		return true;
	}
	return false;
}

static void note_mode(struct machine *m, const struct cpu_state *cpu, gva_t pc)
{
	const char *now = cpu_mode_name(cpu);

	m->mode_check = false;
	if (m->map_check)
		engine_mode_changed(m->engine);
	m->map_check = false;
	if (m->mode && now != m->mode) {
		engine_mode_changed(m->engine);
		machine_event(m, EVENT_MODE, EVENT_MODELLED, cpu_code_bits(cpu),
			      cpu->cr0 & (CR0_PE | CR0_PG), pc);
	}
	m->mode = now;
}

/* Deliver a hardware interrupt that is due, if the CPU takes one now. */
static bool take_interrupt(struct machine *m, struct cpu_state *cpu)
{
	uint8_t vector;

	m->needs_poll = false;
	if (timer_next(m) > engine_retired(m->engine))
		return false;
	if (!(cpu->rflags & EFLAGS_IF) || engine_interrupt_shadow(m->engine)) {
		m->needs_poll = true;
		return false;
	}
	if (!timer_take(m, engine_retired(m->engine), &vector))
		return false;
	interrupt_deliver(m, cpu, vector, 0, DELIVER_HARDWARE);
	machine_cpu_set(m, cpu);
	return true;
}

static bool on_due(void *arg, gva_t pc, uint32_t size, unsigned insns)
{
	struct machine *m = arg;
	uint64_t now = engine_retired(m->engine), exact;
	struct cpu_state cpu;

	if (m->stop_asked) {
		engine_stop(m->engine);
		return true;
	}
	engine_get(m->engine, &cpu);
	if (drop_code64_base(m, &cpu, pc))
		return true;
	cpu.rip = cpu_in_code64(&cpu) ? pc : (uint32_t)(pc - cpu.seg[SEG_CS].base);
	if (m->mode_check)
		note_mode(m, &cpu, pc);
	if (now >= m->limit) {
		machine_stop(m, STOP_LIMIT, "%llu instructions were run without reaching the end",
			     (unsigned long long)now);
		engine_stop(m->engine);
		return true;
	}
	if (take_interrupt(m, &cpu)) {
		machine_update_deadline(m);
		return true;
	}
	if (now >= m->repeat_check && repeat_look(m, pc)) {
		machine_stop(
			m, STOP_REPEAT,
			"the state at 0x%llx repeats: the guest runs in a loop that nothing can end",
			(unsigned long long)pc);
		engine_stop(m->engine);
		return true;
	}
	machine_update_deadline(m);
	/* Something is due inside this block: stop before that very instruction. */
	exact = m->limit;
	if (timer_next(m) > now && timer_next(m) < exact)
		exact = timer_next(m);
	if (exact > now && exact < now + insns) {
		m->exact = exact;
		m->exact_pc = code_skip(m, &cpu, pc, size, exact - now);
		return plant_at(m, &cpu, m->exact_pc);
	}
	return false;
}

static void run_trap(struct machine *m, const struct trap *t, gva_t pc)
{
	struct cpu_state before, after;
	struct insn in;

	engine_get(m->engine, &before);
	machine_event(m, EVENT_TRAP, EVENT_MODELLED, t->gpa, before.gpr[GPR_RAX], 0);
	t->fn(m, t->gpa, t->arg);
	engine_get(m->engine, &after);
	if (after.rip == before.rip && machine_decode_at(m, &after, pc, &in)) {
		after.rip += in.length;
		machine_cpu_set(m, &after);
	}
	engine_block_cut(m->engine, m->insn_index + 1);
}

static void on_insn(void *arg, gva_t pc)
{
	struct machine *m = arg;
	const struct trap *trap = NULL;
	struct cpu_state cpu;
	struct page_walk w;
	bool skip_break = m->has_break_skip && m->break_skip == pc;

	m->has_break_skip = false;
	m->insn_pc = pc;
	m->insn_index = code_before(m, pc);
	m->at_insn = true;
	m->resumed = false;
	if (break_at(m, pc) && !skip_break) {
		machine_stop(m, STOP_POINT, "breakpoint at 0x%llx", (unsigned long long)pc);
	} else if (m->exact && m->exact_pc == pc && machine_instructions(m) == m->exact) {
		/* Leave the block here: what is due is looked at when the rest begins. */
		m->exact = 0;
		engine_get(m->engine, &cpu);
		engine_set(m->engine, &cpu);
		engine_block_cut(m->engine, m->insn_index);
	} else {
		if (m->trap_count) {
			engine_get(m->engine, &cpu);
			if (machine_walk(m, &cpu, pc, &w))
				trap = trap_find(m, w.gpa);
		}
		if (trap)
			run_trap(m, trap, pc);
		else
			insn_intercept(m, pc);
	}
	m->at_insn = false;
	if (m->stop_asked) {
		/* A stop before the instruction leaves it unretired. */
		if (!m->resumed)
			engine_block_cut(m->engine, m->insn_index);
		engine_stop(m->engine);
	}
}

/*
 * A handler whose own first instruction faults: no instruction retires, so no limit is ever reached. So many
 * deliveries go round a 16-bit stack two dozen times.
 */
#define FAULTS_IN_A_ROW_MAX (1u << 18)

static void note_fault(struct machine *m, unsigned vector, gva_t pc)
{
	uint64_t now = machine_instructions(m);

	if (now != m->fault_at)
		m->faults_in_a_row = 0;
	m->fault_at = now;
	if (++m->faults_in_a_row == FAULTS_IN_A_ROW_MAX)
		machine_stop(
			m, STOP_REPEAT,
			"%s at 0x%llx is delivered over and over, and no instruction runs in between",
			vector_name(vector), (unsigned long long)pc);
}

static void on_exception(void *arg, unsigned vector, uint32_t error_code, bool software)
{
	struct machine *m = arg;
	struct cpu_state cpu;
	gva_t pc, start;
	uint32_t size;
	unsigned insns, before;

	engine_get(m->engine, &cpu);
	/* A fetch that failed at the wrong address has not happened. */
	if (drop_code64_base(m, &cpu, cpu.rip + cpu.seg[SEG_CS].base))
		return;
	pc = cpu_pc(&cpu);
	engine_block(m->engine, &start, &size, &insns);
	before = insns;
	if (pc - start <= size)
		before = pc > start ? code_count(m, start, (uint32_t)(pc - start)) : 0;
	/* A fault has not retired, nor what follows it in the block. */
	m->insn_index = before;
	m->at_insn = true;
	m->at_port = false; /* the port instruction that faults asks no port */
	if (software) {
		uint64_t next = cpu.rip;

		/* rip is behind INT n, INT3 or INTO: if the gate faults, the instruction itself is at fault. */
		if (before && pc - start <= size)
			cpu.rip -= pc - code_skip(m, &cpu, start, size, before - 1);
		m->insn_index = before ? before - 1 : 0;
		if (!interrupt_deliver_soft(m, &cpu, vector, next))
			before = m->insn_index;
	} else {
		note_fault(m, vector, pc);
		interrupt_deliver(m, &cpu, vector, error_code, DELIVER_FAULT);
	}
	m->at_insn = false;
	engine_block_cut(m->engine, before);
	if (m->stop_asked)
		engine_stop(m->engine);
	machine_cpu_set(m, &cpu);
}

static uint32_t on_port_in(void *arg, uint16_t port, unsigned size)
{
	struct machine *m = arg;
	uint32_t v = port_in(m, port, size);

	m->at_port = false;
	return v;
}

static void on_port_out(void *arg, uint16_t port, unsigned size, uint32_t value)
{
	struct machine *m = arg;

	port_out(m, port, size, value);
	m->at_port = false;
}

static const struct device_memory *device_memory_find(const struct machine *m, gpa_t gpa)
{
	for (unsigned i = 0; i < m->device_memory_count; i++) {
		if (gpa - m->device_memory[i].gpa < m->device_memory[i].size)
			return &m->device_memory[i];
	}
	return NULL;
}

/* Nothing answers: the bus floats high (design: reads all ones, drops writes). */
static uint64_t on_hole_read(void *arg, gpa_t gpa, unsigned size)
{
	const struct device_memory *d = device_memory_find(arg, gpa);

	if (d)
		return d->read(d->arg, gpa - d->gpa, size);
	machine_event(arg, EVENT_HOLE_READ, EVENT_MODELLED, gpa, size, 0);
	return size >= 8 ? UINT64_MAX : BIT64(8 * size) - 1;
}

static void on_hole_write(void *arg, gpa_t gpa, unsigned size, uint64_t value)
{
	const struct device_memory *d = device_memory_find(arg, gpa);

	if (d) {
		d->write(arg, d->arg, gpa - d->gpa, size, value);
		return;
	}
	machine_event(arg, EVENT_HOLE_WRITE, EVENT_MODELLED, gpa, size, value);
}

static void on_rom_write(void *arg, gpa_t gpa, unsigned size, uint64_t value)
{
	machine_event(arg, EVENT_ROM_WRITE, EVENT_MODELLED, gpa, size, value);
}

static bool store_wanted(const struct machine *m, gpa_t gpa)
{
	uint64_t bit = gpa / GUEST_PAGE_SIZE % STORE_PAGE_BITS;

	return m->store_pages[bit / 64] >> bit % 64 & 1;
}

/* With stores watched the engine keeps rip at the instruction that stores. */
static void on_store(void *arg, gpa_t gpa, unsigned size, uint64_t value)
{
	struct machine *m = arg;
	struct cpu_state cpu;

	(void)value;
	repeat_store(m, gpa, size);
	if (!m->store)
		return;
	if (m->store_ranges && !store_wanted(m, gpa) && !store_wanted(m, gpa + size - 1))
		return;
	engine_get(m->engine, &cpu);
	m->insn_index = code_before(m, cpu_pc(&cpu));
	m->at_insn = true;
	m->store(m, gpa, size, cpu_pc(&cpu), m->store_arg);
	m->at_insn = false;
}

const struct engine_ops machine_engine_ops = {
	.translated = on_translated,
	.due = on_due,
	.count_insns = on_count_insns,
	.rep_bits = on_rep_bits,
	.insn = on_insn,
	.exception = on_exception,
	.port_in = on_port_in,
	.port_out = on_port_out,
	.hole_read = on_hole_read,
	.hole_write = on_hole_write,
	.rom_write = on_rom_write,
	.store = on_store,
	.block_id = record_block_id,
	.log_full = record_log_full,
	.log_cut = record_log_cut,
	.log_wait = record_log_wait,
};

/* --- the run --- */

/* The engine reports translations only after its first block: look at that one by hand. */
static bool scan_first(struct machine *m, const struct cpu_state *cpu)
{
	gva_t pc = cpu_pc(cpu);
	struct page_walk w;
	uint32_t size = 0;

	if (!machine_walk(m, cpu, pc, &w) || !mem_block_find(m, w.gpa))
		return true; /* the fetch will fault, or be found to hit nothing */
	while (size < 256) {
		struct insn in;

		if (!machine_decode_at(m, cpu, pc + size, &in))
			break;
		size += in.length;
	}
	plant_block(m, cpu, pc, w.gpa, size);
	if (!m->has_break_skip && m->arrival && m->arrival(m, pc, w.gpa, m->arrival_arg)) {
		machine_stop(m, STOP_POINT, "arrived at 0x%llx", (unsigned long long)pc);
		return false;
	}
	return true;
}

/* After HLT: sleep until the next timer, if one can wake the CPU. */
static bool wake_from_hlt(struct machine *m)
{
	struct cpu_state cpu;

	engine_get(m->engine, &cpu);
	if (!(cpu.rflags & EFLAGS_IF)) {
		machine_stop(m, STOP_HLT,
			     "HLT before 0x%llx with interrupts off: nothing can wake the CPU",
			     (unsigned long long)cpu_pc(&cpu));
		return false;
	}
	if (m->halt)
		m->halt(m, m->halt_arg);
	if (timer_next(m) == NEVER) {
		machine_stop(m, STOP_HLT, "HLT before 0x%llx and no interrupt will ever come",
			     (unsigned long long)cpu_pc(&cpu));
		return false;
	}
	if ((m->halt || timer_next(m) == pic_next(m)) && !idle_sleep(m, &cpu))
		return false;
	if (timer_next(m) >= m->limit) {
		machine_stop(m, STOP_LIMIT,
			     "HLT before 0x%llx until after the last instruction allowed",
			     (unsigned long long)cpu_pc(&cpu));
		m->halted = true; /* the next run goes on sleeping */
		return false;
	}
	if (timer_next(m) > engine_retired(m->engine))
		engine_set_retired(m->engine, timer_next(m));
	take_interrupt(m, &cpu);
	return !m->stop_asked;
}

void machine_run(struct machine *m, const struct run_limits *limits, struct stop *ret_stop)
{
	struct cpu_state cpu;

	m->limit = limits && limits->max_instructions ? limits->max_instructions : NEVER;
	m->stop_asked = false;
	m->needs_poll = timer_next(m) <= engine_retired(m->engine);
	m->mode_check = true;
	engine_get(m->engine, &cpu);
	m->has_break_skip = m->ran && m->last_stop_pc == cpu_pc(&cpu);
	m->break_skip = cpu_pc(&cpu);
	m->ran = true;
	machine_update_deadline(m);
	if (m->halted) {
		m->halted = false;
		wake_from_hlt(m);
		engine_get(m->engine, &cpu);
	}
	if (!m->stop_asked && scan_first(m, &cpu)) {
		while (!m->stop_asked) {
			enum engine_end end = engine_run(m->engine);

			engine_get(m->engine, &cpu);
			if (end == ENGINE_FAILED &&
			    drop_code64_base(m, &cpu, cpu.rip + cpu.seg[SEG_CS].base))
				continue;
			if (end == ENGINE_FAILED && !fetch_possible(m, &cpu))
				stop_fetch(m, cpu_pc(&cpu), no_memory);
			else if (end == ENGINE_FAILED)
				machine_stop(m, STOP_ENGINE, "the engine stopped at 0x%llx: %s",
					     (unsigned long long)cpu_pc(&cpu),
					     engine_error(m->engine));
			else if (end == ENGINE_HLT && !m->stop_asked && !wake_from_hlt(m))
				break;
		}
	}
	if (m->out_of_memory)
		m->stop = (struct stop){ .kind = STOP_ENGINE, .text = "out of memory" };
	engine_get(m->engine, &cpu);
	m->stop.instructions = engine_retired(m->engine);
	m->stop.pc = cpu_pc(&cpu);
	m->last_stop_pc = m->stop.pc;
	*ret_stop = m->stop;
}
