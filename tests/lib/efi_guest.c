/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A UEFI application from tests/guest/efi in a machine with firmware. */
#include "tests/lib/efi_guest.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "loaders/image.h"

#define INSTRUCTIONS_MAX 20000000000ull

void efi_guest_open(struct efi_guest *g, const char *name, const struct platform *platform)
{
	const struct sod_path *path = sod_path_find("efi");
	struct diag diag = { 0 };
	char file[256];

	*g = (struct efi_guest){ 0 };
	if (platform)
		g->platform = *platform;
	else
		cr_assert(!platform_init(&g->platform, MIB(256), &diag), "%s", diag.text);
	snprintf(file, sizeof(file), TEST_OUT "/tests/guest/efi/%s.efi", name);
	cr_assert(!image_open(&g->image, file, &diag), "%s: %s", file, diag.text);
	cr_assert(!path->build(g->image, &g->platform, &path->variants[0], &g->sod, &diag), "%s",
		  diag.text);
	cr_assert(!machine_create(&g->m, &g->platform, &diag), "%s", diag.text);
	cr_assert(!sod_enter(&g->sod, g->m, &diag), "%s", diag.text);
}

void efi_guest_run(struct efi_guest *g)
{
	const struct run_limits limits = { .max_instructions = INSTRUCTIONS_MAX };

	machine_run(g->m, &limits, &g->stop);
}

void efi_guest_close(struct efi_guest *g)
{
	machine_destroy(g->m);
	sod_release(&g->sod);
	image_close(g->image);
	platform_release(&g->platform);
}
