/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kallsyms of real kernels is System.map's, row by row; what System.map has more is what scripts/kallsyms.c leaves out. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loaders/symbol_files.h"
#include "tests/lib/kernels.h"

#define SUMS "tests/kernels/system-map.sums"

static void kernel_file(const char *name, const char *file, char path[4096])
{
	const char *kernels = getenv("BOOTPATH_KERNELS");

	snprintf(path, 4096, "%s/%s/%s", kernels ? kernels : "o/kernels", name, file);
}

static int line_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "ADDRESS TYPE NAME" a line, as nm -n prints them, in byte order. */
static void table_digest(const struct symbols *s, unsigned digits, char ret[SHA256_HEX_SIZE])
{
	char **lines = calloc(s->count, sizeof(*lines));
	struct buf all = { 0 };

	cr_assert(ne(ptr, lines, NULL));
	for (size_t i = 0; i < s->count; i++)
		cr_assert(gt(int,
			     asprintf(&lines[i], "%0*" PRIx64 " %c %s\n", (int)digits,
				      s->items[i].address, s->items[i].type, s->items[i].name),
			     0));
	qsort(lines, s->count, sizeof(*lines), line_compare);
	for (size_t i = 0; i < s->count; i++) {
		buf_puts(&all, lines[i]);
		free(lines[i]);
	}
	sha256_hex(all.data, all.len, ret);
	buf_free(&all);
	free(lines);
}

/* What the package's System.map gave; false when none of this version was recorded. */
static bool recorded(const char *name, char ret_digest[SHA256_HEX_SIZE], size_t *ret_rows)
{
	char path[4096], line[256], version[128] = "", of[32], for_version[128];
	bool found = false;
	FILE *f;

	kernel_file(name, "VERSION", path);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "Version: %127s", version);
	if (f)
		fclose(f);
	f = fopen(SUMS, "re");
	cr_assert(ne(ptr, f, NULL));
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%31s %127s %64s %zu", of, for_version, ret_digest,
			       ret_rows) == 4 &&
			!strcmp(of, name) && !strcmp(for_version, version);
	fclose(f);
	return found;
}

static void expect_system_map(const char *name)
{
	struct image *image = kernel_open(name);
	const struct symbols *s;
	struct image_symbols symbols;
	struct diag note = { 0 };
	char want[SHA256_HEX_SIZE], got[SHA256_HEX_SIZE];
	size_t rows;

	if (!recorded(name, want, &rows))
		cr_skip("no System.map of this version of '%s' was recorded", name);
	cr_assert(eq(int, image_symbols_read(&symbols, image, &note), 0));
	s = &symbols.stage[STAGE_KERNEL];
	cr_assert(eq(sz, s->count, rows), "%s", note.text);
	table_digest(s, image->elf->is_64 ? 16 : 8, got);
	cr_expect(eq(str, got, want));
	image_symbols_release(&symbols);
	image_close(image);
}

Test(symbols, kallsyms_of_cloud_is_its_system_map, .timeout = 60)
{
	expect_system_map("cloud");
}

Test(symbols, kallsyms_of_generic_is_its_system_map, .timeout = 60)
{
	expect_system_map("generic");
}

Test(symbols, kallsyms_of_a_32_bit_kernel_is_its_system_map, .timeout = 60)
{
	expect_system_map("i386");
}

Test(symbols, kallsyms_of_6_12_is_its_system_map, .timeout = 60)
{
	expect_system_map("cloud612");
}

/* scripts/kallsyms.c, is_ignored_symbol(): absolute symbols, and the tables that it is about to write. */
static const char *const left_out[] = {
	"init_per_cpu__fixed_percpu_data",
	"init_per_cpu__gdt_page",
	"init_per_cpu__irq_stack_backing_store",
	"kallsyms_markers",
	"kallsyms_names",
	"kallsyms_num_syms",
	"kallsyms_offsets",
	"kallsyms_relative_base",
	"kallsyms_seqs_of_names",
	"kallsyms_token_index",
	"kallsyms_token_table",
	"kexec_control_code_size",
	"phys_startup_64",
	"text_size",
};

Test(symbols, system_map_of_cloud_has_more_only_what_kallsyms_leaves_out, .timeout = 60)
{
	struct image *image = kernel_open("cloud");
	struct image_symbols own;
	struct symbols map;
	struct diag diag = { 0 };
	size_t first, more = 0;
	char path[4096];

	kernel_file("cloud", "System.map", path);
	if (access(path, R_OK))
		cr_skip("System.map comes in a package of 283 MB, which tests/kernels/system-map.sh cloud fetches");
	cr_assert(eq(int, image_symbols_read(&own, image, NULL), 0));
	map = (struct symbols){ .stage = STAGE_KERNEL,
				.start = own.stage[STAGE_KERNEL].start,
				.end = own.stage[STAGE_KERNEL].end };
	cr_assert(eq(int, system_map_read(&map, path, true, &diag), 0), "%s", diag.text);
	for (size_t i = 0; i < map.count; i++) {
		const struct symbol *sym = &map.items[map.by_name[i]];

		if (symbols_find_all(&own.stage[STAGE_KERNEL], sym->name, &first))
			continue;
		cr_assert(lt(sz, more, ARRAY_SIZE(left_out)), "%s", sym->name);
		cr_expect(
			eq(str, (char *)(uintptr_t)sym->name, (char *)(uintptr_t)left_out[more++]));
	}
	cr_expect(eq(sz, more, ARRAY_SIZE(left_out)));
	cr_expect(eq(sz, map.count, own.stage[STAGE_KERNEL].count + ARRAY_SIZE(left_out)));
	symbols_release(&map);
	image_symbols_release(&own);
	image_close(image);
}
