/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events, timers on virtual time, and task priority levels. UEFI 2.10, 7.1 "Event, Timer, and Task Priority Services". */
#include "models/efi.h"

#define EVENT_SIZE 16u

enum timer_delay { TIMER_CANCEL, TIMER_PERIODIC, TIMER_RELATIVE };

/* WaitForEvent() lets this much time pass between two looks, as edk2's idle loop waits for its 10 ms timer tick. */
#define IDLE_TIME      100000ull /* 10 ms in 100 ns */
#define INSN_PER_100NS 100ull
/* Waiting longer than this for what nothing will signal is waiting for ever. */
#define WAIT_MAX       (3600ull * 10000000ull)

static const struct efi_guid no_group;

struct efi_event *efi_event_find(struct efi *efi, gpa_t handle)
{
	struct efi_event_queue *q = &efi->state.events;

	for (unsigned i = 0; handle && i < EFI_EVENTS_MAX; i++)
		if (q->items[i].handle == handle)
			return &q->items[i];
	return NULL;
}

static void event_queue(struct efi_event_queue *q, struct efi_event *e)
{
	if (e->notify && !e->queued)
		e->queued = ++q->next_order;
}

static void event_signal_one(struct efi_event_queue *q, struct efi_event *e)
{
	if (e->signaled)
		return;
	e->signaled = 1;
	if (e->type & EFI_EVT_NOTIFY_SIGNAL)
		event_queue(q, e);
}

void efi_event_signal_group(struct efi *efi, const struct efi_guid *group)
{
	struct efi_event_queue *q = &efi->state.events;

	for (unsigned i = 0; i < EFI_EVENTS_MAX; i++) {
		if (q->items[i].handle && efi_guid_equal(&q->items[i].group, group))
			event_signal_one(q, &q->items[i]);
	}
}

bool efi_event_has_group(const struct efi *efi, const struct efi_guid *group)
{
	const struct efi_event_queue *q = &efi->state.events;

	for (unsigned i = 0; i < EFI_EVENTS_MAX; i++)
		if (q->items[i].handle && efi_guid_equal(&q->items[i].group, group))
			return true;
	return false;
}

void efi_event_signal(struct efi *efi, gpa_t handle)
{
	struct efi_event *e = efi_event_find(efi, handle);

	if (!e)
		return;
	if (efi_guid_equal(&e->group, &no_group))
		event_signal_one(&efi->state.events, e);
	else
		efi_event_signal_group(efi, &e->group);
}

void efi_event_tick(struct efi *efi, struct machine *m)
{
	struct efi_event_queue *q = &efi->state.events;
	uint64_t now = efi_now(m);

	if (efi->state.watchdog && machine_instructions(m) >= efi->state.watchdog) {
		efi->state.watchdog = 0;
		machine_stop(m, STOP_EXIT, "the watchdog that SetWatchdogTimer() set has run out");
	}
	/* 7.4.6: ExitBootServices() turns the timers off. */
	for (unsigned i = 0; !efi->state.exiting && i < EFI_EVENTS_MAX; i++) {
		struct efi_event *e = &q->items[i];

		if (!e->handle || !e->due || now < e->due)
			continue;
		e->due = e->period ? now + e->period : 0;
		event_signal_one(q, e);
	}
}

static efi_status_t event_add(struct efi *efi, const struct efi_event *like, gpa_t *ret_handle)
{
	struct efi_event_queue *q = &efi->state.events;
	efi_status_t status;

	for (unsigned i = 0; i < EFI_EVENTS_MAX; i++) {
		if (q->items[i].handle)
			continue;
		status = efi_pool_allocate(&efi->state.memory,
					   like->type & EFI_EVT_RUNTIME ?
						   EFI_RUNTIME_SERVICES_DATA :
						   EFI_BOOT_SERVICES_DATA,
					   EVENT_SIZE, ret_handle);
		if (status != EFI_SUCCESS)
			return status;
		q->items[i] = *like;
		q->items[i].handle = *ret_handle;
		return EFI_SUCCESS;
	}
	return EFI_OUT_OF_RESOURCES;
}

gpa_t efi_event_create(struct efi *efi, uint32_t type, uint32_t tpl)
{
	struct efi_event e = { .type = type, .tpl = tpl };
	gpa_t handle;

	return event_add(efi, &e, &handle) == EFI_SUCCESS ? handle : 0;
}

/* The one to run next: the highest priority above the current level, and of those the first that was queued. */
static struct efi_event *event_next(struct efi *efi)
{
	struct efi_event_queue *q = &efi->state.events;
	struct efi_event *next = NULL;

	for (unsigned i = 0; i < EFI_EVENTS_MAX; i++) {
		struct efi_event *e = &q->items[i];

		if (!e->handle || !e->queued || e->tpl <= efi->state.tpl)
			continue;
		if (!next || e->tpl > next->tpl ||
		    (e->tpl == next->tpl && e->queued < next->queued))
			next = e;
	}
	return next;
}

static bool dispatch(struct efi_call *c, enum efi_frame_kind kind, uint64_t status)
{
	struct efi_event *e = event_next(c->efi);
	uint64_t args[4] = { 0 };

	if (!e)
		return false;
	args[0] = e->handle;
	args[1] = e->context;
	if (efi_enter(c, kind, c->efi->state.tpl, e->notify, args, status) != EFI_SUCCESS)
		return false;
	e->queued = 0;
	/* edk2: what is notified when it is signaled does not stay signaled. */
	if (e->type & EFI_EVT_NOTIFY_SIGNAL)
		e->signaled = 0;
	c->efi->state.tpl = e->tpl;
	return true;
}

bool efi_event_dispatch(struct efi_call *c, uint64_t status)
{
	return dispatch(c, EFI_FRAME_NOTIFY, status);
}

bool efi_event_dispatch_tick(struct efi_call *c)
{
	/* What was interrupted gets its RAX back. */
	if (!dispatch(c, EFI_FRAME_TICK, c->cpu.gpr[GPR_RAX]))
		return false;
	/* edk2's RestoreTPL() turns interrupts on before it calls a function below TPL_HIGH_LEVEL, which all are. */
	c->cpu.rflags |= EFLAGS_IF;
	return true;
}

uint64_t efi_event_next_notify(const struct efi *efi)
{
	const struct efi_event_queue *q = &efi->state.events;
	uint64_t due = 0;

	for (unsigned i = 0; i < EFI_EVENTS_MAX; i++) {
		const struct efi_event *e = &q->items[i];

		if (e->handle && e->due && (e->type & EFI_EVT_NOTIFY_SIGNAL) &&
		    (!due || e->due < due))
			due = e->due;
	}
	return due;
}

bool efi_event_drain(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;

	if (!event_next(c->efi) || !efi_event_dispatch(c, EFI_NOT_READY))
		return false;
	s->frames[s->frame_count - 1].again = 1 + c->service;
	c->again = true;
	return true;
}

/* --- services --- */

static bool type_is_known(uint32_t type)
{
	switch (type) {
	case 0:
	case EFI_EVT_TIMER:
	case EFI_EVT_RUNTIME:
	case EFI_EVT_NOTIFY_WAIT:
	case EFI_EVT_NOTIFY_SIGNAL:
	case EFI_EVT_TIMER | EFI_EVT_RUNTIME:
	case EFI_EVT_TIMER | EFI_EVT_NOTIFY_WAIT:
	case EFI_EVT_TIMER | EFI_EVT_NOTIFY_SIGNAL:
	case EFI_EVT_RUNTIME | EFI_EVT_NOTIFY_WAIT:
	case EFI_EVT_RUNTIME | EFI_EVT_NOTIFY_SIGNAL:
	case EFI_EVT_TIMER | EFI_EVT_RUNTIME | EFI_EVT_NOTIFY_SIGNAL:
	case EFI_EVT_SIGNAL_EXIT_BOOT_SERVICES:
	case EFI_EVT_SIGNAL_VIRTUAL_ADDRESS_CHANGE: return true;
	default: return false;
	}
}

/* CreateEvent()'s arguments: type, level, function, context, event. The last is @out. */
static efi_status_t create(struct efi_call *c, const struct efi_guid *group, gva_t out)
{
	struct efi_event e = { .type = (uint32_t)c->arg[0],
			       .tpl = (uint32_t)c->arg[1],
			       .context = c->arg[3],
			       .group = *group };
	efi_status_t status;
	gpa_t handle;

	if (!type_is_known(e.type) || !out || !efi_reachable(c, out, 8, true))
		return EFI_INVALID_PARAMETER;
	if (e.type & (EFI_EVT_NOTIFY_WAIT | EFI_EVT_NOTIFY_SIGNAL)) {
		e.notify = c->arg[2];
		if (!e.notify || e.tpl <= EFI_TPL_APPLICATION || e.tpl >= EFI_TPL_HIGH_LEVEL)
			return EFI_INVALID_PARAMETER;
	}
	if (e.type == EFI_EVT_SIGNAL_EXIT_BOOT_SERVICES)
		e.group = *efi_guid(EFI_GUID_EVENT_EXIT_BOOT_SERVICES);
	if (e.type == EFI_EVT_SIGNAL_VIRTUAL_ADDRESS_CHANGE)
		e.group = *efi_guid(EFI_GUID_EVENT_VIRTUAL_ADDRESS);
	status = event_add(c->efi, &e, &handle);
	if (status == EFI_SUCCESS)
		efi_write_u64(c, out, handle);
	return status;
}

uint64_t efi_create_event(struct efi_call *c)
{
	return create(c, &no_group, c->arg[4]);
}

/* Arguments: type, level, function, context, group, event. */
uint64_t efi_create_event_ex(struct efi_call *c)
{
	struct efi_guid group = no_group;
	uint32_t type = (uint32_t)c->arg[0];

	if (c->arg[4] && !efi_read_guid(c, c->arg[4], &group))
		return EFI_INVALID_PARAMETER;
	/* 7.1.2: these two have groups of their own. */
	if (c->arg[4] && (type == EFI_EVT_SIGNAL_EXIT_BOOT_SERVICES ||
			  type == EFI_EVT_SIGNAL_VIRTUAL_ADDRESS_CHANGE))
		return EFI_INVALID_PARAMETER;
	return create(c, &group, c->arg[5]);
}

uint64_t efi_close_event(struct efi_call *c)
{
	struct efi_database *db = &c->efi->state.database;
	struct efi_event *e = efi_event_find(c->efi, c->arg[0]);

	if (!e)
		return EFI_INVALID_PARAMETER;
	for (uint32_t i = 0; i < db->notify_count; i++)
		if (db->notifies[i].event == e->handle)
			db->notifies[i].event = 0;
	efi_pool_free(&c->efi->state.memory, e->handle);
	*e = (struct efi_event){ 0 };
	return EFI_SUCCESS;
}

uint64_t efi_signal_event(struct efi_call *c)
{
	if (!efi_event_find(c->efi, c->arg[0]))
		return EFI_INVALID_PARAMETER;
	efi_event_signal(c->efi, c->arg[0]);
	return EFI_SUCCESS;
}

static efi_status_t check(struct efi *efi, struct efi_event *e)
{
	if (e->type & EFI_EVT_NOTIFY_SIGNAL)
		return EFI_INVALID_PARAMETER;
	/* 7.1.6: an event that waits is asked for by its function, which may signal it before the next look. */
	if (!e->signaled && (e->type & EFI_EVT_NOTIFY_WAIT))
		event_queue(&efi->state.events, e);
	if (!e->signaled)
		return EFI_NOT_READY;
	e->signaled = 0;
	return EFI_SUCCESS;
}

uint64_t efi_check_event(struct efi_call *c)
{
	struct efi_event *e = efi_event_find(c->efi, c->arg[0]);

	efi_console_poll(c);
	return e ? check(c->efi, e) : EFI_INVALID_PARAMETER;
}

/*
 * When the first timer is due that can end the waiting: one that is waited for, or
 * whose function may signal what is. 0: there is none.
 */
static uint64_t next_due(const struct efi_event_queue *q, const bool waited[EFI_EVENTS_MAX])
{
	uint64_t due = 0;

	for (unsigned i = 0; i < EFI_EVENTS_MAX; i++) {
		const struct efi_event *e = &q->items[i];

		if (!e->handle || !e->due || (!waited[i] && !(e->type & EFI_EVT_NOTIFY_SIGNAL)))
			continue;
		if (!due || e->due < due)
			due = e->due;
	}
	return due;
}

/* Let time pass until then. False when nothing in this machine will signal anything. */
static bool wait_for_timer(struct efi_call *c, const bool waited[EFI_EVENTS_MAX])
{
	uint64_t due = next_due(&c->efi->state.events, waited), now = efi_now(c->m);

	if (!due || c->efi->state.exiting || (due > now && due - now > WAIT_MAX))
		return false;
	if (due > now)
		machine_wait(c->m, (due - now) * INSN_PER_100NS);
	efi_event_tick(c->efi, c->m);
	return true;
}

/* One look at all of them: NOT_READY, or what WaitForEvent() answers, with *ret_index. */
static efi_status_t look(struct efi_call *c, bool waited[EFI_EVENTS_MAX], uint64_t *ret_index)
{
	struct efi_event_queue *q = &c->efi->state.events;

	efi_console_poll(c);
	for (uint64_t i = 0; i < c->arg[0]; i++) {
		struct efi_event *e;
		efi_status_t status;
		gpa_t handle;

		*ret_index = i;
		if (!efi_read_u64(c, c->arg[1] + 8 * i, &handle))
			return EFI_INVALID_PARAMETER;
		e = efi_event_find(c->efi, handle);
		if (!e)
			return EFI_INVALID_PARAMETER;
		waited[e - q->items] = true;
		status = check(c->efi, e);
		if (status != EFI_NOT_READY)
			return status;
	}
	return EFI_NOT_READY;
}

/*
 * Arguments: count, events, index. While notifications are to be run the call is
 * made again: RIP stays at the stub behind them, which is what waiting is.
 */
uint64_t efi_wait_for_event(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;
	bool waited[EFI_EVENTS_MAX] = { false };
	efi_status_t status;
	uint64_t index;

	if (c->arg[0] == 0 || c->arg[0] > EFI_EVENTS_MAX || !c->arg[1] || !c->arg[2] ||
	    !efi_reachable(c, c->arg[2], 8, true))
		return EFI_INVALID_PARAMETER;
	if (s->tpl != EFI_TPL_APPLICATION) {
		c->flags |= EFI_CALL_TPL;
		return EFI_UNSUPPORTED;
	}
	/* Each round ends the call, or runs a function of the guest's, or comes to a timer that will do one of them. */
	for (;;) {
		status = look(c, waited, &index);
		if (status != EFI_NOT_READY) {
			efi_write_u64(c, c->arg[2], index);
			return status;
		}
		if (event_next(c->efi)) {
			machine_wait(c->m, IDLE_TIME * INSN_PER_100NS / 10);
			return efi_event_drain(c) ? EFI_NOT_READY : EFI_OUT_OF_RESOURCES;
		}
		if (!wait_for_timer(c, waited)) {
			machine_stop(
				c->m, STOP_HLT,
				"WaitForEvent() waits for what nothing in this machine will signal");
			return EFI_NOT_READY;
		}
	}
}

/* Arguments: event, kind, time in 100 ns. */
uint64_t efi_set_timer(struct efi_call *c)
{
	struct efi_event *e = efi_event_find(c->efi, c->arg[0]);
	uint64_t now = efi_now(c->m), time = c->arg[2];

	if (!e || !(e->type & EFI_EVT_TIMER))
		return EFI_INVALID_PARAMETER;
	switch ((uint32_t)c->arg[1]) {
	case TIMER_CANCEL: e->due = e->period = 0; return EFI_SUCCESS;
	case TIMER_PERIODIC:
		/* 7.1.7: 0 is every tick. */
		e->period = time ? time : IDLE_TIME;
		break;
	case TIMER_RELATIVE: e->period = 0; break;
	default: return EFI_INVALID_PARAMETER;
	}
	if (__builtin_add_overflow(now, time ? time : e->period, &e->due))
		e->due = UINT64_MAX;
	/* A relative time of 0 is the next tick; 0 would be no timer. */
	if (e->due == 0)
		e->due = 1;
	return EFI_SUCCESS;
}

uint64_t efi_raise_tpl(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;
	uint32_t old = s->tpl, new = (uint32_t)c->arg[0];

	/* 7.1.8: undefined, and edk2 asserts; the level stays. */
	if (new < old || new > EFI_TPL_HIGH_LEVEL) {
		c->flags |= EFI_CALL_TPL;
		return old;
	}
	s->tpl = new;
	if (new >= EFI_TPL_HIGH_LEVEL)
		c->cpu.rflags &= ~EFLAGS_IF;
	return old;
}

/* Returns nothing: RAX is whatever it is. */
uint64_t efi_restore_tpl(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;
	uint32_t new = (uint32_t)c->arg[0];

	if (new > s->tpl) {
		c->flags |= EFI_CALL_TPL;
		return 0;
	}
	if (s->tpl >= EFI_TPL_HIGH_LEVEL && new < EFI_TPL_HIGH_LEVEL)
		c->cpu.rflags |= EFLAGS_IF;
	s->tpl = new;
	return 0;
}
