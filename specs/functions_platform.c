/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions that compare a state with what every path was given: the command
 * line, the initrd and the firmware's tables. Equal to that is equal to each other.
 */
#include "specs/functions.h"

#include <inttypes.h>

#define CMDLINE_MAX    0x10000u
#define CHUNK          4096u
#define EFI_TABLES_MAX 4096u

#define EFI64_SIGNATURE 0x34364c45u /* "EL64", zero-page.rst 1C0; arch/x86/include/asm/efi.h */

/* UEFI 2.10, 4.3 "EFI System Table", and 4.6 "EFI Configuration Table" */
#define SYSTAB_TABLE_COUNT 0x68u
#define SYSTAB_TABLES      0x70u
#define CONFIG_TABLE_SIZE  24u

/* ACPI 6.5, 5.2.5 "Root System Description Pointer" */
#define RSDP_SIZE     20u
#define RSDP_STEP     16u
#define EBDA_POINTER  0x40eu
#define EBDA_SEARCHED 1024u
#define EBDA_LOWEST   0x80000u
#define EBDA_END      0xa0000u
#define BIOS_START    0xe0000u
#define BIOS_SIZE     0x20000u

/* Where a kernel finds the RSDP: drivers/acpi/osl.c, acpi_os_get_root_pointer(). */
static const uint8_t acpi_guids[2][16] = {
	{ 0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11, 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88,
	  0x81 },
	{ 0x30, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11, 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1,
	  0x4d },
};

static bool read_boot_params(struct eval *ev, uint8_t ret[BOOT_PARAMS_SIZE])
{
	gpa_t gpa;

	return bp_address(ev, ev->now, &gpa) && state_read(ev, ev->now, gpa, ret, BOOT_PARAMS_SIZE);
}

static struct value call_cmdline_is_asked(struct eval *ev, const struct value *a)
{
	const char *asked = ev->context->cmdline;
	uint8_t bp[BOOT_PARAMS_SIZE], c;
	gpa_t at;

	(void)a;
	if (!asked) {
		eval_stop(ev, EVAL_SKIP, "nobody knows which command line was asked for");
		return function_bool(false);
	}
	if (!read_boot_params(ev, bp))
		return function_bool(false);
	at = bp_get(bp, BP_HDR_CMD_LINE_PTR) | bp_get(bp, BP_EXT_CMD_LINE_PTR) << 32;
	if (!at)
		return function_bool(!*asked);
	for (uint32_t i = 0; i < CMDLINE_MAX; i++) {
		if (!state_read(ev, ev->now, at + i, &c, 1))
			return function_bool(false);
		if (c != (uint8_t)asked[i])
			return function_bool(false);
		if (!c)
			return function_bool(true);
	}
	return function_bool(false);
}

static struct value call_initrd_is_asked(struct eval *ev, const struct value *a)
{
	struct bytes asked = ev->context->initrd;
	uint8_t bp[BOOT_PARAMS_SIZE], now[CHUNK];
	uint64_t size;
	gpa_t at;

	(void)a;
	if (!ev->context->fact_known[FACT_INITRD_SIZE] ||
	    ev->context->facts[FACT_INITRD_SIZE] != asked.len) {
		eval_stop(ev, EVAL_SKIP, "nobody knows which initrd was asked for");
		return function_bool(false);
	}
	if (!read_boot_params(ev, bp))
		return function_bool(false);
	at = bp_get(bp, BP_HDR_RAMDISK_IMAGE) | bp_get(bp, BP_EXT_RAMDISK_IMAGE) << 32;
	size = bp_get(bp, BP_HDR_RAMDISK_SIZE) | bp_get(bp, BP_EXT_RAMDISK_SIZE) << 32;
	if (size != asked.len)
		return function_bool(false);
	for (uint64_t i = 0; i < size; i += CHUNK) {
		size_t n = size - i < CHUNK ? (size_t)(size - i) : CHUNK;

		if (!state_read(ev, ev->now, at + i, now, n))
			return function_bool(false);
		if (memcmp(now, asked.data + i, n))
			return function_bool(false);
	}
	return function_bool(true);
}

/* --- the RSDP --- */

/* PVH: xen/arch-x86/hvm/start_info.h, rsdp_paddr, of the start_info that the entry was given. */
static gpa_t rsdp_of_start_info(struct eval *ev)
{
	const struct judge_context *c = ev->context;
	uint8_t rsdp[8];

	for (size_t i = 0; c->path && !strcmp(c->path, "pvh") && i < c->handover_count; i++) {
		const struct handover *h = &c->handovers[i];

		if (h->point == POINT_ENTRY &&
		    state_read(ev, h, (uint32_t)h->cpu.gpr[GPR_RBX] + 32, rsdp, sizeof(rsdp)))
			return get_le64(rsdp);
	}
	return 0;
}

static gpa_t rsdp_of_efi(struct eval *ev, const uint8_t *bp)
{
	gpa_t systab = bp_get(bp, BP_EFI_INFO_EFI_SYSTAB) | bp_get(bp, BP_EFI_INFO_EFI_SYSTAB_HI)
								    << 32;
	uint8_t head[16], table[CONFIG_TABLE_SIZE];
	gpa_t found[ARRAY_SIZE(acpi_guids)] = { 0 };

	if (bp_get(bp, BP_EFI_INFO_EFI_LOADER_SIGNATURE) != EFI64_SIGNATURE || !systab ||
	    !state_read(ev, ev->now, systab + SYSTAB_TABLE_COUNT, head, sizeof(head)))
		return 0;
	for (uint64_t i = 0; i < get_le64(head) && i < EFI_TABLES_MAX; i++) {
		if (!state_read(ev, ev->now, get_le64(head + 8) + i * sizeof(table), table,
				sizeof(table)))
			return 0;
		for (unsigned k = 0; k < ARRAY_SIZE(acpi_guids); k++) {
			if (!memcmp(table, acpi_guids[k], sizeof(acpi_guids[k])))
				found[k] = get_le64(table + 16);
		}
	}
	return found[0] ? found[0] : found[1];
}

static gpa_t rsdp_scan(struct eval *ev, gpa_t from, uint64_t size)
{
	uint8_t t[RSDP_SIZE];

	for (gpa_t at = from; at + RSDP_SIZE <= from + size && ev->status == EVAL_OK;
	     at += RSDP_STEP) {
		uint8_t sum = 0;

		if (!state_read(ev, ev->now, at, t, sizeof(t)))
			return 0;
		for (size_t i = 0; i < sizeof(t); i++)
			sum = (uint8_t)(sum + t[i]);
		if (!memcmp(t, "RSD PTR ", 8) && !sum)
			return at;
	}
	return 0;
}

static struct value call_rsdp(struct eval *ev, const struct value *a)
{
	uint8_t bp[BOOT_PARAMS_SIZE], segment[2];
	gpa_t at = 0, ebda = 0;

	(void)a;
	if (!read_boot_params(ev, bp))
		return function_int(0);
	at = bp_get(bp, BP_ACPI_RSDP_ADDR);
	if (!at)
		at = rsdp_of_start_info(ev);
	if (!at)
		at = rsdp_of_efi(ev, bp);
	if (!at && state_read(ev, ev->now, EBDA_POINTER, segment, sizeof(segment)))
		ebda = (gpa_t)get_le16(segment) << 4;
	/* Without a BIOS the word may hold anything. */
	if (ebda >= EBDA_LOWEST && ebda < EBDA_END)
		at = rsdp_scan(ev, ebda, EBDA_SEARCHED);
	if (!at && ev->status == EVAL_OK)
		at = rsdp_scan(ev, BIOS_START, BIOS_SIZE);
	return function_int(at);
}

const struct function platform_functions[] = {
	{ "cmdline_is_asked", VALUE_BOOL, "", true, call_cmdline_is_asked,
	  "the command line in memory is the one that was asked for, to the byte" },
	{ "initrd_is_asked", VALUE_BOOL, "", true, call_initrd_is_asked,
	  "so is the initrd: its size and its bytes" },
	{ "rsdp_found", VALUE_INT, "", true, call_rsdp,
	  "where the kernel will find ACPI's RSDP: boot_params, start_info, UEFI's tables, or a search of the BIOS area; 0: nowhere" },
};
const size_t platform_function_count = ARRAY_SIZE(platform_functions);
