/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time, random numbers, CPUID, MSRs, XCR0 and hypercalls: answered by the machine, never by the host. */
#include <criterion/criterion.h>

#include "tests/guest/guest.h"

static void start_on(struct guest *g, enum cpu_profile cpu, uint64_t seed, const char *label)
{
	guest_open_on(g, "sensitive", cpu, seed);
	guest_start(g, GUEST_LONG, label);
}

static void go(struct guest *g, enum cpu_profile cpu, const char *label)
{
	start_on(g, cpu, 0, label);
	guest_run(g);
}

Test(tsc, counts_retired_instructions)
{
	struct guest g;

	go(&g, CPU_GENERIC, "tsc");
	expect_halted(&g, "tsc_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 3);
	guest_close(&g);
}

Test(tsc, begins_at_what_the_seed_says)
{
	uint64_t first[3];
	struct guest g;

	for (unsigned i = 0; i < 3; i++) {
		start_on(&g, CPU_GENERIC, i == 2 ? 5 : 4, "tsc");
		guest_run(&g);
		first[i] = g.cpu.gpr[GPR_RBX];
		guest_close(&g);
	}
	cr_expect(first[0] == first[1]);
	cr_expect(first[0] != first[2]);
}

Test(tsc, goes_on_from_what_is_written)
{
	struct guest g;

	go(&g, CPU_GENERIC, "tsc_write");
	expect_halted(&g, "tsc_write_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 0x12340000 + 2);
	expect_u64(g.cpu.gpr[GPR_RDX], 0);
	guest_close(&g);
}

Test(tsc, rdtscp_is_ud_where_cpuid_has_no_such_bit)
{
	struct guest g;

	go(&g, CPU_GENERIC, "rdtscp");
	expect_caught(&g, VECTOR_UD);
	expect_u64(guest_u64(&g, STACK - 40), guest_at(&g, "rdtscp_at"));
	expect_u64(g.stop.instructions, 5 + 1);
	guest_close(&g);
}

Test(tsc, rdtscp_gives_tsc_aux)
{
	struct guest g;

	go(&g, CPU_MAX, "rdtscp");
	expect_halted(&g, "rdtscp_done");
	expect_u64(g.cpu.gpr[GPR_RCX], 0x77);
	guest_close(&g);
}

Test(random, numbers_come_from_the_seed_and_set_cf)
{
	uint64_t drawn[3];
	struct guest g;

	for (unsigned i = 0; i < 3; i++) {
		start_on(&g, CPU_MAX, i == 2 ? 2 : 1, "random");
		guest_run(&g);
		expect_halted(&g, "random_done");
		drawn[i] = g.cpu.gpr[GPR_RAX];
		expect_u64(g.cpu.gpr[GPR_RCX] & 0xff, 1);
		expect_u64(g.cpu.gpr[GPR_RBX] >> 32, 0);
		cr_expect(g.cpu.gpr[GPR_RBX] != (uint32_t)drawn[i]);
		guest_close(&g);
	}
	cr_expect(drawn[0] == drawn[1]);
	cr_expect(drawn[0] != drawn[2]);
}

Test(random, rdrand_is_ud_on_the_generic_profile)
{
	struct guest g;

	go(&g, CPU_GENERIC, "random");
	expect_caught(&g, VECTOR_UD);
	expect_u64(guest_u64(&g, STACK - 40), guest_at(&g, "random"));
	guest_close(&g);
}

/* CPUID.7:EBX[18] is clear in every profile. */
Test(random, rdseed_is_ud_where_cpuid_has_no_such_bit)
{
	struct guest g;

	go(&g, CPU_MAX, "rdseed");
	expect_caught(&g, VECTOR_UD);
	guest_close(&g);
}

Test(xcr0, is_kept_and_begins_at_x87)
{
	struct guest g;

	go(&g, CPU_MAX, "xcr0");
	expect_halted(&g, "xcr0_done");
	expect_u64(g.cpu.gpr[GPR_RBX], 1);
	expect_u64(g.cpu.gpr[GPR_RAX], 3);
	guest_close(&g);
}

Test(xcr0, xgetbv_is_ud_without_osxsave)
{
	struct guest g;

	go(&g, CPU_MAX, "xgetbv_off");
	expect_caught(&g, VECTOR_UD);
	expect_u64(guest_u64(&g, STACK - 40), guest_at(&g, "xgetbv_off_at"));
	guest_close(&g);
}

/* --- CPUID --- */

static void cpuid(enum cpu_profile profile, uint32_t leaf, uint32_t subleaf, uint64_t ret[4])
{
	struct guest g;

	start_on(&g, profile, 0, "cpuid");
	g.cpu.gpr[GPR_RAX] = leaf;
	g.cpu.gpr[GPR_RCX] = subleaf;
	guest_set(&g);
	guest_run(&g);
	expect_halted(&g, "cpuid_done");
	ret[0] = g.cpu.gpr[GPR_RAX];
	ret[1] = g.cpu.gpr[GPR_RBX];
	ret[2] = g.cpu.gpr[GPR_RCX];
	ret[3] = g.cpu.gpr[GPR_RDX];
	guest_close(&g);
}

/* x86-64 psABI "Micro-Architecture Levels": v2 has SSE3, SSSE3, CX16, SSE4.1, SSE4.2, POPCNT in leaf 1 ECX; v3's AVX (28) is not there. */
Test(cpuid, generic_is_x86_64_v2)
{
	const uint32_t v2 = BIT(0) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(23);
	uint64_t r[4];

	cpuid(CPU_GENERIC, 1, 0, r);
	expect_u64(r[2] & v2, v2);
	expect_u64(r[2] & (BIT(28) | BIT(30)), 0); /* AVX, RDRAND */
	expect_u64(r[2] & BIT64(31), BIT64(31));   /* a hypervisor */
	cpuid(CPU_GENERIC, 0x80000001, 0, r);
	expect_u64(r[3] & (BIT(11) | BIT(20) | BIT(29)),
		   BIT(11) | BIT(20) | BIT(29)); /* SYSCALL, NX, LM */
}

Test(cpuid, profiles_name_their_vendor)
{
	uint64_t r[4];

	cpuid(CPU_GENERIC, 0, 0, r);
	expect_u64(r[1], 0x756e6547); /* Genu */
	cpuid(CPU_QEMU64, 0, 0, r);
	expect_u64(r[1], 0x68747541); /* Auth */
}

Test(cpuid, a_leaf_without_a_row_is_zeros)
{
	uint64_t r[4];

	cpuid(CPU_GENERIC, 0x12345, 0, r);
	expect_u64(r[0] | r[1] | r[2] | r[3], 0);
}

Test(cpuid, subleaf_of_leaf_13_counts)
{
	uint64_t r[4];

	cpuid(CPU_MAX, 0xd, 1, r);
	expect_u64(r[0], 1); /* XSAVEOPT */
	cpuid(CPU_MAX, 0xd, 0, r);
	expect_u64(r[0], 3); /* x87, SSE */
}

Test(cpuid, osxsave_mirrors_cr4)
{
	uint64_t r[4];
	struct guest g;

	cpuid(CPU_MAX, 1, 0, r);
	expect_u64(r[2] & BIT(27), 0);
	go(&g, CPU_MAX, "osxsave");
	expect_halted(&g, "osxsave_done");
	expect_u64(g.cpu.gpr[GPR_RCX] & BIT(27), BIT(27));
	guest_close(&g);
}

static bool hypervisor_leaf(struct machine *m, uint32_t leaf, uint32_t subleaf,
			    uint32_t ret_regs[4], void *arg)
{
	(void)m;
	(void)subleaf;
	if (leaf != 0x40000000)
		return false;
	memcpy(ret_regs, arg, 16);
	return true;
}

Test(cpuid, the_hypervisor_is_asked_first)
{
	static uint32_t answer[4] = { 1, 2, 3, 4 };
	struct guest g;

	start_on(&g, CPU_MAX, 0, "cpuid");
	machine_on_cpuid(g.m, hypervisor_leaf, answer);
	g.cpu.gpr[GPR_RAX] = 0x40000000;
	guest_set(&g);
	guest_run(&g);
	expect_u64(g.cpu.gpr[GPR_RAX], 1);
	expect_u64(g.cpu.gpr[GPR_RDX], 4);
	guest_close(&g);
}

/* --- MSRs --- */

static void start_msr(struct guest *g, const char *label, uint32_t msr, uint64_t v)
{
	start_on(g, CPU_GENERIC, 0, label);
	g->cpu.gpr[GPR_RCX] = msr;
	g->cpu.gpr[GPR_RAX] = (uint32_t)v;
	g->cpu.gpr[GPR_RDX] = v >> 32;
	guest_set(g);
	guest_run(g);
}

static void expect_msr_fault(const char *label, const char *at, uint32_t msr, uint64_t v)
{
	struct guest g;

	start_msr(&g, label, msr, v);
	expect_caught(&g, VECTOR_GP);
	expect_u64(guest_u64(&g, STACK - 48), 0);
	expect_u64(guest_u64(&g, STACK - 40), guest_at(&g, at));
	expect_u64(g.stop.instructions, 2);
	guest_close(&g);
}

Test(msr, reading_what_does_not_exist_is_gp_and_unmodelled)
{
	struct guest g;

	expect_msr_fault("rdmsr", "rdmsr_at", 0x12345678, 0);
	start_msr(&g, "rdmsr", 0x12345678, 0);
	cr_assert(machine_unmodelled(g.m));
	expect_u64(machine_unmodelled(g.m)->arg[0], 0x12345678);
	expect_u64(machine_unmodelled(g.m)->count, 1);
	guest_close(&g);
}

Test(msr, writing_what_does_not_exist_is_gp)
{
	expect_msr_fault("wrmsr", "wrmsr_at", 0x12345678, 0);
}

Test(msr, one_known_to_be_absent_is_gp_but_not_unmodelled)
{
	struct guest g;

	start_msr(&g, "rdmsr", 0xc0010131, 0); /* SEV_STATUS */
	expect_caught(&g, VECTOR_GP);
	cr_expect(!machine_unmodelled(g.m));
	guest_close(&g);
}

Test(msr, a_read_only_one_refuses_writes)
{
	expect_msr_fault("wrmsr", "wrmsr_at", 0xfe, 0x508); /* MTRRCAP */
}

Test(msr, what_is_written_is_read_back)
{
	struct guest g;

	start_msr(&g, "write_and_read", 0xc0000082, 0xffffffff81234567); /* LSTAR */
	expect_halted(&g, "write_and_read_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 0x81234567);
	expect_u64(g.cpu.gpr[GPR_RDX], 0xffffffff);
	guest_close(&g);
}

/* SDM 3A 11.12.4: memory types 2 and 3 do not exist. */
Test(msr, pat_refuses_reserved_bits)
{
	expect_msr_fault("wrmsr", "wrmsr_at", 0x277, 0x0007040600070408);
}

Test(msr, fs_base_moves_the_segment)
{
	struct guest g;

	go(&g, CPU_GENERIC, "fs_base");
	expect_halted(&g, "fs_base_done");
	expect_u64(guest_u32(&g, SCRATCH + 8), 0xf5f5f5f5);
	expect_u64(g.cpu.seg[SEG_FS].base, SCRATCH);
	guest_close(&g);
}

Test(msr, a_base_that_is_not_canonical_is_gp)
{
	expect_msr_fault("wrmsr", "wrmsr_at", 0xc0000100, 0x0000800000000000);
}

Test(msr, efer_lme_cannot_change_while_paging_is_on)
{
	expect_msr_fault("wrmsr", "wrmsr_at", 0xc0000080, 0);
}

Test(msr, efer_refuses_reserved_bits)
{
	expect_msr_fault("wrmsr", "wrmsr_at", 0xc0000080, EFER_LME | BIT64(1));
}

Test(msr, efer_lma_is_the_cpus)
{
	struct guest g;

	start_msr(&g, "write_and_read", 0xc0000080, EFER_LME | EFER_NXE); /* LMA clear */
	expect_halted(&g, "write_and_read_done");
	expect_u64(g.cpu.gpr[GPR_RAX], EFER_LME | EFER_NXE | EFER_LMA);
	guest_close(&g);
}

static void expect_unmodelled(const char *label, const char *at)
{
	struct guest g;

	go(&g, CPU_GENERIC, label);
	expect_stop(&g, STOP_UNMODELLED);
	expect_u64(g.stop.pc, guest_at(&g, at));
	expect_u64(g.stop.instructions, 1);
	guest_close(&g);
}

/* The engine would run on behind them. */
Test(unmodelled, syscall_and_sysenter_end_the_run)
{
	expect_unmodelled("syscall", "syscall_at");
	expect_unmodelled("sysenter", "sysenter_at");
}

static void expect_user_fault(const char *label)
{
	struct guest g;

	start_on(&g, CPU_GENERIC, 0, label);
	guest_start(&g, GUEST_LONG_USER, label);
	guest_run(&g);
	expect_caught(&g, VECTOR_GP);
	guest_close(&g);
}

Test(msr, user_code_may_neither_read_nor_write)
{
	expect_user_fault("rdmsr");
	expect_user_fault("wrmsr");
}

/* --- hypercalls --- */

Test(hypercall, without_a_hypervisor_is_ud)
{
	struct guest g;

	go(&g, CPU_GENERIC, "hypercall");
	expect_caught(&g, VECTOR_UD);
	expect_u64(guest_u64(&g, STACK - 40), guest_at(&g, "hypercall_at"));
	guest_close(&g);
}

static void answer_hypercall(struct machine *m, void *arg)
{
	struct cpu_state cpu;

	machine_cpu_get(m, &cpu);
	*(uint64_t *)arg = machine_instructions(m);
	cpu.gpr[GPR_RAX] = 0x1234;
	machine_cpu_set(m, &cpu);
}

Test(hypercall, the_handlers_answer_is_in_rax_and_the_count_goes_on)
{
	uint64_t at = 0;
	struct guest g;

	start_on(&g, CPU_GENERIC, 0, "hypercall");
	machine_on_hypercall(g.m, answer_hypercall, &at);
	guest_run(&g);
	expect_halted(&g, "hypercall_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 0x1234);
	expect_u64(at, 1);
	expect_u64(g.stop.instructions, 4);
	guest_close(&g);
	start_on(&g, CPU_GENERIC, 0, "hypercall_amd");
	machine_on_hypercall(g.m, answer_hypercall, &at);
	guest_run(&g);
	expect_halted(&g, "hypercall_amd_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 0x1234);
	guest_close(&g);
}

static void raise_gp(struct machine *m, void *arg)
{
	(void)arg;
	machine_raise(m, VECTOR_GP, 0x50);
}

Test(hypercall, a_handler_can_raise_an_exception)
{
	struct guest g;

	start_on(&g, CPU_GENERIC, 0, "hypercall");
	machine_on_hypercall(g.m, raise_gp, NULL);
	guest_run(&g);
	expect_caught(&g, VECTOR_GP);
	expect_u64(guest_u64(&g, STACK - 48), 0x50);
	expect_u64(guest_u64(&g, STACK - 40), guest_at(&g, "hypercall_at"));
	guest_close(&g);
}

static void stop_it(struct machine *m, void *arg)
{
	(void)arg;
	machine_stop(m, STOP_EXIT, "enough");
}

Test(hypercall, a_handler_can_end_the_run)
{
	struct guest g;

	start_on(&g, CPU_GENERIC, 0, "hypercall");
	machine_on_hypercall(g.m, stop_it, NULL);
	guest_run(&g);
	expect_stop(&g, STOP_EXIT);
	cr_expect(!strcmp(g.stop.text, "enough"));
	guest_close(&g);
}

/* CPUID promises these (emu/cpuid.def), so they must run; where it does not, they are #UD or what they were before. */
Test(cpuid, generic_runs_the_instructions_of_level_2)
{
	/* CRC-32C of f0 f0 00 00 from 0, without the final inversion: RFC 3720 B.4's polynomial, bit by bit. */
	uint32_t crc = 0x0000f0f0;
	struct guest g;

	guest_go(&g, "sensitive", GUEST_LONG, "v2");
	expect_halted(&g, "v2_done");
	expect_u64(g.cpu.gpr[GPR_RBX], 8);
	for (unsigned i = 0; i < 32; i++)
		crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	expect_u64(g.cpu.gpr[GPR_RDX], crc);
	guest_close(&g);
}

Test(cpuid, qemu64_has_no_popcnt)
{
	struct guest g;

	guest_open_on(&g, "sensitive", CPU_QEMU64, 0);
	guest_start(&g, GUEST_LONG, "v2");
	guest_run(&g);
	expect_caught(&g, VECTOR_UD);
	expect_u64(guest_u64(&g, g.cpu.gpr[GPR_RSP]), guest_at(&g, "v2_popcnt"));
	guest_close(&g);
}

Test(cpuid, max_runs_what_it_tells_of)
{
	struct guest g;

	guest_open_on(&g, "sensitive", CPU_MAX, 0);
	guest_start(&g, GUEST_LONG, "newest");
	guest_run(&g);
	expect_halted(&g, "newest_done");
	expect_u64(g.cpu.gpr[GPR_RBX], 0x78563412);
	expect_u64(g.cpu.gpr[GPR_RDX], 31);
	guest_close(&g);
}

Test(cpuid, movbe_is_ud_on_generic)
{
	struct guest g;

	guest_go(&g, "sensitive", GUEST_LONG, "newest");
	expect_caught(&g, VECTOR_UD);
	expect_u64(guest_u64(&g, g.cpu.gpr[GPR_RSP]), guest_at(&g, "newest_movbe"));
	guest_close(&g);
}
