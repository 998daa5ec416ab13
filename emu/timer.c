/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual time: interrupts in one queue, ordered by instruction count, then by the order of their making; and those of the interrupt controller. */
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

void machine_interrupt_cancel(struct machine *m, uint8_t vector)
{
	struct timer_queue *q = &m->timers;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < q->count; i++)
		if (q->items[i].vector != vector)
			q->items[kept++] = q->items[i];
	memset(q->items + kept, 0, (q->count - kept) * sizeof(*q->items));
	q->count = kept;
	machine_update_deadline(m);
}

static uint64_t queue_next(const struct machine *m)
{
	return m->timers.count ? m->timers.items[0].count : UINT64_MAX;
}

uint64_t timer_next(struct machine *m)
{
	uint64_t queue = queue_next(m), pic = pic_next(m);

	return queue < pic ? queue : pic;
}

bool timer_take(struct machine *m, uint64_t now, uint8_t *ret_vector)
{
	struct timer_queue *q = &m->timers;

	if (timer_next(m) > now)
		return false;
	if (pic_next(m) < queue_next(m)) {
		*ret_vector = pic_take(m);
		return true;
	}
	*ret_vector = (uint8_t)q->items[0].vector;
	q->count--;
	memmove(q->items, q->items + 1, q->count * sizeof(*q->items));
	q->items[q->count] = (struct timer){ 0 };
	return true;
}
