/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB 2.06 (BIOS), command `linux`: its own choices, from its sources and from a capture under QEMU (tests/oracle/grub2_test.c compares). */
#include "models/linux.h"

#include <errno.h>

#include "emu/base/buf.h"
#include "models/gdt.h"

/* grub-core/loader/i386/linux.c and include/grub/i386/linux.h */
#define REAL_MODE_START     0x10000ull
#define REAL_MODE_END       0x90000ull
#define PARAMS_SIZE         0x3fcull /* GRUB's own struct ends with 15 E820 entries */
#define E820_ENTRY_SIZE     20ull
#define MMAP_SLACK          0x1000ull
#define CMDLINE_MIN         128ull
#define CODE32_LINKED       0x100000ull
#define CL_MAGIC            0xa33f
#define CL_OFFSET           0x1000
#define HEAP_END            0x8e00
#define EXT_MEM_KIB         32768
#define ROOT_DEV_RAM0       0x0100
#define FONT_SIZE           16
#define VIDEO_TEXT          1
#define VIDEO_MODE_TEXT     3
#define TEXT_COLUMNS        80
#define TEXT_LINES          25
#define CURSOR_LINE         2 /* GRUB has said "Loading Linux" and "Loading initial ramdisk" */
#define INITRD_MAX          0x37ffffffull
#define INITRD_SPARE        0x10000ull /* an old kernel's bug */
#define COMMAND_LINE_PREFIX "BOOT_IMAGE=/boot/"

/* lib/i386/relocator32.S: its GDT lies in the relocator, which GRUB puts at the bottom of memory. */
#define GDT_ADDRESS 0x10b0ull
#define GDT_LIMIT   0x20u /* one more than four descriptors have */

/* The flags that the relocator's last arithmetic leaves. */
#define LEFT_RFLAGS (EFLAGS_FIXED | EFLAGS_PF | EFLAGS_ZF)

#define CODE_ATTR (SEG_ATTR_CODE32 & ~DESC_ACCESSED) /* QEMU's far jump does not set it */

static uint64_t page_up(uint64_t v)
{
	return ALIGN_UP(v, GUEST_PAGE_SIZE);
}

/* Where the command line lies from boot_params on: behind GRUB's struct and room for the memory map, or behind the setup code it did not load. */
static uint64_t cmdline_offset(const struct linux_boot *b)
{
	uint64_t mmap = page_up(b->platform->e820_count * E820_ENTRY_SIZE + MMAP_SLACK);
	uint64_t offset = page_up(mmap + PARAMS_SIZE);
	uint64_t setup = bp_get(b->bp, BP_HDR_SETUP_SECTS) << 9;

	return offset < setup ? page_up(setup) : offset;
}

/* The top of the first RAM between 64 KiB and 576 KiB that holds @size bytes. */
static int find_params(struct linux_boot *b, uint64_t size, gpa_t *ret_gpa)
{
	for (unsigned i = 0; i < b->platform->e820_count; i++) {
		const struct e820_entry *e = &b->platform->e820[i];
		uint64_t start = e->addr, end = e->addr + e->size;

		if (e->type != E820_RAM || start > REAL_MODE_END || end < REAL_MODE_START)
			continue;
		if (start < REAL_MODE_START)
			start = REAL_MODE_START;
		if (end > REAL_MODE_END)
			end = REAL_MODE_END;
		if (end < start || end - start < size)
			continue;
		*ret_gpa = end - size;
		return 0;
	}
	return diag_set(
		b->diag, -EINVAL,
		"GRUB needs 0x%llx bytes below 0x%llx for boot_params and command line, and there is no such RAM",
		(unsigned long long)size, (unsigned long long)REAL_MODE_END);
}

/* True when a word of the command line begins with "quiet", which is how GRUB looks for it. */
static bool has_quiet(const char *text)
{
	for (const char *p = text; (p = strstr(p, "quiet")) != NULL; p++)
		if (p == text || p[-1] == ' ')
			return true;
	return false;
}

static void fill_header(struct linux_boot *b)
{
	uint8_t *bp = b->bp;
	uint64_t code32 = bp_get(bp, BP_HDR_CODE32_START);
	uint64_t loadflags = bp_get(bp, BP_HDR_LOADFLAGS) | LOADFLAG_CAN_USE_HEAP;

	if (has_quiet(b->platform->cmdline))
		loadflags |= LOADFLAG_QUIET;
	bp_set(bp, BP_HDR_TYPE_OF_LOADER, LOADER_GRUB2);
	bp_set(bp, BP_HDR_LOADFLAGS, loadflags);
	bp_set(bp, BP_HDR_CODE32_START, (uint32_t)(b->sod->load_address + code32 - CODE32_LINKED));
	bp_set(bp, BP_HDR_HEAP_END_PTR, HEAP_END);
	/* GRUB's struct has a mouse field and padding there, and clears both. */
	bp_set(bp, BP_HDR_BOOT_FLAG, 0);
	if (b->platform->initrd.len)
		bp_set(bp, BP_HDR_ROOT_DEV, ROOT_DEV_RAM0);
}

static void fill_screen_and_memory(uint8_t *bp)
{
	bp_set(bp, BP_SCREEN_INFO_ORIG_Y, CURSOR_LINE);
	bp_set(bp, BP_SCREEN_INFO_EXT_MEM_K, EXT_MEM_KIB);
	bp_set(bp, BP_SCREEN_INFO_ORIG_VIDEO_MODE, VIDEO_MODE_TEXT);
	bp_set(bp, BP_SCREEN_INFO_ORIG_VIDEO_COLS, TEXT_COLUMNS);
	bp_set(bp, BP_SCREEN_INFO_ORIG_VIDEO_LINES, TEXT_LINES);
	bp_set(bp, BP_SCREEN_INFO_ORIG_VIDEO_ISVGA, VIDEO_TEXT);
	bp_set(bp, BP_SCREEN_INFO_ORIG_VIDEO_POINTS, FONT_SIZE);
	bp_set(bp, BP_SCREEN_INFO_CL_MAGIC, CL_MAGIC);
	bp_set(bp, BP_SCREEN_INFO_CL_OFFSET, CL_OFFSET);
	bp_set(bp, BP_ALT_MEM_K, EXT_MEM_KIB);
}

/* EAX and EDX hold addresses in GRUB's heap and are left zero. */
static void set_registers(struct linux_boot *b)
{
	struct start_of_day *sod = b->sod;
	struct cpu_state *cpu = &sod->cpu;

	cpu_state_flat32(cpu, BOOT_CS, BOOT_DS);
	cpu->seg[SEG_CS].attr = CODE_ATTR;
	cpu->gdtr = (struct table_reg){ .base = GDT_ADDRESS, .limit = GDT_LIMIT };
	cpu->idtr = (struct table_reg){ 0 };
	cpu->rflags = LEFT_RFLAGS;
	cpu->fcw = 0x37f;
	cpu->gpr[GPR_RSI] = sod->boot_params;
	cpu->gpr[GPR_RSP] = sod->boot_params;
	cpu->rip = bp_get(b->bp, BP_HDR_CODE32_START);
}

static int place_gdt(struct linux_boot *b)
{
	uint8_t gdt[GDT_LIMIT + 1] = { 0 };

	gdt_boot(gdt, CODE_ATTR);
	return linux_boot_place(b, "gdt", GDT_ADDRESS, gdt, sizeof(gdt));
}

static int place_all(struct linux_boot *b, const char *text)
{
	uint64_t cmdline_size = (uint64_t)b->bz->cmdline_size + 1;
	uint64_t offset = cmdline_offset(b);
	uint64_t initrd_end = linux_boot_initrd_end(b);
	uint64_t size;
	gpa_t params = 0;
	int ret;

	if (cmdline_size < CMDLINE_MIN)
		cmdline_size = CMDLINE_MIN;
	size = page_up(offset + cmdline_size);
	ret = find_params(b, size, &params);
	if (ret < 0)
		return ret;
	ret = layout_take(&b->layout, params, size);
	if (ret < 0)
		return diag_set(b->diag, ret, "out of memory");

	if (initrd_end > INITRD_MAX)
		initrd_end = INITRD_MAX;
	initrd_end = initrd_end > INITRD_SPARE ? initrd_end - INITRD_SPARE : 0;
	ret = linux_boot_initrd(b, b->sod->load_address + page_up(b->run_size), initrd_end);
	if (ret < 0)
		return ret;

	fill_header(b);
	fill_screen_and_memory(b->bp);
	ret = linux_boot_cmdline_at(b, params + offset, text);
	if (ret == 0)
		ret = place_gdt(b);
	if (ret == 0)
		ret = linux_boot_params_at(b, params);
	return ret;
}

int linux32_grub2_build(struct linux_boot *b)
{
	struct buf text = { 0 };
	int ret;

	buf_printf(&text, COMMAND_LINE_PREFIX "%s", b->image->name);
	if (b->platform->cmdline[0])
		buf_printf(&text, " %s", b->platform->cmdline);
	buf_str(&text);
	if (text.failed) {
		ret = diag_set(b->diag, -ENOMEM, "out of memory");
		goto out;
	}
	ret = linux_boot_cmdline_check(b, buf_str(&text), 0);
	if (ret == 0)
		ret = linux_boot_kernel(b);
	if (ret == 0)
		ret = place_all(b, buf_str(&text));
	if (ret == 0)
		set_registers(b);
out:
	buf_free(&text);
	return ret;
}
