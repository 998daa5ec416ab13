/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judge a state: every clause of a rule set that is for this point and path,
 * evaluated, gives one verdict. Knows no model and no machine: all it is told
 * stands in struct judge_context.
 */
#ifndef SPECS_JUDGE_H
#define SPECS_JUDGE_H

#include "emu/base/event.h"
#include "emu/base/platform.h" /* struct efi_region */
#include "loaders/image.h"
#include "specs/verdict.h"

struct spec_set;

/* Facts about the run that the state itself does not hold: FACT(ID, "name", doc), see facts.def. */
enum fact {
#define FACT(id, name, doc) FACT_##id,
#include "specs/facts.def"
#undef FACT
	FACT_COUNT
};

struct judge_context {
	const struct image *image; /* NULL: unknown; unpacked for clauses about the payload */
	const struct handover *handovers; /* of this path so far, in time order */
	size_t handover_count;
	const char *path;    /* "linux32"; NULL at the point image: no path in particular */
	const char *variant; /* "spec" */
	const char *cmdline; /* that the user asked for; NULL: unknown */
	struct bytes initrd; /* likewise, where the fact initrd_size is its length */
	/* NULL-ended ids that the producer is documented to break; NULL: none */
	const char *const *known;
	bool fact_known[FACT_COUNT];
	uint64_t facts[FACT_COUNT];
	/* What happened on this path, in time order, with an EVENT_HANDOVER for each point; NULL: not recorded. */
	const struct event *events;
	size_t event_count;
	uint64_t
		event_total; /* more than event_count: those after the first event_count were not kept */
	/* UEFI's memory map when the image was entered, in address order; NULL: none, or unknown. */
	const struct efi_region *efi_map;
	size_t efi_map_count;
	/* For each enum code_stage what ran of it before the last handover, by its own addresses; NULL: not recorded. */
	const struct regions *ran;
	bool partial_memory; /* captured elsewhere: memory that is not there is unknown, not absent */
};

static inline void judge_fact(struct judge_context *c, enum fact fact, uint64_t value)
{
	c->fact_known[fact] = true;
	c->facts[fact] = value;
}

/*
 * Append to @out a verdict for each clause that names @point and this path, in
 * the rule files' order. The state is the last handover of that point in
 * @context; at the point image there is none. Where the points entry and
 * compressed are the same state, a clause that names both is judged at entry
 * only. -ENOMEM, or -ENOENT when @context has no handover of that point.
 */
int judge_point(const struct spec_set *specs, const struct judge_context *context, enum point point,
		struct verdicts *out);

#endif
