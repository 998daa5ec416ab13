/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image that the path enters, as the firmware knows it: UEFI 2.10, 9.1 "EFI Loaded Image Protocol". */
#include <errno.h>
#include <stdlib.h>

#include "models/efi.h"

/* The command line as UCS-2 with its NUL; what is no UTF-8 goes over byte by byte. */
static void options_text(struct buf *out, const char *text)
{
	const uint8_t *p = (const uint8_t *)text;

	for (;;) {
		uint8_t raw[2];
		uint16_t ch = *p;
		unsigned len = 1;

		if (p[0] >= 0xe0 && p[0] < 0xf0 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) {
			ch = (uint16_t)((p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f));
			len = 3;
		} else if (p[0] >= 0xc0 && p[0] < 0xe0 && (p[1] & 0xc0) == 0x80) {
			ch = (uint16_t)((p[0] & 0x1f) << 6 | (p[1] & 0x3f));
			len = 2;
		}
		put_le16(raw, ch);
		buf_append(out, raw, sizeof(raw));
		if (*p == '\0')
			return;
		p += len;
	}
}

int efi_first_image_install(struct efi *efi, struct machine *m, gpa_t base, uint64_t size)
{
	static const uint8_t end[EFI_DP_END_SIZE] = { EFI_DP_END, EFI_DP_END_ALL, EFI_DP_END_SIZE };
	struct efi_state *s = &efi->state;
	uint8_t raw[EFI_LI_SIZE] = { 0 };
	gpa_t options = 0, path, info;
	struct buf text = { 0 };

	options_text(&text, efi->platform->cmdline);
	if (!text.failed)
		options = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, text.data, text.len);
	path = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, end, sizeof(end));
	put_le32(raw + EFI_LI_REVISION, EFI_LOADED_IMAGE_REVISION);
	put_le64(raw + EFI_LI_SYSTEM, s->system_table);
	put_le64(raw + EFI_LI_FILE_PATH, path);
	put_le32(raw + EFI_LI_OPTIONS_LEN, (uint32_t)text.len);
	put_le64(raw + EFI_LI_OPTIONS, options);
	put_le64(raw + EFI_LI_BASE, base);
	put_le64(raw + EFI_LI_LEN, size);
	put_le32(raw + EFI_LI_CODE_TYPE, EFI_LOADER_CODE);
	put_le32(raw + EFI_LI_DATA_TYPE, EFI_LOADER_DATA);
	info = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, raw, sizeof(raw));
	buf_free(&text);
	if (!options || !path || !info ||
	    efi_protocol_install(efi, &s->image_handle, efi_guid(EFI_GUID_LOADED_IMAGE), info) !=
		    EFI_SUCCESS)
		return -ENOSPC;
	return 0;
}
