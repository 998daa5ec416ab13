/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule file as a tree of nodes that know their line and column: the only user of libyaml. */
#include "specs/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

#define DOC_DEPTH_MAX   16
#define DOC_MEMBERS_MAX 2000

struct reader {
	struct arena *arena;
	const char *file;
	struct bytes text;
	struct diag *diag;
	yaml_parser_t parser;
};

int doc_error(struct diag *diag, const char *file, struct place at, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return diag_set(diag, -EINVAL, "%s:%u:%u: %s", file, at.line, at.column, text);
}

static struct place mark_place(const yaml_mark_t *m)
{
	return (struct place){ (unsigned)m->line + 1, (unsigned)m->column + 1 };
}

/* libyaml counts characters, not bytes: with ASCII alone its indices are offsets into the text. */
static int check_ascii(const struct reader *r)
{
	struct place at = { 1, 1 };

	for (size_t i = 0; i < r->text.len; i++) {
		uint8_t c = r->text.data[i];

		if ((c < 0x20 && c != '\n' && c != '\r') || c > 0x7e)
			return doc_error(r->diag, r->file, at,
					 "byte 0x%02x: a rule file is printable ASCII without tabs",
					 c);
		at.column++;
		if (c == '\n')
			at = (struct place){ at.line + 1, 1 };
	}
	return 0;
}

static int next_event(struct reader *r, yaml_event_t *ret)
{
	yaml_mark_t *m = &r->parser.problem_mark;

	if (yaml_parser_parse(&r->parser, ret))
		return 0;
	if (r->parser.error == YAML_MEMORY_ERROR)
		return diag_set(r->diag, -ENOMEM, "%s: out of memory", r->file);
	if (r->parser.error == YAML_READER_ERROR)
		m = &r->parser.mark;
	return doc_error(r->diag, r->file, mark_place(m), "not YAML: %s",
			 r->parser.problem ? r->parser.problem : "unreadable");
}

/* The scalar's text as it stands in the file, so that an expression's errors have their true place. */
static void set_raw(struct reader *r, struct doc_node *node, const yaml_event_t *e)
{
	size_t start = e->start_mark.index, end = e->end_mark.index;
	struct place at = node->place;
	yaml_scalar_style_t style = e->data.scalar.style;

	if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE) {
		start++;
		end--;
		at.column++;
	} else if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE) {
		while (start < end && r->text.data[start] != '\n')
			start++;
		start += start < end;
		at = (struct place){ at.line + 1, 1 };
	}
	node->raw = (struct bytes){ r->text.data + start, end - start };
	node->raw_place = at;
	node->exact = !memchr(node->raw.data, '\\', node->raw.len) ||
		      style == YAML_PLAIN_SCALAR_STYLE;
	if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE &&
	    memmem(node->raw.data, node->raw.len, "''", 2))
		node->exact = false;
}

static int read_node(struct reader *r, const yaml_event_t *e, unsigned depth,
		     struct doc_node **ret);

/* Members until the end event; a map's come as key, value, key, value. */
static int read_members(struct reader *r, struct doc_node *parent, unsigned depth)
{
	yaml_event_type_t end = parent->kind == DOC_MAP ? YAML_MAPPING_END_EVENT :
							  YAML_SEQUENCE_END_EVENT;
	const struct doc_node **tail = &parent->first;
	struct doc_node *node, *key = NULL;
	yaml_event_t e;
	int err;

	for (;;) {
		err = next_event(r, &e);
		if (err)
			return err;
		if (e.type == end) {
			yaml_event_delete(&e);
			return 0;
		}
		err = read_node(r, &e, depth + 1, &node);
		yaml_event_delete(&e);
		if (err)
			return err;
		if (parent->kind == DOC_MAP && !key) {
			if (node->kind != DOC_SCALAR)
				return doc_error(r->diag, r->file, node->place,
						 "a key must be a word");
			if (doc_member(parent, node->value))
				return doc_error(r->diag, r->file, node->place,
						 "duplicate key \"%s\"", node->value);
			key = node;
			continue;
		}
		node->key = key;
		key = NULL;
		*tail = node;
		tail = &node->next;
		if (++parent->count > DOC_MEMBERS_MAX)
			return doc_error(r->diag, r->file, node->place, "more than %d members",
					 DOC_MEMBERS_MAX);
	}
}

static int refuse(const struct reader *r, const yaml_event_t *e, const char *what)
{
	return doc_error(r->diag, r->file, mark_place(&e->start_mark),
			 "%s have no use in a rule file", what);
}

static int read_node(struct reader *r, const yaml_event_t *e, unsigned depth, struct doc_node **ret)
{
	struct doc_node *node = arena_alloc(r->arena, sizeof(*node));

	if (!node)
		return diag_set(r->diag, -ENOMEM, "%s: out of memory", r->file);
	node->place = mark_place(&e->start_mark);
	if (depth > DOC_DEPTH_MAX)
		return doc_error(r->diag, r->file, node->place, "nested deeper than %d levels",
				 DOC_DEPTH_MAX);
	*ret = node;
	if (e->type == YAML_ALIAS_EVENT)
		return refuse(r, e, "aliases");
	if (e->type == YAML_SCALAR_EVENT) {
		if (e->data.scalar.anchor || e->data.scalar.tag)
			return refuse(r, e, "anchors and tags");
		node->kind = DOC_SCALAR;
		node->value = arena_text(r->arena, (const char *)e->data.scalar.value,
					 e->data.scalar.length);
		if (!node->value)
			return diag_set(r->diag, -ENOMEM, "%s: out of memory", r->file);
		set_raw(r, node, e);
		return 0;
	}
	if (e->type == YAML_SEQUENCE_START_EVENT) {
		if (e->data.sequence_start.anchor || e->data.sequence_start.tag)
			return refuse(r, e, "anchors and tags");
		node->kind = DOC_LIST;
	} else {
		if (e->data.mapping_start.anchor || e->data.mapping_start.tag)
			return refuse(r, e, "anchors and tags");
		node->kind = DOC_MAP;
	}
	return read_members(r, node, depth);
}

static int read_document(struct reader *r, struct doc_node **ret)
{
	bool done = false;
	yaml_event_t e;
	int err;

	for (;;) {
		bool last;

		err = next_event(r, &e);
		if (err)
			return err;
		last = e.type == YAML_STREAM_END_EVENT;
		switch (e.type) {
		case YAML_ALIAS_EVENT:
		case YAML_SCALAR_EVENT:
		case YAML_SEQUENCE_START_EVENT:
		case YAML_MAPPING_START_EVENT:
			err = done ? refuse(r, &e, "second documents") : read_node(r, &e, 0, ret);
			done = true;
			break;
		default: break;
		}
		yaml_event_delete(&e);
		if (err)
			return err;
		if (last)
			break;
	}
	if (!done)
		return doc_error(r->diag, r->file, (struct place){ 1, 1 }, "the file is empty");
	return 0;
}

int doc_parse(struct arena *arena, const char *file, struct bytes text,
	      const struct doc_node **ret_root, struct diag *diag)
{
	struct reader r = { .arena = arena, .file = file, .text = text, .diag = diag };
	struct doc_node *root = NULL;
	int err;

	if (text.len > DOC_SIZE_MAX)
		return diag_set(diag, -EFBIG, "%s:1:1: larger than %llu bytes", file,
				(unsigned long long)DOC_SIZE_MAX);
	err = check_ascii(&r);
	if (err)
		return err;
	if (!yaml_parser_initialize(&r.parser))
		return diag_set(diag, -ENOMEM, "%s: out of memory", file);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, text.data ? text.data : (const uint8_t *)"",
				     text.len);
	err = read_document(&r, &root);
	yaml_parser_delete(&r.parser);
	if (!err)
		*ret_root = root;
	return err;
}

const struct doc_node *doc_member(const struct doc_node *map, const char *key)
{
	if (map->kind != DOC_MAP)
		return NULL;
	for (const struct doc_node *n = map->first; n; n = n->next) {
		if (!strcmp(n->key->value, key))
			return n;
	}
	return NULL;
}
