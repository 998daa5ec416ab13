/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events, timers on virtual time, and task priority levels. UEFI 2.10, 7.1 "Event, Timer, and Task Priority Services". */
#ifndef MODELS_EFI_EVENTS_H
#define MODELS_EFI_EVENTS_H

#include "models/efi_abi.h"

struct efi;
struct efi_call;
struct machine;

#define EFI_EVENTS_MAX 256u

/* An event's handle is the address of 16 bytes of pool, as a protocol's is. */
struct efi_event {
	gpa_t handle;  /* 0: unused */
	uint32_t type; /* EFI_EVT_* */
	uint32_t tpl;
	gva_t notify; /* function, or 0 */
	uint64_t context;
	struct efi_guid group; /* all zero: none */
	uint32_t signaled;
	uint32_t queued; /* order in which it was queued for its notification; 0: not */
	uint64_t due;    /* 100 ns of virtual time; 0: no timer */
	uint64_t period;
};

struct efi_event_queue {
	uint32_t next_order;
	uint32_t reserved;
	struct efi_event items[EFI_EVENTS_MAX];
};

/* The event of that handle, or NULL. */
struct efi_event *efi_event_find(struct efi *efi, gpa_t handle);
/* As SignalEvent(), its whole group with it. */
void efi_event_signal(struct efi *efi, gpa_t handle);
/* Somebody waits for @group. */
bool efi_event_has_group(const struct efi *efi, const struct efi_guid *group);
/* Signal all of @group. */
void efi_event_signal_group(struct efi *efi, const struct efi_guid *group);
/* Signal the timers that are due; a watchdog that has run out resets the machine, which ends the run. */
void efi_event_tick(struct efi *efi, struct machine *m);
/* A firmware's own event without a function, for WaitForKey and its like; 0 when out of resources. */
gpa_t efi_event_create(struct efi *efi, uint32_t type, uint32_t tpl);
/* The next notification that the task priority level lets run is entered before the service returns @status. */
bool efi_event_dispatch(struct efi_call *c, uint64_t status);
/* The same from the timer's interrupt handler, which goes on behind it; false when none is to be run. */
bool efi_event_dispatch_tick(struct efi_call *c);
/*
 * When the first timer is due whose function runs whatever the guest is doing: 100 ns of virtual time; 0: there is none.
 */
uint64_t efi_event_next_notify(const struct efi *efi);
/*
 * For a service that may go on only when no notification waits: false when none does; else the next one is entered,
 * and the same call comes again behind it.
 */
bool efi_event_drain(struct efi_call *c);

#endif
