/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INT 10h: the text of a VGA adapter, its memory, cursor and fonts (RBIL INT 10h); models/vbe.c has its modes. */
#include "models/bios_impl.h"

#define BLANK              0x0720u /* a space, grey on black */
#define DISPLAY_VGA_COLOUR 0x08
#define SCAN_LINES         400u
#define CELLS_MAX          (TEXT_SIZE / 2)

static uint16_t cell_get(const struct bios *bios, unsigned row, unsigned column)
{
	return get_le16(bios->state.text + 2 * (row * bios->state.columns + column));
}

static void cell_set(struct bios *bios, unsigned row, unsigned column, uint16_t v)
{
	put_le16(bios->state.text + 2 * (row * bios->state.columns + column), v);
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

/* Without the blanks at its end; what stands on no key is a dot. */
static void line_show(const struct bios *bios, unsigned row, struct buf *out)
{
	unsigned end = bios->state.columns;

	while (end && strchr(" ", (uint8_t)cell_get(bios, row, end - 1)))
		end--;
	for (unsigned i = 0; i < end; i++) {
		uint8_t ch = (uint8_t)cell_get(bios, row, i);

		buf_printf(out, "%c", ch == 0 ? ' ' : ch < 0x20 || ch > 0x7e ? '.' : ch);
	}
}

static void screen_show(void *arg, struct buf *out)
{
	const struct bios *bios = arg;
	unsigned last = 0;

	if (!bios->state.drawn || bios->state.graphics)
		return;
	for (unsigned row = 0; row < bios->state.rows; row++) {
		struct buf line = { 0 };

		line_show(bios, row, &line);
		for (; line.len && last < row; last++)
			buf_puts(out, "\n");
		buf_append(out, line.data, line.len);
		buf_free(&line);
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

/* --- cursor --- */

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

static bool on_screen(const struct bios *bios, unsigned row, unsigned column)
{
	return row < bios->state.rows && column < bios->state.columns && !bios->state.graphics;
}

/* Rows and columns of CX and DX, kept on the screen. */
static void scroll(struct bios_call *c, bool up)
{
	struct bios *bios = c->bios;
	unsigned top = call_reg16(c, GPR_RCX) >> 8, left = call_reg16(c, GPR_RCX) & 0xff;
	unsigned bottom = call_reg16(c, GPR_RDX) >> 8, right = call_reg16(c, GPR_RDX) & 0xff;
	unsigned lines = call_al(c);
	uint16_t blank = (uint16_t)((call_reg16(c, GPR_RBX) & 0xff00) | ' ');

	bottom = bottom < bios->state.rows ? bottom : bios->state.rows - 1u;
	right = right < bios->state.columns ? right : bios->state.columns - 1u;
	if (top > bottom || left > right || bios->state.graphics)
		return;
	if (lines == 0 || lines > bottom - top)
		lines = bottom - top + 1;
	for (unsigned i = 0; i <= bottom - top; i++) {
		unsigned row = up ? top + i : bottom - i;
		bool inside = i + lines <= bottom - top;

		for (unsigned col = left; col <= right; col++)
			cell_set(bios, row, col,
				 inside ? cell_get(bios, up ? row + lines : row - lines, col) :
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
	if (on_screen(c->bios, row, column))
		call_set16(c, GPR_RAX, cell_get(c->bios, row, column));
}

/* CX times, without moving the cursor; AH=0Ah keeps the colour. */
void int10_write_char(struct bios_call *c)
{
	bool colour = call_reg16(c, GPR_RAX) >> 8 == 0x09;
	unsigned row, column;

	cursor_get(c, &row, &column);
	for (unsigned i = row * c->bios->state.columns + column, n = call_reg16(c, GPR_RCX);
	     n > 0 && i < CELLS_MAX && !c->bios->state.graphics; i++, n--) {
		uint16_t old = get_le16(c->bios->state.text + 2 * i);

		put_le16(c->bios->state.text + 2 * i,
			 (uint16_t)(call_al(c) | (colour ? call_bl(c) << 8 : old & 0xff00)));
	}
	c->bios->state.drawn = 1;
}

static void line_feed(struct bios *bios, unsigned *row)
{
	unsigned width = bios->state.columns;

	if (++*row < bios->state.rows)
		return;
	*row = bios->state.rows - 1u;
	if (bios->state.graphics)
		return;
	memmove(bios->state.text, bios->state.text + 2 * width, 2 * width * *row);
	for (unsigned i = 0; i < width; i++)
		cell_set(bios, *row, i, BLANK);
}

/* In a graphics mode the cursor moves, and nothing is drawn. */
static void put_char(struct bios *bios, char ch, unsigned *row, unsigned *column)
{
	switch (ch) {
	case '\a': break;
	case '\b': *column -= *column > 0; break;
	case '\r': *column = 0; break;
	case '\n': line_feed(bios, row); break;
	default:
		if (!bios->state.graphics)
			cell_set(bios, *row, *column,
				 (uint16_t)((cell_get(bios, *row, *column) & 0xff00) |
					    (uint8_t)ch));
		if (++*column == bios->state.columns) {
			*column = 0;
			line_feed(bios, row);
		}
	}
}

void int10_teletype(struct bios_call *c)
{
	char ch = (char)call_al(c);
	unsigned row, column;

	machine_console_put(c->m, &ch, 1);
	cursor_get(c, &row, &column);
	if (row >= c->bios->state.rows || column >= c->bios->state.columns)
		row = column = 0;
	put_char(c->bios, ch, &row, &column);
	cursor_set(c, row, column);
}

/* --- what the adapter is --- */

/* AL=x1h, x2h, x4h: the 14, 8 and 16 line fonts; with 1xh the number of rows follows (RBIL INT 10/AX=1111h). */
static void font_load(struct bios_call *c, uint8_t al)
{
	static const uint8_t heights[] = { [1] = 14, [2] = 8, [4] = 16 };
	unsigned height = (al & 7) < ARRAY_SIZE(heights) ? heights[al & 7] : 0;

	if (!height || !(al & 0x10))
		return;
	c->bios->state.rows = (uint8_t)(SCAN_LINES / height);
	call_set_bda16(c, BDA_POINTS, (uint16_t)height);
	call_set_bda8(c, BDA_LAST_ROW, (uint8_t)(c->bios->state.rows - 1));
	call_set_bda16(c, BDA_PAGE_SIZE,
		       (uint16_t)(c->bios->state.rows * c->bios->state.columns * 2));
}

void int10_font_set(struct bios_call *c)
{
	uint8_t al = call_al(c);

	if (al < 0x20 && !c->bios->state.graphics)
		font_load(c, al);
}

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
	call_set16(c, GPR_RBX, DISPLAY_VGA_COLOUR);
}

/* RBIL table #00027: the first static, the other dynamic; 4 bytes at the front point to more of it. */
void int10_functionality(struct bios_call *c)
{
	uint8_t t[64] = { 0 };

	if (call_reg16(c, GPR_RBX) != 0)
		return;
	put_le32(t, BIOS_SEGMENT << 16 | BIOS_EMPTY);
	for (unsigned i = 0; i < 30; i++)
		t[4 + i] = call_bda8(c, (uint16_t)(BDA_VIDEO_MODE + i));
	t[34] = call_bda8(c, BDA_LAST_ROW);
	put_le16(t + 35, call_bda16(c, BDA_POINTS));
	t[37] = DISPLAY_VGA_COLOUR;
	put_le16(t + 39, 16); /* colours */
	t[41] = 8;            /* pages */
	t[42] = 2;            /* 400 scan lines */
	t[49] = 3;            /* 256 KiB */
	call_write(c, SEG_ES, call_reg16(c, GPR_RDI), t, sizeof(t));
	call_set_al(c, 0x1b);
}
