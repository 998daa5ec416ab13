/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel proper entered at once by a virtual machine monitor: Firecracker
 * (src/vmm/src/arch/x86_64/mod.rs, regs.rs, layout.rs) and Cloud Hypervisor
 * (arch/src/x86_64/regs.rs), which share these figures.
 */
#include <errno.h>

#include "models/gdt.h"
#include "models/linux.h"
#include "models/paging.h"

#define GDT_ADDRESS     0x500ull
#define IDT_ADDRESS     0x520ull
#define IDT_SIZE        8u
#define ZERO_PAGE       0x7000ull
#define STACK_POINTER   0x8ff0ull
#define TABLES_ADDRESS  0x9000ull
#define CMDLINE_ADDRESS 0x20000ull
#define LOW_USED        0x1000ull
#define LOW_USED_END    0x20800ull /* 2 KiB of command line */
#define MAPPED_END      0x40000000ull

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS  0x18

/* What KVM has in CR0 after reset, and paging. */
#define KVM_CR0 (CR0_PE | CR0_ET | CR0_NW | CR0_CD | CR0_PG)

static int place_low(struct elf_boot *b)
{
	static const uint8_t idt[IDT_SIZE];
	const char *text = b->platform->cmdline;
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

	ret = elf_boot_place(b, "gdt", GDT_ADDRESS, gdt, sizeof(gdt));
	if (ret == 0)
		ret = elf_boot_place(b, "idt", IDT_ADDRESS, idt, sizeof(idt));
	if (ret == 0)
		ret = elf_boot_place(b, "boot_params", ZERO_PAGE, b->bp, sizeof(b->bp));
	if (ret == 0)
		ret = paging_identity_build(&b->sod->memory, TABLES_ADDRESS, &map, b->source,
					    b->diag);
	if (ret == 0)
		ret = elf_boot_place(b, "cmdline", CMDLINE_ADDRESS, text, strlen(text) + 1);
	return ret;
}

static void set_registers(struct elf_boot *b)
{
	struct cpu_state *cpu = &b->sod->cpu;

	cpu_state_long64(cpu, SELECTOR_CODE, SELECTOR_DATA, TABLES_ADDRESS);
	cpu->seg[SEG_TR] = gdt_segment(SELECTOR_TSS,
				       gdt_descriptor(0, 0xffffffff, SEG_ATTR_TSS_BUSY | DESC_G));
	cpu->cr0 = KVM_CR0;
	cpu->fcw = 0x37f;
	cpu->gdtr = (struct table_reg){ .base = GDT_ADDRESS, .limit = GDT_BOOT_SIZE - 1 };
	cpu->idtr = (struct table_reg){ .base = IDT_ADDRESS, .limit = IDT_SIZE - 1 };
	cpu->gpr[GPR_RSI] = ZERO_PAGE;
	cpu->gpr[GPR_RSP] = STACK_POINTER;
	cpu->gpr[GPR_RBP] = STACK_POINTER;
	cpu->rip = b->elf->entry_paddr;
}

static int build(struct elf_boot *b)
{
	int ret;

	if (b->elf->load_end > MAPPED_END)
		return diag_set(
			b->diag, -EINVAL,
			"the ELF kernel ends at 0x%llx, and these monitors map only the first 0x%llx bytes",
			(unsigned long long)b->elf->load_end, MAPPED_END);
	if (!layout_is_free(&b->layout, LOW_USED, LOW_USED_END - LOW_USED))
		return diag_set(b->diag, -EINVAL,
				"the RAM below 0x%llx that these monitors use is not free",
				LOW_USED_END);
	ret = elf_boot_kernel(b);
	if (ret == 0)
		ret = elf_boot_initrd(b);
	if (ret < 0)
		return ret;
	elf_boot_params(b, ZERO_PAGE, CMDLINE_ADDRESS);
	ret = place_low(b);
	if (ret == 0)
		set_registers(b);
	return ret;
}

int linux64_vmm_build(const struct image *image, const struct platform *platform,
		      struct start_of_day *ret, struct diag *diag)
{
	struct elf_boot b;
	int r = elf_boot_init(&b, image, platform, ret, diag);

	if (r == 0)
		r = build(&b);
	elf_boot_release(&b);
	return r;
}
