/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of the host, read whole: what a firmware finds on its EFI system
 * partition. FAT's rules hold: names are UCS-2, compared without regard to
 * case, and there are neither links nor devices (those of the host are left out).
 */
#ifndef LOADERS_FILE_TREE_H
#define LOADERS_FILE_TREE_H

#include "emu/base/diag.h"
#include "emu/base/digest.h"
#include "loaders/fat_image.h"

#define FILE_NAME_MAX       255u   /* characters of a name: FAT's limit for long ones */
#define FILE_TREE_NODES_MAX 65536u /* more, deeper or larger folders are refused */
#define FILE_TREE_DEPTH_MAX 32u
#define FILE_TREE_BYTES_MAX GIB(2)

struct file_node {
	uint16_t name[FILE_NAME_MAX + 1]; /* with a NUL; empty for the root */
	bool is_dir;
	uint32_t parent; /* the root is its own */
	uint32_t
		first_child; /* of a folder: its nodes lie one after the other, in the order of their names */
	uint32_t child_count;
	struct bytes data; /* of a file, owned by the tree */
	struct fat_place fat;
};

struct file_tree {
	struct file_node *nodes; /* the first is the root */
	uint32_t count;
	uint32_t cap;
	uint64_t bytes;               /* of all files */
	char digest[DIGEST_HEX_SIZE]; /* of all names and contents */
	struct fat_layout fat;        /* of the volume that it would be */
};

/* Symbolic links are not followed. -EINVAL for names that FAT cannot hold, -EFBIG, or the errno of reading. */
int file_tree_read(struct file_tree **ret_tree, const char *path, struct diag *diag);
/* Takes NULL, returns NULL. */
struct file_tree *file_tree_free(struct file_tree *tree);

#define FILE_NODE_NONE UINT32_MAX

/*
 * The node that @path leads to from @start: parts between backslashes, "." and "..", from the root where it starts
 * with one. Above the root, and below a file, there is nothing.
 */
uint32_t file_tree_find(const struct file_tree *tree, uint32_t start, const uint16_t *path);
/* The first file, in the order of the nodes, with those bytes. */
uint32_t file_tree_find_data(const struct file_tree *tree, struct bytes data);
/* "\EFI\BOOT\BOOTX64.EFI" of a node, with its NUL, cut at @max characters; returns the length. */
size_t file_tree_path(const struct file_tree *tree, uint32_t node, uint16_t *ret_path, size_t max);

/* ASCII letters in lower case; others as they are. */
uint16_t file_name_fold(uint16_t c);

#endif
