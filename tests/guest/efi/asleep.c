/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without the watchdog (UEFI 2.10, 7.5.1, SetWatchdogTimer()) nothing ends a sleep that the timer's ticks alone interrupt. */
#include "tests/guest/efi/check.h"

static void guest_run(struct guest *g)
{
	g->bs->SetWatchdogTimer(0, 0, 0, NULL);
	for (;;)
		__asm__ volatile("hlt");
}
