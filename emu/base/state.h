/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU's state and a handover (that state at one point, with its own copy of memory): pure data that crosses folders. */
#ifndef EMU_BASE_STATE_H
#define EMU_BASE_STATE_H

#include "emu/base/pages.h"
#include "emu/base/types.h"
#include "emu/base/x86.h"

enum gpr {
	GPR_RAX,
	GPR_RCX,
	GPR_RDX,
	GPR_RBX,
	GPR_RSP,
	GPR_RBP,
	GPR_RSI,
	GPR_RDI,
	GPR_R8,
	GPR_R9,
	GPR_R10,
	GPR_R11,
	GPR_R12,
	GPR_R13,
	GPR_R14,
	GPR_R15,
	GPR_COUNT
};

enum seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, SEG_COUNT };

/* A segment register with its hidden part (SDM 3A 3.4.3). */
struct segment {
	uint16_t selector;
	uint32_t limit; /* in bytes, granularity applied */
	uint32_t attr;  /* DESC_* bits, see x86.h */
	uint64_t base;
};

struct table_reg {
	uint64_t base;
	uint32_t limit;
};

/* Every member that regs.def lists is readable by name; see state_reg_*(). */
struct cpu_state {
	uint64_t gpr[GPR_COUNT]; /* in instruction-encoding order */
	uint64_t rip; /* offset in CS; the linear address is cs.base + rip outside 64-bit code */
	uint64_t rflags;
	struct segment seg[SEG_COUNT];
	struct table_reg gdtr, idtr;
	uint64_t cr0, cr2, cr3, cr4;
	uint64_t efer;
	uint64_t dr6, dr7;
	uint32_t mxcsr;
	uint16_t fcw;
};

/* The CPU after INIT/reset as SDM 3A table 9-1 has it, save CS:RIP, which is 0:0. */
void cpu_state_reset(struct cpu_state *s);

/*
 * Start states: segment registers, CR0, CR4 and EFER of the named mode, flat
 * segments, interrupts off, everything else as after reset. rip, rsp, CR3 and
 * the descriptor tables are the caller's to set.
 */
void cpu_state_real(struct cpu_state *s, uint16_t cs, uint16_t ip, uint16_t data_seg, uint16_t sp);
void cpu_state_flat32(struct cpu_state *s, uint16_t cs, uint16_t data_seg);
void cpu_state_long64(struct cpu_state *s, uint16_t cs, uint16_t data_seg, uint64_t cr3);

static inline bool cpu_in_long_mode(const struct cpu_state *s)
{
	return s->efer & EFER_LMA;
}

static inline bool cpu_in_code64(const struct cpu_state *s)
{
	return cpu_in_long_mode(s) && (s->seg[SEG_CS].attr & DESC_L);
}

static inline bool cpu_in_real_mode(const struct cpu_state *s)
{
	return !(s->cr0 & CR0_PE);
}

static inline unsigned cpu_cpl(const struct cpu_state *s)
{
	if (cpu_in_real_mode(s))
		return 0;
	return (s->rflags & EFLAGS_VM) ? 3 : s->seg[SEG_SS].attr >> DESC_DPL_SHIFT & 3;
}

/* Width of the current code: 16, 32 or 64. */
unsigned cpu_code_bits(const struct cpu_state *s);

/* What an address and the bytes there mean; trace files hold these numbers. */
enum cpu_mode {
	CPU_REAL,
	CPU_VM86,
	CPU_PROTECTED16,
	CPU_PROTECTED32,
	CPU_COMPAT,
	CPU_LONG64,
	CPU_MODE_COUNT
};

/* "real", "vm86", "protected16", "protected32", "compat", "long64" */
extern const char *const cpu_mode_names[CPU_MODE_COUNT];

enum cpu_mode cpu_mode(const struct cpu_state *s);
const char *cpu_mode_name(const struct cpu_state *s);

/* Linear address of the next instruction. */
static inline gva_t cpu_pc(const struct cpu_state *s)
{
	if (cpu_in_code64(s))
		return s->rip;
	return (uint32_t)(s->seg[SEG_CS].base + s->rip);
}

/* One row of regs.def, for whoever prints, compares or names registers. */
struct reg_info {
	const char *name;
	unsigned bits;
	const char *group; /* "general", "control", "fpu" */
	size_t offset;     /* into struct cpu_state; the member is (bits+7)/8 bytes wide */
};

struct segreg_info {
	const char *name;
	enum seg index;
};

extern const struct reg_info reg_infos[];
extern const size_t reg_info_count;
extern const struct segreg_info segreg_infos[];
extern const size_t segreg_info_count;

uint64_t reg_get(const struct cpu_state *s, const struct reg_info *r);
void reg_set(struct cpu_state *s, const struct reg_info *r, uint64_t v);

/*
 * Read or write by the name that rules and JSON use: "rax", "eax", "ax", "cr0",
 * "cs" (the selector), "cs.base", "cs.limit", "cs.attr", "gdtr.base"...
 * False when there is no such register.
 */
bool cpu_state_get(const struct cpu_state *s, const char *name, uint64_t *ret_v);
bool cpu_state_set(struct cpu_state *s, const char *name, uint64_t v);

/* The places where state is judged, in the order a path meets them. */
enum point {
	POINT_IMAGE,
	POINT_ENTRY,
	POINT_COMPRESSED,
	POINT_KERNEL,
	POINT_RETURN, /* the image came back to the firmware that entered it */
	POINT_COUNT
};

extern const char *const point_names[POINT_COUNT]; /* "image", "entry", "compressed", "kernel", "return" */

/* State at one point; owns its pages. */
struct handover {
	enum point point;
	char image[256];       /* base name of the image that is entered */
	char symbol[64];       /* "startup_32", "startup_64", "pvh_start_xen"... */
	uint64_t instructions; /* retired before this point */
	struct cpu_state cpu;
	gpa_t boot_params;   /* where struct boot_params lies; 0: there is none at this point */
	struct pages *pages; /* guest memory as it was; freed by handover_release() */
};

/* Frees what @h owns; @h itself is the caller's. NULL is fine. */
void handover_release(struct handover *h);

#endif
