/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel proper as a file of its own: a vmlinux boots as the payload it was taken from does. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/kernels.h"

/* The bytes of @image's ELF in a file that the caller unlinks. */
static void write_vmlinux(const struct image *image, char path[], size_t size)
{
	struct bytes elf = image->elf->data;
	ssize_t n;
	int fd;

	snprintf(path, size, "%s/bootpath-vmlinux-XXXXXX", TEST_OUT);
	fd = mkstemp(path);
	cr_assert(ge(int, fd, 0));
	for (size_t done = 0; done < elf.len; done += (size_t)n) {
		n = write(fd, elf.data + done, elf.len - done);
		cr_assert(gt(i64, n, 0));
	}
	close(fd);
}

Test(vmlinux, file_enters_as_the_payload_it_came_from_does)
{
	struct image *image = kernel_open("cloud"), *vmlinux = NULL;
	struct run_options options = kernel_options();
	struct kernel_run packed, plain;
	struct diag diag = { 0 };
	char path[512];

	write_vmlinux(image, path, sizeof(path));
	cr_assert(eq(int, image_open(&vmlinux, path, &diag), 0), "%s", diag.text);
	unlink(path);
	cr_assert(eq(int, image_unpack(vmlinux, &diag), 0), "%s", diag.text);
	cr_expect(eq(int, vmlinux->format, IMAGE_ELF));

	kernel_run(&packed, image, "linux64", "vmm", &options);
	kernel_run(&plain, vmlinux, "linux64", "vmm", &options);
	cr_expect(gt(u64, kernel_expect_loaded(&plain, vmlinux, vmlinux->elf->data, 0), MIB(8)));
	cr_expect(eq(str, (char *)plain.kernel->symbol, (char *)"startup_64"));
	cr_expect(eq(u64, cpu_pc(&plain.kernel->cpu), vmlinux->elf->entry_paddr));
	for (size_t i = 0; i < reg_info_count; i++)
		cr_expect(eq(u64, reg_get(&plain.kernel->cpu, &reg_infos[i]),
			     reg_get(&packed.kernel->cpu, &reg_infos[i])),
			  "%s", reg_infos[i].name);
	/* A file of its own is another input, so another digest. */
	cr_expect(ne(str, plain.report.digest, packed.report.digest));

	kernel_run_release(&packed);
	kernel_run_release(&plain);
	image_close(image);
	image_close(vmlinux);
}
