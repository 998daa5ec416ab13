/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image's layers, header, notes and entries as JSON; man/bootpath-inspect.1 lists the members. */
#include <stdio.h>

#include "loaders/bzimage.h"
#include "loaders/elf.h"
#include "loaders/pe.h"
#include "tools/inspect.h"

static void json_layer(struct jsonw *w, const char *kind, uint64_t offset, uint64_t size)
{
	jsonw_object(w, NULL);
	jsonw_string(w, "kind", kind);
	jsonw_hex(w, "offset", offset);
	jsonw_hex(w, "size", size);
}

static void json_layers(struct jsonw *w, const struct image *image)
{
	const struct bzimage *bz = image->bz;

	jsonw_array(w, "layers");
	if (bz) {
		json_layer(w, "setup code", 0, bz->setup_size);
		jsonw_object_end(w);
		json_layer(w, "protected-mode code", bz->setup_size, bz->kernel_size);
		jsonw_object_end(w);
	}
	if (image->has_pe) {
		jsonw_object(w, NULL);
		jsonw_string(w, "kind", "PE header");
		jsonw_hex(w, "offset", image->pe.offset);
		jsonw_hex(w, "machine", image->pe.machine);
		jsonw_u64(w, "subsystem", image->pe.subsystem);
		jsonw_hex(w, "entry", image->pe.entry);
		jsonw_object_end(w);
	}
	if (bz && bz->has_payload) {
		json_layer(w, "payload", bz->payload_file_offset, bz->payload_size);
		jsonw_string(w, "compression", compression_names[bz->compression]);
		if (image->payload.len)
			jsonw_hex(w, "unpacked_size", image->payload.len);
		jsonw_object_end(w);
	}
	if (image->elf) {
		json_layer(w, "ELF", 0, image->elf->data.len);
		jsonw_bool(w, "in_payload", image->payload.len);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void json_header(struct jsonw *w, const struct bzimage *bz)
{
	jsonw_object(w, "header");
	for (unsigned i = 0; i < BP_FIELD_COUNT; i++)
		if (bp_fields[i].since && bp_field_present(&bp_fields[i], bz->protocol))
			jsonw_hex(w, bp_fields[i].name, bp_get(bz->page, i));
	jsonw_object_end(w);
}

/* What the header means, with the defaults of older protocols filled in. */
static void json_bzimage(struct jsonw *w, const struct image *image)
{
	const struct bzimage *bz = image->bz;
	struct bytes version = bzimage_version(image->file, bz);
	char protocol[16] = "none";

	if (bz->has_header)
		snprintf(protocol, sizeof(protocol), "%u.%02u", bz->protocol >> 8,
			 bz->protocol & 0xff);
	jsonw_object(w, "bzimage");
	jsonw_string(w, "protocol", protocol);
	jsonw_bytes(w, "version", version.data, version.len);
	jsonw_hex(w, "header_end", bz->header_end);
	jsonw_bool(w, "loaded_high", bz->loaded_high);
	jsonw_bool(w, "relocatable", bz->relocatable);
	jsonw_hex(w, "pref_address", bz->pref_address);
	jsonw_hex(w, "kernel_alignment", bz->kernel_alignment);
	jsonw_hex(w, "init_size", bz->init_size);
	jsonw_hex(w, "cmdline_size", bz->cmdline_size);
	jsonw_hex(w, "initrd_addr_max", bz->initrd_addr_max);
	json_header(w, bz);
	jsonw_object_end(w);
}

static void json_segments(struct jsonw *w, const struct elf_image *elf)
{
	jsonw_array(w, "segments");
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		jsonw_object(w, NULL);
		jsonw_hex(w, "type", s->type);
		jsonw_hex(w, "flags", s->flags);
		jsonw_hex(w, "offset", s->offset);
		jsonw_hex(w, "filesz", s->filesz);
		jsonw_hex(w, "memsz", s->memsz);
		jsonw_hex(w, "paddr", s->paddr);
		jsonw_hex(w, "vaddr", s->vaddr);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

/* Descriptors as hexadecimal text, two digits a byte, in the order of the file. */
static void json_desc(struct jsonw *w, struct bytes desc)
{
	struct buf hex = { 0 };

	for (size_t i = 0; i < desc.len; i++)
		buf_printf(&hex, "%02x", desc.data[i]);
	jsonw_string(w, "desc", buf_str(&hex));
	buf_free(&hex);
}

static void json_elf(struct jsonw *w, const struct elf_image *elf)
{
	jsonw_object(w, "elf");
	jsonw_u64(w, "class", elf->is_64 ? 64 : 32);
	jsonw_u64(w, "machine", elf->machine);
	jsonw_hex(w, "entry", elf->entry);
	jsonw_hex(w, "entry_physical", elf->entry_paddr);
	jsonw_hex(w, "load_start", elf->load_start);
	jsonw_hex(w, "load_end", elf->load_end);
	json_segments(w, elf);
	jsonw_array(w, "notes");
	for (unsigned i = 0; i < elf->note_count; i++) {
		const struct elf_note *n = &elf->notes[i];
		struct buf value = { 0 };

		jsonw_object(w, NULL);
		jsonw_hex(w, "offset", n->offset);
		jsonw_bytes(w, "name", n->name, strlen(n->name));
		jsonw_u64(w, "type", n->type);
		jsonw_string(w, "type_name", elf_note_type_name(n));
		json_desc(w, n->desc);
		jsonw_string(w, "value", elf_note_value(n, &value) ? buf_str(&value) : NULL);
		buf_free(&value);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
	jsonw_object_end(w);
}

static void json_sections(struct jsonw *w, const struct pe_facts *pe)
{
	jsonw_array(w, "sections");
	for (unsigned i = 0; i < pe->section_count; i++) {
		const struct pe_section *s = &pe->sections[i];

		jsonw_object(w, NULL);
		jsonw_string(w, "name", s->name);
		jsonw_hex(w, "offset", s->offset);
		jsonw_hex(w, "file_size", s->file_size);
		jsonw_hex(w, "address", s->rva);
		jsonw_hex(w, "memory_size", s->memory_size);
		jsonw_hex(w, "flags", s->flags);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void json_problem(struct jsonw *w, const char *name, uint64_t offset, const char *text)
{
	if (!text[0]) {
		jsonw_string(w, name, NULL);
		return;
	}
	jsonw_object(w, name);
	jsonw_hex(w, "offset", offset);
	jsonw_string(w, "text", text);
	jsonw_object_end(w);
}

static void json_pe(struct jsonw *w, const struct pe_facts *pe)
{
	struct diag strict = { 0 };

	pe_strict(pe, &strict);
	jsonw_object(w, "pe");
	jsonw_string(w, "magic", pe->magic == PE_MAGIC_32_PLUS ? "PE32+" : "PE32");
	jsonw_hex(w, "image_base", pe->image_base);
	jsonw_hex(w, "image_size", pe->image_size);
	jsonw_hex(w, "headers_size", pe->headers_size);
	jsonw_hex(w, "section_alignment", pe->section_alignment);
	jsonw_hex(w, "file_alignment", pe->file_alignment);
	jsonw_hex(w, "checksum", pe->checksum);
	jsonw_hex(w, "characteristics", pe->file_flags);
	jsonw_hex(w, "dll_characteristics", pe->dll_flags);
	jsonw_bool(w, "nx_compat", pe->dll_flags & PE_DLL_NX_COMPAT);
	jsonw_bool(w, "relocatable", pe_relocatable(pe));
	jsonw_hex(w, "signatures_size", pe->security.size);
	if (pe->has_compat) {
		jsonw_object(w, "compat");
		jsonw_hex(w, "machine", pe->compat_machine);
		jsonw_hex(w, "entry", pe->compat_entry);
		jsonw_object_end(w);
	} else {
		jsonw_string(w, "compat", NULL);
	}
	jsonw_bytes(w, "sbat", pe->sbat.data, pe->sbat.len);
	json_problem(w, "problem", pe->problem_offset, pe->problem);
	json_problem(w, "strict_problem", strict.offset, strict.text);
	json_sections(w, pe);
	jsonw_object_end(w);
}

static void json_choices(struct jsonw *w, const struct image_entry *e)
{
	jsonw_array(w, "chosen_by");
	for (unsigned i = 0; i < e->choice_count; i++) {
		jsonw_object(w, NULL);
		jsonw_string(w, "who", e->choices[i].who);
		jsonw_string(w, "byte", e->choices[i].byte);
		jsonw_hex(w, "offset", e->choices[i].offset);
		jsonw_bool(w, "in_payload", e->choices[i].in_payload);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void json_entries(struct jsonw *w, const struct image *image)
{
	jsonw_array(w, "entries");
	for (unsigned i = 0; i < image->entry_count; i++) {
		const struct image_entry *e = &image->entries[i];

		jsonw_object(w, NULL);
		jsonw_string(w, "path", e->path);
		jsonw_bool(w, "offered", e->offered);
		if (e->offered) {
			jsonw_string(w, "base", e->base);
			jsonw_hex(w, "offset", e->offset);
			jsonw_string(w, "symbol", e->symbol[0] ? e->symbol : NULL);
			json_choices(w, e);
		} else {
			jsonw_string(w, "reason", e->reason);
		}
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

void inspect_json(const struct inspection *in, struct jsonw *w)
{
	const struct image *image = in->image;

	jsonw_object(w, NULL);
	jsonw_string(w, "name", in->name);
	if (image) {
		jsonw_string(w, "sha256", image->sha256);
		jsonw_hex(w, "size", image->file.len);
		jsonw_string(w, "format", image_format_names[image->format]);
		json_layers(w, image);
		if (image->bz)
			json_bzimage(w, image);
		if (image->has_pe)
			json_pe(w, &image->pe);
		if (image->elf)
			json_elf(w, image->elf);
		json_entries(w, image);
	}
	if (in->error[0])
		jsonw_string(w, "error", in->error);
	jsonw_object_end(w);
}
