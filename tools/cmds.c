/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of sub-commands, in the order that --help lists them. */
#include "tools/cmd.h"

/* clang-format off */
const struct cmd cmds[] = {
	{ "inspect", cmd_inspect, "show what an image is, its entries, and who would choose which" },
	{ "run",     cmd_run,     "boot an image by one path and say where it got to" },
	{ "check",   cmd_check,   "boot images by every path they offer and judge every handover" },
	{ "diff",    cmd_diff,    "compare two boots: paths, images or reports" },
	{ "trace",   cmd_trace,   "record every instruction of a boot, and show what was recorded" },
	{ "cover",   cmd_cover,   "say which code of an image runs on which of its paths" },
	{ "spec",    cmd_spec,    "list, show and check the rules that images are judged by" },
};
/* clang-format on */

const size_t cmd_count = ARRAY_SIZE(cmds);
