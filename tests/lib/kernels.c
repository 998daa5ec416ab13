/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real kernels for tests: System V ABI "Program Loading" for what a PT_LOAD promises. */
#include "tests/lib/kernels.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PT_LOAD 1u

struct image *kernel_open(const char *name)
{
	const char *kernels = getenv("BOOTPATH_KERNELS");
	struct image *image = NULL;
	struct diag diag = { 0 };
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s/vmlinuz", kernels ? kernels : "o/kernels", name);
	if (access(path, R_OK))
		cr_skip("the kernel '%s' was not fetched", name);
	cr_assert(eq(int, image_open(&image, path, &diag), 0), "%s: %s", path, diag.text);
	cr_assert(eq(int, image_unpack(image, &diag), 0), "%s: %s", path, diag.text);
	return image;
}

struct run_options kernel_options(void)
{
	return (struct run_options){
		.memory = PLATFORM_MEMORY_DEFAULT,
		.cmdline = "nokaslr",
		.keep_pages = true,
	};
}

void kernel_run(struct kernel_run *r, const struct image *image, const char *path_name,
		const char *variant_name, const struct run_options *options)
{
	const struct sod_path *path = sod_path_find(path_name);

	*r = (struct kernel_run){ .options = *options };
	cr_assert(ne(ptr, (void *)(uintptr_t)path, NULL));
	path_run(image, path, sod_variant_find(path, variant_name), &r->options, &r->report);
	r->kernel = kernel_run_at(r, POINT_KERNEL);
}

void kernel_run_release(struct kernel_run *r)
{
	report_path_release(&r->report);
}

const struct handover *kernel_run_at(const struct kernel_run *r, enum point point)
{
	for (size_t i = 0; i < r->report.handover_count; i++) {
		if (r->report.handovers[i].point == point)
			return &r->report.handovers[i];
	}
	return NULL;
}

/* The first @len bytes at @gpa differ from @want: say where. */
static void expect_bytes(const struct pages *pages, gpa_t gpa, const uint8_t *want, uint64_t len)
{
	uint8_t have[GUEST_PAGE_SIZE];

	for (uint64_t off = 0; off < len;) {
		size_t n = len - off < sizeof(have) ? (size_t)(len - off) : sizeof(have);

		cr_assert(eq(int, pages_read(pages, gpa + off, have, n), 0),
			  "no memory at 0x%" PRIx64, gpa + off);
		for (size_t i = 0; memcmp(have, want + off, n) && i < n; i++)
			cr_assert(eq(u8, have[i], want[off + i]), "byte at 0x%" PRIx64,
				  gpa + off + i);
		off += n;
	}
}

uint64_t kernel_expect_loaded(const struct kernel_run *r, const struct image *image,
			      struct bytes elf, uint64_t moved)
{
	uint64_t compared = 0;

	cr_assert(eq(int, r->report.outcome, OUTCOME_PASS), "%s", r->report.reason);
	for (unsigned i = 0; i < image->elf->segment_count; i++) {
		const struct elf_segment *s = &image->elf->segments[i];

		if (s->type != PT_LOAD)
			continue;
		cr_assert(le(u64, s->offset + s->filesz, elf.len));
		expect_bytes(r->kernel->pages, s->paddr + moved, elf.data + s->offset, s->filesz);
		compared += s->filesz;
	}
	return compared;
}

uint64_t kernel_expect_bss_zero(const struct kernel_run *r, const struct image *image)
{
	static const uint8_t zeros[GUEST_PAGE_SIZE];
	uint64_t looked = 0;

	for (unsigned i = 0; i < image->elf->segment_count; i++) {
		const struct elf_segment *s = &image->elf->segments[i];

		if (s->type != PT_LOAD)
			continue;
		for (uint64_t off = s->filesz; off < s->memsz; off += sizeof(zeros)) {
			uint64_t left = s->memsz - off;
			uint64_t n = left < sizeof(zeros) ? left : sizeof(zeros);

			expect_bytes(r->kernel->pages, s->paddr + off, zeros, n);
			looked += n;
		}
	}
	return looked;
}
