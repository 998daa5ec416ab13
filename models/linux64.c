/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 64-bit entry of a bzImage, and of an ELF kernel as virtual machine monitors use it: boot.rst "64-bit Boot Protocol". */
#include <errno.h>
#include <stdio.h>

#include "models/gdt.h"
#include "models/linux.h"
#include "models/paging.h"
#include "models/paths.h"

#define ENTRY_64   0x200 /* boot.rst: "start address of loaded 64-bit kernel plus 0x200" */
#define XLF_OFFSET 0x236

/*
 * The document promises the kernel's init_size, boot_params and the command
 * line. All RAM and the first 4 GiB are mapped all the same: kernels read the
 * BIOS data area and put a trampoline in low memory before they make tables of
 * their own, and every loader maps both.
 */
static int place_tables(const struct platform *platform, struct layout *layout, const char *source,
			struct start_of_day *sod, gpa_t *ret_cr3, struct diag *diag)
{
	uint64_t ram_end = layout_ram_end(platform);
	struct identity_map map = {
		.end = ram_end > LAYOUT_4GIB ? ram_end : LAYOUT_4GIB,
		.table_flags = PTE_P | PTE_RW,
		.page_flags = PTE_P | PTE_RW,
	};
	int ret;

	ret = layout_take_lowest(layout, "page tables", paging_identity_size(&map), GUEST_PAGE_SIZE,
				 LINUX_LOW_START, LAYOUT_4GIB, ret_cr3, diag);
	if (ret < 0)
		return ret;
	return paging_identity_build(&sod->memory, *ret_cr3, &map, source, diag);
}

/* As in linux32.c: what the document leaves open is zero, here alone. */
static void spec_registers(struct start_of_day *sod, gpa_t gdt, gpa_t cr3, gpa_t entry)
{
	struct cpu_state *cpu = &sod->cpu;

	cpu_state_long64(cpu, BOOT_CS, BOOT_DS, cr3);
	cpu->seg[SEG_FS] = (struct segment){ 0 };
	cpu->seg[SEG_GS] = (struct segment){ 0 };
	cpu->gdtr = (struct table_reg){ .base = gdt, .limit = GDT_BOOT_SIZE - 1 };
	cpu->idtr = (struct table_reg){ 0 };
	cpu->gpr[GPR_RSI] = sod->boot_params;
	cpu->rip = entry;
}

static int spec_build(struct linux_boot *b)
{
	gpa_t gdt, cr3;
	int ret;

	/* Above 4 GiB only where the kernel says that it copes: boot.rst XLF_CAN_BE_LOADED_ABOVE_4G. */
	if (bp_get(b->bp, BP_HDR_XLOADFLAGS) & XLF_CAN_BE_LOADED_ABOVE_4G)
		b->end = LAYOUT_TOP;
	ret = linux_boot_by_spec(b, SEG_ATTR_CODE64, &gdt);
	if (ret == 0)
		ret = place_tables(b->platform, &b->layout, b->source, b->sod, &cr3, b->diag);
	if (ret == 0)
		spec_registers(b->sod, gdt, cr3, b->sod->load_address + ENTRY_64);
	return ret;
}

static int junk_build(struct linux_boot *b)
{
	int ret = spec_build(b);

	if (ret == 0)
		linux_boot_junk(b);
	return ret;
}

/* One page each, from LINUX_LOW_START up. */
enum low_page { LOW_PARAMS, LOW_CMDLINE, LOW_GDT, LOW_PAGES };

static int spec_elf_place(struct elf_boot *b, gpa_t *ret_gdt, gpa_t *ret_cr3)
{
	const char *text = b->platform->cmdline;
	uint8_t gdt[GDT_BOOT_SIZE];
	gpa_t low;
	int ret;

	ret = elf_boot_kernel(b);
	if (ret == 0)
		ret = layout_take_lowest(&b->layout, "boot_params", LOW_PAGES * GUEST_PAGE_SIZE,
					 GUEST_PAGE_SIZE, LINUX_LOW_START, LAYOUT_4GIB, &low,
					 b->diag);
	if (ret == 0)
		ret = place_tables(b->platform, &b->layout, b->source, b->sod, ret_cr3, b->diag);
	if (ret == 0)
		ret = elf_boot_initrd(b);
	if (ret < 0)
		return ret;

	*ret_gdt = low + LOW_GDT * GUEST_PAGE_SIZE;
	gdt_boot(gdt, SEG_ATTR_CODE64);
	elf_boot_params(b, low + LOW_PARAMS * GUEST_PAGE_SIZE, low + LOW_CMDLINE * GUEST_PAGE_SIZE);
	ret = elf_boot_place(b, "gdt", *ret_gdt, gdt, sizeof(gdt));
	if (ret == 0)
		ret = elf_boot_place(b, "cmdline", low + LOW_CMDLINE * GUEST_PAGE_SIZE, text,
				     strlen(text) + 1);
	if (ret == 0)
		ret = elf_boot_place(b, "boot_params", b->sod->boot_params, b->bp, sizeof(b->bp));
	return ret;
}

/*
 * A vmlinux: the document knows only bzImages, so this is its machine state at
 * e_entry, with the boot_params that a loader without a setup header makes.
 */
static int spec_elf_build(const struct image *image, const struct platform *platform,
			  struct start_of_day *ret, struct diag *diag)
{
	struct elf_boot b;
	gpa_t gdt, cr3;
	int r = elf_boot_init(&b, image, platform, ret, diag);

	if (r == 0)
		r = spec_elf_place(&b, &gdt, &cr3);
	if (r == 0)
		spec_registers(ret, gdt, cr3, b.elf->entry_paddr);
	elf_boot_release(&b);
	return r;
}

struct linux64_variant {
	int (*bzimage)(struct linux_boot *b);
	int (*elf)(const struct image *image, const struct platform *platform,
		   struct start_of_day *ret, struct diag *diag);
};

/*
 * Both monitors have code at 0x08, data at 0x10 and a TSS at 0x18, and enter
 * e_entry rather than anything plus 0x200.
 */
static const char *const vmm_known[] = { "P64-001", "P64-004", "P64-005", "P64-006", NULL };

static const struct sod_variant variants[] = {
	{
		.name = "spec",
		.doc = "what the document demands, zero elsewhere",
		.cite = "boot.rst \"64-bit Boot Protocol\"",
		.data = &(const struct linux64_variant){ .bzimage = spec_build,
							 .elf = spec_elf_build },
	},
	{
		.name = "kexec",
		.doc = "Linux 6.1's kexec_file_load: everything as high in memory as it goes",
		.cite = "arch/x86/kernel/kexec-bzimage64.c, relocate_kernel_64.S, arch/x86/purgatory/entry64.S",
		.data = &(const struct linux64_variant){ .bzimage = linux64_kexec_build },
	},
	{
		.name = "vmm",
		.doc = "the kernel proper entered at e_entry with a zero page, as Firecracker and Cloud Hypervisor do",
		.cite = "Firecracker src/vmm/src/arch/x86_64/{mod,regs,layout}.rs, Cloud Hypervisor arch/src/x86_64/regs.rs",
		.known = vmm_known,
		.data = &(const struct linux64_variant){ .elf = linux64_vmm_build },
	},
	{
		.name = "junk",
		.doc = "what the document demands, drawn from the seed elsewhere; the direction flag is set",
		.cite = "boot.rst \"64-bit Boot Protocol\", what it does not name",
		.data = &(const struct linux64_variant){ .bzimage = junk_build },
	},
};

static int bzimage_build(const struct image *image, const struct platform *platform,
			 const struct linux64_variant *v, struct start_of_day *ret,
			 struct diag *diag)
{
	struct linux_boot b;
	int r = linux_boot_init(&b, image, platform, ret, diag);

	if (r < 0)
		goto out;
	if (!image->bz->kernel_64) {
		r = diag_at(diag, -EINVAL, XLF_OFFSET,
			    "XLF_KERNEL_64 is not set: this kernel has no 64-bit entry");
		goto out;
	}
	if (image->bz->kernel_size <= ENTRY_64) {
		r = diag_at(
			diag, -EINVAL, image->bz->setup_size,
			"0x%llx bytes of protected-mode code end before the 64-bit entry at 0x200",
			(unsigned long long)image->bz->kernel_size);
		goto out;
	}
	ret->first = POINT_COMPRESSED;
	snprintf(ret->symbol, sizeof(ret->symbol), "startup_64");
	r = v->bzimage(&b);
out:
	linux_boot_release(&b);
	return r;
}

static int build(const struct image *image, const struct platform *platform,
		 const struct sod_variant *variant, struct start_of_day *ret, struct diag *diag)
{
	const struct linux64_variant *v = variant->data;

	ret->path = &linux64_path;
	ret->variant = variant;
	if (v->elf && (!v->bzimage || image->format == IMAGE_ELF))
		return v->elf(image, platform, ret, diag);
	return bzimage_build(image, platform, v, ret, diag);
}

const struct sod_path linux64_path = {
	.name = "linux64",
	.doc = "64-bit boot protocol: long mode with identity paging, into startup_64",
	.variants = variants,
	.variant_count = ARRAY_SIZE(variants),
	.build = build,
};
