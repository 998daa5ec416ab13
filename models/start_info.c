/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes hvm_start_info, its module list and its memory map: xen/include/public/arch-x86/hvm/start_info.h. */
#include "models/start_info.h"

/* Its types are ACPI's, and so are the platform's. */
_Static_assert(E820_RAM == 1 && E820_PMEM == 7, "XEN_HVM_MEMMAP_TYPE_*");

uint32_t start_info_put(uint8_t ret[START_INFO_SIZE_V1], const struct start_info *info)
{
	memset(ret, 0, START_INFO_SIZE_V1);
	put_le32(ret, START_INFO_MAGIC);
	put_le32(ret + 4, info->version);
	put_le32(ret + 8, info->flags);
	put_le32(ret + 12, info->nr_modules);
	put_le64(ret + 16, info->modlist);
	put_le64(ret + 24, info->cmdline);
	put_le64(ret + 32, info->rsdp);
	if (info->version == 0)
		return START_INFO_SIZE_V0;
	put_le64(ret + 40, info->memmap);
	put_le32(ret + 48, info->memmap_entries);
	return START_INFO_SIZE_V1;
}

void start_info_put_module(uint8_t ret[START_INFO_MODULE_SIZE], gpa_t gpa, uint64_t size,
			   gpa_t cmdline)
{
	put_le64(ret, gpa);
	put_le64(ret + 8, size);
	put_le64(ret + 16, cmdline);
	put_le64(ret + 24, 0);
}

void start_info_put_memmap(uint8_t *ret, const struct platform *platform)
{
	for (unsigned i = 0; i < platform->e820_count; i++) {
		uint8_t *entry = ret + (size_t)i * START_INFO_MEMMAP_ENTRY;

		put_le64(entry, platform->e820[i].addr);
		put_le64(entry + 8, platform->e820[i].size);
		put_le32(entry + 16, platform->e820[i].type);
		put_le32(entry + 20, 0);
	}
}
