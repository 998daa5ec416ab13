/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EFI system partition: a disk with one partition whose files are the platform's file tree, read-only. UEFI 2.10, 13.4 and 13.5. */
#ifndef MODELS_EFI_FILES_H
#define MODELS_EFI_FILES_H

#include "models/efi_abi.h"

struct diag;
struct file_tree;
struct efi;
struct efi_call;
struct machine;

#define EFI_FILES_MAX 128u

/* An open file or folder: its handle is the address of an EFI_FILE_PROTOCOL of its own. */
struct efi_file {
	gpa_t handle;      /* 0: unused */
	uint64_t position; /* in a folder: the next entry */
	uint32_t node;     /* in the file tree */
	uint32_t reserved;
};

/* Fixed size, no host pointers: part of struct efi_state. */
struct efi_files {
	gpa_t disk;            /* handle; 0: there is no disk */
	gpa_t disk_block;      /* its EFI_BLOCK_IO_PROTOCOL */
	gpa_t partition;       /* handle of its one partition */
	gpa_t partition_block; /* likewise */
	gpa_t file_system;     /* its EFI_SIMPLE_FILE_SYSTEM_PROTOCOL */
	struct efi_file items[EFI_FILES_MAX];
};

/*
 * Adds the disk where the platform has an --esp, and says in the LoadedImage of the image that the path enters that it
 * came from there: the file with its very bytes, or else \EFI\BOOT\BOOTX64.EFI (UEFI 2.10, 3.5.1.1).
 */
int efi_files_attach(struct efi *efi, struct machine *m, struct diag *diag);

/* Bytes of the partition's device path, its end node included. */
#define EFI_DISK_PATH_MAX 80u

/* The device path of the partition of @tree, without an end node; the length. */
size_t efi_files_device_path(const struct file_tree *tree, uint8_t ret_raw[EFI_DISK_PATH_MAX]);

/*
 * Where on the partition the whole device path @path leads, or FILE_NODE_NONE;
 * the length of the part that names the partition in *ret_device.
 */
uint32_t efi_files_locate(const struct efi *efi, const uint8_t *path, size_t len,
			  size_t *ret_device);

/* The partition's own GUID. */
extern const uint8_t efi_partition_guid[16];

/* Block I/O of the disk and of its partition. -ENOSPC. */
int efi_block_install(struct efi *efi, struct machine *m);

/* Sectors of the disk, and one of them: the partition and the tables that say where it is. UEFI 2.10, 5. */
uint64_t efi_gpt_sectors(const struct file_tree *tree);
void efi_gpt_sector_read(const struct file_tree *tree, uint64_t sector, uint8_t *ret);

#endif
