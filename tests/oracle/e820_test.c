/* SPDX-License-Identifier: GPL-2.0-or-later */
/* platform_init()'s E820 map against the one that INT 15h AX=E820h returns under QEMU, asked afresh by a boot sector (tests/guest/e820_sector.S). */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "emu/base/platform.h"

#define SECTOR TEST_OUT "/tests/guest/e820_sector.bin"

/* QEMU older or newer than this splits memory elsewhere or has other reserved ranges. */
#define QEMU_VERSION "7.2."

static bool qemu_is_ours(void)
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

/* Bytes of E820 entries, 20 an entry, or 0. Memory is not reserved: the guest touches little of it. */
static size_t capture(uint64_t memory, uint8_t *ret, size_t size)
{
	char out[] = "/tmp/bootpath-e820-XXXXXX";
	char command[1024];
	size_t got = 0;
	int fd = mkstemp(out);
	FILE *f;

	cr_assert(ge(int, fd, 0));
	snprintf(
		command, sizeof(command),
		"timeout 60 qemu-system-x86_64 -nodefaults -display none -machine pc,memory-backend=ram "
		"-object memory-backend-ram,id=ram,reserve=off,size=%lluK -m %lluK -accel tcg "
		"-drive file=%s,format=raw,if=floppy,readonly=on -boot a -debugcon file:%s "
		"-device isa-debug-exit,iobase=0x501 -no-reboot 2>/dev/null",
		(unsigned long long)(memory >> 10), (unsigned long long)(memory >> 10), SECTOR,
		out);
	if (system(command) != -1) {
		f = fdopen(fd, "rb");
		got = fread(ret, 1, size, f);
		fclose(f);
	}
	unlink(out);
	return got;
}

Test(e820, default_map_is_what_seabios_says_today, .timeout = 300)
{
	static const uint64_t sizes[] = { MIB(2),    MIB(64),   KIB(65592), MIB(512), MIB(3583),
					  MIB(3584), GIB(3),    GIB(4),     GIB(8),   GIB(64),
					  GIB(65),   GIB(1008), GIB(1009) };

	if (access(SECTOR, R_OK) != 0)
		cr_skip("the boot sector is not built");
	if (!qemu_is_ours())
		cr_skip("no qemu-system-x86_64 of version 7.2");

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t raw[20 * PLATFORM_E820_MAX];
		size_t len = capture(sizes[i], raw, sizeof(raw));
		struct platform p;

		cr_assert(eq(int, platform_init(&p, sizes[i], NULL), 0));
		cr_expect(eq(sz, len, 20 * (size_t)p.e820_count), "%llu MiB",
			  (unsigned long long)(sizes[i] >> 20));
		for (unsigned k = 0; k < p.e820_count && (k + 1) * 20 <= len; k++) {
			cr_expect(eq(u64, p.e820[k].addr, get_le64(raw + 20 * k)), "%llu MiB",
				  (unsigned long long)(sizes[i] >> 20));
			cr_expect(eq(u64, p.e820[k].size, get_le64(raw + 20 * k + 8)), "%llu MiB",
				  (unsigned long long)(sizes[i] >> 20));
			cr_expect(eq(u32, p.e820[k].type, get_le32(raw + 20 * k + 16)), "%llu MiB",
				  (unsigned long long)(sizes[i] >> 20));
		}
		platform_release(&p);
	}
}
