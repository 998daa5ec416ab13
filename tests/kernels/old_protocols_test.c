/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The demonstration image with another protocol version in its header, as a zImage, and without any header, entered by
 * LILO and SYSLINUX: what each protocol lets a loader write (boot.rst "Details of Header Fields"), and that the setup
 * code runs on it to the protected-mode code.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <unistd.h>

#include "loaders/bootparam.h"
#include "tools/file.h"
#include "tools/report.h"

#define DEMO       TEST_OUT "/tests/demo.bzImage"
#define VERSION_AT 0x206u
#define OLD_MAGIC_AT \
	0x20u /* boot.rst "The Kernel Command Line", the old protocol: magic A33Fh and offset */
#define OLD_MAGIC      0xa33f
#define OLD_REAL_MODE  0x90000ull
#define INITRD_MAX_OLD 0x37ffffffull /* boot.rst initrd_addr_max, before 2.03: the highest byte */
#define TEXT           "hello world"

struct form {
	uint16_t protocol; /* 0: no header */
	bool zimage;
};

static const struct form forms[] = {
	{ 0x0204, false }, { 0x0203, false }, { 0x0202, false },
	{ 0x0201, false }, { 0x0200, false }, { 0x0203, true },
	{ 0x0201, true },  { 0x0200, true },  { 0, true },
};

static const char *const loaders[] = { "lilo", "syslinux" };

/* One run of one form under one loader. */
struct boot {
	const struct form *form;
	uint8_t file_header[BOOT_PARAMS_SIZE];
	struct image *image;
	struct report_path report;
	uint8_t setup[BOOT_PARAMS_SIZE]; /* the real-mode part's first page at the entry */
	gpa_t base;
};

/* What stands where the other form has something else; code32_start follows the place of the protected-mode code. */
static void alter(uint8_t *p, const struct form *f)
{
	if (f->zimage) {
		p[bp_fields[BP_HDR_LOADFLAGS].offset] = 0;
		put_le32(p + bp_fields[BP_HDR_CODE32_START].offset, 0x10000);
	}
	put_le16(p + VERSION_AT, f->protocol);
	if (!f->protocol) {
		p[0] = p[1] = 0; /* nor is it a PE file */
		put_le32(p + VERSION_AT - 4, 0);
	}
}

static void boot(struct boot *b, const struct form *form, const char *loader)
{
	static const uint8_t initrd[4096] = { 1 };
	const struct sod_path *path = sod_path_find("bios");
	struct run_options options = { .memory = GIB(1),
				       .cmdline = TEXT,
				       .initrd = { initrd, form->protocol ? sizeof(initrd) : 0 },
				       .until = "compressed",
				       .keep_pages = true,
				       .max_instructions = 1000000 };
	struct diag diag = { 0 };
	struct buf file = { 0 };
	char name[] = "/tmp/bootpath-form-XXXXXX";
	int fd = mkstemp(name);

	*b = (struct boot){ .form = form };
	cr_assert(ge(int, fd, 0));
	cr_assert(eq(int, file_read(DEMO, MIB(1), &file, &diag), 0), "%s", diag.text);
	alter(file.data, form);
	memcpy(b->file_header, file.data, sizeof(b->file_header));
	cr_assert(eq(long, write(fd, file.data, file.len), (long)file.len));
	close(fd);
	buf_free(&file);
	cr_assert(eq(int, image_open(&b->image, name, &diag), 0), "%s", diag.text);
	unlink(name);
	path_run(b->image, path, sod_variant_find(path, loader), &options, &b->report);
	cr_assert(eq(int, b->report.outcome, OUTCOME_PASS), "%04x %d %s: %s", form->protocol,
		  form->zimage, loader, b->report.reason);
	b->base = b->report.handovers[0].cpu.seg[SEG_DS].base;
	cr_assert(eq(int,
		     pages_read(b->report.handovers[0].pages, b->base, b->setup, sizeof(b->setup)),
		     0));
}

static void boot_release(struct boot *b)
{
	report_path_release(&b->report);
	image_close(b->image);
}

static bool as_in_file(const struct boot *b, enum bp_field f)
{
	return bp_get(b->setup, f) == bp_get(b->file_header, f);
}

static void expect_cmdline(const struct boot *b, const char *what)
{
	bool is_old = b->form->protocol < 0x0202;
	gpa_t at = is_old ? b->base + get_le16(b->setup + OLD_MAGIC_AT + 2) :
			    bp_get(b->setup, BP_HDR_CMD_LINE_PTR);
	char text[128] = "";

	pages_read(b->report.handovers[0].pages, at, text, sizeof(text) - 1);
	cr_expect(strstr(text, TEXT) != NULL, "%s: '%s'", what, text);
	cr_expect(eq(int, get_le16(b->setup + OLD_MAGIC_AT) == OLD_MAGIC, is_old), "%s", what);
	cr_expect(eq(int, as_in_file(b, BP_HDR_CMD_LINE_PTR), is_old), "%s", what);
}

static void expect_header(const struct boot *b, const char *loader, const char *what)
{
	uint16_t p = b->form->protocol;
	uint64_t type = strcmp(loader, "lilo") == 0 ? 0x02 : 0x30;

	cr_expect(eq(u64, bp_get(b->setup, BP_HDR_TYPE_OF_LOADER), p ? type : 0), "%s", what);
	/* From 2.01 on there is a heap to be granted. */
	cr_expect(eq(int, !!(bp_get(b->setup, BP_HDR_LOADFLAGS) & LOADFLAG_CAN_USE_HEAP),
		     p >= 0x0201),
		  "%s", what);
	cr_expect(eq(int, as_in_file(b, BP_HDR_HEAP_END_PTR), p < 0x0201), "%s", what);
	if (p)
		cr_expect(le(u64,
			     bp_get(b->setup, BP_HDR_RAMDISK_IMAGE) +
				     bp_get(b->setup, BP_HDR_RAMDISK_SIZE),
			     p < 0x0203 ? INITRD_MAX_OLD + 1 : GIB(1)),
			  "%s", what);
	else
		cr_expect(as_in_file(b, BP_HDR_RAMDISK_IMAGE), "%s", what);
}

static void expect_places(const struct boot *b, const char *what)
{
	const struct handover *last = &b->report.handovers[b->report.handover_count - 1];
	bool is_low = b->form->zimage || b->form->protocol < 0x0202;

	cr_expect(eq(int, last->point, POINT_COMPRESSED), "%s", what);
	cr_expect(eq(u64, last->cpu.rip, b->form->zimage ? 0x10000 : 0x100000), "%s", what);
	if (is_low)
		cr_expect(eq(u64, b->base, OLD_REAL_MODE), "%s", what);
}

Test(old_protocols, lilo_and_syslinux_write_what_each_one_has, .timeout = 60)
{
	if (access(DEMO, R_OK) != 0)
		cr_skip("the demonstration image is not built");
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(loaders); k++) {
			struct boot b;
			char what[64];

			snprintf(what, sizeof(what), "%s, %s of protocol %04x", loaders[k],
				 forms[i].zimage ? "zImage" : "bzImage", forms[i].protocol);
			boot(&b, &forms[i], loaders[k]);
			expect_cmdline(&b, what);
			expect_header(&b, loaders[k], what);
			expect_places(&b, what);
			boot_release(&b);
		}
	}
}
