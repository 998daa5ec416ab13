/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing struct boot_params by field: the table of bootparam.def and its accessors. */
#include "loaders/bootparam.h"

#include <assert.h>

const struct bp_field_info bp_fields[BP_FIELD_COUNT] = {
#define BP_FIELD(f_id, f_name, f_offset, f_width, f_count, f_since, f_access, f_doc) \
	[BP_##f_id] = {                                                              \
		.name = (f_name),                                                    \
		.offset = (f_offset),                                                \
		.width = (f_width),                                                  \
		.count = (f_count),                                                  \
		.since = (f_since),                                                  \
		.access = (f_access),                                                \
		.doc = (f_doc),                                                      \
	},
#include "loaders/bootparam.def"
#undef BP_FIELD
};

#define BP_FIELD(f_id, f_name, f_offset, f_width, f_count, f_since, f_access, f_doc)         \
	_Static_assert((f_offset) + (f_width) * (f_count) <= BOOT_PARAMS_SIZE, f_name);      \
	_Static_assert((f_width) == 1 || (f_width) == 2 || (f_width) == 4 || (f_width) == 8, \
		       f_name);
#include "loaders/bootparam.def"
#undef BP_FIELD

uint64_t bp_field_get(const uint8_t *bp, const struct bp_field_info *f, unsigned index)
{
	const uint8_t *p = bp + f->offset + (size_t)f->width * index;

	assert(index < f->count);
	switch (f->width) {
	case 1: return *p;
	case 2: return get_le16(p);
	case 4: return get_le32(p);
	default: return get_le64(p);
	}
}

uint64_t bp_get(const uint8_t *bp, enum bp_field f)
{
	return bp_field_get(bp, &bp_fields[f], 0);
}

void bp_set(uint8_t *bp, enum bp_field f, uint64_t v)
{
	uint8_t *p = bp + bp_fields[f].offset;

	switch (bp_fields[f].width) {
	case 1: *p = (uint8_t)v; break;
	case 2: put_le16(p, (uint16_t)v); break;
	case 4: put_le32(p, (uint32_t)v); break;
	default: put_le64(p, v); break;
	}
}

const struct bp_field_info *bp_field_find(const char *name)
{
	for (unsigned i = 0; i < BP_FIELD_COUNT; i++)
		if (!strcmp(bp_fields[i].name, name))
			return &bp_fields[i];
	return NULL;
}

bool bp_field_present(const struct bp_field_info *f, uint16_t protocol)
{
	return f->offset < BOOT_PARAMS_HDR_200 || f->since <= protocol;
}
