/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What boot.rst leaves open at its 32-bit and 64-bit entries, filled from the seed: a kernel that reads it by mistake is found out. */
#include "emu/base/rng.h"
#include "models/linux.h"

/* Every x86-64 CPU has these (SDM 3A 2.5), and none of them changes what paging is. */
#define CR4_JUNK                                                                        \
	(CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_MCE | CR4_PGE | CR4_PCE | \
	 CR4_OSFXSR | CR4_OSXMMEXCPT)

/* IF is named by the document; VM, TF, NT and RF would act by themselves. */
#define FLAGS_JUNK                                                                             \
	(EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF | EFLAGS_OF | EFLAGS_IOPL | \
	 EFLAGS_AC | EFLAGS_ID)

/* General registers that the 32-bit protocol gives a value. */
static bool is_named(enum gpr r, bool is_64)
{
	switch (r) {
	case GPR_RSI: return true;
	case GPR_RBP:
	case GPR_RDI:
	case GPR_RBX: return !is_64;
	default: return false;
	}
}

void linux_boot_junk(struct linux_boot *b)
{
	struct cpu_state *cpu = &b->sod->cpu;
	bool is_64 = cpu_in_code64(cpu);
	uint64_t mask = is_64 ? UINT64_MAX : UINT32_MAX;
	struct rng r;

	rng_init(&r, b->platform->seed, "boot protocol registers");
	for (enum gpr i = 0; i < (is_64 ? GPR_COUNT : GPR_R8); i++) {
		if (!is_named(i, is_64))
			cpu->gpr[i] = rng_u64(&r) & mask;
	}
	cpu->rflags |= (rng_u64(&r) & FLAGS_JUNK) | EFLAGS_DF;
	cpu->cr2 = rng_u64(&r) & mask;
	if (!is_64)
		cpu->cr3 = rng_u64(&r) & UINT32_MAX & GUEST_PAGE_MASK;
	cpu->cr4 |= rng_u64(&r) & CR4_JUNK;
	cpu->idtr.base = rng_u64(&r) & UINT32_MAX;
	cpu->idtr.limit = (uint16_t)rng_u64(&r);
	for (enum seg s = SEG_FS; s <= SEG_GS; s++) {
		cpu->seg[s] = cpu->seg[SEG_DS];
		cpu->seg[s].base = rng_u64(&r) & UINT32_MAX;
	}
}
