/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder as a FAT32 volume, and what readers of other origin make of it: fsck.fat (dosfstools) and mcopy (mtools). */
#include "loaders/fat_image.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loaders/file_tree.h"

static char top[64];

static void setup(void)
{
	snprintf(top, sizeof(top), "/tmp/bootpath-fat-XXXXXX");
	cr_assert_not_null(mkdtemp(top));
}

static int shell(const char *format)
{
	char command[1024];

	snprintf(command, sizeof(command), "cd %s && { %s; }", top, format);
	return system(command);
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	cr_assert_eq(system(command), 0);
}

TestSuite(fat_image, .init = setup, .fini = teardown);

/* The volume of @top/in becomes @top/volume; sectors of zeros are holes. */
static void volume_write(void)
{
	static const uint8_t zeros[FAT_SECTOR_SIZE];
	struct file_tree *tree = NULL;
	struct diag diag = { 0 };
	uint8_t sector[FAT_SECTOR_SIZE];
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/in", top);
	cr_assert_eq(file_tree_read(&tree, path, &diag), 0, "%s", diag.text);
	snprintf(path, sizeof(path), "%s/volume", top);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	cr_assert(fd >= 0 && !ftruncate(fd, (off_t)tree->fat.sectors * FAT_SECTOR_SIZE));
	for (uint32_t i = 0; i < tree->fat.sectors; i++) {
		fat_sector_read(tree, i, sector);
		if (memcmp(sector, zeros, sizeof(zeros)) != 0)
			cr_assert_eq(pwrite(fd, sector, sizeof(sector), (off_t)i * FAT_SECTOR_SIZE),
				     FAT_SECTOR_SIZE);
	}
	close(fd);
	file_tree_free(tree);
}

/* Files of no bytes, one, a cluster, and several; names of the 8.3 form and others; a folder of many clusters. */
static const char populate[] =
	"mkdir -p in/EFI/BOOT in/many 'in/an empty folder' && cd in && : >empty && printf a >one &&"
	" head -c 4096 /dev/zero | tr '\\0' x >cluster.bin && seq 1 20000 >EFI/BOOT/bootx64.efi &&"
	" cp one 'long name (1).tar.gz' && cp one 'long name (2).tar.gz' && cp one LONGNA~1.GZ &&"
	" cp one .hidden && cp one thirteen.char &&"
	" for i in $(seq 1 300); do echo $i >many/a-rather-long-file-name-$i; done";

Test(fat_image, a_checker_finds_no_fault, .timeout = 20)
{
	cr_assert_eq(shell(populate), 0);
	volume_write();
	cr_expect_eq(
		shell("/usr/sbin/fsck.fat -n -v volume >fsck.log 2>&1 || { cat fsck.log; false; }"),
		0);
	cr_expect_eq(shell("grep -q '2 FATs, 32 bit entries' fsck.log || { cat fsck.log; false; }"),
		     0);
	/* fsck.fat ends well with a warning too. */
	cr_expect_eq(shell("! grep -iE 'wrong|bad|differ|dirty|invalid|orphan' fsck.log"), 0);
}

Test(fat_image, a_reader_finds_every_byte, .timeout = 20)
{
	cr_assert_eq(shell(populate), 0);
	volume_write();
	cr_assert_eq(shell("mkdir out && mcopy -s -n -i volume '::*' out"), 0);
	cr_expect_eq(shell("diff -r in out"), 0);
}

/* The minimum of "FAT Type Determination" is passed with files of more than it, too. */
Test(fat_image, a_large_file_goes_beyond_the_least_size, .timeout = 20)
{
	cr_assert_eq(shell("mkdir in && truncate -s 280M in/large && echo end >>in/large"), 0);
	volume_write();
	cr_expect_eq(
		shell("/usr/sbin/fsck.fat -n volume >fsck.log 2>&1 || { cat fsck.log; false; }"),
		0);
	cr_expect_eq(shell("mtype -i volume ::large | cmp - in/large"), 0);
}
