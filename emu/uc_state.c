/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU's state in and out of Unicorn, hidden segment parts included.
 *
 * The API can neither read nor set hidden segment state, and its writes to CR0,
 * CR4 and EFER leave the decoder's mode behind; so the raw state in a saved
 * context is edited and restored. state_layout_prove() checks every offset used
 * against the API and a few guest instructions each time an engine is opened.
 */
#include "emu/uc_internal.h"

#include <errno.h>
#include <stdio.h>

uint8_t *engine_raw(struct engine *e)
{
	uc_context_save(e->uc, e->ctx);
	return (uint8_t *)e->ctx + CTX_DATA;
}

void engine_raw_put(struct engine *e)
{
	uc_context_restore(e->uc, e->ctx);
}

static uint64_t api_get(struct engine *e, int reg)
{
	uint64_t v = 0;

	uc_reg_read(e->uc, reg, &v);
	return v;
}

static void api_set(struct engine *e, int reg, uint64_t v)
{
	uc_reg_write(e->uc, reg, &v);
}

uint64_t engine_rip(struct engine *e)
{
	return api_get(e, UC_X86_REG_RIP);
}

uint64_t engine_rflags(struct engine *e)
{
	return api_get(e, UC_X86_REG_RFLAGS);
}

unsigned engine_code_bits(struct engine *e)
{
	uint32_t hflags = get_le32(engine_raw(e) + RAW_HFLAGS);

	return hflags & HF_CS64 ? 64 : hflags & HF_CS32 ? 32 : 16;
}

bool engine_interrupt_shadow(struct engine *e)
{
	return get_le32(engine_raw(e) + RAW_HFLAGS) & HF_INHIBIT_IRQ;
}

static void raw_seg_get(const uint8_t *raw, unsigned i, struct segment *seg)
{
	const uint8_t *p = raw + RAW_SEG(i);

	seg->selector = (uint16_t)get_le32(p);
	seg->base = get_le64(p + RAW_SEG_BASE);
	seg->limit = get_le32(p + RAW_SEG_LIMIT);
	seg->attr = get_le32(p + RAW_SEG_FLAGS) & DESC_ATTR_MASK;
}

static void raw_seg_set(uint8_t *raw, unsigned i, const struct segment *seg)
{
	uint8_t *p = raw + RAW_SEG(i);

	put_le32(p, seg->selector);
	put_le64(p + RAW_SEG_BASE, seg->base);
	put_le32(p + RAW_SEG_LIMIT, seg->limit);
	put_le32(p + RAW_SEG_FLAGS, seg->attr & DESC_ATTR_MASK);
}

void engine_get(struct engine *e, struct cpu_state *s)
{
	const uint8_t *raw = engine_raw(e);

	*s = (struct cpu_state){
		.rip = get_le64(raw + RAW_EIP),
		.gdtr = { .base = get_le64(raw + RAW_GDT + RAW_SEG_BASE),
			  .limit = get_le32(raw + RAW_GDT + RAW_SEG_LIMIT) },
		.idtr = { .base = get_le64(raw + RAW_IDT + RAW_SEG_BASE),
			  .limit = get_le32(raw + RAW_IDT + RAW_SEG_LIMIT) },
		.cr0 = get_le64(raw + RAW_CR(0)),
		.cr2 = get_le64(raw + RAW_CR(2)),
		.cr3 = get_le64(raw + RAW_CR(3)),
		.cr4 = get_le64(raw + RAW_CR(4)),
		.efer = get_le64(raw + RAW_EFER),
	};
	for (unsigned i = 0; i < GPR_COUNT; i++)
		s->gpr[i] = get_le64(raw + RAW_REGS + 8 * i);
	for (unsigned i = 0; i < SEG_COUNT; i++)
		raw_seg_get(raw, i, &s->seg[i]);
	s->rflags = engine_rflags(e);
	s->dr6 = api_get(e, UC_X86_REG_DR6);
	s->dr7 = api_get(e, UC_X86_REG_DR7);
	s->fcw = (uint16_t)api_get(e, UC_X86_REG_FPCW);
	s->mxcsr = (uint32_t)api_get(e, UC_X86_REG_MXCSR);
}

/* The decoder's flags that follow from architectural state. */
static uint32_t hflags_of(const struct cpu_state *s, uint32_t old)
{
	const uint32_t derived = HF_CPL | HF_INHIBIT_IRQ | HF_CS32 | HF_SS32 | HF_ADDSEG | HF_PE |
				 HF_MP | HF_EM | HF_TS | HF_LMA | HF_CS64 | HF_OSFXSR | HF_SMAP;
	const struct segment *seg = s->seg;
	uint32_t h = old & ~derived;
	bool flat = !(seg[SEG_DS].base | seg[SEG_ES].base | seg[SEG_SS].base);

	h |= cpu_cpl(s);
	h |= (s->cr0 & CR0_PE) ? HF_PE : 0;
	h |= (s->cr0 & CR0_MP) ? HF_MP : 0;
	h |= (s->cr0 & CR0_EM) ? HF_EM : 0;
	h |= (s->cr0 & CR0_TS) ? HF_TS : 0;
	h |= (s->cr4 & CR4_OSFXSR) ? HF_OSFXSR : 0;
	h |= (s->cr4 & CR4_SMAP) ? HF_SMAP : 0;
	if (cpu_in_long_mode(s))
		h |= HF_LMA;
	if (cpu_in_code64(s))
		return h | HF_CS64 | HF_CS32 | HF_SS32;
	if (!cpu_in_real_mode(s) && !(s->rflags & EFLAGS_VM)) {
		h |= (seg[SEG_CS].attr & DESC_DB) ? HF_CS32 : 0;
		h |= (seg[SEG_SS].attr & DESC_DB) ? HF_SS32 : 0;
	} else {
		/* The descriptor cache's D and B bits rule in real mode too (SDM 3A 9.9.1: "unreal" state lives on). */
		h |= (seg[SEG_CS].attr & DESC_DB) ? HF_CS32 : 0;
		h |= (seg[SEG_SS].attr & DESC_DB) ? HF_SS32 : 0;
	}
	if (cpu_in_real_mode(s) || (s->rflags & EFLAGS_VM) || !(h & HF_CS32) || !flat)
		h |= HF_ADDSEG;
	return h;
}

void engine_set(struct engine *e, const struct cpu_state *s)
{
	uint8_t *raw = engine_raw(e);
	bool paging = get_le64(raw + RAW_CR(0)) != s->cr0 || get_le64(raw + RAW_CR(3)) != s->cr3 ||
		      get_le64(raw + RAW_CR(4)) != s->cr4 || get_le64(raw + RAW_EFER) != s->efer;

	for (unsigned i = 0; i < GPR_COUNT; i++)
		put_le64(raw + RAW_REGS + 8 * i, s->gpr[i]);
	put_le64(raw + RAW_EIP, s->rip);
	for (unsigned i = 0; i < SEG_COUNT; i++)
		raw_seg_set(raw, i, &s->seg[i]);
	put_le64(raw + RAW_GDT + RAW_SEG_BASE, s->gdtr.base);
	put_le32(raw + RAW_GDT + RAW_SEG_LIMIT, s->gdtr.limit);
	put_le64(raw + RAW_IDT + RAW_SEG_BASE, s->idtr.base);
	put_le32(raw + RAW_IDT + RAW_SEG_LIMIT, s->idtr.limit);
	put_le64(raw + RAW_CR(0), s->cr0);
	put_le64(raw + RAW_CR(2), s->cr2);
	put_le64(raw + RAW_CR(3), s->cr3);
	put_le64(raw + RAW_CR(4), s->cr4);
	put_le64(raw + RAW_EFER, s->efer);
	put_le32(raw + RAW_HFLAGS, hflags_of(s, get_le32(raw + RAW_HFLAGS)));
	/* The engine never ends an exception by itself: without this the next #PF arrives as #DF. */
	put_le32(raw + RAW_OLD_EXCEPTION, UINT32_MAX);
	engine_raw_put(e);
	api_set(e, UC_X86_REG_RFLAGS, s->rflags | EFLAGS_FIXED);
	if (api_get(e, UC_X86_REG_DR6) != s->dr6)
		api_set(e, UC_X86_REG_DR6, s->dr6);
	/* Enabled breakpoints would end the engine. */
	if (api_get(e, UC_X86_REG_DR7) != s->dr7 && !(s->dr7 & 0xff))
		api_set(e, UC_X86_REG_DR7, s->dr7);
	if ((uint16_t)api_get(e, UC_X86_REG_FPCW) != s->fcw)
		api_set(e, UC_X86_REG_FPCW, s->fcw);
	if ((uint32_t)api_get(e, UC_X86_REG_MXCSR) != s->mxcsr)
		api_set(e, UC_X86_REG_MXCSR, s->mxcsr);
	if (paging)
		engine_flush_tlb(e);
	if (e->running && !e->in_exception) {
		api_set(e, UC_X86_REG_RIP, s->rip);
		e->left = true;
	}
}

/* The engine masks every address that leaves its MMU with this (SDM 3A 9.7.2 has the 8086's wrap-around). */
#define A20_MASK_ON  0xffffffffu
#define A20_MASK_OFF (A20_MASK_ON & ~BIT(20))

void engine_set_a20(struct engine *e, bool on)
{
	uint8_t *raw = engine_raw(e);

	put_le32(raw + RAW_A20_MASK, on ? A20_MASK_ON : A20_MASK_OFF);
	engine_raw_put(e);
	engine_flush_tlb(e);
}

size_t engine_context_size(const struct engine *e)
{
	return uc_context_size(e->uc);
}

void engine_context_save(struct engine *e, void *data)
{
	uc_context_save(e->uc, e->ctx);
	memcpy(data, e->ctx, engine_context_size(e));
}

void engine_context_load(struct engine *e, const void *data)
{
	uint8_t *raw = (uint8_t *)e->ctx + CTX_DATA;

	memcpy(e->ctx, data, engine_context_size(e));
	put_le32(raw + RAW_OLD_EXCEPTION, UINT32_MAX);
	engine_raw_put(e);
	engine_flush_tlb(e);
}

void engine_fpu_get(struct engine *e, uint8_t ret[8 * 10 + 16 * 16])
{
	memset(ret, 0, 8 * 10 + 16 * 16);
	for (int i = 0; i < 8; i++)
		uc_reg_read(e->uc, UC_X86_REG_ST0 + i, ret + 10 * i);
	for (int i = 0; i < 16; i++)
		uc_reg_read(e->uc, UC_X86_REG_XMM0 + i, ret + 80 + 16 * i);
}

/* --- the proof --- */

#define PROOF_BASE         0x1000u
#define PROOF_GDT          0x100u
#define PROOF_SEG_BASE     0x12345678u
#define PROOF_BAD_SELECTOR 0x0ff8u

struct proof {
	struct engine *e;
	unsigned step;
	bool ok;
};

static void proof_interrupt(uc_engine *uc, uint32_t vector, void *arg)
{
	struct proof *p = arg;
	const uint8_t *raw = engine_raw(p->e);

	if (p->step == 0)
		p->ok = vector == 0x21 && get_le32(raw + RAW_IS_INT) == 1;
	else
		p->ok = p->ok && vector == VECTOR_GP &&
			get_le32(raw + RAW_ERROR_CODE) == PROOF_BAD_SELECTOR &&
			get_le32(raw + RAW_IS_INT) == 0 &&
			get_le32(raw + RAW_OLD_EXCEPTION) == VECTOR_GP;
	if (p->step++ == 1)
		uc_emu_stop(uc);
}

/* API writes must appear at the raw offsets. */
static const char *prove_registers(struct engine *e)
{
	static const int gprs[GPR_COUNT] = { UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX,
					     UC_X86_REG_RBX, UC_X86_REG_RSP, UC_X86_REG_RBP,
					     UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_R8,
					     UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11,
					     UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14,
					     UC_X86_REG_R15 };
	static const struct {
		int reg;
		unsigned offset;
	} tables[] = { { UC_X86_REG_GDTR, RAW_GDT },
		       { UC_X86_REG_IDTR, RAW_IDT },
		       { UC_X86_REG_LDTR, RAW_SEG(SEG_LDTR) },
		       { UC_X86_REG_TR, RAW_SEG(SEG_TR) } };
	uc_x86_msr efer = { .rid = MSR_EFER, .value = EFER_NXE | EFER_SCE };
	const uint8_t *raw;

	for (unsigned i = 0; i < GPR_COUNT; i++)
		api_set(e, gprs[i], 0x0123456700000000ull + i);
	api_set(e, UC_X86_REG_RIP, 0x7654321000ull);
	api_set(e, UC_X86_REG_CR2, 0xc2c2c2ull);
	api_set(e, UC_X86_REG_CR3, 0xc3c3c000ull);
	api_set(e, UC_X86_REG_CR4, CR4_PAE);
	uc_reg_write(e->uc, UC_X86_REG_MSR, &efer);
	for (unsigned i = 0; i < ARRAY_SIZE(tables); i++) {
		uc_x86_mmr mmr = { .selector = (uint16_t)(8 * i),
				   .base = 0xab0000 + i,
				   .limit = 0x100 + i,
				   .flags = 0 };

		uc_reg_write(e->uc, tables[i].reg, &mmr);
	}
	raw = engine_raw(e);
	for (unsigned i = 0; i < GPR_COUNT; i++) {
		if (get_le64(raw + RAW_REGS + 8 * i) != 0x0123456700000000ull + i ||
		    e->regs[i] != 0x0123456700000000ull + i)
			return "general registers";
	}
	if (get_le64(raw + RAW_EIP) != 0x7654321000ull)
		return "RIP";
	if (get_le64(raw + RAW_CR(2)) != 0xc2c2c2 || get_le64(raw + RAW_CR(3)) != 0xc3c3c000 ||
	    get_le64(raw + RAW_CR(4)) != CR4_PAE)
		return "control registers";
	if (get_le32(raw + RAW_A20_MASK) != UINT32_MAX)
		return "A20";
	if ((get_le64(raw + RAW_EFER) & (EFER_NXE | EFER_SCE)) != (EFER_NXE | EFER_SCE))
		return "EFER";
	for (unsigned i = 0; i < ARRAY_SIZE(tables); i++) {
		if (get_le64(raw + tables[i].offset + RAW_SEG_BASE) != 0xab0000 + i ||
		    get_le32(raw + tables[i].offset + RAW_SEG_LIMIT) != 0x100 + i)
			return "descriptor-table registers";
	}
	return NULL;
}

/* A few instructions in flat 32-bit code, entered by raw state alone: a segment load, INT 21h, a #GP. */
static const char *prove_guest(struct engine *e)
{
	static const uint8_t code[] = {
		0x66,
		0xb8,
		0x18,
		0x00, /* mov $0x18, %ax */
		0x8e,
		0xd8, /* mov %ax, %ds */
		0xcd,
		0x21, /* int $0x21 */
		0x66,
		0xb8,
		PROOF_BAD_SELECTOR & 0xff,
		PROOF_BAD_SELECTOR >> 8,
		0x8e,
		0xd8, /* mov %ax, %ds: #GP(selector) */
		0xf4,
	};
	uint8_t page[0x1000] = { 0 };
	struct proof proof = { .e = e };
	struct cpu_state s;
	const uint8_t *raw;
	uc_hook hook;
	uc_err err;

	memcpy(page, code, sizeof(code));
	put_le64(page + PROOF_GDT + 0x10, 0x00cf9b000000ffffull);
	put_le64(page + PROOF_GDT + 0x18, 0x12cf93345678ffffull); /* base PROOF_SEG_BASE */
	if (uc_mem_map(e->uc, PROOF_BASE, sizeof(page), UC_PROT_ALL) ||
	    uc_mem_write(e->uc, PROOF_BASE, page, sizeof(page)))
		return "scratch memory";
	cpu_state_flat32(&s, 0x10, 0x10);
	s.rip = PROOF_BASE;
	s.gdtr = (struct table_reg){ .base = PROOF_BASE + PROOF_GDT, .limit = 0x1f };
	s.efer = 0;
	engine_set(e, &s);
	if (uc_hook_add(e->uc, &hook, UC_HOOK_INTR, (void *)proof_interrupt, &proof, 1, 0))
		return "interrupt hook";
	err = uc_emu_start(e->uc, PROOF_BASE, 0, 0, 0);
	uc_hook_del(e->uc, hook);
	raw = engine_raw(e);
	uc_mem_unmap(e->uc, PROOF_BASE, sizeof(page));
	if (err || proof.step != 2 || !proof.ok)
		return "exception fields";
	if (get_le64(raw + RAW_SEG(SEG_DS) + RAW_SEG_BASE) != PROOF_SEG_BASE ||
	    get_le32(raw + RAW_SEG(SEG_DS) + RAW_SEG_LIMIT) != UINT32_MAX ||
	    (get_le32(raw + RAW_SEG(SEG_DS) + RAW_SEG_FLAGS) & DESC_ATTR_MASK) != SEG_ATTR_DATA32)
		return "segment registers";
	return NULL;
}

int state_layout_prove(struct engine *e, struct diag *diag)
{
	const char *what;

	if (uc_context_size(e->uc) < CTX_DATA + RAW_SIZE_MIN)
		return diag_set(
			diag, -ENOTSUP,
			"this libunicorn.a is not laid out as 2.1.1's (context of %zu bytes)",
			uc_context_size(e->uc));
	what = prove_registers(e);
	if (!what)
		what = prove_guest(e);
	if (what)
		return diag_set(diag, -ENOTSUP, "this libunicorn.a is not laid out as 2.1.1's (%s)",
				what);
	return 0;
}
