/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the E820 map as boot_params has it: 20 bytes an entry, u64 address, u64 size, u32 type (uapi/asm/setup_data.h, boot_e820_entry). */
#include "models/e820.h"

#include "loaders/bootparam.h"

#define ENTRY_SIZE 20

_Static_assert(PLATFORM_E820_MAX <= BOOT_PARAMS_E820_MAX, "the table in boot_params has 128 slots");
_Static_assert(BOOT_PARAMS_E820 + BOOT_PARAMS_E820_MAX * ENTRY_SIZE <= BOOT_PARAMS_SIZE,
	       "the table lies inside boot_params");

void e820_write(uint8_t *bp, const struct platform *platform)
{
	for (unsigned i = 0; i < platform->e820_count; i++) {
		const struct e820_entry *e = &platform->e820[i];
		uint8_t *slot = bp + BOOT_PARAMS_E820 + i * ENTRY_SIZE;

		put_le64(slot, e->addr);
		put_le64(slot + 8, e->size);
		put_le32(slot + 16, e->type);
	}
	bp_set(bp, BP_E820_ENTRIES, platform->e820_count);
}

uint64_t e820_kib_above_1m(const struct platform *platform)
{
	for (unsigned i = 0; i < platform->e820_count; i++) {
		const struct e820_entry *e = &platform->e820[i];

		if (e->type == E820_RAM && e->addr <= MIB(1) && e->size != 0 &&
		    e->addr + (e->size - 1) > MIB(1))
			return ((e->addr + (e->size - 1)) >> 10) - (MIB(1) >> 10);
	}
	return 0;
}
