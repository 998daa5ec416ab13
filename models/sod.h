/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start of day: what the image finds when it is entered by one path on a
 * platform: registers, memory and services. A path is a row of sod_paths; its
 * variants are rows that say how a real producer differs from the document.
 */
#ifndef MODELS_SOD_H
#define MODELS_SOD_H

#include "emu/base/diag.h"
#include "emu/base/platform.h"
#include "emu/base/state.h"
#include "loaders/image.h"
#include "loaders/placement.h"

struct machine;

struct sod_variant {
	const char *name; /* "spec", "grub2", "kexec", ... */
	const char *doc;
	const char *cite;
	/* NULL-ended ids of the clauses that the real producer breaks; NULL: none */
	const char *const *known;
	const void *data; /* the path's own parameters for it */
};

/* A further image that firmware loads while the guest runs. */
struct sod_image {
	uint64_t id;       /* the firmware's handle: a later image may get it again */
	const char *name;  /* base name of its file; "" when it came from memory */
	struct bytes file; /* good during the call only */
	gpa_t entry;
};

/* Who wants to know of such images; each function may be NULL. */
struct sod_listener {
	void (*loaded)(struct machine *m, const struct sod_image *image, void *arg);
	/* It runs as soon as this call is over. */
	void (*started)(struct machine *m, uint64_t id, void *arg);
	void *arg;
};

struct start_of_day {
	const struct sod_path *path;
	const struct sod_variant *variant;
	struct cpu_state cpu;
	struct placements memory;
	/* point at the first instruction beside `entry`: POINT_COMPRESSED, POINT_KERNEL, or POINT_ENTRY for none */
	enum point first;
	char symbol[64];    /* symbol at the first instruction */
	gpa_t boot_params;  /* 0: none at entry */
	gpa_t load_address; /* where the loaded kernel (or its protected-mode part) starts */
	uint64_t load_size; /* bytes of it that came from the file */
	/* init_size, or the ELF's span: bytes the image may use from its run address on */
	uint64_t run_size;
	gpa_t run_address; /* boot.rst's runtime start */
	gpa_t startup_32;  /* compressed image's startup_32; 0: this path has no compressed stage */
	/* UEFI's memory map when the image is entered, owned; NULL: there is no UEFI */
	struct efi_region *efi_map;
	size_t efi_map_count;
	gpa_t efi_image; /* what it loaded and started, and SizeOfImage of that */
	uint64_t efi_image_size;
	bool efi_nx;   /* it maps data no-execute and code read-only */
	bool own_acpi; /* the producer has placed ACPI tables of its own: the platform's stay out */
	struct sod_listener listener; /* set between build() and sod_enter() */
	void *service; /* state of what attach() hooks in, freed by sod_release(); NULL: none */
};

struct sod_path {
	const char *name; /* "linux32" */
	const char *doc;
	const struct sod_variant *variants; /* the first is the default */
	unsigned variant_count;
	/*
	 * Fill @ret (zeroed by the caller) for @image on @platform. -EINVAL with a
	 * diag for an image or platform that cannot be started (RAM too small...).
	 */
	int (*build)(const struct image *image, const struct platform *platform,
		     const struct sod_variant *variant, struct start_of_day *ret,
		     struct diag *diag);
	/* Hook firmware or hypervisor services into the machine after placement; NULL: the path has none. */
	int (*attach)(struct machine *m, const struct start_of_day *sod, struct diag *diag);
};

/* All paths, in the order reports list them; NULL-ended. */
extern const struct sod_path *const sod_paths[];

const struct sod_path *sod_path_find(const char *name);
const struct sod_variant *sod_variant_find(const struct sod_path *path, const char *name);

/* Write the platform's ACPI tables and the placements into the machine and set its CPU; then attach(). */
int sod_enter(const struct start_of_day *sod, struct machine *m, struct diag *diag);
/* Frees what the struct owns; NULL is fine. */
void sod_release(struct start_of_day *sod);

#endif
