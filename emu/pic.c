/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two 8259A interrupt controllers of a PC, as far as the timer's line 0 needs them (Intel 8259A data sheet, order 231468). */
#include "emu/devices.h"

#define NEVER UINT64_MAX

/* Command words: ICW1 has bit 4, OCW3 bit 3, the rest are OCW2. */
#define ICW1       BIT(4)
#define ICW1_ICW4  BIT(0)
#define ICW1_ALONE BIT(1)
#define ICW4_AEOI  BIT(1)
#define OCW3       BIT(3)
#define OCW3_READ  BIT(1)
#define OCW3_ISR   BIT(0)
#define OCW2_EOI   BIT(5)
#define OCW2_LEVEL BIT(6) /* the EOI names its line */

#define LINE_TIMER BIT(0)

void pic_init(struct machine *m)
{
	struct device_state *d = &m->devices;

	/* Where a PC's BIOS puts them; all masked. */
	d->pic_base[0] = 0x08;
	d->pic_base[1] = 0x70;
	d->pic_mask[0] = d->pic_mask[1] = 0xff;
}

void machine_pic_set(struct machine *m, uint8_t mask1, uint8_t mask2)
{
	m->devices.pic_mask[0] = mask1;
	m->devices.pic_mask[1] = mask2;
	machine_update_deadline(m);
}

uint8_t pic_read(struct machine *m, uint16_t port)
{
	struct device_state *d = &m->devices;
	unsigned chip = port >= 0xa0;
	bool waits = !chip && pit_edge(m) <= machine_instructions(m);

	if (port & 1)
		return d->pic_mask[chip];
	return d->pic_read_isr[chip] ? d->pic_isr[chip] : waits ? LINE_TIMER : 0;
}

static void command(struct machine *m, unsigned chip, uint8_t value)
{
	struct device_state *d = &m->devices;

	if (value & ICW1) {
		/* ICW2 comes next, then ICW3 unless the chip is alone, then ICW4 if announced. */
		d->pic_icw[chip] = (uint8_t)(1 + !(value & ICW1_ALONE) + (value & ICW1_ICW4));
		d->pic_icws[chip] = d->pic_icw[chip];
		d->pic_icw4[chip] = value & ICW1_ICW4;
		d->pic_isr[chip] = d->pic_mask[chip] = d->pic_aeoi[chip] = 0;
		d->pic_read_isr[chip] = 0;
		if (!chip)
			pit_edge_seen(m); /* edge detection starts anew */
	} else if (value & OCW3) {
		if (value & OCW3_READ)
			d->pic_read_isr[chip] = value & OCW3_ISR;
	} else if (value & OCW2_EOI) {
		uint8_t isr = d->pic_isr[chip];

		d->pic_isr[chip] &= (uint8_t)(value & OCW2_LEVEL ? ~BIT(value & 7) : isr - 1u);
	}
}

/* What a new mask lets through is taken where the next block of code begins, not before. */
void pic_write(struct machine *m, uint16_t port, uint8_t value)
{
	struct device_state *d = &m->devices;
	unsigned chip = port >= 0xa0;

	if (!(port & 1)) {
		command(m, chip, value);
	} else if (d->pic_icw[chip]) {
		if (d->pic_icw[chip] == d->pic_icws[chip])
			d->pic_base[chip] = value & 0xf8;
		else if (d->pic_icw[chip] == 1 && d->pic_icw4[chip])
			d->pic_aeoi[chip] = !!(value & ICW4_AEOI);
		d->pic_icw[chip]--;
	} else {
		d->pic_mask[chip] = value;
	}
	machine_update_deadline(m);
}

uint64_t pic_next(struct machine *m)
{
	const struct device_state *d = &m->devices;

	if ((d->pic_mask[0] | d->pic_isr[0]) & LINE_TIMER || d->pic_icw[0])
		return NEVER;
	return pit_edge(m);
}

uint8_t pic_take(struct machine *m)
{
	struct device_state *d = &m->devices;

	pit_edge_seen(m);
	if (!d->pic_aeoi[0])
		d->pic_isr[0] |= LINE_TIMER;
	return d->pic_base[0];
}
