/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running and judging the paths of an image. */
#include "tools/check.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/disasm.h"

void check_context(const struct check_facts *f, struct judge_context *ret)
{
	const struct start_of_day *sod = f->sod;

	*ret = (struct judge_context){
		.image = f->started ? f->started : f->image,
		.path = f->path,
		.variant = f->variant,
		/* Who starts a further image decides on its command line, and on its initrd below. */
		.cmdline = f->started ? NULL : f->platform->cmdline,
		.initrd = f->platform->initrd,
		.known = f->known,
		.events = f->events,
		.event_count = f->event_count,
		.event_total = f->event_total,
		.ran = f->ran,
	};
	ret->efi_map = sod->efi_map;
	ret->efi_map_count = sod->efi_map_count;
	if (sod->efi_map)
		judge_fact(ret, FACT_EFI_NX, sod->efi_nx);
	/* Where a further image lies is its loader's affair. */
	if (!f->started) {
		judge_fact(ret, FACT_LOAD_ADDRESS, sod->load_address);
		judge_fact(ret, FACT_LOAD_SIZE, sod->load_size);
		judge_fact(ret, FACT_RUN_ADDRESS, sod->run_address);
		judge_fact(ret, FACT_RUN_SIZE, sod->run_size);
	}
	if (!f->started && sod->efi_map) {
		judge_fact(ret, FACT_EFI_IMAGE, sod->efi_image);
		judge_fact(ret, FACT_EFI_IMAGE_SIZE, sod->efi_image_size);
	}
	if (sod->boot_params)
		judge_fact(ret, FACT_BOOT_PARAMS, sod->boot_params);
	if (!f->started)
		judge_fact(ret, FACT_INITRD_SIZE, f->platform->initrd.len);
	judge_fact(ret, FACT_MEMORY, f->platform->memory);
}

int check_judge(const struct spec_set *specs, const struct check_facts *f, struct report_path *ret)
{
	struct judge_context c;
	int err = 0;

	check_context(f, &c);
	c.handovers = ret->handovers;
	c.handover_count = ret->handover_count;
	for (int point = POINT_IMAGE; !err && point < POINT_COUNT; point++) {
		c.image = f->started && point > POINT_IMAGE ? f->started : f->image;
		err = judge_point(specs, &c, (enum point)point, &ret->verdicts);
		if (err == -ENOENT) /* the path did not come to that point */
			err = 0;
	}
	return err;
}

/* What already failed at the entry is not the image's doing when it fails once more. */
static bool failed_at_entry(const struct report_path *p, const struct verdict *v)
{
	for (size_t i = 0; i < p->verdicts.count; i++) {
		const struct verdict *e = &p->verdicts.items[i];

		if (e->point == POINT_ENTRY && e->status == VERDICT_FAIL && !strcmp(e->id, v->id))
			return true;
	}
	return false;
}

static const struct verdict *first_of(const struct report_path *p, enum verdict_status status,
				      bool at_entry)
{
	for (size_t i = 0; i < p->verdicts.count; i++) {
		const struct verdict *v = &p->verdicts.items[i];

		if (v->status != status || v->level != LEVEL_ERROR ||
		    (v->point == POINT_ENTRY) != at_entry)
			continue;
		if (at_entry || status != VERDICT_FAIL || !failed_at_entry(p, v))
			return v;
	}
	return NULL;
}

static void outcome_from(struct report_path *p, enum outcome outcome, const struct verdict *v,
			 const char *what)
{
	size_t count = 0;

	for (size_t i = 0; i < p->verdicts.count; i++)
		count += p->verdicts.items[i].status == v->status &&
			 p->verdicts.items[i].level == LEVEL_ERROR;
	p->outcome = outcome;
	p->by_verdicts = true;
	snprintf(p->reason, sizeof(p->reason), "%s at %s%s: %s", v->id, point_names[v->point], what,
		 v->text);
	if (count > 1) {
		size_t len = strlen(p->reason);

		snprintf(p->reason + len, sizeof(p->reason) - len, " (and %zu more)", count - 1);
	}
}

void check_outcome(struct report_path *p)
{
	const struct verdict *v;

	if (p->outcome != OUTCOME_PASS)
		return;
	if ((v = first_of(p, VERDICT_FAIL, false)))
		outcome_from(p, OUTCOME_FAIL, v, "");
	else if ((v = first_of(p, VERDICT_FAIL, true)))
		outcome_from(p, OUTCOME_ERROR, v, ", which our own model built");
	else if ((v = first_of(p, VERDICT_ERROR, false)) || (v = first_of(p, VERDICT_ERROR, true)))
		outcome_from(p, OUTCOME_ERROR, v, " could not be evaluated");
}

/* --- who wrote it --- */

static bool wants_blame(const struct verdict *v)
{
	return v->status == VERDICT_FAIL && v->blame_size && v->point > POINT_ENTRY;
}

/* Instructions before the point that a verdict is about. */
static uint64_t point_time(const struct report_path *p, enum point point)
{
	for (size_t i = 0; i < p->handover_count; i++) {
		if (p->handovers[i].point == point)
			return p->handovers[i].instructions;
	}
	return 0;
}

/* "startup_64+0x1c6 (0x10001c6: movb $0, 0x1e8(%rsi)), after 5 instructions" */
static void name_instruction(const struct store_record *s, struct buf *text)
{
	char line[128] = "";

	if (s->symbol[0])
		buf_printf(text, "%s (0x%" PRIx64, s->symbol, s->pc);
	else
		buf_printf(text, "the instruction (0x%" PRIx64, s->pc);
	if (disasm_line(s->code, s->code_len, s->pc, s->bits, line, sizeof(line)))
		buf_printf(text, ": %s", line);
	buf_printf(text, "), after %" PRIu64 " instructions", s->count);
}

void check_writer(const struct store_record *s, struct buf *text)
{
	buf_printf(text, "0x%" PRIx64 " by ", s->gpa);
	if (s->seen)
		name_instruction(s, text);
	else if (s->placement[0])
		buf_printf(text, "the start of day (%s)", s->placement);
	else
		buf_puts(text, "nobody: the machine's memory began so");
}

static void name_writer(struct verdict *v, const struct store_record *s)
{
	struct buf text = { 0 };

	check_writer(s, &text);
	free(v->writer);
	v->writer = strdup(buf_str(&text));
	buf_free(&text);
}

void check_blame(const struct image *image, const struct run_options *options,
		 struct report_path *p)
{
	struct store_record records[STORE_RECORDS_MAX] = { 0 };
	struct verdict *of[STORE_RECORDS_MAX];
	struct run_options again = *options;
	struct report_path second = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < p->verdicts.count && n < STORE_RECORDS_MAX; i++) {
		struct verdict *v = &p->verdicts.items[i];

		if (!wants_blame(v))
			continue;
		records[n] = (struct store_record){ .gpa = v->blame_gpa,
						    .size = v->blame_size,
						    .until = point_time(p, v->point) };
		of[n++] = v;
	}
	if (!n)
		return;
	again.specs = NULL;
	again.keep_pages = false;
	again.stores = records;
	again.store_count = n;
	path_run(image, p->path, p->variant, &again, &second);
	for (size_t i = 0; i < n; i++)
		name_writer(of[i], &records[i]);
	report_path_release(&second);
}

/* --- many paths --- */

struct work {
	const struct image *image;
	const struct run_options *options;
	struct report_image *ret;
	const struct check_progress *progress;
	atomic_size_t next;
};

static void *worker(void *arg)
{
	struct work *w = arg;
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->ret->path_count) {
		struct report_path *p = &w->ret->paths[i];

		if (w->progress && w->progress->path_begins)
			w->progress->path_begins(p, w->progress->arg);
		path_run(w->image, p->path, p->variant, w->options, p);
		check_blame(w->image, w->options, p);
	}
	return NULL;
}

#define JOBS_MAX 64u

void check_paths(const struct image *image, const struct run_options *options,
		 struct report_image *ret, unsigned jobs, const struct check_progress *progress)
{
	struct work w = { .image = image, .options = options, .ret = ret, .progress = progress };
	pthread_t threads[JOBS_MAX];
	unsigned started = 0;

	if (jobs > JOBS_MAX)
		jobs = JOBS_MAX;
	/* This thread is one of them; the others are a help, not a need. */
	while (started + 1 < jobs && started + 1 < ret->path_count) {
		if (pthread_create(&threads[started], NULL, worker, &w))
			break;
		started++;
	}
	worker(&w);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}
