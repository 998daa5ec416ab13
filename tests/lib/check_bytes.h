/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `bootpath check` does with one image, in this process, for tests that do it thousands of times. */
#ifndef TESTS_LIB_CHECK_BYTES_H
#define TESTS_LIB_CHECK_BYTES_H

#include "specs/spec.h"
#include "tools/report.h"

/* Owns all that it holds; zero-initialise. */
struct checked {
	struct image *image;
	struct report_image report; /* error is set when the image was refused */
	int status;                 /* the exit status */
};

#define CHECK_ALL_PATHS UINT64_MAX

/*
 * Every path that the bytes offer, or one of them by @turn, judged by @specs, with 64 MiB and at most
 * 20 million instructions; then every report format. Breaks off the process by
 * abort() when a promise of the library is not kept: a refusal without exactly
 * one line, an outcome without its reason.
 */
void check_bytes(const struct spec_set *specs, struct bytes data, uint64_t turn,
		 struct checked *ret);
void checked_release(struct checked *c);

#endif
