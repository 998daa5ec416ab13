/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables, time and the other runtime services as UEFI 2.10, chapter 8 describes them. */
#include "tests/guest/efi/check.h"

#define KEPT \
	(EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS)

static EFI_GUID own = { 0xaabbccdd, 0x1122, 0x3344, { 1, 2, 3, 4, 5, 6, 7, 8 } };

static int same_text(const CHAR16 *a, const CHAR16 *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static void secure_boot(struct guest *g)
{
	EFI_GUID global = EFI_GLOBAL_VARIABLE;
	UINT8 value = 9;
	UINTN size = sizeof(value);
	UINT32 attributes = 0;

	check_is(g, "SecureBoot is there",
		 g->rt->GetVariable(L"SecureBoot", &global, &attributes, &size, &value),
		 EFI_SUCCESS);
	check(g, "one byte, 0", size == 1 && value == 0);
	check_is(g, "volatile, for boot and run time", attributes,
		 EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS);
	value = 1;
	check_is(g, "and not the image's to set",
		 g->rt->SetVariable(L"SecureBoot", &global, attributes, 1, &value),
		 EFI_WRITE_PROTECTED);
	size = 1;
	check_is(g, "SetupMode is there",
		 g->rt->GetVariable(L"SetupMode", &global, NULL, &size, &value), EFI_SUCCESS);
}

static void set_and_get(struct guest *g)
{
	UINT8 data[8] = { 1, 2, 3, 4, 5 }, got[16] = { 0 };
	UINTN size = 2;

	check_is(g, "one that nobody set", g->rt->GetVariable(L"Own", &own, NULL, &size, got),
		 EFI_NOT_FOUND);
	check_is(g, "SetVariable()", g->rt->SetVariable(L"Own", &own, KEPT, 5, data), EFI_SUCCESS);
	check_is(g, "GetVariable() with 2 bytes of room",
		 g->rt->GetVariable(L"Own", &own, NULL, &size, got), EFI_BUFFER_TOO_SMALL);
	check_is(g, "says how much it takes", size, 5);
	size = sizeof(got);
	check_is(g, "GetVariable()", g->rt->GetVariable(L"Own", &own, NULL, &size, got),
		 EFI_SUCCESS);
	check(g, "gives what was set", size == 5 && got[0] == 1 && got[4] == 5 && got[5] == 0);
	check_is(g, "appending",
		 g->rt->SetVariable(L"Own", &own, KEPT | EFI_VARIABLE_APPEND_WRITE, 2, data),
		 EFI_SUCCESS);
	size = sizeof(got);
	g->rt->GetVariable(L"Own", &own, NULL, &size, got);
	check(g, "puts it behind", size == 7 && got[4] == 5 && got[5] == 1 && got[6] == 2);
	check_is(g, "other attributes",
		 g->rt->SetVariable(L"Own", &own, EFI_VARIABLE_BOOTSERVICE_ACCESS, 1, data),
		 EFI_INVALID_PARAMETER);
	check_is(g, "at run time but not at boot",
		 g->rt->SetVariable(L"Other", &own, EFI_VARIABLE_RUNTIME_ACCESS, 1, data),
		 EFI_INVALID_PARAMETER);
	check_is(g, "without a name", g->rt->SetVariable(L"", &own, KEPT, 1, data),
		 EFI_INVALID_PARAMETER);
	check_is(g, "no bytes", g->rt->SetVariable(L"Own", &own, KEPT, 0, NULL), EFI_SUCCESS);
	check_is(g, "delete it", g->rt->GetVariable(L"Own", &own, NULL, &size, got), EFI_NOT_FOUND);
	check_is(g, "which works once", g->rt->SetVariable(L"Own", &own, KEPT, 0, NULL),
		 EFI_NOT_FOUND);
}

static void next_name(struct guest *g)
{
	CHAR16 name[64] = { 0 };
	UINTN size, seen = 0, own_seen = 0;
	EFI_GUID guid = { 0 };
	EFI_STATUS status;
	UINT8 one = 1;

	g->rt->SetVariable(L"Mine", &own, KEPT, 1, &one);
	for (;;) {
		size = sizeof(name);
		status = g->rt->GetNextVariableName(&size, name, &guid);
		if (status)
			break;
		seen++;
		own_seen += same_text(name, L"Mine") && guid.Data1 == own.Data1;
	}
	check_is(g, "GetNextVariableName() comes to an end", status, EFI_NOT_FOUND);
	check(g, "after some", seen > 3);
	check_is(g, "one of them the image's own", own_seen, 1);
	size = 2;
	name[0] = 0;
	check_is(g, "with room for nothing", g->rt->GetNextVariableName(&size, name, &guid),
		 EFI_BUFFER_TOO_SMALL);
	check(g, "says how much it takes", size > 2);
	name[0] = 'Z';
	name[1] = 0;
	size = sizeof(name);
	check_is(g, "after one that is not there", g->rt->GetNextVariableName(&size, name, &guid),
		 EFI_INVALID_PARAMETER);
}

static void storage(struct guest *g)
{
	UINT64 most = 0, left = 0, largest = 0;
	UINTN size = 1;
	UINT8 byte;

	check_is(g, "QueryVariableInfo()", g->rt->QueryVariableInfo(KEPT, &most, &left, &largest),
		 EFI_SUCCESS);
	check(g, "there is room, and less than all", most > left && left > 0 && largest > 0);
	check_is(g, "SetVariable() of more than that",
		 g->rt->SetVariable(L"Large", &own, KEPT, most + 1, &most), EFI_OUT_OF_RESOURCES);
	check_is(g, "from where there is no memory",
		 g->rt->SetVariable(L"Wild", &own, KEPT, 16, (VOID *)0x80000000),
		 EFI_INVALID_PARAMETER);
	check_is(g, "a name where there is none",
		 g->rt->GetVariable((CHAR16 *)0x80000000, &own, NULL, &size, &byte),
		 EFI_INVALID_PARAMETER);
}

static void time(struct guest *g)
{
	EFI_TIME before, after;

	check_is(g, "GetTime()", g->rt->GetTime(&before, NULL), EFI_SUCCESS);
	check(g, "is a date",
	      before.Year > 2000 && before.Month >= 1 && before.Month <= 12 && before.Day >= 1 &&
		      before.Day <= 31 && before.Hour < 24 && before.Nanosecond < 1000000000);
	g->bs->Stall(1500000);
	g->rt->GetTime(&after, NULL);
	check_is(g, "a second and a half after Stall()",
		 (after.Minute * 60 + after.Second - before.Minute * 60 - before.Second) * 10 +
			 (after.Nanosecond / 1000000 + 50) / 100 -
			 (before.Nanosecond / 1000000 + 50) / 100,
		 15);
	check_is(g, "without a place for it", g->rt->GetTime(NULL, NULL), EFI_INVALID_PARAMETER);
}

static void counts(struct guest *g)
{
	UINT64 a = 0, b = 0;
	UINT32 high = 0;

	check_is(g, "GetNextMonotonicCount()", g->bs->GetNextMonotonicCount(&a), EFI_SUCCESS);
	g->bs->GetNextMonotonicCount(&b);
	check(g, "goes up", b > a);
	check_is(g, "GetNextHighMonotonicCount()", g->rt->GetNextHighMonotonicCount(&high),
		 EFI_SUCCESS);
	check_is(g, "by its upper half", high, (a >> 32) + 1);
	g->bs->GetNextMonotonicCount(&b);
	check_is(g, "which the whole count has too", b >> 32, high);
}

static void guest_run(struct guest *g)
{
	secure_boot(g);
	set_and_get(g);
	next_name(g);
	storage(g);
	time(g);
	counts(g);
}
