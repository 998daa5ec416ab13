/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders read whole: order, names by FAT's rules, and no way out of them. */
#include "loaders/file_tree.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64];

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	f = fopen(path, "w");
	cr_assert_not_null(f, "%s", path);
	fputs(text, f);
	fclose(f);
}

static void folder(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	cr_assert_eq(mkdir(path, 0755), 0);
}

static void setup(void)
{
	snprintf(top, sizeof(top), "/tmp/bootpath-tree-XXXXXX");
	cr_assert_not_null(mkdtemp(top));
}

static void teardown(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", top);
	cr_assert_eq(system(cmd), 0);
}

TestSuite(file_tree, .init = setup, .fini = teardown);

static struct file_tree *read_tree(void)
{
	struct file_tree *tree = NULL;
	struct diag diag = { 0 };

	cr_assert_eq(file_tree_read(&tree, top, &diag), 0, "%s", diag.text);
	return tree;
}

static uint32_t find(const struct file_tree *tree, uint32_t start, const char *path)
{
	uint16_t wide[300];
	size_t i = 0;

	for (; path[i]; i++)
		wide[i] = (uint8_t)path[i];
	wide[i] = 0;
	return file_tree_find(tree, start, wide);
}

/* UEFI 2.10, 13.5.2: backslashes, "." and "..", a leading backslash for the root; FAT: case does not matter. */
Test(file_tree, paths_lead_where_uefi_says)
{
	struct file_tree *tree;
	uint16_t path[64];
	uint32_t boot, linux_;

	folder("EFI");
	folder("EFI/BOOT");
	put("EFI/BOOT/BOOTX64.EFI", "MZ");
	put("linux", "kernel");
	tree = read_tree();
	boot = find(tree, 0, "\\EFI\\BOOT\\BOOTX64.EFI");
	linux_ = find(tree, 0, "linux");
	cr_assert_neq(boot, FILE_NODE_NONE);
	cr_assert_neq(linux_, FILE_NODE_NONE);
	cr_expect_eq(tree->nodes[boot].data.len, 2);
	cr_expect_eq(find(tree, 0, "efi\\boot\\bootx64.efi"), boot);
	cr_expect_eq(find(tree, tree->nodes[boot].parent, "BootX64.efi"), boot);
	cr_expect_eq(find(tree, tree->nodes[boot].parent, "..\\..\\LINUX"), linux_);
	cr_expect_eq(find(tree, tree->nodes[boot].parent, "\\linux"), linux_);
	cr_expect_eq(find(tree, 0, ".\\EFI\\.\\BOOT\\\\BOOTX64.EFI"), boot);
	cr_expect_eq(find(tree, 0, ""), 0);
	cr_expect_eq(find(tree, 0, "\\"), 0);
	cr_expect_eq(find(tree, 0, ".."), FILE_NODE_NONE, "nothing is above the root");
	cr_expect_eq(find(tree, 0, "EFI\\..\\..\\etc"), FILE_NODE_NONE);
	cr_expect_eq(find(tree, 0, "linux\\x"), FILE_NODE_NONE);
	cr_expect_eq(find(tree, 0, "linux\\..\\linux"), FILE_NODE_NONE);
	cr_expect_eq(find(tree, 0, "lin"), FILE_NODE_NONE);
	cr_expect_eq(find(tree, 0, "linuxx"), FILE_NODE_NONE);
	cr_expect_eq(file_tree_path(tree, boot, path, ARRAY_SIZE(path)), 21);
	cr_expect_eq(path[0], '\\');
	cr_expect_eq(path[20], 'I');
	cr_expect_eq(file_tree_find_data(tree, (struct bytes){ (const uint8_t *)"kernel", 6 }),
		     linux_);
	cr_expect_eq(file_tree_find_data(tree, (struct bytes){ (const uint8_t *)"Kernel", 6 }),
		     FILE_NODE_NONE);
	file_tree_free(tree);
}

/* Whatever order the host lists them in. */
Test(file_tree, order_and_digest_are_the_names_own)
{
	static const char *const names[] = { "b", "A", "c.conf", "a1", "B1" };
	static const char *const sorted[] = { "A", "a1", "b", "B1", "c.conf" };
	struct file_tree *tree;
	char digest[DIGEST_HEX_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		put(names[i], "x");
	tree = read_tree();
	cr_assert_eq(tree->nodes[0].child_count, ARRAY_SIZE(sorted));
	for (uint32_t i = 0; i < ARRAY_SIZE(sorted); i++)
		cr_expect_eq(find(tree, 0, sorted[i]), tree->nodes[0].first_child + i);
	memcpy(digest, tree->digest, sizeof(digest));
	file_tree_free(tree);
	teardown();
	cr_assert_eq(mkdir(top, 0755), 0);
	for (size_t i = ARRAY_SIZE(names); i-- > 0;)
		put(names[i], "x");
	tree = read_tree();
	cr_expect_str_eq(tree->digest, digest);
	file_tree_free(tree);
	put("b", "y");
	tree = read_tree();
	cr_expect_str_neq(tree->digest, digest);
	file_tree_free(tree);
}

Test(file_tree, links_and_fifos_are_not_there)
{
	struct file_tree *tree;
	char path[128];

	put("file", "x");
	snprintf(path, sizeof(path), "%s/out", top);
	cr_assert_eq(symlink("/etc", path), 0);
	snprintf(path, sizeof(path), "%s/passwd", top);
	cr_assert_eq(symlink("/etc/passwd", path), 0);
	snprintf(path, sizeof(path), "%s/fifo", top);
	cr_assert_eq(mkfifo(path, 0600), 0);
	tree = read_tree();
	cr_expect_eq(tree->count, 2, "the root and one file");
	file_tree_free(tree);
}

Test(file_tree, what_fat_cannot_hold_is_refused_in_one_line)
{
	struct file_tree *tree = NULL;
	static const char *const names[] = { "a:b", "new\nline", "\xff", "back\\slash",
					     "\xf0\x9f\x98\x80" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct diag diag = { 0 };

		put(names[i], "x");
		cr_expect_eq(file_tree_read(&tree, top, &diag), -EINVAL, "%zu", i);
		cr_expect_not_null(strstr(diag.text, "a name that FAT cannot hold"));
		cr_expect_null(strchr(diag.text, '\n'));
		teardown();
		cr_assert_eq(mkdir(top, 0755), 0);
	}
	put("Readme", "x");
	put("README", "x");
	{
		struct diag diag = { 0 };

		cr_expect_eq(file_tree_read(&tree, top, &diag), -EINVAL);
		cr_expect_not_null(strstr(diag.text, "are one name on FAT"));
	}
	teardown();
	{
		struct diag diag = { 0 };

		cr_expect_eq(file_tree_read(&tree, top, &diag), -ENOENT);
	}
	cr_assert_eq(mkdir(top, 0755), 0);
}

Test(file_tree, names_beyond_ascii_are_ucs2)
{
	struct file_tree *tree;

	put("\xc3\xa4\xe2\x82\xac", "x"); /* U+00E4 U+20AC */
	tree = read_tree();
	cr_expect_eq(tree->nodes[1].name[0], 0xe4);
	cr_expect_eq(tree->nodes[1].name[1], 0x20ac);
	cr_expect_eq(tree->nodes[1].name[2], 0);
	file_tree_free(tree);
}
