/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI's numbers as people say them: services, status codes, GUIDs, what a call broke. */
#ifndef MODELS_EFI_NAMES_H
#define MODELS_EFI_NAMES_H

#include "emu/base/event.h"
#include "models/efi_abi.h"

/* "LocateProtocol"; NULL for what is no efi_service_code(). */
const char *efi_service_name(uint64_t code);

/* What an efi-call or efi-guid event says: "LocateProtocol(): NOT_FOUND", "LocateProtocol: TCG2"; "" for other events. */
const char *efi_event_text(const struct event *e, char *out, size_t size);

#endif
