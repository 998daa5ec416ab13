/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xen's services as a guest of a few instructions meets them, and the hypercall table against Xen's own headers (libxen-dev). */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "emu/machine.h"
#include "models/acpi.h"
#include "models/sod.h"
#include "models/xen.h"
#include "tests/lib/boot_files.h"

/* Later interfaces are hidden from users of the oldest one. */
#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define PAGE          0x300000u /* where the guests below put the hypercall page */
#define BUFFER        0x310000u
#define ENTRY_IN_FILE 0x1040u

/* The machine after @code ran from the PVH entry to its HLT. */
struct guest {
	struct image *image;
	struct platform platform;
	struct start_of_day sod;
	struct machine *m;
	struct cpu_state cpu;
	struct stop stop;
};

static void guest_run(struct guest *g, const char *variant, enum cpu_profile cpu,
		      const uint8_t *code, size_t len)
{
	const struct sod_path *path = sod_path_find("pvh");
	const struct run_limits limits = { .max_instructions = 1000 };
	struct buf file = { 0 };

	*g = (struct guest){ 0 };
	test_elf_build(&file, &test_vmlinux);
	memcpy(file.data + ENTRY_IN_FILE, code, len);
	cr_assert(eq(int,
		     image_from_bytes(&g->image, "guest", (struct bytes){ file.data, file.len },
				      NULL),
		     0));
	buf_free(&file);
	cr_assert(eq(int, platform_init(&g->platform, MIB(64), NULL), 0));
	acpi_platform_init(&g->platform);
	g->platform.cpu = cpu;
	cr_assert(eq(int,
		     path->build(g->image, &g->platform, sod_variant_find(path, variant), &g->sod,
				 NULL),
		     0));
	cr_assert(eq(int, machine_create(&g->m, &g->platform, NULL), 0));
	cr_assert(eq(int, sod_enter(&g->sod, g->m, NULL), 0));
	machine_run(g->m, &limits, &g->stop);
	machine_cpu_get(g->m, &g->cpu);
}

static void guest_release(struct guest *g)
{
	machine_destroy(g->m);
	sod_release(&g->sod);
	platform_release(&g->platform);
	image_close(g->image);
}

static uint32_t guest_u32(const struct guest *g, gpa_t gpa)
{
	uint8_t v[4] = { 0 };

	machine_read(g->m, gpa, v, sizeof(v));
	return get_le32(v);
}

/* clang-format off */
#define IMM32(v) (uint8_t)(v), (uint8_t)((v) >> 8), (uint8_t)((v) >> 16), (uint8_t)((v) >> 24)
/* ECX = MSR, EDX:EAX = page, WRMSR; then a stack. */
#define MAKE_PAGE 0xb9, IMM32(0x40000000u), 0xb8, IMM32(PAGE), 0x31, 0xd2, 0x0f, 0x30, 0xbc, IMM32(0x280000u)
/* EBX = a, ECX = b, EDX = c, CALL page + 32 * number */
#define CALL(number, a, b, c) 0xbb, IMM32(a), 0xb9, IMM32(b), 0xba, IMM32(c), 0xb8, IMM32(PAGE + 32u * (number)), 0xff, 0xd0
/* MOV DWORD [address], value */
#define STORE(address, value) 0xc7, 0x05, IMM32(address), IMM32(value)
#define HLT 0xf4
/* clang-format on */

Test(xen, a_32_bit_guest_calls_through_the_page_on_both_makes_of_cpu)
{
	static const uint8_t code[] = { MAKE_PAGE, CALL(17, 0, 0, 0), HLT };
	static const struct {
		enum cpu_profile cpu;
		uint8_t last; /* of 0f 01 c1 VMCALL, 0f 01 d9 VMMCALL */
	} rows[] = { { CPU_GENERIC, 0xc1 }, { CPU_QEMU64, 0xd9 } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct guest g;

		guest_run(&g, "xen", rows[i].cpu, code, sizeof(code));
		cr_expect(eq(int, g.stop.kind, STOP_HLT), "%s", g.stop.text);
		cr_expect(eq(u64, g.cpu.gpr[GPR_RAX], 4 << 16 | 17));
		cr_expect(eq(u32, guest_u32(&g, PAGE + 17 * 32 + 5) & 0xffffff,
			     0x010f | (uint32_t)rows[i].last << 16));
		cr_expect(eq(u64, machine_event_count(g.m, EVENT_HYPERCALL), 1));
		cr_expect(eq(u64, machine_unmodelled_count(g.m), 0));
		guest_release(&g);
	}
}

/* CPUID 0x40000000, 0x40000002; arch-x86/cpuid.h */
Test(xen, cpuid_shows_the_signature_and_where_the_msr_is)
{
	static const uint8_t code[] = { 0xb8,
					IMM32(0x40000000u),
					0x0f,
					0xa2,
					0x89,
					0x1d,
					IMM32(BUFFER),
					0x89,
					0x0d,
					IMM32(BUFFER + 4),
					0x89,
					0x15,
					IMM32(BUFFER + 8),
					0xb8,
					IMM32(0x40000002u),
					0x0f,
					0xa2,
					HLT };
	struct guest g;
	char text[13] = "";

	guest_run(&g, "xen", CPU_QEMU64, code, sizeof(code));
	machine_read(g.m, BUFFER, text, 12);
	cr_expect(eq(int, strcmp(text, "XenVMMXenVMM"), 0));
	cr_expect(eq(u64, g.cpu.gpr[GPR_RAX], 1));
	cr_expect(eq(u64, g.cpu.gpr[GPR_RBX], 0x40000000));
	guest_release(&g);
}

Test(xen, memory_map_comes_by_hypercall_and_is_cut_to_the_guests_buffer)
{
	static const uint8_t code[] = { MAKE_PAGE, STORE(BUFFER, 3), STORE(BUFFER + 4, BUFFER + 16),
					CALL(12, 9, BUFFER, 0), HLT };
	struct guest g;

	guest_run(&g, "xen-dom0", CPU_GENERIC, code, sizeof(code));
	cr_expect(eq(u64, g.cpu.gpr[GPR_RAX], 0));
	cr_expect(eq(u32, guest_u32(&g, BUFFER), 3));
	for (unsigned i = 0; i < 3; i++) {
		cr_expect(eq(u32, guest_u32(&g, BUFFER + 16 + 20 * i),
			     (uint32_t)g.platform.e820[i].addr));
		cr_expect(
			eq(u32, guest_u32(&g, BUFFER + 16 + 20 * i + 16), g.platform.e820[i].type));
	}
	cr_expect(eq(u32, guest_u32(&g, BUFFER + 16 + 60), 0));
	guest_release(&g);
}

Test(xen, console_text_is_captured)
{
	static const uint8_t code[] = { MAKE_PAGE, STORE(BUFFER, 0x0a216948),
					CALL(18, 0, 4, BUFFER), HLT };
	struct guest g;

	guest_run(&g, "xen", CPU_GENERIC, code, sizeof(code));
	cr_assert(eq(sz, machine_console(g.m)->len, 4));
	cr_expect(eq(int, memcmp(machine_console(g.m)->data, "Hi!\n", 4), 0));
	guest_release(&g);
}

Test(xen, shutdown_ends_the_run_by_the_guests_wish)
{
	static const uint8_t code[] = { MAKE_PAGE, STORE(BUFFER, 1), CALL(29, 2, BUFFER, 0), HLT };
	struct guest g;

	guest_run(&g, "xen", CPU_GENERIC, code, sizeof(code));
	cr_expect(eq(int, g.stop.kind, STOP_EXIT));
	cr_expect(strstr(g.stop.text, "reboot") != NULL, "%s", g.stop.text);
	guest_release(&g);
}

Test(xen, a_refusal_is_modelled_and_an_unknown_call_is_not)
{
	static const uint8_t refused[] = { MAKE_PAGE, CALL(1, 0, 0, 0), HLT };
	static const uint8_t unknown[] = { MAKE_PAGE, CALL(60, 0, 0, 0), HLT };
	struct guest g;

	guest_run(&g, "xen", CPU_GENERIC, refused, sizeof(refused));
	cr_expect(eq(u64, g.cpu.gpr[GPR_RAX], (uint32_t)-38));
	cr_expect(eq(u64, machine_unmodelled_count(g.m), 0));
	guest_release(&g);
	guest_run(&g, "xen", CPU_GENERIC, unknown, sizeof(unknown));
	cr_expect(eq(u64, g.cpu.gpr[GPR_RAX], (uint32_t)-38));
	cr_expect(eq(u64, machine_unmodelled_count(g.m), 1));
	guest_release(&g);
}

Test(xen, a_bad_guest_pointer_is_efault)
{
	static const uint8_t code[] = { MAKE_PAGE, CALL(12, 9, 0xa0000, 0), HLT };
	struct guest g;

	guest_run(&g, "xen", CPU_GENERIC, code, sizeof(code));
	cr_expect(eq(u64, g.cpu.gpr[GPR_RAX], (uint32_t)-14));
	guest_release(&g);
}

/* The page's stub of iret, which an HVM guest does not have, is UD2; without Xen there is no MSR either. */
Test(xen, without_xen_its_msr_does_not_exist)
{
	static const uint8_t code[] = { MAKE_PAGE, HLT };
	struct guest g;

	guest_run(&g, "firecracker", CPU_GENERIC, code, sizeof(code));
	cr_expect(eq(u64, machine_event_count(g.m, EVENT_EXCEPTION) > 0, 1));
	guest_release(&g);
}

#define ROW(hypercall, op, name)                               \
	{                                                      \
		__HYPERVISOR_##hypercall, op, #hypercall, name \
	}

/* What Linux calls before and in start_kernel(), by the constants of Xen's headers. */
Test(xen, numbers_are_those_of_xens_headers)
{
	static const struct {
		uint32_t number, op;
		const char *name, *op_name;
	} rows[] = {
		ROW(memory_op, XENMEM_memory_map, "memory_map"),
		ROW(memory_op, XENMEM_add_to_physmap, "add_to_physmap"),
		ROW(memory_op, XENMEM_machine_memory_map, "machine_memory_map"),
		ROW(memory_op, XENMEM_maximum_gpfn, "maximum_gpfn"),
		ROW(memory_op, XENMEM_get_vnumainfo, "get_vnumainfo"),
		ROW(xen_version, XENVER_version, "version"),
		ROW(xen_version, XENVER_extraversion, "extraversion"),
		ROW(xen_version, XENVER_capabilities, "capabilities"),
		ROW(xen_version, XENVER_get_features, "get_features"),
		ROW(xen_version, XENVER_guest_handle, "guest_handle"),
		ROW(xen_version, XENVER_build_id, "build_id"),
		ROW(console_io, CONSOLEIO_write, "write"),
		ROW(grant_table_op, GNTTABOP_query_size, "query_size"),
		ROW(grant_table_op, GNTTABOP_set_version, "set_version"),
		ROW(vcpu_op, VCPUOP_is_up, "is_up"),
		ROW(vcpu_op, VCPUOP_register_vcpu_info, "register_vcpu_info"),
		ROW(sched_op, SCHEDOP_shutdown, "shutdown"),
		ROW(event_channel_op, EVTCHNOP_bind_virq, "bind_virq"),
		ROW(event_channel_op, EVTCHNOP_bind_ipi, "bind_ipi"),
		ROW(event_channel_op, EVTCHNOP_init_control, "init_control"),
		ROW(hvm_op, HVMOP_set_param, "set_param"),
		ROW(hvm_op, HVMOP_pagetable_dying, "pagetable_dying"),
		ROW(hvm_op, HVMOP_set_evtchn_upcall_vector, "set_evtchn_upcall_vector"),
		ROW(platform_op, XENPF_firmware_info, "firmware_info"),
		ROW(mmu_update, 0, ""),
		ROW(physdev_op, 0, ""),
		ROW(argo_op, 0, ""),
		ROW(hypfs_op, 0, ""),
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct xen_call_row *r = xen_call_find(rows[i].number, rows[i].op);

		cr_assert(ne(ptr, (void *)r, NULL), "%s", rows[i].name);
		cr_expect(eq(int, strcmp(r->name, rows[i].name), 0), "%s", r->name);
		cr_expect(eq(int, strcmp(r->op, rows[i].op_name), 0), "%s", r->op);
	}
}

Test(xen, no_row_hides_behind_another)
{
	for (size_t i = 0; i < xen_call_row_count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct xen_call_row *a = &xen_call_rows[i], *b = &xen_call_rows[k];

			cr_expect(a->number != b->number ||
					  (a->op_number != b->op_number && b->op_number != XEN_ANY),
				  "%s %s", a->name, a->op);
		}
}
