/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Xen answers to each hypercall: xen/include/public. Structures differ between 32- and 64-bit guests in the width of a long. */
#include <errno.h>

#include "emu/paging.h"
#include "models/xen.h"

#define VERSION      (4u << 16 | 17u)
#define EXTRAVERSION ".7"

/* --- the guest's memory, by linear addresses --- */

static bool guest_copy(struct xen_call *c, gva_t va, void *data, size_t len, bool write)
{
	struct mem_reader mem = machine_reader(c->m);
	uint8_t *p = data;

	while (len > 0) {
		uint64_t in_page = GUEST_PAGE_SIZE - (va & (GUEST_PAGE_SIZE - 1));
		size_t n = len < in_page ? len : (size_t)in_page;
		struct page_walk w;

		if (!page_walk(&c->cpu, &mem, va, &w) || (write && !w.writable))
			return false;
		if (write ? machine_write(c->m, w.gpa, p, n) : machine_read(c->m, w.gpa, p, n))
			return false;
		va += n;
		p += n;
		len -= n;
	}
	return true;
}

static int64_t guest_put(struct xen_call *c, gva_t va, const void *data, size_t len)
{
	return guest_copy(c, va, (void *)data, len, true) ? 0 : -EFAULT;
}

static bool guest_get(struct xen_call *c, gva_t va, void *data, size_t len)
{
	return guest_copy(c, va, data, len, false);
}

/* An array of @size characters in the guest, NUL-padded. */
static int64_t guest_put_text(struct xen_call *c, gva_t va, const char *text, size_t size)
{
	char field[1024] = "";

	memcpy(field, text, strlen(text));
	return guest_put(c, va, field, size);
}

/* --- answers that many rows share --- */

static int64_t call_zero(struct xen_call *c)
{
	return 0;
}

static int64_t call_enosys(struct xen_call *c)
{
	return -ENOSYS;
}

static int64_t call_eperm(struct xen_call *c)
{
	return -EPERM;
}

static int64_t call_enodata(struct xen_call *c)
{
	return -ENODATA;
}

static int64_t call_eopnotsupp(struct xen_call *c)
{
	return -EOPNOTSUPP;
}

static int64_t call_unmodelled(struct xen_call *c)
{
	c->status = EVENT_UNMODELLED;
	return -ENOSYS;
}

/* dom0 may, and what it would get is not modelled. */
static int64_t call_platform(struct xen_call *c)
{
	return c->xen->is_dom0 ? call_unmodelled(c) : -EPERM;
}

/* --- platform_op: struct xen_platform_op, cmd, interface_version, then at 8 what belongs to cmd --- */

#define PLATFORM_OP 7u
#define FW_EFI_INFO 4u

/* This Xen was booted by a BIOS. */
static int64_t call_platform_firmware_info(struct xen_call *c)
{
	uint8_t type[4];

	if (!c->xen->is_dom0)
		return -EPERM;
	if (!guest_get(c, c->arg[0] + 8, type, sizeof(type)))
		return -EFAULT;
	return get_le32(type) == FW_EFI_INFO ? -ENOSYS : call_unmodelled(c);
}

/* Only dom0 gets as far as to hear that there is no such thing. */
static int64_t call_platform_later(struct xen_call *c)
{
	return c->xen->is_dom0 ? -ENOSYS : -EPERM;
}

/* --- xen_version --- */

static int64_t call_version(struct xen_call *c)
{
	return VERSION;
}

static int64_t call_extraversion(struct xen_call *c)
{
	return guest_put_text(c, c->arg[1], EXTRAVERSION, 16);
}

/* compiler[64], by[16], domain[32], date[32]: nobody's. */
static int64_t call_compile_info(struct xen_call *c)
{
	return guest_put_text(c, c->arg[1], "", 64 + 16 + 32 + 32);
}

static int64_t call_capabilities(struct xen_call *c)
{
	return guest_put_text(c, c->arg[1],
			      "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ",
			      1024);
}

static int64_t call_changeset(struct xen_call *c)
{
	return guest_put_text(c, c->arg[1], "unavailable", 64);
}

/* virt_start; an HVM guest has all of its address space. */
static int64_t call_platform_parameters(struct xen_call *c)
{
	return guest_put_text(c, c->arg[1], "", c->is_64 ? 8 : 4);
}

/* xen/include/public/features.h */
#define XENFEAT_WRITABLE_PAGE_TABLES    BIT(0)
#define XENFEAT_AUTO_TRANSLATED_PHYSMAP BIT(2)
#define XENFEAT_HVM_CALLBACK_VECTOR     BIT(8)
#define XENFEAT_HVM_SAFE_PVCLOCK        BIT(9)
#define XENFEAT_DOM0                    BIT(11)
#define XENFEAT_MEMORY_OP_VNODE         BIT(13)
#define XENFEAT_NOT_DIRECT_MAPPED       BIT(16)

static int64_t call_get_features(struct xen_call *c)
{
	uint32_t map = XENFEAT_WRITABLE_PAGE_TABLES | XENFEAT_AUTO_TRANSLATED_PHYSMAP |
		       XENFEAT_HVM_CALLBACK_VECTOR | XENFEAT_HVM_SAFE_PVCLOCK |
		       XENFEAT_MEMORY_OP_VNODE | XENFEAT_NOT_DIRECT_MAPPED;
	uint8_t info[8]; /* submap_idx, submap */

	if (!guest_get(c, c->arg[1], info, sizeof(info)))
		return -EFAULT;
	if (get_le32(info) != 0)
		return -EINVAL;
	put_le32(info + 4, c->xen->is_dom0 ? map | XENFEAT_DOM0 : map);
	return guest_put(c, c->arg[1], info, sizeof(info));
}

static int64_t call_pagesize(struct xen_call *c)
{
	return GUEST_PAGE_SIZE;
}

static int64_t call_guest_handle(struct xen_call *c)
{
	return guest_put_text(c, c->arg[1], "", 16);
}

static int64_t call_commandline(struct xen_call *c)
{
	return c->xen->is_dom0 ? guest_put_text(c, c->arg[1], "", 1024) : -EPERM;
}

/* --- memory_op --- */

static uint64_t ram_last_page(struct xen_call *c)
{
	const struct regions *ram = &machine_platform(c->m)->ram;

	return ram->items[ram->count - 1].last / GUEST_PAGE_SIZE;
}

static int64_t call_maximum_ram_page(struct xen_call *c)
{
	return (int64_t)ram_last_page(c);
}

static int64_t call_reservation(struct xen_call *c)
{
	return (int64_t)(machine_platform(c->m)->memory / GUEST_PAGE_SIZE);
}

#define SPACE_SHARED_INFO 0u
#define SPACE_GRANT_TABLE 1u

#define VCPU_INFO_SIZE 64u
#define VCPU_TIME      32u /* struct vcpu_time_info in struct vcpu_info */

/*
 * Of VCPU 0: no event is pending, all are masked, and the clock is the TSC
 * itself, in which an instruction is a nanosecond: time = TSC << 1, times the
 * fraction 2^31 / 2^32.
 */
static void vcpu_info_fill(uint8_t info[VCPU_INFO_SIZE])
{
	uint8_t *time = info + VCPU_TIME;

	memset(info, 0, VCPU_INFO_SIZE);
	info[1] = 1;       /* evtchn_upcall_mask */
	put_le32(time, 2); /* version: even, so it is not being written */
	put_le32(time + 24, 0x80000000u);
	time[28] = 1;
	time[29] = 1; /* XEN_PVCLOCK_TSC_STABLE_BIT */
}

/* Shared info and grant table appear where the guest wants them; no grant is made. */
static int64_t call_add_to_physmap(struct xen_call *c)
{
	uint8_t page[GUEST_PAGE_SIZE] = { 0 };
	uint8_t op[24] = { 0 }; /* domid, size, space, idx, gpfn */
	uint32_t space;
	uint64_t gpfn;

	if (!guest_get(c, c->arg[1], op, c->is_64 ? 24 : 16))
		return -EFAULT;
	space = get_le32(op + 4);
	gpfn = c->is_64 ? get_le64(op + 16) : get_le32(op + 12);
	if (space != SPACE_SHARED_INFO && space != SPACE_GRANT_TABLE)
		return call_unmodelled(c);
	if (space == SPACE_SHARED_INFO)
		vcpu_info_fill(page);
	if (gpfn > UINT64_MAX / GUEST_PAGE_SIZE ||
	    machine_write(c->m, gpfn * GUEST_PAGE_SIZE, page, sizeof(page)) < 0)
		return call_unmodelled(c);
	if (space == SPACE_SHARED_INFO)
		c->xen->shared_info = gpfn * GUEST_PAGE_SIZE;
	return 0;
}

#define E820_ENTRY_SIZE 20u

/* struct xen_memory_map: in, how many entries there is room for; out, how many there are. */
static int64_t call_memory_map(struct xen_call *c)
{
	const struct platform *platform = machine_platform(c->m);
	uint8_t map[16] = { 0 };
	uint32_t count;
	gva_t buffer;

	if (!guest_get(c, c->arg[1], map, c->is_64 ? 16 : 8))
		return -EFAULT;
	buffer = c->is_64 ? get_le64(map + 8) : get_le32(map + 4);
	count = get_le32(map) < platform->e820_count ? get_le32(map) : platform->e820_count;
	for (uint32_t i = 0; i < count; i++) {
		const struct e820_entry *e = &platform->e820[i];
		uint8_t entry[E820_ENTRY_SIZE];

		put_le64(entry, e->addr);
		put_le64(entry + 8, e->size);
		put_le32(entry + 16, e->type);
		if (guest_put(c, buffer + (uint64_t)i * E820_ENTRY_SIZE, entry, sizeof(entry)) < 0)
			return -EFAULT;
	}
	put_le32(map, count);
	return guest_put(c, c->arg[1], map, 4);
}

static int64_t call_machine_memory_map(struct xen_call *c)
{
	return c->xen->is_dom0 ? call_memory_map(c) : -EPERM;
}

/* --- console_io, sched_op --- */

/*
 * A domU's text reaches Xen's log only in builds with CONFIG_VERBOSE_DEBUG,
 * which this one is, so that the text is not lost.
 */
static int64_t call_console_write(struct xen_call *c)
{
	uint64_t left = (uint32_t)c->arg[1];
	gva_t va = c->arg[2];
	char text[256];

	while (left > 0) {
		size_t n = left < sizeof(text) ? (size_t)left : sizeof(text);

		if (!guest_get(c, va, text, n))
			return -EFAULT;
		machine_console_put(c->m, text, n);
		va += n;
		left -= n;
	}
	return 0;
}

static int64_t call_shutdown(struct xen_call *c)
{
	static const char *const reasons[] = { "poweroff", "reboot",   "suspend",
					       "crash",    "watchdog", "soft reset" };
	uint8_t reason[4];
	uint32_t r;

	if (!guest_get(c, c->arg[1], reason, sizeof(reason)))
		return -EFAULT;
	r = get_le32(reason);
	machine_stop(c->m, STOP_EXIT, "the guest asked Xen for %s (SCHEDOP_shutdown %u)",
		     r < ARRAY_SIZE(reasons) ? reasons[r] : "shutdown", r);
	return 0;
}

/* --- vcpu_op: there is VCPU 0 and no other --- */

static int64_t call_vcpu_known(struct xen_call *c)
{
	return c->arg[1] == 0 ? 0 : -ENOENT;
}

static int64_t call_vcpu_is_up(struct xen_call *c)
{
	return c->arg[1] == 0 ? 1 : -ENOENT;
}

/* struct vcpu_register_vcpu_info: mfn, offset, rsvd. From now on VCPU 0's lies there. */
static int64_t call_vcpu_register_info(struct xen_call *c)
{
	uint8_t op[16], info[VCPU_INFO_SIZE];
	uint64_t mfn;

	if (c->arg[1] != 0)
		return -ENOENT;
	if (!guest_get(c, c->arg[2], op, sizeof(op)))
		return -EFAULT;
	mfn = get_le64(op);
	if (get_le32(op + 8) > GUEST_PAGE_SIZE - VCPU_INFO_SIZE ||
	    mfn > UINT64_MAX / GUEST_PAGE_SIZE)
		return -EINVAL;
	vcpu_info_fill(info);
	return machine_write(c->m, mfn * GUEST_PAGE_SIZE + get_le32(op + 8), info, sizeof(info)) ?
		       -EINVAL :
		       0;
}

/* --- event_channel_op --- */

/* Port 0 is never given out. */
static int64_t port_alloc(struct xen_call *c, enum xen_port kind)
{
	for (unsigned i = 1; i < XEN_PORTS; i++)
		if (c->xen->ports[i] == XEN_PORT_FREE) {
			c->xen->ports[i] = (uint8_t)kind;
			return i;
		}
	return -ENOSPC;
}

/* A new port, written to @at of the guest's structure. */
static int64_t port_give(struct xen_call *c, enum xen_port kind, uint64_t at)
{
	int64_t port = port_alloc(c, kind);
	uint8_t raw[4];

	if (port < 0)
		return port;
	put_le32(raw, (uint32_t)port);
	return guest_put(c, c->arg[1] + at, raw, sizeof(raw));
}

/* dom, remote_dom, port */
static int64_t call_alloc_unbound(struct xen_call *c)
{
	return port_give(c, XEN_PORT_UNBOUND, 4);
}

/* virq, vcpu, port */
static int64_t call_bind_virq(struct xen_call *c)
{
	return port_give(c, XEN_PORT_VIRQ, 8);
}

/* vcpu, port */
static int64_t call_bind_ipi(struct xen_call *c)
{
	return port_give(c, XEN_PORT_IPI, 4);
}

static int64_t port_of(struct xen_call *c, uint32_t *ret_port)
{
	uint8_t raw[4];

	if (!guest_get(c, c->arg[1], raw, sizeof(raw)))
		return -EFAULT;
	*ret_port = get_le32(raw);
	return *ret_port < XEN_PORTS && c->xen->ports[*ret_port] != XEN_PORT_FREE ? 0 : -EINVAL;
}

static int64_t call_port_known(struct xen_call *c)
{
	uint32_t port;

	return port_of(c, &port);
}

static int64_t call_close_port(struct xen_call *c)
{
	uint32_t port;
	int64_t ret = port_of(c, &port);

	if (ret == 0)
		c->xen->ports[port] = XEN_PORT_FREE;
	return ret;
}

/* --- grant_table_op --- */

#define GRANT_FRAMES     1u
#define GRANT_FRAMES_MAX 64u /* Xen's default gnttab_max_frames */

/* dom; nr_frames, max_nr_frames, status */
static int64_t call_grant_query_size(struct xen_call *c)
{
	uint8_t op[16];

	if (!guest_get(c, c->arg[1], op, sizeof(op)))
		return -EFAULT;
	put_le32(op + 4, GRANT_FRAMES);
	put_le32(op + 8, GRANT_FRAMES_MAX);
	put_le16(op + 12, 0);
	return guest_put(c, c->arg[1], op, sizeof(op));
}

/* Version 1 is what there is: get says so (dom, pad, version), and set refuses others. */
static int64_t call_grant_version(struct xen_call *c)
{
	uint8_t op[8];
	bool set = c->arg[0] == 8;

	if (!guest_get(c, c->arg[1], op, set ? 4 : 8))
		return -EFAULT;
	if (set)
		return get_le32(op) == 1 ? 0 : -EINVAL;
	put_le32(op + 4, 1);
	return guest_put(c, c->arg[1], op, sizeof(op));
}

/* --- hvm_op --- */

/* struct xen_hvm_param: domid, pad, index, value */
static int64_t param_get_op(struct xen_call *c, uint8_t op[16], uint32_t *ret_index)
{
	if (!guest_get(c, c->arg[1], op, 16))
		return -EFAULT;
	*ret_index = get_le32(op + 4);
	return *ret_index < XEN_PARAMS ? 0 : -EINVAL;
}

static int64_t call_set_param(struct xen_call *c)
{
	uint8_t op[16];
	uint32_t index;
	int64_t ret = param_get_op(c, op, &index);

	if (ret == 0)
		c->xen->params[index] = get_le64(op + 8);
	return ret;
}

static int64_t call_get_param(struct xen_call *c)
{
	uint8_t op[16];
	uint32_t index;
	int64_t ret = param_get_op(c, op, &index);

	if (ret < 0)
		return ret;
	put_le64(op + 8, c->xen->params[index]);
	return guest_put(c, c->arg[1], op, sizeof(op));
}

const struct xen_call_row xen_call_rows[] = {
#define XEN_CALL(number, name, op_number, op, answer) \
	{ #name, op, number, op_number, call_##answer },
#include "models/xen_calls.def"
#undef XEN_CALL
};

const size_t xen_call_row_count = ARRAY_SIZE(xen_call_rows);

uint32_t xen_call_op(struct xen_call *c, uint32_t number)
{
	uint8_t cmd[4];

	if (number != PLATFORM_OP)
		return (uint32_t)c->arg[0];
	return guest_get(c, c->arg[0], cmd, sizeof(cmd)) ? get_le32(cmd) : UINT32_MAX;
}

const struct xen_call_row *xen_call_find(uint32_t number, uint32_t op)
{
	for (size_t i = 0; i < xen_call_row_count; i++) {
		const struct xen_call_row *r = &xen_call_rows[i];

		if (r->number == number && (r->op_number == XEN_ANY || r->op_number == op))
			return r;
	}
	return NULL;
}
