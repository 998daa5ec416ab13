/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions and interrupts through the guest's own IDT or IVT, #DF and triple fault included (SDM 3A chapter 6). */
#include "emu/machine_impl.h"

/* A fault met while delivering another one. */
struct nested {
	unsigned vector;
	uint32_t error_code;
	bool has_address;
	gva_t address; /* CR2, for #PF */
};

static const char *const vector_names[32] = {
	[VECTOR_DE] = "#DE", [VECTOR_DB] = "#DB", [VECTOR_NMI] = "NMI", [VECTOR_BP] = "#BP",
	[VECTOR_OF] = "#OF", [VECTOR_BR] = "#BR", [VECTOR_UD] = "#UD",  [VECTOR_NM] = "#NM",
	[VECTOR_DF] = "#DF", [VECTOR_TS] = "#TS", [VECTOR_NP] = "#NP",  [VECTOR_SS] = "#SS",
	[VECTOR_GP] = "#GP", [VECTOR_PF] = "#PF", [VECTOR_MF] = "#MF",  [VECTOR_AC] = "#AC",
	[VECTOR_MC] = "#MC", [VECTOR_XM] = "#XM", [VECTOR_CP] = "#CP",
};

const char *vector_name(unsigned vector)
{
	return vector < ARRAY_SIZE(vector_names) && vector_names[vector] ? vector_names[vector] :
									   "interrupt";
}

/* SDM 3A table 6-1: vectors that push an error code. */
static bool pushes_error_code(unsigned vector, enum delivery how)
{
	if (how != DELIVER_FAULT)
		return false;
	return vector == VECTOR_DF || (vector >= VECTOR_TS && vector <= VECTOR_PF) ||
	       vector == VECTOR_AC || vector == VECTOR_CP;
}

static bool contributory(unsigned vector)
{
	return vector == VECTOR_DE || (vector >= VECTOR_TS && vector <= VECTOR_GP);
}

/* SDM 3A table 6-5: does @second, met while delivering @first, make a double fault? */
static bool makes_double_fault(unsigned first, unsigned second)
{
	if (contributory(first))
		return contributory(second);
	return first == VECTOR_PF && (contributory(second) || second == VECTOR_PF);
}

static bool fail(struct nested *n, unsigned vector, uint32_t error_code)
{
	*n = (struct nested){ .vector = vector, .error_code = error_code };
	return false;
}

static bool fail_page(struct nested *n, gva_t address, bool write)
{
	*n = (struct nested){ .vector = VECTOR_PF,
			      .error_code = write ? PF_ERR_W : 0,
			      .has_address = true,
			      .address = address };
	return false;
}

static void descriptor_unpack(const uint8_t raw[8], uint16_t selector, struct segment *seg)
{
	uint32_t lo = get_le32(raw), hi = get_le32(raw + 4);
	uint32_t limit = (lo & 0xffff) | (hi & 0xf0000);

	*seg = (struct segment){
		.selector = selector,
		.base = (lo >> 16) | (hi & 0xff) << 16 | (hi & 0xff000000),
		.limit = (hi & DESC_G) ? limit << 12 | 0xfff : limit,
		.attr = hi & DESC_ATTR_MASK,
	};
}

/* The descriptor of @selector from GDT or LDT. */
static bool descriptor_load(struct machine *m, const struct cpu_state *cpu, uint16_t selector,
			    uint32_t ext, unsigned bad_vector, struct segment *ret,
			    struct nested *n)
{
	bool local = selector & 4;
	gva_t base = local ? cpu->seg[SEG_LDTR].base : cpu->gdtr.base;
	uint32_t limit = local ? cpu->seg[SEG_LDTR].limit : cpu->gdtr.limit;
	uint32_t error_code = (selector & 0xfffcu) | ext;
	uint8_t raw[8];

	if ((selector & ~7u) + 7 > limit)
		return fail(n, bad_vector, error_code);
	if (!machine_read_va(m, cpu, base + (selector & ~7u), raw, sizeof(raw)))
		return fail_page(n, base + (selector & ~7u), false);
	descriptor_unpack(raw, selector, ret);
	return true;
}

static bool real_deliver(struct machine *m, struct cpu_state *cpu, unsigned vector,
			 struct nested *n)
{
	struct segment *ss = &cpu->seg[SEG_SS], *cs = &cpu->seg[SEG_CS];
	uint16_t sp = (uint16_t)cpu->gpr[GPR_RSP];
	uint8_t entry[4];
	uint16_t frame[3] = { (uint16_t)cpu->rip, cs->selector, (uint16_t)cpu->rflags };

	if (vector * 4 + 3 > cpu->idtr.limit)
		return fail(n, VECTOR_GP, vector * 8 + 2);
	if (!machine_read_va(m, cpu, (uint32_t)(cpu->idtr.base + vector * 4), entry, sizeof(entry)))
		return fail(n, VECTOR_GP, vector * 8 + 2);
	for (int i = 2; i >= 0; i--) {
		uint8_t word[2];
		gva_t bad;

		sp = (uint16_t)(sp - 2);
		put_le16(word, frame[i]);
		if (!machine_write_va(m, cpu, (uint32_t)(ss->base + sp), word, 2, &bad))
			return fail(n, VECTOR_SS, 0);
	}
	cpu->gpr[GPR_RSP] = (cpu->gpr[GPR_RSP] & ~0xffffull) | sp;
	cpu->rip = get_le16(entry);
	cs->selector = get_le16(entry + 2);
	cs->base = (uint32_t)cs->selector << 4;
	cpu->rflags &= ~(EFLAGS_IF | EFLAGS_TF | EFLAGS_AC | EFLAGS_RF);
	return true;
}

struct gate {
	uint16_t selector;
	uint64_t offset;
	unsigned type;
	unsigned dpl;
	unsigned ist;
};

static bool gate_load(struct machine *m, const struct cpu_state *cpu, unsigned vector,
		      enum delivery how, struct gate *g, struct nested *n)
{
	bool lm = cpu_in_long_mode(cpu);
	unsigned size = lm ? 16 : 8;
	uint32_t error_code = vector * 8 + 2 + (how == DELIVER_SOFT ? 0 : 1);
	uint8_t raw[16] = { 0 };

	if (vector * size + size - 1 > cpu->idtr.limit)
		return fail(n, VECTOR_GP, error_code);
	if (!machine_read_va(m, cpu, cpu->idtr.base + vector * size, raw, size))
		return fail_page(n, cpu->idtr.base + vector * size, false);
	*g = (struct gate){
		.selector = get_le16(raw + 2),
		.offset = get_le16(raw) | (uint64_t)get_le16(raw + 6) << 16 |
			  (lm ? (uint64_t)get_le32(raw + 8) << 32 : 0),
		.type = raw[5] & 0x1f,
		.dpl = raw[5] >> 5 & 3,
		.ist = lm ? raw[4] & 7 : 0,
	};
	if (g->type != DESC_TYPE_INT && g->type != DESC_TYPE_TRAP &&
	    (lm || (g->type != DESC_TYPE_INT16 && g->type != DESC_TYPE_TRAP16 &&
		    g->type != DESC_TYPE_TASK_GATE)))
		return fail(n, VECTOR_GP, error_code);
	if (how == DELIVER_SOFT && g->dpl < cpu_cpl(cpu))
		return fail(n, VECTOR_GP, error_code);
	if (!(raw[5] & 0x80))
		return fail(n, VECTOR_NP, error_code);
	return true;
}

/* The handler's code segment; *ret_cpl is the privilege it runs at. */
static bool handler_segment(struct machine *m, const struct cpu_state *cpu, const struct gate *g,
			    uint32_t ext, struct segment *cs, unsigned *ret_cpl, struct nested *n)
{
	unsigned cpl = cpu_cpl(cpu), dpl;
	uint32_t error_code = (g->selector & 0xfffcu) | ext;

	if (!(g->selector & 0xfffc))
		return fail(n, VECTOR_GP, ext);
	if (!descriptor_load(m, cpu, g->selector, ext, VECTOR_GP, cs, n))
		return false;
	dpl = cs->attr >> DESC_DPL_SHIFT & 3;
	if ((cs->attr & (DESC_S | DESC_CODE)) != (DESC_S | DESC_CODE) || dpl > cpl)
		return fail(n, VECTOR_GP, error_code);
	if (!(cs->attr & DESC_P))
		return fail(n, VECTOR_NP, error_code);
	/* SDM 3A 6.14.1: in IA-32e mode the handler must be 64-bit code. */
	if (cpu_in_long_mode(cpu) && (!(cs->attr & DESC_L) || (cs->attr & DESC_DB)))
		return fail(n, VECTOR_GP, error_code);
	*ret_cpl = (cs->attr & DESC_EC) ? cpl : dpl;
	cs->selector = (uint16_t)((g->selector & ~3u) | *ret_cpl);
	return true;
}

/* RSP from the TSS, SDM 3A 7.7: IST slots 1-7 at 36, RSP0-2 at 4. */
static bool tss64_stack(struct machine *m, const struct cpu_state *cpu, unsigned slot_offset,
			uint64_t *ret_rsp, struct nested *n)
{
	const struct segment *tr = &cpu->seg[SEG_TR];
	uint8_t raw[8];

	if (slot_offset + 7 > tr->limit)
		return fail(n, VECTOR_TS, tr->selector & 0xfffcu);
	if (!machine_read_va(m, cpu, tr->base + slot_offset, raw, sizeof(raw)))
		return fail_page(n, tr->base + slot_offset, false);
	*ret_rsp = get_le64(raw);
	return true;
}

static bool long_deliver(struct machine *m, struct cpu_state *cpu, unsigned vector,
			 uint32_t error_code, enum delivery how, const struct gate *g,
			 struct nested *n)
{
	uint32_t ext = how == DELIVER_SOFT ? 0 : 1;
	uint64_t rsp = cpu->gpr[GPR_RSP];
	uint8_t frame[48];
	unsigned cpl, bytes = 0;
	struct segment cs;
	gva_t bad;

	if (!handler_segment(m, cpu, g, ext, &cs, &cpl, n))
		return false;
	if (g->ist) {
		if (!tss64_stack(m, cpu, 36 + 8 * (g->ist - 1), &rsp, n))
			return false;
	} else if (cpl < cpu_cpl(cpu)) {
		if (!tss64_stack(m, cpu, 4 + 8 * cpl, &rsp, n))
			return false;
	}
	rsp &= ~15ull;
	if (pushes_error_code(vector, how)) {
		put_le64(frame, error_code);
		bytes = 8;
	}
	put_le64(frame + bytes, cpu->rip);
	put_le64(frame + bytes + 8, cpu->seg[SEG_CS].selector);
	put_le64(frame + bytes + 16, cpu->rflags);
	put_le64(frame + bytes + 24, cpu->gpr[GPR_RSP]);
	put_le64(frame + bytes + 32, cpu->seg[SEG_SS].selector);
	bytes += 40;
	rsp -= bytes;
	if (!machine_write_va(m, cpu, rsp, frame, bytes, &bad))
		return fail_page(n, bad, true);
	if (cpl < cpu_cpl(cpu))
		cpu->seg[SEG_SS] = (struct segment){ .selector = (uint16_t)cpl,
						     .attr = cpl << DESC_DPL_SHIFT };
	cpu->gpr[GPR_RSP] = rsp;
	cpu->seg[SEG_CS] = cs;
	cpu->seg[SEG_CS].base = 0; /* SDM 3A 3.4.4 */
	cpu->rip = g->offset;
	return true;
}

/* SS:ESP for privilege @cpl from a 32-bit TSS, SDM 3A 7.2.1. */
static bool tss32_stack(struct machine *m, const struct cpu_state *cpu, unsigned cpl, uint32_t ext,
			struct segment *ss, uint32_t *ret_esp, struct nested *n)
{
	const struct segment *tr = &cpu->seg[SEG_TR];
	uint8_t raw[8];
	uint16_t selector;

	if (4 + 8 * cpl + 5 > tr->limit)
		return fail(n, VECTOR_TS, (tr->selector & 0xfffcu) | ext);
	if (!machine_read_va(m, cpu, tr->base + 4 + 8 * cpl, raw, sizeof(raw)))
		return fail_page(n, tr->base + 4 + 8 * cpl, false);
	*ret_esp = get_le32(raw);
	selector = get_le16(raw + 4);
	if (!(selector & 0xfffc) || (selector & 3) != cpl)
		return fail(n, VECTOR_TS, (selector & 0xfffcu) | ext);
	if (!descriptor_load(m, cpu, selector, ext, VECTOR_TS, ss, n))
		return false;
	if ((ss->attr & (DESC_S | DESC_CODE | DESC_RW)) != (DESC_S | DESC_RW) ||
	    (ss->attr >> DESC_DPL_SHIFT & 3) != cpl)
		return fail(n, VECTOR_TS, (selector & 0xfffcu) | ext);
	if (!(ss->attr & DESC_P))
		return fail(n, VECTOR_SS, (selector & 0xfffcu) | ext);
	return true;
}

static bool protected_deliver(struct machine *m, struct cpu_state *cpu, unsigned vector,
			      uint32_t error_code, enum delivery how, const struct gate *g,
			      struct nested *n)
{
	uint32_t ext = how == DELIVER_SOFT ? 0 : 1;
	unsigned width = g->type == DESC_TYPE_INT || g->type == DESC_TYPE_TRAP ? 4 : 2;
	struct segment cs, ss = cpu->seg[SEG_SS];
	uint32_t esp = (uint32_t)cpu->gpr[GPR_RSP], mask;
	uint32_t values[6];
	unsigned cpl, count = 0;

	if (!handler_segment(m, cpu, g, ext, &cs, &cpl, n))
		return false;
	if (cpl < cpu_cpl(cpu)) {
		if (!tss32_stack(m, cpu, cpl, ext, &ss, &esp, n))
			return false;
		values[count++] = cpu->seg[SEG_SS].selector;
		values[count++] = (uint32_t)cpu->gpr[GPR_RSP];
	}
	values[count++] = (uint32_t)cpu->rflags;
	values[count++] = cpu->seg[SEG_CS].selector;
	values[count++] = (uint32_t)cpu->rip;
	if (pushes_error_code(vector, how))
		values[count++] = error_code;
	mask = (ss.attr & DESC_DB) ? UINT32_MAX : 0xffff;
	for (unsigned i = 0; i < count; i++) {
		uint8_t raw[4];
		gva_t bad;

		esp -= width;
		put_le32(raw, values[i]);
		if (!machine_write_va(m, cpu, (uint32_t)(ss.base + (esp & mask)), raw, width, &bad))
			return fail_page(n, bad, true);
	}
	cpu->seg[SEG_SS] = ss;
	cpu->gpr[GPR_RSP] = (cpu->gpr[GPR_RSP] & ~(uint64_t)mask) | (esp & mask);
	cpu->seg[SEG_CS] = cs;
	cpu->rip = width == 4 ? (uint32_t)g->offset : (uint16_t)g->offset;
	return true;
}

static bool deliver_once(struct machine *m, struct cpu_state *cpu, unsigned vector,
			 uint32_t error_code, enum delivery how, struct nested *n)
{
	struct cpu_state next = *cpu;
	struct gate g;
	bool ok;

	if (cpu_in_real_mode(cpu)) {
		ok = real_deliver(m, &next, vector, n);
		if (ok)
			*cpu = next;
		return ok;
	}
	if (!gate_load(m, cpu, vector, how, &g, n))
		return false;
	if (g.type == DESC_TYPE_TASK_GATE || (cpu->rflags & EFLAGS_VM)) {
		machine_stop(
			m, STOP_UNMODELLED,
			"%s %u goes through a task gate or leaves virtual-8086 mode, which is not modelled",
			vector_name(vector), vector);
		return true;
	}
	ok = cpu_in_long_mode(cpu) ? long_deliver(m, &next, vector, error_code, how, &g, n) :
				     protected_deliver(m, &next, vector, error_code, how, &g, n);
	if (!ok)
		return false;
	next.rflags &= ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM);
	if (g.type == DESC_TYPE_INT || g.type == DESC_TYPE_INT16)
		next.rflags &= ~EFLAGS_IF;
	*cpu = next;
	return true;
}

/* "#PF at 0x1000 (address 0x2000)", for the sentence of a stop. */
static void describe(char *out, size_t size, unsigned vector, gva_t pc, gva_t cr2)
{
	int n = snprintf(out, size, "%s at 0x%llx", vector_name(vector), (unsigned long long)pc);

	if (vector == VECTOR_PF)
		snprintf(out + n, size - (size_t)n, " (address 0x%llx)", (unsigned long long)cr2);
}

/* CR2 is set before a #PF is delivered. */
static void note_fault(struct machine *m, const struct cpu_state *cpu, unsigned vector,
		       uint32_t error_code, gva_t pc)
{
	machine_event(m, EVENT_EXCEPTION, EVENT_MODELLED, vector, error_code, pc);
	if (vector == VECTOR_PF)
		machine_event(m, EVENT_PAGE_FAULT, EVENT_MODELLED, cpu->cr2, error_code, pc);
}

static void deliver(struct machine *m, struct cpu_state *cpu, unsigned vector, uint32_t error_code,
		    enum delivery how)
{
	unsigned current = vector;
	gva_t pc = cpu_pc(cpu), cr2 = cpu->cr2;
	struct nested n;

	while (!deliver_once(m, cpu, current, error_code, how, &n)) {
		if (current == VECTOR_DF) {
			char first[96];

			describe(first, sizeof(first), vector, pc, cr2);
			machine_stop(
				m, STOP_TRIPLE_FAULT,
				"triple fault: %s could not be delivered (IDT at 0x%llx, limit 0x%x), nor could #DF",
				first, (unsigned long long)cpu->idtr.base, cpu->idtr.limit);
			m->stop.fault_address = vector == VECTOR_PF ? cpu->cr2 : 0;
			m->stop.has_fault_address = vector == VECTOR_PF;
			return;
		}
		/* The fault is the processor's, whatever began it. */
		if (n.has_address && !makes_double_fault(current, n.vector))
			cpu->cr2 = n.address;
		error_code = n.error_code;
		if (how == DELIVER_FAULT && makes_double_fault(current, n.vector)) {
			current = VECTOR_DF;
			error_code = 0;
		} else {
			current = n.vector;
		}
		how = DELIVER_FAULT;
		note_fault(m, cpu, current, error_code, pc);
	}
}

void interrupt_deliver(struct machine *m, struct cpu_state *cpu, unsigned vector,
		       uint32_t error_code, enum delivery how)
{
	if (how == DELIVER_HARDWARE)
		machine_event(m, EVENT_INTERRUPT, EVENT_MODELLED, vector, error_code, cpu_pc(cpu));
	else
		note_fault(m, cpu, vector, error_code, cpu_pc(cpu));
	deliver(m, cpu, vector, error_code, how);
}

bool interrupt_deliver_soft(struct machine *m, struct cpu_state *cpu, unsigned vector,
			    uint64_t next_ip)
{
	struct cpu_state next = *cpu;
	gva_t pc = cpu_pc(cpu);
	struct nested n;

	machine_event(m, EVENT_SOFT_INT, EVENT_MODELLED, vector, cpu->gpr[GPR_RAX], pc);
	next.rip = next_ip;
	if (deliver_once(m, &next, vector, 0, DELIVER_SOFT, &n)) {
		*cpu = next;
		return true;
	}
	if (n.has_address)
		cpu->cr2 = n.address;
	note_fault(m, cpu, n.vector, n.error_code, pc);
	deliver(m, cpu, n.vector, n.error_code, DELIVER_FAULT);
	return false;
}
