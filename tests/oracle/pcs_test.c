/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every instruction that runs beside every instruction that QEMU 7.2 runs: the same kernel, memory and CPU, no KASLR,
 * both address by address from one point of the boot to the kernel proper's first instruction.
 *
 * QEMU's plugin tells an instruction when it begins, a trace when it retires. So QEMU tells two things more: the pass
 * of a REP instruction that only finds its counter at 0, and the first attempt of an instruction that faults. Both are
 * told apart by the trace's own record (the instruction's bytes, the exception's address), counted, and nothing else
 * may differ.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "emu/decode.h"
#include "emu/trace.h"
#include "tests/oracle/qemu.h"
#include "tools/report.h"

#define STARTUP_32   0x100000u  /* code32_start: where QEMU loads the protected-mode part */
#define KERNEL_ENTRY 0x1000000u /* of the kernel proper without KASLR: where it was linked to lie */
#define READ_MAX     65536u

/* QEMU's side. */
struct theirs {
	int fd;
	uint64_t pcs[READ_MAX];
	size_t count, next;
	uint64_t all;
};

/* Our side: the trace read instruction by instruction. */
struct ours {
	struct buf file;
	struct trace *t;
	struct trace_cursor *c;
	const struct trace_block *block;
	/* of each block, found out when it first comes: where its instructions begin, and whether the last has REP */
	uint32_t **offsets;
	bool *ends_in_rep;
	size_t block_count;
	uint32_t index;
	unsigned at, insns;
	uint64_t count;
	bool faulted; /* an exception came since the last instruction, of the one at fault_pc */
	gva_t fault_pc;
	bool rep; /* the last instruction was a string instruction with REP */
};

static bool theirs_next(struct theirs *q, uint64_t *ret)
{
	if (q->next == q->count) {
		size_t have = 0;

		while (have < sizeof(q->pcs)) {
			ssize_t n = read(q->fd, (char *)q->pcs + have, sizeof(q->pcs) - have);

			if (n <= 0)
				break;
			have += (size_t)n;
		}
		q->count = have / sizeof(q->pcs[0]);
		q->next = 0;
		if (!q->count)
			return false;
	}
	*ret = q->pcs[q->next++];
	q->all++;
	return true;
}

static void learn(struct ours *o)
{
	const struct trace_block *b = o->block;
	uint32_t *offsets;
	struct insn in;
	unsigned n;

	if (o->offsets[o->index])
		return;
	offsets = calloc(b->insns + 2, sizeof(*offsets));
	cr_assert(offsets != NULL);
	n = trace_block_offsets(b, offsets, b->insns + 2);
	cr_assert(eq(u32, n, b->insns), "block at 0x%llx", (unsigned long long)b->pc);
	o->offsets[o->index] = offsets;
	o->ends_in_rep[o->index] =
		insn_decode(b->code + offsets[n - 1], b->size - offsets[n - 1], b->bits, &in) &&
		in.rep;
}

/* The next instruction's address; false at the end. */
static bool ours_next(struct ours *o, uint64_t *ret)
{
	struct trace_item item;
	struct diag diag = { 0 };

	while (o->at == o->insns) {
		int r = trace_cursor_next(o->c, &item, &diag);

		cr_assert(r >= 0, "%s", diag.text);
		if (!r)
			return false;
		if (item.kind == TRACE_EVENT && item.event.kind == EVENT_EXCEPTION) {
			o->faulted = true;
			o->fault_pc = item.event.arg[2];
		}
		if (item.kind != TRACE_BLOCK)
			continue;
		o->block = &trace_blocks(o->t, &o->block_count)[item.block];
		o->index = item.block;
		o->at = 0;
		o->insns = item.insns;
		o->count = item.count;
		learn(o);
	}
	*ret = o->block->pc + o->offsets[o->index][o->at++];
	o->rep = o->at == o->block->insns && o->ends_in_rep[o->index];
	return true;
}

struct tally {
	uint64_t same, rep_passes, faults;
};

static void differ(const struct ours *o, const struct theirs *q, uint64_t ours, uint64_t theirs)
{
	cr_fatal("instruction %llu (of QEMU's %llu): 0x%llx here, 0x%llx there",
		 (unsigned long long)(o->count + o->at - 1), (unsigned long long)q->all,
		 (unsigned long long)ours, (unsigned long long)theirs);
}

static void compare(struct ours *o, struct theirs *q, struct tally *ret)
{
	uint64_t pc, qpc, last = 0;
	bool last_rep = false;

	while (ours_next(o, &pc)) {
		cr_assert(theirs_next(q, &qpc), "QEMU ended after %llu instructions",
			  (unsigned long long)q->all);
		while (qpc != pc || (o->faulted && qpc == o->fault_pc)) {
			if (o->faulted && qpc == o->fault_pc)
				ret->faults++, o->faulted = false;
			else if (last_rep && qpc == last)
				ret->rep_passes++, last_rep = false;
			else
				differ(o, q, pc, qpc);
			cr_assert(theirs_next(q, &qpc));
		}
		ret->same++;
		last = pc;
		last_rep = o->rep;
	}
}

static struct image *kernel_open(char name[1024])
{
	const char *kernels = getenv("BOOTPATH_KERNELS");
	struct image *image = NULL;

	snprintf(name, 1024, "%s/cloud/vmlinuz", kernels ? kernels : "o/kernels");
	if (image_open(&image, name, NULL) < 0)
		cr_skip("the cloud kernel is not here");
	cr_assert(eq(int, image_unpack(image, NULL), 0));
	return image;
}

/* QEMU enters by PVH only what is an ELF file: the image's payload. */
static void payload_put(const struct image *image, char name[1024])
{
	struct bytes elf = image->elf->data;
	int fd;

	strcpy(name, "/tmp/bootpath-vmlinux-XXXXXX");
	fd = mkstemp(name);
	cr_assert(fd >= 0 && write(fd, elf.data, elf.len) == (ssize_t)elf.len);
	close(fd);
}

/* What SeaBIOS leaves in memory and the decompressor reads: it looks for the RSDP, and through the tables from there. */
static const struct qemu_memory_range firmware[] = {
	{ .gpa = 0x400, .size = 0x100 },        /* BIOS data area: where the EBDA is */
	{ .gpa = 0x9f000, .size = 0x1000 },     /* EBDA */
	{ .gpa = 0xc0000, .size = 0x40000 },    /* option ROMs, BIOS */
	{ .gpa = 0x1ffe0000, .size = 0x20000 }, /* ACPI tables at the end of 512 MiB */
};

struct firmware_copy {
	uint8_t bytes[0x100 + 0x1000 + 0x40000 + 0x20000];
};

/* At startup_32, when our own BIOS has done its part: its memory becomes SeaBIOS's. */
static void firmware_put(struct machine *m, gpa_t gpa, void *arg)
{
	const uint8_t *p = ((struct firmware_copy *)arg)->bytes;

	(void)gpa;
	for (size_t i = 0; i < ARRAY_SIZE(firmware); i++) {
		cr_assert(eq(int, machine_write(m, firmware[i].gpa, p, firmware[i].size), 0));
		p += firmware[i].size;
	}
}

static int firmware_plan(struct machine *m, const struct check_facts *facts, void *arg)
{
	(void)facts;
	return machine_trap_add(m, STARTUP_32, firmware_put, arg);
}

static void firmware_read(int fd, struct firmware_copy *ret)
{
	size_t want = 0, have = 0;

	for (size_t i = 0; i < ARRAY_SIZE(firmware); i++)
		want += firmware[i].size;
	while (have < want) {
		ssize_t n = read(fd, ret->bytes + have, want - have);

		cr_assert(n > 0, "QEMU ended before startup_32");
		have += (size_t)n;
	}
}

/* Run @path:qemu of the kernel traced, and go to its point @point. */
static void ours_open(struct ours *o, const struct image *image, const char *path, enum point point,
		      const struct run_alter *alter)
{
	const struct sod_path *p = sod_path_find(path);
	struct trace_sink sink = trace_sink_buf(&o->file);
	struct run_options options = { .memory = MIB(512),
				       .cmdline = "nokaslr",
				       .cpu = CPU_QEMU64,
				       .alter = alter,
				       .trace = &sink };
	struct report_path report = { 0 };
	struct diag diag = { 0 };
	struct trace_item item;

	path_run(image, p, sod_variant_find(p, "qemu"), &options, &report);
	cr_assert(eq(int, report.outcome, OUTCOME_PASS), "%s", report.reason);
	report_path_release(&report);
	cr_assert(eq(int,
		     trace_open(&o->t, (struct bytes){ .data = o->file.data, .len = o->file.len },
				&diag),
		     0),
		  "%s", diag.text);
	cr_assert(eq(int, trace_cursor_create(&o->c, o->t), 0));
	trace_blocks(o->t, &o->block_count);
	o->offsets = calloc(o->block_count, sizeof(*o->offsets));
	o->ends_in_rep = calloc(o->block_count, sizeof(*o->ends_in_rep));
	cr_assert(o->offsets != NULL && o->ends_in_rep != NULL);
	do {
		cr_assert(eq(int, trace_cursor_next(o->c, &item, &diag), 1), "%s", diag.text);
	} while (item.kind != TRACE_EVENT || item.event.kind != EVENT_HANDOVER ||
		 item.event.arg[0] != point);
}

static void ours_close(struct ours *o)
{
	for (size_t i = 0; i < o->block_count; i++)
		free(o->offsets[i]);
	free(o->offsets);
	free(o->ends_in_rep);
	trace_cursor_destroy(o->c);
	trace_close(o->t);
	buf_free(&o->file);
}

static void judge(const struct qemu_pcs *boot, const struct image *image, const char *path,
		  enum point point, struct tally *ret)
{
	struct ours *o = calloc(1, sizeof(*o));
	struct theirs *q = calloc(1, sizeof(*q));
	struct firmware_copy *copy = calloc(1, sizeof(*copy));
	struct run_alter alter = { .entry = firmware_plan, .arg = copy };
	char why[128];
	uint64_t pc;

	cr_assert(o && q && copy);
	q->fd = qemu_pcs_open(boot, why);
	cr_assert(q->fd >= 0, "%s", why);
	if (boot->memory[0].size)
		firmware_read(q->fd, copy);
	ours_open(o, image, path, point, boot->memory[0].size ? &alter : NULL);
	compare(o, q, ret);
	/* Where ours ends, QEMU comes to the kernel proper's first instruction. */
	cr_assert(theirs_next(q, &pc));
	cr_expect(eq(u64, pc, boot->to));
	printf("%s: %llu instructions as QEMU's; it tells %llu REP passes and %llu faulting attempts more\n",
	       path, (unsigned long long)ret->same, (unsigned long long)ret->rep_passes,
	       (unsigned long long)ret->faults);
	qemu_pcs_close(q->fd);
	ours_close(o);
	free(copy);
	free(o);
	free(q);
}

Test(pcs, every_instruction_from_startup_32_to_the_kernel_is_as_qemu_runs_it, .timeout = 120)
{
	struct qemu_pcs boot = { .from = STARTUP_32, .to = KERNEL_ENTRY };
	struct tally t = { 0 };
	struct image *image;
	char name[1024];

	if (!qemu_is_ours())
		cr_skip("no QEMU 7.2");
	image = kernel_open(name);
	boot.kernel = name;
	memcpy(boot.memory, firmware, sizeof(firmware));
	judge(&boot, image, "bios", POINT_COMPRESSED, &t);
	cr_expect(gt(u64, t.same, 90000000));
	image_close(image);
}

Test(pcs, every_instruction_from_the_pvh_entry_to_the_kernel_is_as_qemu_runs_it, .timeout = 60)
{
	struct qemu_pcs boot = { .to = KERNEL_ENTRY };
	struct tally t = { 0 };
	struct image *image;
	char name[1024];

	if (!qemu_is_ours())
		cr_skip("no QEMU 7.2");
	image = kernel_open(name);
	payload_put(image, name);
	boot.kernel = name;
	boot.from = image->elf->pvh_entry;
	judge(&boot, image, "pvh", POINT_ENTRY, &t);
	cr_expect(gt(u64, t.same, 12000));
	unlink(name);
	image_close(image);
}
