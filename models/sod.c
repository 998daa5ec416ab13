/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry of paths, and putting a start of day into a machine. */
#include "models/sod.h"

#include <stdlib.h>

#include "emu/machine.h"
#include "models/acpi.h"
#include "models/paths.h"

const struct sod_path *const sod_paths[] = {
	&bios_path, &linux32_path, &linux64_path, &efi_path, &efi_handover_path, &pvh_path, NULL,
};

const struct sod_path *sod_path_find(const char *name)
{
	for (size_t i = 0; sod_paths[i]; i++)
		if (strcmp(sod_paths[i]->name, name) == 0)
			return sod_paths[i];
	return NULL;
}

const struct sod_variant *sod_variant_find(const struct sod_path *path, const char *name)
{
	for (unsigned i = 0; i < path->variant_count; i++)
		if (strcmp(path->variants[i].name, name) == 0)
			return &path->variants[i];
	return NULL;
}

/* Memory of a new machine is zero, so bytes past the data need no writing. */
static int placement_write(const struct placement *p, struct machine *m, struct diag *diag)
{
	int ret = machine_write(m, p->gpa, p->data.data, p->data.len);

	if (ret < 0)
		return diag_set(diag, ret, "no memory at 0x%llx for 0x%llx bytes of %s (%s)",
				(unsigned long long)p->gpa, (unsigned long long)p->data.len,
				p->name, p->source);
	return 0;
}

static int placements_write(const struct placements *p, struct machine *m, struct diag *diag)
{
	for (size_t i = 0; i < p->count; i++) {
		int ret = placement_write(&p->items[i], m, diag);

		if (ret < 0)
			return ret;
	}
	return 0;
}

static int tables_write(struct machine *m, struct diag *diag)
{
	struct placements tables = { 0 };
	int ret = acpi_platform_add(&tables, machine_platform(m));

	if (ret < 0)
		diag_set(diag, ret, "out of memory");
	else
		ret = placements_write(&tables, m, diag);
	placements_free(&tables);
	return ret;
}

int sod_enter(const struct start_of_day *sod, struct machine *m, struct diag *diag)
{
	int ret = sod->own_acpi ? 0 : tables_write(m, diag);

	if (ret == 0)
		ret = placements_write(&sod->memory, m, diag);
	if (ret < 0)
		return ret;
	machine_cpu_set(m, &sod->cpu);
	return sod->path->attach ? sod->path->attach(m, sod, diag) : 0;
}

void sod_release(struct start_of_day *sod)
{
	if (!sod)
		return;
	placements_free(&sod->memory);
	free(sod->efi_map);
	sod->efi_map = NULL;
	free(sod->service);
	sod->service = NULL;
}
