/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions that the machine stops before: found in new blocks, planted, counted; traps and breakpoints. */
#include "emu/machine_impl.h"

#include <errno.h>
#include <stdlib.h>

static size_t set_lower(const struct address_set *s, gva_t pc)
{
	size_t lo = 0, hi = s->count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->items[mid] < pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool set_has(const struct address_set *s, gva_t pc)
{
	size_t i = set_lower(s, pc);

	return i < s->count && s->items[i] == pc;
}

static int set_add(struct address_set *s, gva_t pc)
{
	size_t i = set_lower(s, pc);

	if (s->count == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		gva_t *items = realloc(s->items, cap * sizeof(*items));

		if (!items)
			return -ENOMEM;
		s->items = items;
		s->cap = cap;
	}
	memmove(s->items + i + 1, s->items + i, (s->count - i) * sizeof(*s->items));
	s->items[i] = pc;
	s->count++;
	return 0;
}

/* True when it was not planted before: then every translation that holds it must go. */
bool plant_at(struct machine *m, const struct cpu_state *cpu, gva_t pc)
{
	struct page_walk w;

	if (set_has(&m->planted, pc))
		return false;
	if (set_add(&m->planted, pc) || engine_plant(m->engine, pc)) {
		m->out_of_memory = true;
		return false;
	}
	if (machine_walk(m, cpu, pc, &w))
		engine_forget_phys(m->engine, w.gpa, 1);
	return true;
}

int machine_break_add(struct machine *m, gva_t pc)
{
	struct cpu_state cpu;

	if (m->break_count == BREAKS_MAX)
		return -ENOSPC;
	engine_get(m->engine, &cpu);
	m->breaks[m->break_count++] = pc;
	plant_at(m, &cpu, pc);
	return 0;
}

void machine_break_remove(struct machine *m, gva_t pc)
{
	for (unsigned i = 0; i < m->break_count; i++) {
		if (m->breaks[i] == pc) {
			m->breaks[i] = m->breaks[--m->break_count];
			return;
		}
	}
}

int machine_break_add_gpa(struct machine *m, gpa_t gpa)
{
	if (m->break_gpa_count == BREAKS_MAX)
		return -ENOSPC;
	m->breaks_gpa[m->break_gpa_count++] = gpa;
	/* Code that was translated before does not know of it. */
	engine_forget_phys(m->engine, gpa, 1);
	return 0;
}

void machine_break_remove_gpa(struct machine *m, gpa_t gpa)
{
	for (unsigned i = 0; i < m->break_gpa_count; i++) {
		if (m->breaks_gpa[i] == gpa) {
			m->breaks_gpa[i] = m->breaks_gpa[--m->break_gpa_count];
			return;
		}
	}
}

static bool break_at_gpa(const struct machine *m, gpa_t gpa)
{
	for (unsigned i = 0; i < m->break_gpa_count; i++) {
		if (m->breaks_gpa[i] == gpa)
			return true;
	}
	return false;
}

const struct trap *trap_find(const struct machine *m, gpa_t gpa)
{
	for (unsigned i = 0; i < m->trap_count; i++) {
		if (m->traps[i].gpa == gpa)
			return &m->traps[i];
	}
	return NULL;
}

bool break_at(struct machine *m, gva_t pc)
{
	struct cpu_state cpu;
	struct page_walk w;

	for (unsigned i = 0; i < m->break_count; i++) {
		if (m->breaks[i] == pc)
			return true;
	}
	if (!m->break_gpa_count)
		return false;
	engine_get(m->engine, &cpu);
	return machine_walk(m, &cpu, pc, &w) && break_at_gpa(m, w.gpa);
}

/* Bytes of a block for decoding: at most a page and an instruction. */
struct code {
	uint8_t bytes[4096 + 16];
	size_t len;
};

static void code_read(struct machine *m, const struct cpu_state *cpu, gva_t pc, uint32_t size,
		      struct code *code)
{
	code->len = size < sizeof(code->bytes) ? size : sizeof(code->bytes);
	if (!machine_read_va(m, cpu, pc, code->bytes, code->len))
		code->len = 0;
}

/* Linear address after @n instructions from @pc, within @size bytes. */
gva_t code_skip(struct machine *m, const struct cpu_state *cpu, gva_t pc, uint32_t size, uint64_t n)
{
	struct code code;
	size_t off = 0;

	code_read(m, cpu, pc, size, &code);
	while (n-- && off < code.len) {
		struct insn in;

		if (!insn_decode(code.bytes + off, code.len - off, cpu_code_bits(cpu), &in))
			break;
		off += in.length;
	}
	return pc + off;
}

unsigned code_count(struct machine *m, gva_t pc, uint32_t size)
{
	struct cpu_state cpu;
	struct code code;
	unsigned n = 0;

	engine_get(m->engine, &cpu);
	code_read(m, &cpu, pc, size, &code);
	for (size_t off = 0; off < code.len;) {
		struct insn in;

		n++;
		if (!insn_decode(code.bytes + off, code.len - off, cpu_code_bits(&cpu), &in))
			break;
		off += in.length;
	}
	return n ? n : 1;
}

/* Instructions of the running block that lie before @pc. */
unsigned code_before(struct machine *m, gva_t pc)
{
	gva_t start;
	uint32_t size;
	unsigned insns;

	engine_block(m->engine, &start, &size, &insns);
	if (pc - start >= size || pc == start)
		return 0;
	return code_count(m, start, (uint32_t)(pc - start));
}

bool machine_decode_at(struct machine *m, const struct cpu_state *cpu, gva_t pc, struct insn *ret)
{
	uint8_t bytes[16];
	size_t len = sizeof(bytes);

	/* The last instruction before an unmapped page has fewer bytes. */
	if (!machine_read_va(m, cpu, pc, bytes, len)) {
		len = GUEST_PAGE_SIZE - pc % GUEST_PAGE_SIZE;
		if (len > sizeof(bytes) || !machine_read_va(m, cpu, pc, bytes, len))
			return false;
	}
	return insn_decode(bytes, len, cpu_code_bits(cpu), ret);
}

/* Plant what must be intercepted in a block; true when the block must be translated anew. */
bool plant_block(struct machine *m, const struct cpu_state *cpu, gva_t pc, gpa_t gpa, uint32_t size)
{
	bool traps = false, planted = false;
	struct code code;

	for (unsigned i = 0; i < m->trap_count; i++)
		traps |= m->traps[i].gpa - gpa < size;
	for (unsigned i = 0; i < m->break_gpa_count; i++)
		traps |= m->breaks_gpa[i] - gpa < size;
	code_read(m, cpu, pc, size, &code);
	for (size_t off = 0; off < code.len;) {
		struct insn in;

		if (!insn_decode(code.bytes + off, code.len - off, cpu_code_bits(cpu), &in))
			break;
		if (in.cls != INSN_PLAIN ||
		    (traps && (trap_find(m, gpa + off) || break_at_gpa(m, gpa + off))))
			planted |= plant_at(m, cpu, pc + off);
		off += in.length;
	}
	return planted;
}
