/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk that holds the EFI system partition: its handles and device paths, and who came from there. UEFI 2.10, 10.3 "Device Path Nodes". */
#include <errno.h>

#include "loaders/file_tree.h"
#include "models/efi.h"
#include "models/efi_files.h"

#define DP_MEDIA_HARD_DRIVE 1u
#define DP_MEDIA_FILE_PATH  4u
#define DP_HARD_DRIVE_SIZE  42u

/*
 * PciRoot(0x0)/Pci(0x1,0x1)/Ata(Primary,Master,0x0)/HD(1,GPT,...): the first IDE disk of QEMU's pc machine, as OVMF
 * names it there. 10.3.3.1 ACPI, 10.3.2.1 PCI, 10.3.4.1 ATAPI, 10.3.5.1 hard drive; the partition's start, size and
 * GUID are filled in.
 */
static const uint8_t nodes[] = {
	0x02, 0x01, 12, 0, 0xd0, 0x41, 0x03, 0x0a, 0, 0, 0, 0, /* PNP0A03 */
	0x01, 0x01, 6,  0, 0x01, 0x01,                         /* function 1 of device 1 */
	0x03, 0x01, 8,  0, 0,    0,    0,    0,
};

/* "bootpath ESP" and a version 4 variant: the same on every run. */
const uint8_t efi_partition_guid[16] = {
	0x62, 0x6f, 0x6f, 0x74, 0x70, 0x61, 0x74, 0x48,
	0xa0, 0x20, 0x45, 0x53, 0x50, 0x00, 0x00, 0x01,
};

size_t efi_files_device_path(const struct file_tree *tree, uint8_t ret_raw[EFI_DISK_PATH_MAX])
{
	uint8_t *hd = ret_raw + sizeof(nodes);

	memcpy(ret_raw, nodes, sizeof(nodes));
	memset(hd, 0, DP_HARD_DRIVE_SIZE);
	hd[0] = EFI_DP_MEDIA;
	hd[1] = DP_MEDIA_HARD_DRIVE;
	put_le16(hd + 2, DP_HARD_DRIVE_SIZE);
	put_le32(hd + 4, 1);
	put_le64(hd + 8, FAT_HIDDEN);
	put_le64(hd + 16, tree->fat.sectors);
	memcpy(hd + 24, efi_partition_guid, sizeof(efi_partition_guid));
	hd[40] = 2; /* GPT */
	hd[41] = 2; /* the signature is a GUID */
	return sizeof(nodes) + DP_HARD_DRIVE_SIZE;
}
_Static_assert(sizeof(nodes) + DP_HARD_DRIVE_SIZE + EFI_DP_END_SIZE <= EFI_DISK_PATH_MAX, "path");

/* The text of a device path's file path nodes, one backslash between them; false when there is something else. */
static bool file_path_text(const uint8_t *path, size_t len, uint16_t *ret_text, size_t max)
{
	size_t n = 0;

	for (size_t at = 0; at + 4 <= len && path[at] != EFI_DP_END;) {
		size_t size = get_le16(path + at + 2);

		if (path[at] != EFI_DP_MEDIA || path[at + 1] != DP_MEDIA_FILE_PATH || size < 4 ||
		    size > len - at)
			return false;
		if (n + 1 < max && at)
			ret_text[n++] = '\\';
		for (size_t i = 4; i + 2 <= size && get_le16(path + at + i); i += 2) {
			if (n + 1 >= max)
				return false;
			ret_text[n++] = get_le16(path + at + i);
		}
		at += size;
	}
	ret_text[n] = 0;
	return n > 0;
}

uint32_t efi_files_locate(const struct efi *efi, const uint8_t *path, size_t len,
			  size_t *ret_device)
{
	const struct file_tree *tree = efi->platform->esp;
	uint8_t device[EFI_DISK_PATH_MAX];
	uint16_t text[EFI_DEVICE_PATH_MAX / 2];
	size_t device_len;

	if (!tree || !efi->state.files.partition)
		return FILE_NODE_NONE;
	device_len = efi_files_device_path(tree, device);
	if (len < device_len || memcmp(path, device, device_len) != 0 ||
	    !file_path_text(path + device_len, len - device_len, text, ARRAY_SIZE(text)))
		return FILE_NODE_NONE;
	*ret_device = device_len;
	return file_tree_find(tree, 0, text);
}

static size_t end_put(uint8_t *raw)
{
	raw[0] = EFI_DP_END;
	raw[1] = EFI_DP_END_ALL;
	put_le16(raw + 2, EFI_DP_END_SIZE);
	return EFI_DP_END_SIZE;
}

/* A file path node and the end node. */
static size_t file_path_put(const uint16_t *text, uint8_t *raw)
{
	size_t size = 4;

	raw[0] = EFI_DP_MEDIA;
	raw[1] = DP_MEDIA_FILE_PATH;
	do {
		put_le16(raw + size, *text);
		size += 2;
	} while (*text++);
	put_le16(raw + 2, (uint16_t)size);
	return size + end_put(raw + size);
}

/* The image that the path enters came from the partition. */
static int image_from_disk(struct efi *efi, struct machine *m)
{
	static const uint16_t removable[] = { '\\', 'E',  'F', 'I', '\\', 'B', 'O', 'O',
					      'T',  '\\', 'B', 'O', 'O',  'T', 'X', '6',
					      '4',  '.',  'E', 'F', 'I',  0 };
	const struct file_tree *tree = efi->platform->esp;
	uint32_t node = file_tree_find_data(tree, efi->image->file);
	struct efi_protocol *loaded;
	uint8_t raw[EFI_DISK_PATH_MAX + EFI_DEVICE_PATH_MAX];
	uint16_t text[EFI_DEVICE_PATH_MAX / 2 - 8];
	uint8_t pointer[8];
	size_t device, len;
	gpa_t file, whole;

	if (node == FILE_NODE_NONE)
		memcpy(text, removable, sizeof(removable));
	else
		file_tree_path(tree, node, text, ARRAY_SIZE(text));
	device = efi_files_device_path(tree, raw);
	len = device + file_path_put(text, raw + device);
	loaded = efi_protocol_find(efi, efi->state.image_handle, efi_guid(EFI_GUID_LOADED_IMAGE));
	file = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, raw + device, len - device);
	whole = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, raw, len);
	if (!loaded || !file || !whole ||
	    efi_protocol_install(efi, &efi->state.image_handle,
				 efi_guid(EFI_GUID_LOADED_IMAGE_DEVICE_PATH), whole) != EFI_SUCCESS)
		return -ENOSPC;
	put_le64(pointer, efi->state.files.partition);
	machine_write(m, loaded->interface + EFI_LI_DEVICE, pointer, sizeof(pointer));
	put_le64(pointer, file);
	machine_write(m, loaded->interface + EFI_LI_FILE_PATH, pointer, sizeof(pointer));
	return 0;
}

/* A handle with a device path: @path without its end node. 0 when there is no room. */
static gpa_t device_install(struct efi *efi, struct machine *m, const uint8_t *path, size_t len)
{
	uint8_t raw[EFI_DISK_PATH_MAX];
	gpa_t handle = 0, gpa;

	memcpy(raw, path, len);
	len += end_put(raw + len);
	gpa = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, raw, len);
	if (!gpa ||
	    efi_protocol_install(efi, &handle, efi_guid(EFI_GUID_DEVICE_PATH), gpa) != EFI_SUCCESS)
		return 0;
	return handle;
}

int efi_files_attach(struct efi *efi, struct machine *m, struct diag *diag)
{
	static const uint8_t revision[8] = { 0, 0, 1, 0 };
	struct efi_files *f = &efi->state.files;
	uint8_t path[EFI_DISK_PATH_MAX];
	size_t len;

	if (!efi->platform->esp)
		return 0;
	len = efi_files_device_path(efi->platform->esp, path);
	f->disk = device_install(efi, m, nodes, sizeof(nodes));
	f->partition = device_install(efi, m, path, len);
	f->file_system = efi->state.tables[EFI_TABLE_FS];
	if (!f->disk || !f->partition || !f->file_system ||
	    machine_write(m, f->file_system, revision, sizeof(revision)) < 0 ||
	    efi_protocol_install(efi, &f->partition, efi_guid(EFI_GUID_SIMPLE_FILE_SYSTEM),
				 f->file_system) != EFI_SUCCESS ||
	    efi_block_install(efi, m) < 0 || image_from_disk(efi, m) < 0)
		return diag_set(diag, -ENOSPC, "the firmware has no room for the disk of --esp");
	return 0;
}
