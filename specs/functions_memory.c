/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of the rule language that read the state's memory: numbers, strings, comparisons, descriptors. */
#include <inttypes.h>

#include "emu/base/x86.h"    /* DESC_G */
#include "loaders/payload.h" /* payload_crc32 */
#include "specs/functions.h"
#include "specs/lists.h" /* CMDLINE_SCAN_MAX */

/* Longer ranges than this are no rule's business. */
#define RANGE_MAX MIB(64)

static struct value read_int(struct eval *ev, gpa_t gpa, unsigned width)
{
	uint8_t bytes[8] = { 0 };

	if (!state_read(ev, ev->now, gpa, bytes, width))
		return function_int(0);
	ev->last_read = (struct expr_memory){ gpa, width };
	return function_int(get_le64(bytes));
}

static struct value call_u8(struct eval *ev, const struct value *a)
{
	return read_int(ev, a[0].n, 1);
}

static struct value call_u16(struct eval *ev, const struct value *a)
{
	return read_int(ev, a[0].n, 2);
}

static struct value call_u32(struct eval *ev, const struct value *a)
{
	return read_int(ev, a[0].n, 4);
}

static struct value call_u64(struct eval *ev, const struct value *a)
{
	return read_int(ev, a[0].n, 8);
}

uint32_t crc32_update(uint32_t crc, const void *data, size_t len)
{
	/* A whole image goes through here: zlib's is ten times as fast as bit by bit. */
	return ~payload_crc32(~crc, data, len);
}

typedef bool (*chunk_fn)(void *arg, uint64_t at, const uint8_t *data, size_t len);

/* Hand [gpa, gpa+len) to @fn in pieces until it says false; @at is relative to gpa. */
static void each_chunk(struct eval *ev, gpa_t gpa, uint64_t len, chunk_fn fn, void *arg)
{
	uint8_t data[GUEST_PAGE_SIZE];

	if (len > RANGE_MAX || gpa + len < gpa) {
		eval_stop(ev, EVAL_ERROR,
			  "0x%" PRIx64 " bytes at 0x%" PRIx64 " are too many to look at", len, gpa);
		return;
	}
	for (uint64_t at = 0; at < len && ev->status == EVAL_OK;) {
		uint64_t n = GUEST_PAGE_SIZE - (gpa + at) % GUEST_PAGE_SIZE;

		eval_spend(ev, 64);
		if (n > len - at)
			n = len - at;
		if (!state_read(ev, ev->now, gpa + at, data, n) || !fn(arg, at, data, n))
			return;
		at += n;
	}
}

/* The byte that decided is the memory to blame. */
struct compare {
	struct eval *ev;
	gpa_t gpa;
	struct bytes other; /* data NULL: compare with zero */
	bool equal;
};

static bool compare_chunk(void *arg, uint64_t at, const uint8_t *data, size_t len)
{
	struct compare *c = arg;

	for (size_t i = 0; i < len; i++) {
		if (data[i] == (c->other.data ? c->other.data[at + i] : 0))
			continue;
		c->equal = false;
		c->ev->last_read = (struct expr_memory){ c->gpa + at + i, 1 };
		return false;
	}
	return true;
}

static struct value call_bytes_zero(struct eval *ev, const struct value *a)
{
	struct compare c = { .ev = ev, .gpa = a[0].n, .equal = true };

	each_chunk(ev, a[0].n, a[1].n, compare_chunk, &c);
	return function_bool(c.equal);
}

static struct value call_bytes_equal_file(struct eval *ev, const struct value *a)
{
	struct compare c = { .ev = ev, .gpa = a[0].n, .equal = true };
	const struct image *image = ev->context->image;

	if (!image)
		eval_stop(ev, EVAL_SKIP, "no image was given");
	else if (!bytes_slice(image->file, a[1].n, a[2].n, &c.other))
		eval_stop(ev, EVAL_UNREADABLE, "the file has no 0x%" PRIx64 " bytes at 0x%" PRIx64,
			  a[2].n, a[1].n);
	else if (a[2].n)
		each_chunk(ev, a[0].n, a[2].n, compare_chunk, &c);
	return function_bool(c.equal);
}

static bool length_chunk(void *arg, uint64_t at, const uint8_t *data, size_t len)
{
	const uint8_t *nul = memchr(data, 0, len);

	*(uint64_t *)arg = at + (nul ? (size_t)(nul - data) : len);
	return !nul;
}

static struct value call_cstring_len(struct eval *ev, const struct value *a)
{
	uint64_t len = 0;

	each_chunk(ev, a[0].n, a[1].n, length_chunk, &len);
	return function_int(len);
}

static bool sum_chunk(void *arg, uint64_t at, const uint8_t *data, size_t len)
{
	uint8_t *sum = arg;

	while (len--)
		*sum = (uint8_t)(*sum + *data++);
	return true;
}

static struct value call_checksum8(struct eval *ev, const struct value *a)
{
	uint8_t sum = 0;

	each_chunk(ev, a[0].n, a[1].n, sum_chunk, &sum);
	return function_int(sum);
}

static bool crc_chunk(void *arg, uint64_t at, const uint8_t *data, size_t len)
{
	*(uint32_t *)arg = crc32_update(*(uint32_t *)arg, data, len);
	return true;
}

static struct value call_crc32(struct eval *ev, const struct value *a)
{
	uint32_t crc = UINT32_MAX;

	each_chunk(ev, a[0].n, a[1].n, crc_chunk, &crc);
	return function_int(crc ^ UINT32_MAX);
}

struct zeroed_crc {
	uint32_t crc;
	uint64_t at; /* of the four bytes that count as 0, relative to the start */
};

static bool zeroed_chunk(void *arg, uint64_t at, const uint8_t *data, size_t len)
{
	struct zeroed_crc *c = arg;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte = at + i - c->at < 4 ? 0 : data[i];

		c->crc = crc32_update(c->crc, &byte, 1);
	}
	return true;
}

/* UEFI 2.10, 4.2.1: the CRC of a table is made with its own field 0. */
static struct value call_crc32_zeroed(struct eval *ev, const struct value *a)
{
	struct zeroed_crc c = { .crc = UINT32_MAX, .at = a[2].n };

	each_chunk(ev, a[0].n, a[1].n, zeroed_chunk, &c);
	return function_int(c.crc ^ UINT32_MAX);
}

/* A word of the command line in memory, as the kernel's cmdline_find_option_bool() sees words. */
static struct value call_cmdline_has(struct eval *ev, const struct value *a)
{
	struct name_ref name;
	struct value at;
	char line[4097] = { 0 }, *save = NULL;

	name_find("cmdline_address", &name);
	at = name_value(ev, &name);
	for (size_t i = 0; ev->status == EVAL_OK && at.n && i < sizeof(line) - 1; i++) {
		if (!state_read(ev, ev->now, at.n + i, &line[i], 1) || !line[i])
			break;
	}
	for (char *word = strtok_r(line, " \t\n", &save); word;
	     word = strtok_r(NULL, " \t\n", &save)) {
		if (!strcmp(word, a[0].s))
			return function_bool(true);
	}
	return function_bool(false);
}

/* Where a word stands in a command line: all of it, or, when it ends in '=', what begins so. */
static struct value call_cstring_word(struct eval *ev, const struct value *a)
{
	const char *word = a[2].s;
	size_t len = strlen(word), matched = 0;
	bool prefix = len && word[len - 1] == '=', fits = true;
	uint64_t begin = 0;
	char c = ' ';

	for (uint64_t i = 0; c && i < a[1].n && i < CMDLINE_SCAN_MAX; i++) {
		eval_spend(ev, 1);
		if (!state_read(ev, ev->now, a[0].n + i, &c, 1))
			break;
		if (c == ' ' || !c) {
			if (fits && matched == len)
				return function_int(begin);
			begin = i + 1;
			matched = 0;
			fits = true;
			continue;
		}
		if (matched < len)
			fits &= c == word[matched++];
		else if (!prefix)
			fits = false;
		if (prefix && fits && matched == len)
			return function_int(begin);
	}
	return function_int(a[1].n);
}

/* Descriptor of selector @sel in the GDT, through physical memory: boot code maps its GDT to itself (SDM 3A 3.4.5). */
static bool read_descriptor(struct eval *ev, uint64_t sel, uint32_t ret[2])
{
	const struct table_reg *gdtr = &ev->now->cpu.gdtr;
	uint8_t bytes[8];

	if ((sel & ~7ull) + 7 > gdtr->limit) {
		eval_stop(ev, EVAL_UNREADABLE,
			  "the GDT ends before selector 0x%" PRIx64 ": its limit is 0x%x", sel,
			  gdtr->limit);
		return false;
	}
	if (!state_read(ev, ev->now, gdtr->base + (sel & ~7ull), bytes, sizeof(bytes)))
		return false;
	ev->last_read = (struct expr_memory){ gdtr->base + (sel & ~7ull), sizeof(bytes) };
	ret[0] = get_le32(bytes);
	ret[1] = get_le32(bytes + 4);
	return true;
}

static struct value call_gdt_base(struct eval *ev, const struct value *a)
{
	uint32_t d[2];

	if (!read_descriptor(ev, a[0].n, d))
		return function_int(0);
	return function_int(d[0] >> 16 | (d[1] & 0xff) << 16 | (d[1] & 0xff000000u));
}

static struct value call_gdt_limit(struct eval *ev, const struct value *a)
{
	uint32_t d[2], limit;

	if (!read_descriptor(ev, a[0].n, d))
		return function_int(0);
	limit = (d[0] & 0xffff) | (d[1] & 0xf0000);
	return function_int(d[1] & DESC_G ? limit << 12 | 0xfff : limit);
}

static struct value call_gdt_attr(struct eval *ev, const struct value *a)
{
	uint32_t d[2];

	return function_int(read_descriptor(ev, a[0].n, d) ? d[1] & DESC_ATTR_MASK : 0);
}

const struct function memory_functions[] = {
	{ "u8", VALUE_INT, "i", true, call_u8, "address: a byte of memory" },
	{ "u16", VALUE_INT, "i", true, call_u16, "address: two bytes" },
	{ "u32", VALUE_INT, "i", true, call_u32, "address: four bytes" },
	{ "u64", VALUE_INT, "i", true, call_u64, "address: eight bytes" },
	{ "bytes_zero", VALUE_BOOL, "ii", true, call_bytes_zero, "address, len: all are 0" },
	{ "bytes_equal_file", VALUE_BOOL, "iii", true, call_bytes_equal_file,
	  "address, file offset, len" },
	{ "cstring_len", VALUE_INT, "ii", true, call_cstring_len,
	  "address, max: bytes before the NUL; max when there is none" },
	{ "cstring_word", VALUE_INT, "iit", true, call_cstring_word,
	  "address, max, word: where it stands among those of a string, by its start when it ends in '='; max when nowhere" },
	{ "checksum8", VALUE_INT, "ii", true, call_checksum8,
	  "address, len: sum of the bytes modulo 256" },
	{ "crc32", VALUE_INT, "ii", true, call_crc32, "address, len: CRC-32 as in IEEE 802.3" },
	{ "crc32_zeroed", VALUE_INT, "iii", true, call_crc32_zeroed,
	  "address, len, offset: the same with the four bytes at that offset taken as 0" },
	{ "cmdline_has", VALUE_BOOL, "t", true, call_cmdline_has,
	  "word: the command line in memory has it" },
	{ "gdt_base", VALUE_INT, "i", true, call_gdt_base, "selector: its descriptor's base" },
	{ "gdt_limit", VALUE_INT, "i", true, call_gdt_limit, "selector: its limit in bytes" },
	{ "gdt_attr", VALUE_INT, "i", true, call_gdt_attr,
	  "selector: its attributes, placed as cs.attr" },
};

const size_t memory_function_count = ARRAY_SIZE(memory_functions);
