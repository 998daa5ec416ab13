/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INT 10h: a VGA adapter in 80x25 text, its memory, and the VBE functions of one without graphics modes (RBIL; VBE 3.0; VBE/DDC 1.1). */
#include "models/bios_impl.h"

#define BLANK     0x0720u /* a space, grey on black */
#define PAGE_CELL (TEXT_COLUMNS * TEXT_ROWS)

#define VBE_SUPPORTED 0x004fu
#define VBE_FAILED    0x014fu
#define VBE_VERSION   0x0300u
#define VBE_INFO_SIZE 512u
#define VBE2_REQUEST  0x32454256u /* "VBE2": the caller has room for 512 bytes */
#define VBE_NO_MODES  0xffffu

/*
 * The monitor of QEMU's standard VGA adapter, as its EDID 1.4 tells (VESA E-EDID A.2): identity, basics and
 * colours, timings, and the descriptors with limits and name.
 */
static const uint8_t edid[128] = {
	0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x49, 0x14, 0x34, 0x12, 0x00, 0x00, 0x00,
	0x00, 0x2a, 0x18, 0x01, 0x04, 0xa5, 0x20, 0x14, 0x78, 0x06, 0xee, 0x91, 0xa3, 0x54, 0x4c,
	0x99, 0x26, 0x0f, 0x50, 0x54, 0x21, 0x08, 0x00, 0xe1, 0xc0, 0xd1, 0xc0, 0xd1, 0x00, 0xa9,
	0x40, 0xb3, 0x00, 0x95, 0x00, 0x81, 0x80, 0x81, 0x40, 0xea, 0x29, 0x00, 0xc0, 0x51, 0x20,
	0x1c, 0x30, 0x40, 0x26, 0x44, 0x40, 0x45, 0xcb, 0x10, 0x00, 0x00, 0x18, 0x00, 0x00, 0x00,
	0xf7, 0x00, 0x0a, 0x00, 0x40, 0x82, 0x00, 0x28, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0xfd, 0x00, 0x32, 0x7d, 0x1e, 0xa0, 0xff, 0x01, 0x0a, 0x20, 0x20, 0x20,
	0x20, 0x20, 0x20, 0x00, 0x00, 0x00, 0xfc, 0x00, 0x51, 0x45, 0x4d, 0x55, 0x20, 0x4d, 0x6f,
	0x6e, 0x69, 0x74, 0x6f, 0x72, 0x0a, 0x01, 0x3a,
};

static uint16_t cell_get(const struct bios *bios, unsigned row, unsigned column)
{
	return get_le16(bios->state.text + 2 * (row * TEXT_COLUMNS + column));
}

static void cell_set(struct bios *bios, unsigned row, unsigned column, uint16_t v)
{
	put_le16(bios->state.text + 2 * (row * TEXT_COLUMNS + column), v);
}

void bios_display_clear(struct bios *bios)
{
	for (unsigned i = 0; i < TEXT_SIZE / 2; i++)
		put_le16(bios->state.text + 2 * i, BLANK);
}

/* --- the window at B8000h --- */

static uint64_t text_read(void *arg, uint64_t offset, unsigned size)
{
	const struct bios *bios = arg;
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)bios->state.text[(offset + i) % TEXT_SIZE] << (8 * i);
	return v;
}

static void text_write(struct machine *m, void *arg, uint64_t offset, unsigned size, uint64_t value)
{
	struct bios *bios = arg;

	(void)m;
	bios->state.drawn = 1;
	for (unsigned i = 0; i < size; i++)
		bios->state.text[(offset + i) % TEXT_SIZE] = (uint8_t)(value >> (8 * i));
}

/* Lines without the blanks at their ends; what stands on no key is a dot. */
static void screen_show(void *arg, struct buf *out)
{
	const struct bios *bios = arg;
	unsigned last = 0;

	if (!bios->state.drawn)
		return;
	for (unsigned row = 0; row < TEXT_ROWS; row++) {
		char line[TEXT_COLUMNS + 1];
		unsigned end = 0;

		for (unsigned i = 0; i < TEXT_COLUMNS; i++) {
			uint8_t ch = (uint8_t)cell_get(bios, row, i);

			line[i] = (char)(ch == 0 ? ' ' : ch < 0x20 || ch > 0x7e ? '.' : ch);
			if (line[i] != ' ')
				end = i + 1;
		}
		line[end] = '\0';
		if (!end)
			continue;
		for (; last < row; last++)
			buf_puts(out, "\n");
		buf_puts(out, line);
	}
	buf_puts(out, "\n");
}

int bios_display_attach(struct bios *bios, struct machine *m)
{
	const struct device_memory memory = { .gpa = TEXT_GPA,
					      .size = TEXT_SIZE,
					      .read = text_read,
					      .write = text_write,
					      .arg = bios };

	if (!bios->has_display)
		return 0;
	machine_on_screen(m, screen_show, bios);
	return machine_device_memory_add(m, &memory);
}

/* --- cursor and mode --- */

static void cursor_get(struct bios_call *c, unsigned *ret_row, unsigned *ret_column)
{
	uint16_t at = call_bda16(c, BDA_CURSOR);

	*ret_row = at >> 8;
	*ret_column = at & 0xff;
}

static void cursor_set(struct bios_call *c, unsigned row, unsigned column)
{
	call_set_bda16(c, BDA_CURSOR, (uint16_t)(row << 8 | column));
}

/* Bit 7 of the mode: keep what is shown. Graphics modes are not there; text stays. */
void int10_set_mode(struct bios_call *c)
{
	uint8_t mode = call_al(c);

	if ((mode & 0x7f) != 3 && (mode & 0x7f) != 2) {
		machine_event(c->m, EVENT_BIOS_CALL, EVENT_UNMODELLED, 0x10, call_reg16(c, GPR_RAX),
			      0);
		return;
	}
	if (!(mode & 0x80))
		bios_display_clear(c->bios);
	call_set_bda8(c, BDA_VIDEO_MODE, mode & 0x7f);
	cursor_set(c, 0, 0);
	call_set_bda16(c, BDA_CURSOR_SHAPE, 0x0607);
	call_set_al(c, 0x30); /* RBIL: what a VGA's BIOS leaves for text modes */
}

void int10_set_shape(struct bios_call *c)
{
	call_set_bda16(c, BDA_CURSOR_SHAPE, call_reg16(c, GPR_RCX));
}

void int10_set_cursor(struct bios_call *c)
{
	if (call_reg16(c, GPR_RBX) >> 8 == 0)
		call_set_bda16(c, BDA_CURSOR, call_reg16(c, GPR_RDX));
}

void int10_get_cursor(struct bios_call *c)
{
	call_set16(c, GPR_RCX, call_bda16(c, BDA_CURSOR_SHAPE));
	call_set16(c, GPR_RDX, call_reg16(c, GPR_RBX) >> 8 == 0 ? call_bda16(c, BDA_CURSOR) : 0);
}

void int10_set_page(struct bios_call *c)
{
	if (call_al(c) != 0)
		machine_event(c->m, EVENT_BIOS_CALL, EVENT_UNMODELLED, 0x10, call_reg16(c, GPR_RAX),
			      0);
}

void int10_get_mode(struct bios_call *c)
{
	call_set_al(c, call_bda8(c, BDA_VIDEO_MODE));
	call_set_ah(c, call_bda8(c, BDA_COLUMNS));
	call_set16(c, GPR_RBX,
		   (uint16_t)((call_reg16(c, GPR_RBX) & 0xff) | call_bda8(c, BDA_PAGE) << 8));
}

/* --- text --- */

/* Rows and columns of CX and DX, kept on the screen. */
static void scroll(struct bios_call *c, bool up)
{
	unsigned top = call_reg16(c, GPR_RCX) >> 8, left = call_reg16(c, GPR_RCX) & 0xff;
	unsigned bottom = call_reg16(c, GPR_RDX) >> 8, right = call_reg16(c, GPR_RDX) & 0xff;
	unsigned lines = call_al(c);
	uint16_t blank = (uint16_t)((call_reg16(c, GPR_RBX) & 0xff00) | ' ');

	bottom = bottom < TEXT_ROWS ? bottom : TEXT_ROWS - 1;
	right = right < TEXT_COLUMNS ? right : TEXT_COLUMNS - 1;
	if (top > bottom || left > right)
		return;
	if (lines == 0 || lines > bottom - top)
		lines = bottom - top + 1;
	for (unsigned i = 0; i <= bottom - top; i++) {
		unsigned row = up ? top + i : bottom - i;
		bool inside = i + lines <= bottom - top;

		for (unsigned col = left; col <= right; col++)
			cell_set(c->bios, row, col,
				 inside ? cell_get(c->bios, up ? row + lines : row - lines, col) :
					  blank);
	}
}

void int10_scroll_up(struct bios_call *c)
{
	scroll(c, true);
}

void int10_scroll_down(struct bios_call *c)
{
	scroll(c, false);
}

void int10_read_char(struct bios_call *c)
{
	unsigned row, column;

	cursor_get(c, &row, &column);
	if (row < TEXT_ROWS && column < TEXT_COLUMNS)
		call_set16(c, GPR_RAX, cell_get(c->bios, row, column));
}

/* CX times, without moving the cursor; AH=0Ah keeps the colour. */
void int10_write_char(struct bios_call *c)
{
	bool colour = call_reg16(c, GPR_RAX) >> 8 == 0x09;
	unsigned row, column;

	cursor_get(c, &row, &column);
	for (unsigned i = row * TEXT_COLUMNS + column, n = call_reg16(c, GPR_RCX);
	     n > 0 && i < PAGE_CELL; i++, n--) {
		uint16_t old = get_le16(c->bios->state.text + 2 * i);

		put_le16(c->bios->state.text + 2 * i,
			 (uint16_t)(call_al(c) | (colour ? call_bl(c) << 8 : old & 0xff00)));
	}
	c->bios->state.drawn = 1;
}

static void line_feed(struct bios_call *c, unsigned *row)
{
	struct bios *bios = c->bios;

	if (++*row < TEXT_ROWS)
		return;
	*row = TEXT_ROWS - 1;
	memmove(bios->state.text, bios->state.text + 2 * TEXT_COLUMNS,
		2 * TEXT_COLUMNS * (TEXT_ROWS - 1));
	for (unsigned i = 0; i < TEXT_COLUMNS; i++)
		cell_set(bios, TEXT_ROWS - 1, i, BLANK);
}

void int10_teletype(struct bios_call *c)
{
	char ch = (char)call_al(c);
	unsigned row, column;

	machine_console_put(c->m, &ch, 1);
	cursor_get(c, &row, &column);
	if (row >= TEXT_ROWS || column >= TEXT_COLUMNS)
		row = column = 0;
	switch (ch) {
	case '\a': break;
	case '\b': column -= column > 0; break;
	case '\r': column = 0; break;
	case '\n': line_feed(c, &row); break;
	default:
		cell_set(c->bios, row, column,
			 (uint16_t)((cell_get(c->bios, row, column) & 0xff00) | (uint8_t)ch));
		if (++column == TEXT_COLUMNS) {
			column = 0;
			line_feed(c, &row);
		}
	}
	cursor_set(c, row, column);
}

/* --- what the adapter is --- */

/* No font lies in the ROM: the pointer goes to zeros, height and rows are right. */
void int10_font(struct bios_call *c)
{
	c->cpu.seg[SEG_ES].selector = 0xc000;
	c->cpu.seg[SEG_ES].base = 0xc0000;
	call_set16(c, GPR_RBP, 0);
	call_set16(c, GPR_RCX, call_bda16(c, BDA_POINTS));
	call_set16(c, GPR_RDX,
		   (uint16_t)((call_reg16(c, GPR_RDX) & 0xff00) | call_bda8(c, BDA_LAST_ROW)));
}

/* BL=10h: colour, 256 KiB, switches. */
void int10_alternate(struct bios_call *c)
{
	if (call_bl(c) != 0x10)
		return;
	call_set16(c, GPR_RBX, 0x0003);
	call_set16(c, GPR_RCX, 0x0009);
}

/* A VGA with a colour monitor, and no second adapter. */
void int10_combination(struct bios_call *c)
{
	call_set_al(c, 0x1a);
	call_set16(c, GPR_RBX, 0x0008);
}

void int10_vbe_info(struct bios_call *c)
{
	uint8_t info[VBE_INFO_SIZE] = { 0 }, modes[2];
	size_t size;

	call_read(c, SEG_ES, call_reg16(c, GPR_RDI), info, 4);
	size = get_le32(info) == VBE2_REQUEST ? VBE_INFO_SIZE : VBE_INFO_SIZE / 2;
	memset(info, 0, sizeof(info));
	memcpy(info, "VESA", 4);
	put_le16(info + 4, VBE_VERSION);
	put_le32(info + 6, BIOS_SEGMENT << 16 | (BIOS_VBE_STRINGS + 2)); /* OEM string: empty */
	put_le32(info + 14, BIOS_SEGMENT << 16 | BIOS_VBE_STRINGS);      /* modes */
	put_le16(info + 18, 4); /* 64 KiB blocks of memory */
	put_le16(modes, VBE_NO_MODES);
	machine_write(c->m, BIOS_GPA + BIOS_VBE_STRINGS, modes, sizeof(modes));
	call_write(c, SEG_ES, call_reg16(c, GPR_RDI), info, size);
	call_set16(c, GPR_RAX, VBE_SUPPORTED);
}

void int10_vbe_fails(struct bios_call *c)
{
	call_set16(c, GPR_RAX, VBE_FAILED);
}

void int10_vbe_absent(struct bios_call *c)
{
	call_set16(c, GPR_RAX, 0x0100);
}

void int10_vbe_mode(struct bios_call *c)
{
	call_set16(c, GPR_RBX, call_bda8(c, BDA_VIDEO_MODE));
	call_set16(c, GPR_RAX, VBE_SUPPORTED);
}

/* BL=0: what it can do (DDC2); BL=1: read block DX of the EDID. */
void int10_vbe_ddc(struct bios_call *c)
{
	call_set16(c, GPR_RAX, VBE_SUPPORTED);
	if (call_bl(c) == 0)
		call_set16(c, GPR_RBX, 0x0002);
	else if (call_bl(c) == 1 && call_reg16(c, GPR_RDX) == 0)
		call_write(c, SEG_ES, call_reg16(c, GPR_RDI), edid, sizeof(edid));
	else
		call_set16(c, GPR_RAX, VBE_FAILED);
}
