/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds ACPI tables of a machine with one processor and no ACPI hardware of its own: ACPI 6.5, 5.2. */
#include "models/acpi.h"

/* Where SeaBIOS 1.16.2 puts it on QEMU's pc; the captures in tests/oracle name it. */
#define PLATFORM_RSDP 0xf59d0ull

#define ALIGNMENT    64u
#define HEADER_SIZE  36u /* 5.2.6 "System Description Table Header" */
#define LENGTH_AT    4u
#define CHECKSUM_AT  9u
#define FADT_SIZE    276u /* 5.2.9, revision 6 */
#define MADT_SIZE    (HEADER_SIZE + 8u + 8u)
#define LOCAL_APIC   0xfee00000u
#define OEM_ID       "BOOTPA"
#define OEM_TABLE_ID "BOOTPATH"
#define CREATOR_ID   "BPTH"

/* IAPC_BOOT_ARCH, 5.2.9.3 */
#define LEGACY_DEVICES BIT(0)
#define HAS_8042       BIT(1)
#define NO_VGA         BIT(2)

/* FADT flags, 5.2.9 table 5.10 */
#define FLAG_WBINVD      BIT(0)
#define FLAG_HW_REDUCED  BIT(20)
#define FADT_MINOR       5u
#define PROFILE_UNSPEC   0u
#define MADT_PCAT_COMPAT BIT(0) /* 5.2.12: the 8259s are there */
#define LAPIC_ENABLED    BIT(0) /* 5.2.12.2 */

/*
 * AML, ACPI 6.5 chapter 20:
 *   Scope (\_SB) { Device (CPU0) { Name (_HID, "ACPI0007") Name (_UID, Zero) } }
 */
/* clang-format off */
static const uint8_t aml[] = {
	0x10, 0x22, '\\', '_', 'S', 'B', '_',             /* ScopeOp, PkgLength, name */
	0x5b, 0x82, 0x1a, 'C', 'P', 'U', '0',             /* DeviceOp, PkgLength, name */
	0x08, '_', 'H', 'I', 'D',                         /* NameOp, name */
	0x0d, 'A', 'C', 'P', 'I', '0', '0', '0', '7', 0,  /* StringPrefix */
	0x08, '_', 'U', 'I', 'D', 0x00,                   /* NameOp, name, ZeroOp */
};
/* clang-format on */

#define DSDT_SIZE (HEADER_SIZE + sizeof(aml))

static uint8_t checksum(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + p[i]);
	return (uint8_t)-sum;
}

static void table_begin(uint8_t *t, const char signature[4], uint8_t revision, uint32_t size)
{
	memset(t, 0, size);
	memcpy(t, signature, 4);
	put_le32(t + LENGTH_AT, size);
	t[8] = revision;
	memcpy(t + 10, OEM_ID, 6);
	memcpy(t + 16, OEM_TABLE_ID, 8);
	put_le32(t + 24, 1);
	memcpy(t + 28, CREATOR_ID, 4);
	put_le32(t + 32, 1);
}

/* The address of the next table: tables lie one after the other. */
struct writer {
	struct placements *p;
	const char *source;
	gpa_t next;
};

static int table_end(struct writer *w, const char *name, uint8_t *t, gpa_t *ret_gpa)
{
	uint32_t size = get_le32(t + LENGTH_AT);

	t[CHECKSUM_AT] = checksum(t, size);
	*ret_gpa = w->next;
	w->next = ALIGN_UP(w->next + size, ALIGNMENT);
	return placements_add_copy(w->p, name, *ret_gpa, t, size, w->source);
}

static int dsdt_add(struct writer *w, gpa_t *ret_gpa)
{
	uint8_t t[DSDT_SIZE];

	/* Revision 2: integers have 64 bits (5.2.11.1). */
	table_begin(t, "DSDT", 2, sizeof(t));
	memcpy(t + HEADER_SIZE, aml, sizeof(aml));
	return table_end(w, "ACPI DSDT", t, ret_gpa);
}

/*
 * Hardware-reduced: the machine has neither the PM registers nor the FACS that
 * a full FADT would have to point to, and boot code must not find any.
 */
static int fadt_add(struct writer *w, gpa_t dsdt, gpa_t *ret_gpa)
{
	uint8_t t[FADT_SIZE];

	table_begin(t, "FACP", 6, sizeof(t));
	put_le32(t + 40, (uint32_t)dsdt);
	t[45] = PROFILE_UNSPEC;
	put_le16(t + 109, LEGACY_DEVICES | HAS_8042 | NO_VGA);
	put_le32(t + 112, FLAG_WBINVD | FLAG_HW_REDUCED);
	t[131] = FADT_MINOR;
	put_le64(t + 140, dsdt);
	return table_end(w, "ACPI FADT", t, ret_gpa);
}

static int madt_add(struct writer *w, gpa_t *ret_gpa)
{
	uint8_t t[MADT_SIZE];
	uint8_t *lapic = t + HEADER_SIZE + 8;

	table_begin(t, "APIC", 5, sizeof(t));
	put_le32(t + HEADER_SIZE, LOCAL_APIC);
	put_le32(t + HEADER_SIZE + 4, MADT_PCAT_COMPAT);
	/* Processor Local APIC structure: type 0, 8 bytes, processor UID 0, APIC ID 0. */
	lapic[1] = 8;
	put_le32(lapic + 4, LAPIC_ENABLED);
	return table_end(w, "ACPI MADT", t, ret_gpa);
}

/* RSDT (5.2.7) and XSDT (5.2.8) differ in the width of an entry only. */
static int root_add(struct writer *w, const char *name, unsigned width, const gpa_t entries[2],
		    gpa_t *ret_gpa)
{
	uint8_t t[HEADER_SIZE + 2 * 8];
	bool wide = width == 8;

	table_begin(t, wide ? "XSDT" : "RSDT", 1, HEADER_SIZE + 2 * width);
	for (unsigned i = 0; i < 2; i++) {
		if (wide)
			put_le64(t + HEADER_SIZE + i * 8, entries[i]);
		else
			put_le32(t + HEADER_SIZE + i * 4, (uint32_t)entries[i]);
	}
	return table_end(w, name, t, ret_gpa);
}

/* 5.2.5.3: the first 20 bytes have a checksum of their own. */
static int rsdp_add(struct writer *w, gpa_t gpa, gpa_t rsdt, gpa_t xsdt)
{
	uint8_t t[ACPI_RSDP_SIZE] = { 0 };

	memcpy(t, "RSD PTR ", 8);
	memcpy(t + 9, OEM_ID, 6);
	t[15] = 2;
	put_le32(t + 16, (uint32_t)rsdt);
	put_le32(t + 20, sizeof(t));
	put_le64(t + 24, xsdt);
	t[8] = checksum(t, 20);
	t[32] = checksum(t, sizeof(t));
	return placements_add_copy(w->p, "ACPI RSDP", gpa, t, sizeof(t), w->source);
}

int acpi_add(struct placements *p, gpa_t rsdp, gpa_t tables, const char *source)
{
	struct writer w = { .p = p, .source = source, .next = tables };
	gpa_t dsdt, rsdt = 0, xsdt = 0, roots[2] = { 0 };
	int ret;

	ret = dsdt_add(&w, &dsdt);
	if (ret == 0)
		ret = fadt_add(&w, dsdt, &roots[0]);
	if (ret == 0)
		ret = madt_add(&w, &roots[1]);
	if (ret == 0)
		ret = root_add(&w, "ACPI RSDT", 4, roots, &rsdt);
	if (ret == 0)
		ret = root_add(&w, "ACPI XSDT", 8, roots, &xsdt);
	if (ret == 0)
		ret = rsdp_add(&w, rsdp, rsdt, xsdt);
	return ret;
}

/* The start of the reserved range that ends where the RAM below 4 GiB does; 0: the map has none. */
static gpa_t tables_gpa(const struct platform *platform)
{
	for (unsigned i = 0; i < platform->e820_count; i++) {
		const struct e820_entry *e = &platform->e820[i];
		const struct region *ram = regions_find(&platform->ram, e->addr);

		if (e->type != E820_RAM && e->addr >= MIB(1) && e->size >= ACPI_TABLES_SIZE &&
		    ram && ram->last == e->addr + (e->size - 1))
			return e->addr;
	}
	return 0;
}

void acpi_platform_init(struct platform *platform)
{
	platform->rsdp = tables_gpa(platform) ? PLATFORM_RSDP : 0;
}

int acpi_platform_add(struct placements *p, const struct platform *platform)
{
	if (platform->rsdp == 0)
		return 0;
	return acpi_add(p, platform->rsdp, tables_gpa(platform), "platform");
}
