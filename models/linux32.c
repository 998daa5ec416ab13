/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 32-bit entry of a bzImage: boot.rst "32-bit Boot Protocol". */
#include <stdio.h>

#include "models/gdt.h"
#include "models/linux.h"
#include "models/paths.h"

/*
 * Registers as the document demands them. What it leaves open is zero here:
 * the other general registers (ESP too), FS and GS (null), CR2 to CR4, and the
 * descriptor tables it does not name. This is the one place to change that.
 */
static void spec_registers(struct linux_boot *b, gpa_t gdt)
{
	struct start_of_day *sod = b->sod;
	struct cpu_state *cpu = &sod->cpu;

	cpu_state_flat32(cpu, BOOT_CS, BOOT_DS);
	cpu->seg[SEG_FS] = (struct segment){ 0 };
	cpu->seg[SEG_GS] = (struct segment){ 0 };
	cpu->gdtr = (struct table_reg){ .base = gdt, .limit = GDT_BOOT_SIZE - 1 };
	cpu->idtr = (struct table_reg){ 0 };
	cpu->gpr[GPR_RSI] = sod->boot_params;
	cpu->rip = sod->load_address;
}

static int spec_build(struct linux_boot *b)
{
	gpa_t gdt;
	int ret = linux_boot_by_spec(b, SEG_ATTR_CODE32, &gdt);

	if (ret == 0)
		spec_registers(b, gdt);
	return ret;
}

static int junk_build(struct linux_boot *b)
{
	int ret = spec_build(b);

	if (ret == 0)
		linux_boot_junk(b);
	return ret;
}

struct linux32_variant {
	int (*build)(struct linux_boot *b);
};

/* GRUB clears boot_flag, a field that boot.rst marks `read`. */
static const char *const grub2_known[] = { "P32-023", NULL };

static const struct sod_variant variants[] = {
	{
		.name = "spec",
		.doc = "what the document demands, zero elsewhere",
		.cite = "boot.rst \"32-bit Boot Protocol\"",
		.data = &(const struct linux32_variant){ .build = spec_build },
	},
	{
		.name = "grub2",
		.doc = "GRUB 2.06 (BIOS), command `linux`",
		.cite = "grub-core/loader/i386/linux.c and lib/i386/relocator32.S of GRUB 2.06, and a capture of it under QEMU",
		.known = grub2_known,
		.data = &(const struct linux32_variant){ .build = linux32_grub2_build },
	},
	{
		.name = "junk",
		.doc = "what the document demands, drawn from the seed elsewhere; the direction flag is set",
		.cite = "boot.rst \"32-bit Boot Protocol\", what it does not name",
		.data = &(const struct linux32_variant){ .build = junk_build },
	},
};

static int build(const struct image *image, const struct platform *platform,
		 const struct sod_variant *variant, struct start_of_day *ret, struct diag *diag)
{
	const struct linux32_variant *v = variant->data;
	struct linux_boot b;
	int r;

	ret->path = &linux32_path;
	ret->variant = variant;
	r = linux_boot_init(&b, image, platform, ret, diag);
	if (r == 0) {
		ret->first = POINT_COMPRESSED;
		snprintf(ret->symbol, sizeof(ret->symbol), "startup_32");
		r = v->build(&b);
	}
	linux_boot_release(&b);
	return r;
}

const struct sod_path linux32_path = {
	.name = "linux32",
	.doc = "32-bit boot protocol: protected mode without paging, into startup_32",
	.variants = variants,
	.variant_count = ARRAY_SIZE(variants),
	.build = build,
};
