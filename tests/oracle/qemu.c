/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs qemu-system-x86_64 and reads its memory through the monitor; see qemu.h. */
#include "tests/oracle/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/base/buf.h"

#define QEMU_VERSION "7.2."
#define SECONDS      5 /* TCG boots a floppy under MEMDISK in less than one */

bool qemu_is_ours(void)
{
	char line[256] = "";
	FILE *f = popen("qemu-system-x86_64 --version 2>/dev/null", "r");

	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	pclose(f);
	return strstr(line, "version " QEMU_VERSION) != NULL;
}

/* A file of @data at @path, whose end mkstemp() fills in. */
static bool file_put(char *path, struct bytes data)
{
	int fd = mkstemp(path);
	bool ok = fd >= 0 && write(fd, data.data, data.len) == (ssize_t)data.len;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* The monitor's commands, each after the seconds that the guest needs before it. */
static void monitor_lines(const struct qemu_boot *b, const char *dump, gpa_t gpa, size_t size,
			  struct buf *out)
{
	char *keys = strdup(b->keys ? b->keys : ""), *rest = keys, *key;

	buf_printf(out, "(sleep %u; ", b->seconds ? b->seconds : SECONDS);
	while ((key = strsep(&rest, " ")))
		if (*key)
			buf_printf(out, "echo sendkey %s 50; sleep 0.3; ", key);
	buf_printf(out, "sleep %u; echo 'pmemsave 0x%llx %zu \"%s\"'; sleep 1; echo quit) | ",
		   b->keys ? 1 : 0, (unsigned long long)gpa, size, dump);
	free(keys);
}

static bool run(const struct qemu_boot *b, const char *initrd, const char *dump, gpa_t gpa,
		size_t size)
{
	struct buf command = { 0 };
	bool ok;

	monitor_lines(b, dump, gpa, size, &command);
	buf_printf(
		&command,
		"timeout 60 qemu-system-x86_64 -nodefaults -vga std -display none -m 512M -cpu %s -accel tcg -kernel '%s' -monitor stdio",
		b->cpu ? b->cpu : "qemu64", b->kernel);
	if (b->cmdline)
		buf_printf(&command, " -append '%s'", b->cmdline);
	if (b->initrd.len)
		buf_printf(&command, " -initrd %s", initrd);
	if (b->disk)
		buf_printf(&command, " -drive file='%s',format=raw,if=ide,snapshot=on", b->disk);
	buf_puts(&command, " >/dev/null 2>&1");
	ok = !command.failed && system(buf_str(&command)) != -1;
	buf_free(&command);
	return ok;
}

bool qemu_memory(const struct qemu_boot *b, gpa_t gpa, void *ret, size_t size)
{
	char initrd[] = "/tmp/bootpath-initrd-XXXXXX", dump[] = "/tmp/bootpath-dump-XXXXXX";
	bool ok = false;
	FILE *f;

	if (file_put(initrd, b->initrd) && file_put(dump, (struct bytes){ 0 }) &&
	    run(b, initrd, dump, gpa, size) && (f = fopen(dump, "rb"))) {
		ok = fread(ret, size, 1, f) == 1;
		fclose(f);
	}
	unlink(initrd);
	unlink(dump);
	return ok;
}

static void qemu_exec(const char *kernel, const char *plugin)
{
	char *argv[] = { (char *)"timeout",
			 (char *)"60",
			 (char *)"qemu-system-x86_64",
			 (char *)"-nodefaults",
			 (char *)"-vga",
			 (char *)"std",
			 (char *)"-display",
			 (char *)"none",
			 (char *)"-m",
			 (char *)"512M",
			 (char *)"-cpu",
			 (char *)"qemu64",
			 (char *)"-accel",
			 (char *)"tcg",
			 (char *)"-kernel",
			 (char *)(uintptr_t)kernel,
			 (char *)"-append",
			 (char *)"nokaslr",
			 (char *)"-plugin",
			 (char *)(uintptr_t)plugin,
			 NULL };
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execvp(argv[0], argv);
	_exit(127);
}

int qemu_pcs_open(const struct qemu_pcs *p, char why[128])
{
	const char *folder = getenv("BOOTPATH_OUT");
	struct buf plugin = { 0 };
	int pipes[2];
	pid_t pid;

	buf_printf(&plugin, "%s/tests/qemu_pcs.so", folder ? folder : TEST_OUT);
	if (access(buf_str(&plugin), R_OK) || pipe(pipes)) {
		snprintf(why, 128, "%s: %s", buf_str(&plugin), strerror(errno));
		buf_free(&plugin);
		return -1;
	}
	buf_printf(&plugin, ",from=0x%llx,to=0x%llx,out=/dev/fd/%d", (unsigned long long)p->from,
		   (unsigned long long)p->to, pipes[1]);
	for (size_t i = 0; i < ARRAY_SIZE(p->memory) && p->memory[i].size; i++)
		buf_printf(&plugin, ",mem=0x%llx:0x%llx", (unsigned long long)p->memory[i].gpa,
			   (unsigned long long)p->memory[i].size);
	pid = fork();
	if (!pid) {
		close(pipes[0]);
		qemu_exec(p->kernel, buf_str(&plugin));
	}
	buf_free(&plugin);
	close(pipes[1]);
	if (pid < 0) {
		close(pipes[0]);
		snprintf(why, 128, "fork: %s", strerror(errno));
		return -1;
	}
	return pipes[0];
}

void qemu_pcs_close(int fd)
{
	close(fd);
	/* With nobody to read it QEMU ends at its next write. */
	while (wait(NULL) > 0)
		;
}
