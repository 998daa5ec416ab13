/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The platform's memory map in boot_params: zero-page.rst e820_entries and e820_table. */
#ifndef MODELS_E820_H
#define MODELS_E820_H

#include "emu/base/platform.h"

/* Entry count and table, in the platform's order; @bp has BOOT_PARAMS_SIZE bytes. */
void e820_write(uint8_t *bp, const struct platform *platform);

/* KiB of RAM from 1 MiB up to the end of the E820 entry that holds it; 0: none. */
uint64_t e820_kib_above_1m(const struct platform *platform);

#endif
