/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The structures that EBX leads to at a PVH entry: xen/include/public/arch-x86/hvm/start_info.h. */
#ifndef MODELS_START_INFO_H
#define MODELS_START_INFO_H

#include "emu/base/platform.h"

#define START_INFO_MAGIC        0x336ec578u
#define START_INFO_SIZE_V0      40u
#define START_INFO_SIZE_V1      56u
#define START_INFO_MODULE_SIZE  32u
#define START_INFO_MEMMAP_ENTRY 24u

/* flags, xen/include/public/xen.h */
#define SIF_PRIVILEGED BIT(0)
#define SIF_INITDOMAIN BIT(1)

/* hvm_start_info by field; an address of 0 means "not there". */
struct start_info {
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	gpa_t modlist;
	gpa_t cmdline;
	gpa_t rsdp;
	gpa_t memmap;            /* version 1 */
	uint32_t memmap_entries; /* version 1 */
};

/* Writes it as its version has it, zero past its end; returns its size. */
uint32_t start_info_put(uint8_t ret[START_INFO_SIZE_V1], const struct start_info *info);

void start_info_put_module(uint8_t ret[START_INFO_MODULE_SIZE], gpa_t gpa, uint64_t size,
			   gpa_t cmdline);

/* @ret has START_INFO_MEMMAP_ENTRY bytes for each of @platform's E820 entries. */
void start_info_put_memmap(uint8_t *ret, const struct platform *platform);

#endif
