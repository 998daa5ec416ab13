/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs qemu-system-x86_64 and reads its memory through the monitor; see qemu.h. */
#include "tests/oracle/qemu.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static bool file_put(char *path, struct bytes data)
{
	int fd = mkstemp(path);
	bool ok = fd >= 0 && write(fd, data.data, data.len) == (ssize_t)data.len;

	if (fd >= 0)
		close(fd);
	return ok;
}

bool qemu_screen(const char *kernel, struct bytes initrd, uint8_t *ret_text, size_t size)
{
	char disk[] = "/tmp/bootpath-initrd-XXXXXX", screen[] = "/tmp/bootpath-screen-XXXXXX";
	char command[4096];
	bool ok = false;
	FILE *f;

	if (file_put(disk, initrd) && file_put(screen, (struct bytes){ (const uint8_t *)"", 0 })) {
		snprintf(
			command, sizeof(command),
			"(sleep %d; echo 'pmemsave 0xb8000 %zu \"%s\"'; sleep 1; echo quit) | "
			"timeout 60 qemu-system-x86_64 -nodefaults -vga std -display none -m 512M -cpu qemu64 "
			"-accel tcg -kernel '%s' -initrd %s -monitor stdio >/dev/null 2>&1",
			SECONDS, size, screen, kernel, disk);
		if (system(command) != -1 && (f = fopen(screen, "rb"))) {
			ok = fread(ret_text, size, 1, f) == 1;
			fclose(f);
		}
	}
	unlink(disk);
	unlink(screen);
	return ok;
}
