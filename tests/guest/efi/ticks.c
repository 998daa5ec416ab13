/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of timers run while the guest computes or halts: UEFI 2.10, 7.1, EVT_NOTIFY_SIGNAL. That the timer ticks every
 * 10 ms is edk2's (PcAtChipsetPkg, 8254TimerDxe).
 */
#include "tests/guest/efi/check.h"

#define MS 10000u /* in 100 ns */

/* Instructions of a loop that waits in vain: a hundred ticks, if one is a nanosecond. */
#define SPIN_MAX 500000000u

static struct {
	EFI_BOOT_SERVICES *bs;
	volatile UINTN calls, inner;
	VOID *context;
	EFI_TPL tpl;
	UINTN flags, stack;
} seen;

static UINTN flags_read(void)
{
	UINTN v;

	__asm__ volatile("pushfq; pop %0" : "=r"(v));
	return v;
}

/* It changes all that the calling convention lets a function change. */
static VOID EFIAPI on_timer(EFI_EVENT event, VOID *context)
{
	seen.context = context;
	seen.flags = flags_read();
	seen.stack = (UINTN)__builtin_frame_address(0);
	seen.tpl = seen.bs->RaiseTPL(TPL_HIGH_LEVEL);
	seen.bs->RestoreTPL(seen.tpl);
	seen.calls++;
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm5, %%xmm5; mov $-1, %%rax;"
			 "mov %%rax, %%rcx; mov %%rax, %%rdx; mov %%rax, %%r8; mov %%rax, %%r9;"
			 "mov %%rax, %%r10; mov %%rax, %%r11" ::
				 : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm0", "xmm5");
}

static VOID EFIAPI on_inner(EFI_EVENT event, VOID *context)
{
	seen.inner++;
}

/* Halts until a function of a higher level has run. */
static VOID EFIAPI halts_itself(EFI_EVENT event, VOID *context)
{
	UINTN before = seen.inner;

	for (unsigned i = 0; i < 100 && seen.inner == before; i++)
		__asm__ volatile("hlt");
	seen.calls += seen.inner > before;
}

static EFI_EVENT timer_make(EFI_TPL tpl, EFI_EVENT_NOTIFY fn, UINTN ms)
{
	EFI_EVENT timer;

	seen.calls = 0;
	seen.bs->CreateEvent(EVT_TIMER | EVT_NOTIFY_SIGNAL, tpl, fn, (VOID *)7, &timer);
	seen.bs->SetTimer(timer, TimerPeriodic, ms * MS);
	return timer;
}

/* How many HLTs it took until the function has been called once more. */
static UINTN halts(void)
{
	UINTN n = 0, before = seen.calls;

	while (n < 100 && seen.calls == before) {
		__asm__ volatile("hlt");
		n++;
	}
	return n;
}

static void halting(struct guest *g)
{
	EFI_EVENT timer = timer_make(TPL_CALLBACK, on_timer, 30);

	halts();
	check_is(g, "a timer's function runs while the guest halts", seen.calls, 1);
	check_is(g, "with its context", (UINTN)seen.context, 7);
	check_is(g, "at its level", seen.tpl, TPL_CALLBACK);
	check(g, "with interrupts on", seen.flags & 0x200);
	check_is(g, "a tick wakes every 10 ms", halts(), 3);
	check_is(g, "a periodic one comes again", seen.calls, 2);
	check_is(g, "nothing is left of its level", g->bs->RaiseTPL(TPL_NOTIFY), TPL_APPLICATION);
	halts();
	check_is(g, "it waits for the level to fall", seen.calls, 2);
	g->bs->RestoreTPL(TPL_APPLICATION);
	check_is(g, "and runs then", seen.calls, 3);
	g->bs->SetTimer(timer, TimerCancel, 0);
	halts();
	check_is(g, "a cancelled one does not run", seen.calls, 3);
	g->bs->CloseEvent(timer);
}

static void computing(struct guest *g)
{
	EFI_EVENT timer = timer_make(TPL_CALLBACK, on_timer, 10);
	UINTN sum = 0, n = SPIN_MAX, flags, stack;
	UINT64 low = 1, high = 1;

	/* DF is the guest's own business between two calls. */
	__asm__ volatile(
		"mov $0x1234, %%eax; movq %%rax, %%xmm0; movq %%rax, %%xmm5; mov %%eax, %%ecx;"
		"mov %%eax, %%edx; mov %%eax, %%r8d; mov %%eax, %%r9d; mov %%eax, %%r10d;"
		"mov %%eax, %%r11d; mov %%rsp, %[stack]; std;"
		"1: cmpq $0, %[calls]; jne 2f; dec %[n]; jnz 1b;"
		"2: pushfq; cld; pop %[flags]; sub %%rsp, %[stack];"
		"add %%rcx, %%rax; add %%rdx, %%rax; add %%r8, %%rax; add %%r9, %%rax;"
		"add %%r10, %%rax; add %%r11, %%rax; movq %%xmm0, %%rcx; movq %%xmm5, %%rdx"
		: "=&a"(sum), "=&c"(low),
		  "=&d"(high), [n] "+&r"(n), [flags] "=&r"(flags), [stack] "=&r"(stack)
		: [calls] "m"(seen.calls)
		: "r8", "r9", "r10", "r11", "xmm0", "xmm5", "cc", "memory");
	check(g, "a timer's function runs while the guest computes", seen.calls && n);
	check_is(g, "which keeps its registers", sum, 7 * 0x1234);
	check(g, "and those of SSE", low == 0x1234 && high == 0x1234);
	check_is(g, "and its stack", stack, 0);
	check(g, "and its flags", (flags & 0x600) == 0x600);
	check(g, "the function has the direction flag clear", !(seen.flags & 0x400));
	check_is(g, "and a stack that is aligned", seen.stack % 16, 0);
	g->bs->CloseEvent(timer);
}

static void nesting(struct guest *g)
{
	EFI_EVENT outer = timer_make(TPL_CALLBACK, halts_itself, 20), inner;

	/* Once: it takes longer than it waits. */
	g->bs->SetTimer(outer, TimerRelative, 20 * MS);
	inner = timer_make(TPL_NOTIFY, on_inner, 50);
	halts();
	check_is(g, "a function is interrupted by a higher one's timer", seen.calls, 1);
	g->bs->CloseEvent(inner);
	g->bs->CloseEvent(outer);
}

static void guest_run(struct guest *g)
{
	seen.bs = g->bs;
	halting(g);
	computing(g);
	nesting(g);
}
