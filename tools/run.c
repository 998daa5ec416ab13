/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running one path of one image until the kernel proper; see design.md "Outcome of a path". */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "loaders/file_tree.h"
#include "models/acpi.h"
#include "models/efi_names.h"
#include "models/efi_gop.h"
#include "tools/handover.h"
#include "tools/check.h"
#include "tools/code.h"
#include "tools/cover_log.h"
#include "tools/real_mode.h"
#include "tools/report.h"
#include "tools/run_images.h"
#include "tools/stop_detail.h"
#include "tools/until.h"

/* One run while it lasts. */
struct run {
	const struct image *image;
	const struct run_options *options;
	struct report_path *ret;
	struct platform platform;
	struct start_of_day sod;
	struct machine *machine;
	struct kernel_entry kernel;
	struct run_images images; /* that the guest has loaded */
	/* whose code runs: the path's image, or the last one that was started */
	const struct image *current;
	struct until until;
	struct image_symbols own_symbols; /* unless the image has been given some */
	bool own_symbols_read;
	struct image_symbols
		front_symbols; /* of a traced image's own, all but the kernel proper's */
	bool front_symbols_read;
	/* which code ran, for rules */
	struct cover_log cover;
	struct regions ran[STAGE_COUNT];
	bool arrived;
	int error;          /* of a capture inside a handler */
	bool watches_setup; /* stores of the setup code are watched, until startup_32 */
	struct real_watch setup;
};

static void outcome_set(struct report_path *ret, enum outcome outcome, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void outcome_set(struct report_path *ret, enum outcome outcome, const char *fmt, ...)
{
	va_list ap;

	ret->outcome = outcome;
	va_start(ap, fmt);
	vsnprintf(ret->reason, sizeof(ret->reason), fmt, ap);
	va_end(ap);
}

/* Where the run ends the machine itself still holds what is judged. */
static enum capture run_keeps(const struct run *r, enum point point)
{
	if (!r->options->keep_pages)
		return CAPTURE_SHOWN;
	return r->options->specs && point == r->until.point ? CAPTURE_VIEW : CAPTURE_ALL;
}

/* Takes over what @h owns, also on failure. */
static int run_pass(struct run *r, struct handover *h)
{
	struct report_path *ret = r->ret;
	struct handover *grown;

	grown = realloc(ret->handovers, (ret->handover_count + 1) * sizeof(*grown));
	if (!grown) {
		handover_release(h);
		return -ENOMEM;
	}
	ret->handovers = grown;
	grown[ret->handover_count++] = *h;
	machine_event(r->machine, EVENT_HANDOVER, EVENT_MODELLED, h->point, cpu_pc(&h->cpu), 0);
	r->arrived |= h->point == r->until.point;
	return 0;
}

static int run_capture(struct run *r, enum point point, const char *symbol, gpa_t boot_params)
{
	struct handover h;
	int err = handover_capture(&h, r->machine, point, r->current->name, symbol, boot_params,
				   run_keeps(r, point));

	return err ? err : run_pass(r, &h);
}

static void run_image_loaded(struct machine *m, const struct sod_image *told, void *arg)
{
	struct run *r = arg;

	run_images_loaded(&r->images, told);
}

static void run_image_started(struct machine *m, uint64_t id, void *arg)
{
	struct run *r = arg;

	run_images_started(&r->images, id);
}

/* The first instruction of an image that the guest has started. */
static int run_enter_image(struct run *r)
{
	const struct run_image *next = r->images.next;

	r->images.next = NULL;
	if (!next->image)
		return 0;
	r->current = next->image;
	if (next->image->elf)
		kernel_entry_init(&r->kernel, next->image);
	return run_capture(r, POINT_ENTRY, next->image->bz ? "efi_pe_entry" : "entry", 0);
}

static bool run_passed(const struct run *r, enum point point)
{
	for (size_t i = 0; i < r->ret->handover_count; i++) {
		if (r->ret->handovers[i].point == point)
			return true;
	}
	return false;
}

/* arch/x86/kernel/head_64.S, head_32.S: ESI or RSI points to boot_params at the kernel proper. */
static gpa_t kernel_boot_params(struct machine *m)
{
	struct cpu_state cpu;

	machine_cpu_get(m, &cpu);
	return cpu_in_code64(&cpu) ? cpu.gpr[GPR_RSI] : (uint32_t)cpu.gpr[GPR_RSI];
}

/* The names to report in: those given, or the image's own, read when they are first needed. */
static const struct image_symbols *run_symbols(struct run *r)
{
	if (r->options->symbols || r->image->symbols)
		return r->options->symbols ?: r->image->symbols;
	if (!r->own_symbols_read && image_symbols_read(&r->own_symbols, r->image, NULL))
		r->error = -ENOMEM;
	r->own_symbols_read = true;
	return &r->own_symbols;
}

/* Nothing more to wait for: past the kernel proper's entry no other point comes. */
static bool run_over(const struct run *r)
{
	return r->error || r->arrived ||
	       (r->until.point != POINT_COUNT && run_passed(r, POINT_KERNEL));
}

/* The setup code is left, or takes too long: no store need call us any more, and the rest runs at full speed. */
static void run_setup_end(struct run *r, bool left)
{
	if (!r->watches_setup)
		return;
	if (left)
		real_watch_finish(&r->setup, r->machine);
	r->watches_setup = false;
	if (!r->options->store_count)
		machine_on_store(r->machine, NULL, NULL);
}

/* Every block that runs for the first time comes by here: cheap tests first. */
static bool run_arrive(struct machine *m, gva_t pc, gpa_t gpa, void *arg)
{
	struct mem_reader mem = machine_reader(m);
	struct code_map *code = &((struct run *)arg)->ret->code;
	struct run *r = arg;

	if (r->images.next && gpa == r->images.next->entry) {
		r->error = run_enter_image(r);
	} else if (gpa == r->sod.startup_32 && gpa && !run_passed(r, POINT_COMPRESSED)) {
		run_setup_end(r, true);
		r->error = run_capture(r, POINT_COMPRESSED, "startup_32", kernel_boot_params(m));
	} else if (kernel_entry_matches(&r->kernel, m, pc, gpa) && !run_passed(r, POINT_KERNEL)) {
		code_map_kernel(code, gpa - r->kernel.paddr, machine_instructions(m));
		r->error = run_capture(r, POINT_KERNEL, r->kernel.symbol, kernel_boot_params(m));
	}
	code_map_block(code, &mem, pc, gpa, machine_instructions(m));
	if (!r->error)
		r->error = until_arm(&r->until, m, code);
	if (run_over(r))
		return true;
	if (r->options->specs)
		cover_log_block(&r->cover, m, pc, gpa);
	if (r->options->observer && r->options->observer->block)
		r->options->observer->block(m, pc, gpa, r->options->observer->arg);
	return false;
}

static int run_resolve_until(struct run *r, struct diag *diag)
{
	const char *until = r->options->until;
	const struct image_symbols *names = until_needs_symbols(until) ? run_symbols(r) : NULL;

	return r->error ?: until_resolve(&r->until, until, r->image, names, diag);
}

static struct check_facts run_facts(const struct run *r)
{
	struct check_facts facts = {
		.image = r->image,
		.started = r->current == r->image ? NULL : r->current,
		.sod = &r->sod,
		.platform = &r->platform,
		.path = r->ret->path->name,
		.variant = r->ret->variant->name,
		.known = r->ret->variant->known,
	};

	facts.events = machine_events(r->machine, &facts.event_count);
	for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
		facts.event_total += machine_event_count(r->machine, (enum event_kind)kind);
	return facts;
}

static int run_alter_entry(struct run *r, struct diag *diag)
{
	const struct run_alter *a = r->options->alter;
	struct check_facts facts = run_facts(r);
	int err = a && a->entry ? a->entry(r->machine, &facts, a->arg) : 0;

	return err ? diag_set(diag, err, "altering the entry: %s", strerror(-err)) : 0;
}

static int run_observe(struct run *r, struct diag *diag)
{
	const struct run_observer *o = r->options->observer;
	struct check_facts facts = run_facts(r);
	int err = o && o->begin ? o->begin(r->machine, &facts, o->arg) : 0;

	return err ? diag_set(diag, err, "observing the run: %s", strerror(-err)) : 0;
}

static void run_observed(struct run *r)
{
	const struct run_observer *o = r->options->observer;

	if (o && o->end)
		o->end(r->machine, r->ret, o->arg);
}

static int run_make(struct run *r, struct diag *diag)
{
	const struct run_options *o = r->options;
	struct report_path *ret = r->ret;
	int err = platform_init(&r->platform, o->memory, diag);

	if (err)
		return err;
	r->platform.cmdline = o->cmdline;
	r->platform.initrd = o->initrd;
	r->platform.cpu = o->cpu;
	r->platform.seed = o->seed;
	r->platform.bios_quirks = o->bios_quirks;
	r->platform.keys = o->keys;
	r->platform.disk = o->disk;
	r->platform.efi_map = o->efi_map;
	r->platform.efi_map_count = o->efi_map_count;
	r->platform.efi_nx = o->efi_nx;
	r->platform.efi_vars = o->efi_vars;
	r->platform.efi_vars_count = o->efi_vars_count;
	r->platform.esp = o->esp;
	r->platform.gop_width = o->gop_width;
	r->platform.gop_height = o->gop_height;
	acpi_platform_init(&r->platform);
	if (efi_gop_platform(&r->platform))
		return diag_set(diag, -ENOMEM, "out of memory");
	err = ret->path->build(r->image, &r->platform, ret->variant, &r->sod, diag);
	if (err)
		return err;
	r->sod.listener = (struct sod_listener){ run_image_loaded, run_image_started, r };
	err = machine_create(&r->machine, &r->platform, diag);
	if (err)
		return err;
	err = sod_enter(&r->sod, r->machine, diag);
	if (err)
		return err;
	err = run_alter_entry(r, diag);
	if (!err)
		err = run_observe(r, diag);
	if (err || !o->trace)
		return err;
	return machine_trace_begin(r->machine, o->trace, r->image->sha256, diag);
}

/* The points that the first instruction itself stands at. */
static int run_capture_entry(struct run *r)
{
	int err = run_capture(r, POINT_ENTRY, r->sod.symbol, r->sod.boot_params);
	struct handover same;

	if (err || r->sod.first == POINT_ENTRY)
		return err;
	/* Who alters one of them would alter both. */
	if (r->options->alter)
		return run_capture(r, r->sod.first, r->sod.symbol, r->sod.boot_params);
	same = r->ret->handovers[0];
	same.point = r->sod.first;
	same.pages = pages_share(same.pages);
	return run_pass(r, &same);
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

static void run_judge(struct run *r)
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

/* Names for where it stopped, and for who stored what was watched. */
static void run_name_places(struct run *r)
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

static void run_watch(struct run *r)
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

static void run_go(struct run *r)
{
	struct run_limits limits = { .max_instructions = r->options->max_instructions };
	struct report_path *ret = r->ret;

	if (!limits.max_instructions)
		limits.max_instructions = RUN_BUDGET_DEFAULT;
	r->error = until_arm(&r->until, r->machine, &ret->code);
	if (run_over(r)) {
		ret->stop = (struct stop){ .kind = STOP_POINT };
		return;
	}
	run_watch(r);
	machine_on_arrival(r->machine, run_arrive, r);
	do {
		machine_run(r->machine, &limits, &ret->stop);
		if (ret->stop.kind != STOP_POINT || r->error)
			break;
		r->arrived |= until_reached(&r->until, r->machine, &ret->code, ret->stop.pc);
	} while (!run_over(r));
	/* An image may also come back to who entered it; that is an end, and a state to judge. */
	if (ret->stop.kind == STOP_EXIT && machine_event_count(r->machine, EVENT_EFI_RETURN))
		r->error = run_capture(r, POINT_RETURN, "", 0);
}

static void digest_state(struct digest *d, const struct cpu_state *s)
{
	for (size_t i = 0; i < reg_info_count; i++)
		digest_u64(d, reg_get(s, &reg_infos[i]));
	for (unsigned i = 0; i < SEG_COUNT; i++) {
		digest_u64(d, s->seg[i].selector);
		digest_u64(d, s->seg[i].base);
		digest_u64(d, s->seg[i].limit);
		digest_u64(d, s->seg[i].attr);
	}
	digest_u64(d, s->gdtr.base);
	digest_u64(d, s->gdtr.limit);
	digest_u64(d, s->idtr.base);
	digest_u64(d, s->idtr.limit);
}

/* Everything that went in and what became of it; the order is part of the product's contract. */
static void run_digest(struct run *r)
{
	const struct run_options *o = r->options;
	struct report_path *ret = r->ret;
	struct digest *d = digest_create();
	char hex[DIGEST_HEX_SIZE];

	if (!d)
		return;
	digest_str(d, r->image->sha256);
	digest_str(d, ret->path->name);
	digest_str(d, ret->variant->name);
	digest_u64(d, o->memory);
	digest_str(d, o->cmdline);
	digest_u64(d, o->initrd.len);
	digest_add(d, o->initrd.data, o->initrd.len);
	digest_u64(d, o->cpu);
	digest_u64(d, o->seed);
	if (o->disk.len) {
		digest_u64(d, o->disk.len);
		digest_add(d, o->disk.data, o->disk.len);
	}
	if (o->keys)
		digest_str(d, o->keys);
	if (o->bios_quirks)
		digest_u64(d, o->bios_quirks);
	for (size_t i = 0; i < o->efi_map_count; i++) {
		digest_u64(d, o->efi_map[i].type);
		digest_u64(d, o->efi_map[i].start);
		digest_u64(d, o->efi_map[i].pages);
		digest_u64(d, o->efi_map[i].attr);
	}
	if (o->efi_nx)
		digest_str(d, "efi-nx");
	for (size_t i = 0; i < o->efi_vars_count; i++) {
		digest_str(d, o->efi_vars[i].name);
		digest_add(d, o->efi_vars[i].guid, sizeof(o->efi_vars[i].guid));
		digest_u64(d, o->efi_vars[i].attributes);
		digest_u64(d, o->efi_vars[i].data.len);
		digest_add(d, o->efi_vars[i].data.data, o->efi_vars[i].data.len);
	}
	if (o->esp)
		digest_str(d, o->esp->digest);
	if (o->gop_width)
		digest_u64(d, (uint64_t)o->gop_width << 16 | o->gop_height);
	for (size_t i = 0; i < ret->handover_count; i++) {
		digest_u64(d, ret->handovers[i].point);
		digest_str(d, ret->handovers[i].symbol);
		digest_u64(d, ret->handovers[i].instructions);
		digest_state(d, &ret->handovers[i].cpu);
	}
	digest_u64(d, ret->stop.kind);
	machine_digest(r->machine, hex);
	digest_str(d, hex);
	digest_hex(d, ret->digest);
	digest_destroy(d);
}

/* What the machine can still tell, into the report. */
static void run_collect(struct run *r)
{
	struct report_path *ret = r->ret;
	struct machine *m = r->machine;
	const struct buf *console = machine_console(m);
	struct buf text = { 0 };
	struct buf detail = { 0 };

	ret->counts = (struct report_counts){
		.instructions = machine_instructions(m),
		.faults = machine_event_count(m, EVENT_EXCEPTION),
		.firmware_calls = machine_event_count(m, EVENT_TRAP),
		.hypercalls = machine_event_count(m, EVENT_HYPERCALL),
		.unmodelled = machine_unmodelled_count(m),
	};
	machine_cpu_get(m, &ret->last_cpu);
	/* What was drawn on a text screen comes last: it has no time. */
	buf_append(&text, console->data, console->len);
	machine_screen(m, &text);
	ret->console = malloc(text.len + 1);
	if (ret->console) {
		/* A NUL would hide what comes after it. */
		for (size_t i = 0; i < text.len; i++)
			ret->console[i] = text.data[i] ? (char)text.data[i] : '?';
		ret->console[text.len] = '\0';
	}
	buf_free(&text);
	if (!r->arrived) {
		stop_detail(m, &ret->stop, &ret->code, run_symbols(r), &detail);
		ret->stop_detail = strdup(buf_str(&detail));
		buf_free(&detail);
	}
	run_digest(r);
}

/* Most traces end where the kernel proper begins: its names are read when one of them is needed. */
static const struct image_symbols *run_stage_symbols(struct run *r, enum code_stage stage)
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
static void run_trace_end(struct run *r)
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

/* What the log holds as sets of addresses; -ENOMEM. */
static int run_cover(struct run *r)
{
	int err = cover_log_finish(&r->cover);

	for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
		const struct cover_insns *list = &r->cover.stage[stage];

		for (size_t i = 0; i < list->count && !err; i++)
			err = regions_set(&r->ran[stage], list->items[i].address,
					  list->items[i].len, 0);
	}
	return err;
}

/* By the clauses, when the caller has any. */
static void run_check(struct run *r)
{
	const struct run_alter *a = r->options->alter;
	struct check_facts facts = run_facts(r);
	int err = a && a->captured ? a->captured(r->ret, &facts, a->arg) : 0;

	if (err)
		outcome_set(r->ret, OUTCOME_ERROR, "altering what was captured: %s",
			    strerror(-err));
	if (err || !r->options->specs)
		return;
	cover_log_end(&r->cover, r->ret);
	err = run_cover(r);
	facts.ran = r->ran;
	if (!err)
		err = check_judge(r->options->specs, &facts, r->ret);
	if (err)
		outcome_set(r->ret, OUTCOME_ERROR, "out of memory");
	check_outcome(r->ret);
}

/* What was kept for the clauses only: most of memory, some of it the machine's own. */
static void run_trim(struct run *r)
{
	int err = 0;

	for (size_t i = 0; r->options->specs && i < r->ret->handover_count; i++)
		err |= handover_trim(&r->ret->handovers[i]);
	if (err)
		outcome_set(r->ret, OUTCOME_ERROR, "out of memory");
}

void path_run(const struct image *image, const struct sod_path *path,
	      const struct sod_variant *variant, const struct run_options *options,
	      struct report_path *ret)
{
	const struct image_entry *entry = image_entry_find(image, path->name);
	struct run r = { .image = image, .current = image, .options = options, .ret = ret };
	struct diag diag = { 0 };

	ret->path = path;
	ret->variant = variant;
	ret->own_entry = true;
	if (!entry || !entry->offered) {
		outcome_set(ret, OUTCOME_SKIP, "not offered: %s",
			    entry ? entry->reason : "this kind of image has no such entry");
		return;
	}
	kernel_entry_init(&r.kernel, image);
	if (run_resolve_until(&r, &diag) || run_make(&r, &diag)) {
		outcome_set(ret, OUTCOME_ERROR, "%s", diag.text);
		goto out;
	}
	code_map_begin(&ret->code, image, &r.sod.memory);
	cover_log_begin(&r.cover, ret);
	r.error = run_capture_entry(&r);
	if (r.error) {
		outcome_set(ret, OUTCOME_ERROR, "capturing the entry: %s", strerror(-r.error));
		goto out;
	}
	run_go(&r);
	run_name_places(&r);
	run_judge(&r);
	run_collect(&r);
	run_observed(&r);
	if (options->trace)
		run_trace_end(&r);
	run_check(&r);
out:
	run_trim(&r);
	run_images_release(&r.images);
	machine_destroy(r.machine);
	real_watch_free(&r.setup);
	sod_release(&r.sod);
	platform_release(&r.platform);
	image_symbols_release(&r.own_symbols);
	image_symbols_release(&r.front_symbols);
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++)
		regions_free(&r.ran[stage]);
	cover_log_release(&r.cover);
}
