/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254 programmable interval timer on virtual time (Intel 8254 data sheet, order 231164). */
#include "emu/devices.h"

#define PIT_HZ        1193182ull
#define NS_PER_SECOND 1000000000ull

/* Ticks since instruction 0, where one instruction is a nanosecond; the phase comes from the seed. */
static uint64_t pit_now(struct machine *m)
{
	return (uint64_t)((unsigned __int128)machine_instructions(m) * PIT_HZ / NS_PER_SECOND);
}

void pit_init(struct machine *m)
{
	struct rng rng;

	rng_init(&rng, m->platform->seed, "pit");
	for (unsigned i = 0; i < 3; i++) {
		m->devices.pit[i].mode =
			i == 1 ?
				2 :
				3; /* as firmware leaves them: 0 ticks, 1 refreshed, 2 the speaker */
		m->devices.pit[i].access = 3;
		m->devices.pit[i].start = 0 - rng_below(&rng, 65536);
	}
}

static uint64_t period(const struct machine *m, unsigned i)
{
	return m->devices.pit[i].reload ? m->devices.pit[i].reload : 65536;
}

static uint16_t pit_count(struct machine *m, unsigned i)
{
	uint64_t elapsed = pit_now(m) - m->devices.pit[i].start, n = period(m, i);

	switch (m->devices.pit[i].mode) {
	case 2: /* rate generator */ return (uint16_t)(n - elapsed % n);
	case 3: /* square wave: counts down by two */ return (uint16_t)(n - elapsed * 2 % n);
	default: /* one shot: runs on below zero */ return (uint16_t)(n - elapsed);
	}
}

unsigned pit_output(struct machine *m, unsigned i)
{
	uint64_t elapsed = pit_now(m) - m->devices.pit[i].start, n = period(m, i);

	switch (m->devices.pit[i].mode) {
	case 2: return elapsed % n != n - 1;
	case 3: return elapsed % n < (n + 1) / 2;
	default: return elapsed >= n;
	}
}

/* --- counter 0's output, the timer's interrupt --- */

/* In PIT ticks: the first time after @seen at which the output rises; false: never. */
static bool next_edge(const struct machine *m, uint64_t seen, uint64_t *ret_tick)
{
	uint64_t start = m->devices.pit[0].start, n = period(m, 0);
	uint64_t elapsed =
		seen - start; /* of the counter's own time, which may have begun before 0 */

	switch (m->devices.pit[0].mode) {
	case 2:
	case 3: *ret_tick = start + (elapsed / n + 1) * n; return true;
	case 0:
	case 4: *ret_tick = start + n + 1; return elapsed < n + 1;
	default: return false; /* started by a gate that is never touched */
	}
}

uint64_t pit_edge(struct machine *m)
{
	unsigned __int128 ns;
	uint64_t tick;

	if (m->devices.pit_rose)
		return 0;
	if (!next_edge(m, m->devices.pit_seen, &tick))
		return UINT64_MAX;
	/* The first instruction at which pit_now() is that tick. */
	ns = ((unsigned __int128)tick * NS_PER_SECOND + PIT_HZ - 1) / PIT_HZ;
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

void pit_edge_seen(struct machine *m)
{
	m->devices.pit_rose = 0;
	m->devices.pit_seen = pit_now(m);
}

/* Before counter 0 is loaded anew: what has risen waits in the interrupt controller. */
static void edge_keep(struct machine *m)
{
	bool rose = pit_edge(m) <= machine_instructions(m);

	pit_edge_seen(m);
	m->devices.pit_rose = rose;
}

static void latch_count(struct machine *m, unsigned i)
{
	if (m->devices.pit[i].latched & 1)
		return; /* an unread latch stays */
	m->devices.pit[i].latch = pit_count(m, i);
	m->devices.pit[i].latched |= 1;
	m->devices.pit[i].toggle = 0;
}

static uint8_t status(struct machine *m, unsigned i)
{
	return (uint8_t)(pit_output(m, i) << 7 | m->devices.pit[i].access << 4 |
			 m->devices.pit[i].mode << 1);
}

uint8_t pit_read(struct machine *m, uint16_t port)
{
	unsigned i = port & 3;
	uint16_t v;
	bool high;

	if (i == 3)
		return 0xff; /* the control word is write-only */
	if (m->devices.pit[i].latched & 2) {
		m->devices.pit[i].latched &= (uint8_t)~2;
		return status(m, i);
	}
	v = (m->devices.pit[i].latched & 1) ? m->devices.pit[i].latch : pit_count(m, i);
	high = m->devices.pit[i].access == 2 ||
	       (m->devices.pit[i].access == 3 && m->devices.pit[i].toggle);
	if (m->devices.pit[i].access == 3)
		m->devices.pit[i].toggle ^= 1;
	if (m->devices.pit[i].access != 3 || high)
		m->devices.pit[i].latched &= (uint8_t)~1;
	return (uint8_t)(high ? v >> 8 : v);
}

static void control_word(struct machine *m, uint8_t value)
{
	unsigned i = value >> 6;

	if (i == 3) {
		/* Read-back: bits 1-3 choose counters, bit 5 clear latches the count, bit 4 clear the status. */
		for (unsigned c = 0; c < 3; c++) {
			if (!(value & BIT(c + 1)))
				continue;
			if (!(value & 0x20))
				latch_count(m, c);
			if (!(value & 0x10))
				m->devices.pit[c].latched |= 2;
		}
		return;
	}
	if (!(value & 0x30)) {
		latch_count(m, i);
		return;
	}
	if (i == 0)
		edge_keep(m);
	m->devices.pit[i].access = value >> 4 & 3;
	m->devices.pit[i].mode = (value >> 1 & 7) > 5 ? value >> 1 & 3 : value >> 1 & 7;
	m->devices.pit[i].toggle = m->devices.pit[i].write_toggle = m->devices.pit[i].latched = 0;
	m->devices.pit[i].start = pit_now(m);
	machine_update_deadline(m);
}

void pit_write(struct machine *m, uint16_t port, uint8_t value)
{
	unsigned i = port & 3;

	if (i == 3) {
		control_word(m, value);
		return;
	}
	if (m->devices.pit[i].access == 3 && !m->devices.pit[i].write_toggle) {
		m->devices.pit[i].low = value;
		m->devices.pit[i].write_toggle = 1;
		return;
	}
	if (i == 0)
		edge_keep(m);
	if (m->devices.pit[i].access == 3)
		m->devices.pit[i].reload = (uint16_t)(value << 8 | m->devices.pit[i].low);
	else
		m->devices.pit[i].reload =
			(uint16_t)(m->devices.pit[i].access == 2 ? value << 8 : value);
	m->devices.pit[i].write_toggle = 0;
	m->devices.pit[i].start = pit_now(m);
	machine_update_deadline(m);
}
