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

struct relocator {
	const struct elf_image *elf;
	uint8_t *out; /* what memory should hold, from elf->load_start on */
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

/* The words hold the low halves of virtual addresses; on 32-bit kernels the link address is the physical one. */
static bool reloc_place(const struct relocator *r, uint32_t word, unsigned width, uint8_t **ret)
{
	uint64_t pa = r->elf->is_64 ? (uint64_t)(int64_t)(int32_t)word - KERNEL_MAP : word;

	if (!r->elf->is_64 && pa >= 0xc0000000u) /* PAGE_OFFSET of the usual 3:1 split */
		pa -= 0xc0000000u;
	if (pa < r->elf->load_start || pa - r->elf->load_start > r->span ||
	    r->span - (pa - r->elf->load_start) < width)
		return false;
	*ret = r->out + (pa - r->elf->load_start);
	return true;
}

/* One list: 32-bit places, their inverses, or 64-bit places. */
static bool apply_list(const struct relocator *r, const struct bytes *payload, size_t *at,
		       unsigned width, bool inverse)
{
	uint32_t word;
	uint8_t *place;

	while (previous_word(payload, at, &word) && word) {
		if (!reloc_place(r, word, width, &place))
			return false;
		if (width == 8)
			put_le64(place, get_le64(place) + r->shift);
		else
			put_le32(place,
				 get_le32(place) + (uint32_t)(inverse ? 0 - r->shift : r->shift));
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

/* How far virtual addresses moved, by the last 32-bit place: 0 when nothing was relocated. */
static uint64_t find_shift(struct eval *ev, const struct relocator *r, struct bytes payload,
			   uint64_t start)
{
	size_t at = payload.len;
	uint8_t *place, now[4];
	uint32_t word;

	if (!previous_word(&payload, &at, &word) || !word || !reloc_place(r, word, 4, &place))
		return 0;
	if (!read_memory(ev, start + (uint64_t)(place - r->out), now, sizeof(now)))
		return 0;
	/* A kernel moves up from its link address, by less than 1 GiB (KERNEL_IMAGE_SIZE). */
	return get_le32(now) - get_le32(place);
}

/* What the ELF puts at [load_start, load_end), and which of it comes from the file. */
static uint8_t *load_expected(const struct elf_image *elf, uint64_t span)
{
	uint8_t *out = calloc(1, span ? span : 1);

	for (unsigned i = 0; out && i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];
		struct bytes from;

		if (s->type != PT_LOAD || s->paddr < elf->load_start ||
		    s->paddr - elf->load_start > span ||
		    span - (s->paddr - elf->load_start) < s->filesz ||
		    !bytes_slice(elf->data, s->offset, s->filesz, &from))
			continue;
		memcpy(out + (s->paddr - elf->load_start), from.data, from.len);
	}
	return out;
}

/* The first byte of a segment's file part that differs; false when none does. */
static bool first_difference(struct eval *ev, const struct relocator *r, uint64_t start, gpa_t *ret)
{
	uint8_t page[GUEST_PAGE_SIZE];

	for (unsigned i = 0; i < r->elf->segment_count; i++) {
		const struct elf_segment *s = &r->elf->segments[i];
		uint64_t off = s->paddr - r->elf->load_start;

		if (s->type != PT_LOAD || s->paddr < r->elf->load_start || off > r->span ||
		    r->span - off < s->filesz)
			continue;
		for (uint64_t at = 0; at < s->filesz;) {
			uint64_t n = s->filesz - at < sizeof(page) ? s->filesz - at : sizeof(page);

			if (!read_memory(ev, start + off + at, page, n))
				return false;
			for (uint64_t j = 0; memcmp(page, r->out + off + at, n) && j < n; j++) {
				if (page[j] == r->out[off + at + j])
					continue;
				*ret = start + off + at + j;
				return true;
			}
			at += n;
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
	bool equal;

	if (r.span <= PAYLOAD_SIZE_MAX)
		r.out = load_expected(elf, r.span);
	if (!r.out) {
		eval_stop(ev, EVAL_ERROR,
			  "the kernel's 0x%" PRIx64 " bytes are too many to compare", r.span);
		return false;
	}
	r.shift = find_shift(ev, &r, image->payload, start);
	if (r.shift)
		relocate(&r, image->payload, has_inverse);
	equal = ev->status == EVAL_OK && !first_difference(ev, &r, start, ret_at);
	free(r.out);
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
