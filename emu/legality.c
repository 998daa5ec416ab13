/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SDM's checks at control-register, descriptor-table and far-transfer instructions that the engine leaves out.
 * What is not checked is listed in docs/unicorn.md.
 */
#include "emu/machine_impl.h"

static bool canonical(const struct cpu_state *cpu, uint64_t v)
{
	unsigned unused = (cpu->cr4 & CR4_LA57) ? 7 : 16;

	return (uint64_t)((int64_t)(v << unused) >> unused) == v;
}

/* SDM 3A 2.5 and 4.1: which CR0 values fault. */
static bool legal_cr0(const struct cpu_state *cpu, uint64_t v)
{
	if (v >> 32)
		return false;
	if ((v & CR0_PG) && !(v & CR0_PE))
		return false;
	if ((v & CR0_NW) && !(v & CR0_CD))
		return false;
	/* SDM 3A 4.1.1: enabling paging with LME needs PAE, and CS.L must be clear. */
	if ((v & CR0_PG) && !(cpu->cr0 & CR0_PG) && (cpu->efer & EFER_LME)) {
		if (!(cpu->cr4 & CR4_PAE) || (cpu->seg[SEG_CS].attr & DESC_L))
			return false;
	}
	/* SDM 3A 4.1.1: paging cannot be left from 64-bit code, nor with PCIDE set. */
	if (!(v & CR0_PG) && (cpu->cr0 & CR0_PG) && (cpu_in_code64(cpu) || (cpu->cr4 & CR4_PCIDE)))
		return false;
	return true;
}

/* CR4 bits that exist in the profile, SDM 3A 2.5 and CPUID. */
static uint64_t cr4_bits(struct machine *m)
{
	static const struct {
		uint64_t bits;
		uint32_t leaf;
		uint8_t reg, bit;
	} rows[] = {
		{ CR4_VME | CR4_PVI, 1, 3, 1 },
		{ CR4_TSD, 1, 3, 4 },
		{ CR4_DE, 1, 3, 2 },
		{ CR4_PSE, 1, 3, 3 },
		{ CR4_PAE, 1, 3, 6 },
		{ CR4_MCE, 1, 3, 7 },
		{ CR4_PGE, 1, 3, 13 },
		{ CR4_OSFXSR, 1, 3, 24 },
		{ CR4_OSXMMEXCPT, 1, 3, 25 },
		{ CR4_UMIP, 7, 2, 2 },
		{ CR4_LA57, 7, 2, 16 },
		{ CR4_VMXE, 1, 2, 5 },
		{ CR4_SMXE, 1, 2, 6 },
		{ CR4_FSGSBASE, 7, 1, 0 },
		{ CR4_PCIDE, 1, 2, 17 },
		{ CR4_OSXSAVE, 1, 2, 26 },
		{ CR4_SMEP, 7, 1, 7 },
		{ CR4_SMAP, 7, 1, 20 },
		{ CR4_PKE, 7, 2, 3 },
	};
	uint64_t all = CR4_PCE;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (cpuid_has(m, rows[i].leaf, rows[i].reg, rows[i].bit))
			all |= rows[i].bits;
	}
	return all;
}

static bool legal_cr4(struct machine *m, const struct cpu_state *cpu, uint64_t v)
{
	if (v & ~cr4_bits(m))
		return false;
	/* SDM 3A 4.1.1: PAE and LA57 are fixed while IA-32e paging is on. */
	if (cpu_in_long_mode(cpu) && (!(v & CR4_PAE) || ((v ^ cpu->cr4) & CR4_LA57)))
		return false;
	/* SDM 3A 4.10.1: PCIDE only in IA-32e mode, with PCID 0. */
	if ((v & CR4_PCIDE) && !(cpu->cr4 & CR4_PCIDE) &&
	    (!cpu_in_long_mode(cpu) || (cpu->cr3 & 0xfff)))
		return false;
	return true;
}

static unsigned physical_bits(struct machine *m)
{
	uint32_t r[4];

	cpuid_answer(m, 0x80000008, 0, r);
	return (r[0] & 0xff) ? r[0] & 0xff : 36;
}

static bool legal_cr3(struct machine *m, const struct cpu_state *cpu, uint64_t v)
{
	if (cpu->cr4 & CR4_PCIDE)
		v &= ~BIT64(63);
	/* SDM 3A 4.5.2: bits above MAXPHYADDR are reserved in IA-32e mode. */
	return !cpu_in_long_mode(cpu) || !(v >> physical_bits(m));
}

bool legal_mov_cr(struct machine *m, const struct cpu_state *cpu, unsigned cr, uint64_t v)
{
	if (cpu_cpl(cpu))
		return false;
	switch (cr) {
	case 0: return legal_cr0(cpu, v);
	case 3: return legal_cr3(m, cpu, v);
	case 4: return legal_cr4(m, cpu, v);
	case 8: return v < 16;
	default: return true;
	}
}

bool legal_table_load(struct machine *m, const struct cpu_state *cpu, const struct insn *in,
		      gva_t pc)
{
	uint8_t raw[10];

	if (cpu_cpl(cpu))
		return false;
	/* SDM 2A "LGDT/LIDT": in 64-bit mode a base that is not canonical is #GP(0). */
	if ((in->cls == INSN_LGDT || in->cls == INSN_LIDT) && in->bits == 64 &&
	    machine_read_va(m, cpu, insn_mem_address(in, cpu, pc), raw, sizeof(raw)))
		return canonical(cpu, get_le64(raw + 2));
	return true;
}

/* Selector and offset of a far transfer's target, as far as it is plain to see before it runs. */
static bool far_target(struct machine *m, const struct cpu_state *cpu, const struct insn *in,
		       gva_t pc, uint16_t *ret_selector, uint64_t *ret_offset)
{
	unsigned n = in->operand_size == 2 ? 2 : in->operand_size == 8 ? 8 : 4;
	uint8_t raw[10];

	if (in->far_imm) {
		*ret_selector = in->far_selector;
		*ret_offset = in->far_offset;
		return true;
	}
	if (!in->has_mem || !machine_read_va(m, cpu, insn_mem_address(in, cpu, pc), raw, n + 2))
		return false;
	*ret_offset = n == 2 ? get_le16(raw) : n == 4 ? get_le32(raw) : get_le64(raw);
	*ret_selector = get_le16(raw + n);
	return true;
}

bool far_destination(struct machine *m, const struct cpu_state *cpu, const struct insn *in,
		     gva_t pc, uint16_t *ret_selector, uint64_t *ret_offset)
{
	unsigned n = in->operand_size == 2 ? 2 : in->operand_size == 8 ? 8 : 4;
	gva_t top = cpu->gpr[GPR_RSP];
	uint8_t raw[16];

	if (in->far_imm || in->has_mem)
		return far_target(m, cpu, in, pc, ret_selector, ret_offset);
	/* RET: the offset, and above it the selector in a slot of the same width. */
	if (!cpu_in_code64(cpu)) {
		top &= (cpu->seg[SEG_SS].attr & DESC_DB) && !cpu_in_real_mode(cpu) ? UINT32_MAX :
										     0xffff;
		top = (uint32_t)(cpu->seg[SEG_SS].base + top);
	}
	if (!machine_read_va(m, cpu, top, raw, 2 * n))
		return false;
	*ret_offset = n == 2 ? get_le16(raw) : n == 4 ? get_le32(raw) : get_le64(raw);
	*ret_selector = get_le16(raw + n);
	return true;
}

bool legal_far_transfer(struct machine *m, const struct cpu_state *cpu, const struct insn *in,
			gva_t pc, uint32_t *ret_error_code)
{
	uint16_t selector;
	uint64_t offset;
	uint8_t raw[8];
	uint32_t attr, limit;

	*ret_error_code = 0;
	if (in->cls != INSN_FAR || cpu_in_real_mode(cpu) || (cpu->rflags & EFLAGS_VM))
		return true;
	if (!far_target(m, cpu, in, pc, &selector, &offset) || (selector & 4))
		return true;
	if ((selector & ~7u) + 7 > cpu->gdtr.limit ||
	    !machine_read_va(m, cpu, cpu->gdtr.base + (selector & ~7u), raw, sizeof(raw)))
		return true; /* the engine checks that far itself */
	attr = get_le32(raw + 4);
	if ((attr & (DESC_S | DESC_CODE)) != (DESC_S | DESC_CODE))
		return true;
	/* SDM 2A "JMP": L and D together are reserved in IA-32e mode. */
	if (cpu_in_long_mode(cpu) && (attr & DESC_L) && (attr & DESC_DB)) {
		*ret_error_code = selector & 0xfffcu;
		return false;
	}
	if (cpu_in_long_mode(cpu) && (attr & DESC_L))
		return canonical(cpu, offset);
	limit = (get_le16(raw) | (attr & 0xf0000));
	limit = (attr & DESC_G) ? limit << 12 | 0xfff : limit;
	return offset <= limit;
}
