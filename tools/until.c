/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a run is to end: parsing it, breakpoints for it, and telling whether a stop is it. */
#include "tools/until.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "emu/paging.h"
#include "tools/options.h" /* parse_number */

#define NAME_SIZE 512u /* KSYM_NAME_LEN */

struct until_name {
	const char *name;
	enum point point;
};

static const struct until_name until_names[] = {
	{ "startup_64", POINT_KERNEL },
	{ "kernel", POINT_KERNEL },
	{ "compressed", POINT_COMPRESSED },
	{ "entry", POINT_ENTRY },
};

/* A symbol as it is written. */
struct until_symbol {
	bool has_stage;
	enum code_stage stage;
	char name[NAME_SIZE];
	uint64_t offset;
	bool at_return;
};

static bool point_find(const char *text, enum point *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(until_names); i++) {
		if (!strcmp(until_names[i].name, text)) {
			*ret = until_names[i].point;
			return true;
		}
	}
	return false;
}

bool until_is_point(const char *text)
{
	enum point point;

	return point_find(text, &point);
}

static bool is_address(const char *text, uint64_t *ret)
{
	return text[0] == '0' && parse_number(text, 0, ret);
}

static bool parse_symbol(const char *text, struct until_symbol *ret)
{
	static const char after[] = ":return";
	size_t len = strlen(text), tail = strlen(after);
	const char *slash = strchr(text, '/'), *plus;

	*ret = (struct until_symbol){ 0 };
	if (slash) {
		for (unsigned i = 0; i < STAGE_COUNT; i++) {
			if (strlen(code_stage_names[i]) == (size_t)(slash - text) &&
			    !strncmp(code_stage_names[i], text, (size_t)(slash - text))) {
				ret->has_stage = true;
				ret->stage = i;
			}
		}
		if (!ret->has_stage)
			return false;
		text = slash + 1;
		len = strlen(text);
	}
	if (len > tail && !strcmp(text + len - tail, after)) {
		ret->at_return = true;
		len -= tail;
	}
	if (!len || len >= sizeof(ret->name) || (text[0] >= '0' && text[0] <= '9') ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$+") <
		    len)
		return false;
	memcpy(ret->name, text, len);
	plus = strchr(ret->name, '+');
	if (plus) {
		ret->name[plus - ret->name] = '\0';
		return ret->name[0] && parse_number(plus + 1, 0, &ret->offset);
	}
	return true;
}

bool until_is_sound(const char *text)
{
	struct until_symbol sym;
	uint64_t address;

	return until_is_point(text) || is_address(text, &address) || parse_symbol(text, &sym);
}

bool until_needs_symbols(const char *text)
{
	uint64_t address;

	return text && !until_is_point(text) && !is_address(text, &address);
}

/* The kernel proper's names come first: whoever means another stage's says so. */
static const enum code_stage stage_order[] = { STAGE_KERNEL, STAGE_COMPRESSED, STAGE_SETUP };

static int resolve_symbol(struct until *u, const struct until_symbol *sym,
			  const struct image_symbols *symbols, struct diag *diag)
{
	for (size_t i = 0; i < ARRAY_SIZE(stage_order); i++) {
		const struct symbols *s = &symbols->stage[stage_order[i]];
		const struct symbol *found;
		size_t first, n;

		if (sym->has_stage && sym->stage != s->stage)
			continue;
		n = symbols_find_all(s, sym->name, &first);
		if (!n)
			continue;
		found = &s->items[s->by_name[first]];
		if (n > 1)
			return diag_set(
				diag, -ENOENT,
				"--until: %zu symbols are called %s, the first two at 0x%" PRIx64
				" and 0x%" PRIx64 ": give an address",
				n, sym->name, found->address,
				s->items[s->by_name[first + 1]].address);
		if (found->address < s->start || found->address >= s->end)
			return diag_set(diag, -ENOENT,
					"--until: %s, 0x%" PRIx64 ", is no address of code",
					sym->name, found->address);
		u->stage = s->stage;
		u->address = found->address + sym->offset;
		u->at_return = sym->at_return;
		return 0;
	}
	return diag_set(diag, -ENOENT, "--until: the image has no symbol %s%s%s",
			sym->has_stage ? code_stage_names[sym->stage] : "",
			sym->has_stage ? "/" : "", sym->name);
}

int until_resolve(struct until *u, const char *text, const struct image *image,
		  const struct image_symbols *symbols, struct diag *diag)
{
	uint64_t address, start = 0, end = 0;
	struct until_symbol sym;

	*u = (struct until){ .text = text ? text : "kernel", .point = POINT_COUNT };
	if (point_find(u->text, &u->point))
		return 0;
	if (is_address(text, &address)) {
		if (image->elf)
			elf_linked_span(image->elf, &start, &end);
		u->is_linear = address < start || address >= end;
		u->pc = address;
		u->stage = STAGE_KERNEL;
		u->address = address;
		return 0;
	}
	if (!parse_symbol(text, &sym))
		return diag_set(diag, -EINVAL, "--until: '%s' is no symbol", text);
	return resolve_symbol(u, &sym, symbols, diag);
}

int until_arm(struct until *u, struct machine *m, const struct code_map *map)
{
	int err = 0;

	if (u->point != POINT_COUNT)
		return 0;
	if (u->is_linear) {
		err = u->armed ? 0 : machine_break_add(m, u->pc);
		u->armed = 1;
		return err;
	}
	for (; !err && u->armed < map->count; u->armed++) {
		const struct code_copy *c = &map->copies[u->armed];

		if (c->stage == u->stage && u->address - c->address < c->size)
			err = machine_break_add_gpa(m, c->gpa + (u->address - c->address));
	}
	return err;
}

/* SDM 1 6.3: CALL leaves the return address on the stack; near, in the code's own width. */
static void note_return(struct until *u, struct machine *m)
{
	struct mem_reader mem = machine_reader(m);
	struct page_walk walk;
	struct cpu_state cpu;
	uint8_t word[8] = { 0 };
	size_t size;

	machine_cpu_get(m, &cpu);
	size = cpu_code_bits(&cpu) / 8;
	u->stack = cpu.gpr[GPR_RSP];
	if (!page_walk(&cpu, &mem, u->stack, &walk) || mem_reader_read(&mem, walk.gpa, word, size))
		return;
	u->return_pc = get_le64(word);
	u->entered = !machine_break_add(m, u->return_pc);
}

bool until_reached(struct until *u, struct machine *m, const struct code_map *map, gva_t pc)
{
	struct mem_reader mem = machine_reader(m);
	struct code_place place;
	struct cpu_state cpu;

	if (u->point != POINT_COUNT)
		return false;
	if (u->is_linear)
		return pc == u->pc;
	machine_cpu_get(m, &cpu);
	if (u->entered)
		return pc == u->return_pc && cpu.gpr[GPR_RSP] > u->stack;
	/* Where a copy has been overwritten, other code may run: that is not it. */
	if (!code_map_fetch(map, &cpu, &mem, pc, &place) || place.stage != u->stage ||
	    place.address != u->address)
		return false;
	if (u->at_return)
		note_return(u, m);
	return !u->at_return;
}
