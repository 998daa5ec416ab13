/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON in: values of a parsed file, each of which knows how it was reached, so that an error can name its line and column. */
#ifndef TOOLS_JSON_READ_H
#define TOOLS_JSON_READ_H

#include "emu/base/diag.h"

/* A file larger than this is refused. */
#define JSON_SIZE_MAX MIB(64)

struct json_doc;

/* A value in a document, and the way to it from the root. Values are cheap to copy and own nothing. */
struct json_value {
	const struct json_doc *doc;
	const void *value;               /* NULL: no such member */
	const struct json_value *parent; /* must outlive this; NULL at the root */
	const char *key;                 /* of a member of an object */
	size_t index;                    /* of an element of an array */
};

/* @name is what errors call it. -EINVAL with "NAME:LINE:COLUMN: ..." in @diag. */
int json_doc_parse(struct json_doc **ret, const char *name, struct bytes text, struct diag *diag);
/* Takes NULL, returns NULL. */
struct json_doc *json_doc_close(struct json_doc *doc);

struct json_value json_root(const struct json_doc *doc);
/* The member of an object, or the element of an array; its value is NULL when there is none. */
struct json_value json_member(const struct json_value *object, const char *key);
struct json_value json_element(const struct json_value *array, size_t index);
/* Elements of an array or members of an object; 0 for anything else. */
size_t json_count(const struct json_value *v);
bool json_is_object(const struct json_value *v);
bool json_is_array(const struct json_value *v);
/* The @index-th member of an object, in the file's order. */
struct json_value json_member_at(const struct json_value *object, size_t index);

/* The member @key of @object, which has to be an array of at most @max of @what; -EINVAL with a diag when it is none. */
int json_list(const struct json_value *object, const char *key, const char *what, size_t max,
	      struct json_value *ret, struct diag *diag);

/* A string, or NULL. */
const char *json_text(const struct json_value *v);
/* A non-negative number, or a string "0x..." or "123". */
bool json_u64(const struct json_value *v, uint64_t *ret);

/* Fill @diag with "NAME:LINE:COLUMN: WAY: ..."; returns -EINVAL. A missing member is told at its object. */
int json_complain(const struct json_value *v, struct diag *diag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
