/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings for people; the only user of Capstone. */
#include "emu/disasm.h"

#include <stdio.h>
#include <stdlib.h>

#include <capstone/capstone.h>

struct disasm {
	csh mode[3]; /* 16, 32, 64 bits; 0: not opened */
	cs_insn *insn[3];
};

static const cs_mode modes[] = { CS_MODE_16, CS_MODE_32, CS_MODE_64 };

struct disasm *disasm_create(enum disasm_syntax syntax)
{
	struct disasm *d = calloc(1, sizeof(*d));

	for (unsigned i = 0; d && i < ARRAY_SIZE(modes); i++) {
		if (cs_open(CS_ARCH_X86, modes[i], &d->mode[i]) != CS_ERR_OK) {
			d->mode[i] = 0;
			return disasm_destroy(d);
		}
		cs_option(d->mode[i], CS_OPT_SYNTAX,
			  syntax == DISASM_ATT ? CS_OPT_SYNTAX_ATT : CS_OPT_SYNTAX_INTEL);
		d->insn[i] = cs_malloc(d->mode[i]);
		if (!d->insn[i])
			return disasm_destroy(d);
	}
	return d;
}

struct disasm *disasm_destroy(struct disasm *d)
{
	for (unsigned i = 0; d && i < ARRAY_SIZE(modes); i++) {
		if (d->insn[i])
			cs_free(d->insn[i], 1);
		if (d->mode[i])
			cs_close(&d->mode[i]);
	}
	free(d);
	return NULL;
}

size_t disasm_insn(struct disasm *d, const uint8_t *code, size_t len, gva_t pc, unsigned bits,
		   char *out, size_t size)
{
	unsigned i = bits == 64 ? 2 : bits == 32 ? 1 : 0;
	uint64_t address = pc;
	cs_insn *insn = d->insn[i];

	if (!cs_disasm_iter(d->mode[i], &code, &len, &address, insn)) {
		snprintf(out, size, "(bad)");
		return 0;
	}
	snprintf(out, size, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "", insn->op_str);
	return insn->size;
}

size_t disasm_line(const uint8_t *code, size_t len, gva_t pc, unsigned bits, char *out, size_t size)
{
	struct disasm *d = disasm_create(DISASM_ATT);
	size_t n;

	if (!d) {
		snprintf(out, size, "(out of memory)");
		return 0;
	}
	n = disasm_insn(d, code, len, pc, bits, out, size);
	disasm_destroy(d);
	return n;
}
