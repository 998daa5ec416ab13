/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of kallsyms in every layout from 4.x to 6.12, laid out here by hand as scripts/kallsyms.c writes them. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "loaders/kallsyms.h"

#define TEXT_64 0xffffffff81000000ull
#define TEXT_32 0xc1000000ull
#define SPAN    MIB(4)
#define PERCPU  3u   /* the first symbols, where they are per-CPU */
#define COUNT   700u /* three markers, the last block not full */
#define BIG     450u /* the symbol whose name is long */
#define BIG_LEN 300u
#define TOKEN   0x90u /* stands for "sym_" */

/* One way to lay the tables out. */
struct layout {
	const char *since;
	bool is_64;
	enum kallsyms_form form;
	unsigned marker_size;
	bool big;            /* lengths of two bytes */
	unsigned seqs;       /* bytes a symbol between markers and tokens */
	bool addresses_last; /* behind the token index */
};

/* clang-format off */
static const struct layout layouts[] = {
	{ "4.4",             true,  KALLSYMS_ABSOLUTE,        8, false, 0, false },
	{ "4.4 32-bit",      false, KALLSYMS_ABSOLUTE,        4, false, 0, false },
	{ "4.6",             true,  KALLSYMS_RELATIVE_PERCPU, 8, false, 0, false },
	{ "4.6 32-bit",      false, KALLSYMS_RELATIVE,        4, false, 0, false },
	{ "4.6 UP",          true,  KALLSYMS_RELATIVE,        8, false, 0, false },
	{ "4.20",            true,  KALLSYMS_RELATIVE_PERCPU, 4, false, 0, false },
	{ "5.10 absolute",   true,  KALLSYMS_ABSOLUTE,        4, false, 0, false },
	{ "6.1",             true,  KALLSYMS_RELATIVE_PERCPU, 4, true,  0, false },
	{ "6.2",             true,  KALLSYMS_RELATIVE_PERCPU, 4, true,  3, false },
	{ "6.2-rc",          true,  KALLSYMS_RELATIVE_PERCPU, 4, true,  4, false },
	{ "6.2 32-bit",      false, KALLSYMS_RELATIVE,        4, true,  3, false },
	{ "6.4",             true,  KALLSYMS_RELATIVE_PERCPU, 4, true,  0, true },
	{ "6.4 32-bit",      false, KALLSYMS_RELATIVE,        4, true,  0, true },
	{ "6.4 absolute",    true,  KALLSYMS_ABSOLUTE,        4, true,  0, true },
};
/* clang-format on */

static bool has_percpu(const struct layout *l)
{
	return l->is_64 && l->form != KALLSYMS_RELATIVE;
}

/* What the table is to say: numbers chosen here, no copy of what the reader makes of it. */
static uint64_t wanted_address(const struct layout *l, unsigned i)
{
	if (has_percpu(l) && i < PERCPU)
		return i * 0x1000;
	return (l->is_64 ? TEXT_64 : TEXT_32) + (i - (has_percpu(l) ? PERCPU : 0)) / 2 * 0x40;
}

static char wanted_type(unsigned i)
{
	return "TtDbW"[i % 5];
}

static size_t wanted_name(const struct layout *l, unsigned i, char name[BIG_LEN + 1])
{
	if (i == BIG && l->big) {
		memset(name, 'q', BIG_LEN);
		name[BIG_LEN] = '\0';
		return BIG_LEN;
	}
	return (size_t)snprintf(name, 16, "sym_%u", i);
}

/* --- the encoder --- */

static void align_to(struct buf *b, unsigned word)
{
	while (b->len % word)
		buf_append(b, "", 1);
}

static void put_word(struct buf *b, uint64_t v, unsigned size)
{
	uint8_t bytes[8];

	put_le64(bytes, v);
	buf_append(b, bytes, size);
}

static void put_addresses(struct buf *b, const struct layout *l)
{
	uint64_t base = l->is_64 ? TEXT_64 : TEXT_32;
	unsigned word = l->is_64 ? 8 : 4;

	align_to(b, word);
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t a = wanted_address(l, i);

		if (l->form == KALLSYMS_ABSOLUTE)
			put_word(b, a, word);
		else if (l->form == KALLSYMS_RELATIVE)
			put_word(b, a - base, 4);
		else
			put_word(b, i < PERCPU ? a : base - 1 - a, 4);
	}
	align_to(b, word);
	if (l->form != KALLSYMS_ABSOLUTE)
		put_word(b, base, word);
}

static void put_name(struct buf *b, const struct layout *l, unsigned i)
{
	char name[BIG_LEN + 1];
	size_t len = wanted_name(l, i, name);
	uint8_t entry[BIG_LEN + 1] = { (uint8_t)wanted_type(i) };
	size_t n = 1;

	if (!strncmp(name, "sym_", 4)) {
		entry[n++] = TOKEN;
		memcpy(entry + n, name + 4, len - 4);
		n += len - 4;
	} else {
		memcpy(entry + n, name, len);
		n += len;
	}
	if (n < 128) {
		put_word(b, n, 1);
	} else {
		put_word(b, 0x80 | (n & 0x7f), 1);
		put_word(b, n >> 7, 1);
	}
	buf_append(b, entry, n);
}

static void put_names(struct buf *b, const struct layout *l)
{
	unsigned word = l->is_64 ? 8 : 4;
	uint64_t markers[COUNT / 256 + 1];
	size_t start;

	put_word(b, COUNT, 4);
	align_to(b, word);
	start = b->len;
	for (unsigned i = 0; i < COUNT; i++) {
		if (i % 256 == 0)
			markers[i / 256] = b->len - start;
		put_name(b, l, i);
	}
	align_to(b, word);
	for (unsigned i = 0; i < ARRAY_SIZE(markers); i++)
		put_word(b, markers[i], l->marker_size);
	align_to(b, word);
}

static void put_seqs(struct buf *b, unsigned bytes)
{
	for (unsigned i = 0; i < COUNT; i++) {
		uint8_t seq[4] = { 0, (uint8_t)(i >> 8), (uint8_t)i };

		buf_append(b, bytes == 4 ? (void *)"\0" : seq, bytes == 4 ? 1 : 0);
		buf_append(b, seq, 3);
	}
}

static void put_tokens(struct buf *b, unsigned word)
{
	uint16_t offset[256];
	size_t start;

	align_to(b, word);
	start = b->len;
	for (unsigned i = 0; i < 256; i++) {
		char self = (char)i;

		offset[i] = (uint16_t)(b->len - start);
		if (i > ' ' && i < 0x7f)
			buf_append(b, &self, 1);
		else if (i == TOKEN)
			buf_puts(b, "sym_");
		buf_append(b, "", 1);
	}
	align_to(b, word);
	for (unsigned i = 0; i < 256; i++)
		put_word(b, offset[i], 2);
}

/* The kernel's bytes: something else, the tables, something else. */
static void encode(const struct layout *l, struct buf *b, struct elf_image *elf)
{
	unsigned word = l->is_64 ? 8 : 4;

	for (unsigned i = 0; i < 0x1000; i++)
		put_word(b, i * 2654435761u >> 7, 1);
	if (!l->addresses_last)
		put_addresses(b, l);
	put_names(b, l);
	put_seqs(b, l->seqs);
	put_tokens(b, word);
	if (l->addresses_last) {
		put_addresses(b, l);
		put_seqs(b, 3);
	}
	for (unsigned i = 0; i < 0x100; i++)
		put_word(b, i * 40503u >> 3, 1);
	*elf = (struct elf_image){
		.data = { b->data, b->len },
		.is_64 = l->is_64,
		.segments = { { .type = 1,
				.vaddr = l->is_64 ? TEXT_64 : TEXT_32,
				.paddr = MIB(16),
				.filesz = b->len,
				.memsz = SPAN } },
		.segment_count = 1,
	};
}

/* --- */

static void expect_symbols(const struct layout *l, const struct symbols *s)
{
	cr_assert(eq(sz, s->count, COUNT), "%s", l->since);
	for (unsigned i = 0; i < COUNT; i++) {
		char name[BIG_LEN + 1];
		const struct symbol *sym;

		wanted_name(l, i, name);
		sym = symbols_find(s, name);
		cr_assert(ne(ptr, (void *)(uintptr_t)sym, NULL), "%s: no %s", l->since, name);
		cr_expect(eq(u64, sym->address, wanted_address(l, i)), "%s: %s", l->since, name);
		cr_expect(eq(chr, sym->type, wanted_type(i)), "%s: %s", l->since, name);
	}
}

Test(kallsyms, every_layout_is_read)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		const struct layout *l = &layouts[i];
		struct symbols_builder builder;
		struct symbols symbols;
		struct elf_image elf;
		struct buf b = { 0 };
		struct diag diag = { 0 };
		struct kallsyms k;

		encode(l, &b, &elf);
		cr_assert(eq(int, kallsyms_locate(&k, &elf, &diag), 0), "%s: %s", l->since,
			  diag.text);
		cr_expect(eq(u32, k.form, l->form), "%s", l->since);
		cr_expect(eq(u32, k.marker_size, l->marker_size), "%s", l->since);
		cr_expect(eq(u32, k.addresses_last, l->addresses_last), "%s", l->since);
		symbols_begin(&builder, &symbols, STAGE_KERNEL, elf.segments[0].vaddr,
			      elf.segments[0].vaddr + SPAN);
		cr_assert(eq(int, kallsyms_read(&k, &elf, &builder, &diag), 0), "%s: %s", l->since,
			  diag.text);
		cr_assert(eq(int, symbols_finish(&builder), 0));
		expect_symbols(l, &symbols);
		symbols_release(&symbols);
		buf_free(&b);
	}
}

/* Changed or cut anywhere, it is refused or read, and nothing outside of it is touched (ASan tells). */
static void try_to_read(const struct elf_image *elf)
{
	struct symbols_builder builder;
	struct symbols symbols;
	struct kallsyms k;

	if (kallsyms_locate(&k, elf, NULL))
		return;
	symbols_begin(&builder, &symbols, STAGE_KERNEL, elf->segments[0].vaddr,
		      elf->segments[0].vaddr + SPAN);
	kallsyms_read(&k, elf, &builder, NULL);
	cr_expect(eq(int, symbols_finish(&builder), 0));
	symbols_release(&symbols);
}

Test(kallsyms, broken_tables_do_no_harm)
{
	static const uint8_t values[] = { 0x00, 0x7f, 0x80, 0xff };

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct elf_image elf;
		struct buf b = { 0 };

		encode(&layouts[i], &b, &elf);
		for (size_t at = 0x1000; at < b.len; at += 37) {
			uint8_t *copy = malloc(b.len), *cut = malloc(at);

			cr_assert(ne(ptr, copy, NULL));
			cr_assert(ne(ptr, cut, NULL));
			memcpy(copy, b.data, b.len);
			copy[at] = values[at / 37 % ARRAY_SIZE(values)];
			elf.data = (struct bytes){ copy, b.len };
			try_to_read(&elf);
			memcpy(cut, b.data, at);
			elf.data = (struct bytes){ cut, at };
			try_to_read(&elf);
			free(copy);
			free(cut);
		}
		buf_free(&b);
	}
}

/* 6.1's layout with one part of it overwritten. */
static void expect_missing(size_t part, uint64_t skip, size_t len, const char *text)
{
	struct elf_image elf;
	struct buf b = { 0 };
	struct diag diag = { 0 };
	struct kallsyms k;

	encode(&layouts[7], &b, &elf);
	cr_assert(eq(int, kallsyms_locate(&k, &elf, &diag), 0), "%s", diag.text);
	memset(b.data + *(uint64_t *)(void *)((char *)&k + part) + skip, 0xfe, len);
	cr_expect(eq(int, kallsyms_locate(&k, &elf, &diag), -ENOENT), "%s", text);
	cr_expect(eq(str, diag.text, (char *)(uintptr_t)text));
	buf_free(&b);
}

Test(kallsyms, what_is_missing_is_said)
{
	expect_missing(offsetof(struct kallsyms, token_index), 0, 512,
		       "kallsyms: no table of tokens");
	expect_missing(offsetof(struct kallsyms, markers), 4, 8,
		       "kallsyms: tokens, but no names in front of them");
	/* An address that falls. */
	expect_missing(offsetof(struct kallsyms, addresses), 4 * 500, 4,
		       "kallsyms: tokens and names, but no addresses");
}
