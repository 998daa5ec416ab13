/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables: found as ACPI 6.5 5.2.5 says, checksums right, and understood by ACPICA's disassembler, which is of another origin. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "models/acpi.h"

struct fixture {
	struct platform platform;
	struct placements tables;
};

static struct fixture fixture_make(uint64_t memory)
{
	struct fixture f = { 0 };

	cr_assert(eq(int, platform_init(&f.platform, memory, NULL), 0));
	acpi_platform_init(&f.platform);
	cr_assert(eq(int, acpi_platform_add(&f.tables, &f.platform), 0));
	return f;
}

static void fixture_release(struct fixture *f)
{
	placements_free(&f->tables);
	platform_release(&f->platform);
}

/* The bytes at an address, as a guest that follows a pointer finds them. */
static struct bytes at(const struct fixture *f, gpa_t gpa)
{
	for (size_t i = 0; i < f->tables.count; i++)
		if (f->tables.items[i].gpa == gpa)
			return f->tables.items[i].data;
	cr_assert(false, "no table at 0x%llx", (unsigned long long)gpa);
	return (struct bytes){ 0 };
}

static uint8_t sum(struct bytes b, size_t len)
{
	uint8_t v = 0;

	cr_assert(le(sz, len, b.len));
	for (size_t i = 0; i < len; i++)
		v = (uint8_t)(v + b.data[i]);
	return v;
}

static struct bytes table(const struct fixture *f, gpa_t gpa, const char *signature)
{
	struct bytes t = at(f, gpa);

	cr_expect(eq(int, memcmp(t.data, signature, 4), 0), "%s", signature);
	cr_expect(eq(u32, get_le32(t.data + 4), (uint32_t)t.len), "%s: length", signature);
	cr_expect(eq(u8, sum(t, t.len), 0), "%s: checksum", signature);
	return t;
}

Test(acpi, a_guest_that_follows_the_rsdp_finds_every_table)
{
	struct fixture f = fixture_make(MIB(512));
	struct bytes rsdp = at(&f, f.platform.rsdp), rsdt, xsdt, fadt;

	cr_expect(eq(int, memcmp(rsdp.data, "RSD PTR ", 8), 0));
	cr_expect(eq(u8, sum(rsdp, 20), 0));
	cr_expect(eq(u8, sum(rsdp, 36), 0));
	cr_expect(eq(u8, rsdp.data[15], 2));
	rsdt = table(&f, get_le32(rsdp.data + 16), "RSDT");
	xsdt = table(&f, get_le64(rsdp.data + 24), "XSDT");
	cr_expect(eq(u32, get_le32(rsdt.data + 36), (uint32_t)get_le64(xsdt.data + 36)));
	fadt = table(&f, get_le64(xsdt.data + 36), "FACP");
	table(&f, get_le64(xsdt.data + 44), "APIC");
	table(&f, get_le64(fadt.data + 140), "DSDT");
	cr_expect(eq(u32, get_le32(fadt.data + 40), (uint32_t)get_le64(fadt.data + 140)));
	fixture_release(&f);
}

/* 5.2.5.1: on a 16-byte boundary between 0xe0000 and 0xfffff; SeaBIOS's own place on this machine is in the captures. */
Test(acpi, the_rsdp_is_where_a_bios_scan_looks_and_where_seabios_has_it)
{
	struct fixture f = fixture_make(MIB(512));

	cr_expect(eq(u64, f.platform.rsdp, 0xf59d0));
	fixture_release(&f);
}

Test(acpi, every_table_lies_in_memory_that_e820_reserves)
{
	static const uint64_t sizes[] = { MIB(2), MIB(512), MIB(3584), GIB(8), GIB(65) };

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		struct fixture f = fixture_make(sizes[s]);

		cr_expect(eq(sz, f.tables.count, 6));
		for (size_t i = 0; i < f.tables.count; i++) {
			const struct placement *p = &f.tables.items[i];
			bool reserved = false;

			for (unsigned e = 0; e < f.platform.e820_count; e++)
				reserved |= f.platform.e820[e].type != E820_RAM &&
					    p->gpa >= f.platform.e820[e].addr &&
					    p->gpa + p->size <= f.platform.e820[e].addr +
									f.platform.e820[e].size;
			cr_expect(reserved, "%s at 0x%llx", p->name, (unsigned long long)p->gpa);
			cr_expect(regions_cover(&f.platform.ram, p->gpa, p->size) ||
				  regions_cover(&f.platform.rom, p->gpa, p->size));
		}
		fixture_release(&f);
	}
}

/* Runs iasl on one table; its listing of warnings and errors is left in @out. */
static int disassemble(const struct placement *p, const char *folder, char *out, size_t size)
{
	char file[256], command[600];
	size_t len;
	FILE *f;

	snprintf(file, sizeof(file), "%s/table.aml", folder);
	f = fopen(file, "wb");
	cr_assert(ne(ptr, f, NULL));
	fwrite(p->data.data, 1, p->data.len, f);
	fclose(f);
	snprintf(command, sizeof(command), "cd %s && iasl -d table.aml 2>&1; echo status $?",
		 folder);
	f = popen(command, "r");
	cr_assert(ne(ptr, f, NULL));
	len = fread(out, 1, size - 1, f);
	out[len] = '\0';
	pclose(f);
	return strstr(out, "status 0\n") ? 0 : -1;
}

static bool complains(const char *out)
{
	return strcasestr(out, "warning") || strcasestr(out, "error") ||
	       strcasestr(out, "invalid") || strcasestr(out, "incorrect");
}

Test(acpi, acpica_disassembles_every_table_without_a_warning, .timeout = 60)
{
	struct fixture f = fixture_make(MIB(512));
	char folder[] = "/tmp/bootpath-acpi-XXXXXX", out[8192], command[64];

	if (system("iasl -v >/dev/null 2>&1") != 0)
		cr_skip("no iasl (acpica-tools)");
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	for (size_t i = 0; i < f.tables.count; i++) {
		const struct placement *p = &f.tables.items[i];

		/* The RSDP has no table header, and iasl 20200925 takes only what has one. */
		if (p->gpa == f.platform.rsdp)
			continue;
		cr_expect(eq(int, disassemble(p, folder, out, sizeof(out)), 0), "%s: %s", p->name,
			  out);
		cr_expect(eq(int, complains(out), false), "%s: %s", p->name, out);
	}
	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_expect(eq(int, system(command), 0));
	fixture_release(&f);
}
