/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What led to a stop, for people: the last blocks disassembled, the page walk of the fault. */
#include "tools/stop_detail.h"

#include <inttypes.h>
#include <stdio.h>

#include "emu/disasm.h"
#include "emu/paging.h"
#include "tools/code.h"

#define INSTRUCTION_MAX 15u /* SDM 2A 2.3.11 */
#define BLOCK_LINES_MAX 24u
#define STACK_WORDS     512u
#define STACK_LINES_MAX 24u

struct detail {
	struct cpu_state cpu;
	struct mem_reader mem;
	const struct code_map *code;
	const struct image_symbols *symbols;
	struct buf *out;
};

/* " <startup_64+0x1c6>" for code of the image's, else nothing. */
static void put_symbol(const struct detail *d, gva_t pc)
{
	struct code_place place;
	char text[SYMBOL_TEXT_SIZE];

	if (code_map_fetch(d->code, &d->cpu, &d->mem, pc, &place))
		buf_printf(d->out, " <%s>",
			   code_place_describe(&place, d->symbols, text, sizeof(text)));
}

static void block_listing(const struct detail *d, gva_t pc, uint32_t size, unsigned bits)
{
	uint8_t code[INSTRUCTION_MAX];
	gva_t end = pc + size;

	for (unsigned lines = 0; pc < end; lines++) {
		size_t len = code_read(&d->cpu, &d->mem, pc, code, sizeof(code));
		char text[128];
		size_t n;

		if (!len) {
			buf_printf(d->out, "      0x%" PRIx64 ": not mapped now\n", pc);
			return;
		}
		if (lines == BLOCK_LINES_MAX) {
			buf_printf(d->out, "      ... %" PRIu64 " more bytes\n", end - pc);
			return;
		}
		n = disasm_line(code, len, pc, bits, text, sizeof(text));
		buf_printf(d->out, "      0x%" PRIx64 ":  %s\n", pc, n ? text : "(bad)");
		if (!n)
			return;
		pc += n;
	}
}

static bool same_block(const struct block_record *a, const struct block_record *b)
{
	return a->pc == b->pc && a->bits == b->bits;
}

static bool listed_before(const struct block_record *blocks, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (same_block(&blocks[k], &blocks[i]))
			return true;
	}
	return false;
}

static void last_blocks(const struct detail *d, struct machine *m)
{
	struct block_record blocks[MACHINE_LAST_BLOCKS];
	size_t count = machine_last_blocks(m, blocks), times;

	if (!count)
		return;
	buf_printf(d->out, "  last %zu blocks, oldest first, as memory holds them now:\n", count);
	for (size_t i = 0; i < count; i += times) {
		bool again = listed_before(blocks, i);

		for (times = 1; i + times < count && same_block(&blocks[i], &blocks[i + times]);)
			times++;
		buf_printf(d->out, "    block 0x%" PRIx64, blocks[i].pc);
		put_symbol(d, blocks[i].pc);
		buf_printf(d->out, ", %u bytes, %u-bit", blocks[i].size, blocks[i].bits);
		if (times > 1)
			buf_printf(d->out, ", %zu times", times);
		buf_printf(d->out, "%s\n", again ? ", as above" : "");
		if (!again)
			block_listing(d, blocks[i].pc, blocks[i].size, blocks[i].bits);
	}
}

static void next_instruction(const struct detail *d, gva_t pc)
{
	unsigned bits = cpu_code_bits(&d->cpu);
	uint8_t code[INSTRUCTION_MAX];
	char text[128];
	size_t len = code_read(&d->cpu, &d->mem, pc, code, sizeof(code));

	buf_printf(d->out, "  at 0x%" PRIx64, pc);
	put_symbol(d, pc);
	if (len && disasm_line(code, len, pc, bits, text, sizeof(text)))
		buf_printf(d->out, ":  %s\n", text);
	else
		buf_printf(d->out, ":  %s\n", len ? "no instruction" : "nothing can be read there");
}

static void walk_listing(const struct detail *d, gva_t va)
{
	static const char *const levels[] = { "", "PTE", "PDE", "PDPTE", "PML4E", "PML5E" };
	struct page_walk walk;

	page_walk(&d->cpu, &d->mem, va, &walk);
	buf_printf(d->out, "  page walk of 0x%" PRIx64 " (%s):\n", va,
		   paging_mode_names[walk.mode]);
	for (unsigned i = 0; i < walk.steps; i++) {
		const struct walk_step *s = &walk.step[i];

		buf_printf(d->out, "    %-5s at 0x%" PRIx64 ": ", levels[s->level], s->address);
		if (s->readable)
			buf_printf(d->out, "0x%016" PRIx64 "%s%s%s%s%s\n", s->entry,
				   s->entry & PTE_P ? " present" : " not present",
				   s->entry & PTE_RW ? " writable" : "",
				   s->entry & PTE_US ? " user" : "",
				   s->level > 1 && s->entry & PTE_PS ? " large" : "",
				   s->entry & PTE_NX ? " no-execute" : "");
		else
			buf_puts(d->out, "no memory\n");
	}
	if (walk.present)
		buf_printf(d->out, "    maps to 0x%" PRIx64 "\n", walk.gpa);
	else
		buf_printf(d->out, "    not mapped%s\n",
			   walk.reserved_bits ? ": a reserved bit is set" : "");
}

char *stop_symbol(struct machine *m, const struct stop *stop, const struct code_map *code,
		  const struct image_symbols *symbols, char *text, size_t size)
{
	struct block_record blocks[MACHINE_LAST_BLOCKS];
	struct mem_reader mem = machine_reader(m);
	struct code_place place;
	struct cpu_state cpu;
	char name[SYMBOL_TEXT_SIZE];

	machine_cpu_get(m, &cpu);
	text[0] = '\0';
	if (code_map_fetch(code, &cpu, &mem, stop->pc, &place))
		return code_place_describe(&place, symbols, text, size);
	for (size_t i = machine_last_blocks(m, blocks); i--;) {
		if (!code_map_fetch(code, &cpu, &mem, blocks[i].pc, &place))
			continue;
		code_place_describe(&place, symbols, name, sizeof(name));
		snprintf(text, size, "after %.*s", (int)size - 7, name);
		break;
	}
	return text;
}

/* Does a CALL end right before @pc? */
static bool follows_call(const struct detail *d, gva_t pc)
{
	uint8_t code[7];

	if (code_read(&d->cpu, &d->mem, pc - sizeof(code), code, sizeof(code)) < sizeof(code))
		return false;
	/* CALL rel32 is E8 and four bytes; CALL r/m64 is FF /2, two to seven bytes (SDM 2A, CALL). */
	if (code[2] == 0xe8)
		return true;
	for (size_t len = 2; len <= sizeof(code); len++) {
		if (code[sizeof(code) - len] == 0xff &&
		    (code[sizeof(code) - len + 1] >> 3 & 7) == 2)
			return true;
	}
	return false;
}

/* Words on the stack that point into the image, right behind a CALL. */
static void stack_listing(const struct detail *d)
{
	unsigned size = cpu_code_bits(&d->cpu) / 8, shown = 0;
	gva_t at = d->cpu.gpr[GPR_RSP];

	if (size < 4)
		return;
	for (unsigned i = 0; i < STACK_WORDS && shown < STACK_LINES_MAX; i++, at += size) {
		uint8_t word[8] = { 0 };
		struct code_place place;
		gva_t pc;

		if (code_read(&d->cpu, &d->mem, at, word, size) < size)
			return;
		pc = get_le64(word);
		if (!code_map_fetch(d->code, &d->cpu, &d->mem, pc, &place) ||
		    place.stage == STAGE_SETUP || !follows_call(d, pc))
			continue;
		if (!shown++)
			buf_puts(d->out, "  on the stack, what may be return addresses:\n");
		buf_printf(d->out, "    0x%" PRIx64 ": 0x%" PRIx64, at, pc);
		put_symbol(d, pc);
		buf_puts(d->out, "\n");
	}
}

void stop_detail(struct machine *m, const struct stop *stop, const struct code_map *code,
		 const struct image_symbols *symbols, struct buf *out)
{
	struct detail d = {
		.mem = machine_reader(m),
		.code = code,
		.symbols = symbols,
		.out = out,
	};

	machine_cpu_get(m, &d.cpu);
	next_instruction(&d, stop->pc);
	if (stop->has_fault_address)
		walk_listing(&d, stop->fault_address);
	stack_listing(&d);
	last_blocks(&d, m);
}
