/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The zero page from the setup header: boot.rst "32-bit Boot Protocol", zero-page.rst. */
#include "models/bootparams.h"

void bootparams_init(uint8_t ret_bp[BOOT_PARAMS_SIZE], const struct bzimage *bz)
{
	uint32_t end = bz->header_end;

	if (end > BOOT_PARAMS_HDR_MAX)
		end = BOOT_PARAMS_HDR_MAX;
	memset(ret_bp, 0, BOOT_PARAMS_SIZE);
	if (end > BOOT_PARAMS_HDR)
		memcpy(ret_bp + BOOT_PARAMS_HDR, bz->page + BOOT_PARAMS_HDR, end - BOOT_PARAMS_HDR);
}

void bootparams_set_cmdline(uint8_t *bp, gpa_t gpa)
{
	bp_set(bp, BP_HDR_CMD_LINE_PTR, (uint32_t)gpa);
	bp_set(bp, BP_EXT_CMD_LINE_PTR, gpa >> 32);
}

void bootparams_set_initrd(uint8_t *bp, gpa_t gpa, uint64_t size)
{
	bp_set(bp, BP_HDR_RAMDISK_IMAGE, (uint32_t)gpa);
	bp_set(bp, BP_EXT_RAMDISK_IMAGE, gpa >> 32);
	bp_set(bp, BP_HDR_RAMDISK_SIZE, (uint32_t)size);
	bp_set(bp, BP_EXT_RAMDISK_SIZE, size >> 32);
}

bool bootparams_has(const struct bzimage *bz, enum bp_field f)
{
	return bp_fields[f].since <= bz->protocol;
}
