/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing boot_params field by field, E820, setup_data and the command line (zero-page.rst, boot.rst). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/diff.h"
#include "tools/diff_spans.h"

#define E820_ENTRY_SIZE  20u /* zero-page.rst 2D0 */
#define SETUP_DATA_SIZE  16u /* boot.rst: next, type, len; the data follows */
#define SETUP_DATA_LINKS 64u
#define CMDLINE_MAX      4096u
#define ELEMENTS_SHOWN   8u

bool diff_read_boot_params(const struct diff *d, unsigned side, uint8_t ret[BOOT_PARAMS_SIZE])
{
	const struct handover *h = d->at[side];

	return h->boot_params && h->pages &&
	       !pages_read(h->pages, h->boot_params, ret, BOOT_PARAMS_SIZE);
}

/* --- E820 --- */

static bool e820_text(const struct span *s, char *text, size_t size)
{
	static const struct {
		uint32_t type;
		const char *name;
	} types[] = {
		{ E820_RAM, "RAM" }, { E820_RESERVED, "reserved" }, { E820_ACPI, "ACPI" },
		{ E820_NVS, "NVS" }, { E820_UNUSABLE, "unusable" }, { E820_PMEM, "persistent" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].type == s->value[0]) {
			snprintf(text, size, "%s", types[i].name);
			return true;
		}
	}
	snprintf(text, size, "type %" PRIu64, s->value[0]);
	return true;
}

static int span_order(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static size_t e820_spans(const uint8_t *bp, gpa_t gpa, struct span spans[BOOT_PARAMS_E820_MAX])
{
	uint64_t count = bp_get(bp, BP_E820_ENTRIES);
	size_t n = 0;

	for (uint64_t i = 0; i < count && i < BOOT_PARAMS_E820_MAX; i++) {
		uint64_t offset = BOOT_PARAMS_E820 + i * E820_ENTRY_SIZE;
		uint64_t size = get_le64(bp + offset + 8);
		struct span s = { .start = get_le64(bp + offset),
				  .value[0] = get_le32(bp + offset + 16),
				  .at = gpa + offset,
				  .at_size = E820_ENTRY_SIZE };

		if (size && !__builtin_add_overflow(s.start, size - 1, &s.last))
			spans[n++] = s;
	}
	qsort(spans, n, sizeof(*spans), span_order);
	return n;
}

static void diff_e820(struct diff *d, uint8_t bp[2][BOOT_PARAMS_SIZE])
{
	struct span spans[2][BOOT_PARAMS_E820_MAX];
	struct span_list list[2];

	for (unsigned side = 0; side < 2; side++)
		list[side] = (struct span_list){
			.items = spans[side],
			.count = e820_spans(bp[side], d->at[side]->boot_params, spans[side]),
		};
	diff_spans(d, DIFF_E820, list, e820_text);
}

/* --- fields --- */

/* The elements from @first on, a few of them. */
static void field_text(const uint8_t *bp, const struct bp_field_info *f, unsigned first, char *text,
		       size_t size)
{
	size_t len = 0;

	for (unsigned i = first; i < f->count && i < first + ELEMENTS_SHOWN && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s0x%" PRIx64,
					i > first ? " " : "", bp_field_get(bp, f, i));
	if (f->count > first + ELEMENTS_SHOWN && len < size)
		snprintf(text + len, size - len, " ...");
}

static void diff_field(struct diff *d, uint8_t bp[2][BOOT_PARAMS_SIZE],
		       const struct bp_field_info *f)
{
	struct diff_item *item;
	char text[2][256];
	unsigned first = 0;

	while (first < f->count && bp_field_get(bp[0], f, first) == bp_field_get(bp[1], f, first))
		first++;
	if (first == f->count)
		return;
	for (unsigned side = 0; side < 2; side++)
		field_text(bp[side], f, first, text[side], sizeof(text[side]));
	item = diff_add(d, DIFF_BOOT_PARAMS, f->name, text[0], text[1]);
	if (f->count > 1)
		diff_note(item, "from element %u of %u on", first, f->count);
	for (unsigned side = 0; side < 2; side++)
		diff_at(item, side, d->at[side]->boot_params + f->offset + first * f->width,
			f->width);
}

static void diff_fields(struct diff *d, uint8_t bp[2][BOOT_PARAMS_SIZE])
{
	char text[2][32];

	if (d->at[0]->boot_params != d->at[1]->boot_params) {
		for (unsigned side = 0; side < 2; side++)
			snprintf(text[side], sizeof(text[side]), "0x%" PRIx64,
				 d->at[side]->boot_params);
		diff_add(d, DIFF_BOOT_PARAMS, "address", text[0], text[1]);
	}
	for (unsigned i = 0; i < BP_FIELD_COUNT; i++) {
		if (bp_fields[i].offset != BOOT_PARAMS_E820)
			diff_field(d, bp, &bp_fields[i]);
	}
}

/* --- setup_data --- */

struct node {
	gpa_t gpa;
	uint32_t type, len;
	uint64_t hash; /* of the data */
	bool readable;
};

static bool node_read(const struct pages *pages, gpa_t gpa, struct node *ret, gpa_t *ret_next)
{
	uint8_t head[SETUP_DATA_SIZE], *data;

	*ret = (struct node){ .gpa = gpa };
	if (pages_read(pages, gpa, head, sizeof(head)))
		return false;
	*ret_next = get_le64(head);
	ret->type = get_le32(head + 8);
	ret->len = get_le32(head + 12);
	if (ret->len > MIB(16)) /* no loader passes that much; a broken length may say anything */
		return true;
	data = malloc(ret->len ? ret->len : 1);
	if (data && !pages_read(pages, gpa + sizeof(head), data, ret->len)) {
		ret->hash = hash64(data, ret->len);
		ret->readable = true;
	}
	free(data);
	return true;
}

static size_t nodes_read(const struct diff *d, unsigned side, const uint8_t *bp,
			 struct node nodes[SETUP_DATA_LINKS])
{
	gpa_t at = bp_get(bp, BP_HDR_SETUP_DATA);
	size_t n = 0;

	while (at && n < SETUP_DATA_LINKS && node_read(d->at[side]->pages, at, &nodes[n], &at))
		n++;
	return n;
}

static void node_text(const struct node *n, char *text, size_t size)
{
	if (n->readable)
		snprintf(text, size, "type %" PRIu32 ", %" PRIu32 " bytes, hash 0x%016" PRIx64,
			 n->type, n->len, n->hash);
	else
		snprintf(text, size, "type %" PRIu32 ", %" PRIu32 " bytes, not readable", n->type,
			 n->len);
}

static void diff_setup_data(struct diff *d, uint8_t bp[2][BOOT_PARAMS_SIZE])
{
	struct node nodes[2][SETUP_DATA_LINKS];
	size_t count[2], most;

	for (unsigned side = 0; side < 2; side++)
		count[side] = nodes_read(d, side, bp[side], nodes[side]);
	most = count[0] > count[1] ? count[0] : count[1];
	for (size_t i = 0; i < most; i++) {
		char text[2][96] = { "", "" }, name[24];
		struct diff_item *item;

		for (unsigned side = 0; side < 2; side++) {
			if (i < count[side])
				node_text(&nodes[side][i], text[side], sizeof(text[side]));
		}
		if (!strcmp(text[0], text[1]))
			continue;
		snprintf(name, sizeof(name), "%zu", i);
		item = diff_add(d, DIFF_SETUP_DATA, name, i < count[0] ? text[0] : NULL,
				i < count[1] ? text[1] : NULL);
		for (unsigned side = 0; side < 2; side++) {
			if (i < count[side])
				diff_at(item, side, nodes[side][i].gpa, SETUP_DATA_SIZE);
		}
	}
}

/* --- command line --- */

/* Up to its NUL; false: there is none, or it cannot be read. */
static bool cmdline_read(const struct diff *d, unsigned side, const uint8_t *bp, gpa_t *ret_gpa,
			 char text[CMDLINE_MAX])
{
	gpa_t gpa = bp_get(bp, BP_HDR_CMD_LINE_PTR) | bp_get(bp, BP_EXT_CMD_LINE_PTR) << 32;

	*ret_gpa = gpa;
	for (size_t i = 0; gpa && i < CMDLINE_MAX; i++) {
		if (pages_read(d->at[side]->pages, gpa + i, text + i, 1))
			return false;
		if (!text[i])
			return true;
	}
	return false;
}

static void diff_cmdline(struct diff *d, uint8_t bp[2][BOOT_PARAMS_SIZE])
{
	char text[2][CMDLINE_MAX];
	gpa_t gpa[2];
	bool has[2];
	struct diff_item *item;

	for (unsigned side = 0; side < 2; side++)
		has[side] = cmdline_read(d, side, bp[side], &gpa[side], text[side]);
	/* A report may hold no more than the pointer. */
	if (!diff_knows_memory(d) && (!has[0] || !has[1]))
		return;
	if (has[0] == has[1] && (!has[0] || !strcmp(text[0], text[1])))
		return;
	item = diff_add(d, DIFF_CMDLINE, "text", has[0] ? text[0] : NULL, has[1] ? text[1] : NULL);
	for (unsigned side = 0; side < 2; side++) {
		if (has[side])
			diff_at(item, side, gpa[side], strlen(text[side]) + 1);
	}
}

void diff_boot_params(struct diff *d)
{
	uint8_t bp[2][BOOT_PARAMS_SIZE];
	bool has[2];

	for (unsigned side = 0; side < 2; side++)
		has[side] = diff_read_boot_params(d, side, bp[side]);
	if (has[0] != has[1])
		diff_add(d, DIFF_BOOT_PARAMS, "boot_params", has[0] ? "there" : NULL,
			 has[1] ? "there" : NULL);
	if (!has[0] || !has[1])
		return;
	diff_e820(d, bp);
	diff_fields(d, bp);
	diff_setup_data(d, bp);
	diff_cmdline(d, bp);
}
