/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON in (RFC 8259): the only user of jansson. */
#include "tools/json_read.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* jansson has macros of these names, which take its own type. */
#undef json_is_object
#undef json_is_array

struct json_doc {
	json_t *root;
	char *name;
	char *text; /* NUL-terminated, valid JSON */
};

int json_doc_parse(struct json_doc **ret, const char *name, struct bytes text, struct diag *diag)
{
	struct json_doc *doc;
	json_error_t error;

	if (text.len > JSON_SIZE_MAX)
		return diag_set(diag, -EFBIG, "%s:1:1: larger than %llu bytes", name,
				(unsigned long long)JSON_SIZE_MAX);
	doc = calloc(1, sizeof(*doc));
	if (!doc)
		return diag_set(diag, -ENOMEM, "%s: out of memory", name);
	doc->name = strdup(name);
	doc->text = calloc(1, text.len + 1);
	if (!doc->name || !doc->text) {
		json_doc_close(doc);
		return diag_set(diag, -ENOMEM, "%s: out of memory", name);
	}
	memcpy(doc->text, text.data ? text.data : (const uint8_t *)"", text.len);
	doc->root = json_loadb(doc->text, text.len, JSON_REJECT_DUPLICATES, &error);
	if (!doc->root) {
		json_doc_close(doc);
		return diag_set(diag, -EINVAL, "%s:%d:%d: not JSON: %s", name,
				error.line > 0 ? error.line : 1,
				error.column > 0 ? error.column : 1, error.text);
	}
	*ret = doc;
	return 0;
}

struct json_doc *json_doc_close(struct json_doc *doc)
{
	if (doc) {
		json_decref(doc->root);
		free(doc->name);
		free(doc->text);
		free(doc);
	}
	return NULL;
}

struct json_value json_root(const struct json_doc *doc)
{
	return (struct json_value){ .doc = doc, .value = doc->root };
}

struct json_value json_member(const struct json_value *object, const char *key)
{
	return (struct json_value){
		.doc = object->doc,
		.value = json_object_get(object->value, key),
		.parent = object,
		.key = key,
	};
}

struct json_value json_element(const struct json_value *array, size_t index)
{
	return (struct json_value){
		.doc = array->doc,
		.value = json_array_get(array->value, index),
		.parent = array,
		.index = index,
	};
}

size_t json_count(const struct json_value *v)
{
	return json_is_object(v) ? json_object_size(v->value) : json_array_size(v->value);
}

bool json_is_object(const struct json_value *v)
{
	return v->value && json_typeof((const json_t *)v->value) == JSON_OBJECT;
}

bool json_is_array(const struct json_value *v)
{
	return v->value && json_typeof((const json_t *)v->value) == JSON_ARRAY;
}

struct json_value json_member_at(const struct json_value *object, size_t index)
{
	void *it = json_object_iter((json_t *)(uintptr_t)object->value);

	while (it && index--)
		it = json_object_iter_next((json_t *)(uintptr_t)object->value, it);
	return it ? json_member(object, json_object_iter_key(it)) :
		    (struct json_value){ .doc = object->doc, .parent = object };
}

const char *json_text(const struct json_value *v)
{
	return json_string_value(v->value);
}

bool json_u64(const struct json_value *v, uint64_t *ret)
{
	const json_t *j = v->value;
	const char *text = json_string_value(j);
	char *end;

	if (j && json_is_integer(j) && json_integer_value(j) >= 0) {
		*ret = (uint64_t)json_integer_value(j);
		return true;
	}
	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, strncmp(text, "0x", 2) ? 10 : 16);
	return !errno && !*end && (strncmp(text, "0x", 2) || text[2]);
}

/* --- where a value stands: the text is valid JSON, so a scan along the way finds it --- */

static const char *skip_space(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

static const char *skip_string(const char *s)
{
	for (s++; *s && *s != '"'; s++)
		s += *s == '\\' && s[1];
	return *s ? s + 1 : s;
}

static const char *skip_value(const char *s)
{
	unsigned depth = 0;

	do {
		s = skip_space(s);
		if (*s == '"') {
			s = skip_string(s);
		} else if (*s == '{' || *s == '[') {
			depth++;
			s++;
		} else if (*s == '}' || *s == ']') {
			depth--;
			s++;
		} else if (*s == ',' || *s == ':') {
			s++;
		} else {
			s += strcspn(s, " \t\r\n,:{}[]\"");
		}
	} while (depth && *s);
	return s;
}

/* The value of @key, or the @index-th, of the container at @s; NULL when it is not there. */
static const char *find_inside(const char *s, const char *key, size_t index)
{
	size_t len = key ? strlen(key) : 0;

	for (s = skip_space(s + 1); *s && *s != '}' && *s != ']'; s = skip_space(s)) {
		bool here = !key && !index--;

		if (key) {
			here = !strncmp(s + 1, key, len) && s[len + 1] == '"';
			s = skip_space(skip_string(s));
			s = skip_space(s + (*s == ':'));
		}
		if (here)
			return s;
		s = skip_space(skip_value(s));
		s += *s == ',';
	}
	return NULL;
}

static const char *locate(const struct json_value *v)
{
	const char *s, *inside;

	if (!v->parent)
		return skip_space(v->doc->text);
	s = locate(v->parent);
	if (*s != '{' && *s != '[')
		return s;
	inside = v->value ? find_inside(s, v->key, v->index) : NULL;
	return inside ? inside : s;
}

static void put_way(const struct json_value *v, char *out, size_t size)
{
	size_t len;

	if (!v->parent) {
		*out = 0;
		return;
	}
	put_way(v->parent, out, size);
	len = strlen(out);
	if (v->key)
		snprintf(out + len, size - len, "%s%.60s", len ? "." : "", v->key);
	else
		snprintf(out + len, size - len, "[%zu]", v->index);
}

int json_complain(const struct json_value *v, struct diag *diag, const char *fmt, ...)
{
	const char *at = locate(v), *s = v->doc->text, *line = s;
	char text[200], way[200];
	unsigned lines = 1;
	va_list ap;

	for (; s < at; s++) {
		if (*s == '\n') {
			lines++;
			line = s + 1;
		}
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_way(v, way, sizeof(way));
	return diag_set(diag, -EINVAL, "%s:%u:%u: %s%s%s", v->doc->name, lines,
			(unsigned)(at - line) + 1, way, *way ? ": " : "", text);
}

int json_list(const struct json_value *object, const char *key, const char *what, size_t max,
	      struct json_value *ret, struct diag *diag)
{
	*ret = json_member(object, key);
	if (!ret->value)
		return json_complain(object, diag, "\"%s\" is missing", key);
	if (!json_is_array(ret))
		return json_complain(ret, diag, "expected an array of %s", what);
	if (json_count(ret) > max)
		return json_complain(ret, diag, "more than %zu %s", max, what);
	return 0;
}
