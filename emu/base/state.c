/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU's state: start states (SDM 3A 9.1) and modes, and what a handover owns. */
#include "emu/base/state.h"

const char *const point_names[POINT_COUNT] = {
	[POINT_IMAGE] = "image",
	[POINT_ENTRY] = "entry",
	[POINT_COMPRESSED] = "compressed",
	[POINT_KERNEL] = "kernel",
	[POINT_RETURN] = "return",
};

static struct segment real_segment(uint16_t selector, uint32_t attr)
{
	return (struct segment){
		.selector = selector,
		.base = (uint64_t)selector << 4,
		.limit = 0xffff,
		.attr = attr,
	};
}

static struct segment flat_segment(uint16_t selector, uint32_t attr)
{
	return (struct segment){ .selector = selector, .limit = 0xffffffff, .attr = attr };
}

static void set_data_segments(struct cpu_state *s, struct segment data)
{
	static const enum seg data_segs[] = { SEG_ES, SEG_SS, SEG_DS, SEG_FS, SEG_GS };

	for (unsigned i = 0; i < ARRAY_SIZE(data_segs); i++)
		s->seg[data_segs[i]] = data;
}

void cpu_state_reset(struct cpu_state *s)
{
	*s = (struct cpu_state){
		.rflags = EFLAGS_FIXED,
		.cr0 = CR0_CD | CR0_NW | CR0_ET,
		.dr6 = 0xffff0ff0,
		.dr7 = 0x400,
		.mxcsr = 0x1f80,
		.fcw = 0x0040, /* power-up and reset; it is FNINIT that makes it 0x37f */
		.gdtr = { .limit = 0xffff },
		.idtr = { .limit = 0xffff },
	};
	s->seg[SEG_CS] = real_segment(0, SEG_ATTR_CODE16);
	set_data_segments(s, real_segment(0, SEG_ATTR_DATA16));
	s->seg[SEG_LDTR] = (struct segment){ .limit = 0xffff, .attr = SEG_ATTR_LDT };
	s->seg[SEG_TR] = (struct segment){ .limit = 0xffff, .attr = SEG_ATTR_TSS_BUSY };
}

void cpu_state_real(struct cpu_state *s, uint16_t cs, uint16_t ip, uint16_t data_seg, uint16_t sp)
{
	cpu_state_reset(s);
	/* Whoever enters an image has turned the caches on. */
	s->cr0 = CR0_ET;
	s->seg[SEG_CS] = real_segment(cs, SEG_ATTR_CODE16);
	set_data_segments(s, real_segment(data_seg, SEG_ATTR_DATA16));
	s->rip = ip;
	s->gpr[GPR_RSP] = sp;
}

void cpu_state_flat32(struct cpu_state *s, uint16_t cs, uint16_t data_seg)
{
	cpu_state_reset(s);
	s->cr0 = CR0_PE | CR0_ET;
	s->seg[SEG_CS] = flat_segment(cs, SEG_ATTR_CODE32);
	set_data_segments(s, flat_segment(data_seg, SEG_ATTR_DATA32));
}

void cpu_state_long64(struct cpu_state *s, uint16_t cs, uint16_t data_seg, uint64_t cr3)
{
	cpu_state_flat32(s, cs, data_seg);
	s->cr0 |= CR0_PG;
	s->cr3 = cr3;
	s->cr4 = CR4_PAE;
	s->efer = EFER_LME | EFER_LMA;
	s->seg[SEG_CS].attr = SEG_ATTR_CODE64;
}

unsigned cpu_code_bits(const struct cpu_state *s)
{
	if (cpu_in_code64(s))
		return 64;
	if (cpu_in_real_mode(s) || (s->rflags & EFLAGS_VM))
		return 16;
	return (s->seg[SEG_CS].attr & DESC_DB) ? 32 : 16;
}

const char *const cpu_mode_names[CPU_MODE_COUNT] = {
	[CPU_REAL] = "real",
	[CPU_VM86] = "vm86",
	[CPU_PROTECTED16] = "protected16",
	[CPU_PROTECTED32] = "protected32",
	[CPU_COMPAT] = "compat",
	[CPU_LONG64] = "long64",
};

enum cpu_mode cpu_mode(const struct cpu_state *s)
{
	if (cpu_in_real_mode(s))
		return CPU_REAL;
	if (cpu_in_long_mode(s))
		return cpu_in_code64(s) ? CPU_LONG64 : CPU_COMPAT;
	if (s->rflags & EFLAGS_VM)
		return CPU_VM86;
	return cpu_code_bits(s) == 32 ? CPU_PROTECTED32 : CPU_PROTECTED16;
}

const char *cpu_mode_name(const struct cpu_state *s)
{
	return cpu_mode_names[cpu_mode(s)];
}

void handover_release(struct handover *h)
{
	if (h)
		h->pages = pages_destroy(h->pages);
}
