/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system table and what it leads to: UEFI 2.10, chapter 4; CalculateCrc32(), CopyMem(), SetMem(). */
#include "tests/guest/efi/check.h"

/* ISO 3309, bit by bit: what the specification points to. */
static UINT32 crc32(const UINT8 *p, UINTN len, UINTN skip)
{
	UINT32 crc = 0xffffffff;

	for (UINTN i = 0; i < len; i++) {
		crc ^= i >= skip && i < skip + 4 ? 0 : p[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (crc & 1) ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

static void header(struct guest *g, const char *name, EFI_TABLE_HEADER *h, UINT64 signature,
		   UINTN size)
{
	check_is(g, name, h->Signature, signature);
	check_is(g, "its size", h->HeaderSize, size);
	check_is(g, "its CRC32", h->CRC32, crc32((const UINT8 *)h, h->HeaderSize, 16));
	check(g, "its revision is UEFI 2", h->Revision >> 16 == 2);
}

static int guid_is(const EFI_GUID *a, const EFI_GUID *b)
{
	const UINT64 *x = (const UINT64 *)a, *y = (const UINT64 *)b;

	return x[0] == y[0] && x[1] == y[1];
}

static VOID *configuration(struct guest *g, EFI_GUID *guid)
{
	for (UINTN i = 0; i < g->st->NumberOfTableEntries; i++)
		if (guid_is(&g->st->ConfigurationTable[i].VendorGuid, guid))
			return g->st->ConfigurationTable[i].VendorTable;
	return NULL;
}

static void acpi(struct guest *g)
{
	EFI_GUID acpi20 = ACPI_20_TABLE_GUID;
	const UINT8 *rsdp = configuration(g, &acpi20);
	UINT8 sum = 0;

	check(g, "there are ACPI 2.0 tables", rsdp);
	for (unsigned i = 0; rsdp && i < 36; i++)
		sum = (UINT8)(sum + rsdp[i]);
	check(g, "at an RSDP", rsdp && rsdp[0] == 'R' && rsdp[1] == 'S' && rsdp[7] == ' ');
	check_is(g, "whose bytes sum up to 0", sum, 0);
}

/* DSP0134 5.2.1: "_SM_", "_DMI_", both with checksums; structure 0 comes first with QEMU's too. */
static void smbios(struct guest *g)
{
	EFI_GUID guid = SMBIOS_TABLE_GUID;
	const UINT8 *entry = configuration(g, &guid);
	UINT8 sum = 0;

	check(g, "there are SMBIOS tables", entry);
	for (unsigned i = 0; entry && i < entry[5]; i++)
		sum = (UINT8)(sum + entry[i]);
	check(g, "at their entry point",
	      entry && entry[0] == '_' && entry[1] == 'S' && entry[2] == 'M' && entry[3] == '_');
	check_is(g, "its bytes sum up to 0", sum, 0);
	check_is(g, "it leads to structures",
		 entry ? *(const UINT8 *)(UINTN) * (const UINT32 *)(entry + 0x18) : 99, 0);
}

/* EFI_MEMORY_ATTRIBUTES_TABLE, 4.6.4, which gnu-efi does not have. */
static void memory_attributes(struct guest *g)
{
	EFI_GUID guid = {
		0xdcfa911d, 0x26eb, 0x469f, { 0xa2, 0x20, 0x38, 0xb7, 0xdc, 0x46, 0x12, 0x20 }
	};
	const UINT32 *table = configuration(g, &guid);
	UINTN wrong = 0, code = 0;

	check(g, "there is a memory attributes table", table && table[0] >= 1 && table[1] > 0);
	for (UINT32 i = 0; table && i < table[1]; i++) {
		const EFI_MEMORY_DESCRIPTOR *d =
			(const EFI_MEMORY_DESCRIPTOR *)((const UINT8 *)table + 16 + i * table[2]);

		wrong += !(d->Attribute & EFI_MEMORY_RUNTIME) ||
			 !(d->Attribute & (EFI_MEMORY_RO | EFI_MEMORY_XP));
		wrong += d->Type != EfiRuntimeServicesCode && d->Type != EfiRuntimeServicesData;
		code += d->Type == EfiRuntimeServicesCode;
	}
	check_is(g, "of runtime memory that is read-only or not executable", wrong, 0);
	check(g, "some of it code", code > 0);
}

static void install_table(struct guest *g)
{
	EFI_GUID own = { 9, 8, 7, { 6, 5, 4, 3, 2, 1, 0, 1 } };
	UINTN count = g->st->NumberOfTableEntries;
	static int table;

	check_is(g, "a table that is not there cannot go",
		 g->bs->InstallConfigurationTable(&own, NULL), EFI_NOT_FOUND);
	check_is(g, "InstallConfigurationTable()", g->bs->InstallConfigurationTable(&own, &table),
		 EFI_SUCCESS);
	check_is(g, "adds one", g->st->NumberOfTableEntries, count + 1);
	check(g, "that is found", configuration(g, &own) == &table);
	check_is(g, "and the system table's CRC32 follows", g->st->Hdr.CRC32,
		 crc32((const UINT8 *)g->st, g->st->Hdr.HeaderSize, 16));
	check_is(g, "removing it", g->bs->InstallConfigurationTable(&own, NULL), EFI_SUCCESS);
	check_is(g, "leaves what was", g->st->NumberOfTableEntries, count);
}

static void bytes(struct guest *g)
{
	static UINT8 a[10000], b[10000];
	UINT32 crc = 0;
	UINTN wrong = 0;

	for (unsigned i = 0; i < sizeof(a); i++)
		a[i] = (UINT8)(i * 7);
	check_is(g, "CalculateCrc32()", g->bs->CalculateCrc32("123456789", 9, &crc), EFI_SUCCESS);
	/* The check value that every catalogue of CRCs gives for CRC-32. */
	check_is(g, "of 123456789", crc, 0xcbf43926);
	check_is(g, "of nothing", g->bs->CalculateCrc32(a, 0, &crc), EFI_INVALID_PARAMETER);
	g->bs->CopyMem(b, a, sizeof(a));
	for (unsigned i = 0; i < sizeof(a); i++)
		wrong += b[i] != a[i];
	check_is(g, "CopyMem()", wrong, 0);
	g->bs->CopyMem(b + 1, b, sizeof(b) - 1);
	for (unsigned i = 1; i < sizeof(a); i++)
		wrong += b[i] != a[i - 1];
	check_is(g, "up into itself", wrong, 0);
	g->bs->CopyMem(b, b + 1, sizeof(b) - 1);
	for (unsigned i = 0; i + 1 < sizeof(a); i++)
		wrong += b[i] != a[i];
	check_is(g, "and down", wrong, 0);
	g->bs->SetMem(b + 1, 5000, 0x5a);
	check(g, "SetMem()", b[0] == a[0] && b[1] == 0x5a && b[5000] == 0x5a && b[5001] == a[5001]);
}

static void loaded_image(struct guest *g)
{
	EFI_GUID guid = LOADED_IMAGE_PROTOCOL;
	EFI_LOADED_IMAGE *li = NULL;
	const CHAR16 *options;

	check_is(g, "the image handle has LoadedImage",
		 g->bs->HandleProtocol(g->image, &guid, (VOID **)&li), EFI_SUCCESS);
	check(g, "of its revision", li && li->Revision == EFI_IMAGE_INFORMATION_REVISION);
	check(g, "and this system table", li && li->SystemTable == g->st);
	check(g, "and this code",
	      li && (UINT8 *)&loaded_image >= (UINT8 *)li->ImageBase &&
		      (UINT8 *)&loaded_image < (UINT8 *)li->ImageBase + li->ImageSize);
	options = li ? li->LoadOptions : NULL;
	check(g, "and the command line, with its NUL",
	      options && li->LoadOptionsSize == 2 * 5 && options[0] == 'a' && options[1] == ' ' &&
		      options[2] == 0xe9 && options[3] == 0x20ac && options[4] == 0);
}

static void guest_run(struct guest *g)
{
	header(g, "system table", &g->st->Hdr, EFI_SYSTEM_TABLE_SIGNATURE, sizeof(*g->st));
	header(g, "boot services", &g->bs->Hdr, EFI_BOOT_SERVICES_SIGNATURE, sizeof(*g->bs));
	header(g, "runtime services", &g->rt->Hdr, EFI_RUNTIME_SERVICES_SIGNATURE, sizeof(*g->rt));
	acpi(g);
	smbios(g);
	memory_attributes(g);
	install_table(g);
	bytes(g);
	loaded_image(g);
}
