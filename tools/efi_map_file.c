/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a UEFI memory map as what GetMemoryMap() returned was written down: UEFI 2.10, 7.2.3. */
#include "tools/efi_map_file.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/file.h"
#include "tools/json_read.h"

#define FILE_SIZE_MAX MIB(4)

static int take_field(const struct json_value *row, const char *key, uint64_t max, uint64_t *ret,
		      struct diag *diag)
{
	struct json_value v = json_member(row, key);

	if (!v.value)
		return json_complain(row, diag, "\"%s\" is missing", key);
	if (!json_u64(&v, ret))
		return json_complain(&v, diag, "expected a number, or a string \"0x...\"");
	if (*ret > max)
		return json_complain(&v, diag, "larger than 0x%llx", (unsigned long long)max);
	return 0;
}

static int take_row(const struct json_value *row, struct efi_region *ret, struct diag *diag)
{
	uint64_t type = 0;
	int err;

	if (!json_is_object(row))
		return json_complain(row, diag, "expected an object");
	err = take_field(row, "type", UINT32_MAX, &type, diag);
	if (!err)
		err = take_field(row, "start", UINT64_MAX, &ret->start, diag);
	if (!err)
		err = take_field(row, "pages", UINT64_MAX, &ret->pages, diag);
	if (!err)
		err = take_field(row, "attr", UINT64_MAX, &ret->attr, diag);
	ret->type = (uint32_t)type;
	return err;
}

int efi_map_file_parse(const char *name, struct bytes text, struct efi_region **ret,
		       size_t *ret_count, struct diag *diag)
{
	struct efi_region *rows = NULL;
	struct json_doc *doc = NULL;
	struct json_value root, map;
	size_t count = 0;
	int err = json_doc_parse(&doc, name, text, diag);

	if (err)
		return err;
	root = json_root(doc);
	err = json_list(&root, "map", "descriptors", PLATFORM_EFI_MAP_MAX, &map, diag);
	if (!err && !json_count(&map))
		err = json_complain(&map, diag, "expected an array of descriptors");
	if (err)
		goto out;
	count = json_count(&map);
	rows = calloc(count, sizeof(*rows));
	if (!rows)
		err = diag_set(diag, -ENOMEM, "%s: out of memory", name);
	for (size_t i = 0; !err && i < count; i++) {
		struct json_value row = json_element(&map, i);

		err = take_row(&row, &rows[i], diag);
	}
out:
	json_doc_close(doc);
	if (err) {
		free(rows);
		return err;
	}
	*ret = rows;
	*ret_count = count;
	return 0;
}

int efi_map_file_read(const char *path, struct efi_region **ret, size_t *ret_count,
		      struct diag *diag)
{
	struct buf b = { 0 };
	int err = file_read_named(path, FILE_SIZE_MAX, &b, diag);

	if (!err)
		err = efi_map_file_parse(file_base_name(path),
					 (struct bytes){ .data = b.data, .len = b.len }, ret,
					 ret_count, diag);
	buf_free(&b);
	return err;
}
