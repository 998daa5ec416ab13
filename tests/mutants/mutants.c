/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thousands of broken variants of the demonstration image through `check`: no
 * crash of ours, no hang, a status of 0, 1 or 125, and at least half of them
 * enter the machine. Each takes one path of those that it offers, in turn. Speaks TAP.
 *
 *   mutants-test             MUTANTS (how many), MUTANT_SEED and MUTANT_JOBS in the environment
 *   mutants-test N [FILE]    only number N on all paths, with what was done to it; FILE: write it there instead
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/check_bytes.h"
#include "tests/lib/mutate.h"

#ifdef __SANITIZE_ADDRESS__
#define MUTANTS_DEFAULT  3000
#define WATCHDOG_SECONDS 180
#else
#define MUTANTS_DEFAULT  20000
#define WATCHDOG_SECONDS 60
#endif

#define JOBS_MAX    16u
#define CLAUSES_MAX 512u
#define TROUBLE_MAX 10u

/* Written by the workers, one piece each, read by the parent: lies in shared memory. */
struct tally {
	uint64_t at; /* the mutant that is being checked */
	uint64_t done, entered, refused, bad_status, different;
	uint64_t status[3]; /* 0, 1, 125 */
	uint64_t outcome[OUTCOME_COUNT], stop[STOP_ENGINE + 1];
	uint64_t engine_at; /* the first mutant that the engine failed on, and one more */
	uint64_t fail[CLAUSES_MAX], error[CLAUSES_MAX]; /* mutants on which that clause fired */
};

struct job {
	struct mutator mutator;
	struct spec_set specs;
	uint64_t seed, count;
	unsigned jobs;
	struct tally *tallies;
};

static uint64_t env_number(const char *name, uint64_t otherwise)
{
	const char *v = getenv(name);

	return v && *v ? strtoull(v, NULL, 0) : otherwise;
}

/* Each mutant has a stream of its own, so that number N is the same whoever makes it. */
static void make_mutant(const struct job *j, uint64_t n, struct buf *out, struct buf *what)
{
	uint64_t state = j->seed + n;
	struct rng rng;

	rng_init(&rng, splitmix64(&state), "mutants");
	mutate(&j->mutator, &rng, out, what);
}

/* --- one mutant --- */

static void count_clauses(const struct job *j, const struct checked *c, struct tally *t)
{
	uint8_t fired[CLAUSES_MAX] = { 0 };

	for (size_t i = 0; i < c->report.path_count; i++) {
		const struct verdicts *v = &c->report.paths[i].verdicts;

		for (size_t k = 0; k < v->count; k++) {
			for (size_t n = 0; v->items[k].status >= VERDICT_FAIL && n < j->specs.count;
			     n++) {
				if (j->specs.clauses[n]->id == v->items[k].id)
					fired[n] |= v->items[k].status == VERDICT_FAIL ? 1 : 2;
			}
		}
	}
	for (size_t n = 0; n < j->specs.count; n++) {
		t->fail[n] += fired[n] & 1;
		t->error[n] += fired[n] >> 1;
	}
}

static void count_mutant(const struct job *j, const struct checked *c, struct tally *t)
{
	bool entered = false;

	for (size_t i = 0; i < c->report.path_count; i++) {
		const struct report_path *p = &c->report.paths[i];

		entered |= p->handover_count > 0;
		t->outcome[p->outcome]++;
		if (!p->handover_count)
			continue;
		t->stop[p->stop.kind]++;
		if (p->stop.kind == STOP_ENGINE && !t->engine_at)
			t->engine_at = t->at + 1;
	}
	t->entered += entered;
	t->refused += !c->image || c->report.error[0];
	t->status[0] += c->status == 0;
	t->status[1] += c->status == 1;
	t->status[2] += c->status == 125;
	t->bad_status += c->status != 0 && c->status != 1 && c->status != 125;
	count_clauses(j, c, t);
	t->done++;
}

/* Now and then once more: nothing of the first time may show. */
static bool same_again(const struct job *j, struct bytes data, uint64_t n,
		       const struct checked *first)
{
	struct checked again = { 0 };
	bool same = true;

	check_bytes(&j->specs, data, n, &again);
	same = again.status == first->status && again.report.path_count == first->report.path_count;
	for (size_t i = 0; same && i < again.report.path_count; i++)
		same = !strcmp(again.report.paths[i].digest, first->report.paths[i].digest) &&
		       !strcmp(again.report.paths[i].reason, first->report.paths[i].reason);
	checked_release(&again);
	return same;
}

static void check_mutant(const struct job *j, uint64_t n, struct tally *t)
{
	struct checked c = { 0 };
	struct buf data = { 0 };
	struct bytes bytes;

	make_mutant(j, n, &data, NULL);
	bytes = (struct bytes){ data.data, data.len };
	check_bytes(&j->specs, bytes, n, &c);
	count_mutant(j, &c, t);
	if (n % 61 == 0 && !same_again(j, bytes, n, &c)) {
		printf("# mutant %" PRIu64 " is not the same the second time\n", n);
		t->different++;
	}
	checked_release(&c);
	buf_free(&data);
}

/* --- workers --- */

/* A mutant that takes too much of the processor's time, however busy the host is, ends its worker by SIGPROF. */
static void work(const struct job *j, struct tally *t, uint64_t from)
{
	const struct itimerval watchdog = { .it_value = { .tv_sec = WATCHDOG_SECONDS } };

	/*
	 * A short run touches a few small pages; to clear huge ones would be most of its time. Nor is
	 * the engine's memory to go back to the system after each.
	 */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 512 << 20);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (uint64_t n = from; n < j->count; n += j->jobs) {
		t->at = n;
		setitimer(ITIMER_PROF, &watchdog, NULL);
		check_mutant(j, n, t);
	}
	fflush(stdout);
	_exit(0);
}

static pid_t start(const struct job *j, unsigned worker, uint64_t from)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		work(j, &j->tallies[worker], from);
	return pid;
}

static void tell_trouble(const struct job *j, uint64_t n, int status)
{
	struct buf data = { 0 }, what = { 0 };

	make_mutant(j, n, &data, &what);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
		printf("# mutant %" PRIu64 " took more than %d seconds: %s\n", n, WATCHDOG_SECONDS,
		       buf_str(&what));
	else if (WIFSIGNALED(status))
		printf("# mutant %" PRIu64 " ended us with signal %d: %s\n", n, WTERMSIG(status),
		       buf_str(&what));
	else
		printf("# mutant %" PRIu64 " ended us with status %d: %s\n", n, WEXITSTATUS(status),
		       buf_str(&what));
	buf_free(&data);
	buf_free(&what);
}

/* Runs all mutants; a worker that a mutant ends is followed by one that goes on behind it. Returns how many did. */
static unsigned run_all(const struct job *j)
{
	pid_t pids[JOBS_MAX];
	unsigned trouble = 0, running = 0;
	int status;
	pid_t pid;

	for (unsigned w = 0; w < j->jobs; w++) {
		pids[w] = start(j, w, w);
		running += pids[w] > 0;
	}
	while (running) {
		pid = wait(&status);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		running--;
		for (unsigned w = 0; w < j->jobs; w++) {
			if (pids[w] != pid || !status)
				continue;
			tell_trouble(j, j->tallies[w].at, status);
			if (++trouble >= TROUBLE_MAX)
				continue;
			pids[w] = start(j, w, j->tallies[w].at + j->jobs);
			running += pids[w] > 0;
		}
	}
	return trouble;
}

/* --- the report --- */

static void tally_add(struct tally *sum, const struct tally *t)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)t;

	for (size_t i = 0; i < sizeof(*t) / sizeof(*to); i++)
		to[i] += from[i];
}

static void print_test(unsigned n, bool ok, const char *text)
{
	printf("%s %u - %s\n", ok ? "ok" : "not ok", n, text);
}

static void print_clauses(const struct job *j, const uint64_t *counts, const char *what)
{
	unsigned n = 0;

	for (size_t i = 0; i < j->specs.count; i++)
		n += counts[i] > 0;
	printf("# total: %u clauses gave %s:", n, what);
	for (size_t i = 0; i < j->specs.count; i++) {
		if (counts[i])
			printf(" %s %" PRIu64, j->specs.clauses[i]->id, counts[i]);
	}
	printf("\n");
}

static int print_report(const struct job *j, unsigned trouble)
{
	struct tally sum = { 0 };

	for (unsigned w = 0; w < j->jobs; w++)
		tally_add(&sum, &j->tallies[w]);
	printf("# total: %" PRIu64 " mutants, %" PRIu64 " refused unread, %" PRIu64
	       " entered the machine; status 0 %" PRIu64 ", 1 %" PRIu64 ", 125 %" PRIu64 "\n",
	       sum.done, sum.refused, sum.entered, sum.status[0], sum.status[1], sum.status[2]);
	printf("# total: outcomes of paths:");
	for (unsigned i = 0; i < OUTCOME_COUNT; i++)
		printf(" %s %" PRIu64, outcome_names[i], sum.outcome[i]);
	printf("; stops:");
	for (unsigned i = 0; i <= STOP_ENGINE; i++)
		printf(" %s %" PRIu64, stop_kind_names[i], sum.stop[i]);
	printf("\n");
	print_clauses(j, sum.fail, "a FAIL");
	print_clauses(j, sum.error, "an ERROR");
	for (unsigned w = 0; w < j->jobs; w++) {
		if (j->tallies[w].engine_at)
			printf("# the engine failed on mutant %" PRIu64 "\n",
			       j->tallies[w].engine_at - 1);
	}
	print_test(1, !trouble && sum.done == j->count, "no mutant ends us or keeps us for ever");
	print_test(2, !sum.bad_status, "the exit status is 0, 1 or 125");
	print_test(3, sum.entered * 2 >= j->count,
		   "at least half of the mutants enter the machine");
	print_test(4, !sum.different, "a mutant checked twice gives the same twice");
	print_test(5, !sum.stop[STOP_ENGINE], "no mutant makes the engine fail");
	return trouble || sum.bad_status || sum.different || sum.stop[STOP_ENGINE] ||
	       sum.entered * 2 < j->count;
}

static int show_one(const struct job *j, uint64_t n, const char *file)
{
	struct buf data = { 0 }, what = { 0 };
	struct checked c = { 0 };
	int err = 0;

	make_mutant(j, n, &data, &what);
	printf("# mutant %" PRIu64 ": %s\n", n, buf_str(&what));
	if (file) {
		FILE *f = fopen(file, "w");

		err = !f || fwrite(data.data, 1, data.len, f) != data.len;
		if (f && fclose(f))
			err = 1;
	} else {
		check_bytes(&j->specs, (struct bytes){ data.data, data.len }, CHECK_ALL_PATHS, &c);
		printf("# status %d %s\n", c.status, c.report.error);
		for (size_t i = 0; i < c.report.path_count; i++)
			printf("# %s: %s: %s\n", c.report.paths[i].path->name,
			       outcome_names[c.report.paths[i].outcome], c.report.paths[i].reason);
		checked_release(&c);
	}
	buf_free(&data);
	buf_free(&what);
	return err;
}

static int job_init(struct job *j, struct image **ret_demo)
{
	const char *out = getenv("BOOTPATH_OUT");
	struct diag diag = { 0 };
	char path[512];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	snprintf(path, sizeof(path), "%s/tests/demo.bzImage", out && *out ? out : TEST_OUT);
	if (spec_set_builtin(&j->specs, &diag) || j->specs.count > CLAUSES_MAX ||
	    image_open(ret_demo, path, &diag) || !mutator_init(&j->mutator, (*ret_demo)->file)) {
		printf("Bail out! %s: %s\n", path, diag.text);
		return -EINVAL;
	}
	j->seed = env_number("MUTANT_SEED", 1);
	j->count = env_number("MUTANTS", MUTANTS_DEFAULT);
	j->jobs = (unsigned)env_number("MUTANT_JOBS", cpus > 0 ? (uint64_t)cpus : 1);
	if (!j->jobs || j->jobs > JOBS_MAX)
		j->jobs = JOBS_MAX;
	j->tallies = mmap(NULL, JOBS_MAX * sizeof(*j->tallies), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return j->tallies == MAP_FAILED ? -ENOMEM : 0;
}

int main(int argc, char **argv)
{
	struct image *demo = NULL;
	struct job j = { 0 };
	int ret;

	if (job_init(&j, &demo))
		return 1;
	if (argc > 1) {
		ret = show_one(&j, strtoull(argv[1], NULL, 0), argc > 2 ? argv[2] : NULL);
	} else {
		printf("1..5\n");
		ret = print_report(&j, run_all(&j));
	}
	image_close(demo);
	spec_set_free(&j.specs);
	munmap(j.tallies, JOBS_MAX * sizeof(*j.tallies));
	return ret;
}
