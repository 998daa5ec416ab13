/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule file as a tree of nodes that know their line and column. YAML 1.1 by
 * libyaml, less what a rule file has no use for: anchors, aliases, tags, a
 * second document, and anything but printable ASCII.
 */
#ifndef SPECS_YAML_H
#define SPECS_YAML_H

#include "emu/base/diag.h"
#include "emu/base/types.h"
#include "specs/arena.h"

enum doc_kind { DOC_SCALAR, DOC_LIST, DOC_MAP };

/* Where something stands in a file, both from 1. */
struct place {
	unsigned line, column;
};

struct doc_node {
	enum doc_kind kind;
	struct place place;     /* of the node's first character */
	const char *value;      /* a scalar's text, NUL-terminated */
	struct bytes raw;       /* a scalar as the file has it, without quotes and block header */
	struct place raw_place; /* of raw's first character */
	bool exact; /* raw is value but for line folding: positions in it can be trusted */
	const struct doc_node *key;  /* of a map's member */
	const struct doc_node *next; /* in the list or map that holds it */
	const struct doc_node *first;
	size_t count;
};

/* A rule file larger than this is refused. */
#define DOC_SIZE_MAX MIB(4)

/* @text must outlive the tree. -EINVAL with "FILE:LINE:COLUMN: ..." in @diag, or -ENOMEM. */
int doc_parse(struct arena *arena, const char *file, struct bytes text,
	      const struct doc_node **ret_root, struct diag *diag);

/* The member of map @map called @key, or NULL. */
const struct doc_node *doc_member(const struct doc_node *map, const char *key);

/* Fill @diag with "FILE:LINE:COLUMN: ..."; returns -EINVAL. */
int doc_error(struct diag *diag, const char *file, struct place at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
