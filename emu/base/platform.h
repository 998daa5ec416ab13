/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one machine that every path boots: RAM map, firmware tables, initrd, command line, CPU profile, seed. */
#ifndef EMU_BASE_PLATFORM_H
#define EMU_BASE_PLATFORM_H

#include "emu/base/diag.h"
#include "emu/base/regions.h"
#include "emu/base/types.h"

/* E820 types: ACPI 6.5 table 15.4, and Linux's own (uapi/asm/bootparam.h, e820/types.h). */
enum e820_type {
	E820_RAM = 1,
	E820_RESERVED = 2,
	E820_ACPI = 3,
	E820_NVS = 4,
	E820_UNUSABLE = 5,
	E820_DISABLED = 6,
	E820_PMEM = 7,
	E820_PRAM = 12,
	E820_SOFT_RESERVED = 0xefffffff,
	E820_RESERVED_KERN = 128,
};

struct e820_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type;
};

#define PLATFORM_E820_MAX 128

/* What an EFI_MEMORY_DESCRIPTOR says (UEFI 2.10, 7.2.3), VirtualStart apart. */
struct efi_region {
	uint32_t type; /* enum efi_memory_type, models/efi_abi.h */
	gpa_t start;
	uint64_t pages;
	uint64_t attr;
};

/* A UEFI variable that is there at the start; deleted when it has no data. */
struct efi_preset {
	const char *name;
	uint8_t guid[16];    /* as it lies in memory */
	uint32_t attributes; /* EFI_VARIABLE_*, models/efi_abi.h */
	struct bytes data;
};

#define PLATFORM_EFI_MAP_MAX 1024u

enum cpu_profile { CPU_GENERIC, CPU_QEMU64, CPU_MAX, CPU_PROFILE_COUNT };

extern const char *const cpu_profile_names[CPU_PROFILE_COUNT];

struct file_tree; /* loaders/file_tree.h */

struct platform {
	uint64_t memory;    /* bytes of RAM, as the user asked for them */
	struct regions ram; /* guest physical RAM; values unused */
	struct regions rom; /* read-only memory that firmware owns; values unused */
	struct e820_entry e820[PLATFORM_E820_MAX];
	unsigned e820_count;
	const char *cmdline; /* borrowed, never NULL */
	struct bytes initrd; /* borrowed; len 0: none */
	enum cpu_profile cpu;
	uint64_t seed;
	gpa_t rsdp;        /* guest address of the ACPI RSDP; 0: none */
	struct bytes disk; /* the first hard disk under a BIOS, read-only, borrowed; len 0: none */
	const char *keys;  /* what is typed under a BIOS, borrowed; NULL: nothing */
	uint32_t bios_quirks; /* bits of enum bios_quirk, models/bios.h */
	const struct efi_region
		*efi_map; /* a real machine's UEFI memory map, borrowed; NULL: the built-in one */
	size_t efi_map_count;
	const struct file_tree *
		esp; /* what UEFI firmware has on its system partition, borrowed; NULL: no such disk */
	uint16_t gop_width, gop_height; /* of UEFI firmware's framebuffer; 0: it has none */
	bool efi_nx;                    /* UEFI firmware maps data no-execute and code read-only */
	const struct efi_preset *efi_vars; /* UEFI variables beside the usual ones, borrowed */
	size_t efi_vars_count;
};

#define PLATFORM_MEMORY_DEFAULT MIB(512)
#define PLATFORM_MEMORY_MIN     MIB(2)
#define PLATFORM_MEMORY_MAX     GIB(1009) /* what 40 address bits hold beside QEMU's reserved ranges */

/*
 * The default machine with @memory bytes of RAM: the RAM map and the E820 map
 * that SeaBIOS gives on QEMU's pc machine (i440fx) for that size; no command
 * line, no initrd, seed 0, profile generic. @memory is a multiple of 4 KiB
 * between the limits above, else -EINVAL. Free with platform_release().
 */
int platform_init(struct platform *p, uint64_t memory, struct diag *diag);
void platform_release(struct platform *p);

#endif
