/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoding for interception; the only user of Zydis. */
#include "emu/decode.h"

#include <Zydis/Zydis.h>

static const struct {
	ZydisMnemonic mnemonic;
	enum insn_class cls;
} insn_rows[] = {
#define INSN(id, m, doc) { ZYDIS_MNEMONIC_##m, INSN_##id },
#include "emu/insn.def"
#undef INSN
};

/* Instructions besides port and time ones whose result is not a function of registers and memory, or that change what is outside. */
static bool has_io_effect(ZydisMnemonic m, enum insn_class cls)
{
	if (cls != INSN_PLAIN && cls != INSN_FAR && cls != INSN_MOV_CR && cls != INSN_MOV_DR &&
	    cls != INSN_CPUID)
		return true;
	return m == ZYDIS_MNEMONIC_INT || m == ZYDIS_MNEMONIC_INT3;
}

static int gpr_of(ZydisRegister r)
{
	ZydisRegisterClass cls = ZydisRegisterGetClass(r);

	if (r == ZYDIS_REGISTER_NONE)
		return -1;
	if (cls != ZYDIS_REGCLASS_GPR16 && cls != ZYDIS_REGCLASS_GPR32 &&
	    cls != ZYDIS_REGCLASS_GPR64)
		return -1;
	return ZydisRegisterGetId(r);
}

static uint8_t seg_of(ZydisRegister r)
{
	switch (r) {
	case ZYDIS_REGISTER_ES: return SEG_ES;
	case ZYDIS_REGISTER_CS: return SEG_CS;
	case ZYDIS_REGISTER_SS: return SEG_SS;
	case ZYDIS_REGISTER_FS: return SEG_FS;
	case ZYDIS_REGISTER_GS: return SEG_GS;
	default: return SEG_DS;
	}
}

static enum insn_class classify(const ZydisDecodedInstruction *zi, const ZydisDecodedOperand *ops)
{
	if (zi->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return zi->mnemonic == ZYDIS_MNEMONIC_IRET ||
				       zi->mnemonic == ZYDIS_MNEMONIC_IRETD ||
				       zi->mnemonic == ZYDIS_MNEMONIC_IRETQ ?
			       INSN_IRET :
			       INSN_FAR;
	if (zi->mnemonic == ZYDIS_MNEMONIC_RET && (zi->opcode == 0xca || zi->opcode == 0xcb))
		return INSN_FAR;
	if (zi->mnemonic == ZYDIS_MNEMONIC_MOV) {
		for (unsigned i = 0; i < 2 && i < zi->operand_count; i++) {
			if (ops[i].type != ZYDIS_OPERAND_TYPE_REGISTER)
				continue;
			if (ZydisRegisterGetClass(ops[i].reg.value) == ZYDIS_REGCLASS_CONTROL)
				return INSN_MOV_CR;
			if (ZydisRegisterGetClass(ops[i].reg.value) == ZYDIS_REGCLASS_DEBUG)
				return INSN_MOV_DR;
		}
		return INSN_PLAIN;
	}
	for (size_t i = 0; i < ARRAY_SIZE(insn_rows); i++) {
		if (insn_rows[i].mnemonic == zi->mnemonic && zi->mnemonic != ZYDIS_MNEMONIC_INVALID)
			return insn_rows[i].cls;
	}
	return INSN_PLAIN;
}

static void fill_operands(const ZydisDecodedInstruction *zi, const ZydisDecodedOperand *ops,
			  struct insn *in)
{
	for (unsigned i = 0; i < zi->operand_count; i++) {
		const ZydisDecodedOperand *op = &ops[i];

		if (op->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			in->writes_memory = true;
		if (op->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    op->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT) {
			in->has_mem = true;
			in->mem_rip = op->mem.base == ZYDIS_REGISTER_RIP ||
				      op->mem.base == ZYDIS_REGISTER_EIP;
			in->mem_seg = seg_of(op->mem.segment);
			in->mem_base = (int8_t)gpr_of(op->mem.base);
			in->mem_index = (int8_t)gpr_of(op->mem.index);
			in->mem_scale = op->mem.scale;
			in->mem_disp = op->mem.disp.has_displacement ? op->mem.disp.value : 0;
		} else if (op->type == ZYDIS_OPERAND_TYPE_POINTER) {
			in->far_imm = true;
			in->far_selector = op->ptr.segment;
			in->far_offset = op->ptr.offset;
		} else if (op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
			   op->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT) {
			if (ZydisRegisterGetClass(op->reg.value) == ZYDIS_REGCLASS_CONTROL ||
			    ZydisRegisterGetClass(op->reg.value) == ZYDIS_REGCLASS_DEBUG) {
				in->system_reg = (uint8_t)ZydisRegisterGetId(op->reg.value);
				in->to_system = i == 0;
			} else if (gpr_of(op->reg.value) >= 0) {
				in->gpr = (uint8_t)gpr_of(op->reg.value);
				in->has_gpr = true;
			}
		}
	}
}

static enum insn_flow flow_of(const ZydisDecodedInstruction *zi)
{
	switch (zi->meta.category) {
	case ZYDIS_CATEGORY_CALL: return FLOW_CALL;
	case ZYDIS_CATEGORY_RET:
		return zi->opcode == 0xcf ? FLOW_IRET : FLOW_RETURN; /* SDM 2A "IRET": CF */
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_UNCOND_BR: return FLOW_JUMP;
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSRET: return FLOW_LEAVE;
	default: return zi->mnemonic == ZYDIS_MNEMONIC_HLT ? FLOW_LEAVE : FLOW_NEXT;
	}
}

static bool decode_full(const uint8_t *code, size_t len, unsigned bits, ZydisDecodedInstruction *zi,
			ZydisDecodedOperand *ops)
{
	ZydisDecoder d;

	if (bits == 64)
		ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	else if (bits == 32)
		ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
	else
		ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&d, code, len, zi, ops));
}

static uint32_t written_register(ZydisRegister r)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r);

	if (ZydisRegisterGetClass(whole) == ZYDIS_REGCLASS_GPR64)
		return BIT(ZydisRegisterGetId(whole));
	if (ZydisRegisterGetClass(r) == ZYDIS_REGCLASS_SEGMENT)
		return WRITTEN_SEG(r == ZYDIS_REGISTER_DS ? SEG_DS : seg_of(r));
	switch (r) {
	case ZYDIS_REGISTER_FLAGS:
	case ZYDIS_REGISTER_EFLAGS:
	case ZYDIS_REGISTER_RFLAGS: return WRITTEN_FLAGS;
	case ZYDIS_REGISTER_GDTR: return WRITTEN_GDTR;
	case ZYDIS_REGISTER_IDTR: return WRITTEN_IDTR;
	case ZYDIS_REGISTER_LDTR: return WRITTEN_SEG(SEG_LDTR);
	case ZYDIS_REGISTER_TR: return WRITTEN_SEG(SEG_TR);
	case ZYDIS_REGISTER_CR0: return WRITTEN_CR0;
	case ZYDIS_REGISTER_CR3: return WRITTEN_CR3;
	case ZYDIS_REGISTER_CR4: return WRITTEN_CR4;
	default: return 0;
	}
}

uint32_t insn_written(const uint8_t *code, size_t len, unsigned bits)
{
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction zi;
	uint32_t written = 0;

	if (!decode_full(code, len, bits, &zi, ops))
		return 0;
	switch (classify(&zi, ops)) {
	case INSN_FAR:
	case INSN_IRET: written |= WRITTEN_SEG(SEG_CS); break;
	default: break;
	}
	for (unsigned i = 0; i < zi.operand_count; i++) {
		if (ops[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    (ops[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			written |= written_register(ops[i].reg.value);
	}
	return written;
}

bool insn_decode(const uint8_t *code, size_t len, unsigned bits, struct insn *ret)
{
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction zi;

	if (!decode_full(code, len, bits, &zi, ops))
		return false;
	*ret = (struct insn){
		.cls = classify(&zi, ops),
		.flow = flow_of(&zi),
		.length = zi.length,
		.bits = (uint8_t)bits,
		.operand_size = (uint8_t)(zi.operand_width / 8),
		.address_size = (uint8_t)(zi.address_width / 8),
		.mem_base = -1,
		.mem_index = -1,
		.rep = zi.attributes &
		       (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE),
	};
	ret->has_io_effect = has_io_effect(zi.mnemonic, ret->cls);
	fill_operands(&zi, ops, ret);
	return true;
}

gva_t insn_mem_address(const struct insn *in, const struct cpu_state *cpu, gva_t pc)
{
	uint64_t a = (uint64_t)in->mem_disp;

	if (in->mem_rip)
		a += pc + in->length;
	if (in->mem_base >= 0)
		a += cpu->gpr[in->mem_base];
	if (in->mem_index >= 0)
		a += cpu->gpr[in->mem_index] * in->mem_scale;
	if (in->address_size == 2)
		a &= 0xffff;
	else if (in->address_size == 4)
		a &= 0xffffffff;
	if (in->bits == 64)
		return in->mem_seg == SEG_FS || in->mem_seg == SEG_GS ?
			       a + cpu->seg[in->mem_seg].base :
			       a;
	return (uint32_t)(a + cpu->seg[in->mem_seg].base);
}
