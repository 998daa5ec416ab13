/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine: Unicorn opened, mapped, hooked and run, with an exact count of retired instructions per block. */
#include "emu/uc_internal.h"

#include <errno.h>
#include <stdlib.h>

static const char *const version_hint =
	"bootpath needs libunicorn 2.1.x (2.0.x cannot page); `make deps` fetches it";

static struct block_entry *block_entry(struct engine *e, uint64_t key)
{
	return &e->table[((key >> 13) ^ (key >> 29)) % BLOCK_TABLE_SIZE];
}

static void block_remember(struct engine *e, uint64_t key, unsigned insns)
{
	gva_t pc = block_key_pc(key);
	uint32_t size = block_key_size(key);

	*block_entry(e, key) = (struct block_entry){
		.key = key,
		.insns = (uint16_t)insns,
		.rep_bits = insns == 1 ? (uint16_t)e->ops->rep_bits(e->arg, pc, size) : 0,
	};
}

static struct block_entry *block_learn(struct engine *e, uint64_t key)
{
	block_remember(e, key, e->ops->count_insns(e->arg, block_key_pc(key), block_key_size(key)));
	return block_entry(e, key);
}

/*
 * The engine makes a block of each round of a REP string instruction, and of
 * one more that only finds the counter at 0 and goes on; the CPU has retired
 * the instruction before that (SDM 2B "REP"). Entered with the counter at 0
 * the instruction is one round like any other.
 */
static bool rep_ended(const struct engine *e, const struct block_entry *b, uint64_t prev)
{
	uint64_t mask = b->rep_bits == 64 ? UINT64_MAX : BIT64(b->rep_bits) - 1;

	return !(e->regs[GPR_RCX] & mask) && block_key_pc(prev) + block_key_size(prev) ==
						     block_key_pc(b->key) + block_key_size(b->key);
}

/* Leave the current block and go on at the rip that the state now has; from a callback only. */
static void leave_block(struct engine *e, uint64_t rip)
{
	uc_reg_write(e->uc, UC_X86_REG_RIP, &rip);
}

static void deadline_update(struct engine *e)
{
	e->deadline = e->client_deadline;
	if (e->log && e->log->boundary < e->deadline)
		e->deadline = e->log->boundary;
}

void engine_log_boundary(struct engine *e)
{
	deadline_update(e);
}

/* A block that would pass the deadline: the client decides whether it runs; true: it does not. */
static bool block_due(struct engine *e, gva_t pc, uint32_t size)
{
	if (e->log && e->retired + e->insns > e->log->boundary) {
		e->ops->log_full(e->arg);
		deadline_update(e);
	}
	if (e->retired + e->insns <= e->client_deadline)
		return false;
	e->left = false;
	if (!e->ops->due(e->arg, pc, size, (unsigned)e->insns) && !e->flush)
		return false;
	e->insns = 0;
	if (!e->left) {
		struct cpu_state s;

		/* The engine keeps no rip inside chained blocks. */
		engine_get(e, &s);
		s.rip = cpu_in_code64(&s) ? pc : (uint32_t)(pc - s.seg[SEG_CS].base);
		leave_block(e, s.rip);
	}
	if (e->stop || e->flush)
		uc_emu_stop(e->uc);
	return true;
}

static __attribute__((noinline)) void log_block(struct engine *e, struct block_entry *b)
{
	struct block_log *log = e->log;

	if (__builtin_expect(b->id == 0, 0))
		b->id = e->ops->block_id(e->arg, block_key_pc(b->key), block_key_size(b->key),
					 b->insns);
	if (__builtin_expect(log->next[log->id] == b->id, 1)) {
		log->run++;
	} else {
		if (log->pos == log->end) {
			e->ops->log_full(e->arg);
			deadline_update(e);
		}
		log->next[log->id] = b->id;
		*log->pos++ = (struct log_token){ .run = log->run, .id = b->id };
		log->blocks += log->run + 1ull;
		log->run = 0;
	}
	log->id = b->id;
}

/*
 * A block that needs a look: not known yet, a round of REP, or past the deadline.
 * Out of line, so that the hot path saves no registers.
 */
static __attribute__((noinline)) void block_slow(struct engine *e, uint64_t key, uint64_t prev)
{
	struct block_entry *b = block_entry(e, key);

	if (b->key != key || !b->insns)
		b = block_learn(e, key);
	e->insns = b->insns;
	if (b->rep_bits && rep_ended(e, b, prev)) {
		e->insns = 0;
		return;
	}
	if (e->retired + e->insns > e->deadline) {
		if (block_due(e, block_key_pc(key), block_key_size(key)))
			return;
		/* With the mode changed it was another block that was known by this key. */
		if (b->key != key || !b->insns)
			b = block_learn(e, key);
		e->insns = b->insns;
	}
	if (e->log)
		log_block(e, b);
}

/* What is known of the block, or NULL: then block_slow() has to look at it. */
static inline struct block_entry *block_fast(struct engine *e, uint64_t key)
{
	struct block_entry *b = block_entry(e, key);

	e->retired += e->insns;
	e->ring[e->ring_pos++ % ENGINE_RING] = key;
	e->key = key;
	/* What is not known has no instructions, and stands under another key or none. */
	if (__builtin_expect((b->key ^ key) | b->rep_bits, 0) ||
	    __builtin_expect(e->retired + b->insns > e->deadline, 0))
		return NULL;
	e->insns = b->insns;
	return b;
}

/* Hot: one of these two runs at every block. */
static void on_block(uc_engine *uc, uint64_t pc, uint32_t size, void *arg)
{
	struct engine *e = arg;
	uint64_t key = block_key(pc, size), prev = e->key;

	(void)uc;
	if (__builtin_expect(!block_fast(e, key), 0))
		block_slow(e, key, prev);
}

static void on_block_logged(uc_engine *uc, uint64_t pc, uint32_t size, void *arg)
{
	struct engine *e = arg;
	uint64_t key = block_key(pc, size), prev = e->key;
	struct block_entry *b = block_fast(e, key);
	struct block_log *log = e->log;

	(void)uc;
	if (__builtin_expect(!b, 0)) {
		block_slow(e, key, prev);
	} else if (__builtin_expect(log->next[log->id] == b->id && b->id, 1)) {
		log->run++;
		log->id = b->id;
	} else {
		log_block(e, b);
	}
}

int engine_log_to(struct engine *e, struct block_log *log)
{
	uc_err err = uc_hook_del(e->uc, e->block_hook);

	if (!err)
		err = uc_hook_add(e->uc, &e->block_hook, UC_HOOK_BLOCK,
				  log ? (void *)on_block_logged : (void *)on_block, e, 1, 0);
	if (err)
		return -ENOMEM;
	e->log = log;
	engine_mode_changed(e);
	deadline_update(e);
	/* Which hook a block calls is decided when it is translated. */
	e->flush = true;
	return 0;
}

/*
 * The engine leaves a block in the middle without an exception, because a store
 * is about to change that block's own code; the store then runs as a block of
 * its own. Only what came before it has retired.
 */
void engine_block_aborted(struct engine *e)
{
	struct cpu_state s;
	gva_t pc, start = block_key_pc(e->key);

	engine_get(e, &s);
	pc = cpu_pc(&s);
	if (pc - start >= block_key_size(e->key))
		return;
	engine_block_cut(
		e, pc > start ? e->ops->count_insns(e->arg, start, (uint32_t)(pc - start)) : 0);
}

static void on_translated(uc_engine *uc, uc_tb *cur, uc_tb *prev, void *arg)
{
	struct engine *e = arg;

	(void)prev;
	block_remember(e, block_key(cur->pc, cur->size), cur->icount);
	e->left = false;
	e->full = false;
	/* Everything before this block has retired, and this one has not begun: say so to whoever asks for the count. */
	e->retired += e->insns;
	e->insns = 0;
	if (e->ops->translated(e->arg, cur->pc, cur->size, cur->icount) && !e->left) {
		uint64_t rip = engine_rip(e);

		leave_block(e, rip);
	}
	if (e->stop)
		uc_emu_stop(uc);
}

static void on_insn(uc_engine *uc, uint64_t pc, uint32_t size, void *arg)
{
	struct engine *e = arg;

	(void)size;
	if (!e->insns)
		return; /* rep_ended() */
	e->left = false;
	e->ops->insn(e->arg, pc);
	if (e->stop)
		uc_emu_stop(uc);
}

static void on_exception(uc_engine *uc, uint32_t vector, void *arg)
{
	struct engine *e = arg;
	const uint8_t *raw = engine_raw(e);
	bool software = get_le32(raw + RAW_IS_INT);
	uint32_t error_code = get_le32(raw + RAW_ERROR_CODE);

	e->in_exception = true;
	e->left = false;
	e->ops->exception(e->arg, vector & 0xff, error_code, software);
	e->in_exception = false;
	if (e->stop)
		uc_emu_stop(uc);
}

/* #UD comes here first and then to on_exception() as vector 6: say that it is being handled. */
static bool on_invalid(uc_engine *uc, void *arg)
{
	(void)uc;
	(void)arg;
	return true;
}

static uint32_t on_in(uc_engine *uc, uint32_t port, int size, void *arg)
{
	struct engine *e = arg;

	(void)uc;
	return e->ops->port_in(e->arg, (uint16_t)port, (unsigned)size);
}

static void on_out(uc_engine *uc, uint32_t port, int size, uint32_t value, void *arg)
{
	struct engine *e = arg;

	(void)uc;
	e->ops->port_out(e->arg, (uint16_t)port, (unsigned)size, value);
}

static bool on_rom_write(uc_engine *uc, uc_mem_type type, uint64_t gpa, int size, int64_t value,
			 void *arg)
{
	struct engine *e = arg;

	(void)uc;
	(void)type;
	e->ops->rom_write(e->arg, gpa, (unsigned)size, (uint64_t)value);
	return true; /* and the engine drops the store, as the region is read-only */
}

static bool on_unmapped(uc_engine *uc, uc_mem_type type, uint64_t gpa, int size, int64_t value,
			void *arg)
{
	struct engine *e = arg;

	(void)uc;
	(void)size;
	(void)value;
	snprintf(e->error, sizeof(e->error),
		 "%s of physical address 0x%llx, beyond what the machine can address",
		 type == UC_MEM_WRITE_UNMAPPED ? "store" :
		 type == UC_MEM_FETCH_UNMAPPED ? "fetch" :
						 "load",
		 (unsigned long long)gpa);
	return false;
}

static void on_store(uc_engine *uc, uc_mem_type type, uint64_t gpa, int size, int64_t value,
		     void *arg)
{
	struct engine *e = arg;

	(void)uc;
	(void)type;
	e->ops->store(e->arg, gpa, (unsigned)size, (uint64_t)value);
}

static uc_err add_hooks(struct engine *e)
{
	const struct {
		int type;
		void *fn;
	} rows[] = {
		{ UC_HOOK_EDGE_GENERATED, (void *)on_translated },
		{ UC_HOOK_INTR, (void *)on_exception },
		{ UC_HOOK_INSN_INVALID, (void *)on_invalid },
		{ UC_HOOK_MEM_WRITE_PROT, (void *)on_rom_write },
		{ UC_HOOK_MEM_UNMAPPED, (void *)on_unmapped },
	};
	uc_hook h;
	uc_err err = uc_hook_add(e->uc, &e->block_hook, UC_HOOK_BLOCK, (void *)on_block, e, 1, 0);

	for (size_t i = 0; !err && i < ARRAY_SIZE(rows); i++) {
		err = uc_hook_add(e->uc, &h, rows[i].type, rows[i].fn, e, 1, 0);
	}
	if (err)
		return err;
	err = uc_hook_add(e->uc, &h, UC_HOOK_INSN, (void *)on_in, e, 1, 0, UC_X86_INS_IN);
	return err ? err :
		     uc_hook_add(e->uc, &h, UC_HOOK_INSN, (void *)on_out, e, 1, 0, UC_X86_INS_OUT);
}

/*
 * The engine's own models decide which instructions there are: each has all that the profile's CPUID tells of,
 * but AMD's SSE4A and 3DNow! on the last one.
 */
static const int engine_models[CPU_PROFILE_COUNT] = {
	[CPU_GENERIC] = UC_CPU_X86_NEHALEM,
	[CPU_QEMU64] = UC_CPU_X86_QEMU64,
	[CPU_MAX] = UC_CPU_X86_ICELAKE_SERVER,
};

int engine_open(struct engine **ret_e, enum cpu_profile cpu, const struct engine_ops *ops,
		void *arg, struct diag *diag)
{
	unsigned major, minor;
	struct engine *e;
	int ret;

	uc_version(&major, &minor);
	if (major != 2 || minor != 1)
		return diag_set(diag, -ENOTSUP, "linked with Unicorn %u.%u: %s", major, minor,
				version_hint);
	e = calloc(1, sizeof(*e));
	if (!e)
		return diag_set(diag, -ENOMEM, "out of memory");
	e->ops = ops;
	e->arg = arg;
	e->deadline = UINT64_MAX;
	e->client_deadline = UINT64_MAX;
	e->table = calloc(BLOCK_TABLE_SIZE, sizeof(*e->table));
	ret = diag_set(NULL, -ENOMEM, "out of memory");
	/*
	 * No address to stop at: after each run the engine looks up the page of such an address, and what that
	 * raises changes CR2 and stays behind as an exception under way, so that the guest's next one would arrive as #DF.
	 */
	if (!e->table || uc_open(UC_ARCH_X86, UC_MODE_64, &e->uc) ||
	    uc_ctl_set_cpu_model(e->uc, engine_models[cpu]) || uc_context_alloc(e->uc, &e->ctx) ||
	    uc_ctl_exits_enable(e->uc)) {
		diag_set(diag, ret, "out of memory");
		goto fail;
	}
	ret = tlb_layout_prove(e, diag);
	if (!ret)
		ret = state_layout_prove(e, diag);
	if (!ret && add_hooks(e))
		ret = diag_set(diag, -ENOMEM, "the engine takes no hooks");
	if (ret)
		goto fail;
	*ret_e = e;
	return 0;
fail:
	engine_close(e);
	return ret;
}

struct engine *engine_close(struct engine *e)
{
	if (!e)
		return NULL;
	if (e->ctx)
		uc_context_free(e->ctx);
	if (e->uc) {
		engine_free_code_bitmaps(e);
		uc_close(e->uc);
	}
	free(e->table);
	free(e->has_code);
	free(e->dirty);
	free(e);
	return NULL;
}

/* Not uc_ctl_flush_tb(): that one clears the engine's 1 GiB of code buffer, which takes longer than most runs. */
static void engine_forget_all(struct engine *e)
{
	for (unsigned i = 0; i < e->block_count; i++)
		engine_forget_phys(e, e->blocks[i].gpa, e->blocks[i].size);
}

enum engine_end engine_run(struct engine *e)
{
	struct engine *outer = engine_current;
	uc_err err;

	e->stop = false;
	e->error[0] = '\0';
	e->running = true;
	e->key = 0;
	engine_current = e;
	do {
		/* Never while translated code runs. */
		if (e->flush)
			engine_forget_all(e);
		e->flush = false;
		e->full = false;
		err = uc_emu_start(e->uc, engine_rip(e), 0, 0, 0);
	} while (!err && (e->flush || e->full) && !e->stop);
	engine_current = outer;
	e->running = false;
	/* What ran has retired, unless it was cut. */
	e->retired += e->insns;
	e->insns = 0;
	if (err) {
		if (!e->error[0])
			snprintf(e->error, sizeof(e->error), "%s", uc_strerror(err));
		return ENGINE_FAILED;
	}
	return e->stop ? ENGINE_STOPPED : ENGINE_HLT;
}

void engine_stop(struct engine *e)
{
	e->stop = true;
}

const char *engine_error(const struct engine *e)
{
	return e->error;
}

int engine_plant(struct engine *e, gva_t pc)
{
	uc_hook h;

	return uc_hook_add(e->uc, &h, UC_HOOK_CODE, (void *)on_insn, e, pc, pc) ? -ENOMEM : 0;
}

void engine_forget(struct engine *e, gva_t pc, uint32_t size)
{
	uc_ctl_remove_cache(e->uc, pc, pc + size);
}

void engine_flush_tlb(struct engine *e)
{
	uc_ctl_flush_tlb(e->uc);
}

int engine_watch_stores(struct engine *e, bool on)
{
	uc_err err;

	if (on == e->watching)
		return 0;
	if (on)
		err = uc_hook_add(e->uc, &e->store_hook, UC_HOOK_MEM_WRITE, (void *)on_store, e, 1,
				  0);
	else
		err = uc_hook_del(e->uc, e->store_hook);
	if (err)
		return -ENOMEM;
	e->watching = on;
	/* Whether stores call the hook is decided when code is translated: what there is knows nothing of the change. */
	e->flush = true;
	return 0;
}

uint64_t engine_retired(const struct engine *e)
{
	return e->retired;
}

void engine_set_retired(struct engine *e, uint64_t count)
{
	if (e->log && count > e->retired + e->insns)
		e->ops->log_wait(e->arg, count - (e->retired + e->insns));
	e->retired = count;
	e->insns = 0;
}

void engine_advance(struct engine *e, uint64_t count)
{
	e->retired += count;
	if (e->log)
		e->ops->log_wait(e->arg, count);
}

void engine_block(const struct engine *e, gva_t *ret_pc, uint32_t *ret_size, unsigned *ret_insns)
{
	*ret_pc = block_key_pc(e->key);
	*ret_size = block_key_size(e->key);
	*ret_insns = (unsigned)e->insns;
}

void engine_block_cut(struct engine *e, unsigned insns)
{
	/* At 0 no block is running: the last one has retired. */
	if (e->log && insns < e->insns)
		e->ops->log_cut(e->arg, insns);
	e->insns = insns;
}

void engine_set_deadline(struct engine *e, uint64_t count)
{
	e->client_deadline = count;
	deadline_update(e);
}

void engine_mode_changed(struct engine *e)
{
	memset(e->table, 0, BLOCK_TABLE_SIZE * sizeof(*e->table));
}

size_t engine_last_blocks(const struct engine *e, struct engine_block_id ret[ENGINE_RING])
{
	size_t n = e->ring_pos < ENGINE_RING ? e->ring_pos : ENGINE_RING;

	for (size_t i = 0; i < n; i++) {
		uint64_t key = e->ring[(e->ring_pos - n + i) % ENGINE_RING];

		ret[i] = (struct engine_block_id){ .pc = block_key_pc(key),
						   .size = block_key_size(key) };
	}
	return n;
}
