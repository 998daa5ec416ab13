/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Graphics output with one mode and a plain framebuffer of 32-bit pixels. UEFI 2.10, 12.9.2 "EFI_GRAPHICS_OUTPUT_PROTOCOL". */
#include "models/efi_gop.h"

#include <errno.h>
#include <stdlib.h>

#include "models/efi.h"

#define PIXEL     4u
#define PIXEL_BGR 1u /* PixelBlueGreenRedReserved8BitPerColor */

/* EFI_GRAPHICS_OUTPUT_MODE_INFORMATION */
#define INFO_WIDTH  0x04u
#define INFO_HEIGHT 0x08u
#define INFO_FORMAT 0x0cu
#define INFO_STRIDE 0x20u
#define INFO_SIZE   0x24u

/* EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE */
#define MODE_MAX       0x00u
#define MODE_INFO      0x08u
#define MODE_INFO_SIZE 0x10u
#define MODE_BASE      0x18u
#define MODE_BYTES     0x20u
#define MODE_SIZE      0x28u

#define GOP_MODE 0x18u /* of the protocol */

enum blt { BLT_FILL, BLT_TO_BUFFER, BLT_TO_VIDEO, BLT_VIDEO_TO_VIDEO, BLT_COUNT };

static uint64_t framebuffer_size(const struct platform *p)
{
	return (uint64_t)p->gop_width * p->gop_height * PIXEL;
}

int efi_gop_platform(struct platform *p)
{
	if (!p->gop_width)
		return 0;
	return regions_set(&p->rom, EFI_FRAMEBUFFER, ALIGN_UP(framebuffer_size(p), GUEST_PAGE_SIZE),
			   0);
}

static void info_put(const struct platform *p, uint8_t raw[INFO_SIZE])
{
	memset(raw, 0, INFO_SIZE);
	put_le32(raw + INFO_WIDTH, p->gop_width);
	put_le32(raw + INFO_HEIGHT, p->gop_height);
	put_le32(raw + INFO_FORMAT, PIXEL_BGR);
	put_le32(raw + INFO_STRIDE, p->gop_width);
}

int efi_gop_attach(struct efi *efi, struct machine *m, struct diag *diag)
{
	const struct platform *p = efi->platform;
	gpa_t gop = efi->state.tables[EFI_TABLE_GOP], info, mode;
	uint8_t raw[MODE_SIZE] = { 0 }, raw_info[INFO_SIZE], pointer[8];

	if (!p->gop_width)
		return 0;
	info_put(p, raw_info);
	info = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, raw_info, sizeof(raw_info));
	put_le32(raw + MODE_MAX, 1);
	put_le64(raw + MODE_INFO, info);
	put_le64(raw + MODE_INFO_SIZE, INFO_SIZE);
	put_le64(raw + MODE_BASE, EFI_FRAMEBUFFER);
	put_le64(raw + MODE_BYTES, framebuffer_size(p));
	mode = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, raw, sizeof(raw));
	put_le64(pointer, mode);
	/* On the console's handle, where edk2's console splitter has it too. */
	if (!info || !mode || machine_write(m, gop + GOP_MODE, pointer, sizeof(pointer)) < 0 ||
	    machine_rom_unlock(m, EFI_FRAMEBUFFER) < 0 ||
	    efi_protocol_install(efi, &efi->state.console_handle,
				 efi_guid(EFI_GUID_GRAPHICS_OUTPUT), gop) != EFI_SUCCESS)
		return diag_set(diag, -ENOSPC, "the firmware has no room for its framebuffer");
	return 0;
}

static bool is_gop(const struct efi_call *c)
{
	return c->efi->platform->gop_width && c->arg[0] == c->efi->state.tables[EFI_TABLE_GOP];
}

/* Arguments: this, mode, size of information, information. */
uint64_t efi_gop_query_mode(struct efi_call *c)
{
	uint8_t raw[INFO_SIZE];
	gpa_t info;

	if (!is_gop(c) || (uint32_t)c->arg[1] || !efi_reachable(c, c->arg[2], 8, true) ||
	    !efi_reachable(c, c->arg[3], 8, true))
		return EFI_INVALID_PARAMETER;
	info_put(c->efi->platform, raw);
	info = efi_pool_put(c->efi, c->m, EFI_BOOT_SERVICES_DATA, raw, sizeof(raw));
	if (!info)
		return EFI_OUT_OF_RESOURCES;
	efi_write_u64(c, c->arg[2], INFO_SIZE);
	efi_write_u64(c, c->arg[3], info);
	return EFI_SUCCESS;
}

/* One row of @width pixels, all of one colour. */
static void fill_row(uint8_t *row, uint64_t width, uint32_t colour)
{
	for (uint64_t i = 0; i < width; i++)
		put_le32(row + i * PIXEL, colour);
}

/* The mode that is there already: the screen is cleared. */
uint64_t efi_gop_set_mode(struct efi_call *c)
{
	static const uint8_t black[4096 * PIXEL];
	const struct platform *p = c->efi->platform;

	if (!is_gop(c))
		return EFI_INVALID_PARAMETER;
	if ((uint32_t)c->arg[1])
		return EFI_UNSUPPORTED;
	for (uint64_t y = 0; y < p->gop_height; y++)
		machine_write(c->m, EFI_FRAMEBUFFER + y * p->gop_width * PIXEL, black,
			      (size_t)p->gop_width * PIXEL);
	return EFI_SUCCESS;
}

/* A rectangle and where it goes; every number is checked before it is used. */
struct rectangle {
	uint64_t sx, sy, dx, dy, width, height, delta;
};

static bool on_screen(const struct platform *p, uint64_t x, uint64_t y, const struct rectangle *r)
{
	return x <= p->gop_width && r->width <= p->gop_width - x && y <= p->gop_height &&
	       r->height <= p->gop_height - y;
}

static gpa_t pixel(const struct platform *p, uint64_t x, uint64_t y)
{
	return EFI_FRAMEBUFFER + (y * p->gop_width + x) * PIXEL;
}

static bool buffer_row(const struct rectangle *r, gva_t buffer, uint64_t x, uint64_t y,
		       gva_t *ret_va)
{
	uint64_t row, column;

	return !__builtin_mul_overflow(y, r->delta, &row) &&
	       !__builtin_mul_overflow(x, PIXEL, &column) &&
	       !__builtin_add_overflow(buffer, row, &row) &&
	       !__builtin_add_overflow(row, column, ret_va);
}

/* Row @y of the rectangle. */
static bool blt_row(struct efi_call *c, enum blt op, const struct rectangle *r, uint64_t y,
		    uint8_t *row)
{
	const struct platform *p = c->efi->platform;
	size_t len = r->width * PIXEL;
	gva_t va;

	switch (op) {
	case BLT_FILL: return machine_write(c->m, pixel(p, r->dx, r->dy + y), row, len) == 0;
	case BLT_TO_BUFFER:
		return machine_read(c->m, pixel(p, r->sx, r->sy + y), row, len) == 0 &&
		       buffer_row(r, c->arg[1], r->dx, r->dy + y, &va) &&
		       efi_write(c, va, row, len);
	case BLT_TO_VIDEO:
		return buffer_row(r, c->arg[1], r->sx, r->sy + y, &va) &&
		       efi_read(c, va, row, len) &&
		       machine_write(c->m, pixel(p, r->dx, r->dy + y), row, len) == 0;
	case BLT_VIDEO_TO_VIDEO:
		/* Downwards the last row goes first, so that none is overwritten before it was read. */
		if (r->dy > r->sy)
			y = r->height - 1 - y;
		return machine_read(c->m, pixel(p, r->sx, r->sy + y), row, len) == 0 &&
		       machine_write(c->m, pixel(p, r->dx, r->dy + y), row, len) == 0;
	case BLT_COUNT: break;
	}
	return false;
}

/* Arguments: this, buffer, operation, source x and y, destination x and y, width, height, bytes of a buffer's row. */
uint64_t efi_gop_blt(struct efi_call *c)
{
	const struct platform *p = c->efi->platform;
	const struct rectangle r = {
		.sx = c->arg[3],
		.sy = c->arg[4],
		.dx = c->arg[5],
		.dy = c->arg[6],
		.width = c->arg[7],
		.height = c->arg[8],
		.delta = c->arg[9] ? c->arg[9] : c->arg[7] * PIXEL,
	};
	enum blt op = (enum blt)(uint32_t)c->arg[2];
	bool from_screen = op == BLT_TO_BUFFER || op == BLT_VIDEO_TO_VIDEO;
	bool ok = true;
	uint32_t colour;
	uint8_t *row;

	if (!is_gop(c) || (uint32_t)c->arg[2] >= BLT_COUNT || !r.width || !r.height ||
	    r.width > p->gop_width || r.height > p->gop_height ||
	    (from_screen && !on_screen(p, r.sx, r.sy, &r)) ||
	    (op != BLT_TO_BUFFER && !on_screen(p, r.dx, r.dy, &r)))
		return EFI_INVALID_PARAMETER;
	row = malloc(r.width * PIXEL);
	if (!row)
		return EFI_OUT_OF_RESOURCES;
	if (op == BLT_FILL) {
		ok = efi_read_u32(c, c->arg[1], &colour);
		fill_row(row, r.width, ok ? colour : 0);
	}
	for (uint64_t y = 0; ok && y < r.height; y++)
		ok = blt_row(c, op, &r, y, row);
	free(row);
	return ok ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}
