/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitors and firmware that enter a kernel by PVH without Xen: QEMU's option ROM, qboot (both as captured; tests/oracle), Firecracker. */
#include <errno.h>

#include "emu/machine.h" /* machine_rom_unlock */
#include "models/acpi.h"
#include "models/gdt.h"
#include "models/pvh.h"

/* QEMU's CPU has 0x37f in FCW after reset, and so has KVM's. */
#define VMM_FCW 0x37f

#define CS_SELECTOR   0x08
#define DATA_SELECTOR 0x10

/* The flags that the last instruction before the jump leaves. */
#define FIRMWARE_EFLAGS (EFLAGS_FIXED | EFLAGS_PF)

static int too_long(struct pvh_boot *b, uint64_t max, const char *who)
{
	return diag_set(b->elf.diag, -EINVAL,
			"the command line has %zu bytes, and %s has room for %llu",
			strlen(b->platform.cmdline), who, (unsigned long long)max);
}

static void entry_append(struct platform *p, uint64_t addr, uint64_t size, enum e820_type type)
{
	if (p->e820_count < PLATFORM_E820_MAX)
		p->e820[p->e820_count++] =
			(struct e820_entry){ .addr = addr, .size = size, .type = type };
}

/* All RAM from 1 MiB up, which these two do not keep a piece of for tables. */
static void entries_append_ram(struct platform *p)
{
	for (size_t i = 0; i < p->ram.count; i++)
		if (p->ram.items[i].start >= MIB(1))
			entry_append(p, p->ram.items[i].start,
				     p->ram.items[i].last - p->ram.items[i].start + 1, E820_RAM);
}

/* One past the RAM that begins at 1 MiB, as the guest is told. */
static uint64_t high_ram_end(const struct platform *p)
{
	for (unsigned i = 0; i < p->e820_count; i++)
		if (p->e820[i].type == E820_RAM && p->e820[i].addr == MIB(1))
			return MIB(1) + p->e820[i].size;
	return MIB(1);
}

/* --- QEMU: pc-bios/optionrom/pvh.S, pvh_main.c --- */

#define QEMU_GDT         0xc0118ull /* in the option ROM */
#define QEMU_ESP         0x6edc
#define QEMU_EDI         0x6ef4
#define QEMU_FW_CFG_DMA  0x518
#define QEMU_CMDLINE_MAX 0x1000u
/* The accessed bits are those of a GDT in ROM: the CPU could not set them there. */
#define QEMU_CS_ATTR     0x00c09a00u

static const struct pvh_addresses qemu_at = {
	.memmap = 0x5a8, /* 128 entries */
	.cmdline = 0x11c0,
	.modlist = 0x21c0, /* between two captured addresses, and as large as their gap */
	.start_info = 0x21e0,
};

static int qemu_gdt(struct pvh_boot *b)
{
	uint8_t gdt[0x28] = { 0 };

	put_le64(gdt + 0x08, gdt_descriptor(0, 0xffffffff, QEMU_CS_ATTR));
	put_le64(gdt + 0x10, gdt_descriptor(0, 0xffffffff, SEG_ATTR_DATA32));
	put_le64(gdt + 0x18, gdt_descriptor(0, 0xffff, 0x9e00));
	put_le64(gdt + 0x20, gdt_descriptor(0, 0xffff, 0x9200));
	return pvh_place(b, "gdt", QEMU_GDT, gdt, sizeof(gdt));
}

/* hw/i386/x86.c: the last page that ends at least one byte below the end of RAM. */
static int qemu_initrd(struct pvh_boot *b)
{
	uint64_t end = high_ram_end(&b->platform), size = b->platform.initrd.len;
	gpa_t gpa;

	if (size == 0)
		return 0;
	gpa = ALIGN_DOWN(end - 1 - size, GUEST_PAGE_SIZE);
	if (size >= end || !layout_is_free(&b->elf.layout, gpa, size))
		return diag_set(
			b->elf.diag, -EINVAL,
			"memory is too small: the initrd's 0x%llx bytes do not fit below 0x%llx",
			(unsigned long long)size, (unsigned long long)end);
	return pvh_initrd_at(b, gpa);
}

static int qemu_build(struct pvh_boot *b)
{
	struct cpu_state *cpu = &b->elf.sod->cpu;
	int ret;

	if (strlen(b->platform.cmdline) >= QEMU_CMDLINE_MAX)
		return too_long(b, QEMU_CMDLINE_MAX - 1, "QEMU's option ROM");
	b->at = qemu_at;
	b->info.version = 1;
	b->info.rsdp = b->platform.rsdp;
	ret = pvh_kernel(b);
	if (ret == 0)
		ret = qemu_initrd(b);
	if (ret == 0)
		ret = pvh_start_info(b, NULL);
	if (ret == 0)
		ret = qemu_gdt(b);
	if (ret < 0)
		return ret;

	pvh_registers(b, CS_SELECTOR, DATA_SELECTOR);
	cpu->seg[SEG_CS].attr = QEMU_CS_ATTR;
	cpu->seg[SEG_TR].limit = 0xffff;
	cpu->gdtr = (struct table_reg){ .base = QEMU_GDT, .limit = 0x27 };
	cpu->idtr = (struct table_reg){ .limit = 0x3ff };
	cpu->rflags = FIRMWARE_EFLAGS;
	cpu->fcw = VMM_FCW;
	cpu->gpr[GPR_RCX] = cpu->rip;
	cpu->gpr[GPR_RDX] = QEMU_FW_CFG_DMA;
	cpu->gpr[GPR_RSI] = b->info.cmdline;
	cpu->gpr[GPR_RDI] = QEMU_EDI;
	cpu->gpr[GPR_RSP] = QEMU_ESP;
	return 0;
}

const struct pvh_variant pvh_qemu = { .build = qemu_build };

/* --- qboot on QEMU's q35 --- */

#define QBOOT_SHADOW      0xc0000u /* RAM behind the ROM area, up to 1 MiB */
#define QBOOT_START_INFO  0xf31e0ull
#define QBOOT_RSDP        0xf36a0ull
#define QBOOT_TABLES      0xd0000ull /* the range that its map calls NVS */
#define QBOOT_HEAP_END    0xd0000ull /* it allocates downwards from here */
#define QBOOT_CMDLINE     0xcff50ull
#define QBOOT_CMDLINE_MAX 0x1000u
#define QBOOT_GDT         0xffffffc1ull /* in the ROM below 4 GiB */
#define QBOOT_ESP         0x7b60
#define QBOOT_MMCONFIG    0xb0000000ull
#define MULTIBOOT_MAGIC   0x2badb002u /* EAX, as a multiboot kernel would want it */
#define FW_CFG_DATA       0x511

/* The AMD range is QEMU's, see platform.c. */
static void qboot_platform(struct pvh_boot *b)
{
	struct platform *p = &b->platform;
	struct e820_entry high[PLATFORM_E820_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < p->e820_count; i++)
		if (p->e820[i].addr > GIB(4) && p->e820[i].type != E820_RAM)
			high[count++] = p->e820[i];
	p->e820_count = 0;
	entry_append(p, 0, 0x9fc00, E820_RAM);
	entry_append(p, 0x9fc00, 0x400, E820_RESERVED);
	entry_append(p, QBOOT_TABLES, 0x20000, E820_NVS);
	entry_append(p, 0xf0000, 0x10000, E820_RESERVED);
	entry_append(p, QBOOT_MMCONFIG, 0x10000000, E820_RESERVED);
	for (unsigned i = 0; i < count; i++)
		entry_append(p, high[i].addr, high[i].size, high[i].type);
	entries_append_ram(p);
	p->rsdp = QBOOT_RSDP;
}

static int qboot_gdt(struct pvh_boot *b)
{
	uint8_t gdt[0x28] = { 0 };

	put_le64(gdt + 0x08, gdt_descriptor(0, 0xffffffff, SEG_ATTR_CODE32));
	put_le64(gdt + 0x10, gdt_descriptor(0, 0xffffffff, SEG_ATTR_DATA32));
	put_le64(gdt + 0x18, gdt_descriptor(0xf0000, 0xfffff, SEG_ATTR_CODE16));
	put_le64(gdt + 0x20, gdt_descriptor(0, 0xfffff, SEG_ATTR_DATA16));
	return pvh_place(b, "gdt", QBOOT_GDT, gdt, sizeof(gdt));
}

/* Long command lines push the heap down; the captured addresses are those of a short one. */
static void qboot_heap(struct pvh_boot *b)
{
	size_t len = strlen(b->platform.cmdline) + 1;

	b->at.start_info = QBOOT_START_INFO;
	b->at.cmdline = QBOOT_CMDLINE;
	if (len > QBOOT_HEAP_END - QBOOT_CMDLINE)
		b->at.cmdline = ALIGN_DOWN(QBOOT_HEAP_END - len, 16);
	b->at.memmap = ALIGN_DOWN(
		b->at.cmdline - (uint64_t)b->platform.e820_count * START_INFO_MEMMAP_ENTRY, 16);
	b->at.modlist = QBOOT_START_INFO - START_INFO_MODULE_SIZE;
}

static int qboot_build(struct pvh_boot *b)
{
	struct cpu_state *cpu = &b->elf.sod->cpu;
	int ret;

	if (strlen(b->platform.cmdline) >= QBOOT_CMDLINE_MAX)
		return too_long(b, QBOOT_CMDLINE_MAX - 1, "qboot");
	qboot_heap(b);
	b->info.version = 1;
	b->info.rsdp = QBOOT_RSDP;
	b->elf.sod->own_acpi = true;
	ret = pvh_kernel(b);
	if (ret == 0)
		ret = qemu_initrd(b);
	if (ret == 0)
		ret = acpi_add(&b->elf.sod->memory, QBOOT_RSDP, QBOOT_TABLES, b->elf.source);
	if (ret == 0)
		ret = pvh_start_info(b, NULL);
	if (ret == 0)
		ret = qboot_gdt(b);
	if (ret < 0)
		return ret;

	pvh_registers(b, CS_SELECTOR, DATA_SELECTOR);
	cpu->seg[SEG_TR].limit = 0xffff;
	cpu->gdtr = (struct table_reg){ .base = QBOOT_GDT, .limit = 0x27 };
	cpu->idtr = (struct table_reg){ .limit = 0xffff };
	cpu->rflags = FIRMWARE_EFLAGS;
	cpu->fcw = VMM_FCW;
	cpu->gpr[GPR_RAX] = MULTIBOOT_MAGIC;
	cpu->gpr[GPR_RCX] = cpu->rip;
	cpu->gpr[GPR_RDX] = FW_CFG_DATA;
	cpu->gpr[GPR_RSI] = b->info.memmap;
	cpu->gpr[GPR_RDI] =
		b->info.memmap + (uint64_t)b->info.memmap_entries * START_INFO_MEMMAP_ENTRY;
	cpu->gpr[GPR_RBP] = b->info.memmap_entries;
	cpu->gpr[GPR_RSP] = QBOOT_ESP;
	return 0;
}

/*
 * qboot copies itself into shadow RAM and runs on there with start_info among
 * its data: the area stays writable. Newer kernels need that (6.12's
 * arch/x86/platform/pvh/head.S uses start_info as its first stack).
 */
static int qboot_attach(struct machine *m, const struct start_of_day *sod, struct diag *diag)
{
	return machine_rom_unlock(m, QBOOT_SHADOW) ?
		       diag_set(diag, -EFAULT, "there is no shadow RAM at 0x%x", QBOOT_SHADOW) :
		       0;
}

const struct pvh_variant pvh_qboot = { .platform = qboot_platform,
				       .build = qboot_build,
				       .attach = qboot_attach };

/* --- Firecracker: layout.rs, gdt.rs, regs.rs --- */

#define FC_GDT         0x500ull
#define FC_IDT         0x520ull
#define FC_SYSTEM      0x9fc00ull /* "system data" up to the RSDP */
#define FC_TABLES      0xc0000ull
#define FC_RSDP        0xe0000ull
#define FC_CMDLINE_MAX 2048u
#define FC_TSS         0x18

static const struct pvh_addresses firecracker_at = {
	.start_info = 0x6000,
	.modlist = 0x6040,
	.memmap = 0x7000,
	.cmdline = 0x20000,
};

static void firecracker_platform(struct pvh_boot *b)
{
	struct platform *p = &b->platform;

	p->e820_count = 0;
	entry_append(p, 0, FC_SYSTEM, E820_RAM);
	entry_append(p, FC_SYSTEM, FC_RSDP - FC_SYSTEM, E820_RESERVED);
	entries_append_ram(p);
	p->rsdp = FC_RSDP;
}

static int firecracker_tables(struct pvh_boot *b)
{
	static const uint8_t idt[8];
	uint8_t gdt[0x20] = { 0 };
	int ret;

	put_le64(gdt + CS_SELECTOR, gdt_descriptor(0, 0xffffffff, SEG_ATTR_CODE32));
	put_le64(gdt + DATA_SELECTOR, gdt_descriptor(0, 0xffffffff, SEG_ATTR_DATA32));
	put_le64(gdt + FC_TSS, gdt_descriptor(0, PVH_TSS_LIMIT, SEG_ATTR_TSS_BUSY));
	ret = pvh_place(b, "gdt", FC_GDT, gdt, sizeof(gdt));
	if (ret == 0)
		ret = pvh_place(b, "idt", FC_IDT, idt, sizeof(idt));
	if (ret == 0)
		ret = acpi_add(&b->elf.sod->memory, FC_RSDP, FC_TABLES, b->elf.source);
	return ret;
}

static int firecracker_build(struct pvh_boot *b)
{
	struct cpu_state *cpu = &b->elf.sod->cpu;
	int ret;

	if (strlen(b->platform.cmdline) >= FC_CMDLINE_MAX)
		return too_long(b, FC_CMDLINE_MAX - 1, "Firecracker");
	b->at = firecracker_at;
	b->info.version = 1;
	b->info.rsdp = FC_RSDP;
	b->elf.sod->own_acpi = true;
	ret = pvh_kernel(b);
	if (ret == 0)
		ret = pvh_initrd_high(b, high_ram_end(&b->platform));
	if (ret == 0)
		ret = pvh_start_info(b, NULL);
	if (ret == 0)
		ret = firecracker_tables(b);
	if (ret < 0)
		return ret;

	pvh_registers(b, CS_SELECTOR, DATA_SELECTOR);
	cpu->seg[SEG_TR].selector = FC_TSS;
	cpu->gdtr = (struct table_reg){ .base = FC_GDT, .limit = 0x1f };
	cpu->idtr = (struct table_reg){ .base = FC_IDT, .limit = 7 };
	cpu->fcw = VMM_FCW;
	return 0;
}

const struct pvh_variant pvh_firecracker = { .platform = firecracker_platform,
					     .build = firecracker_build };
