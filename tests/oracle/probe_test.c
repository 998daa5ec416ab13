/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Some 240 BIOS calls (tests/guest/bios_probe.S) made under our BIOS and, at the same time, under QEMU with SeaBIOS:
 * what each leaves in registers, flags and memory is the same, but for the rows below.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/bios_probe.h"
#include "tests/oracle/bios_run.h"
#include "tests/oracle/qemu.h"

#define PROBE      TEST_OUT "/tests/guest/bios_probe.bin"
#define REGISTERS  10u /* AX BX CX DX SI DI BP DS ES FLAGS */
#define BUFFER     0x20u
#define CALLS_MAX  400u
#define DATA_SIZE  0x1000u
#define BUFFER_END (PROBE_SIZE - BUFFER)

static const char *const register_names[REGISTERS] = { "AX", "BX", "CX", "DX", "SI",
						       "DI", "BP", "DS", "ES", "FLAGS" };

/* What is known to differ: registers, one bit each, and bytes of the buffer. */
struct known {
	uint8_t vector;
	uint16_t ax;
	uint16_t registers;
	uint16_t from, to;
	const char *reason;
};

#define AX BIT(0)
#define BX BIT(1)
#define CX BIT(2)
#define DX BIT(3)
#define BP BIT(6)
#define ES BIT(8)

/* clang-format off */
static const struct known known[] = {
	{ 0x11, 0x0000, AX, 0, 0, "this machine has a serial port, and no PS/2 mouse" },
	{ 0x13, 0x4800, 0, 26, 30, "the device parameter table lies where each BIOS has room for it" },
	{ 0x10, 0x1130, BP, 0, 0, "likewise a font" },
	{ 0x10, 0x1b00, 0, 0, 4, "likewise the static functionality table" },
	{ 0x10, 0x4f00, 0, 6, 10, "likewise the OEM string" },
	{ 0x10, 0x4f00, 0, 22, 34, "likewise vendor, product and revision" },
	{ 0x10, 0x4f01, 0, 12, 16, "likewise the function that switches windows" },
};
/* clang-format on */

struct probe {
	uint8_t calls[CALLS_MAX * PROBE_SIZE];
	uint8_t data[DATA_SIZE];
};

static bool is_known(const uint8_t *call, unsigned reg, unsigned at)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].vector != get_le16(call + 20) || known[i].ax != get_le16(call + 22))
			continue;
		if (reg < REGISTERS && known[i].registers & BIT(reg))
			return true;
		if (reg == REGISTERS && at >= known[i].from && at < known[i].to)
			return true;
	}
	return false;
}

static void expect_call(const uint8_t *ours, const uint8_t *theirs, uint16_t cx)
{
	unsigned vector = get_le16(ours + 20), ax = get_le16(ours + 22);

	for (unsigned r = 0; r < REGISTERS; r++)
		if (get_le16(ours + 2 * r) != get_le16(theirs + 2 * r) && !is_known(ours, r, 0))
			cr_expect(eq(u16, get_le16(ours + 2 * r), get_le16(theirs + 2 * r)),
				  "INT %02xh AX=%04xh, CX %04xh after it: %s", vector, ax, cx,
				  register_names[r]);
	for (unsigned i = 0; i < BUFFER_END; i++) {
		if (ours[BUFFER + i] == theirs[BUFFER + i] || is_known(ours, REGISTERS, i))
			continue;
		cr_expect(eq(u8, ours[BUFFER + i], theirs[BUFFER + i]),
			  "INT %02xh AX=%04xh, CX %04xh after it: byte %u of the buffer", vector,
			  ax, cx, i);
		break;
	}
}

static void run_ours(struct bytes disk, struct probe *ret)
{
	/* The document's variant has a display; the segments do not depend on it. */
	struct bios_run run = {
		.path = PROBE, .variant = "spec", .disk = disk, .max_instructions = 100000000
	};

	cr_assert(bios_run(&run));
	cr_expect(eq(int, run.stop.kind, STOP_HLT), "%s", run.stop.text);
	machine_read(run.m, PROBE_RESULTS, ret->calls, sizeof(ret->calls));
	machine_read(run.m, PROBE_DATA, ret->data, sizeof(ret->data));
	bios_run_release(&run);
}

/* A disk whose sectors begin with their numbers, with a boot sector's signature and disk id. */
static void disk_make(char *path, size_t size, struct bytes *ret)
{
	int fd = mkstemp(path);
	uint8_t *p;

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(int, ftruncate(fd, (off_t)size), 0));
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert(p != MAP_FAILED);
	close(fd);
	for (size_t i = 0; i < 2048 && (i + 1) * 512 <= size; i++)
		put_le32(p + i * 512, (uint32_t)i);
	put_le32(p + 440, 0x12345678);
	p[510] = 0x55;
	p[511] = 0xaa;
	*ret = (struct bytes){ .data = p, .len = size };
}

static bool is_done(const struct probe *p)
{
	for (unsigned n = 0; n < CALLS_MAX; n++)
		if (get_le32(p->calls + n * PROBE_SIZE + 20) == PROBE_DONE)
			return true;
	return false;
}

/* A busy host may need more than the two seconds that are plenty otherwise. */
static void run_theirs(struct qemu_boot *boot, struct probe *ret)
{
	static uint8_t memory[PROBE_RESULTS - PROBE_DATA + sizeof(ret->calls)];

	for (boot->seconds = 2; boot->seconds <= 16 && !is_done(ret); boot->seconds *= 2) {
		cr_assert(qemu_memory(boot, PROBE_DATA, memory, sizeof(memory)));
		memcpy(ret->data, memory, sizeof(ret->data));
		memcpy(ret->calls, memory + (PROBE_RESULTS - PROBE_DATA), sizeof(ret->calls));
	}
}

static void compare(size_t size)
{
	static struct probe ours, theirs; /* too large for the stack */
	char path[] = "/tmp/bootpath-disk-XXXXXX";
	struct qemu_boot boot = { .kernel = PROBE };
	struct bytes disk = { 0 };
	unsigned n = 0;

	if (size) {
		disk_make(path, size, &disk);
		boot.disk = path;
	}
	run_ours(disk, &ours);
	run_theirs(&boot, &theirs);
	if (size) {
		munmap((void *)(uintptr_t)disk.data, disk.len);
		unlink(path);
	}
	for (; n < CALLS_MAX; n++) {
		const uint8_t *a = ours.calls + n * PROBE_SIZE, *b = theirs.calls + n * PROBE_SIZE;

		if (get_le32(b + 20) == PROBE_DONE)
			break;
		cr_assert(eq(u32, get_le32(a + 20), get_le32(b + 20)), "call %u", n);
		expect_call(a, b, get_le16(a + 4));
	}
	cr_expect(gt(uint, n, 200));
	cr_expect(eq(int, memcmp(ours.data, theirs.data, DATA_SIZE), 0), "what EDD reads brought");
}

static void need(void)
{
	if (access(PROBE, R_OK) != 0)
		cr_skip("the probe is not built");
	if (!qemu_is_ours())
		cr_skip("no qemu-system-x86_64 of version 7.2");
}

Test(probe, every_call_answers_as_seabios_does_without_a_disk, .timeout = 120)
{
	need();
	compare(0);
}

/* Not a whole number of sectors, and of no size that a geometry divides. */
Test(probe, every_call_answers_as_seabios_does_with_a_disk_of_odd_size, .timeout = 120)
{
	need();
	compare(20u * 1024 * 1024 + 300);
}

Test(probe, every_call_answers_as_seabios_does_with_a_translated_disk, .timeout = 120)
{
	need();
	compare(1100u * 1024 * 1024);
}
