/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists that quantifiers go over; each has an index and its own fields, all integers. */
#ifndef SPECS_LISTS_H
#define SPECS_LISTS_H

#include "specs/expr.h"

/* Field numbers that code needs by name; see the tables in lists.c. */
#define E820_FIELD_ADDR 1
#define E820_FIELD_SIZE 2
#define E820_FIELD_TYPE 3
#define E820_TYPE_RAM   1u /* ACPI 6.5 table 15.4 */

#define SETUP_DATA_FIELD_ADDR 1
#define SETUP_DATA_FIELD_NEXT 2
#define SETUP_DATA_FIELD_TYPE 3
#define SETUP_DATA_FIELD_LEN  4
#define SETUP_DATA_HEADER     16u  /* boot.rst setup_data: next, type, len */
#define SETUP_DATA_MAX        256u /* a longer list is called endless */

/* No command line is longer: COMMAND_LINE_SIZE is 2048 on x86 (asm/setup.h); a loader's may be, within reason. */
#define CMDLINE_SCAN_MAX 0x10000u

void list_read_e820(struct eval *ev, const struct handover *h, struct list *ret);
void list_read_setup_data(struct eval *ev, const struct handover *h, struct list *ret);
/* lists_efi.c */
void list_read_efi_map(struct eval *ev, struct list *ret);
void list_read_efi_memmap(struct eval *ev, const struct handover *h, struct list *ret);
/* What the map at the entry says is of @type. */
void add_efi_regions(struct eval *ev, uint64_t type, struct regions *set);
/* All that EVENT_EFI_MEMORY says the image was given; and every page that holds other bytes than at the entry. */
void add_efi_allocated(struct eval *ev, const struct handover *h, struct regions *set);
void add_changed(struct eval *ev, const struct handover *h, struct regions *set);
/* lists_pvh.c */
void list_read_memmap(struct eval *ev, const struct handover *h, struct list *ret);
void list_read_modules(struct eval *ev, const struct handover *h, struct list *ret);

/* A row of zeros with its index in field 0; NULL when there is no room or memory. */
uint64_t *list_add_row(struct eval *ev, struct list *list);

/* "" when the list ends as it should, else what is wrong with it; a static string. */
const char *setup_data_fault(struct eval *ev, const struct handover *h);

void lists_list(namespace_fn each, void *arg);

#endif
