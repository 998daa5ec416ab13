/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware's page tables, as edk2 builds them and changes them while it runs:
 * identity over 40 bits of addresses in 2 MiB pages, split where attributes
 * differ. The tables lie in a pool that is itself mapped read-only.
 */
#ifndef MODELS_EFI_PAGING_H
#define MODELS_EFI_PAGING_H

#include "loaders/placement.h"
#include "models/efi_abi.h"

/* Fixed size, no host pointers: part of what a snapshot holds. */
struct efi_paging {
	gpa_t pool;    /* a multiple of EFI_PAGING_POOL_ALIGN */
	uint64_t used; /* bytes of the pool, from its start */
	uint64_t nx;   /* 1: efi_paging_type() gives data EFI_MEMORY_XP and code EFI_MEMORY_RO */
};

#define EFI_PAGING_POOL_SIZE  MIB(6)
#define EFI_PAGING_POOL_ALIGN MIB(2)
#define EFI_PAGING_END        BIT64(40) /* one past the last address that is mapped */

/* Where the tables are: guest memory, or while it is not there yet a buffer. */
struct efi_paging_io {
	int (*read)(void *arg, gpa_t gpa, void *data, size_t len);
	int (*write)(void *arg, gpa_t gpa, const void *data, size_t len);
	void *arg;
};

static inline gpa_t efi_paging_cr3(const struct efi_paging *p)
{
	/* The pool's first page is for its own bookkeeping. */
	return p->pool + GUEST_PAGE_SIZE;
}

/*
 * New tables at @pool, everything readable, writable and executable, with @nx
 * nothing executable, the pool read-only.
 */
int efi_paging_init(struct efi_paging *ret, gpa_t pool, bool nx, const struct efi_paging_io *io);

/*
 * In whole pages of [start, start + len) set, or with @set false clear, @attr:
 * EFI_MEMORY_RP (not present), _RO, _XP. The caller flushes the TLB. -EINVAL
 * for what is not mapped or no whole page, -ENOSPC when the pool is used up.
 */
int efi_paging_change(struct efi_paging *p, const struct efi_paging_io *io, gpa_t start,
		      uint64_t len, uint64_t attr, bool set);

/* The attributes that all of [start, start + len) has; -EINVAL as above, -ENOENT where its pages differ. */
int efi_paging_query(const struct efi_paging *p, const struct efi_paging_io *io, gpa_t start,
		     uint64_t len, uint64_t *ret_attr);

/*
 * [start, start + len) became memory of @type: with nx, what a strict firmware
 * then allows there (edk2 MdeModulePkg.dec, PcdDxeNxMemoryProtectionPolicy:
 * loader code may be written and executed, since images patch and unpack
 * themselves); without, nothing happens.
 */
int efi_paging_type(struct efi_paging *p, const struct efi_paging_io *io, gpa_t start, uint64_t len,
		    uint32_t type);

#endif
