/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EFI system partition as UEFI 2.10, 13.4 and 13.5 describe it. It holds hello.txt with "hello, world\n", an empty
 * folder "folder", and \EFI\BOOT\child.efi.
 */
#include "tests/guest/efi/check.h"

static EFI_FILE_HANDLE open_root(struct guest *g)
{
	EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
	EFI_GUID file_system = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	EFI_FILE_IO_INTERFACE *fs = NULL;
	EFI_LOADED_IMAGE *self = NULL;
	EFI_FILE_HANDLE root = NULL;

	g->bs->HandleProtocol(g->image, &loaded_image, (VOID **)&self);
	check(g, "the image came from a device", self->DeviceHandle);
	check_is(g, "which has a file system",
		 g->bs->HandleProtocol(self->DeviceHandle, &file_system, (VOID **)&fs),
		 EFI_SUCCESS);
	check_is(g, "OpenVolume()", fs->OpenVolume(fs, &root), EFI_SUCCESS);
	return root;
}

static int equal(const char *a, const UINT8 *b, UINTN n)
{
	while (n--)
		if ((UINT8)*a++ != *b++)
			return 0;
	return 1;
}

static void reading(struct guest *g, EFI_FILE_HANDLE root)
{
	EFI_FILE_HANDLE f = NULL;
	UINT8 data[32] = { 0 };
	UINT64 at = 99;
	UINTN size = 5;

	check_is(g, "Open() whatever the case",
		 root->Open(root, &f, L"\\HELLO.txt", EFI_FILE_MODE_READ, 0), EFI_SUCCESS);
	check_is(g, "Read() of 5 bytes", f->Read(f, &size, data), EFI_SUCCESS);
	check(g, "gives the first five", size == 5 && equal("hello", data, 5));
	check_is(g, "GetPosition()", f->GetPosition(f, &at), EFI_SUCCESS);
	check_is(g, "is behind them", at, 5);
	size = sizeof(data);
	f->Read(f, &size, data);
	check(g, "Read() at the end gives what is left", size == 8 && equal(", world\n", data, 8));
	size = sizeof(data);
	check_is(g, "and then", f->Read(f, &size, data), EFI_SUCCESS);
	check_is(g, "nothing", size, 0);
	check_is(g, "SetPosition() to the end", f->SetPosition(f, ~0ull), EFI_SUCCESS);
	f->GetPosition(f, &at);
	check_is(g, "is the file's size", at, 13);
	f->SetPosition(f, 14);
	check_is(g, "Read() past the end", f->Read(f, &size, data), EFI_DEVICE_ERROR);
	f->SetPosition(f, 7);
	size = 5;
	f->Read(f, &size, data);
	check(g, "SetPosition() into it", size == 5 && equal("world", data, 5));
	size = 1;
	f->SetPosition(f, 0);
	check_is(g, "Read() to where there is no memory", f->Read(f, &size, (VOID *)0x80000000),
		 EFI_INVALID_PARAMETER);
	check_is(g, "Close()", f->Close(f), EFI_SUCCESS);
	check_is(g, "of what is closed", f->Close(f), EFI_INVALID_PARAMETER);
}

static void opening(struct guest *g, EFI_FILE_HANDLE root)
{
	EFI_FILE_HANDLE boot = NULL, f = NULL, up = NULL;

	check_is(g, "a file that is not there",
		 root->Open(root, &f, L"nothing", EFI_FILE_MODE_READ, 0), EFI_NOT_FOUND);
	check_is(g, "to write",
		 root->Open(root, &f, L"hello.txt", EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE, 0),
		 EFI_WRITE_PROTECTED);
	check_is(g, "a new one",
		 root->Open(root, &f, L"new",
			    EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE, 0),
		 EFI_WRITE_PROTECTED);
	check_is(g, "in a mode that there is not",
		 root->Open(root, &f, L"hello.txt", EFI_FILE_MODE_WRITE, 0), EFI_INVALID_PARAMETER);
	check_is(g, "out of the partition",
		 root->Open(root, &f, L"..\\..\\etc\\passwd", EFI_FILE_MODE_READ, 0),
		 EFI_NOT_FOUND);
	check_is(g, "a folder", root->Open(root, &boot, L"EFI\\BOOT", EFI_FILE_MODE_READ, 0),
		 EFI_SUCCESS);
	check_is(g, "a file from there", boot->Open(boot, &f, L"child.efi", EFI_FILE_MODE_READ, 0),
		 EFI_SUCCESS);
	f->Close(f);
	check_is(g, "and up again",
		 boot->Open(boot, &up, L"..\\..\\hello.txt", EFI_FILE_MODE_READ, 0), EFI_SUCCESS);
	check_is(g, "Delete() closes and warns", up->Delete(up), EFI_WARN_DELETE_FAILURE);
	check_is(g, "and the file is still there",
		 root->Open(root, &up, L"hello.txt", EFI_FILE_MODE_READ, 0), EFI_SUCCESS);
	up->Close(up);
	boot->Close(boot);
}

static int same_text(const CHAR16 *a, const CHAR16 *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static void listing(struct guest *g, EFI_FILE_HANDLE root)
{
	static const CHAR16 wanted[][10] = { L"EFI", L"folder", L"hello.txt" };
	UINT64 buffer[64];
	EFI_FILE_INFO *info = (EFI_FILE_INFO *)buffer;
	EFI_FILE_HANDLE folder = NULL;
	UINTN size = 8, n = 0;

	check_is(g, "an entry without room", root->Read(root, &size, buffer), EFI_BUFFER_TOO_SMALL);
	check_is(g, "says how much it takes", size, SIZE_OF_EFI_FILE_INFO + 8);
	for (;;) {
		size = sizeof(buffer);
		if (root->Read(root, &size, buffer) || !size)
			break;
		check(g, "entries come by name",
		      n < 3 && same_text(info->FileName, wanted[n]) && info->Size == size);
		check(g, "folders are such", !!(info->Attribute & EFI_FILE_DIRECTORY) == (n < 2));
		n++;
	}
	check_is(g, "three of them", n, 3);
	check_is(g, "a folder's position can be", root->SetPosition(root, 1), EFI_UNSUPPORTED);
	check_is(g, "0 only", root->SetPosition(root, 0), EFI_SUCCESS);
	size = sizeof(buffer);
	root->Read(root, &size, buffer);
	check(g, "from which it starts anew", same_text(info->FileName, L"EFI"));
	root->Open(root, &folder, L"folder", EFI_FILE_MODE_READ, 0);
	size = sizeof(buffer);
	folder->Read(folder, &size, buffer);
	check(g, "a folder has itself in it", same_text(info->FileName, L"."));
	size = sizeof(buffer);
	folder->Read(folder, &size, buffer);
	check(g, "and the one above", same_text(info->FileName, L".."));
	size = sizeof(buffer);
	folder->Read(folder, &size, buffer);
	check_is(g, "and nothing else", size, 0);
}

static void information(struct guest *g, EFI_FILE_HANDLE root)
{
	EFI_GUID file_info = EFI_FILE_INFO_ID, system_info = EFI_FILE_SYSTEM_INFO_ID;
	EFI_GUID other = EFI_LOADED_IMAGE_PROTOCOL_GUID;
	UINT64 buffer[64];
	EFI_FILE_INFO *info = (EFI_FILE_INFO *)buffer;
	EFI_FILE_SYSTEM_INFO *volume = (EFI_FILE_SYSTEM_INFO *)buffer;
	EFI_FILE_HANDLE f = NULL;
	UINTN size = sizeof(buffer);

	root->Open(root, &f, L"hello.txt", EFI_FILE_MODE_READ, 0);
	check_is(g, "GetInfo() of a file", f->GetInfo(f, &file_info, &size, buffer), EFI_SUCCESS);
	check(g, "its size", info->FileSize == 13 && info->PhysicalSize >= 13);
	check(g, "its name", same_text(info->FileName, L"hello.txt"));
	check_is(g, "its date is where FAT starts", info->ModificationTime.Year, 1980);
	size = sizeof(buffer);
	check_is(g, "GetInfo() of the volume", f->GetInfo(f, &system_info, &size, buffer),
		 EFI_SUCCESS);
	check(g, "which is read-only", volume->ReadOnly == 1 && volume->FreeSpace == 0);
	size = 4;
	check_is(g, "without room", f->GetInfo(f, &system_info, &size, buffer),
		 EFI_BUFFER_TOO_SMALL);
	check(g, "says how much it takes", size > SIZE_OF_EFI_FILE_SYSTEM_INFO);
	check_is(g, "of what it is not", f->GetInfo(f, &other, &size, buffer), EFI_UNSUPPORTED);
	size = 1;
	check_is(g, "Write()", f->Write(f, &size, buffer), EFI_WRITE_PROTECTED);
	check_is(g, "SetInfo()", f->SetInfo(f, &file_info, sizeof(buffer), buffer),
		 EFI_WRITE_PROTECTED);
}

static void guest_run(struct guest *g)
{
	EFI_FILE_HANDLE root = open_root(g);

	reading(g, root);
	opening(g, root);
	listing(g, root);
	information(g, root);
}
