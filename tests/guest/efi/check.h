/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UEFI guests: each is a small application in C that asks the firmware and checks what it says. Table layouts,
 * GUIDs and status codes are gnu-efi's, so that ours have a second opinion. A guest prints "ok NAME" or "not ok NAME"
 * a check, and last "1..N".
 */
#ifndef TESTS_GUEST_EFI_CHECK_H
#define TESTS_GUEST_EFI_CHECK_H

#define GNU_EFI_USE_MS_ABI 1
#include <efi.h>

/* UEFI 2.10, 7.2.3; newer than gnu-efi's headers. */
#ifndef EFI_MEMORY_RO
#define EFI_MEMORY_RO 0x20000ull
#endif

struct guest {
	EFI_HANDLE image;
	EFI_SYSTEM_TABLE *st;
	EFI_BOOT_SERVICES *bs;
	EFI_RUNTIME_SERVICES *rt;
	unsigned checks;
};

/* The checks of one guest; guest_main() below calls it and ends the report. */
static void guest_run(struct guest *g);

static inline void guest_puts(struct guest *g, const char *s)
{
	CHAR16 line[128];
	unsigned n = 0;

	while (*s && n < 127)
		line[n++] = (CHAR16)(unsigned char)*s++;
	line[n] = 0;
	g->st->ConOut->OutputString(g->st->ConOut, line);
}

static inline void guest_put_number(struct guest *g, UINT64 v, unsigned base)
{
	char text[24];
	unsigned at = sizeof(text);

	text[--at] = 0;
	do {
		text[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	guest_puts(g, text + at);
}

static inline void guest_check(struct guest *g, const char *name, int good, UINT64 got)
{
	g->checks++;
	guest_puts(g, good ? "ok " : "not ok ");
	guest_puts(g, name);
	if (!good) {
		guest_puts(g, " got 0x");
		guest_put_number(g, got, 16);
	}
	guest_puts(g, "\r\n");
}

static inline UINT64 guest_cr3(void)
{
	UINT64 v;

	__asm__("mov %%cr3, %0" : "=r"(v));
	return v;
}

/* @name is what a failure is called: a fact, not a number. */
#define check(g, name, expr) guest_check(g, name, !!(expr), 0)
#define check_is(g, name, got, wanted)                                \
	do {                                                          \
		UINT64 got_ = (UINT64)(got);                          \
		guest_check(g, name, got_ == (UINT64)(wanted), got_); \
	} while (0)

EFI_STATUS EFIAPI guest_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *st);

__attribute__((section(".text.main"))) EFI_STATUS EFIAPI guest_main(EFI_HANDLE image,
								    EFI_SYSTEM_TABLE *st)
{
	struct guest g = {
		.image = image, .st = st, .bs = st->BootServices, .rt = st->RuntimeServices
	};

	guest_run(&g);
	guest_puts(&g, "1..");
	guest_put_number(&g, g.checks, 10);
	guest_puts(&g, "\r\n");
	return EFI_SUCCESS;
}

#endif
