/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shows that every clause can fail: applies its `violate:` recipe and looks
 * whether it turns from PASS to FAIL. Where a clause does not apply to the
 * untouched subject, the first items of its recipe make it apply, and without
 * the last one it must PASS. Speaks TAP, one test a clause.
 *
 *   mutation-test [CLAUSE...]
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/mutation/trial.h"

struct tally {
	unsigned clauses, killed, survived, uncovered, skipped, where[ALTER_COUNT];
	struct buf state_only;
};

/* The demonstration image first, since it runs in milliseconds; what it lacks, a real kernel has. */
enum { SUBJECT_DEMO, SUBJECT_VMLINUX, SUBJECT_CLOUD, SUBJECT_COUNT };

static const char *env_or(const char *name, const char *otherwise)
{
	const char *v = getenv(name);

	return v && *v ? v : otherwise;
}

/* From PASS to FAIL is what counts; anything else is told in @why. */
static bool shows(struct trial *before, struct trial *after, char *why, size_t size)
{
	const char *id = before->clause->id;
	enum verdict_status status;

	if (trial_run(before)) {
		snprintf(why, size, "before: %s", before->diag.text);
		return false;
	}
	status = trial_status(before, id);
	if (status != VERDICT_PASS) {
		snprintf(why, size, "before: %s: %s; %s", verdict_status_names[status],
			 trial_got(before, id), before->outcome);
		return false;
	}
	if (trial_run(after)) {
		snprintf(why, size, "after: %s", after->diag.text);
		return false;
	}
	status = trial_status(after, id);
	snprintf(why, size, "after: %s: %s; %s", verdict_status_names[status], trial_got(after, id),
		 after->outcome);
	return status == VERDICT_FAIL;
}

static bool told_before(const struct trial *t, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (t->verdicts.items[k].status >= VERDICT_FAIL &&
		    !strcmp(t->verdicts.items[k].id, t->verdicts.items[i].id))
			return true;
	}
	return false;
}

/* Other clauses that the violation turned to FAIL or ERROR. */
static void tell_others(const struct trial *before, const struct trial *after)
{
	unsigned n = 0;

	for (size_t i = 0; i < after->verdicts.count; i++) {
		const struct verdict *v = &after->verdicts.items[i];

		if (v->status < VERDICT_FAIL || !strcmp(v->id, after->clause->id) ||
		    told_before(after, i) || trial_status(before, v->id) >= VERDICT_FAIL)
			continue;
		printf("%s%s%s", n++ ? " " : "; also ", v->id,
		       v->status == VERDICT_ERROR ? " (ERROR)" : "");
	}
}

static unsigned wheres(const struct violation *v)
{
	unsigned set = 0;

	for (size_t i = 0; i < v->count; i++)
		set |= BIT(v->items[i].where);
	return set;
}

static void count_where(const struct clause *c, struct tally *t)
{
	unsigned set = wheres(&c->violation);

	for (unsigned w = 0; w < ALTER_COUNT; w++)
		t->where[w] += !!(set & BIT(w));
	if (set == BIT(ALTER_STATE))
		buf_printf(&t->state_only, " %s", c->id);
}

static void print_names(unsigned set)
{
	for (unsigned w = 0; w < ALTER_COUNT; w++) {
		if (set & BIT(w))
			printf(" %s", alter_where_names[w]);
	}
}

/* True when it was shown, either way, on this subject. */
static bool try_clause(const struct spec_set *specs, const struct clause *c,
		       const struct subject *subject, unsigned number, struct tally *tally,
		       char *why, size_t size)
{
	/* The last item breaks it; those before it, where there are any, make it apply. */
	const size_t first[] = { 0, c->violation.count - 1 };
	bool killed = false;

	for (size_t i = 0; !killed && i < ARRAY_SIZE(first); i++) {
		struct trial before = { .specs = specs, .subject = subject, .clause = c };
		struct trial after = before;

		before.items = first[i];
		after.items = c->violation.count;
		if (i && first[i] == first[0])
			break;
		killed = shows(&before, &after, why, size);
		if (killed) {
			printf("ok %u - %s killed by", number, c->id);
			print_names(wheres(&c->violation));
			printf(", %s", subject->name);
			tell_others(&before, &after);
			printf("\n");
			tally->killed++;
		}
		trial_release(&before);
		trial_release(&after);
	}
	return killed;
}

static void run_clause(const struct spec_set *specs, const struct clause *c,
		       const struct subject *subjects, unsigned number, struct tally *tally)
{
	char why[SUBJECT_COUNT][1024] = { "" };

	tally->clauses++;
	if (!c->violation.count) {
		tally->uncovered++;
		printf("not ok %u - %s has no recipe\n", number, c->id);
		return;
	}
	count_where(c, tally);
	for (unsigned i = 0; i < SUBJECT_COUNT; i++) {
		if (subjects[i].image &&
		    try_clause(specs, c, &subjects[i], number, tally, why[i], sizeof(why[i])))
			return;
	}
	if (!subjects[SUBJECT_CLOUD].image && !strncmp(why[SUBJECT_DEMO], "before:", 7)) {
		tally->skipped++;
		printf("ok %u - %s # SKIP only a real kernel shows it: %s\n", number, c->id,
		       subjects[SUBJECT_CLOUD].missing);
		return;
	}
	tally->survived++;
	printf("not ok %u - %s survived\n", number, c->id);
	for (unsigned i = 0; i < SUBJECT_COUNT; i++) {
		if (subjects[i].image)
			printf("# %s: %s\n", subjects[i].name, why[i]);
	}
}

static bool is_asked(const struct clause *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], c->id))
			return true;
	}
	return argc < 2;
}

static void print_total(const struct tally *t)
{
	printf("# total: %u clauses, %u killed, %u survived, %u uncovered, %u skipped\n",
	       t->clauses, t->killed, t->survived, t->uncovered, t->skipped);
	printf("# total: recipes that alter the");
	for (unsigned w = 0; w < ALTER_COUNT; w++)
		printf("%s %s %u", w ? "," : "", alter_where_names[w], t->where[w]);
	printf("; by nothing but the captured state:%s\n",
	       t->state_only.len ? buf_str((struct buf *)&t->state_only) : " none");
}

int main(int argc, char **argv)
{
	struct subject subjects[SUBJECT_COUNT] = {
		[SUBJECT_DEMO] = { .name = "demo" },
		[SUBJECT_VMLINUX] = { .name = "demo.vmlinux" },
		[SUBJECT_CLOUD] = { .name = "cloud" },
	};
	const char *out = env_or("BOOTPATH_OUT", TEST_OUT);
	struct spec_set specs = { 0 };
	struct tally tally = { 0 };
	struct diag diag = { 0 };
	char image[512], elf[512], vmlinux[512], cloud[512];
	unsigned number = 0, asked = 0;

	snprintf(image, sizeof(image), "%s/tests/demo.bzImage", out);
	snprintf(elf, sizeof(elf), "%s/tests/demo.elf", out);
	snprintf(vmlinux, sizeof(vmlinux), "%s/tests/demo.vmlinux", out);
	snprintf(cloud, sizeof(cloud), "%s/cloud/vmlinuz", env_or("BOOTPATH_KERNELS", "o/kernels"));
	subjects[SUBJECT_DEMO].elf[0] = elf;
	subjects[SUBJECT_DEMO].elf[1] = vmlinux;
	subjects[SUBJECT_VMLINUX].elf[0] = vmlinux;
	if (spec_set_builtin(&specs, &diag) || subject_open(&subjects[SUBJECT_DEMO], image) ||
	    subject_open(&subjects[SUBJECT_VMLINUX], vmlinux)) {
		printf("Bail out! %s%s%s\n", diag.text, subjects[SUBJECT_DEMO].missing,
		       subjects[SUBJECT_VMLINUX].missing);
		return 1;
	}
	subject_open(&subjects[SUBJECT_CLOUD], cloud);
	for (size_t i = 0; i < specs.count; i++)
		asked += is_asked(specs.clauses[i], argc, argv);
	printf("1..%u\n", asked);
	for (size_t i = 0; i < specs.count; i++) {
		if (is_asked(specs.clauses[i], argc, argv))
			run_clause(&specs, specs.clauses[i], subjects, ++number, &tally);
		fflush(stdout);
	}
	print_total(&tally);
	buf_free(&tally.state_only);
	for (unsigned i = 0; i < SUBJECT_COUNT; i++)
		subject_close(&subjects[i]);
	spec_set_free(&specs);
	return tally.survived || tally.uncovered;
}
