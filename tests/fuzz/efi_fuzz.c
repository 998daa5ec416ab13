/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: bytes as calls of UEFI services, in any order and with any arguments. Each call is made by guest code
 * through the service's real stub; a snapshot brings the firmware back for the next input. At its end the run prints
 * which rows of models/efi_services.def it has reached.
 *
 * A call is a byte that chooses the row, then for each argument a byte that says what it is, and what that kind needs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "loaders/file_tree.h"
#include "models/efi.h"
#include "models/efi_gop.h"
#include "tests/lib/fake_pe.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLS_MAX         64u
#define CALL_INSTRUCTIONS 20000u
#define SLOTS \
	32u /* eight bytes each, at the start of the scratch page: what services store there, later calls use */
#define SCRATCH_PAGES 4u

/* call *%rax; nop: the breakpoint is on the NOP. */
static const uint8_t caller[] = { 0xff, 0xd0, 0x90 };
#define AFTER_CALL 2u

enum argument {
	ARG_ZERO,
	ARG_SMALL,   /* a byte */
	ARG_WORD,    /* eight bytes */
	ARG_SLOT,    /* the address of a slot */
	ARG_VALUE,   /* what a slot holds */
	ARG_SCRATCH, /* an address in scratch memory */
	ARG_GUID,    /* of a GUID that the firmware knows */
	ARG_TEXT,    /* of a name */
	ARG_PATH,    /* of a device path */
	ARG_FILE,    /* of a whole PE image */
	ARG_TABLE,   /* of an interface */
	ARG_HANDLE,  /* of the image, the console, the partition */
	ARG_WILD,    /* an address that is none, or a size that is too large */
	ARG_OWN,     /* what the row would expect: its own interface first, then slots */
	ARG_COUNT
};

/* One firmware, kept for all inputs: making it takes longer than calling it. */
static struct fuzz {
	struct platform platform;
	struct image *image;
	struct file_tree tree;
	struct file_node nodes[3];
	struct start_of_day sod;
	struct machine *m;
	struct snapshot *fresh;
	struct cpu_state cpu;
	gpa_t scratch, guids, texts, path, file;
	uint64_t reached[EFI_SERVICE_COUNT];
} fuzz;

struct input {
	const uint8_t *data;
	size_t left;
};

static uint8_t take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->data++;
}

static uint64_t take_u64(struct input *in)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v |= (uint64_t)take(in) << (8 * i);
	return v;
}

static void print_reached(void)
{
	unsigned n = 0, rows = 0;

	for (unsigned i = 0; i < EFI_SERVICE_COUNT; i++) {
		if (efi_service_infos[i].table == EFI_TABLE_FIRM)
			continue;
		rows++;
		n += fuzz.reached[i] != 0;
		fprintf(stderr, "efi_fuzz: %10llu %s\n", (unsigned long long)fuzz.reached[i],
			efi_service_infos[i].name);
	}
	fprintf(stderr, "efi_fuzz: %u of %u rows reached\n", n, rows);
}

static struct efi *firmware(void)
{
	return fuzz.sod.service;
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* --- what arguments can point to --- */

static const char *const texts[] = { "SecureBoot", "Own", "\\a.efi",          "b",
				     "..",         "",    "\\b\\.\\..\\a.efi" };
#define TEXT_SIZE 64u

static void put_text(gpa_t at, const char *s)
{
	uint8_t raw[TEXT_SIZE] = { 0 };

	for (size_t i = 0; s[i]; i++)
		put_le16(raw + 2 * i, (uint8_t)s[i]);
	must(!machine_write(fuzz.m, at, raw, sizeof(raw)));
}

static void make_scratch(void)
{
	struct efi *efi = firmware();
	uint8_t raw[EFI_DISK_PATH_MAX + 32] = { 0 };
	static const uint8_t name[] = { 4, 4,   18, 0,   '\\', 0, 'a', 0,    '.',  0, 'e',
					0, 'f', 0,  'i', 0,    0, 0,   0x7f, 0xff, 4, 0 };
	size_t len;
	const struct bytes pe = fuzz.nodes[1].data;

	must(efi_pages_allocate(&efi->state.memory, EFI_ALLOCATE_ANY, EFI_LOADER_DATA,
				SCRATCH_PAGES + 4, &fuzz.scratch) == EFI_SUCCESS);
	fuzz.guids = fuzz.scratch + GUEST_PAGE_SIZE;
	fuzz.texts = fuzz.scratch + 2 * GUEST_PAGE_SIZE;
	fuzz.path = fuzz.scratch + 3 * GUEST_PAGE_SIZE;
	fuzz.file = fuzz.scratch + SCRATCH_PAGES * GUEST_PAGE_SIZE;
	for (unsigned i = 0; i < EFI_GUID_COUNT; i++)
		must(!machine_write(fuzz.m, fuzz.guids + i * 16, efi_guid(i)->b, 16));
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
		put_text(fuzz.texts + i * TEXT_SIZE, texts[i]);
	len = efi_files_device_path(&fuzz.tree, raw);
	memcpy(raw + len, name, sizeof(name));
	must(!machine_write(fuzz.m, fuzz.path, raw, sizeof(raw)));
	must(!machine_write(fuzz.m, fuzz.file, pe.data, pe.len));
	must(!machine_write(fuzz.m, fuzz.scratch + GUEST_PAGE_SIZE - 16, caller, sizeof(caller)));
}

/* A file and an empty folder. */
static void make_tree(void)
{
	struct fake_pe f = fake_pe_default();
	uint8_t *pe = fake_pe_file(&f);

	must(pe);
	pe[f.entry] = 0xc3; /* RET */
	fuzz.nodes[0] = (struct file_node){ .is_dir = true, .first_child = 1, .child_count = 2 };
	fuzz.nodes[1] = (struct file_node){ .name = { 'a', '.', 'e', 'f', 'i' },
					    .data = { pe, FAKE_PE_FILE_SIZE } };
	fuzz.nodes[2] = (struct file_node){ .name = { 'b' }, .is_dir = true };
	fuzz.tree =
		(struct file_tree){ .nodes = fuzz.nodes, .count = 3, .bytes = FAKE_PE_FILE_SIZE };
	must(!fat_lay_out(&fuzz.tree, NULL));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct sod_path *path = sod_path_find("efi");
	struct diag diag = { 0 };

	make_tree();
	must(!platform_init(&fuzz.platform, MIB(64), &diag));
	fuzz.platform.esp = &fuzz.tree;
	fuzz.platform.gop_width = 640;
	fuzz.platform.gop_height = 480;
	fuzz.platform.cmdline = "";
	fuzz.platform.initrd = (struct bytes){ (const uint8_t *)texts, 16 };
	must(!efi_gop_platform(&fuzz.platform));
	must(!image_from_bytes(&fuzz.image, "a.efi", fuzz.nodes[1].data, &diag));
	must(!path->build(fuzz.image, &fuzz.platform, &path->variants[0], &fuzz.sod, &diag));
	must(!machine_create(&fuzz.m, &fuzz.platform, &diag));
	must(!sod_enter(&fuzz.sod, fuzz.m, &diag));
	make_scratch();
	must(!machine_break_add(fuzz.m, fuzz.scratch + GUEST_PAGE_SIZE - 16 + AFTER_CALL));
	machine_cpu_get(fuzz.m, &fuzz.cpu);
	must(!machine_snapshot(fuzz.m, &fuzz.fresh));
	atexit(print_reached);
	return 0;
}

/* --- calls --- */

static uint64_t slot(uint8_t n)
{
	return fuzz.scratch + (n % SLOTS) * 8ull;
}

static uint64_t slot_value(uint8_t n)
{
	uint8_t raw[8] = { 0 };

	machine_read(fuzz.m, slot(n), raw, sizeof(raw));
	return get_le64(raw);
}

static uint64_t handle(uint8_t n)
{
	const struct efi_state *s = &firmware()->state;
	const uint64_t handles[] = { s->image_handle, s->console_handle, s->files.partition,
				     s->images[0].handle };

	return handles[n % ARRAY_SIZE(handles)];
}

static uint64_t wild(struct input *in)
{
	static const uint64_t values[] = {
		0x80000000, 0xa0000,   0xfffff000, UINT64_MAX, BIT64(63),
		BIT64(47),  BIT64(40), 0xfff,      UINT32_MAX, 0xf0000000
	};

	return values[take(in) % ARRAY_SIZE(values)];
}

static uint64_t own(const struct efi_service_info *info, unsigned i, struct input *in)
{
	const struct efi_state *s = &firmware()->state;

	if (i || info->table == EFI_TABLE_BS || info->table == EFI_TABLE_RT)
		return slot((uint8_t)(i + take(in)));
	if (info->table == EFI_TABLE_FILE)
		return s->files.items[take(in) % 4].handle;
	return s->tables[info->table];
}

static uint64_t argument(const struct efi_service_info *info, unsigned i, struct input *in)
{
	switch ((enum argument)(take(in) % ARG_COUNT)) {
	case ARG_ZERO: return 0;
	case ARG_SMALL: return take(in);
	case ARG_WORD: return take_u64(in);
	case ARG_SLOT: return slot(take(in));
	case ARG_VALUE: return slot_value(take(in));
	case ARG_SCRATCH: return fuzz.scratch + 0x200 + take(in) * 8ull;
	case ARG_GUID: return fuzz.guids + take(in) % EFI_GUID_COUNT * 16ull;
	case ARG_TEXT: return fuzz.texts + take(in) % ARRAY_SIZE(texts) * (uint64_t)TEXT_SIZE;
	case ARG_PATH: return fuzz.path;
	case ARG_FILE: return fuzz.file;
	case ARG_TABLE: return firmware()->state.tables[take(in) % EFI_TABLE_COUNT];
	case ARG_HANDLE: return handle(take(in));
	case ARG_WILD: return wild(in);
	case ARG_OWN:
	case ARG_COUNT: break;
	}
	return own(info, i, in);
}

/* False when the machine will not go on: the guest asked to end, or is lost. */
static bool call(struct input *in)
{
	static const enum gpr regs[] = { GPR_RCX, GPR_RDX, GPR_R8, GPR_R9 };
	enum efi_service service = (enum efi_service)(take(in) % EFI_SERVICE_COUNT);
	const struct efi_service_info *info = &efi_service_infos[service];
	struct cpu_state cpu = fuzz.cpu;
	struct run_limits limits = { machine_instructions(fuzz.m) + CALL_INSTRUCTIONS };
	struct stop stop;

	if (info->table == EFI_TABLE_FIRM)
		return true;
	/* As the ABI has it: aligned before the call, room for four arguments, then the others. */
	cpu.gpr[GPR_RSP] = ALIGN_DOWN(cpu.gpr[GPR_RSP] - 0x200, 16);
	for (unsigned i = 0; i < info->args; i++) {
		uint64_t v = argument(info, i, in);
		uint8_t raw[8];

		put_le64(raw, v);
		if (i < ARRAY_SIZE(regs))
			cpu.gpr[regs[i]] = v;
		else
			machine_write(fuzz.m, cpu.gpr[GPR_RSP] + 8 * i, raw, sizeof(raw));
	}
	cpu.gpr[GPR_RAX] = efi_stub(firmware(), service);
	cpu.rip = fuzz.scratch + GUEST_PAGE_SIZE - 16;
	machine_cpu_set(fuzz.m, &cpu);
	fuzz.reached[service]++;
	machine_run(fuzz.m, &limits, &stop);
	if (stop.kind == STOP_ENGINE)
		abort();
	return stop.kind == STOP_POINT;
}

/* The map stays sorted, without overlap, within what it can hold. */
static void expect_sound(const struct efi_state *s)
{
	const struct efi_memory *mem = &s->memory;

	if (mem->range_count > EFI_RANGES_MAX || mem->pool_count > EFI_POOL_MAX ||
	    s->frame_count > EFI_FRAMES_MAX || s->database.protocol_count > EFI_PROTOCOLS_MAX)
		abort();
	for (uint32_t i = 1; i < mem->range_count; i++)
		if (mem->ranges[i - 1].start + mem->ranges[i - 1].pages * GUEST_PAGE_SIZE >
		    mem->ranges[i].start)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (machine_restore(fuzz.m, fuzz.fresh))
		abort();
	for (unsigned i = 0; i < CALLS_MAX && in.left; i++) {
		bool goes_on = call(&in);

		expect_sound(&firmware()->state);
		if (!goes_on)
			break;
	}
	return 0;
}
