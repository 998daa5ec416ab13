/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing the kernel proper of two boots. A relocated kernel has the distance
 * of its move added to, or taken from, the words that the table behind its ELF
 * names (arch/x86/tools/relocs.c; handle_relocations() in
 * arch/x86/boot/compressed/misc.c reads it from the end).
 */
#include "tools/diff_kernel.h"

#include <errno.h>
#include <stdlib.h>

#define ELF_PT_LOAD 1u /* ELF gABI, p_type */
#define CHUNK       MIB(1)
#define MARGIN      8u /* a word may begin before a chunk and end after it */

/* Where the byte linked at @vaddr lies in the file and, from the kernel's start, in memory. */
static bool place_linked(const struct elf_image *elf, uint64_t vaddr, uint64_t *ret_offset,
			 uint64_t *ret_in_memory)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type != ELF_PT_LOAD || vaddr - s->vaddr >= s->filesz)
			continue;
		*ret_offset = s->offset + (vaddr - s->vaddr);
		*ret_in_memory = s->paddr - elf->load_start + (vaddr - s->vaddr);
		return true;
	}
	return false;
}

bool kernel_virtual_move(const struct kernel_side *k, uint64_t *ret_move)
{
	const struct elf_image *elf = k->image->elf;
	uint64_t offset, in_memory, vaddr;
	uint32_t entry, linked;
	uint8_t now[4];

	if (!elf || k->image->payload.len < 8 ||
	    !bytes_le32(k->image->payload, k->image->payload.len - 4, &entry))
		return false;
	vaddr = elf->is_64 ? (uint64_t)(int64_t)(int32_t)entry : entry;
	if (!place_linked(elf, vaddr, &offset, &in_memory) ||
	    !bytes_le32(elf->data, offset, &linked) ||
	    pages_read(k->pages, k->gpa + in_memory, now, sizeof(now)))
		return false;
	*ret_move = get_le32(now) - linked;
	return true;
}

/* [offset - MARGIN, offset + CHUNK + MARGIN), zeros where nothing is. */
static void chunk_read(const struct kernel_side *k, uint64_t offset, uint8_t *data)
{
	for (uint64_t i = 0; i < CHUNK + 2 * MARGIN; i += GUEST_PAGE_SIZE) {
		uint64_t len = CHUNK + 2 * MARGIN - i;

		len = len < GUEST_PAGE_SIZE ? len : GUEST_PAGE_SIZE;
		if (pages_read(k->pages, k->gpa + offset - MARGIN + i, data + i, (size_t)len))
			memset(data + i, 0, (size_t)len);
	}
}

static bool differs_by(const uint8_t *a, const uint8_t *b, uint32_t distance)
{
	uint32_t d = get_le32(a) - get_le32(b);

	return d == distance || d == 0 - distance;
}

/* The word that holds the first difference, byte 0 of the pointers, begins at most three bytes before it. */
static bool word_moved(const uint8_t *a, const uint8_t *b, uint32_t distance, unsigned *ret_skip)
{
	for (unsigned back = 0; back < 4; back++) {
		if (differs_by(a - back, b - back, distance)) {
			*ret_skip = 4 - back;
			return true;
		}
	}
	return false;
}

static bool is_part(const struct kernel_side *k, uint64_t offset)
{
	const struct region *r = regions_find(k->parts, k->gpa + offset);

	return r && r->value == k->part;
}

struct comparison {
	const struct kernel_side *k;
	uint64_t distance, size;
	struct regions loaded;
	uint8_t *data[2];
	uint64_t next; /* up to here everything is known */
	struct kernel_compare *ret;
};

static void note_byte(struct kernel_bytes *b, uint64_t at)
{
	if (!b->count++)
		b->first = at;
	b->last = at;
}

/* What of the kernel came from the file, from its start on. */
static int loaded_parts(const struct elf_image *elf, struct regions *ret)
{
	int err = 0;

	for (unsigned i = 0; i < elf->segment_count && !err; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type == ELF_PT_LOAD && s->paddr >= elf->load_start)
			err = regions_set(ret, s->paddr - elf->load_start, s->filesz, 0);
	}
	return err;
}

static void compare_chunk(struct comparison *c, uint64_t base)
{
	uint64_t end = c->size - base < CHUNK ? c->size : base + CHUNK;

	for (uint64_t at = c->next > base ? c->next : base; at < end; at++) {
		const uint8_t *a = c->data[0] + MARGIN + (at - base);
		const uint8_t *b = c->data[1] + MARGIN + (at - base);
		unsigned skip = 1;

		if (*a == *b || !is_part(&c->k[0], at) || !is_part(&c->k[1], at))
			continue;
		if (c->distance && word_moved(a, b, (uint32_t)c->distance, &skip)) {
			c->ret->moved++;
			at += skip - 1;
			c->next = at + 1;
			continue;
		}
		note_byte(regions_find(&c->loaded, at) ? &c->ret->loaded : &c->ret->empty, at);
	}
}

int kernel_compare(const struct kernel_side k[2], uint64_t size, uint64_t distance,
		   struct kernel_compare *ret)
{
	struct comparison c = { .k = k, .distance = distance, .size = size, .ret = ret };
	int err;

	*ret = (struct kernel_compare){ 0 };
	c.data[0] = malloc(CHUNK + 2 * MARGIN);
	c.data[1] = malloc(CHUNK + 2 * MARGIN);
	err = c.data[0] && c.data[1] ? loaded_parts(k[0].image->elf, &c.loaded) : -ENOMEM;
	if (!err) {
		for (uint64_t base = 0; base < size; base += CHUNK) {
			chunk_read(&k[0], base, c.data[0]);
			chunk_read(&k[1], base, c.data[1]);
			if (memcmp(c.data[0] + MARGIN, c.data[1] + MARGIN, CHUNK))
				compare_chunk(&c, base);
		}
	}
	regions_free(&c.loaded);
	free(c.data[0]);
	free(c.data[1]);
	return err;
}
