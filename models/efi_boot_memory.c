/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory services and the way out of boot services: UEFI 2.10, 7.2 "Memory Allocation Services", 7.4.6 ExitBootServices(). */
#include "models/efi.h"

/* 7.1: above TPL_NOTIFY there is no allocating. */
static bool tpl_too_high(struct efi_call *c)
{
	if (c->efi->state.tpl <= EFI_TPL_NOTIFY)
		return false;
	c->flags |= EFI_CALL_TPL;
	return true;
}

/* What the image may write to from now on. */
static void note_memory(struct efi_call *c, gpa_t start, uint64_t pages, uint32_t type)
{
	machine_event(c->m, EVENT_EFI_MEMORY, EVENT_MODELLED, start, pages, type);
}

uint64_t efi_allocate_pages(struct efi_call *c)
{
	struct efi_memory *mem = &c->efi->state.memory;
	uint32_t how = (uint32_t)c->arg[0];
	efi_status_t status;
	uint64_t gpa;

	tpl_too_high(c);
	if (how > EFI_ALLOCATE_ADDRESS)
		return EFI_INVALID_PARAMETER;
	if (!c->arg[3] || !efi_read_u64(c, c->arg[3], &gpa) ||
	    !efi_reachable(c, c->arg[3], 8, true))
		return EFI_INVALID_PARAMETER;
	status = efi_pages_allocate(mem, (enum efi_allocate_type)how, (uint32_t)c->arg[1],
				    c->arg[2], &gpa);
	if (status != EFI_SUCCESS)
		return status;
	efi_write_u64(c, c->arg[3], gpa);
	note_memory(c, gpa, c->arg[2], (uint32_t)c->arg[1]);
	efi_type_protect(c, gpa, c->arg[2], (uint32_t)c->arg[1]);
	return EFI_SUCCESS;
}

uint64_t efi_free_pages(struct efi_call *c)
{
	efi_status_t status;

	tpl_too_high(c);
	status = efi_pages_free(&c->efi->state.memory, c->arg[0], c->arg[1]);
	if (status == EFI_SUCCESS)
		efi_type_protect(c, c->arg[0], c->arg[1], EFI_CONVENTIONAL_MEMORY);
	return status;
}

uint64_t efi_allocate_pool(struct efi_call *c)
{
	struct efi_memory *mem = &c->efi->state.memory;
	uint64_t key = mem->key;
	efi_status_t status;
	gpa_t gpa, start;
	uint64_t pages;

	tpl_too_high(c);
	if (!c->arg[2] || !efi_reachable(c, c->arg[2], 8, true))
		return EFI_INVALID_PARAMETER;
	status = efi_pool_allocate(mem, (uint32_t)c->arg[0], c->arg[1], &gpa);
	if (status != EFI_SUCCESS)
		return status;
	efi_write_u64(c, c->arg[2], gpa);
	start = ALIGN_DOWN(gpa, GUEST_PAGE_SIZE);
	pages = (ALIGN_UP(gpa + c->arg[1] + 1, GUEST_PAGE_SIZE) - start) / GUEST_PAGE_SIZE;
	note_memory(c, start, pages, (uint32_t)c->arg[0]);
	if (mem->key != key)
		efi_type_protect(c, start, pages, (uint32_t)c->arg[0]);
	return EFI_SUCCESS;
}

uint64_t efi_free_pool(struct efi_call *c)
{
	tpl_too_high(c);
	return efi_pool_free(&c->efi->state.memory, c->arg[0]);
}

/* Arguments: size, map, key, descriptor size, descriptor version; the last three may be 0 with edk2. */
uint64_t efi_get_memory_map(struct efi_call *c)
{
	struct efi_memory *mem = &c->efi->state.memory;
	uint64_t need = (uint64_t)mem->range_count * EFI_DESCRIPTOR_SIZE, size;
	uint8_t raw[EFI_DESCRIPTOR_SIZE];
	bool fits;

	if (!c->arg[0] || !efi_read_u64(c, c->arg[0], &size))
		return EFI_INVALID_PARAMETER;
	fits = size >= need;
	if (fits && (!c->arg[1] || !efi_reachable(c, c->arg[1], need, true)))
		return EFI_INVALID_PARAMETER;
	if (!efi_write_u64(c, c->arg[0], need) ||
	    (c->arg[2] && !efi_write_u64(c, c->arg[2], mem->key)) ||
	    (c->arg[3] && !efi_write_u64(c, c->arg[3], EFI_DESCRIPTOR_SIZE)) ||
	    (c->arg[4] && !efi_write_u32(c, c->arg[4], EFI_DESCRIPTOR_VERSION)))
		return EFI_INVALID_PARAMETER;
	if (!fits)
		return EFI_BUFFER_TOO_SMALL;
	for (uint32_t i = 0; i < mem->range_count; i++) {
		efi_descriptor_put(&mem->ranges[i], raw);
		if (!efi_write(c, c->arg[1] + (uint64_t)i * sizeof(raw), raw, sizeof(raw)))
			return EFI_INVALID_PARAMETER;
	}
	return EFI_SUCCESS;
}

/* 7.4.6: the consoles and the boot services leave the system table, and the boot services' table is of no more use. */
static void boot_services_remove(struct efi *efi, struct machine *m)
{
	static const uint8_t zero[0x178];
	static const unsigned gone[] = { EFI_ST_CONIN_HANDLE,  EFI_ST_CONIN,
					 EFI_ST_CONOUT_HANDLE, EFI_ST_CONOUT,
					 EFI_ST_STDERR_HANDLE, EFI_ST_STDERR,
					 EFI_ST_BOOT };
	struct efi_state *s = &efi->state;

	for (unsigned i = 0; i < ARRAY_SIZE(gone); i++)
		machine_write(m, s->system_table + gone[i], zero, 8);
	efi_table_sign(m, s->system_table);
	machine_write(m, s->tables[EFI_TABLE_BS], zero, sizeof(zero));
}

/*
 * The handle is nobody's to check: edk2 takes any. The first call stops the timers and
 * tells who wants to know before, whether it succeeds or not; these may use boot services
 * and change the map, so that the key is looked at behind them. Who waits for the exit
 * itself is told when the key was right, and boot services go last.
 */
uint64_t efi_exit_boot_services(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;

	if (s->exiting == 0) {
		s->exiting = 1;
		efi_event_signal_group(c->efi, efi_guid(EFI_GUID_EVENT_BEFORE_EXIT));
	}
	if (efi_event_drain(c))
		return EFI_NOT_READY;
	if (s->exiting == 1) {
		if (c->arg[1] != s->memory.key)
			return EFI_INVALID_PARAMETER;
		s->exiting = 2;
		s->watchdog = 0;
		efi_event_signal_group(c->efi, efi_guid(EFI_GUID_EVENT_EXIT_BOOT_SERVICES));
		if (efi_event_drain(c))
			return EFI_NOT_READY;
	}
	s->exited = 1;
	boot_services_remove(c->efi, c->m);
	/* edk2 disables interrupts before it returns. */
	c->cpu.rflags &= ~EFLAGS_IF;
	return EFI_SUCCESS;
}
