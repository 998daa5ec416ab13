/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk that the partition of --esp lies on, sector by sector: protective MBR, GUID partition table, the partition,
 * and the backup of the table. UEFI 2.10, 5.2.3 "Protective MBR" and 5.3 "GUID Partition Table (GPT) Disk Layout".
 */
#include "loaders/file_tree.h"
#include "models/efi.h"
#include "models/efi_files.h"

#define ENTRIES         128u /* 5.3.1: at least 16 KiB of them */
#define ENTRY_SIZE      128u
#define ENTRIES_SECTORS (ENTRIES * ENTRY_SIZE / FAT_SECTOR_SIZE)
#define HEADER_SIZE     92u
#define FIRST_USABLE    (2 + ENTRIES_SECTORS)

/* Table 5.7: c12a7328-f81f-11d2-ba4b-00a0c93ec93b, the EFI system partition. */
static const uint8_t system_partition[16] = {
	0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
	0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b,
};

/* "bootpath disk" and a version 4 variant, as the partition's own. */
static const uint8_t disk_guid[16] = {
	0x62, 0x6f, 0x6f, 0x74, 0x70, 0x61, 0x74, 0x48,
	0xa0, 0x64, 0x69, 0x73, 0x6b, 0x00, 0x00, 0x01,
};

uint64_t efi_gpt_sectors(const struct file_tree *tree)
{
	return (uint64_t)FAT_HIDDEN + tree->fat.sectors + ENTRIES_SECTORS + 1;
}

/* 5.2.3: one partition of type 0xee that covers the disk, as far as 32 bits can say. */
static void mbr_put(uint64_t sectors, uint8_t *s)
{
	uint8_t *record = s + 446;

	record[2] = 2; /* starts at cylinder 0, head 0, sector 2 */
	record[4] = 0xee;
	memset(record + 5, 0xff, 3); /* its end cannot be said in cylinders */
	put_le32(record + 8, 1);
	put_le32(record + 12, sectors - 1 < UINT32_MAX ? (uint32_t)(sectors - 1) : UINT32_MAX);
	put_le16(s + 510, 0xaa55);
}

/* 5.3.3: the one entry that is used. */
static void entry_put(const struct file_tree *tree, uint8_t *s)
{
	memcpy(s, system_partition, 16);
	memcpy(s + 16, efi_partition_guid, 16);
	put_le64(s + 32, FAT_HIDDEN);
	put_le64(s + 40, (uint64_t)FAT_HIDDEN + tree->fat.sectors - 1);
	put_le16(s + 56, 'E');
	put_le16(s + 58, 'S');
	put_le16(s + 60, 'P');
}

static uint32_t entries_crc(const struct file_tree *tree)
{
	uint8_t entry[ENTRY_SIZE] = { 0 };
	uint32_t crc;

	entry_put(tree, entry);
	crc = efi_crc32(0, entry, sizeof(entry));
	memset(entry, 0, sizeof(entry));
	for (unsigned i = 1; i < ENTRIES; i++)
		crc = efi_crc32(crc, entry, sizeof(entry));
	return crc;
}

/* 5.3.2: the header at @own; its fellow is at @other and its entries at @entries. */
static void header_put(const struct file_tree *tree, uint64_t own, uint64_t other, uint64_t entries,
		       uint8_t *s)
{
	memcpy(s, "EFI PART", 8);
	put_le32(s + 8, 0x00010000);
	put_le32(s + 12, HEADER_SIZE);
	put_le64(s + 24, own);
	put_le64(s + 32, other);
	put_le64(s + 40, FIRST_USABLE);
	put_le64(s + 48, efi_gpt_sectors(tree) - ENTRIES_SECTORS - 2);
	memcpy(s + 56, disk_guid, 16);
	put_le64(s + 72, entries);
	put_le32(s + 80, ENTRIES);
	put_le32(s + 84, ENTRY_SIZE);
	put_le32(s + 88, entries_crc(tree));
	put_le32(s + 16, efi_crc32(0, s, HEADER_SIZE));
}

void efi_gpt_sector_read(const struct file_tree *tree, uint64_t sector, uint8_t *ret)
{
	uint64_t last = efi_gpt_sectors(tree) - 1, backup = last - ENTRIES_SECTORS;

	memset(ret, 0, FAT_SECTOR_SIZE);
	if (sector == 0)
		mbr_put(last + 1, ret);
	else if (sector == 1)
		header_put(tree, 1, last, 2, ret);
	else if (sector == last)
		header_put(tree, last, 1, backup, ret);
	else if (sector == 2 || sector == backup)
		entry_put(tree, ret);
	else if (sector >= FAT_HIDDEN && sector < backup)
		fat_sector_read(tree, (uint32_t)(sector - FAT_HIDDEN), ret);
}
