/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading a bzImage into free RAM: boot.rst "Details of Header Fields", "Loading The Rest of The Kernel", "32-bit Boot Protocol". */
#include "models/linux.h"

#include <errno.h>
#include <stdio.h>

#include "emu/base/buf.h"
#include "models/e820.h"
#include "models/gdt.h"

#define BZIMAGE_LOAD 0x100000ull /* boot.rst "Loading The Rest of The Kernel" */
#define PROTOCOL_MIN \
	0x0206 /* the first with cmdline_size; older ones cannot be judged by init_size or alignment either */

static int image_check(const struct image *image, struct diag *diag)
{
	const struct bzimage *bz = image->bz;

	if (!bz)
		return diag_set(
			diag, -EINVAL,
			"%s has no Linux setup header, so there is nothing to make boot_params from; linux64:vmm enters an ELF kernel",
			image_format_names[image->format]);
	if (!bz->has_header)
		return diag_at(
			diag, -EINVAL, 0x202,
			"no \"HdrS\": an image without a setup header has only the 16-bit entry");
	if (bz->protocol < PROTOCOL_MIN)
		return diag_at(
			diag, -EINVAL, 0x206,
			"boot protocol %u.%02u: entering beside the 16-bit setup code is modelled from 2.06 on",
			bz->protocol >> 8, bz->protocol & 0xff);
	if (!bz->loaded_high)
		return diag_at(
			diag, -EINVAL, 0x211,
			"LOADED_HIGH is not set: a zImage is entered by its 16-bit setup code only");
	if (bz->kernel_size == 0)
		return diag_at(diag, -EINVAL, 0x1f4,
			       "syssize says that there is no protected-mode code");
	return 0;
}

static int boot_init(struct linux_boot *b, const struct image *image,
		     const struct platform *platform, struct start_of_day *sod, struct diag *diag,
		     int ret)
{
	const struct bzimage *bz = image->bz;
	uint64_t align = GUEST_PAGE_SIZE;

	*b = (struct linux_boot){ 0 };
	if (ret < 0)
		return ret;
	if (bz->relocatable) {
		align = bz->kernel_alignment;
		if (align == 0 || (align & (align - 1)) != 0)
			return diag_at(diag, -EINVAL, 0x230,
				       "kernel_alignment 0x%llx is not a power of two",
				       (unsigned long long)align);
	}
	*b = (struct linux_boot){
		.image = image,
		.bz = bz,
		.platform = platform,
		.sod = sod,
		.diag = diag,
		.end = LAYOUT_4GIB,
		.alignment = align,
		.run_size = bz->init_size > bz->kernel_size ? bz->init_size : bz->kernel_size,
	};
	snprintf(b->source, sizeof(b->source), "model %s:%s", sod->path->name, sod->variant->name);
	bootparams_init(b->bp, bz);
	e820_write(b->bp, platform);
	return layout_init(&b->layout, platform, diag);
}

int linux_boot_init(struct linux_boot *b, const struct image *image,
		    const struct platform *platform, struct start_of_day *sod, struct diag *diag)
{
	return boot_init(b, image, platform, sod, diag, image_check(image, diag));
}

int linux_boot_init16(struct linux_boot *b, const struct image *image,
		      const struct platform *platform, struct start_of_day *sod, struct diag *diag)
{
	int ret = image->bz ? 0 :
			      diag_set(diag, -EINVAL, "%s has no 16-bit setup code",
				       image_format_names[image->format]);

	return boot_init(b, image, platform, sod, diag, ret);
}

void linux_boot_release(struct linux_boot *b)
{
	layout_release(&b->layout);
}

int linux_boot_place(struct linux_boot *b, const char *name, gpa_t gpa, const void *data,
		     size_t len)
{
	int ret = placements_add_copy(&b->sod->memory, name, gpa, data, len, b->source);

	return ret < 0 ? diag_set(b->diag, ret, "the %s cannot be placed", name) : 0;
}

static int take(struct linux_boot *b, gpa_t gpa, uint64_t size)
{
	int ret = layout_take(&b->layout, gpa, size);

	return ret < 0 ? diag_set(b->diag, ret, "out of memory") : 0;
}

/* True when [gpa, gpa + size) is free and ends where things may lie. */
static bool fits(const struct linux_boot *b, gpa_t gpa, uint64_t size)
{
	return gpa <= b->end && size <= b->end - gpa && layout_is_free(&b->layout, gpa, size);
}

/*
 * An x86-64 kernel moves itself up to the address it was linked for, which is
 * pref_address, from wherever it is put below it. Only places above help.
 */
static int find_relocatable(struct linux_boot *b, gpa_t *ret_load)
{
	const struct bzimage *bz = b->bz;
	gpa_t pref = bz->pref_address > BZIMAGE_LOAD ? bz->pref_address : BZIMAGE_LOAD;
	gpa_t at;

	if (pref <= UINT64_MAX - b->alignment) {
		at = ALIGN_UP(pref, b->alignment);
		if (fits(b, at, b->run_size)) {
			*ret_load = at;
			return 0;
		}
		if (layout_lowest(&b->layout, b->run_size, b->alignment, at, b->end, ret_load))
			return 0;
	}
	return diag_set(
		b->diag, -EINVAL,
		"memory is too small: the kernel takes 0x%llx bytes aligned to 0x%llx (init_size, kernel_alignment), and the largest free piece of RAM from its pref_address 0x%llx up is 0x%llx bytes",
		(unsigned long long)b->run_size, (unsigned long long)b->alignment,
		(unsigned long long)pref,
		(unsigned long long)layout_largest(&b->layout, pref, b->end));
}

/* Where a relocatable kernel runs: where it was loaded, but never below the address it was linked for (compressed/head_64.S, head_32.S). */
static gpa_t run_address(const struct linux_boot *b, gpa_t load)
{
	gpa_t up = ALIGN_UP(load, b->alignment);

	return b->bz->relocatable && up > b->bz->pref_address ? up : b->bz->pref_address;
}

int linux_boot_kernel_fixed(struct linux_boot *b, gpa_t load)
{
	gpa_t run = run_address(b, load);

	if (b->bz->kernel_size &&
	    (!fits(b, load, b->bz->kernel_size) || !fits(b, run, b->run_size)))
		return diag_set(
			b->diag, -EINVAL,
			"memory is too small: the kernel takes 0x%llx bytes at 0x%llx and runs in 0x%llx bytes at 0x%llx (init_size, pref_address), and they are not all free RAM",
			(unsigned long long)b->bz->kernel_size, (unsigned long long)load,
			(unsigned long long)b->run_size, (unsigned long long)run);
	return linux_boot_kernel_at(b, load);
}

int linux_boot_kernel_at(struct linux_boot *b, gpa_t load)
{
	const struct bzimage *bz = b->bz;
	struct start_of_day *sod = b->sod;
	gpa_t run = run_address(b, load);
	struct bytes code;
	char source[64];
	int ret;

	if (!bytes_slice(b->image->file, bz->setup_size, bz->kernel_size, &code))
		return diag_at(b->diag, -EINVAL, bz->setup_size,
			       "the file ends before its protected-mode code does");
	ret = take(b, load, bz->kernel_size);
	if (ret == 0)
		ret = take(b, run, b->run_size);
	if (ret < 0)
		return ret;

	snprintf(source, sizeof(source), "file offset 0x%x", bz->setup_size);
	ret = placements_add(&sod->memory, "kernel", load, code, bz->kernel_size, source);
	if (ret < 0)
		return diag_set(b->diag, ret, "the kernel cannot be placed");

	sod->load_address = load;
	sod->load_size = bz->kernel_size;
	sod->run_address = run;
	sod->run_size = b->run_size;
	sod->startup_32 = load;
	return 0;
}

int linux_boot_kernel(struct linux_boot *b)
{
	const struct bzimage *bz = b->bz;
	gpa_t load = BZIMAGE_LOAD;
	int ret;

	if (bz->relocatable) {
		ret = find_relocatable(b, &load);
		if (ret < 0)
			return ret;
	} else if (!fits(b, load, bz->kernel_size) || !fits(b, bz->pref_address, b->run_size)) {
		return diag_set(
			b->diag, -EINVAL,
			"memory is too small: the kernel is not relocatable and takes 0x%llx bytes at 0x%llx (init_size, pref_address), and the largest free piece of RAM from there up is 0x%llx bytes",
			(unsigned long long)b->run_size, (unsigned long long)bz->pref_address,
			(unsigned long long)layout_largest(&b->layout, bz->pref_address, b->end));
	}
	return linux_boot_kernel_at(b, load);
}

int linux_boot_cmdline_check(struct linux_boot *b, const char *text, uint32_t reserve)
{
	uint32_t max = b->bz->cmdline_size > reserve ? b->bz->cmdline_size - reserve : 0;
	size_t len = strlen(text);

	if (len > max)
		return diag_set(
			b->diag, -EINVAL,
			"the command line has %zu bytes, this kernel takes at most %u (cmdline_size)",
			len, max);
	return 0;
}

int linux_boot_cmdline_at(struct linux_boot *b, gpa_t gpa, const char *text)
{
	bootparams_set_cmdline(b->bp, gpa);
	return linux_boot_place(b, "cmdline", gpa, text, strlen(text) + 1);
}

uint64_t linux_boot_initrd_end(const struct linux_boot *b)
{
	uint64_t end = (uint64_t)b->bz->initrd_addr_max + 1;

	return end < b->end ? end : b->end;
}

int linux_boot_initrd(struct linux_boot *b, gpa_t min, uint64_t end)
{
	struct bytes initrd = b->platform->initrd;
	uint64_t limit = linux_boot_initrd_end(b);
	gpa_t gpa;
	int ret;

	if (initrd.len == 0)
		return 0;
	if (limit < b->end && layout_largest(&b->layout, min, limit) < initrd.len)
		return diag_set(
			b->diag, -EINVAL,
			"the initrd takes 0x%zx bytes, and the largest free piece of RAM from 0x%llx up to initrd_addr_max, 0x%x, is 0x%llx bytes",
			initrd.len, (unsigned long long)min, b->bz->initrd_addr_max,
			(unsigned long long)layout_largest(&b->layout, min, limit));
	ret = layout_take_highest(&b->layout, "initrd", ALIGN_UP(initrd.len, GUEST_PAGE_SIZE),
				  GUEST_PAGE_SIZE, min, end, &gpa, b->diag);
	if (ret < 0)
		return ret;
	bootparams_set_initrd(b->bp, gpa, initrd.len);
	ret = placements_add(&b->sod->memory, "initrd", gpa, initrd, initrd.len, "initrd file");
	return ret < 0 ? diag_set(b->diag, ret, "the initrd cannot be placed") : 0;
}

int linux_boot_params_at(struct linux_boot *b, gpa_t gpa)
{
	b->sod->boot_params = gpa;
	return linux_boot_place(b, "boot_params", gpa, b->bp, sizeof(b->bp));
}

/*
 * Header fields that boot.rst marks write or modify (obligatory), and those of
 * zero-page.rst that a loader without BIOS calls can know. CAN_USE_HEAP is off:
 * the heap is the 16-bit setup code's.
 */
static void spec_fields(struct linux_boot *b)
{
	uint64_t kib = e820_kib_above_1m(b->platform);
	gpa_t load = b->sod->load_address;

	bp_set(b->bp, BP_HDR_TYPE_OF_LOADER, LOADER_UNKNOWN);
	bp_set(b->bp, BP_HDR_LOADFLAGS,
	       bp_get(b->bp, BP_HDR_LOADFLAGS) & ~(uint64_t)LOADFLAG_CAN_USE_HEAP);
	bp_set(b->bp, BP_HDR_VID_MODE, VID_MODE_NORMAL);
	if (load <= UINT32_MAX)
		bp_set(b->bp, BP_HDR_CODE32_START, load);
	bp_set(b->bp, BP_ALT_MEM_K, kib < UINT32_MAX ? kib : UINT32_MAX);
	bp_set(b->bp, BP_ACPI_RSDP_ADDR, b->platform->rsdp);
}

int linux_boot_by_spec(struct linux_boot *b, uint32_t code_attr, gpa_t *ret_gdt)
{
	const char *text = b->platform->cmdline;
	uint8_t gdt[GDT_BOOT_SIZE];
	gpa_t boot_params, cmdline;
	int ret;

	ret = linux_boot_cmdline_check(b, text, 0);
	if (ret == 0)
		ret = linux_boot_kernel(b);
	if (ret == 0)
		ret = layout_take_lowest(&b->layout, "boot_params", BOOT_PARAMS_SIZE,
					 GUEST_PAGE_SIZE, LINUX_LOW_START, b->end, &boot_params,
					 b->diag);
	if (ret == 0)
		ret = layout_take_lowest(&b->layout, "command line", strlen(text) + 1,
					 GUEST_PAGE_SIZE, LINUX_LOW_START, b->end, &cmdline,
					 b->diag);
	if (ret == 0)
		ret = layout_take_lowest(&b->layout, "GDT", GDT_BOOT_SIZE, GUEST_PAGE_SIZE,
					 LINUX_LOW_START, b->end, ret_gdt, b->diag);
	if (ret == 0)
		ret = linux_boot_initrd(b, LINUX_LOW_START, linux_boot_initrd_end(b));
	if (ret < 0)
		return ret;

	spec_fields(b);
	gdt_boot(gdt, code_attr);
	ret = linux_boot_cmdline_at(b, cmdline, text);
	if (ret == 0)
		ret = linux_boot_place(b, "gdt", *ret_gdt, gdt, sizeof(gdt));
	if (ret == 0)
		ret = linux_boot_params_at(b, boot_params);
	return ret;
}
