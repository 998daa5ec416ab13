/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runtime services other than variables: UEFI 2.10, 8.3 "Time Services", 8.4 "Virtual Memory Services", 8.5 "Miscellaneous". */
#include "models/efi.h"

#define NS_PER_SECOND 1000000000ull

/* The clock begins at midnight of a day that means nothing, as the platform's other clocks do. */
#define CLOCK_YEAR  2024u
#define CLOCK_MONTH 1u
#define CLOCK_DAY   1u

#define EFI_TIME_SIZE         16u
#define EFI_CAPABILITIES_SIZE 12u
#define TIMEZONE_UNSPECIFIED  0x07ff

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* EFI_TIME: year, month, day, hour, minute, second, pad, nanosecond, time zone, daylight. */
static void time_put(uint64_t ns, uint8_t raw[EFI_TIME_SIZE])
{
	unsigned year = CLOCK_YEAR, month = CLOCK_MONTH;
	uint64_t seconds = ns / NS_PER_SECOND, days = seconds / 86400;

	while (days >= month_days(year, month)) {
		days -= month_days(year, month);
		if (++month > 12) {
			month = 1;
			year++;
		}
	}
	memset(raw, 0, EFI_TIME_SIZE);
	put_le16(raw, (uint16_t)year);
	raw[2] = (uint8_t)month;
	raw[3] = (uint8_t)(CLOCK_DAY + days);
	raw[4] = (uint8_t)(seconds / 3600 % 24);
	raw[5] = (uint8_t)(seconds / 60 % 60);
	raw[6] = (uint8_t)(seconds % 60);
	put_le32(raw + 8, (uint32_t)(ns % NS_PER_SECOND));
	put_le16(raw + 12, TIMEZONE_UNSPECIFIED);
}

/* Arguments: time, capabilities. */
uint64_t efi_get_time(struct efi_call *c)
{
	uint8_t raw[EFI_TIME_SIZE], caps[EFI_CAPABILITIES_SIZE] = { 0 };

	if (!c->arg[0])
		return EFI_INVALID_PARAMETER;
	time_put(machine_instructions(c->m), raw);
	if (!efi_write(c, c->arg[0], raw, sizeof(raw)))
		return EFI_INVALID_PARAMETER;
	/* Resolution in Hz, accuracy in 1e-6 ppm, whether setting clears what is below a second. */
	put_le32(caps, 1);
	put_le32(caps + 4, 50000000);
	if (c->arg[1] && !efi_write(c, c->arg[1], caps, sizeof(caps)))
		return EFI_INVALID_PARAMETER;
	return EFI_SUCCESS;
}

uint64_t efi_get_next_high_count(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;
	uint32_t high = (uint32_t)(s->monotonic >> 32) + 1;

	if (!c->arg[0] || !efi_write_u32(c, c->arg[0], high))
		return EFI_INVALID_PARAMETER;
	s->monotonic = (uint64_t)high << 32;
	return EFI_SUCCESS;
}

/* Arguments: kind, status, data size, data. */
uint64_t efi_reset_system(struct efi_call *c)
{
	static const char *const kinds[] = { "EfiResetCold", "EfiResetWarm", "EfiResetShutdown",
					     "EfiResetPlatformSpecific" };
	uint32_t kind = (uint32_t)c->arg[0];

	machine_stop(c->m, STOP_EXIT, "the guest called ResetSystem(%s, status 0x%llx)",
		     kind < ARRAY_SIZE(kinds) ? kinds[kind] : "an unknown kind",
		     (unsigned long long)c->arg[1]);
	return EFI_SUCCESS;
}

/* --- virtual addresses --- */

/* What is being converted: the map of the one SetVirtualAddressMap() call that is under way. */
struct virtual_map {
	struct efi_call *c;
	gva_t map;
	uint64_t count;
	uint64_t step;
};

/* The virtual address of @gpa, or 0 when no descriptor has it. */
static uint64_t map_convert(const struct virtual_map *v, gpa_t gpa)
{
	for (uint64_t i = 0; i < v->count; i++) {
		uint8_t raw[EFI_DESCRIPTOR_USED];
		uint64_t start, pages;

		if (!efi_read(v->c, v->map + i * v->step, raw, sizeof(raw)))
			return 0;
		start = get_le64(raw + 8);
		pages = get_le64(raw + 24);
		if ((get_le64(raw + 32) & EFI_MEMORY_RUNTIME) && gpa >= start &&
		    (gpa - start) / GUEST_PAGE_SIZE < pages)
			return get_le64(raw + 16) + (gpa - start);
	}
	return 0;
}

static bool convert_at(const struct virtual_map *v, gpa_t at)
{
	uint8_t raw[8];
	uint64_t to;

	if (machine_read(v->c->m, at, raw, sizeof(raw)) < 0)
		return false;
	if (get_le64(raw) == 0)
		return true;
	to = map_convert(v, get_le64(raw));
	if (!to)
		return false;
	put_le64(raw, to);
	return machine_write(v->c->m, at, raw, sizeof(raw)) == 0;
}

/*
 * Arguments: map size, descriptor size, version, map. The map is the guest's
 * own, with the virtual addresses it wants. Runtime drivers would have their
 * functions called under it, which is not modelled: nothing that boots kernels is one.
 */
uint64_t efi_set_virtual_address_map(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;
	struct virtual_map v = { .c = c, .map = c->arg[3], .step = c->arg[1] };
	gpa_t rt = s->tables[EFI_TABLE_RT];
	bool all = true;

	if (!s->exited || s->is_virtual)
		return EFI_UNSUPPORTED;
	if ((uint32_t)c->arg[2] != EFI_DESCRIPTOR_VERSION || v.step < EFI_DESCRIPTOR_USED)
		return EFI_INVALID_PARAMETER;
	v.count = c->arg[0] / v.step;
	if (v.count > EFI_RANGES_MAX || !v.map || !efi_reachable(c, v.map, c->arg[0], false))
		return EFI_INVALID_PARAMETER;
	for (uint32_t i = 0; i < s->memory.range_count; i++) {
		const struct efi_range *r = &s->memory.ranges[i];

		if ((r->attr & EFI_MEMORY_RUNTIME) &&
		    (r->type == EFI_RUNTIME_SERVICES_CODE || r->type == EFI_RUNTIME_SERVICES_DATA))
			all &= map_convert(&v, r->start) != 0;
	}
	if (!all)
		return EFI_NOT_FOUND;
	if (efi_event_has_group(c->efi, efi_guid(EFI_GUID_EVENT_VIRTUAL_ADDRESS)))
		c->status = EVENT_UNMODELLED;
	for (unsigned i = 0; i < EFI_SERVICE_COUNT; i++)
		if (efi_service_infos[i].table == EFI_TABLE_RT)
			convert_at(&v, rt + efi_service_infos[i].offset);
	efi_table_sign(c->m, rt);
	convert_at(&v, s->system_table + EFI_ST_VENDOR);
	convert_at(&v, s->system_table + EFI_ST_TABLES);
	convert_at(&v, s->system_table + EFI_ST_RUNTIME);
	efi_table_sign(c->m, s->system_table);
	s->is_virtual = 1;
	return EFI_SUCCESS;
}

/* Only while SetVirtualAddressMap() notifies of the change, which it does not here. */
uint64_t efi_convert_pointer(struct efi_call *c)
{
	return EFI_UNSUPPORTED;
}
