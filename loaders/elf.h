/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF executables in memory: segments, notes and the entries they give. */
#ifndef LOADERS_ELF_H
#define LOADERS_ELF_H

#include "emu/base/buf.h"
#include "loaders/image.h"

enum xen_note {
#define XEN_NOTE(name, number, form) XEN_NOTE_##name = (number),
#include "loaders/xen_notes.def"
#undef XEN_NOTE
};

bool elf_probe(struct bytes data);
/*
 * Parse @data, whose bytes belong to the caller alone and outlive the result.
 * @within goes in front of every message: "" or "in the unpacked payload: ", from whose
 * start diag's offset then counts. The caller frees *ret_elf.
 */
int elf_parse(struct bytes data, const char *within, struct elf_image **ret_elf, struct diag *diag);
/* "PHYS32_ENTRY" for notes of "Xen" that xen/elfnote.h names, else NULL. */
const char *elf_note_type_name(const struct elf_note *note);
/*
 * What the descriptor of such a note says, as a person reads it, printable: "0x1000850", "linux",
 * "align 0x200000, min 0x1000000, max 0x3fffffff". False, and nothing appended, when it has not
 * the form that its type has.
 */
bool elf_note_value(const struct elf_note *note, struct buf *out);

#endif
