/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A real kernel entered by PVH: every variant gets to startup_64, and what the document leaves open changes nothing there. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/base/buf.h"
#include "emu/base/digest.h"
#include "emu/machine.h"
#include "tools/report.h"

#define SEEDS 10

static const char *const kernels[] = { "cloud", "generic", "cloud612" };

static struct image *kernel_open(const char *name)
{
	const char *folder = getenv("BOOTPATH_KERNELS");
	struct image *image = NULL;
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s/vmlinuz", folder ? folder : "o/kernels", name);
	if (image_open(&image, path, NULL) < 0)
		cr_skip("no kernel %s", path);
	cr_assert(eq(int, image_unpack(image, NULL), 0));
	return image;
}

/* The same kernel as a file of its own, with one place changed: @off from the PVH entry on. */
static struct image *vmlinux_open(const struct image *bzimage, unsigned off, const char *was,
				  const char *now, size_t len)
{
	const struct elf_image *elf = bzimage->elf;
	uint8_t *data = malloc(elf->data.len);
	struct image *image = NULL;

	memcpy(data, elf->data.data, elf->data.len);
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];
		uint64_t at = elf->pvh_entry + off - s->paddr;

		if (s->type != 1 || elf->pvh_entry < s->paddr || at >= s->filesz || !len)
			continue;
		cr_assert(eq(int, memcmp(data + s->offset + at, was, len), 0));
		memcpy(data + s->offset + at, now, len);
	}
	cr_assert(eq(int,
		     image_from_bytes(&image, "vmlinux",
				      (struct bytes){ .data = data, .len = elf->data.len }, NULL),
		     0));
	free(data);
	return image;
}

static const struct handover *run(const struct image *image, const char *variant, uint64_t seed,
				  struct bytes initrd, struct report_path *ret)
{
	const struct sod_path *path = sod_path_find("pvh");
	struct run_options options = {
		.memory = MIB(512),
		.cmdline = "console=ttyS0 nokaslr",
		.initrd = initrd,
		.seed = seed,
		.until = "startup_64",
		.keep_pages = true,
		.max_instructions = 1000000,
	};

	*ret = (struct report_path){ 0 };
	path_run(image, path, sod_variant_find(path, variant), &options, ret);
	for (size_t i = 0; i < ret->handover_count; i++)
		if (ret->handovers[i].point == POINT_KERNEL)
			return &ret->handovers[i];
	return NULL;
}

static void digest_range(struct digest *d, const struct pages *pages, gpa_t from, gpa_t to)
{
	uint8_t page[GUEST_PAGE_SIZE];

	for (; from < to; from += sizeof(page)) {
		size_t len = to - from < sizeof(page) ? (size_t)(to - from) : sizeof(page);

		cr_assert(eq(int, pages_read(pages, from, page, len), 0));
		digest_add(d, page, len);
	}
}

#define DEAD_STACK 1024

/*
 * The registers that 64-bit code reads, and the kernel with boot_params inside
 * it. RBP, CR2, IDTR and FS pass through unread; so do bits of RFLAGS that
 * guide nothing; below RSP there is what functions left that have returned.
 */
static void state_digest(const struct image *image, const struct handover *h, char hex[])
{
	const struct cpu_state *cpu = &h->cpu;
	struct digest *d = digest_create();

	for (unsigned i = 0; i < GPR_COUNT; i++)
		if (i != GPR_RBP)
			digest_u64(d, cpu->gpr[i]);
	digest_u64(d, cpu->rip);
	digest_u64(d, cpu->rflags & (EFLAGS_IF | EFLAGS_DF | EFLAGS_TF | EFLAGS_NT | EFLAGS_VM));
	digest_u64(d, cpu->cr0);
	digest_u64(d, cpu->cr3);
	digest_u64(d, cpu->cr4);
	digest_u64(d, cpu->efer);
	digest_u64(d, cpu->gdtr.base);
	digest_u64(d, cpu->gdtr.limit);
	digest_u64(d, cpu->seg[SEG_GS].base);
	for (unsigned i = SEG_ES; i <= SEG_DS; i++) {
		digest_u64(d, cpu->seg[i].selector);
		digest_u64(d, cpu->seg[i].base);
		digest_u64(d, cpu->seg[i].limit);
		digest_u64(d, cpu->seg[i].attr);
	}
	digest_range(d, h->pages, image->elf->load_start, cpu->gpr[GPR_RSP] - DEAD_STACK);
	digest_range(d, h->pages, cpu->gpr[GPR_RSP], image->elf->load_end);
	digest_hex(d, hex);
	digest_destroy(d);
}

/* Of SEEDS seeds, how many give another state than the first, or do not arrive as it does. */
static unsigned seeds_differ(const struct image *image)
{
	char first[DIGEST_HEX_SIZE] = "", hex[DIGEST_HEX_SIZE];
	unsigned differ = 0;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct report_path report;
		const struct handover *h = run(image, "spec", seed, (struct bytes){ 0 }, &report);

		snprintf(hex, sizeof(hex), "no arrival");
		if (h)
			state_digest(image, h, hex);
		if (seed == 0)
			memcpy(first, hex, sizeof(hex));
		else
			differ += strcmp(first, hex) != 0;
		report_path_release(&report);
	}
	return differ;
}

Test(pvh, every_variant_reaches_startup_64_as_bzimage_and_as_vmlinux, .timeout = 300)
{
	static const uint8_t archive[4096];
	const struct bytes initrds[] = { { 0 }, { archive, sizeof(archive) } };
	const struct sod_path *path = sod_path_find("pvh");

	for (size_t k = 0; k < ARRAY_SIZE(kernels); k++) {
		struct image *images[2] = { kernel_open(kernels[k]) };

		images[1] = vmlinux_open(images[0], 0, NULL, NULL, 0);
		for (unsigned i = 0; i < 2 * 2 * path->variant_count; i++) {
			const char *variant = path->variants[i / 4].name;
			struct report_path report;

			/* Only what has a note for it can be moved: see below. */
			if (!strcmp(variant, "moved"))
				continue;
			run(images[i % 2], variant, 0, initrds[i / 2 % 2], &report);
			cr_expect(eq(int, report.outcome, OUTCOME_PASS), "%s as %s by %s: %s",
				  kernels[k], image_format_names[images[i % 2]->format], variant,
				  report.reason);
			report_path_release(&report);
		}
		image_close(images[0]);
		image_close(images[1]);
	}
}

/*
 * xen/elfnote.h PHYS32_RELOC, which Linux has since 6.12: everything is as far up as the kernel, also what its C code, called
 * through the kernel's mapping, took for physical addresses (arch/x86/platform/pvh/head.S, phys_base).
 */
Test(pvh, a_kernel_that_may_be_moved_runs_where_it_was_put, .timeout = 300)
{
	struct image *image = kernel_open("cloud612");
	struct report_path linked, moved;
	const struct handover *a = run(image, "spec", 0, (struct bytes){ 0 }, &linked);
	const struct handover *b = run(image, "moved", 0, (struct bytes){ 0 }, &moved);
	uint8_t bp[2][4096];

	cr_assert(ne(ptr, (void *)(uintptr_t)a, NULL), "%s", linked.reason);
	cr_assert(ne(ptr, (void *)(uintptr_t)b, NULL), "%s", moved.reason);
	cr_expect(eq(u64, b->cpu.rip - a->cpu.rip, 0x200000));
	cr_expect(eq(u64, b->boot_params - a->boot_params, 0x200000));
	cr_assert(eq(int, pages_read(a->pages, a->boot_params, bp[0], 4096), 0));
	cr_assert(eq(int, pages_read(b->pages, b->boot_params, bp[1], 4096), 0));
	cr_expect(eq(int, memcmp(bp[0], bp[1], 4096), 0), "boot_params");
	report_path_release(&linked);
	report_path_release(&moved);
	image_close(image);
}

/* Linux 6.1 has no such note. */
Test(pvh, a_kernel_that_may_not_be_moved_is_told_so, .timeout = 300)
{
	struct image *image = kernel_open("cloud");
	struct report_path report;

	run(image, "moved", 0, (struct bytes){ 0 }, &report);
	cr_expect(eq(int, report.outcome, OUTCOME_ERROR));
	cr_expect(ne(ptr, strstr(report.reason, "PHYS32_RELOC"), NULL), "%s", report.reason);
	report_path_release(&report);
	image_close(image);
}

Test(pvh, ten_seeds_of_unspecified_state_give_one_state_at_startup_64, .timeout = 300)
{
	for (size_t k = 0; k < ARRAY_SIZE(kernels); k++) {
		struct image *image = kernel_open(kernels[k]);

		cr_expect(eq(uint, seeds_differ(image), 0), "%s", kernels[k]);
		image_close(image);
	}
}

/* arch/x86/platform/pvh/head.S begins with CLD. */
Test(pvh, a_kernel_that_forgets_cld_is_found, .timeout = 300)
{
	struct image *image = kernel_open("cloud");
	struct image *patched = vmlinux_open(image, 0, "\xfc", "\x90", 1);

	cr_expect(gt(uint, seeds_differ(patched), 0));
	image_close(patched);
	image_close(image);
}

/* MOV ESI, EBX, which takes start_info's address, becomes MOV ESI, EDX. */
Test(pvh, a_kernel_that_reads_edx_is_found, .timeout = 300)
{
	struct image *image = kernel_open("cloud");
	struct bytes code;
	struct image *patched;
	unsigned off = 0;

	for (unsigned i = 0; i < image->elf->segment_count; i++) {
		const struct elf_segment *s = &image->elf->segments[i];

		if (s->type == 1 && image->elf->pvh_entry >= s->paddr &&
		    image->elf->pvh_entry - s->paddr < s->filesz)
			cr_assert(bytes_slice(image->elf->data,
					      s->offset + image->elf->pvh_entry - s->paddr, 64,
					      &code));
	}
	while (off < 62 && memcmp(code.data + off, "\x89\xde", 2) != 0)
		off++;
	cr_assert(lt(uint, off, 62));
	patched = vmlinux_open(image, off, "\x89\xde", "\x89\xd6", 2);
	cr_expect(gt(uint, seeds_differ(patched), 0));
	image_close(patched);
	image_close(image);
}

/* Runs the kernel as far as @count instructions go; the caller releases @ret. */
static void run_on(const struct image *image, const char *variant, enum cpu_profile cpu,
		   const char *cmdline, uint64_t count, struct report_path *ret)
{
	const struct sod_path *path = sod_path_find("pvh");
	struct run_options options = {
		.memory = MIB(512),
		.cmdline = cmdline,
		.cpu = cpu,
		.until = "0x1",
		.max_instructions = count,
	};

	*ret = (struct report_path){ 0 };
	path_run(image, path, sod_variant_find(path, variant), &options, ret);
	cr_expect(eq(int, ret->stop.kind, STOP_LIMIT), "%s: %s", variant, ret->reason);
	cr_expect(eq(u64, ret->counts.unmodelled, 0), "%s: %s", variant, ret->reason);
}

/* start_kernel() prints the banner, and setup_arch() in it what it found out about the hypervisor. */
Test(pvh, start_kernel_runs_and_says_where_it_runs, .timeout = 300)
{
	static const struct {
		const char *variant, *says;
	} rows[] = {
		{ "spec", "BIOS-e820: [mem 0x0000000000100000-0x000000001ffdffff] usable" },
		{ "xen", "Hypervisor detected: Xen HVM" },
		{ "xen-dom0", "Xen version 4.17." },
	};
	struct image *image = kernel_open("cloud");

	for (unsigned i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		struct report_path report;

		run_on(image, rows[i / 2].variant, i % 2 ? CPU_QEMU64 : CPU_GENERIC,
		       "earlyprintk=ttyS0", 25000000, &report);
		cr_expect(strstr(report.console, "Linux version 6.1.0") != NULL, "%s",
			  report.console);
		cr_expect(strstr(report.console, rows[i / 2].says) != NULL, "%s", report.console);
		/* ACPICA inside the kernel is one more reader of our tables. */
		cr_expect(strstr(report.console, "ACPI: RSDP 0x") != NULL, "%s", report.console);
		cr_expect(strcasestr(report.console, "checksum error") == NULL, "%s",
			  report.console);
		report_path_release(&report);
	}
	image_close(image);
}

Test(pvh, a_dom0_writes_to_xens_console_by_hypercall, .timeout = 300)
{
	struct image *image = kernel_open("cloud");
	struct report_path report;

	run_on(image, "xen-dom0", CPU_GENERIC, "earlyprintk=xen", 25000000, &report);
	cr_expect(strstr(report.console, "Linux version 6.1.0") != NULL, "%s", report.console);
	cr_expect(gt(u64, report.counts.hypercalls, 10));
	report_path_release(&report);
	image_close(image);
}

#define MEMMAP_AT 0x8000000ull /* RAM that nothing else uses */
#define HUGE_MAP  255u
#define E820_END  0xcd0u /* in boot_params: one past e820_table */

/* Where start_info's memory map was, @entries of it now are: pieces of RAM of a page each. */
static void memmap_replace(struct machine *m, uint32_t entries)
{
	uint8_t map[HUGE_MAP * 24] = { 0 }, at[8], count[4];
	struct cpu_state cpu;
	gpa_t info;

	for (unsigned i = 0; i < entries; i++) {
		put_le64(map + i * 24, MIB(1) + i * 0x1000ull);
		put_le64(map + i * 24 + 8, 0x1000);
		put_le32(map + i * 24 + 16, 1);
	}
	machine_cpu_get(m, &cpu);
	info = cpu.gpr[GPR_RBX];
	put_le64(at, MEMMAP_AT);
	put_le32(count, entries);
	cr_assert(eq(int, machine_write(m, MEMMAP_AT, map, sizeof(map)), 0));
	cr_assert(eq(int, machine_write(m, info + 40, at, sizeof(at)), 0));
	cr_assert(eq(int, machine_write(m, info + 48, count, sizeof(count)), 0));
}

/* True when the kernel came to startup_64, with its boot_params in @ret_bp. */
static bool memmap_run(const struct image *image, uint32_t entries,
		       uint8_t ret_bp[BOOT_PARAMS_SIZE])
{
	const struct sod_path *path = sod_path_find("pvh");
	const struct run_limits limits = { .max_instructions = 1000000 };
	struct platform platform;
	struct start_of_day sod = { 0 };
	struct machine *m = NULL;
	struct cpu_state cpu;
	struct stop stop;

	cr_assert(eq(int, platform_init(&platform, MIB(512), NULL), 0));
	cr_assert(eq(int, path->build(image, &platform, &path->variants[0], &sod, NULL), 0));
	cr_assert(eq(int, machine_create(&m, &platform, NULL), 0));
	cr_assert(eq(int, sod_enter(&sod, m, NULL), 0));
	memmap_replace(m, entries);
	cr_assert(eq(int, machine_break_add(m, image->elf->entry_paddr), 0));
	machine_run(m, &limits, &stop);
	machine_cpu_get(m, &cpu);
	if (stop.kind == STOP_POINT)
		cr_assert(eq(int, machine_read(m, cpu.gpr[GPR_RSI], ret_bp, BOOT_PARAMS_SIZE), 0));
	machine_destroy(m);
	sod_release(&sod);
	platform_release(&platform);
	return stop.kind == STOP_POINT;
}

/*
 * What real kernels do, as it is: without any entry there is only BUG(); up to
 * 126 leave room for the ISA range; past the table's 128 they go on writing over
 * what follows it, since the count is not bounded (PVH-022). From 167 on they
 * leave boot_params altogether: in 6.1 that is the GDT they run on, and the
 * next fault is the last; in 6.12 nothing that is still needed.
 */
Test(pvh, memory_maps_of_every_size_do_what_they_do, .timeout = 300)
{
	static const struct {
		uint32_t entries;
		bool arrives, arrives_612;
		unsigned count; /* e820_entries */
		bool overrun;
	} rows[] = {
		{ 0, false, false, 0, false },   { 1, true, true, 2, false },
		{ 126, true, true, 127, false }, { 127, true, true, 127, false },
		{ 128, true, true, 128, false }, { 129, true, true, 129, true },
		{ 200, false, true, 200, true }, { 255, false, true, 255, true },
	};

	for (size_t k = 0; k < ARRAY_SIZE(kernels); k++) {
		struct image *image = kernel_open(kernels[k]);

		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			uint8_t bp[BOOT_PARAMS_SIZE] = { 0 };
			bool arrived = memmap_run(image, rows[i].entries, bp), overrun = false;

			for (size_t b = E820_END; b < sizeof(bp); b++)
				overrun |= bp[b] != 0;
			cr_expect(eq(int, arrived,
				     strcmp(kernels[k], "cloud612") == 0 ? rows[i].arrives_612 :
									   rows[i].arrives),
				  "%s: %u", kernels[k], rows[i].entries);
			if (!arrived)
				continue;
			cr_expect(eq(uint, (unsigned)bp_get(bp, BP_E820_ENTRIES), rows[i].count),
				  "%s: %u", kernels[k], rows[i].entries);
			cr_expect(eq(int, overrun, rows[i].overrun), "%s: %u", kernels[k],
				  rows[i].entries);
		}
		image_close(image);
	}
}
