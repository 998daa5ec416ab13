/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small boot images made from their documents, byte by byte, for tests: System V ABI and boot.rst. */
#ifndef TESTS_LIB_BOOT_FILES_H
#define TESTS_LIB_BOOT_FILES_H

#include "emu/base/buf.h"

/* An ELF with one PT_LOAD and one PT_NOTE that holds one note. */
struct test_elf {
	bool is_32;
	uint64_t entry;
	uint64_t vaddr, paddr, memsz;
	const char *note_name; /* NULL: no PT_NOTE */
	uint32_t note_type;
	uint64_t note_desc;
	uint32_t note_desc_size;
	bool note_in_section; /* SHT_NOTE instead of PT_NOTE */
	size_t data_size;     /* bytes of the PT_LOAD in the file */
};

/* What a small vmlinux of x86-64 looks like: physical entry, PVH note. */
extern const struct test_elf test_vmlinux;

void test_elf_build(struct buf *out, const struct test_elf *elf);

/*
 * A bzImage of that protocol: two sectors of setup code, then the protected-mode part
 * with @payload at payload_offset 0x240 (where the protocol has one). Header fields that
 * the protocol lacks are filled with 0xcc, so that reading one shows.
 */
void test_bzimage_build(struct buf *out, uint16_t protocol, struct bytes payload);

#define TEST_BZIMAGE_PAYLOAD 0x240u
#define TEST_BZIMAGE_SETUP   0x400u

/*
 * @in through `@command`, a shell command that filters its standard input. False when
 * the tool is missing or fails.
 */
bool test_filter(struct buf *out, const char *command, struct bytes in);

/* Bytes that compress about as well as code does, the same in every run. */
void test_code_like_bytes(struct buf *out, size_t len, uint64_t seed);

#endif
