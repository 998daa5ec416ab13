/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What led to a stop, for people: the last blocks disassembled, the page walk of the fault. */
#ifndef TOOLS_STOP_DETAIL_H
#define TOOLS_STOP_DETAIL_H

#include "emu/machine.h"

void stop_detail(struct machine *m, const struct stop *stop, struct buf *out);

#endif
