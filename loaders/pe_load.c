/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading a PE image: its bytes as they lie in memory, relocated. Microsoft PE format, "Section Table", "The .reloc Section (Image Only)". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/base/buf.h"
#include "emu/base/regions.h"
#include "loaders/pe.h"

/* "Base Relocation Types" */
enum relocation_type {
	RELOCATION_ABSOLUTE = 0,
	RELOCATION_HIGH = 1,
	RELOCATION_LOW = 2,
	RELOCATION_HIGHLOW = 3,
	RELOCATION_DIR64 = 10,
};

/* One image while it is loaded. */
struct pe_loading {
	struct bytes file;
	const struct pe_facts *pe;
	gpa_t base;
	uint64_t delta;  /* base - ImageBase, modulo 2^64 */
	uint8_t *memory; /* image_size bytes: what base and up will hold */
	struct diag *diag;
};

static int relocation_outside(const struct pe_loading *l, uint64_t at, uint64_t target)
{
	return diag_at(
		l->diag, -EINVAL, 0,
		"the relocation at 0x%llx of the loaded image changes 0x%llx, outside its 0x%x bytes",
		(unsigned long long)at, (unsigned long long)target, l->pe->image_size);
}

static int relocate_one(struct pe_loading *l, uint64_t at, unsigned type, uint64_t target)
{
	static const uint8_t widths[] = {
		[RELOCATION_ABSOLUTE] = 0, [RELOCATION_HIGH] = 2,  [RELOCATION_LOW] = 2,
		[RELOCATION_HIGHLOW] = 4,  [RELOCATION_DIR64] = 8,
	};
	uint8_t *p = l->memory + target;

	if (type == RELOCATION_ABSOLUTE)
		return 0;
	if (type >= ARRAY_SIZE(widths) || !widths[type])
		return diag_at(
			l->diag, -EINVAL, 0,
			"the relocation at 0x%llx of the loaded image has type %u, which is none of 0, 1, 2, 3, 10",
			(unsigned long long)at, type);
	if (target + widths[type] > l->pe->image_size)
		return relocation_outside(l, at, target);
	switch ((enum relocation_type)type) {
	case RELOCATION_ABSOLUTE: break;
	case RELOCATION_HIGH:
		put_le16(p, (uint16_t)((((uint32_t)get_le16(p) << 16) + (uint32_t)l->delta) >> 16));
		break;
	case RELOCATION_LOW: put_le16(p, (uint16_t)(get_le16(p) + l->delta)); break;
	case RELOCATION_HIGHLOW: put_le32(p, (uint32_t)(get_le32(p) + l->delta)); break;
	case RELOCATION_DIR64: put_le64(p, get_le64(p) + l->delta); break;
	}
	return 0;
}

/* Blocks of {page RVA, size of the block, 16-bit entries of type << 12 | offset}. */
static int relocate(struct pe_loading *l)
{
	const struct pe_directory *d = &l->pe->relocations;
	uint64_t at = d->rva, end = at + d->size;
	struct bytes memory = { l->memory, l->pe->image_size };

	if (!d->size || !pe_relocatable(l->pe))
		return 0;
	if (end > l->pe->image_size)
		return diag_at(
			l->diag, -EINVAL, 0,
			"the relocations (0x%x bytes at 0x%x) reach past SizeOfImage, which is 0x%x",
			d->size, d->rva, l->pe->image_size);
	while (at < end) {
		uint32_t page = 0, size = 0;

		bytes_le32(memory, at, &page);
		bytes_le32(memory, at + 4, &size);
		if (size < 8 || size > end - at)
			return diag_at(
				l->diag, -EINVAL, 0,
				"the relocation block at 0x%llx of the loaded image is 0x%x bytes long, of 0x%llx that are left",
				(unsigned long long)at, size, (unsigned long long)(end - at));
		for (uint64_t e = at + 8; e + 2 <= at + size; e += 2) {
			uint16_t entry = get_le16(l->memory + e);
			int r = relocate_one(l, e, entry >> 12, (uint64_t)page + (entry & 0xfff));

			if (r < 0)
				return r;
		}
		at += size;
	}
	return 0;
}

/* What the file gives, and zeros behind it. A section may lie over its neighbour: the later one wins. */
static void fill(struct pe_loading *l, enum pe_poison poison)
{
	const struct pe_facts *pe = l->pe;

	if (poison != PE_POISON_NONE)
		memset(l->memory, PE_POISON_BYTE, pe->image_size);
	memcpy(l->memory, l->file.data, pe->headers_size);
	for (unsigned i = 0; i < pe->section_count; i++) {
		const struct pe_section *s = &pe->sections[i];
		uint32_t bytes = pe_section_bytes(s);

		/* The format's order: the section's own bytes, then its tail. */
		if (bytes)
			memcpy(l->memory + s->rva, l->file.data + s->offset, bytes);
		memset(l->memory + s->rva + bytes, poison == PE_POISON_BSS ? PE_POISON_BYTE : 0,
		       pe_section_span(s) - bytes);
	}
}

static int place_gaps(const struct pe_loading *l, const uint8_t *memory, struct placements *out)
{
	const struct pe_facts *pe = l->pe;
	struct regions gaps = { 0 };
	int r = regions_set(&gaps, 0, pe->image_size, 0);

	if (!r)
		r = regions_remove(&gaps, 0, pe->headers_size);
	for (unsigned i = 0; !r && i < pe->section_count; i++)
		r = regions_remove(&gaps, pe->sections[i].rva, pe_section_span(&pe->sections[i]));
	for (size_t i = 0; !r && i < gaps.count; i++) {
		uint64_t start = gaps.items[i].start, len = gaps.items[i].last - start + 1;

		r = placements_add(out, "junk", l->base + start,
				   (struct bytes){ memory + start, len }, len, "between sections");
	}
	regions_free(&gaps);
	return r;
}

/* The headers come first and own the bytes of all. */
static int place(struct pe_loading *l, enum pe_poison poison, const char *source,
		 struct placements *out)
{
	const struct pe_facts *pe = l->pe;
	const uint8_t *memory = l->memory;
	/* Zeros behind a section's bytes go by themselves unless they lie over something. */
	bool whole = poison == PE_POISON_BSS || pe_overlaps(pe, NULL) < 0;
	int r = placements_add_owned(out, "headers", l->base,
				     (struct bytes){ memory, pe->headers_size }, pe->headers_size,
				     source);

	if (r < 0)
		return r;
	l->memory = NULL;
	for (unsigned i = 0; !r && i < pe->section_count; i++) {
		const struct pe_section *s = &pe->sections[i];
		uint32_t span = pe_section_span(s);
		uint32_t len = whole ? span : pe_section_bytes(s);
		char from[64];

		snprintf(from, sizeof(from), "%.40s at 0x%x", source, s->offset);
		r = placements_add(out, s->name, l->base + s->rva,
				   (struct bytes){ memory + s->rva, len }, span, from);
	}
	return r || poison == PE_POISON_NONE ? r : place_gaps(l, memory, out);
}

int pe_load(struct bytes file, const struct pe_facts *pe, gpa_t base, enum pe_poison poison,
	    const char *source, struct placements *out, struct diag *diag)
{
	struct pe_loading l = {
		.file = file, .pe = pe, .base = base, .delta = base - pe->image_base, .diag = diag
	};
	int r;

	if (pe->problem[0])
		return diag_at(diag, -EINVAL, pe->problem_offset, "%s", pe->problem);
	if (l.delta && !pe_relocatable(pe))
		return diag_at(diag, -EINVAL, pe->offset + 22,
			       "its relocations are stripped, so it runs at ImageBase 0x%llx only",
			       (unsigned long long)pe->image_base);
	l.memory = calloc(1, pe->image_size);
	if (!l.memory)
		return diag_set(diag, -ENOMEM, "out of memory");
	fill(&l, poison);
	r = relocate(&l);
	if (!r)
		r = place(&l, poison, source, out);
	free(l.memory);
	return r < 0 ? diag_set(diag, r, "placing the image: %s", strerrordesc_np(-r)) : 0;
}
