/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading code in guest memory, through paging. */
#ifndef TOOLS_CODE_H
#define TOOLS_CODE_H

#include "emu/base/state.h"

/* As much of @len bytes at linear address @va as can be read; returns how much. */
size_t code_read(const struct cpu_state *cpu, const struct mem_reader *mem, gva_t va, void *data,
		 size_t len);

#endif
