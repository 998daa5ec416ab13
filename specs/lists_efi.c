/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UEFI memory as rules see it: the map at the entry, the map that boot_params leads to, and what an image was given
 * and what it changed (UEFI 2.10, 7.2.3; uapi/asm/bootparam.h, struct efi_info).
 */
#include "specs/events.h"
#include "specs/lists.h"

#define DESCRIPTOR_MIN 40u
#define DESCRIPTOR_MAX 4096u
#define MAP_SIZE_MAX   MIB(1)

enum region_field { REGION_TYPE = 1, REGION_START, REGION_PAGES, REGION_ATTR };

void list_read_efi_map(struct eval *ev, struct list *ret)
{
	const struct judge_context *c = ev->context;

	if (!c->efi_map)
		eval_stop(ev, EVAL_SKIP, "this path has no UEFI memory map, or it is not known");
	for (size_t i = 0; c->efi_map && i < c->efi_map_count; i++) {
		uint64_t *row = list_add_row(ev, ret);

		if (!row)
			return;
		row[REGION_TYPE] = c->efi_map[i].type;
		row[REGION_START] = c->efi_map[i].start;
		row[REGION_PAGES] = c->efi_map[i].pages;
		row[REGION_ATTR] = c->efi_map[i].attr;
	}
}

void add_efi_regions(struct eval *ev, uint64_t type, struct regions *set)
{
	struct list list = { 0 };
	uint64_t len;

	list_read_efi_map(ev, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (list.rows[i][REGION_TYPE] != type)
			continue;
		if (__builtin_mul_overflow(list.rows[i][REGION_PAGES], GUEST_PAGE_SIZE, &len))
			eval_stop(ev, EVAL_ERROR, "a region of 2^64 bytes and more");
		else
			set_add(ev, set, list.rows[i][REGION_START], len);
	}
	list_free(&list);
}

static uint64_t bp_field(struct eval *ev, const struct handover *h, enum bp_field field)
{
	uint8_t bytes[8] = { 0 };
	gpa_t bp;

	if (bp_address(ev, h, &bp))
		state_read(ev, h, bp + bp_fields[field].offset, bytes, bp_fields[field].width);
	return get_le64(bytes);
}

void list_read_efi_memmap(struct eval *ev, const struct handover *h, struct list *ret)
{
	uint64_t size = bp_field(ev, h, BP_EFI_INFO_EFI_MEMDESC_SIZE);
	uint64_t len = bp_field(ev, h, BP_EFI_INFO_EFI_MEMMAP_SIZE);
	gpa_t at = bp_field(ev, h, BP_EFI_INFO_EFI_MEMMAP) |
		   bp_field(ev, h, BP_EFI_INFO_EFI_MEMMAP_HI) << 32;
	uint8_t raw[DESCRIPTOR_MIN];

	if (ev->status == EVAL_OK && !len)
		eval_stop(ev, EVAL_SKIP, "boot_params leads to no UEFI memory map");
	if (ev->status != EVAL_OK)
		return;
	if (size < DESCRIPTOR_MIN || size > DESCRIPTOR_MAX || len > MAP_SIZE_MAX) {
		eval_stop(ev, EVAL_UNREADABLE, "boot_params leads to what is no UEFI memory map");
		return;
	}
	for (uint64_t i = 0; i + size <= len; i += size) {
		uint64_t *row;

		if (!state_read(ev, h, at + i, raw, sizeof(raw)))
			return;
		row = list_add_row(ev, ret);
		if (!row)
			return;
		row[REGION_TYPE] = get_le32(raw);
		row[REGION_START] = get_le64(raw + 8);
		row[REGION_PAGES] = get_le64(raw + 24);
		row[REGION_ATTR] = get_le64(raw + 32);
	}
}

void add_efi_allocated(struct eval *ev, const struct handover *h, struct regions *set)
{
	struct list list = { 0 };

	list_read_events(ev, h, EVENT_EFI_MEMORY, &list);
	for (size_t i = 0; i < list.count; i++) {
		const uint64_t *e = list.rows[i] + EVENT_FIELD_ARG;
		uint64_t len;

		if (__builtin_mul_overflow(e[1], GUEST_PAGE_SIZE, &len))
			eval_stop(ev, EVAL_ERROR, "an allocation of 2^64 bytes and more");
		else
			set_add(ev, set, e[0], len);
	}
	list_free(&list);
}

void add_changed(struct eval *ev, const struct handover *h, struct regions *set)
{
	const struct name_ref at_entry = { .at_point = true, .point = POINT_ENTRY };
	const struct handover *entry = name_handover(ev, &at_entry);
	uint8_t was[GUEST_PAGE_SIZE];

	if (!entry)
		return;
	if (!h->pages || !entry->pages || ev->context->partial_memory) {
		eval_stop(ev, EVAL_SKIP, "the state does not hold all memory");
		return;
	}
	/* A page that holds bytes of its own never loses them, so that those of the later state are all. */
	for (size_t i = 0; ev->status == EVAL_OK && i < pages_count(h->pages); i++) {
		const uint8_t *now;
		gpa_t gpa = pages_address(h->pages, i, &now);

		eval_spend(ev, 16);
		if (pages_read(entry->pages, gpa, was, sizeof(was)) ||
		    memcmp(was, now, sizeof(was)) != 0)
			set_add(ev, set, gpa, GUEST_PAGE_SIZE);
	}
}
