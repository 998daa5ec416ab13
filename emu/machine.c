/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine made, taken apart, and reached from outside: CPU state, handlers, console, parts. */
#include "emu/machine_impl.h"

#include <errno.h>
#include <stdlib.h>

const char *const stop_kind_names[] = { "point",  "triple-fault", "fetch", "exception",  "hlt",
					"repeat", "limit",        "exit",  "unmodelled", "engine" };

extern const struct engine_ops machine_engine_ops; /* run.c */

int machine_create(struct machine **ret_m, const struct platform *platform, struct diag *diag)
{
	struct machine *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return diag_set(diag, -ENOMEM, "out of memory");
	m->platform = platform;
	m->limit = UINT64_MAX;
	m->wake = UINT64_MAX;
	ret = engine_open(&m->engine, platform->cpu, &machine_engine_ops, m, diag);
	if (!ret)
		ret = mem_init(m, diag);
	if (!ret && (ret = events_init(m)))
		diag_set(diag, ret, "out of memory");
	if (ret) {
		machine_destroy(m);
		return ret;
	}
	rng_init(&m->random, platform->seed, "rdrand");
	msr_init(m);
	devices_init(m);
	repeat_init(m);
	machine_part_add(m, &(struct part){ .name = "timers",
					    .version = 1,
					    .size = sizeof(m->timers),
					    .state = &m->timers });
	machine_part_add(m, &(struct part){ .name = "msrs",
					    .version = 1,
					    .size = sizeof(m->msrs),
					    .state = &m->msrs });
	machine_part_add(m, &(struct part){ .name = "devices",
					    .version = 2,
					    .size = sizeof(m->devices),
					    .state = &m->devices });
	machine_part_add(m, &(struct part){ .name = "random",
					    .version = 1,
					    .size = sizeof(m->random),
					    .state = &m->random });
	*ret_m = m;
	return 0;
}

struct machine *machine_destroy(struct machine *m)
{
	if (!m)
		return NULL;
	record_release(m);
	repeat_release(m);
	m->engine = engine_close(m->engine);
	mem_release(m);
	events_release(m);
	buf_free(&m->console);
	free(m->planted.items);
	free(m);
	return NULL;
}

const struct platform *machine_platform(const struct machine *m)
{
	return m->platform;
}

void machine_cpu_get(struct machine *m, struct cpu_state *ret_state)
{
	engine_get(m->engine, ret_state);
}

void machine_cpu_set(struct machine *m, const struct cpu_state *state)
{
	struct cpu_state old;

	engine_get(m->engine, &old);
	engine_set(m->engine, state);
	m->resumed = true;
	m->halted = false;
	if (cpu_code_bits(&old) != cpu_code_bits(state))
		engine_mode_changed(m->engine);
	m->mode = cpu_mode_name(state);
}

uint64_t machine_instructions(const struct machine *m)
{
	return engine_retired(m->engine) + (m->at_insn ? m->insn_index :
					    m->at_port ? m->port_index :
							 0);
}

void machine_on_arrival(struct machine *m, arrival_fn fn, void *arg)
{
	m->arrival = fn;
	m->arrival_arg = arg;
}

int machine_on_store(struct machine *m, store_fn fn, void *arg)
{
	m->store = fn;
	m->store_arg = arg;
	return engine_watch_stores(m->engine, fn);
}

void machine_store_range_add(struct machine *m, gpa_t gpa, uint64_t size)
{
	uint64_t first = gpa / GUEST_PAGE_SIZE, last, pages;

	m->store_ranges = true;
	if (!size || __builtin_add_overflow(gpa, size - 1, &last))
		return;
	pages = last / GUEST_PAGE_SIZE - first + 1;
	for (uint64_t i = 0; i < pages && i < STORE_PAGE_BITS; i++) {
		uint64_t bit = (first + i) % STORE_PAGE_BITS;

		m->store_pages[bit / 64] |= BIT64(bit % 64);
	}
}

void machine_on_hypercall(struct machine *m, hypercall_fn fn, void *arg)
{
	m->hypercall = fn;
	m->hypercall_arg = arg;
}

void machine_on_cpuid(struct machine *m, cpuid_fn fn, void *arg)
{
	m->cpuid = fn;
	m->cpuid_arg = arg;
}

void machine_on_msr(struct machine *m, msr_fn fn, void *arg)
{
	m->msr = fn;
	m->msr_arg = arg;
}

int machine_device_memory_add(struct machine *m, const struct device_memory *d)
{
	if (m->device_memory_count == DEVICE_MEMORY_MAX)
		return -ENOSPC;
	m->device_memory[m->device_memory_count++] = *d;
	return 0;
}

void machine_on_halt(struct machine *m, halt_fn fn, void *arg)
{
	m->halt = fn;
	m->halt_arg = arg;
}

void machine_on_screen(struct machine *m, screen_fn fn, void *arg)
{
	m->screen = fn;
	m->screen_arg = arg;
}

void machine_screen(const struct machine *m, struct buf *out)
{
	if (m->screen)
		m->screen(m->screen_arg, out);
}

bool machine_a20(const struct machine *m)
{
	return !m->devices.a20_off;
}

void machine_a20_set(struct machine *m, bool on)
{
	if (m->devices.a20_off == !on)
		return;
	m->devices.a20_off = !on;
	engine_set_a20(m->engine, on);
	machine_event(m, EVENT_A20, EVENT_MODELLED, on, 0, 0);
}

void machine_paging_changed(struct machine *m)
{
	engine_flush_tlb(m->engine);
}

void machine_wait(struct machine *m, uint64_t instructions)
{
	engine_advance(m->engine, instructions);
	machine_update_deadline(m);
}

int machine_trap_add(struct machine *m, gpa_t gpa, trap_fn fn, void *arg)
{
	if (m->trap_count == TRAPS_MAX)
		return -ENOSPC;
	m->traps[m->trap_count++] = (struct trap){ .gpa = gpa, .fn = fn, .arg = arg };
	/* Code that was translated before does not know of it. */
	engine_forget_phys(m->engine, gpa, 1);
	return 0;
}

void machine_raise(struct machine *m, enum vector vector, uint32_t error_code)
{
	struct cpu_state cpu;

	engine_get(m->engine, &cpu);
	interrupt_deliver(m, &cpu, vector, error_code, DELIVER_FAULT);
	machine_cpu_set(m, &cpu);
}

const struct buf *machine_console(const struct machine *m)
{
	return &m->console;
}

void machine_console_put(struct machine *m, const char *text, size_t len)
{
	/* Console text is for people; a guest that prints for ever must not take all memory. */
	if (m->console.len < MIB(4))
		buf_append(&m->console, text, len);
}

int machine_part_add(struct machine *m, const struct part *part)
{
	if (m->part_count == PARTS_MAX)
		return -ENOSPC;
	m->parts[m->part_count++] = *part;
	return 0;
}

size_t machine_last_blocks(const struct machine *m, struct block_record ret[MACHINE_LAST_BLOCKS])
{
	struct engine_block_id ids[ENGINE_RING];
	size_t n = engine_last_blocks(m->engine, ids);
	unsigned bits = engine_code_bits(m->engine);

	_Static_assert(MACHINE_LAST_BLOCKS == ENGINE_RING, "as many blocks as the engine keeps");
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct block_record){ .pc = ids[i].pc,
						.size = ids[i].size,
						.bits = (uint8_t)bits };
	return n;
}
