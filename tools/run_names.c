/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for what a run met: where it stopped, who stored what, and the code in its trace. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "tools/code.h"
#include "tools/run_impl.h"
#include "tools/stop_detail.h"

/* The names to report in: those given, or the image's own, read when they are first needed. */
const struct image_symbols *run_symbols(struct run *r)
{
	if (r->options->symbols || r->image->symbols)
		return r->options->symbols ?: r->image->symbols;
	if (!r->own_symbols_read && image_symbols_read(&r->own_symbols, r->image, NULL))
		r->error = -ENOMEM;
	r->own_symbols_read = true;
	return &r->own_symbols;
}

/* Most traces end where the kernel proper begins: its names are read when one of them is needed. */
const struct image_symbols *run_stage_symbols(struct run *r, enum code_stage stage)
{
	if (stage == STAGE_KERNEL || r->options->symbols || r->image->symbols ||
	    r->own_symbols_read)
		return run_symbols(r);
	if (!r->front_symbols_read && image_symbols_read_front(&r->front_symbols, r->image))
		r->error = -ENOMEM;
	r->front_symbols_read = true;
	return &r->front_symbols;
}

/* For the trace: the stage that a piece of code belongs to, and the symbol there. */
static bool run_name(void *arg, gva_t pc, gpa_t gpa, uint64_t count, struct trace_name *ret)
{
	struct run *r = arg;
	const struct image_symbols *names;
	const struct symbol *s;
	struct code_place place;

	(void)pc;
	if (!code_map_gpa(&r->ret->code, gpa, count, &place))
		return false;
	names = run_stage_symbols(r, place.stage);
	s = symbols_at(&names->stage[place.stage], place.address);
	*ret = (struct trace_name){ .stage = code_stage_names[place.stage],
				    .symbol = s ? s->name : "",
				    .offset = place.address - (s ? s->address : 0) };
	return true;
}

/* The trace says of the run what a report does, so that its file stands alone. */
void run_trace_end(struct run *r)
{
	const struct run_options *o = r->options;
	char memory[24], seed[24], initrd[SHA256_HEX_SIZE] = "";
	const struct trace_fact facts[] = {
		{ "version", BOOTPATH_VERSION },
		{ "image", r->image->name },
		{ "path", r->ret->path->name },
		{ "variant", r->ret->variant->name },
		{ "memory", memory },
		{ "cmdline", o->cmdline },
		{ "initrd_sha256", initrd },
		{ "cpu", cpu_profile_names[o->cpu] },
		{ "seed", seed },
		{ "outcome", outcome_names[r->ret->outcome] },
		{ "reason", r->ret->reason },
		{ "digest", r->ret->digest },
	};
	struct diag diag = { 0 };

	snprintf(memory, sizeof(memory), "%" PRIu64, o->memory);
	snprintf(seed, sizeof(seed), "%" PRIu64, o->seed);
	if (o->initrd.len)
		sha256_hex(o->initrd.data, o->initrd.len, initrd);
	if (machine_trace_end(r->machine, facts, ARRAY_SIZE(facts), run_name, r, &diag))
		outcome_set(r->ret, OUTCOME_ERROR, "%s", diag.text);
}

/* Names for where it stopped, and for who stored what was watched. */
void run_name_places(struct run *r)
{
	struct report_path *ret = r->ret;
	const struct run_options *o = r->options;

	if (!r->arrived || r->until.point == POINT_COUNT)
		stop_symbol(r->machine, &ret->stop, &ret->code, run_symbols(r), ret->stop_symbol,
			    sizeof(ret->stop_symbol));
	for (size_t i = 0; i < o->store_count; i++) {
		struct store_record *s = &o->stores[i];

		if (s->seen && s->has_place)
			code_place_describe(&s->place, run_symbols(r), s->symbol,
					    sizeof(s->symbol));
	}
}

/* Watching run: note each store into a watched range, the last one counts. */
static void run_note_store(struct machine *m, gpa_t gpa, unsigned size, gva_t pc, void *arg)
{
	struct run *r = arg;
	const struct run_options *o = r->options;
	struct mem_reader mem = machine_reader(m);
	uint64_t now = machine_instructions(m);

	if (r->watches_setup && now < REAL_WATCH_INSTRUCTIONS)
		real_watch_store(&r->setup, m, gpa, size, pc);
	else
		run_setup_end(r, false);
	for (size_t i = 0; i < o->store_count; i++) {
		struct store_record *s = &o->stores[i];
		struct cpu_state cpu;

		if (gpa >= s->gpa + s->size || gpa + size <= s->gpa || now >= s->until)
			continue;
		machine_cpu_get(m, &cpu);
		s->seen = true;
		s->pc = pc;
		s->count = now;
		s->bits = cpu_code_bits(&cpu);
		s->code_len = code_read(&cpu, &mem, pc, s->code, sizeof(s->code));
		s->has_place = code_map_fetch(&r->ret->code, &cpu, &mem, pc, &s->place);
	}
}

void run_watch(struct run *r)
{
	const struct run_options *o = r->options;

	for (size_t i = 0; i < o->store_count; i++) {
		struct store_record *s = &o->stores[i];

		machine_store_range_add(r->machine, s->gpa, s->size);
		for (size_t k = 0; k < r->sod.memory.count; k++) {
			const struct placement *p = &r->sod.memory.items[k];

			if (s->gpa - p->gpa < p->size)
				snprintf(s->placement, sizeof(s->placement), "%s, from %s", p->name,
					 p->source);
		}
	}
	/* The entry in real mode is the setup code's. */
	r->watches_setup = r->sod.startup_32 && r->sod.first == POINT_ENTRY &&
			   cpu_in_real_mode(&r->ret->handovers[0].cpu);
	if (o->store_count || r->watches_setup)
		machine_on_store(r->machine, run_note_store, r);
}
