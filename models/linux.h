/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loaders of a bzImage share: where the kernel, the command line and the initrd go, and boot_params. */
#ifndef MODELS_LINUX_H
#define MODELS_LINUX_H

#include "models/bootparams.h"
#include "models/layout.h"
#include "models/sod.h"

/* A bzImage on its way into memory; linux_boot_release() frees what it owns. */
struct linux_boot {
	const struct image *image;
	const struct bzimage *bz;
	const struct platform *platform;
	struct start_of_day *sod; /* gets the placements and addresses */
	struct diag *diag;        /* may be NULL */
	struct layout layout;     /* what is still free */
	uint64_t end;             /* nothing may lie at or above it */
	uint64_t alignment;       /* of the kernel, checked */
	uint64_t run_size;        /* bytes the kernel may use from its run address on */
	char source[64];          /* "model linux32:spec" */
	uint8_t bp[BOOT_PARAMS_SIZE];
};

/* First address that models put things of their own at; the BIOS and its data lie below. */
#define LINUX_LOW_START 0x10000ull

/*
 * Checks that @image is a bzImage that this kind of loader takes, and starts
 * with boot_params made from its header. -EINVAL with the reason otherwise.
 */
int linux_boot_init(struct linux_boot *b, const struct image *image,
		    const struct platform *platform, struct start_of_day *sod, struct diag *diag);
/* The same for one that enters the 16-bit setup code: any protocol, and images without a header. */
int linux_boot_init16(struct linux_boot *b, const struct image *image,
		      const struct platform *platform, struct start_of_day *sod, struct diag *diag);
void linux_boot_release(struct linux_boot *b);

/*
 * Where the protected-mode code is loaded: at pref_address when init_size bytes
 * are free there, else at the lowest aligned place above it; 1 MiB for a kernel
 * that is not relocatable. Takes the memory and places the code.
 */
int linux_boot_kernel(struct linux_boot *b);
/* The same at @load and nowhere else; -EINVAL when that, or where it will run, is not free. */
int linux_boot_kernel_fixed(struct linux_boot *b, gpa_t load);
/* The same at @load, which the caller found and which is free. */
int linux_boot_kernel_at(struct linux_boot *b, gpa_t load);

/* Places @text with its NUL at @gpa, which the caller took, and enters it in boot_params. */
int linux_boot_cmdline_at(struct linux_boot *b, gpa_t gpa, const char *text);
/* -EINVAL when @text is longer than cmdline_size less @reserve. */
int linux_boot_cmdline_check(struct linux_boot *b, const char *text, uint32_t reserve);

/* The platform's initrd, if it has one, as high in [min, end) as it goes, page-aligned. */
int linux_boot_initrd(struct linux_boot *b, gpa_t min, uint64_t end);
/* One past the last byte that initrd_addr_max allows. */
uint64_t linux_boot_initrd_end(const struct linux_boot *b);

/* Places boot_params as it now stands at @gpa. */
int linux_boot_params_at(struct linux_boot *b, gpa_t gpa);

/* Adds a copy of @data to the placements, named after the model. */
int linux_boot_place(struct linux_boot *b, const char *name, gpa_t gpa, const void *data,
		     size_t len);

/*
 * The parts that boot.rst asks of every loader and that the `spec` variants
 * stop at: kernel, boot_params, command line, GDT, initrd, in low memory.
 * @code_attr is the boot code segment's. Returns the GDT's address.
 */
int linux_boot_by_spec(struct linux_boot *b, uint32_t code_attr, gpa_t *ret_gdt);

/* Fill what boot.rst leaves open in the registers of the start of day, which has those that it asks for, from the seed. */
void linux_boot_junk(struct linux_boot *b);

/* An ELF kernel entered at e_entry; elf_boot_release() frees what it owns. */
struct elf_boot {
	const struct elf_image *elf;
	const struct platform *platform;
	struct start_of_day *sod;
	struct diag *diag; /* may be NULL */
	struct layout layout;
	char source[64];
	uint8_t bp[BOOT_PARAMS_SIZE];
	uint64_t moved; /* above where it was linked; 0 unless the caller says so */
};

/* -EINVAL with the reason for what is no x86-64 ELF kernel, or a command line that is too long for one. */
int elf_boot_init(struct elf_boot *b, const struct image *image, const struct platform *platform,
		  struct start_of_day *sod, struct diag *diag);
void elf_boot_release(struct elf_boot *b);
int elf_boot_place(struct elf_boot *b, const char *name, gpa_t gpa, const void *data, size_t len);
/* Every PT_LOAD segment to its physical address, moved; takes their span. */
int elf_boot_kernel(struct elf_boot *b);
/* The platform's initrd, if any, as high below 4 GiB as it goes. */
int elf_boot_initrd(struct elf_boot *b);
/* boot_params for @params and @cmdline, not yet placed: the header fields that monitors write, and E820. */
void elf_boot_params(struct elf_boot *b, gpa_t params, gpa_t cmdline);

/* The variants that need a file of their own. */
int linux32_grub2_build(struct linux_boot *b);
int linux64_kexec_build(struct linux_boot *b);
int linux64_vmm_build(const struct image *image, const struct platform *platform,
		      struct start_of_day *ret, struct diag *diag);

#endif
