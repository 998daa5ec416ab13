/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names that an image itself has: what the setup header, the PE header, the ELF and its notes name. */
#include <inttypes.h>
#include <stdio.h>

#include "loaders/kallsyms.h"
#include "loaders/lines.h"

#define ELF_PT_LOAD 1u     /* ELF gABI, p_type */
#define STARTUP_64  0x200u /* boot.rst "64-bit BOOT PROTOCOL": startup_64 is 0x200 past startup_32 */
#define JUMP        0x200u /* boot.rst "jump": a short jump, whose distance is the byte behind it */

/* Names of arch/x86/boot/header.S. */
static void setup_names(struct symbols_builder *b, const struct image *image)
{
	const uint8_t *page = image->bz->page;

	symbols_add(b, 0, 't', "bootsect_start", strlen("bootsect_start"), SYMBOL_FROM_HEADER);
	if (!image->bz->has_header)
		return;
	symbols_add(b, JUMP, 'T', "_start", strlen("_start"), SYMBOL_FROM_HEADER);
	if (page[JUMP] == 0xeb) /* JMP rel8 */
		symbols_add(b, JUMP + 2 + page[JUMP + 1], 't', "start_of_setup",
			    strlen("start_of_setup"), SYMBOL_FROM_HEADER);
}

static void compressed_name(struct symbols_builder *b, const struct image *image, uint64_t offset,
			    const char *name)
{
	if (offset < image->bz->kernel_size)
		symbols_add(b, offset, 'T', name, strlen(name), SYMBOL_FROM_HEADER);
}

/* Names of arch/x86/boot/compressed/head_64.S, head_32.S and libstub. */
static void compressed_names(struct symbols_builder *b, const struct image *image)
{
	const struct bzimage *bz = image->bz;
	uint64_t handover = bp_get(bz->page, BP_HDR_HANDOVER_OFFSET);
	uint64_t flags = bp_get(bz->page, BP_HDR_XLOADFLAGS);

	compressed_name(b, image, 0, "startup_32");
	if (bz->kernel_64)
		compressed_name(b, image, STARTUP_64, "startup_64");
	if (bz->protocol >= 0x20b && handover) {
		/* boot.rst "EFI HANDOVER PROTOCOL": the 64-bit entry is 512 bytes past the 32-bit one. */
		if (flags & XLF_EFI_HANDOVER_32)
			compressed_name(b, image, handover, "efi32_stub_entry");
		if (flags & XLF_EFI_HANDOVER_64)
			compressed_name(b, image, handover + STARTUP_64, "efi64_stub_entry");
	}
	if (image->has_pe && image->pe.entry >= bz->setup_size)
		compressed_name(b, image, image->pe.entry - bz->setup_size, "efi_pe_entry");
}

/* Linked address of physical @paddr, of the segment that the file has bytes for first. */
static bool linked_address(const struct elf_image *elf, gpa_t paddr, uint64_t *ret)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type == ELF_PT_LOAD && paddr >= s->paddr && paddr - s->paddr < s->memsz) {
			*ret = s->vaddr + (paddr - s->paddr);
			return true;
		}
	}
	return false;
}

void elf_linked_span(const struct elf_image *elf, uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t start = UINT64_MAX, end = 0, last;

	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type != ELF_PT_LOAD || !s->vaddr || !s->memsz ||
		    __builtin_add_overflow(s->vaddr, s->memsz, &last))
			continue;
		start = s->vaddr < start ? s->vaddr : start;
		end = last > end ? last : end;
	}
	*ret_start = start < end ? start : 0;
	*ret_end = start < end ? end : 0;
}

static void kernel_names(struct symbols_builder *b, const struct elf_image *elf)
{
	const char *first = elf->is_64 ? "startup_64" : "startup_32";
	uint64_t address;

	if (linked_address(elf, elf->load_start, &address))
		symbols_add(b, address, 'T', "_text", strlen("_text"), SYMBOL_FROM_HEADER);
	if (elf->entry_loaded && linked_address(elf, elf->entry_paddr, &address))
		symbols_add(b, address, 'T', first, strlen(first), SYMBOL_FROM_HEADER);
	if (elf->has_pvh && linked_address(elf, elf->pvh_entry, &address))
		symbols_add(b, address, 'T', "pvh_start_xen", strlen("pvh_start_xen"),
			    SYMBOL_FROM_HEADER);
}

/* What the kernel proper carries, or what the headers say of it. */
static int kernel_read(struct symbols *to, const struct elf_image *elf, struct diag *note)
{
	struct symbols_builder b;
	struct kallsyms k;
	uint64_t start, end;

	elf_linked_span(elf, &start, &end);
	symbols_begin(&b, to, STAGE_KERNEL, start, end);
	if (kallsyms_locate(&k, elf, note) || kallsyms_read(&k, elf, &b, note)) {
		symbols_abandon(&b);
		symbols_begin(&b, to, STAGE_KERNEL, start, end);
		kernel_names(&b, elf);
	}
	return symbols_finish(&b);
}

struct bytes image_stage_bytes(const struct image *image, enum code_stage stage)
{
	const struct bzimage *bz = image->bz;
	struct bytes b = { 0 };

	if (bz && stage == STAGE_SETUP)
		bytes_slice(image->file, 0, bz->setup_size, &b);
	else if (bz && stage == STAGE_COMPRESSED)
		bytes_slice(image->file, bz->setup_size, bz->kernel_size, &b);
	return b;
}

int image_symbols_read_front(struct image_symbols *ret, const struct image *image)
{
	struct symbols_builder b;
	int err = 0;

	*ret = (struct image_symbols){ 0 };
	for (unsigned i = 0; i < STAGE_COUNT; i++)
		ret->stage[i].stage = i;
	if (image->bz) {
		symbols_begin(&b, &ret->stage[STAGE_SETUP], STAGE_SETUP, 0, image->bz->setup_size);
		setup_names(&b, image);
		err = symbols_finish(&b);
		symbols_begin(&b, &ret->stage[STAGE_COMPRESSED], STAGE_COMPRESSED, 0,
			      image->bz->kernel_size);
		compressed_names(&b, image);
		err = symbols_finish(&b) ?: err;
	}
	if (err)
		image_symbols_release(ret);
	return err;
}

int image_symbols_read(struct image_symbols *ret, const struct image *image, struct diag *ret_note)
{
	int err = image_symbols_read_front(ret, image);

	if (!err && image->elf)
		err = kernel_read(&ret->stage[STAGE_KERNEL], image->elf, ret_note);
	if (err)
		image_symbols_release(ret);
	return err;
}

void image_symbols_release(struct image_symbols *s)
{
	for (unsigned i = 0; s && i < STAGE_COUNT; i++) {
		symbols_release(&s->stage[i]);
		s->lines[i] = source_lines_close(s->lines[i]);
	}
}
