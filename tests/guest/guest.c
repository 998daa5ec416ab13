/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The harness of the tiny guests: memory laid out as layout.h says, start states, and labels from the ELF file (ELF-64 chapter 4). */
#include "tests/guest/guest.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/base/buf.h"

#define ORG_LABEL "_start"

static uint8_t *file_read(const char *name, const char *suffix, size_t *ret_len)
{
	char path[256];
	uint8_t *data;
	FILE *f;
	long len;

	snprintf(path, sizeof(path), TEST_OUT "/tests/guest/%s%s", name, suffix);
	f = fopen(path, "rb");
	cr_assert(f, "%s is not there", path);
	cr_assert(!fseek(f, 0, SEEK_END));
	len = ftell(f);
	cr_assert(len >= 0 && !fseek(f, 0, SEEK_SET));
	data = malloc((size_t)len + 1);
	cr_assert(data && fread(data, 1, (size_t)len, f) == (size_t)len);
	fclose(f);
	*ret_len = (size_t)len;
	return data;
}

gva_t guest_at(const struct guest *g, const char *label)
{
	const uint8_t *sections = g->elf + get_le64(g->elf + 0x28);
	unsigned count = get_le16(g->elf + 0x3c);

	for (unsigned i = 0; i < count; i++) {
		const uint8_t *sh = sections + 64 * i, *sym, *end;
		const char *names;

		if (get_le32(sh + 4) != 2) /* SHT_SYMTAB */
			continue;
		sym = g->elf + get_le64(sh + 24);
		end = sym + get_le64(sh + 32);
		names = (const char *)g->elf + get_le64(sections + 64 * get_le32(sh + 40) + 24);
		for (; sym < end; sym += 24) {
			if (!strcmp(names + get_le32(sym), label))
				return get_le64(sym + 8);
		}
	}
	cr_assert(false, "no label %s", label);
	return 0;
}

void guest_open_on(struct guest *g, const char *name, enum cpu_profile cpu, uint64_t seed)
{
	struct diag diag = { 0 };
	uint8_t *bin;
	size_t len;

	*g = (struct guest){ .limits.max_instructions = 8u << 20 };
	cr_assert(!platform_init(&g->platform, MIB(64), &diag));
	g->platform.cpu = cpu;
	g->platform.seed = seed;
	cr_assert(!machine_create(&g->m, &g->platform, &diag));
	g->elf = file_read(name, ".elf", &g->elf_len);
	bin = file_read(name, ".bin", &len);
	cr_assert(!machine_write(g->m, guest_at(g, ORG_LABEL), bin, len));
	free(bin);
}

void guest_open(struct guest *g, const char *name)
{
	guest_open_on(g, name, CPU_GENERIC, 0);
}

void guest_close(struct guest *g)
{
	g->m = machine_destroy(g->m);
	platform_release(&g->platform);
	free(g->elf);
	g->elf = NULL;
}

uint16_t guest_u16(const struct guest *g, gpa_t gpa)
{
	return (uint16_t)guest_u64(g, gpa);
}

uint32_t guest_u32(const struct guest *g, gpa_t gpa)
{
	return (uint32_t)guest_u64(g, gpa);
}

uint64_t guest_u64(const struct guest *g, gpa_t gpa)
{
	uint8_t raw[8];

	cr_assert(!machine_read(g->m, gpa, raw, sizeof(raw)));
	return get_le64(raw);
}

void guest_put32(struct guest *g, gpa_t gpa, uint32_t v)
{
	uint8_t raw[4];

	put_le32(raw, v);
	cr_assert(!machine_write(g->m, gpa, raw, sizeof(raw)));
}

void guest_put64(struct guest *g, gpa_t gpa, uint64_t v)
{
	uint8_t raw[8];

	put_le64(raw, v);
	cr_assert(!machine_write(g->m, gpa, raw, sizeof(raw)));
}

/* SDM 3A 3.4.5: 8-byte descriptors; the TSS's is 16 bytes, its upper half zero as it lies below 4 GiB (7.2.3). */
static void write_gdt(struct guest *g)
{
	static const uint64_t gdt[GDT_BYTES / 8] = {
		[SEL_CODE64 / 8] = 0x00af9b000000ffff,
		[SEL_CODE32 / 8] = 0x00cf9b000000ffff,
		[SEL_DATA / 8] = 0x00cf93000000ffff,
		[SEL_CODE16 / 8] = 0x000f9b000000ffff,
		[SEL_DATA16 / 8] = 0x000093000000ffff,
		[SEL_UCODE32 / 8] = 0x00cffb000000ffff,
		[SEL_UDATA / 8] = 0x00cff3000000ffff,
		[SEL_UCODE64 / 8] = 0x00affb000000ffff,
		[SEL_TSS / 8] = 0x0000890000000067 | (uint64_t)TSS << 16,
		[SEL_ABSENT / 8] = 0x00cf13000000ffff,
		[SEL_SHORT / 8] = 0x00409b0000000fff,
		[SEL_L_AND_D / 8] = 0x00ef9b000000ffff,
		[SEL_ABSENT_CODE / 8] = 0x00cf1b000000ffff,
		[SEL_LIMITED / 8] = 0x0040930000000fff,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(gdt); i++)
		guest_put64(g, GDT + 8 * i, gdt[i]);
}

void guest_page_tables(struct guest *g)
{
	const uint64_t table = PTE_P | PTE_RW | PTE_US;

	guest_put64(g, TABLE_PML5, TABLE_PML4 | table);
	guest_put64(g, TABLE_PML4, TABLE_PDPT | table);
	guest_put64(g, TABLE_PDPT, TABLE_PD | table);
	guest_put64(g, TABLE_PAE_PDPT,
		    TABLE_PD | PTE_P); /* SDM 3A 4.4.1: bits 1 and 2 are reserved here */
	for (uint64_t i = 0; i < 512; i++) {
		guest_put64(g, TABLE_PD + 8 * i, i << 21 | table | PTE_PS);
		guest_put64(g, TABLE_PT + 8 * i, i << 12 | table);
	}
	guest_put64(g, TABLE_PD, TABLE_PT | table);
	for (uint32_t i = 0; i < 1024; i++) {
		guest_put32(g, TABLE_PD32 + 4 * i,
			    i < 256 ? i << 22 | (uint32_t)table | (uint32_t)PTE_PS : 0);
		guest_put32(g, TABLE_PT32 + 4 * i, i << 12 | (uint32_t)table);
	}
	guest_put32(g, TABLE_PD32, TABLE_PT32 | (uint32_t)table);
}

void guest_gate(struct guest *g, unsigned vector, gva_t handler, uint16_t selector, uint8_t attr,
		unsigned ist)
{
	uint64_t low = (handler & 0xffff) | (uint64_t)selector << 16 | (uint64_t)ist << 32 |
		       (uint64_t)attr << 40 | (handler >> 16 & 0xffff) << 48;

	if (cpu_in_real_mode(&g->cpu)) {
		guest_put32(g, 4 * vector, (uint32_t)handler);
	} else if (cpu_in_long_mode(&g->cpu)) {
		guest_put64(g, IDT + 16 * vector, low);
		guest_put64(g, IDT + 16 * vector + 8, handler >> 32);
	} else {
		guest_put64(g, IDT + 8 * vector, low);
	}
}

static void write_tss(struct guest *g)
{
	if (cpu_in_long_mode(&g->cpu)) {
		guest_put64(g, TSS + 4, STACK_R0);   /* RSP0 */
		guest_put64(g, TSS + 36, STACK_IST); /* IST1 */
	} else {
		guest_put32(g, TSS + 4, STACK_R0); /* ESP0 */
		guest_put32(g, TSS + 8, SEL_DATA); /* SS0 */
	}
}

static void set_segment(struct guest *g, enum seg seg, uint16_t selector)
{
	uint64_t d = guest_u64(g, GDT + (selector & ~7u));
	uint32_t limit = (uint32_t)((d & 0xffff) | (d >> 32 & 0xf0000));

	g->cpu.seg[seg] = (struct segment){
		.selector = selector,
		.attr = (uint32_t)(d >> 32) & DESC_ATTR_MASK,
		.limit = (d >> 32 & DESC_G) ? limit << 12 | 0xfff : limit,
		.base = (d >> 16 & 0xffffff) | (d >> 56) << 24,
	};
}

/* Segments of each mode; what is 0 stays as the start state has it. */
static const struct {
	uint16_t code, data;
} mode_segments[] = {
	[GUEST_P16] = { SEL_CODE16, SEL_DATA16 },
	[GUEST_P32] = { SEL_CODE32, SEL_DATA },
	[GUEST_P32_USER] = { SEL_UCODE32, SEL_UDATA },
	[GUEST_COMPAT] = { SEL_CODE32, SEL_DATA },
	[GUEST_LONG] = { SEL_CODE64, SEL_DATA },
	[GUEST_LONG_USER] = { SEL_UCODE64, SEL_UDATA },
};

void guest_start(struct guest *g, enum guest_mode mode, const char *label)
{
	static const enum seg data_segs[] = { SEG_ES, SEG_SS, SEG_DS, SEG_FS, SEG_GS };
	static const uint8_t halt[3] = { 0xf4, 0xeb, 0xfd };

	write_gdt(g);
	guest_page_tables(g);
	if (mode == GUEST_REAL) {
		cpu_state_real(&g->cpu, 0, (uint16_t)guest_at(g, label), 0, STACK_16);
	} else {
		if (mode >= GUEST_COMPAT)
			cpu_state_long64(&g->cpu, SEL_CODE64, SEL_DATA, TABLE_PML4);
		else
			cpu_state_flat32(&g->cpu, SEL_CODE32, SEL_DATA);
		set_segment(g, SEG_CS, mode_segments[mode].code);
		for (unsigned i = 0; i < ARRAY_SIZE(data_segs); i++)
			set_segment(g, data_segs[i], mode_segments[mode].data);
		set_segment(g, SEG_TR, SEL_TSS);
		g->cpu.seg[SEG_TR].attr |= DESC_TYPE_TSS16_BUSY
					   << DESC_TYPE_SHIFT; /* busy, as LTR leaves it */
		g->cpu.gdtr = (struct table_reg){ .base = GDT, .limit = GDT_BYTES - 1 };
		g->cpu.idtr = (struct table_reg){ .base = IDT,
						  .limit = mode >= GUEST_COMPAT ? 0xfff : 0x7ff };
		g->cpu.rip = guest_at(g, label);
		g->cpu.gpr[GPR_RSP] = mode == GUEST_P16 ? STACK_16 : STACK;
		write_tss(g);
	}
	for (unsigned v = 0; v < 256; v++) {
		cr_assert(!machine_write(g->m, CATCH + 16 * v, halt, sizeof(halt)));
		guest_gate(g, v, CATCH + 16 * v, mode >= GUEST_COMPAT ? SEL_CODE64 : SEL_CODE32,
			   GATE_INT, 0);
	}
	guest_set(g);
}

void guest_set(struct guest *g)
{
	machine_cpu_set(g->m, &g->cpu);
}

void guest_run(struct guest *g)
{
	machine_run(g->m, &g->limits, &g->stop);
	machine_cpu_get(g->m, &g->cpu);
}

void guest_go(struct guest *g, const char *name, enum guest_mode mode, const char *label)
{
	guest_open(g, name);
	guest_start(g, mode, label);
	guest_run(g);
}

const struct event *guest_event(const struct guest *g, enum event_kind kind, size_t i)
{
	size_t count;
	const struct event *ev = machine_events(g->m, &count);

	for (size_t k = 0; k < count; k++) {
		if (ev[k].kind == kind && i-- == 0)
			return &ev[k];
	}
	return NULL;
}
