/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest physical memory: host mappings behind RAM and ROM, holes between them, checked copies. */
#include "emu/machine_impl.h"

#include <errno.h>
#include <sys/mman.h>

/* SDM 3A 4.1.4: physical addresses have at most 52 bits. */
#define PHYSICAL_TOP BIT64(52)
#define HUGE_PAGE    MIB(2)

const struct mem_block *mem_block_find(const struct machine *m, gpa_t gpa)
{
	for (unsigned i = 0; i < m->block_count; i++) {
		if (gpa - m->blocks[i].gpa < m->blocks[i].size)
			return &m->blocks[i];
	}
	return NULL;
}

/* Host memory placed as the guest's is within 2 MiB, so that large host pages can back it. */
static uint8_t *host_map(gpa_t gpa, uint64_t size)
{
	uint64_t lead = gpa % HUGE_PAGE;
	uint8_t *base, *host;

	base = mmap(NULL, size + 2 * HUGE_PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return NULL;
	host = (uint8_t *)ALIGN_UP((uintptr_t)base, HUGE_PAGE) + lead;
	if (host > base)
		munmap(base, (size_t)(host - base));
	munmap(host + size, (size_t)(base + size + 2 * HUGE_PAGE - (host + size)));
	madvise(host, size, MADV_HUGEPAGE);
	return host;
}

static int map_block(struct machine *m, const struct region *r, bool writable)
{
	struct mem_block *b;

	if (m->block_count == MEM_BLOCKS_MAX)
		return -ENOSPC;
	b = &m->blocks[m->block_count];
	*b = (struct mem_block){ .gpa = r->start,
				 .size = r->last - r->start + 1,
				 .writable = writable };
	b->host = host_map(b->gpa, b->size);
	if (!b->host)
		return -ENOMEM;
	m->block_count++;
	return engine_map_ram(m->engine, b->gpa, b->size, b->host, writable);
}

static int map_holes(struct machine *m)
{
	struct regions holes = { 0 };
	int ret = regions_set(&holes, 0, PHYSICAL_TOP, 0);

	for (unsigned i = 0; !ret && i < m->block_count; i++)
		ret = regions_remove(&holes, m->blocks[i].gpa, m->blocks[i].size);
	for (size_t i = 0; !ret && i < holes.count; i++)
		ret = engine_map_hole(m->engine, holes.items[i].start,
				      holes.items[i].last - holes.items[i].start + 1);
	regions_free(&holes);
	return ret;
}

int mem_init(struct machine *m, struct diag *diag)
{
	const struct regions *sets[] = { &m->platform->ram, &m->platform->rom };
	int ret = 0;

	for (unsigned s = 0; s < ARRAY_SIZE(sets); s++) {
		for (size_t i = 0; !ret && i < sets[s]->count; i++)
			ret = map_block(m, &sets[s]->items[i], s == 0);
	}
	if (!ret)
		ret = map_holes(m);
	return ret ? diag_set(diag, ret, "cannot map the guest's memory") : 0;
}

void mem_release(struct machine *m)
{
	for (unsigned i = 0; i < m->block_count; i++)
		munmap(m->blocks[i].host, m->blocks[i].size);
	m->block_count = 0;
}

int machine_read(const struct machine *m, gpa_t gpa, void *data, size_t len)
{
	uint8_t *p = data;

	while (len) {
		const struct mem_block *b = mem_block_find(m, gpa);
		uint64_t n;

		if (!b)
			return -EFAULT;
		n = b->size - (gpa - b->gpa);
		if (n > len)
			n = len;
		memcpy(p, b->host + (gpa - b->gpa), n);
		p += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

static bool backed(const struct machine *m, gpa_t gpa, size_t len)
{
	while (len) {
		const struct mem_block *b = mem_block_find(m, gpa);
		uint64_t n;

		if (!b)
			return false;
		n = b->size - (gpa - b->gpa);
		if (n >= len)
			return true;
		gpa += n;
		len -= n;
	}
	return true;
}

int machine_write(struct machine *m, gpa_t gpa, const void *data, size_t len)
{
	const uint8_t *p = data;

	if (!backed(m, gpa, len))
		return -EFAULT;
	for (gpa_t a = gpa & GUEST_PAGE_MASK; a < gpa + len; a += GUEST_PAGE_SIZE) {
		if (engine_page_has_code(m->engine, a))
			engine_forget_phys(m->engine, a, GUEST_PAGE_SIZE);
	}
	engine_mark_dirty(m->engine, gpa, len);
	while (len) {
		const struct mem_block *b = mem_block_find(m, gpa);
		uint64_t n = b->size - (gpa - b->gpa);

		if (n > len)
			n = len;
		memcpy(b->host + (gpa - b->gpa), p, n);
		p += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

int machine_rom_unlock(struct machine *m, gpa_t gpa)
{
	for (unsigned i = 0; i < m->block_count; i++) {
		struct mem_block *b = &m->blocks[i];

		if (gpa - b->gpa >= b->size)
			continue;
		b->writable = true;
		return engine_protect(m->engine, b->gpa, b->size, true);
	}
	return -EFAULT;
}

static int read_machine(const void *ctx, gpa_t gpa, void *data, size_t len)
{
	return machine_read(ctx, gpa, data, len);
}

struct mem_reader machine_reader(const struct machine *m)
{
	return (struct mem_reader){ .read = read_machine, .ctx = m };
}

static int put_copy(struct pages *p, gpa_t gpa, const uint8_t *page)
{
	return pages_put(p, gpa, page, GUEST_PAGE_SIZE);
}

static int all_pages(struct machine *m, int (*put)(struct pages *, gpa_t, const uint8_t *),
		     struct pages **ret_pages)
{
	struct regions memory = { 0 };
	struct pages *pages = NULL;
	int ret = 0;

	for (unsigned i = 0; !ret && i < m->block_count; i++)
		ret = regions_set(&memory, m->blocks[i].gpa, m->blocks[i].size, 0);
	if (!ret && !(pages = pages_create(&memory)))
		ret = -ENOMEM;
	for (unsigned i = 0; i < m->block_count; i++) {
		const struct mem_block *b = &m->blocks[i];

		for (uint64_t off = 0; !ret && off < b->size; off += GUEST_PAGE_SIZE) {
			if (engine_page_dirty(m->engine, b->gpa + off))
				ret = put(pages, b->gpa + off, b->host + off);
		}
	}
	regions_free(&memory);
	if (ret) {
		pages_destroy(pages);
		return ret;
	}
	*ret_pages = pages;
	return 0;
}

bool machine_walk(struct machine *m, const struct cpu_state *cpu, gva_t va, struct page_walk *ret)
{
	struct mem_reader reader = machine_reader(m);
	bool present = page_walk(cpu, &reader, va, ret);

	if (!machine_a20(m))
		ret->gpa &= ~(gpa_t)BIT(20);
	return present;
}

int machine_copy_pages(struct machine *m, struct pages **ret_pages)
{
	return all_pages(m, put_copy, ret_pages);
}

int machine_view_pages(struct machine *m, struct pages **ret_pages)
{
	return all_pages(m, pages_borrow, ret_pages);
}

bool machine_read_va(struct machine *m, const struct cpu_state *cpu, gva_t va, void *data,
		     size_t len)
{
	uint8_t *p = data;

	while (len) {
		uint64_t n = GUEST_PAGE_SIZE - va % GUEST_PAGE_SIZE;
		struct page_walk w;

		if (n > len)
			n = len;
		if (!machine_walk(m, cpu, va, &w) || machine_read(m, w.gpa, p, n))
			return false;
		p += n;
		va += n;
		len -= n;
	}
	return true;
}

bool machine_write_va(struct machine *m, const struct cpu_state *cpu, gva_t va, const void *data,
		      size_t len, gva_t *ret_fault)
{
	const uint8_t *p = data;

	/* All or nothing: look first, as a frame that faults half-way is not pushed. */
	for (gva_t a = va; a < va + len; a = (a & GUEST_PAGE_MASK) + GUEST_PAGE_SIZE) {
		struct page_walk w;

		if (!machine_walk(m, cpu, a, &w) || ((cpu->cr0 & CR0_WP) && !w.writable)) {
			*ret_fault = a;
			return false;
		}
	}
	while (len) {
		uint64_t n = GUEST_PAGE_SIZE - va % GUEST_PAGE_SIZE;
		const struct mem_block *b;
		struct page_walk w;

		if (n > len)
			n = len;
		machine_walk(m, cpu, va, &w);
		b = mem_block_find(m, w.gpa);
		if (b && b->writable)
			machine_write(m, w.gpa, p, n);
		p += n;
		va += n;
		len -= n;
	}
	return true;
}
