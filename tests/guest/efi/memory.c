/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory services as UEFI 2.10, 7.2 describes them. */
#include "tests/guest/efi/check.h"

static UINT8 map[65536] __attribute__((aligned(16)));

struct memory_map {
	UINTN size, key, step;
	UINT32 version;
};

static EFI_STATUS map_get(struct guest *g, struct memory_map *m)
{
	m->size = sizeof(map);
	return g->bs->GetMemoryMap(&m->size, (EFI_MEMORY_DESCRIPTOR *)map, &m->key, &m->step,
				   &m->version);
}

static EFI_MEMORY_DESCRIPTOR *map_at(const struct memory_map *m, UINTN i)
{
	return (EFI_MEMORY_DESCRIPTOR *)(map + i * m->step);
}

static EFI_MEMORY_DESCRIPTOR *map_find(struct guest *g, EFI_PHYSICAL_ADDRESS at)
{
	struct memory_map m;

	if (map_get(g, &m))
		return NULL;
	for (UINTN i = 0; i < m.size / m.step; i++) {
		EFI_MEMORY_DESCRIPTOR *d = map_at(&m, i);

		if (at >= d->PhysicalStart && at - d->PhysicalStart < d->NumberOfPages << 12)
			return d;
	}
	return NULL;
}

static void get_memory_map(struct guest *g)
{
	struct memory_map m, again;
	UINTN size = 1, unsorted = 0, overlap = 0;
	UINT64 end = 0;

	check_is(g, "GetMemoryMap() of 1 byte is too small",
		 g->bs->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)map, &m.key, &m.step,
				     &m.version),
		 EFI_BUFFER_TOO_SMALL);
	check(g, "and says how much it takes", size > 1 && size % 48 == 0);
	check_is(g, "a buffer of that size does", map_get(g, &m), EFI_SUCCESS);
	check_is(g, "whose size is what was said", m.size, size);
	check_is(g, "descriptors are 48 bytes apart", m.step, 48);
	check_is(g, "of version 1", m.version, 1);
	map_get(g, &again);
	check_is(g, "asking changes no key", again.key, m.key);
	for (UINTN i = 0; i < m.size / m.step; i++) {
		EFI_MEMORY_DESCRIPTOR *d = map_at(&m, i);

		unsorted += d->PhysicalStart % 4096 != 0 || d->NumberOfPages == 0;
		overlap += d->PhysicalStart < end;
		end = d->PhysicalStart + (d->NumberOfPages << 12);
	}
	check_is(g, "descriptors are of whole pages", unsorted, 0);
	check_is(g, "and do not overlap", overlap, 0);
	size = sizeof(map);
	check_is(g, "no buffer is INVALID_PARAMETER",
		 g->bs->GetMemoryMap(&size, NULL, &m.key, &m.step, &m.version),
		 EFI_INVALID_PARAMETER);
	check_is(g, "no size is INVALID_PARAMETER",
		 g->bs->GetMemoryMap(NULL, (EFI_MEMORY_DESCRIPTOR *)map, &m.key, &m.step,
				     &m.version),
		 EFI_INVALID_PARAMETER);
}

static void allocate_pages(struct guest *g)
{
	EFI_PHYSICAL_ADDRESS at = 0, below = 0x1ffffff, taken, wild = 0xfffffffff000;
	EFI_MEMORY_DESCRIPTOR *d;
	struct memory_map m;
	UINTN key;

	map_get(g, &m);
	key = m.key;
	check_is(g, "AllocatePages() of any 3",
		 g->bs->AllocatePages(AllocateAnyPages, EfiLoaderData, 3, &at), EFI_SUCCESS);
	check(g, "gives whole pages", at && at % 4096 == 0);
	map_get(g, &m);
	check(g, "and changes the key", m.key != key);
	d = map_find(g, at);
	check_is(g, "the map calls them what was asked for", d ? d->Type : 99, EfiLoaderData);
	check(g, "as memory that can be written back", d && (d->Attribute & EFI_MEMORY_WB));
	*(volatile UINT64 *)at = 0x1122334455667788;
	check_is(g, "they are RAM", *(volatile UINT64 *)at, 0x1122334455667788);
	taken = at;
	check_is(g, "the same address again is taken",
		 g->bs->AllocatePages(AllocateAddress, EfiLoaderData, 1, &taken), EFI_NOT_FOUND);
	check_is(g, "FreePages() of the one in the middle", g->bs->FreePages(at + 4096, 1),
		 EFI_SUCCESS);
	d = map_find(g, at + 4096);
	check_is(g, "makes it conventional memory", d ? d->Type : 99, EfiConventionalMemory);
	taken = at + 4096;
	check_is(g, "which can be had by address",
		 g->bs->AllocatePages(AllocateAddress, EfiLoaderCode, 1, &taken), EFI_SUCCESS);
	check_is(g, "FreePages() of all three", g->bs->FreePages(at, 3), EFI_SUCCESS);
	check_is(g, "but not twice", g->bs->FreePages(at, 3), EFI_NOT_FOUND);
	check_is(g, "nor of half a page", g->bs->FreePages(at + 1, 1), EFI_INVALID_PARAMETER);
	check_is(g, "below 32 MiB",
		 g->bs->AllocatePages(AllocateMaxAddress, EfiLoaderData, 16, &below), EFI_SUCCESS);
	check(g, "the last byte counts", below + 16 * 4096 - 1 <= 0x1ffffff);
	check_is(g, "more pages than there are",
		 g->bs->AllocatePages(AllocateAnyPages, EfiLoaderData, 0xfffffffffffff, &at),
		 EFI_OUT_OF_RESOURCES);
	check_is(g, "an address without memory",
		 g->bs->AllocatePages(AllocateAddress, EfiLoaderData, 1, &wild), EFI_NOT_FOUND);
	check_is(g, "conventional memory is no type to ask for",
		 g->bs->AllocatePages(AllocateAnyPages, EfiConventionalMemory, 1, &at),
		 EFI_INVALID_PARAMETER);
	check_is(g, "nor is one between the known and the vendors'",
		 g->bs->AllocatePages(AllocateAnyPages, 0x6fffffff, 1, &at), EFI_INVALID_PARAMETER);
	check_is(g, "a loader's own type is",
		 g->bs->AllocatePages(AllocateAnyPages, (EFI_MEMORY_TYPE)0x80000001, 1, &at),
		 EFI_SUCCESS);
	check_is(g, "a fourth way to allocate",
		 g->bs->AllocatePages((EFI_ALLOCATE_TYPE)3, EfiLoaderData, 1, &at),
		 EFI_INVALID_PARAMETER);
	check_is(g, "no place for the address",
		 g->bs->AllocatePages(AllocateAnyPages, EfiLoaderData, 1, NULL),
		 EFI_INVALID_PARAMETER);
}

static void pool(struct guest *g)
{
	VOID *a = NULL, *b = NULL, *big = NULL;
	EFI_MEMORY_DESCRIPTOR *d;

	check_is(g, "AllocatePool()", g->bs->AllocatePool(EfiLoaderData, 100, &a), EFI_SUCCESS);
	check_is(g, "is aligned to 8", (UINTN)a % 8, 0);
	check_is(g, "and another", g->bs->AllocatePool(EfiLoaderData, 100, &b), EFI_SUCCESS);
	check(g, "they do not overlap",
	      (UINT8 *)a + 100 <= (UINT8 *)b || (UINT8 *)b + 100 <= (UINT8 *)a);
	d = map_find(g, (UINTN)a);
	check_is(g, "the map calls it what was asked for", d ? d->Type : 99, EfiLoaderData);
	check_is(g, "a MiB of it", g->bs->AllocatePool(EfiBootServicesData, 1 << 20, &big),
		 EFI_SUCCESS);
	((volatile UINT8 *)big)[(1 << 20) - 1] = 1;
	check_is(g, "FreePool()", g->bs->FreePool(a), EFI_SUCCESS);
	check_is(g, "not twice", g->bs->FreePool(a), EFI_INVALID_PARAMETER);
	check_is(g, "nor of its middle", g->bs->FreePool((UINT8 *)b + 8), EFI_INVALID_PARAMETER);
	check_is(g, "nor of nothing", g->bs->FreePool(NULL), EFI_INVALID_PARAMETER);
	check_is(g, "the MiB goes back", g->bs->FreePool(big), EFI_SUCCESS);
	d = map_find(g, (UINTN)big + 0x1000);
	check_is(g, "to conventional memory", d ? d->Type : 99, EfiConventionalMemory);
	check_is(g, "more than there is", g->bs->AllocatePool(EfiLoaderData, (UINTN)1 << 62, &a),
		 EFI_OUT_OF_RESOURCES);
	check_is(g, "no place for the address", g->bs->AllocatePool(EfiLoaderData, 8, NULL),
		 EFI_INVALID_PARAMETER);
	g->bs->FreePool(b);
}

static void wild_pointers(struct guest *g)
{
	EFI_PHYSICAL_ADDRESS *nowhere = (EFI_PHYSICAL_ADDRESS *)0x80000000;
	UINTN *not_canonical = (UINTN *)0x8000000000000000;

	check_is(g, "an answer to where there is no memory",
		 g->bs->AllocatePages(AllocateAnyPages, EfiLoaderData, 1, nowhere),
		 EFI_INVALID_PARAMETER);
	check_is(g, "a size where no address can be",
		 g->bs->GetMemoryMap(not_canonical, (EFI_MEMORY_DESCRIPTOR *)map, NULL, NULL, NULL),
		 EFI_INVALID_PARAMETER);
	check_is(g, "an answer into the page tables",
		 g->bs->AllocatePool(EfiLoaderData, 8, (VOID **)guest_cr3()),
		 EFI_INVALID_PARAMETER);
}

static void guest_run(struct guest *g)
{
	get_memory_map(g);
	allocate_pages(g);
	pool(g);
	wild_pointers(g);
}
