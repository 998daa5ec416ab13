/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of the rule language that read the kernel proper's ELF notes of owner "Xen": xen/include/public/elfnote.h. */
#include <inttypes.h>

#include "specs/functions.h"

static const struct elf_note *note_find(const struct elf_image *elf, uint64_t type)
{
	for (unsigned i = 0; i < elf->note_count; i++) {
		if (!strcmp(elf->notes[i].name, "Xen") && elf->notes[i].type == type)
			return &elf->notes[i];
	}
	return NULL;
}

/* NULL, and why the clause cannot be judged, when there is no such note. */
static const struct elf_note *note(struct eval *ev, uint64_t type)
{
	const struct image *image = ev->context->image;
	const struct elf_note *n = image && image->elf ? note_find(image->elf, type) : NULL;

	if (!image || !image->elf)
		eval_stop(ev, EVAL_SKIP, "the kernel proper is not known here");
	else if (!n)
		eval_stop(ev, EVAL_SKIP, "there is no note \"Xen\" %" PRIu64, type);
	return n;
}

static struct value call_xen_notes(struct eval *ev, const struct value *a)
{
	const struct image *image = ev->context->image;
	uint64_t count = 0;

	if (!image || !image->elf) {
		eval_stop(ev, EVAL_SKIP, "the kernel proper is not known here");
		return function_int(0);
	}
	for (unsigned i = 0; i < image->elf->note_count; i++)
		count += !strcmp(image->elf->notes[i].name, "Xen") &&
			 image->elf->notes[i].type == a[0].n;
	return function_int(count);
}

static struct value call_xen_note_size(struct eval *ev, const struct value *a)
{
	const struct elf_note *n = note(ev, a[0].n);

	return function_int(n ? n->desc.len : 0);
}

static struct value call_xen_note_offset(struct eval *ev, const struct value *a)
{
	const struct elf_note *n = note(ev, a[0].n);

	return function_int(n ? n->offset : 0);
}

/* Of its descriptor; what lies past its end is 0. */
static struct value call_xen_note_u32(struct eval *ev, const struct value *a)
{
	const struct elf_note *n = note(ev, a[0].n);
	uint8_t word[4] = { 0 };

	if (n && a[1].n < n->desc.len) {
		size_t left = n->desc.len - a[1].n;

		memcpy(word, n->desc.data + a[1].n, left < sizeof(word) ? left : sizeof(word));
	}
	return function_int(get_le32(word));
}

const struct function note_functions[] = {
	{ "xen_notes", VALUE_INT, "i", false, call_xen_notes,
	  "type: how many ELF notes \"Xen\" of it the kernel proper has" },
	{ "xen_note_size", VALUE_INT, "i", false, call_xen_note_size,
	  "type: bytes of the first one's descriptor" },
	{ "xen_note_offset", VALUE_INT, "i", false, call_xen_note_offset,
	  "type: where its header lies in the ELF" },
	{ "xen_note_u32", VALUE_INT, "ii", false, call_xen_note_u32,
	  "type, offset: four bytes of its descriptor; 0 past the end" },
};

const size_t note_function_count = ARRAY_SIZE(note_functions);
