/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID from the profile's table; the hypervisor's leaves are asked for first. */
#include "emu/machine_impl.h"

struct cpuid_row {
	enum cpu_profile profile;
	uint32_t leaf, subleaf;
	uint32_t reg[4]; /* EAX EBX ECX EDX */
};

static const struct cpuid_row cpuid_rows[] = {
#define CPUID(profile, leaf, subleaf, eax, ebx, ecx, edx) \
	{ CPU_##profile, leaf, subleaf, { eax, ebx, ecx, edx } },
#include "emu/cpuid.def"
#undef CPUID
};

#define LEAF1_ECX_OSXSAVE BIT(27)

/* Leaves whose answer depends on ECX (SDM 2A table 3-8); for all others the row of subleaf 0 answers. */
static bool has_subleaves(uint32_t leaf)
{
	return leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd || leaf == 0x14;
}

static const struct cpuid_row *row_find(enum cpu_profile profile, uint32_t leaf, uint32_t subleaf)
{
	if (!has_subleaves(leaf))
		subleaf = 0;
	for (size_t i = 0; i < ARRAY_SIZE(cpuid_rows); i++) {
		if (cpuid_rows[i].profile == profile && cpuid_rows[i].leaf == leaf &&
		    cpuid_rows[i].subleaf == subleaf)
			return &cpuid_rows[i];
	}
	return NULL;
}

void cpuid_answer(struct machine *m, uint32_t leaf, uint32_t subleaf, uint32_t ret[4])
{
	const struct cpuid_row *row;
	struct cpu_state cpu;

	memset(ret, 0, 4 * sizeof(*ret));
	if (m->cpuid && m->cpuid(m, leaf, subleaf, ret, m->cpuid_arg))
		return;
	row = row_find(m->platform->cpu, leaf, subleaf);
	if (row)
		memcpy(ret, row->reg, sizeof(row->reg));
	if (leaf == 1) {
		machine_cpu_get(m, &cpu);
		ret[2] &= ~LEAF1_ECX_OSXSAVE;
		if (cpu.cr4 & CR4_OSXSAVE)
			ret[2] |= LEAF1_ECX_OSXSAVE;
	}
}

bool cpuid_has(struct machine *m, uint32_t leaf, unsigned reg, unsigned bit)
{
	const struct cpuid_row *row = row_find(m->platform->cpu, leaf, 0);

	return row && (row->reg[reg] & BIT(bit));
}
