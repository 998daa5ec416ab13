/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which symbol files an image gets its names from, and in which order. */
#include "loaders/symbol_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loaders/lines.h"

/* Where a build tree has the ELF file of each stage. */
static const char *const build_files[STAGE_COUNT] = {
	[STAGE_SETUP] = "arch/x86/boot/setup.elf",
	[STAGE_COMPRESSED] = "arch/x86/boot/compressed/vmlinux",
	[STAGE_KERNEL] = "vmlinux",
};

/* The names of one stage and, where the file has them, its lines: those are a help, no need. */
static int read_elf(struct image_symbols *s, enum code_stage stage, const struct image *image,
		    const char *path, bool force, struct diag *diag)
{
	int err = elf_symbols_read(&s->stage[stage], image, path, force, diag);

	if (err)
		return err;
	s->lines[stage] = source_lines_close(s->lines[stage]);
	source_lines_open(&s->lines[stage], path, s->stage[stage].base, NULL);
	return 0;
}

static bool has_stage(const struct image *image, enum code_stage stage)
{
	return stage == STAGE_KERNEL ? image->elf != NULL : image->bz != NULL;
}

/* The files of the tree that are there; one that is not is no mistake, unless none is. */
static int read_build(struct image_symbols *s, const struct image *image, const char *build,
		      const struct symbol_files *files, struct diag *diag)
{
	unsigned found = 0;
	int err;

	for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
		char path[PATH_MAX];
		int n = snprintf(path, sizeof(path), "%s/%s", build, build_files[stage]);

		if (!has_stage(image, stage) || n < 0 || (size_t)n >= sizeof(path) ||
		    access(path, R_OK))
			continue;
		found++;
		/* An explicit file goes before the tree's. */
		if (stage == STAGE_KERNEL && files->vmlinux)
			continue;
		err = read_elf(s, stage, image, path, files->force, diag);
		if (err)
			return err;
	}
	if (!found)
		return diag_set(diag, -ENOENT,
				"%s: no build tree: neither vmlinux, %s nor %s is there",
				basename(build), build_files[STAGE_COMPRESSED],
				build_files[STAGE_SETUP]);
	return 0;
}

static int read_files(struct image_symbols *s, const struct image *image,
		      const struct symbol_files *files, struct diag *diag)
{
	struct symbols *kernel = &s->stage[STAGE_KERNEL];
	int err = 0;

	if ((files->system_map || files->vmlinux) && !image->elf)
		return diag_set(diag, -EINVAL, "%s: the image has no kernel proper to name",
				files->vmlinux ? files->vmlinux : files->system_map);
	if (files->system_map)
		err = system_map_read(kernel, files->system_map, files->force, diag);
	if (!err && files->build)
		err = read_build(s, image, files->build, files, diag);
	if (!err && files->vmlinux)
		err = read_elf(s, STAGE_KERNEL, image, files->vmlinux, files->force, diag);
	return err;
}

/* ".../arch/x86/boot/bzImage" lies in the tree "...". */
static bool tree_of(const char *image_path, char *ret, size_t size)
{
	static const char within[] = "arch/x86/boot/bzImage";
	size_t len = strlen(image_path), tail = strlen(within);

	if (len < tail || len >= size || strcmp(image_path + len - tail, within) ||
	    (len > tail && image_path[len - tail - 1] != '/'))
		return false;
	if (len == tail)
		return snprintf(ret, size, ".") > 0;
	memcpy(ret, image_path, len - tail - 1);
	ret[len - tail - 1] = '\0';
	return true;
}

int symbol_files_load(struct image *image, const char *image_path, const struct symbol_files *files,
		      struct diag *diag)
{
	bool given = files->vmlinux || files->build || files->system_map;
	struct image_symbols *s = NULL;
	char tree[PATH_MAX];
	struct diag mine = { 0 };
	int err;

	if (!given && !tree_of(image_path, tree, sizeof(tree)))
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s || image_symbols_read(s, image, NULL)) {
		free(s);
		return diag_set(diag, -ENOMEM, "out of memory");
	}
	/* What is found, and not given, may be of another build: then it does not count. */
	if (given)
		err = read_files(s, image, files, diag);
	else
		err = read_build(s, image, tree, files, &mine) == -ENOMEM ? -ENOMEM : 0;
	if (err) {
		image_symbols_release(s);
		free(s);
		return err;
	}
	image->symbols = s;
	return 0;
}
