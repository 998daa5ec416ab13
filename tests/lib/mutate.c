/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mutations: a weighted table of functions that each change one thing. */
#include "tests/lib/mutate.h"

#include <inttypes.h>

#include "loaders/bootparam.h"

struct change {
	const struct mutator *m;
	struct rng *rng;
	struct buf *out;  /* the image so far */
	struct buf *what; /* NULL: nobody wants to know */
};

static void say(struct change *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct change *c, const char *fmt, ...)
{
	va_list ap;

	if (!c->what)
		return;
	if (c->what->len)
		buf_puts(c->what, "; ");
	va_start(ap, fmt);
	buf_vprintf(c->what, fmt, ap);
	va_end(ap);
}

static uint64_t get(const struct change *c, uint64_t at, unsigned width)
{
	uint8_t bytes[8] = { 0 };

	if (at + width <= c->out->len)
		memcpy(bytes, c->out->data + at, width);
	return get_le64(bytes);
}

static void put(struct change *c, uint64_t at, unsigned width, uint64_t value)
{
	uint8_t bytes[8];

	put_le64(bytes, value);
	if (at + width <= c->out->len)
		memcpy(c->out->data + at, bytes, width);
}

/* What breaks code that reads a field: its edges, and what lies close to its present value. */
static uint64_t value_near(struct rng *rng, uint64_t now, unsigned width)
{
	const uint64_t max = width == 8 ? UINT64_MAX : BIT64(width * 8) - 1;
	uint64_t v;

	switch (rng_below(rng, 12)) {
	case 0: v = 0; break;
	case 1: v = max; break;
	case 2: v = max - rng_below(rng, 16); break;
	case 3: v = max / 2 + rng_below(rng, 2); break;
	case 4: v = now + 1; break;
	case 5: v = now - 1; break;
	case 6: v = now * 2; break;
	case 7: v = now / 2; break;
	case 8: v = now ^ BIT64(rng_below(rng, width * 8)); break;
	case 9: v = BIT64(rng_below(rng, width * 8)); break;
	case 10: v = now + (rng_below(rng, 2) ? 0x1000 : -0x1000ull); break;
	default: v = rng_u64(rng); break;
	}
	return v & max;
}

static void change_value(struct change *c, const char *name, uint64_t at, unsigned width)
{
	uint64_t now = get(c, at, width), v = value_near(c->rng, now, width);

	put(c, at, width, v);
	say(c, "%s 0x%" PRIx64 " -> 0x%" PRIx64, name, now, v);
}

/* --- the setup header --- */

static void change_header_field(struct change *c)
{
	const struct bp_field_info *f;

	do {
		f = &bp_fields[rng_below(c->rng, BP_FIELD_COUNT)];
	} while (!f->since);
	change_value(c, f->name, f->offset, f->width);
}

/* Those that decide where things go. */
static void change_placement_field(struct change *c)
{
	static const enum bp_field fields[] = {
		BP_HDR_KERNEL_ALIGNMENT, BP_HDR_MIN_ALIGNMENT,      BP_HDR_PREF_ADDRESS,
		BP_HDR_INIT_SIZE,        BP_HDR_INITRD_ADDR_MAX,    BP_HDR_CODE32_START,
		BP_HDR_CMDLINE_SIZE,     BP_HDR_RELOCATABLE_KERNEL,
	};
	const struct bp_field_info *f = &bp_fields[fields[rng_below(c->rng, ARRAY_SIZE(fields))]];

	change_value(c, f->name, f->offset, f->width);
}

static void change_flags(struct change *c)
{
	static const enum bp_field fields[] = { BP_HDR_XLOADFLAGS, BP_HDR_LOADFLAGS };
	const struct bp_field_info *f = &bp_fields[fields[rng_below(c->rng, ARRAY_SIZE(fields))]];
	unsigned bit = (unsigned)rng_below(c->rng, f->width * 8u);

	put(c, f->offset, f->width, get(c, f->offset, f->width) ^ BIT64(bit));
	say(c, "%s bit %u", f->name, bit);
}

static void change_sizes(struct change *c)
{
	static const enum bp_field fields[] = {
		BP_HDR_PAYLOAD_OFFSET, BP_HDR_PAYLOAD_LENGTH,     BP_HDR_SYSSIZE,
		BP_HDR_SETUP_SECTS,    BP_HDR_KERNEL_INFO_OFFSET, BP_HDR_HANDOVER_OFFSET,
		BP_HDR_KERNEL_VERSION
	};
	const struct bp_field_info *f = &bp_fields[fields[rng_below(c->rng, ARRAY_SIZE(fields))]];

	change_value(c, f->name, f->offset, f->width);
}

static void change_kernel_info(struct change *c)
{
	uint64_t field = rng_below(c->rng, 4) * 4;

	say(c, "kernel_info+%" PRIu64 ":", field);
	change_value(c, "", c->m->kernel_info + field, 4);
}

/* --- the payload's ELF: Elf64_Ehdr, Elf64_Phdr, notes --- */

struct elf_field {
	const char *name;
	uint8_t offset, width;
};

static const struct elf_field ehdr_fields[] = {
	{ "e_ident", 4, 1 },        { "e_ident", 5, 1 },      { "e_type", 0x10, 2 },
	{ "e_machine", 0x12, 2 },   { "e_version", 0x14, 4 }, { "e_entry", 0x18, 8 },
	{ "e_phoff", 0x20, 8 },     { "e_shoff", 0x28, 8 },   { "e_ehsize", 0x34, 2 },
	{ "e_phentsize", 0x36, 2 }, { "e_phnum", 0x38, 2 },   { "e_shnum", 0x3c, 2 },
};

static const struct elf_field phdr_fields[] = {
	{ "p_type", 0, 4 },     { "p_flags", 4, 4 },    { "p_offset", 8, 8 },
	{ "p_vaddr", 0x10, 8 }, { "p_paddr", 0x18, 8 }, { "p_filesz", 0x20, 8 },
	{ "p_memsz", 0x28, 8 }, { "p_align", 0x30, 8 },
};

#define EHDR_SIZE 64u
#define PHDR_SIZE 56u

static void change_ehdr(struct change *c)
{
	const struct elf_field *f = &ehdr_fields[rng_below(c->rng, ARRAY_SIZE(ehdr_fields))];

	change_value(c, f->name, c->m->payload + f->offset, f->width);
}

static void change_phdr(struct change *c)
{
	const struct elf_field *f = &phdr_fields[rng_below(c->rng, ARRAY_SIZE(phdr_fields))];
	uint64_t n = get(c, c->m->payload + 0x38, 2),
		 which = rng_below(c->rng, n && n < 16 ? n : 3);

	say(c, "segment %" PRIu64 ":", which);
	change_value(c, f->name, c->m->payload + EHDR_SIZE + which * PHDR_SIZE + f->offset,
		     f->width);
}

/* The last segment is the notes. */
static void change_note(struct change *c)
{
	uint64_t n = get(c, c->m->payload + 0x38, 2);
	uint64_t phdr = c->m->payload + EHDR_SIZE + (n ? n - 1 : 0) * PHDR_SIZE;
	uint64_t at = c->m->payload + get(c, phdr + 8, 8) + rng_below(c->rng, 6) * 4;

	if (at + 4 > c->out->len)
		return;
	say(c, "note at 0x%" PRIx64 ":", at);
	change_value(c, "", at, 4);
}

/* --- code --- */

struct area {
	const char *name;
	uint64_t start, size;
};

static struct area pick_code(struct change *c)
{
	const struct mutator *m = c->m;
	const struct area areas[] = {
		{ "setup code", 0x26c, 0x300 },
		{ "startup_32", m->setup_size, 0x100 },
		{ "startup_64", m->setup_size + 0x200, 0x280 },
		{ "kernel code", m->payload + 0x1000, 0x1c0 },
	};

	return areas[rng_below(c->rng, ARRAY_SIZE(areas))];
}

static void change_code_bytes(struct change *c)
{
	struct area a = pick_code(c);
	unsigned n = 1 + (unsigned)rng_below(c->rng, 8);
	uint64_t at = a.start + rng_below(c->rng, a.size);

	for (unsigned i = 0; i < n; i++)
		put(c, at + i, 1, rng_u64(c->rng));
	say(c, "%u random bytes in %s at 0x%" PRIx64, n, a.name, at);
}

static void change_code_bit(struct change *c)
{
	struct area a = pick_code(c);
	uint64_t at = a.start + rng_below(c->rng, a.size);
	unsigned bit = (unsigned)rng_below(c->rng, 8);

	put(c, at, 1, get(c, at, 1) ^ BIT(bit));
	say(c, "bit %u in %s at 0x%" PRIx64, bit, a.name, at);
}

/* Instructions that ask most of a machine; what they mean depends on the mode that runs them. */
static void change_instruction(struct change *c)
{
	static const struct {
		const char *text;
		uint8_t len, bytes[8];
	} list[] = {
		{ "hlt", 1, { 0xf4 } },
		{ "sti; hlt", 2, { 0xfb, 0xf4 } },
		{ "ud2", 2, { 0x0f, 0x0b } },
		{ "int3", 1, { 0xcc } },
		{ "int $0x80", 2, { 0xcd, 0x80 } },
		{ "jmp .", 2, { 0xeb, 0xfe } },
		{ "rep movsb", 2, { 0xf3, 0xa4 } },
		{ "rep stosl", 2, { 0xf3, 0xab } },
		{ "rep insb", 2, { 0xf3, 0x6c } },
		{ "rep outsl", 2, { 0xf3, 0x6f } },
		{ "lret", 1, { 0xcb } },
		{ "iret", 1, { 0xcf } },
		{ "lgdt (eax)", 3, { 0x0f, 0x01, 0x10 } },
		{ "lidt (eax)", 3, { 0x0f, 0x01, 0x18 } },
		{ "mov eax, cr0", 3, { 0x0f, 0x22, 0xc0 } },
		{ "mov eax, cr3", 3, { 0x0f, 0x22, 0xd8 } },
		{ "mov eax, cr4", 3, { 0x0f, 0x22, 0xe0 } },
		{ "mov eax, cr8", 4, { 0x44, 0x0f, 0x22, 0xc0 } },
		{ "mov eax, dr7", 3, { 0x0f, 0x23, 0xf8 } },
		{ "wrmsr", 2, { 0x0f, 0x30 } },
		{ "rdmsr", 2, { 0x0f, 0x32 } },
		{ "cpuid", 2, { 0x0f, 0xa2 } },
		{ "rdtsc", 2, { 0x0f, 0x31 } },
		{ "rdrand eax", 3, { 0x0f, 0xc7, 0xf0 } },
		{ "ltr ax", 3, { 0x0f, 0x00, 0xd8 } },
		{ "lldt ax", 3, { 0x0f, 0x00, 0xd0 } },
		{ "mov eax, ds", 2, { 0x8e, 0xd8 } },
		{ "mov eax, ss", 2, { 0x8e, 0xd0 } },
		{ "in dx, eax", 1, { 0xed } },
		{ "out eax, dx", 1, { 0xef } },
		{ "syscall", 2, { 0x0f, 0x05 } },
		{ "sysret", 2, { 0x0f, 0x07 } },
		{ "sysenter", 2, { 0x0f, 0x34 } },
		{ "vmcall", 3, { 0x0f, 0x01, 0xc1 } },
		{ "vmmcall", 3, { 0x0f, 0x01, 0xd9 } },
		{ "swapgs", 3, { 0x0f, 0x01, 0xf8 } },
		{ "monitor", 3, { 0x0f, 0x01, 0xc8 } },
		{ "mwait", 3, { 0x0f, 0x01, 0xc9 } },
		{ "invlpg (eax)", 3, { 0x0f, 0x01, 0x38 } },
		{ "wbinvd", 2, { 0x0f, 0x09 } },
		{ "rsm", 2, { 0x0f, 0xaa } },
		{ "push 1", 2, { 0x6a, 0x01 } },
		{ "popf", 1, { 0x9d } },
		{ "fninit", 2, { 0xdb, 0xe3 } },
		{ "fwait", 1, { 0x9b } },
		{ "pxor xmm0, xmm0", 4, { 0x66, 0x0f, 0xef, 0xc0 } },
		{ "xgetbv", 3, { 0x0f, 0x01, 0xd0 } },
		{ "xsetbv", 3, { 0x0f, 0x01, 0xd1 } },
		{ "fxsave (eax)", 3, { 0x0f, 0xae, 0x00 } },
		{ "div eax", 2, { 0xf7, 0xf0 } },
	};
	size_t k = rng_below(c->rng, ARRAY_SIZE(list));
	struct area a = pick_code(c);
	uint64_t at = a.start + rng_below(c->rng, a.size);

	for (unsigned i = 0; i < list[k].len; i++)
		put(c, at + i, 1, list[k].bytes[i]);
	say(c, "%s in %s at 0x%" PRIx64, list[k].text, a.name, at);
}

/* --- the file as a whole --- */

static void change_bytes_anywhere(struct change *c)
{
	unsigned n = 1 + (unsigned)rng_below(c->rng, 16);
	uint64_t at = c->out->len ? rng_below(c->rng, c->out->len) : 0;

	for (unsigned i = 0; i < n; i++)
		put(c, at + i, 1, rng_u64(c->rng));
	say(c, "%u random bytes at 0x%" PRIx64, n, at);
}

static void change_length(struct change *c)
{
	uint8_t more[512];
	uint64_t n;

	if (rng_below(c->rng, 2)) {
		n = 1 + rng_below(c->rng, rng_below(c->rng, 2) ? 32 : c->out->len / 2 + 1);
		c->out->len -= n < c->out->len ? n : 0;
		say(c, "cut by 0x%" PRIx64, n);
		return;
	}
	n = 1 + rng_below(c->rng, sizeof(more));
	rng_fill(c->rng, more, n);
	buf_append(c->out, more, n);
	say(c, "0x%" PRIx64 " bytes more", n);
}

static void change_copy(struct change *c)
{
	uint64_t n = 1 + rng_below(c->rng, 256);
	uint64_t from, to;

	if (c->out->len <= n)
		return;
	from = rng_below(c->rng, c->out->len - n);
	to = rng_below(c->rng, c->out->len - n);
	memmove(c->out->data + to, c->out->data + from, n);
	say(c, "0x%" PRIx64 " bytes from 0x%" PRIx64 " to 0x%" PRIx64, n, from, to);
}

/* Weighted so that most mutants still enter the machine: the loaders refuse many a broken structure. */
static const struct {
	void (*change)(struct change *c);
	unsigned weight;
} changes[] = {
	{ change_header_field, 14 }, { change_placement_field, 12 },
	{ change_flags, 5 },         { change_sizes, 7 },
	{ change_kernel_info, 4 },   { change_ehdr, 6 },
	{ change_phdr, 8 },          { change_note, 4 },
	{ change_code_bytes, 12 },   { change_code_bit, 12 },
	{ change_instruction, 14 },  { change_bytes_anywhere, 4 },
	{ change_length, 2 },        { change_copy, 3 },
};

static void change_one(struct change *c)
{
	uint64_t sum = 0, pick;

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		sum += changes[i].weight;
	pick = rng_below(c->rng, sum);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		if (pick < changes[i].weight) {
			changes[i].change(c);
			return;
		}
		pick -= changes[i].weight;
	}
}

void mutate(const struct mutator *m, struct rng *rng, struct buf *out, struct buf *what)
{
	struct change c = { .m = m, .rng = rng, .out = out, .what = what };
	unsigned left = 3;

	buf_append(out, m->base.data, m->base.len);
	if (out->failed)
		return;
	do {
		change_one(&c);
	} while (--left && rng_below(rng, 3) == 0);
}

bool mutator_init(struct mutator *m, struct bytes base)
{
	uint8_t sects;
	uint32_t payload, size, info;
	struct bytes elf;

	*m = (struct mutator){ .base = base };
	if (!bytes_u8(base, bp_fields[BP_HDR_SETUP_SECTS].offset, &sects) ||
	    !bytes_le32(base, bp_fields[BP_HDR_PAYLOAD_OFFSET].offset, &payload) ||
	    !bytes_le32(base, bp_fields[BP_HDR_PAYLOAD_LENGTH].offset, &size) ||
	    !bytes_le32(base, bp_fields[BP_HDR_KERNEL_INFO_OFFSET].offset, &info))
		return false;
	m->setup_size = (sects + 1u) * 512;
	m->payload = m->setup_size + payload;
	m->payload_size = size;
	m->kernel_info = m->setup_size + info;
	return bytes_slice(base, m->payload, m->payload_size, &elf) && elf.len > 4 &&
	       !memcmp(elf.data, "\177ELF", 4);
}
