/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The default machine: RAM, ROM and E820 as SeaBIOS 1.16 reports them on QEMU 7.2's pc machine (i440fx); tests/oracle/e820.py captures the figures. */
#include "emu/base/platform.h"

#include <errno.h>

const char *const cpu_profile_names[CPU_PROFILE_COUNT] = {
	[CPU_GENERIC] = "generic",
	[CPU_QEMU64] = "qemu64",
	[CPU_MAX] = "max",
};

#define LOW_RAM_END      0xa0000ull /* conventional memory ends where the VGA window begins */
#define EBDA_START       0x9fc00ull /* SeaBIOS's extended BIOS data area: the last KiB of it */
#define OPTION_ROM_START 0xc0000ull
#define BIOS_START       0xf0000ull
#define HIGH_RAM_START   0x100000ull
#define BIOS_TOP_START   0xfffc0000ull /* the 256 KiB BIOS below 4 GiB */
#define FOUR_GIB         0x100000000ull

/* A pc with this much RAM or more keeps only the first 3 GiB below 4 GiB (its PCI hole then starts on a GiB). */
#define SPLIT_FROM 0xe0000000ull
#define SPLIT_AT   0xc0000000ull

/*
 * The range below 1 TiB that AMD's HyperTransport reserves. QEMU's default CPU
 * shows AMD's vendor id, so the map has it. PLATFORM_MEMORY_MAX is where memory
 * and the 2 GiB PCI window after it reach it: QEMU would then move all of that
 * above it, and refuses to where the CPU has 40 address bits.
 */
#define AMD_HT_START 0xfd00000000ull
#define AMD_HT_SIZE  0x300000000ull

/*
 * What SeaBIOS keeps of the end of low memory, most of it for the ACPI and
 * SMBIOS tables. SMBIOS has one record per 16 GiB, and the fifth no longer
 * fits.
 */
#define TABLES_SIZE       0x20000ull
#define TABLES_SIZE_LARGE 0x21000ull
#define TABLES_LARGE_FROM (GIB(64) + 1)

struct ram_layout {
	uint64_t below; /* end of the RAM below 4 GiB */
	uint64_t above; /* bytes of RAM above 4 GiB */
};

static struct ram_layout ram_layout(uint64_t memory)
{
	struct ram_layout l = { .below = memory, .above = 0 };

	if (memory >= SPLIT_FROM) {
		l.below = SPLIT_AT;
		l.above = memory - SPLIT_AT;
	}
	return l;
}

static void e820_append(struct platform *p, uint64_t addr, uint64_t size, enum e820_type type)
{
	if (size == 0)
		return;
	p->e820[p->e820_count++] = (struct e820_entry){ .addr = addr, .size = size, .type = type };
}

/* In address order, as INT 15h AX=E820h lists them. */
static void e820_fill(struct platform *p, const struct ram_layout *l)
{
	uint64_t tables = p->memory >= TABLES_LARGE_FROM ? TABLES_SIZE_LARGE : TABLES_SIZE;

	e820_append(p, 0, EBDA_START, E820_RAM);
	e820_append(p, EBDA_START, LOW_RAM_END - EBDA_START, E820_RESERVED);
	e820_append(p, BIOS_START, HIGH_RAM_START - BIOS_START, E820_RESERVED);
	e820_append(p, HIGH_RAM_START, l->below - tables - HIGH_RAM_START, E820_RAM);
	e820_append(p, l->below - tables, tables, E820_RESERVED);
	e820_append(p, BIOS_TOP_START, FOUR_GIB - BIOS_TOP_START, E820_RESERVED);
	e820_append(p, FOUR_GIB, l->above, E820_RAM);
	e820_append(p, AMD_HT_START, AMD_HT_SIZE, E820_RESERVED);
}

static int regions_fill(struct platform *p, const struct ram_layout *l)
{
	int ret;

	ret = regions_set(&p->ram, 0, LOW_RAM_END, 0);
	if (ret < 0)
		return ret;
	ret = regions_set(&p->ram, HIGH_RAM_START, l->below - HIGH_RAM_START, 0);
	if (ret < 0)
		return ret;
	ret = regions_set(&p->ram, FOUR_GIB, l->above, 0);
	if (ret < 0)
		return ret;
	ret = regions_set(&p->rom, OPTION_ROM_START, HIGH_RAM_START - OPTION_ROM_START, 0);
	if (ret < 0)
		return ret;
	return regions_set(&p->rom, BIOS_TOP_START, FOUR_GIB - BIOS_TOP_START, 0);
}

int platform_init(struct platform *p, uint64_t memory, struct diag *diag)
{
	struct ram_layout layout;
	int ret;

	*p = (struct platform){ .memory = memory, .cmdline = "" };

	if (memory < PLATFORM_MEMORY_MIN || memory > PLATFORM_MEMORY_MAX)
		return diag_set(diag, -EINVAL,
				"%llu bytes of memory: the machine takes 2 MiB to 1009 GiB",
				(unsigned long long)memory);
	if (memory % GUEST_PAGE_SIZE != 0)
		return diag_set(diag, -EINVAL, "%llu bytes of memory are not a multiple of 4 KiB",
				(unsigned long long)memory);

	layout = ram_layout(memory);
	e820_fill(p, &layout);
	ret = regions_fill(p, &layout);
	if (ret < 0) {
		platform_release(p);
		return diag_set(diag, ret, "out of memory");
	}
	return 0;
}

void platform_release(struct platform *p)
{
	if (!p)
		return;
	regions_free(&p->ram);
	regions_free(&p->rom);
}
