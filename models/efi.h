/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UEFI firmware as an image sees it: tables and code in guest memory, and the services behind them. Every service is
 * one row of efi_services.def; each has a stub (NOP; RET) in guest memory, whose NOP is the guest-to-C trap.
 *
 * What a guest can change is struct efi_state: fixed size, no host pointers, one part of the machine. Addresses in it
 * are guest physical; firmware maps memory to itself, so until SetVirtualAddressMap() they are linear ones too.
 */
#ifndef MODELS_EFI_H
#define MODELS_EFI_H

#include "emu/base/diag.h"
#include "emu/base/rng.h"
#include "emu/machine.h"
#include "models/efi_cpu.h"
#include "models/efi_events.h"
#include "models/efi_files.h"
#include "models/efi_handles.h"
#include "models/efi_memory.h"
#include "models/efi_variables.h"
#include "models/sod.h" /* struct sod_listener */

struct image;
struct start_of_day;

/* Ids of tables and services: EFI_TABLE_BS, EFI_BS_AllocatePages. */
enum efi_table {
#define EFI_TABLE(id, name, size) EFI_TABLE_##id,
#include "models/efi_services.def"
	EFI_TABLE_COUNT
};

enum efi_service {
#define EFI_SERVICE(table, offset, name, args, fn, cite)           EFI_##table##_##name,
#define EFI_LACKS(table, offset, name, args, status, answer, cite) EFI_##table##_##name,
#include "models/efi_services.def"
	EFI_SERVICE_COUNT
};

enum efi_guid_id {
#define EFI_GUID(id, ...) EFI_GUID_##id,
#include "models/efi_guids.def"
#undef EFI_GUID
	EFI_GUID_COUNT
};

/* How a call broke the rules that UEFI 2.10, 2.3.4 "x64 Platforms" has for it: the flags of an EFI_CALL event. */
enum efi_call_flag {
	EFI_CALL_STACK = 1 << 0, /* RSP not a multiple of 16 before the CALL */
	EFI_CALL_SHADOW =
		1
		<< 1, /* the 32 bytes of shadow space or the arguments behind them are no memory */
	EFI_CALL_MODE = 1 << 2,    /* not 64-bit code */
	EFI_CALL_DF = 1 << 3,      /* direction flag set */
	EFI_CALL_EM_TS = 1 << 4,   /* CR0.EM or CR0.TS set */
	EFI_CALL_FCW = 1 << 5,     /* x87 control word not 0x37f */
	EFI_CALL_MXCSR = 1 << 6,   /* control bits of MXCSR not 0x1f80 */
	EFI_CALL_GDT = 1 << 7,     /* not the firmware's GDT */
	EFI_CALL_IDT = 1 << 8,     /* not the firmware's IDT */
	EFI_CALL_CR3 = 1 << 9,     /* not the firmware's page tables */
	EFI_CALL_LIVE = 1 << 10,   /* one of the last three, and IF is set */
	EFI_CALL_EXITED = 1 << 11, /* a boot service after ExitBootServices() succeeded */
	EFI_CALL_POINTER =
		1 << 12,        /* an argument points to where the firmware cannot read or write */
	EFI_CALL_TPL = 1 << 13, /* at a higher task priority level than the service allows (7.1) */
};

struct efi_service_info {
	const char *name; /* "AllocatePages" */
	enum efi_table table;
	uint32_t offset; /* in the table */
	unsigned args;
	uint64_t (*fn)(struct efi_call *c); /* NULL: @answer */
	enum event_status status;
	efi_status_t answer;
	const char *cite;
};

extern const struct efi_service_info efi_service_infos[EFI_SERVICE_COUNT];

/* As events name a service: its table, and its offset in it. Boot services are table 0, so ExitBootServices() is 0xe8. */
static inline uint32_t efi_service_code(enum efi_service s)
{
	return (uint32_t)efi_service_infos[s].table << 16 | efi_service_infos[s].offset;
}

struct efi_table_info {
	const char *name;
	uint32_t size;
};

extern const struct efi_table_info efi_table_infos[EFI_TABLE_COUNT];

struct efi_guid_info {
	const char *name;
	struct efi_guid guid;
	enum event_status status;
};

extern const struct efi_guid_info efi_guid_infos[EFI_GUID_COUNT];

static inline const struct efi_guid *efi_guid(enum efi_guid_id id)
{
	return &efi_guid_infos[id].guid;
}

#define EFI_ARGS_MAX   12u
#define EFI_STUB_SIZE  16u
#define EFI_CODE_PAGES 1u
_Static_assert(EFI_SERVICE_COUNT *EFI_STUB_SIZE <= EFI_CODE_PAGES * GUEST_PAGE_SIZE, "stubs");

#define EFI_FRAMES_MAX 32u
#define EFI_CONFIG_MAX 32u
#define EFI_IMAGES_MAX 32u

/* What to do when a function of the guest's that the firmware has called returns. */
enum efi_frame_kind {
	EFI_FRAME_NOTIFY,
	EFI_FRAME_TICK, /* a notification that the timer's interrupt has entered */
	EFI_FRAME_IMAGE,
	EFI_FRAME_UNLOAD,
	EFI_FRAME_KIND_COUNT
};

/* The caller whom a service has not answered yet, while a function of the guest's runs. */
struct efi_frame {
	uint32_t kind; /* enum efi_frame_kind */
	uint32_t
		again; /* 1 + the service that is not done: it is called anew with the same arguments; 0: none */
	uint64_t value;  /* the kind's own: tpl to go back to, image handle */
	uint64_t status; /* what the service answers once it may return */
	uint64_t rflags;
	uint64_t gpr[GPR_COUNT]; /* of the service's caller, at the stub */
};

struct efi_image_state {
	gpa_t handle; /* 0: unused */
	gpa_t base;
	uint64_t size;
	gpa_t entry;
	gpa_t parent;
	gpa_t memory; /* what was allocated for it */
	uint64_t pages;
	gpa_t info, file_path, path; /* LoadedImage and its device paths, in the pool */
	uint32_t started;
	uint32_t subsystem;
};

/* Everything that the guest can change. */
struct efi_state {
	struct efi_memory memory;
	struct efi_database database;
	struct efi_event_queue events;
	struct efi_variables variables;
	struct efi_cpu cpu; /* descriptor tables, page tables, stack */
	struct rng rng;
	/* where the firmware's objects lie */
	gpa_t code; /* EFI_SERVICE_COUNT stubs, then the RET of efi_ret_address() */
	gpa_t system_table;
	gpa_t tables[EFI_TABLE_COUNT]; /* the one instance of each, or 0 */
	gpa_t config;                  /* configuration tables, EFI_CONFIG_MAX entries */
	gpa_t image_handle;            /* of the image that the path enters */
	gpa_t console_handle;
	gpa_t key_event; /* WaitForKey */
	gpa_t text_mode; /* SIMPLE_TEXT_OUTPUT_MODE */
	/* what calls are compared with: set from the start of day */
	uint64_t cr3;
	uint64_t gdt, idt;
	/* service state */
	uint32_t exited; /* ExitBootServices() has succeeded */
	uint32_t
		exiting; /* it was called: timers are off; 2: with the right key, and who waits for it is being told */
	uint32_t is_virtual; /* SetVirtualAddressMap() has succeeded */
	uint32_t tpl;
	uint32_t config_count;
	uint32_t frame_count;
	uint32_t image_count;
	uint64_t monotonic; /* GetNextMonotonicCount() */
	uint64_t watchdog;  /* instruction count at which it ends the run; 0: off */
	uint64_t
		tick; /* instruction count of the timer's next interrupt (efi_tick.c); 0: none is to come */
	uint32_t cursor_column, cursor_row;
	uint32_t text_attribute;
	uint32_t keys_read; /* of platform.keys */
	struct efi_frame frames[EFI_FRAMES_MAX];
	struct efi_image_state images[EFI_IMAGES_MAX];
	struct efi_files files;
};

/* One allocation, freed with free(): start_of_day.service. */
struct efi {
	const struct platform *platform; /* borrowed */
	const struct image *image;       /* borrowed: what the path enters */
	bool initrd_elsewhere;        /* a boot loader hands it over itself: LoadFile2 has none */
	gpa_t rsdp;                   /* of the ACPI tables that the path has placed; 0: none */
	gpa_t smbios;                 /* entry point of the SMBIOS tables, likewise */
	struct sod_listener listener; /* of start_of_day; set by the path's attach() */
	struct efi_state state;
};

/* One call of a service, as its function sees it. */
struct efi_call {
	struct machine *m;
	struct efi *efi;
	struct cpu_state cpu; /* at the stub; a function may change what the ABI lets it */
	enum efi_service service;
	uint64_t arg[EFI_ARGS_MAX]; /* narrower types are the function's to cut */
	uint32_t flags;             /* enum efi_call_flag */
	enum event_status status;   /* of the answer */
	bool entered;               /* the guest runs on elsewhere: RAX is not set */
	bool again; /* a notification first, then the same call again: this one is no event */
};

/* --- making the firmware: the path's build() --- */

/* NULL when out of memory. The memory map is empty. */
struct efi *efi_create(const struct platform *platform, const struct image *image);

/*
 * Takes the map over, and memory of @room for code and tables: from here on their addresses are known. @room is what
 * efi_room_init() and takes of others have left. -EINVAL with a diag when there is no room.
 */
int efi_place(struct efi *efi, const struct efi_map *map, struct efi_room *room, struct diag *diag);

/* What is left of the room for types that outlive boot services becomes their bins: once nobody takes of it any more. -ENOSPC. */
int efi_place_bins(struct efi_memory *mem, const struct efi_room *room);

/* The stubs, for efi_attach(). */
int efi_attach_stubs(struct machine *m, struct efi *efi);
/* Console, random numbers, initrd and the other protocols that the firmware itself installs. */
int efi_console_install(struct efi *efi, struct machine *m);
int efi_protocols_install(struct efi *efi, struct machine *m);
/* The variables that every firmware has, then the platform's own. */
void efi_variables_init(struct efi_variables *v, const struct platform *platform);

/* The image that the path enters: its handle and LoadedImage, with the platform's command line. -ENOSPC. */
int efi_first_image_install(struct efi *efi, struct machine *m, gpa_t base, uint64_t size);

/* Writes code and tables, fills the database, hooks the services in: the path's attach(). */
int efi_attach(struct machine *m, struct efi *efi, const struct cpu_state *entry,
	       struct diag *diag);

/* --- what services are made of --- */

/* Guest memory by linear address, through the guest's page tables; false, and EFI_CALL_POINTER, where that fails. */
bool efi_read(struct efi_call *c, gva_t va, void *data, size_t len);
bool efi_write(struct efi_call *c, gva_t va, const void *data, size_t len);
bool efi_read_u32(struct efi_call *c, gva_t va, uint32_t *ret_v);
bool efi_read_u64(struct efi_call *c, gva_t va, uint64_t *ret_v);
bool efi_write_u32(struct efi_call *c, gva_t va, uint32_t v);
bool efi_write_u64(struct efi_call *c, gva_t va, uint64_t v);
bool efi_read_guid(struct efi_call *c, gva_t va, struct efi_guid *ret_guid);
/* UCS-2 text with its NUL into @ret_text; the length without it, or -1 (unreadable, or @max and more characters). */
int efi_read_text(struct efi_call *c, gva_t va, uint16_t *ret_text, size_t max);
/* All of [va, va + len) can be read (and written). */
bool efi_reachable(struct efi_call *c, gva_t va, uint64_t len, bool write);

#define EFI_DEVICE_PATH_MAX 1024u
#define EFI_DP_END_SIZE     4u

/* A device path up to and with its end node; 0 for one that is broken, unreadable or longer than @max. */
size_t efi_read_device_path(struct efi_call *c, gva_t va, uint8_t *ret_raw, size_t max);

/* The services' own pool: INVALID address 0 on failure. */
gpa_t efi_pool_put(struct efi *efi, struct machine *m, uint32_t type, const void *data, size_t len);

/* A table of function pointers of its own in the pool (file handles...), filled in; 0 when out of resources. */
gpa_t efi_interface_create(struct efi *efi, struct machine *m, enum efi_table table);
/* Writes @table's function pointers at @gpa. */
int efi_interface_write(struct efi *efi, struct machine *m, enum efi_table table, gpa_t gpa);
/* Address of the stub that calls @s. */
gpa_t efi_stub(const struct efi *efi, enum efi_service s);

/*
 * Let the guest run @fn with up to four arguments; when it returns, the frame's kind decides what is next, and at last
 * the service's caller gets @status. OUT_OF_RESOURCES when calls nest too deep: then nothing has happened.
 */
efi_status_t efi_enter(struct efi_call *c, enum efi_frame_kind kind, uint64_t value, gva_t fn,
		       const uint64_t args[4], uint64_t status);
/* Return to the caller of the topmost frame with @status in RAX, and forget the frame. */
void efi_leave(struct efi_call *c, uint64_t status);

/* The timer's interrupt: its handler's trap, and a tick when the guest halts. */
int efi_tick_attach(struct machine *m, struct efi *efi);
/* After anything that may have changed which timer is due first. */
void efi_tick_arm(struct efi *efi, struct machine *m);
/* A function that the timer's interrupt has called returns. */
void efi_tick_returned(struct efi_call *c);
/* A function that UnloadImage() has called returns. */
void efi_unload_returned(struct efi_call *c);

/* With --efi-nx pages are protected as their type asks: to be told of every change. */
void efi_type_protect(struct efi_call *c, gpa_t start, uint64_t pages, uint32_t type);

/* WaitForKey is signaled while a key waits. */
void efi_console_poll(struct efi_call *c);

/* Note in the event stream that the guest asked for @guid. */
void efi_note_guid(struct efi_call *c, const struct efi_guid *guid);

/* CRC-32 as the tables have it (ISO 3309, UEFI 2.10 4.2.1), going on from @crc; start with 0. */
uint32_t efi_crc32(uint32_t crc, const void *data, size_t len);
/* Write the CRC of the table at @gpa whose header says how long it is. */
int efi_table_sign(struct machine *m, gpa_t gpa);

/* Installs or, with @table 0, removes a configuration table. */
efi_status_t efi_config_set(struct efi *efi, struct machine *m, const struct efi_guid *guid,
			    gpa_t table);

/* Virtual time in units of 100 ns: an instruction is a nanosecond. */
uint64_t efi_now(const struct machine *m);

/* --- the functions that efi_services.def names --- */

#define EFI_SERVICE(table, offset, name, args, fn, cite) uint64_t fn(struct efi_call *c);
#include "models/efi_services.def"

#endif
