/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handle database: which protocol is installed where, and who has it open. UEFI 2.10, 7.3 "Protocol Handler Services". */
#include "models/efi.h"

#define HANDLE_SIZE 16u

static uint32_t handle_index(const struct efi_database *db, gpa_t handle)
{
	for (uint32_t i = 0; i < db->handle_count; i++)
		if (db->handles[i] == handle)
			return i;
	return db->handle_count;
}

bool efi_handle_valid(const struct efi *efi, gpa_t handle)
{
	const struct efi_database *db = &efi->state.database;

	return handle_index(db, handle) < db->handle_count;
}

struct efi_protocol *efi_protocol_find(struct efi *efi, gpa_t handle, const struct efi_guid *guid)
{
	struct efi_database *db = &efi->state.database;

	for (uint32_t i = 0; i < db->protocol_count; i++) {
		struct efi_protocol *p = &db->protocols[i];

		if (p->handle == handle && efi_guid_equal(&p->guid, guid))
			return p;
	}
	return NULL;
}

gpa_t efi_protocol_first(const struct efi *efi, const struct efi_guid *guid)
{
	const struct efi_database *db = &efi->state.database;

	for (uint32_t h = 0; h < db->handle_count; h++) {
		for (uint32_t i = 0; i < db->protocol_count; i++) {
			if (db->protocols[i].handle == db->handles[h] &&
			    efi_guid_equal(&db->protocols[i].guid, guid))
				return db->handles[h];
		}
	}
	return 0;
}

static void notify(struct efi *efi, const struct efi_guid *guid)
{
	struct efi_database *db = &efi->state.database;

	for (uint32_t i = 0; i < db->notify_count; i++) {
		if (db->notifies[i].event && efi_guid_equal(&db->notifies[i].guid, guid))
			efi_event_signal(efi, db->notifies[i].event);
	}
}

efi_status_t efi_protocol_install(struct efi *efi, gpa_t *handle, const struct efi_guid *guid,
				  gpa_t interface)
{
	struct efi_database *db = &efi->state.database;
	efi_status_t status;
	gpa_t new_handle;

	if (*handle && !efi_handle_valid(efi, *handle))
		return EFI_INVALID_PARAMETER;
	if (*handle && efi_protocol_find(efi, *handle, guid))
		return EFI_INVALID_PARAMETER;
	if (db->protocol_count == EFI_PROTOCOLS_MAX ||
	    (!*handle && db->handle_count == EFI_HANDLES_MAX))
		return EFI_OUT_OF_RESOURCES;
	if (!*handle) {
		status = efi_pool_allocate(&efi->state.memory, EFI_BOOT_SERVICES_DATA, HANDLE_SIZE,
					   &new_handle);
		if (status != EFI_SUCCESS)
			return status;
		db->handles[db->handle_count++] = new_handle;
		*handle = new_handle;
	}
	db->protocols[db->protocol_count++] = (struct efi_protocol){
		.handle = *handle,
		.interface = interface,
		.guid = *guid,
		.serial = ++db->serial,
	};
	notify(efi, guid);
	return EFI_SUCCESS;
}

static bool is_open_by_driver(const struct efi_database *db, gpa_t handle,
			      const struct efi_guid *guid)
{
	for (uint32_t i = 0; i < db->open_count; i++) {
		const struct efi_open *o = &db->opens[i];

		if (o->handle == handle && efi_guid_equal(&o->guid, guid) &&
		    (o->attributes & (EFI_OPEN_BY_DRIVER | EFI_OPEN_EXCLUSIVE)))
			return true;
	}
	return false;
}

static void opens_remove(struct efi_database *db, gpa_t handle, const struct efi_guid *guid)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < db->open_count; i++) {
		const struct efi_open *o = &db->opens[i];

		if (o->handle != handle || !efi_guid_equal(&o->guid, guid))
			db->opens[kept++] = *o;
	}
	db->open_count = kept;
}

static bool has_protocols(const struct efi_database *db, gpa_t handle)
{
	for (uint32_t i = 0; i < db->protocol_count; i++)
		if (db->protocols[i].handle == handle)
			return true;
	return false;
}

static void handle_remove(struct efi *efi, gpa_t handle)
{
	struct efi_database *db = &efi->state.database;
	uint32_t at = handle_index(db, handle);

	db->handle_count--;
	memmove(&db->handles[at], &db->handles[at + 1],
		(db->handle_count - at) * sizeof(db->handles[0]));
	efi_pool_free(&efi->state.memory, handle);
}

efi_status_t efi_protocol_uninstall(struct efi *efi, gpa_t handle, const struct efi_guid *guid,
				    gpa_t interface)
{
	struct efi_database *db = &efi->state.database;
	struct efi_protocol *p = efi_protocol_find(efi, handle, guid);
	uint32_t at;

	if (!p || p->interface != interface)
		return EFI_NOT_FOUND;
	if (is_open_by_driver(db, handle, guid))
		return EFI_ACCESS_DENIED;
	opens_remove(db, handle, guid);
	at = (uint32_t)(p - db->protocols);
	db->protocol_count--;
	memmove(p, p + 1, (db->protocol_count - at) * sizeof(*p));
	if (!has_protocols(db, handle))
		handle_remove(efi, handle);
	return EFI_SUCCESS;
}
