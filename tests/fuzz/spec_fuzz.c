/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: any bytes as a rule file. It is read, and then judged on a state, or refused with one line and its place. */
#include <stdlib.h>

#include "specs/judge.h"
#include "specs/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A 64-bit entry with a megabyte of zeros for memory: what rules find there is not the point. */
static void judge_all(const struct spec_set *set)
{
	struct regions ram = { 0 };
	struct handover h[3] = { 0 };
	struct verdicts v = { 0 };
	struct judge_context c = { .handovers = h,
				   .handover_count = 3,
				   .path = "linux64",
				   .variant = "spec",
				   .cmdline = "" };

	if (regions_set(&ram, 0, MIB(1), 0))
		return;
	for (unsigned i = 0; i < 3; i++) {
		h[i].point = POINT_ENTRY + i;
		h[i].instructions = i;
		h[i].pages = pages_create(&ram);
		cpu_state_long64(&h[i].cpu, 0x10, 0x18, 0x1000);
		h[i].cpu.gpr[GPR_RSI] = 0x8000;
	}
	for (unsigned f = 0; f < FACT_COUNT; f++)
		judge_fact(&c, f, 0x1000);
	for (unsigned p = 0; p < POINT_COUNT; p++)
		judge_point(set, &c, p, &v);
	verdicts_free(&v);
	for (unsigned i = 0; i < 3; i++)
		handover_release(&h[i]);
	regions_free(&ram);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spec_set set = { 0 };
	struct diag diag = { 0 };
	int err = spec_set_add(&set, "fuzz", (struct bytes){ data, size }, &diag);

	/* Refused exactly when there is something to say, in one line that starts with the place. */
	if ((err < 0) != (diag.text[0] != '\0') || strchr(diag.text, '\n'))
		abort();
	if (err && strncmp(diag.text, "fuzz:", 5))
		abort();
	if (!err)
		judge_all(&set);
	spec_set_free(&set);
	return 0;
}
