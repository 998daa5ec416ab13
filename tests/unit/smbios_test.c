/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS tables read by dmidecode, which is of another origin. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "models/smbios.h"

/* dmidecode's dump format: the entry point at 0, the structures at the file offset that it names. */
#define TABLE_AT 0x20u

static void decode(uint64_t memory, char *ret, size_t size)
{
	char path[] = "/tmp/bootpath-smbios-XXXXXX", command[256];
	uint8_t entry[TABLE_AT] = { 0 };
	struct platform p;
	struct buf table = { 0 };
	int fd = mkstemp(path);
	FILE *f;

	if (system("dmidecode --version >/dev/null 2>&1") != 0)
		cr_skip("no dmidecode");
	cr_assert(ge(int, fd, 0));
	cr_assert(eq(int, platform_init(&p, memory, NULL), 0));
	cr_assert(eq(int, smbios_build(&p, TABLE_AT, &table, entry), 0));
	cr_expect(le(sz, table.len, SMBIOS_TABLE_MAX));
	cr_assert(eq(long, write(fd, entry, sizeof(entry)), (long)sizeof(entry)));
	cr_assert(eq(long, write(fd, table.data, table.len), (long)table.len));
	close(fd);
	snprintf(command, sizeof(command), "dmidecode --from-dump %s 2>&1", path);
	f = popen(command, "r");
	cr_assert(ne(ptr, f, NULL));
	ret[fread(ret, 1, size - 1, f)] = '\0';
	cr_expect(eq(int, pclose(f), 0), "%s", ret);
	unlink(path);
	buf_free(&table);
	platform_release(&p);
}

static void expect_text(const char *all, const char *part)
{
	cr_expect(strstr(all, part) != NULL, "no '%s' in:\n%s", part, all);
}

static unsigned count(const char *all, const char *part)
{
	unsigned n = 0;

	for (; (all = strstr(all, part)) != NULL; all++)
		n++;
	return n;
}

Test(smbios, dmidecode_reads_the_machine_of_512_megabytes)
{
	static char text[65536];

	decode(MIB(512), text, sizeof(text));
	expect_text(text, "SMBIOS 2.8 present.");
	expect_text(text, "9 structures occupying");
	expect_text(text, "Product Name: Standard PC (i440FX + PIIX, 1996)");
	expect_text(text, "System is a virtual machine");
	expect_text(text, "Maximum Capacity: 512 MB");
	expect_text(text, "Size: 512 MB");
	expect_text(text, "Range Size: 512 MB");
	expect_text(text, "End Of Table");
	for (size_t i = 0; i < 4; i++)
		cr_expect(strstr(text, (const char *const[]){ "TRUNCATED", "Wrong", "Invalid",
							      "bad checksum" }[i]) == NULL,
			  "%s", text);
}

/* Modules of 16 GiB, and RAM on both sides of the hole below 4 GiB. */
Test(smbios, dmidecode_reads_the_largest_machine)
{
	static char text[65536];

	decode(PLATFORM_MEMORY_MAX, text, sizeof(text));
	expect_text(text, "Maximum Capacity: 1009 GB");
	expect_text(text, "Number Of Devices: 64");
	expect_text(text, "Locator: DIMM 63");
	cr_expect(eq(uint, count(text, "Size: 16 GB\n"), 63));
	cr_expect(eq(uint, count(text, "Memory Array Mapped Address"), 2));
	expect_text(text, "Range Size: 3 GB");
	expect_text(text, "Range Size: 1006 GB");
}
