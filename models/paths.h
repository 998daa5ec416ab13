/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every path's row, for the registry in sod.c. */
#ifndef MODELS_PATHS_H
#define MODELS_PATHS_H

#include "models/sod.h"

extern const struct sod_path bios_path;
extern const struct sod_path efi_path;
extern const struct sod_path efi_handover_path;
extern const struct sod_path linux32_path;
extern const struct sod_path linux64_path;
extern const struct sod_path pvh_path;

#endif
