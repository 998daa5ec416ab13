/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading and starting another image, \EFI\BOOT\child.efi, as UEFI 2.10, 7.4 describes it. */
#include "tests/guest/efi/check.h"

#define FILE_SIZE_MAX 65536

static UINT8 file[FILE_SIZE_MAX];
static UINTN file_size;
static UINT64 path[64];
static EFI_HANDLE device;

/* The partition's device path and a file path node. */
static void make_path(struct guest *g, const CHAR16 *name)
{
	EFI_GUID device_path = EFI_DEVICE_PATH_PROTOCOL_GUID;
	EFI_DEVICE_PATH *from = NULL;
	UINT8 *to = (UINT8 *)path;
	UINTN n = 0, len = 0;

	g->bs->HandleProtocol(device, &device_path, (VOID **)&from);
	while (!IsDevicePathEnd(from)) {
		UINTN size = DevicePathNodeLength(from);

		g->bs->CopyMem(to + n, from, size);
		n += size;
		from = NextDevicePathNode(from);
	}
	while (name[len])
		len++;
	to[n] = MEDIA_DEVICE_PATH;
	to[n + 1] = MEDIA_FILEPATH_DP;
	to[n + 2] = (UINT8)(4 + 2 * (len + 1));
	to[n + 3] = 0;
	g->bs->CopyMem(to + n + 4, (VOID *)name, 2 * (len + 1));
	n += 4 + 2 * (len + 1);
	to[n] = END_DEVICE_PATH_TYPE;
	to[n + 1] = END_ENTIRE_DEVICE_PATH_SUBTYPE;
	to[n + 2] = 4;
	to[n + 3] = 0;
}

static void read_file(struct guest *g)
{
	EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
	EFI_GUID file_system = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	EFI_FILE_IO_INTERFACE *fs = NULL;
	EFI_FILE_HANDLE root = NULL, f = NULL;
	EFI_LOADED_IMAGE *self = NULL;

	g->bs->HandleProtocol(g->image, &loaded_image, (VOID **)&self);
	device = self->DeviceHandle;
	g->bs->HandleProtocol(device, &file_system, (VOID **)&fs);
	fs->OpenVolume(fs, &root);
	root->Open(root, &f, L"EFI\\BOOT\\child.efi", EFI_FILE_MODE_READ, 0);
	file_size = sizeof(file);
	f->Read(f, &file_size, file);
	f->Close(f);
}

static EFI_HANDLE load(struct guest *g, const CHAR16 *options)
{
	EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
	EFI_LOADED_IMAGE *info = NULL;
	EFI_HANDLE child = NULL;

	check_is(g, "LoadImage() by path",
		 g->bs->LoadImage(FALSE, g->image, (EFI_DEVICE_PATH *)path, NULL, 0, &child),
		 EFI_SUCCESS);
	g->bs->HandleProtocol(child, &loaded_image, (VOID **)&info);
	info->LoadOptions = (VOID *)options;
	info->LoadOptionsSize = 4;
	return child;
}

static void described(struct guest *g)
{
	EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
	EFI_GUID whole_path = EFI_LOADED_IMAGE_DEVICE_PATH_PROTOCOL_GUID;
	EFI_LOADED_IMAGE *info = NULL;
	EFI_DEVICE_PATH *whole = NULL;
	EFI_HANDLE child = load(g, L"r");

	g->bs->HandleProtocol(child, &loaded_image, (VOID **)&info);
	check(g, "its parent is who loaded it", info->ParentHandle == g->image);
	check(g, "its device is where it was loaded from", info->DeviceHandle == device);
	check(g, "its memory begins with the file's headers",
	      *(UINT16 *)info->ImageBase == 0x5a4d && info->ImageSize > 0x1000);
	check(g, "it is loader code",
	      info->ImageCodeType == EfiLoaderCode && info->ImageDataType == EfiLoaderData);
	check_is(g, "its own part of the path is the file's name", info->FilePath->Type,
		 MEDIA_DEVICE_PATH);
	check_is(g, "and the whole path is there too",
		 g->bs->HandleProtocol(child, &whole_path, (VOID **)&whole), EFI_SUCCESS);
	check_is(g, "from its first node on", whole->Type, ACPI_DEVICE_PATH);
	check_is(g, "UnloadImage() before it was started", g->bs->UnloadImage(child), EFI_SUCCESS);
	check_is(g, "and it is no image then",
		 g->bs->HandleProtocol(child, &loaded_image, (VOID **)&info),
		 EFI_INVALID_PARAMETER);
}

static void endings(struct guest *g)
{
	CHAR16 *data = NULL;
	UINTN size = 99;
	EFI_HANDLE child = load(g, L"r");

	check_is(g, "StartImage() of one that returns", g->bs->StartImage(child, &size, &data),
		 EFI_SUCCESS);
	check(g, "gives no data", size == 0 && !data);
	check_is(g, "an application is gone when it is over", g->bs->UnloadImage(child),
		 EFI_INVALID_PARAMETER);
	check_is(g, "what is no image", g->bs->StartImage(child, NULL, NULL),
		 EFI_INVALID_PARAMETER);
	check_is(g, "one that returns an error", g->bs->StartImage(load(g, L"e"), NULL, NULL),
		 EFI_DEVICE_ERROR);
	check_is(g, "one that calls Exit()", g->bs->StartImage(load(g, L"x"), &size, &data),
		 EFI_ABORTED);
	check(g, "and leaves a word", size == 18 && data && data[0] == 'f' && data[7] == 'l');
	check_is(g, "in a block of the pool", g->bs->FreePool(data), EFI_SUCCESS);
	check_is(g, "one that would end its parent", g->bs->StartImage(load(g, L"w"), NULL, NULL),
		 EFI_SUCCESS);
	check_is(g, "Exit() of one that was not started",
		 g->bs->Exit(load(g, L"r"), EFI_SUCCESS, 0, NULL), EFI_SUCCESS);
}

static void buffers(struct guest *g)
{
	EFI_HANDLE child = NULL;

	check_is(g, "LoadImage() from memory",
		 g->bs->LoadImage(FALSE, g->image, NULL, file, file_size, &child), EFI_SUCCESS);
	check_is(g, "starts like any other", g->bs->StartImage(child, NULL, NULL), EFI_NOT_STARTED);
	check_is(g, "nothing to load", g->bs->LoadImage(FALSE, g->image, NULL, NULL, 0, &child),
		 EFI_NOT_FOUND);
	check_is(g, "no bytes", g->bs->LoadImage(FALSE, g->image, NULL, file, 0, &child),
		 EFI_LOAD_ERROR);
	check_is(g, "more bytes than there is memory",
		 g->bs->LoadImage(FALSE, g->image, NULL, file, 1ull << 50, &child),
		 EFI_INVALID_PARAMETER);
	check_is(g, "by a parent that is no image",
		 g->bs->LoadImage(FALSE, device, NULL, file, file_size, &child),
		 EFI_INVALID_PARAMETER);
	check_is(g, "without a place for the handle",
		 g->bs->LoadImage(FALSE, g->image, NULL, file, file_size, NULL),
		 EFI_INVALID_PARAMETER);
	check_is(g, "cut in its headers",
		 g->bs->LoadImage(FALSE, g->image, NULL, file, 0x100, &child), EFI_LOAD_ERROR);
	*(UINT16 *)(file + *(UINT32 *)(file + 0x3c) + 4) = 0xaa64;
	check_is(g, "for another machine",
		 g->bs->LoadImage(FALSE, g->image, NULL, file, file_size, &child), EFI_UNSUPPORTED);
	*(UINT16 *)(file + *(UINT32 *)(file + 0x3c) + 4) = 0x8664;
	file[0] = 'X';
	check_is(g, "that is no PE image",
		 g->bs->LoadImage(FALSE, g->image, NULL, file, file_size, &child), EFI_LOAD_ERROR);
	make_path(g, L"\\nothing.efi");
	check_is(g, "a file that is not there",
		 g->bs->LoadImage(FALSE, g->image, (EFI_DEVICE_PATH *)path, NULL, 0, &child),
		 EFI_NOT_FOUND);
	check_is(g, "the running image itself", g->bs->UnloadImage(g->image), EFI_UNSUPPORTED);
}

/* All memory comes back: loading and ending leaves the map as it was. */
static void memory(struct guest *g)
{
	UINT8 map[16384];
	UINTN before, after, size = sizeof(map), key, each;
	UINT32 version;

	g->bs->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)map, &key, &each, &version);
	before = size;
	for (unsigned i = 0; i < 100; i++)
		g->bs->StartImage(load(g, L"r"), NULL, NULL);
	size = sizeof(map);
	g->bs->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)map, &key, &each, &version);
	after = size;
	check(g, "a hundred images leave no memory taken", after <= before + each);
}

static void guest_run(struct guest *g)
{
	read_file(g);
	make_path(g, L"\\EFI\\BOOT\\child.efi");
	described(g);
	endings(g);
	memory(g);
	buffers(g);
}
