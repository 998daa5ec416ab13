/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device paths: reading them, EFI_DEVICE_PATH_UTILITIES_PROTOCOL, EFI_DEVICE_PATH_TO_TEXT_PROTOCOL. UEFI 2.10, chapter 10. */
#include <stdio.h>

#include "models/efi.h"

/* A node: type, sub-type, length with these four bytes. */
#define NODE_HEADER 4u

#define END_INSTANCE 0x01u

size_t efi_read_device_path(struct efi_call *c, gva_t va, uint8_t *ret_raw, size_t max)
{
	size_t len = 0;

	while (max - len >= NODE_HEADER) {
		uint8_t *node = ret_raw + len;
		size_t size;

		if (!efi_read(c, va + len, node, NODE_HEADER))
			return 0;
		size = get_le16(node + 2);
		if (size < NODE_HEADER || size > max - len ||
		    !efi_read(c, va + len + NODE_HEADER, node + NODE_HEADER, size - NODE_HEADER))
			return 0;
		len += size;
		if (node[0] == EFI_DP_END && node[1] == EFI_DP_END_ALL)
			return len;
	}
	return 0;
}

static gpa_t path_put(struct efi_call *c, const uint8_t *raw, size_t len)
{
	return efi_pool_put(c->efi, c->m, EFI_BOOT_SERVICES_DATA, raw, len);
}

/* --- utilities: they answer with a size or an address, 0 when it does not work --- */

uint64_t efi_device_path_size(struct efi_call *c)
{
	uint8_t raw[EFI_DEVICE_PATH_MAX];

	return c->arg[0] ? efi_read_device_path(c, c->arg[0], raw, sizeof(raw)) : 0;
}

uint64_t efi_device_path_duplicate(struct efi_call *c)
{
	uint8_t raw[EFI_DEVICE_PATH_MAX];
	size_t len = c->arg[0] ? efi_read_device_path(c, c->arg[0], raw, sizeof(raw)) : 0;

	return len ? path_put(c, raw, len) : 0;
}

static void end_put(uint8_t *raw)
{
	raw[0] = EFI_DP_END;
	raw[1] = EFI_DP_END_ALL;
	put_le16(raw + 2, NODE_HEADER);
}

/* 10.5.4: a path of 0 is an empty one. */
static size_t path_or_empty(struct efi_call *c, gva_t va, uint8_t *raw, size_t max)
{
	if (va)
		return efi_read_device_path(c, va, raw, max);
	end_put(raw);
	return NODE_HEADER;
}

uint64_t efi_device_path_append(struct efi_call *c)
{
	uint8_t raw[2 * EFI_DEVICE_PATH_MAX];
	size_t first = path_or_empty(c, c->arg[0], raw, EFI_DEVICE_PATH_MAX), second;

	if (!first)
		return 0;
	second = path_or_empty(c, c->arg[1], raw + first - NODE_HEADER, EFI_DEVICE_PATH_MAX);
	return second ? path_put(c, raw, first - NODE_HEADER + second) : 0;
}

uint64_t efi_device_node_append(struct efi_call *c)
{
	uint8_t raw[2 * EFI_DEVICE_PATH_MAX], *node;
	size_t len = path_or_empty(c, c->arg[0], raw, EFI_DEVICE_PATH_MAX), size = 0;

	if (!len)
		return 0;
	node = raw + len - NODE_HEADER;
	if (c->arg[1]) {
		if (!efi_read(c, c->arg[1], node, NODE_HEADER))
			return 0;
		size = get_le16(node + 2);
		if (size < NODE_HEADER || size > EFI_DEVICE_PATH_MAX - NODE_HEADER ||
		    !efi_read(c, c->arg[1], node, size))
			return 0;
	}
	end_put(node + size);
	return path_put(c, raw, len + size);
}

/* Arguments: path or 0, another instance for it. */
uint64_t efi_device_path_add(struct efi_call *c)
{
	uint8_t raw[2 * EFI_DEVICE_PATH_MAX];
	size_t first = 0, second;

	if (!c->arg[1])
		return 0;
	if (c->arg[0]) {
		first = efi_read_device_path(c, c->arg[0], raw, EFI_DEVICE_PATH_MAX);
		if (!first)
			return 0;
		raw[first - NODE_HEADER + 1] = END_INSTANCE;
	}
	second = efi_read_device_path(c, c->arg[1], raw + first, EFI_DEVICE_PATH_MAX);
	return second ? path_put(c, raw, first + second) : 0;
}

/* Arguments: in and out: path, or 0 after the last instance; size of the instance that is given a copy of. */
uint64_t efi_device_path_next(struct efi_call *c)
{
	uint8_t raw[EFI_DEVICE_PATH_MAX];
	size_t len, at = 0;
	gpa_t copy;
	gva_t va;

	if (!c->arg[0] || !efi_read_u64(c, c->arg[0], &va) || !efi_reachable(c, c->arg[0], 8, true))
		return 0;
	len = va ? efi_read_device_path(c, va, raw, sizeof(raw)) : 0;
	if (!len)
		return 0;
	while (raw[at] != EFI_DP_END)
		at += get_le16(raw + at + 2);
	va = raw[at + 1] == EFI_DP_END_ALL ? 0 : va + at + NODE_HEADER;
	end_put(raw + at);
	copy = path_put(c, raw, at + NODE_HEADER);
	if (!copy || (c->arg[1] && !efi_write_u64(c, c->arg[1], at + NODE_HEADER)))
		return 0;
	efi_write_u64(c, c->arg[0], va);
	return copy;
}

uint64_t efi_device_path_is_multi(struct efi_call *c)
{
	uint8_t raw[EFI_DEVICE_PATH_MAX];
	size_t len = c->arg[0] ? efi_read_device_path(c, c->arg[0], raw, sizeof(raw)) : 0;

	for (size_t at = 0; at < len; at += get_le16(raw + at + 2))
		if (raw[at] == EFI_DP_END && raw[at + 1] == END_INSTANCE)
			return 1;
	return 0;
}

/* Arguments: type, sub-type, length. */
uint64_t efi_device_node_create(struct efi_call *c)
{
	uint8_t raw[EFI_DEVICE_PATH_MAX] = { (uint8_t)c->arg[0], (uint8_t)c->arg[1] };
	uint16_t len = (uint16_t)c->arg[2];

	if (len < NODE_HEADER || len > sizeof(raw))
		return 0;
	put_le16(raw + 2, len);
	return path_put(c, raw, len);
}

/* --- text: 10.6.1.6, with the general form for nodes that have no row --- */

static void guid_text(struct buf *out, const uint8_t *g)
{
	buf_printf(out, "%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X", get_le32(g),
		   get_le16(g + 4), get_le16(g + 6), g[8], g[9], g[10], g[11], g[12], g[13], g[14],
		   g[15]);
}

/* A path name of UCS-2 characters; what is not ASCII does not come up here. */
static void name_text(struct buf *out, const uint8_t *raw, size_t len)
{
	for (size_t i = 0; i + 1 < len && get_le16(raw + i); i += 2) {
		uint16_t ch = get_le16(raw + i);
		char byte = ch < 0x80 ? (char)ch : '?';

		buf_append(out, &byte, 1);
	}
}

static void generic_text(struct buf *out, const uint8_t *node, size_t len)
{
	buf_printf(out, "Path(%u,%u,", node[0], node[1]);
	for (size_t i = NODE_HEADER; i < len; i++)
		buf_printf(out, "%02X", node[i]);
	buf_puts(out, ")");
}

static void harddrive_text(struct buf *out, const uint8_t *node)
{
	/* partition, start, size, signature, format, signature type */
	buf_printf(out, "HD(%u,", get_le32(node + 4));
	if (node[41] == 2) {
		buf_puts(out, "GPT,");
		guid_text(out, node + 24);
	} else {
		buf_printf(out, "MBR,0x%08X", get_le32(node + 24));
	}
	buf_printf(out, ",0x%llX,0x%llX)", (unsigned long long)get_le64(node + 8),
		   (unsigned long long)get_le64(node + 16));
}

#define KIND(type, subtype) ((unsigned)(type) << 8 | (unsigned)(subtype))

static void node_text(struct buf *out, const uint8_t *node, size_t len)
{
	switch (KIND(node[0], node[1])) {
	case KIND(EFI_DP_HARDWARE, 1): /* PCI: function, device */
		if (len < 6)
			break;
		buf_printf(out, "Pci(0x%X,0x%X)", node[5], node[4]);
		return;
	case KIND(EFI_DP_HARDWARE, 4): /* vendor */
		if (len < 20)
			break;
		buf_puts(out, "VenHw(");
		guid_text(out, node + 4);
		buf_puts(out, ")");
		return;
	case KIND(EFI_DP_ACPI, 1): /* _HID, _UID: compressed EISA id of PNP0A03 is the PCI root */
		if (len < 12)
			break;
		if (get_le32(node + 4) == 0x0a0341d0)
			buf_printf(out, "PciRoot(0x%X)", get_le32(node + 8));
		else
			buf_printf(out, "Acpi(0x%08X,0x%X)", get_le32(node + 4),
				   get_le32(node + 8));
		return;
	case KIND(EFI_DP_MEDIA, 1):
		if (len < 42)
			break;
		harddrive_text(out, node);
		return;
	case KIND(EFI_DP_MEDIA, 3):
		if (len < 20)
			break;
		buf_puts(out, "VenMedia(");
		guid_text(out, node + 4);
		buf_puts(out, ")");
		return;
	case KIND(EFI_DP_MEDIA, 4): name_text(out, node + NODE_HEADER, len - NODE_HEADER); return;
	default: break;
	}
	generic_text(out, node, len);
}

static gpa_t text_put(struct efi_call *c, struct buf *text)
{
	struct buf wide = { 0 };
	gpa_t gpa = 0;

	for (size_t i = 0; i <= text->len; i++) {
		uint8_t raw[2];

		put_le16(raw, i < text->len ? text->data[i] : 0);
		buf_append(&wide, raw, sizeof(raw));
	}
	if (!wide.failed && !text->failed)
		gpa = path_put(c, wide.data, wide.len);
	buf_free(&wide);
	buf_free(text);
	return gpa;
}

uint64_t efi_device_node_to_text(struct efi_call *c)
{
	uint8_t node[EFI_DEVICE_PATH_MAX];
	struct buf text = { 0 };
	size_t len;

	if (!c->arg[0] || !efi_read(c, c->arg[0], node, NODE_HEADER))
		return 0;
	len = get_le16(node + 2);
	if (len < NODE_HEADER || len > sizeof(node) || !efi_read(c, c->arg[0], node, len))
		return 0;
	node_text(&text, node, len);
	return text_put(c, &text);
}

uint64_t efi_device_path_to_text(struct efi_call *c)
{
	uint8_t raw[EFI_DEVICE_PATH_MAX];
	size_t len = c->arg[0] ? efi_read_device_path(c, c->arg[0], raw, sizeof(raw)) : 0;
	struct buf text = { 0 };

	if (!len)
		return 0;
	for (size_t at = 0; at + NODE_HEADER < len; at += get_le16(raw + at + 2)) {
		bool end = raw[at] == EFI_DP_END;

		if (at && !end && raw[at - NODE_HEADER] != EFI_DP_END)
			buf_puts(&text, "/");
		if (end)
			buf_puts(&text, ",");
		else
			node_text(&text, raw + at, get_le16(raw + at + 2));
	}
	return text_put(c, &text);
}
