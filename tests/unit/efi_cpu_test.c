/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware's memory map, page tables and CPU state: UEFI 2.10, 2.3.4 and 7.2. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdlib.h>

#include "emu/paging.h"
#include "models/efi_cpu.h"
#include "models/efi_memory.h"

struct fixture {
	struct platform platform;
	struct efi_map map;
	struct efi_room room;
	struct placements memory;
	struct efi_cpu efi;
	struct cpu_state cpu;
	struct pages *pages;
	struct mem_reader mem;
};

static int pages_read_at(void *arg, gpa_t gpa, void *data, size_t len)
{
	return pages_read(arg, gpa, data, len);
}

static int pages_write_at(void *arg, gpa_t gpa, const void *data, size_t len)
{
	return pages_put(arg, gpa, data, len);
}

static struct fixture *fixture_make(uint64_t memory, bool nx)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct diag diag = { 0 };

	cr_assert(ne(ptr, f, NULL));
	cr_assert(eq(int, platform_init(&f->platform, memory, &diag), 0));
	cr_assert(eq(int, efi_map_init(&f->map, &f->platform, &diag), 0), "%s", diag.text);
	efi_room_init(&f->room, &f->map);
	cr_assert(eq(int, efi_cpu_build(&f->efi, &f->map, &f->room, nx, &f->memory, &f->cpu, &diag),
		     0),
		  "%s", diag.text);
	f->pages = pages_create(&f->platform.ram);
	for (size_t i = 0; i < f->memory.count; i++) {
		const struct placement *p = &f->memory.items[i];

		cr_assert(eq(int, pages_put(f->pages, p->gpa, p->data.data, p->data.len), 0));
	}
	f->mem = pages_reader(f->pages);
	return f;
}

static void fixture_free(struct fixture *f)
{
	pages_destroy(f->pages);
	placements_free(&f->memory);
	platform_release(&f->platform);
	free(f);
}

static uint32_t type_at(const struct efi_map *map, gpa_t gpa)
{
	for (size_t i = 0; i < map->count; i++)
		if (gpa - map->items[i].start < map->items[i].pages * GUEST_PAGE_SIZE)
			return map->items[i].type;
	return EFI_MEMORY_TYPE_COUNT;
}

static struct page_walk walk(const struct fixture *f, gva_t va)
{
	struct page_walk w;

	page_walk(&f->cpu, &f->mem, va, &w);
	return w;
}

/* UEFI 2.10, 7.2.3: descriptors do not overlap; all RAM is in one of them save what OVMF hides below 1 MiB. */
Test(efi_map, the_built_in_map_describes_all_ram_once)
{
	static const uint64_t sizes[] = { MIB(64), MIB(512), MIB(512) + 0x3000, GIB(3), GIB(6) };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct efi_map *map = malloc(sizeof(*map));
		struct platform p;
		struct diag diag = { 0 };
		uint64_t ram = 0, end = 0;

		cr_assert(eq(int, platform_init(&p, sizes[i], &diag), 0));
		cr_assert(eq(int, efi_map_init(map, &p, &diag), 0), "%s", diag.text);
		for (size_t k = 0; k < map->count; k++) {
			const struct efi_region *r = &map->items[k];

			cr_expect(ge(u64, r->start, end));
			end = r->start + r->pages * GUEST_PAGE_SIZE;
			if (r->type != EFI_MEMORY_MAPPED_IO) {
				cr_expect(regions_cover(&p.ram, r->start, end - r->start));
				ram += r->pages * GUEST_PAGE_SIZE;
			}
		}
		cr_expect(eq(u64, ram, sizes[i] - (MIB(1) - 0xa0000)));
		platform_release(&p);
		free(map);
	}
}

Test(efi_map, too_little_ram_is_said)
{
	struct efi_map *map = malloc(sizeof(*map));
	struct platform p;
	struct diag diag = { 0 };

	cr_assert(eq(int, platform_init(&p, MIB(32), &diag), 0));
	cr_expect(eq(int, efi_map_init(map, &p, &diag), -EINVAL));
	cr_expect(ne(ptr, strstr(diag.text, "UEFI firmware needs"), NULL), "%s", diag.text);
	platform_release(&p);
	free(map);
}

/* A map from elsewhere: each way in which it cannot be this machine's. */
Test(efi_map, a_map_that_cannot_be_this_machines_is_refused)
{
	static const struct {
		struct efi_region r[2];
		const char *why;
	} rows[] = {
		{ { { 7, 0, 16, 0xf }, { 16, 0x10000, 1, 0xf } }, "its type is none" },
		{ { { 7, 0, 16, 0xf }, { 7, 0x10800, 1, 0xf } }, "does not begin on a page" },
		{ { { 7, 0, 16, 0xf }, { 7, 0x10000, 0, 0xf } }, "it is empty" },
		{ { { 7, 0, 16, 0xf }, { 7, 0xf000, 1, 0xf } }, "begins before" },
		{ { { 7, 0x10000, 16, 0xf }, { 7, 0, 1, 0xf } }, "begins before" },
		{ { { 7, 0, 16, 0xf }, { 11, 0x10000, 0xfffffffffffff, 0xf } }, "passes the end" },
		{ { { 7, 0, 16, 0xf }, { 7, 0x10000, UINT64_MAX, 0xf } }, "passes the end" },
		{ { { 7, 0, 16, 0xf }, { 7, MIB(512), 1, 0xf } },
		  "RAM where this machine has none" },
		{ { { 7, 0, 16, 0xf }, { 7, 0x9f000, 2, 0xf } },
		  "RAM where this machine has none" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct efi_map *map = malloc(sizeof(*map));
		struct platform p;
		struct diag diag = { 0 };

		cr_assert(eq(int, platform_init(&p, MIB(512), &diag), 0));
		p.efi_map = rows[i].r;
		p.efi_map_count = 2;
		cr_expect(eq(int, efi_map_init(map, &p, &diag), -EINVAL), "row %zu", i);
		cr_expect(ne(ptr, strstr(diag.text, rows[i].why), NULL), "row %zu: %s", i,
			  diag.text);
		cr_expect(ne(ptr, strstr(diag.text, "descriptor 1"), NULL), "%s", diag.text);
		platform_release(&p);
		free(map);
	}
}

/* edk2 DxeCore, CoreFindFreePages(): memory is given from below what was set apart, and above it only when that is used up. */
Test(efi_map, memory_is_given_from_below_what_is_set_apart)
{
	struct fixture *f = fixture_make(MIB(512), false);
	struct efi_memory *mem = calloc(1, sizeof(*mem));
	gpa_t end = efi_map_default_end(&f->map), any = 0, high = UINT64_MAX, low = MIB(4);

	cr_assert(ne(ptr, mem, NULL));
	cr_expect(eq(u32, type_at(&f->map, end), EFI_RUNTIME_SERVICES_DATA));
	cr_expect(ne(u32, type_at(&f->map, end - 1), EFI_RUNTIME_SERVICES_DATA));
	for (size_t i = 0; i < f->map.count; i++) {
		const struct efi_region *r = &f->map.items[i];

		cr_assert(eq(int, efi_memory_set(mem, r->type, r->start, r->pages, r->attr), 0));
	}
	mem->default_end = end;
	cr_expect(eq(u64, efi_pages_allocate(mem, EFI_ALLOCATE_ANY, EFI_LOADER_DATA, 1, &any),
		     EFI_SUCCESS));
	cr_expect(eq(u64,
		     efi_pages_allocate(mem, EFI_ALLOCATE_MAX_ADDRESS, EFI_LOADER_DATA, 1, &high),
		     EFI_SUCCESS));
	cr_expect(eq(u64,
		     efi_pages_allocate(mem, EFI_ALLOCATE_MAX_ADDRESS, EFI_LOADER_DATA, 1, &low),
		     EFI_SUCCESS));
	cr_expect(lt(u64, any, end));
	cr_expect(eq(u64, high, any - GUEST_PAGE_SIZE));
	cr_expect(lt(u64, low, MIB(4)));
	free(mem);
	fixture_free(f);
}

/* What firmware keeps for itself lies in memory that the map already gives to firmware, and nowhere twice. */
Test(efi_cpu, firmware_lies_in_its_own_regions)
{
	struct fixture *f = fixture_make(MIB(512), false);

	cr_expect(eq(u32, type_at(&f->map, f->cpu.cr3), EFI_BOOT_SERVICES_DATA));
	cr_expect(eq(u32, type_at(&f->map, f->cpu.gpr[GPR_RSP]), EFI_BOOT_SERVICES_DATA));
	cr_expect(eq(u32, type_at(&f->map, f->cpu.idtr.base), EFI_BOOT_SERVICES_DATA));
	cr_expect(eq(u32, type_at(&f->map, f->cpu.gdtr.base), EFI_RUNTIME_SERVICES_DATA));
	cr_expect(eq(u32, type_at(&f->map, f->efi.handlers), EFI_BOOT_SERVICES_CODE));
	for (size_t i = 0; i < f->memory.count; i++)
		for (size_t k = 0; k < i; k++)
			cr_expect(f->memory.items[i].gpa >=
					  f->memory.items[k].gpa + f->memory.items[k].size ||
				  f->memory.items[k].gpa >=
					  f->memory.items[i].gpa + f->memory.items[i].size);
	fixture_free(f);
}

/* UEFI 2.10, 2.3.4: the list under "x64 Platforms", item by item. */
Test(efi_cpu, the_cpu_is_in_the_documents_state)
{
	struct fixture *f = fixture_make(MIB(512), false);
	const struct cpu_state *c = &f->cpu;

	cr_expect(cpu_in_code64(c));
	cr_expect(eq(u64, c->cr0 & (CR0_PG | CR0_EM | CR0_TS), CR0_PG));
	cr_expect(eq(u64, c->rflags & (EFLAGS_IF | EFLAGS_DF), EFLAGS_IF));
	cr_expect(eq(u16, c->fcw, 0x37f));
	cr_expect(eq(u32, c->mxcsr, 0x1f80));
	cr_expect(eq(u64, c->gpr[GPR_RSP] % 16, 8));
	cr_expect(ge(u64, c->gpr[GPR_RSP] - f->efi.stack, KIB(128)));
	cr_expect(page_identity_mapped(c, &f->mem, 0, GIB(8), NULL));
	fixture_free(f);
}

/* OVMF's tables as captured: everything can be written, save the tables themselves. */
Test(efi_paging, only_the_tables_are_read_only)
{
	struct fixture *f = fixture_make(MIB(512), false);
	gpa_t pool = f->efi.paging.pool;

	cr_expect(not(walk(f, f->cpu.cr3).writable));
	cr_expect(not(walk(f, pool + EFI_PAGING_POOL_SIZE - 1).writable));
	cr_expect(walk(f, pool - 1).writable);
	cr_expect(walk(f, pool + EFI_PAGING_POOL_SIZE).writable);
	cr_expect(walk(f, 0).writable);
	cr_expect(not(walk(f, MIB(16)).no_execute));
	cr_expect(eq(u64, walk(f, MIB(16)).size, MIB(2)));
	cr_expect(not(walk(f, BIT64(40)).present));
	fixture_free(f);
}

/* edk2's policy: code read-only, data no-execute, loader code neither. */
Test(efi_paging, strict_firmware_maps_each_type_as_it_is_used)
{
	struct fixture *f = fixture_make(MIB(512), true);

	for (size_t i = 0; i < f->map.count; i++) {
		const struct efi_region *r = &f->map.items[i];
		gva_t last = r->start + r->pages * GUEST_PAGE_SIZE - 1;
		bool code = r->type == EFI_BOOT_SERVICES_CODE ||
			    r->type == EFI_RUNTIME_SERVICES_CODE;

		cr_expect(eq(int, walk(f, r->start).no_execute, !code), "0x%llx",
			  (unsigned long long)r->start);
		cr_expect(eq(int, walk(f, last).no_execute, !code), "0x%llx",
			  (unsigned long long)last);
		if (code)
			cr_expect(not(walk(f, last).writable), "0x%llx", (unsigned long long)last);
	}
	cr_expect(walk(f, f->cpu.gpr[GPR_RSP]).writable);
	cr_expect(not(walk(f, f->cpu.cr3).writable));
	fixture_free(f);
}

Test(efi_paging, attributes_change_by_pages_and_can_be_asked_for)
{
	struct fixture *f = fixture_make(MIB(512), false);
	const struct efi_paging_io io = { pages_read_at, pages_write_at, f->pages };
	struct efi_paging *p = &f->efi.paging;
	uint64_t attr = 1;

	cr_expect(eq(int,
		     efi_paging_change(p, &io, 0x1603000, 0x2000, EFI_MEMORY_XP | EFI_MEMORY_RO,
				       true),
		     0));
	cr_expect(walk(f, 0x1602fff).writable);
	cr_expect(walk(f, 0x1603000).no_execute);
	cr_expect(not(walk(f, 0x1604fff).writable));
	cr_expect(not(walk(f, 0x1605000).no_execute));
	cr_expect(eq(u64, walk(f, 0x1605000).gpa, 0x1605000));
	cr_expect(eq(int, efi_paging_query(p, &io, 0x1603000, 0x2000, &attr), 0));
	cr_expect(eq(u64, attr, EFI_MEMORY_XP | EFI_MEMORY_RO));
	cr_expect(eq(int, efi_paging_query(p, &io, 0x1602000, 0x2000, &attr), -ENOENT));
	cr_expect(eq(int, efi_paging_query(p, &io, MIB(32), MIB(8), &attr), 0));
	cr_expect(eq(u64, attr, 0));
	cr_expect(eq(int, efi_paging_change(p, &io, 0x1603000, 0x2000, EFI_MEMORY_XP, false), 0));
	cr_expect(not(walk(f, 0x1603000).no_execute));
	cr_expect(not(walk(f, 0x1603000).writable));
	cr_expect(eq(int, efi_paging_change(p, &io, MIB(64), MIB(2), EFI_MEMORY_RP, true), 0));
	cr_expect(not(walk(f, MIB(65)).present));
	cr_expect(eq(int, efi_paging_change(p, &io, 0x800, GUEST_PAGE_SIZE, EFI_MEMORY_RO, true),
		     -EINVAL));
	cr_expect(eq(int,
		     efi_paging_change(p, &io, BIT64(40), GUEST_PAGE_SIZE, EFI_MEMORY_RO, true),
		     -EINVAL));
	fixture_free(f);
}

Test(efi_paging, an_exhausted_pool_is_an_error)
{
	struct fixture *f = fixture_make(MIB(512), false);
	const struct efi_paging_io io = { pages_read_at, pages_write_at, f->pages };
	int err = 0;

	for (gpa_t at = GIB(1); !err && at < GIB(4); at += MIB(2))
		err = efi_paging_change(&f->efi.paging, &io, at, GUEST_PAGE_SIZE, EFI_MEMORY_RO,
					true);
	cr_expect(eq(int, err, -ENOSPC));
	cr_expect(le(u64, f->efi.paging.used, EFI_PAGING_POOL_SIZE));
	fixture_free(f);
}
