/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath trace show`: what a trace file holds, in several views. */
#ifndef TOOLS_TRACE_SHOW_H
#define TOOLS_TRACE_SHOW_H

/* argv[0] is "show"; returns the exit status. */
int trace_show_command(int argc, char **argv);

#endif
