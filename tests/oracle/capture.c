/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a capture with jansson and compares it row by row; see capture.h. */
#include "tests/oracle/capture.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/paging.h"
#include "loaders/bootparam.h"

#define E820_ENTRY_SIZE 20
#define CMDLINE_MAX     4096
#define TABLES_MAX      4096

struct capture {
	json_t *root;
	json_t *stop; /* borrowed from root */
	uint8_t bp[BOOT_PARAMS_SIZE];
};

/* The state under comparison and where the differences go. */
struct compare {
	const struct capture *c;
	const struct cpu_state *cpu;
	const struct mem_reader *mem;
	const struct known_row *known;
	size_t known_seen;
	uint64_t seen; /* bit i: row i of known differed */
	struct buf *out;
};

const char *capture_folder(void)
{
	const char *folder = getenv("BOOTPATH_ORACLE");

	return folder ? folder : "../shared/oracle";
}

/* A stop before there is a boot_params has no file of it. */
static bool read_boot_params(struct capture *c)
{
	const char *name = json_string_value(json_object_get(c->stop, "boot_params_file"));
	char path[1024];
	bool ok = false;
	FILE *f;

	if (!name)
		return true;
	snprintf(path, sizeof(path), "%s/%s", capture_folder(), name);
	f = fopen(path, "rb");
	if (f) {
		ok = fread(c->bp, sizeof(c->bp), 1, f) == 1;
		fclose(f);
	}
	return ok;
}

struct capture *capture_open(const char *file, const char *label, char why[256])
{
	struct capture *c = calloc(1, sizeof(*c));
	char path[1024];
	json_t *stop;
	size_t i;

	if (!c)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", capture_folder(), file);
	c->root = json_load_file(path, JSON_ALLOW_NUL, NULL);
	if (!c->root) {
		snprintf(why, 256, "no captures in %.200s (BOOTPATH_ORACLE)", capture_folder());
		return capture_close(c);
	}
	json_array_foreach(json_object_get(c->root, "stops"), i, stop)
	{
		const char *name = json_string_value(json_object_get(stop, "label"));

		if (name && strcmp(name, label) == 0)
			c->stop = stop;
	}
	if (!c->stop || !read_boot_params(c)) {
		snprintf(why, 256, "%.100s has no stop %.100s or no boot_params for it", file,
			 label);
		return capture_close(c);
	}
	return c;
}

struct capture *capture_close(struct capture *c)
{
	if (c) {
		json_decref(c->root);
		free(c);
	}
	return NULL;
}

const char *capture_cmdline(const struct capture *c)
{
	return json_string_value(
		json_object_get(json_object_get(c->stop, "boot_params"), "cmdline"));
}

static uint64_t hex(const json_t *v)
{
	const char *s = json_string_value(v);

	return s ? strtoull(s, NULL, 16) : 0;
}

static bool is_known(struct compare *k, const char *row)
{
	for (size_t i = 0; k->known && k->known[i].row; i++) {
		const char *name = k->known[i].row;
		size_t len = strlen(name);
		bool many = len && name[len - 1] == '*';

		if (many ? strncmp(name, row, len - 1) != 0 : strcmp(name, row) != 0)
			continue;
		/* A range of bytes that one reason explains is one row. */
		k->known_seen += !many || !(k->seen & BIT64(i));
		k->seen |= BIT64(i);
		return true;
	}
	return false;
}

static void row_u64(struct compare *k, const char *row, uint64_t got, uint64_t captured)
{
	if (got != captured && !is_known(k, row))
		buf_printf(k->out, "%s: got 0x%llx, captured 0x%llx\n", row,
			   (unsigned long long)got, (unsigned long long)captured);
}

static void row_text(struct compare *k, const char *row, const char *got, const char *captured)
{
	if (strcmp(got, captured) != 0 && !is_known(k, row))
		buf_printf(k->out, "%s: got '%s', captured '%s'\n", row, got, captured);
}

/* The capture names registers by the mode's width: eax, efl; rax, rfl. */
static json_t *register_of(const json_t *regs, const char *name)
{
	char narrow[8];
	json_t *v = json_object_get(regs, name);

	if (v)
		return v;
	if (strcmp(name, "rflags") == 0) {
		v = json_object_get(regs, "efl");
		return v ? v : json_object_get(regs, "rfl");
	}
	snprintf(narrow, sizeof(narrow), "e%s", name + 1);
	return json_object_get(regs, narrow);
}

/* FCW and MXCSR stand only in the monitor's text. */
static bool from_text(const json_t *stop, const char *key, uint64_t *ret_v)
{
	const char *text = json_string_value(json_object_get(stop, "info_registers"));
	const char *at = text ? strstr(text, key) : NULL;

	if (!at)
		return false;
	*ret_v = strtoull(at + strlen(key), NULL, 16);
	return true;
}

static void compare_registers(struct compare *k, const json_t *regs)
{
	uint64_t v;

	for (size_t i = 0; i < reg_info_count; i++) {
		const struct reg_info *r = &reg_infos[i];
		json_t *captured = register_of(regs, r->name);

		if (captured)
			row_u64(k, r->name, reg_get(k->cpu, r), hex(captured));
	}
	if (from_text(k->c->stop, "FCW=", &v))
		row_u64(k, "fcw", k->cpu->fcw, v);
	if (from_text(k->c->stop, "MXCSR=", &v))
		row_u64(k, "mxcsr", k->cpu->mxcsr, v);
}

static void compare_segments(struct compare *k, const json_t *regs)
{
	for (size_t i = 0; i < segreg_info_count; i++) {
		const struct segreg_info *info = &segreg_infos[i];
		const struct segment *s = &k->cpu->seg[info->index];
		const char *name = info->index == SEG_LDTR ? "ldt" : info->name;
		json_t *v = json_object_get(regs, name);
		char row[32];

		snprintf(row, sizeof(row), "%s.selector", info->name);
		row_u64(k, row, s->selector, hex(json_object_get(v, "sel")));
		snprintf(row, sizeof(row), "%s.base", info->name);
		row_u64(k, row, s->base, hex(json_object_get(v, "base")));
		snprintf(row, sizeof(row), "%s.limit", info->name);
		row_u64(k, row, s->limit, hex(json_object_get(v, "limit")));
		snprintf(row, sizeof(row), "%s.attr", info->name);
		/* QEMU keeps the descriptor's limit bits there too. */
		row_u64(k, row, s->attr, hex(json_object_get(v, "flags")) & DESC_ATTR_MASK);
	}
}

static void compare_tables(struct compare *k, const json_t *regs)
{
	const char *bytes = json_string_value(json_object_get(k->c->stop, "gdt_bytes"));
	json_t *gdt = json_object_get(regs, "gdt"), *idt = json_object_get(regs, "idt");
	size_t len = bytes ? strlen(bytes) / 2 : 0;
	struct buf got = { 0 };

	row_u64(k, "gdtr.base", k->cpu->gdtr.base, hex(json_object_get(gdt, "base")));
	row_u64(k, "gdtr.limit", k->cpu->gdtr.limit, hex(json_object_get(gdt, "limit")));
	row_u64(k, "idtr.base", k->cpu->idtr.base, hex(json_object_get(idt, "base")));
	row_u64(k, "idtr.limit", k->cpu->idtr.limit, hex(json_object_get(idt, "limit")));

	for (size_t i = 0; i < len; i++) {
		uint8_t b = 0;

		if (mem_reader_read(k->mem, k->cpu->gdtr.base + i, &b, 1) < 0)
			break;
		buf_printf(&got, "%02x", b);
	}
	if (bytes)
		row_text(k, "gdt", buf_str(&got), bytes);
	buf_free(&got);
}

/* One line a range: start, length, physical start, page size, flags without A, D and PS. */
static void compare_paging(struct compare *k)
{
	json_t *captured = json_object_get(json_object_get(k->c->stop, "pagetables"), "ranges");
	struct buf got = { 0 }, want = { 0 };
	struct page_range *ranges = NULL;
	size_t count = 0, i;
	json_t *r;

	json_array_foreach(captured, i, r) buf_printf(
		&want, "%llx+%llx->%llx/%llx:%llx ", (unsigned long long)hex(json_array_get(r, 0)),
		(unsigned long long)hex(json_array_get(r, 1)),
		(unsigned long long)hex(json_array_get(r, 2)),
		(unsigned long long)hex(json_array_get(r, 3)),
		(unsigned long long)(hex(json_array_get(r, 4)) & ~(PTE_A | PTE_D | PTE_PS)));
	if (paging_mode(k->cpu) != PAGING_NONE &&
	    page_ranges(k->cpu, k->mem, TABLES_MAX, &ranges, &count) == 0)
		for (i = 0; i < count; i++)
			buf_printf(&got, "%llx+%llx->%llx/%llx:%llx ",
				   (unsigned long long)ranges[i].start,
				   (unsigned long long)ranges[i].len,
				   (unsigned long long)ranges[i].gpa,
				   (unsigned long long)ranges[i].page_size,
				   (unsigned long long)ranges[i].flags);
	row_text(k, "page tables", buf_str(&got), buf_str(&want));
	free(ranges);
	buf_free(&got);
	buf_free(&want);
}

static void compare_field(struct compare *k, const uint8_t *bp, const struct bp_field_info *f)
{
	for (unsigned i = 0; i < f->count; i++) {
		uint64_t got = bp_field_get(bp, f, i), captured = bp_field_get(k->c->bp, f, i);
		char row[80];

		if (f->count == 1)
			snprintf(row, sizeof(row), "bp.%s", f->name);
		else
			snprintf(row, sizeof(row), "bp.%s[%u]", f->name, i);
		row_u64(k, row, got, captured);
	}
}

/* Every byte that no field names, so that nothing in the page goes unseen. */
static void compare_gaps(struct compare *k, const uint8_t *bp)
{
	uint8_t named[BOOT_PARAMS_SIZE] = { 0 };

	for (size_t i = 0; i < BP_FIELD_COUNT; i++)
		memset(named + bp_fields[i].offset, 1,
		       (size_t)bp_fields[i].width * bp_fields[i].count);
	for (size_t i = 0; i < BOOT_PARAMS_SIZE; i++) {
		char row[32];

		if (named[i])
			continue;
		snprintf(row, sizeof(row), "bp+0x%zx", i);
		row_u64(k, row, bp[i], k->c->bp[i]);
	}
}

static void compare_e820(struct compare *k, const uint8_t *bp)
{
	unsigned count = (unsigned)bp_get(k->c->bp, BP_E820_ENTRIES);

	for (unsigned i = 0; i < count && i < BOOT_PARAMS_E820_MAX; i++) {
		const uint8_t *got = bp + BOOT_PARAMS_E820 + i * E820_ENTRY_SIZE;
		const uint8_t *want = k->c->bp + BOOT_PARAMS_E820 + i * E820_ENTRY_SIZE;
		char row[32];

		snprintf(row, sizeof(row), "e820[%u].addr", i);
		row_u64(k, row, get_le64(got), get_le64(want));
		snprintf(row, sizeof(row), "e820[%u].size", i);
		row_u64(k, row, get_le64(got + 8), get_le64(want + 8));
		snprintf(row, sizeof(row), "e820[%u].type", i);
		row_u64(k, row, get_le32(got + 16), get_le32(want + 16));
	}
}

static void compare_text(struct compare *k, gpa_t at, const char *captured)
{
	char text[CMDLINE_MAX] = "";

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		if (mem_reader_read(k->mem, at + i, &text[i], 1) < 0 || !text[i])
			break;
	row_text(k, "command line", text, captured ? captured : "");
}

static void compare_cmdline(struct compare *k, const uint8_t *bp)
{
	gpa_t at = bp_get(bp, BP_HDR_CMD_LINE_PTR) | bp_get(bp, BP_EXT_CMD_LINE_PTR) << 32;

	compare_text(k, at, capture_cmdline(k->c));
}

/* Where a register led to it in the capture, that register leads to ours. */
static gpa_t boot_params_address(const struct compare *k)
{
	const json_t *regs = json_object_get(k->c->stop, "regs");
	gpa_t at = hex(json_object_get(k->c->stop, "boot_params_addr"));

	if (cpu_in_code64(k->cpu) && hex(json_object_get(regs, "rsi")) == at)
		return k->cpu->gpr[GPR_RSI];
	if (cpu_in_code64(k->cpu) && hex(json_object_get(regs, "rdx")) == at)
		return k->cpu->gpr[GPR_RDX];
	return at;
}

static void compare_boot_params(struct compare *k)
{
	gpa_t at = boot_params_address(k);
	uint8_t bp[BOOT_PARAMS_SIZE] = { 0 };

	if (mem_reader_read(k->mem, at, bp, sizeof(bp)) < 0) {
		buf_printf(k->out, "boot_params: no memory at 0x%llx\n", (unsigned long long)at);
		return;
	}
	for (size_t i = 0; i < BP_FIELD_COUNT; i++)
		if (i != BP_E820_TABLE)
			compare_field(k, bp, &bp_fields[i]);
	compare_gaps(k, bp);
	compare_e820(k, bp);
	compare_cmdline(k, bp);
}

/* clang-format off */
static const struct start_info_field {
	const char *name;
	unsigned offset, width;
} start_info_fields[] = {
	{ "magic",          0, 4 }, { "version",     4, 4 }, { "flags",      8, 4 }, { "nr_modules",   12, 4 },
	{ "modlist_paddr", 16, 8 }, { "cmdline_paddr", 24, 8 }, { "rsdp_paddr", 32, 8 }, { "memmap_paddr", 40, 8 },
	{ "memmap_entries", 48, 4 }, { "reserved",   52, 4 },
};
/* clang-format on */

static uint64_t memmap_type(const char *name)
{
	static const char *const names[] = { "",    "RAM",      "RESERVED", "ACPI",
					     "NVS", "UNUSABLE", "DISABLED", "PMEM" };

	for (size_t i = 1; i < ARRAY_SIZE(names); i++)
		if (name && strcmp(names[i], name) == 0)
			return i;
	return 0;
}

static void compare_memmap(struct compare *k, const json_t *entries, gpa_t memmap)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		uint8_t got[24] = { 0 };
		char row[40];

		mem_reader_read(k->mem, memmap + i * sizeof(got), got, sizeof(got));
		snprintf(row, sizeof(row), "memmap[%zu].addr", i);
		row_u64(k, row, get_le64(got), hex(json_array_get(entry, 0)));
		snprintf(row, sizeof(row), "memmap[%zu].size", i);
		row_u64(k, row, get_le64(got + 8), hex(json_array_get(entry, 1)));
		snprintf(row, sizeof(row), "memmap[%zu].type", i);
		row_u64(k, row, get_le32(got + 16),
			memmap_type(json_string_value(json_array_get(entry, 2))));
	}
}

/* hvm_start_info where EBX leads, and what it leads to. */
static void compare_start_info(struct compare *k, const json_t *captured)
{
	gpa_t at = (uint32_t)k->cpu->gpr[GPR_RBX];
	uint8_t info[56], rsdp[20] = { 0 };
	const char *rsdp_hex = json_string_value(json_object_get(captured, "rsdp_bytes"));
	struct buf got = { 0 };

	if (mem_reader_read(k->mem, at, info, sizeof(info)) < 0) {
		buf_printf(k->out, "start_info: no memory at 0x%llx\n", (unsigned long long)at);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(start_info_fields); i++) {
		const struct start_info_field *f = &start_info_fields[i];
		char row[40];

		snprintf(row, sizeof(row), "start_info.%s", f->name);
		row_u64(k, row,
			f->width == 4 ? get_le32(info + f->offset) : get_le64(info + f->offset),
			hex(json_object_get(captured, f->name)));
	}
	compare_memmap(k, json_object_get(captured, "memmap"), get_le64(info + 40));
	compare_text(k, get_le64(info + 24),
		     json_string_value(json_object_get(captured, "cmdline")));
	mem_reader_read(k->mem, get_le64(info + 32), rsdp, sizeof(rsdp));
	for (size_t i = 0; i < sizeof(rsdp); i++)
		buf_printf(&got, "%02x", rsdp[i]);
	if (rsdp_hex)
		row_text(k, "rsdp",
			 strncmp(buf_str(&got), rsdp_hex, 2 * sizeof(rsdp)) ? buf_str(&got) :
									      rsdp_hex,
			 rsdp_hex);
	buf_free(&got);
}

void capture_compare(const struct capture *c, const struct cpu_state *cpu,
		     const struct mem_reader *mem, const struct known_row *known, size_t *ret_known,
		     struct buf *ret)
{
	struct compare k = { .c = c, .cpu = cpu, .mem = mem, .known = known, .out = ret };
	json_t *regs = json_object_get(c->stop, "regs");

	compare_registers(&k, regs);
	compare_segments(&k, regs);
	compare_tables(&k, regs);
	compare_paging(&k);
	if (json_object_get(c->stop, "hvm_start_info"))
		compare_start_info(&k, json_object_get(c->stop, "hvm_start_info"));
	else if (json_object_get(c->stop, "boot_params_file"))
		compare_boot_params(&k);
	for (size_t i = 0; known && known[i].row; i++)
		if (!(k.seen & BIT64(i)))
			buf_printf(ret, "%s: no longer differs; take the row out\n", known[i].row);
	*ret_known = k.known_seen;
}
