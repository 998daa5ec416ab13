/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ELF kernel on its way into memory, entered at e_entry: what `spec` and `vmm` share. There is no setup header, so boot_params holds only what the loader knows. */
#include <elf.h>
#include <errno.h>
#include <stdio.h>

#include "emu/base/buf.h"
#include "models/e820.h"
#include "models/linux.h"

#define HIGH_MEMORY      0x100000ull
#define CMDLINE_MAX      2048u /* Linux's COMMAND_LINE_SIZE on x86, with the NUL */
#define KERNEL_ALIGNMENT 0x1000000u
#define HEADER_MAGIC     0x53726448u /* "HdrS" */
#define BOOT_FLAG        0xaa55u

int elf_boot_init(struct elf_boot *b, const struct image *image, const struct platform *platform,
		  struct start_of_day *sod, struct diag *diag)
{
	const struct elf_image *elf = image->elf;
	size_t len = strlen(platform->cmdline);

	*b = (struct elf_boot){ .elf = elf, .platform = platform, .sod = sod, .diag = diag };
	if (!elf)
		return diag_set(
			diag, -EINVAL,
			"there is no ELF kernel in this image: neither the file nor its payload is one");
	if (!elf->is_64 || elf->machine != EM_X86_64)
		return diag_set(diag, -EINVAL, "the ELF kernel is not for x86-64");
	if (elf->load_start < HIGH_MEMORY || elf->load_end <= elf->load_start)
		return diag_set(
			diag, -EINVAL,
			"the ELF kernel loads at [0x%llx, 0x%llx), and kernels load above 1 MiB",
			(unsigned long long)elf->load_start, (unsigned long long)elf->load_end);
	if (len >= CMDLINE_MAX)
		return diag_set(diag, -EINVAL,
				"the command line has %zu bytes, an x86 kernel takes at most %u",
				len, CMDLINE_MAX - 1);
	snprintf(b->source, sizeof(b->source), "model %s:%s", sod->path->name, sod->variant->name);
	sod->first = POINT_KERNEL;
	snprintf(sod->symbol, sizeof(sod->symbol), "startup_64");
	return layout_init(&b->layout, platform, diag);
}

void elf_boot_release(struct elf_boot *b)
{
	layout_release(&b->layout);
}

int elf_boot_place(struct elf_boot *b, const char *name, gpa_t gpa, const void *data, size_t len)
{
	int ret = placements_add_copy(&b->sod->memory, name, gpa, data, len, b->source);

	return ret < 0 ? diag_set(b->diag, ret, "the %s cannot be placed", name) : 0;
}

static int place_segment(struct elf_boot *b, const struct elf_segment *s, unsigned index)
{
	gpa_t at = s->paddr + b->moved;
	struct bytes data;
	char source[64];
	int ret;

	if (s->filesz > s->memsz || !bytes_slice(b->elf->data, s->offset, s->filesz, &data))
		return diag_set(b->diag, -EINVAL, "ELF segment %u is not inside the file", index);
	if (!layout_is_free(&b->layout, at, s->memsz))
		return diag_set(
			b->diag, -EINVAL,
			"memory is too small: the kernel's segment %u takes 0x%llx bytes at 0x%llx, and the largest free piece of RAM from there up is 0x%llx bytes",
			index, (unsigned long long)s->memsz, (unsigned long long)at,
			(unsigned long long)layout_largest(&b->layout, at, LAYOUT_4GIB));
	snprintf(source, sizeof(source), "ELF segment %u at offset 0x%llx", index,
		 (unsigned long long)s->offset);
	ret = placements_add(&b->sod->memory, "kernel", at, data, s->memsz, source);
	if (ret < 0)
		return diag_set(b->diag, ret, "the kernel cannot be placed");
	b->sod->load_size += s->filesz;
	return 0;
}

int elf_boot_kernel(struct elf_boot *b)
{
	const struct elf_image *elf = b->elf;
	struct start_of_day *sod = b->sod;
	int ret;

	for (unsigned i = 0; i < elf->segment_count; i++) {
		if (elf->segments[i].type != PT_LOAD || elf->segments[i].memsz == 0)
			continue;
		ret = place_segment(b, &elf->segments[i], i);
		if (ret < 0)
			return ret;
	}
	sod->load_address = sod->run_address = elf->load_start + b->moved;
	sod->run_size = elf->load_end - elf->load_start;
	ret = layout_take(&b->layout, sod->load_address, sod->run_size);
	return ret < 0 ? diag_set(b->diag, ret, "out of memory") : 0;
}

int elf_boot_initrd(struct elf_boot *b)
{
	struct bytes initrd = b->platform->initrd;
	gpa_t gpa;
	int ret;

	if (initrd.len == 0)
		return 0;
	ret = layout_take_highest(&b->layout, "initrd", initrd.len, GUEST_PAGE_SIZE, HIGH_MEMORY,
				  LAYOUT_4GIB, &gpa, b->diag);
	if (ret < 0)
		return ret;
	bootparams_set_initrd(b->bp, gpa, initrd.len);
	ret = placements_add(&b->sod->memory, "initrd", gpa, initrd, initrd.len, "initrd file");
	return ret < 0 ? diag_set(b->diag, ret, "the initrd cannot be placed") : 0;
}

/* Nothing of the image's own header is copied: a vmlinux has none. */
void elf_boot_params(struct elf_boot *b, gpa_t params, gpa_t cmdline)
{
	bp_set(b->bp, BP_HDR_TYPE_OF_LOADER, LOADER_UNKNOWN);
	bp_set(b->bp, BP_HDR_BOOT_FLAG, BOOT_FLAG);
	bp_set(b->bp, BP_HDR_HEADER, HEADER_MAGIC);
	bp_set(b->bp, BP_HDR_CMDLINE_SIZE, strlen(b->platform->cmdline) + 1);
	bp_set(b->bp, BP_HDR_KERNEL_ALIGNMENT, KERNEL_ALIGNMENT);
	bp_set(b->bp, BP_ACPI_RSDP_ADDR, b->platform->rsdp);
	bootparams_set_cmdline(b->bp, cmdline);
	e820_write(b->bp, b->platform);
	b->sod->boot_params = params;
}
