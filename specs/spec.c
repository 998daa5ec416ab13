/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads rule files into clauses; every error names file, line and column. */
#include "specs/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct loader {
	struct spec_set *set;
	const char *file;
	struct define *defines;
	struct diag *diag;
};

/* Paths of design: who enters the image, where and how. */
static const char *const path_names[] = {
	"bios", "linux32", "linux64", "efi", "efi32", "efi-handover", "pvh", "xen-pv",
};

bool spec_path_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(path_names); i++) {
		if (!strcmp(path_names[i], name))
			return true;
	}
	return false;
}

static int no_memory(struct loader *l)
{
	return diag_set(l->diag, -ENOMEM, "%s: out of memory", l->file);
}

static struct expr_source source_of(const struct loader *l, const struct doc_node *node)
{
	return (struct expr_source){
		.file = l->file,
		.text = node->exact ? (const char *)node->raw.data : node->value,
		.len = node->exact ? node->raw.len : strlen(node->value),
		.place = node->exact ? node->raw_place : node->place,
		.exact = node->exact,
	};
}

static int want_scalar(struct loader *l, const struct doc_node *node)
{
	if (node->kind != DOC_SCALAR || !*node->value)
		return doc_error(l->diag, l->file, node->place, "%s: expected a text",
				 node->key ? node->key->value : "item");
	return 0;
}

static int read_expr(struct loader *l, const struct doc_node *node, unsigned points,
		     struct expr **ret)
{
	struct expr_scope scope = { .file = l->file, .defines = l->defines, .points = points };
	struct expr_source src;
	int err = want_scalar(l, node);

	if (err)
		return err;
	src = source_of(l, node);
	err = expr_parse(&l->set->arena, &src, ret, l->diag);
	if (!err)
		err = expr_check(*ret, &scope, VALUE_BOOL, l->diag);
	if (!err && (*ret)->constant)
		err = doc_error(l->diag, l->file, (*ret)->place,
				"%s: always the same, whatever the state", node->key->value);
	return err;
}

/* One of @names, or an error that lists them. */
static int read_word(struct loader *l, const struct doc_node *node, const char *const *names,
		     unsigned count, unsigned *ret)
{
	struct buf all = { 0 };
	int err = want_scalar(l, node);

	if (err)
		return err;
	for (unsigned i = 0; i < count; i++) {
		if (!strcmp(names[i], node->value)) {
			buf_free(&all);
			*ret = i;
			return 0;
		}
		buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
	}
	err = doc_error(l->diag, l->file, node->place, "\"%s\" is none of %s", node->value,
			buf_str(&all));
	buf_free(&all);
	return err;
}

/* A word or a list of words: call @one on each. */
static int read_words(struct loader *l, const struct doc_node *node, struct clause *c,
		      int (*one)(struct loader *, const struct doc_node *, struct clause *))
{
	int err = 0;

	if (node->kind != DOC_LIST)
		return one(l, node, c);
	if (!node->count)
		return doc_error(l->diag, l->file, node->place, "%s: the list is empty",
				 node->key->value);
	for (const struct doc_node *n = node->first; n && !err; n = n->next)
		err = one(l, n, c);
	return err;
}

static int read_point(struct loader *l, const struct doc_node *node, struct clause *c)
{
	unsigned point = 0;
	int err = read_word(l, node, point_names, POINT_COUNT, &point);

	c->points |= BIT(point);
	return err;
}

static int read_path(struct loader *l, const struct doc_node *node, struct clause *c)
{
	unsigned path, count = 0;
	int err = read_word(l, node, path_names, ARRAY_SIZE(path_names), &path);

	while (count < CLAUSE_PATHS_MAX && c->paths[count])
		count++;
	if (!err && count == CLAUSE_PATHS_MAX)
		return doc_error(l->diag, l->file, node->place, "too many paths");
	if (!err)
		c->paths[count] = path_names[path];
	return err;
}

static int read_id(struct loader *l, const struct doc_node *node, struct clause *c)
{
	const struct clause *other;
	int err = want_scalar(l, node);

	if (err)
		return err;
	if (strspn(node->value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(node->value))
		return doc_error(l->diag, l->file, node->place,
				 "id: expected capital letters, digits and '-'");
	other = spec_find(l->set, node->value);
	if (other)
		return doc_error(l->diag, l->file, node->place, "duplicate id \"%s\": see %s:%u:%u",
				 node->value, other->file, other->place.line, other->place.column);
	c->id = node->value;
	return 0;
}

static const struct key {
	const char *name;
	bool required;
} clause_keys[] = {
	{ "id", true },      { "level", true },   { "point", true }, { "paths", false },
	{ "gate", false },   { "cite", true },    { "text", true },  { "require", true },
	{ "subject", true }, { "violate", true },
};

static const struct key file_keys[] = { { "title", true },
					{ "define", false },
					{ "clauses", true } };

static int check_keys(struct loader *l, const struct doc_node *map, const struct key *keys,
		      size_t count)
{
	for (const struct doc_node *n = map->first; n; n = n->next) {
		size_t i;

		for (i = 0; i < count && strcmp(keys[i].name, n->key->value); i++)
			;
		if (i == count)
			return doc_error(l->diag, l->file, n->key->place, "unknown key \"%s\"",
					 n->key->value);
	}
	for (size_t i = 0; i < count; i++) {
		if (keys[i].required && !doc_member(map, keys[i].name))
			return doc_error(l->diag, l->file, map->place, "missing field \"%s\"",
					 keys[i].name);
	}
	return 0;
}

static const char *folded(struct loader *l, const struct expr *e)
{
	struct buf text = { 0 };
	const char *copy;

	expr_text(e, &text);
	copy = text.failed ? NULL : arena_text(&l->set->arena, (const char *)text.data, text.len);
	buf_free(&text);
	return copy;
}

static int read_texts(struct loader *l, const struct doc_node *map, struct clause *c)
{
	const struct doc_node *cite = doc_member(map, "cite"), *text = doc_member(map, "text");
	int err = want_scalar(l, cite);

	if (!err)
		err = want_scalar(l, text);
	c->cite = cite->value;
	c->text = text->value;
	return err;
}

static int read_enums(struct loader *l, const struct doc_node *map, struct clause *c)
{
	unsigned level = 0, subject = 0;
	int err = read_words(l, doc_member(map, "point"), c, read_point);

	if (!err)
		err = read_word(l, doc_member(map, "level"), verdict_level_names, LEVEL_INFO + 1,
				&level);
	if (!err)
		err = read_word(l, doc_member(map, "subject"), verdict_subject_names,
				SUBJECT_KERNEL + 1, &subject);
	if (!err && doc_member(map, "paths"))
		err = read_words(l, doc_member(map, "paths"), c, read_path);
	c->level = level;
	c->subject = subject;
	return err;
}

static int read_rules(struct loader *l, const struct doc_node *map, struct clause *c)
{
	const struct doc_node *gate = doc_member(map, "gate");
	int err = read_expr(l, doc_member(map, "require"), c->points, &c->require);

	if (!err && gate)
		err = read_expr(l, gate, c->points, &c->gate);
	if (!err)
		err = violation_parse(&l->set->arena, l->file, doc_member(map, "violate"),
				      l->defines, c->points, &c->violation, l->diag);
	if (err)
		return err;
	c->want = folded(l, c->require);
	c->gate_text = c->gate ? folded(l, c->gate) : NULL;
	return c->want && (!c->gate || c->gate_text) ? 0 : no_memory(l);
}

static int add_clause(struct loader *l, struct clause *c)
{
	struct spec_set *s = l->set;

	if (s->count == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct clause **clauses = realloc(s->clauses, cap * sizeof(*clauses));

		if (!clauses)
			return no_memory(l);
		s->clauses = clauses;
		s->cap = cap;
	}
	s->clauses[s->count++] = c;
	return 0;
}

static int read_clause(struct loader *l, const struct doc_node *node)
{
	struct clause *c = arena_alloc(&l->set->arena, sizeof(*c));
	int err;

	if (!c)
		return no_memory(l);
	if (node->kind != DOC_MAP)
		return doc_error(l->diag, l->file, node->place, "expected a clause");
	c->file = l->file;
	c->place = node->place;
	err = check_keys(l, node, clause_keys, ARRAY_SIZE(clause_keys));
	if (!err)
		err = read_id(l, doc_member(node, "id"), c);
	if (!err)
		err = read_texts(l, node, c);
	if (!err)
		err = read_enums(l, node, c);
	if (!err)
		err = read_rules(l, node, c);
	return err ? err : add_clause(l, c);
}

/* A definition may stand before or after those that it needs; cycles are found when they are checked. */
static int read_defines(struct loader *l, const struct doc_node *map)
{
	struct expr_scope scope = { .file = l->file };
	struct define **tail = &l->defines;
	int err = 0;

	if (map->kind != DOC_MAP)
		return doc_error(l->diag, l->file, map->place,
				 "define: expected \"NAME: expression\"");
	for (const struct doc_node *n = map->first; n && !err; n = n->next) {
		struct define *d = arena_alloc(&l->set->arena, sizeof(*d));
		struct expr_source src;
		struct name_ref name;

		if (!d)
			return no_memory(l);
		if (name_find(n->key->value, &name) || function_find(n->key->value))
			return doc_error(l->diag, l->file, n->key->place,
					 "\"%s\" has a meaning already", n->key->value);
		err = want_scalar(l, n);
		if (err)
			return err;
		d->name = n->key->value;
		d->place = n->key->place;
		src = source_of(l, n);
		err = expr_parse(&l->set->arena, &src, &d->expr, l->diag);
		*tail = d;
		tail = &d->next;
	}
	scope.defines = l->defines;
	for (struct define *d = l->defines; d && !err; d = d->next) {
		d->under_way = true;
		err = expr_check_any(d->expr, &scope, l->diag);
		d->under_way = false;
		d->done = true;
	}
	return err;
}

static int read_file(struct loader *l, const struct doc_node *root)
{
	const struct doc_node *clauses, *defines;
	int err;

	if (root->kind != DOC_MAP)
		return doc_error(l->diag, l->file, root->place,
				 "expected title, define and clauses");
	err = check_keys(l, root, file_keys, ARRAY_SIZE(file_keys));
	if (err)
		return err;
	defines = doc_member(root, "define");
	if (defines)
		err = read_defines(l, defines);
	clauses = doc_member(root, "clauses");
	if (!err && clauses->kind != DOC_LIST)
		err = doc_error(l->diag, l->file, clauses->place, "clauses: expected a list");
	for (const struct doc_node *n = clauses->first; n && !err; n = n->next)
		err = read_clause(l, n);
	return err;
}

int spec_set_add(struct spec_set *s, const char *name, struct bytes text, struct diag *diag)
{
	struct loader l = { .set = s, .diag = diag };
	const struct doc_node *root = NULL;
	size_t before = s->count;
	char *copy = arena_text(&s->arena, (const char *)text.data, text.len);
	int err;

	/* Expressions point into the text, so the set keeps it. */
	l.file = arena_text(&s->arena, name, strlen(name));
	if (!copy || !l.file)
		return diag_set(diag, -ENOMEM, "%s: out of memory", name);
	err = doc_parse(&s->arena, l.file, (struct bytes){ (const uint8_t *)copy, text.len }, &root,
			diag);
	if (!err)
		err = read_file(&l, root);
	if (err)
		s->count = before;
	return err;
}

int spec_set_builtin(struct spec_set *s, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < spec_file_count && !err; i++) {
		const struct spec_file *f = &spec_files[i];

		err = spec_set_add(s, f->name,
				   (struct bytes){ (const uint8_t *)f->data,
						   (size_t)(f->end - f->data) },
				   diag);
	}
	return err;
}

static int read_all(const char *path, struct buf *out, struct diag *diag)
{
	uint8_t chunk[16384];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return diag_set(diag, -errno, "%s: %s", path, strerror(errno));
	while (out->len <= DOC_SIZE_MAX && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_append(out, chunk, (size_t)n);
	if (n < 0)
		err = diag_set(diag, -errno, "%s: %s", path, strerror(errno));
	else if (out->failed)
		err = diag_set(diag, -ENOMEM, "%s: out of memory", path);
	close(fd);
	return err;
}

int spec_set_read(struct spec_set *s, const char *path, struct diag *diag)
{
	struct buf text = { 0 };
	int err = read_all(path, &text, diag);

	if (!err)
		err = spec_set_add(s, path, (struct bytes){ text.data, text.len }, diag);
	buf_free(&text);
	return err;
}

const struct clause *spec_find(const struct spec_set *s, const char *id)
{
	for (size_t i = 0; i < s->count; i++) {
		if (!strcmp(s->clauses[i]->id, id))
			return s->clauses[i];
	}
	return NULL;
}

void spec_set_free(struct spec_set *s)
{
	free(s->clauses);
	arena_free(&s->arena);
	*s = (struct spec_set){ 0 };
}
