/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xen as a guest's CPU shows it: CPUID leaves and MSR (xen/include/public/arch-x86/cpuid.h), hypercall page and calling convention (xen.h). */
#include "models/xen.h"

#include <errno.h>

#include "models/sod.h"

#define LEAF_BASE 0x40000000u
#define LEAF_LAST 0x40000005u
#define XEN_4_17  (4u << 16 | 17u)

#define MSR_HYPERCALL_PAGE 0x40000000u
#define PAGE_COUNT         1u

/* Leaf 2, ECX. */
#define FEAT_MMU_PT_UPDATE_PRESERVE_AD BIT(0)

/* Leaf 4, EAX. */
#define HVM_VCPU_ID_PRESENT BIT(3)
#define HVM_DOMID_PRESENT   BIT(4)

#define DOMU_ID       1u
#define TSC_KHZ       1000000u /* an instruction a nanosecond */
#define PHYSICAL_BITS 40u

/* "XenVMMXenVMM" */
static const uint32_t signature[3] = { 0x566e6558, 0x65584d4d, 0x4d4d566e };

static bool xen_cpuid(struct machine *m, uint32_t leaf, uint32_t subleaf, uint32_t ret[4],
		      void *arg)
{
	const struct xen_state *xen = arg;

	if (leaf < LEAF_BASE || leaf > LEAF_BASE + 0xff)
		return false;
	memset(ret, 0, 4 * sizeof(*ret));
	switch (leaf) {
	case LEAF_BASE:
		ret[0] = LEAF_LAST;
		memcpy(ret + 1, signature, sizeof(signature));
		break;
	case LEAF_BASE + 1: ret[0] = XEN_4_17; break;
	case LEAF_BASE + 2:
		ret[0] = PAGE_COUNT;
		ret[1] = MSR_HYPERCALL_PAGE;
		ret[2] = FEAT_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case LEAF_BASE + 3:
		/* Sub-leaf 0: TSC mode 0 (default), not emulated; sub-leaf 2: the host's frequency. */
		if (subleaf == 0)
			ret[2] = TSC_KHZ;
		if (subleaf == 2)
			ret[0] = TSC_KHZ;
		break;
	case LEAF_BASE + 4:
		ret[0] = HVM_VCPU_ID_PRESENT | HVM_DOMID_PRESENT;
		ret[2] = xen->is_dom0 ? 0 : DOMU_ID;
		break;
	case LEAF_BASE + 5: ret[0] = PHYSICAL_BITS; break;
	default: break;
	}
	return true;
}

#define CALL_STUB_SIZE 32u
#define CALL_IRET      23u

/* GenuineIntel in leaf 0: VMCALL; all others have VMMCALL. */
static bool is_intel(struct machine *m)
{
	return machine_platform(m)->cpu == CPU_GENERIC;
}

/* Stub i loads i into EAX, calls, and returns; the one of iret, which HVM guests do not have, traps. */
static void hypercall_page_fill(struct machine *m, uint8_t page[GUEST_PAGE_SIZE])
{
	uint8_t last = is_intel(m) ? 0xc1 : 0xd9;

	memset(page, 0xcc, GUEST_PAGE_SIZE);
	for (uint32_t i = 0; i < GUEST_PAGE_SIZE / CALL_STUB_SIZE; i++) {
		uint8_t *stub = page + i * CALL_STUB_SIZE;

		if (i == CALL_IRET) {
			stub[0] = 0x0f; /* UD2 */
			stub[1] = 0x0b;
			continue;
		}
		stub[0] = 0xb8; /* MOV EAX, imm32 */
		put_le32(stub + 1, i);
		stub[5] = 0x0f; /* VMCALL, VMMCALL */
		stub[6] = 0x01;
		stub[7] = last;
		stub[8] = 0xc3; /* RET */
	}
}

/* The low 12 bits choose the page, of which there is one; the rest is where to put it. It reads as 0. */
static bool xen_msr(struct machine *m, uint32_t msr, bool write, uint64_t *value, void *arg)
{
	uint8_t page[GUEST_PAGE_SIZE];

	if (msr != MSR_HYPERCALL_PAGE)
		return false;
	if (!write) {
		*value = 0;
		return true;
	}
	if ((*value & ~GUEST_PAGE_MASK) >= PAGE_COUNT)
		return false;
	hypercall_page_fill(m, page);
	return machine_write(m, *value & GUEST_PAGE_MASK, page, sizeof(page)) == 0;
}

/* xen/include/public/arch-x86/xen-x86_64.h and xen-x86_32.h: number in RAX, then these. */
static void arguments_read(struct xen_call *c)
{
	static const enum gpr regs64[] = { GPR_RDI, GPR_RSI, GPR_RDX, GPR_R10, GPR_R8 };
	static const enum gpr regs32[] = { GPR_RBX, GPR_RCX, GPR_RDX, GPR_RSI, GPR_RDI };

	for (size_t i = 0; i < ARRAY_SIZE(c->arg); i++)
		c->arg[i] = c->is_64 ? c->cpu.gpr[regs64[i]] : (uint32_t)c->cpu.gpr[regs32[i]];
}

static void xen_hypercall(struct machine *m, void *arg)
{
	struct xen_call c = { .m = m, .xen = arg, .status = EVENT_MODELLED };
	const struct xen_call_row *row;
	uint32_t number;
	int64_t ret = -ENOSYS;

	machine_cpu_get(m, &c.cpu);
	c.is_64 = cpu_in_code64(&c.cpu);
	number = (uint32_t)c.cpu.gpr[GPR_RAX];
	arguments_read(&c);
	row = xen_call_find(number, xen_call_op(&c, number));
	if (cpu_cpl(&c.cpu) != 0)
		ret = -EPERM;
	else if (row)
		ret = row->fn(&c);
	else
		c.status = EVENT_UNMODELLED;
	machine_event(m, EVENT_HYPERCALL, c.status, number, c.arg[0], cpu_pc(&c.cpu));
	c.cpu.gpr[GPR_RAX] = c.is_64 ? (uint64_t)ret : (uint32_t)ret;
	machine_cpu_set(m, &c.cpu);
}

int xen_attach(struct machine *m, const struct start_of_day *sod, struct diag *diag)
{
	struct xen_state *xen = sod->service;
	struct part part = { .name = "xen", .version = 1, .size = sizeof(*xen), .state = xen };
	int ret = machine_part_add(m, &part);

	if (ret < 0)
		return diag_set(diag, ret, "the machine has no room for Xen's state");
	machine_on_cpuid(m, xen_cpuid, xen);
	machine_on_msr(m, xen_msr, xen);
	machine_on_hypercall(m, xen_hypercall, xen);
	return 0;
}
