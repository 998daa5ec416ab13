/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel proper entered at once by a virtual machine monitor: Firecracker
 * (src/vmm/src/arch/x86_64/mod.rs, regs.rs, layout.rs) and Cloud Hypervisor
 * (arch/src/x86_64/regs.rs), which share these figures.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>

#include "emu/base/buf.h"
#include "models/e820.h"
#include "models/gdt.h"
#include "models/linux.h"
#include "models/paging.h"

#define GDT_ADDRESS      0x500ull
#define IDT_ADDRESS      0x520ull
#define IDT_SIZE         8u
#define ZERO_PAGE        0x7000ull
#define STACK_POINTER    0x8ff0ull
#define TABLES_ADDRESS   0x9000ull
#define CMDLINE_ADDRESS  0x20000ull
#define CMDLINE_MAX      2048u /* with the NUL */
#define LOW_USED         0x1000ull
#define LOW_USED_END     (CMDLINE_ADDRESS + CMDLINE_MAX)
#define HIGH_MEMORY      0x100000ull
#define MAPPED_END       0x40000000ull
#define KERNEL_ALIGNMENT 0x1000000u
#define HEADER_MAGIC     0x53726448u /* "HdrS" */
#define BOOT_FLAG        0xaa55u

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS  0x18

/* What KVM has in CR0 after reset, and paging. */
#define CR0 (CR0_PE | CR0_ET | CR0_NW | CR0_CD | CR0_PG)

struct vmm {
	const struct elf_image *elf;
	const struct platform *platform;
	struct start_of_day *sod;
	struct diag *diag;
	struct layout layout;
	char source[64];
	uint8_t bp[BOOT_PARAMS_SIZE];
};

static int check(const struct vmm *v)
{
	const struct elf_image *elf = v->elf;
	size_t len = strlen(v->platform->cmdline);

	if (!elf)
		return diag_set(
			v->diag, -EINVAL,
			"there is no ELF kernel in this image: neither the file nor its payload is one");
	if (!elf->is_64 || elf->machine != EM_X86_64)
		return diag_set(v->diag, -EINVAL, "the ELF kernel is not for x86-64");
	if (elf->load_start < HIGH_MEMORY || elf->load_end > MAPPED_END ||
	    elf->load_end <= elf->load_start)
		return diag_set(
			v->diag, -EINVAL,
			"the ELF kernel loads at [0x%llx, 0x%llx), and these monitors map and use [0x%llx, 0x%llx)",
			(unsigned long long)elf->load_start, (unsigned long long)elf->load_end,
			HIGH_MEMORY, MAPPED_END);
	if (len >= CMDLINE_MAX)
		return diag_set(v->diag, -EINVAL,
				"the command line has %zu bytes, these monitors take at most %u",
				len, CMDLINE_MAX - 1);
	return 0;
}

static int place(struct vmm *v, const char *name, gpa_t gpa, const void *data, size_t len)
{
	int ret = placements_add_copy(&v->sod->memory, name, gpa, data, len, v->source);

	return ret < 0 ? diag_set(v->diag, ret, "the %s cannot be placed", name) : 0;
}

static int place_segment(struct vmm *v, const struct elf_segment *s, unsigned index)
{
	struct bytes data;
	char source[64];
	int ret;

	if (s->filesz > s->memsz || !bytes_slice(v->elf->data, s->offset, s->filesz, &data))
		return diag_set(v->diag, -EINVAL, "ELF segment %u is not inside the file", index);
	if (!layout_is_free(&v->layout, s->paddr, s->memsz))
		return diag_set(
			v->diag, -EINVAL,
			"memory is too small: the kernel's segment %u takes 0x%llx bytes at 0x%llx, and the largest free piece of RAM from there up is 0x%llx bytes",
			index, (unsigned long long)s->memsz, (unsigned long long)s->paddr,
			(unsigned long long)layout_largest(&v->layout, s->paddr, LAYOUT_4GIB));
	snprintf(source, sizeof(source), "ELF segment %u at offset 0x%llx", index,
		 (unsigned long long)s->offset);
	ret = placements_add(&v->sod->memory, "kernel", s->paddr, data, s->memsz, source);
	if (ret < 0)
		return diag_set(v->diag, ret, "the kernel cannot be placed");
	v->sod->load_size += s->filesz;
	return 0;
}

static int place_kernel(struct vmm *v)
{
	const struct elf_image *elf = v->elf;
	struct start_of_day *sod = v->sod;
	int ret;

	for (unsigned i = 0; i < elf->segment_count; i++) {
		if (elf->segments[i].type != PT_LOAD || elf->segments[i].memsz == 0)
			continue;
		ret = place_segment(v, &elf->segments[i], i);
		if (ret < 0)
			return ret;
	}
	sod->load_address = sod->run_address = elf->load_start;
	sod->run_size = elf->load_end - elf->load_start;
	ret = layout_take(&v->layout, elf->load_start, sod->run_size);
	return ret < 0 ? diag_set(v->diag, ret, "out of memory") : 0;
}

static int place_initrd(struct vmm *v)
{
	struct bytes initrd = v->platform->initrd;
	gpa_t gpa;
	int ret;

	if (initrd.len == 0)
		return 0;
	ret = layout_take_highest(&v->layout, "initrd", initrd.len, GUEST_PAGE_SIZE, HIGH_MEMORY,
				  LAYOUT_4GIB, &gpa, v->diag);
	if (ret < 0)
		return ret;
	bootparams_set_initrd(v->bp, gpa, initrd.len);
	ret = placements_add(&v->sod->memory, "initrd", gpa, initrd, initrd.len, "initrd file");
	return ret < 0 ? diag_set(v->diag, ret, "the initrd cannot be placed") : 0;
}

/* Nothing of the image's own header is copied: a vmlinux has none. */
static void fill_params(struct vmm *v)
{
	bp_set(v->bp, BP_HDR_TYPE_OF_LOADER, LOADER_UNKNOWN);
	bp_set(v->bp, BP_HDR_BOOT_FLAG, BOOT_FLAG);
	bp_set(v->bp, BP_HDR_HEADER, HEADER_MAGIC);
	bp_set(v->bp, BP_HDR_CMDLINE_SIZE, strlen(v->platform->cmdline) + 1);
	bp_set(v->bp, BP_HDR_KERNEL_ALIGNMENT, KERNEL_ALIGNMENT);
	bp_set(v->bp, BP_ACPI_RSDP_ADDR, v->platform->rsdp);
	bootparams_set_cmdline(v->bp, CMDLINE_ADDRESS);
	e820_write(v->bp, v->platform);
}

static int place_low(struct vmm *v)
{
	static const uint8_t idt[IDT_SIZE];
	const char *text = v->platform->cmdline;
	const struct identity_map map = {
		.end = MAPPED_END,
		.table_flags = PTE_P | PTE_RW,
		.page_flags = PTE_P | PTE_RW,
	};
	uint8_t gdt[GDT_BOOT_SIZE] = { 0 };
	int ret;

	put_le64(gdt + SELECTOR_CODE, gdt_descriptor(0, 0xffffffff, SEG_ATTR_CODE64));
	put_le64(gdt + SELECTOR_DATA, gdt_descriptor(0, 0xffffffff, SEG_ATTR_DATA32));
	put_le64(gdt + SELECTOR_TSS, gdt_descriptor(0, 0xffffffff, SEG_ATTR_TSS_BUSY | DESC_G));

	ret = place(v, "gdt", GDT_ADDRESS, gdt, sizeof(gdt));
	if (ret == 0)
		ret = place(v, "idt", IDT_ADDRESS, idt, sizeof(idt));
	if (ret == 0)
		ret = place(v, "boot_params", ZERO_PAGE, v->bp, sizeof(v->bp));
	if (ret == 0)
		ret = paging_identity_build(&v->sod->memory, TABLES_ADDRESS, &map, v->source,
					    v->diag);
	if (ret == 0)
		ret = place(v, "cmdline", CMDLINE_ADDRESS, text, strlen(text) + 1);
	return ret;
}

static void set_registers(struct vmm *v)
{
	struct cpu_state *cpu = &v->sod->cpu;

	cpu_state_long64(cpu, SELECTOR_CODE, SELECTOR_DATA, TABLES_ADDRESS);
	cpu->seg[SEG_TR] = gdt_segment(SELECTOR_TSS,
				       gdt_descriptor(0, 0xffffffff, SEG_ATTR_TSS_BUSY | DESC_G));
	cpu->cr0 = CR0;
	cpu->fcw = 0x37f;
	cpu->gdtr = (struct table_reg){ .base = GDT_ADDRESS, .limit = GDT_BOOT_SIZE - 1 };
	cpu->idtr = (struct table_reg){ .base = IDT_ADDRESS, .limit = IDT_SIZE - 1 };
	cpu->gpr[GPR_RSI] = ZERO_PAGE;
	cpu->gpr[GPR_RSP] = STACK_POINTER;
	cpu->gpr[GPR_RBP] = STACK_POINTER;
	cpu->rip = v->elf->entry_paddr;
}

int linux64_vmm_build(const struct image *image, const struct platform *platform,
		      struct start_of_day *ret, struct diag *diag)
{
	struct vmm v = { .elf = image->elf, .platform = platform, .sod = ret, .diag = diag };
	int r;

	snprintf(v.source, sizeof(v.source), "model linux64:vmm");
	ret->first = POINT_KERNEL;
	ret->boot_params = ZERO_PAGE;
	snprintf(ret->symbol, sizeof(ret->symbol), "startup_64");

	r = layout_init(&v.layout, platform, diag);
	if (r == 0)
		r = check(&v);
	if (r == 0 && !layout_is_free(&v.layout, LOW_USED, LOW_USED_END - LOW_USED))
		r = diag_set(diag, -EINVAL,
			     "the RAM below 0x%llx that these monitors use is not free",
			     LOW_USED_END);
	if (r == 0)
		r = place_kernel(&v);
	if (r == 0)
		r = place_initrd(&v);
	if (r == 0) {
		fill_params(&v);
		r = place_low(&v);
	}
	if (r == 0)
		set_registers(&v);
	layout_release(&v.layout);
	return r;
}
