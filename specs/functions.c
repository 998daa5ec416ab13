/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of the rule language that need no state: arithmetic and sets; and the registry of all. */
#include "specs/functions.h"

#include <inttypes.h>

#include "loaders/symbols.h" /* enum code_stage */
#include "specs/events.h"
#include "specs/lists.h"
#include "specs/tables.h"

static struct value call_align_up(struct eval *ev, const struct value *a)
{
	uint64_t sum;

	if (!a[1].n || (a[1].n & (a[1].n - 1)))
		eval_stop(ev, EVAL_ERROR, "align_up: 0x%" PRIx64 " is no power of two", a[1].n);
	else if (__builtin_add_overflow(a[0].n, a[1].n - 1, &sum))
		eval_stop(ev, EVAL_ERROR,
			  "align_up: 0x%" PRIx64 " does not fit an unsigned 64-bit integer",
			  a[0].n);
	else
		return function_int(sum & ~(a[1].n - 1));
	return function_int(0);
}

static struct value call_is_pow2(struct eval *ev, const struct value *a)
{
	return function_bool(a[0].n && !(a[0].n & (a[0].n - 1)));
}

static struct value call_min(struct eval *ev, const struct value *a)
{
	return function_int(a[0].n < a[1].n ? a[0].n : a[1].n);
}

static struct value call_max(struct eval *ev, const struct value *a)
{
	return function_int(a[0].n > a[1].n ? a[0].n : a[1].n);
}

static struct value call_range(struct eval *ev, const struct value *a)
{
	struct value v = { .type = VALUE_SET };

	set_add(ev, &v.set, a[0].n, a[1].n);
	return v;
}

static struct value call_efi_regions(struct eval *ev, const struct value *a)
{
	struct value v = { .type = VALUE_SET };

	add_efi_regions(ev, a[0].n, &v.set);
	return v;
}

static struct value call_empty(struct eval *ev, const struct value *a)
{
	return function_bool(!a[0].set.count);
}

static struct value call_size(struct eval *ev, const struct value *a)
{
	uint64_t n = 0;

	for (size_t i = 0; i < a[0].set.count; i++)
		n += a[0].set.items[i].last - a[0].set.items[i].start + 1;
	return function_int(n);
}

/* "HdrS" as the integer that a little-endian load of those bytes gives. */
static struct value call_chars(struct eval *ev, const struct value *a)
{
	size_t len = strlen(a[0].s);
	uint8_t bytes[8] = { 0 };

	if (len > sizeof(bytes))
		eval_stop(ev, EVAL_ERROR, "chars: more than 8 characters");
	else
		memcpy(bytes, a[0].s, len);
	return function_int(get_le64(bytes));
}

/* That there is such a kind was checked when the rule was read. */
static struct value call_events(struct eval *ev, const struct value *a)
{
	enum event_kind kind;

	if (!event_kind_find(a[0].s, &kind)) {
		eval_stop(ev, EVAL_ERROR, "no event is called \"%s\"", a[0].s);
		return function_int(0);
	}
	return function_int(events_count(ev, ev->now, kind));
}

/* That there is such a stage was checked when the rule was read. */
static struct value call_ran(struct eval *ev, const struct value *a)
{
	const struct judge_context *c = ev->context;
	struct value v = { .type = VALUE_SET };
	enum code_stage stage;

	if (!c->ran)
		eval_stop(ev, EVAL_SKIP, "this state has no record of the code that ran");
	else if (ev->now != &c->handovers[c->handover_count - 1])
		eval_stop(ev, EVAL_SKIP, "which code ran is known at the last point only");
	else if (!code_stage_find(a[0].s, &stage))
		eval_stop(ev, EVAL_ERROR, "no stage is called \"%s\"", a[0].s);
	else if (regions_copy(&v.set, &c->ran[stage]))
		eval_stop(ev, EVAL_ERROR, "out of memory");
	return v;
}

static const struct function plain_functions[] = {
	{ "align_up", VALUE_INT, "ii", false, call_align_up, "value, power of two" },
	{ "is_pow2", VALUE_BOOL, "i", false, call_is_pow2, "value: exactly one bit is set" },
	{ "min", VALUE_INT, "ii", false, call_min, "the smaller" },
	{ "max", VALUE_INT, "ii", false, call_max, "the larger" },
	{ "range", VALUE_SET, "ii", false, call_range, "start, len" },
	{ "efi_regions", VALUE_SET, "i", false, call_efi_regions,
	  "type: what UEFI's memory map at the entry says is of it" },
	{ "empty", VALUE_BOOL, "S", false, call_empty, "set: holds no address" },
	{ "size", VALUE_INT, "S", false, call_size, "set: bytes in it" },
	{ "chars", VALUE_INT, "t", false, call_chars,
	  "up to 8 characters as a little-endian integer" },
	{ "events", VALUE_INT, "k", true, call_events,
	  "kind: how many such events there were before this point" },
	{ "ran", VALUE_SET, "g", true, call_ran,
	  "stage: addresses of its code that ran before this point, as offsets in setup and compressed, as linked in kernel" },
};

static const struct function *find(const struct function *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(table[i].name, name))
			return &table[i];
	}
	return NULL;
}

const struct function *function_find(const char *name)
{
	const struct function *f = find(plain_functions, ARRAY_SIZE(plain_functions), name);

	if (!f)
		f = find(memory_functions, memory_function_count, name);
	if (!f)
		f = find(table_functions, table_function_count, name);
	if (!f)
		f = find(file_functions, file_function_count, name);
	if (!f)
		f = find(note_functions, note_function_count, name);
	if (!f)
		f = find(compare_functions, compare_function_count, name);
	if (!f)
		f = find(platform_functions, platform_function_count, name);
	return f ? f : find(payload_functions, payload_function_count, name);
}

static void list_table(const struct function *table, size_t count, namespace_fn each, void *arg)
{
	for (size_t i = 0; i < count; i++)
		each(arg, "function", table[i].name, table[i].doc);
}

void function_list(namespace_fn each, void *arg)
{
	list_table(plain_functions, ARRAY_SIZE(plain_functions), each, arg);
	list_table(memory_functions, memory_function_count, each, arg);
	list_table(table_functions, table_function_count, each, arg);
	list_table(file_functions, file_function_count, each, arg);
	list_table(payload_functions, payload_function_count, each, arg);
	list_table(note_functions, note_function_count, each, arg);
	list_table(compare_functions, compare_function_count, each, arg);
	list_table(platform_functions, platform_function_count, each, arg);
}
