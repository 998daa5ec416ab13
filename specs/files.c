/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rule files that are built in, in the order in which clauses are judged and listed. */
#include "specs/spec.h"

/*
 * The assembler copies the file's bytes between two symbols. Its path is seen
 * from the top of the tree, where make runs; the Makefile knows that this
 * object depends on the files.
 */
#define RULE_FILE(symbol, path)            \
	__asm__(".pushsection .rodata\n"   \
		"rules_" #symbol ":\n"     \
		".incbin \"" path "\"\n"   \
		"rules_" #symbol "_end:\n" \
		".byte 0\n"                \
		".popsection\n");          \
	extern const char rules_##symbol[], rules_##symbol##_end[]

RULE_FILE(linux_image, "specs/linux-image.yaml");
RULE_FILE(linux_entry16, "specs/linux-entry16.yaml");
RULE_FILE(linux_setup16, "specs/linux-setup16.yaml");
RULE_FILE(linux_entry32, "specs/linux-entry32.yaml");
RULE_FILE(linux_entry64, "specs/linux-entry64.yaml");
RULE_FILE(boot_params, "specs/boot-params.yaml");
RULE_FILE(xen_pvh, "specs/xen-pvh.yaml");
RULE_FILE(uefi_entry, "specs/uefi-entry.yaml");
RULE_FILE(efi_handover, "specs/efi-handover.yaml");
RULE_FILE(startup_64, "specs/startup_64.yaml");
RULE_FILE(dead_code, "specs/dead-code.yaml");

#define ROW(symbol, file_name)                                  \
	{                                                       \
		file_name, rules_##symbol, rules_##symbol##_end \
	}

const struct spec_file spec_files[] = {
	ROW(linux_image, "linux-image.yaml"),
	ROW(linux_entry16, "linux-entry16.yaml"),
	ROW(linux_setup16, "linux-setup16.yaml"),
	ROW(linux_entry32, "linux-entry32.yaml"),
	ROW(linux_entry64, "linux-entry64.yaml"),
	ROW(boot_params, "boot-params.yaml"),
	ROW(xen_pvh, "xen-pvh.yaml"),
	ROW(uefi_entry, "uefi-entry.yaml"),
	ROW(efi_handover, "efi-handover.yaml"),
	ROW(startup_64, "startup_64.yaml"),
	ROW(dead_code, "dead-code.yaml"),
};

const size_t spec_file_count = ARRAY_SIZE(spec_files);
