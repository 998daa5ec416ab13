/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model-specific registers from one table. */
#include "emu/machine_impl.h"

enum msr_kind { MSR_KIND_KEEP, MSR_KIND_READ, MSR_KIND_IGNORE, MSR_KIND_ABSENT };

struct msr_row {
	uint32_t number;
	enum msr_kind kind;
	uint64_t reset;
	uint64_t writable;
};

static const struct msr_row msr_rows[] = {
#define MSR(number, name, kind, reset, writable, doc) { number, MSR_KIND_##kind, reset, writable },
#include "emu/msr.def"
#undef MSR
};

_Static_assert(ARRAY_SIZE(msr_rows) <= MSR_SLOTS, "a slot for every row");

static int row_find(uint32_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(msr_rows); i++) {
		if (msr_rows[i].number == number)
			return (int)i;
	}
	return -1;
}

void msr_init(struct machine *m)
{
	struct rng rng;

	for (size_t i = 0; i < ARRAY_SIZE(msr_rows); i++)
		m->msrs.value[i] = msr_rows[i].reset;
	/* How long the machine has been on is anybody's guess: less than about 18 minutes at 1 GHz. */
	rng_init(&rng, m->platform->seed, "tsc");
	m->msrs.tsc_offset = rng_below(&rng, BIT64(40));
	m->msrs.xcr0 = 1;
}

bool msr_known(uint32_t number)
{
	return row_find(number) >= 0;
}

bool msr_read(struct machine *m, uint32_t number, uint64_t *ret_v)
{
	int i;

	if (m->msr && m->msr(m, number, false, ret_v, m->msr_arg))
		return true;
	if (number == MSR_TSC) {
		*ret_v = machine_instructions(m) + m->msrs.tsc_offset;
		return true;
	}
	i = row_find(number);
	if (i < 0 || msr_rows[i].kind == MSR_KIND_ABSENT)
		return false;
	*ret_v = m->msrs.value[i];
	return true;
}

bool msr_write(struct machine *m, uint32_t number, uint64_t v)
{
	int i;

	if (m->msr && m->msr(m, number, true, &v, m->msr_arg))
		return true;
	if (number == MSR_TSC) {
		m->msrs.tsc_offset = v - machine_instructions(m);
		return true;
	}
	i = row_find(number);
	if (i < 0)
		return false;
	switch (msr_rows[i].kind) {
	case MSR_KIND_KEEP:
		if (v & ~msr_rows[i].writable)
			return false;
		m->msrs.value[i] = v;
		return true;
	case MSR_KIND_IGNORE: return true;
	case MSR_KIND_READ:
	case MSR_KIND_ABSENT: break;
	}
	return false;
}
