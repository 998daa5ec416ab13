/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Legacy devices of a PC, as far as boot code asks them: 8042, CMOS, serial port, reset ports. */
#include "emu/devices.h"

/* The day the platform's clock shows at instruction 0: 2000-01-01 00:00:00, a Saturday. One instruction is a nanosecond. */
#define NS_PER_SECOND 1000000000ull

#define PORT92_RESET BIT(0)
#define PORT92_A20   BIT(1)

/* 8042 commands and the A20 bit of its output port (IBM AT Technical Reference, keyboard controller). */
#define KBD_READ_OUTPUT  0xd0
#define KBD_WRITE_OUTPUT 0xd1
#define KBD_A20_OFF      0xdd
#define KBD_A20_ON       0xdf
#define KBD_RESET        0xfe
#define KBD_OUTPUT_A20   BIT(1)
#define KBD_OUTPUT_IDLE  0xcd /* clock and data high, input buffer empty, no reset */
#define KBD_STATUS_FULL  BIT(0)
#define KBD_STATUS_IDLE  0x1c /* unlocked, last write was a command, self-test passed */

void devices_init(struct machine *m)
{
	struct device_state *d = &m->devices;
	uint64_t kib = m->platform->memory >> 10;
	uint64_t ext = kib > 1024 ? kib - 1024 : 0, high = kib > 16384 ? (kib - 16384) / 64 : 0;

	pic_init(m);
	d->uart_lcr = 3;
	/* Memory size as a PC's firmware leaves it (IBM AT Technical Reference, CMOS RAM): 15h base, 17h and 30h extended, 34h above 16 MiB in 64 KiB. */
	put_le16(d->cmos + 0x15, 640);
	put_le16(d->cmos + 0x17, (uint16_t)(ext > 0xffff ? 0xffff : ext));
	put_le16(d->cmos + 0x30, (uint16_t)(ext > 0xffff ? 0xffff : ext));
	put_le16(d->cmos + 0x34, (uint16_t)(high > 0xffff ? 0xffff : high));
	d->cmos[0x0a] = 0x26;
	d->cmos[0x0b] = 0x02;   /* 24 hours, BCD */
	d->cmos[0x0d] = 0x80;   /* battery good */
	d->port92 = PORT92_A20; /* firmware leaves the gate open */
	pit_init(m);
}

uint8_t floating_read(struct machine *m, uint16_t port)
{
	(void)m;
	(void)port;
	return 0xff;
}

void floating_write(struct machine *m, uint16_t port, uint8_t value)
{
	(void)m;
	(void)port;
	(void)value;
}

uint8_t kbd_read(struct machine *m, uint16_t port)
{
	struct device_state *d = &m->devices;

	if (port == 0x64)
		return (uint8_t)(KBD_STATUS_IDLE | (d->kbd_full ? KBD_STATUS_FULL : 0));
	d->kbd_full = 0;
	return d->kbd_output;
}

void kbd_write(struct machine *m, uint16_t port, uint8_t value)
{
	struct device_state *d = &m->devices;

	if (port == 0x60) {
		if (d->kbd_command == KBD_WRITE_OUTPUT)
			machine_a20_set(m, value & KBD_OUTPUT_A20);
		d->kbd_command = 0;
		return;
	}
	d->kbd_command = value;
	if (value == KBD_RESET) {
		machine_stop(m, STOP_EXIT,
			     "the guest reset the machine by the keyboard controller");
	} else if (value == KBD_A20_OFF || value == KBD_A20_ON) {
		machine_a20_set(m, value == KBD_A20_ON);
	} else if (value == KBD_READ_OUTPUT) {
		d->kbd_output = (uint8_t)(KBD_OUTPUT_IDLE | (machine_a20(m) ? KBD_OUTPUT_A20 : 0));
		d->kbd_full = 1;
	}
}

uint8_t port61_read(struct machine *m, uint16_t port)
{
	(void)port;
	return (uint8_t)((m->devices.port61 & 0x0f) | pit_output(m, 2) << 5 |
			 (machine_instructions(m) / 15000 & 1) << 4);
}

void port61_write(struct machine *m, uint16_t port, uint8_t value)
{
	(void)port;
	m->devices.port61 = value & 0x0f;
}

static uint8_t bcd(uint64_t v)
{
	return (uint8_t)(v / 10 % 10 << 4 | v % 10);
}

static uint8_t cmos_clock(struct machine *m, uint8_t index)
{
	uint64_t s = machine_instructions(m) / NS_PER_SECOND;

	switch (index) {
	case 0: return bcd(s % 60);
	case 2: return bcd(s / 60 % 60);
	case 4: return bcd(s / 3600 % 24);
	case 6: return bcd((6 + s / 86400) % 7 + 1);
	case 7: return bcd(1 + s / 86400 % 31);
	case 8: return 0x01;
	case 9: return 0x00;
	default: return 0x20; /* 32h, the century */
	}
}

uint8_t cmos_read(struct machine *m, uint16_t port)
{
	struct device_state *d = &m->devices;
	uint8_t i = d->cmos_index & 0x7f;

	if (port == 0x70)
		return 0xff; /* the index is write-only */
	if ((i <= 9 && i != 1 && i != 3 && i != 5) || i == 0x32)
		return cmos_clock(m, i);
	return d->cmos[i];
}

void cmos_write(struct machine *m, uint16_t port, uint8_t value)
{
	if (port == 0x70)
		m->devices.cmos_index = value;
	else
		m->devices.cmos[m->devices.cmos_index & 0x7f] = value;
}

uint8_t post_read(struct machine *m, uint16_t port)
{
	(void)port;
	return m->devices.debug_port;
}

void post_write(struct machine *m, uint16_t port, uint8_t value)
{
	(void)port;
	m->devices.debug_port = value;
}

uint8_t port92_read(struct machine *m, uint16_t port)
{
	(void)port;
	return (uint8_t)((m->devices.port92 & ~PORT92_A20) | (machine_a20(m) ? PORT92_A20 : 0));
}

void port92_write(struct machine *m, uint16_t port, uint8_t value)
{
	(void)port;
	if (value & PORT92_RESET)
		machine_stop(m, STOP_EXIT, "the guest reset the machine by port 92h");
	m->devices.port92 = value;
	machine_a20_set(m, value & PORT92_A20);
}

/* 82371SB 2.5.4 "ELCR1, ELCR2": which interrupts are level-triggered; 0 after reset. */
uint8_t elcr_read(struct machine *m, uint16_t port)
{
	return m->devices.elcr[port & 1];
}

void elcr_write(struct machine *m, uint16_t port, uint8_t value)
{
	m->devices.elcr[port & 1] = value;
}

uint8_t cf9_read(struct machine *m, uint16_t port)
{
	(void)m;
	(void)port;
	return 0xff;
}

void cf9_write(struct machine *m, uint16_t port, uint8_t value)
{
	if (port == 0xcf9 && (value & 4))
		machine_stop(m, STOP_EXIT, "the guest reset the machine by port CF9h");
}

/* 16550A; the transmitter is always empty and nothing is ever received. */
uint8_t uart_read(struct machine *m, uint16_t port)
{
	const struct device_state *d = &m->devices;
	bool dlab = d->uart_lcr & 0x80;

	switch (port & 7) {
	case 0: return dlab ? d->uart_dll : 0;
	case 1: return dlab ? d->uart_dlm : d->uart_ier;
	case 2: return (uint8_t)(0x01 | ((d->uart_fcr & 1) ? 0xc0 : 0)); /* no interrupt waits */
	case 3: return d->uart_lcr;
	case 4: return d->uart_mcr;
	case 5: return 0x60; /* transmitter and holding register empty */
	case 6: return 0xb0; /* CTS, DSR, DCD */
	default: return d->uart_scr;
	}
}

void uart_write(struct machine *m, uint16_t port, uint8_t value)
{
	struct device_state *d = &m->devices;
	bool dlab = d->uart_lcr & 0x80;

	switch (port & 7) {
	case 0:
		if (dlab)
			d->uart_dll = value;
		else
			machine_console_put(m, (const char *)&value, 1);
		break;
	case 1:
		if (dlab)
			d->uart_dlm = value;
		else
			d->uart_ier = value & 0x0f;
		break;
	case 2: d->uart_fcr = value; break;
	case 3: d->uart_lcr = value; break;
	case 4: d->uart_mcr = value & 0x1f; break;
	case 7: d->uart_scr = value; break;
	default: break; /* line and modem status are read-only */
	}
}
