/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run came to, from how the machine stopped; see design.md "Outcome of a path". */
#include <inttypes.h>
#include <stdio.h>

#include "models/efi_names.h"
#include "tools/run_impl.h"

void outcome_set(struct report_path *ret, enum outcome outcome, const char *fmt, ...)
{
	va_list ap;

	ret->outcome = outcome;
	va_start(ap, fmt);
	vsnprintf(ret->reason, sizeof(ret->reason), fmt, ap);
	va_end(ap);
}

static enum outcome outcome_of_stop(const struct run *r, enum stop_kind kind)
{
	switch (kind) {
	case STOP_POINT: return r->arrived ? OUTCOME_PASS : OUTCOME_ERROR;
	case STOP_TRIPLE_FAULT:
	case STOP_FETCH:
	case STOP_EXCEPTION: return OUTCOME_CRASH;
	case STOP_HLT:
	case STOP_REPEAT: return OUTCOME_HANG;
	case STOP_LIMIT: return r->options->max_is_users ? OUTCOME_HANG : OUTCOME_ERROR;
	case STOP_EXIT: return OUTCOME_EXIT;
	case STOP_UNMODELLED:
	case STOP_ENGINE: return OUTCOME_ERROR;
	}
	return OUTCOME_ERROR;
}

static void outcome_unmodelled(struct run *r, const struct event *e)
{
	const struct event_info *info = &event_infos[e->kind];
	uint64_t more = machine_unmodelled_count(r->machine) - 1;
	char rest[48] = "", efi[256];

	if (more)
		snprintf(rest, sizeof(rest), ", and %" PRIu64 " more", more);
	if (efi_event_text(e, efi, sizeof(efi))[0]) {
		outcome_set(
			r->ret, OUTCOME_ERROR,
			"the guest used an answer that is not modelled: UEFI %s, at instruction %" PRIu64
			"%s",
			efi, e->count, rest);
		return;
	}
	outcome_set(r->ret, OUTCOME_ERROR,
		    "the guest used an answer that is not modelled: %s, %s 0x%" PRIx64
		    ", at instruction %" PRIu64 "%s",
		    info->name, info->arg[0], e->arg[0], e->count, rest);
}

void run_judge(struct run *r)
{
	struct report_path *ret = r->ret;
	const struct event *unmodelled = machine_unmodelled(r->machine);
	enum outcome outcome = outcome_of_stop(r, ret->stop.kind);
	const struct handover *last = &ret->handovers[ret->handover_count - 1];

	if (r->error)
		outcome_set(ret, OUTCOME_ERROR, "capturing a handover: %s", strerror(-r->error));
	else if (unmodelled)
		outcome_unmodelled(r, unmodelled);
	else if (outcome == OUTCOME_PASS && r->until.point == POINT_COUNT)
		outcome_set(ret, outcome, "reached %s at 0x%" PRIx64, r->until.text, ret->stop.pc);
	else if (outcome == OUTCOME_PASS)
		outcome_set(ret, outcome, "reached %s at 0x%" PRIx64, last->symbol,
			    cpu_pc(&last->cpu));
	else if (ret->stop.kind == STOP_POINT && r->until.point != POINT_COUNT)
		outcome_set(ret, outcome,
			    "reached %s at 0x%" PRIx64 ", and this path has no point %s",
			    last->symbol, cpu_pc(&last->cpu), point_names[r->until.point]);
	else if (outcome == OUTCOME_ERROR && ret->stop.kind == STOP_LIMIT)
		outcome_set(ret, outcome,
			    "%" PRIu64
			    " instructions were not enough; --max-instructions gives more",
			    r->options->max_instructions);
	else
		outcome_set(ret, outcome, "%s%s%s", ret->stop.text,
			    ret->stop_symbol[0] ? ", in " : "", ret->stop_symbol);
}
