/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I/O ports dispatched from one table; what has no row is an event and counts. */
#include "emu/devices.h"

#define PCI_CONFIG_ADDRESS 0xcf8

/* Boot code polls the timer's output for milliseconds on end, and each read takes a PC's bus about a microsecond (ISA: 6 to 8 clocks of 8 MHz). */
#define PORT_POLLED 0x61
#define POLL_TIME   1000u

struct port_row {
	uint16_t first, count;
	enum event_status status;
	uint8_t (*read)(struct machine *m, uint16_t port);
	void (*write)(struct machine *m, uint16_t port, uint8_t value);
};

static const struct port_row port_rows[] = {
#define PORTS(first, count, name, status, read, write, doc) \
	{ first, count, EVENT_##status, read, write },
#include "emu/ports.def"
#undef PORTS
};

static const struct port_row *row_find(uint16_t port)
{
	for (size_t i = 0; i < ARRAY_SIZE(port_rows); i++) {
		if (port >= port_rows[i].first && port - port_rows[i].first < port_rows[i].count)
			return &port_rows[i];
	}
	return NULL;
}

/* A 16- or 32-bit access to 8-bit devices is one access per byte, lowest port first, as the ISA bus makes it. */
uint32_t port_in(struct machine *m, uint16_t port, unsigned size)
{
	const struct port_row *row = row_find(port);
	uint32_t v = 0;

	for (unsigned i = 0; i < size; i++) {
		const struct port_row *r = row_find((uint16_t)(port + i));

		v |= (uint32_t)(r ? r->read(m, (uint16_t)(port + i)) : 0xff) << (8 * i);
	}
	machine_event(m, EVENT_PORT_IN, row ? row->status : EVENT_UNMODELLED, port, v, size);
	if (port == PORT_POLLED)
		machine_wait(m, POLL_TIME);
	return v;
}

void port_out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	const struct port_row *row = row_find(port);

	machine_event(m, EVENT_PORT_OUT, row ? row->status : EVENT_UNMODELLED, port, value, size);
	/* A dword at CF8h is a configuration address, and does not touch CF9h (PCI 3.0, 3.2.2.3.2). */
	if (port == PCI_CONFIG_ADDRESS && size == 4)
		return;
	for (unsigned i = 0; i < size; i++) {
		const struct port_row *r = row_find((uint16_t)(port + i));

		if (r)
			r->write(m, (uint16_t)(port + i), (uint8_t)(value >> (8 * i)));
	}
}
