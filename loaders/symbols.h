/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of addresses in an image: one table for each of its stages, whatever the
 * names come from. Pure data; where a stage lies in guest memory during a run
 * is tools/code_map.h's to say.
 */
#ifndef LOADERS_SYMBOLS_H
#define LOADERS_SYMBOLS_H

#include "emu/base/buf.h"
#include "loaders/image.h"

/* The programs that an image consists of. */
enum code_stage {
	STAGE_SETUP, /* 16-bit code; addresses are offsets from the setup segment's start, as in the file */
	STAGE_COMPRESSED, /* the protected-mode part; addresses are offsets from startup_32 */
	STAGE_KERNEL,     /* the kernel proper; addresses are virtual, as it was linked */
	STAGE_COUNT
};

extern const char *const code_stage_names[STAGE_COUNT]; /* "setup", "compressed", "kernel" */

bool code_stage_find(const char *name, enum code_stage *ret);

/* Where a name comes from; a better source comes later. */
enum symbol_source {
	SYMBOL_FROM_HEADER, /* the setup header, the PE header or the ELF's entry and notes: few names, far apart */
	SYMBOL_FROM_KALLSYMS,
	SYMBOL_FROM_SYSTEM_MAP,
	SYMBOL_FROM_ELF,
};

extern const char *const symbol_source_names[]; /* "header", "kallsyms", "System.map", "ELF" */

struct symbol {
	uint64_t address;
	uint64_t size; /* bytes to the next address that has a name, or to the end of the stage */
	const char *name;
	char type; /* as nm(1) prints it: 't' and 'T' code, 'd', 'D', 'b', 'B', 'r', 'R' data, 'A' absolute... */
	enum symbol_source source;
};

/* Zero-initialised it is an empty table. */
struct symbols {
	enum code_stage stage;
	uint64_t start,
		end; /* of the stage; a name outside of it (absolute, per-CPU) is found by name only */
	struct symbol *items; /* by address; among equals the name to print comes first */
	size_t count;
	size_t *by_name; /* indices of items by name, then by address */
	char *names;     /* owned: what items point to */
	uint64_t base;   /* that the addresses of the ELF file they come from have on top */
};

struct source_lines;

struct image_symbols {
	struct symbols stage[STAGE_COUNT];
	/* source lines (loaders/lines.h), owned; NULL: none are known */
	struct source_lines *lines[STAGE_COUNT];
};

/*
 * The names that @image (unpacked) itself has: kallsyms for the kernel proper, else what
 * the headers say. A kernel without a kallsyms table, or with one that is not sound, is
 * no error: @ret_note (may be NULL) then says why there are few names. 0 or -ENOMEM.
 */
int image_symbols_read(struct image_symbols *ret, const struct image *image, struct diag *ret_note);
/* The same but for the kernel proper's stage, which takes a hundred times as long and stays empty. */
int image_symbols_read_front(struct image_symbols *ret, const struct image *image);
/* Takes NULL and half-built ones. */
void image_symbols_release(struct image_symbols *s);

/*
 * Virtual addresses that @elf is linked to, end exclusive; the per-CPU data of 64-bit kernels,
 * which is linked at 0, is none of it. Both 0 when nothing is loaded.
 */
void elf_linked_span(const struct elf_image *elf, uint64_t *ret_start, uint64_t *ret_end);

/* The image file's bytes of the setup or the compressed stage, of which its addresses are offsets; len 0: none. */
struct bytes image_stage_bytes(const struct image *image, enum code_stage stage);

/* --- looking up --- */

/* All symbols of that name: how many, and the first of them as an index into by_name. */
size_t symbols_find_all(const struct symbols *s, const char *name, size_t *ret_first);
/* The lowest of that name, or NULL. */
const struct symbol *symbols_find(const struct symbols *s, const char *name);
/*
 * The symbol that @address lies in: the last one at or below it, the first among
 * equals. NULL outside of the stage and below its first name.
 */
const struct symbol *symbols_at(const struct symbols *s, uint64_t address);
/* "startup_64+0x1c6", or "0x2f0" without a name. Returns @text. */
char *symbols_describe(const struct symbols *s, uint64_t address, char *text, size_t size);

/* --- building; for readers of symbol files --- */

struct symbols_builder {
	struct symbols *to;
	struct symbol_draft *drafts;
	size_t count, cap;
	struct buf names;
	bool failed;
};

/* A failure to allocate is sticky and comes out of symbols_finish(). */
void symbols_begin(struct symbols_builder *b, struct symbols *to, enum code_stage stage,
		   uint64_t start, uint64_t end);
void symbols_add(struct symbols_builder *b, uint64_t address, char type, const char *name,
		 size_t name_len, enum symbol_source source);
/* Sorts, and frees what the builder held. 0 or -ENOMEM; then the table is empty. */
int symbols_finish(struct symbols_builder *b);
/* Or drop it all; the table stays empty. */
void symbols_abandon(struct symbols_builder *b);

void symbols_release(struct symbols *s);

#endif
