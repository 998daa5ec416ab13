/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where tests/guest/bios_probe.S leaves its results, for it and for who reads them. */
#ifndef TESTS_GUEST_BIOS_PROBE_H
#define TESTS_GUEST_BIOS_PROBE_H

#define PROBE_RESULTS 0x40000
#define PROBE_SIZE    0x220
#define PROBE_DONE    0x454e4f44 /* in the place of the vector, behind the last result */
#define PROBE_DATA    0x30000    /* where EDD reads go */

#endif
