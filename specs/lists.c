/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the lists that quantifiers go over: E820 and setup_data (zero-page.rst, boot.rst), PT_LOAD and PE sections. */
#include "specs/lists.h"

#include <stdlib.h>

#include "specs/events.h"

#define LIST_ROWS_MAX 1024u

enum list_kind {
	LIST_E820,
	LIST_SETUP_DATA,
	LIST_SEGMENTS,
	LIST_PE_SECTIONS,
	LIST_MEMMAP,
	LIST_MODULES,
	LIST_EFI_MAP,
	LIST_EFI_MEMMAP,
	LIST_EVENTS, /* and one more for each further kind */
};

struct list_info {
	const char *name;
	bool needs_state;
	const char *doc;
	const char *const *fields;
};

static const char *const e820_fields[] = { "index", "addr", "size", "type", NULL };
static const char *const setup_data_fields[] = { "index", "addr", "next", "type", "len", NULL };
static const char *const segment_fields[] = { "index", "type",  "offset", "filesz", "memsz",
					      "vaddr", "paddr", "flags",  NULL };
static const char *const section_fields[] = { "index",  "name",    "vaddr", "vsize",
					      "offset", "rawsize", "flags", NULL };
static const char *const memmap_fields[] = { "index", "addr", "size", "type", "reserved", NULL };
static const char *const module_fields[] = {
	"index", "paddr", "size", "cmdline", "reserved", NULL
};

static const char *const region_fields[] = { "index", "type", "start", "pages", "attr", NULL };

static const struct list_info list_infos[] = {
	[LIST_E820] = { "e820", true, "e820_table of boot_params, e820_entries of it",
			e820_fields },
	[LIST_SETUP_DATA] = { "setup_data", true, "the setup_data list", setup_data_fields },
	[LIST_SEGMENTS] = { "segments", false, "program headers of the kernel proper",
			    segment_fields },
	[LIST_PE_SECTIONS] = { "pe_sections", false, "the PE section table", section_fields },
	[LIST_MEMMAP] = { "memmap", true, "the memory map of the hvm_start_info at EBX",
			  memmap_fields },
	[LIST_MODULES] = { "modules", true, "the module list of the hvm_start_info at EBX",
			   module_fields },
	[LIST_EFI_MAP] = { "efi_map", false, "UEFI's memory map when the image was entered",
			   region_fields },
	[LIST_EFI_MEMMAP] = { "efi_memmap", true,
			      "the UEFI memory map that efi_info of boot_params leads to",
			      region_fields },
};

bool list_find(const char *name, struct name_ref *ret, const char *const **ret_fields)
{
	struct name_ref found = { .kind = NAME_STATE };
	enum event_kind kind;

	for (unsigned p = POINT_ENTRY; p < POINT_COUNT; p++) {
		size_t len = strlen(point_names[p]);

		if (!strncmp(name, point_names[p], len) && name[len] == '.') {
			found.at_point = true;
			found.point = p;
			name += len + 1;
			break;
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(list_infos); i++) {
		if (strcmp(list_infos[i].name, name))
			continue;
		found.index = i;
		found.needs_state = list_infos[i].needs_state;
		*ret = found;
		*ret_fields = list_infos[i].fields;
		return found.needs_state || !found.at_point;
	}
	if (!event_list_find(name, &kind))
		return false;
	found.index = LIST_EVENTS + kind;
	found.needs_state = true;
	*ret = found;
	*ret_fields = event_fields(kind);
	return true;
}

uint64_t *list_add_row(struct eval *ev, struct list *list)
{
	uint64_t(*rows)[LIST_FIELDS_MAX];

	if (list->count == LIST_ROWS_MAX)
		return NULL;
	rows = realloc(list->rows, (list->count + 1) * sizeof(*rows));
	if (!rows) {
		eval_stop(ev, EVAL_ERROR, "out of memory");
		return NULL;
	}
	list->rows = rows;
	memset(rows[list->count], 0, sizeof(*rows));
	rows[list->count][0] = list->count;
	return rows[list->count++];
}

/* Whatever e820_entries says, the table ends after 128 (zero-page.rst). */
void list_read_e820(struct eval *ev, const struct handover *h, struct list *ret)
{
	uint8_t table[BOOT_PARAMS_E820_MAX * 20], count = 0;
	gpa_t bp;

	if (!bp_address(ev, h, &bp) ||
	    !state_read(ev, h, bp + bp_fields[BP_E820_ENTRIES].offset, &count, 1))
		return;
	if (count > BOOT_PARAMS_E820_MAX)
		count = BOOT_PARAMS_E820_MAX;
	if (count && !state_read(ev, h, bp + BOOT_PARAMS_E820, table, count * 20u))
		return;
	for (unsigned i = 0; i < count; i++) {
		uint64_t *row = list_add_row(ev, ret);

		if (!row)
			return;
		row[E820_FIELD_ADDR] = get_le64(table + i * 20);
		row[E820_FIELD_SIZE] = get_le64(table + i * 20 + 8);
		row[E820_FIELD_TYPE] = get_le32(table + i * 20 + 16);
	}
}

/* The nodes up to the end, or up to what is wrong; returns what that is, or "". */
static const char *walk_setup_data(struct eval *ev, const struct handover *h, struct list *ret)
{
	uint8_t node[SETUP_DATA_HEADER];
	uint64_t *row, at;
	gpa_t bp;

	if (!bp_address(ev, h, &bp) ||
	    !state_read(ev, h, bp + bp_fields[BP_HDR_SETUP_DATA].offset, node, 8))
		return "";
	for (at = get_le64(node); at; at = get_le64(node)) {
		for (size_t i = 0; i < ret->count; i++) {
			if (ret->rows[i][SETUP_DATA_FIELD_ADDR] == at)
				return "a node is reached twice";
		}
		if (ret->count == SETUP_DATA_MAX)
			return "more than 256 nodes";
		if (ev->context->partial_memory && !state_read(ev, h, at, node, sizeof(node)))
			return "";
		if (!h->pages || at + sizeof(node) < at ||
		    pages_read(h->pages, at, node, sizeof(node)))
			return "a node lies where no memory is";
		row = list_add_row(ev, ret);
		if (!row)
			return "";
		row[SETUP_DATA_FIELD_ADDR] = at;
		row[SETUP_DATA_FIELD_NEXT] = get_le64(node);
		row[SETUP_DATA_FIELD_TYPE] = get_le32(node + 8);
		row[SETUP_DATA_FIELD_LEN] = get_le32(node + 12);
	}
	return "";
}

void list_read_setup_data(struct eval *ev, const struct handover *h, struct list *ret)
{
	walk_setup_data(ev, h, ret);
}

const char *setup_data_fault(struct eval *ev, const struct handover *h)
{
	struct list list = { 0 };
	const char *fault = walk_setup_data(ev, h, &list);

	list_free(&list);
	return fault;
}

static void read_segments(struct eval *ev, struct list *ret)
{
	const struct image *image = ev->context->image;

	if (!image || !image->elf) {
		eval_stop(ev, EVAL_SKIP, "the kernel proper is not known here");
		return;
	}
	for (unsigned i = 0; i < image->elf->segment_count; i++) {
		const struct elf_segment *s = &image->elf->segments[i];
		uint64_t *row = list_add_row(ev, ret);

		if (!row)
			return;
		row[1] = s->type;
		row[2] = s->offset;
		row[3] = s->filesz;
		row[4] = s->memsz;
		row[5] = s->vaddr;
		row[6] = s->paddr;
		row[7] = s->flags;
	}
}

/* PE format: the section table follows the optional header; each row is 40 bytes. */
static void read_sections(struct eval *ev, struct list *ret)
{
	const struct image *image = ev->context->image;
	uint32_t pe;
	uint16_t count, optional;
	struct bytes s;

	if (!image || !image->has_pe) {
		eval_stop(ev, EVAL_SKIP, "the image has no PE header");
		return;
	}
	if (!bytes_le32(image->file, 0x3c, &pe) ||
	    !bytes_le16(image->file, (uint64_t)pe + 6, &count) ||
	    !bytes_le16(image->file, (uint64_t)pe + 20, &optional)) {
		eval_stop(ev, EVAL_UNREADABLE, "the PE header lies outside the file");
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		uint64_t *row;

		if (!bytes_slice(image->file, (uint64_t)pe + 24 + optional + i * 40u, 40, &s)) {
			eval_stop(ev, EVAL_UNREADABLE, "PE section %u lies outside the file", i);
			return;
		}
		row = list_add_row(ev, ret);
		if (!row)
			return;
		row[1] = get_le64(s.data);
		row[2] = get_le32(s.data + 12);
		row[3] = get_le32(s.data + 8);
		row[4] = get_le32(s.data + 20);
		row[5] = get_le32(s.data + 16);
		row[6] = get_le32(s.data + 36);
	}
}

void list_read(struct eval *ev, const struct name_ref *name, struct list *ret)
{
	const struct handover *h = NULL;

	if (name->needs_state) {
		h = name_handover(ev, name);
		if (!h)
			return;
	}
	if (name->index >= LIST_EVENTS) {
		list_read_events(ev, h, (enum event_kind)(name->index - LIST_EVENTS), ret);
		return;
	}
	switch ((enum list_kind)name->index) {
	case LIST_EVENTS: break;
	case LIST_E820: list_read_e820(ev, h, ret); break;
	case LIST_SETUP_DATA: list_read_setup_data(ev, h, ret); break;
	case LIST_SEGMENTS: read_segments(ev, ret); break;
	case LIST_PE_SECTIONS: read_sections(ev, ret); break;
	case LIST_MEMMAP: list_read_memmap(ev, h, ret); break;
	case LIST_MODULES: list_read_modules(ev, h, ret); break;
	case LIST_EFI_MAP: list_read_efi_map(ev, ret); break;
	case LIST_EFI_MEMMAP: list_read_efi_memmap(ev, h, ret); break;
	}
}

void list_free(struct list *l)
{
	free(l->rows);
	*l = (struct list){ 0 };
}

void lists_list(namespace_fn each, void *arg)
{
	for (unsigned i = 0; i < ARRAY_SIZE(list_infos); i++)
		each(arg, "list", list_infos[i].name, list_infos[i].doc);
	events_list(each, arg);
}
