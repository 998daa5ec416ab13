/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's console: text goes to the report, keys come from the platform. UEFI 2.10, chapter 12 "Protocols - Console Support". */
#include <errno.h>

#include "models/efi.h"

#define COLUMNS 80u
#define ROWS    25u

/* A longer string is no string. */
#define TEXT_MAX 16384u

#define ATTRIBUTE_DEFAULT 0x07u /* light grey on black */
#define ATTRIBUTE_LAST    0x7fu

/* SIMPLE_TEXT_OUTPUT_MODE: MaxMode, Mode, Attribute, CursorColumn, CursorRow, CursorVisible. */
#define MODE_SIZE 24u

static void mode_write(struct efi_call *c, uint8_t visible)
{
	const struct efi_state *s = &c->efi->state;
	uint8_t raw[MODE_SIZE] = { 0 };

	put_le32(raw, 1);
	put_le32(raw + 8, s->text_attribute);
	put_le32(raw + 12, s->cursor_column);
	put_le32(raw + 16, s->cursor_row);
	raw[20] = visible;
	machine_write(c->m, s->text_mode, raw, sizeof(raw));
}

static void put_utf8(struct efi_call *c, uint16_t ch)
{
	char utf8[3];
	size_t n = 0;

	if (ch < 0x80) {
		utf8[n++] = (char)ch;
	} else if (ch < 0x800) {
		utf8[n++] = (char)(0xc0 | ch >> 6);
		utf8[n++] = (char)(0x80 | (ch & 0x3f));
	} else {
		utf8[n++] = (char)(0xe0 | ch >> 12);
		utf8[n++] = (char)(0x80 | (ch >> 6 & 0x3f));
		utf8[n++] = (char)(0x80 | (ch & 0x3f));
	}
	machine_console_put(c->m, utf8, n);
}

static void put_char(struct efi_call *c, uint16_t ch)
{
	struct efi_state *s = &c->efi->state;

	switch (ch) {
	case '\r': s->cursor_column = 0; return;
	case '\b': s->cursor_column -= s->cursor_column > 0; return;
	case '\n':
		s->cursor_row += s->cursor_row + 1 < ROWS;
		put_utf8(c, ch);
		return;
	default: break;
	}
	put_utf8(c, ch);
	if (++s->cursor_column == COLUMNS) {
		s->cursor_column = 0;
		s->cursor_row += s->cursor_row + 1 < ROWS;
	}
}

/* Arguments: this, string. */
uint64_t efi_out_string(struct efi_call *c)
{
	for (size_t i = 0; i < TEXT_MAX; i++) {
		uint8_t raw[2];

		if (!c->arg[1] || !efi_read(c, c->arg[1] + 2 * i, raw, sizeof(raw)))
			return EFI_INVALID_PARAMETER;
		if (get_le16(raw) == 0)
			break;
		put_char(c, get_le16(raw));
	}
	mode_write(c, 1);
	return EFI_SUCCESS;
}

uint64_t efi_out_test(struct efi_call *c)
{
	uint8_t raw[2];

	return c->arg[1] && efi_read(c, c->arg[1], raw, sizeof(raw)) ? EFI_SUCCESS :
								       EFI_INVALID_PARAMETER;
}

static void cursor_home(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;

	/* What follows must not stand behind what was on the screen. */
	if (s->cursor_column)
		machine_console_put(c->m, "\n", 1);
	s->cursor_column = s->cursor_row = 0;
	mode_write(c, 1);
}

uint64_t efi_out_reset(struct efi_call *c)
{
	c->efi->state.text_attribute = ATTRIBUTE_DEFAULT;
	cursor_home(c);
	return EFI_SUCCESS;
}

uint64_t efi_out_clear(struct efi_call *c)
{
	cursor_home(c);
	return EFI_SUCCESS;
}

/* Arguments: this, mode, columns, rows. Mode 0 is the only one. */
uint64_t efi_out_query_mode(struct efi_call *c)
{
	if (c->arg[1] != 0)
		return EFI_UNSUPPORTED;
	if (!c->arg[2] || !c->arg[3] || !efi_write_u64(c, c->arg[2], COLUMNS) ||
	    !efi_write_u64(c, c->arg[3], ROWS))
		return EFI_INVALID_PARAMETER;
	return EFI_SUCCESS;
}

uint64_t efi_out_set_mode(struct efi_call *c)
{
	if (c->arg[1] != 0)
		return EFI_UNSUPPORTED;
	cursor_home(c);
	return EFI_SUCCESS;
}

uint64_t efi_out_set_attribute(struct efi_call *c)
{
	if (c->arg[1] > ATTRIBUTE_LAST)
		return EFI_UNSUPPORTED;
	c->efi->state.text_attribute = (uint32_t)c->arg[1];
	mode_write(c, 1);
	return EFI_SUCCESS;
}

/* Arguments: this, column, row. */
uint64_t efi_out_set_cursor(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;

	if (c->arg[1] >= COLUMNS || c->arg[2] >= ROWS)
		return EFI_UNSUPPORTED;
	/* The report has no second dimension: another row begins a line of its own. */
	if (c->arg[2] != s->cursor_row && s->cursor_column)
		machine_console_put(c->m, "\n", 1);
	s->cursor_column = (uint32_t)c->arg[1];
	s->cursor_row = (uint32_t)c->arg[2];
	mode_write(c, 1);
	return EFI_SUCCESS;
}

uint64_t efi_out_enable_cursor(struct efi_call *c)
{
	mode_write(c, (uint8_t)c->arg[1] != 0);
	return EFI_SUCCESS;
}

/* --- keys --- */

static char key_next(const struct efi *efi)
{
	const char *keys = efi->platform->keys;

	return keys ? keys[efi->state.keys_read] : '\0';
}

void efi_console_poll(struct efi_call *c)
{
	struct efi_event *e = efi_event_find(c->efi, c->efi->state.key_event);

	if (e && key_next(c->efi))
		e->signaled = 1;
}

uint64_t efi_in_reset(struct efi_call *c)
{
	return EFI_SUCCESS;
}

/* EFI_INPUT_KEY: scan code, character. Enter is a carriage return. */
uint64_t efi_in_read_key(struct efi_call *c)
{
	char key = key_next(c->efi);
	uint8_t raw[4] = { 0 };

	if (!c->arg[1] || !efi_reachable(c, c->arg[1], sizeof(raw), true))
		return EFI_INVALID_PARAMETER;
	if (!key)
		return EFI_NOT_READY;
	put_le16(raw + 2, key == '\n' ? '\r' : (uint8_t)key);
	efi_write(c, c->arg[1], raw, sizeof(raw));
	c->efi->state.keys_read++;
	return EFI_SUCCESS;
}

int efi_console_install(struct efi *efi, struct machine *m)
{
	struct efi_state *s = &efi->state;
	uint8_t mode[MODE_SIZE] = { 0 }, raw[8];

	s->text_attribute = ATTRIBUTE_DEFAULT;
	put_le32(mode, 1);
	put_le32(mode + 8, s->text_attribute);
	mode[20] = 1;
	s->text_mode = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, mode, sizeof(mode));
	s->key_event = efi_event_create(efi, 0, EFI_TPL_NOTIFY);
	if (!s->text_mode || !s->key_event)
		return -ENOSPC;
	put_le64(raw, s->text_mode);
	machine_write(m, s->tables[EFI_TABLE_CONOUT] + 0x48, raw, sizeof(raw));
	put_le64(raw, s->key_event);
	machine_write(m, s->tables[EFI_TABLE_CONIN] + 0x10, raw, sizeof(raw));
	if (efi_protocol_install(efi, &s->console_handle, efi_guid(EFI_GUID_SIMPLE_TEXT_INPUT),
				 s->tables[EFI_TABLE_CONIN]) != EFI_SUCCESS ||
	    efi_protocol_install(efi, &s->console_handle, efi_guid(EFI_GUID_SIMPLE_TEXT_OUTPUT),
				 s->tables[EFI_TABLE_CONOUT]) != EFI_SUCCESS)
		return -ENOSPC;
	return 0;
}
