/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coverage by source line, in the format that lcov(1) calls a tracefile (geninfo(1), "FILES"), a section of tests for each path. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/decode.h"
#include "loaders/lines.h"
#include "tools/cover.h"

#define ELF_PT_LOAD 1u /* ELF gABI, p_type */
#define FILE_MAX    256u

struct line_row {
	uint32_t file; /* index into the names */
	uint32_t line;
	uint64_t paths; /* that ran any instruction of it */
};

struct function_row {
	uint32_t file, line;
	const char *name;
	uint64_t paths;
};

struct lcov {
	const struct cover *c;
	char (*files)[FILE_MAX];
	size_t file_count;
	struct line_row *lines;
	size_t line_count, line_cap;
	struct function_row *functions;
	size_t function_count, function_cap;
	uint32_t last_file; /* the one asked for last: mostly it is the same again */
	int err;
};

static uint32_t file_number(struct lcov *l, const char *name)
{
	void *grown;

	if (l->last_file < l->file_count && !strcmp(l->files[l->last_file], name))
		return l->last_file;
	for (size_t i = 0; i < l->file_count; i++) {
		if (!strcmp(l->files[i], name))
			return l->last_file = (uint32_t)i;
	}
	grown = reallocarray(l->files, l->file_count + 1, sizeof(*l->files));
	if (!grown) {
		l->err = -ENOMEM;
		return 0;
	}
	l->files = grown;
	snprintf(l->files[l->file_count], FILE_MAX, "%s", name);
	return l->last_file = (uint32_t)l->file_count++;
}

static void line_add(struct lcov *l, uint32_t file, uint32_t line, uint64_t paths)
{
	struct line_row *grown;

	if (l->line_count == l->line_cap) {
		l->line_cap = l->line_cap ? l->line_cap * 2 : 4096;
		grown = reallocarray(l->lines, l->line_cap, sizeof(*grown));
		if (!grown) {
			l->err = -ENOMEM;
			return;
		}
		l->lines = grown;
	}
	l->lines[l->line_count++] = (struct line_row){ .file = file, .line = line, .paths = paths };
}

static void function_add(struct lcov *l, const struct function_row *row)
{
	struct function_row *grown;

	if (l->function_count == l->function_cap) {
		l->function_cap = l->function_cap ? l->function_cap * 2 : 256;
		grown = reallocarray(l->functions, l->function_cap, sizeof(*grown));
		if (!grown) {
			l->err = -ENOMEM;
			return;
		}
		l->functions = grown;
	}
	l->functions[l->function_count++] = *row;
}

/* --- code as the image has it, to tell the lines of a function that did not run --- */

static bool stage_code(const struct image *image, enum code_stage stage, uint64_t address,
		       struct bytes *ret)
{
	const struct bzimage *bz = image->bz;

	for (unsigned i = 0; stage == STAGE_KERNEL && image->elf && i < image->elf->segment_count;
	     i++) {
		const struct elf_segment *s = &image->elf->segments[i];
		uint64_t in = address - s->vaddr;

		if (s->type == ELF_PT_LOAD && in < s->filesz)
			return bytes_slice(image->elf->data, s->offset + in, s->filesz - in, ret);
	}
	if (stage == STAGE_SETUP && bz && address < bz->setup_size)
		return bytes_slice(image->file, address, bz->setup_size - address, ret);
	if (stage == STAGE_COMPRESSED && bz && address < bz->kernel_size)
		return bytes_slice(image->file, bz->setup_size + address, bz->kernel_size - address,
				   ret);
	return false;
}

static unsigned code_width(const struct cover *c, const struct cover_function *f)
{
	const struct cover_insns *list = &c->stage[f->stage];

	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].address == c->blocks[f->first].address)
			return list->items[i].bits;
	}
	return 64;
}

/* Every line of the function as not run; those that ran are added on top. */
static void function_lines(struct lcov *l, const struct cover_function *f)
{
	struct source_lines *lines = l->c->symbols->lines[f->stage];
	struct function_row row = { .name = f->symbol->name, .paths = f->paths };
	unsigned bits = code_width(l->c, f), line;
	char file[FILE_MAX];
	struct bytes code;

	if (!source_lines_at(lines, f->address, file, sizeof(file), &line))
		return;
	row.file = file_number(l, file);
	row.line = line;
	function_add(l, &row);
	if (!stage_code(l->c->image, f->stage, f->address, &code))
		return;
	for (uint64_t at = 0; at < f->symbol->size && at < code.len && !l->err;) {
		struct insn in;

		if (!insn_decode(code.data + at, code.len - at, bits, &in))
			break;
		if (source_lines_at(lines, f->address + at, file, sizeof(file), &line) && line)
			line_add(l, file_number(l, file), line, 0);
		at += in.length;
	}
}

static void stage_lines(struct lcov *l, enum code_stage stage)
{
	const struct cover_insns *list = &l->c->stage[stage];
	struct source_lines *lines = l->c->symbols->lines[stage];
	char file[FILE_MAX];
	unsigned line;

	for (size_t i = 0; lines && i < list->count && !l->err; i++) {
		if (source_lines_at(lines, list->items[i].address, file, sizeof(file), &line) &&
		    line)
			line_add(l, file_number(l, file), line, list->items[i].paths);
	}
}

static int line_order(const void *a, const void *b)
{
	const struct line_row *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static void lines_merge(struct lcov *l)
{
	size_t n = 0;

	if (!l->line_count)
		return;
	qsort(l->lines, l->line_count, sizeof(*l->lines), line_order);
	for (size_t i = 1; i < l->line_count; i++) {
		if (line_order(&l->lines[n], &l->lines[i]))
			l->lines[++n] = l->lines[i];
		else
			l->lines[n].paths |= l->lines[i].paths;
	}
	l->line_count = n + 1;
}

/* --- writing --- */

static void write_file(const struct lcov *l, uint32_t file, unsigned path, struct buf *out)
{
	uint64_t found = 0, hit = 0;

	buf_printf(out, "SF:%s\n", l->files[file]);
	for (size_t i = 0; i < l->function_count; i++) {
		const struct function_row *f = &l->functions[i];

		if (f->file != file)
			continue;
		buf_printf(out, "FN:%" PRIu32 ",%s\nFNDA:%u,%s\n", f->line, f->name,
			   (unsigned)(f->paths >> path & 1), f->name);
		found++;
		hit += f->paths >> path & 1;
	}
	buf_printf(out, "FNF:%" PRIu64 "\nFNH:%" PRIu64 "\n", found, hit);
	found = hit = 0;
	for (size_t i = 0; i < l->line_count; i++) {
		const struct line_row *r = &l->lines[i];

		if (r->file != file)
			continue;
		buf_printf(out, "DA:%" PRIu32 ",%u\n", r->line, (unsigned)(r->paths >> path & 1));
		found++;
		hit += r->paths >> path & 1;
	}
	buf_printf(out, "LF:%" PRIu64 "\nLH:%" PRIu64 "\nend_of_record\n", found, hit);
}

/* A test's name may hold letters, digits and underscores only (geninfo(1)). */
static void write_path(const struct lcov *l, unsigned path, struct buf *out)
{
	const struct report_path *p = &l->c->result->paths[path];
	char name[96];

	snprintf(name, sizeof(name), "%s_%s", p->path->name, p->variant->name);
	for (char *c = name; *c; c++) {
		if (*c == '-')
			*c = '_';
	}
	for (uint32_t file = 0; file < l->file_count; file++) {
		buf_printf(out, "TN:%s\n", name);
		write_file(l, file, path, out);
	}
}

int cover_lcov(const struct cover *c, struct buf *out)
{
	struct lcov l = { .c = c };
	int err;

	for (size_t i = 0; i < c->function_count; i++) {
		if (c->functions[i].symbol && c->symbols->lines[c->functions[i].stage])
			function_lines(&l, &c->functions[i]);
	}
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++)
		stage_lines(&l, stage);
	lines_merge(&l);
	err = l.err ? l.err : l.file_count ? 0 : -ENODATA;
	for (size_t path = 0; !err && path < c->result->path_count; path++) {
		if (c->result->paths[path].outcome != OUTCOME_SKIP)
			write_path(&l, (unsigned)path, out);
	}
	free(l.files);
	free(l.lines);
	free(l.functions);
	return err;
}
