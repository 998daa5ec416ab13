/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocols of the firmware's own: initrd, random numbers, memory attributes. UEFI 2.10, 13.2, 37.5, 37.7. */
#include <errno.h>

#include "models/efi.h"

/* --- LoadFile2 of the initrd: boot.rst "EFI Handover Protocol", LINUX_EFI_INITRD_MEDIA_GUID --- */

/* Arguments: this, path, boot policy, buffer size, buffer. */
uint64_t efi_initrd_load_file(struct efi_call *c)
{
	struct bytes initrd = c->efi->platform->initrd;
	uint8_t path[EFI_DEVICE_PATH_MAX];
	uint64_t size;

	if (c->arg[0] != c->efi->state.tables[EFI_TABLE_LOAD2] || !c->arg[1] || !c->arg[3] ||
	    !efi_read_u64(c, c->arg[3], &size) || !efi_reachable(c, c->arg[3], 8, true) ||
	    !efi_read_device_path(c, c->arg[1], path, sizeof(path)))
		return EFI_INVALID_PARAMETER;
	/* 13.2.2: LoadFile2 is never for booting. */
	if ((uint8_t)c->arg[2])
		return EFI_UNSUPPORTED;
	/* What is left of the path when the media node is taken off must be nothing. */
	if (path[0] != EFI_DP_END)
		return EFI_NOT_FOUND;
	efi_write_u64(c, c->arg[3], initrd.len);
	if (!c->arg[4] || size < initrd.len)
		return EFI_BUFFER_TOO_SMALL;
	if (!efi_write(c, c->arg[4], initrd.data, initrd.len))
		return EFI_INVALID_PARAMETER;
	return EFI_SUCCESS;
}

static int initrd_install(struct efi *efi, struct machine *m)
{
	/* Vendor-defined media, then the end. */
	uint8_t path[24] = { EFI_DP_MEDIA, 3, 20, 0 };
	gpa_t handle = 0, gpa;

	if (efi->platform->initrd.len == 0 || efi->initrd_elsewhere)
		return 0;
	memcpy(path + 4, efi_guid(EFI_GUID_LINUX_INITRD_MEDIA)->b, 16);
	path[20] = EFI_DP_END;
	path[21] = EFI_DP_END_ALL;
	path[22] = EFI_DP_END_SIZE;
	gpa = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, path, sizeof(path));
	if (!gpa ||
	    efi_protocol_install(efi, &handle, efi_guid(EFI_GUID_DEVICE_PATH), gpa) !=
		    EFI_SUCCESS ||
	    efi_protocol_install(efi, &handle, efi_guid(EFI_GUID_LOAD_FILE2),
				 efi->state.tables[EFI_TABLE_LOAD2]) != EFI_SUCCESS)
		return -ENOSPC;
	return 0;
}

/* --- random numbers from the run's seed --- */

#define ALGORITHM_SIZE 16u
#define RANDOM_MAX     0x10000u

/* 37.5.4: EFI_RNG_ALGORITHM_RAW, which is what Linux asks for first, and the only one here. */

/* Arguments: this, size of the list, list of algorithms. */
uint64_t efi_rng_get_info(struct efi_call *c)
{
	uint64_t size;

	if (!c->arg[1] || !efi_read_u64(c, c->arg[1], &size) ||
	    !efi_write_u64(c, c->arg[1], ALGORITHM_SIZE))
		return EFI_INVALID_PARAMETER;
	if (size < ALGORITHM_SIZE)
		return EFI_BUFFER_TOO_SMALL;
	if (!c->arg[2] || !efi_write(c, c->arg[2], efi_guid(EFI_GUID_RNG_RAW)->b, ALGORITHM_SIZE))
		return EFI_INVALID_PARAMETER;
	return EFI_SUCCESS;
}

/* Arguments: this, algorithm or 0 for the default, length, buffer. */
uint64_t efi_rng_get(struct efi_call *c)
{
	uint8_t raw[4096];
	struct efi_guid algorithm;

	if (!c->arg[2] || !c->arg[3])
		return EFI_INVALID_PARAMETER;
	if (c->arg[1] && !efi_read_guid(c, c->arg[1], &algorithm))
		return EFI_INVALID_PARAMETER;
	if (c->arg[1] && !efi_guid_equal(&algorithm, efi_guid(EFI_GUID_RNG_RAW)))
		return EFI_UNSUPPORTED;
	if (c->arg[2] > RANDOM_MAX || !efi_reachable(c, c->arg[3], c->arg[2], true))
		return c->arg[2] > RANDOM_MAX ? EFI_DEVICE_ERROR : EFI_INVALID_PARAMETER;
	for (uint64_t at = 0; at < c->arg[2]; at += sizeof(raw)) {
		uint64_t left = c->arg[2] - at;
		size_t n = left < sizeof(raw) ? (size_t)left : sizeof(raw);

		rng_fill(&c->efi->state.rng, raw, n);
		efi_write(c, c->arg[3] + at, raw, n);
	}
	return EFI_SUCCESS;
}

/* --- memory attributes --- */

#define ATTRIBUTES (EFI_MEMORY_RP | EFI_MEMORY_XP | EFI_MEMORY_RO)

static efi_status_t attributes_check(const struct efi_call *c)
{
	uint64_t base = c->arg[1], len = c->arg[2];

	if (base % GUEST_PAGE_SIZE || len % GUEST_PAGE_SIZE || len == 0)
		return base % GUEST_PAGE_SIZE || len ? EFI_UNSUPPORTED : EFI_INVALID_PARAMETER;
	if (len > EFI_PAGING_END || base > EFI_PAGING_END - len)
		return EFI_UNSUPPORTED;
	return EFI_SUCCESS;
}

static efi_status_t attributes_status(int err)
{
	switch (err) {
	case 0: return EFI_SUCCESS;
	case -ENOENT: return EFI_NO_MAPPING;
	case -ENOSPC: return EFI_OUT_OF_RESOURCES;
	default: return EFI_UNSUPPORTED;
	}
}

/* Arguments of all three: this, base, length, attributes or where to put them. */
uint64_t efi_get_memory_attributes(struct efi_call *c)
{
	efi_status_t status = attributes_check(c);
	uint64_t attr;

	if (status != EFI_SUCCESS)
		return status;
	if (!c->arg[3] || !efi_reachable(c, c->arg[3], 8, true))
		return EFI_INVALID_PARAMETER;
	status = attributes_status(
		efi_cpu_attributes(c->m, &c->efi->state.cpu, c->arg[1], c->arg[2], &attr));
	if (status == EFI_SUCCESS)
		efi_write_u64(c, c->arg[3], attr);
	return status;
}

static efi_status_t attributes_change(struct efi_call *c, bool set)
{
	efi_status_t status = attributes_check(c);

	if (status != EFI_SUCCESS)
		return status;
	if (c->arg[3] == 0 || (c->arg[3] & ~ATTRIBUTES))
		return EFI_INVALID_PARAMETER;
	return attributes_status(
		efi_cpu_protect(c->m, &c->efi->state.cpu, c->arg[1], c->arg[2], c->arg[3], set));
}

uint64_t efi_set_memory_attributes(struct efi_call *c)
{
	return attributes_change(c, true);
}

uint64_t efi_clear_memory_attributes(struct efi_call *c)
{
	return attributes_change(c, false);
}

void efi_type_protect(struct efi_call *c, gpa_t start, uint64_t pages, uint32_t type)
{
	if (start < EFI_PAGING_END && pages <= (EFI_PAGING_END - start) / GUEST_PAGE_SIZE)
		efi_cpu_type(c->m, &c->efi->state.cpu, start, pages * GUEST_PAGE_SIZE, type);
}

/* --- all of them --- */

int efi_protocols_install(struct efi *efi, struct machine *m)
{
	static const struct {
		enum efi_guid_id guid;
		enum efi_table table;
	} rows[] = {
		{ EFI_GUID_RNG, EFI_TABLE_RNG },
		{ EFI_GUID_MEMORY_ATTRIBUTE, EFI_TABLE_MEMATT },
		{ EFI_GUID_DEVICE_PATH_TO_TEXT, EFI_TABLE_DPTEXT },
		{ EFI_GUID_DEVICE_PATH_UTILITIES, EFI_TABLE_DPUTIL },
	};
	int ret = efi_console_install(efi, m);

	for (size_t i = 0; i < ARRAY_SIZE(rows) && ret == 0; i++) {
		gpa_t handle = 0;

		if (efi_protocol_install(efi, &handle, efi_guid(rows[i].guid),
					 efi->state.tables[rows[i].table]) != EFI_SUCCESS)
			ret = -ENOSPC;
	}
	return ret ? ret : initrd_install(efi, m);
}
