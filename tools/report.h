/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result of running paths of images, as plain data: what every report format is written from. */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include "emu/machine.h"
#include "emu/trace.h"
#include "loaders/image.h"
#include "models/sod.h"
#include "specs/verdict.h"
#include "tools/code_map.h"

struct spec_set;
struct file_tree;
struct report_path;

enum outcome {
	OUTCOME_PASS,
	OUTCOME_SKIP,
	OUTCOME_ERROR,
	OUTCOME_EXIT,
	OUTCOME_HANG,
	OUTCOME_CRASH,
	OUTCOME_FAIL,
	OUTCOME_COUNT
};

extern const char *const outcome_names[OUTCOME_COUNT];

/* What the user asked for, the same for every image and path (design.md "The command"). */
struct run_options {
	uint64_t memory;         /* bytes */
	const char *cmdline;     /* never NULL */
	const char *initrd_path; /* NULL: none */
	struct bytes initrd;
	enum cpu_profile cpu;
	uint64_t seed;
	const char *disk_path;      /* NULL: none */
	struct bytes disk;          /* under a BIOS */
	const char *keys;           /* typed under a BIOS; NULL: none */
	uint32_t bios_quirks;       /* bits of enum bios_quirk, models/bios.h */
	const char *efi_map_path;   /* NULL: the built-in map */
	struct efi_region *efi_map; /* read from it */
	size_t efi_map_count;
	bool efi_nx;
	const char *efi_vars_path;   /* NULL: none */
	struct efi_preset *efi_vars; /* read from it */
	size_t efi_vars_count;
	const char *esp_path;           /* NULL: none */
	struct file_tree *esp;          /* read from it */
	uint16_t gop_width, gop_height; /* 0: no framebuffer */
	uint64_t max_instructions;      /* 0: the default budget */
	bool max_is_users; /* given by the user: then running out is a hang, else an error */
	/* borrowed; NULL: image->symbols or, without that, what the image itself has, read when it is needed */
	const struct image_symbols *symbols;
	const char *until; /* WHERE of --until, sound (tools/until.h); NULL: the point kernel */
	bool keep_pages; /* handovers hold all of memory; else, and once specs have judged it, the few pages that reports show */
	const struct spec_set *specs; /* judge every point by these; NULL: do not judge */
	/* for tests that break what a clause asks for; NULL: nothing is altered */
	const struct run_alter *alter;
	const struct run_observer *observer; /* NULL: nobody looks on */
	const struct trace_sink *trace;      /* record the run there; NULL: do not */
	struct store_record *stores; /* ranges of memory to watch, filled by the run; NULL: none */
	size_t store_count;
};

struct check_facts;

/* Where a test may change a run; each function may be NULL, a negative errno ends the path as an error. */
struct run_alter {
	/* After the start of day was entered, before the entry is captured. */
	int (*entry)(struct machine *m, const struct check_facts *facts, void *arg);
	/* After the run, before its handovers are judged. */
	int (*captured)(struct report_path *p, const struct check_facts *facts, void *arg);
	void *arg;
};

/* Who looks on while a path runs; each function may be NULL. */
struct run_observer {
	/* The start of day was entered and nothing has run. A negative errno ends the path as an error. */
	int (*begin)(struct machine *m, const struct check_facts *facts, void *arg);
	/* A block of code is about to run for the first time, or again after its translation was forgotten. */
	void (*block)(struct machine *m, gva_t pc, gpa_t gpa, void *arg);
	/* The run is over, whatever came of it; the machine still stands. */
	void (*end)(struct machine *m, const struct report_path *p, void *arg);
	void *arg;
};

#define STORE_RECORDS_MAX 64
#define STORE_CODE_MAX    32

/* The last store into a range of guest memory before a given time. */
struct store_record {
	gpa_t gpa;
	uint32_t size;
	uint64_t until; /* stores at or after this count do not matter */
	bool seen;      /* the guest stored there: the next ones are valid */
	gva_t pc;
	uint64_t count;
	unsigned bits;                /* code width */
	uint8_t code[STORE_CODE_MAX]; /* the instruction and what follows it, then */
	size_t code_len;
	bool has_place; /* it is the image's code: */
	struct code_place place;
	char symbol[SYMBOL_TEXT_SIZE]; /* of the place; else "" */
	char placement[112];           /* what the start of day put there; "" when nothing */
};

/* Default budget of a path: enough for an XZ kernel (4.5 G) four times over. */
#define RUN_BUDGET_DEFAULT 20000000000ull

struct report_counts {
	uint64_t instructions, faults, firmware_calls, hypercalls, unmodelled;
};

struct report_path {
	const struct sod_path *path;
	const struct sod_variant *variant;
	bool named; /* the user asked for it by name: then a skip is something not judged */
	enum outcome outcome;
	char reason[320]; /* one sentence */
	bool own_entry; /* the state at the entry is our own model's work, not a loader's that was captured */
	bool by_verdicts; /* the run arrived; the outcome is what the clauses made of it */
	struct handover *handovers; /* in time order */
	size_t handover_count;
	struct verdicts verdicts;
	struct report_counts counts;
	struct stop stop;
	struct cpu_state last_cpu; /* at the stop */
	struct code_map code;      /* where the image's stages lay */
	char stop_symbol
		[SYMBOL_TEXT_SIZE]; /* stop_symbol() of one that did not arrive, or did at a symbol or an address; else "" */
	char *stop_detail; /* last blocks disassembled, page walk of the fault; owned; NULL when it arrived */
	char *console; /* owned; captured text, NUL-terminated */
	char digest[DIGEST_HEX_SIZE];
};

struct report_image {
	char name[256];
	char sha256[SHA256_HEX_SIZE];
	const char *format;
	const struct image *image; /* borrowed; NULL when it could not be read */
	char error[600];           /* the one line when it could not be read, else "" */
	struct report_path *paths;
	size_t path_count;
};

struct report {
	const struct run_options *options;
	struct report_image *images;
	size_t image_count;
};

void report_path_release(struct report_path *p);
void report_release(struct report *r);

/*
 * Exit status over everything asked for (design.md): 0 all passed, 1 a fail,
 * crash, hang, exit or unmet --require, 125 something could not be judged.
 */
int report_exit_status(const struct report *r);

/* Writers, one per format, over the same struct. */
void report_text(const struct report *r, struct buf *out, bool verbose);
void report_check(const struct report *r, struct buf *out, bool verbose, bool colour);
void report_json(const struct report *r, struct buf *out);
void report_ktap(const struct report *r, struct buf *out);
void report_junit(const struct report *r, struct buf *out);

/* Where a run that did not arrive came to its end, for people; nothing for one that arrived. */
void report_text_stop(const struct report_path *p, struct buf *out);

/*
 * Run one path of one image until the point kernel (or options->until) and fill
 * @ret with outcome, handovers, counts and digest. Never fails otherwise: what
 * goes wrong becomes the outcome. @image must be unpacked.
 */
void path_run(const struct image *image, const struct sod_path *path,
	      const struct sod_variant *variant, const struct run_options *options,
	      struct report_path *ret);

#endif
