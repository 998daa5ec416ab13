/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block I/O of the disk of --esp and of its partition, both write-protected. UEFI 2.10, 13.9 "Block I/O Protocol". */
#include <errno.h>

#include "loaders/file_tree.h"
#include "models/efi.h"

#define REVISION 0x00010000ull /* 13.9.1: the first, whose media ends with LastBlock */
#define MEDIA_ID 1u

/* 13.9.1 EFI_BLOCK_IO_PROTOCOL and EFI_BLOCK_IO_MEDIA. */
#define BLOCK_REVISION  0x00u
#define BLOCK_MEDIA     0x08u
#define MEDIA_MEDIA_ID  0x00u
#define MEDIA_PRESENT   0x05u
#define MEDIA_PARTITION 0x06u
#define MEDIA_READ_ONLY 0x07u
#define MEDIA_BLOCK     0x0cu
#define MEDIA_ALIGN     0x10u
#define MEDIA_LAST      0x18u
#define MEDIA_SIZE      0x20u

static uint64_t block_count(const struct efi *efi, bool partition)
{
	return partition ? efi->platform->esp->fat.sectors : efi_gpt_sectors(efi->platform->esp);
}

static gpa_t interface_create(struct efi *efi, struct machine *m, bool partition)
{
	uint8_t media[MEDIA_SIZE] = { 0 }, head[16];
	gpa_t block = efi_interface_create(efi, m, EFI_TABLE_BLOCK), gpa;

	put_le32(media + MEDIA_MEDIA_ID, MEDIA_ID);
	media[MEDIA_PRESENT] = 1;
	media[MEDIA_PARTITION] = partition;
	media[MEDIA_READ_ONLY] = 1;
	put_le32(media + MEDIA_BLOCK, FAT_SECTOR_SIZE);
	put_le32(media + MEDIA_ALIGN, 1);
	put_le64(media + MEDIA_LAST, block_count(efi, partition) - 1);
	gpa = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, media, sizeof(media));
	put_le64(head + BLOCK_REVISION, REVISION);
	put_le64(head + BLOCK_MEDIA, gpa);
	if (!block || !gpa || machine_write(m, block, head, sizeof(head)) < 0)
		return 0;
	return block;
}

int efi_block_install(struct efi *efi, struct machine *m)
{
	struct efi_files *f = &efi->state.files;

	f->disk_block = interface_create(efi, m, false);
	f->partition_block = interface_create(efi, m, true);
	if (!f->disk_block || !f->partition_block ||
	    efi_protocol_install(efi, &f->disk, efi_guid(EFI_GUID_BLOCK_IO), f->disk_block) !=
		    EFI_SUCCESS ||
	    efi_protocol_install(efi, &f->partition, efi_guid(EFI_GUID_BLOCK_IO),
				 f->partition_block) != EFI_SUCCESS)
		return -ENOSPC;
	return 0;
}

static bool is_partition(const struct efi_call *c)
{
	return c->arg[0] == c->efi->state.files.partition_block;
}

static bool is_block(const struct efi_call *c)
{
	return c->arg[0] && (is_partition(c) || c->arg[0] == c->efi->state.files.disk_block);
}

/* What 13.9.3 and 13.9.4 say of their arguments: this, medium, first block, bytes, buffer. */
static efi_status_t transfer_check(struct efi_call *c, bool to_guest)
{
	uint64_t count, blocks = c->arg[3] / FAT_SECTOR_SIZE;

	if (!is_block(c))
		return EFI_INVALID_PARAMETER;
	if ((uint32_t)c->arg[1] != MEDIA_ID)
		return EFI_MEDIA_CHANGED;
	if (c->arg[3] % FAT_SECTOR_SIZE)
		return EFI_BAD_BUFFER_SIZE;
	count = block_count(c->efi, is_partition(c));
	if (c->arg[2] >= count || blocks > count - c->arg[2] ||
	    !efi_reachable(c, c->arg[4], c->arg[3], to_guest))
		return EFI_INVALID_PARAMETER;
	return EFI_SUCCESS;
}

/* Arguments: this, extended verification. There is nothing to reset. */
uint64_t efi_block_reset(struct efi_call *c)
{
	return is_block(c) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

uint64_t efi_block_read(struct efi_call *c)
{
	const struct file_tree *tree = c->efi->platform->esp;
	efi_status_t status = transfer_check(c, true);

	if (status != EFI_SUCCESS)
		return status;
	for (uint64_t at = 0; at < c->arg[3]; at += FAT_SECTOR_SIZE) {
		uint64_t sector = c->arg[2] + at / FAT_SECTOR_SIZE;
		uint8_t raw[FAT_SECTOR_SIZE];

		if (is_partition(c))
			fat_sector_read(tree, (uint32_t)sector, raw);
		else
			efi_gpt_sector_read(tree, sector, raw);
		if (!efi_write(c, c->arg[4] + at, raw, sizeof(raw)))
			return EFI_INVALID_PARAMETER;
	}
	return EFI_SUCCESS;
}

uint64_t efi_block_write(struct efi_call *c)
{
	efi_status_t status = transfer_check(c, false);

	return status == EFI_SUCCESS ? EFI_WRITE_PROTECTED : status;
}

/* 13.9.5: nothing waits to be written. */
uint64_t efi_block_flush(struct efi_call *c)
{
	return is_block(c) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}
