/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Searching the handle database: UEFI 2.10, 7.3.5, 7.3.6, 7.3.8, 7.3.15, 7.3.16. */
#include "models/efi.h"

enum search { ALL_HANDLES, BY_REGISTER_NOTIFY, BY_PROTOCOL };

uint64_t efi_register_notify(struct efi_call *c)
{
	struct efi_database *db = &c->efi->state.database;
	struct efi_guid guid;
	uint32_t at = 0;

	if (!c->arg[0] || !c->arg[2] || !efi_read_guid(c, c->arg[0], &guid) ||
	    !efi_event_find(c->efi, c->arg[1]) || !efi_reachable(c, c->arg[2], 8, true))
		return EFI_INVALID_PARAMETER;
	while (at < db->notify_count && db->notifies[at].event)
		at++;
	if (at == EFI_NOTIFIES_MAX)
		return EFI_OUT_OF_RESOURCES;
	if (at == db->notify_count)
		db->notify_count++;
	efi_note_guid(c, &guid);
	db->notifies[at] = (struct efi_notify){ .guid = guid, .event = c->arg[1] };
	efi_write_u64(c, c->arg[2], at + 1);
	return EFI_SUCCESS;
}

static struct efi_notify *notify_find(struct efi_database *db, uint64_t key)
{
	if (key == 0 || key > db->notify_count || !db->notifies[key - 1].event)
		return NULL;
	return &db->notifies[key - 1];
}

static bool handle_has(const struct efi_database *db, gpa_t handle, const struct efi_guid *guid)
{
	for (uint32_t i = 0; i < db->protocol_count; i++)
		if (db->protocols[i].handle == handle &&
		    efi_guid_equal(&db->protocols[i].guid, guid))
			return true;
	return false;
}

/* One handle with every call: the next that got the protocol since the last one. */
static const struct efi_protocol *notify_next(const struct efi_database *db,
					      const struct efi_notify *n)
{
	const struct efi_protocol *next = NULL;

	for (uint32_t i = 0; i < db->protocol_count; i++) {
		const struct efi_protocol *p = &db->protocols[i];

		if (efi_guid_equal(&p->guid, &n->guid) && p->serial > n->serial &&
		    (!next || p->serial < next->serial))
			next = p;
	}
	return next;
}

/* Fills @ret with the handles that @search, @guid and @key choose. */
static efi_status_t search_handles(struct efi_call *c, uint64_t how, gva_t guid_va, uint64_t key,
				   gpa_t ret[EFI_HANDLES_MAX], uint32_t *ret_count,
				   const struct efi_protocol **ret_told)
{
	struct efi_database *db = &c->efi->state.database;
	const struct efi_protocol *told = NULL;
	const struct efi_notify *n;
	struct efi_guid guid;
	uint32_t count = 0;

	switch ((uint32_t)how) {
	case ALL_HANDLES: break;
	case BY_REGISTER_NOTIFY:
		n = notify_find(db, key);
		if (!n)
			return EFI_INVALID_PARAMETER;
		told = notify_next(db, n);
		if (told)
			ret[count++] = told->handle;
		break;
	case BY_PROTOCOL:
		if (!guid_va || !efi_read_guid(c, guid_va, &guid))
			return EFI_INVALID_PARAMETER;
		efi_note_guid(c, &guid);
		break;
	default: return EFI_INVALID_PARAMETER;
	}
	for (uint32_t i = 0; (uint32_t)how != BY_REGISTER_NOTIFY && i < db->handle_count; i++) {
		if ((uint32_t)how == ALL_HANDLES || handle_has(db, db->handles[i], &guid))
			ret[count++] = db->handles[i];
	}
	*ret_count = count;
	*ret_told = told;
	return count ? EFI_SUCCESS : EFI_NOT_FOUND;
}

static void handles_put(const gpa_t *handles, uint32_t count, uint8_t *raw)
{
	for (uint32_t i = 0; i < count; i++)
		put_le64(raw + 8 * (size_t)i, handles[i]);
}

/* The notification's search goes on after @told. */
static void search_told(struct efi_call *c, uint64_t key, const struct efi_protocol *told)
{
	if (told)
		notify_find(&c->efi->state.database, key)->serial = told->serial;
}

/* Arguments: search type, GUID, key, buffer size, buffer. */
uint64_t efi_locate_handle(struct efi_call *c)
{
	const struct efi_protocol *told;
	gpa_t handles[EFI_HANDLES_MAX];
	uint8_t raw[EFI_HANDLES_MAX * 8];
	efi_status_t status;
	uint32_t count;
	uint64_t size;

	if (!c->arg[3] || !efi_read_u64(c, c->arg[3], &size) ||
	    !efi_reachable(c, c->arg[3], 8, true))
		return EFI_INVALID_PARAMETER;
	status = search_handles(c, c->arg[0], c->arg[1], c->arg[2], handles, &count, &told);
	if (status != EFI_SUCCESS)
		return status;
	efi_write_u64(c, c->arg[3], 8ull * count);
	if (size < 8ull * count)
		return EFI_BUFFER_TOO_SMALL;
	handles_put(handles, count, raw);
	if (!c->arg[4] || !efi_write(c, c->arg[4], raw, 8 * (size_t)count))
		return EFI_INVALID_PARAMETER;
	search_told(c, c->arg[2], told);
	return EFI_SUCCESS;
}

/* Arguments: search type, GUID, key, count, buffer. */
uint64_t efi_locate_handle_buffer(struct efi_call *c)
{
	const struct efi_protocol *told;
	gpa_t handles[EFI_HANDLES_MAX], buffer;
	uint8_t raw[EFI_HANDLES_MAX * 8];
	efi_status_t status;
	uint32_t count;

	if (!c->arg[3] || !c->arg[4] || !efi_reachable(c, c->arg[3], 8, true) ||
	    !efi_reachable(c, c->arg[4], 8, true))
		return EFI_INVALID_PARAMETER;
	efi_write_u64(c, c->arg[3], 0);
	efi_write_u64(c, c->arg[4], 0);
	status = search_handles(c, c->arg[0], c->arg[1], c->arg[2], handles, &count, &told);
	if (status != EFI_SUCCESS)
		return status;
	handles_put(handles, count, raw);
	buffer = efi_pool_put(c->efi, c->m, EFI_BOOT_SERVICES_DATA, raw, 8 * (size_t)count);
	if (!buffer)
		return EFI_OUT_OF_RESOURCES;
	search_told(c, c->arg[2], told);
	efi_write_u64(c, c->arg[3], count);
	efi_write_u64(c, c->arg[4], buffer);
	return EFI_SUCCESS;
}

/* Arguments: GUID, key, interface. */
uint64_t efi_locate_protocol(struct efi_call *c)
{
	struct efi_database *db = &c->efi->state.database;
	const struct efi_protocol *p = NULL;
	struct efi_guid guid;
	struct efi_notify *n;
	gpa_t handle;

	if (!c->arg[2] || !efi_reachable(c, c->arg[2], 8, true) || !c->arg[0] ||
	    !efi_read_guid(c, c->arg[0], &guid))
		return EFI_INVALID_PARAMETER;
	efi_note_guid(c, &guid);
	efi_write_u64(c, c->arg[2], 0);
	if (c->arg[1]) {
		n = notify_find(db, c->arg[1]);
		p = n ? notify_next(db, n) : NULL;
		if (p)
			n->serial = p->serial;
	} else {
		handle = efi_protocol_first(c->efi, &guid);
		p = handle ? efi_protocol_find(c->efi, handle, &guid) : NULL;
	}
	if (!p)
		return EFI_NOT_FOUND;
	efi_write_u64(c, c->arg[2], p->interface);
	return EFI_SUCCESS;
}

/* Bytes of @path, without its end node, that @whole begins with: 0 when it does not begin with all of them. */
static size_t path_prefix(const uint8_t *path, size_t len, const uint8_t *whole, size_t whole_len)
{
	size_t prefix = len - EFI_DP_END_SIZE;

	return prefix <= whole_len - EFI_DP_END_SIZE && memcmp(path, whole, prefix) == 0 ? prefix :
											   0;
}

/*
 * Arguments: GUID, in and out: device path, handle. Of the handles with that
 * protocol the one whose path is the longest beginning of the given one; what
 * is left of it is given back.
 */
uint64_t efi_locate_device_path(struct efi_call *c)
{
	const struct efi_database *db = &c->efi->state.database;
	uint8_t wanted[EFI_DEVICE_PATH_MAX], path[EFI_DEVICE_PATH_MAX];
	size_t len, best = 0;
	struct efi_guid guid;
	gpa_t handle = 0;
	gva_t va;

	if (!c->arg[0] || !c->arg[1] || !efi_read_guid(c, c->arg[0], &guid) ||
	    !efi_read_u64(c, c->arg[1], &va) || !efi_reachable(c, c->arg[1], 8, true) || !va)
		return EFI_INVALID_PARAMETER;
	len = efi_read_device_path(c, va, wanted, sizeof(wanted));
	if (len == 0)
		return EFI_INVALID_PARAMETER;
	efi_note_guid(c, &guid);
	for (uint32_t i = 0; i < db->protocol_count; i++) {
		const struct efi_protocol *p = &db->protocols[i];
		size_t n;

		if (!efi_guid_equal(&p->guid, efi_guid(EFI_GUID_DEVICE_PATH)) ||
		    !handle_has(db, p->handle, &guid))
			continue;
		n = efi_read_device_path(c, p->interface, path, sizeof(path));
		if (n == 0)
			continue;
		n = path_prefix(path, n, wanted, len);
		if (n > best) {
			best = n;
			handle = p->handle;
		}
	}
	if (!handle)
		return EFI_NOT_FOUND;
	if (!c->arg[2] || !efi_write_u64(c, c->arg[2], handle))
		return EFI_INVALID_PARAMETER;
	efi_write_u64(c, c->arg[1], va + best);
	return EFI_SUCCESS;
}
