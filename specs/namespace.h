/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the names of a rule mean: registers and their bits, header fields of the
 * file, boot_params in memory, facts of the run and of the image, sets of
 * addresses, and lists. A name is looked up once, when the rule file is read,
 * and asked for its value on each state.
 */
#ifndef SPECS_NAMESPACE_H
#define SPECS_NAMESPACE_H

#include "emu/base/state.h"
#include "loaders/bootparam.h"
#include "specs/judge.h"
#include "specs/value.h"

struct eval;

enum name_kind {
	NAME_REGISTER, /* rax, eax, cr0, cs, cs.base */
	NAME_HEADER,   /* hdr.xloadflags: in the file */
	NAME_BP,       /* bp.hdr.xloadflags: in memory */
	NAME_FACT,     /* facts.def: of the run */
	NAME_IMAGE,    /* image.def: of the image */
	NAME_STATE,    /* state_names.def: of the state, with code of its own */
};

struct name_ref {
	enum name_kind kind;
	enum value_type type;
	bool at_point; /* entry.NAME and so on: another point than the present one */
	enum point point;
	bool needs_state; /* has no meaning at the point image */
	/* NAME_REGISTER: for cpu_state_get(); lives as long as the name asked for */
	const char *base;
	const struct segreg_info *seg; /* NAME_REGISTER: bits of this one's attributes, instead */
	const struct bp_field_info *field; /* NAME_HEADER, NAME_BP */
	bool is_bits;                      /* of base or field */
	unsigned shift, width;
	unsigned index; /* into the table of its kind */
};

/* False when the language has no such name. */
bool name_find(const char *name, struct name_ref *ret);

/* Its value now; ends @ev with SKIP, and the reason, where there is none. */
struct value name_value(struct eval *ev, const struct name_ref *name);

/* The state that a name is read from: @ev's own, or an earlier point's. NULL after eval_stop(). */
const struct handover *name_handover(struct eval *ev, const struct name_ref *name);

/* boot_params at that state: false after eval_stop(). */
bool bp_address(struct eval *ev, const struct handover *h, gpa_t *ret);

/* Bytes of that state's memory; false after eval_stop(). */
bool state_read(struct eval *ev, const struct handover *h, gpa_t gpa, void *data, size_t len);

/* --- lists, for quantifiers --- */

#define LIST_FIELDS_MAX 8

struct list {
	uint64_t (*rows)[LIST_FIELDS_MAX]; /* field 0 is "index" in all lists */
	size_t count;
};

/* A list's number and field names, by its name with an optional point: false when there is none. */
bool list_find(const char *name, struct name_ref *ret, const char *const **ret_fields);
/* Empty after eval_stop(); the caller frees it with list_free(). */
void list_read(struct eval *ev, const struct name_ref *name, struct list *ret);
void list_free(struct list *l);

/* --- functions --- */

struct function {
	const char *name;
	enum value_type type;
	const char *
		args; /* a letter each: i integer, S set, t string, k the name of an event, p of a point */
	bool needs_state;
	struct value (*call)(struct eval *ev, const struct value *args);
	const char *doc;
};

const struct function *function_find(const char *name);

/* All names, lists and functions of the language, for documentation and tests. */
typedef void (*namespace_fn)(void *arg, const char *kind, const char *name, const char *doc);
void namespace_list(namespace_fn each, void *arg);

/* --- state_names.c, for namespace.c --- */

#define NAME(id, name, type, state, doc) STATE_NAME_##id,
enum state_name {
#include "specs/state_names.def"
	STATE_NAME_COUNT
};
#undef NAME

struct value state_name_value(struct eval *ev, const struct handover *h, enum state_name name);

/* Add [start, start+len) to @set; ends @ev when it passes 2^64 or memory is out. */
void set_add(struct eval *ev, struct regions *set, uint64_t start, uint64_t len);

#endif
