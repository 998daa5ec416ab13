/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recognising PE/COFF images: no more than decides who would boot one. */
#ifndef LOADERS_PE_H
#define LOADERS_PE_H

#include "loaders/image.h"

#define PE_MACHINE_AMD64             0x8664u
#define PE_MACHINE_I386              0x014cu
#define PE_SUBSYSTEM_EFI_APPLICATION 10u

/* "MZ", and "PE\0\0" where it points. Fills *ret_pe only when both are there. */
bool pe_read(struct bytes file, struct pe_facts *ret_pe);

#endif
