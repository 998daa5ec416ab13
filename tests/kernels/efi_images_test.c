/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UEFI images other than Linux in our firmware (tests/kernels/efi_images.sh fetches them): a boot loader that loads
 * and starts a kernel through LoadImage() and StartImage(), and programs that show what they show on real machines.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loaders/file_tree.h"
#include "models/efi_gop.h"
#include "models/sod.h"
#include "tests/lib/kernels.h"
#include "tools/report.h"

static struct image *efi_image(const char *name)
{
	const char *images = getenv("BOOTPATH_IMAGES");
	struct image *image = NULL;
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", images ? images : "o/images", name);
	if (image_open(&image, path, NULL) < 0)
		cr_skip("no %s: tests/kernels/efi_images.sh fetches it", name);
	return image;
}

/* A folder of the host with what a test puts in it, then read into a tree. */
struct esp {
	char top[32];
	struct file_tree *tree;
};

static void esp_open(struct esp *esp)
{
	*esp = (struct esp){ .top = "/tmp/bootpath-esp-XXXXXX" };
	cr_assert_not_null(mkdtemp(esp->top));
}

static void esp_put(const struct esp *esp, const char *folder, const char *name, struct bytes data)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "mkdir -p %s/%s", esp->top, folder);
	cr_assert_eq(system(path), 0);
	snprintf(path, sizeof(path), "%s/%s/%s", esp->top, folder, name);
	f = fopen(path, "wb");
	cr_assert_not_null(f, "%s", path);
	cr_assert_eq(fwrite(data.data, 1, data.len, f), data.len);
	fclose(f);
}

static void esp_put_text(const struct esp *esp, const char *folder, const char *name,
			 const char *text)
{
	esp_put(esp, folder, name, (struct bytes){ (const uint8_t *)text, strlen(text) });
}

/* What was put there is in the tree; the folder is gone from the host. */
static void esp_read(struct esp *esp)
{
	struct diag diag = { 0 };
	char command[64];

	cr_assert_eq(file_tree_read(&esp->tree, esp->top, &diag), 0, "%s", diag.text);
	snprintf(command, sizeof(command), "rm -r %s", esp->top);
	cr_assert_eq(system(command), 0);
}

static void esp_close(struct esp *esp)
{
	esp->tree = file_tree_free(esp->tree);
}

static void efi_run(struct kernel_run *r, const struct image *image, const struct file_tree *esp,
		    uint64_t max_instructions)
{
	struct run_options options = { .memory = MIB(512), .cmdline = "", .esp = NULL };

	options.esp = (struct file_tree *)(uintptr_t)esp;
	options.max_instructions = max_instructions;
	options.max_is_users = true;
	kernel_run(r, image, "efi", "spec", &options);
}

static void expect_console(const struct kernel_run *r, const char *text)
{
	cr_expect(r->report.console && strstr(r->report.console, text), "\"%s\" in: %s (%s)", text,
		  r->report.console, r->report.reason);
}

/* Boot Loader Specification, type 1: \\loader\\entries\\NAME.conf says which kernel, with which command line. */
Test(efi_images, systemd_boot_starts_a_kernel, .timeout = 60)
{
	struct image *boot = efi_image("systemd-bootx64.efi"), *kernel = kernel_open("cloud");
	const struct handover *h;
	struct kernel_run r;
	struct esp esp;

	esp_open(&esp);
	esp_put_text(&esp, "loader", "loader.conf", "timeout 0\n");
	esp_put_text(&esp, "loader/entries", "a.conf",
		     "title A\nlinux /linux/vmlinuz\noptions console=ttyS0 nokaslr\n");
	esp_put(&esp, "linux", "vmlinuz", kernel->file);
	esp_put(&esp, "EFI/systemd", "systemd-bootx64.efi", boot->file);
	esp_read(&esp);
	efi_run(&r, boot, esp.tree, 2000000000);
	cr_expect_eq(r.report.outcome, OUTCOME_PASS, "%s", r.report.reason);
	cr_assert_eq(r.report.handover_count, 3);
	h = r.report.handovers;
	cr_expect_eq(h[0].point, POINT_ENTRY);
	cr_expect_str_eq(h[0].image, "systemd-bootx64.efi");
	cr_expect_eq(h[1].point, POINT_ENTRY);
	cr_expect_str_eq(h[1].image, "vmlinuz");
	cr_expect_str_eq(h[1].symbol, "efi_pe_entry");
	cr_expect_eq(h[2].point, POINT_KERNEL);
	cr_expect_str_eq(h[2].image, "vmlinuz");
	cr_expect_str_eq(h[2].symbol, "startup_64");
	kernel_run_release(&r);
	esp_close(&esp);
	image_close(kernel);
	image_close(boot);
}

/*
 * It counts down its prompt with a timer of its own and halts in between; a machine without a network card that it could
 * use is the end of it.
 */
Test(efi_images, ipxe_finds_no_network_and_returns, .timeout = 60)
{
	struct image *image = efi_image("ipxe.efi");
	struct kernel_run r;

	efi_run(&r, image, NULL, 60000000000);
	expect_console(&r, "iPXE initialising devices...ok");
	expect_console(&r, "Open Source Network Boot Firmware -- http://ipxe.org");
	expect_console(&r, "Press Ctrl-B for the iPXE command line...");
	expect_console(&r, "No more network devices");
	cr_expect_eq(r.report.outcome, OUTCOME_EXIT, "%s", r.report.reason);
	kernel_run_release(&r);
	image_close(image);
}

/* shim looks for GRUB beside itself, by the device path of its own LoadedImage. */
Test(efi_images, shim_names_what_it_lacks, .timeout = 60)
{
	struct image *image = efi_image("shimx64.efi");
	struct kernel_run r;
	struct esp esp;

	esp_open(&esp);
	esp_put(&esp, "EFI/debian", "shimx64.efi", image->file);
	esp_read(&esp);
	efi_run(&r, image, esp.tree, 100000000);
	expect_console(&r, "Failed to open \\EFI\\debian\\grubx64.efi - Not Found");
	kernel_run_release(&r);
	esp_close(&esp);
	image_close(image);
}

/* It has no disk that it could read, since there is no --esp: it comes up all the same. */
Test(efi_images, grub_comes_to_its_prompt, .timeout = 60)
{
	struct image *image = efi_image("grubx64.efi");
	struct kernel_run r;

	efi_run(&r, image, NULL, 110000000);
	expect_console(&r, "Welcome to GRUB!");
	expect_console(&r, "grub>");
	kernel_run_release(&r);
	image_close(image);
}

/* It finds the partition in the disk's table and the file in the FAT volume, both by Block I/O, with code of its own. */
Test(efi_images, grub_reads_its_configuration, .timeout = 60)
{
	struct image *image = efi_image("grubx64.efi");
	struct kernel_run r;
	struct esp esp;

	esp_open(&esp);
	esp_put_text(&esp, "EFI/debian", "grub.cfg", "echo read by grub\n");
	esp_put(&esp, "EFI/debian", "grubx64.efi", image->file);
	esp_read(&esp);
	efi_run(&r, image, esp.tree, 200000000);
	expect_console(&r, "read by grub");
	kernel_run_release(&r);
	esp_close(&esp);
	image_close(image);
}

/* By GRUB's own loader: no image is started that we could know, so the kernel itself says that it runs. */
Test(efi_images, grub_starts_a_kernel, .timeout = 60)
{
	struct image *image = efi_image("grubx64.efi"), *kernel = kernel_open("cloud");
	struct kernel_run r;
	struct esp esp;

	esp_open(&esp);
	esp_put_text(&esp, "EFI/debian", "grub.cfg",
		     "linux /linux/vmlinuz nokaslr earlyprintk=serial,ttyS0,115200\nboot\n");
	esp_put(&esp, "EFI/debian", "grubx64.efi", image->file);
	esp_put(&esp, "linux", "vmlinuz", kernel->file);
	esp_read(&esp);
	efi_run(&r, image, esp.tree, 600000000);
	expect_console(&r, "Linux version 6.1");
	expect_console(&r, "Command line: BOOT_IMAGE=/linux/vmlinuz nokaslr earlyprintk");
	kernel_run_release(&r);
	esp_close(&esp);
	image_close(kernel);
	image_close(image);
}

/* uapi/linux/screen_info.h: offsets, VIDEO_TYPE_EFI 0x70; lfb_size is in bytes with that type. */
Test(efi_images, the_kernel_finds_the_framebuffer, .timeout = 60)
{
	struct image *image = kernel_open("cloud");
	struct run_options options = kernel_options();
	struct kernel_run r;
	uint8_t info[0x40] = { 0 };

	options.gop_width = 1024;
	options.gop_height = 768;
	kernel_run(&r, image, "efi", "spec", &options);
	cr_assert_not_null(r.kernel, "%s", r.report.reason);
	cr_assert(pages_read(r.kernel->pages, r.kernel->boot_params, info, sizeof(info)) == 0);
	cr_expect_eq(info[0x0f], 0x70);
	cr_expect_eq(get_le16(info + 0x12), 1024);
	cr_expect_eq(get_le16(info + 0x14), 768);
	cr_expect_eq(get_le16(info + 0x16), 32);
	cr_expect_eq(get_le32(info + 0x18), EFI_FRAMEBUFFER);
	cr_expect_eq(get_le32(info + 0x1c), 1024 * 768 * 4);
	cr_expect_eq(get_le16(info + 0x24), 1024 * 4);
	kernel_run_release(&r);
	image_close(image);
}

/* --- memtest86+ draws its screen pixel by pixel --- */

#define GLYPH_HEIGHT 16u
#define ROWS         25u
#define COLUMNS      80u

/* The letter A of the VGA's 8x16 font, by which the image's own copy of the font is found. */
static const uint8_t letter_a[GLYPH_HEIGHT] = { 0,    0,    0x10, 0x38, 0x6c, 0xc6,
						0xc6, 0xfe, 0xc6, 0xc6, 0xc6, 0xc6 };

static const uint8_t *font_find(const struct image *image)
{
	const uint8_t *a = memmem(image->file.data, image->file.len, letter_a, sizeof(letter_a));

	return a && a - image->file.data >= 'A' * GLYPH_HEIGHT ? a - 'A' * GLYPH_HEIGHT : NULL;
}

/* The character whose glyph stands at pixel (x, y), whatever its colours; '?' for none. */
static char glyph_read(const struct machine *m, const struct platform *p, const uint8_t *font,
		       unsigned x, unsigned y)
{
	uint8_t rows[GLYPH_HEIGHT];
	uint32_t background = 0;

	for (unsigned k = 0; k < GLYPH_HEIGHT; k++) {
		uint8_t line[8 * 4];

		if (machine_read(m, EFI_FRAMEBUFFER + ((uint64_t)(y + k) * p->gop_width + x) * 4,
				 line, sizeof(line)))
			return '?';
		if (!k)
			background = get_le32(line);
		rows[k] = 0;
		for (unsigned i = 0; i < 8; i++)
			rows[k] |= (get_le32(line + i * 4) != background) << (7 - i);
	}
	for (unsigned c = ' '; c < 127; c++)
		if (memcmp(font + c * GLYPH_HEIGHT, rows, sizeof(rows)) == 0)
			return (char)c;
	return '?';
}

static void screen_read(const struct machine *m, const struct platform *p, const uint8_t *font,
			struct buf *out)
{
	unsigned left = (p->gop_width - COLUMNS * 8) / 2,
		 top = (p->gop_height - ROWS * GLYPH_HEIGHT) / 2;

	for (unsigned row = 0; row < ROWS; row++) {
		for (unsigned i = 0; i < COLUMNS; i++)
			buf_printf(out, "%c",
				   glyph_read(m, p, font, left + i * 8, top + row * GLYPH_HEIGHT));
		buf_puts(out, "\n");
	}
}

Test(efi_images, memtest_draws_its_screen, .timeout = 120)
{
	const struct sod_path *path = sod_path_find("efi");
	struct image *image = efi_image("memtest86+x64.efi");
	const uint8_t *font = font_find(image);
	/* It measures the CPU's clock for 50 ms first. */
	const struct run_limits limits = { .max_instructions = 80000000 };
	struct start_of_day sod = { 0 };
	struct machine *m = NULL;
	struct platform p;
	struct buf text = { 0 };
	struct diag diag = { 0 };
	struct stop stop;

	if (UNDER_ASAN)
		cr_skip("takes a minute under AddressSanitizer");
	cr_assert_not_null(font);
	cr_assert(!platform_init(&p, MIB(128), &diag));
	p.gop_width = 640;
	p.gop_height = 480;
	cr_assert(!efi_gop_platform(&p));
	cr_assert(!path->build(image, &p, &path->variants[0], &sod, &diag), "%s", diag.text);
	cr_assert(!machine_create(&m, &p, &diag));
	cr_assert(!sod_enter(&sod, m, &diag), "%s", diag.text);
	machine_run(m, &limits, &stop);
	screen_read(m, &p, font, &text);
	cr_expect_not_null(strstr(buf_str(&text), "Memtest86+"), "%s: %s", stop.text,
			   buf_str(&text));

	buf_free(&text);
	machine_destroy(m);
	sod_release(&sod);
	platform_release(&p);
	image_close(image);
}
