/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers by name, for rules, JSON and printers: tables made from regs.def. */
#include "emu/base/state.h"

const struct reg_info reg_infos[] = {
#define REG(reg_name, field, width, reg_group, doc) \
	{ .name = #reg_name,                        \
	  .bits = width,                            \
	  .group = #reg_group,                      \
	  .offset = offsetof(struct cpu_state, field) },
#include "emu/base/regs.def"
};
const size_t reg_info_count = ARRAY_SIZE(reg_infos);

#define REG(name, field, width, group, doc) \
	_Static_assert(sizeof(((struct cpu_state *)0)->field) * 8 == (width), #name);
#include "emu/base/regs.def"

const struct segreg_info segreg_infos[] = {
#define SEGREG(seg_name, seg_index, doc) { .name = #seg_name, .index = seg_index },
#include "emu/base/regs.def"
};
const size_t segreg_info_count = ARRAY_SIZE(segreg_infos);

struct dtreg_info {
	const char *name;
	size_t offset;
};

static const struct dtreg_info dtreg_infos[] = {
#define DTREG(dt_name, field, doc) \
	{ .name = #dt_name, .offset = offsetof(struct cpu_state, field) },
#include "emu/base/regs.def"
};

/* A part of a register that has a name of its own. */
struct subreg_info {
	const char *name;
	size_t offset;
	unsigned shift, bits;
};

#define SUB(sub_name, field, low, width)                                                     \
	{                                                                                    \
		.name = sub_name, .offset = offsetof(struct cpu_state, field), .shift = low, \
		.bits = width                                                                \
	}
#define GPR_ABCD(letter, index)                                                     \
	SUB("e" letter "x", gpr[index], 0, 32), SUB(letter "x", gpr[index], 0, 16), \
		SUB(letter "l", gpr[index], 0, 8), SUB(letter "h", gpr[index], 8, 8)
#define GPR_OTHER(letters, index)                                             \
	SUB("e" letters, gpr[index], 0, 32), SUB(letters, gpr[index], 0, 16), \
		SUB(letters "l", gpr[index], 0, 8)
#define GPR_NUMBER(number, index)                                                       \
	SUB("r" number "d", gpr[index], 0, 32), SUB("r" number "w", gpr[index], 0, 16), \
		SUB("r" number "b", gpr[index], 0, 8)

/* SDM 1 3.4.1 and table 3-2. */
/* clang-format off */
static const struct subreg_info subreg_infos[] = {
	GPR_ABCD("a", GPR_RAX),       GPR_ABCD("b", GPR_RBX),      GPR_ABCD("c", GPR_RCX),
	GPR_ABCD("d", GPR_RDX),       GPR_OTHER("si", GPR_RSI),    GPR_OTHER("di", GPR_RDI),
	GPR_OTHER("bp", GPR_RBP),     GPR_OTHER("sp", GPR_RSP),    GPR_NUMBER("8", GPR_R8),
	GPR_NUMBER("9", GPR_R9),      GPR_NUMBER("10", GPR_R10),   GPR_NUMBER("11", GPR_R11),
	GPR_NUMBER("12", GPR_R12),    GPR_NUMBER("13", GPR_R13),   GPR_NUMBER("14", GPR_R14),
	GPR_NUMBER("15", GPR_R15),    SUB("eip", rip, 0, 32),      SUB("ip", rip, 0, 16),
	SUB("eflags", rflags, 0, 32), SUB("flags", rflags, 0, 16),
};
/* clang-format on */

/* Where a name's value lies: a member of struct cpu_state, and the bits of it. */
struct place {
	size_t offset;
	unsigned width; /* of the member, bytes */
	unsigned shift, bits;
};

static uint64_t place_member(const struct cpu_state *s, const struct place *p)
{
	const char *member = (const char *)s + p->offset;
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	switch (p->width) {
	case 8: memcpy(&v64, member, 8); return v64;
	case 4: memcpy(&v32, member, 4); return v32;
	default: memcpy(&v16, member, 2); return v16;
	}
}

static uint64_t place_mask(const struct place *p)
{
	return p->bits == 64 ? UINT64_MAX : BIT64(p->bits) - 1;
}

static uint64_t place_get(const struct cpu_state *s, const struct place *p)
{
	return place_member(s, p) >> p->shift & place_mask(p);
}

/* What the name does not cover stays as it is. */
static void place_set(struct cpu_state *s, const struct place *p, uint64_t v)
{
	uint64_t mask = place_mask(p) << p->shift;
	uint64_t all = (place_member(s, p) & ~mask) | (v << p->shift & mask);
	char *member = (char *)s + p->offset;
	uint32_t v32 = (uint32_t)all;
	uint16_t v16 = (uint16_t)all;

	switch (p->width) {
	case 8: memcpy(member, &all, 8); break;
	case 4: memcpy(member, &v32, 4); break;
	default: memcpy(member, &v16, 2); break;
	}
}

#define PLACE(type, base_offset, member)                                 \
	{                                                                \
		.offset = (base_offset) + offsetof(struct type, member), \
		.width = sizeof(((struct type *)0)->member),             \
		.bits = 8 * sizeof(((struct type *)0)->member)           \
	}

static bool place_find_segment(const char *name, size_t len, const char *part,
			       struct place *ret_place)
{
	for (size_t i = 0; i < segreg_info_count; i++) {
		const struct segreg_info *seg = &segreg_infos[i];
		size_t base = offsetof(struct cpu_state, seg) + seg->index * sizeof(struct segment);
		const struct {
			const char *name;
			struct place place;
		} parts[] = {
			{ "selector", PLACE(segment, base, selector) },
			{ "base", PLACE(segment, base, base) },
			{ "limit", PLACE(segment, base, limit) },
			{ "attr", PLACE(segment, base, attr) },
		};

		if (strlen(seg->name) != len || memcmp(seg->name, name, len))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(parts); k++) {
			if (strcmp(parts[k].name, part))
				continue;
			*ret_place = parts[k].place;
			return true;
		}
	}
	return false;
}

static bool place_find_table(const char *name, size_t len, const char *part,
			     struct place *ret_place)
{
	for (size_t i = 0; i < ARRAY_SIZE(dtreg_infos); i++) {
		const struct dtreg_info *dt = &dtreg_infos[i];

		if (strlen(dt->name) != len || memcmp(dt->name, name, len))
			continue;
		if (!strcmp(part, "base"))
			*ret_place = (struct place)PLACE(table_reg, dt->offset, base);
		else if (!strcmp(part, "limit"))
			*ret_place = (struct place)PLACE(table_reg, dt->offset, limit);
		else
			return false;
		return true;
	}
	return false;
}

static struct place place_of_reg(const struct reg_info *r)
{
	return (struct place){ .offset = r->offset, .width = r->bits / 8, .bits = r->bits };
}

static bool place_find(const char *name, struct place *ret_place)
{
	const char *dot = strchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) : strlen(name);

	if (dot)
		return place_find_segment(name, len, dot + 1, ret_place) ||
		       place_find_table(name, len, dot + 1, ret_place);
	for (size_t i = 0; i < reg_info_count; i++) {
		if (!strcmp(reg_infos[i].name, name)) {
			*ret_place = place_of_reg(&reg_infos[i]);
			return true;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(subreg_infos); i++) {
		const struct subreg_info *sub = &subreg_infos[i];

		if (!strcmp(sub->name, name)) {
			*ret_place = (struct place){ sub->offset, 8, sub->shift, sub->bits };
			return true;
		}
	}
	/* A segment register's bare name means its visible part. */
	return place_find_segment(name, len, "selector", ret_place);
}

uint64_t reg_get(const struct cpu_state *s, const struct reg_info *r)
{
	struct place p = place_of_reg(r);

	return place_get(s, &p);
}

void reg_set(struct cpu_state *s, const struct reg_info *r, uint64_t v)
{
	struct place p = place_of_reg(r);

	place_set(s, &p, v);
}

bool cpu_state_get(const struct cpu_state *s, const char *name, uint64_t *ret_v)
{
	struct place p;

	if (!place_find(name, &p))
		return false;
	*ret_v = place_get(s, &p);
	return true;
}

bool cpu_state_set(struct cpu_state *s, const char *name, uint64_t v)
{
	struct place p;

	if (!place_find(name, &p))
		return false;
	place_set(s, &p, v);
	return true;
}
