/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU plugin that writes the address of each instruction before it runs, 8 bytes each, from the first arrival at one
 * address up to the arrival at another one; then QEMU ends. Before the first of them it writes the pieces of physical
 * memory that it was asked for. QEMU 7.2, "docs/devel/tcg-plugins.rst"; the interface is declared here, as Debian packs
 * no header of it.
 *
 *   -plugin qemu_pcs.so,from=0x100000,to=0x1000000,out=PIPE[,mem=0xe0000:0x20000]...
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef void (*tb_fn)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*insn_fn)(unsigned cpu, void *arg);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_fn fn);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, insn_fn fn, int flags,
					    void *arg);

/* Not of the plugins' interface, but exported all the same (QEMU 7.2 softmmu/physmem.c). */
void cpu_physical_memory_rw(uint64_t gpa, void *data, uint64_t len, _Bool write);

/* The interface's version that QEMU 7.2 knows. */
extern EXPORT int qemu_plugin_version;
int qemu_plugin_version = 1;

int EXPORT qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/* One process, one guest, one CPU: a plugin has no other place for its state. */
static struct {
	uint64_t from, to;
	int fd, on;
	size_t count;
	uint64_t pcs[65536];
	struct {
		uint64_t gpa, len;
	} memory[8];
	unsigned memory_count;
} state = { .fd = -1 };

static void send(const void *data, size_t left)
{
	const char *p = data;

	while (left) {
		ssize_t n = write(state.fd, p, left);

		if (n <= 0)
			_exit(0); /* whoever reads has seen enough */
		p += n;
		left -= (size_t)n;
	}
}

static void send_memory(void)
{
	for (unsigned i = 0; i < state.memory_count; i++) {
		uint64_t gpa = state.memory[i].gpa, left = state.memory[i].len;

		while (left) {
			char page[4096];
			uint64_t n = left < sizeof(page) ? left : sizeof(page);

			cpu_physical_memory_rw(gpa, page, n, 0);
			send(page, n);
			gpa += n;
			left -= n;
		}
	}
}

static void flush(void)
{
	send(state.pcs, state.count * sizeof(state.pcs[0]));
	state.count = 0;
}

static void on_insn(unsigned cpu, void *arg)
{
	uint64_t pc = (uintptr_t)arg;

	(void)cpu;
	if (!state.on) {
		if (pc != state.from)
			return;
		state.on = 1;
		send_memory();
	}
	state.pcs[state.count++] = pc;
	if (state.count == sizeof(state.pcs) / sizeof(state.pcs[0]))
		flush();
	if (pc == state.to) {
		flush();
		_exit(0);
	}
}

static void on_block(uint64_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uintptr_t pc = (uintptr_t)qemu_plugin_insn_vaddr(insn);

		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, 0, (void *)pc);
	}
}

static void parse_memory(const char *text)
{
	char *end;

	state.memory[state.memory_count].gpa = strtoull(text, &end, 0);
	state.memory[state.memory_count++].len = *end ? strtoull(end + 1, NULL, 0) : 0;
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "from=", 5))
			state.from = strtoull(argv[i] + 5, NULL, 0);
		else if (!strncmp(argv[i], "to=", 3))
			state.to = strtoull(argv[i] + 3, NULL, 0);
		else if (!strncmp(argv[i], "mem=", 4) && state.memory_count < 8)
			parse_memory(argv[i] + 4);
		else if (!strncmp(argv[i], "out=", 4))
			state.fd = open(argv[i] + 4, O_WRONLY);
	}
	if (state.fd < 0)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	return 0;
}
