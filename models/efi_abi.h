/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the UEFI interface on x64: status codes, memory types, table layouts. UEFI Specification 2.10. */
#ifndef MODELS_EFI_ABI_H
#define MODELS_EFI_ABI_H

#include "emu/base/types.h"

typedef uint64_t efi_status_t;

/* Appendix D "Status Codes": the top bit marks an error. */
#define EFI_ERROR(n)            (BIT64(63) | (n))
#define EFI_SUCCESS             0ull
#define EFI_WARN_DELETE_FAILURE 2ull
#define EFI_WARN_STALE_DATA     5ull
#define EFI_LOAD_ERROR          EFI_ERROR(1)
#define EFI_INVALID_PARAMETER   EFI_ERROR(2)
#define EFI_UNSUPPORTED         EFI_ERROR(3)
#define EFI_BAD_BUFFER_SIZE     EFI_ERROR(4)
#define EFI_BUFFER_TOO_SMALL    EFI_ERROR(5)
#define EFI_NOT_READY           EFI_ERROR(6)
#define EFI_DEVICE_ERROR        EFI_ERROR(7)
#define EFI_WRITE_PROTECTED     EFI_ERROR(8)
#define EFI_OUT_OF_RESOURCES    EFI_ERROR(9)
#define EFI_VOLUME_CORRUPTED    EFI_ERROR(10)
#define EFI_VOLUME_FULL         EFI_ERROR(11)
#define EFI_NO_MEDIA            EFI_ERROR(12)
#define EFI_MEDIA_CHANGED       EFI_ERROR(13)
#define EFI_NOT_FOUND           EFI_ERROR(14)
#define EFI_ACCESS_DENIED       EFI_ERROR(15)
#define EFI_NO_RESPONSE         EFI_ERROR(16)
#define EFI_NO_MAPPING          EFI_ERROR(17)
#define EFI_TIMEOUT             EFI_ERROR(18)
#define EFI_NOT_STARTED         EFI_ERROR(19)
#define EFI_ALREADY_STARTED     EFI_ERROR(20)
#define EFI_ABORTED             EFI_ERROR(21)
#define EFI_END_OF_FILE         EFI_ERROR(31)
#define EFI_INVALID_LANGUAGE    EFI_ERROR(32)
#define EFI_SECURITY_VIOLATION  EFI_ERROR(26)
#define EFI_CRC_ERROR           EFI_ERROR(27)

/* 7.2.1 AllocatePages(): EFI_MEMORY_TYPE. */
enum efi_memory_type {
	EFI_RESERVED_MEMORY,
	EFI_LOADER_CODE,
	EFI_LOADER_DATA,
	EFI_BOOT_SERVICES_CODE,
	EFI_BOOT_SERVICES_DATA,
	EFI_RUNTIME_SERVICES_CODE,
	EFI_RUNTIME_SERVICES_DATA,
	EFI_CONVENTIONAL_MEMORY,
	EFI_UNUSABLE_MEMORY,
	EFI_ACPI_RECLAIM_MEMORY,
	EFI_ACPI_MEMORY_NVS,
	EFI_MEMORY_MAPPED_IO,
	EFI_MEMORY_MAPPED_IO_PORT_SPACE,
	EFI_PAL_CODE,
	EFI_PERSISTENT_MEMORY,
	EFI_UNACCEPTED_MEMORY,
	EFI_MEMORY_TYPE_COUNT
};

/* 7.2.1: from here on a loader's or an OEM's own. */
#define EFI_MEMORY_TYPE_OEM 0x70000000u

enum efi_allocate_type { EFI_ALLOCATE_ANY, EFI_ALLOCATE_MAX_ADDRESS, EFI_ALLOCATE_ADDRESS };

/* 7.2.3 GetMemoryMap(): attributes of a descriptor. */
#define EFI_MEMORY_UC      BIT64(0)
#define EFI_MEMORY_WC      BIT64(1)
#define EFI_MEMORY_WT      BIT64(2)
#define EFI_MEMORY_WB      BIT64(3)
#define EFI_MEMORY_RP      BIT64(13)
#define EFI_MEMORY_XP      BIT64(14)
#define EFI_MEMORY_RO      BIT64(17)
#define EFI_MEMORY_RUNTIME BIT64(63)
/* What plain RAM can do on a PC. */
#define EFI_MEMORY_RAM     (EFI_MEMORY_UC | EFI_MEMORY_WC | EFI_MEMORY_WT | EFI_MEMORY_WB)

/*
 * Callers must step by what GetMemoryMap() says: 48, as edk2 makes it, not the 40 bytes of a descriptor.
 *
 *   0 u32 type, 4 pad, 8 physical start, 16 virtual start, 24 pages, 32 attribute
 */
#define EFI_DESCRIPTOR_SIZE    48u
#define EFI_DESCRIPTOR_USED    40u
#define EFI_DESCRIPTOR_VERSION 1u

/* 4.2.1 table header: signature, revision, size, CRC32, reserved. */
#define EFI_HEADER_SIZE                24u
#define EFI_SYSTEM_TABLE_SIGNATURE     0x5453595320494249ull /* "IBI SYST" */
#define EFI_BOOT_SERVICES_SIGNATURE    0x56524553544f4f42ull /* "BOOTSERV" */
#define EFI_RUNTIME_SERVICES_SIGNATURE 0x56524553544e5552ull /* "RUNTSERV" */
#define EFI_REVISION                   (2u << 16 | 70u)      /* 2.7, as OVMF says */

/* 4.3.1 EFI_SYSTEM_TABLE */
#define EFI_ST_VENDOR        0x18u
#define EFI_ST_REVISION      0x20u
#define EFI_ST_CONIN_HANDLE  0x28u
#define EFI_ST_CONIN         0x30u
#define EFI_ST_CONOUT_HANDLE 0x38u
#define EFI_ST_CONOUT        0x40u
#define EFI_ST_STDERR_HANDLE 0x48u
#define EFI_ST_STDERR        0x50u
#define EFI_ST_RUNTIME       0x58u
#define EFI_ST_BOOT          0x60u
#define EFI_ST_TABLE_COUNT   0x68u
#define EFI_ST_TABLES        0x70u
#define EFI_ST_SIZE          0x78u

/* 9.1.1 EFI_LOADED_IMAGE_PROTOCOL */
#define EFI_LI_REVISION    0x00u
#define EFI_LI_PARENT      0x08u
#define EFI_LI_SYSTEM      0x10u
#define EFI_LI_DEVICE      0x18u
#define EFI_LI_FILE_PATH   0x20u
#define EFI_LI_OPTIONS_LEN 0x30u
#define EFI_LI_OPTIONS     0x38u
#define EFI_LI_BASE        0x40u
#define EFI_LI_LEN         0x48u
#define EFI_LI_CODE_TYPE   0x50u
#define EFI_LI_DATA_TYPE   0x54u
#define EFI_LI_UNLOAD      0x58u
#define EFI_LI_SIZE        0x60u

#define EFI_LOADED_IMAGE_REVISION 0x1000u

/* 7.1.8 RaiseTPL() */
#define EFI_TPL_APPLICATION 4u
#define EFI_TPL_CALLBACK    8u
#define EFI_TPL_NOTIFY      16u
#define EFI_TPL_HIGH_LEVEL  31u

/* 7.1.1 CreateEvent() */
#define EFI_EVT_TIMER                         0x80000000u
#define EFI_EVT_RUNTIME                       0x40000000u
#define EFI_EVT_NOTIFY_WAIT                   0x00000100u
#define EFI_EVT_NOTIFY_SIGNAL                 0x00000200u
#define EFI_EVT_SIGNAL_EXIT_BOOT_SERVICES     0x00000201u
#define EFI_EVT_SIGNAL_VIRTUAL_ADDRESS_CHANGE 0x60000202u

/* 7.3.9 OpenProtocol() */
#define EFI_OPEN_BY_HANDLE 0x01u
#define EFI_OPEN_GET       0x02u
#define EFI_OPEN_TEST      0x04u
#define EFI_OPEN_BY_CHILD  0x08u
#define EFI_OPEN_BY_DRIVER 0x10u
#define EFI_OPEN_EXCLUSIVE 0x20u

/* 8.2 variable attributes */
#define EFI_VARIABLE_NON_VOLATILE BIT(0)
#define EFI_VARIABLE_BOOT         BIT(1)
#define EFI_VARIABLE_RUNTIME      BIT(2)

/* 10.3 device paths: type, sub-type, length. */
#define EFI_DP_HARDWARE  1u
#define EFI_DP_ACPI      2u
#define EFI_DP_MESSAGING 3u
#define EFI_DP_MEDIA     4u
#define EFI_DP_END       0x7fu
#define EFI_DP_END_ALL   0xffu

/* A GUID as it lies in memory: u32, u16, u16 little-endian, then 8 bytes. */
struct efi_guid {
	uint8_t b[16];
};

static inline bool efi_guid_equal(const struct efi_guid *a, const struct efi_guid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

#endif
