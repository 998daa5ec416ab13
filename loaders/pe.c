/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The four facts of a PE/COFF header that decide about booting. Microsoft PE format, "COFF File Header", "Optional Header". */
#include "loaders/pe.h"

#include "emu/base/buf.h"

#define MZ_MAGIC           0x5a4du
#define MZ_LFANEW          0x3cu
#define PE_MAGIC           0x00004550u
#define PE_MACHINE         4u
#define PE_OPTIONAL        24u /* signature and COFF header */
#define OPTIONAL_ENTRY     16u
#define OPTIONAL_SUBSYSTEM 68u /* PE32 and PE32+ alike */

bool pe_read(struct bytes file, struct pe_facts *ret_pe)
{
	struct pe_facts pe = { 0 };
	uint16_t mz;
	uint32_t lfanew, magic;

	if (!bytes_le16(file, 0, &mz) || mz != MZ_MAGIC || !bytes_le32(file, MZ_LFANEW, &lfanew))
		return false;
	pe.offset = lfanew;
	if (!bytes_le32(file, pe.offset, &magic) || magic != PE_MAGIC)
		return false;
	if (!bytes_le16(file, pe.offset + PE_MACHINE, &pe.machine) ||
	    !bytes_le32(file, pe.offset + PE_OPTIONAL + OPTIONAL_ENTRY, &pe.entry) ||
	    !bytes_le16(file, pe.offset + PE_OPTIONAL + OPTIONAL_SUBSYSTEM, &pe.subsystem))
		return false;
	*ret_pe = pe;
	return true;
}
