/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that sleeps in HLT and that only the timer wakes, to sleep again: time asleep is free, and ten minutes of it are a hang. */
#include "emu/machine_impl.h"

/* Ticks of ten minutes at the timer's usual 18.2 Hz: no boot program counts down for longer. */
#define WAKES_MAX 10923u
/* A model's clock (machine_on_halt()) may be faster: ten minutes of its, where an instruction is a nanosecond. */
#define SLEEP_MAX 600000000000ull

static bool is_same_sleep(struct machine *m, const struct cpu_state *cpu)
{
	return m->idle.wakes && memcmp(&m->idle.cpu, cpu, sizeof(*cpu)) == 0;
}

bool idle_sleep(struct machine *m, const struct cpu_state *cpu)
{
	uint64_t now = machine_instructions(m), next = timer_next(m);

	if (!is_same_sleep(m, cpu)) {
		m->idle.wakes = 1;
		m->idle.since = now;
		m->idle.cpu = *cpu;
		return true;
	}
	if (++m->idle.wakes >= WAKES_MAX && (!m->halt || now - m->idle.since >= SLEEP_MAX)) {
		machine_stop(m, STOP_HLT,
			     "HLT before 0x%llx: ten minutes of timer interrupts changed nothing",
			     (unsigned long long)cpu_pc(cpu));
		return false;
	}
	if (m->limit != UINT64_MAX && next > now && m->limit < UINT64_MAX - (next - now))
		m->limit += next - now;
	return true;
}
