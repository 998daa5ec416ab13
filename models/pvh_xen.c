/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xen itself as the producer of a PVH start of day: the toolstack for a domU, the hypervisor for dom0. */
#include <errno.h>
#include <stdlib.h>

#include "models/pvh.h"
#include "models/xen.h"

/*
 * Both put initrd and start_info behind the kernel, and null selectors and
 * zeros into all that the document leaves open. The memory map stays the
 * platform's, which every path shares; a real domU has RAM also at 0xa0000,
 * where this machine has none.
 */
static int initrd_behind_kernel(struct pvh_boot *b)
{
	uint64_t size = b->platform.initrd.len;
	gpa_t gpa;
	int ret;

	if (size == 0)
		return 0;
	ret = layout_take_lowest(&b->elf.layout, "initrd", ALIGN_UP(size, GUEST_PAGE_SIZE),
				 GUEST_PAGE_SIZE, b->elf.elf->load_end, LAYOUT_4GIB, &gpa,
				 b->elf.diag);
	return ret < 0 ? ret : pvh_initrd_at(b, gpa);
}

static int xen_build(struct pvh_boot *b, const char *module_text, bool is_dom0)
{
	struct xen_state *xen = calloc(1, sizeof(*xen));
	struct start_of_day *sod = b->elf.sod;
	struct cpu_state *cpu = &sod->cpu;
	int ret;

	if (!xen)
		return diag_set(b->elf.diag, -ENOMEM, "out of memory");
	sod->service = xen;
	xen->is_dom0 = is_dom0;
	b->info.rsdp = b->platform.rsdp;
	b->at.low = b->elf.elf->load_end;
	ret = pvh_kernel(b);
	if (ret == 0)
		ret = initrd_behind_kernel(b);
	if (ret == 0)
		ret = pvh_start_info(b, module_text);
	if (ret < 0)
		return ret;
	pvh_registers(b, 0, 0);
	cpu->seg[SEG_FS] = (struct segment){ 0 };
	cpu->seg[SEG_GS] = (struct segment){ 0 };
	cpu->gdtr = (struct table_reg){ 0 };
	cpu->idtr = (struct table_reg){ 0 };
	return 0;
}

static int domu_build(struct pvh_boot *b)
{
	b->info.version = 1;
	return xen_build(b, NULL, false);
}

static int dom0_build(struct pvh_boot *b)
{
	b->info.version = 0;
	b->info.flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	return xen_build(b, "initrd", true);
}

const struct pvh_variant pvh_xen = { .build = domu_build, .attach = xen_attach };
const struct pvh_variant pvh_xen_dom0 = { .build = dom0_build, .attach = xen_attach };
