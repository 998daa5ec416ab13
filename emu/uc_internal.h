/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the Unicorn fence share: the engine, and the raw CPU state's layout in Unicorn 2.1.x on x86-64. */
#ifndef EMU_UC_INTERNAL_H
#define EMU_UC_INTERNAL_H

#include <stdio.h>

#include <unicorn/unicorn.h>

#include "emu/uc.h"

/* What we know of one block: how many instructions its bytes hold. */
struct block_entry {
	uint64_t key;   /* block_key() */
	uint16_t insns; /* 0: empty */
	/* not 0: one REP string instruction and no more, with a counter of so many bits */
	uint16_t rep_bits;
	uint32_t id; /* for the log */
};

#define BLOCK_TABLE_SIZE 65536u

struct ram_block {
	gpa_t gpa;
	uint64_t size;
	uint64_t ram_addr; /* the engine's own number for its first byte */
};

#define RAM_BLOCKS_MAX 16

/* Physical addresses that nothing backs. */
struct hole {
	struct engine *e;
	gpa_t gpa;
};

#define HOLES_MAX 32

struct engine {
	/* Hot: touched at every block. */
	struct block_entry *table;
	uint64_t retired;     /* instructions before the running block */
	uint64_t deadline;    /* the client's, or the log's boundary */
	uint64_t insns;       /* of the running block */
	uint64_t key;         /* of the running block */
	const uint64_t *regs; /* the live general registers, in enum gpr's order */
	uint64_t ring[ENGINE_RING];
	uint64_t ring_pos;
	struct block_log *log; /* NULL: not traced */
	/* Cold. */
	uint64_t client_deadline;
	uc_hook block_hook;
	uc_engine *uc;
	uc_context *ctx;
	const struct engine_ops *ops;
	void *arg;
	bool running;
	bool in_exception; /* inside ops.exception: rip must not be set through the API */
	bool left;         /* engine_set() or engine_stop() was called in this callback */
	bool flush;        /* all translations must go before the next instruction */
	bool full;         /* the run was left because the code buffer is full: go on */
	bool stop;
	struct ram_block blocks[RAM_BLOCKS_MAX];
	unsigned block_count;
	uint8_t *has_code; /* bit per page below ram_top: ever held a translated block */
	uint8_t *dirty;    /* bit per page: ever stored to */
	gpa_t ram_top;
	struct hole holes[HOLES_MAX];
	unsigned hole_count;
	uc_hook store_hook;
	bool watching;
	char error[128];
};

/* The engine that this thread is inside of; the wrapped functions of uc_tlb.c have no other way to know. */
extern _Thread_local struct engine *engine_current;

static inline uint64_t block_key(gva_t pc, uint32_t size)
{
	return pc << 13 | (size & 0x1fff);
}

static inline gva_t block_key_pc(uint64_t key)
{
	return (gva_t)((int64_t)key >> 13);
}

static inline uint32_t block_key_size(uint64_t key)
{
	return key & 0x1fff;
}

static inline bool bitmap_test(const uint8_t *map, uint64_t bit)
{
	return map[bit >> 3] >> (bit & 7) & 1;
}

static inline void bitmap_set(uint8_t *map, uint64_t bit)
{
	map[bit >> 3] |= (uint8_t)(1u << (bit & 7));
}

/*
 * Layout of CPUX86State as uc_context_save() copies it, byte offsets from
 * CTX_DATA. Proven by state_layout_prove() at every engine_open().
 */
#define CTX_DATA          20u
#define RAW_REGS          0u
#define RAW_EIP           128u
#define RAW_HFLAGS        176u
#define RAW_SEG(i)        (184u + 24u * (i)) /* ES CS SS DS FS GS LDTR TR */
#define RAW_SEG_BASE      8u
#define RAW_SEG_LIMIT     16u
#define RAW_SEG_FLAGS     20u
#define RAW_GDT           376u
#define RAW_IDT           400u
#define RAW_CR(i)         (424u + 8u * (i))
#define RAW_A20_MASK      464u
#define RAW_EFER          560u
#define RAW_ERROR_CODE    5352u
#define RAW_IS_INT        5356u
#define RAW_OLD_EXCEPTION 5464u
#define RAW_SIZE_MIN      5500u

/* hflags: the decoder's view of the mode */
#define HF_CPL         0x3u
#define HF_INHIBIT_IRQ BIT(3)
#define HF_CS32        BIT(4)
#define HF_SS32        BIT(5)
#define HF_ADDSEG      BIT(6)
#define HF_PE          BIT(7)
#define HF_MP          BIT(9)
#define HF_EM          BIT(10)
#define HF_TS          BIT(11)
#define HF_IOPL_SHIFT  12
#define HF_LMA         BIT(14)
#define HF_CS64        BIT(15)
#define HF_VM          BIT(17)
#define HF_OSFXSR      BIT(22)
#define HF_SMAP        BIT(23)

/* Save the CPU into e->ctx and return its raw bytes; engine_raw_put() makes them the CPU's. */
uint8_t *engine_raw(struct engine *e);
void engine_raw_put(struct engine *e);

void engine_block_aborted(struct engine *e);
/* Before uc_close(), which would leak them. */
void engine_free_code_bitmaps(struct engine *e);

/* 0, or -ENOTSUP with the fact that does not hold. */
int state_layout_prove(struct engine *e, struct diag *diag);
int tlb_layout_prove(struct engine *e, struct diag *diag);

#endif
