/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file tree as the FAT32 volume that it would be, produced sector by sector. Microsoft, "FAT32 File System
 * Specification" 1.03. The same tree gives the same bytes: names in their order, times at the start of FAT's
 * calendar, a fixed serial number.
 */
#ifndef LOADERS_FAT_IMAGE_H
#define LOADERS_FAT_IMAGE_H

#include "emu/base/diag.h"

struct file_tree;

#define FAT_SECTOR_SIZE 512u
#define FAT_HIDDEN      0x800u /* sectors of the disk before the volume: 1 MiB, as partitioners align */
#define FAT_SHORT_NAME  11u

/* Where a file or folder lies. Nodes lie in the order of the tree, so both numbers only grow. */
struct fat_place {
	uint32_t cluster; /* of an empty file: the next one's */
	uint32_t clusters;
	uint32_t entry; /* in the folder above: its first, of 32 bytes each */
	uint8_t short_name[FAT_SHORT_NAME];
};

struct fat_layout {
	uint32_t clusters; /* those of data, used and free */
	uint32_t used;
	uint32_t fat_sectors; /* of one of the two FATs */
	uint32_t sectors;     /* of the volume */
};

/* Gives every node its place, and the tree its layout. -EFBIG for a folder that FAT cannot hold. */
int fat_lay_out(struct file_tree *tree, struct diag *diag);

/* Sector @sector of the volume, below layout.sectors. */
void fat_sector_read(const struct file_tree *tree, uint32_t sector, uint8_t ret[FAT_SECTOR_SIZE]);

#endif
