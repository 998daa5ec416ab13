/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions decoded as far as interception needs: which sensitive one it is, and its operands. Zydis behind it. */
#ifndef EMU_DECODE_H
#define EMU_DECODE_H

#include "emu/base/state.h"

/* Instructions that the machine intercepts; insn.def lists them. */
enum insn_class {
	INSN_PLAIN,
#define INSN(id, mnemonic, doc) INSN_##id,
#include "emu/insn.def"
#undef INSN
	INSN_CLASS_COUNT
};

/* Where an instruction leads, as call trees see it. */
enum insn_flow {
	FLOW_NEXT, /* to the next one */
	FLOW_JUMP, /* perhaps elsewhere */
	FLOW_CALL, /* into a function: near or far */
	FLOW_RETURN,
	FLOW_IRET,
	FLOW_LEAVE, /* an interrupt, a system call, HLT */
};

struct insn {
	enum insn_class cls;
	enum insn_flow flow;
	uint8_t length;
	uint8_t bits;         /* code width it was decoded for */
	uint8_t operand_size; /* in bytes */
	bool writes_memory;   /* stores explicitly or implicitly (push, call, string store) */
	bool has_io_effect; /* reads or changes what is outside CPU and memory: IN, OUT, RDTSC, HLT, ... */
	bool rep;
	/* MOV CR/DR */
	bool to_system;     /* general register -> CR or DR */
	uint8_t system_reg; /* CR or DR number */
	uint8_t gpr;        /* enum gpr */
	/* one memory operand */
	bool has_mem;
	bool mem_rip;               /* RIP-relative */
	uint8_t mem_seg;            /* enum seg */
	int8_t mem_base, mem_index; /* enum gpr or -1 */
	uint8_t mem_scale;
	uint8_t address_size; /* in bytes */
	int64_t mem_disp;
	/* a register operand of LMSW, LTR, LLDT or far pointers in registers */
	bool has_gpr;
	/* far pointer immediate */
	bool far_imm;
	uint16_t far_selector;
	uint32_t far_offset;
};

/* Decode the bytes at @code (at most @len, 15 are enough). False when they are no instruction. */
bool insn_decode(const uint8_t *code, size_t len, unsigned bits, struct insn *ret);

/*
 * Which registers an instruction writes, in whole or in part: bits 0-15 enum gpr,
 * 16-23 enum seg, then these. Implicit writes count; MSRs are not in it.
 */
#define WRITTEN_SEG(seg) BIT(16 + (seg))
#define WRITTEN_FLAGS    BIT(24)
#define WRITTEN_GDTR     BIT(25)
#define WRITTEN_IDTR     BIT(26)
#define WRITTEN_CR0      BIT(27)
#define WRITTEN_CR3      BIT(28)
#define WRITTEN_CR4      BIT(29)

/* 0 also when the bytes are no instruction. */
uint32_t insn_written(const uint8_t *code, size_t len, unsigned bits);

/* Linear address of the memory operand; @pc is the linear address of the instruction. */
gva_t insn_mem_address(const struct insn *in, const struct cpu_state *cpu, gva_t pc);

#endif
