/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sub-commands of `bootpath`, as one table. */
#ifndef TOOLS_CMD_H
#define TOOLS_CMD_H

#include "emu/base/types.h"

/* Exit status, made for `git bisect run`; 1 and 0 come from report_exit_status(). */
#define EXIT_USAGE        2
#define EXIT_CANNOT_JUDGE 125

struct cmd {
	const char *name;
	/* argv[0] is "bootpath NAME"; returns the exit status. */
	int (*run)(int argc, char **argv);
	const char *help; /* one line */
};

extern const struct cmd cmds[];
extern const size_t cmd_count;

int cmd_check(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_cover(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_spec(int argc, char **argv);
int cmd_trace(int argc, char **argv);

#endif
