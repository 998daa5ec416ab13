/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that mean the same in every command. */
#include "tools/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loaders/file_tree.h"
#include "models/bios.h"
#include "tools/efi_map_file.h"
#include "tools/efi_vars_file.h"
#include "tools/file.h"
#include "tools/until.h"

/* An initrd larger than this could not be placed below 4 GiB beside a kernel. */
#define INITRD_SIZE_MAX GIB(3)
/* A disk image is held in memory. */
#define DISK_SIZE_MAX   GIB(4)

enum option_key {
	OPT_PATH = 0x100,
	OPT_REQUIRE,
	OPT_MEMORY,
	OPT_CMDLINE,
	OPT_INITRD,
	OPT_CPU,
	OPT_SEED,
	OPT_BIOS_QUIRK,
	OPT_DISK,
	OPT_KEYS,
	OPT_EFI_MEMMAP,
	OPT_EFI_VARS,
	OPT_EFI_NX,
	OPT_ESP,
	OPT_GOP,
	OPT_MAX_INSTRUCTIONS,
	OPT_UNTIL,
	OPT_VMLINUX,
	OPT_BUILD,
	OPT_SYSTEM_MAP,
	OPT_FORCE_SYMBOLS,
	OPT_FORMAT,
};

bool parse_number(const char *text, unsigned unit, uint64_t *ret_v)
{
	static const char suffixes[] = "KMGT";
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	const char *suffix;
	uint64_t v;
	char *end;

	/* strtoull takes signs and spaces, and "0x" alone as 0; a number here starts with a digit. */
	if (hex ? !strspn(digits, "0123456789abcdefABCDEF") : !strspn(digits, "0123456789"))
		return false;
	errno = 0;
	v = strtoull(text, &end, hex ? 16 : 10);
	if (errno)
		return false;
	if (*end && unit && !end[1]) {
		suffix = strchr(suffixes, *end == 'k' ? 'K' : *end);
		if (!suffix)
			return false;
		for (const char *s = suffixes; s <= suffix; s++) {
			if (__builtin_mul_overflow(v, unit, &v))
				return false;
		}
		end++;
	}
	if (*end)
		return false;
	*ret_v = v;
	return true;
}

void options_init(struct options *o)
{
	*o = (struct options){
		.run = {
			.memory = PLATFORM_MEMORY_DEFAULT,
			.cmdline = "",
			.max_instructions = RUN_BUDGET_DEFAULT,
		},
	};
}

void options_release(struct options *o)
{
	free((void *)o->run.initrd.data);
	free((void *)o->run.disk.data);
	o->run.initrd = o->run.disk = (struct bytes){ 0 };
	free(o->run.efi_map);
	o->run.efi_map = NULL;
	efi_vars_free(o->run.efi_vars, o->run.efi_vars_count);
	o->run.efi_vars = NULL;
	o->run.esp = file_tree_free(o->run.esp);
}

static int load_efi_map(struct options *o)
{
	const char *path = o->run.efi_map_path;
	struct diag diag = { 0 };
	int err = 0;

	if (path)
		err = efi_map_file_read(path, &o->run.efi_map, &o->run.efi_map_count, &diag);
	if (err)
		fprintf(stderr, "bootpath: %s\n", diag.text);
	return err;
}

static int load_efi_vars(struct options *o)
{
	const char *path = o->run.efi_vars_path;
	struct diag diag = { 0 };
	int err = 0;

	if (path)
		err = efi_vars_file_read(path, &o->run.efi_vars, &o->run.efi_vars_count, &diag);
	if (err)
		fprintf(stderr, "bootpath: %s\n", diag.text);
	return err;
}

static int load_esp(struct options *o)
{
	struct diag diag = { 0 };
	char line[1024];
	int err = 0;

	if (o->run.esp_path)
		err = file_tree_read(&o->run.esp, o->run.esp_path, &diag);
	if (err)
		fprintf(stderr, "bootpath: --esp: %s\n",
			diag_line(&diag, o->run.esp_path, line, sizeof(line)));
	return err;
}

static int load_file(const char *path, uint64_t max, const char *empty, struct bytes *ret)
{
	struct diag diag = { 0 };
	struct buf b = { 0 };
	char line[1024];
	int err;

	if (!path)
		return 0;
	err = file_read(path, max, &b, &diag);
	if (!err && empty && !b.len)
		err = diag_set(&diag, -EINVAL, "%s", empty);
	if (err) {
		fprintf(stderr, "bootpath: %s\n", diag_line(&diag, path, line, sizeof(line)));
		buf_free(&b);
		return err;
	}
	*ret = (struct bytes){ .data = b.data, .len = b.len };
	return 0;
}

int options_load(struct options *o)
{
	int err = load_file(o->run.initrd_path, INITRD_SIZE_MAX, NULL, &o->run.initrd);

	if (!err)
		err = load_file(o->run.disk_path, DISK_SIZE_MAX,
				"a disk image of 0 bytes is no disk", &o->run.disk);
	if (!err)
		err = load_efi_map(o);
	if (!err)
		err = load_efi_vars(o);
	return err ? err : load_esp(o);
}

int options_write(const struct options *o, struct buf *out)
{
	struct bytes data = { .data = out->data, .len = out->len };
	struct diag diag = { 0 };
	char line[1024];
	int err;

	if (out->failed)
		err = diag_set(&diag, -ENOMEM, "out of memory");
	else if (o->output)
		err = file_write(o->output, data, &diag);
	else
		err = file_write_fd(STDOUT_FILENO, data, &diag);
	if (err)
		fprintf(stderr, "bootpath: %s\n",
			diag_line(&diag, o->output ? o->output : "standard output", line,
				  sizeof(line)));
	return err;
}

/* "a, b, c" of a table's names, for the message that lists them. */
static const char *path_names(struct buf *b)
{
	for (size_t i = 0; sod_paths[i]; i++)
		buf_printf(b, "%s%s", i ? ", " : "", sod_paths[i]->name);
	return buf_str(b);
}

static const char *variant_names(const struct sod_path *path, struct buf *b)
{
	for (unsigned i = 0; i < path->variant_count; i++)
		buf_printf(b, "%s%s", i ? ", " : "", path->variants[i].name);
	return buf_str(b);
}

/* One "path[:variant]". */
static void parse_path(struct options *o, char *item, bool required, struct argp_state *state)
{
	char *colon = strchr(item, ':');
	struct path_choice choice = { .required = required };
	struct buf known = { 0 };

	if (colon)
		*colon++ = '\0';
	choice.path = sod_path_find(item);
	if (!choice.path)
		argp_error(state, "there is no path '%s'; known: %s", item, path_names(&known));
	choice.variant = colon ? sod_variant_find(choice.path, colon) : &choice.path->variants[0];
	if (!choice.variant)
		argp_error(state, "path %s has no variant '%s'; known: %s", item, colon,
			   variant_names(choice.path, &known));
	buf_free(&known);
	for (size_t i = 0; i < o->path_count; i++) {
		if (o->paths[i].path == choice.path && o->paths[i].variant == choice.variant) {
			o->paths[i].required |= required;
			return;
		}
	}
	if (o->path_count == PATH_CHOICES_MAX)
		argp_error(state, "more than %d paths", PATH_CHOICES_MAX);
	o->paths[o->path_count++] = choice;
}

static void parse_paths(struct options *o, const char *list, bool required,
			struct argp_state *state)
{
	char *copy = strdup(list), *rest = copy, *item;

	if (!copy)
		argp_failure(state, 125, ENOMEM, "%s", list);
	while ((item = strsep(&rest, ",")))
		parse_path(o, item, required, state);
	free(copy);
}

static uint64_t number_or_error(const char *option, const char *text, unsigned unit,
				struct argp_state *state)
{
	uint64_t v = 0;

	if (!parse_number(text, unit, &v))
		argp_error(state, "--%s: '%s' is not a number%s", option, text,
			   unit ? " with an optional suffix K, M, G or T" : "");
	return v;
}

static void parse_memory(struct run_options *run, const char *text, struct argp_state *state)
{
	run->memory = number_or_error("memory", text, 1024, state);
	if (run->memory < PLATFORM_MEMORY_MIN || run->memory > PLATFORM_MEMORY_MAX ||
	    run->memory % GUEST_PAGE_SIZE)
		argp_error(state, "--memory: '%s' is not a multiple of 4K from 2M to 1009G", text);
}

static void parse_cpu(struct run_options *run, const char *text, struct argp_state *state)
{
	struct buf known = { 0 };

	for (unsigned i = 0; i < CPU_PROFILE_COUNT; i++) {
		if (!strcmp(cpu_profile_names[i], text)) {
			run->cpu = i;
			return;
		}
	}
	for (unsigned i = 0; i < CPU_PROFILE_COUNT; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", cpu_profile_names[i]);
	argp_error(state, "--cpu: there is no profile '%s'; known: %s", text, buf_str(&known));
}

static const char *quirk_names(struct buf *b)
{
	for (unsigned i = 0; i < BIOS_QUIRK_COUNT; i++)
		buf_printf(b, "%s%s", i ? ", " : "", bios_quirk_infos[i].name);
	return buf_str(b);
}

static void parse_bios_quirks(struct run_options *run, const char *list, struct argp_state *state)
{
	char *copy = strdup(list), *rest = copy, *item;
	struct buf known = { 0 };
	enum bios_quirk q;

	if (!copy)
		argp_failure(state, 125, ENOMEM, "%s", list);
	while ((item = strsep(&rest, ","))) {
		if (!bios_quirk_find(item, &q))
			argp_error(state, "--bios-quirk: there is no '%s'; known: %s", item,
				   quirk_names(&known));
		else
			run->bios_quirks |= BIT(q);
	}
	buf_free(&known);
	free(copy);
}

/* "1024x768": what fits screen_info's 16-bit fields, and no fewer than the 640x480 of the smallest text screen. */
static void parse_gop(struct run_options *run, const char *text, struct argp_state *state)
{
	char width[8] = "";
	size_t len = strcspn(text, "x");
	uint64_t w = 0, h = 0;

	if (len < sizeof(width))
		memcpy(width, text, len);
	if (!text[len] || !parse_number(width, 0, &w) || !parse_number(text + len + 1, 0, &h) ||
	    w < 640 || h < 480 || w > 4096 || h > 4096 || w % 8)
		argp_error(
			state,
			"--gop: '%s' is not WIDTHxHEIGHT from 640x480 to 4096x4096, the width a multiple of 8",
			text);
	run->gop_width = (uint16_t)w;
	run->gop_height = (uint16_t)h;
}

static void parse_until(struct run_options *run, const char *text, struct argp_state *state)
{
	if (!until_is_sound(text))
		argp_error(
			state,
			"--until: '%s' is neither startup_64, compressed, kernel, a symbol nor an address 0x...",
			text);
	run->until = text;
}

static error_t parse_run_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct run_options *run = o ? &o->run : NULL;

	switch (key) {
	case OPT_PATH: parse_paths(o, arg, false, state); return 0;
	case OPT_REQUIRE: parse_paths(o, arg, true, state); return 0;
	case OPT_MEMORY: parse_memory(run, arg, state); return 0;
	case OPT_CMDLINE: run->cmdline = arg; return 0;
	case OPT_INITRD: run->initrd_path = arg; return 0;
	case OPT_CPU: parse_cpu(run, arg, state); return 0;
	case OPT_SEED: run->seed = number_or_error("seed", arg, 0, state); return 0;
	case OPT_DISK: run->disk_path = arg; return 0;
	case OPT_KEYS: run->keys = arg; return 0;
	case OPT_EFI_MEMMAP: run->efi_map_path = arg; return 0;
	case OPT_EFI_VARS: run->efi_vars_path = arg; return 0;
	case OPT_EFI_NX: run->efi_nx = true; return 0;
	case OPT_ESP: run->esp_path = arg; return 0;
	case OPT_GOP: parse_gop(run, arg, state); return 0;
	case OPT_BIOS_QUIRK: parse_bios_quirks(run, arg, state); return 0;
	case OPT_UNTIL: parse_until(run, arg, state); return 0;
	case OPT_VMLINUX: o->symbols.vmlinux = arg; return 0;
	case OPT_BUILD: o->symbols.build = arg; return 0;
	case OPT_SYSTEM_MAP: o->symbols.system_map = arg; return 0;
	case OPT_FORCE_SYMBOLS: o->symbols.force = true; return 0;
	case OPT_MAX_INSTRUCTIONS:
		run->max_instructions = number_or_error("max-instructions", arg, 1000, state);
		run->max_is_users = true;
		if (!run->max_instructions)
			argp_error(state, "--max-instructions: at least 1");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void parse_format(struct options *o, const char *text, struct argp_state *state)
{
	static const char *const names[FORMAT_COUNT] = {
		[FORMAT_TEXT] = "text",
		[FORMAT_JSON] = "json",
		[FORMAT_KTAP] = "ktap",
		[FORMAT_JUNIT] = "junit",
	};

	for (unsigned i = 0; i < FORMAT_COUNT; i++) {
		if (!strcmp(names[i], text)) {
			o->format = i;
			return;
		}
	}
	argp_error(state, "--format: '%s' is none of text, json, ktap and junit", text);
}

static error_t parse_output_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o': o->output = arg; return 0;
	case 'v': o->verbose = true; return 0;
	case OPT_FORMAT: parse_format(o, arg, state); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* clang-format off */
static const struct argp_option run_options[] = {
	{ "path",             OPT_PATH,             "LIST",   0, "Paths to boot by: PATH[:VARIANT],... (default: all that the image offers)", 1 },
	{ "require",          OPT_REQUIRE,          "LIST",   0, "Likewise, and it is a failure when the image does not offer one", 1 },
	{ "memory",           OPT_MEMORY,           "SIZE",   0, "RAM of the machine, with suffix K, M, G or T (default: 512M)", 1 },
	{ "cmdline",          OPT_CMDLINE,          "STRING", 0, "Kernel command line (default: empty)", 1 },
	{ "initrd",           OPT_INITRD,           "FILE",   0, "Initial RAM disk to load", 1 },
	{ "cpu",              OPT_CPU,              "PROFILE",0, "CPU: generic (default), qemu64 or max", 1 },
	{ "seed",             OPT_SEED,             "N",      0, "Seed of all randomness that the guest sees (default: 0)", 1 },
	{ "max-instructions", OPT_MAX_INSTRUCTIONS, "N",      0, "Call it a hang after N instructions; suffix K, M, G or T of 1000", 1 },
	{ "disk",             OPT_DISK,             "FILE",   0, "Hard disk that the BIOS reads on the path bios; nothing is written to it", 1 },
	{ "keys",             OPT_KEYS,             "STRING", 0, "Type this under the BIOS or UEFI; a newline is Enter", 1 },
	{ "bios-quirk",       OPT_BIOS_QUIRK,       "LIST",   0, "What the BIOS or the loader does wrong on the path bios (docs/bios-quirks.md)", 1 },
	{ "efi-memmap",       OPT_EFI_MEMMAP,       "FILE",   0, "A real machine's UEFI memory map, as JSON, instead of the built-in one", 1 },
	{ "efi-nx",           OPT_EFI_NX,           NULL,     0, "UEFI firmware maps data no-execute and code read-only", 1 },
	{ "efi-vars",         OPT_EFI_VARS,         "FILE",   0, "UEFI variables that differ from the firmware's own, as JSON", 1 },
	{ "esp",              OPT_ESP,              "DIR",    0, "Folder that UEFI images find as the EFI system partition, read-only", 1 },
	{ "gop",              OPT_GOP,              "WxH",    0, "UEFI firmware has a framebuffer of that many pixels (default: none)", 1 },
	{ "until",            OPT_UNTIL,            "WHERE",  0, "Stop at startup_64 (default: the kernel proper's entry), compressed, SYMBOL[+N][:return] or address 0x...", 1 },
	{ "build",            OPT_BUILD,            "DIR",    0, "Names from a kernel build tree; found by itself when the image lies in one", 1 },
	{ "vmlinux",          OPT_VMLINUX,          "FILE",   0, "Names of the kernel proper from its ELF file (default: its own kallsyms)", 1 },
	{ "system-map",       OPT_SYSTEM_MAP,       "FILE",   0, "Names of the kernel proper from a System.map", 1 },
	{ "force-symbols",    OPT_FORCE_SYMBOLS,    NULL,     0, "Take such files even if they are of another kernel", 1 },
	{ 0 }
};

static const struct argp_option output_options[] = {
	{ "format",           OPT_FORMAT,           "FORMAT", 0, "text (default), json, ktap or junit", 2 },
	{ "output",           'o',                  "FILE",   0, "Write to FILE, all or nothing, instead of standard output", 2 },
	{ "verbose",          'v',                  NULL,     0, "Say more", 2 },
	{ 0 }
};
/* clang-format on */

const struct argp options_run_argp = { .options = run_options, .parser = parse_run_option };
const struct argp options_output_argp = { .options = output_options,
					  .parser = parse_output_option };
