/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INT 15h: memory maps and sizes, gate A20, waits, and copying to extended memory (RBIL; ACPI 6.5, 15.1). */
#include "models/bios_impl.h"

#define NOT_SUPPORTED 0x86
#define SMAP          0x534d4150u
#define ENTRY_SIZE    20u
#define ENTRY_SIZE_3  24u    /* ACPI 3.0 */
#define ATTR_ENABLED  BIT(0) /* ACPI 3.0, 14.1: clear, and the entry is to be ignored */

#define KIB_BELOW_16M 0x3c00u      /* AX=E801h counts at most 15 MiB in KiB */
#define KIB_88_MAX    (63u * 1024) /* SeaBIOS's answer when there is more */
#define NS_PER_US     1000ull

void int15_absent(struct bios_call *c)
{
	call_result(c, NOT_SUPPORTED);
}

void int15_key(struct bios_call *c)
{
	call_flag(c, EFLAGS_CF, true);
}

void int15_device(struct bios_call *c)
{
	call_result(c, 0);
}

/* --- gate A20 --- */

void int15_a20_off(struct bios_call *c)
{
	machine_a20_set(c->m, false);
	call_result(c, 0);
}

void int15_a20_on(struct bios_call *c)
{
	if (bios_has_quirk(c->bios->platform, BIOS_QUIRK_A20_KBC)) {
		call_result(c, NOT_SUPPORTED);
		return;
	}
	machine_a20_set(c->m, true);
	call_result(c, 0);
}

void int15_a20_state(struct bios_call *c)
{
	call_set_al(c, machine_a20(c->m));
	call_result(c, 0);
}

/* Bit 0: the keyboard controller switches it; bit 1: port 92h does. */
void int15_a20_support(struct bios_call *c)
{
	call_set16(c, GPR_RBX, 3);
	call_result(c, 0);
}

/* --- memory --- */

static void append(struct bios *bios, uint64_t addr, uint64_t size, uint32_t type)
{
	if (bios->e820_count == BIOS_E820_MAX)
		return;
	bios->attributes[bios->e820_count] = ATTR_ENABLED;
	bios->e820[bios->e820_count++] = (struct e820_entry){ addr, size, type };
}

static void reverse(struct bios *bios)
{
	for (unsigned i = 0; i < bios->e820_count / 2; i++) {
		struct e820_entry e = bios->e820[i];

		bios->e820[i] = bios->e820[bios->e820_count - 1 - i];
		bios->e820[bios->e820_count - 1 - i] = e;
	}
}

#define QUIRK_ENTRIES 200u

void bios_e820_init(struct bios *bios)
{
	const struct platform *p = bios->platform;

	for (unsigned i = 0; i < p->e820_count; i++) {
		if (i == 2 && bios_has_quirk(p, BIOS_QUIRK_E820_EMPTY)) {
			append(bios, MIB(1), 0, E820_RAM);
			append(bios, 0xc0000, 0x10000, 0);
		}
		append(bios, p->e820[i].addr, p->e820[i].size, p->e820[i].type);
	}
	if (bios_has_quirk(p, BIOS_QUIRK_E820_OVERLAP))
		append(bios, MIB(1) + (bios_extended_kib(bios) << 10) - MIB(1), MIB(2),
		       E820_RESERVED);
	if (bios_has_quirk(p, BIOS_QUIRK_E820_EXTENDED)) {
		append(bios, 0xe0000000, 0x1000, E820_RESERVED);
		bios->attributes[bios->e820_count - 1] &= ~ATTR_ENABLED;
	}
	if (bios_has_quirk(p, BIOS_QUIRK_E820_200))
		for (uint64_t a = GIB(4); bios->e820_count < QUIRK_ENTRIES;
		     a += 2 * GUEST_PAGE_SIZE)
			append(bios, a, GUEST_PAGE_SIZE, E820_RESERVED);
	if (bios_has_quirk(p, BIOS_QUIRK_E820_UNSORTED))
		reverse(bios);
}

uint64_t bios_extended_kib(const struct bios *bios)
{
	const struct platform *p = bios->platform;

	for (unsigned i = 0; i < p->e820_count; i++)
		if (p->e820[i].type == E820_RAM && p->e820[i].addr == MIB(1))
			return p->e820[i].size >> 10;
	return 0;
}

static bool e820_is_absent(const struct platform *p)
{
	return bios_has_quirk(p, BIOS_QUIRK_E820_ABSENT) ||
	       bios_has_quirk(p, BIOS_QUIRK_E820_ONLY_88);
}

static void e820_clobber(struct bios_call *c)
{
	if (c->flags & EFLAGS_CF)
		call_set32(c, GPR_RBX, 0xbbbbd00d);
	call_set32(c, GPR_RSI, 0x5151d00d);
	call_set32(c, GPR_RDI, 0xd1d1d00d);
	call_set32(c, GPR_RBP, 0xb9b9d00d);
}

static void e820_answer(struct bios_call *c)
{
	const struct bios *bios = c->bios;
	uint32_t index = call_reg32(c, GPR_RBX), room = call_reg32(c, GPR_RCX), size = ENTRY_SIZE;
	uint8_t raw[ENTRY_SIZE_3];

	if (call_reg32(c, GPR_RDX) != SMAP || room < ENTRY_SIZE || index >= bios->e820_count ||
	    e820_is_absent(bios->platform)) {
		call_result(c, NOT_SUPPORTED);
		return;
	}
	if (bios_has_quirk(bios->platform, BIOS_QUIRK_E820_EXTENDED) && room >= ENTRY_SIZE_3)
		size = ENTRY_SIZE_3;
	machine_event(c->m, EVENT_E820_ENTRY, EVENT_MODELLED, bios->e820[index].addr,
		      bios->e820[index].size, bios->e820[index].type);
	put_le64(raw, bios->e820[index].addr);
	put_le64(raw + 8, bios->e820[index].size);
	put_le32(raw + 16, bios->e820[index].type);
	put_le32(raw + 20, bios->attributes[index]);
	call_write(c, SEG_ES, call_reg16(c, GPR_RDI), raw, size);
	call_set32(c, GPR_RAX, SMAP);
	if (index == 2 && bios_has_quirk(bios->platform, BIOS_QUIRK_E820_NO_SMAP))
		call_set32(c, GPR_RAX, 0);
	call_set32(c, GPR_RCX, size);
	call_set32(c, GPR_RBX, index + 1 < bios->e820_count ? index + 1 : 0);
	call_flag(c, EFLAGS_CF, false);
}

void int15_e820(struct bios_call *c)
{
	machine_event(c->m, EVENT_E820_CALL, EVENT_MODELLED, call_reg32(c, GPR_RDX),
		      call_reg32(c, GPR_RCX), c->cpu.seg[SEG_ES].base + call_reg16(c, GPR_RDI));
	e820_answer(c);
	if (bios_has_quirk(c->bios->platform, BIOS_QUIRK_E820_CLOBBERS))
		e820_clobber(c);
	machine_event(c->m, EVENT_E820_RETURN, EVENT_MODELLED, call_reg32(c, GPR_RAX),
		      call_reg32(c, GPR_RBX), c->flags & EFLAGS_CF);
}

void int15_e801(struct bios_call *c)
{
	uint64_t kib = bios_extended_kib(c->bios);
	uint16_t low = (uint16_t)(kib < KIB_BELOW_16M ? kib : KIB_BELOW_16M);
	uint64_t high = (kib - low) / 64;

	if (bios_has_quirk(c->bios->platform, BIOS_QUIRK_E820_ONLY_88)) {
		call_result(c, NOT_SUPPORTED);
		return;
	}
	if (high > 0xffff)
		high = 0xffff;
	call_set16(c, GPR_RCX, low);
	call_set16(c, GPR_RDX, (uint16_t)high);
	call_set16(c, GPR_RAX, low);
	call_set16(c, GPR_RBX, (uint16_t)high);
	call_flag(c, EFLAGS_CF, false);
}

void int15_ext_memory(struct bios_call *c)
{
	uint64_t kib = bios_extended_kib(c->bios);

	call_set16(c, GPR_RAX, (uint16_t)(kib < KIB_88_MAX ? kib : KIB_88_MAX));
	call_flag(c, EFLAGS_CF, false);
}

/* CX:DX microseconds. */
void int15_wait(struct bios_call *c)
{
	uint64_t us = (uint64_t)call_reg16(c, GPR_RCX) << 16 | call_reg16(c, GPR_RDX);

	machine_wait(c->m, us * NS_PER_US);
	call_result(c, 0);
}

/* ES:SI is a GDT: source at 10h, destination at 18h; CX words. */
void int15_copy(struct bios_call *c)
{
	size_t len = 2u * call_reg16(c, GPR_RCX);
	uint8_t gdt[0x30], byte;
	gpa_t from, to;

	call_read(c, SEG_ES, call_reg16(c, GPR_RSI), gdt, sizeof(gdt));
	from = (get_le32(gdt + 0x12) & 0xffffff) | (uint32_t)gdt[0x17] << 24;
	to = (get_le32(gdt + 0x1a) & 0xffffff) | (uint32_t)gdt[0x1f] << 24;
	for (size_t i = 0; i < len; i++) {
		if (machine_read(c->m, from + i, &byte, 1))
			byte = 0xff;
		if (regions_find(&c->bios->platform->ram, to + i))
			machine_write(c->m, to + i, &byte, 1);
	}
	call_result(c, 0);
}

/* --- places --- */

static void set_segment(struct bios_call *c, enum seg seg, uint16_t selector)
{
	c->cpu.seg[seg].selector = selector;
	c->cpu.seg[seg].base = (uint32_t)selector << 4;
}

void int15_config(struct bios_call *c)
{
	set_segment(c, SEG_ES, BIOS_SEGMENT);
	call_set16(c, GPR_RBX, BIOS_CONFIG);
	call_result(c, 0);
}

void int15_ebda(struct bios_call *c)
{
	set_segment(c, SEG_ES, (uint16_t)(EBDA_GPA >> 4));
	call_flag(c, EFLAGS_CF, false);
}
