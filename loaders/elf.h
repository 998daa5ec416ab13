/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF executables in memory: segments, notes and the entries they give. */
#ifndef LOADERS_ELF_H
#define LOADERS_ELF_H

#include "loaders/image.h"

enum xen_note {
#define XEN_NOTE(name, number) XEN_NOTE_##name = (number),
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

#endif
