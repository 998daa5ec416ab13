/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI's numbers as people say them: UEFI 2.10, appendix D "Status Codes", and the rows of efi_services.def and efi_guids.def. */
#include "models/efi_names.h"

#include <stdio.h>

#include "models/efi.h"

static const struct {
	efi_status_t status;
	const char *name;
} statuses[] = {
	{ EFI_SUCCESS, "SUCCESS" },
	{ EFI_LOAD_ERROR, "LOAD_ERROR" },
	{ EFI_INVALID_PARAMETER, "INVALID_PARAMETER" },
	{ EFI_UNSUPPORTED, "UNSUPPORTED" },
	{ EFI_BAD_BUFFER_SIZE, "BAD_BUFFER_SIZE" },
	{ EFI_BUFFER_TOO_SMALL, "BUFFER_TOO_SMALL" },
	{ EFI_NOT_READY, "NOT_READY" },
	{ EFI_DEVICE_ERROR, "DEVICE_ERROR" },
	{ EFI_WRITE_PROTECTED, "WRITE_PROTECTED" },
	{ EFI_OUT_OF_RESOURCES, "OUT_OF_RESOURCES" },
	{ EFI_NO_MEDIA, "NO_MEDIA" },
	{ EFI_MEDIA_CHANGED, "MEDIA_CHANGED" },
	{ EFI_NOT_FOUND, "NOT_FOUND" },
	{ EFI_ACCESS_DENIED, "ACCESS_DENIED" },
	{ EFI_NO_MAPPING, "NO_MAPPING" },
	{ EFI_TIMEOUT, "TIMEOUT" },
	{ EFI_NOT_STARTED, "NOT_STARTED" },
	{ EFI_ALREADY_STARTED, "ALREADY_STARTED" },
	{ EFI_ABORTED, "ABORTED" },
	{ EFI_SECURITY_VIOLATION, "SECURITY_VIOLATION" },
	{ EFI_END_OF_FILE, "END_OF_FILE" },
	{ EFI_INVALID_LANGUAGE, "INVALID_LANGUAGE" },
};

/* In the order of enum efi_call_flag. */
static const char *const flag_names[] = {
	"RSP not aligned to 16",
	"no shadow space",
	"not in 64-bit mode",
	"DF set",
	"CR0.EM or TS set",
	"FCW changed",
	"MXCSR changed",
	"another GDT",
	"another IDT",
	"other page tables",
	"with interrupts on",
	"after ExitBootServices()",
	"a pointer to no memory",
	"at too high a TPL",
};

const char *efi_service_name(uint64_t code)
{
	for (unsigned i = 0; i < EFI_SERVICE_COUNT; i++)
		if (efi_service_code((enum efi_service)i) == code)
			return efi_service_infos[i].name;
	return NULL;
}

static void put_guid(struct buf *b, const struct event *e)
{
	struct efi_guid guid;

	put_le64(guid.b, e->arg[1]);
	put_le64(guid.b + 8, e->arg[2]);
	for (unsigned i = 0; i < EFI_GUID_COUNT; i++) {
		if (efi_guid_equal(efi_guid((enum efi_guid_id)i), &guid)) {
			buf_puts(b, efi_guid_infos[i].name);
			return;
		}
	}
	buf_printf(b, "%08x-%04x-%04x-%02x%02x-", get_le32(guid.b), get_le16(guid.b + 4),
		   get_le16(guid.b + 6), guid.b[8], guid.b[9]);
	for (unsigned i = 10; i < sizeof(guid.b); i++)
		buf_printf(b, "%02x", guid.b[i]);
}

/* A few services answer with something else than a status. */
static void put_answer(struct buf *b, uint64_t answer)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (statuses[i].status == answer) {
			buf_puts(b, statuses[i].name);
			return;
		}
	}
	buf_printf(b, "0x%llx", (unsigned long long)answer);
}

static void put_flags(struct buf *b, uint64_t flags)
{
	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (flags >> i & 1)
			buf_printf(b, ", %s", flag_names[i]);
}

const char *efi_event_text(const struct event *e, char *out, size_t size)
{
	const char *service = efi_service_name(e->arg[0]);
	struct buf b = { 0 };

	if (e->kind == EVENT_EFI_CALL && service) {
		buf_printf(&b, "%s(): ", service);
		put_answer(&b, e->arg[1]);
		put_flags(&b, e->arg[2]);
	} else if (e->kind == EVENT_EFI_GUID && service) {
		buf_printf(&b, "%s: ", service);
		put_guid(&b, e);
	}
	snprintf(out, size, "%s", buf_str(&b));
	buf_free(&b);
	return out;
}
