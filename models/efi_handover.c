/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path efi-handover: a boot loader, itself an EFI application, jumps into the kernel's stub with boot_params that it
 * made. boot.rst "EFI Handover Protocol (deprecated)"; GRUB 2.06 `linuxefi` as captured under OVMF.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/base/buf.h"
#include "emu/base/rng.h"
#include "models/bootparams.h"
#include "models/efi_path.h"
#include "models/paths.h"

#define ENTRY_64 0x200u /* boot.rst: "startup_32 + handover_offset + 0x200" */
#define LOADER_PAGES \
	16u /* of the boot loader itself: it has a loaded image, whose code nobody looks at */
#define LOADER_GRUB_EFI 0x21

/* GRUB 2.06 copies its own structure, which ends here, from its stack; what lay behind it there comes along. */
#define GRUB_HEADER_END 0x268u
#define GRUB_COPY_END   0x400u
#define GRUB_RFLAGS     (EFLAGS_FIXED | EFLAGS_PF | EFLAGS_ZF | EFLAGS_ID)
#define GRUB_MAX        0x3fffffffull

struct handover_variant {
	bool grub;
	bool nx;
	uint32_t kernel_type; /* enum efi_memory_type */
};

/* A boot loader at work. */
struct loader {
	struct efi *efi;
	struct start_of_day *sod;
	const struct bzimage *bz;
	const struct handover_variant *variant;
	struct diag *diag;
	uint8_t bp[BOOT_PARAMS_SIZE];
};

static int loader_take(struct loader *l, const char *what, uint32_t type, uint64_t size,
		       uint64_t last, gpa_t *ret)
{
	uint64_t pages = ALIGN_UP(size, GUEST_PAGE_SIZE) / GUEST_PAGE_SIZE;
	gpa_t gpa = last;

	if (efi_pages_allocate(&l->efi->state.memory, EFI_ALLOCATE_MAX_ADDRESS, type, pages,
			       &gpa) != EFI_SUCCESS)
		return diag_set(l->diag, -EINVAL, "no room for 0x%llx bytes of %s below 0x%llx",
				(unsigned long long)size, what, (unsigned long long)last);
	*ret = gpa;
	return 0;
}

static int loader_place(struct loader *l, const char *name, gpa_t gpa, struct bytes data)
{
	int ret = placements_add_copy(&l->sod->memory, name, gpa, data.data, data.len,
				      "model efi-handover");

	return ret < 0 ? diag_set(l->diag, ret, "out of memory") : 0;
}

/* Bytes from startup_32 on that the kernel may use before it knows the memory map. */
static uint64_t kernel_room(const struct loader *l)
{
	const struct pe_facts *pe = &l->efi->image->pe;
	uint64_t room = l->bz->init_size;

	if (l->efi->image->has_pe && pe->image_size > l->bz->setup_size &&
	    pe->image_size - l->bz->setup_size > room)
		room = pe->image_size - l->bz->setup_size;
	return room > l->bz->kernel_size ? room : l->bz->kernel_size;
}

/* GRUB asks for init_size and takes what firmware gives; the document's loader keeps to the kernel's alignment too. */
static int place_kernel(struct loader *l)
{
	uint64_t align = l->bz->kernel_alignment, size = kernel_room(l);
	struct bytes code;
	gpa_t at;
	int ret;

	if (align < GUEST_PAGE_SIZE || align & (align - 1) || l->variant->grub)
		align = GUEST_PAGE_SIZE;
	if (!bytes_slice(l->efi->image->file, l->bz->setup_size, l->bz->kernel_size, &code))
		return diag_set(l->diag, -EINVAL, "the protected-mode code lies outside the file");
	ret = loader_take(l, "kernel", l->variant->kernel_type, size + align - GUEST_PAGE_SIZE,
			  GRUB_MAX, &at);
	if (ret < 0)
		return ret;
	at = ALIGN_UP(at, align);
	l->sod->load_address = l->sod->run_address = at;
	l->sod->load_size = code.len;
	l->sod->run_size = size;
	bp_set(l->bp, BP_HDR_CODE32_START, (uint32_t)at);
	return loader_place(l, "kernel", at, code);
}

static int place_initrd(struct loader *l)
{
	struct bytes initrd = l->efi->platform->initrd;
	uint64_t last = bp_get(l->bp, BP_HDR_INITRD_ADDR_MAX);
	gpa_t at;
	int ret;

	if (!initrd.len)
		return 0;
	ret = loader_take(l, "initrd", EFI_LOADER_DATA, initrd.len, last, &at);
	if (ret < 0)
		return ret;
	bp_set(l->bp, BP_HDR_RAMDISK_IMAGE, at);
	bp_set(l->bp, BP_HDR_RAMDISK_SIZE, initrd.len);
	return loader_place(l, "initrd", at, initrd);
}

static int place_cmdline(struct loader *l)
{
	const struct platform *platform = l->efi->platform;
	struct buf text = { 0 };
	gpa_t at = 0;
	int ret;

	if (l->variant->grub)
		buf_printf(&text, "BOOT_IMAGE=/boot/%s%s", l->efi->image->name,
			   platform->cmdline[0] ? " " : "");
	buf_puts(&text, platform->cmdline);
	buf_append(&text, "", 1);
	if (text.failed)
		ret = diag_set(l->diag, -ENOMEM, "out of memory");
	else if (text.len - 1 > l->bz->cmdline_size)
		ret = diag_set(l->diag, -EINVAL,
			       "a command line of %zu bytes is longer than this kernel's %u",
			       text.len - 1, l->bz->cmdline_size);
	else
		ret = loader_take(l, "command line", EFI_LOADER_DATA, text.len, GRUB_MAX, &at);
	if (ret == 0)
		ret = loader_place(l, "cmdline", at,
				   (struct bytes){ .data = text.data, .len = text.len });
	bp_set(l->bp, BP_HDR_CMD_LINE_PTR, at);
	buf_free(&text);
	return ret;
}

static void fill_params(struct loader *l)
{
	struct rng rng;

	bootparams_init(l->bp, l->bz);
	bp_set(l->bp, BP_HDR_TYPE_OF_LOADER, l->variant->grub ? LOADER_GRUB_EFI : LOADER_UNKNOWN);
	if (!l->variant->grub)
		return;
	rng_init(&rng, l->efi->platform->seed, "what lay on GRUB's stack");
	rng_fill(&rng, l->bp + GRUB_HEADER_END, GRUB_COPY_END - GRUB_HEADER_END);
}

static void set_registers(struct loader *l)
{
	struct start_of_day *sod = l->sod;
	uint64_t entry = sod->load_address + bp_get(l->bp, BP_HDR_HANDOVER_OFFSET) + ENTRY_64;

	sod->cpu.rip = entry;
	sod->cpu.gpr[GPR_RDX] = sod->boot_params;
	if (l->variant->grub) {
		sod->cpu.rflags = GRUB_RFLAGS;
		sod->cpu.gpr[GPR_RCX] = entry;
	}
	snprintf(sod->symbol, sizeof(sod->symbol), "efi64_stub_entry");
}

static int loader_build(struct loader *l)
{
	struct start_of_day *sod = l->sod;
	int ret;

	fill_params(l);
	ret = loader_take(l, "boot loader", EFI_LOADER_CODE, LOADER_PAGES * GUEST_PAGE_SIZE,
			  UINT32_MAX, &sod->efi_image);
	sod->efi_image_size = LOADER_PAGES * GUEST_PAGE_SIZE;
	if (ret == 0)
		ret = loader_take(l, "boot_params", EFI_LOADER_DATA, BOOT_PARAMS_SIZE, GRUB_MAX,
				  &sod->boot_params);
	if (ret == 0)
		ret = place_cmdline(l);
	if (ret == 0)
		ret = place_initrd(l);
	if (ret == 0)
		ret = place_kernel(l);
	if (ret == 0)
		ret = loader_place(l, "boot_params", sod->boot_params,
				   (struct bytes){ .data = l->bp, .len = sizeof(l->bp) });
	if (ret < 0)
		return ret;
	set_registers(l);
	return efi_map_copy(&l->efi->state.memory, sod, l->diag);
}

static int build(const struct image *image, const struct platform *platform,
		 const struct sod_variant *variant, struct start_of_day *ret, struct diag *diag)
{
	struct efi_start *s = calloc(1, sizeof(*s));
	struct efi *efi = efi_create(platform, image);
	struct loader l = {
		.efi = efi, .sod = ret, .bz = image->bz, .variant = variant->data, .diag = diag
	};
	int r;

	ret->path = &efi_handover_path;
	ret->variant = variant;
	ret->service = efi;
	ret->first = POINT_ENTRY;
	ret->efi_nx = platform->efi_nx || l.variant->nx;
	if (!s || !efi) {
		r = diag_set(diag, -ENOMEM, "out of memory");
		goto out;
	}
	efi->initrd_elsewhere = true;
	r = efi_firmware_build(efi, s, ret, diag);
	if (r == 0)
		r = loader_build(&l);
out:
	free(s);
	return r;
}

/* With strict firmware, what the boot loader has asked for got its protection when it asked. */
static int protect(struct machine *m, struct efi *efi, struct diag *diag)
{
	const struct efi_memory *mem = &efi->state.memory;
	int ret = 0;

	for (uint32_t i = 0; i < mem->range_count && ret == 0; i++) {
		const struct efi_range *r = &mem->ranges[i];

		if (r->type == EFI_LOADER_CODE || r->type == EFI_LOADER_DATA)
			ret = efi_cpu_type(m, &efi->state.cpu, r->start, r->pages * GUEST_PAGE_SIZE,
					   r->type);
	}
	return ret < 0 ? diag_set(diag, ret, "the boot loader's memory cannot be protected") : 0;
}

/* boot.rst: handle, system table, boot_params; by the calling convention of System V. */
static int attach(struct machine *m, const struct start_of_day *sod, struct diag *diag)
{
	struct efi *efi = sod->service;
	struct cpu_state cpu = sod->cpu;
	int ret = efi_firmware_enter(m, sod, sod->efi_image_size, diag);

	if (ret == 0)
		ret = protect(m, efi, diag);
	if (ret < 0)
		return ret;
	cpu.gpr[GPR_RDI] = efi->state.image_handle;
	cpu.gpr[GPR_RSI] = efi->state.system_table;
	machine_cpu_set(m, &cpu);
	return 0;
}

/* It enters with interrupts off, hands over a piece of its stack, and puts the kernel into memory for data. */
static const char *const grub_known[] = { "E64-008", "HO-004", "HO-007", "E64-023", NULL };

static const struct sod_variant variants[] = {
	{
		.name = "spec",
		.doc = "what the document demands",
		.cite = "boot.rst \"EFI Handover Protocol (deprecated)\"",
		.data = &(const struct handover_variant){ .kernel_type = EFI_LOADER_CODE },
	},
	{
		.name = "nx",
		.doc = "the same under strict firmware, as with --efi-nx: data no-execute, code read-only",
		.cite = "edk2 MdeModulePkg.dec, PcdDxeNxMemoryProtectionPolicy",
		.data = &(const struct handover_variant){ .nx = true,
							  .kernel_type = EFI_LOADER_CODE },
	},
	{
		.name = "grub2-linuxefi",
		.doc = "GRUB 2.06, command linuxefi",
		.cite = "Debian grub-efi-amd64 2.06, captured under OVMF 2022.11",
		.known = grub_known,
		.data = &(const struct handover_variant){ .grub = true,
							  .kernel_type = EFI_LOADER_DATA },
	},
};

const struct sod_path efi_handover_path = {
	.name = "efi-handover",
	.doc = "64-bit EFI handover protocol, deprecated: a boot loader jumps into the stub",
	.variants = variants,
	.variant_count = ARRAY_SIZE(variants),
	.build = build,
	.attach = attach,
};
