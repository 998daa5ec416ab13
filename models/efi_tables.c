/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's tables in guest memory: system table, services, configuration tables. UEFI 2.10, chapter 4 "EFI System Table". */
#include <errno.h>
#include <stdlib.h>

#include "models/efi.h"

/* Where things lie in the page of runtime services data. */
#define DATA_SYSTEM  0x018u /* behind what edk2's pool has at the start of a block */
#define DATA_RUNTIME 0x100u
#define DATA_VENDOR  0x200u
#define DATA_CONFIG  0x300u
#define CONFIG_ENTRY 24u /* 4.6: GUID, address */
#define DATA_PAGES   1u
#define BOOT_PAGES   1u
#define POOL_PAGES   16u
#define RUNTIME_POOL 15u /* pages between these tables and the GDT, as with OVMF */
#define TABLE_ALIGN  16u

_Static_assert(DATA_CONFIG + EFI_CONFIG_MAX * CONFIG_ENTRY <= DATA_PAGES * GUEST_PAGE_SIZE,
	       "runtime data");

#define FIRMWARE_REVISION 0x10000u

/* 4.6.4 EFI_MEMORY_ATTRIBUTES_TABLE: version, count, descriptor size, flags. */
#define MAT_HEADER  16u
#define MAT_VERSION 1u

/* 4.6.2: version, length, one bit a service in the order of the runtime table. */
#define RT_PROPERTIES_VERSION 1u
#define RT_PROPERTIES_SIZE    8u

/* 7.5.1: an image that is started has five minutes; an instruction is a nanosecond. */
#define WATCHDOG 300000000000ull

uint32_t efi_crc32(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		for (unsigned i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

int efi_table_sign(struct machine *m, gpa_t gpa)
{
	uint8_t raw[512];
	uint32_t size;
	int ret = machine_read(m, gpa, raw, EFI_HEADER_SIZE);

	if (ret < 0)
		return ret;
	size = get_le32(raw + 12);
	if (size > sizeof(raw))
		return -EINVAL;
	ret = machine_read(m, gpa, raw, size);
	if (ret < 0)
		return ret;
	put_le32(raw + 16, 0);
	put_le32(raw + 16, efi_crc32(0, raw, size));
	return machine_write(m, gpa + 16, raw + 16, 4);
}

uint64_t efi_now(const struct machine *m)
{
	return machine_instructions(m) / 100;
}

/* --- making --- */

struct efi *efi_create(const struct platform *platform, const struct image *image)
{
	struct efi *efi = calloc(1, sizeof(*efi));

	if (!efi)
		return NULL;
	efi->platform = platform;
	efi->image = image;
	efi->state.tpl = EFI_TPL_APPLICATION;
	rng_init(&efi->state.rng, platform->seed, "efi");
	efi_variables_init(&efi->state.variables, platform);
	return efi;
}

/* One table after the other in the page of boot services data. */
static void place_tables(struct efi_state *s, gpa_t data, gpa_t boot)
{
	for (unsigned i = 0; i < EFI_TABLE_COUNT; i++) {
		if (i == EFI_TABLE_FIRM)
			continue;
		if (i == EFI_TABLE_RT) {
			s->tables[i] = data + DATA_RUNTIME;
			continue;
		}
		s->tables[i] = boot;
		boot += ALIGN_UP(efi_table_infos[i].size, TABLE_ALIGN);
	}
}

/* The types that outlive boot services; of each the highest RAM that the map says is of it and the firmware leaves unused. */
int efi_place_bins(struct efi_memory *mem, const struct efi_room *room)
{
	static const uint32_t types[] = { EFI_RESERVED_MEMORY, EFI_RUNTIME_SERVICES_CODE,
					  EFI_RUNTIME_SERVICES_DATA, EFI_ACPI_RECLAIM_MEMORY,
					  EFI_ACPI_MEMORY_NVS };
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(types) && ret == 0; i++) {
		const struct efi_region *highest = NULL;

		for (size_t k = 0; k < room->count; k++) {
			const struct efi_region *r = &room->items[k];

			if (r->type == types[i] && r->pages && (r->attr & EFI_MEMORY_WB) &&
			    (!highest || r->start > highest->start))
				highest = r;
		}
		if (highest)
			ret = efi_memory_bin(mem, types[i], highest->start, highest->pages);
	}
	return ret;
}

int efi_place(struct efi *efi, const struct efi_map *map, struct efi_room *room, struct diag *diag)
{
	struct efi_state *s = &efi->state;
	gpa_t data, boot, pool, runtime;
	int ret = 0;

	for (size_t i = 0; i < map->count && ret == 0; i++) {
		const struct efi_region *r = &map->items[i];

		ret = efi_memory_set(&s->memory, r->type, r->start, r->pages, r->attr);
	}
	if (ret < 0)
		return diag_set(diag, ret, "the memory map has too many descriptors");
	ret = efi_room_take(room, EFI_RUNTIME_SERVICES_CODE, "the firmware's code",
			    EFI_CODE_PAGES * GUEST_PAGE_SIZE, GUEST_PAGE_SIZE, &s->code, diag);
	if (ret == 0)
		ret = efi_room_take(room, EFI_RUNTIME_SERVICES_DATA, "the firmware's tables",
				    DATA_PAGES * GUEST_PAGE_SIZE, GUEST_PAGE_SIZE, &data, diag);
	if (ret == 0)
		ret = efi_room_take(room, EFI_RUNTIME_SERVICES_DATA, "the runtime pool",
				    RUNTIME_POOL * GUEST_PAGE_SIZE, GUEST_PAGE_SIZE, &runtime,
				    diag);
	if (ret == 0)
		ret = efi_room_take(room, EFI_BOOT_SERVICES_DATA, "the boot services' tables",
				    BOOT_PAGES * GUEST_PAGE_SIZE, GUEST_PAGE_SIZE, &boot, diag);
	if (ret == 0)
		ret = efi_room_take(room, EFI_BOOT_SERVICES_DATA, "the firmware's pool",
				    POOL_PAGES * GUEST_PAGE_SIZE, GUEST_PAGE_SIZE, &pool, diag);
	if (ret == 0)
		ret = efi_pool_give(&s->memory, EFI_BOOT_SERVICES_DATA, pool,
				    POOL_PAGES * GUEST_PAGE_SIZE);
	if (ret == 0)
		ret = efi_pool_give(&s->memory, EFI_RUNTIME_SERVICES_DATA, runtime,
				    RUNTIME_POOL * GUEST_PAGE_SIZE);
	if (ret < 0)
		return ret;
	s->system_table = data + DATA_SYSTEM;
	s->config = data + DATA_CONFIG;
	place_tables(s, data, boot);
	return 0;
}

/* --- configuration tables --- */

static gpa_t config_entry(const struct efi_state *s, uint32_t i)
{
	return s->config + (uint64_t)i * CONFIG_ENTRY;
}

static uint32_t config_find(const struct efi_state *s, const struct machine *m,
			    const struct efi_guid *guid)
{
	for (uint32_t i = 0; i < s->config_count; i++) {
		struct efi_guid here;

		if (machine_read(m, config_entry(s, i), here.b, sizeof(here.b)) == 0 &&
		    efi_guid_equal(&here, guid))
			return i;
	}
	return s->config_count;
}

static void config_remove(struct efi_state *s, struct machine *m, uint32_t at)
{
	uint8_t raw[CONFIG_ENTRY];

	for (uint32_t i = at; i + 1 < s->config_count; i++) {
		if (machine_read(m, config_entry(s, i + 1), raw, sizeof(raw)) == 0)
			machine_write(m, config_entry(s, i), raw, sizeof(raw));
	}
	s->config_count--;
	memset(raw, 0, sizeof(raw));
	machine_write(m, config_entry(s, s->config_count), raw, sizeof(raw));
}

efi_status_t efi_config_set(struct efi *efi, struct machine *m, const struct efi_guid *guid,
			    gpa_t table)
{
	struct efi_state *s = &efi->state;
	uint32_t at = config_find(s, m, guid);
	uint8_t raw[CONFIG_ENTRY];

	if (at == s->config_count && !table)
		return EFI_NOT_FOUND;
	if (at == EFI_CONFIG_MAX)
		return EFI_OUT_OF_RESOURCES;
	if (!table) {
		config_remove(s, m, at);
	} else {
		memcpy(raw, guid->b, sizeof(guid->b));
		put_le64(raw + 16, table);
		machine_write(m, config_entry(s, at), raw, sizeof(raw));
		if (at == s->config_count)
			s->config_count++;
	}
	put_le64(raw, s->config_count);
	machine_write(m, s->system_table + EFI_ST_TABLE_COUNT, raw, 8);
	put_le64(raw, s->config);
	machine_write(m, s->system_table + EFI_ST_TABLES, raw, 8);
	efi_table_sign(m, s->system_table);
	return EFI_SUCCESS;
}

uint64_t efi_install_configuration(struct efi_call *c)
{
	struct efi_guid guid;
	efi_status_t status;

	if (!c->arg[0] || !efi_read_guid(c, c->arg[0], &guid))
		return EFI_INVALID_PARAMETER;
	status = efi_config_set(c->efi, c->m, &guid, c->arg[1]);
	/* 7.5.6: the group of events that bears the table's GUID. */
	if (status == EFI_SUCCESS)
		efi_event_signal_group(c->efi, &guid);
	return status;
}

/* Bit n: the n-th runtime service works after ExitBootServices(). */
static uint32_t runtime_supported(void)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < EFI_SERVICE_COUNT; i++) {
		const struct efi_service_info *info = &efi_service_infos[i];

		if (info->table == EFI_TABLE_RT && info->fn)
			mask |= BIT((info->offset - EFI_HEADER_SIZE) / 8);
	}
	return mask;
}

static int rt_properties_write(struct efi *efi, struct machine *m)
{
	uint8_t raw[RT_PROPERTIES_SIZE];
	gpa_t gpa;

	put_le16(raw, RT_PROPERTIES_VERSION);
	put_le16(raw + 2, sizeof(raw));
	put_le32(raw + 4, runtime_supported());
	gpa = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, raw, sizeof(raw));
	if (!gpa)
		return -ENOSPC;
	efi_config_set(efi, m, efi_guid(EFI_GUID_RT_PROPERTIES), gpa);
	return 0;
}

/* Code may be executed and not written, data the other way round. */
static uint64_t mat_attributes(uint32_t type)
{
	return EFI_MEMORY_RUNTIME |
	       (type == EFI_RUNTIME_SERVICES_CODE ? EFI_MEMORY_RO : EFI_MEMORY_XP);
}

static bool in_mat(const struct efi_range *r)
{
	return r->type == EFI_RUNTIME_SERVICES_CODE || r->type == EFI_RUNTIME_SERVICES_DATA;
}

static int memory_attributes_write(struct efi *efi, struct machine *m)
{
	const struct efi_memory *mem = &efi->state.memory;
	uint8_t raw[EFI_DESCRIPTOR_SIZE] = { 0 };
	uint32_t count = 0;
	gpa_t gpa, at;

	for (uint32_t i = 0; i < mem->range_count; i++)
		count += in_mat(&mem->ranges[i]);
	if (efi_pool_allocate(&efi->state.memory, EFI_BOOT_SERVICES_DATA,
			      MAT_HEADER + (uint64_t)count * EFI_DESCRIPTOR_SIZE,
			      &gpa) != EFI_SUCCESS)
		return -ENOSPC;
	put_le32(raw, MAT_VERSION);
	put_le32(raw + 4, count);
	put_le32(raw + 8, EFI_DESCRIPTOR_SIZE);
	machine_write(m, gpa, raw, MAT_HEADER);
	at = gpa + MAT_HEADER;
	for (uint32_t i = 0; i < mem->range_count; i++) {
		struct efi_range r = mem->ranges[i];

		if (!in_mat(&r))
			continue;
		r.attr = mat_attributes(r.type);
		efi_descriptor_put(&r, raw);
		machine_write(m, at, raw, sizeof(raw));
		at += sizeof(raw);
	}
	efi_config_set(efi, m, efi_guid(EFI_GUID_MEMORY_ATTRIBUTES_TABLE), gpa);
	return 0;
}

/* --- attach --- */

static int header_write(struct machine *m, gpa_t gpa, uint64_t signature, uint32_t size)
{
	uint8_t raw[EFI_HEADER_SIZE] = { 0 };

	put_le64(raw, signature);
	put_le32(raw + 8, EFI_REVISION);
	put_le32(raw + 12, size);
	return machine_write(m, gpa, raw, sizeof(raw));
}

static int services_write(struct efi *efi, struct machine *m)
{
	static const struct {
		enum efi_table table;
		uint64_t signature;
	} headed[] = {
		{ EFI_TABLE_BS, EFI_BOOT_SERVICES_SIGNATURE },
		{ EFI_TABLE_RT, EFI_RUNTIME_SERVICES_SIGNATURE },
	};
	struct efi_state *s = &efi->state;
	int ret = 0;

	for (unsigned i = 0; i < EFI_TABLE_COUNT && ret == 0; i++) {
		if (s->tables[i])
			ret = efi_interface_write(efi, m, (enum efi_table)i, s->tables[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(headed) && ret == 0; i++) {
		gpa_t gpa = s->tables[headed[i].table];

		ret = header_write(m, gpa, headed[i].signature,
				   efi_table_infos[headed[i].table].size);
		if (ret == 0)
			ret = efi_table_sign(m, gpa);
	}
	return ret;
}

static int system_table_write(struct efi *efi, struct machine *m)
{
	static const char vendor[] = "b\0o\0o\0t\0p\0a\0t\0h\0";
	struct efi_state *s = &efi->state;
	gpa_t data = s->system_table - DATA_SYSTEM;
	uint8_t raw[EFI_ST_SIZE] = { 0 };
	int ret;

	put_le64(raw, EFI_SYSTEM_TABLE_SIGNATURE);
	put_le32(raw + 8, EFI_REVISION);
	put_le32(raw + 12, EFI_ST_SIZE);
	put_le64(raw + EFI_ST_VENDOR, data + DATA_VENDOR);
	put_le32(raw + EFI_ST_REVISION, FIRMWARE_REVISION);
	put_le64(raw + EFI_ST_CONIN_HANDLE, s->console_handle);
	put_le64(raw + EFI_ST_CONIN, s->tables[EFI_TABLE_CONIN]);
	put_le64(raw + EFI_ST_CONOUT_HANDLE, s->console_handle);
	put_le64(raw + EFI_ST_CONOUT, s->tables[EFI_TABLE_CONOUT]);
	put_le64(raw + EFI_ST_STDERR_HANDLE, s->console_handle);
	put_le64(raw + EFI_ST_STDERR, s->tables[EFI_TABLE_CONOUT]);
	put_le64(raw + EFI_ST_RUNTIME, s->tables[EFI_TABLE_RT]);
	put_le64(raw + EFI_ST_BOOT, s->tables[EFI_TABLE_BS]);
	put_le64(raw + EFI_ST_TABLE_COUNT, s->config_count);
	put_le64(raw + EFI_ST_TABLES, s->config);
	ret = machine_write(m, s->system_table, raw, sizeof(raw));
	/* The string's own NUL is the second half of the last character. */
	if (ret == 0)
		ret = machine_write(m, data + DATA_VENDOR, vendor, sizeof(vendor));
	return ret ? ret : efi_table_sign(m, s->system_table);
}

static int configuration_write(struct efi *efi, struct machine *m)
{
	gpa_t rsdp = efi->rsdp;
	int ret;

	if (rsdp) {
		efi_config_set(efi, m, efi_guid(EFI_GUID_ACPI_10), rsdp);
		efi_config_set(efi, m, efi_guid(EFI_GUID_ACPI_20), rsdp);
	}
	if (efi->smbios)
		efi_config_set(efi, m, efi_guid(EFI_GUID_SMBIOS), efi->smbios);
	ret = rt_properties_write(efi, m);
	return ret ? ret : memory_attributes_write(efi, m);
}

int efi_attach(struct machine *m, struct efi *efi, const struct cpu_state *entry, struct diag *diag)
{
	struct efi_state *s = &efi->state;
	struct part part = { .name = "efi", .version = 1, .size = sizeof(*s), .state = s };
	int ret;

	s->watchdog = WATCHDOG;
	s->cr3 = entry->cr3;
	s->gdt = entry->gdtr.base;
	s->idt = entry->idtr.base;
	ret = efi_attach_stubs(m, efi);
	if (ret == 0)
		ret = services_write(efi, m);
	if (ret == 0)
		ret = efi_protocols_install(efi, m);
	if (ret == 0)
		ret = system_table_write(efi, m);
	if (ret == 0)
		ret = configuration_write(efi, m);
	if (ret == 0)
		ret = machine_part_add(m, &part);
	return ret ? diag_set(diag, ret, "the firmware does not fit into the machine") : 0;
}
