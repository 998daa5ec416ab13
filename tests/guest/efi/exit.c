/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ExitBootServices() and SetVirtualAddressMap(): UEFI 2.10, 7.4.6, 8.4.1. What cannot be printed then is told by ResetSystem()'s status. */
#include "tests/guest/efi/check.h"

static UINT8 map[65536] __attribute__((aligned(16)));
static unsigned notified_before, notified_exit, notified_key, works;

static volatile unsigned ticks;

static EFI_BOOT_SERVICES *services;

static VOID EFIAPI on_tick(EFI_EVENT event, VOID *context)
{
	ticks++;
}

/* Both may use boot services still. */
static VOID EFIAPI on_before(EFI_EVENT event, VOID *context)
{
	VOID *p;

	notified_before++;
	works += services->AllocatePool(EfiLoaderData, 16, &p) == EFI_SUCCESS &&
		 services->FreePool(p) == EFI_SUCCESS;
}

static VOID EFIAPI on_exit(EFI_EVENT event, VOID *context)
{
	notified_exit++;
	works += services->CheckEvent(event) == EFI_INVALID_PARAMETER;
	notified_key = notified_before;
}

/* The status of the first check that is wrong. */
#define must(n, expr)                                                                     \
	do {                                                                              \
		if (!(expr))                                                              \
			rt->ResetSystem(EfiResetShutdown, EFIERR(0x1000 + (n)), 0, NULL); \
	} while (0)

static UINT32 crc32(const UINT8 *p, UINTN len)
{
	UINT32 crc = 0xffffffff;

	for (UINTN i = 0; i < len; i++) {
		crc ^= i >= 16 && i < 20 ? 0 : p[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (crc & 1) ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

static EFI_RUNTIME_SERVICES *rt;

static void gone(struct guest *g)
{
	UINT64 flags;
	unsigned before;

	must(1, g->st->BootServices == NULL);
	must(2, g->st->ConOut == NULL && g->st->ConsoleOutHandle == NULL && g->st->ConIn == NULL);
	must(3, g->st->Hdr.CRC32 == crc32((UINT8 *)g->st, g->st->Hdr.HeaderSize));
	must(4, notified_exit == 1 && notified_key == 1);
	__asm__ volatile("pushfq; pop %0" : "=r"(flags));
	must(5, !(flags & 0x200));
	must(6, works == 2);
	/* 7.4.6: timers are off. A timer of 10 ms has the time of several here, if an instruction is a nanosecond. */
	before = ticks;
	__asm__ volatile("sti");
	for (volatile unsigned i = 0; i < 20000000; i++)
		;
	__asm__ volatile("cli");
	must(7, before > 0 && ticks == before);
}

/* Identity, but by a map of the guest's own: what a kernel does, save for the addresses. */
static void virtual_map(struct guest *g, UINTN size, UINTN step)
{
	EFI_GUID global = EFI_GLOBAL_VARIABLE;
	UINTN count = size / step, n = 1;
	UINT8 value;

	for (UINTN i = 0; i < count; i++) {
		EFI_MEMORY_DESCRIPTOR *d = (EFI_MEMORY_DESCRIPTOR *)(map + i * step);

		d->VirtualStart = d->PhysicalStart;
	}
	must(10, rt->SetVirtualAddressMap(size, step, 2, (EFI_MEMORY_DESCRIPTOR *)map) ==
			 EFI_INVALID_PARAMETER);
	must(11, rt->SetVirtualAddressMap(step, step, 1, (EFI_MEMORY_DESCRIPTOR *)map) ==
			 EFI_NOT_FOUND);
	must(12,
	     rt->SetVirtualAddressMap(size, step, 1, (EFI_MEMORY_DESCRIPTOR *)map) == EFI_SUCCESS);
	must(13, rt->SetVirtualAddressMap(size, step, 1, (EFI_MEMORY_DESCRIPTOR *)map) ==
			 EFI_UNSUPPORTED);
	must(14, rt->Hdr.CRC32 == crc32((UINT8 *)rt, rt->Hdr.HeaderSize));
	must(15, rt->GetVariable(L"SecureBoot", &global, NULL, &n, &value) == EFI_SUCCESS);
	n = 1;
	must(16, rt->GetVariable(L"BootOnly", &global, NULL, &n, &value) == EFI_NOT_FOUND);
	must(17, rt->SetVariable(L"New", &global, 6, 1, &value) == EFI_INVALID_PARAMETER);
	must(18, rt->SetVariable(L"New", &global, 7, 1, &value) == EFI_SUCCESS);
}

static void guest_run(struct guest *g)
{
	EFI_GUID before = {
		0x8be0e274, 0x3970, 0x4b44, { 0x80, 0xc5, 0x1a, 0xb9, 0x50, 0x2f, 0x3b, 0xfc }
	};
	EFI_GUID global = EFI_GLOBAL_VARIABLE;
	EFI_BOOT_SERVICES *bs = g->bs;
	UINTN size, key, stale, step;
	UINT8 value = 1;
	UINT32 version;
	EFI_EVENT event;
	VOID *p;

	rt = g->rt;
	services = bs;
	bs->CreateEvent(EVT_SIGNAL_EXIT_BOOT_SERVICES, TPL_CALLBACK, on_exit, NULL, &event);
	bs->CreateEventEx(EVT_NOTIFY_SIGNAL, TPL_CALLBACK, on_before, NULL, &before, &event);
	bs->CreateEvent(EVT_TIMER | EVT_NOTIFY_SIGNAL, TPL_CALLBACK, on_tick, NULL, &event);
	bs->SetTimer(event, TimerPeriodic, 100000);
	while (!ticks)
		__asm__ volatile("hlt");
	rt->SetVariable(L"BootOnly", &global, EFI_VARIABLE_BOOTSERVICE_ACCESS, 1, &value);
	size = sizeof(map);
	bs->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)map, &stale, &step, &version);
	bs->AllocatePool(EfiLoaderData, 100000, &p);
	check_is(g, "ExitBootServices() with a stale key", bs->ExitBootServices(g->image, stale),
		 EFI_INVALID_PARAMETER);
	check_is(g, "signals who wants to know before", notified_before, 1);
	check_is(g, "but not that it is over", notified_exit, 0);
	check_is(g, "and the boot services work still", bs->FreePool(p), EFI_SUCCESS);
	size = sizeof(map);
	bs->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)map, &key, &step, &version);
	guest_puts(g, "1..4\r\n");
	if (bs->ExitBootServices(g->image, key))
		rt->ResetSystem(EfiResetShutdown, EFIERR(0x1000), 0, NULL);
	gone(g);
	virtual_map(g, size, step);
	rt->ResetSystem(EfiResetShutdown, EFI_SUCCESS, 0, NULL);
}
