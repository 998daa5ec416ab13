/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables of UEFI firmware: SDM 3A 4.5; UEFI 2.10, 2.3.4 "x64 Platforms" (identity mapping) and 37.7 (attributes). */
#include "models/efi_paging.h"

#include <errno.h>

#include "emu/base/x86.h"

#define ENTRIES   512u
#define PAGE_2M   MIB(2)
#define SPAN_1G   GIB(1)
#define SPAN_512G GIB(512)
#define TABLE     (PTE_P | PTE_RW)
#define LEAF      (PTE_P | PTE_RW)

/* Where the first tables lie in the pool: a page of bookkeeping, the root, then level by level. */
#define ROOT_AT       GUEST_PAGE_SIZE
#define PDPT_AT       (2 * GUEST_PAGE_SIZE)
#define PDPTS         (EFI_PAGING_END / SPAN_512G)
#define DIRECTORY_AT  (PDPT_AT + PDPTS * GUEST_PAGE_SIZE)
#define DIRECTORIES   (EFI_PAGING_END / SPAN_1G)
#define FIRST_FREE_AT (DIRECTORY_AT + DIRECTORIES * GUEST_PAGE_SIZE)

_Static_assert(FIRST_FREE_AT < EFI_PAGING_POOL_SIZE, "the pool holds the first tables");

static int entry_get(const struct efi_paging_io *io, gpa_t at, uint64_t *ret)
{
	uint8_t raw[8];
	int err = io->read(io->arg, at, raw, sizeof(raw));

	if (!err)
		*ret = get_le64(raw);
	return err;
}

static int entry_put(const struct efi_paging_io *io, gpa_t at, uint64_t entry)
{
	uint8_t raw[8];

	put_le64(raw, entry);
	return io->write(io->arg, at, raw, sizeof(raw));
}

/* Entries first, first + step, ... from the table at @at on, over as many tables as they take. */
static int fill(const struct efi_paging_io *io, gpa_t at, uint64_t count, uint64_t first,
		uint64_t step)
{
	uint8_t table[ENTRIES * 8];
	int err = 0;

	for (uint64_t done = 0; !err && done < count; done += ENTRIES) {
		memset(table, 0, sizeof(table));
		for (uint64_t i = 0; i < ENTRIES && done + i < count; i++)
			put_le64(table + i * 8, first + (done + i) * step);
		err = io->write(io->arg, at + done * 8, table, sizeof(table));
	}
	return err;
}

int efi_paging_init(struct efi_paging *ret, gpa_t pool, bool nx, const struct efi_paging_io *io)
{
	uint64_t leaf = LEAF | PTE_PS | (nx ? PTE_NX : 0);
	int err;

	*ret = (struct efi_paging){ .pool = pool, .used = FIRST_FREE_AT, .nx = nx };
	err = fill(io, pool + ROOT_AT, PDPTS, (pool + PDPT_AT) | TABLE, GUEST_PAGE_SIZE);
	if (!err)
		err = fill(io, pool + PDPT_AT, DIRECTORIES, (pool + DIRECTORY_AT) | TABLE,
			   GUEST_PAGE_SIZE);
	if (!err)
		err = fill(io, pool + DIRECTORY_AT, EFI_PAGING_END / PAGE_2M, leaf, PAGE_2M);
	if (!err)
		err = efi_paging_change(ret, io, pool, EFI_PAGING_POOL_SIZE, EFI_MEMORY_RO, true);
	return err;
}

static bool range_fits(gpa_t start, uint64_t len)
{
	return start % GUEST_PAGE_SIZE == 0 && len % GUEST_PAGE_SIZE == 0 && len &&
	       start < EFI_PAGING_END && len <= EFI_PAGING_END - start;
}

/* The directories lie one behind the other, so that the entry of a 2 MiB page needs no walk. */
static gpa_t directory_entry(const struct efi_paging *p, gpa_t gpa)
{
	return p->pool + DIRECTORY_AT + gpa / PAGE_2M * 8;
}

static uint64_t entry_change(uint64_t entry, uint64_t attr, bool set)
{
	if (attr & EFI_MEMORY_RP)
		entry = set ? entry & ~PTE_P : entry | PTE_P;
	if (attr & EFI_MEMORY_RO)
		entry = set ? entry & ~PTE_RW : entry | PTE_RW;
	if (attr & EFI_MEMORY_XP)
		entry = set ? entry | PTE_NX : entry & ~PTE_NX;
	return entry;
}

static uint64_t entry_attributes(uint64_t entry)
{
	return (entry & PTE_P ? 0 : EFI_MEMORY_RP) | (entry & PTE_RW ? 0 : EFI_MEMORY_RO) |
	       (entry & PTE_NX ? EFI_MEMORY_XP : 0);
}

/* 512 pages of 4 KiB in the place of one of 2 MiB, mapped alike. */
static int split(struct efi_paging *p, const struct efi_paging_io *io, gpa_t at, uint64_t *entry)
{
	gpa_t table = p->pool + p->used;
	int err;

	if (p->used + GUEST_PAGE_SIZE > EFI_PAGING_POOL_SIZE)
		return -ENOSPC;
	err = fill(io, table, ENTRIES, *entry & ~PTE_PS, GUEST_PAGE_SIZE);
	if (err)
		return err;
	p->used += GUEST_PAGE_SIZE;
	*entry = table | TABLE;
	return entry_put(io, at, *entry);
}

/* In the one 2 MiB page, whole or in part, that holds @start. */
static int change_2m(struct efi_paging *p, const struct efi_paging_io *io, gpa_t start,
		     uint64_t len, uint64_t attr, bool set)
{
	gpa_t at = directory_entry(p, start);
	uint64_t entry, changed;
	int err = entry_get(io, at, &entry);

	if (err)
		return err;
	if (entry & PTE_PS) {
		changed = entry_change(entry, attr, set);
		if (changed == entry)
			return 0;
		if (len == PAGE_2M)
			return entry_put(io, at, changed);
		err = split(p, io, at, &entry);
	}
	for (gpa_t page = start; !err && page < start + len; page += GUEST_PAGE_SIZE) {
		at = (entry & PTE_FRAME) + page / GUEST_PAGE_SIZE % ENTRIES * 8;
		err = entry_get(io, at, &changed);
		if (!err)
			err = entry_put(io, at, entry_change(changed, attr, set));
	}
	return err;
}

/* How much of [start, end) lies in the 2 MiB page of its start. */
static uint64_t in_2m(gpa_t start, gpa_t end)
{
	uint64_t left = PAGE_2M - start % PAGE_2M;

	return end - start < left ? end - start : left;
}

int efi_paging_change(struct efi_paging *p, const struct efi_paging_io *io, gpa_t start,
		      uint64_t len, uint64_t attr, bool set)
{
	gpa_t end = start + len;
	int err = 0;

	if (!range_fits(start, len))
		return -EINVAL;
	while (!err && start < end) {
		uint64_t n = in_2m(start, end);

		err = change_2m(p, io, start, n, attr, set);
		start += n;
	}
	return err;
}

int efi_paging_query(const struct efi_paging *p, const struct efi_paging_io *io, gpa_t start,
		     uint64_t len, uint64_t *ret_attr)
{
	bool first = true;
	uint64_t attr = 0;

	if (!range_fits(start, len))
		return -EINVAL;
	for (gpa_t page = start, end = start + len; page < end;) {
		uint64_t entry, step = GUEST_PAGE_SIZE;
		int err = entry_get(io, directory_entry(p, page), &entry);

		if (!err && (entry & PTE_PS))
			step = in_2m(page, end);
		else if (!err)
			err = entry_get(io,
					(entry & PTE_FRAME) + page / GUEST_PAGE_SIZE % ENTRIES * 8,
					&entry);
		if (err)
			return err;
		if (!first && attr != entry_attributes(entry))
			return -ENOENT;
		attr = entry_attributes(entry);
		first = false;
		page += step;
	}
	*ret_attr = attr;
	return 0;
}

/* What memory of a type may not be, under a strict firmware. */
static uint64_t type_attributes(uint32_t type)
{
	switch (type) {
	case EFI_LOADER_CODE: return 0;
	case EFI_BOOT_SERVICES_CODE:
	case EFI_RUNTIME_SERVICES_CODE: return EFI_MEMORY_RO;
	default: return EFI_MEMORY_XP;
	}
}

int efi_paging_type(struct efi_paging *p, const struct efi_paging_io *io, gpa_t start, uint64_t len,
		    uint32_t type)
{
	uint64_t set = type_attributes(type);
	int err;

	if (!p->nx)
		return 0;
	err = efi_paging_change(p, io, start, len, set, true);
	if (!err)
		err = efi_paging_change(p, io, start, len, (EFI_MEMORY_RO | EFI_MEMORY_XP) & ~set,
					false);
	return err;
}
