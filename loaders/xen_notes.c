/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and values of the ELF notes whose owner is "Xen": xen/include/public/elfnote.h. */
#include "loaders/elf.h"

enum note_form {
	FORM_BYTES,
	FORM_NUMBER, /* 4 or 8 bytes */
	FORM_TEXT,   /* up to a NUL or the end */
	FORM_PAIRS,  /* mask and value, 8 bytes each, once or more */
	FORM_RELOC,  /* up to three 32-bit numbers; what is not there has a default */
};

static const struct xen_note_info {
	enum xen_note type;
	const char *name;
	enum note_form form;
} xen_note_infos[] = {
#define XEN_NOTE(name, number, form) { XEN_NOTE_##name, #name, FORM_##form },
#include "loaders/xen_notes.def"
#undef XEN_NOTE
};

static const struct xen_note_info *note_info(const struct elf_note *note)
{
	if (strcmp(note->name, "Xen"))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(xen_note_infos); i++)
		if (xen_note_infos[i].type == note->type)
			return &xen_note_infos[i];
	return NULL;
}

const char *elf_note_type_name(const struct elf_note *note)
{
	const struct xen_note_info *info = note_info(note);

	return info ? info->name : NULL;
}

static bool number_value(struct bytes desc, struct buf *out)
{
	if (desc.len != 4 && desc.len != 8)
		return false;
	buf_printf(out, "0x%llx",
		   desc.len == 4 ? get_le32(desc.data) : (unsigned long long)get_le64(desc.data));
	return true;
}

static bool text_value(struct bytes desc, struct buf *out)
{
	size_t len = strnlen((const char *)desc.data, desc.len);

	/* Only padding may follow the NUL. */
	for (size_t i = len; i < desc.len; i++)
		if (desc.data[i])
			return false;
	for (size_t i = 0; i < len; i++)
		if (desc.data[i] < 0x20 || desc.data[i] > 0x7e)
			return false;
	buf_append(out, desc.data, len);
	return len > 0;
}

static bool pairs_value(struct bytes desc, struct buf *out)
{
	if (desc.len == 0 || desc.len % 16)
		return false;
	for (size_t i = 0; i < desc.len; i += 16)
		buf_printf(out, "%smask 0x%llx, value 0x%llx", i ? "; " : "",
			   (unsigned long long)get_le64(desc.data + i),
			   (unsigned long long)get_le64(desc.data + i + 8));
	return true;
}

static bool reloc_value(struct bytes desc, struct buf *out)
{
	static const struct {
		const char *name;
		uint32_t otherwise;
	} fields[] = { { "align", 0x200000 }, { "min", 0 }, { "max", 0xffffffff } };

	if (desc.len > 4 * ARRAY_SIZE(fields) || desc.len % 4)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		buf_printf(out, "%s%s 0x%x", i ? ", " : "", fields[i].name,
			   4 * i < desc.len ? get_le32(desc.data + 4 * i) : fields[i].otherwise);
	return true;
}

bool elf_note_value(const struct elf_note *note, struct buf *out)
{
	const struct xen_note_info *info = note_info(note);

	if (!info)
		return false;
	switch (info->form) {
	case FORM_BYTES: return false;
	case FORM_NUMBER: return number_value(note->desc, out);
	case FORM_TEXT: return text_value(note->desc, out);
	case FORM_PAIRS: return pairs_value(note->desc, out);
	case FORM_RELOC: return reloc_value(note->desc, out);
	}
	return false;
}
