/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads UEFI variables that are there before the image is: UEFI 2.10, 8.2 "Variable Services". */
#include "tools/efi_vars_file.h"

#include <errno.h>
#include <stdlib.h>

#include "models/efi.h"
#include "tools/file.h"
#include "tools/json_read.h"

#define FILE_SIZE_MAX      MIB(1)
#define ATTRIBUTES_DEFAULT 7u

/* Two hex digits; -1 for anything else. */
static int hex_byte(const char *text)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	int v = 0;

	for (unsigned i = 0; i < 2; i++) {
		const char *p = text[i] ? strchr(digits, text[i]) : NULL;

		if (!p)
			return -1;
		v = v << 4 | (int)((p - digits) & 15);
	}
	return v;
}

/* "8be4df61-93ca-11d2-aa0d-00e098032b8c": the first three groups are little-endian in memory. */
static bool parse_guid(const char *text, uint8_t ret[16])
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	unsigned n = 0;

	while (*text) {
		int v;

		if (*text == '-' && (n == 4 || n == 6 || n == 8 || n == 10))
			text++;
		v = hex_byte(text);
		if (v < 0 || n == 16)
			return false;
		ret[order[n++]] = (uint8_t)v;
		text += 2;
	}
	return n == 16;
}

static int take_data(const struct json_value *v, struct efi_preset *ret, struct diag *diag)
{
	const char *text = json_text(v);
	size_t len = text ? strlen(text) / 2 : 0;
	uint8_t *data;

	if (!text || strlen(text) % 2)
		return json_complain(v, diag, "expected a string of hex digits, two a byte");
	if (len > EFI_VARIABLE_STORE_MAX)
		return json_complain(v, diag, "more than %u bytes", EFI_VARIABLE_STORE_MAX);
	data = malloc(len + 1);
	if (!data)
		return diag_set(diag, -ENOMEM, "out of memory");
	ret->data = (struct bytes){ .data = data, .len = len };
	for (size_t i = 0; i < len; i++) {
		int byte = hex_byte(text + 2 * i);

		if (byte < 0)
			return json_complain(v, diag,
					     "expected a string of hex digits, two a byte");
		data[i] = (uint8_t)byte;
	}
	return 0;
}

static int take_name(const struct json_value *row, struct efi_preset *ret, struct diag *diag)
{
	struct json_value v = json_member(row, "name");
	const char *text = v.value ? json_text(&v) : NULL;

	if (!text || !*text)
		return json_complain(v.value ? &v : row, diag, "expected a \"name\"");
	if (strlen(text) >= EFI_VARIABLE_NAME_MAX)
		return json_complain(&v, diag, "%u characters and more", EFI_VARIABLE_NAME_MAX);
	ret->name = strdup(text);
	return ret->name ? 0 : diag_set(diag, -ENOMEM, "out of memory");
}

static int take_row(const struct json_value *row, struct efi_preset *ret, struct diag *diag)
{
	struct json_value guid, attributes, data;
	uint64_t n = ATTRIBUTES_DEFAULT;
	int err;

	if (!json_is_object(row))
		return json_complain(row, diag, "expected an object");
	err = take_name(row, ret, diag);
	if (err)
		return err;
	guid = json_member(row, "guid");
	memcpy(ret->guid, efi_guid(EFI_GUID_GLOBAL_VARIABLE)->b, sizeof(ret->guid));
	if (guid.value && (!json_text(&guid) || !parse_guid(json_text(&guid), ret->guid)))
		return json_complain(&guid, diag, "expected a GUID");
	attributes = json_member(row, "attributes");
	if (attributes.value && (!json_u64(&attributes, &n) || n > UINT32_MAX))
		return json_complain(&attributes, diag, "expected a number");
	ret->attributes = (uint32_t)n;
	data = json_member(row, "data");
	return data.value ? take_data(&data, ret, diag) : 0;
}

void efi_vars_free(struct efi_preset *vars, size_t count)
{
	for (size_t i = 0; vars && i < count; i++) {
		free((void *)(uintptr_t)vars[i].name);
		free((void *)(uintptr_t)vars[i].data.data);
	}
	free(vars);
}

int efi_vars_file_parse(const char *name, struct bytes text, struct efi_preset **ret,
			size_t *ret_count, struct diag *diag)
{
	struct efi_preset *rows = NULL;
	struct json_doc *doc = NULL;
	struct json_value root, list;
	size_t count = 0;
	int err = json_doc_parse(&doc, name, text, diag);

	if (err)
		return err;
	root = json_root(doc);
	err = json_list(&root, "variables", "variables", EFI_VARIABLES_MAX, &list, diag);
	if (err)
		goto out;
	count = json_count(&list);
	rows = calloc(count + 1, sizeof(*rows));
	if (!rows)
		err = diag_set(diag, -ENOMEM, "%s: out of memory", name);
	for (size_t i = 0; !err && i < count; i++) {
		struct json_value row = json_element(&list, i);

		err = take_row(&row, &rows[i], diag);
	}
out:
	json_doc_close(doc);
	if (err) {
		efi_vars_free(rows, count);
		return err;
	}
	*ret = rows;
	*ret_count = count;
	return 0;
}

int efi_vars_file_read(const char *path, struct efi_preset **ret, size_t *ret_count,
		       struct diag *diag)
{
	struct buf b = { 0 };
	int err = file_read_named(path, FILE_SIZE_MAX, &b, diag);

	if (!err)
		err = efi_vars_file_parse(file_base_name(path),
					  (struct bytes){ .data = b.data, .len = b.len }, ret,
					  ret_count, diag);
	buf_free(&b);
	return err;
}
