/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image's layers, header, notes and entries for people. */
#include <inttypes.h>

#include "loaders/bzimage.h"
#include "loaders/elf.h"
#include "loaders/pe.h"
#include "tools/inspect.h"

#define DESC_BYTES_SHOWN 24u
#define ROW              "  %-20s 0x%08" PRIx64 " 0x%08" PRIx64

/* clang-format off */
static const struct {
	enum bp_field field;
	uint32_t bit;
	const char *name;
} flag_names[] = { /* boot.rst loadflags, xloadflags; uapi/asm/bootparam.h XLF_5LEVEL */
	{ BP_HDR_LOADFLAGS,  LOADFLAG_LOADED_HIGH,       "LOADED_HIGH" },
	{ BP_HDR_LOADFLAGS,  LOADFLAG_KASLR,             "KASLR" },
	{ BP_HDR_LOADFLAGS,  LOADFLAG_QUIET,             "QUIET" },
	{ BP_HDR_LOADFLAGS,  LOADFLAG_KEEP_SEGMENTS,     "KEEP_SEGMENTS" },
	{ BP_HDR_LOADFLAGS,  LOADFLAG_CAN_USE_HEAP,      "CAN_USE_HEAP" },
	{ BP_HDR_XLOADFLAGS, XLF_KERNEL_64,              "KERNEL_64" },
	{ BP_HDR_XLOADFLAGS, XLF_CAN_BE_LOADED_ABOVE_4G, "CAN_BE_LOADED_ABOVE_4G" },
	{ BP_HDR_XLOADFLAGS, XLF_EFI_HANDOVER_32,        "EFI_HANDOVER_32" },
	{ BP_HDR_XLOADFLAGS, XLF_EFI_HANDOVER_64,        "EFI_HANDOVER_64" },
	{ BP_HDR_XLOADFLAGS, XLF_EFI_KEXEC,              "EFI_KEXEC" },
	{ BP_HDR_XLOADFLAGS, BIT(5),                     "5LEVEL" },
	{ BP_HDR_XLOADFLAGS, BIT(6),                     "5LEVEL_ENABLED" },
};
/* clang-format on */

const char *inspect_flag_names(enum bp_field f, uint64_t v, struct buf *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (flag_names[i].field == f && v & flag_names[i].bit)
			buf_printf(b, "%s%s", b->len ? " " : "", flag_names[i].name);
	return buf_str(b);
}

/* Bytes of the file as text: what a terminal would obey comes out as \xNN. */
static void text_bytes(struct bytes v, struct buf *out)
{
	for (size_t i = 0; i < v.len; i++) {
		if (v.data[i] >= 0x20 && v.data[i] < 0x7f)
			buf_append(out, &v.data[i], 1);
		else
			buf_printf(out, "\\x%02x", v.data[i]);
	}
}

static void text_layers(const struct image *image, struct buf *out)
{
	const struct bzimage *bz = image->bz;

	buf_printf(out, "\nlayers\n  %-20s %-10s %s\n", "", "offset", "bytes");
	if (bz) {
		buf_printf(out, ROW "\n", "setup code", (uint64_t)0, (uint64_t)bz->setup_size);
		buf_printf(out, ROW "  %s, %s\n", "protected-mode code", (uint64_t)bz->setup_size,
			   bz->kernel_size, bz->loaded_high ? "bzImage" : "zImage",
			   bz->relocatable ? "relocatable" : "not relocatable");
	}
	if (image->has_pe)
		buf_printf(out,
			   "  %-20s 0x%08" PRIx64
			   " %10s  machine 0x%04x, subsystem %u, entry 0x%x\n",
			   "PE header", image->pe.offset, "", image->pe.machine,
			   image->pe.subsystem, image->pe.entry);
	if (bz && bz->has_payload)
		buf_printf(out, ROW "  %s", "payload", bz->payload_file_offset, bz->payload_size,
			   compression_names[bz->compression]);
	if (image->payload.len)
		buf_printf(out, ", 0x%zx bytes unpacked", image->payload.len);
	if (bz && bz->has_payload)
		buf_puts(out, "\n");
	if (image->elf)
		buf_printf(out,
			   ROW "  %s-bit, entry 0x%" PRIx64 ", loads 0x%" PRIx64 "-0x%" PRIx64 "\n",
			   image->payload.len ? "ELF in the payload" : "ELF", (uint64_t)0,
			   (uint64_t)image->elf->data.len, image->elf->is_64 ? "64" : "32",
			   image->elf->entry, image->elf->load_start, image->elf->load_end - 1);
}

static void text_header(const struct image *image, struct buf *out)
{
	const struct bzimage *bz = image->bz;

	buf_printf(out, "\nsetup header, up to 0x%x\n", bz->header_end);
	for (unsigned i = 0; i < BP_FIELD_COUNT; i++) {
		const struct bp_field_info *f = &bp_fields[i];
		struct buf flags = { 0 };
		uint64_t v = bp_get(bz->page, i);

		if (!f->since || !bp_field_present(f, bz->protocol))
			continue;
		inspect_flag_names(i, v, &flags);
		buf_printf(out, "  0x%03x  %-26s 0x%0*" PRIx64 "%s%s\n", f->offset, f->name,
			   f->width * 2, v, flags.len ? "  " : "", buf_str(&flags));
		buf_free(&flags);
	}
}

/* System V ABI, p_type; NULL for what no kernel has. */
static const char *segment_type_name(uint32_t type)
{
	static const char *const names[] = { "NULL", "LOAD",  "DYNAMIC", "INTERP",
					     "NOTE", "SHLIB", "PHDR" };

	return type < ARRAY_SIZE(names) ? names[type] : NULL;
}

static void text_notes(const struct elf_image *elf, struct buf *out)
{
	buf_printf(out, "\nnotes\n");
	for (unsigned i = 0; i < elf->note_count; i++) {
		const struct elf_note *n = &elf->notes[i];
		const char *name = elf_note_type_name(n);
		struct bytes owner = { (const uint8_t *)n->name, strlen(n->name) };
		struct buf value = { 0 };

		buf_printf(out, "  0x%08" PRIx64 "  ", n->offset);
		text_bytes(owner, out);
		if (elf_note_value(n, &value)) {
			buf_printf(out, " %u %s: %s\n", n->type, name, buf_str(&value));
			buf_free(&value);
			continue;
		}
		buf_printf(out, " %u%s%s, %zu bytes:", n->type, name ? " " : "", name ? name : "",
			   n->desc.len);
		for (size_t k = 0; k < n->desc.len && k < DESC_BYTES_SHOWN; k++)
			buf_printf(out, " %02x", n->desc.data[k]);
		buf_puts(out, n->desc.len > DESC_BYTES_SHOWN ? " ...\n" : "\n");
	}
}

static void text_elf(const struct elf_image *elf, struct buf *out)
{
	buf_printf(out, "\nprogram headers\n  %-10s %-12s %-12s %-12s %-12s %s\n", "type", "offset",
		   "file size", "memory size", "physical", "virtual");
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];
		const char *name = segment_type_name(s->type);

		if (name)
			buf_printf(out, "  %-10s", name);
		else
			buf_printf(out, "  0x%08x", s->type);
		buf_printf(out,
			   " 0x%010" PRIx64 " 0x%010" PRIx64 " 0x%010" PRIx64 " 0x%010" PRIx64
			   " 0x%016" PRIx64 "\n",
			   s->offset, s->filesz, s->memsz, s->paddr, s->vaddr);
	}
	if (elf->note_count)
		text_notes(elf, out);
}

/* "Section Flags": how the loaded section may be used. */
static void text_sections(const struct pe_facts *pe, struct buf *out)
{
	buf_printf(out, "\nPE sections\n  %-10s %-10s %-10s %-10s %-10s %s\n", "name", "offset",
		   "file size", "memory", "size", "flags");
	for (unsigned i = 0; i < pe->section_count; i++) {
		const struct pe_section *s = &pe->sections[i];

		buf_printf(out, "  %-10s 0x%08x 0x%08x 0x%08x 0x%08x 0x%08x %s%s%s\n", s->name,
			   s->offset, s->file_size, s->rva, s->memory_size, s->flags,
			   s->flags & PE_SECTION_READ ? "r" : "-",
			   s->flags & PE_SECTION_WRITE ? "w" : "-",
			   s->flags & PE_SECTION_EXECUTE ? "x" : "-");
	}
}

/* SBAT.md of shim: lines of comma-separated fields, each the generation of one component. */
static void text_sbat(const struct pe_facts *pe, struct buf *out)
{
	const uint8_t *at = pe->sbat.data, *end = at + pe->sbat.len;

	while (at < end) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));
		const uint8_t *stop = nl ? nl : end;

		buf_puts(out, "  sbat  ");
		text_bytes((struct bytes){ at, (size_t)(stop - at) }, out);
		buf_puts(out, "\n");
		at = stop + 1;
	}
}

static void text_pe(const struct pe_facts *pe, struct buf *out)
{
	struct diag diag = { 0 };

	buf_printf(
		out,
		"\nPE header, %s: image base 0x%" PRIx64
		", 0x%x bytes loaded, headers 0x%x, alignment 0x%x in memory and 0x%x in the file\n",
		pe->magic == PE_MAGIC_32_PLUS ? "PE32+" : "PE32", pe->image_base, pe->image_size,
		pe->headers_size, pe->section_alignment, pe->file_alignment);
	buf_printf(out, "  DllCharacteristics 0x%04x%s, %s", pe->dll_flags,
		   pe->dll_flags & PE_DLL_NX_COMPAT ? " NX_COMPAT" : "",
		   pe_relocatable(pe) ? "runs at any address" : "relocations stripped");
	if (pe->relocations.size)
		buf_printf(out, ", relocations 0x%x bytes at 0x%x", pe->relocations.size,
			   pe->relocations.rva);
	if (pe->security.size)
		buf_printf(out, ", signatures 0x%x bytes at 0x%x of the file", pe->security.size,
			   pe->security.rva);
	buf_puts(out, "\n");
	if (pe->has_compat)
		buf_printf(out, "  .compat: entry 0x%x for machine 0x%04x\n", pe->compat_entry,
			   pe->compat_machine);
	text_sbat(pe, out);
	if (pe->problem[0])
		buf_printf(out, "  cannot be loaded: offset 0x%" PRIx64 ": %s\n",
			   pe->problem_offset, pe->problem);
	else if (pe_strict(pe, &diag) < 0)
		buf_printf(out, "  a strict loader refuses it: offset 0x%" PRIx64 ": %s\n",
			   diag.offset, diag.text);
	if (pe->section_count)
		text_sections(pe, out);
}

static void text_entries(const struct image *image, struct buf *out)
{
	buf_puts(out, "\nentries\n");
	for (unsigned i = 0; i < image->entry_count; i++) {
		const struct image_entry *e = &image->entries[i];

		if (!e->offered) {
			buf_printf(out, "  %-13s not offered: %s\n", e->path, e->reason);
			continue;
		}
		buf_printf(out, "  %-13s %s + 0x%" PRIx64 "%s%s\n", e->path, e->base, e->offset,
			   e->symbol[0] ? ", " : "", e->symbol);
		if (e->choice_count)
			buf_printf(out, "  %-13s chosen by %s\n", "", e->chosen_by);
	}
}

void inspect_text(const struct inspection *in, struct buf *out)
{
	const struct image *image = in->image;
	struct bytes version = { 0 };

	if (!image)
		return;
	buf_printf(out, "%s: %s", in->name, image_format_names[image->format]);
	if (image->bz && image->bz->has_header)
		buf_printf(out, ", boot protocol %u.%02u", image->bz->protocol >> 8,
			   image->bz->protocol & 0xff);
	else if (image->bz)
		buf_puts(out, " without a header");
	if (image->bz)
		version = bzimage_version(image->file, image->bz);
	if (version.len)
		buf_puts(out, ", ");
	text_bytes(version, out);
	buf_printf(out, "\nsha256 %s, 0x%zx bytes\n", image->sha256, image->file.len);
	text_layers(image, out);
	if (image->bz)
		text_header(image, out);
	if (image->has_pe)
		text_pe(&image->pe, out);
	if (image->elf)
		text_elf(image->elf, out);
	text_entries(image, out);
}
