/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sectors of a FAT32 volume that holds a file tree. Microsoft, "FAT32 File System Specification" 1.03. */
#include "loaders/fat_image.h"

#include <errno.h>

#include "loaders/file_tree.h"

#define CLUSTER_SECTORS 8u
#define CLUSTER_SIZE    (CLUSTER_SECTORS * FAT_SECTOR_SIZE)
#define RESERVED        32u /* sectors before the first FAT */
#define FATS            2u  /* copies */
#define FIRST_CLUSTER   2u  /* "FAT Data Structure": 0 and 1 have no data; the root has 2 here */
#define CLUSTERS_MIN \
	65600u /* "FAT Type Determination": below 65525 it is not FAT32; keep clear of the limit */
#define SERIAL 0x45535001u
#define FSINFO 1u /* sectors */
#define BACKUP 6u

#define ENTRY_SIZE       32u
#define SECTOR_ENTRIES   (FAT_SECTOR_SIZE / ENTRY_SIZE)
#define FOLDER_BYTES_MAX MIB(2) /* "FAT Directory Structure": 65536 entries */
#define LONG_CHARACTERS  13u    /* of a name, in one entry */
#define LONG_LAST        0x40u

#define ATTR_VOLUME_ID 0x08u
#define ATTR_DIRECTORY 0x10u
#define ATTR_ARCHIVE   0x20u
#define ATTR_LONG_NAME 0x0fu

#define DATE_1980_01_01 0x0021u

#define FAT_MEDIA 0x0ffffff8u /* entry 0: the media byte */
#define FAT_END   0x0fffffffu

static const uint8_t volume_label[FAT_SHORT_NAME + 1] = "ESP        ";

/* --- short names --- */

static size_t name_length(const uint16_t *name)
{
	size_t n = 0;

	while (name[n])
		n++;
	return n;
}

/* "Short Directory Entries": @c as a short name may have it, or 0. The tilde is left to the numeric tails. */
static uint8_t short_character(uint16_t c)
{
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 'A');
	if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return (uint8_t)c;
	return c < 0x80 && c && strchr("$%'-_@!(){}^#&`", c) ? (uint8_t)c : 0;
}

/* What short names can have of [name, name + len), up to @max characters; false when that is not all. */
static bool short_part(const uint16_t *name, size_t len, uint8_t *ret, size_t max, size_t *ret_n)
{
	bool whole = true;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = short_character(name[i]);

		if (c && n < max)
			ret[n++] = c;
		else
			whole = false;
	}
	*ret_n = n;
	return whole;
}

/*
 * A name of the 8.3 form stands for itself, others get the tail ~@number, which no other in the folder has: so all
 * of a folder differ.
 */
static void short_name_make(const uint16_t *name, uint32_t number, uint8_t ret[FAT_SHORT_NAME])
{
	size_t len = name_length(name), dot = len, base, extension, tail = 0;
	uint8_t digits[8];
	bool whole;

	while (dot > 0 && name[dot - 1] != '.')
		dot--;
	/* No dot, or one in front only: there is no extension. */
	dot = dot > 1 ? dot - 1 : len;
	memset(ret, ' ', FAT_SHORT_NAME);
	whole = short_part(name, dot, ret, 8, &base) && base;
	if (dot < len)
		whole &= short_part(name + dot + 1, len - dot - 1, ret + 8, 3, &extension) &&
			 extension;
	if (whole)
		return;
	for (; number; number /= 10)
		digits[tail++] = (uint8_t)('0' + number % 10);
	if (base > 7 - tail)
		base = 7 - tail;
	ret[base++] = '~';
	while (tail)
		ret[base++] = digits[--tail];
	memset(ret + base, ' ', 8 - base);
}

/* --- the layout --- */

static uint32_t long_entries(const struct file_node *n)
{
	return (uint32_t)((name_length(n->name) + LONG_CHARACTERS - 1) / LONG_CHARACTERS);
}

/* Entries of a folder's own: the root has the volume's label, others "." and "..". */
static uint32_t own_entries(uint32_t node)
{
	return node ? 2 : 1;
}

/* Names and entries of what is in folder @node; how many bytes that is. */
static uint64_t folder_lay_out(struct file_tree *tree, uint32_t node)
{
	const struct file_node *dir = &tree->nodes[node];
	uint32_t entry = own_entries(node);

	for (uint32_t i = 0; i < dir->child_count; i++) {
		struct file_node *child = &tree->nodes[dir->first_child + i];

		child->fat.entry = entry;
		short_name_make(child->name, i + 1, child->fat.short_name);
		entry += long_entries(child) + 1;
	}
	return (uint64_t)entry * ENTRY_SIZE;
}

int fat_lay_out(struct file_tree *tree, struct diag *diag)
{
	struct fat_layout *l = &tree->fat;
	uint32_t cluster = FIRST_CLUSTER;

	/* FILE_TREE_NODES_MAX and FILE_TREE_BYTES_MAX bound all numbers here: about 2^20 clusters. */
	for (uint32_t i = 0; i < tree->count; i++) {
		struct file_node *n = &tree->nodes[i];
		uint64_t bytes = n->is_dir ? folder_lay_out(tree, i) : n->data.len;

		if (n->is_dir && bytes > FOLDER_BYTES_MAX)
			return diag_set(diag, -EFBIG, "a folder with more names than FAT can hold");
		n->fat.cluster = cluster;
		n->fat.clusters = (uint32_t)((bytes + CLUSTER_SIZE - 1) / CLUSTER_SIZE);
		cluster += n->fat.clusters;
	}
	l->used = cluster - FIRST_CLUSTER;
	l->clusters = l->used > CLUSTERS_MIN ? l->used : CLUSTERS_MIN;
	/* To whole clusters, so that FATs and data start where a cluster would. */
	l->fat_sectors =
		ALIGN_UP((l->clusters + FIRST_CLUSTER) * 4, CLUSTER_SIZE) / FAT_SECTOR_SIZE;
	l->sectors = RESERVED + FATS * l->fat_sectors + l->clusters * CLUSTER_SECTORS;
	return 0;
}

/* --- sectors --- */

/* "Boot Sector and BPB Structure"; offsets are the specification's. */
static void boot_sector(const struct fat_layout *l, uint8_t *s)
{
	static const uint8_t jump[3] = { 0xeb, 0x58, 0x90 };

	memcpy(s, jump, sizeof(jump));
	memcpy(s + 3, "BOOTPATH", 8);
	put_le16(s + 11, FAT_SECTOR_SIZE);
	s[13] = CLUSTER_SECTORS;
	put_le16(s + 14, RESERVED);
	s[16] = FATS;
	s[21] = FAT_MEDIA & 0xff;
	put_le16(s + 24, 63);  /* sectors of a track */
	put_le16(s + 26, 255); /* heads */
	put_le32(s + 28, FAT_HIDDEN);
	put_le32(s + 32, l->sectors);
	put_le32(s + 36, l->fat_sectors);
	put_le32(s + 44, FIRST_CLUSTER); /* the root's */
	put_le16(s + 48, FSINFO);
	put_le16(s + 50, BACKUP);
	s[64] = 0x80; /* drive number */
	s[66] = 0x29; /* the next three fields are there */
	put_le32(s + 67, SERIAL);
	memcpy(s + 71, volume_label, FAT_SHORT_NAME);
	memcpy(s + 82, "FAT32   ", 8);
	put_le16(s + 510, 0xaa55);
}

/* "FAT32 FSInfo Sector Structure". */
static void fsinfo_sector(const struct fat_layout *l, uint8_t *s)
{
	put_le32(s, 0x41615252);
	put_le32(s + 484, 0x61417272);
	put_le32(s + 488, l->clusters - l->used);
	put_le32(s + 492, l->used < l->clusters ? FIRST_CLUSTER + l->used : UINT32_MAX);
	put_le32(s + 508, 0xaa550000);
}

static void reserved_sector(const struct fat_layout *l, uint32_t sector, uint8_t *s)
{
	if (sector == 0 || sector == BACKUP)
		boot_sector(l, s);
	else if (sector == FSINFO || sector == BACKUP + FSINFO)
		fsinfo_sector(l, s);
}

/* Whose @cluster is, or FILE_NODE_NONE: the last node that does not start behind it, if it reaches so far. */
static uint32_t cluster_owner(const struct file_tree *tree, uint32_t cluster)
{
	uint32_t low = 0, high = tree->count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (tree->nodes[middle].fat.cluster <= cluster)
			low = middle;
		else
			high = middle;
	}
	if (cluster < FIRST_CLUSTER ||
	    cluster - tree->nodes[low].fat.cluster >= tree->nodes[low].fat.clusters)
		return FILE_NODE_NONE;
	return low;
}

/* What the FAT says of @cluster: every file lies in one piece. */
static uint32_t fat_entry(const struct file_tree *tree, uint32_t cluster)
{
	const struct fat_place *place;
	uint32_t node;

	if (cluster < FIRST_CLUSTER)
		return cluster ? FAT_END : FAT_MEDIA;
	node = cluster_owner(tree, cluster);
	if (node == FILE_NODE_NONE)
		return 0;
	place = &tree->nodes[node].fat;
	return cluster + 1 < place->cluster + place->clusters ? cluster + 1 : FAT_END;
}

static void short_entry(uint8_t *e, const uint8_t name[FAT_SHORT_NAME], uint8_t attributes,
			uint32_t cluster, uint32_t size)
{
	memcpy(e, name, FAT_SHORT_NAME);
	e[11] = attributes;
	put_le16(e + 16, DATE_1980_01_01); /* created, read, written */
	put_le16(e + 18, DATE_1980_01_01);
	put_le16(e + 20, (uint16_t)(cluster >> 16));
	put_le16(e + 24, DATE_1980_01_01);
	put_le16(e + 26, (uint16_t)cluster);
	put_le32(e + 28, size);
}

/* "Organization and Association of Short & Long Directory Entries": the sum that ties them together. */
static uint8_t short_name_sum(const uint8_t name[FAT_SHORT_NAME])
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < FAT_SHORT_NAME; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + name[i]);
	return sum;
}

/* Part @part (0: the name's start) of a long name; behind its end comes a NUL, then all ones. */
static void long_entry(uint8_t *e, const struct file_node *n, uint32_t part, bool last)
{
	static const uint8_t at[LONG_CHARACTERS] = {
		1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30
	};
	size_t len = name_length(n->name);

	e[0] = (uint8_t)((part + 1) | (last ? LONG_LAST : 0));
	e[11] = ATTR_LONG_NAME;
	e[13] = short_name_sum(n->fat.short_name);
	for (size_t i = 0; i < LONG_CHARACTERS; i++) {
		size_t k = part * LONG_CHARACTERS + i;

		put_le16(e + at[i], k <= len ? n->name[k] : 0xffff);
	}
}

/* "." , ".." and the volume's label. Of the root ".." says 0, not where it lies. */
static void own_entry(const struct file_tree *tree, uint32_t node, uint32_t entry, uint8_t *e)
{
	const struct file_node *n = &tree->nodes[node];

	if (!node)
		short_entry(e, volume_label, ATTR_VOLUME_ID, 0, 0);
	else if (!entry)
		short_entry(e, (const uint8_t *)".          ", ATTR_DIRECTORY, n->fat.cluster, 0);
	else
		short_entry(e, (const uint8_t *)"..         ", ATTR_DIRECTORY,
			    n->parent ? tree->nodes[n->parent].fat.cluster : 0, 0);
}

/* The last child of @dir that does not start behind @entry; a folder that has none has no more entries. */
static const struct file_node *entry_owner(const struct file_tree *tree,
					   const struct file_node *dir, uint32_t entry)
{
	const struct file_node *children = &tree->nodes[dir->first_child];
	uint32_t low = 0, high = dir->child_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (children[middle].fat.entry <= entry)
			low = middle;
		else
			high = middle;
	}
	return &children[low];
}

static void folder_entry(const struct file_tree *tree, uint32_t node, uint32_t entry, uint8_t *e)
{
	const struct file_node *n = &tree->nodes[node];
	uint32_t longs, at;

	if (entry < own_entries(node)) {
		own_entry(tree, node, entry, e);
		return;
	}
	if (!n->child_count)
		return;
	n = entry_owner(tree, n, entry);
	longs = long_entries(n);
	at = entry - n->fat.entry;
	if (at < longs)
		long_entry(e, n, longs - 1 - at, at == 0);
	else if (at == longs)
		short_entry(e, n->fat.short_name, n->is_dir ? ATTR_DIRECTORY : ATTR_ARCHIVE,
			    n->fat.clusters ? n->fat.cluster : 0, (uint32_t)n->data.len);
}

static void data_sector(const struct file_tree *tree, uint32_t sector, uint8_t *s)
{
	uint32_t cluster = FIRST_CLUSTER + sector / CLUSTER_SECTORS;
	uint32_t node = cluster_owner(tree, cluster);
	const struct file_node *n;
	uint64_t at;

	if (node == FILE_NODE_NONE)
		return;
	n = &tree->nodes[node];
	at = (uint64_t)(cluster - n->fat.cluster) * CLUSTER_SIZE +
	     sector % CLUSTER_SECTORS * FAT_SECTOR_SIZE;
	if (n->is_dir) {
		for (uint32_t i = 0; i < SECTOR_ENTRIES; i++)
			folder_entry(tree, node, (uint32_t)(at / ENTRY_SIZE) + i,
				     s + (size_t)i * ENTRY_SIZE);
	} else if (at < n->data.len) {
		uint64_t left = n->data.len - at;

		memcpy(s, n->data.data + at, left < FAT_SECTOR_SIZE ? left : FAT_SECTOR_SIZE);
	}
}

void fat_sector_read(const struct file_tree *tree, uint32_t sector, uint8_t ret[FAT_SECTOR_SIZE])
{
	const struct fat_layout *l = &tree->fat;
	uint32_t data = RESERVED + FATS * l->fat_sectors;

	memset(ret, 0, FAT_SECTOR_SIZE);
	if (sector < RESERVED) {
		reserved_sector(l, sector, ret);
	} else if (sector < data) {
		uint32_t first = (sector - RESERVED) % l->fat_sectors * (FAT_SECTOR_SIZE / 4);

		for (uint32_t i = 0; i < FAT_SECTOR_SIZE / 4; i++)
			put_le32(ret + (size_t)i * 4, fat_entry(tree, first + i));
	} else if (sector < l->sectors) {
		data_sector(tree, sector - data, ret);
	}
}
