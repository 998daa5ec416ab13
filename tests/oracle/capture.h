/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares a state of ours with one stop of a capture of real firmware and loaders (JSON with raw boot_params beside it). */
#ifndef TESTS_ORACLE_CAPTURE_H
#define TESTS_ORACLE_CAPTURE_H

#include "emu/base/buf.h"
#include "emu/base/state.h"

/* A row that is known to differ, and why. */
struct known_row {
	const char *row;
	const char *reason;
};

struct capture; /* one stop */

/* The folder of captures: BOOTPATH_ORACLE, or shared/oracle beside the checkout. */
const char *capture_folder(void);

/* NULL with the reason in @why when the capture is not here or is not one. */
struct capture *capture_open(const char *file, const char *label, char why[256]);
struct capture *capture_close(struct capture *c);

/* The command line that the captured boot_params points to. */
const char *capture_cmdline(const struct capture *c);

/*
 * Names of the rows that differ into @ret, "ROW: got X, captured Y" a line:
 * registers, segments with hidden state, descriptor-table registers and the
 * GDT's bytes, page-table ranges, command line, and boot_params field by field
 * with E820 (neither at a stop that is before there is a boot_params) or, at a PVH entry, hvm_start_info with its memory map. Rows of @known are left out and counted in *ret_known; a row of @known
 * that does not differ is reported too. A row of @known that ends in '*' stands for all that begin so, and counts once.
 */
void capture_compare(const struct capture *c, const struct cpu_state *cpu,
		     const struct mem_reader *mem, const struct known_row *known, size_t *ret_known,
		     struct buf *ret);

#endif
