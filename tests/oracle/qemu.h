/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU as a second opinion. */
#ifndef TESTS_ORACLE_QEMU_H
#define TESTS_ORACLE_QEMU_H

#include "emu/base/types.h"

/* The version that the figures in this folder come from. */
bool qemu_is_ours(void);

struct qemu_memory_range {
	gpa_t gpa;
	uint64_t size;
};

/* A boot whose instructions are told; `nokaslr` and 512 MiB. */
struct qemu_pcs {
	const char *kernel;
	uint64_t from,
		to; /* linear addresses: the first arrival at one, up to the arrival at the other */
	struct qemu_memory_range memory[4]; /* to read when it is at @from; size 0: no more */
};

/*
 * What comes from the descriptor: the bytes of each range, then the address of every instruction, 8 bytes in the host's
 * order. To be closed with qemu_pcs_close(). -1 with the reason in @why.
 */
int qemu_pcs_open(const struct qemu_pcs *p, char why[128]);
void qemu_pcs_close(int fd);

/* One boot under SeaBIOS with a VGA adapter and 512 MiB. */
struct qemu_boot {
	const char *kernel;
	const char *cmdline; /* NULL: none */
	struct bytes initrd; /* len 0: none */
	const char *disk;    /* file that is the first hard disk, never written; NULL: none */
	const char *cpu;     /* NULL: qemu64 */
	const char *keys;    /* names as the monitor's sendkey has them, separated by blanks */
	unsigned seconds;    /* before the keys, or before the look; 0: what a small image needs */
};

/* The @size bytes at @gpa when the guest has run for its time. False when QEMU cannot be run. */
bool qemu_memory(const struct qemu_boot *b, gpa_t gpa, void *ret, size_t size);

#endif
