/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SimpleFileSystem and File over the platform's file tree. UEFI 2.10, 13.4 "Simple File System Protocol", 13.5 "File
 * Protocol". The medium is write-protected, so nothing here changes but positions.
 */
#include "models/efi_files.h"

#include "loaders/file_tree.h"
#include "models/efi.h"

#define REVISION   0x00010000ull /* 13.4.1, 13.5.1: the first, which has no asynchronous functions */
#define BLOCK_SIZE 512u

/* 13.5.2 Open(): modes. */
#define MODE_READ   BIT64(0)
#define MODE_WRITE  BIT64(1)
#define MODE_CREATE BIT64(63)

/* 13.5.16 EFI_FILE_INFO: sizes, three times, attributes, name. */
#define INFO_SIZE      0x00u
#define INFO_FILE_SIZE 0x08u
#define INFO_PHYSICAL  0x10u
#define INFO_TIMES     0x18u
#define INFO_ATTRIBUTE 0x48u
#define INFO_NAME      0x50u
#define TIME_SIZE      16u
#define ATTR_READ_ONLY 0x01u
#define ATTR_DIRECTORY 0x10u
#define ATTR_ARCHIVE   0x20u

/* 13.5.17 EFI_FILE_SYSTEM_INFO */
#define VOLUME_SIZE      0x00u
#define VOLUME_READ_ONLY 0x08u
#define VOLUME_BYTES     0x10u
#define VOLUME_BLOCK     0x20u
#define VOLUME_LABEL     0x24u

static const uint16_t label[] = { 'E', 'S', 'P', 0 };

static const struct file_tree *files_tree(const struct efi_call *c)
{
	return c->efi->platform->esp;
}

static struct efi_file *file_of(struct efi_call *c)
{
	struct efi_files *f = &c->efi->state.files;

	for (unsigned i = 0; c->arg[0] && i < EFI_FILES_MAX; i++)
		if (f->items[i].handle == c->arg[0])
			return &f->items[i];
	return NULL;
}

/* A new handle for @node, its address stored at the guest's @ret. */
static efi_status_t file_open(struct efi_call *c, uint32_t node, gva_t ret)
{
	struct efi_files *f = &c->efi->state.files;
	struct efi_file *file = NULL;
	uint8_t revision[8];

	if (!efi_reachable(c, ret, 8, true))
		return EFI_INVALID_PARAMETER;
	for (unsigned i = 0; !file && i < EFI_FILES_MAX; i++)
		if (!f->items[i].handle)
			file = &f->items[i];
	if (!file)
		return EFI_OUT_OF_RESOURCES;
	*file = (struct efi_file){ .node = node };
	file->handle = efi_interface_create(c->efi, c->m, EFI_TABLE_FILE);
	if (!file->handle)
		return EFI_OUT_OF_RESOURCES;
	put_le64(revision, REVISION);
	machine_write(c->m, file->handle, revision, sizeof(revision));
	efi_write_u64(c, ret, file->handle);
	return EFI_SUCCESS;
}

uint64_t efi_open_volume(struct efi_call *c)
{
	const struct efi_files *f = &c->efi->state.files;

	if (!f->file_system || c->arg[0] != f->file_system)
		return EFI_INVALID_PARAMETER;
	return file_open(c, 0, c->arg[1]);
}

/* Arguments: this, new handle, name, mode, attributes. */
uint64_t efi_file_open(struct efi_call *c)
{
	uint16_t name[1024];
	struct efi_file *file = file_of(c);
	uint64_t mode = c->arg[3];
	uint32_t node;

	if (!file || !c->arg[2] || efi_read_text(c, c->arg[2], name, ARRAY_SIZE(name)) < 0)
		return EFI_INVALID_PARAMETER;
	if (mode != MODE_READ && mode != (MODE_READ | MODE_WRITE) &&
	    mode != (MODE_READ | MODE_WRITE | MODE_CREATE))
		return EFI_INVALID_PARAMETER;
	node = file_tree_find(files_tree(c), file->node, name);
	if (mode & MODE_CREATE)
		return EFI_WRITE_PROTECTED;
	if (node == FILE_NODE_NONE)
		return EFI_NOT_FOUND;
	if (mode & MODE_WRITE)
		return EFI_WRITE_PROTECTED;
	return file_open(c, node, c->arg[1]);
}

uint64_t efi_file_close(struct efi_call *c)
{
	struct efi_file *file = file_of(c);

	if (!file)
		return EFI_INVALID_PARAMETER;
	efi_pool_free(&c->efi->state.memory, file->handle);
	*file = (struct efi_file){ 0 };
	return EFI_SUCCESS;
}

/* 13.5.4: the handle is closed whatever comes of it. */
uint64_t efi_file_delete(struct efi_call *c)
{
	efi_status_t status = efi_file_close(c);

	return status == EFI_SUCCESS ? EFI_WARN_DELETE_FAILURE : status;
}

/* 8.3.1 EFI_TIME: 1980-01-01, where FAT's calendar starts, in no particular time zone. */
static void time_put(uint8_t raw[TIME_SIZE])
{
	put_le16(raw, 1980);
	raw[2] = 1;
	raw[3] = 1;
	put_le16(raw + 12, 0x07ff);
}

/* EFI_FILE_INFO of @node under @name, to the guest's @buffer of *@len bytes (a guest address). */
static efi_status_t info_give(struct efi_call *c, uint32_t node, const uint16_t *name, gva_t len,
			      gva_t buffer)
{
	const struct file_node *n = &files_tree(c)->nodes[node];
	uint8_t raw[INFO_NAME + sizeof(n->name)] = { 0 };
	uint64_t room, size = INFO_NAME;

	for (size_t i = 0;; i++) {
		put_le16(raw + size, name[i]);
		size += 2;
		if (!name[i])
			break;
	}
	put_le64(raw + INFO_SIZE, size);
	put_le64(raw + INFO_FILE_SIZE, n->data.len);
	put_le64(raw + INFO_PHYSICAL, ALIGN_UP((uint64_t)n->data.len, BLOCK_SIZE));
	for (unsigned i = 0; i < 3; i++)
		time_put(raw + INFO_TIMES + (size_t)i * TIME_SIZE);
	put_le64(raw + INFO_ATTRIBUTE, n->is_dir ? ATTR_DIRECTORY : ATTR_ARCHIVE);
	if (!efi_read_u64(c, len, &room) || !efi_write_u64(c, len, size))
		return EFI_INVALID_PARAMETER;
	if (room < size)
		return EFI_BUFFER_TOO_SMALL;
	return efi_write(c, buffer, raw, size) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

/* A folder below the root starts with "." and "..", as FAT has them. */
static efi_status_t folder_read(struct efi_call *c, struct efi_file *file)
{
	static const uint16_t dot[] = { '.', 0 }, dots[] = { '.', '.', 0 };
	const struct file_node *dir = &files_tree(c)->nodes[file->node];
	uint64_t own = file->node ? 2 : 0;
	efi_status_t status;
	uint32_t node;

	if (file->position >= own + dir->child_count)
		return efi_write_u64(c, c->arg[1], 0) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
	if (file->position < own) {
		node = file->position ? dir->parent : file->node;
		status = info_give(c, node, file->position ? dots : dot, c->arg[1], c->arg[2]);
	} else {
		node = dir->first_child + (uint32_t)(file->position - own);
		status = info_give(c, node, files_tree(c)->nodes[node].name, c->arg[1], c->arg[2]);
	}
	if (status == EFI_SUCCESS)
		file->position++;
	return status;
}

/* Arguments: this, size, buffer. */
uint64_t efi_file_read(struct efi_call *c)
{
	struct efi_file *file = file_of(c);
	const struct file_node *n;
	uint64_t len;

	if (!file || !efi_read_u64(c, c->arg[1], &len) || !efi_reachable(c, c->arg[1], 8, true))
		return EFI_INVALID_PARAMETER;
	n = &files_tree(c)->nodes[file->node];
	if (n->is_dir)
		return folder_read(c, file);
	if (file->position > n->data.len)
		return EFI_DEVICE_ERROR;
	if (len > n->data.len - file->position)
		len = n->data.len - file->position;
	if (len && !efi_write(c, c->arg[2], n->data.data + file->position, len))
		return EFI_INVALID_PARAMETER;
	file->position += len;
	efi_write_u64(c, c->arg[1], len);
	return EFI_SUCCESS;
}

uint64_t efi_file_write(struct efi_call *c)
{
	return file_of(c) ? EFI_WRITE_PROTECTED : EFI_INVALID_PARAMETER;
}

uint64_t efi_file_get_position(struct efi_call *c)
{
	struct efi_file *file = file_of(c);

	if (!file)
		return EFI_INVALID_PARAMETER;
	if (files_tree(c)->nodes[file->node].is_dir)
		return EFI_UNSUPPORTED;
	return efi_write_u64(c, c->arg[1], file->position) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

/* 13.5.11: all ones is the end; a folder can only start anew. */
uint64_t efi_file_set_position(struct efi_call *c)
{
	struct efi_file *file = file_of(c);
	const struct file_node *n;

	if (!file)
		return EFI_INVALID_PARAMETER;
	n = &files_tree(c)->nodes[file->node];
	if (n->is_dir && c->arg[1])
		return EFI_UNSUPPORTED;
	file->position = c->arg[1] == UINT64_MAX ? n->data.len : c->arg[1];
	return EFI_SUCCESS;
}

static efi_status_t volume_give(struct efi_call *c, bool label_only)
{
	uint8_t raw[VOLUME_LABEL + sizeof(label)] = { 0 };
	const uint8_t *from = label_only ? raw + VOLUME_LABEL : raw;
	uint64_t room, size = label_only ? sizeof(label) : sizeof(raw);

	put_le64(raw + VOLUME_SIZE, sizeof(raw));
	raw[VOLUME_READ_ONLY] = 1;
	put_le64(raw + VOLUME_BYTES, ALIGN_UP(files_tree(c)->bytes, BLOCK_SIZE));
	put_le32(raw + VOLUME_BLOCK, BLOCK_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(label); i++)
		put_le16(raw + VOLUME_LABEL + i * 2, label[i]);
	if (!efi_read_u64(c, c->arg[2], &room) || !efi_write_u64(c, c->arg[2], size))
		return EFI_INVALID_PARAMETER;
	if (room < size)
		return EFI_BUFFER_TOO_SMALL;
	return efi_write(c, c->arg[3], from, size) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

/* Arguments: this, type of information, size, buffer. */
uint64_t efi_file_get_info(struct efi_call *c)
{
	struct efi_file *file = file_of(c);
	struct efi_guid guid;

	if (!file || !efi_read_guid(c, c->arg[1], &guid))
		return EFI_INVALID_PARAMETER;
	efi_note_guid(c, &guid);
	if (efi_guid_equal(&guid, efi_guid(EFI_GUID_FILE_INFO)))
		return info_give(c, file->node, files_tree(c)->nodes[file->node].name, c->arg[2],
				 c->arg[3]);
	if (efi_guid_equal(&guid, efi_guid(EFI_GUID_FILE_SYSTEM_INFO)))
		return volume_give(c, false);
	if (efi_guid_equal(&guid, efi_guid(EFI_GUID_FILE_SYSTEM_VOLUME_LABEL)))
		return volume_give(c, true);
	return EFI_UNSUPPORTED;
}

uint64_t efi_file_set_info(struct efi_call *c)
{
	return file_of(c) ? EFI_WRITE_PROTECTED : EFI_INVALID_PARAMETER;
}

uint64_t efi_file_flush(struct efi_call *c)
{
	return file_of(c) ? EFI_WRITE_PROTECTED : EFI_INVALID_PARAMETER;
}
