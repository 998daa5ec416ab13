/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A real kernel broken at its entry: the outcome is the right one and its sentence names the cause. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "tests/lib/kernels.h"

#define ENTRY_32 0x0u
#define ENTRY_64 0x200u
#define LOADED   0x1000000u /* pref_address of Debian's kernels */

/* clang-format off */
static const uint8_t ud2[] = { 0x0f, 0x0b };
static const uint8_t jmp_self[] = { 0xeb, 0xfe };
static const uint8_t cli_hlt[] = { 0xfa, 0xf4 };
/* A page directory at 0x2000 that maps only the 4 MiB of the code itself, then a load from elsewhere. */
static const uint8_t load_32[] = {
	0xc7, 0x05, 0x10, 0x20, 0x00, 0x00, 0x83, 0x00, 0x00, 0x01, /* movl $0x1000083, 0x2010 */
	0xb8, 0x00, 0x20, 0x00, 0x00,       /* movl $0x2000, %eax */
	0x0f, 0x22, 0xd8,                   /* movl %eax, %cr3 */
	0xb8, 0x10, 0x00, 0x00, 0x00,       /* movl $0x10, %eax (PSE) */
	0x0f, 0x22, 0xe0,                   /* movl %eax, %cr4 */
	0xb8, 0x11, 0x00, 0x00, 0x80,       /* movl $0x80000011, %eax (PG, ET, PE) */
	0x0f, 0x22, 0xc0,                   /* movl %eax, %cr0 */
	0xa1, 0x78, 0x56, 0x34, 0x42,       /* movl 0x42345678, %eax: byte 34 */
};
/* Above everything that the identity map holds. */
static const uint8_t load_64[] = {
	0x48, 0xb8, 0x78, 0x56, 0x34, 0x12, 0x00, 0x40, 0x00, 0x00, /* movabs $0x400012345678, %rax */
	0x48, 0x8b, 0x00,                                           /* movq (%rax), %rax: byte 10 */
};
/* clang-format on */

#define PARTS_MAX 4
#define PT_LOAD   1u

static void expect_broken(const char *path, uint32_t offset, const void *code, size_t len,
			  enum outcome outcome, const char *const parts[PARTS_MAX])
{
	struct image *sound = kernel_open("cloud"), *image;
	struct run_options options = kernel_options();
	struct diag diag = { 0 };
	struct kernel_run r;
	uint8_t *bytes = malloc(sound->file.len);

	cr_assert(ne(ptr, bytes, NULL));
	cr_assert(eq(u64, sound->bz->pref_address, LOADED));
	memcpy(bytes, sound->file.data, sound->file.len);
	memcpy(bytes + sound->bz->setup_size + offset, code, len);
	cr_assert(eq(int,
		     image_from_bytes(&image, "broken", (struct bytes){ bytes, sound->file.len },
				      &diag),
		     0),
		  "%s", diag.text);
	free(bytes);
	cr_assert(eq(int, image_unpack(image, &diag), 0), "%s", diag.text);
	options.keep_pages = false;

	kernel_run(&r, image, path, "spec", &options);
	cr_expect(eq(int, r.report.outcome, outcome), "%s", r.report.reason);
	for (unsigned i = 0; i < PARTS_MAX && parts[i]; i++)
		cr_expect(ne(ptr, strstr(r.report.reason, parts[i]), NULL), "no \"%s\" in: %s",
			  parts[i], r.report.reason);
	cr_expect(eq(ptr, (void *)(uintptr_t)r.kernel, NULL));
	cr_expect(ne(ptr, r.report.stop_detail, NULL));
	kernel_run_release(&r);
	image_close(image);
	image_close(sound);
}

#define BROKEN(path, offset, code, outcome, ...)                 \
	expect_broken(path, offset, code, sizeof(code), outcome, \
		      (const char *const[PARTS_MAX]){ __VA_ARGS__ })

Test(broken, ud2_at_startup_32_crashes_for_want_of_an_idt, .timeout = 60)
{
	BROKEN("linux32", ENTRY_32, ud2, OUTCOME_CRASH, "triple fault", "#UD at 0x1000000 ",
	       "IDT at 0x0", ", in startup_32+0x0");
}

Test(broken, ud2_at_startup_64_crashes_for_want_of_an_idt, .timeout = 60)
{
	BROKEN("linux64", ENTRY_64, ud2, OUTCOME_CRASH, "triple fault", "#UD at 0x1000200 ",
	       "IDT at 0x0", ", in startup_64+0x0");
}

Test(broken, jump_to_itself_at_startup_32_is_a_hang, .timeout = 60)
{
	BROKEN("linux32", ENTRY_32, jmp_self, OUTCOME_HANG, "state at 0x1000000 repeats", "loop");
}

Test(broken, jump_to_itself_at_startup_64_is_a_hang, .timeout = 60)
{
	BROKEN("linux64", ENTRY_64, jmp_self, OUTCOME_HANG, "state at 0x1000200 repeats", "loop");
}

Test(broken, hlt_without_interrupts_at_startup_32_is_a_hang, .timeout = 60)
{
	BROKEN("linux32", ENTRY_32, cli_hlt, OUTCOME_HANG, "HLT before 0x1000002 ",
	       "interrupts off");
}

Test(broken, hlt_without_interrupts_at_startup_64_is_a_hang, .timeout = 60)
{
	BROKEN("linux64", ENTRY_64, cli_hlt, OUTCOME_HANG, "HLT before 0x1000202 ",
	       "interrupts off");
}

Test(broken, load_from_an_unmapped_page_in_32_bit_code_crashes, .timeout = 60)
{
	BROKEN("linux32", ENTRY_32, load_32, OUTCOME_CRASH, "triple fault", "#PF at 0x1000022 ",
	       "(address 0x42345678)");
}

Test(broken, load_from_above_the_identity_map_crashes, .timeout = 60)
{
	BROKEN("linux64", ENTRY_64, load_64, OUTCOME_CRASH, "triple fault", "#PF at 0x100020a ",
	       "(address 0x400012345678)");
}

/* The ELF of @image with an UD2 where @symbol begins, as an image of its own. */
static struct image *kernel_dying_at(const struct image *image, const char *symbol)
{
	struct bytes elf = image->elf->data;
	struct image_symbols symbols;
	const struct symbol *sym;
	struct diag diag = { 0 };
	struct image *dying;
	uint8_t *copy = malloc(elf.len);
	bool planted = false;

	cr_assert(ne(ptr, copy, NULL));
	memcpy(copy, elf.data, elf.len);
	cr_assert(eq(int, image_symbols_read(&symbols, image, NULL), 0));
	sym = symbols_find(&symbols.stage[STAGE_KERNEL], symbol);
	cr_assert(ne(ptr, (void *)(uintptr_t)sym, NULL));
	for (unsigned i = 0; i < image->elf->segment_count && !planted; i++) {
		const struct elf_segment *s = &image->elf->segments[i];

		planted = s->type == PT_LOAD && sym->address >= s->vaddr &&
			  sym->address - s->vaddr < s->filesz;
		if (planted)
			memcpy(copy + s->offset + (sym->address - s->vaddr), ud2, sizeof(ud2));
	}
	cr_assert(planted);
	image_symbols_release(&symbols);
	cr_assert(eq(int, image_from_bytes(&dying, "dying", (struct bytes){ copy, elf.len }, &diag),
		     0),
		  "%s", diag.text);
	free(copy);
	return dying;
}

/* What early exception handling does with it, arch/x86/mm/extable.c: it prints, if it can, and halts. */
Test(broken, a_kernel_that_dies_silently_in_setup_arch_says_where, .timeout = 60)
{
	struct image *sound = kernel_open("cloud");
	struct image *image = kernel_dying_at(sound, "setup_arch");
	struct run_options options = kernel_options();
	struct kernel_run r;

	options.keep_pages = false;
	options.until = "setup_arch:return";
	kernel_run(&r, image, "pvh", "spec", &options);
	cr_expect(eq(int, r.report.outcome, OUTCOME_HANG), "%s", r.report.reason);
	cr_expect(ne(ptr, strstr(r.report.reason, ", in native_halt+0x"), NULL), "%s",
		  r.report.reason);
	cr_assert(ne(ptr, r.report.stop_detail, NULL));
	cr_expect(ne(ptr, strstr(r.report.stop_detail, "<early_fixup_exception+0x"), NULL));
	cr_expect(ne(ptr, strstr(r.report.stop_detail, "<start_kernel+0x"), NULL));
	kernel_run_release(&r);
	image_close(image);
	image_close(sound);
}
