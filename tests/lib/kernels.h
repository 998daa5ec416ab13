/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real kernels for tests: found, run along one path, and their memory compared with their own ELF file. */
#ifndef TESTS_LIB_KERNELS_H
#define TESTS_LIB_KERNELS_H

#include "tools/report.h"

/* The package that QEMU's figures were taken with: linux-image-6.1.0-56-cloud-amd64 6.1.192-2. */
#define CLOUD_PINNED_SHA256 "51349501a3d1ff83836437d2b365fd2d57f2feb8642d315e5181dec23d4c3275"

/* True under AddressSanitizer, where what takes minutes is left to the other builds. */
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN 0
#endif

/*
 * The kernel that tests/kernels/fetch.sh calls @name, opened and unpacked. Ends the test as skipped when it was not
 * fetched, and as failed when it cannot be opened.
 */
struct image *kernel_open(const char *name);

/* One path of one image, with the report that path_run() made of it. */
struct kernel_run {
	struct run_options options;
	struct report_path report;
	/* the last one, at the kernel proper; NULL when it was not reached */
	const struct handover *kernel;
};

/* 512 MiB, no KASLR, all of memory kept. */
struct run_options kernel_options(void);

/* Runs @path:@variant with @options. */
void kernel_run(struct kernel_run *r, const struct image *image, const char *path,
		const char *variant, const struct run_options *options);
void kernel_run_release(struct kernel_run *r);

/* The handover at @point; NULL when there is none. */
const struct handover *kernel_run_at(const struct kernel_run *r, enum point point);

/*
 * Fails the test unless every byte that a PT_LOAD of @image's ELF has in the file lies in memory at the kernel
 * proper, @moved bytes above where it was linked. @elf are the bytes to expect: the ELF's own, or relocated ones.
 * Returns how many bytes were compared.
 */
uint64_t kernel_expect_loaded(const struct kernel_run *r, const struct image *image,
			      struct bytes elf, uint64_t moved);

/* Likewise that the rest of each PT_LOAD, up to p_memsz, is zero. Returns how many bytes were looked at. */
uint64_t kernel_expect_bss_zero(const struct kernel_run *r, const struct image *image);

#endif
