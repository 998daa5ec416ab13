/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state that a Linux 6.1 leaves to the next kernel by kexec_file_load:
 * arch/x86/kernel/kexec-bzimage64.c (memory), relocate_kernel_64.S and
 * arch/x86/purgatory/entry64.S (registers).
 */
#include "models/linux.h"

#include <errno.h>
#include <stdlib.h>

#include "emu/base/rng.h"
#include "models/e820.h"
#include "models/gdt.h"
#include "models/paging.h"

#define PROTOCOL_MIN        0x020c
#define ENTRY_64            0x200
#define MIN_LOW             0x3000ull /* purgatory and boot_params */
#define MIN_KERNEL          0x100000ull
#define MIN_INITRD          0x1000000ull
#define ELFCOREHDR_ROOM     30u       /* kept free for elfcorehdr=, also without a crash kernel */
#define EFI_SETUP_DATA_ROOM (16 + 96) /* a setup_data node that only an EFI machine fills */
#define SETUP_RNG_SEED      9         /* uapi/asm/bootparam.h */
#define RNG_SEED_SIZE       32
#define RNG_NODE_SIZE       (16 + RNG_SEED_SIZE)
#define EXT_MEM_MAX_KIB     0xfc00u

/*
 * The purgatory: relocatable code of the running kernel that checks the new one
 * and enters it. Only what the new kernel can see is here, its GDT and the end
 * of its stack; the size is of the right order.
 */
#define PURGATORY_SIZE 0x6000ull
#define PURGATORY_GDT  0x1000ull

/* arch/x86/mm/ident_map.c with the flags of machine_kexec_64.c: _KERNPG_TABLE, __PAGE_KERNEL_LARGE_EXEC. */
#define TABLE_FLAGS (PTE_P | PTE_RW | PTE_A | PTE_D)
#define PAGE_FLAGS  (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_G)

/* A running Linux's CR0 and EFER; relocate_kernel_64.S clears AM, WP, TS and EM. */
#define KEXEC_CR0  (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_PG)
#define KEXEC_EFER (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

static int check(struct linux_boot *b)
{
	uint64_t xlf = bp_get(b->bp, BP_HDR_XLOADFLAGS);

	if (b->bz->protocol < PROTOCOL_MIN)
		return diag_at(b->diag, -EINVAL, 0x206, "kexec takes boot protocol 2.12 and later");
	if (!(xlf & XLF_CAN_BE_LOADED_ABOVE_4G) || !b->bz->relocatable)
		return diag_at(b->diag, -EINVAL, 0x236,
			       "kexec takes only kernels that can be loaded above 4 GiB");
	return linux_boot_cmdline_check(b, b->platform->cmdline, ELFCOREHDR_ROOM + 1);
}

static int place_purgatory(struct linux_boot *b, gpa_t purgatory)
{
	uint8_t gdt[GDT_BOOT_SIZE];

	gdt_boot(gdt, SEG_ATTR_CODE64 & ~DESC_ACCESSED);
	/* Its first two slots double as the operand of LGDT. */
	put_le16(gdt, GDT_BOOT_SIZE - 1);
	put_le64(gdt + 2, purgatory + PURGATORY_GDT);
	return linux_boot_place(b, "gdt", purgatory + PURGATORY_GDT, gdt, sizeof(gdt));
}

static void fill_params(struct linux_boot *b, gpa_t rng_node)
{
	uint64_t kib = e820_kib_above_1m(b->platform);

	bp_set(b->bp, BP_HDR_TYPE_OF_LOADER, LOADER_KEXEC);
	bp_set(b->bp, BP_HDR_LOADFLAGS, 0);
	bp_set(b->bp, BP_HDR_HARDWARE_SUBARCH, 0);
	bp_set(b->bp, BP_HDR_SETUP_DATA, rng_node);
	bp_set(b->bp, BP_ACPI_RSDP_ADDR, b->platform->rsdp);
	bp_set(b->bp, BP_SCREEN_INFO_EXT_MEM_K, kib < EXT_MEM_MAX_KIB ? kib : EXT_MEM_MAX_KIB);
	bp_set(b->bp, BP_ALT_MEM_K, kib < UINT32_MAX ? kib : UINT32_MAX);
}

/* The running kernel hands on 32 random bytes in a setup_data node. */
static int place_rng_seed(struct linux_boot *b, gpa_t gpa)
{
	uint8_t node[RNG_NODE_SIZE] = { 0 };
	struct rng rng;

	rng_init(&rng, b->platform->seed, "kexec SETUP_RNG_SEED");
	put_le32(node + 8, SETUP_RNG_SEED);
	put_le32(node + 12, RNG_SEED_SIZE);
	rng_fill(&rng, node + 16, RNG_SEED_SIZE);
	return linux_boot_place(b, "setup_data", gpa, node, sizeof(node));
}

/* boot_params, the command line right behind it, room for EFI's node, and the seed: one segment. */
static int place_params(struct linux_boot *b, gpa_t params, uint64_t text_room)
{
	gpa_t node = params + text_room + EFI_SETUP_DATA_ROOM;
	int ret;

	ret = linux_boot_cmdline_at(b, params + BOOT_PARAMS_SIZE, b->platform->cmdline);
	if (ret == 0)
		ret = place_rng_seed(b, node);
	if (ret < 0)
		return ret;
	fill_params(b, node);
	return linux_boot_params_at(b, params);
}

static int place_tables(struct linux_boot *b)
{
	struct identity_map map = {
		.end = layout_ram_end(b->platform),
		.table_flags = TABLE_FLAGS,
		.page_flags = PAGE_FLAGS,
	};
	gpa_t cr3;
	int ret;

	ret = layout_take_highest(&b->layout, "page tables", paging_identity_size(&map),
				  GUEST_PAGE_SIZE, MIN_KERNEL, b->end, &cr3, b->diag);
	if (ret < 0)
		return ret;
	b->sod->cpu.cr3 = cr3;
	return paging_identity_build(&b->sod->memory, cr3, &map, b->source, b->diag);
}

/*
 * FS, GS and the data segments come from the purgatory's GDT; LDTR and TR are
 * the old kernel's and stay as after reset here.
 */
static void set_registers(struct linux_boot *b, gpa_t purgatory)
{
	struct start_of_day *sod = b->sod;
	struct cpu_state *cpu = &sod->cpu;

	cpu_state_long64(cpu, BOOT_CS, BOOT_DS, cpu->cr3);
	cpu->seg[SEG_CS].attr &=
		~DESC_ACCESSED; /* as the GDT has it; a far return on QEMU does not set it */
	cpu->cr0 = KEXEC_CR0;
	cpu->efer = KEXEC_EFER;
	cpu->fcw = 0x37f;
	cpu->gdtr =
		(struct table_reg){ .base = purgatory + PURGATORY_GDT, .limit = GDT_BOOT_SIZE - 1 };
	cpu->idtr = (struct table_reg){ 0 };
	cpu->gpr[GPR_RSI] = sod->boot_params;
	cpu->gpr[GPR_RSP] = purgatory + PURGATORY_SIZE;
	cpu->rip = sod->load_address + ENTRY_64;
}

int linux64_kexec_build(struct linux_boot *b)
{
	uint64_t text_room =
		ALIGN_UP(BOOT_PARAMS_SIZE + strlen(b->platform->cmdline) + 1 + ELFCOREHDR_ROOM, 16);
	uint64_t params_size =
		ALIGN_UP(text_room + EFI_SETUP_DATA_ROOM + RNG_NODE_SIZE, GUEST_PAGE_SIZE);
	uint64_t pref = b->bz->pref_address;
	gpa_t purgatory, params, kernel;
	int ret;

	b->end = LAYOUT_TOP;
	ret = check(b);
	if (ret == 0)
		ret = layout_take_highest(&b->layout, "purgatory", PURGATORY_SIZE, GUEST_PAGE_SIZE,
					  MIN_LOW, b->end, &purgatory, b->diag);
	if (ret == 0)
		ret = layout_take_highest(&b->layout, "boot_params", params_size, GUEST_PAGE_SIZE,
					  MIN_LOW, b->end, &params, b->diag);
	if (ret == 0)
		ret = layout_take_highest(&b->layout, "kernel", b->run_size, b->alignment,
					  pref > MIN_KERNEL ? pref : MIN_KERNEL, b->end, &kernel,
					  b->diag);
	if (ret == 0)
		ret = linux_boot_kernel_at(b, kernel);
	if (ret == 0)
		ret = linux_boot_initrd(b, MIN_INITRD, b->end);
	if (ret == 0)
		ret = place_purgatory(b, purgatory);
	if (ret == 0)
		ret = place_params(b, params, text_room);
	if (ret == 0)
		ret = place_tables(b);
	if (ret == 0)
		set_registers(b, purgatory);
	return ret;
}
