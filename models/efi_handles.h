/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handle database: which protocol is installed where, and who has it open. UEFI 2.10, 7.3 "Protocol Handler Services". */
#ifndef MODELS_EFI_HANDLES_H
#define MODELS_EFI_HANDLES_H

#include "models/efi_abi.h"

#define EFI_HANDLES_MAX   512u
#define EFI_PROTOCOLS_MAX 1024u
#define EFI_OPENS_MAX     1024u
#define EFI_NOTIFIES_MAX  64u

/* A handle is the address of 16 bytes of pool that hold nothing: unique, never 0, and freed with its last protocol. */
struct efi_protocol {
	gpa_t handle;
	gpa_t interface; /* may be 0: a protocol that only marks the handle */
	struct efi_guid guid;
	uint64_t serial; /* when it was installed, for RegisterProtocolNotify() */
};

struct efi_open {
	gpa_t handle;
	struct efi_guid guid;
	gpa_t agent;
	gpa_t controller;
	uint32_t attributes; /* EFI_OPEN_* */
	uint32_t count;
};

/* RegisterProtocolNotify(): its key is the entry's number plus one. */
struct efi_notify {
	struct efi_guid guid;
	gpa_t event;     /* 0: unused */
	uint64_t serial; /* the last one that LocateHandle() has told */
};

/* In the order of creation, which is the order that LocateHandle() lists them in. */
struct efi_database {
	uint32_t handle_count;
	uint32_t protocol_count;
	uint32_t open_count;
	uint32_t notify_count;
	uint64_t serial;
	gpa_t handles[EFI_HANDLES_MAX];
	struct efi_protocol protocols[EFI_PROTOCOLS_MAX];
	struct efi_open opens[EFI_OPENS_MAX];
	struct efi_notify notifies[EFI_NOTIFIES_MAX];
};

struct efi;

bool efi_handle_valid(const struct efi *efi, gpa_t handle);

/*
 * Install @interface as @guid on *handle, or on a new handle where that is 0, and signal who waits for it. As the
 * service: INVALID_PARAMETER (no such handle, or it has that protocol), OUT_OF_RESOURCES.
 */
efi_status_t efi_protocol_install(struct efi *efi, gpa_t *handle, const struct efi_guid *guid,
				  gpa_t interface);
/* NOT_FOUND when @handle has no such protocol with that interface; ACCESS_DENIED while a driver has it open. */
efi_status_t efi_protocol_uninstall(struct efi *efi, gpa_t handle, const struct efi_guid *guid,
				    gpa_t interface);
/* NULL when @handle has no such protocol. Good until the database changes. */
struct efi_protocol *efi_protocol_find(struct efi *efi, gpa_t handle, const struct efi_guid *guid);
/* The first handle, in order, that has @guid, or 0. */
gpa_t efi_protocol_first(const struct efi *efi, const struct efi_guid *guid);

#endif
