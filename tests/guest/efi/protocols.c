/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's own protocols: console, device paths, random numbers, memory attributes, the initrd's LoadFile2. */
#include "tests/guest/efi/check.h"

static int same_text(const CHAR16 *a, const char *b)
{
	while (*a && *a == (CHAR16)(unsigned char)*b)
		a++, b++;
	return *a == (CHAR16)(unsigned char)*b;
}

static VOID *protocol(struct guest *g, const char *name, EFI_GUID guid)
{
	VOID *p = NULL;

	check_is(g, name, g->bs->LocateProtocol(&guid, NULL, &p), EFI_SUCCESS);
	return p;
}

static void console(struct guest *g)
{
	SIMPLE_TEXT_OUTPUT_INTERFACE *out = g->st->ConOut;
	EFI_GUID text_out = SIMPLE_TEXT_OUTPUT_PROTOCOL;
	UINTN columns = 0, rows = 0, index;
	EFI_STATUS status;
	EFI_INPUT_KEY key;
	INT32 column, row;
	VOID *p = NULL;

	check_is(g, "the console's handle has its protocol",
		 g->bs->HandleProtocol(g->st->ConsoleOutHandle, &text_out, &p), EFI_SUCCESS);
	check(g, "which is ConOut", p == out);
	check_is(g, "QueryMode(0)", out->QueryMode(out, 0, &columns, &rows), EFI_SUCCESS);
	check(g, "is 80x25", columns == 80 && rows == 25);
	check_is(g, "mode 0 is the only one", out->Mode->MaxMode, 1);
	check_is(g, "QueryMode(1)", out->QueryMode(out, 1, &columns, &rows), EFI_UNSUPPORTED);
	/* Looked at before the next line of the report moves it. */
	status = out->SetCursorPosition(out, 3, 4);
	column = out->Mode->CursorColumn;
	row = out->Mode->CursorRow;
	check_is(g, "SetCursorPosition()", status, EFI_SUCCESS);
	check(g, "moves it", column == 3 && row == 4);
	out->SetCursorPosition(out, 3, 4);
	out->OutputString(out, L"ab\r\n");
	column = out->Mode->CursorColumn;
	row = out->Mode->CursorRow;
	check(g, "a line ends at its beginning", column == 0 && row == 5);
	check_is(g, "SetCursorPosition() off the screen", out->SetCursorPosition(out, 80, 0),
		 EFI_UNSUPPORTED);
	check_is(g, "OutputString() from nowhere", out->OutputString(out, (CHAR16 *)0x80000000),
		 EFI_INVALID_PARAMETER);
	/* The test types "k" and Enter. */
	check_is(g, "WaitForEvent() of a key",
		 g->bs->WaitForEvent(1, &g->st->ConIn->WaitForKey, &index), EFI_SUCCESS);
	check_is(g, "ReadKeyStroke()", g->st->ConIn->ReadKeyStroke(g->st->ConIn, &key),
		 EFI_SUCCESS);
	check_is(g, "gives k", key.UnicodeChar, 'k');
	g->st->ConIn->ReadKeyStroke(g->st->ConIn, &key);
	check_is(g, "then Enter", key.UnicodeChar, '\r');
	check_is(g, "then nothing", g->st->ConIn->ReadKeyStroke(g->st->ConIn, &key), EFI_NOT_READY);
	check_is(g, "and there is no event", g->bs->CheckEvent(g->st->ConIn->WaitForKey),
		 EFI_NOT_READY);
}

static void device_paths(struct guest *g)
{
	static struct {
		ACPI_HID_DEVICE_PATH root;
		PCI_DEVICE_PATH pci;
		EFI_DEVICE_PATH_PROTOCOL end;
	} __attribute__((packed)) path = {
		{ { 2, 1, { 12, 0 } }, 0x0a0341d0, 0 },
		{ { 1, 1, { 6, 0 } }, 0, 0x1f },
		{ 0x7f, 0xff, { 4, 0 } },
	};
	EFI_DEVICE_PATH_TO_TEXT_PROTOCOL *text;
	EFI_DEVICE_PATH_UTILITIES_PROTOCOL *util;
	EFI_DEVICE_PATH_PROTOCOL *copy, *node, *next;
	UINTN size = 0;
	CHAR16 *s;

	text = protocol(g, "DevicePathToText", (EFI_GUID)EFI_DEVICE_PATH_TO_TEXT_PROTOCOL_GUID);
	util = protocol(g, "DevicePathUtilities",
			(EFI_GUID)EFI_DEVICE_PATH_UTILITIES_PROTOCOL_GUID);
	s = text->ConvertDevicePathToText(&path.root.Header, TRUE, TRUE);
	/* UEFI 2.10, 10.6.1.6, tables 10-55 and 10-56 */
	check(g, "PciRoot(0x0)/Pci(0x1F,0x0)", s && same_text(s, "PciRoot(0x0)/Pci(0x1F,0x0)"));
	check_is(g, "in a block of the pool", g->bs->FreePool(s), EFI_SUCCESS);
	s = text->ConvertDeviceNodeToText(&path.pci.Header, TRUE, TRUE);
	check(g, "one node of it", s && same_text(s, "Pci(0x1F,0x0)"));
	check_is(g, "GetDevicePathSize()", util->GetDevicePathSize(&path.root.Header),
		 sizeof(path));
	copy = util->DuplicateDevicePath(&path.root.Header);
	check(g, "DuplicateDevicePath()", copy && util->GetDevicePathSize(copy) == sizeof(path));
	node = util->CreateDeviceNode(4, 4, 6);
	check(g, "CreateDeviceNode()",
	      node && node->Type == 4 && node->SubType == 4 && node->Length[0] == 6);
	copy = util->AppendDeviceNode(copy, node);
	check(g, "AppendDeviceNode()", copy && util->GetDevicePathSize(copy) == sizeof(path) + 6);
	copy = util->AppendDevicePath(copy, &path.root.Header);
	check(g, "AppendDevicePath()",
	      copy && util->GetDevicePathSize(copy) == 2 * sizeof(path) + 2);
	check(g, "IsDevicePathMultiInstance()", !util->IsDevicePathMultiInstance(copy));
	copy = util->AppendDevicePathInstance(copy, &path.root.Header);
	check(g, "AppendDevicePathInstance()", copy && util->IsDevicePathMultiInstance(copy));
	next = copy;
	node = util->GetNextDevicePathInstance(&next, &size);
	check(g, "the first instance",
	      node && size == 2 * sizeof(path) + 2 && util->GetDevicePathSize(node) == size);
	node = util->GetNextDevicePathInstance(&next, &size);
	check(g, "the second", node && size == sizeof(path) && !next);
	check(g, "no third", !util->GetNextDevicePathInstance(&next, &size));
	path.end.SubType = 7;
	check_is(g, "a path that does not end", util->GetDevicePathSize(&path.root.Header), 0);
}

static void random(struct guest *g)
{
	EFI_RNG_PROTOCOL *rng = protocol(g, "RNG", (EFI_GUID)EFI_RNG_PROTOCOL_GUID);
	EFI_GUID raw = EFI_RNG_ALGORITHM_RAW, other = EFI_RNG_ALGORITHM_X9_31_AES_GUID, list[4];
	UINT64 a[4] = { 0 }, b[4] = { 0 };
	UINTN size = sizeof(list);

	check_is(g, "GetInfo()", rng->GetInfo(rng, &size, list), EFI_SUCCESS);
	check(g, "lists the raw algorithm", size == 16 && list[0].Data1 == raw.Data1);
	check_is(g, "GetRNG()", rng->GetRNG(rng, NULL, sizeof(a), (UINT8 *)a), EFI_SUCCESS);
	check_is(g, "by the raw algorithm", rng->GetRNG(rng, &raw, sizeof(b), (UINT8 *)b),
		 EFI_SUCCESS);
	check(g, "other bytes each time", a[0] && b[0] && a[0] != b[0] && a[3] != b[3]);
	check_is(g, "by one that it does not have", rng->GetRNG(rng, &other, 8, (UINT8 *)a),
		 EFI_UNSUPPORTED);
	check_is(g, "no bytes", rng->GetRNG(rng, NULL, 0, (UINT8 *)a), EFI_INVALID_PARAMETER);
}

/* UEFI 2.10, 37.7, which gnu-efi does not have. */
struct memory_attribute {
	EFI_STATUS(EFIAPI *get)(struct memory_attribute *, UINT64, UINT64, UINT64 *);
	EFI_STATUS(EFIAPI *set)(struct memory_attribute *, UINT64, UINT64, UINT64);
	EFI_STATUS(EFIAPI *clear)(struct memory_attribute *, UINT64, UINT64, UINT64);
};

static UINT64 pte_of(UINT64 va)
{
	UINT64 *table = (UINT64 *)(guest_cr3() & ~0xfffull);

	for (unsigned shift = 39;; shift -= 9) {
		UINT64 e = table[va >> shift & 511];

		if (!(e & 1) || shift == 12 || (shift < 39 && (e & 0x80)))
			return e;
		table = (UINT64 *)(e & 0xffffffffff000ull);
	}
}

static void memory_attribute(struct guest *g)
{
	const EFI_GUID guid = {
		0xf4560cf6, 0x40ec, 0x4b4a, { 0xa1, 0x92, 0xbf, 0x1d, 0x57, 0xd0, 0xb1, 0x89 }
	};
	struct memory_attribute *p = protocol(g, "MemoryAttribute", guid);
	EFI_PHYSICAL_ADDRESS at;
	UINT64 attr = 99;

	g->bs->AllocatePages(AllocateAnyPages, EfiLoaderData, 4, &at);
	check_is(g, "GetMemoryAttributes()", p->get(p, at, 4 * 4096, &attr), EFI_SUCCESS);
	check_is(g, "none without NX", attr, 0);
	check_is(g, "SetMemoryAttributes(RO)", p->set(p, at + 4096, 4096, EFI_MEMORY_RO),
		 EFI_SUCCESS);
	check(g, "clears R/W in the page tables", !(pte_of(at + 4096) & 2) && (pte_of(at) & 2));
	check_is(g, "pages that differ", p->get(p, at, 4 * 4096, &attr), EFI_NO_MAPPING);
	check_is(g, "SetMemoryAttributes(XP)", p->set(p, at, 4096, EFI_MEMORY_XP), EFI_SUCCESS);
	check(g, "sets XD", pte_of(at) >> 63);
	p->get(p, at, 4096, &attr);
	check_is(g, "and says so", attr, EFI_MEMORY_XP);
	check_is(g, "ClearMemoryAttributes()", p->clear(p, at + 4096, 4096, EFI_MEMORY_RO),
		 EFI_SUCCESS);
	*(volatile UINT8 *)(at + 4096) = 1;
	check_is(g, "it can be written again", *(volatile UINT8 *)(at + 4096), 1);
	check_is(g, "half a page", p->set(p, at + 1, 4096, EFI_MEMORY_RO), EFI_UNSUPPORTED);
	check_is(g, "no attribute", p->set(p, at, 4096, 0), EFI_INVALID_PARAMETER);
	check_is(g, "one that is not of these three", p->set(p, at, 4096, EFI_MEMORY_WB),
		 EFI_INVALID_PARAMETER);
}

static void initrd(struct guest *g)
{
	static struct {
		EFI_DEVICE_PATH head;
		UINT8 guid[16];
		EFI_DEVICE_PATH end;
	} __attribute__((packed)) media = {
		{ 4, 3, { 20, 0 } },
		/* LINUX_EFI_INITRD_MEDIA_GUID, 5568e427-68fc-4f3d-ac74-ca555231cc68 */
		{ 0x27, 0xe4, 0x68, 0x55, 0xfc, 0x68, 0x3d, 0x4f, 0xac, 0x74, 0xca, 0x55, 0x52,
		  0x31, 0xcc, 0x68 },
		{ 0x7f, 0xff, { 4, 0 } },
	};
	EFI_GUID guid = {
		0x4006c0c1, 0xfcb3, 0x403e, { 0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d }
	};
	EFI_DEVICE_PATH *path = &media.head;
	EFI_LOAD_FILE_INTERFACE *load = NULL;
	EFI_HANDLE handle = NULL;
	char data[64] = { 0 };
	UINTN size = 0;

	check_is(g, "the initrd's device path", g->bs->LocateDevicePath(&guid, &path, &handle),
		 EFI_SUCCESS);
	g->bs->HandleProtocol(handle, &guid, (VOID **)&load);
	check_is(g, "LoadFile() without a buffer", load->LoadFile(load, path, FALSE, &size, NULL),
		 EFI_BUFFER_TOO_SMALL);
	check_is(g, "says how much it takes", size, 6);
	size = sizeof(data);
	check_is(g, "LoadFile()", load->LoadFile(load, path, FALSE, &size, data), EFI_SUCCESS);
	check(g, "gives the initrd", size == 6 && data[0] == 'i' && data[5] == 'd' && !data[6]);
	check_is(g, "to boot from it", load->LoadFile(load, path, TRUE, &size, data),
		 EFI_UNSUPPORTED);
	check_is(g, "another file", load->LoadFile(load, &media.head, FALSE, &size, data),
		 EFI_NOT_FOUND);
	check_is(g, "without a path", load->LoadFile(load, NULL, FALSE, &size, data),
		 EFI_INVALID_PARAMETER);
}

static void guest_run(struct guest *g)
{
	console(g);
	device_paths(g);
	random(g);
	memory_attribute(g);
	initrd(g);
}
