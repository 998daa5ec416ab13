/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events, timers and task priority levels as UEFI 2.10, 7.1 describes them. */
#include "tests/guest/efi/check.h"

static struct {
	EFI_BOOT_SERVICES *bs;
	unsigned calls;
	UINTN order;
	EFI_TPL tpl;
	VOID *context;
} seen;

static VOID EFIAPI notified(EFI_EVENT event, VOID *context)
{
	seen.calls++;
	seen.context = context;
	seen.order = seen.order * 16 + (UINTN)context;
	/* The level that it runs at: raising to the highest tells the one before. */
	seen.tpl = seen.bs->RaiseTPL(TPL_HIGH_LEVEL);
	seen.bs->RestoreTPL(seen.tpl);
}

static VOID EFIAPI signals_itself(EFI_EVENT event, VOID *context)
{
	seen.calls++;
	if (seen.calls == 3)
		seen.bs->SignalEvent(event);
}

static VOID EFIAPI from_another(EFI_EVENT event, VOID *context)
{
	seen.calls++;
	/* Of a higher level, so it runs before this goes on. */
	seen.bs->SignalEvent(*(EFI_EVENT *)context);
	seen.order = seen.order * 16 + 1;
}

static void plain(struct guest *g)
{
	EFI_EVENT event;

	check_is(g, "CreateEvent() without a function",
		 g->bs->CreateEvent(0, 0, NULL, NULL, &event), EFI_SUCCESS);
	check_is(g, "is not signaled", g->bs->CheckEvent(event), EFI_NOT_READY);
	check_is(g, "SignalEvent()", g->bs->SignalEvent(event), EFI_SUCCESS);
	check_is(g, "signals it", g->bs->CheckEvent(event), EFI_SUCCESS);
	check_is(g, "until somebody has looked", g->bs->CheckEvent(event), EFI_NOT_READY);
	check_is(g, "CloseEvent()", g->bs->CloseEvent(event), EFI_SUCCESS);
	check_is(g, "a closed one is none", g->bs->SignalEvent(event), EFI_INVALID_PARAMETER);
	check_is(g, "of no known type",
		 g->bs->CreateEvent(0x4, TPL_CALLBACK, notified, NULL, &event),
		 EFI_INVALID_PARAMETER);
	check_is(g, "with a notification but no function",
		 g->bs->CreateEvent(EVT_NOTIFY_SIGNAL, TPL_CALLBACK, NULL, NULL, &event),
		 EFI_INVALID_PARAMETER);
	check_is(g, "at the application's level",
		 g->bs->CreateEvent(EVT_NOTIFY_SIGNAL, TPL_APPLICATION, notified, NULL, &event),
		 EFI_INVALID_PARAMETER);
}

static void notifications(struct guest *g)
{
	EFI_EVENT low, high, outer;
	EFI_TPL old;

	g->bs->CreateEvent(EVT_NOTIFY_SIGNAL, TPL_CALLBACK, notified, (VOID *)2, &low);
	g->bs->CreateEvent(EVT_NOTIFY_SIGNAL, TPL_NOTIFY, notified, (VOID *)3, &high);
	seen.calls = 0;
	g->bs->SignalEvent(low);
	check_is(g, "a signal runs its function at once", seen.calls, 1);
	check_is(g, "with its context", (UINTN)seen.context, 2);
	check_is(g, "at its level", seen.tpl, TPL_CALLBACK);
	check_is(g, "CheckEvent() is not for it", g->bs->CheckEvent(low), EFI_INVALID_PARAMETER);
	old = g->bs->RaiseTPL(TPL_NOTIFY);
	check_is(g, "RaiseTPL() tells the old level", old, TPL_APPLICATION);
	seen.calls = 0;
	seen.order = 0;
	g->bs->SignalEvent(low);
	g->bs->SignalEvent(high);
	check_is(g, "none runs at that level", seen.calls, 0);
	g->bs->RestoreTPL(old);
	check_is(g, "both do below it", seen.calls, 2);
	check_is(g, "the higher first", seen.order, 0x32);
	seen.order = 0;
	g->bs->CreateEvent(EVT_NOTIFY_SIGNAL, TPL_CALLBACK, from_another, &high, &outer);
	g->bs->SignalEvent(outer);
	check_is(g, "a function is interrupted by a higher one", seen.order, 0x31);
	g->bs->CloseEvent(outer);
	g->bs->CloseEvent(low);
	g->bs->CloseEvent(high);
}

static UINTN flags(void)
{
	UINTN v;

	__asm__ volatile("pushfq; pop %0" : "=r"(v));
	return v;
}

static void interrupts(struct guest *g)
{
	EFI_TPL old;

	check(g, "interrupts are on", flags() & 0x200);
	old = g->bs->RaiseTPL(TPL_HIGH_LEVEL);
	check(g, "off at TPL_HIGH_LEVEL", !(flags() & 0x200));
	g->bs->RestoreTPL(old);
	check(g, "and on again below", flags() & 0x200);
}

static void timers(struct guest *g)
{
	EFI_EVENT timer, plain_event, both[2];
	UINTN index = 99;

	g->bs->CreateEvent(EVT_TIMER, 0, NULL, NULL, &timer);
	g->bs->CreateEvent(0, 0, NULL, NULL, &plain_event);
	check_is(g, "SetTimer() of 1 ms", g->bs->SetTimer(timer, TimerRelative, 10000),
		 EFI_SUCCESS);
	check_is(g, "is not over at once", g->bs->CheckEvent(timer), EFI_NOT_READY);
	g->bs->Stall(900);
	check_is(g, "nor after 0.9 ms", g->bs->CheckEvent(timer), EFI_NOT_READY);
	g->bs->Stall(200);
	check_is(g, "but after 1.1 ms", g->bs->CheckEvent(timer), EFI_SUCCESS);
	g->bs->Stall(2000);
	check_is(g, "only once", g->bs->CheckEvent(timer), EFI_NOT_READY);
	g->bs->SetTimer(timer, TimerPeriodic, 10000);
	g->bs->Stall(1100);
	check_is(g, "a periodic one", g->bs->CheckEvent(timer), EFI_SUCCESS);
	g->bs->Stall(1100);
	check_is(g, "comes again", g->bs->CheckEvent(timer), EFI_SUCCESS);
	g->bs->SetTimer(timer, TimerCancel, 0);
	g->bs->Stall(2000);
	check_is(g, "until it is cancelled", g->bs->CheckEvent(timer), EFI_NOT_READY);
	check_is(g, "an event that is no timer", g->bs->SetTimer(plain_event, TimerRelative, 1),
		 EFI_INVALID_PARAMETER);
	g->bs->SetTimer(timer, TimerRelative, 50000000);
	both[0] = plain_event;
	both[1] = timer;
	check_is(g, "WaitForEvent() of two", g->bs->WaitForEvent(2, both, &index), EFI_SUCCESS);
	check_is(g, "tells which", index, 1);
	g->bs->SignalEvent(plain_event);
	check_is(g, "and of one that is signaled already", g->bs->WaitForEvent(2, both, &index),
		 EFI_SUCCESS);
	check_is(g, "which it is", index, 0);
	check_is(g, "of none", g->bs->WaitForEvent(0, both, &index), EFI_INVALID_PARAMETER);
	g->bs->CloseEvent(plain_event);
	g->bs->CloseEvent(timer);
}

/* A function that is asked while somebody waits, and signals at the third time. */
static void waiting(struct guest *g)
{
	EFI_EVENT event;
	UINTN index = 99;

	g->bs->CreateEvent(EVT_NOTIFY_WAIT, TPL_CALLBACK, signals_itself, NULL, &event);
	seen.calls = 0;
	check_is(g, "WaitForEvent() asks the event's function",
		 g->bs->WaitForEvent(1, &event, &index), EFI_SUCCESS);
	check_is(g, "until it signals", seen.calls, 3);
	check_is(g, "and tells which", index, 0);
	g->bs->CloseEvent(event);
}

static void groups(struct guest *g)
{
	EFI_GUID group = { 1, 2, 3, { 4, 5, 6, 7, 8, 9, 10, 11 } };
	EFI_EVENT a, b;

	g->bs->CreateEventEx(EVT_NOTIFY_SIGNAL, TPL_CALLBACK, notified, (VOID *)1, &group, &a);
	g->bs->CreateEventEx(EVT_NOTIFY_SIGNAL, TPL_CALLBACK, notified, (VOID *)2, &group, &b);
	seen.calls = 0;
	g->bs->SignalEvent(a);
	check_is(g, "a signal is for the whole group", seen.calls, 2);
	g->bs->CloseEvent(a);
	g->bs->CloseEvent(b);
}

/* RegisterProtocolNotify(): told of what is installed later, each handle once. */
static void installed(struct guest *g)
{
	EFI_GUID guid = { 7, 7, 7, { 7 } };
	EFI_HANDLE handle = NULL, found = NULL;
	UINTN size = sizeof(found);
	EFI_EVENT event;
	VOID *key = NULL;

	g->bs->CreateEvent(EVT_NOTIFY_SIGNAL, TPL_CALLBACK, notified, NULL, &event);
	check_is(g, "RegisterProtocolNotify()", g->bs->RegisterProtocolNotify(&guid, event, &key),
		 EFI_SUCCESS);
	seen.calls = 0;
	g->bs->InstallProtocolInterface(&handle, &guid, EFI_NATIVE_INTERFACE, NULL);
	check_is(g, "tells of an installation", seen.calls, 1);
	check_is(g, "LocateHandle(ByRegisterNotify)",
		 g->bs->LocateHandle(ByRegisterNotify, NULL, key, &size, &found), EFI_SUCCESS);
	check_is(g, "gives the handle", (UINTN)found, (UINTN)handle);
	check_is(g, "once", g->bs->LocateHandle(ByRegisterNotify, NULL, key, &size, &found),
		 EFI_NOT_FOUND);
	g->bs->UninstallProtocolInterface(handle, &guid, NULL);
	g->bs->CloseEvent(event);
}

static void guest_run(struct guest *g)
{
	seen.bs = g->bs;
	plain(g);
	notifications(g);
	interrupts(g);
	timers(g);
	waiting(g);
	groups(g);
	installed(g);
}
