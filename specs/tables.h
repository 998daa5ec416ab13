/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the live page tables lie, and what they say of ranges. */
#ifndef SPECS_TABLES_H
#define SPECS_TABLES_H

#include "emu/paging.h"
#include "specs/expr.h"

/* Add the page of every table that CR3 leads to. */
void add_page_tables(struct eval *ev, const struct handover *h, struct regions *set);

extern const struct function table_functions[];
extern const size_t table_function_count;

#endif
