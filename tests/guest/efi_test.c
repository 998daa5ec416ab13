/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI guests, tests/guest/efi: each checks the firmware from inside and reports on its console. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "models/acpi.h"
#include "models/efi.h"
#include "models/sod.h"
#include "tests/lib/efi_guest.h"
#include "models/efi_gop.h"
#include "loaders/file_tree.h"

/* Every check good, and as many as the guest counted; the last line is the plan. */
static void expect_report(const struct efi_guest *g)
{
	const struct buf *console = machine_console(g->m);
	unsigned good = 0, plan = 0;
	char *text = strndup((const char *)console->data, console->len);
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		cr_expect(strncmp(line, "not ok ", 7) != 0, "%s", line + 7);
		good += strncmp(line, "ok ", 3) == 0;
		sscanf(line, "1..%u", &plan);
	}
	cr_expect(plan > 0, "the guest did not come to its end: %s", g->stop.text);
	cr_expect(good == plan, "%u of %u checks are good", good, plan);
	free(text);
}

static void expect_guest_on(const char *name, const struct platform *platform)
{
	struct efi_guest g;

	efi_guest_open(&g, name, platform);
	efi_guest_run(&g);
	expect_report(&g);
	cr_expect(g.stop.kind == STOP_EXIT, "it ended by %s: %s", stop_kind_names[g.stop.kind],
		  g.stop.text);
	cr_expect(!machine_unmodelled(g.m), "it used what is not modelled");
	efi_guest_close(&g);
}

static void expect_guest(const char *name)
{
	expect_guest_on(name, NULL);
}

static struct platform platform_make(void)
{
	struct platform p;

	cr_assert(!platform_init(&p, MIB(256), NULL));
	return p;
}

/* A folder as tests/guest/efi/files.c describes it, read into a tree. */
static struct file_tree *make_partition(void)
{
	char top[] = "/tmp/bootpath-esp-XXXXXX", command[512];
	struct file_tree *tree = NULL;
	struct diag diag = { 0 };

	cr_assert_not_null(mkdtemp(top));
	snprintf(command, sizeof(command),
		 "cd %s && mkdir -p EFI/BOOT folder && echo hello, world >hello.txt", top);
	cr_assert_eq(system(command), 0);
	snprintf(command, sizeof(command), "cp " TEST_OUT "/tests/guest/efi/child.efi %s/EFI/BOOT/",
		 top);
	cr_assert_eq(system(command), 0);
	cr_assert_eq(file_tree_read(&tree, top, &diag), 0, "%s", diag.text);
	snprintf(command, sizeof(command), "rm -r %s", top);
	cr_assert_eq(system(command), 0);
	return tree;
}

static void expect_guest_with_partition(const char *name)
{
	struct file_tree *tree = make_partition();
	struct platform p = platform_make();

	p.esp = tree;
	expect_guest_on(name, &p);
	file_tree_free(tree);
}

Test(efi_guest, memory_services)
{
	expect_guest("memory");
}

Test(efi_guest, handle_database)
{
	expect_guest("handles");
}

Test(efi_guest, events_and_timers)
{
	expect_guest("events");
}

Test(efi_guest, the_timers_interrupt)
{
	expect_guest("ticks");
}

/* As on the path bios: time asleep is free, and ten minutes of it without a change are a hang. */
Test(efi_guest, a_guest_that_sleeps_for_ever_hangs)
{
	struct efi_guest g;

	efi_guest_open(&g, "asleep", NULL);
	efi_guest_run(&g);
	cr_expect(g.stop.kind == STOP_HLT && strstr(g.stop.text, "ten minutes of timer"), "%s: %s",
		  stop_kind_names[g.stop.kind], g.stop.text);
	efi_guest_close(&g);
}

Test(efi_guest, variables_and_time)
{
	expect_guest("variables");
}

Test(efi_guest, tables_and_what_they_lead_to)
{
	struct platform p = platform_make();

	/* In UTF-8; the guest expects four characters. */
	p.cmdline = "a \xc3\xa9\xe2\x82\xac";
	acpi_platform_init(&p);
	expect_guest_on("tables", &p);
}

Test(efi_guest, protocols)
{
	static const uint8_t initrd[] = { 'i', 'n', 'i', 't', 'r', 'd' };
	struct platform p = platform_make();

	p.keys = "k\n";
	p.initrd = (struct bytes){ initrd, sizeof(initrd) };
	expect_guest_on("protocols", &p);
}

/* As EVENT_EFI_CALL names it: the offset in the table of boot services, 4.4. */
#define EXIT_BOOT_SERVICES 0xe8u

/* Once boot services are gone the guest can only reset, with a status that says how it went. */
Test(efi_guest, exit_boot_services)
{
	struct efi_guest g;
	const struct event *events;
	size_t count, wrong = 0, ticks[2] = { 0 };
	bool exited = false;

	efi_guest_open(&g, "exit", NULL);
	efi_guest_run(&g);
	cr_expect(g.stop.kind == STOP_EXIT && strstr(g.stop.text, "status 0x0)"), "%s",
		  g.stop.text);
	events = machine_events(g.m, &count);
	for (size_t i = 0; i < count; i++)
		wrong += events[i].kind == EVENT_EFI_CALL && events[i].arg[2] != 0;
	/* 7.4.6: the timer is off, also the interrupt that was under way. */
	for (size_t i = 0; i < count; i++) {
		if (events[i].kind == EVENT_EFI_CALL && events[i].arg[0] == EXIT_BOOT_SERVICES)
			exited = events[i].arg[1] == EFI_SUCCESS;
		ticks[exited] += events[i].kind == EVENT_INTERRUPT;
	}
	cr_expect(exited && ticks[0] > 0 && ticks[1] == 0, "%zu interrupts before, %zu behind",
		  ticks[0], ticks[1]);
	cr_expect(wrong == 0, "%zu calls by a well-behaved guest broke the ABI", wrong);
	efi_guest_close(&g);
}

Test(efi_guest, files_of_the_partition)
{
	expect_guest_with_partition("files");
}

Test(efi_guest, blocks_of_the_disk)
{
	expect_guest_with_partition("block");
}

Test(efi_guest, images_that_an_image_loads)
{
	expect_guest_with_partition("images");
}

Test(efi_guest, graphics_output)
{
	struct platform p = platform_make();

	p.gop_width = 800;
	p.gop_height = 600;
	cr_assert(!efi_gop_platform(&p));
	expect_guest_on("gop", &p);
}
