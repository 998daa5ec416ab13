/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the stages of an image lie in guest memory; the copies are told by their bytes. */
#include "tools/code_map.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/paging.h"
#include "loaders/lines.h"

#define ELF_PT_LOAD 1u /* ELF gABI, p_type */

/* So many bytes of a block are compared with the file's where it should lie... */
#define BLOCK_BYTES  16u
/* ...and so many are looked for in it where nobody knows: fewer are found by chance. */
#define SEARCH_BYTES 32u

/* Enough for every firmware's and loader's own pages; what runs in more of them goes without a search. */
#define LINE_ROOM     16u /* " (:4294967295)" */
#define STRANGERS_MAX 256u
#define COPIES_MAX    256u

static void copy_add(struct code_map *map, enum code_stage stage, gpa_t gpa, uint64_t size,
		     uint64_t address, uint64_t since)
{
	struct code_copy *grown;

	if (!size || map->count == COPIES_MAX)
		return;
	grown = reallocarray(map->copies, map->count + 1, sizeof(*grown));
	if (!grown) {
		map->failed = true;
		return;
	}
	map->copies = grown;
	grown[map->count++] = (struct code_copy){
		.stage = stage,
		.gpa = gpa,
		.size = size,
		.address = address,
		.since = since,
	};
}

/* File bytes [at, at+len) of a bzImage have come to @gpa: up to two stages of it. */
static void copy_add_file(struct code_map *map, gpa_t gpa, uint64_t at, uint64_t len)
{
	uint64_t setup = map->image->bz->setup_size, part = 0;

	if (at < setup) {
		part = len < setup - at ? len : setup - at;
		copy_add(map, STAGE_SETUP, gpa, part, at, 0);
	}
	if (len > part)
		copy_add(map, STAGE_COMPRESSED, gpa + part, len - part, at + part - setup, 0);
}

static bool offset_in(struct bytes whole, struct bytes part, uint64_t *ret)
{
	uintptr_t w = (uintptr_t)whole.data, p = (uintptr_t)part.data;

	if (!part.len || p < w || p - w > whole.len || part.len > whole.len - (p - w))
		return false;
	*ret = p - w;
	return true;
}

/* Bytes of the ELF at file offset @at: each segment that they belong to. */
static void copy_add_elf(struct code_map *map, const struct placement *p, uint64_t at)
{
	const struct elf_image *elf = map->image->elf;

	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type == ELF_PT_LOAD && s->offset == at && p->data.len == s->filesz) {
			copy_add(map, STAGE_KERNEL, p->gpa, s->memsz, s->vaddr, 0);
			map->kernel_known = true;
			return;
		}
	}
}

void code_map_begin(struct code_map *map, const struct image *image,
		    const struct placements *memory)
{
	uint64_t at;

	*map = (struct code_map){ .image = image };
	for (size_t i = 0; i < memory->count; i++) {
		const struct placement *p = &memory->items[i];

		if (image->elf && offset_in(image->elf->data, p->data, &at))
			copy_add_elf(map, p, at);
		else if (image->bz && offset_in(image->file, p->data, &at))
			copy_add_file(map, p->gpa, at, p->data.len);
		else if (image->bz && !strcmp(p->name, "setup"))
			/* The loader's own copy, in which it has filled in header fields. */
			copy_add_file(map, p->gpa, 0, p->data.len);
	}
}

void code_map_kernel(struct code_map *map, uint64_t delta, uint64_t count)
{
	const struct elf_image *elf = map->image->elf;

	if (!elf || map->kernel_known)
		return;
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type == ELF_PT_LOAD)
			copy_add(map, STAGE_KERNEL, s->paddr + delta, s->memsz, s->vaddr, count);
	}
	map->kernel_known = true;
}

/* Does the place hold, in memory, what the file has there? */
static bool place_holds(const struct code_map *map, const struct code_place *place,
			const uint8_t *now, size_t len)
{
	struct bytes file, part;

	if (place->stage == STAGE_KERNEL)
		return true; /* it patches itself */
	file = image_stage_bytes(map->image, place->stage);
	if (place->address >= file.len)
		return false;
	if (len > file.len - place->address)
		len = file.len - (size_t)place->address;
	return bytes_slice(file, place->address, len, &part) && !memcmp(part.data, now, len);
}

static bool is_stranger(struct code_map *map, gpa_t page)
{
	for (size_t i = 0; i < map->stranger_count; i++) {
		if (map->strangers[i] == page)
			return true;
	}
	return map->stranger_count == STRANGERS_MAX;
}

static void stranger_add(struct code_map *map, gpa_t page)
{
	gpa_t *grown = reallocarray(map->strangers, map->stranger_count + 1, sizeof(*grown));

	if (!grown) {
		map->failed = true;
		return;
	}
	map->strangers = grown;
	grown[map->stranger_count++] = page;
}

/* The only place of @code in the stage, as its address. */
static bool find_once(struct bytes in, const uint8_t *code, uint64_t *ret)
{
	const uint8_t *first;

	if (in.len < SEARCH_BYTES)
		return false;
	first = memmem(in.data, in.len, code, SEARCH_BYTES);
	if (!first || memmem(first + 1, in.len - (size_t)(first + 1 - in.data), code, SEARCH_BYTES))
		return false;
	*ret = (uint64_t)(first - in.data);
	return true;
}

/* How many bytes from @gpa on are those of @file from @at on. */
static uint64_t equal_after(const struct mem_reader *mem, gpa_t gpa, struct bytes file, uint64_t at)
{
	uint8_t now[GUEST_PAGE_SIZE];
	uint64_t same = 0;

	while (at + same < file.len) {
		uint64_t in_page = GUEST_PAGE_SIZE - ((gpa + same) & ~GUEST_PAGE_MASK);
		size_t n = file.len - at - same < in_page ? file.len - at - same : in_page;
		const uint8_t *was = file.data + at + same;
		size_t i = 0;

		if (mem_reader_read(mem, gpa + same, now, n))
			break;
		while (i < n && now[i] == was[i])
			i++;
		same += i;
		if (i < n)
			break;
	}
	return same;
}

/* How many bytes before @gpa are those of @file before @at. */
static uint64_t equal_before(const struct mem_reader *mem, gpa_t gpa, struct bytes file,
			     uint64_t at)
{
	uint8_t now[GUEST_PAGE_SIZE];
	uint64_t same = 0, most = at < gpa ? at : gpa;

	while (same < most) {
		uint64_t in_page = ((gpa - same - 1) & ~GUEST_PAGE_MASK) + 1;
		size_t n = most - same < in_page ? most - same : in_page;
		const uint8_t *was = file.data + at - same - n;
		size_t i = n;

		if (mem_reader_read(mem, gpa - same - n, now, n))
			break;
		while (i && now[i - 1] == was[i - 1])
			i--;
		same += n - i;
		if (i)
			break;
	}
	return same;
}

/*
 * A block in a place that nobody announced: has the image moved there? What
 * lies around it and is the file's too has come with it: nearly all of the
 * image when it has moved itself, a few bytes when it is a trampoline.
 */
static void search_copy(struct code_map *map, const struct mem_reader *mem, gpa_t gpa,
			uint64_t count)
{
	gpa_t page = gpa & GUEST_PAGE_MASK;
	uint8_t code[SEARCH_BYTES];
	uint64_t address, before, after;

	if (!map->image->bz || is_stranger(map, page) ||
	    mem_reader_read(mem, gpa, code, sizeof(code)))
		return;
	for (unsigned stage = STAGE_SETUP; stage <= STAGE_COMPRESSED; stage++) {
		struct bytes file = image_stage_bytes(map->image, stage);

		if (find_once(file, code, &address)) {
			before = equal_before(mem, gpa, file, address);
			after = equal_after(mem, gpa, file, address);
			copy_add(map, stage, gpa - before, before + after, address - before, count);
			return;
		}
	}
	stranger_add(map, page);
}

/* Linear addresses of the kernel's own mapping lie in the upper half of what the mode has. */
static bool is_high(const struct code_map *map, gva_t pc)
{
	return map->image->elf && pc >> (map->image->elf->is_64 ? 63 : 31);
}

void code_map_block(struct code_map *map, const struct mem_reader *mem, gva_t pc, gpa_t gpa,
		    uint64_t count)
{
	struct code_place place;
	uint8_t now[BLOCK_BYTES];

	if (code_map_gpa(map, gpa, UINT64_MAX, &place)) {
		if (place.stage == STAGE_KERNEL && !map->has_slide && pc != gpa &&
		    is_high(map, pc)) {
			map->slide = pc - place.address;
			map->has_slide = true;
		}
		if (place.stage == STAGE_KERNEL || mem_reader_read(mem, gpa, now, sizeof(now)) ||
		    place_holds(map, &place, now, sizeof(now)))
			return;
	}
	/* Past its entry the kernel only runs itself, and code that it makes. */
	if (!map->kernel_known)
		search_copy(map, mem, gpa, count);
}

void code_map_release(struct code_map *map)
{
	free(map->copies);
	free(map->strangers);
	*map = (struct code_map){ 0 };
}

bool code_map_gpa(const struct code_map *map, gpa_t gpa, uint64_t count, struct code_place *ret)
{
	for (size_t i = map->count; i--;) {
		const struct code_copy *c = &map->copies[i];

		if (c->since > count || gpa - c->gpa >= c->size)
			continue;
		*ret = (struct code_place){
			.stage = c->stage,
			.address = c->address + (gpa - c->gpa),
			.copy = i,
		};
		return true;
	}
	return false;
}

bool code_map_kernel_gpa(const struct code_map *map, uint64_t address, gpa_t *ret_gpa)
{
	for (size_t i = map->count; i--;) {
		const struct code_copy *c = &map->copies[i];

		if (c->stage == STAGE_KERNEL && address - c->address < c->size) {
			*ret_gpa = c->gpa + (address - c->address);
			return true;
		}
	}
	return false;
}

bool code_map_linear(const struct code_map *map, gva_t pc, uint64_t count, struct code_place *ret)
{
	gpa_t gpa = pc;

	if (map->has_slide && is_high(map, pc)) {
		uint64_t address = pc - map->slide;

		if (!map->image->elf->is_64)
			address = (uint32_t)address;
		if (!code_map_kernel_gpa(map, address, &gpa))
			return false;
	}
	return code_map_gpa(map, gpa, count, ret);
}

bool code_map_fetch(const struct code_map *map, const struct cpu_state *cpu,
		    const struct mem_reader *mem, gva_t pc, struct code_place *ret)
{
	struct page_walk walk;

	if (page_walk(cpu, mem, pc, &walk))
		return code_map_gpa(map, walk.gpa, UINT64_MAX, ret);
	return code_map_linear(map, pc, UINT64_MAX, ret);
}

char *code_place_describe(const struct code_place *place, const struct image_symbols *symbols,
			  char *text, size_t size)
{
	const struct symbols *s = &symbols->stage[place->stage];
	const struct symbol *sym = symbols_at(s, place->address);
	const char *prefix = "";
	char file[SYMBOL_TEXT_SIZE];
	unsigned line;

	if (!sym)
		snprintf(text, size, "%s+0x%" PRIx64, code_stage_names[place->stage],
			 place->address - s->start);
	if (!sym)
		return text;
	if (place->stage == STAGE_KERNEL &&
	    symbols_find(&symbols->stage[STAGE_COMPRESSED], sym->name))
		prefix = "kernel ";
	snprintf(text, size, "%s%s+0x%" PRIx64, prefix, sym->name, place->address - sym->address);
	if (source_lines_at(symbols->lines[place->stage], place->address, file, sizeof(file),
			    &line) &&
	    strlen(text) + strlen(file) + LINE_ROOM < size)
		snprintf(text + strlen(text), size - strlen(text), " (%s:%u)", file, line);
	return text;
}
