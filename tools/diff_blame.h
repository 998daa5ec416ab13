/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who wrote what differs: the parts of diff_blame(). */
#ifndef TOOLS_DIFF_BLAME_H
#define TOOLS_DIFF_BLAME_H

#include "tools/diff.h"

/* Fill in the writers of registers and segments of that side. */
void diff_blame_registers(struct diff *d, unsigned side);

#endif
