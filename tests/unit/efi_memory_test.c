/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI's memory map and allocators against a model that has one byte a page. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "emu/base/rng.h"
#include "models/efi_memory.h"

#define FREE  EFI_CONVENTIONAL_MEMORY
#define PAGES 256u

static struct efi_memory *make(void)
{
	struct efi_memory *mem = calloc(1, sizeof(*mem));

	cr_assert(mem);
	cr_assert(efi_memory_set(mem, FREE, 0, PAGES, EFI_MEMORY_RAM) == 0);
	return mem;
}

/* What the map says of each page; UINT8_MAX where it says nothing. */
static void flatten(const struct efi_memory *mem, uint8_t ret[PAGES])
{
	gpa_t end = 0;

	memset(ret, UINT8_MAX, PAGES);
	for (uint32_t i = 0; i < mem->range_count; i++) {
		const struct efi_range *r = &mem->ranges[i];

		cr_assert(r->pages > 0 && r->start % GUEST_PAGE_SIZE == 0);
		cr_assert(i == 0 || r->start >= end, "descriptor %u overlaps", i);
		cr_assert(i == 0 || r->start > end || r->type != r[-1].type ||
				  r->attr != r[-1].attr,
			  "descriptors %u and %u are alike", i - 1, i);
		end = r->start + r->pages * GUEST_PAGE_SIZE;
		for (uint64_t p = 0; p < r->pages; p++)
			ret[r->start / GUEST_PAGE_SIZE + p] = (uint8_t)r->type;
	}
}

static void expect_same(const struct efi_memory *mem, const uint8_t model[PAGES], unsigned step)
{
	uint8_t got[PAGES];

	flatten(mem, got);
	for (unsigned p = 0; p < PAGES; p++)
		cr_assert(got[p] == model[p], "step %u, page %u: type %u, wanted %u", step, p,
			  got[p], model[p]);
}

/* The highest run of @n free pages that ends at or below page @last; page 0 is never given. */
static int model_highest(const uint8_t model[PAGES], unsigned n, unsigned last)
{
	for (int at = (int)last - (int)n + 1; at > 0; at--) {
		unsigned k = 0;

		while (k < n && model[(unsigned)at + k] == FREE)
			k++;
		if (k == n)
			return at;
	}
	return -1;
}

static bool model_free(const uint8_t model[PAGES], unsigned at, unsigned n, bool want)
{
	for (unsigned k = 0; k < n; k++)
		if (at + k >= PAGES || (model[at + k] == FREE) != want)
			return false;
	return true;
}

static void step_allocate(struct efi_memory *mem, uint8_t model[PAGES], struct rng *rng)
{
	static const uint32_t types[] = { EFI_LOADER_DATA, EFI_LOADER_CODE, EFI_BOOT_SERVICES_DATA,
					  EFI_RUNTIME_SERVICES_DATA };
	uint32_t type = types[rng_below(rng, ARRAY_SIZE(types))];
	unsigned n = 1 + (unsigned)rng_below(rng, 12), page = (unsigned)rng_below(rng, PAGES);
	enum efi_allocate_type how = (enum efi_allocate_type)rng_below(rng, 3);
	gpa_t gpa = page * GUEST_PAGE_SIZE;
	efi_status_t status;
	int wanted;

	switch (how) {
	case EFI_ALLOCATE_ANY: wanted = model_highest(model, n, PAGES - 1); break;
	case EFI_ALLOCATE_MAX_ADDRESS:
		/* The last byte of page @page. */
		gpa += GUEST_PAGE_SIZE - 1;
		wanted = model_highest(model, n, page);
		break;
	default: wanted = model_free(model, page, n, true) ? (int)page : -1; break;
	}
	status = efi_pages_allocate(mem, how, type, n, &gpa);
	if (wanted < 0) {
		cr_assert(status ==
			  (how == EFI_ALLOCATE_ADDRESS ? EFI_NOT_FOUND : EFI_OUT_OF_RESOURCES));
		return;
	}
	cr_assert(status == EFI_SUCCESS, "0x%llx", (unsigned long long)status);
	cr_assert(gpa == (uint64_t)wanted * GUEST_PAGE_SIZE, "0x%llx, wanted page %d",
		  (unsigned long long)gpa, wanted);
	memset(model + wanted, (int)type, n);
}

static void step_free(struct efi_memory *mem, uint8_t model[PAGES], struct rng *rng)
{
	unsigned at = (unsigned)rng_below(rng, PAGES), n = 1 + (unsigned)rng_below(rng, 6);
	bool allocated = model_free(model, at, n, false);
	efi_status_t status = efi_pages_free(mem, at * GUEST_PAGE_SIZE, n);

	cr_assert(status == (allocated ? EFI_SUCCESS : EFI_NOT_FOUND), "pages %u+%u: 0x%llx", at, n,
		  (unsigned long long)status);
	if (allocated)
		memset(model + at, FREE, n);
}

Test(efi_memory, pages_as_a_map_with_one_byte_a_page)
{
	struct efi_memory *mem = make();
	uint8_t model[PAGES];
	struct rng rng;

	memset(model, FREE, sizeof(model));
	rng_init(&rng, 1, "efi_memory_test");
	for (unsigned i = 0; i < 20000; i++) {
		if (rng_below(&rng, 5) < 2)
			step_allocate(mem, model, &rng);
		else
			step_free(mem, model, &rng);
		expect_same(mem, model, i);
	}
	free(mem);
}

/* Blocks hold a pattern in a shadow of the memory: one that overlaps another would spoil it. */
Test(efi_memory, pool_blocks_are_disjoint_and_come_back)
{
	struct efi_memory *mem = make();
	struct {
		gpa_t gpa;
		uint64_t size;
	} blocks[64] = { 0 };
	static uint8_t shadow[PAGES * GUEST_PAGE_SIZE];
	struct rng rng;

	rng_init(&rng, 2, "efi_memory_test");
	for (unsigned i = 0; i < 20000; i++) {
		unsigned k = (unsigned)rng_below(&rng, ARRAY_SIZE(blocks));
		uint64_t size = 1 + rng_below(&rng, rng_below(&rng, 8) ? 300 : 20000);
		gpa_t gpa;

		if (blocks[k].gpa) {
			for (uint64_t b = 0; b < blocks[k].size; b++)
				cr_assert(shadow[blocks[k].gpa + b] == k + 1);
			memset(shadow + blocks[k].gpa, 0, blocks[k].size);
			cr_assert(efi_pool_free(mem, blocks[k].gpa) == EFI_SUCCESS);
			cr_assert(efi_pool_free(mem, blocks[k].gpa) == EFI_INVALID_PARAMETER);
			blocks[k].gpa = 0;
		} else if (efi_pool_allocate(mem, EFI_LOADER_DATA, size, &gpa) == EFI_SUCCESS) {
			const struct efi_range *r = efi_memory_find(mem, gpa);

			cr_assert(gpa % 8 == 0 && gpa + size <= sizeof(shadow));
			cr_assert(r && r->type == EFI_LOADER_DATA);
			for (uint64_t b = 0; b < size; b++)
				cr_assert(shadow[gpa + b] == 0);
			memset(shadow + gpa, (int)k + 1, size);
			blocks[k].gpa = gpa;
			blocks[k].size = size;
		}
	}
	for (unsigned k = 0; k < ARRAY_SIZE(blocks); k++)
		if (blocks[k].gpa)
			efi_pool_free(mem, blocks[k].gpa);
	/* All of it is one block again, so that its pages are free. */
	cr_expect(mem->pool_count == 0, "%u blocks are left", mem->pool_count);
	cr_expect(mem->range_count == 1 && mem->ranges[0].type == FREE);
	free(mem);
}

Test(efi_memory, too_many_descriptors_are_refused_and_nothing_changes)
{
	struct efi_memory *mem = calloc(1, sizeof(*mem));
	efi_status_t status = EFI_SUCCESS;
	uint32_t count;
	gpa_t gpa = 0;

	cr_assert(mem && !efi_memory_set(mem, FREE, 0, 1u << 20, EFI_MEMORY_RAM));
	/* Every second page: each takes a descriptor of its own, and so does each gap. */
	for (unsigned i = 1; status == EFI_SUCCESS && i < 4 * EFI_RANGES_MAX; i += 2) {
		gpa = i * GUEST_PAGE_SIZE;
		status = efi_pages_allocate(mem, EFI_ALLOCATE_ADDRESS, EFI_LOADER_DATA, 1, &gpa);
	}
	cr_assert(status == EFI_OUT_OF_RESOURCES);
	count = mem->range_count;
	cr_expect(count <= EFI_RANGES_MAX);
	cr_expect(efi_memory_find(mem, gpa)->type == FREE);
	/* What is there can be given back still. */
	cr_expect(efi_pages_free(mem, GUEST_PAGE_SIZE, 1) == EFI_SUCCESS ||
		  mem->range_count + 3 > EFI_RANGES_MAX);
	free(mem);
}

Test(efi_memory, the_top_of_the_address_space)
{
	struct efi_memory *mem = calloc(1, sizeof(*mem));
	gpa_t gpa = 0;

	cr_assert(mem);
	cr_expect(efi_memory_set(mem, FREE, UINT64_MAX - 0xfff, 1, 0) == 0);
	cr_expect(efi_memory_set(mem, FREE, UINT64_MAX - 0xfff, 2, 0) < 0);
	cr_expect(efi_memory_set(mem, FREE, 0, 0, 0) < 0);
	cr_expect(efi_memory_set(mem, FREE, 1, 1, 0) < 0);
	cr_expect(efi_pages_allocate(mem, EFI_ALLOCATE_ANY, EFI_LOADER_DATA, 1, &gpa) ==
		  EFI_SUCCESS);
	cr_expect(gpa == UINT64_MAX - 0xfff);
	cr_expect(efi_pages_allocate(mem, EFI_ALLOCATE_ANY, EFI_LOADER_DATA, UINT64_MAX / 2,
				     &gpa) == EFI_OUT_OF_RESOURCES);
	free(mem);
}

/* edk2's memory type bins: what they give and take back shows in the key, and not in the map. */
Test(efi_memory, small_allocations_of_lasting_types_leave_the_map_as_it_is)
{
	struct efi_memory *mem = make();
	gpa_t bin = 64 * GUEST_PAGE_SIZE, gpa = 0, at = bin, two;
	uint64_t key;

	cr_assert(!efi_memory_set(mem, EFI_ACPI_RECLAIM_MEMORY, bin, 4, EFI_MEMORY_RAM));
	cr_assert(!efi_memory_bin(mem, EFI_ACPI_RECLAIM_MEMORY, bin, 4));
	key = mem->key;
	cr_assert(efi_pages_allocate(mem, EFI_ALLOCATE_ANY, EFI_ACPI_RECLAIM_MEMORY, 3, &gpa) ==
		  EFI_SUCCESS);
	cr_expect(gpa == bin + GUEST_PAGE_SIZE);
	cr_expect(mem->range_count == 3 && mem->key != key);
	cr_expect(efi_pages_allocate(mem, EFI_ALLOCATE_ADDRESS, EFI_LOADER_DATA, 1, &at) ==
		  EFI_NOT_FOUND);
	cr_expect(efi_pages_allocate(mem, EFI_ALLOCATE_ADDRESS, EFI_ACPI_RECLAIM_MEMORY, 1, &at) ==
		  EFI_SUCCESS);
	/* Full: the next comes from free memory. */
	cr_expect(efi_pages_allocate(mem, EFI_ALLOCATE_ANY, EFI_ACPI_RECLAIM_MEMORY, 1, &two) ==
		  EFI_SUCCESS);
	cr_expect(two == (PAGES - 1) * GUEST_PAGE_SIZE);
	cr_expect(efi_pages_free(mem, gpa, 3) == EFI_SUCCESS);
	cr_expect(efi_pages_free(mem, gpa, 3) == EFI_NOT_FOUND);
	cr_expect(efi_memory_find(mem, gpa)->type == EFI_ACPI_RECLAIM_MEMORY);
	free(mem);
}
