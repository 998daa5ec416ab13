/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handle database as UEFI 2.10, 7.3 describes it. */
#include "tests/guest/efi/check.h"

#define GUID_A                                                      \
	{                                                           \
		0x11111111, 0x2222, 0x3333,                         \
		{                                                   \
			0x44, 0x44, 0x55, 0x55, 0x55, 0x55, 0x55, 1 \
		}                                                   \
	}
#define GUID_B                                                      \
	{                                                           \
		0x11111111, 0x2222, 0x3333,                         \
		{                                                   \
			0x44, 0x44, 0x55, 0x55, 0x55, 0x55, 0x55, 2 \
		}                                                   \
	}

static int interface_a, interface_a2, interface_b;

static void install(struct guest *g, EFI_GUID *a, EFI_GUID *b, EFI_HANDLE *handle)
{
	VOID *got = NULL;

	check_is(g, "InstallProtocolInterface() makes a handle",
		 g->bs->InstallProtocolInterface(handle, a, EFI_NATIVE_INTERFACE, &interface_a),
		 EFI_SUCCESS);
	check(g, "that is not 0", *handle);
	check_is(g, "the same protocol again",
		 g->bs->InstallProtocolInterface(handle, a, EFI_NATIVE_INTERFACE, &interface_a),
		 EFI_INVALID_PARAMETER);
	check_is(g, "another one on it",
		 g->bs->InstallProtocolInterface(handle, b, EFI_NATIVE_INTERFACE, &interface_b),
		 EFI_SUCCESS);
	check_is(g, "HandleProtocol()", g->bs->HandleProtocol(*handle, a, &got), EFI_SUCCESS);
	check_is(g, "gives what was installed", (UINTN)got, (UINTN)&interface_a);
	check_is(g, "LocateProtocol()", g->bs->LocateProtocol(b, NULL, &got), EFI_SUCCESS);
	check_is(g, "likewise", (UINTN)got, (UINTN)&interface_b);
	check_is(g, "ReinstallProtocolInterface()",
		 g->bs->ReinstallProtocolInterface(*handle, a, &interface_a, &interface_a2),
		 EFI_SUCCESS);
	g->bs->HandleProtocol(*handle, a, &got);
	check_is(g, "replaces it", (UINTN)got, (UINTN)&interface_a2);
	check_is(g, "of an interface that is not there",
		 g->bs->ReinstallProtocolInterface(*handle, a, &interface_a, &interface_a2),
		 EFI_NOT_FOUND);
	check_is(g, "a protocol that nobody installed is UNSUPPORTED",
		 g->bs->HandleProtocol(g->image, a, &got), EFI_UNSUPPORTED);
	check_is(g, "a handle that nobody made is INVALID_PARAMETER",
		 g->bs->HandleProtocol((EFI_HANDLE)0x1234, a, &got), EFI_INVALID_PARAMETER);
	check_is(g, "no place for the interface is INVALID_PARAMETER",
		 g->bs->HandleProtocol(*handle, a, NULL), EFI_INVALID_PARAMETER);
}

static void locate(struct guest *g, EFI_GUID *a, EFI_HANDLE handle)
{
	EFI_HANDLE buffer[64], *list = NULL, two = NULL;
	UINTN size = 0, count = 0;
	VOID *got;

	g->bs->InstallProtocolInterface(&two, a, EFI_NATIVE_INTERFACE, NULL);
	check_is(g, "LocateHandle() without room",
		 g->bs->LocateHandle(ByProtocol, a, NULL, &size, NULL), EFI_BUFFER_TOO_SMALL);
	check_is(g, "says how much it takes", size, 2 * sizeof(EFI_HANDLE));
	check_is(g, "LocateHandle()", g->bs->LocateHandle(ByProtocol, a, NULL, &size, buffer),
		 EFI_SUCCESS);
	check(g, "gives both, the older first", buffer[0] == handle && buffer[1] == two);
	check_is(g, "LocateHandleBuffer()",
		 g->bs->LocateHandleBuffer(ByProtocol, a, NULL, &count, &list), EFI_SUCCESS);
	check(g, "gives the same", count == 2 && list[0] == handle && list[1] == two);
	check_is(g, "in a block of the pool", g->bs->FreePool(list), EFI_SUCCESS);
	check_is(g, "of all handles",
		 g->bs->LocateHandleBuffer(AllHandles, NULL, NULL, &count, &list), EFI_SUCCESS);
	check(g, "there are more", count > 3);
	g->bs->FreePool(list);
	check_is(g, "the handle goes with its last protocol",
		 g->bs->UninstallProtocolInterface(two, a, NULL), EFI_SUCCESS);
	check_is(g, "and is no handle then", g->bs->HandleProtocol(two, a, &got),
		 EFI_INVALID_PARAMETER);
	size = sizeof(buffer);
	check_is(g, "a search of no known kind",
		 g->bs->LocateHandle((EFI_LOCATE_SEARCH_TYPE)7, a, NULL, &size, buffer),
		 EFI_INVALID_PARAMETER);
}

static void open(struct guest *g, EFI_GUID *a, EFI_HANDLE handle)
{
	EFI_OPEN_PROTOCOL_INFORMATION_ENTRY *info = NULL;
	EFI_GUID **guids = NULL;
	UINTN count = 0;
	VOID *got = NULL;

	check_is(g, "OpenProtocol(BY_DRIVER)",
		 g->bs->OpenProtocol(handle, a, &got, g->image, handle,
				     EFI_OPEN_PROTOCOL_BY_DRIVER),
		 EFI_SUCCESS);
	check_is(g, "gives the interface", (UINTN)got, (UINTN)&interface_a2);
	check_is(g, "by the same driver again",
		 g->bs->OpenProtocol(handle, a, &got, g->image, handle,
				     EFI_OPEN_PROTOCOL_BY_DRIVER),
		 EFI_ALREADY_STARTED);
	check_is(g, "exclusively, by another",
		 g->bs->OpenProtocol(handle, a, &got, handle, NULL, EFI_OPEN_PROTOCOL_EXCLUSIVE),
		 EFI_ACCESS_DENIED);
	check_is(g, "just to look at",
		 g->bs->OpenProtocol(handle, a, &got, g->image, NULL,
				     EFI_OPEN_PROTOCOL_GET_PROTOCOL),
		 EFI_SUCCESS);
	check_is(g, "to test, without a place for it",
		 g->bs->OpenProtocol(handle, a, NULL, g->image, NULL,
				     EFI_OPEN_PROTOCOL_TEST_PROTOCOL),
		 EFI_SUCCESS);
	check_is(g, "in no known way", g->bs->OpenProtocol(handle, a, &got, g->image, NULL, 0x40),
		 EFI_INVALID_PARAMETER);
	check_is(g, "OpenProtocolInformation()",
		 g->bs->OpenProtocolInformation(handle, a, &info, &count), EFI_SUCCESS);
	check(g, "lists the driver first",
	      count >= 2 && info[0].AgentHandle == g->image && info[0].ControllerHandle == handle &&
		      info[0].Attributes == EFI_OPEN_PROTOCOL_BY_DRIVER && info[0].OpenCount == 1);
	g->bs->FreePool(info);
	check_is(g, "what is open by a driver stays",
		 g->bs->UninstallProtocolInterface(handle, a, &interface_a2), EFI_ACCESS_DENIED);
	check_is(g, "CloseProtocol()", g->bs->CloseProtocol(handle, a, g->image, handle),
		 EFI_SUCCESS);
	check_is(g, "not twice", g->bs->CloseProtocol(handle, a, g->image, handle), EFI_NOT_FOUND);
	check_is(g, "ProtocolsPerHandle()", g->bs->ProtocolsPerHandle(handle, &guids, &count),
		 EFI_SUCCESS);
	check(g, "lists both", count == 2 && guids[0]->Data4[7] + guids[1]->Data4[7] == 3);
	g->bs->FreePool(guids);
}

static void multiple(struct guest *g, EFI_GUID *a, EFI_GUID *b, EFI_HANDLE old)
{
	EFI_HANDLE handle = NULL, both = NULL;
	VOID *got = NULL;

	check_is(g, "InstallMultipleProtocolInterfaces()",
		 g->bs->InstallMultipleProtocolInterfaces(&handle, a, &interface_a, b, &interface_b,
							  NULL),
		 EFI_SUCCESS);
	g->bs->HandleProtocol(handle, b, &got);
	check_is(g, "installs the second too", (UINTN)got, (UINTN)&interface_b);
	both = handle;
	check_is(g, "of one that is there already",
		 g->bs->InstallMultipleProtocolInterfaces(&both, b, &interface_b, NULL),
		 EFI_INVALID_PARAMETER);
	check_is(g, "UninstallMultipleProtocolInterfaces() with a wrong interface",
		 g->bs->UninstallMultipleProtocolInterfaces(handle, a, &interface_a, b,
							    &interface_a, NULL),
		 EFI_INVALID_PARAMETER);
	check_is(g, "leaves all as it was", g->bs->HandleProtocol(handle, a, &got), EFI_SUCCESS);
	check_is(g, "UninstallMultipleProtocolInterfaces()",
		 g->bs->UninstallMultipleProtocolInterfaces(handle, a, &interface_a, b,
							    &interface_b, NULL),
		 EFI_SUCCESS);
	check_is(g, "and the first handle has its own still",
		 g->bs->UninstallProtocolInterface(old, a, &interface_a2), EFI_SUCCESS);
	g->bs->UninstallProtocolInterface(old, b, &interface_b);
	check_is(g, "now nobody has it", g->bs->LocateProtocol(a, NULL, &got), EFI_NOT_FOUND);
	check(g, "and the interface is 0", !got);
}

static void device_paths(struct guest *g)
{
	static struct {
		EFI_DEVICE_PATH head;
		UINT8 guid[16];
		EFI_DEVICE_PATH file_head;
		CHAR16 file[2];
		EFI_DEVICE_PATH end;
	} __attribute__((packed)) whole = {
		{ 4, 3, { 20, 0 } },      { 0xaa }, { 4, 4, { 8, 0 } }, { 'x', 0 },
		{ 0x7f, 0xff, { 4, 0 } },
	};
	static struct {
		EFI_DEVICE_PATH head;
		UINT8 guid[16];
		EFI_DEVICE_PATH end;
	} __attribute__((packed)) part = {
		{ 4, 3, { 20, 0 } },
		{ 0xaa },
		{ 0x7f, 0xff, { 4, 0 } },
	};
	EFI_GUID path_guid = DEVICE_PATH_PROTOCOL, mark = GUID_A;
	EFI_DEVICE_PATH *path = &whole.head;
	EFI_HANDLE handle = NULL, found = NULL, second = NULL;

	g->bs->InstallMultipleProtocolInterfaces(&handle, &path_guid, &part, &mark, NULL, NULL);
	check_is(g, "LocateDevicePath()", g->bs->LocateDevicePath(&mark, &path, &found),
		 EFI_SUCCESS);
	check_is(g, "finds the handle", (UINTN)found, (UINTN)handle);
	check_is(g, "and leaves what is not the device's", (UINTN)path, (UINTN)&whole.file_head);
	check_is(g, "two handles may not have one path",
		 g->bs->InstallMultipleProtocolInterfaces(&second, &path_guid, &part, NULL),
		 EFI_ALREADY_STARTED);
	whole.guid[0] = 0xbb;
	path = &whole.head;
	check_is(g, "of another device", g->bs->LocateDevicePath(&mark, &path, &found),
		 EFI_NOT_FOUND);
	whole.head.Length[0] = 3;
	check_is(g, "of a node shorter than its header",
		 g->bs->LocateDevicePath(&mark, &path, &found), EFI_INVALID_PARAMETER);
	g->bs->UninstallMultipleProtocolInterfaces(handle, &path_guid, &part, &mark, NULL, NULL);
}

static void guest_run(struct guest *g)
{
	EFI_GUID a = GUID_A, b = GUID_B;
	EFI_HANDLE handle = NULL;

	install(g, &a, &b, &handle);
	locate(g, &a, handle);
	open(g, &a, handle);
	multiple(g, &a, &b, handle);
	device_paths(g);
	check_is(g, "ConnectController(): no driver wants it",
		 g->bs->ConnectController(g->image, NULL, NULL, 1), EFI_NOT_FOUND);
}
