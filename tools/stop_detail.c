/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What led to a stop, for people: the last blocks disassembled, the page walk of the fault. */
#include "tools/stop_detail.h"

#include <inttypes.h>

#include "emu/disasm.h"
#include "emu/paging.h"
#include "tools/code.h"

#define INSTRUCTION_MAX 15u /* SDM 2A 2.3.11 */
#define BLOCK_LINES_MAX 24u

struct detail {
	struct cpu_state cpu;
	struct mem_reader mem;
	struct buf *out;
};

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

static bool listed_before(const struct block_record *blocks, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (blocks[k].pc == blocks[i].pc && blocks[k].bits == blocks[i].bits)
			return true;
	}
	return false;
}

static void last_blocks(const struct detail *d, struct machine *m)
{
	struct block_record blocks[MACHINE_LAST_BLOCKS];
	size_t count = machine_last_blocks(m, blocks);

	if (!count)
		return;
	buf_printf(d->out, "  last %zu blocks, oldest first, as memory holds them now:\n", count);
	for (size_t i = 0; i < count; i++) {
		bool again = listed_before(blocks, i);

		buf_printf(d->out, "    block 0x%" PRIx64 ", %u bytes, %u-bit%s\n", blocks[i].pc,
			   blocks[i].size, blocks[i].bits, again ? ", as above" : "");
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

	if (len && disasm_line(code, len, pc, bits, text, sizeof(text)))
		buf_printf(d->out, "  at 0x%" PRIx64 ":  %s\n", pc, text);
	else
		buf_printf(d->out, "  at 0x%" PRIx64 ":  %s\n", pc,
			   len ? "no instruction" : "nothing can be read there");
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

void stop_detail(struct machine *m, const struct stop *stop, struct buf *out)
{
	struct detail d = { .mem = machine_reader(m), .out = out };

	machine_cpu_get(m, &d.cpu);
	next_instruction(&d, stop->pc);
	if (stop->has_fault_address)
		walk_listing(&d, stop->fault_address);
	last_blocks(&d, m);
}
