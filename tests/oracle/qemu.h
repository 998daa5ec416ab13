/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU as a second opinion. */
#ifndef TESTS_ORACLE_QEMU_H
#define TESTS_ORACLE_QEMU_H

#include "emu/base/types.h"

/* The version that the figures in this folder come from. */
bool qemu_is_ours(void);

/*
 * The addresses of all instructions that QEMU runs, 8 bytes each in the host's order, from the first arrival at linear
 * address @from up to the arrival at @to: to be read and closed with qemu_pcs_close(). The kernel's command line is
 * `nokaslr`, the machine has 512 MiB. -1 with the reason in @why.
 */
int qemu_pcs_open(const char *kernel, uint64_t from, uint64_t to, char why[128]);
void qemu_pcs_close(int fd);

/* One boot under SeaBIOS with a VGA adapter and 512 MiB. */
struct qemu_boot {
	const char *kernel;
	const char *cmdline; /* NULL: none */
	struct bytes initrd; /* len 0: none */
	const char *disk;    /* file that is the first hard disk, never written; NULL: none */
	const char *keys;    /* names as the monitor's sendkey has them, separated by blanks */
	unsigned seconds;    /* before the keys, or before the look; 0: what a small image needs */
};

/* The @size bytes at @gpa when the guest has run for its time. False when QEMU cannot be run. */
bool qemu_memory(const struct qemu_boot *b, gpa_t gpa, void *ret, size_t size);

#endif
