/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Video modes: INT 10h AH=00h and the VESA functions 4F00h to 4F03h, 4F08h and 4F15h (VBE 3.0; VBE/DDC 1.1), as SeaBIOS has them for QEMU's standard VGA. */
#include "models/bios_impl.h"

#define VBE_SUPPORTED 0x004fu
#define VBE_FAILED    0x014fu
#define VBE_VERSION   0x0300u
#define VBE_INFO_SIZE 256u
#define VBE_LIST      34u /* where the list of modes begins in the caller's buffer */
#define VBE_LIST_END  0xffffu
#define VBE_DAC_8BIT  BIT(0)

/* The adapter: 16 MiB, and where SeaBIOS maps them on QEMU's pc. Nothing lies there: of its memory only text is kept. */
#define VIDEO_MEMORY      MIB(16)
#define VIDEO_LINEAR      0xfd000000u
#define VIDEO_GRANULARITY 64u /* KiB */

/* Mode numbers of INT 10h: function 02h, and AH=00h bit 7. */
#define MODE_MASK      0x1ffu
#define MODE_FLAGS     0xfe00u
#define MODE_KEEP      BIT(15)
#define MODE_KEEP_OLD  0x80
#define MODE_OF_VBE    0xff /* what AH=0Fh says of a mode from 100h on */
#define MODE_VBE_FIRST 0x100u
#define SHAPE_TEXT     0x0607u

/* Attributes, VBE 3.0 function 01h: supported, information, TTY, colour, graphics, not VGA-compatible, linear. */
#define ATTR_BASE     (BIT(0) | BIT(1) | BIT(5))
#define ATTR_TTY      BIT(2)
#define ATTR_COLOUR   BIT(3)
#define ATTR_GRAPHICS BIT(4)
#define ATTR_LINEAR   BIT(7)
#define WINDOW_RW     0x07

enum memory_model { TEXT = 0, CGA = 1, PLANAR = 3, PACKED = 4, DIRECT = 6 };

struct video_mode {
	uint16_t number;
	uint8_t model;
	uint16_t width, height;
	uint8_t depth, cell_width, cell_height;
	uint16_t segment;
};

static const struct video_mode modes[] = {
#define VIDEO_MODE(number, model, width, height, depth, cell_width, cell_height, segment) \
	{ number, model, width, height, depth, cell_width, cell_height, segment },
#include "models/video_modes.def"
#undef VIDEO_MODE
};

_Static_assert(VBE_LIST + 2 * (ARRAY_SIZE(modes) + 1) <= VBE_INFO_SIZE, "the list fits");

/*
 * The monitor of QEMU's standard VGA adapter, as its EDID 1.4 tells (VESA E-EDID A.2): identity, basics and
 * colours, timings, and the descriptors with limits and name; then an extension block (CEA-861).
 */
static const uint8_t edid[256] = {
	0x00,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0x00,
	0x49,
	0x14,
	0x34,
	0x12,
	0x00,
	0x00,
	0x00,
	0x00,
	0x2a,
	0x18,
	0x01,
	0x04,
	0xa5,
	0x20,
	0x14,
	0x78,
	0x06,
	0xee,
	0x91,
	0xa3,
	0x54,
	0x4c,
	0x99,
	0x26,
	0x0f,
	0x50,
	0x54,
	0x21,
	0x08,
	0x00,
	0xe1,
	0xc0,
	0xd1,
	0xc0,
	0xd1,
	0x00,
	0xa9,
	0x40,
	0xb3,
	0x00,
	0x95,
	0x00,
	0x81,
	0x80,
	0x81,
	0x40,
	0xea,
	0x29,
	0x00,
	0xc0,
	0x51,
	0x20,
	0x1c,
	0x30,
	0x40,
	0x26,
	0x44,
	0x40,
	0x45,
	0xcb,
	0x10,
	0x00,
	0x00,
	0x18,
	0x00,
	0x00,
	0x00,
	0xf7,
	0x00,
	0x0a,
	0x00,
	0x40,
	0x82,
	0x00,
	0x28,
	0x20,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0xfd,
	0x00,
	0x32,
	0x7d,
	0x1e,
	0xa0,
	0xff,
	0x01,
	0x0a,
	0x20,
	0x20,
	0x20,
	0x20,
	0x20,
	0x20,
	0x00,
	0x00,
	0x00,
	0xfc,
	0x00,
	0x51,
	0x45,
	0x4d,
	0x55,
	0x20,
	0x4d,
	0x6f,
	0x6e,
	0x69,
	0x74,
	0x6f,
	0x72,
	0x0a,
	0x01,
	0x3a,
	[128] = 0x02,
	0x03,
	0x0b,
	0x00,
	0x46,
	0x7d,
	0x65,
	0x60,
	0x59,
	0x1f,
	0x61,
	/* Six empty descriptors (dummy, tag 10h). */
	[142] = 0x10,
	[160] = 0x10,
	[178] = 0x10,
	[196] = 0x10,
	[214] = 0x10,
	[232] = 0x10,
	[255] = 0x2f,
};

static const struct video_mode *mode_find(unsigned number)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (modes[i].number == number)
			return &modes[i];
	return NULL;
}

static unsigned mode_pitch(const struct video_mode *v)
{
	switch (v->model) {
	case TEXT: return v->width * 2u;
	case CGA: return v->width * v->depth / 8u;
	case PLANAR: return v->width / 8u;
	default: return v->width * ((v->depth + 7u) / 8);
	}
}

static unsigned mode_columns(const struct video_mode *v)
{
	return v->model == TEXT ? v->width : v->width / v->cell_width;
}

static unsigned mode_rows(const struct video_mode *v)
{
	return v->model == TEXT ? v->height : v->height / v->cell_height;
}

static bool is_linear(const struct video_mode *v)
{
	return v->model == PACKED || v->model == DIRECT;
}

/* Screens that fit beside the one shown; their size is counted in whole 64 KiB. */
static uint8_t mode_pages(const struct video_mode *v)
{
	uint64_t size = ALIGN_UP((uint64_t)mode_pitch(v) * v->height, VIDEO_GRANULARITY << 10);
	uint64_t n = VIDEO_MEMORY / (v->model == PLANAR ? size * 4 : size);

	if (v->model == TEXT || v->model == CGA || n < 2)
		return 1;
	return (uint8_t)(n > 128 ? 127 : n - 1);
}

/* --- setting one --- */

static void mode_set(struct bios_call *c, const struct video_mode *v, uint16_t flags)
{
	struct bios *bios = c->bios;
	unsigned cells = mode_columns(v) * mode_rows(v) * 2;

	if (!(flags & MODE_KEEP))
		bios_display_clear(bios);
	bios->state.vbe_mode = (uint16_t)(v->number | flags);
	bios->state.columns = (uint8_t)mode_columns(v);
	bios->state.rows = (uint8_t)mode_rows(v);
	bios->state.graphics = v->model != TEXT;
	call_set_bda8(c, BDA_VIDEO_MODE,
		      v->number >= MODE_VBE_FIRST ?
			      MODE_OF_VBE :
			      (uint8_t)(v->number | (flags & MODE_KEEP ? MODE_KEEP_OLD : 0)));
	call_set_bda16(c, BDA_COLUMNS, (uint16_t)mode_columns(v));
	call_set_bda16(c, BDA_PAGE_SIZE, v->model == TEXT ? (uint16_t)ALIGN_UP(cells, 2048) : 0);
	call_set_bda8(c, BDA_LAST_ROW, (uint8_t)(mode_rows(v) - 1));
	call_set_bda16(c, BDA_POINTS, v->cell_height);
	call_set_bda16(c, BDA_CURSOR, 0);
	call_set_bda16(c, BDA_CURSOR_SHAPE, v->model == TEXT ? SHAPE_TEXT : 0);
}

/* AL afterwards: RBIL INT 10/AH=00h. A mode that is not there leaves everything else as it was. */
void int10_set_mode(struct bios_call *c)
{
	uint8_t al = call_al(c), number = al & 0x7f;
	const struct video_mode *v = mode_find(number);

	call_set_al(c, number > 7 ? 0x20 : number == 6 ? 0x3f : 0x30);
	if (v)
		mode_set(c, v, al & MODE_KEEP_OLD ? MODE_KEEP : 0);
}

void int10_vbe_set(struct bios_call *c)
{
	uint16_t bx = call_reg16(c, GPR_RBX);
	const struct video_mode *v = mode_find(bx & MODE_MASK);

	call_set16(c, GPR_RAX, v ? VBE_SUPPORTED : VBE_FAILED);
	if (v)
		mode_set(c, v, bx & MODE_FLAGS);
}

void int10_vbe_mode(struct bios_call *c)
{
	call_set16(c, GPR_RBX, c->bios->state.vbe_mode);
	call_set16(c, GPR_RAX, VBE_SUPPORTED);
}

/* Only palettes have a width: BL=0 sets it to BH bits, 6 or 8; BL=1 asks. */
void int10_vbe_dac(struct bios_call *c)
{
	const struct video_mode *v = mode_find(c->bios->state.vbe_mode & MODE_MASK);
	uint16_t bx = call_reg16(c, GPR_RBX);

	if (!v || v->model != PACKED || (bx & 0xff) > 1) {
		call_set16(c, GPR_RAX, VBE_FAILED);
		return;
	}
	if (!(bx & 0xff))
		c->bios->state.dac_bits = bx >> 8 >= 8 ? 8 : 6;
	call_set16(c, GPR_RBX, (uint16_t)(c->bios->state.dac_bits << 8 | (bx & 0xff)));
	call_set16(c, GPR_RAX, VBE_SUPPORTED);
}

/* --- what there is --- */

/* The list of modes lies in the caller's own buffer; of the strings there are none. */
void int10_vbe_info(struct bios_call *c)
{
	uint16_t at = call_reg16(c, GPR_RDI);
	uint8_t info[VBE_INFO_SIZE] = { 0 };

	memcpy(info, "VESA", 4);
	put_le16(info + 4, VBE_VERSION);
	put_le32(info + 6, BIOS_SEGMENT << 16 | BIOS_EMPTY);
	put_le32(info + 10, VBE_DAC_8BIT);
	put_le16(info + 14, (uint16_t)(at + VBE_LIST));
	put_le16(info + 16, c->cpu.seg[SEG_ES].selector);
	put_le16(info + 18, VIDEO_MEMORY >> 16);
	for (unsigned i = 22; i < VBE_LIST; i += 4)
		put_le32(info + i, BIOS_SEGMENT << 16 | BIOS_EMPTY);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		put_le16(info + VBE_LIST + 2 * i, modes[i].number);
	put_le16(info + VBE_LIST + 2 * ARRAY_SIZE(modes), VBE_LIST_END);
	call_write(c, SEG_ES, at, info, sizeof(info));
	call_set16(c, GPR_RAX, VBE_SUPPORTED);
}

/* Sizes and places of red, green, blue and the rest, and whether the rest is free to use. */
static void put_masks(uint8_t *p, unsigned depth)
{
	static const uint8_t masks[][9] = {
		[1] = { 5, 10, 5, 5, 5, 0, 1, 15, 0 },
		[2] = { 5, 11, 6, 5, 5, 0, 0, 0, 0 },
		[3] = { 8, 16, 8, 8, 8, 0, 0, 0, 0 },
		[4] = { 8, 16, 8, 8, 8, 0, 8, 24, 2 },
	};

	memcpy(p, masks[depth == 15 ? 1 : depth / 8], 9);
}

/* VBE 3.0 function 01h, "ModeInfoBlock"; no function switches windows. */
void int10_vbe_mode_info(struct bios_call *c)
{
	const struct video_mode *v = mode_find(call_reg16(c, GPR_RCX) & MODE_MASK);
	uint8_t info[VBE_INFO_SIZE] = { 0 };

	if (!v) {
		call_set16(c, GPR_RAX, VBE_FAILED);
		return;
	}
	put_le16(info, (uint16_t)(ATTR_BASE | (v->segment == 0xb000 ? 0 : ATTR_COLOUR) |
				  (v->model == TEXT ? ATTR_TTY : ATTR_GRAPHICS) |
				  (is_linear(v) ? ATTR_LINEAR : 0)));
	info[2] = WINDOW_RW;
	put_le16(info + 4, VIDEO_GRANULARITY);
	put_le16(info + 6, VIDEO_GRANULARITY);
	put_le16(info + 8, v->segment);
	put_le16(info + 16, (uint16_t)mode_pitch(v));
	put_le16(info + 18, v->width);
	put_le16(info + 20, v->height);
	info[22] = v->cell_width;
	info[23] = v->cell_height;
	info[24] = v->model == PLANAR ? 4 : 1;
	info[25] = v->depth;
	info[26] = v->model == CGA ? 2 : 1; /* banks, and how many KiB one has */
	info[27] = v->model;
	info[28] = v->model == CGA ? 8 : 0;
	info[29] = mode_pages(v);
	info[30] = 1;
	if (is_linear(v)) {
		put_le32(info + 40, VIDEO_LINEAR);
		put_le16(info + 50, (uint16_t)mode_pitch(v));
	}
	if (v->model == DIRECT) {
		put_masks(info + 31, v->depth);
		memcpy(info + 54, info + 31, 8);
	}
	call_write(c, SEG_ES, call_reg16(c, GPR_RDI), info, sizeof(info));
	call_set16(c, GPR_RAX, VBE_SUPPORTED);
}

void int10_vbe_absent(struct bios_call *c)
{
	call_set16(c, GPR_RAX, 0x0100);
}

/* BL=0: what it can do (DDC1 and DDC2, a block a second); BL=1: read block DX of the EDID. */
void int10_vbe_ddc(struct bios_call *c)
{
	unsigned block = call_reg16(c, GPR_RDX);

	call_set16(c, GPR_RAX, VBE_SUPPORTED);
	if (call_bl(c) == 0)
		call_set16(c, GPR_RBX, 0x0103);
	else if (call_bl(c) == 1 && block < sizeof(edid) / 128)
		call_write(c, SEG_ES, call_reg16(c, GPR_RDI), edid + 128 * block, 128);
	else
		call_set16(c, GPR_RAX, VBE_FAILED);
}
