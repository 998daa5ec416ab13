/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and applies the recipes that break a clause. */
#include "specs/violate.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

const char *const alter_where_names[ALTER_COUNT] = {
	[ALTER_IMAGE] = "image",
	[ALTER_ENTRY] = "entry",
	[ALTER_GUEST] = "guest",
	[ALTER_STATE] = "state",
};

/* Functions that name a place, and how wide it is. */
static const struct place_function {
	const char *name;
	unsigned width;
	bool in_file;
} place_functions[] = {
	{ "u8", 1, false },      { "u16", 2, false },     { "u32", 4, false },
	{ "u64", 8, false },     { "file_u8", 1, true },  { "file_u16", 2, true },
	{ "file_u32", 4, true }, { "file_u64", 8, true },
};

static const struct place_function *place_function(const struct expr *target)
{
	for (size_t i = 0; target->kind == EXPR_CALL && i < ARRAY_SIZE(place_functions); i++) {
		if (!strcmp(place_functions[i].name, target->word))
			return &place_functions[i];
	}
	return NULL;
}

/* A target is of the file for image, and of registers or memory otherwise. */
static bool target_fits(const struct alteration *a)
{
	const struct place_function *f = place_function(a->target);
	bool in_file = a->where == ALTER_IMAGE;

	if (f)
		return f->in_file == in_file;
	if (a->target->kind != EXPR_NAME || a->target->name.at_point)
		return false;
	if (in_file)
		return a->target->name.kind == NAME_HEADER;
	return a->target->name.kind == NAME_REGISTER || a->target->name.kind == NAME_BP;
}

/* "startup_64+0x10 = f4 eb fd" */
static int parse_guest(struct arena *arena, const char *file, const struct doc_node *node,
		       struct alteration *ret, struct diag *diag)
{
	const char *text = node->value, *equals = strchr(text, '=');
	uint8_t *bytes = arena_alloc(arena, ALTER_BYTES_MAX);
	size_t symbol = strcspn(text, "+= ");
	char *end;

	if (!bytes)
		return diag_set(diag, -ENOMEM, "%s: out of memory", file);
	if (!equals || !symbol)
		return doc_error(diag, file, node->place, "expected \"SYMBOL+OFFSET = BYTES\"");
	ret->symbol = arena_text(arena, text, symbol);
	if (!ret->symbol)
		return diag_set(diag, -ENOMEM, "%s: out of memory", file);
	if (text[symbol] == '+')
		ret->offset = strtoull(text + symbol + 1, NULL, 0);
	for (text = equals + 1; *text; text = end) {
		unsigned long byte;

		text += strspn(text, " ");
		if (!*text)
			break;
		byte = strtoul(text, &end, 16);
		if (end == text || end - text > 2 || ret->len == ALTER_BYTES_MAX)
			return doc_error(diag, file, node->place,
					 "expected up to %d bytes of two hex digits",
					 ALTER_BYTES_MAX);
		bytes[ret->len++] = (uint8_t)byte;
	}
	if (!ret->len)
		return doc_error(diag, file, node->place, "no bytes to write");
	ret->bytes = bytes;
	return 0;
}

static int parse_assignment(struct arena *arena, const char *file, const struct doc_node *node,
			    struct define *defines, unsigned points, struct alteration *ret,
			    struct diag *diag)
{
	struct expr_source src = {
		.file = file,
		.text = node->exact ? (const char *)node->raw.data : node->value,
		.len = node->exact ? node->raw.len : strlen(node->value),
		.place = node->exact ? node->raw_place : node->place,
		.exact = node->exact,
	};
	struct expr_scope scope = { .file = file, .defines = defines };
	int err;

	scope.points = ret->where == ALTER_IMAGE ? BIT(POINT_IMAGE) :
		       ret->where == ALTER_ENTRY ? BIT(POINT_ENTRY) :
						   points;
	err = expr_parse_assignment(arena, &src, &ret->target, &ret->value, diag);
	if (!err)
		err = expr_check(ret->target, &scope, VALUE_INT, diag);
	if (!err)
		err = expr_check(ret->value, &scope, VALUE_INT, diag);
	if (!err && !target_fits(ret))
		err = doc_error(diag, file, ret->target->place, "this cannot be altered by \"%s\"",
				alter_where_names[ret->where]);
	return err;
}

static int parse_item(struct arena *arena, const char *file, const struct doc_node *item,
		      struct define *defines, unsigned points, struct alteration *ret,
		      struct diag *diag)
{
	const struct doc_node *node = item->first;
	unsigned where;

	for (where = 0; where < ALTER_COUNT && strcmp(alter_where_names[where], node->key->value);
	     where++)
		;
	if (where == ALTER_COUNT)
		return doc_error(diag, file, node->key->place,
				 "unknown key \"%s\": image, entry, guest, state or on",
				 node->key->value);
	if (node->kind != DOC_SCALAR)
		return doc_error(diag, file, node->place, "expected \"TARGET = VALUE\"");
	*ret = (struct alteration){ .where = where, .place = node->place, .text = node->value };
	if (where == ALTER_GUEST)
		return parse_guest(arena, file, node, ret, diag);
	return parse_assignment(arena, file, node, defines, points, ret, diag);
}

int violation_parse(struct arena *arena, const char *file, const struct doc_node *node,
		    struct define *defines, unsigned points, struct violation *ret,
		    struct diag *diag)
{
	int err = 0;

	if (node->kind != DOC_LIST || !node->count)
		return doc_error(diag, file, node->place,
				 "violate: expected a list of alterations");
	ret->items = arena_alloc(arena, node->count * sizeof(*ret->items));
	if (!ret->items)
		return diag_set(diag, -ENOMEM, "%s: out of memory", file);
	for (const struct doc_node *item = node->first; item && !err; item = item->next) {
		if (item->kind != DOC_MAP || item->count != 1)
			return doc_error(diag, file, item->place,
					 "violate: expected \"where: alteration\"");
		if (!strcmp(item->first->key->value, "on") && item->first->kind == DOC_SCALAR)
			ret->path = item->first->value;
		else
			err = parse_item(arena, file, item, defines, points,
					 &ret->items[ret->count++], diag);
	}
	if (!err && !ret->count)
		return doc_error(diag, file, node->place, "violate: nothing is altered");
	return err;
}

static int eval_int(const struct expr *e, const struct alter_target *t, uint64_t *ret,
		    struct diag *diag)
{
	struct eval ev = { .context = t->context, .now = t->now };
	struct value v = expr_eval(&ev, e);
	int err = 0;

	if (ev.status != EVAL_OK)
		err = diag_set(diag, -EINVAL, "cannot alter: %s", ev.reason);
	else
		*ret = v.n;
	value_free(&v);
	eval_release(&ev);
	return err;
}

static int alter_file(const struct alter_target *t, uint64_t at, unsigned width, uint64_t value,
		      struct diag *diag)
{
	uint8_t bytes[8];

	if (!t->file || at > t->file_size || t->file_size - at < width)
		return diag_set(diag, -ERANGE, "cannot alter: the file has no %u bytes there",
				width);
	put_le64(bytes, value);
	memcpy(t->file + at, bytes, width);
	return 0;
}

static int alter_memory(const struct alter_target *t, gpa_t gpa, unsigned width, uint64_t value,
			struct diag *diag)
{
	uint8_t bytes[8];

	put_le64(bytes, value);
	if (!t->write || t->write(t->arg, gpa, bytes, width))
		return diag_set(diag, -ERANGE, "cannot alter: there is no memory");
	return 0;
}

static int alter_register(const struct expr *e, const struct alter_target *t, uint64_t value,
			  struct diag *diag)
{
	if (!t->cpu)
		return diag_set(diag, -EINVAL, "cannot alter: there is no CPU");
	if (e->name.seg) {
		t->cpu->seg[e->name.seg->index].attr = (uint32_t)value;
		return 0;
	}
	if (!cpu_state_set(t->cpu, e->name.base, value))
		return diag_set(diag, -EINVAL, "cannot alter %s", e->name.base);
	return 0;
}

/* Bits are written into what the whole holds now. */
static int merge_bits(const struct expr *e, const struct alter_target *t, uint64_t *value,
		      struct diag *diag)
{
	struct eval ev = { .context = t->context, .now = t->now };
	struct name_ref whole = e->name;
	uint64_t mask = (BIT64(whole.width) - 1) << whole.shift;
	struct value v;

	whole.is_bits = false;
	v = name_value(&ev, &whole);
	if (ev.status != EVAL_OK)
		return diag_set(diag, -EINVAL, "cannot alter: %s", ev.reason);
	*value = (v.n & ~mask) | (*value << whole.shift & mask);
	return 0;
}

static int alter_name(const struct alteration *a, const struct alter_target *t, uint64_t value,
		      struct diag *diag)
{
	const struct name_ref *name = &a->target->name;
	struct eval ev = { .context = t->context, .now = t->now };
	gpa_t bp;
	int err;

	if (name->is_bits) {
		err = merge_bits(a->target, t, &value, diag);
		if (err)
			return err;
	}
	if (name->kind == NAME_HEADER)
		return alter_file(t, name->field->offset, name->field->width, value, diag);
	if (name->kind == NAME_REGISTER)
		return alter_register(a->target, t, value, diag);
	if (!t->now || !bp_address(&ev, t->now, &bp))
		return diag_set(diag, -EINVAL, "cannot alter: there is no boot_params");
	return alter_memory(t, bp + name->field->offset, name->field->width, value, diag);
}

int alteration_apply(const struct alteration *a, const struct alter_target *t, struct diag *diag)
{
	const struct place_function *f;
	uint64_t value, at;
	int err;

	assert(a->where != ALTER_GUEST); /* the caller finds symbols and writes the bytes */
	err = eval_int(a->value, t, &value, diag);
	if (err)
		return err;
	f = place_function(a->target);
	if (!f)
		return alter_name(a, t, value, diag);
	err = eval_int(a->target->arg[0], t, &at, diag);
	if (err)
		return err;
	return f->in_file ? alter_file(t, at, f->width, value, diag) :
			    alter_memory(t, at, f->width, value, diag);
}
