/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The framebuffer of --gop 800x600 as UEFI 2.10, 12.9 describes it. */
#include "tests/guest/efi/check.h"

static void guest_run(struct guest *g)
{
	EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
	EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info = NULL;
	EFI_GRAPHICS_OUTPUT_BLT_PIXEL red = { 0, 0, 0xff, 0 }, got[4] = { { 0 } };
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop = NULL;
	volatile UINT32 *screen;
	UINTN size = 0;

	check_is(g, "there is one", g->bs->LocateProtocol(&guid, NULL, (VOID **)&gop), EFI_SUCCESS);
	check(g, "with one mode", gop->Mode->MaxMode == 1 && gop->Mode->Mode == 0);
	check_is(g, "QueryMode()", gop->QueryMode(gop, 0, &size, &info), EFI_SUCCESS);
	check(g, "800 by 600",
	      info->HorizontalResolution == 800 && info->VerticalResolution == 600);
	check(g, "lines of 800 pixels in 32 bits",
	      info->PixelsPerScanLine == 800 &&
		      info->PixelFormat == PixelBlueGreenRedReserved8BitPerColor);
	check_is(g, "no second mode", gop->QueryMode(gop, 1, &size, &info), EFI_INVALID_PARAMETER);
	check_is(g, "nor to set", gop->SetMode(gop, 1), EFI_UNSUPPORTED);
	check_is(g, "memory for all of it", gop->Mode->FrameBufferSize, 800 * 600 * 4);
	screen = (UINT32 *)gop->Mode->FrameBufferBase;
	screen[799 + 599 * 800] = 0x123456;
	check_is(g, "that keeps what is written", screen[799 + 599 * 800], 0x123456);
	check_is(g, "SetMode()", gop->SetMode(gop, 0), EFI_SUCCESS);
	check_is(g, "makes it black", screen[799 + 599 * 800], 0);
	check_is(g, "Blt() fills", gop->Blt(gop, &red, EfiBltVideoFill, 0, 0, 10, 20, 4, 2, 0),
		 EFI_SUCCESS);
	check(g, "a rectangle",
	      screen[10 + 20 * 800] == 0xff0000 && screen[13 + 21 * 800] == 0xff0000);
	check(g, "and no more",
	      screen[9 + 20 * 800] == 0 && screen[14 + 21 * 800] == 0 &&
		      screen[10 + 22 * 800] == 0);
	check_is(g, "Blt() reads",
		 gop->Blt(gop, got, EfiBltVideoToBltBuffer, 12, 20, 0, 0, 4, 1, 16), EFI_SUCCESS);
	check(g, "what is there", got[1].Red == 0xff && got[2].Red == 0);
	got[0].Blue = 7;
	check_is(g, "Blt() draws", gop->Blt(gop, got, EfiBltBufferToVideo, 0, 0, 0, 0, 1, 1, 0),
		 EFI_SUCCESS);
	check_is(g, "pixels", screen[0] & 0xff, 7);
	check_is(g, "Blt() moves", gop->Blt(gop, NULL, EfiBltVideoToVideo, 10, 20, 11, 21, 4, 2, 0),
		 EFI_SUCCESS);
	check(g, "also over itself", screen[11 + 22 * 800] == 0xff0000);
	check_is(g, "Blt() outside", gop->Blt(gop, &red, EfiBltVideoFill, 0, 0, 799, 0, 2, 1, 0),
		 EFI_INVALID_PARAMETER);
	check_is(g, "far outside", gop->Blt(gop, &red, EfiBltVideoFill, 0, 0, ~0ull, 0, 2, 1, 0),
		 EFI_INVALID_PARAMETER);
	check_is(g, "of no kind", gop->Blt(gop, &red, 4, 0, 0, 0, 0, 1, 1, 0),
		 EFI_INVALID_PARAMETER);
	check_is(g, "of nothing", gop->Blt(gop, &red, EfiBltVideoFill, 0, 0, 0, 0, 0, 1, 0),
		 EFI_INVALID_PARAMETER);
	check_is(g, "from where there is no memory",
		 gop->Blt(gop, (VOID *)0x80000000, EfiBltBufferToVideo, 0, 0, 0, 0, 1, 1, 0),
		 EFI_INVALID_PARAMETER);
}
