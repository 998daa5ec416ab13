/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running one path of one image until the kernel proper; see design.md "Outcome of a path". */
#include <errno.h>
#include <stdlib.h>

#include "models/acpi.h"
#include "models/efi_gop.h"
#include "tools/run_impl.h"
#include "tools/stop_detail.h"

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

/* Nothing more to wait for: past the kernel proper's entry no other point comes. */
static bool run_over(const struct run *r)
{
	return r->error || r->arrived ||
	       (r->until.point != POINT_COUNT && run_passed(r, POINT_KERNEL));
}

/* The setup code is left, or takes too long: no store need call us any more, and the rest runs at full speed. */
void run_setup_end(struct run *r, bool left)
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
