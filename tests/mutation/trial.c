/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applies recipes to the file, the start of day, guest code or the captured states, and judges what comes of it. */
#include "tests/mutation/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/check.h"
#include "tools/handover.h"

#define TRIAL_MEMORY       MIB(128)
#define TRIAL_INSTRUCTIONS 20000000u

int subject_open(struct subject *s, const char *path)
{
	struct diag diag = { 0 };
	int err = image_open(&s->image, path, &diag);

	if (!err)
		err = image_unpack(s->image, &diag);
	if (err) {
		snprintf(s->missing, sizeof(s->missing), "%.150s", diag.text);
		s->image = image_close(s->image);
	}
	return err;
}

void subject_close(struct subject *s)
{
	s->image = image_close(s->image);
}

/* --- to the file --- */

static int alter_image(struct trial *t, struct image **ret)
{
	const struct violation *v = &t->clause->violation;
	const struct image *from = t->subject->image;
	struct judge_context context = { .image = from };
	struct diag unpacked = { 0 };
	struct alter_target target = { .context = &context, .file_size = from->file.len };
	int err = 0;

	target.file = malloc(from->file.len);
	if (!target.file)
		return diag_set(&t->diag, -ENOMEM, "out of memory");
	memcpy(target.file, from->file.data, from->file.len);
	for (size_t i = 0; !err && i < t->items; i++) {
		if (v->items[i].where == ALTER_IMAGE)
			err = alteration_apply(&v->items[i], &target, &t->diag);
	}
	if (!err)
		err = image_from_bytes(ret, from->name,
				       (struct bytes){ target.file, target.file_size }, &t->diag);
	/* As `inspect` does: the outer layers can be judged without the payload. */
	if (!err)
		image_unpack(*ret, &unpacked);
	free(target.file);
	return err;
}

/* --- to the start of day --- */

static int write_machine(void *arg, gpa_t gpa, const void *data, size_t len)
{
	return machine_write(arg, gpa, data, len);
}

static int alter_guest(const struct trial *t, const struct alteration *a, struct machine *m,
		       const struct check_facts *facts, struct diag *diag)
{
	gpa_t base = facts->sod->load_address;
	bool setup = false;
	uint64_t offset;
	int err = -ENOENT;

	for (size_t i = 0; err && i < ARRAY_SIZE(t->subject->elf) && t->subject->elf[i]; i++)
		err = symbol_find(t->subject->elf[i], a->symbol, &offset, &setup);
	if (err)
		return diag_set(diag, err, "%s: no symbol \"%s\"", t->subject->name, a->symbol);
	/* boot.rst "Running the Kernel": entered 0x20 paragraphs above the real-mode part. */
	if (setup)
		base = facts->sod->cpu.seg[SEG_CS].base - 0x200;
	return machine_write(m, base + offset + a->offset, a->bytes, a->len);
}

/* Each alteration sees the state that those before it made. */
static int alter_start(struct trial *t, const struct alteration *a, struct machine *m,
		       const struct check_facts *facts)
{
	struct judge_context context;
	struct handover now = { 0 };
	struct alter_target target = {
		.context = &context, .now = &now, .write = write_machine, .arg = m
	};
	struct cpu_state cpu;
	int err = handover_capture(&now, m, POINT_ENTRY, facts->image->name, facts->sod->symbol,
				   facts->sod->boot_params, CAPTURE_ALL);

	if (err)
		return err;
	check_context(facts, &context);
	context.handovers = &now;
	context.handover_count = 1;
	cpu = now.cpu;
	target.cpu = &cpu;
	err = alteration_apply(a, &target, &t->diag);
	if (!err && memcmp(&cpu, &now.cpu, sizeof(cpu)))
		machine_cpu_set(m, &cpu);
	handover_release(&now);
	return err;
}

static int on_entry(struct machine *m, const struct check_facts *facts, void *arg)
{
	struct trial *t = arg;
	int err = 0;

	for (size_t i = 0; !err && i < t->items; i++) {
		const struct alteration *a = &t->clause->violation.items[i];

		if (a->where == ALTER_ENTRY)
			err = alter_start(t, a, m, facts);
		else if (a->where == ALTER_GUEST)
			err = alter_guest(t, a, m, facts, &t->diag);
	}
	return err;
}

/* --- to what was captured --- */

static int write_pages(void *arg, gpa_t gpa, const void *data, size_t len)
{
	return pages_put(arg, gpa, data, len);
}

static int alter_captured(struct trial *t, const struct alteration *a, struct report_path *p,
			  const struct check_facts *facts)
{
	struct judge_context context;
	int err = 0;

	check_context(facts, &context);
	context.handovers = p->handovers;
	context.handover_count = p->handover_count;
	for (size_t i = 0; !err && i < p->handover_count; i++) {
		struct handover *h = &p->handovers[i];
		struct alter_target target = { .context = &context,
					       .now = h,
					       .cpu = &h->cpu,
					       .write = write_pages,
					       .arg = h->pages };

		if (t->clause->points & BIT(h->point))
			err = alteration_apply(a, &target, &t->diag);
	}
	return err;
}

static int on_captured(struct report_path *p, const struct check_facts *facts, void *arg)
{
	struct trial *t = arg;
	int err = 0;

	for (size_t i = 0; !err && i < t->items; i++) {
		if (t->clause->violation.items[i].where == ALTER_STATE)
			err = alter_captured(t, &t->clause->violation.items[i], p, facts);
	}
	return err;
}

/* --- the run --- */

static bool clause_has_path(const struct clause *c, const char *name)
{
	if (!c->paths[0])
		return true;
	for (unsigned i = 0; c->paths[i]; i++) {
		if (!strcmp(c->paths[i], name))
			return true;
	}
	return false;
}

/* As the recipe says, else linux64, else the first path that the clause names and the image offers. */
static bool choose_path(const struct trial *t, const struct image *image, struct report_path *ret)
{
	const char *wanted = t->clause->violation.path, *variant = NULL;
	char name[32] = "linux64";

	if (wanted) {
		variant = strchr(wanted, ':');
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(wanted, ":"), wanted);
	}
	if (clause_has_path(t->clause, name))
		ret->path = sod_path_find(name);
	for (size_t i = 0; !wanted && !ret->path && t->clause->paths[i]; i++) {
		const struct image_entry *e = image_entry_find(image, t->clause->paths[i]);

		if (e && e->offered)
			ret->path = sod_path_find(t->clause->paths[i]);
	}
	if (!ret->path)
		return false;
	ret->variant = variant ? sod_variant_find(ret->path, variant + 1) : ret->path->variants;
	return ret->variant;
}

static int trial_boot(struct trial *t, const struct image *image)
{
	static const uint8_t initrd[4096] = { '0', '7', '0', '7', '0', '1' };
	const struct run_alter alter = { .entry = on_entry, .captured = on_captured, .arg = t };
	struct run_options options = {
		.memory = TRIAL_MEMORY,
		.cmdline = "console=ttyS0 nokaslr",
		.initrd = { initrd, sizeof(initrd) },
		.max_instructions = TRIAL_INSTRUCTIONS,
		.max_is_users = true,
		.keep_pages = true,
		.specs = t->specs,
		.alter = &alter,
	};
	struct report_path p = { 0 };
	int err = 0;

	if (!choose_path(t, image, &p))
		return diag_set(&t->diag, -ENOENT, "no path for it");
	path_run(image, p.path, p.variant, &options, &p);
	snprintf(t->outcome, sizeof(t->outcome), "%s:%s %s: %s", p.path->name, p.variant->name,
		 outcome_names[p.outcome], p.reason);
	t->verdicts = p.verdicts;
	p.verdicts = (struct verdicts){ 0 };
	if (!t->verdicts.count)
		err = diag_set(&t->diag, -EIO, "%s", t->outcome);
	report_path_release(&p);
	return err;
}

int trial_run(struct trial *t)
{
	const struct violation *v = &t->clause->violation;
	const struct image *image = t->subject->image;
	struct image *altered = NULL;
	struct judge_context context = { 0 };
	int err = 0;

	for (size_t i = 0; !err && !altered && i < t->items; i++) {
		if (v->items[i].where == ALTER_IMAGE)
			err = alter_image(t, &altered);
	}
	if (altered)
		image = altered;
	context.image = image;
	if (err)
		;
	else if (t->clause->points == BIT(POINT_IMAGE))
		err = judge_point(t->specs, &context, POINT_IMAGE, &t->verdicts);
	else
		err = trial_boot(t, image);
	image_close(altered);
	return err;
}

void trial_release(struct trial *t)
{
	verdicts_free(&t->verdicts);
}

/* The worst, in the order SKIP, PASS, KNOWN, FAIL and ERROR: a FAIL beside an ERROR is still one. */
static const unsigned rank[] = {
	[VERDICT_SKIP] = 0,  [VERDICT_PASS] = 1, [VERDICT_KNOWN] = 2,
	[VERDICT_ERROR] = 3, [VERDICT_FAIL] = 4,
};

static const struct verdict *worst(const struct trial *t, const char *id)
{
	const struct verdict *ret = NULL;

	for (size_t i = 0; i < t->verdicts.count; i++) {
		const struct verdict *v = &t->verdicts.items[i];

		if (!strcmp(v->id, id) && (!ret || rank[v->status] > rank[ret->status]))
			ret = v;
	}
	return ret;
}

enum verdict_status trial_status(const struct trial *t, const char *id)
{
	const struct verdict *v = worst(t, id);

	return v ? v->status : VERDICT_SKIP;
}

const char *trial_got(const struct trial *t, const char *id)
{
	const struct verdict *v = worst(t, id);

	return v ? v->got : "not judged at all";
}
