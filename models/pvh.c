/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Xen PVH entry: xen/docs/misc/pvh.pandoc "x86/HVM direct boot ABI". */
#include "models/pvh.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/base/buf.h"
#include "emu/base/rng.h"
#include "loaders/elf.h" /* XEN_NOTE_PHYS32_RELOC */
#include "models/paths.h"

int pvh_place(struct pvh_boot *b, const char *name, gpa_t gpa, const void *data, size_t len)
{
	return elf_boot_place(&b->elf, name, gpa, data, len);
}

/* Two PT_LOADs that claim one byte: which would win is anybody's guess. */
static int overlap_check(const struct elf_image *elf, struct diag *diag)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *a = &elf->segments[i];

		if (a->type != PT_LOAD || a->memsz == 0)
			continue;
		for (unsigned k = 0; k < i; k++) {
			const struct elf_segment *c = &elf->segments[k];

			if (c->type != PT_LOAD || c->memsz == 0)
				continue;
			if (a->paddr - c->paddr < c->memsz || c->paddr - a->paddr < a->memsz)
				return diag_set(
					diag, -EINVAL,
					"ELF segments %u at 0x%llx and %u at 0x%llx overlap in physical memory",
					k, (unsigned long long)c->paddr, i,
					(unsigned long long)a->paddr);
		}
	}
	return 0;
}

int pvh_kernel(struct pvh_boot *b)
{
	int ret = overlap_check(b->elf.elf, b->elf.diag);

	return ret == 0 ? elf_boot_kernel(&b->elf) : ret;
}

int pvh_initrd_at(struct pvh_boot *b, gpa_t gpa)
{
	struct bytes initrd = b->platform.initrd;
	int ret;

	b->initrd = gpa;
	ret = placements_add(&b->elf.sod->memory, "initrd", gpa, initrd, initrd.len, "initrd file");
	return ret < 0 ? diag_set(b->elf.diag, ret, "the initrd cannot be placed") : 0;
}

int pvh_initrd_high(struct pvh_boot *b, uint64_t end)
{
	uint64_t size = b->platform.initrd.len;
	gpa_t gpa;
	int ret;

	if (size == 0)
		return 0;
	ret = layout_take_highest(&b->elf.layout, "initrd", size, GUEST_PAGE_SIZE, MIB(1), end,
				  &gpa, b->elf.diag);
	return ret < 0 ? ret : pvh_initrd_at(b, gpa);
}

/* Places @data at @fixed or, when that is 0, in the lowest free pages from b->at.low on. */
static int place_somewhere(struct pvh_boot *b, const char *name, gpa_t fixed, const void *data,
			   size_t len, gpa_t *ret_gpa)
{
	int ret = 0;

	*ret_gpa = fixed;
	if (fixed == 0)
		ret = layout_take_lowest(&b->elf.layout, name, ALIGN_UP(len, GUEST_PAGE_SIZE),
					 GUEST_PAGE_SIZE, b->at.low, LAYOUT_4GIB, ret_gpa,
					 b->elf.diag);
	return ret < 0 ? ret : pvh_place(b, name, *ret_gpa, data, len);
}

static int place_modlist(struct pvh_boot *b, const char *text)
{
	uint8_t module[START_INFO_MODULE_SIZE];
	gpa_t cmdline = 0;
	int ret = 0;

	if (b->platform.initrd.len == 0)
		return 0;
	if (text)
		ret = place_somewhere(b, "module cmdline", 0, text, strlen(text) + 1, &cmdline);
	if (ret < 0)
		return ret;
	start_info_put_module(module, b->initrd, b->platform.initrd.len, cmdline);
	b->info.nr_modules = 1;
	return place_somewhere(b, "module list", b->at.modlist, module, sizeof(module),
			       &b->info.modlist);
}

static int place_memmap(struct pvh_boot *b)
{
	uint8_t map[PLATFORM_E820_MAX * START_INFO_MEMMAP_ENTRY];

	if (b->info.version == 0)
		return 0;
	b->info.memmap_entries = b->platform.e820_count;
	start_info_put_memmap(map, &b->platform);
	return place_somewhere(b, "memory map", b->at.memmap, map,
			       b->info.memmap_entries * START_INFO_MEMMAP_ENTRY, &b->info.memmap);
}

int pvh_start_info(struct pvh_boot *b, const char *module_text)
{
	const char *text = b->platform.cmdline;
	uint8_t info[START_INFO_SIZE_V1];
	gpa_t at;
	int ret;

	ret = place_somewhere(b, "cmdline", b->at.cmdline, text, strlen(text) + 1,
			      &b->info.cmdline);
	if (ret == 0)
		ret = place_modlist(b, module_text);
	if (ret == 0)
		ret = place_memmap(b);
	if (ret == 0)
		ret = place_somewhere(b, "start_info", b->at.start_info, info,
				      start_info_put(info, &b->info), &at);
	if (ret == 0)
		b->elf.sod->cpu.gpr[GPR_RBX] = at;
	return ret;
}

void pvh_registers(struct pvh_boot *b, uint16_t cs, uint16_t data_seg)
{
	struct cpu_state *cpu = &b->elf.sod->cpu;
	uint64_t start_info = cpu->gpr[GPR_RBX];

	cpu_state_flat32(cpu, cs, data_seg);
	cpu->seg[SEG_TR].limit = PVH_TSS_LIMIT;
	cpu->gpr[GPR_RBX] = start_info;
	cpu->rip = b->elf.elf->pvh_entry + b->elf.moved;
}

/*
 * "All other processor registers and flag bits are unspecified": whatever a
 * kernel could read by mistake is drawn from the seed. Left as after reset is
 * what would act by itself: EFER, NT, RF, the debug registers and the FPU.
 */
static void unspecified_registers(struct pvh_boot *b)
{
	static const enum gpr gprs[] = { GPR_RAX, GPR_RCX, GPR_RDX, GPR_RSP,
					 GPR_RBP, GPR_RSI, GPR_RDI };
	static const enum seg segs[] = { SEG_CS, SEG_DS, SEG_ES, SEG_SS, SEG_FS, SEG_GS };
	const uint64_t flags = EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF |
			       EFLAGS_DF | EFLAGS_OF | EFLAGS_IOPL | EFLAGS_AC | EFLAGS_ID;
	struct cpu_state *cpu = &b->elf.sod->cpu;
	struct rng r;

	rng_init(&r, b->platform.seed, "pvh registers");
	for (size_t i = 0; i < ARRAY_SIZE(gprs); i++)
		cpu->gpr[gprs[i]] = (uint32_t)rng_u64(&r);
	cpu->rflags |= rng_u64(&r) & flags;
	/* Selectors of the GDT, ring 0 and not null: all that a loaded segment can show. */
	for (size_t i = 0; i < ARRAY_SIZE(segs); i++)
		cpu->seg[segs[i]].selector = (uint16_t)((1 + rng_below(&r, 0x1fff)) << 3);
	for (size_t i = SEG_FS; i <= SEG_GS; i++)
		cpu->seg[i].base = (uint32_t)rng_u64(&r);
	cpu->gdtr.base = (uint32_t)rng_u64(&r);
	cpu->gdtr.limit = (uint16_t)rng_u64(&r);
	cpu->idtr.base = (uint32_t)rng_u64(&r);
	cpu->idtr.limit = (uint16_t)rng_u64(&r);
	cpu->cr2 = (uint32_t)rng_u64(&r);
	cpu->cr3 = (uint32_t)rng_u64(&r) & ~0xfffull;
}

#define JUNK_SIZE MIB(1)

/* Places @size bytes from the stream at @gpa, under what is placed later. */
static int junk_place(struct pvh_boot *b, struct rng *r, gpa_t gpa, uint64_t size)
{
	uint8_t *data = malloc(size);
	int ret;

	if (!data)
		return diag_set(b->elf.diag, -ENOMEM, "out of memory");
	rng_fill(r, data, size);
	ret = pvh_place(b, "unspecified memory", gpa, data, size);
	free(data);
	return ret;
}

/*
 * Nobody promises that RAM is zero. What a kernel would most likely trip over
 * is filled: conventional memory, and what follows the kernel.
 */
static int unspecified_memory(struct pvh_boot *b)
{
	const struct elf_image *elf = b->elf.elf;
	const struct e820_entry *low = &b->platform.e820[0];
	struct rng r;
	int ret = 0;

	rng_init(&r, b->platform.seed, "pvh memory");
	if (low->type == E820_RAM && low->addr == 0 && low->size <= MIB(1))
		ret = junk_place(b, &r, 0, low->size);
	if (ret == 0 && layout_is_free(&b->elf.layout, elf->load_end + b->elf.moved, JUNK_SIZE))
		ret = junk_place(b, &r, elf->load_end + b->elf.moved, JUNK_SIZE);
	return ret;
}

static int spec_build(struct pvh_boot *b)
{
	int ret = unspecified_memory(b);

	if (ret == 0)
		ret = pvh_kernel(b);
	if (ret == 0)
		ret = pvh_initrd_high(b, LAYOUT_4GIB);
	b->at.low = LINUX_LOW_START;
	b->info.version = 1;
	b->info.rsdp = b->platform.rsdp;
	if (ret == 0)
		ret = pvh_start_info(b, "initrd");
	if (ret < 0)
		return ret;
	pvh_registers(b, 0, 0);
	unspecified_registers(b);
	return 0;
}

static const struct pvh_variant pvh_spec = { .build = spec_build };

/* A word of a note's descriptor; XEN_ELFNOTE_PHYS32_RELOC gives each of its three a default. */
static uint64_t reloc_word(const struct elf_note *n, unsigned index, uint64_t otherwise)
{
	return n->desc.len >= 4 * (index + 1) ? get_le32(n->desc.data + (size_t)4 * index) :
						otherwise;
}

#define RELOC_ALIGN 0x200000u
#define RELOC_STEPS 1024u /* places that are tried; 2 GiB with the default alignment */

/* The lowest place above the linked one that the PHYS32_RELOC note and the RAM allow. */
static int moved_find(struct pvh_boot *b)
{
	const struct elf_image *elf = b->elf.elf;
	uint64_t size = elf->load_end - elf->load_start;
	const struct elf_note *n = NULL;
	uint64_t align, min, max, at;

	for (unsigned i = 0; i < elf->note_count && !n; i++) {
		if (!strcmp(elf->notes[i].name, "Xen") &&
		    elf->notes[i].type == XEN_NOTE_PHYS32_RELOC)
			n = &elf->notes[i];
	}
	if (!n)
		return diag_set(
			b->elf.diag, -EINVAL,
			"no ELF note \"Xen\" 19 (PHYS32_RELOC): this kernel runs only where it was linked");
	align = reloc_word(n, 0, RELOC_ALIGN);
	min = reloc_word(n, 1, 0);
	max = reloc_word(n, 2, UINT32_MAX);
	if (!align || (align & (align - 1)))
		return diag_set(b->elf.diag, -EINVAL,
				"the PHYS32_RELOC note asks for an alignment of 0x%llx",
				(unsigned long long)align);
	at = ALIGN_UP((min > elf->load_start ? min : elf->load_start + 1), align);
	for (unsigned i = 0; i < RELOC_STEPS && at + size - 1 <= max; i++, at += align) {
		if (!layout_is_free(&b->elf.layout, at, size))
			continue;
		b->elf.moved = at - elf->load_start;
		return 0;
	}
	return diag_set(
		b->elf.diag, -EINVAL,
		"memory is too small: no free place for the kernel's 0x%llx bytes above where it was linked and up to 0x%llx (PHYS32_RELOC)",
		(unsigned long long)size, (unsigned long long)max);
}

static int moved_build(struct pvh_boot *b)
{
	int ret = moved_find(b);

	return ret == 0 ? spec_build(b) : ret;
}

static const struct pvh_variant pvh_moved = { .build = moved_build };

/* Both leave TR as it is after reset. */
static const char *const tr_known[] = { "PVH-009", NULL };

static const struct sod_variant variants[] = {
	{
		.name = "spec",
		.doc = "what the document demands; what it leaves open is drawn from the seed",
		.cite = "xen/docs/misc/pvh.pandoc, xen/include/public/arch-x86/hvm/start_info.h",
		.data = &pvh_spec,
	},
	{
		.name = "qemu",
		.doc = "QEMU's pvh.bin option ROM under SeaBIOS",
		.cite = "pc-bios/optionrom/pvh.S and pvh_main.c, hw/i386/x86.c of QEMU 7.2, and a capture of it",
		.known = tr_known,
		.data = &pvh_qemu,
	},
	{
		.name = "qboot",
		.doc = "qboot, the minimal firmware that comes with QEMU",
		.cite = "qboot main.c and linuxboot.c as of QEMU 7.2, and a capture of it",
		.known = tr_known,
		.data = &pvh_qboot,
	},
	{
		.name = "firecracker",
		.doc = "the monitor enters the kernel itself",
		.cite = "Firecracker src/vmm/src/arch/x86_64/{mod,regs,layout,gdt}.rs",
		.data = &pvh_firecracker,
	},
	{
		.name = "xen",
		.doc = "a domU of Xen 4.17: version 1, CPUID leaves, hypercalls",
		.cite = "tools/libs/guest/xg_dom_x86.c of Xen 4.17",
		.data = &pvh_xen,
	},
	{
		.name = "xen-dom0",
		.doc = "dom0 of Xen 4.17: version 0 without a memory map, which XENMEM_memory_map gives",
		.cite = "xen/arch/x86/hvm/dom0_build.c of Xen 4.17",
		.data = &pvh_xen_dom0,
	},
	{
		.name = "moved",
		.doc = "as spec, with the kernel above where it was linked, as its PHYS32_RELOC note allows",
		.cite = "xen/include/public/elfnote.h XEN_ELFNOTE_PHYS32_RELOC",
		.data = &pvh_moved,
	},
};

static int boot_init(struct pvh_boot *b, const struct image *image, const struct platform *platform,
		     const struct sod_variant *variant, struct start_of_day *sod, struct diag *diag)
{
	const struct pvh_variant *v = variant->data;
	const struct elf_image *elf = image->elf;

	*b = (struct pvh_boot){ .platform = *platform };
	b->elf =
		(struct elf_boot){ .elf = elf, .platform = &b->platform, .sod = sod, .diag = diag };
	snprintf(b->elf.source, sizeof(b->elf.source), "model pvh:%s", variant->name);
	if (!elf)
		return diag_set(
			diag, -EINVAL,
			"there is no ELF kernel in this image: neither the file nor its payload is one");
	if (!elf->has_pvh)
		return diag_set(diag, -EINVAL, "%s",
				elf->pvh_problem[0] ? elf->pvh_problem :
						      "no ELF note \"Xen\" 18 (PHYS32_ENTRY)");
	if (v->platform)
		v->platform(b);
	sod->first = POINT_ENTRY;
	snprintf(sod->symbol, sizeof(sod->symbol), "pvh_start_xen");
	return layout_init(&b->elf.layout, &b->platform, diag);
}

static int build(const struct image *image, const struct platform *platform,
		 const struct sod_variant *variant, struct start_of_day *ret, struct diag *diag)
{
	const struct pvh_variant *v = variant->data;
	struct pvh_boot b;
	int r;

	ret->path = &pvh_path;
	ret->variant = variant;
	r = boot_init(&b, image, platform, variant, ret, diag);
	if (r == 0)
		r = v->build(&b);
	elf_boot_release(&b.elf);
	return r;
}

static int attach(struct machine *m, const struct start_of_day *sod, struct diag *diag)
{
	const struct pvh_variant *v = sod->variant->data;

	return v->attach ? v->attach(m, sod, diag) : 0;
}

const struct sod_path pvh_path = {
	.name = "pvh",
	.doc = "Xen PVH: 32-bit protected mode without paging, into the PHYS32_ENTRY note's address",
	.variants = variants,
	.variant_count = ARRAY_SIZE(variants),
	.build = build,
	.attach = attach,
};
