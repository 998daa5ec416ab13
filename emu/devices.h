/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handlers of the platform's legacy devices, one pair per ports.def row. */
#ifndef EMU_DEVICES_H
#define EMU_DEVICES_H

#include "emu/machine_impl.h"

uint8_t floating_read(struct machine *m, uint16_t port);
void floating_write(struct machine *m, uint16_t port, uint8_t value);
void pic_init(struct machine *m);
uint8_t pic_read(struct machine *m, uint16_t port);
void pic_write(struct machine *m, uint16_t port, uint8_t value);
uint8_t pit_read(struct machine *m, uint16_t port);
void pit_write(struct machine *m, uint16_t port, uint8_t value);
void pit_init(struct machine *m);
/* Count at which counter 0's output rose, or will rise, for the first time since it was last seen; UINT64_MAX: never. */
uint64_t pit_edge(struct machine *m);
/* What has risen up to now is seen: one interrupt stands for all of it. */
void pit_edge_seen(struct machine *m);
/* Level of the output pin, 0 or 1. */
unsigned pit_output(struct machine *m, unsigned i);
uint8_t kbd_read(struct machine *m, uint16_t port);
void kbd_write(struct machine *m, uint16_t port, uint8_t value);
uint8_t port61_read(struct machine *m, uint16_t port);
void port61_write(struct machine *m, uint16_t port, uint8_t value);
uint8_t cmos_read(struct machine *m, uint16_t port);
void cmos_write(struct machine *m, uint16_t port, uint8_t value);
uint8_t post_read(struct machine *m, uint16_t port);
void post_write(struct machine *m, uint16_t port, uint8_t value);
uint8_t port92_read(struct machine *m, uint16_t port);
void port92_write(struct machine *m, uint16_t port, uint8_t value);
uint8_t elcr_read(struct machine *m, uint16_t port);
void elcr_write(struct machine *m, uint16_t port, uint8_t value);
uint8_t uart_read(struct machine *m, uint16_t port);
void uart_write(struct machine *m, uint16_t port, uint8_t value);
uint8_t cf9_read(struct machine *m, uint16_t port);
void cf9_write(struct machine *m, uint16_t port, uint8_t value);

#endif
