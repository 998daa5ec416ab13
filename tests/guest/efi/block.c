/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block I/O of the disk of the EFI system partition and of the partition, as UEFI 2.10, 13.9 and 5.3 describe them. */
#include "tests/guest/efi/check.h"

static UINT8 data[1024];

static EFI_BLOCK_IO *block_of(struct guest *g, EFI_HANDLE handle)
{
	EFI_GUID guid = EFI_BLOCK_IO_PROTOCOL_GUID;
	EFI_BLOCK_IO *b = NULL;

	check_is(g, "the device has Block I/O", g->bs->HandleProtocol(handle, &guid, (VOID **)&b),
		 EFI_SUCCESS);
	return b;
}

static void medium(struct guest *g, EFI_BLOCK_IO *b, int partition)
{
	EFI_BLOCK_IO_MEDIA *m = b->Media;

	check_is(g, "it is the first revision", b->Revision, EFI_BLOCK_IO_PROTOCOL_REVISION);
	check(g, "a medium is present and stays", m->MediaPresent && !m->RemovableMedia);
	check_is(g, "it says whether it is a partition", m->LogicalPartition, partition);
	check(g, "it is read-only", m->ReadOnly && !m->WriteCaching);
	check_is(g, "its blocks have", m->BlockSize, 512);
	check(g, "any alignment will do", m->IoAlign <= 1);
}

static void reading(struct guest *g, EFI_BLOCK_IO *b)
{
	UINT32 id = b->Media->MediaId;
	UINT64 last = b->Media->LastBlock;

	check_is(g, "Reset()", b->Reset(b, TRUE), EFI_SUCCESS);
	check_is(g, "ReadBlocks() of the first", b->ReadBlocks(b, id, 0, 512, data), EFI_SUCCESS);
	check(g, "which ends with a boot signature", data[510] == 0x55 && data[511] == 0xaa);
	check_is(g, "of the last", b->ReadBlocks(b, id, last, 512, data), EFI_SUCCESS);
	check_is(g, "of none", b->ReadBlocks(b, id, 0, 0, data), EFI_SUCCESS);
	check_is(g, "of another medium", b->ReadBlocks(b, id + 1, 0, 512, data), EFI_MEDIA_CHANGED);
	check_is(g, "of part of a block", b->ReadBlocks(b, id, 0, 513, data), EFI_BAD_BUFFER_SIZE);
	check_is(g, "behind the last", b->ReadBlocks(b, id, last + 1, 512, data),
		 EFI_INVALID_PARAMETER);
	check_is(g, "across the end", b->ReadBlocks(b, id, last, 1024, data),
		 EFI_INVALID_PARAMETER);
	check_is(g, "at all ones", b->ReadBlocks(b, id, ~0ull, 512, data), EFI_INVALID_PARAMETER);
	check_is(g, "to where there is no memory", b->ReadBlocks(b, id, 0, 512, (VOID *)0x80000000),
		 EFI_INVALID_PARAMETER);
	check_is(g, "WriteBlocks()", b->WriteBlocks(b, id, 0, 512, data), EFI_WRITE_PROTECTED);
	check_is(g, "to another medium", b->WriteBlocks(b, id + 1, 0, 512, data),
		 EFI_MEDIA_CHANGED);
	check_is(g, "FlushBlocks()", b->FlushBlocks(b), EFI_SUCCESS);
}

static UINT64 number(const UINT8 *p, unsigned n)
{
	UINT64 v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

/* 5.3.2: the header's CRC is taken with its own field zero; CalculateCrc32() is the firmware's. */
static void table_check(struct guest *g, EFI_BLOCK_IO *disk, UINT64 at, EFI_BLOCK_IO *part)
{
	UINT32 crc = 0, wanted;
	UINT64 entries;

	disk->ReadBlocks(disk, disk->Media->MediaId, at, 512, data);
	check(g, "a partition table has its signature", number(data, 8) == 0x5452415020494645ull);
	check_is(g, "and says where it is", number(data + 24, 8), at);
	wanted = (UINT32)number(data + 16, 4);
	data[16] = data[17] = data[18] = data[19] = 0;
	g->bs->CalculateCrc32(data, 92, &crc);
	check_is(g, "its CRC is right", crc, wanted);
	entries = number(data + 72, 8);
	disk->ReadBlocks(disk, disk->Media->MediaId, entries, 512, data);
	check_is(g, "its partition ends where the partition does",
		 number(data + 40, 8) - number(data + 32, 8), part->Media->LastBlock);
	entries = number(data + 32, 8);
	disk->ReadBlocks(disk, disk->Media->MediaId, entries, 512, data);
	part->ReadBlocks(part, part->Media->MediaId, 0, 512, data + 512);
	for (unsigned i = 0; i < 512; i++)
		if (data[i] != data[512 + i])
			entries = 0;
	check(g, "the disk has the partition's first block there", entries);
}

static void guest_run(struct guest *g)
{
	EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID, guid = EFI_BLOCK_IO_PROTOCOL_GUID;
	EFI_LOADED_IMAGE *self = NULL;
	EFI_BLOCK_IO *disk = NULL, *part;
	EFI_HANDLE *handles = NULL;
	UINTN count = 0;

	g->bs->HandleProtocol(g->image, &loaded_image, (VOID **)&self);
	part = block_of(g, self->DeviceHandle);
	check_is(g, "LocateHandleBuffer()",
		 g->bs->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handles), EFI_SUCCESS);
	check_is(g, "finds the disk and its partition", count, 2);
	for (UINTN i = 0; i < count; i++)
		if (handles[i] != self->DeviceHandle)
			disk = block_of(g, handles[i]);
	medium(g, part, 1);
	medium(g, disk, 0);
	reading(g, part);
	reading(g, disk);
	table_check(g, disk, 1, part);
	table_check(g, disk, disk->Media->LastBlock, part);
}
