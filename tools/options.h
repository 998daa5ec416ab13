/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that mean the same in every command, parsed in one place (argp children). */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <argp.h>

#include "loaders/symbol_files.h"
#include "tools/report.h"

enum report_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_KTAP, FORMAT_JUNIT, FORMAT_COUNT };

/* One item of --path or --require. */
struct path_choice {
	const struct sod_path *path;
	const struct sod_variant *variant;
	bool required; /* the image must offer it */
};

#define PATH_CHOICES_MAX 64

struct options {
	struct run_options run;
	struct path_choice paths[PATH_CHOICES_MAX]; /* in the order of the command line */
	size_t path_count;                          /* 0: whatever the image offers */
	struct symbol_files symbols;                /* as the command line has them */
	enum report_format format;
	const char *output; /* NULL: standard output */
	bool verbose;
};

/* What a command starts from; options_release() when done. */
void options_init(struct options *o);
void options_release(struct options *o);

/*
 * Children for a command's struct argp; give each the address of a struct
 * options through state->child_inputs. Mistakes end the program with status 2.
 */
extern const struct argp options_output_argp; /* --format, -o, -v */
extern const struct argp options_run_argp;    /* paths, platform, limits */

/* Load what the options name (initrd and disk). On failure one line goes to stderr. */
int options_load(struct options *o);

/* Send @out where the options say; on failure one line goes to stderr and a negative errno comes back. */
int options_write(const struct options *o, struct buf *out);

/*
 * A number: decimal, 0x hex, and with @unit a suffix K, M, G or T of powers of
 * @unit (1024 for bytes, 1000 for counts, 0: no suffix).
 */
bool parse_number(const char *text, unsigned unit, uint64_t *ret_v);

#endif
