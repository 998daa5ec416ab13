/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists of hvm_start_info, which EBX points to at a PVH entry: xen/include/public/arch-x86/hvm/start_info.h. */
#include "specs/lists.h"

#define NR_MODULES     12u
#define MODLIST        16u
#define MEMMAP         40u
#define MEMMAP_ENTRIES 48u
#define MODULE_SIZE    32u
#define ENTRY_SIZE     24u

/* Where @field leads, and the number at @count_field. */
static bool read_head(struct eval *ev, const struct handover *h, unsigned field,
		      unsigned count_field, uint64_t *ret_at, uint32_t *ret_count)
{
	gpa_t info = (uint32_t)h->cpu.gpr[GPR_RBX];
	uint8_t at[8], count[4];

	if (!state_read(ev, h, info + field, at, sizeof(at)) ||
	    !state_read(ev, h, info + count_field, count, sizeof(count)))
		return false;
	*ret_at = get_le64(at);
	*ret_count = get_le32(count);
	return true;
}

void list_read_memmap(struct eval *ev, const struct handover *h, struct list *ret)
{
	uint8_t entry[ENTRY_SIZE];
	uint32_t count;
	uint64_t at;

	if (!read_head(ev, h, MEMMAP, MEMMAP_ENTRIES, &at, &count))
		return;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t *row;

		if (!state_read(ev, h, at + (uint64_t)i * sizeof(entry), entry, sizeof(entry)))
			return;
		row = list_add_row(ev, ret);
		if (!row)
			return;
		row[1] = get_le64(entry);
		row[2] = get_le64(entry + 8);
		row[3] = get_le32(entry + 16);
		row[4] = get_le32(entry + 20);
	}
}

void list_read_modules(struct eval *ev, const struct handover *h, struct list *ret)
{
	uint8_t module[MODULE_SIZE];
	uint32_t count;
	uint64_t at;

	if (!read_head(ev, h, MODLIST, NR_MODULES, &at, &count))
		return;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t *row;

		if (!state_read(ev, h, at + (uint64_t)i * sizeof(module), module, sizeof(module)))
			return;
		row = list_add_row(ev, ret);
		if (!row)
			return;
		for (unsigned k = 0; k < 4; k++)
			row[1 + k] = get_le64(module + 8 * k);
	}
}
