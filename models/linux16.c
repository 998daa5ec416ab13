/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 16-bit entry of a Linux image under a BIOS: boot.rst "The Real-Mode Kernel Header" to "Running the Kernel", and the loaders that use it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/base/buf.h"
#include "models/bios.h"
#include "models/linux.h"
#include "models/paths.h"

#define PROTOCOL_HEAP     0x0201
#define PROTOCOL_CMDLINE  0x0202
#define OLD_CMDLINE_MAGIC 0xa33f /* boot.rst "The Kernel Command Line" */
#define OLD_CMDLINE_AT    0x20u
#define OLD_REAL_MODE     0x90000ull
#define ZIMAGE_LOAD       0x10000ull /* boot.rst "Loading The Rest of The Kernel" */
#define BZIMAGE_LOAD      0x100000ull
#define ENTRY_PARAGRAPHS \
	0x20u /* boot.rst "Running the Kernel": the setup code begins behind the boot sector */
#define HEAP_STACK     0x200u
#define SEGMENT_END    0x10000u
#define SP_MAX         0xfff0u
#define REAL_IDT_LIMIT 0x3ffu /* SDM 3A 20.1.4 */
#define FCW_FNINIT     0x037f /* the BIOS has started the coprocessor */

/* Where one loader puts the real-mode part, and what stands in its 64 KiB segment. */
struct real_layout {
	gpa_t base;
	uint32_t cmdline;  /* offset from base */
	bool is_end;       /* the command line ends there instead, its start a multiple of 16 */
	uint32_t gap;      /* bytes between the top of the stack and the command line */
	uint32_t heap_gap; /* likewise the heap's end; 0: HEAP_STACK */
};

enum cmdline_style {
	CMDLINE_PLAIN,
	CMDLINE_BOOT_IMAGE, /* "BOOT_IMAGE=vmlinuz ..." */
	CMDLINE_BOOT_PATH,  /* "BOOT_IMAGE=/boot/vmlinuz ..." */
	CMDLINE_AUTO,       /* "auto BOOT_IMAGE=vmlinuz ..." */
};

struct linux16_variant {
	struct real_layout modern; /* protocol 2.02 and LOADED_HIGH */
	struct real_layout old;
	uint8_t loader; /* type_of_loader */
	enum cmdline_style style;
	bool no_display;      /* the machine has no VGA adapter */
	unsigned cursor_row;  /* below what the loader has printed */
	bool clears_vid_mode; /* writes 0 where the user names no video mode */
	/* nothing of the initrd at or above it; 0: no limit of the loader's own */
	uint64_t initrd_end;
	uint64_t initrd_spare; /* below the end of the RAM under 4 GiB */
	void (*registers)(struct cpu_state *cpu);
	const uint8_t *gdt; /* the loader's own, at the GDTR's base */
};

/* One boot being laid out. */
struct linux16 {
	struct linux_boot b;
	const struct linux16_variant *variant;
	struct real_layout layout;
	gpa_t base;
	uint32_t cmdline; /* offset */
	uint32_t sp;
};

static bool is_modern(const struct bzimage *bz)
{
	return bz->protocol >= PROTOCOL_CMDLINE && bz->loaded_high;
}

static int cmdline_make(struct linux16 *l, struct buf *text)
{
	const char *user = l->b.platform->cmdline;
	static const char *const prefix[] = {
		[CMDLINE_PLAIN] = "",
		[CMDLINE_BOOT_IMAGE] = "BOOT_IMAGE=",
		[CMDLINE_BOOT_PATH] = "BOOT_IMAGE=/boot/",
		[CMDLINE_AUTO] = "auto BOOT_IMAGE=",
	};

	if (l->variant->style == CMDLINE_PLAIN)
		buf_puts(text, user);
	else
		buf_printf(text, "%s%s%s%s", prefix[l->variant->style], l->b.image->name,
			   user[0] ? " " : "", user);
	buf_str(text);
	return text->failed ? diag_set(l->b.diag, -ENOMEM, "out of memory") : 0;
}

/* Offsets within the segment; -EINVAL when setup code, stack and command line do not fit. */
static int layout_choose(struct linux16 *l, const char *text)
{
	const struct bzimage *bz = l->b.bz;
	uint64_t len = strlen(text) + 1, end;

	l->layout = is_modern(bz) ? l->variant->modern : l->variant->old;
	l->base = l->layout.base;
	l->cmdline = l->layout.cmdline;
	if (l->layout.is_end)
		l->cmdline = (uint32_t)ALIGN_DOWN(l->layout.cmdline - len, 16);
	if (l->layout.cmdline < len || l->cmdline < bz->setup_size + HEAP_STACK + l->layout.gap)
		return diag_set(
			l->b.diag, -EINVAL,
			"the setup code has 0x%x bytes and the command line %llu: they do not fit below offset 0x%x of the real-mode segment with a stack between them",
			bz->setup_size, (unsigned long long)len, l->layout.cmdline);
	l->sp = l->cmdline - l->layout.gap;
	if (l->sp > SP_MAX)
		l->sp = SP_MAX;
	end = l->base + l->cmdline + len;
	if (!layout_is_free(&l->b.layout, l->base, end - l->base))
		return diag_set(
			l->b.diag, -EINVAL,
			"the real-mode part and the command line take 0x%llx bytes at 0x%llx, which is not all free RAM",
			(unsigned long long)(end - l->base), (unsigned long long)l->base);
	return layout_take(&l->b.layout, l->base, end - l->base) ?
		       diag_set(l->b.diag, -ENOMEM, "out of memory") :
		       0;
}

/* boot.rst "Special Command Line Options", vga=: the last one counts. */
static bool vid_mode_find(const char *text, uint16_t *ret)
{
	static const struct {
		const char *name;
		uint16_t mode;
	} names[] = { { "normal", 0xffff }, { "ext", 0xfffe }, { "ask", 0xfffd } };
	bool found = false;

	for (const char *p = text; (p = strstr(p, "vga=")) != NULL; p += 4) {
		if (p != text && p[-1] != ' ')
			continue;
		found = true;
		*ret = (uint16_t)strtoul(p + 4, NULL, 0);
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (strncmp(p + 4, names[i].name, strlen(names[i].name)) == 0)
				*ret = names[i].mode;
	}
	return found;
}

static uint32_t heap_gap(const struct linux16 *l)
{
	return l->layout.heap_gap ? l->layout.heap_gap : HEAP_STACK;
}

/* The fields that boot.rst marks write or modify, in the copy of the header that goes to memory. */
static void fill_header(struct linux16 *l, uint8_t *setup, const char *text)
{
	const struct bzimage *bz = l->b.bz;
	uint16_t mode;
	bool heap = !bios_has_quirk(l->b.platform, BIOS_QUIRK_NO_HEAP);

	if (l->variant->clears_vid_mode)
		bp_set(setup, BP_HDR_VID_MODE, 0);
	if (vid_mode_find(text, &mode))
		bp_set(setup, BP_HDR_VID_MODE, mode);
	if (bz->has_header) {
		bp_set(setup, BP_HDR_TYPE_OF_LOADER, l->variant->loader);
		bp_set(setup, BP_HDR_RAMDISK_IMAGE, bp_get(l->b.bp, BP_HDR_RAMDISK_IMAGE));
		bp_set(setup, BP_HDR_RAMDISK_SIZE, bp_get(l->b.bp, BP_HDR_RAMDISK_SIZE));
	}
	if (bz->protocol >= PROTOCOL_HEAP && heap) {
		bp_set(setup, BP_HDR_HEAP_END_PTR, l->cmdline - heap_gap(l));
		bp_set(setup, BP_HDR_LOADFLAGS,
		       bp_get(setup, BP_HDR_LOADFLAGS) | LOADFLAG_CAN_USE_HEAP);
	}
	if (bz->protocol >= PROTOCOL_CMDLINE) {
		bp_set(setup, BP_HDR_CMD_LINE_PTR, l->base + l->cmdline);
		return;
	}
	put_le16(setup + OLD_CMDLINE_AT, OLD_CMDLINE_MAGIC);
	put_le16(setup + OLD_CMDLINE_AT + 2, (uint16_t)l->cmdline);
	if (bz->has_header)
		bp_set(setup, BP_HDR_SETUP_MOVE_SIZE, l->cmdline + strlen(text) + 1);
}

static int place_setup(struct linux16 *l, const char *text)
{
	const struct bzimage *bz = l->b.bz;
	uint8_t setup[SEGMENT_END] = { 0 };
	struct bytes file;
	int ret;

	if (bz->setup_size > sizeof(setup) ||
	    !bytes_slice(l->b.image->file, 0, bz->setup_size, &file))
		return diag_at(l->b.diag, -EINVAL, 0x1f1,
			       "the file ends before its setup code does");
	memcpy(setup, file.data, file.len);
	fill_header(l, setup, text);
	ret = linux_boot_place(&l->b, "setup", l->base, setup, bz->setup_size);
	if (ret == 0)
		ret = linux_boot_place(&l->b, "cmdline", l->base + l->cmdline, text,
				       strlen(text) + 1);
	return ret;
}

static int place_initrd(struct linux16 *l)
{
	uint64_t end = linux_boot_initrd_end(&l->b), ram_end = 0;
	const struct regions *ram = &l->b.platform->ram;

	if (l->b.platform->initrd.len && !l->b.bz->has_header)
		return diag_at(l->b.diag, -EINVAL, 0x202,
			       "an image without a setup header takes no initrd");
	for (size_t i = 0; i < ram->count; i++)
		if (ram->items[i].last < LAYOUT_4GIB)
			ram_end = ram->items[i].last + 1;
	if (l->variant->initrd_end && l->variant->initrd_end < end)
		end = l->variant->initrd_end;
	if (l->variant->initrd_spare && ram_end - l->variant->initrd_spare < end)
		end = ram_end - l->variant->initrd_spare;
	return linux_boot_initrd(&l->b, BZIMAGE_LOAD, end);
}

static int place_gdt(struct linux16 *l)
{
	const struct table_reg *gdtr = &l->b.sod->cpu.gdtr;

	if (!l->variant->gdt)
		return 0;
	return linux_boot_place(&l->b, "gdt", gdtr->base, l->variant->gdt, gdtr->limit + 1);
}

static void set_registers(struct linux16 *l)
{
	struct start_of_day *sod = l->b.sod;
	uint16_t seg = (uint16_t)(l->base >> 4), sp = (uint16_t)l->sp;

	if (bios_has_quirk(l->b.platform, BIOS_QUIRK_STACK_0))
		sp = 0;
	cpu_state_real(&sod->cpu, (uint16_t)(seg + ENTRY_PARAGRAPHS), 0, seg, sp);
	sod->cpu.idtr = (struct table_reg){ .base = 0, .limit = REAL_IDT_LIMIT };
	sod->cpu.fcw = FCW_FNINIT;
	if (l->variant->registers)
		l->variant->registers(&sod->cpu);
}

static int place_kernel(struct linux16 *l)
{
	return linux_boot_kernel_fixed(&l->b, l->b.bz->loaded_high ? BZIMAGE_LOAD : ZIMAGE_LOAD);
}

static int place_all(struct linux16 *l)
{
	struct buf text = { 0 };
	int ret = cmdline_make(l, &text);

	if (ret == 0)
		ret = linux_boot_cmdline_check(&l->b, buf_str(&text), 0);
	if (ret == 0)
		ret = place_kernel(l);
	if (ret == 0)
		ret = layout_choose(l, buf_str(&text));
	if (ret == 0)
		ret = place_initrd(l);
	if (ret == 0)
		ret = place_setup(l, buf_str(&text));
	if (ret == 0) {
		set_registers(l);
		ret = place_gdt(l);
	}
	buf_free(&text);
	return ret;
}

static int build(const struct image *image, const struct platform *platform,
		 const struct sod_variant *variant, struct start_of_day *ret, struct diag *diag)
{
	struct linux16 l = { .variant = variant->data };
	struct bios *bios;
	int r;

	ret->path = &bios_path;
	ret->variant = variant;
	ret->first = POINT_ENTRY;
	snprintf(ret->symbol, sizeof(ret->symbol), "_start");
	r = linux_boot_init16(&l.b, image, platform, ret, diag);
	if (r == 0)
		r = place_all(&l);
	linux_boot_release(&l.b);
	if (r < 0)
		return r;
	bios = bios_create(platform, !l.variant->no_display);
	if (!bios)
		return diag_set(diag, -ENOMEM, "out of memory");
	bios_set_cursor(bios, l.variant->cursor_row);
	ret->service = bios;
	return 0;
}

static int attach(struct machine *m, const struct start_of_day *sod, struct diag *diag)
{
	return bios_attach(sod->service, m, diag);
}

/* --- the loaders --- */

/* pc-bios/optionrom/linuxboot_dma.c: the last jump is by a register, and the flags are an XOR's. */
static void qemu_registers(struct cpu_state *cpu)
{
	cpu->gpr[GPR_RAX] = cpu->seg[SEG_CS].selector;
	cpu->rflags = EFLAGS_FIXED | EFLAGS_PF | EFLAGS_ZF;
	cpu->gdtr = (struct table_reg){ 0 };
}

/* grub-core/lib/i386/relocator16.S: its GDT, with the two pseudo-real segments that it leaves by. */
#define GRUB_GDT       0x8170u
#define GRUB_GDT_LIMIT 0x28u /* one more than five descriptors have */

static const uint8_t grub_gdt[GRUB_GDT_LIMIT + 1] = {
	[0x08] = 0xff, 0xff, 0,    0,    0, 0x9a, 0xcf, 0, /* flat code */
	[0x10] = 0xff, 0xff, 0,    0,    0, 0x93, 0xcf, 0, /* flat data, accessed */
	[0x18] = 0xff, 0xff, 0x10, 0x80, 0, 0x9e, 0,    0, /* 16-bit code at the relocator */
	[0x20] = 0xff, 0xff, 0x10, 0x80, 0, 0x93, 0,    0, /* 16-bit data */
	[0x28] = 0xff,
};

/* The code segment's rights come from that GDT: conforming, not accessed. */
#define GRUB_CODE_ATTR 0x00009e00u

static void grub2_registers(struct cpu_state *cpu)
{
	cpu->seg[SEG_CS].attr = GRUB_CODE_ATTR;
	cpu->gdtr = (struct table_reg){ .base = GRUB_GDT, .limit = GRUB_GDT_LIMIT };
}

/*
 * second.S moves itself to the end of conventional memory (start:, INT 12h), its last sector being the command line; SS
 * is the real-mode part's segment (restrt:), and SP begins at the command line (start_setup2:). Of that setup gets
 * SETUP_STACKSIZE, and the heap ends a boot sector's size lower (noheap:, SLA_SIZE_DYN). Interrupts stay on.
 */
#define LILO_CMDLINE         0xfa00u
#define LILO_SETUP_STACKSIZE 0x800u
#define LILO_BOOTSECT        0x200u

static void lilo_registers(struct cpu_state *cpu)
{
	cpu->rflags |= EFLAGS_IF;
}

/* arch/x86/boot/header.S: "ancient versions of LILO" entered with SS other than DS. Which segment it was is not told; this one lies behind LILO's first stage (21.4, SECONDSEG). */
#define ANCIENT_SS 0x9b00
#define ANCIENT_SP 0x2000

static void lilo_ancient_registers(struct cpu_state *cpu)
{
	cpu->seg[SEG_SS].selector = ANCIENT_SS;
	cpu->seg[SEG_SS].base = ANCIENT_SS << 4;
	cpu->gpr[GPR_RSP] = ANCIENT_SP;
	cpu->rflags |= EFLAGS_IF;
}

static const struct linux16_variant spec_variant = {
	.modern = { .base = 0x10000, .cmdline = 0xe000 },
	.old = { .base = OLD_REAL_MODE, .cmdline = 0x9800 },
	.loader = LOADER_UNKNOWN,
};

static const struct linux16_variant qemu_variant = {
	.modern = { .base = 0x10000, .cmdline = 0x10000, .gap = 0x10 },
	.old = { .base = OLD_REAL_MODE, .cmdline = 0xa000, .is_end = true, .gap = 0x10 },
	.loader = 0xb0,
	.no_display = true,
	.initrd_spare = 0x20000, /* room for the ACPI tables; tests/oracle/screen_test.c sees it */
	.registers = qemu_registers,
};

static const struct linux16_variant grub2_variant = {
	.modern = { .base = OLD_REAL_MODE, .cmdline = 0x9000 },
	.old = { .base = OLD_REAL_MODE, .cmdline = 0x9000 },
	.loader = LOADER_GRUB2,
	.style = CMDLINE_BOOT_PATH,
	.cursor_row = 2, /* it has said "Loading Linux" and "Loading initial ramdisk" */
	.initrd_end = 0x37ff0000,
	.registers = grub2_registers,
	.gdt = grub_gdt,
};

static const struct linux16_variant lilo_variant = {
	.modern = { .base = OLD_REAL_MODE,
		    .cmdline = LILO_CMDLINE,
		    .heap_gap = LILO_SETUP_STACKSIZE + LILO_BOOTSECT },
	.old = { .base = OLD_REAL_MODE,
		 .cmdline = LILO_CMDLINE,
		 .heap_gap = LILO_SETUP_STACKSIZE + LILO_BOOTSECT },
	.loader = 0x02,
	.style = CMDLINE_AUTO,
	.registers = lilo_registers,
};

static const struct linux16_variant lilo_ancient_variant = {
	.modern = { .base = OLD_REAL_MODE, .cmdline = 0x9800 },
	.old = { .base = OLD_REAL_MODE, .cmdline = 0x9800 },
	.loader = 0x02,
	.style = CMDLINE_AUTO,
	.registers = lilo_ancient_registers,
};

static const struct linux16_variant syslinux_variant = {
	.modern = { .base = 0x10000, .cmdline = 0x10000 },
	.old = { .base = OLD_REAL_MODE, .cmdline = 0xfc00, .is_end = true },
	.loader = 0x30,
	.style = CMDLINE_BOOT_IMAGE,
	.clears_vid_mode = true,
};

/* The heap that QEMU and SYSLINUX grant reaches 16 bytes into the stack. */
static const char *const heap_known[] = { "RM-016", NULL };
/* Interrupts on; the command line behind 0x9a000. */
static const char *const lilo_known[] = { "RM-004", "RM-009", NULL };
/* Stack in a segment of its own; interrupts on. */
static const char *const lilo_ancient_known[] = { "RM-002", "RM-004", NULL };

static const struct sod_variant variants[] = {
	{
		.name = "spec",
		.doc = "the sample configuration of the document",
		.cite = "boot.rst \"Sample Boot Configuration\" and \"Running the Kernel\"",
		.data = &spec_variant,
	},
	{
		.name = "qemu",
		.doc = "QEMU's -kernel, without a VGA adapter",
		.cite = "hw/i386/x86.c x86_load_linux() of QEMU 7.2, and a capture of it with SeaBIOS",
		.known = heap_known,
		.data = &qemu_variant,
	},
	{
		.name = "grub2",
		.doc = "GRUB 2.06 (BIOS), command `linux16`",
		.cite = "grub-core/loader/i386/pc/linux.c and lib/i386/relocator16.S of GRUB 2.06, and a capture of it under QEMU",
		.data = &grub2_variant,
	},
	{
		.name = "lilo",
		.doc = "LILO 23.2, its second stage below the EBDA",
		.cite = "src/second.S (start:, restrt:, noheap:, start_setup2:) and src/lilo.h (LOADER_VERSION, SLA_SIZE_DYN) of LILO 23.2",
		.known = lilo_known,
		.data = &lilo_variant,
	},
	{
		.name = "lilo-ancient",
		.doc = "a LILO whose stack is in another segment; else as the document has it for 0x90000",
		.cite = "arch/x86/boot/header.S: \"some ancient versions of LILO invoked the kernel with %ss != %ds\"",
		.known = lilo_ancient_known,
		.data = &lilo_ancient_variant,
	},
	{
		.name = "syslinux",
		.doc = "SYSLINUX, command `kernel`",
		.cite = "com32/lib/syslinux/load_linux.c of SYSLINUX 6: bios_boot_linux(), calc_cmdline_offset()",
		.known = heap_known,
		.data = &syslinux_variant,
	},
};

const struct sod_path bios_path = {
	.name = "bios",
	.doc = "16-bit boot protocol: real mode under a PC BIOS, into the setup code",
	.variants = variants,
	.variant_count = ARRAY_SIZE(variants),
	.build = build,
	.attach = attach,
};
