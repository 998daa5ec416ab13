/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the machine does instead of, or besides, the engine at sensitive instructions. */
#include "emu/machine_impl.h"

#include <errno.h>

/* One intercepted instruction: where it is and the CPU before it. */
struct intercept {
	struct machine *m;
	struct cpu_state cpu;
	struct insn in;
	gva_t pc;
};

/* The instruction is done: continue after it with c->cpu. */
static void finish(struct intercept *c)
{
	c->cpu.rip += c->in.length;
	if (!cpu_in_code64(&c->cpu))
		c->cpu.rip &= cpu_code_bits(&c->cpu) == 16 ? 0xffff : UINT32_MAX;
	machine_cpu_set(c->m, &c->cpu);
	engine_block_cut(c->m->engine, c->m->insn_index + 1);
}

static void raise(struct intercept *c, enum vector vector, uint32_t error_code)
{
	interrupt_deliver(c->m, &c->cpu, vector, error_code, DELIVER_FAULT);
	machine_cpu_set(c->m, &c->cpu);
	engine_block_cut(c->m->engine, c->m->insn_index);
}

static void set_pair(struct cpu_state *cpu, uint64_t v)
{
	cpu->gpr[GPR_RAX] = (uint32_t)v;
	cpu->gpr[GPR_RDX] = v >> 32;
}

static uint64_t get_pair(const struct cpu_state *cpu)
{
	return (uint32_t)cpu->gpr[GPR_RAX] | cpu->gpr[GPR_RDX] << 32;
}

static void do_cpuid(struct intercept *c)
{
	uint32_t leaf = (uint32_t)c->cpu.gpr[GPR_RAX], subleaf = (uint32_t)c->cpu.gpr[GPR_RCX],
		 r[4];

	machine_event(c->m, EVENT_CPUID, EVENT_MODELLED, leaf, subleaf, c->pc);
	cpuid_answer(c->m, leaf, subleaf, r);
	c->cpu.gpr[GPR_RAX] = r[0];
	c->cpu.gpr[GPR_RBX] = r[1];
	c->cpu.gpr[GPR_RCX] = r[2];
	c->cpu.gpr[GPR_RDX] = r[3];
	finish(c);
}

static void do_rdtsc(struct intercept *c)
{
	uint64_t tsc;

	c->m->time_reads++;
	if ((c->cpu.cr4 & CR4_TSD) && cpu_cpl(&c->cpu)) {
		raise(c, VECTOR_GP, 0);
		return;
	}
	if (c->in.cls == INSN_RDTSCP && !cpuid_has(c->m, 0x80000001, 3, 27)) {
		raise(c, VECTOR_UD, 0);
		return;
	}
	msr_read(c->m, MSR_TSC, &tsc);
	set_pair(&c->cpu, tsc);
	if (c->in.cls == INSN_RDTSCP) {
		uint64_t aux = 0;

		msr_read(c->m, MSR_TSC_AUX, &aux);
		c->cpu.gpr[GPR_RCX] = (uint32_t)aux;
	}
	finish(c);
}

/* SDM 2B: CF set and the other arithmetic flags cleared when a value was returned. */
static void do_random(struct intercept *c)
{
	bool seed = c->in.cls == INSN_RDSEED;
	uint64_t v;

	if (!cpuid_has(c->m, seed ? 7 : 1, seed ? 1 : 2, seed ? 18 : 30) || !c->in.has_gpr) {
		raise(c, VECTOR_UD, 0);
		return;
	}
	v = rng_u64(&c->m->random);
	if (c->in.operand_size == 8)
		c->cpu.gpr[c->in.gpr] = v;
	else if (c->in.operand_size == 4)
		c->cpu.gpr[c->in.gpr] = (uint32_t)v;
	else
		c->cpu.gpr[c->in.gpr] = (c->cpu.gpr[c->in.gpr] & ~0xffffull) | (v & 0xffff);
	c->cpu.rflags &= ~(EFLAGS_OF | EFLAGS_SF | EFLAGS_ZF | EFLAGS_AF | EFLAGS_PF);
	c->cpu.rflags |= EFLAGS_CF;
	machine_event(c->m, EVENT_RANDOM, EVENT_MODELLED, c->cpu.gpr[c->in.gpr], c->in.operand_size,
		      c->pc);
	finish(c);
}

/* EFER lives in the CPU state, not in the MSR table. SDM 3A 4.1.1: LME cannot change while paging is on. */
static bool write_efer(struct intercept *c, uint64_t v)
{
	uint64_t allowed = EFER_SCE | EFER_LME | EFER_LMA;

	if (cpuid_has(c->m, 0x80000001, 3, 20))
		allowed |= EFER_NXE;
	if (v & ~allowed)
		return false;
	if (((v ^ c->cpu.efer) & EFER_LME) && (c->cpu.cr0 & CR0_PG))
		return false;
	c->cpu.efer = (v & ~EFER_LMA) | (c->cpu.efer & EFER_LMA);
	return true;
}

static void do_rdmsr(struct intercept *c)
{
	uint32_t number = (uint32_t)c->cpu.gpr[GPR_RCX];
	uint64_t v = 0;
	bool ok = true;

	if (cpu_cpl(&c->cpu)) {
		raise(c, VECTOR_GP, 0);
		return;
	}
	if (number == MSR_TSC)
		c->m->time_reads++;
	if (number == MSR_EFER)
		v = c->cpu.efer;
	else if (number == MSR_FS_BASE)
		v = c->cpu.seg[SEG_FS].base;
	else if (number == MSR_GS_BASE)
		v = c->cpu.seg[SEG_GS].base;
	else
		ok = msr_read(c->m, number, &v);
	machine_event(c->m, EVENT_MSR_READ,
		      ok                ? EVENT_MODELLED :
		      msr_known(number) ? EVENT_ABSENT :
					  EVENT_UNMODELLED,
		      number, v, c->pc);
	if (!ok) {
		raise(c, VECTOR_GP, 0);
		return;
	}
	set_pair(&c->cpu, v);
	finish(c);
}

static bool canonical48(uint64_t v)
{
	return (uint64_t)((int64_t)(v << 16) >> 16) == v;
}

static void do_wrmsr(struct intercept *c)
{
	uint32_t number = (uint32_t)c->cpu.gpr[GPR_RCX];
	uint64_t v = get_pair(&c->cpu);
	bool ok = true;

	if (cpu_cpl(&c->cpu)) {
		raise(c, VECTOR_GP, 0);
		return;
	}
	if (number == MSR_EFER)
		ok = write_efer(c, v);
	else if (number == MSR_FS_BASE || number == MSR_GS_BASE)
		ok = (c->cpu.cr4 & CR4_LA57) || canonical48(v);
	else
		ok = msr_write(c->m, number, v);
	machine_event(c->m, EVENT_MSR_WRITE,
		      ok                                      ? EVENT_MODELLED :
		      number == MSR_EFER || msr_known(number) ? EVENT_ABSENT :
								EVENT_UNMODELLED,
		      number, v, c->pc);
	if (!ok) {
		raise(c, VECTOR_GP, 0);
		return;
	}
	if (number == MSR_FS_BASE)
		c->cpu.seg[SEG_FS].base = v;
	if (number == MSR_GS_BASE)
		c->cpu.seg[SEG_GS].base = v;
	/* The engine uses some by itself (SYSCALL, SWAPGS): let it have them too. */
	if (number == MSR_EFER || number == MSR_FS_BASE || number == MSR_GS_BASE)
		finish(c);
}

static void do_xgetbv(struct intercept *c)
{
	if (!(c->cpu.cr4 & CR4_OSXSAVE) || !cpuid_has(c->m, 1, 2, 26)) {
		raise(c, VECTOR_UD, 0);
		return;
	}
	if (c->in.cls == INSN_XSETBV) {
		uint64_t v = get_pair(&c->cpu);

		/* SDM 1 13.3: x87 must stay on, AVX needs SSE. Only these three are known. */
		if (cpu_cpl(&c->cpu) || (uint32_t)c->cpu.gpr[GPR_RCX] || !(v & 1) || (v & ~7ull) ||
		    (v & 6) == 4) {
			raise(c, VECTOR_GP, 0);
			return;
		}
		c->m->msrs.xcr0 = v;
	} else {
		if ((uint32_t)c->cpu.gpr[GPR_RCX]) {
			raise(c, VECTOR_GP, 0);
			return;
		}
		set_pair(&c->cpu, c->m->msrs.xcr0);
	}
	finish(c);
}

static void do_hypercall(struct intercept *c)
{
	struct cpu_state after;

	if (!c->m->hypercall) {
		machine_event(c->m, EVENT_HYPERCALL, EVENT_ABSENT, c->cpu.gpr[GPR_RAX],
			      c->cpu.gpr[GPR_RDI], c->pc);
		raise(c, VECTOR_UD, 0);
		return;
	}
	c->m->hypercall(c->m, c->m->hypercall_arg);
	machine_cpu_get(c->m, &after);
	if (after.rip == c->cpu.rip) {
		c->cpu = after;
		finish(c);
	} else {
		engine_block_cut(c->m->engine, c->m->insn_index + 1);
	}
}

static void do_mov_cr(struct intercept *c)
{
	uint64_t v = c->cpu.gpr[c->in.gpr];

	if (!c->in.to_system)
		return;
	if (!legal_mov_cr(c->m, &c->cpu, c->in.system_reg, c->in.bits == 64 ? v : (uint32_t)v)) {
		raise(c, VECTOR_GP, 0);
		return;
	}
	machine_event(c->m, EVENT_CR_WRITE, EVENT_MODELLED, c->in.system_reg,
		      c->in.bits == 64 ? v : (uint32_t)v, c->pc);
	c->m->mode_check = true;
	c->m->map_check = c->m->recorder;
	machine_update_deadline(c->m);
}

/* SDM 3B 17.2.4: the low byte of DR7 (also called DR5) enables breakpoints, which the engine cannot have. */
static void do_mov_dr(struct intercept *c)
{
	if (c->in.to_system && (c->in.system_reg == 7 || c->in.system_reg == 5) &&
	    (c->cpu.gpr[c->in.gpr] & 0xff))
		machine_stop(c->m, STOP_UNMODELLED,
			     "hardware breakpoints are enabled at 0x%llx, and are not modelled",
			     (unsigned long long)c->pc);
}

static void do_lmsw(struct intercept *c)
{
	machine_event(c->m, EVENT_CR_WRITE, EVENT_MODELLED, 0, c->cpu.cr0, c->pc);
	c->m->mode_check = true;
	c->m->map_check = c->m->recorder;
	machine_update_deadline(c->m);
}

/* LGDT, LIDT: the pseudo-descriptor in memory; LLDT, LTR: a selector. The event tells what is loaded. */
static void do_table(struct intercept *c)
{
	unsigned which = c->in.cls == INSN_LGDT ? 0 :
			 c->in.cls == INSN_LIDT ? 1 :
			 c->in.cls == INSN_LLDT ? 2 :
						  3;
	uint8_t raw[10] = { 0 };
	uint64_t base, limit = 0;

	if (!legal_table_load(c->m, &c->cpu, &c->in, c->pc)) {
		raise(c, VECTOR_GP, 0);
		return;
	}
	if (which < 2) {
		if (!machine_read_va(c->m, &c->cpu, insn_mem_address(&c->in, &c->cpu, c->pc), raw,
				     c->in.bits == 64 ? 10 : 6))
			return; /* the engine raises the fault */
		limit = get_le16(raw);
		base = c->in.bits == 64 ? get_le64(raw + 2) :
					  get_le32(raw + 2) &
						  (c->in.operand_size == 2 ? 0xffffff : UINT32_MAX);
	} else {
		base = c->in.has_gpr ? c->cpu.gpr[c->in.gpr] & 0xffff : 0;
	}
	machine_event(c->m, EVENT_DT_LOAD, EVENT_MODELLED, which, base, limit);
}

/* What may change the code width is looked at when the next block begins. */
static void do_transfer(struct intercept *c)
{
	uint32_t error_code;
	uint16_t selector;
	uint64_t offset;

	if (!legal_far_transfer(c->m, &c->cpu, &c->in, c->pc, &error_code)) {
		raise(c, VECTOR_GP, error_code);
		return;
	}
	if (c->in.cls == INSN_FAR &&
	    far_destination(c->m, &c->cpu, &c->in, c->pc, &selector, &offset))
		machine_event(c->m, EVENT_FAR, EVENT_MODELLED, selector, offset, c->pc);
	c->m->mode_check = true;
	c->m->transfer_cr2 = c->cpu.cr2;
	machine_update_deadline(c->m);
}

/* The engine steps over both as if they were NOPs. */
static void do_fast_call(struct intercept *c)
{
	machine_stop(c->m, STOP_UNMODELLED, "%s at 0x%llx, which is not modelled",
		     c->in.cls == INSN_SYSCALL ? "SYSCALL" : "SYSENTER", (unsigned long long)c->pc);
}

static void do_hlt(struct intercept *c)
{
	machine_event(c->m, EVENT_HLT, EVENT_MODELLED, !!(c->cpu.rflags & EFLAGS_IF), 0, c->pc);
}

/* Ports: the engine executes the instruction and asks port_in() or port_out(); here only its place in time matters. */
static void do_port(struct intercept *c)
{
	uint64_t mask = c->in.address_size == 8 ? UINT64_MAX : BIT64(8 * c->in.address_size) - 1;

	if (c->in.rep && !(c->cpu.gpr[GPR_RCX] & mask))
		return; /* no port is asked */
	c->m->port_index = c->m->insn_index;
	c->m->at_port = true;
}

static void (*const handlers[INSN_CLASS_COUNT])(struct intercept *) = {
	[INSN_CPUID] = do_cpuid,        [INSN_RDTSC] = do_rdtsc,       [INSN_RDTSCP] = do_rdtsc,
	[INSN_RDRAND] = do_random,      [INSN_RDSEED] = do_random,     [INSN_RDMSR] = do_rdmsr,
	[INSN_WRMSR] = do_wrmsr,        [INSN_XGETBV] = do_xgetbv,     [INSN_XSETBV] = do_xgetbv,
	[INSN_VMCALL] = do_hypercall,   [INSN_VMMCALL] = do_hypercall, [INSN_IN] = do_port,
	[INSN_OUT] = do_port,           [INSN_INSB] = do_port,         [INSN_INSW] = do_port,
	[INSN_INSD] = do_port,          [INSN_OUTSB] = do_port,        [INSN_OUTSW] = do_port,
	[INSN_OUTSD] = do_port,         [INSN_HLT] = do_hlt,           [INSN_LGDT] = do_table,
	[INSN_LIDT] = do_table,         [INSN_LLDT] = do_table,        [INSN_LTR] = do_table,
	[INSN_LMSW] = do_lmsw,          [INSN_CLTS] = do_lmsw,         [INSN_MOV_CR] = do_mov_cr,
	[INSN_MOV_DR] = do_mov_dr,      [INSN_IRET] = do_transfer,     [INSN_IRETD] = do_transfer,
	[INSN_IRETQ] = do_transfer,     [INSN_SYSCALL] = do_fast_call, [INSN_SYSRET] = do_transfer,
	[INSN_SYSENTER] = do_fast_call, [INSN_SYSEXIT] = do_transfer,  [INSN_FAR] = do_transfer,
};

void insn_intercept(struct machine *m, gva_t pc)
{
	struct intercept c = { .m = m, .pc = pc };

	machine_cpu_get(m, &c.cpu);
	/* The code may have changed since it was planted: what is there now counts. */
	if (!machine_decode_at(m, &c.cpu, pc, &c.in) || c.in.cls == INSN_PLAIN)
		return;
	handlers[c.in.cls](&c);
}
