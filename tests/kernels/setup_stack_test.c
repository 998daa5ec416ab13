/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 16-bit setup code's stack in a real kernel. linux-source-6.1 arch/x86/boot/header.S makes one of STACK_SIZE bytes
 * (boot.h: 1024) behind the heap, or without one behind the BSS, when the loader's stack is in another segment.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "models/bios.h"
#include "specs/spec.h"
#include "tests/lib/kernels.h"

/* The verdict of RT-005 on the cloud kernel under a LILO whose stack is in another segment, with @quirks. */
static enum verdict_status stack_verdict(uint32_t quirks, char *outcome, size_t size)
{
	struct image *image = kernel_open("cloud");
	struct run_options options = kernel_options();
	enum verdict_status status = VERDICT_SKIP;
	struct spec_set specs = { 0 };
	struct diag diag = { 0 };
	struct kernel_run r;

	cr_assert(eq(int, spec_set_builtin(&specs, &diag), 0), "%s", diag.text);
	options.specs = &specs;
	options.bios_quirks = quirks;
	options.keys = " "; /* should it ask for a video mode: none */
	kernel_run(&r, image, "bios", "lilo-ancient", &options);
	for (size_t i = 0; i < r.report.verdicts.count; i++) {
		if (!strcmp(r.report.verdicts.items[i].id, "RT-005"))
			status = r.report.verdicts.items[i].status;
	}
	snprintf(outcome, size, "%s", r.report.reason);
	kernel_run_release(&r);
	spec_set_free(&specs);
	image_close(image);
	return status;
}

Test(setup_stack, behind_the_heap_it_has_room, .timeout = 300)
{
	char outcome[320];

	cr_expect(eq(int, stack_verdict(0, outcome, sizeof(outcome)), VERDICT_PASS), "%s", outcome);
}

/* What it has run over shows: the video mode that it remembered is gone, and it asks for another. */
Test(setup_stack, one_kib_behind_the_bss_is_not_enough, .timeout = 300)
{
	char outcome[320];

	cr_expect(eq(int, stack_verdict(BIT(BIOS_QUIRK_NO_HEAP), outcome, sizeof(outcome)),
		     VERDICT_FAIL),
		  "%s", outcome);
	cr_expect(ne(ptr, strstr(outcome, "RT-005 at compressed"), NULL), "%s", outcome);
}
