/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Past the kernel proper's entry: real kernels come to start_kernel and out of setup_arch, wherever KASLR puts
 * them, and ask for nothing that is not modelled.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "emu/paging.h"
#include "tests/lib/kernels.h"
#include "tools/handover.h" /* kernel_code_equal() */

#define PT_LOAD 1u
#define CODE    24u

/* What stands where the run stopped, read through the guest's own page tables. */
struct stopped {
	bool read;
	uint8_t code[CODE];
};

static void read_code(struct machine *m, const struct report_path *p, void *arg)
{
	struct mem_reader mem = machine_reader(m);
	struct stopped *s = arg;
	struct page_walk walk;
	struct cpu_state cpu;

	machine_cpu_get(m, &cpu);
	s->read = page_walk(&cpu, &mem, p->stop.pc, &walk) &&
		  !machine_read(m, walk.gpa, s->code, sizeof(s->code));
}

/* The ELF's bytes that are linked to @address. */
static const uint8_t *linked(const struct image *image, uint64_t address)
{
	for (unsigned i = 0; i < image->elf->segment_count; i++) {
		const struct elf_segment *s = &image->elf->segments[i];

		if (s->type == PT_LOAD && address >= s->vaddr &&
		    address - s->vaddr + CODE <= s->filesz)
			return image->elf->data.data + s->offset + (address - s->vaddr);
	}
	return NULL;
}

static uint64_t symbol_address(const struct image *image, const char *name)
{
	struct image_symbols symbols;
	const struct symbol *sym;
	uint64_t address;

	cr_assert(eq(int, image_symbols_read(&symbols, image, NULL), 0));
	sym = symbols_find(&symbols.stage[STAGE_KERNEL], name);
	cr_assert(ne(ptr, (void *)(uintptr_t)sym, NULL));
	address = sym->address;
	image_symbols_release(&symbols);
	return address;
}

static void expect_start_kernel(const char *kernel, const char *path, const char *cmdline,
				uint64_t seed)
{
	struct image *image = kernel_open(kernel);
	struct run_options options = kernel_options();
	uint64_t address = symbol_address(image, "start_kernel");
	const uint8_t *code = linked(image, address);
	struct stopped at = { 0 };
	struct run_observer observer = { .end = read_code, .arg = &at };
	struct kernel_run r;
	uint64_t slide;

	options.keep_pages = false;
	options.cmdline = cmdline;
	options.seed = seed;
	options.until = "start_kernel";
	options.observer = &observer;
	kernel_run(&r, image, path, "spec", &options);
	cr_assert(eq(int, r.report.outcome, OUTCOME_PASS), "%s %s: %s", kernel, path,
		  r.report.reason);
	cr_expect(eq(u64, r.report.counts.unmodelled, 0));
	slide = r.report.stop.pc - address;
	/* KASLR moves by whole alignments; without it nothing moves. */
	cr_expect(eq(u64, (uint32_t)slide % image->bz->kernel_alignment, 0));
	if (!strcmp(cmdline, "nokaslr"))
		cr_expect(eq(u64, (uint32_t)slide, 0));
	cr_assert(at.read);
	cr_expect(kernel_code_equal(code, at.code, CODE, image->bz->kernel_alignment),
		  "%s %s: other code than the ELF's", kernel, path);
	cr_expect(eq(str, r.report.stop_symbol, (char *)(uintptr_t) "start_kernel+0x0"));
	kernel_run_release(&r);
	image_close(image);
}

static const char *const paths[] = { "linux32", "linux64", "bios", "efi", "efi-handover", "pvh" };

Test(until, cloud_comes_to_start_kernel_on_every_path, .timeout = 120)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		expect_start_kernel("cloud", paths[i], "nokaslr", 0);
}

Test(until, cloud_comes_to_start_kernel_wherever_kaslr_puts_it, .timeout = 120)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		expect_start_kernel("cloud", paths[i], "", i + 1);
}

Test(until, kernel_6_12_comes_to_start_kernel, .timeout = 120)
{
	expect_start_kernel("cloud612", "pvh", "", 1);
	if (!UNDER_ASAN)
		expect_start_kernel("cloud612", "linux32", "", 2);
}

Test(until, generic_comes_to_start_kernel, .timeout = 300)
{
	expect_start_kernel("generic", "pvh", "", 1);
	if (!UNDER_ASAN)
		expect_start_kernel("generic", "linux64", "", 2);
}

Test(until, a_32_bit_kernel_comes_to_start_kernel, .timeout = 300)
{
	if (UNDER_ASAN)
		cr_skip("takes minutes under ASan");
	expect_start_kernel("i386", "linux32", "", 1);
}

/*
 * What the kernel itself prints of the machine in setup_arch(), and what the platform is: its RAM map and its tables.
 * head64.c and setup.c print these; the RAM map is the one that zero-page.rst's e820_table was filled with.
 */
static void expect_setup_arch(const char *kernel, const char *path)
{
	static const char *const said[] = {
		"] Linux version 6.",
		"] Command line: nokaslr earlyprintk=serial",
		"] ACPI: RSDP 0x",
		"] ACPI: FACP 0x",
		"] ACPI: APIC 0x",
		"] Zone ranges:",
		"] Booting paravirtualized kernel on bare hardware",
	};
	/* Of the platform's RAM map; EFI's is in pieces, and says first whose it is. */
	static const char *const ram[] = {
		"BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable",
		"BIOS-e820: [mem 0x0000000000100000-0x000000001ffdffff] usable",
	};
	static const char *const efi[] = { "] efi: EFI v2.", "] ACPI: RSDP 0x" };
	const char *const *own = strcmp(path, "efi") ? ram : efi;
	struct image *image = kernel_open(kernel);
	struct run_options options = kernel_options();
	struct kernel_run r;
	uint64_t caller;

	options.keep_pages = false;
	options.cmdline = "nokaslr earlyprintk=serial";
	options.until = "setup_arch:return";
	kernel_run(&r, image, path, "spec", &options);
	cr_assert(eq(int, r.report.outcome, OUTCOME_PASS), "%s: %s", path, r.report.reason);
	cr_expect(eq(u64, r.report.counts.unmodelled, 0));
	for (size_t i = 0; i < ARRAY_SIZE(said); i++)
		cr_expect(ne(ptr, strstr(r.report.console, said[i]), NULL), "%s: no \"%s\"", path,
			  said[i]);
	for (size_t i = 0; i < ARRAY_SIZE(ram); i++)
		cr_expect(ne(ptr, strstr(r.report.console, own[i]), NULL), "%s: no \"%s\"", path,
			  own[i]);
	/* It returns into start_kernel(), right behind a CALL of setup_arch. */
	caller = r.report.stop.pc;
	cr_expect(eq(u64, caller + (uint64_t)(int32_t)get_le32(linked(image, caller - 5) + 1),
		     symbol_address(image, "setup_arch")));
	cr_expect(eq(uint, linked(image, caller - 5)[0], 0xe8));
	kernel_run_release(&r);
	image_close(image);
}

Test(until, cloud_returns_from_setup_arch_on_linux64, .timeout = 120)
{
	expect_setup_arch("cloud", "linux64");
}

Test(until, cloud_returns_from_setup_arch_on_pvh, .timeout = 120)
{
	expect_setup_arch("cloud", "pvh");
}

Test(until, cloud_returns_from_setup_arch_on_efi, .timeout = 120)
{
	expect_setup_arch("cloud", "efi");
}

Test(until, kernel_6_12_returns_from_setup_arch_on_pvh, .timeout = 120)
{
	expect_setup_arch("cloud612", "pvh");
}
