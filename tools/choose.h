/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening what the command line names, and choosing its paths: what run and check have in common. */
#ifndef TOOLS_CHOOSE_H
#define TOOLS_CHOOSE_H

#include "tools/options.h"

/*
 * Open and unpack the image at @path and fill @ret with its identity and with
 * the paths to take: those of @o or, without any, all that the image offers. A
 * broken image leaves its one line in ret->error, also written to stderr, and
 * *ret_image NULL.
 */
void choose_image(const struct options *o, const char *path, struct image **ret_image,
		  struct report_image *ret);

/* A path asked for with --require that was skipped becomes a failure. */
void choose_require(const struct options *o, struct report_image *ret);

/* Write @r in the format and to the place that @o says; 0 or a negative errno, said on stderr. */
int choose_write(const struct options *o, const struct report *r);

#endif
