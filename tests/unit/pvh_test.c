/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PVH start of day: pvh.pandoc's registers, what EBX leads to, and each producer's habits. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "models/acpi.h"
#include "models/sod.h"
#include "models/start_info.h"
#include "tests/lib/boot_files.h"

struct fixture {
	struct image *image;
	struct platform platform;
	struct start_of_day sod;
	struct diag diag;
	int ret;
};

static struct image *vmlinux(const struct test_elf *elf)
{
	struct buf file = { 0 };
	struct image *image = NULL;

	test_elf_build(&file, elf);
	cr_assert(
		eq(int,
		   image_from_bytes(&image, "vmlinux", (struct bytes){ file.data, file.len }, NULL),
		   0));
	buf_free(&file);
	return image;
}

static void make(struct fixture *f, struct image *image, const char *variant, const char *cmdline,
		 uint64_t seed, struct bytes initrd)
{
	const struct sod_path *path = sod_path_find("pvh");

	*f = (struct fixture){ .image = image };
	cr_assert(eq(int, platform_init(&f->platform, MIB(512), NULL), 0));
	acpi_platform_init(&f->platform);
	f->platform.cmdline = cmdline;
	f->platform.seed = seed;
	f->platform.initrd = initrd;
	f->ret = path->build(image, &f->platform, sod_variant_find(path, variant), &f->sod,
			     &f->diag);
}

static void release(struct fixture *f)
{
	sod_release(&f->sod);
	platform_release(&f->platform);
	image_close(f->image);
}

/* The placed bytes at @gpa: of the last placement there, which wins. */
static const uint8_t *at(const struct fixture *f, gpa_t gpa)
{
	for (size_t i = f->sod.memory.count; i-- > 0;) {
		const struct placement *p = &f->sod.memory.items[i];

		if (gpa >= p->gpa && gpa - p->gpa < p->data.len)
			return p->data.data + (gpa - p->gpa);
	}
	cr_assert(false, "nothing at 0x%llx", (unsigned long long)gpa);
	return NULL;
}

static const char *const variants[] = { "spec", "qemu", "qboot", "firecracker", "xen", "xen-dom0" };

Test(pvh, every_producer_enters_in_the_documents_state)
{
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		static const enum seg data[] = { SEG_DS, SEG_ES, SEG_SS };
		const char *v = variants[i];
		struct fixture f;
		const struct cpu_state *cpu = &f.sod.cpu;

		make(&f, vmlinux(&test_vmlinux), v, "x", 1, (struct bytes){ 0 });
		cr_assert(eq(int, f.ret, 0), "%s: %s", v, f.diag.text);
		cr_expect(eq(u64, cpu->rip, 0x1000040), "%s", v);
		cr_expect(eq(u64, cpu->cr0, CR0_PE | CR0_ET), "%s", v);
		cr_expect(eq(u64, cpu->cr4, 0), "%s", v);
		cr_expect(eq(u64, cpu->rflags & (EFLAGS_VM | EFLAGS_IF | EFLAGS_TF), 0), "%s", v);
		cr_expect(eq(u64, cpu->seg[SEG_CS].base, 0), "%s", v);
		cr_expect(eq(u32, cpu->seg[SEG_CS].limit, 0xffffffff), "%s", v);
		cr_expect(eq(u32, cpu->seg[SEG_CS].attr | DESC_ACCESSED, SEG_ATTR_CODE32), "%s", v);
		for (size_t s = 0; s < ARRAY_SIZE(data); s++) {
			cr_expect(eq(u64, cpu->seg[data[s]].base, 0), "%s", v);
			cr_expect(eq(u32, cpu->seg[data[s]].limit, 0xffffffff), "%s", v);
			cr_expect(eq(u32, cpu->seg[data[s]].attr, SEG_ATTR_DATA32), "%s", v);
		}
		cr_expect(eq(u64, cpu->seg[SEG_TR].base, 0), "%s", v);
		cr_expect(eq(u32, cpu->seg[SEG_TR].attr, SEG_ATTR_TSS_BUSY), "%s", v);
		/* The two whose captures have 0xffff. */
		cr_expect(eq(u32, cpu->seg[SEG_TR].limit, i == 1 || i == 2 ? 0xffff : 0x67), "%s",
			  v);
		release(&f);
	}
}

Test(pvh, ebx_leads_to_command_line_initrd_and_rsdp)
{
	static const uint8_t archive[5000] = { 0x11 };

	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		const char *v = variants[i];
		const uint8_t *info, *module;
		struct fixture f;

		make(&f, vmlinux(&test_vmlinux), v, "a=b quiet", 1,
		     (struct bytes){ archive, sizeof(archive) });
		cr_assert(eq(int, f.ret, 0), "%s: %s", v, f.diag.text);
		info = at(&f, f.sod.cpu.gpr[GPR_RBX]);
		cr_expect(eq(u32, get_le32(info), START_INFO_MAGIC), "%s", v);
		cr_expect(eq(int, memcmp(at(&f, get_le64(info + 24)), "a=b quiet", 10), 0), "%s",
			  v);
		cr_expect(eq(u32, get_le32(info + 12), 1), "%s", v);
		module = at(&f, get_le64(info + 16));
		cr_expect(eq(u64, get_le64(module + 8), sizeof(archive)), "%s", v);
		cr_expect(eq(u64, get_le64(module) % 4096, 0), "%s", v);
		cr_expect(eq(int, memcmp(at(&f, get_le64(module)), archive, 100), 0), "%s", v);
		cr_expect(ne(u64, get_le64(info + 32), 0), "%s", v);
		if (f.sod.own_acpi)
			cr_expect(eq(int, memcmp(at(&f, get_le64(info + 32)), "RSD PTR ", 8), 0),
				  "%s", v);
		else
			cr_expect(eq(u64, get_le64(info + 32), f.platform.rsdp), "%s", v);
		release(&f);
	}
}

Test(pvh, a_module_may_have_a_command_line_of_its_own)
{
	static const uint8_t archive[1];
	const uint8_t *info, *module;
	struct fixture f;

	make(&f, vmlinux(&test_vmlinux), "spec", "", 1, (struct bytes){ archive, 1 });
	cr_assert(eq(int, f.ret, 0));
	info = at(&f, f.sod.cpu.gpr[GPR_RBX]);
	module = at(&f, get_le64(info + 16));
	cr_expect(eq(int, memcmp(at(&f, get_le64(module + 16)), "initrd", 7), 0));
	release(&f);
}

/* shared/oracle's README and Xen's dom0_build.c: version 0, flags 3, no map. */
Test(pvh, dom0_gets_version_0_and_no_memory_map)
{
	const uint8_t *info;
	struct fixture f;

	make(&f, vmlinux(&test_vmlinux), "xen-dom0", "", 1, (struct bytes){ 0 });
	info = at(&f, f.sod.cpu.gpr[GPR_RBX]);
	cr_expect(eq(u32, get_le32(info + 4), 0));
	cr_expect(eq(u32, get_le32(info + 8), 3));
	cr_expect(eq(ptr, (void *)placements_find(&f.sod.memory, "memory map"), NULL));
	release(&f);
}

Test(pvh, the_seed_moves_what_is_unspecified_and_nothing_else)
{
	struct fixture a, b, c;

	make(&a, vmlinux(&test_vmlinux), "spec", "", 1, (struct bytes){ 0 });
	make(&b, vmlinux(&test_vmlinux), "spec", "", 2, (struct bytes){ 0 });
	make(&c, vmlinux(&test_vmlinux), "spec", "", 1, (struct bytes){ 0 });
	cr_expect(eq(u64, a.sod.cpu.gpr[GPR_RBX], b.sod.cpu.gpr[GPR_RBX]));
	cr_expect(ne(u64, a.sod.cpu.gpr[GPR_RAX], b.sod.cpu.gpr[GPR_RAX]));
	cr_expect(ne(u64, a.sod.cpu.gpr[GPR_RSP], b.sod.cpu.gpr[GPR_RSP]));
	cr_expect(ne(u64, a.sod.cpu.gdtr.base, b.sod.cpu.gdtr.base));
	cr_expect(ne(u64, a.sod.cpu.idtr.base, b.sod.cpu.idtr.base));
	cr_expect(ne(u8, *at(&a, 0x5000), *at(&b, 0x5000)));
	cr_expect(eq(int, memcmp(&a.sod.cpu, &c.sod.cpu, sizeof(a.sod.cpu)), 0));
	cr_expect(eq(int, memcmp(at(&a, 0x5000), at(&c, 0x5000), 256), 0));
	release(&a);
	release(&b);
	release(&c);
}

Test(pvh, what_cannot_be_placed_is_refused_in_one_line)
{
	struct test_elf elf = test_vmlinux;
	char line[5000];
	struct fixture f;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	for (size_t i = 1; i <= 3; i++) {
		make(&f, vmlinux(&test_vmlinux), variants[i], line, 1, (struct bytes){ 0 });
		cr_expect(eq(int, f.ret, -22), "%s", variants[i]);
		cr_expect(strstr(f.diag.text, "command line") != NULL, "%s", f.diag.text);
		release(&f);
	}

	elf.memsz = GIB(1);
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		make(&f, vmlinux(&elf), variants[i], "", 1, (struct bytes){ 0 });
		cr_expect(eq(int, f.ret, -22), "%s", variants[i]);
		cr_expect(strstr(f.diag.text, "memory is too small") != NULL, "%s", f.diag.text);
		release(&f);
	}
}

Test(pvh, segments_that_overlap_are_refused)
{
	struct image *image = vmlinux(&test_vmlinux);
	struct elf_segment *s = &image->elf->segments[1];
	struct fixture f;

	/* The note's program header becomes a second PT_LOAD on the first one's last page. */
	*s = image->elf->segments[0];
	s->paddr += 0x3000;
	make(&f, image, "spec", "", 1, (struct bytes){ 0 });
	cr_expect(eq(int, f.ret, -22));
	cr_expect(strstr(f.diag.text, "overlap") != NULL, "%s", f.diag.text);
	release(&f);
}

Test(pvh, a_kernel_without_the_note_is_refused)
{
	struct test_elf elf = test_vmlinux;
	struct fixture f;

	elf.note_type = 6;
	make(&f, vmlinux(&elf), "spec", "", 1, (struct bytes){ 0 });
	cr_expect(eq(int, f.ret, -22));
	cr_expect(strstr(f.diag.text, "PHYS32_ENTRY") != NULL, "%s", f.diag.text);
	release(&f);
}
