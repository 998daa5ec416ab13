/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings for people; the only user of Capstone. */
#include "emu/disasm.h"

#include <stdio.h>

#include <capstone/capstone.h>

size_t disasm_line(const uint8_t *code, size_t len, gva_t pc, unsigned bits, char *out, size_t size)
{
	cs_mode mode = bits == 64 ? CS_MODE_64 : bits == 32 ? CS_MODE_32 : CS_MODE_16;
	cs_insn *insn = NULL;
	size_t n = 0;
	csh cs;

	snprintf(out, size, "(bad)");
	if (cs_open(CS_ARCH_X86, mode, &cs) != CS_ERR_OK)
		return 0;
	cs_option(cs, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
	if (cs_disasm(cs, code, len, pc, 1, &insn) == 1) {
		snprintf(out, size, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "",
			 insn->op_str);
		n = insn->size;
		cs_free(insn, 1);
	}
	cs_close(&cs);
	return n;
}
