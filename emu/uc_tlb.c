/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repairs to Unicorn 2.1.1's software TLB, made at link time on a private copy of libunicorn.a.
 *
 * As it comes, a page that holds translated code counts as dirty after the
 * first store to it, and stores through another mapping go unseen: stale code
 * runs. Here a page that ever held a block never becomes dirty, and every
 * mapping of it is marked when the first block is made. The TLB also starts
 * with 2,048 entries instead of 256, which the decompressor's copies need.
 * Each page's first store is noted, which costs nothing as the slow path is
 * taken anyway: the list of dirty pages.
 *
 * And where its buffer of translated code is full for the first time, it takes
 * the buffer from the start once more without forgetting what lies in it:
 * blocks are overwritten while they are still in use. Here it is told that
 * the buffer's one region is taken, so that it forgets all blocks first.
 *
 * The symbols are wrapped by the linker (see UNICORN_LDFLAGS in the Makefile);
 * tlb_set_dirty is replaced. All rests on this archive's structure offsets,
 * which tlb_layout_prove() checks in every engine.
 */
#include "emu/uc_internal.h"

#include <errno.h>
#include <stdlib.h>

_Thread_local struct engine *engine_current;

/* CPUTLBEntry */
struct tlb_entry {
	uint64_t read;
	uint64_t write;
	uint64_t code;
	uint64_t paddr;
	uint64_t addend;
	uint64_t pad[3];
};

/* CPUTLBDescFast */
struct tlb_fast {
	uint64_t mask; /* (entries - 1) * sizeof(struct tlb_entry) */
	struct tlb_entry *table;
};

#define MMU_MODES           3u
#define VICTIMS             8u
#define TLB_NOTDIRTY        BIT64(10)
#define TLB_ENTRIES         2048u
#define TLB_ENTRIES_DEFAULT 256u

/* Offsets: CPUState.env_ptr, uc_struct.cpu, and from the env back to its TLB. */
#define CPU_ENV          0x128u
#define UC_CPU           0x1a0u
#define ENV_TLB_FAST     (-64)
#define ENV_TLB_DESC     (-2160)
#define TLB_DESC_SIZE    696
#define TLB_DESC_WINDOW  16
#define TLB_DESC_VICTIMS 48
#define TLB_DESC_IOTLB   688
#define IOTLB_ENTRY_SIZE 16u

/* uc_struct.tcg_ctx; TCGContext: regions of the code buffer, and how many of them are taken. */
#define UC_TCG            0x2e8u
#define TCG_REGIONS       0x9910u
#define TCG_REGIONS_TAKEN 0x9928u

static uint8_t *cpu_env(void *cpu)
{
	return *(uint8_t **)((uint8_t *)cpu + CPU_ENV);
}

static struct tlb_fast *tlb_fast(uint8_t *env, unsigned mode)
{
	return (struct tlb_fast *)(void *)(env + ENV_TLB_FAST + 16 * (int)mode);
}

static uint8_t *tlb_desc(uint8_t *env, unsigned mode)
{
	return env + ENV_TLB_DESC + TLB_DESC_SIZE * (int)mode;
}

static struct tlb_entry *tlb_victims(uint8_t *env, unsigned mode)
{
	return (struct tlb_entry *)(void *)(tlb_desc(env, mode) + TLB_DESC_VICTIMS);
}

static bool page_holds_code(const struct engine *e, gpa_t gpa)
{
	return gpa >= e->ram_top || bitmap_test(e->has_code, gpa >> 12);
}

void __real_tlb_init_x86_64(void *cpu);
void __wrap_tlb_init_x86_64(void *cpu);
void __real_tlb_protect_code_x86_64(void *uc, uint64_t ram_addr);
void __wrap_tlb_protect_code_x86_64(void *uc, uint64_t ram_addr);
void __wrap_tlb_reset_dirty_by_vaddr_x86_64(void *cpu, uint64_t start, uint64_t len);
void tlb_set_dirty_x86_64(void *cpu, uint64_t va);
void __real_tb_invalidate_phys_page_fast_x86_64(void *uc, void *pages, uint64_t ram_addr, int len,
						uintptr_t retaddr);
void __wrap_tb_invalidate_phys_page_fast_x86_64(void *uc, void *pages, uint64_t ram_addr, int len,
						uintptr_t retaddr);
void *__real_tcg_tb_alloc_x86_64(void *tcg);
void *__wrap_tcg_tb_alloc_x86_64(void *tcg);
void __real_cpu_loop_exit_noexc_x86_64(void *cpu);
void __wrap_cpu_loop_exit_noexc_x86_64(void *cpu);

void __wrap_tlb_init_x86_64(void *cpu)
{
	uint8_t *env;

	__real_tlb_init_x86_64(cpu);
	env = cpu_env(cpu);
	for (unsigned i = 0; i < MMU_MODES; i++) {
		struct tlb_fast *f = tlb_fast(env, i);
		uint8_t *d = tlb_desc(env, i);
		struct tlb_entry *table;
		void **iotlb = (void **)(void *)(d + TLB_DESC_IOTLB);
		void *io;

		/* Another layout: leave it, and let tlb_layout_prove() refuse. */
		if (f->mask != (TLB_ENTRIES_DEFAULT - 1) * sizeof(struct tlb_entry))
			return;
		table = malloc(TLB_ENTRIES * sizeof(*table));
		io = calloc(TLB_ENTRIES, IOTLB_ENTRY_SIZE);
		if (!table || !io) {
			free(table);
			free(io);
			return;
		}
		memset(table, 0xff, TLB_ENTRIES * sizeof(*table));
		free(f->table);
		free(*iotlb);
		f->table = table;
		f->mask = (TLB_ENTRIES - 1) * sizeof(*table);
		*iotlb = io;
		/* The window in which the TLB may be resized never ends. */
		*(int64_t *)(void *)(d + TLB_DESC_WINDOW) = INT64_MAX / 2;
	}
}

void tlb_set_dirty_x86_64(void *cpu, uint64_t va)
{
	struct engine *e = engine_current;
	uint8_t *env = cpu_env(cpu);

	va &= GUEST_PAGE_MASK;
	for (unsigned i = 0; i < MMU_MODES; i++) {
		struct tlb_fast *f = tlb_fast(env, i);
		struct tlb_entry *victims = tlb_victims(env, i);

		for (int k = -1; k < (int)VICTIMS; k++) {
			struct tlb_entry *t =
				k < 0 ? (void *)((uint8_t *)f->table + (va >> 6 & f->mask)) :
					&victims[k];

			if (t->write != (va | TLB_NOTDIRTY))
				continue;
			if (!e) {
				t->write = va;
				continue;
			}
			if (!page_holds_code(e, t->paddr))
				t->write = va;
		}
	}
}

static gpa_t ram_addr_to_gpa(const struct engine *e, uint64_t ram_addr)
{
	for (unsigned i = 0; i < e->block_count; i++) {
		const struct ram_block *b = &e->blocks[i];

		if (ram_addr - b->ram_addr < b->size)
			return b->gpa + (ram_addr - b->ram_addr);
	}
	return UINT64_MAX;
}

void __wrap_tlb_protect_code_x86_64(void *uc, uint64_t ram_addr)
{
	struct engine *e = engine_current;
	gpa_t page = e ? ram_addr_to_gpa(e, ram_addr) & GUEST_PAGE_MASK : UINT64_MAX;

	if (e && page < e->ram_top && !bitmap_test(e->has_code, page >> 12)) {
		uint8_t *env = cpu_env(*(void **)((uint8_t *)uc + UC_CPU));

		bitmap_set(e->has_code, page >> 12);
		for (unsigned i = 0; i < MMU_MODES; i++) {
			struct tlb_fast *f = tlb_fast(env, i);
			uint64_t n = f->mask / sizeof(struct tlb_entry) + 1;

			for (uint64_t k = 0; k < n + VICTIMS; k++) {
				struct tlb_entry *t = k < n ? &f->table[k] :
							      &tlb_victims(env, i)[k - n];

				if ((t->paddr & GUEST_PAGE_MASK) == page && !(t->write & 0xfff))
					t->write |= TLB_NOTDIRTY;
			}
		}
	}
	__real_tlb_protect_code_x86_64(uc, ram_addr);
}

/* What it would do is done above, for every mapping. */
void __wrap_tlb_reset_dirty_by_vaddr_x86_64(void *cpu, uint64_t start, uint64_t len)
{
	(void)cpu;
	(void)start;
	(void)len;
}

/*
 * A store to a page that is not dirty yet comes by here, once for each page of it; with a store hook on, when the
 * engine never calls a page dirty, all do.
 */
void __wrap_tb_invalidate_phys_page_fast_x86_64(void *uc, void *pages, uint64_t ram_addr, int len,
						uintptr_t retaddr)
{
	struct engine *e = engine_current;
	gpa_t gpa = e ? ram_addr_to_gpa(e, ram_addr) : UINT64_MAX;

	if (e && gpa < e->ram_top)
		bitmap_set(e->dirty, gpa >> 12);
	__real_tb_invalidate_phys_page_fast_x86_64(uc, pages, ram_addr, len, retaddr);
}

/* The engine leaves a block in the middle, without an exception: a store hit the block's own code. */
void __wrap_cpu_loop_exit_noexc_x86_64(void *cpu)
{
	if (engine_current)
		engine_block_aborted(engine_current);
	__real_cpu_loop_exit_noexc_x86_64(cpu);
}

/* Without room for one more block the engine forgets all and leaves the run. */
void *__wrap_tcg_tb_alloc_x86_64(void *tcg)
{
	void *tb = __real_tcg_tb_alloc_x86_64(tcg);

	if (!tb && engine_current)
		engine_current->full = true;
	return tb;
}

static int regions_take(struct engine *e, struct diag *diag)
{
	uint8_t *tcg = *(uint8_t **)((uint8_t *)e->uc + UC_TCG);
	uint64_t *taken = (uint64_t *)(void *)(tcg + TCG_REGIONS_TAKEN);

	if (!tcg || *(const uint64_t *)(const void *)(tcg + TCG_REGIONS) != 1 || *taken > 1)
		return diag_set(
			diag, -ENOTSUP,
			"this libunicorn.a is not laid out as 2.1.1's (regions of the code buffer)");
	*taken = 1;
	return 0;
}

int tlb_layout_prove(struct engine *e, struct diag *diag)
{
	void *cpu = *(void **)((uint8_t *)e->uc + UC_CPU);
	uint8_t *env;

	if (!cpu)
		return diag_set(diag, -ENOTSUP,
				"this libunicorn.a is not laid out as 2.1.1's (no CPU pointer)");
	env = cpu_env(cpu);
	e->regs = (const uint64_t *)(const void *)(env + RAW_REGS);
	for (unsigned i = 0; i < MMU_MODES; i++) {
		if (tlb_fast(env, i)->mask != (TLB_ENTRIES - 1) * sizeof(struct tlb_entry) ||
		    *(int64_t *)(void *)(tlb_desc(env, i) + TLB_DESC_WINDOW) != INT64_MAX / 2)
			return diag_set(
				diag, -ENOTSUP,
				"this libunicorn.a is not laid out as 2.1.1's (software TLB, mode %u)",
				i);
	}
	return regions_take(e, diag);
}
