/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page walks in software (SDM 3A chapter 4). */
#include "emu/paging.h"

#include <errno.h>
#include <stdlib.h>

/* MAXPHYADDR is 40 in CPUID 8000_0008h of every profile: entries' bits 51..40 are reserved. */
#define PTE_BEYOND 0x000fff0000000000ull
/* Reserved in PAE paging, ignored in IA-32e paging (SDM 3A tables 4-10, 4-19). */
#define PTE_HIGH   0x7ff0000000000000ull

const char *const paging_mode_names[] = { "none", "32-bit", "PAE", "4-level", "5-level" };

/* How one paging mode cuts a linear address. */
struct paging_shape {
	unsigned levels;
	unsigned entry_size;
	unsigned index_bits;
	unsigned top_index_bits;
	uint64_t cr3_frame;
};

static const struct paging_shape shapes[] = {
	[PAGING_NONE] = { 0 },
	[PAGING_32] = { .levels = 2,
			.entry_size = 4,
			.index_bits = 10,
			.top_index_bits = 10,
			.cr3_frame = 0xfffff000 },
	[PAGING_PAE] = { .levels = 3,
			 .entry_size = 8,
			 .index_bits = 9,
			 .top_index_bits = 2,
			 .cr3_frame = 0xffffffe0 },
	[PAGING_4LEVEL] = { .levels = 4,
			    .entry_size = 8,
			    .index_bits = 9,
			    .top_index_bits = 9,
			    .cr3_frame = PTE_FRAME },
	[PAGING_5LEVEL] = { .levels = 5,
			    .entry_size = 8,
			    .index_bits = 9,
			    .top_index_bits = 9,
			    .cr3_frame = PTE_FRAME },
};

enum paging_mode paging_mode(const struct cpu_state *cpu)
{
	if (!(cpu->cr0 & CR0_PG) || !(cpu->cr0 & CR0_PE))
		return PAGING_NONE;
	if (!(cpu->cr4 & CR4_PAE))
		return PAGING_32;
	if (!cpu_in_long_mode(cpu))
		return PAGING_PAE;
	return (cpu->cr4 & CR4_LA57) ? PAGING_5LEVEL : PAGING_4LEVEL;
}

static unsigned level_shift(const struct paging_shape *s, unsigned level)
{
	return 12 + s->index_bits * (level - 1);
}

/* Is this entry a leaf at @level? Large pages: SDM 3A 4.3 (CR4.PSE), 4.4.2, 4.5.4. */
static bool is_leaf(const struct cpu_state *cpu, enum paging_mode mode, unsigned level,
		    uint64_t entry)
{
	if (level == 1)
		return true;
	if (!(entry & PTE_PS))
		return false;
	if (mode == PAGING_32)
		return level == 2 && (cpu->cr4 & CR4_PSE);
	if (mode == PAGING_PAE)
		return level == 2;
	return level <= 3;
}

static bool reserved_bits_set(const struct cpu_state *cpu, enum paging_mode mode, unsigned level,
			      uint64_t entry)
{
	if (mode == PAGING_32)
		return level == 2 && (entry & PTE_PS) && (cpu->cr4 & CR4_PSE) &&
		       (entry & BIT64(21));
	if ((entry & PTE_NX) && !(cpu->efer & EFER_NXE))
		return true;
	if ((entry & PTE_BEYOND) || (mode == PAGING_PAE && (entry & PTE_HIGH)))
		return true;
	if (mode == PAGING_PAE && level == 3)
		return entry & (0x1e6 | PTE_NX);
	if (level > 3)
		return entry & PTE_PS;
	if (level == 3 && (entry & PTE_PS))
		return entry & 0x3fffe000ull; /* 1 GiB page: bits 29..13 */
	if (level == 2 && (entry & PTE_PS))
		return entry & 0x1fe000ull; /* 2 MiB page: bits 20..13 */
	return false;
}

static gpa_t leaf_frame(enum paging_mode mode, unsigned level, uint64_t entry, uint64_t size)
{
	/* PSE-36: bits 20..13 of a 4 MiB page's entry are address bits 39..32 (SDM 3A 4.3). */
	if (mode == PAGING_32 && level == 2)
		return (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32;
	return entry & (mode == PAGING_32 ? 0xfffff000 : PTE_FRAME) & ~(size - 1);
}

static bool read_entry(const struct mem_reader *mem, const struct paging_shape *s, gpa_t at,
		       uint64_t *ret)
{
	uint8_t raw[8] = { 0 };

	if (mem_reader_read(mem, at, raw, s->entry_size))
		return false;
	*ret = s->entry_size == 4 ? get_le32(raw) : get_le64(raw);
	return true;
}

/* Bits above the translated part must be its sign (SDM 1 3.3.7.1). */
static bool canonical(enum paging_mode mode, gva_t va)
{
	unsigned bits = mode == PAGING_5LEVEL ? 57 : 48;

	if (mode < PAGING_4LEVEL)
		return !(va >> 32);
	return (uint64_t)((int64_t)(va << (64 - bits)) >> (64 - bits)) == va;
}

bool page_walk(const struct cpu_state *cpu, const struct mem_reader *mem, gva_t va,
	       struct page_walk *ret)
{
	enum paging_mode mode = paging_mode(cpu);
	const struct paging_shape *s = &shapes[mode];
	gpa_t table = cpu->cr3 & s->cr3_frame;

	*ret = (struct page_walk){ .mode = mode, .writable = true, .user = true };
	if (mode == PAGING_NONE) {
		ret->gpa = va;
		ret->present = true;
		return true;
	}
	if (!canonical(mode, va))
		return false;
	for (unsigned level = s->levels; level >= 1; level--) {
		unsigned shift = level_shift(s, level);
		uint64_t index =
			va >> shift &
			(BIT64(level == s->levels ? s->top_index_bits : s->index_bits) - 1);
		struct walk_step *step = &ret->step[ret->steps++];

		step->level = level;
		step->address = table + index * s->entry_size;
		step->readable = read_entry(mem, s, step->address, &step->entry);
		if (!step->readable || !(step->entry & PTE_P))
			return false;
		if (reserved_bits_set(cpu, mode, level, step->entry)) {
			ret->reserved_bits = true;
			return false;
		}
		/* PDPTEs of PAE paging carry no rights (SDM 3A table 4-8). */
		if (mode != PAGING_PAE || level != 3) {
			ret->writable &= !!(step->entry & PTE_RW);
			ret->user &= !!(step->entry & PTE_US);
			ret->no_execute |= mode != PAGING_32 && (step->entry & PTE_NX);
		}
		if (is_leaf(cpu, mode, level, step->entry)) {
			ret->size = BIT64(shift);
			ret->gpa = leaf_frame(mode, level, step->entry, ret->size) |
				   (va & (ret->size - 1));
			ret->present = true;
			return true;
		}
		table = step->entry & (mode == PAGING_32 ? 0xfffff000 : PTE_FRAME);
	}
	return false;
}

struct range_walk {
	const struct cpu_state *cpu;
	const struct mem_reader *mem;
	enum paging_mode mode;
	const struct paging_shape *shape;
	size_t tables_left;
	struct page_range *items;
	size_t count, cap;
};

static int range_add(struct range_walk *w, gva_t va, gpa_t gpa, uint64_t size, uint64_t flags)
{
	struct page_range *last = w->count ? &w->items[w->count - 1] : NULL;

	if (last && last->start + last->len == va && last->gpa + last->len == gpa &&
	    last->page_size == size && last->flags == flags) {
		last->len += size;
		return 0;
	}
	if (w->count == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 64;
		struct page_range *items = realloc(w->items, cap * sizeof(*items));

		if (!items)
			return -ENOMEM;
		w->items = items;
		w->cap = cap;
	}
	w->items[w->count++] = (struct page_range){
		.start = va, .len = size, .gpa = gpa, .page_size = size, .flags = flags
	};
	return 0;
}

/* Rights that hold only if every level grants them, and NX, which any level can set. */
static uint64_t combine_flags(uint64_t above, uint64_t entry)
{
	uint64_t flags = entry & (0xfff | PTE_NX) & ~(PTE_A | PTE_D | PTE_PS);

	flags &= ~((PTE_RW | PTE_US) & ~above);
	return flags | (above & PTE_NX);
}

static int walk_table(struct range_walk *w, gpa_t table, unsigned level, gva_t base, uint64_t above)
{
	const struct paging_shape *s = w->shape;
	unsigned bits = level == s->levels ? s->top_index_bits : s->index_bits;
	unsigned shift = level_shift(s, level);
	uint8_t raw[4096];
	int ret = 0;

	if (!w->tables_left--)
		return -E2BIG;
	if (mem_reader_read(w->mem, table, raw, (size_t)s->entry_size << bits))
		return -EFAULT;
	for (uint64_t i = 0; !ret && i < BIT64(bits); i++) {
		uint64_t entry = s->entry_size == 4 ? get_le32(raw + 4 * i) : get_le64(raw + 8 * i);
		gva_t va = base | i << shift;
		uint64_t flags;

		if (!(entry & PTE_P) || reserved_bits_set(w->cpu, w->mode, level, entry))
			continue;
		if (level == s->levels && w->mode >= PAGING_4LEVEL && i >> (bits - 1))
			va |= ~(BIT64(shift + bits) - 1);
		flags = w->mode == PAGING_PAE && level == 3 ? above : combine_flags(above, entry);
		if (is_leaf(w->cpu, w->mode, level, entry))
			ret = range_add(w, va, leaf_frame(w->mode, level, entry, BIT64(shift)),
					BIT64(shift), flags);
		else
			ret = walk_table(w, entry & (w->mode == PAGING_32 ? 0xfffff000 : PTE_FRAME),
					 level - 1, va, flags);
	}
	return ret;
}

int page_ranges(const struct cpu_state *cpu, const struct mem_reader *mem, size_t max_tables,
		struct page_range **ret, size_t *ret_count)
{
	struct range_walk w = {
		.cpu = cpu, .mem = mem, .mode = paging_mode(cpu), .tables_left = max_tables
	};
	int err = 0;

	w.shape = &shapes[w.mode];
	if (w.mode != PAGING_NONE)
		err = walk_table(&w, cpu->cr3 & w.shape->cr3_frame, w.shape->levels, 0,
				 PTE_RW | PTE_US);
	if (err) {
		free(w.items);
		return err;
	}
	*ret = w.items;
	*ret_count = w.count;
	return 0;
}

bool page_identity_mapped(const struct cpu_state *cpu, const struct mem_reader *mem, gva_t start,
			  uint64_t len, gva_t *reterr_va)
{
	gva_t va = start, end;

	if (__builtin_add_overflow(start, len, &end)) {
		*reterr_va = start;
		return false;
	}
	while (va < end) {
		struct page_walk w;

		if (!page_walk(cpu, mem, va, &w) || w.gpa != va) {
			*reterr_va = va;
			return false;
		}
		if (!w.size) {
			if (end > BIT64(32)) {
				*reterr_va = BIT64(32);
				return false;
			}
			return true;
		}
		va = (va & ~(w.size - 1)) + w.size;
		if (!va)
			break;
	}
	return true;
}
