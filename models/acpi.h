/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small, valid ACPI tables that describe the platform: RSDP, RSDT, XSDT, FADT, MADT and DSDT (ACPI 6.5 chapter 5). */
#ifndef MODELS_ACPI_H
#define MODELS_ACPI_H

#include "emu/base/platform.h"
#include "loaders/placement.h"

/* Bytes that the tables other than the RSDP take, alignment included. */
#define ACPI_TABLES_SIZE 0x400u

#define ACPI_RSDP_SIZE 36u

/* Adds the RSDP at @rsdp (a multiple of 16) and the others from @tables (below 4 GiB, a multiple of 64). 0 or -ENOMEM. */
int acpi_add(struct placements *p, gpa_t rsdp, gpa_t tables, const char *source);

/* The platform has tables: sets its rsdp. acpi_platform_add() says where. */
void acpi_platform_init(struct platform *platform);

/*
 * Adds the platform's own tables; none when platform->rsdp is 0. As with
 * SeaBIOS the RSDP lies in the BIOS's segment at 0xf0000, where a guest that is
 * told nothing searches (ACPI 6.5, 5.2.5.1), and the others begin the range at
 * the end of the RAM below 4 GiB that E820 reserves.
 */
int acpi_platform_add(struct placements *p, const struct platform *platform);

#endif
