/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our SMBIOS structures beside those that QEMU with SeaBIOS leaves in the ROM area, byte by byte. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <unistd.h>

#include "models/smbios.h"
#include "tests/guest/bios_probe.h"
#include "tests/oracle/qemu.h"

#define PROBE    TEST_OUT "/tests/guest/bios_probe.bin"
#define ROM      0xf0000ull
#define ROM_SIZE 0x10000u

/* Where the next structure begins: behind the strings, which end with two zeros. */
static size_t next(const uint8_t *p, size_t at, size_t size)
{
	at += p[at + 1];
	while (at + 1 < size && (p[at] || p[at + 1]))
		at++;
	return at + 2;
}

/* Type 0 is each firmware's own; the identity of the processor is CPUID's. */
static bool is_known(const uint8_t *s, size_t i)
{
	return s[0] == 0 || (s[0] == 4 && i >= 8 && i < 16);
}

Test(smbios, structures_are_those_of_qemu, .timeout = 60)
{
	struct qemu_boot boot = { .kernel = PROBE, .seconds = 4 };
	static uint8_t rom[ROM_SIZE];
	uint8_t entry[SMBIOS_ENTRY_SIZE];
	struct buf table = { 0 };
	struct platform p;
	const uint8_t *e, *theirs;
	size_t a = 0, b = 0, size;

	if (access(PROBE, R_OK) != 0 || !qemu_is_ours())
		cr_skip("no qemu-system-x86_64 of version 7.2");
	cr_assert(qemu_memory(&boot, ROM, rom, sizeof(rom)));
	e = memmem(rom, sizeof(rom), "_SM_", 4);
	cr_assert(ne(ptr, (void *)(uintptr_t)e, NULL));
	cr_assert(eq(int, platform_init(&p, MIB(512), NULL), 0));
	cr_assert(eq(int, smbios_build(&p, get_le32(e + 24), &table, entry), 0));
	/* All but the checksums, and the sizes, which hang on type 0's strings. */
	cr_expect(eq(int, memcmp(entry + 5, e + 5, 3), 0));
	cr_expect(eq(int, memcmp(entry + 24, e + 24, 7), 0));
	theirs = rom + (get_le32(e + 24) - ROM);
	size = get_le16(e + 22);
	while (a < table.len && b < size) {
		size_t a_end = next(table.data, a, table.len), b_end = next(theirs, b, size);

		cr_expect(eq(u8, table.data[a], theirs[b]));
		cr_expect(eq(u8, table.data[a + 1], theirs[b + 1]), "type %u", theirs[b]);
		cr_expect(theirs[b] == 0 || a_end - a == b_end - b, "type %u", theirs[b]);
		for (size_t i = 2; i < a_end - a && i < b_end - b; i++)
			if (!is_known(theirs + b, i))
				cr_expect(eq(u8, table.data[a + i], theirs[b + i]),
					  "type %u, byte %zu", theirs[b], i);
		a = a_end;
		b = b_end;
	}
	cr_expect(a == table.len && b == size);
	buf_free(&table);
	platform_release(&p);
}
