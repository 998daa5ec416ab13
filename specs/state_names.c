/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of state_names.def: addresses put together from halves, and sets of addresses. */
#include <inttypes.h>

#include "specs/expr.h"
#include "specs/lists.h"
#include "specs/tables.h"

void set_add(struct eval *ev, struct regions *set, uint64_t start, uint64_t len)
{
	if (ev->status == EVAL_OK && regions_set(set, start, len, 0))
		eval_stop(ev, EVAL_ERROR,
			  "0x%" PRIx64 " + 0x%" PRIx64 " does not fit an unsigned 64-bit integer",
			  start, len);
}

/* A 32-bit field of boot_params with the upper half that zero-page.rst added later. */
static uint64_t bp_pair(struct eval *ev, const struct handover *h, enum bp_field low,
			enum bp_field high)
{
	uint8_t bytes[8] = { 0 };
	gpa_t bp;

	if (!bp_address(ev, h, &bp) || !state_read(ev, h, bp + bp_fields[low].offset, bytes, 4) ||
	    !state_read(ev, h, bp + bp_fields[high].offset, bytes + 4, 4))
		return 0;
	return get_le64(bytes);
}

static uint64_t cmdline_address(struct eval *ev, const struct handover *h)
{
	return bp_pair(ev, h, BP_HDR_CMD_LINE_PTR, BP_EXT_CMD_LINE_PTR);
}

static void add_cmdline(struct eval *ev, const struct handover *h, struct regions *set)
{
	uint64_t at = cmdline_address(ev, h), len;
	char c = 1;

	if (!at)
		return;
	for (len = 0; c && len < CMDLINE_SCAN_MAX && state_read(ev, h, at + len, &c, 1); len++)
		;
	set_add(ev, set, at, len);
}

/* E820 entries of type 1, or of the others. */
static void add_e820(struct eval *ev, const struct handover *h, bool ram, struct regions *set)
{
	struct list list = { 0 };

	list_read_e820(ev, h, &list);
	for (size_t i = 0; i < list.count; i++) {
		if ((list.rows[i][E820_FIELD_TYPE] == E820_TYPE_RAM) == ram)
			set_add(ev, set, list.rows[i][E820_FIELD_ADDR],
				list.rows[i][E820_FIELD_SIZE]);
	}
	for (size_t i = 0; ram && i < list.count; i++) {
		if (list.rows[i][E820_FIELD_TYPE] != E820_TYPE_RAM && ev->status == EVAL_OK)
			regions_remove(set, list.rows[i][E820_FIELD_ADDR],
				       list.rows[i][E820_FIELD_SIZE]);
	}
	list_free(&list);
}

static void add_setup_data(struct eval *ev, const struct handover *h, struct regions *set)
{
	struct list list = { 0 };

	list_read_setup_data(ev, h, &list);
	for (size_t i = 0; i < list.count; i++)
		set_add(ev, set, list.rows[i][SETUP_DATA_FIELD_ADDR],
			SETUP_DATA_HEADER + list.rows[i][SETUP_DATA_FIELD_LEN]);
	list_free(&list);
}

static void add_facts(struct eval *ev, enum fact start, enum fact len, struct regions *set)
{
	if (!ev->context->fact_known[start] || !ev->context->fact_known[len])
		eval_stop(ev, EVAL_SKIP, "where the image was loaded is not known here");
	set_add(ev, set, ev->context->facts[start], ev->context->facts[len]);
}

/* The kernel proper stands where its entry is, wherever KASLR put it. */
static uint64_t output_start(struct eval *ev, const struct handover *h)
{
	const struct image *image = ev->context->image;
	struct page_walk walk;
	struct mem_reader mem;
	gpa_t at = cpu_pc(&h->cpu);

	if (!image || !image->elf) {
		eval_stop(ev, EVAL_SKIP, "the kernel proper is not known here");
		return 0;
	}
	if (h->pages && !ev->context->partial_memory) {
		mem = pages_reader(h->pages);
		if (page_walk(&h->cpu, &mem, at, &walk))
			at = walk.gpa;
	}
	return at - (image->elf->entry_paddr - image->elf->load_start);
}

static struct value set_value(struct eval *ev, const struct handover *h, enum state_name name)
{
	struct value v = { .type = VALUE_SET };
	const struct image *image = ev->context->image;
	uint64_t at;

	switch (name) {
	case STATE_NAME_ram: add_e820(ev, h, true, &v.set); break;
	case STATE_NAME_reserved: add_e820(ev, h, false, &v.set); break;
	case STATE_NAME_cmdline: add_cmdline(ev, h, &v.set); break;
	case STATE_NAME_setup_data: add_setup_data(ev, h, &v.set); break;
	case STATE_NAME_page_tables: add_page_tables(ev, h, &v.set); break;
	case STATE_NAME_efi_allocated: add_efi_allocated(ev, h, &v.set); break;
	case STATE_NAME_changed: add_changed(ev, h, &v.set); break;
	case STATE_NAME_gdt:
		set_add(ev, &v.set, h->cpu.gdtr.base, (uint64_t)h->cpu.gdtr.limit + 1);
		break;
	case STATE_NAME_image: add_facts(ev, FACT_LOAD_ADDRESS, FACT_LOAD_SIZE, &v.set); break;
	case STATE_NAME_kernel_window:
		add_facts(ev, FACT_RUN_ADDRESS, FACT_RUN_SIZE, &v.set);
		break;
	case STATE_NAME_initrd:
		at = bp_pair(ev, h, BP_HDR_RAMDISK_IMAGE, BP_EXT_RAMDISK_IMAGE);
		set_add(ev, &v.set, at, bp_pair(ev, h, BP_HDR_RAMDISK_SIZE, BP_EXT_RAMDISK_SIZE));
		break;
	case STATE_NAME_boot_params:
		if (bp_address(ev, h, &at))
			set_add(ev, &v.set, at, BOOT_PARAMS_SIZE);
		break;
	case STATE_NAME_backed:
		if (!h->pages || ev->context->partial_memory)
			eval_stop(ev, EVAL_SKIP, "the state does not hold all memory");
		else if (regions_copy(&v.set, pages_ram(h->pages)))
			eval_stop(ev, EVAL_ERROR, "out of memory");
		break;
	case STATE_NAME_output:
		at = output_start(ev, h);
		if (ev->status == EVAL_OK)
			set_add(ev, &v.set, at, image->elf->load_end - image->elf->load_start);
		break;
	default: break;
	}
	return v;
}

static uint64_t int_value(struct eval *ev, const struct handover *h, enum state_name name)
{
	gpa_t at = 0;

	switch (name) {
	case STATE_NAME_pc: return cpu_pc(&h->cpu);
	case STATE_NAME_instructions: return h->instructions;
	case STATE_NAME_cpl: return cpu_cpl(&h->cpu);
	case STATE_NAME_cmdline_address: return cmdline_address(ev, h);
	case STATE_NAME_initrd_address:
		return bp_pair(ev, h, BP_HDR_RAMDISK_IMAGE, BP_EXT_RAMDISK_IMAGE);
	case STATE_NAME_initrd_bytes:
		return bp_pair(ev, h, BP_HDR_RAMDISK_SIZE, BP_EXT_RAMDISK_SIZE);
	case STATE_NAME_output_start: return output_start(ev, h);
	case STATE_NAME_output_delta:
		at = output_start(ev, h);
		return ev->status == EVAL_OK ? at - ev->context->image->elf->load_start : 0;
	default: bp_address(ev, h, &at); return at;
	}
}

static const char *string_value(struct eval *ev, const struct handover *h, enum state_name name)
{
	switch (name) {
	case STATE_NAME_path: return ev->context->path ? ev->context->path : "";
	case STATE_NAME_variant: return ev->context->variant ? ev->context->variant : "";
	case STATE_NAME_symbol: return h->symbol;
	case STATE_NAME_mode: return cpu_mode_name(&h->cpu);
	default: return setup_data_fault(ev, h);
	}
}

struct value state_name_value(struct eval *ev, const struct handover *h, enum state_name name)
{
	struct value v = { .type = VALUE_INT };

	switch (name) {
#define NAME(id, n, value_type, state, doc)  \
	case STATE_NAME_##id:                \
		v.type = VALUE_##value_type; \
		break;
#include "specs/state_names.def"
#undef NAME
	case STATE_NAME_COUNT: break;
	}
	if (v.type == VALUE_SET)
		return set_value(ev, h, name);
	if (v.type == VALUE_STRING)
		return (struct value){ .type = VALUE_STRING, .s = string_value(ev, h, name) };
	return (struct value){ .type = VALUE_INT, .n = int_value(ev, h, name) };
}
