/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a boot image file is: its layers (bzImage, ELF, PE, payload), parsed
 * facts, and the entries it offers. Parsed once; never knows entry state.
 *
 * Images are hostile: every length is checked in 64 bits and capped, and a
 * broken one gets a diag with the file offset.
 */
#ifndef LOADERS_IMAGE_H
#define LOADERS_IMAGE_H

#include "emu/base/diag.h"
#include "emu/base/digest.h"
#include "loaders/bootparam.h"

enum image_format {
	IMAGE_BZIMAGE, /* Linux boot protocol, also zImage and header-less (see bzimage) */
	IMAGE_ELF,     /* vmlinux or another ELF executable */
	IMAGE_PE,      /* a PE/COFF image without a Linux setup header */
};

extern const char *const image_format_names[]; /* "bzImage", "ELF", "PE" */

/* How the payload of a bzImage is packed (boot.rst payload_offset: the magic numbers). */
enum compression {
	COMPRESSION_NONE, /* the ELF itself, or nothing that we know */
	COMPRESSION_GZIP,
	COMPRESSION_BZIP2,
	COMPRESSION_LZMA,
	COMPRESSION_XZ,
	COMPRESSION_LZO,
	COMPRESSION_LZ4,
	COMPRESSION_ZSTD,
	COMPRESSION_COUNT
};

extern const char *const compression_names[COMPRESSION_COUNT];

#define PAYLOAD_SIZE_MAX MIB(512)

/* The setup header and what follows from it (Documentation/arch/x86/boot.rst). */
struct bzimage {
	bool has_header;                /* "HdrS" at 0x202; without it the old, fixed layout */
	uint16_t protocol;              /* 0x0200..0x020f; 0 without header */
	uint8_t page[BOOT_PARAMS_SIZE]; /* first bytes of the file, zero padded: for bp_get() */
	uint32_t setup_size;  /* bytes before the protected-mode code; setup_sects 0 read as 4 */
	uint64_t kernel_size; /* bytes of protected-mode code, all of them in the file */
	uint32_t header_end;  /* one past the header: 0x202 + byte at 0x201, up to 0x301 */
	bool loaded_high;     /* bzImage rather than zImage */
	bool kernel_64;       /* XLF_KERNEL_64: offers startup_64 at +0x200 */
	bool relocatable;
	uint64_t pref_address; /* never 0: 0x100000 (zImage: 0x10000) where none is given */
	/* as it stands: 0 or no power of two is possible; 1 before 2.05 */
	uint32_t kernel_alignment;
	uint32_t init_size; /* kernel_size before protocol 2.10 */
	bool has_payload;   /* payload_offset is not 0 */
	enum compression compression;
	uint64_t payload_file_offset; /* as claimed: may lie outside until image_unpack() was 0 */
	uint64_t payload_size;        /* packed, likewise */
	uint32_t cmdline_size;        /* without the NUL; 255 before 2.06 */
	uint32_t initrd_addr_max;     /* 0x37ffffff before 2.03 */
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, filesz, memsz;
	uint64_t vaddr, paddr;
	uint64_t align;
};

struct elf_note {
	char name[16];
	uint32_t type;
	struct bytes desc; /* points into the ELF's bytes */
	uint64_t offset;   /* of the note header in the ELF */
};

#define ELF_SEGMENTS_MAX 128
#define ELF_NOTES_MAX    256

/* An ELF executable: the file itself or the unpacked payload. */
struct elf_image {
	struct bytes data; /* the whole ELF, owned by struct image */
	bool is_64;
	uint16_t machine;  /* EM_X86_64 or EM_386 */
	uint64_t entry;    /* e_entry as it stands */
	bool entry_loaded; /* e_entry lies in a PT_LOAD, by physical or by virtual address */
	gpa_t entry_paddr; /* as a physical address, which Linux's vmlinux gives already */
	struct elf_segment segments[ELF_SEGMENTS_MAX]; /* all program headers */
	unsigned segment_count;
	struct elf_note notes[ELF_NOTES_MAX];
	unsigned note_count;
	bool has_pvh; /* XEN_ELFNOTE_PHYS32_ENTRY, sound and inside a PT_LOAD */
	gpa_t pvh_entry;
	uint64_t pvh_note_offset;   /* of that note's header in the ELF */
	char pvh_problem[128];      /* what is wrong with such a note; "" when sound or absent */
	gpa_t load_start, load_end; /* physical span of PT_LOAD, end exclusive */
};

#define PE_SECTIONS_MAX \
	96 /* PE format, "COFF File Header": the Windows loader limits the number of sections to 96 */

struct pe_section {
	char name[9];
	uint32_t rva, memory_size;  /* VirtualAddress, VirtualSize */
	uint32_t offset, file_size; /* PointerToRawData, SizeOfRawData */
	uint32_t flags;             /* Characteristics */
};

struct pe_directory {
	uint32_t rva, size;
};

/* The PE/COFF header and section table as they stand; has_pe of struct image says whether there is one. */
struct pe_facts {
	uint64_t offset;         /* of "PE\0\0" in the file */
	char problem[128];       /* why no firmware could load it; "" when it can be loaded */
	uint64_t problem_offset; /* the byte of the file that makes it so */
	uint16_t machine;        /* 0x8664, 0x014c */
	uint16_t file_flags;     /* Characteristics of the COFF header */
	uint16_t magic;          /* 0x20b: PE32+, 0x10b: PE32 */
	uint16_t subsystem;      /* 10: EFI application */
	uint16_t dll_flags;      /* DllCharacteristics; 0x100: NX_COMPAT */
	uint32_t entry;          /* AddressOfEntryPoint, from the image's start once loaded */
	uint64_t image_base;
	uint32_t section_alignment, file_alignment;
	uint32_t image_size;   /* SizeOfImage */
	uint32_t headers_size; /* SizeOfHeaders */
	uint32_t checksum;
	struct pe_directory relocations, security; /* security's rva is a file offset */
	uint64_t sections_offset;                  /* of the section table in the file */
	struct pe_section sections[PE_SECTIONS_MAX];
	unsigned section_count;
	bool has_compat; /* a .compat section with an entry for i386: mixed mode */
	uint16_t compat_machine;
	uint32_t compat_entry;
	struct bytes sbat; /* the .sbat section's text, in the file's bytes; len 0: none */
};

/* A producer that would enter by this path, and the byte of the file that makes it. */
struct image_choice {
	const char *who;  /* "GRUB linux16" */
	const char *byte; /* "boot_flag" */
	uint64_t offset;  /* of that byte */
	bool in_payload;  /* the offset counts from the start of the unpacked payload */
};

#define IMAGE_CHOICES_MAX 6

/* One way to enter, and whether this image has it. */
struct image_entry {
	const char *path; /* "bios", "linux32", "linux64", "efi", "efi-handover", "pvh" */
	bool offered;
	char symbol[32]; /* symbol at that entry */
	/* of the entry's first byte, from the start of the loaded part named by `base` */
	uint64_t offset;
	const char *base; /* "setup", "kernel", "image", "physical" */
	struct image_choice choices[IMAGE_CHOICES_MAX];
	unsigned choice_count;
	/* the same in one line: "GRUB linux16, SYSLINUX: boot_flag at 0x1fe" */
	char chosen_by[256];
	char reason[192]; /* why it is not offered; "" when it is */
};

#define IMAGE_ENTRIES_MAX 8

struct image_symbols;

struct image {
	char name[256]; /* base name */
	char sha256[SHA256_HEX_SIZE];
	struct bytes file; /* owned */
	enum image_format format;
	struct bzimage *bz;    /* NULL unless format is IMAGE_BZIMAGE */
	struct elf_image *elf; /* the file's own ELF, or the payload's; NULL when there is none */
	bool has_pe;           /* "MZ" with a PE header: the EFI stub */
	struct pe_facts pe;
	struct image_entry entries[IMAGE_ENTRIES_MAX];
	unsigned entry_count;
	struct bytes payload; /* unpacked payload, owned; len 0 until image_unpack() */
	/* names from files beside it (loaders/symbol_files.h), owned; NULL: it has only its own */
	struct image_symbols *symbols;
};

/* A file larger than this is refused unread. */
#define IMAGE_FILE_MAX MIB(1024)

/*
 * Read and parse @path. Does not unpack the payload. -EINVAL for a broken or
 * foreign file (diag says offset and what was expected), or the errno of reading.
 */
int image_open(struct image **ret_image, const char *path, struct diag *diag);
/* The same from memory; @name is what reports call it. The bytes are copied. */
int image_from_bytes(struct image **ret_image, const char *name, struct bytes data,
		     struct diag *diag);
/*
 * Unpack the payload (capped at PAYLOAD_SIZE_MAX) and parse its ELF into
 * image->elf, PVH entry included. Nothing to do for ELF and PE files, for a bzImage
 * without a payload, or twice.
 */
int image_unpack(struct image *image, struct diag *diag);
/*
 * Both in one, with the SHA-256 taken beside the unpacking: for a real kernel each takes a tenth of its whole boot.
 * On failure there is no image.
 */
int image_load(struct image **ret_image, const char *path, struct diag *diag);
/* Takes NULL, returns NULL. */
struct image *image_close(struct image *image);

/*
 * The entry of that path, or NULL for a path that no image has. Every image lists all
 * paths; those it does not offer say why. `pvh` of a bzImage needs image_unpack() first.
 */
const struct image_entry *image_entry_find(const struct image *image, const char *path);

#endif
