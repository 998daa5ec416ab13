/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The path efi: a PE image loaded and started by UEFI firmware. UEFI 2.10, 2.3.4 "x64 Platforms", 7.4 "Image Services". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "loaders/pe.h"
#include "models/acpi.h"
#include "models/efi_gop.h"
#include "models/efi_path.h"
#include "models/paths.h"
#include "models/smbios.h"

struct efi_variant {
	bool nx;
	enum pe_poison poison;
};

static int place_acpi(struct efi *efi, struct efi_room *room, struct start_of_day *sod,
		      struct diag *diag)
{
	gpa_t gpa;
	int ret;

	sod->own_acpi = true;
	if (!efi->platform->rsdp)
		return 0;
	ret = efi_room_take(room, EFI_ACPI_RECLAIM_MEMORY, "the ACPI tables", GUEST_PAGE_SIZE,
			    GUEST_PAGE_SIZE, &gpa, diag);
	if (ret < 0)
		return ret;
	efi->rsdp = gpa + ACPI_TABLES_SIZE;
	ret = acpi_add(&sod->memory, efi->rsdp, gpa, "model efi");
	return ret < 0 ? diag_set(diag, ret, "out of memory") : 0;
}

/* Structures, then the entry point: both in memory that outlives boot services, as edk2's SmbiosDxe has them. */
static int place_smbios(struct efi *efi, struct efi_room *room, struct start_of_day *sod,
			struct diag *diag)
{
	uint8_t entry[SMBIOS_ENTRY_SIZE];
	struct buf table = { 0 };
	gpa_t gpa;
	int ret = efi_room_take(room, EFI_RUNTIME_SERVICES_DATA, "the SMBIOS tables",
				SMBIOS_TABLE_MAX + GUEST_PAGE_SIZE, GUEST_PAGE_SIZE, &gpa, diag);

	if (ret < 0)
		return ret;
	efi->smbios = gpa + SMBIOS_TABLE_MAX;
	ret = smbios_build(efi->platform, gpa, &table, entry);
	if (ret == 0)
		ret = placements_add_copy(&sod->memory, "smbios", gpa, table.data, table.len,
					  "model efi");
	if (ret == 0)
		ret = placements_add_copy(&sod->memory, "smbios entry", efi->smbios, entry,
					  sizeof(entry), "model efi");
	buf_free(&table);
	return ret < 0 ? diag_set(diag, ret, "out of memory") : 0;
}

/* Where edk2's loader puts it: as high as it goes, at a multiple of the alignment of its sections. */
static int image_memory(struct efi *efi, const struct efi_map *map, const struct pe_facts *pe,
			gpa_t *ret_base, struct diag *diag)
{
	uint64_t pages = ALIGN_UP(pe->image_size, GUEST_PAGE_SIZE) / GUEST_PAGE_SIZE;
	uint64_t align = pe->section_alignment > GUEST_PAGE_SIZE ? pe->section_alignment : 0;
	efi_status_t status;

	*ret_base = efi_map_image(map, pages);
	if (*ret_base)
		return 0;
	if (align & (align - 1))
		return diag_set(diag, -EINVAL, "SectionAlignment 0x%x is no power of two",
				pe->section_alignment);
	status = efi_pages_allocate(&efi->state.memory, EFI_ALLOCATE_ANY, EFI_LOADER_CODE,
				    pages + align / GUEST_PAGE_SIZE, ret_base);
	if (status != EFI_SUCCESS)
		return diag_set(diag, -EINVAL, "memory is too small for an image of 0x%llx pages",
				(unsigned long long)pages);
	if (align)
		*ret_base = ALIGN_UP(*ret_base, align);
	return 0;
}

int efi_map_copy(const struct efi_memory *mem, struct start_of_day *sod, struct diag *diag)
{
	sod->efi_map = calloc(mem->range_count, sizeof(*sod->efi_map));
	if (!sod->efi_map)
		return diag_set(diag, -ENOMEM, "out of memory");
	sod->efi_map_count = mem->range_count;
	for (uint32_t i = 0; i < mem->range_count; i++)
		sod->efi_map[i] = (struct efi_region){ .type = mem->ranges[i].type,
						       .start = mem->ranges[i].start,
						       .pages = mem->ranges[i].pages,
						       .attr = mem->ranges[i].attr };
	return 0;
}

int efi_firmware_build(struct efi *efi, struct efi_start *s, struct start_of_day *sod,
		       struct diag *diag)
{
	int ret = efi_map_init(&s->map, efi->platform, diag);

	if (ret < 0)
		return ret;
	efi_room_init(&s->room, &s->map);
	ret = efi_place(efi, &s->map, &s->room, diag);
	if (ret == 0)
		ret = efi_cpu_build(&efi->state.cpu, &s->map, &s->room, sod->efi_nx, &sod->memory,
				    &sod->cpu, diag);
	if (ret == 0)
		ret = place_acpi(efi, &s->room, sod, diag);
	if (ret == 0)
		ret = place_smbios(efi, &s->room, sod, diag);
	if (ret == 0 && efi_place_bins(&efi->state.memory, &s->room) < 0)
		ret = diag_set(diag, -ENOSPC, "firmware has set too much memory apart");
	efi->state.memory.default_end = efi_map_default_end(&s->map);
	return ret;
}

static int image_build(struct efi *efi, const struct efi_start *s, struct start_of_day *sod,
		       struct diag *diag)
{
	const struct image *image = efi->image;
	const struct pe_facts *pe = &image->pe;
	const struct efi_variant *v = sod->variant->data;
	gpa_t base;
	int ret;

	if (pe->problem[0])
		return diag_set(diag, -EINVAL, "%s", pe->problem);
	ret = image_memory(efi, &s->map, pe, &base, diag);
	if (ret == 0)
		ret = pe_load(image->file, pe, base, v->poison, image->name, &sod->memory, diag);
	if (ret < 0)
		return ret;
	sod->efi_image = sod->load_address = base;
	sod->efi_image_size = ALIGN_UP((uint64_t)pe->image_size, GUEST_PAGE_SIZE);
	sod->load_size = image->file.len;
	/* A bzImage lies in memory as in its file, so that its protected-mode part follows the setup part. */
	if (image->bz) {
		sod->load_address += image->bz->setup_size;
		sod->load_size = image->bz->kernel_size;
	}
	sod->run_address = sod->load_address;
	sod->run_size = pe->image_size;
	sod->cpu.rip = base + pe->entry;
	snprintf(sod->symbol, sizeof(sod->symbol), "%s", image->bz ? "efi_pe_entry" : "entry");
	return efi_map_copy(&efi->state.memory, sod, diag);
}

static int build(const struct image *image, const struct platform *platform,
		 const struct sod_variant *variant, struct start_of_day *ret, struct diag *diag)
{
	struct efi_start *s = calloc(1, sizeof(*s));
	struct efi *efi = efi_create(platform, image);
	int r;

	ret->path = &efi_path;
	ret->variant = variant;
	ret->service = efi;
	ret->first = POINT_ENTRY;
	ret->efi_nx = platform->efi_nx || ((const struct efi_variant *)variant->data)->nx;
	if (!s || !efi) {
		r = diag_set(diag, -ENOMEM, "out of memory");
		goto out;
	}
	r = efi_firmware_build(efi, s, ret, diag);
	if (r == 0)
		r = image_build(efi, s, ret, diag);
out:
	free(s);
	return r;
}

int efi_firmware_enter(struct machine *m, const struct start_of_day *sod, uint64_t size,
		       struct diag *diag)
{
	struct efi *efi = sod->service;
	uint8_t raw[8];
	int ret;

	efi->listener = sod->listener;
	ret = efi_attach(m, efi, &sod->cpu, diag);
	if (ret == 0)
		ret = efi_cpu_attach(m, &efi->state.cpu);
	if (ret == 0)
		ret = efi_tick_attach(m, efi);
	if (ret == 0)
		ret = efi_first_image_install(efi, m, sod->efi_image, size);
	if (ret == 0)
		ret = efi_files_attach(efi, m, diag);
	if (ret == 0)
		ret = efi_gop_attach(efi, m, diag);
	put_le64(raw, efi_stub(efi, EFI_FIRM_ImageReturned));
	if (ret == 0)
		ret = machine_write(m, sod->cpu.gpr[GPR_RSP], raw, sizeof(raw));
	return ret < 0 ? diag_set(diag, ret, "the firmware cannot start the image") : 0;
}

/* UEFI 2.10, 4.1: image handle, system table; the return address leads back to the firmware. */
static int attach(struct machine *m, const struct start_of_day *sod, struct diag *diag)
{
	struct efi *efi = sod->service;
	const struct pe_facts *pe = &efi->image->pe;
	struct cpu_state cpu = sod->cpu;
	int ret = efi_firmware_enter(m, sod, pe->image_size, diag);

	if (ret < 0)
		return ret;
	ret = efi_cpu_image(m, &efi->state.cpu, pe, sod->efi_image);
	if (ret < 0)
		return diag_set(diag, ret, "the image cannot be protected");
	cpu.gpr[GPR_RCX] = efi->state.image_handle;
	cpu.gpr[GPR_RDX] = efi->state.system_table;
	machine_cpu_set(m, &cpu);
	return 0;
}

static const struct sod_variant variants[] = {
	{
		.name = "spec",
		.doc = "what the specification demands; what it leaves open as OVMF has it",
		.cite = "UEFI 2.10, 2.3.4 \"x64 Platforms\"",
		.data = &(const struct efi_variant){ .poison = PE_POISON_GAPS },
	},
	{
		.name = "nx",
		.doc = "the same by strict firmware, as with --efi-nx: data no-execute, code read-only",
		.cite = "edk2 MdeModulePkg.dec, PcdDxeNxMemoryProtectionPolicy, PcdImageProtectionPolicy",
		.data = &(const struct efi_variant){ .nx = true, .poison = PE_POISON_GAPS },
	},
	{
		.name = "junk",
		.doc = "the same by a loader that leaves junk where the PE format promises zeros",
		.cite = "Linux commit b3810c5a2cc4",
		.data = &(const struct efi_variant){ .poison = PE_POISON_BSS },
	},
};

const struct sod_path efi_path = {
	.name = "efi",
	.doc = "64-bit UEFI: the PE entry of the EFI stub, or of any other EFI application",
	.variants = variants,
	.variant_count = ARRAY_SIZE(variants),
	.build = build,
	.attach = attach,
};
