/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PC's BIOS as boot code sees it: the interrupt vectors, the data area, the
 * ROM, and the services behind them. Every service is one row of bios_int.def.
 */
#ifndef MODELS_BIOS_H
#define MODELS_BIOS_H

#include "emu/base/diag.h"
#include "emu/base/platform.h"

struct machine;
struct bios;

/* What history has seen BIOSes do; bits of platform.bios_quirks. */
enum bios_quirk {
#define QUIRK(id, name, does, expected, cite) BIOS_QUIRK_##id,
#include "models/bios_quirks.def"
#undef QUIRK
	BIOS_QUIRK_COUNT
};

struct bios_quirk_info {
	const char *name;
	const char *does;
	const char *expected; /* what becomes of a Linux boot, written before it was run */
	const char *cite;
};

extern const struct bios_quirk_info bios_quirk_infos[BIOS_QUIRK_COUNT];

/* False when there is no quirk of that name. */
bool bios_quirk_find(const char *name, enum bios_quirk *ret);

static inline bool bios_has_quirk(const struct platform *p, enum bios_quirk q)
{
	return p->bios_quirks & BIT(q);
}

/* @has_display: there is a VGA adapter with its own BIOS. NULL when out of memory; free() it when the machine is gone. */
struct bios *bios_create(const struct platform *platform, bool has_display);

/* Writes vectors, data area and ROM into the machine and hooks the services in. */
int bios_attach(struct bios *bios, struct machine *m, struct diag *diag);

/* The row of the screen the cursor is on when the image is entered: what the loader has printed before. */
void bios_set_cursor(struct bios *bios, unsigned row);

#endif
