/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way from a guest's call to a row of efi_services.def and back: UEFI 2.10, 2.3.4 "x64 Platforms". */
#include <errno.h>
#include <stdlib.h>

#include "emu/paging.h"
#include "models/efi.h"

#define OP_NOP  0x90
#define OP_RET  0xc3
#define OP_INT3 0xcc

/* 2.3.4.2: four arguments in registers, 32 bytes of shadow space, then the others. */
#define REGISTER_ARGS 4u
#define SHADOW_SIZE   32u

#define FCW_EFI      0x037fu
#define MXCSR_EFI    0x1f80u
#define MXCSR_STATUS 0x003fu /* exception flags: not control bits */

const struct efi_table_info efi_table_infos[EFI_TABLE_COUNT] = {
#define EFI_TABLE(id, table_name, table_size) \
	[EFI_TABLE_##id] = { .name = table_name, .size = table_size },
#include "models/efi_services.def"
};

const struct efi_service_info efi_service_infos[EFI_SERVICE_COUNT] = {
#define EFI_SERVICE(table_id, at, service_name, arguments, function, citation) \
	[EFI_##table_id##_##service_name] = { .name = #service_name,           \
					      .table = EFI_TABLE_##table_id,   \
					      .offset = at,                    \
					      .args = arguments,               \
					      .fn = function,                  \
					      .cite = citation },
#define EFI_LACKS(table_id, at, service_name, arguments, how, what, citation) \
	[EFI_##table_id##_##service_name] = { .name = #service_name,          \
					      .table = EFI_TABLE_##table_id,  \
					      .offset = at,                   \
					      .args = arguments,              \
					      .status = EVENT_##how,          \
					      .answer = what,                 \
					      .cite = citation },
#include "models/efi_services.def"
};

const struct efi_guid_info efi_guid_infos[EFI_GUID_COUNT] = {
#define EFI_GUID(id, guid_name, how, d1, d2, d3, ...)                                       \
	[EFI_GUID_##id] = { .name = guid_name,                                              \
			    .status = EVENT_##how,                                          \
			    .guid = { { (d1)&0xff, (d1) >> 8 & 0xff, (d1) >> 16 & 0xff,     \
					(d1) >> 24 & 0xff, (d2)&0xff, (d2) >> 8, (d3)&0xff, \
					(d3) >> 8, GUID_TAIL(__VA_ARGS__) } } },
#define GUID_TAIL(b0, b1, b2, b3, b4, b5, b6, b7, cite) b0, b1, b2, b3, b4, b5, b6, b7
#include "models/efi_guids.def"
#undef EFI_GUID
};

/* --- guest memory --- */

/* One page at a time; what is not RAM or cannot be written by the guest's own page tables fails. */
static bool guest_copy(struct efi_call *c, gva_t va, void *data, size_t len, bool write)
{
	struct mem_reader mem = machine_reader(c->m);
	uint8_t *p = data;

	while (len > 0) {
		uint64_t in_page = GUEST_PAGE_SIZE - (va & (GUEST_PAGE_SIZE - 1));
		size_t n = len < in_page ? len : (size_t)in_page;
		struct page_walk w;

		if (!page_walk(&c->cpu, &mem, va, &w) || (write && !w.writable))
			goto bad;
		if (p &&
		    (write ? machine_write(c->m, w.gpa, p, n) : machine_read(c->m, w.gpa, p, n)))
			goto bad;
		if (!p && !regions_cover(&c->efi->platform->ram, w.gpa, n))
			goto bad;
		p = p ? p + n : NULL;
		va += n;
		len -= n;
	}
	return true;
bad:
	c->flags |= EFI_CALL_POINTER;
	return false;
}

bool efi_reachable(struct efi_call *c, gva_t va, uint64_t len, bool write)
{
	/* More than there is: said without walking a page for each. */
	if (len > c->efi->platform->memory) {
		c->flags |= EFI_CALL_POINTER;
		return false;
	}
	return guest_copy(c, va, NULL, len, write);
}

bool efi_read(struct efi_call *c, gva_t va, void *data, size_t len)
{
	return guest_copy(c, va, data, len, false);
}

bool efi_write(struct efi_call *c, gva_t va, const void *data, size_t len)
{
	/* All or nothing, and never into ROM, which machine_write() would allow. */
	return efi_reachable(c, va, len, true) &&
	       guest_copy(c, va, (void *)(uintptr_t)data, len, true);
}

bool efi_read_u32(struct efi_call *c, gva_t va, uint32_t *ret_v)
{
	uint8_t raw[4];

	if (!efi_read(c, va, raw, sizeof(raw)))
		return false;
	*ret_v = get_le32(raw);
	return true;
}

bool efi_read_u64(struct efi_call *c, gva_t va, uint64_t *ret_v)
{
	uint8_t raw[8];

	if (!efi_read(c, va, raw, sizeof(raw)))
		return false;
	*ret_v = get_le64(raw);
	return true;
}

bool efi_write_u32(struct efi_call *c, gva_t va, uint32_t v)
{
	uint8_t raw[4];

	put_le32(raw, v);
	return efi_write(c, va, raw, sizeof(raw));
}

bool efi_write_u64(struct efi_call *c, gva_t va, uint64_t v)
{
	uint8_t raw[8];

	put_le64(raw, v);
	return efi_write(c, va, raw, sizeof(raw));
}

bool efi_read_guid(struct efi_call *c, gva_t va, struct efi_guid *ret_guid)
{
	struct efi_guid guid;

	if (!efi_read(c, va, guid.b, sizeof(guid.b)))
		return false;
	*ret_guid = guid;
	return true;
}

int efi_read_text(struct efi_call *c, gva_t va, uint16_t *ret_text, size_t max)
{
	for (size_t i = 0; i < max; i++) {
		uint8_t raw[2];

		if (!efi_read(c, va + 2 * i, raw, sizeof(raw)))
			return -1;
		ret_text[i] = get_le16(raw);
		if (ret_text[i] == 0)
			return (int)i;
	}
	return -1;
}

gpa_t efi_pool_put(struct efi *efi, struct machine *m, uint32_t type, const void *data, size_t len)
{
	gpa_t gpa;

	if (efi_pool_allocate(&efi->state.memory, type, len, &gpa) != EFI_SUCCESS)
		return 0;
	if (machine_write(m, gpa, data, len) < 0) {
		efi_pool_free(&efi->state.memory, gpa);
		return 0;
	}
	return gpa;
}

/* --- stubs --- */

gpa_t efi_stub(const struct efi *efi, enum efi_service s)
{
	return efi->state.code + s * EFI_STUB_SIZE;
}

int efi_interface_write(struct efi *efi, struct machine *m, enum efi_table table, gpa_t gpa)
{
	int ret = 0;

	for (unsigned i = 0; i < EFI_SERVICE_COUNT && ret == 0; i++) {
		uint8_t raw[8];

		if (efi_service_infos[i].table != table)
			continue;
		put_le64(raw, efi_stub(efi, (enum efi_service)i));
		ret = machine_write(m, gpa + efi_service_infos[i].offset, raw, sizeof(raw));
	}
	return ret;
}

gpa_t efi_interface_create(struct efi *efi, struct machine *m, enum efi_table table)
{
	static const uint8_t zero[512];
	gpa_t gpa = efi_pool_put(efi, m, EFI_BOOT_SERVICES_DATA, zero, efi_table_infos[table].size);

	if (gpa && efi_interface_write(efi, m, table, gpa) < 0)
		return 0;
	return gpa;
}

/* --- a call --- */

static uint32_t call_abi(const struct efi_call *c)
{
	const struct efi_state *s = &c->efi->state;
	const struct cpu_state *cpu = &c->cpu;
	uint32_t flags = 0, tables = 0;

	if (!cpu_in_code64(cpu))
		flags |= EFI_CALL_MODE;
	/* The CALL has pushed 8 bytes. */
	if (cpu->gpr[GPR_RSP] % 16 != 8)
		flags |= EFI_CALL_STACK;
	if (cpu->rflags & EFLAGS_DF)
		flags |= EFI_CALL_DF;
	if (cpu->cr0 & (CR0_EM | CR0_TS))
		flags |= EFI_CALL_EM_TS;
	if (cpu->fcw != FCW_EFI)
		flags |= EFI_CALL_FCW;
	if ((cpu->mxcsr & ~MXCSR_STATUS) != MXCSR_EFI)
		flags |= EFI_CALL_MXCSR;
	/* A kernel that calls runtime services has tables of its own by then, and is told to by SetVirtualAddressMap(). */
	if (!s->exited) {
		tables |= cpu->gdtr.base != s->gdt ? EFI_CALL_GDT : 0;
		tables |= cpu->idtr.base != s->idt ? EFI_CALL_IDT : 0;
		tables |= cpu->cr3 != s->cr3 ? EFI_CALL_CR3 : 0;
	}
	if (tables && (cpu->rflags & EFLAGS_IF))
		tables |= EFI_CALL_LIVE;
	return flags | tables;
}

static void call_arguments(struct efi_call *c, unsigned count)
{
	static const enum gpr regs[REGISTER_ARGS] = { GPR_RCX, GPR_RDX, GPR_R8, GPR_R9 };
	gva_t stack = c->cpu.gpr[GPR_RSP] + 8;

	for (unsigned i = 0; i < REGISTER_ARGS; i++)
		c->arg[i] = c->cpu.gpr[regs[i]];
	if (!efi_reachable(c, stack, SHADOW_SIZE, true))
		c->flags |= EFI_CALL_SHADOW;
	for (unsigned i = REGISTER_ARGS; i < count; i++) {
		if (!efi_read_u64(c, stack + SHADOW_SIZE + 8 * (i - REGISTER_ARGS), &c->arg[i]))
			c->flags |= EFI_CALL_SHADOW;
	}
}

/* Boot services and the protocols that are made of them are gone; the firmware's own two rows are no services. */
static bool is_gone(const struct efi *efi, const struct efi_service_info *info)
{
	return efi->state.exited && info->table != EFI_TABLE_RT && info->table != EFI_TABLE_FIRM;
}

static uint64_t call_answer(struct efi_call *c, const struct efi_service_info *info)
{
	c->status = info->status;
	if (is_gone(c->efi, info)) {
		c->flags |= EFI_CALL_EXITED;
		c->status = EVENT_ABSENT;
		return EFI_UNSUPPORTED;
	}
	if (info->table != EFI_TABLE_FIRM)
		efi_event_tick(c->efi, c->m);
	return info->fn ? info->fn(c) : info->answer;
}

static void efi_trap(struct machine *m, gpa_t gpa, void *arg)
{
	struct efi_call c = { .m = m, .efi = arg };
	const struct efi_service_info *info;
	uint64_t status;

	c.service = (enum efi_service)((gpa - c.efi->state.code) / EFI_STUB_SIZE);
	info = &efi_service_infos[c.service];
	machine_cpu_get(m, &c.cpu);
	if (info->table == EFI_TABLE_FIRM) {
		info->fn(&c);
		efi_tick_arm(c.efi, m);
		machine_cpu_set(m, &c.cpu);
		return;
	}
	c.flags = call_abi(&c);
	call_arguments(&c, info->args);
	status = call_answer(&c, info);
	if (!c.again)
		machine_event(m, EVENT_EFI_CALL, c.status, efi_service_code(c.service), status,
			      c.flags);
	if (!c.entered && !is_gone(c.efi, info))
		efi_event_dispatch(&c, status);
	if (!c.entered)
		c.cpu.gpr[GPR_RAX] = status;
	efi_tick_arm(c.efi, m);
	machine_cpu_set(m, &c.cpu);
}

void efi_note_guid(struct efi_call *c, const struct efi_guid *guid)
{
	enum event_status status = EVENT_UNMODELLED;

	for (unsigned i = 0; i < EFI_GUID_COUNT; i++)
		if (efi_guid_equal(&efi_guid_infos[i].guid, guid))
			status = efi_guid_infos[i].status;
	machine_event(c->m, EVENT_EFI_GUID, status, efi_service_code(c->service), get_le64(guid->b),
		      get_le64(guid->b + 8));
}

/* --- calling the guest --- */

efi_status_t efi_enter(struct efi_call *c, enum efi_frame_kind kind, uint64_t value, gva_t fn,
		       const uint64_t args[4], uint64_t status)
{
	struct efi_state *s = &c->efi->state;
	struct efi_frame f = {
		.kind = kind, .value = value, .status = status, .rflags = c->cpu.rflags
	};
	enum efi_service back = kind == EFI_FRAME_IMAGE ? EFI_FIRM_ImageReturned :
							  EFI_FIRM_FunctionReturned;
	/* As after a CALL: shadow space, then the return address, at 8 modulo 16. */
	gva_t rsp = ALIGN_DOWN(c->cpu.gpr[GPR_RSP], 16) - SHADOW_SIZE - 8;

	if (s->frame_count == EFI_FRAMES_MAX || !efi_write_u64(c, rsp, efi_stub(c->efi, back)))
		return EFI_OUT_OF_RESOURCES;
	memcpy(f.gpr, c->cpu.gpr, sizeof(f.gpr));
	s->frames[s->frame_count++] = f;
	c->cpu.gpr[GPR_RSP] = rsp;
	c->cpu.gpr[GPR_RCX] = args[0];
	c->cpu.gpr[GPR_RDX] = args[1];
	c->cpu.gpr[GPR_R8] = args[2];
	c->cpu.gpr[GPR_R9] = args[3];
	c->cpu.rip = fn;
	c->entered = true;
	return EFI_SUCCESS;
}

void efi_leave(struct efi_call *c, uint64_t status)
{
	struct efi_state *s = &c->efi->state;
	const struct efi_frame *f = &s->frames[--s->frame_count];

	memcpy(c->cpu.gpr, f->gpr, sizeof(f->gpr));
	c->cpu.rflags = f->rflags;
	c->cpu.gpr[GPR_RAX] = status;
	/* The RET of any stub will do: the stack is the caller's again. */
	c->cpu.rip = efi_stub(c->efi, c->service) + 1;
	c->entered = true;
}

uint64_t efi_function_returned(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;
	struct efi_frame f;
	uint64_t status;

	if (s->frame_count && s->frames[s->frame_count - 1].kind == EFI_FRAME_UNLOAD) {
		efi_unload_returned(c);
		return 0;
	}
	if (s->frame_count && s->frames[s->frame_count - 1].kind == EFI_FRAME_TICK) {
		efi_tick_returned(c);
		return 0;
	}
	if (s->frame_count == 0 || s->frames[s->frame_count - 1].kind != EFI_FRAME_NOTIFY) {
		machine_stop(
			c->m, STOP_EXIT,
			"the guest returned to the firmware as from a function that was not called");
		return 0;
	}
	f = s->frames[s->frame_count - 1];
	s->tpl = (uint32_t)f.value;
	status = f.status;
	efi_leave(c, status);
	if (f.again)
		c->cpu.rip = efi_stub(c->efi, (enum efi_service)(f.again - 1));
	else
		efi_event_dispatch(c, status);
	return status;
}

/* --- into the machine --- */

int efi_attach_stubs(struct machine *m, struct efi *efi)
{
	uint8_t stub[EFI_STUB_SIZE];
	int ret = 0;

	memset(stub, OP_INT3, sizeof(stub));
	stub[0] = OP_NOP;
	stub[1] = OP_RET;
	for (unsigned i = 0; i < EFI_SERVICE_COUNT && ret == 0; i++) {
		gpa_t gpa = efi_stub(efi, (enum efi_service)i);

		ret = machine_write(m, gpa, stub, sizeof(stub));
		if (ret == 0)
			ret = machine_trap_add(m, gpa, efi_trap, efi);
	}
	return ret;
}
