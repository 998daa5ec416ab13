/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every captured state judged by the built-in rules: what fails is exactly what tests/oracle/state.expect lists. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "specs/spec.h"
#include "tests/oracle/capture.h" /* capture_folder */
#include "tools/state_file.h"

#define PINNED_SHA256 "51349501a3d1ff83836437d2b365fd2d57f2feb8642d315e5181dec23d4c3275"

static const char *const captures[] = {
	"grub-bios-linux", "grub-bios-linux16",     "seabios-kernel",
	"ovmf-kernel",     "ovmf-grub206-linuxefi", "pvh",
	"qboot-pvh",
};

static void read_stream(FILE *f, struct buf *out)
{
	char chunk[4096];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_append(out, chunk, n);
}

static bool convert(const char *name, struct buf *out)
{
	struct buf command = { 0 };
	FILE *f;
	bool ok;

	buf_printf(&command,
		   "python3 tests/oracle/capture2state.py '%s/cloud61-%s.json' 2>/dev/null",
		   capture_folder(), name);
	f = popen(buf_str(&command), "r");
	buf_free(&command);
	if (!f)
		return false;
	read_stream(f, out);
	ok = pclose(f) == 0;
	return ok && out->len;
}

static struct image *kernel_open(void)
{
	const char *kernels = getenv("BOOTPATH_KERNELS");
	struct image *image = NULL;
	char name[1024];

	snprintf(name, sizeof(name), "%s/cloud/vmlinuz", kernels ? kernels : "o/kernels");
	if (image_open(&image, name, NULL) < 0)
		cr_skip("the pinned kernel is not here");
	if (strcmp(image->sha256, PINNED_SHA256) != 0)
		cr_skip("the cloud kernel is not the one that was captured");
	cr_assert_eq(image_unpack(image, NULL), 0);
	return image;
}

/* "CAPTURE POINT CLAUSE" of every FAIL and ERROR, a line each; PASS is counted. */
static unsigned judge(const struct spec_set *specs, const struct image *image, const char *name,
		      struct buf *out)
{
	struct state_file state = { 0 };
	struct buf json = { 0 };
	struct diag diag = { 0 };
	struct judge_context context;
	unsigned passed = 0;

	if (!convert(name, &json))
		cr_skip("no captures in %s (BOOTPATH_ORACLE), or no python3", capture_folder());
	cr_assert_eq(state_file_parse(&state, name, (struct bytes){ json.data, json.len }, &diag),
		     0, "%s", diag.text);
	context = state_file_context(&state, image);
	for (size_t h = 0; h < state.handover_count; h++) {
		struct verdicts v = { 0 };

		cr_assert_eq(judge_point(specs, &context, state.handovers[h].point, &v), 0);
		for (size_t i = 0; i < v.count; i++) {
			passed += v.items[i].status == VERDICT_PASS;
			if (v.items[i].status == VERDICT_FAIL || v.items[i].status == VERDICT_ERROR)
				buf_printf(out, "%s %s %s\n", name, point_names[v.items[i].point],
					   v.items[i].id);
		}
		verdicts_free(&v);
	}
	state_file_release(&state);
	buf_free(&json);
	return passed;
}

/* The expected lines without comments and reasons. */
static void read_expected(struct buf *out)
{
	FILE *f = fopen("tests/oracle/state.expect", "r");
	char line[512], capture[64], point[32], clause[32];

	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (*line == '#' || sscanf(line, "%63s %31s %31s", capture, point, clause) != 3)
			continue;
		buf_printf(out, "%s %s %s\n", capture, point, clause);
	}
	fclose(f);
}

Test(state, captures_fail_what_is_expected_and_nothing_else, .timeout = 120)
{
	struct buf got = { 0 }, expected = { 0 };
	struct spec_set specs = { 0 };
	struct image *image = kernel_open();
	unsigned passed = 0;

	cr_assert_eq(spec_set_builtin(&specs, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(captures); i++)
		passed += judge(&specs, image, captures[i], &got);
	read_expected(&expected);
	cr_expect_str_eq(buf_str(&got), buf_str(&expected));
	/* A rule that skips everything would pass too. */
	cr_expect_gt(passed, 200);
	spec_set_free(&specs);
	image_close(image);
	buf_free(&got);
	buf_free(&expected);
}
