/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PE/COFF images as UEFI loads them: headers, sections, relocations. Microsoft
 * PE format (its section titles are cited), UEFI 2.10 section 2.1.1.
 *
 * Reading is lenient, as edk2's loader is: pe_read() fills in what stands
 * there, and struct pe_facts says in `problem` why no firmware could load it.
 * pe_strict() tells what a loader by the letter of the format would refuse.
 */
#ifndef LOADERS_PE_H
#define LOADERS_PE_H

#include "emu/base/diag.h"
#include "loaders/image.h"
#include "loaders/placement.h"

#define PE_MACHINE_AMD64 0x8664u
#define PE_MACHINE_I386  0x014cu

#define PE_MAGIC_32      0x010bu
#define PE_MAGIC_32_PLUS 0x020bu

/* "COFF File Header", Characteristics */
#define PE_FILE_RELOCS_STRIPPED  0x0001u
#define PE_FILE_EXECUTABLE_IMAGE 0x0002u

/* "Optional Header", Windows Subsystem */
#define PE_SUBSYSTEM_EFI_APPLICATION    10u
#define PE_SUBSYSTEM_EFI_BOOT_DRIVER    11u
#define PE_SUBSYSTEM_EFI_RUNTIME_DRIVER 12u

/* "Optional Header", DLL Characteristics */
#define PE_DLL_NX_COMPAT 0x0100u

/* "Section Flags" */
#define PE_SECTION_CODE        0x00000020u
#define PE_SECTION_DISCARDABLE 0x02000000u
#define PE_SECTION_EXECUTE     0x20000000u
#define PE_SECTION_READ        0x40000000u
#define PE_SECTION_WRITE       0x80000000u

/* A larger SizeOfImage is refused: no kernel's init_size comes near it. */
#define PE_IMAGE_SIZE_MAX MIB(512)

/*
 * "MZ", and "PE\\0\\0" where it points: false, and *ret_pe untouched, when one is
 * missing. Whatever else is wrong stands in ret_pe->problem.
 */
bool pe_read(struct bytes file, struct pe_facts *ret_pe);

/* Room that the section takes in memory: VirtualSize, or what comes from the file where that is 0. */
static inline uint32_t pe_section_span(const struct pe_section *s)
{
	return s->memory_size ? s->memory_size : s->file_size;
}

/* Bytes of it that come from the file: never more than the room. */
static inline uint32_t pe_section_bytes(const struct pe_section *s)
{
	uint32_t span = pe_section_span(s);

	return s->file_size < span ? s->file_size : span;
}

/* -EINVAL and the first rule of the format that the image breaks although edk2 would load it; 0 when none. */
int pe_strict(const struct pe_facts *pe, struct diag *diag);

/* Two sections that share memory, or one that lies over the headers; -EINVAL with the file offset of the second. */
int pe_overlaps(const struct pe_facts *pe, struct diag *diag);

/* What a loader leaves where the format promises nothing, or promises zeros. */
enum pe_poison {
	PE_POISON_NONE,
	/* memory of SizeOfImage that is neither header nor section holds junk: nothing says what it holds */
	PE_POISON_GAPS,
	/* and so does what VirtualSize has beyond SizeOfRawData, which must be zero and with some loaders is not */
	PE_POISON_BSS,
};

#define PE_POISON_BYTE \
	0xafu /* edk2 fills freed and new memory with it in debug builds (PcdDebugClearMemoryValue) */

/*
 * Append the placements of @pe, loaded at @base with its relocations applied:
 * headers, each section, and poison. Together they say what every byte of
 * [base, base + SizeOfImage) is, save for gaps that are not poisoned. The bytes
 * are copies that the list owns. @source names the file in them.
 * -EINVAL with the file offset when the image cannot be loaded there: a
 * pe->problem, relocations that lie, or stripped ones and another @base.
 */
int pe_load(struct bytes file, const struct pe_facts *pe, gpa_t base, enum pe_poison poison,
	    const char *source, struct placements *out, struct diag *diag);

/* True when the image runs at any address: it has relocations, or needs none. */
bool pe_relocatable(const struct pe_facts *pe);

#endif
