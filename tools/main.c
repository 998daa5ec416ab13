/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootpath: finds the sub-command and makes sure that what it printed arrived. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/cmd.h"

static void print_usage(FILE *to)
{
	fprintf(to,
		"Usage: bootpath COMMAND [OPTION...] IMAGE...\n"
		"Boot x86 kernel images in an emulator and judge the machine at each handover.\n"
		"\nCommands:\n");
	for (size_t i = 0; i < cmd_count; i++)
		fprintf(to, "  %-10s %s\n", cmds[i].name, cmds[i].help);
	fprintf(to,
		"\n`bootpath COMMAND --help` lists the options of a command.\n"
		"\nExit status: 0 all passed, 1 something failed, 2 usage, 125 something could not be judged.\n");
}

/* At exit: output that could not be written is an error of ours, not a silent loss. */
static void close_stdout(void)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (fclose(stdout) || failed) {
		fprintf(stderr, "bootpath: standard output: %s\n",
			errno ? strerror(errno) : "cannot be written");
		_exit(EXIT_CANNOT_JUDGE);
	}
}

/* A closed standard stream must not become the number of the next file that is opened. */
static void hold_standard_streams(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			_exit(EXIT_CANNOT_JUDGE);
	}
}

static const struct cmd *cmd_find(const char *name)
{
	for (size_t i = 0; i < cmd_count; i++) {
		if (!strcmp(cmds[i].name, name))
			return &cmds[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct cmd *cmd;
	char title[64];

	hold_standard_streams();
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error to report, not a death */
	atexit(close_stdout);
	argp_err_exit_status = EXIT_USAGE;
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("bootpath %s\n", BOOTPATH_VERSION);
		return 0;
	}
	cmd = cmd_find(argv[1]);
	if (!cmd) {
		fprintf(stderr, "bootpath: there is no command %s; `bootpath --help` lists them\n",
			argv[1]);
		return EXIT_USAGE;
	}
	snprintf(title, sizeof(title), "bootpath %s", cmd->name);
	argv[1] = title;
	return cmd->run(argc - 1, argv + 1);
}
