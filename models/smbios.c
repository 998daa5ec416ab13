/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS 2.8 as QEMU 7.2's pc machine has it: firmware, system, chassis, processor and memory (DSP0134 2.8, chapters 5 and 7). */
#include "models/smbios.h"

#include <errno.h>
#include <stdio.h>

#define GIB4      GIB(4)
#define DIMM_SIZE GIB(16) /* QEMU makes modules of that size at most */
#define UNKNOWN   0xfffeu /* no error information (7.17.8) */

/* DSP0134 table 3: structure types. */
enum smbios_type {
	SMBIOS_FIRMWARE = 0,
	SMBIOS_SYSTEM = 1,
	SMBIOS_CHASSIS = 3,
	SMBIOS_PROCESSOR = 4,
	SMBIOS_ARRAY = 16,
	SMBIOS_MODULE = 17,
	SMBIOS_RANGE = 19,
	SMBIOS_BOOT = 32,
	SMBIOS_END = 127,
};

struct writer {
	struct buf *out;
	unsigned count;
	size_t largest;
};

/* One structure: @size bytes from the type on, and its strings, which it calls 1, 2, 3. Type, length and handle go in front. */
static void structure(struct writer *w, enum smbios_type type, unsigned index, uint8_t *raw,
		      unsigned size, const char *const strings[])
{
	size_t begun = w->out->len;

	raw[0] = (uint8_t)type;
	raw[1] = (uint8_t)size;
	put_le16(raw + 2, (uint16_t)((unsigned)type << 8 | index));
	buf_append(w->out, raw, size);
	for (unsigned i = 0; strings && strings[i]; i++)
		buf_append(w->out, strings[i], strlen(strings[i]) + 1);
	/* A second zero ends them; without strings both stand alone (6.1.3). */
	buf_append(w->out, "\0", strings ? 1 : 2);
	w->count++;
	if (w->out->len - begun > w->largest)
		w->largest = w->out->len - begun;
}

/* 7.1: characteristics are "not supported", and it is a virtual machine's. */
static void firmware(struct writer *w)
{
	static const char *const strings[] = { "bootpath", "1", "04/01/2014", NULL };
	uint8_t t[24] = {
		[4] = 1, 2, 0x00, 0xe8, 3, [10] = BIT(3), [19] = BIT(4), [22] = 0xff, 0xff
	};

	structure(w, SMBIOS_FIRMWARE, 0, t, sizeof(t), strings);
}

/* 7.2: woken by the power switch. */
static void computer(struct writer *w)
{
	static const char *const strings[] = { "QEMU", "Standard PC (i440FX + PIIX, 1996)",
					       "pc-i440fx-7.2", NULL };
	uint8_t t[27] = { [4] = 1, 2, 3, [24] = 6 };

	structure(w, SMBIOS_SYSTEM, 0, t, sizeof(t), strings);
}

/* 7.4: type "other", states "safe", security "unknown". */
static void chassis(struct writer *w)
{
	static const char *const strings[] = { "QEMU", "pc-i440fx-7.2", NULL };
	uint8_t t[22] = { [4] = 1, 1, 2, [9] = 3, 3, 3, 2 };

	structure(w, SMBIOS_CHASSIS, 0, t, sizeof(t), strings);
}

/* 7.5: a central processor of 2 GHz in a socket, one core, one thread; which one, CPUID tells. */
static void processor(struct writer *w)
{
	static const char *const strings[] = { "CPU 0", "QEMU", "pc-i440fx-7.2", NULL };
	uint8_t t[42] = { [4] = 1, 3, 1, 2, [16] = 3, [24] = 0x41, 1, [35] = 1, 1, 1, 2 };

	put_le16(t + 20, 2000);
	put_le16(t + 22, 2000);
	memset(t + 26, 0xff, 6); /* no caches are described */
	put_le16(t + 40, 1);     /* family: other */
	structure(w, SMBIOS_PROCESSOR, 0, t, sizeof(t), strings);
}

/* 7.17: system memory on the mainboard, with multi-bit error correction. */
static void memory_array(struct writer *w, uint64_t memory, unsigned modules)
{
	uint8_t t[23] = { [4] = 1, 3, 6 };

	put_le32(t + 7, (uint32_t)(memory >> 10));
	put_le16(t + 11, UNKNOWN);
	put_le16(t + 13, (uint16_t)modules);
	structure(w, SMBIOS_ARRAY, 0, t, sizeof(t), NULL);
}

/* 7.18: a DIMM of RAM; widths unknown. */
static void memory_module(struct writer *w, unsigned i, uint64_t size)
{
	char name[16];
	const char *strings[] = { name, "QEMU", NULL };
	uint8_t t[40] = { [14] = 9, [16] = 1, [18] = 7, [19] = 2, [23] = 2 };

	snprintf(name, sizeof(name), "DIMM %u", i);
	put_le16(t + 4, SMBIOS_ARRAY << 8);
	put_le16(t + 6, UNKNOWN);
	put_le16(t + 8, 0xffff);
	put_le16(t + 10, 0xffff);
	put_le16(t + 12, (uint16_t)(size >> 20));
	structure(w, SMBIOS_MODULE, i, t, sizeof(t), strings);
}

/* 7.20: addresses in KiB. */
static void memory_range(struct writer *w, unsigned i, gpa_t first, uint64_t size)
{
	uint8_t t[31] = { 0 };

	put_le32(t + 4, (uint32_t)(first >> 10));
	put_le32(t + 8, (uint32_t)((first + size - 1) >> 10));
	put_le16(t + 12, SMBIOS_ARRAY << 8);
	t[14] = 1;
	structure(w, SMBIOS_RANGE, i, t, sizeof(t), NULL);
}

static void memory(struct writer *w, const struct platform *platform)
{
	unsigned modules = (unsigned)((platform->memory + DIMM_SIZE - 1) / DIMM_SIZE);
	uint64_t low = 0;

	for (size_t i = 0; i < platform->ram.count; i++)
		if (platform->ram.items[i].last < GIB4)
			low = platform->ram.items[i].last + 1;
	memory_array(w, platform->memory, modules);
	for (unsigned i = 0; i < modules; i++) {
		uint64_t rest = platform->memory - i * DIMM_SIZE;

		memory_module(w, i, rest < DIMM_SIZE ? rest : DIMM_SIZE);
	}
	memory_range(w, 0, 0, low);
	if (platform->memory > low)
		memory_range(w, 1, GIB4, platform->memory - low);
}

static void checksum(uint8_t *p, unsigned size, uint8_t *at)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < size; i++)
		sum = (uint8_t)(sum + p[i]);
	*at = (uint8_t)-sum;
}

/* 5.2.1, and its intermediate anchor from 10h on. */
static void entry_fill(const struct writer *w, gpa_t table_gpa, size_t size,
		       uint8_t e[SMBIOS_ENTRY_SIZE])
{
	memset(e, 0, SMBIOS_ENTRY_SIZE);
	memcpy(e, "_SM_", 4);
	e[5] = SMBIOS_ENTRY_SIZE;
	e[6] = 2;
	e[7] = 8;
	put_le16(e + 8, (uint16_t)w->largest);
	memcpy(e + 16, "_DMI_", 5);
	put_le16(e + 22, (uint16_t)size);
	put_le32(e + 24, (uint32_t)table_gpa);
	put_le16(e + 28, (uint16_t)w->count);
	e[30] = 0x28;
	checksum(e + 16, 15, e + 21);
	checksum(e, SMBIOS_ENTRY_SIZE, e + 4);
}

int smbios_build(const struct platform *platform, gpa_t table_gpa, struct buf *table,
		 uint8_t ret_entry[SMBIOS_ENTRY_SIZE])
{
	struct writer w = { .out = table };
	uint8_t boot[11] = { 0 }, end[4];
	size_t begun = table->len;

	firmware(&w);
	computer(&w);
	chassis(&w);
	processor(&w);
	memory(&w, platform);
	structure(&w, SMBIOS_BOOT, 0, boot, sizeof(boot), NULL); /* no errors (7.33) */
	structure(&w, SMBIOS_END, 0, end, sizeof(end), NULL);
	if (table->failed)
		return -ENOMEM;
	entry_fill(&w, table_gpa, table->len - begun, ret_entry);
	return 0;
}
