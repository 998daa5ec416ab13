/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual time: interrupts in one queue, ordered by instruction count, then by the order of their making. */
#include "emu/machine_impl.h"

#include <errno.h>

int machine_interrupt_at(struct machine *m, uint64_t count, uint8_t vector)
{
	struct timer_queue *q = &m->timers;
	unsigned i = q->count;

	if (q->count == TIMERS_MAX)
		return -ENOSPC;
	while (i > 0 && q->items[i - 1].count > count) {
		q->items[i] = q->items[i - 1];
		i--;
	}
	q->items[i] = (struct timer){ .count = count, .order = q->next_order++, .vector = vector };
	q->count++;
	machine_update_deadline(m);
	return 0;
}

uint64_t timer_next(const struct machine *m)
{
	return m->timers.count ? m->timers.items[0].count : UINT64_MAX;
}

bool timer_take(struct machine *m, uint64_t now, struct timer *ret)
{
	struct timer_queue *q = &m->timers;

	if (!q->count || q->items[0].count > now)
		return false;
	*ret = q->items[0];
	q->count--;
	memmove(q->items, q->items + 1, q->count * sizeof(*q->items));
	q->items[q->count] = (struct timer){ 0 };
	return true;
}
