/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel proper in memory against the payload: every PT_LOAD byte, after the
 * relocations that the decompressor applied. Their table follows the ELF in the
 * payload (Linux arch/x86/boot/compressed/misc.c, handle_relocations()).
 */
#include <inttypes.h>
#include <stdlib.h>

#include "specs/functions.h"

#define PT_LOAD    1u
#define KERNEL_MAP 0xffffffff80000000ull /* __START_KERNEL_map, Documentation/x86/x86_64/mm.rst */

/* What memory should hold from elf->load_start on. Most pages are as the file has them and are not copied. */
struct relocator {
	const struct elf_image *elf;
	uint8_t **own; /* of each page: a copy that may be changed; NULL: as in the file */
	uint64_t span;
	uint64_t shift; /* of virtual addresses */
};

static bool read_memory(struct eval *ev, gpa_t gpa, uint8_t *data, uint64_t len)
{
	return state_read(ev, ev->now, gpa, data, len);
}

/* The relocation table is read from the payload's last word backwards; a zero word ends each list. */
static bool previous_word(const struct bytes *payload, size_t *at, uint32_t *ret)
{
	if (*at < 4)
		return false;
	*at -= 4;
	*ret = get_le32(payload->data + *at);
	return true;
}

/* The file's bytes of page @i when one segment holds all of it; else NULL. */
static const uint8_t *page_in_file(const struct relocator *r, uint64_t i)
{
	for (unsigned k = 0; k < r->elf->segment_count; k++) {
		const struct elf_segment *s = &r->elf->segments[k];
		uint64_t skip = r->elf->load_start + i * GUEST_PAGE_SIZE - s->paddr;
		struct bytes from;

		if (s->type == PT_LOAD && skip < s->filesz && s->filesz - skip >= GUEST_PAGE_SIZE &&
		    bytes_slice(r->elf->data, s->offset + skip, GUEST_PAGE_SIZE, &from))
			return from.data;
	}
	return NULL;
}

/* What the segments put into page @i; zero is what they leave out. */
static void page_fill(const struct relocator *r, uint64_t i, uint8_t *page)
{
	uint64_t start = r->elf->load_start + i * GUEST_PAGE_SIZE;

	for (unsigned k = 0; k < r->elf->segment_count; k++) {
		const struct elf_segment *s = &r->elf->segments[k];
		uint64_t first = s->paddr > start ? s->paddr - start : 0;
		uint64_t skip = s->paddr > start ? 0 : start - s->paddr;
		struct bytes from;
		uint64_t n;

		if (s->type != PT_LOAD || first >= GUEST_PAGE_SIZE || skip >= s->filesz)
			continue;
		n = s->filesz - skip < GUEST_PAGE_SIZE - first ? s->filesz - skip :
								 GUEST_PAGE_SIZE - first;
		if (bytes_slice(r->elf->data, s->offset + skip, n, &from))
			memcpy(page + first, from.data, from.len);
	}
}

/* Page @i as our own to change; NULL when out of memory. */
static uint8_t *page_own(const struct relocator *r, uint64_t i)
{
	if (!r->own[i]) {
		r->own[i] = calloc(1, GUEST_PAGE_SIZE);
		if (r->own[i])
			page_fill(r, i, r->own[i]);
	}
	return r->own[i];
}

static const uint8_t *page_expected(const struct relocator *r, uint64_t i)
{
	const uint8_t *page = r->own[i] ? NULL : page_in_file(r, i);

	return page ? page : page_own(r, i);
}

/* The words hold the low halves of virtual addresses; on 32-bit kernels the link address is the physical one. */
static bool reloc_place(const struct relocator *r, uint32_t word, unsigned width, uint64_t *ret)
{
	uint64_t pa = r->elf->is_64 ? (uint64_t)(int64_t)(int32_t)word - KERNEL_MAP : word;

	if (!r->elf->is_64 && pa >= 0xc0000000u) /* PAGE_OFFSET of the usual 3:1 split */
		pa -= 0xc0000000u;
	if (pa < r->elf->load_start || pa - r->elf->load_start > r->span ||
	    r->span - (pa - r->elf->load_start) < width)
		return false;
	*ret = pa - r->elf->load_start;
	return true;
}

/* Add @value to the little-endian word of @width bytes at @at; it may lie in two pages. */
static bool add_at(const struct relocator *r, uint64_t at, unsigned width, uint64_t value)
{
	unsigned carry = 0;

	for (unsigned i = 0; i < width; i++, at++, value >>= 8) {
		uint8_t *page = page_own(r, at / GUEST_PAGE_SIZE);
		unsigned sum;

		if (!page)
			return false;
		sum = page[at % GUEST_PAGE_SIZE] + (unsigned)(value & 0xff) + carry;
		page[at % GUEST_PAGE_SIZE] = (uint8_t)sum;
		carry = sum >> 8;
	}
	return true;
}

/* One list: 32-bit places, their inverses, or 64-bit places. */
static bool apply_list(const struct relocator *r, const struct bytes *payload, size_t *at,
		       unsigned width, bool inverse)
{
	uint32_t word;
	uint64_t place;

	while (previous_word(payload, at, &word) && word) {
		if (!reloc_place(r, word, width, &place) ||
		    !add_at(r, place, width, inverse ? 0 - r->shift : r->shift))
			return false;
	}
	return true;
}

/* The list of inverses went away when per-CPU data became relative (Linux 6.15). */
static bool relocate(const struct relocator *r, struct bytes payload, bool has_inverse)
{
	size_t at = payload.len;

	if (!apply_list(r, &payload, &at, 4, false))
		return false;
	if (!r->elf->is_64)
		return true;
	if (has_inverse && !apply_list(r, &payload, &at, 4, true))
		return false;
	return apply_list(r, &payload, &at, 8, false);
}

static uint32_t word_expected(const struct relocator *r, uint64_t at)
{
	uint8_t word[4] = { 0 };

	for (unsigned i = 0; i < sizeof(word); i++, at++) {
		const uint8_t *page = page_expected(r, at / GUEST_PAGE_SIZE);

		if (page)
			word[i] = page[at % GUEST_PAGE_SIZE];
	}
	return get_le32(word);
}

/* How far virtual addresses moved, by the last 32-bit place: 0 when nothing was relocated. */
static uint64_t find_shift(struct eval *ev, const struct relocator *r, struct bytes payload,
			   uint64_t start)
{
	size_t at = payload.len;
	uint64_t place;
	uint8_t now[4];
	uint32_t word;

	if (!previous_word(&payload, &at, &word) || !word || !reloc_place(r, word, 4, &place))
		return 0;
	if (!read_memory(ev, start + place, now, sizeof(now)))
		return 0;
	/* A kernel moves up from its link address, by less than 1 GiB (KERNEL_IMAGE_SIZE). */
	return get_le32(now) - word_expected(r, place);
}

/* The first byte of [off, off+len) that differs; the same page on both sides. */
static bool page_difference(struct eval *ev, const struct relocator *r, uint64_t start,
			    uint64_t off, uint64_t len, gpa_t *ret)
{
	const uint8_t *want = page_expected(r, off / GUEST_PAGE_SIZE);
	uint8_t got[GUEST_PAGE_SIZE];

	if (!want) {
		eval_stop(ev, EVAL_ERROR, "out of memory");
		return false;
	}
	want += off % GUEST_PAGE_SIZE;
	if (!read_memory(ev, start + off, got, len) || !memcmp(got, want, len))
		return false;
	for (uint64_t i = 0; i < len && got[i] == want[i]; i++)
		off++;
	*ret = start + off;
	return true;
}

/* The first byte of a segment's file part that differs; false when none does. */
static bool first_difference(struct eval *ev, const struct relocator *r, uint64_t start, gpa_t *ret)
{
	for (unsigned i = 0; i < r->elf->segment_count; i++) {
		const struct elf_segment *s = &r->elf->segments[i];
		uint64_t off = s->paddr - r->elf->load_start, n;

		if (s->type != PT_LOAD || s->paddr < r->elf->load_start || off > r->span ||
		    r->span - off < s->filesz)
			continue;
		for (uint64_t at = 0; at < s->filesz; at += n) {
			n = GUEST_PAGE_SIZE - (off + at) % GUEST_PAGE_SIZE;
			n = s->filesz - at < n ? s->filesz - at : n;
			if (page_difference(ev, r, start, off + at, n, ret))
				return true;
			if (ev->status != EVAL_OK)
				return false;
		}
	}
	return false;
}

/* One way to read the relocation table; true when memory is what it then should be, else *ret_at is where not. */
static bool compare_kernel(struct eval *ev, uint64_t delta, bool has_inverse, gpa_t *ret_at)
{
	const struct image *image = ev->context->image;
	const struct elf_image *elf = image->elf;
	struct relocator r = { .elf = elf, .span = elf->load_end - elf->load_start };
	uint64_t start = elf->load_start + delta;
	uint64_t pages = r.span / GUEST_PAGE_SIZE + 1;
	bool equal;

	if (r.span <= PAYLOAD_SIZE_MAX)
		r.own = calloc(pages, sizeof(*r.own));
	if (!r.own) {
		eval_stop(ev, EVAL_ERROR,
			  "the kernel's 0x%" PRIx64 " bytes are too many to compare", r.span);
		return false;
	}
	r.shift = find_shift(ev, &r, image->payload, start);
	if (r.shift)
		relocate(&r, image->payload, has_inverse);
	equal = ev->status == EVAL_OK && !first_difference(ev, &r, start, ret_at);
	for (uint64_t i = 0; i < pages; i++)
		free(r.own[i]);
	free(r.own);
	return equal;
}

static struct value call_pt_load_equal(struct eval *ev, const struct value *a)
{
	const struct image *image = ev->context->image;
	bool equal;
	gpa_t at = 0;

	if (!image || !image->elf)
		eval_stop(ev, EVAL_SKIP, "the kernel proper is not known here");
	else if (ev->context->partial_memory)
		eval_stop(ev, EVAL_SKIP, "the state does not hold all memory");
	if (ev->status != EVAL_OK)
		return function_bool(false);
	eval_spend(ev, MIB(1)); /* a few of these are one rule's fill */
	equal = compare_kernel(ev, a[0].n, true, &at) || compare_kernel(ev, a[0].n, false, &at);
	if (!equal)
		ev->last_read = (struct expr_memory){ at, 1 };
	return function_bool(equal);
}

const struct function payload_functions[] = {
	{ "pt_load_equal", VALUE_BOOL, "i", true, call_pt_load_equal,
	  "delta: every PT_LOAD byte of the payload, relocated, stands that far from its link address" },
};

const size_t payload_function_count = ARRAY_SIZE(payload_functions);
