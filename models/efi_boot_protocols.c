/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Installing and opening protocols: UEFI 2.10, 7.3.2-7.3.7, 7.3.9-7.3.14, 7.3.17, 7.3.18. */
#include "models/efi.h"

#define NATIVE_INTERFACE 0u

/* 7.3.17: pairs of GUID and interface up to a GUID of 0; more than this is no list. */
#define PAIRS_MAX 64u

uint64_t efi_install_protocol(struct efi_call *c)
{
	struct efi_guid guid;
	efi_status_t status;
	gpa_t handle;

	if (!c->arg[0] || !c->arg[1] || (uint32_t)c->arg[2] != NATIVE_INTERFACE ||
	    !efi_read_u64(c, c->arg[0], &handle) || !efi_reachable(c, c->arg[0], 8, true) ||
	    !efi_read_guid(c, c->arg[1], &guid))
		return EFI_INVALID_PARAMETER;
	status = efi_protocol_install(c->efi, &handle, &guid, c->arg[3]);
	if (status == EFI_SUCCESS)
		efi_write_u64(c, c->arg[0], handle);
	return status;
}

/* Arguments: handle, GUID, old interface, new interface. */
uint64_t efi_reinstall_protocol(struct efi_call *c)
{
	struct efi_database *db = &c->efi->state.database;
	struct efi_protocol *p;
	struct efi_guid guid;

	if (!efi_handle_valid(c->efi, c->arg[0]) || !c->arg[1] ||
	    !efi_read_guid(c, c->arg[1], &guid))
		return EFI_INVALID_PARAMETER;
	p = efi_protocol_find(c->efi, c->arg[0], &guid);
	if (!p || p->interface != c->arg[2])
		return EFI_NOT_FOUND;
	p->interface = c->arg[3];
	p->serial = ++db->serial;
	for (uint32_t i = 0; i < db->notify_count; i++) {
		if (db->notifies[i].event && efi_guid_equal(&db->notifies[i].guid, &guid))
			efi_event_signal(c->efi, db->notifies[i].event);
	}
	return EFI_SUCCESS;
}

uint64_t efi_uninstall_protocol(struct efi_call *c)
{
	struct efi_guid guid;

	if (!efi_handle_valid(c->efi, c->arg[0]) || !c->arg[1] ||
	    !efi_read_guid(c, c->arg[1], &guid))
		return EFI_INVALID_PARAMETER;
	return efi_protocol_uninstall(c->efi, c->arg[0], &guid, c->arg[2]);
}

/* The n-th argument of a call that takes any number of them. */
static bool call_argument(struct efi_call *c, unsigned n, uint64_t *ret)
{
	if (n < 4) {
		*ret = c->arg[n];
		return true;
	}
	return efi_read_u64(c, c->cpu.gpr[GPR_RSP] + 8 + 8 * (uint64_t)n, ret);
}

struct pair {
	struct efi_guid guid;
	gpa_t interface;
};

/* The pairs after the first argument, or a negative count. */
static int pairs_read(struct efi_call *c, struct pair pairs[PAIRS_MAX])
{
	for (unsigned i = 0; i < PAIRS_MAX; i++) {
		gva_t guid;

		if (!call_argument(c, 1 + 2 * i, &guid))
			return -1;
		if (!guid)
			return (int)i;
		if (!efi_read_guid(c, guid, &pairs[i].guid) ||
		    !call_argument(c, 2 + 2 * i, &pairs[i].interface))
			return -1;
	}
	return -1;
}

/* 7.3.17: two handles may not have the same device path. */
static bool device_path_is_taken(struct efi_call *c, const struct pair *pair)
{
	const struct efi_database *db = &c->efi->state.database;
	uint8_t mine[EFI_DEVICE_PATH_MAX], other[EFI_DEVICE_PATH_MAX];
	size_t len;

	if (!efi_guid_equal(&pair->guid, efi_guid(EFI_GUID_DEVICE_PATH)))
		return false;
	len = efi_read_device_path(c, pair->interface, mine, sizeof(mine));
	for (uint32_t i = 0; len && i < db->protocol_count; i++) {
		const struct efi_protocol *p = &db->protocols[i];

		if (efi_guid_equal(&p->guid, &pair->guid) &&
		    efi_read_device_path(c, p->interface, other, sizeof(other)) == len &&
		    memcmp(mine, other, len) == 0)
			return true;
	}
	return false;
}

uint64_t efi_install_multiple(struct efi_call *c)
{
	struct pair pairs[PAIRS_MAX];
	efi_status_t status = EFI_SUCCESS;
	int count = pairs_read(c, pairs), done;
	gpa_t handle;

	if (count < 0 || !c->arg[0] || !efi_read_u64(c, c->arg[0], &handle) ||
	    !efi_reachable(c, c->arg[0], 8, true))
		return EFI_INVALID_PARAMETER;
	for (done = 0; done < count && status == EFI_SUCCESS; done++) {
		if (device_path_is_taken(c, &pairs[done]))
			status = EFI_ALREADY_STARTED;
		else
			status = efi_protocol_install(c->efi, &handle, &pairs[done].guid,
						      pairs[done].interface);
	}
	if (status == EFI_SUCCESS) {
		efi_write_u64(c, c->arg[0], handle);
		return EFI_SUCCESS;
	}
	/* All or none: the last one is the one that failed. */
	for (int i = 0; i < done - 1; i++)
		efi_protocol_uninstall(c->efi, handle, &pairs[i].guid, pairs[i].interface);
	return status;
}

uint64_t efi_uninstall_multiple(struct efi_call *c)
{
	struct pair pairs[PAIRS_MAX];
	int count = pairs_read(c, pairs);
	gpa_t handle = c->arg[0];

	if (count < 0 || !efi_handle_valid(c->efi, handle))
		return EFI_INVALID_PARAMETER;
	for (int i = 0; i < count; i++) {
		if (efi_protocol_uninstall(c->efi, handle, &pairs[i].guid, pairs[i].interface) ==
		    EFI_SUCCESS)
			continue;
		for (int k = 0; k < i; k++)
			efi_protocol_install(c->efi, &handle, &pairs[k].guid, pairs[k].interface);
		return EFI_INVALID_PARAMETER;
	}
	return EFI_SUCCESS;
}

/* --- opening --- */

static struct efi_open *open_find(struct efi_database *db, const struct efi_open *like)
{
	for (uint32_t i = 0; i < db->open_count; i++) {
		struct efi_open *o = &db->opens[i];

		if (o->handle == like->handle && efi_guid_equal(&o->guid, &like->guid) &&
		    o->agent == like->agent && o->controller == like->controller &&
		    o->attributes == like->attributes)
			return o;
	}
	return NULL;
}

/* 7.3.9: who has it open in a way that excludes @o. */
static efi_status_t open_conflict(const struct efi_database *db, const struct efi_open *o)
{
	uint32_t taking = o->attributes & (EFI_OPEN_BY_DRIVER | EFI_OPEN_EXCLUSIVE);

	for (uint32_t i = 0; taking && i < db->open_count; i++) {
		const struct efi_open *other = &db->opens[i];

		if (other->handle != o->handle || !efi_guid_equal(&other->guid, &o->guid))
			continue;
		if ((other->attributes & EFI_OPEN_BY_DRIVER) && other->agent == o->agent &&
		    other->controller == o->controller && (taking & EFI_OPEN_BY_DRIVER))
			return EFI_ALREADY_STARTED;
		if (other->attributes & (EFI_OPEN_BY_DRIVER | EFI_OPEN_EXCLUSIVE))
			return EFI_ACCESS_DENIED;
	}
	return EFI_SUCCESS;
}

static efi_status_t open_add(struct efi_database *db, const struct efi_open *o)
{
	struct efi_open *same = open_find(db, o);

	if (same) {
		same->count++;
		return EFI_SUCCESS;
	}
	if (db->open_count == EFI_OPENS_MAX)
		return EFI_OUT_OF_RESOURCES;
	db->opens[db->open_count] = *o;
	db->opens[db->open_count++].count = 1;
	return EFI_SUCCESS;
}

static bool attributes_known(uint32_t attributes)
{
	switch (attributes) {
	case EFI_OPEN_BY_HANDLE:
	case EFI_OPEN_GET:
	case EFI_OPEN_TEST:
	case EFI_OPEN_BY_CHILD:
	case EFI_OPEN_BY_DRIVER:
	case EFI_OPEN_EXCLUSIVE:
	case EFI_OPEN_BY_DRIVER | EFI_OPEN_EXCLUSIVE: return true;
	default: return false;
	}
}

static efi_status_t open_check(struct efi_call *c, const struct efi_open *o)
{
	bool agent = efi_handle_valid(c->efi, o->agent);
	bool controller = efi_handle_valid(c->efi, o->controller);

	switch (o->attributes) {
	case EFI_OPEN_BY_CHILD:
		return agent && controller && o->controller != o->handle ? EFI_SUCCESS :
									   EFI_INVALID_PARAMETER;
	case EFI_OPEN_BY_DRIVER:
	case EFI_OPEN_BY_DRIVER | EFI_OPEN_EXCLUSIVE:
		return agent && controller ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
	case EFI_OPEN_EXCLUSIVE: return agent ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
	default: return EFI_SUCCESS;
	}
}

/* What OpenProtocol() and HandleProtocol() share; @out may be 0 for a test. */
static efi_status_t protocol_open(struct efi_call *c, struct efi_open *o, gva_t guid, gva_t out)
{
	struct efi_database *db = &c->efi->state.database;
	const struct efi_protocol *p;
	efi_status_t status;

	if (!efi_handle_valid(c->efi, o->handle) || !guid || !efi_read_guid(c, guid, &o->guid) ||
	    !attributes_known(o->attributes))
		return EFI_INVALID_PARAMETER;
	if (o->attributes != EFI_OPEN_TEST && (!out || !efi_reachable(c, out, 8, true)))
		return EFI_INVALID_PARAMETER;
	efi_note_guid(c, &o->guid);
	status = open_check(c, o);
	if (status != EFI_SUCCESS)
		return status;
	p = efi_protocol_find(c->efi, o->handle, &o->guid);
	if (!p) {
		if (o->attributes != EFI_OPEN_TEST)
			efi_write_u64(c, out, 0);
		return EFI_UNSUPPORTED;
	}
	status = open_conflict(db, o);
	if (status == EFI_SUCCESS && o->agent)
		status = open_add(db, o);
	if ((status == EFI_SUCCESS || status == EFI_ALREADY_STARTED) &&
	    o->attributes != EFI_OPEN_TEST)
		efi_write_u64(c, out, p->interface);
	return status;
}

uint64_t efi_handle_protocol(struct efi_call *c)
{
	struct efi_open o = { .handle = c->arg[0], .attributes = EFI_OPEN_BY_HANDLE };

	return protocol_open(c, &o, c->arg[1], c->arg[2]);
}

uint64_t efi_open_protocol(struct efi_call *c)
{
	struct efi_open o = { .handle = c->arg[0],
			      .agent = c->arg[3],
			      .controller = c->arg[4],
			      .attributes = (uint32_t)c->arg[5] };

	return protocol_open(c, &o, c->arg[1], c->arg[2]);
}

/* Arguments: handle, GUID, agent, controller. */
uint64_t efi_close_protocol(struct efi_call *c)
{
	struct efi_database *db = &c->efi->state.database;
	uint32_t kept = 0, count = db->open_count;
	struct efi_guid guid;

	if (!efi_handle_valid(c->efi, c->arg[0]) || !efi_handle_valid(c->efi, c->arg[2]) ||
	    (c->arg[3] && !efi_handle_valid(c->efi, c->arg[3])) || !c->arg[1] ||
	    !efi_read_guid(c, c->arg[1], &guid))
		return EFI_INVALID_PARAMETER;
	if (!efi_protocol_find(c->efi, c->arg[0], &guid))
		return EFI_NOT_FOUND;
	for (uint32_t i = 0; i < count; i++) {
		const struct efi_open *o = &db->opens[i];

		if (o->handle != c->arg[0] || !efi_guid_equal(&o->guid, &guid) ||
		    o->agent != c->arg[2] || o->controller != c->arg[3])
			db->opens[kept++] = *o;
	}
	db->open_count = kept;
	return kept < count ? EFI_SUCCESS : EFI_NOT_FOUND;
}

/* EFI_OPEN_PROTOCOL_INFORMATION_ENTRY: agent, controller, attributes, count. */
#define OPEN_ENTRY 24u

uint64_t efi_open_information(struct efi_call *c)
{
	const struct efi_database *db = &c->efi->state.database;
	uint8_t raw[OPEN_ENTRY];
	struct efi_guid guid;
	uint64_t count = 0;
	gpa_t buffer;

	if (!c->arg[2] || !c->arg[3] || !efi_reachable(c, c->arg[2], 8, true) ||
	    !efi_reachable(c, c->arg[3], 8, true) || !c->arg[1] ||
	    !efi_read_guid(c, c->arg[1], &guid))
		return EFI_INVALID_PARAMETER;
	if (!efi_protocol_find(c->efi, c->arg[0], &guid))
		return EFI_NOT_FOUND;
	if (efi_pool_allocate(&c->efi->state.memory, EFI_BOOT_SERVICES_DATA,
			      (uint64_t)db->open_count * OPEN_ENTRY, &buffer) != EFI_SUCCESS)
		return EFI_OUT_OF_RESOURCES;
	for (uint32_t i = 0; i < db->open_count; i++) {
		const struct efi_open *o = &db->opens[i];

		if (o->handle != c->arg[0] || !efi_guid_equal(&o->guid, &guid))
			continue;
		put_le64(raw, o->agent);
		put_le64(raw + 8, o->controller);
		put_le32(raw + 16, o->attributes);
		put_le32(raw + 20, o->count);
		machine_write(c->m, buffer + count++ * OPEN_ENTRY, raw, sizeof(raw));
	}
	efi_write_u64(c, c->arg[2], buffer);
	efi_write_u64(c, c->arg[3], count);
	return EFI_SUCCESS;
}

/* Gives an array of pointers to GUIDs; the GUIDs lie behind it in the same block, as good as anywhere. */
uint64_t efi_protocols_per_handle(struct efi_call *c)
{
	const struct efi_database *db = &c->efi->state.database;
	uint64_t count = 0, at = 0;
	gpa_t buffer;

	if (!efi_handle_valid(c->efi, c->arg[0]) || !c->arg[1] || !c->arg[2] ||
	    !efi_reachable(c, c->arg[1], 8, true) || !efi_reachable(c, c->arg[2], 8, true))
		return EFI_INVALID_PARAMETER;
	for (uint32_t i = 0; i < db->protocol_count; i++)
		count += db->protocols[i].handle == c->arg[0];
	if (efi_pool_allocate(&c->efi->state.memory, EFI_BOOT_SERVICES_DATA, count * 24, &buffer) !=
	    EFI_SUCCESS)
		return EFI_OUT_OF_RESOURCES;
	for (uint32_t i = 0; i < db->protocol_count; i++) {
		const struct efi_protocol *p = &db->protocols[i];
		gpa_t guid = buffer + count * 8 + at * 16;
		uint8_t raw[8];

		if (p->handle != c->arg[0])
			continue;
		put_le64(raw, guid);
		machine_write(c->m, buffer + at++ * 8, raw, sizeof(raw));
		machine_write(c->m, guid, p->guid.b, sizeof(p->guid.b));
	}
	efi_write_u64(c, c->arg[1], buffer);
	efi_write_u64(c, c->arg[2], count);
	return EFI_SUCCESS;
}

/*
 * The firmware has no drivers to connect, and the guest's own are not started:
 * no driver takes the controller, which is what the specification calls it.
 */
uint64_t efi_connect_controller(struct efi_call *c)
{
	if (!efi_handle_valid(c->efi, c->arg[0]))
		return EFI_INVALID_PARAMETER;
	if (efi_protocol_first(c->efi, efi_guid(EFI_GUID_DRIVER_BINDING)))
		c->status = EVENT_UNMODELLED;
	return EFI_NOT_FOUND;
}

uint64_t efi_disconnect_controller(struct efi_call *c)
{
	if (!efi_handle_valid(c->efi, c->arg[0]) ||
	    (c->arg[1] && !efi_handle_valid(c->efi, c->arg[1])) ||
	    (c->arg[2] && !efi_handle_valid(c->efi, c->arg[2])))
		return EFI_INVALID_PARAMETER;
	return c->arg[1] ? EFI_NOT_FOUND : EFI_SUCCESS;
}
