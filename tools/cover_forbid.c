/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and judging a list of code that must not run on a path. */
#include "tools/cover_forbid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/call_chain.h"
#include "tools/file.h"
#include "tools/options.h" /* parse_number */

#define FORBID_FILE_MAX MIB(4)

static int complain(struct diag *diag, const struct forbid_list *list, unsigned line,
		    const char *what, const char *word)
{
	return diag_set(diag, -EINVAL, "%s:%u: %s: '%s'", list->name, line, what, word);
}

static int range_add(struct forbid_rule *rule, enum code_stage stage, uint64_t start, uint64_t last)
{
	struct forbid_range *grown =
		reallocarray(rule->ranges, rule->range_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	rule->ranges = grown;
	grown[rule->range_count++] =
		(struct forbid_range){ .stage = stage, .start = start, .last = last };
	return 0;
}

/* Every function of that name, in one stage or in all. */
static int add_functions(struct forbid_rule *rule, const char *name, int only,
			 const struct image_symbols *symbols)
{
	int err = 0;

	for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
		const struct symbols *s = &symbols->stage[stage];
		size_t first, n;

		if (only >= 0 && stage != (unsigned)only)
			continue;
		n = symbols_find_all(s, name, &first);
		for (size_t i = 0; i < n && !err; i++) {
			const struct symbol *sym = &s->items[s->by_name[first + i]];

			err = range_add(rule, stage, sym->address,
					sym->address + (sym->size ? sym->size - 1 : 0));
		}
	}
	return err;
}

/* "0xSTART-0xLAST"; false: it is not of that form. */
static bool parse_range(const char *text, uint64_t *ret_start, uint64_t *ret_last)
{
	const char *dash = strchr(text, '-');
	char start[32];

	if (text[0] != '0' || !dash || (size_t)(dash - text) >= sizeof(start))
		return false;
	memcpy(start, text, (size_t)(dash - text));
	start[dash - text] = '\0';
	return parse_number(start, 0, ret_start) && parse_number(dash + 1, 0, ret_last) &&
	       *ret_start <= *ret_last;
}

/* [STAGE/]FUNCTION or STAGE/0xSTART-0xLAST */
static int resolve(struct forbid_rule *rule, const struct forbid_list *list,
		   const struct image_symbols *symbols, struct diag *diag)
{
	const char *slash = strchr(rule->what, '/'), *name = slash ? slash + 1 : rule->what;
	uint64_t start, last;
	int stage = -1, err;

	for (int i = 0; slash && i < STAGE_COUNT; i++) {
		if (strlen(code_stage_names[i]) == (size_t)(slash - rule->what) &&
		    !strncmp(code_stage_names[i], rule->what, (size_t)(slash - rule->what)))
			stage = i;
	}
	if (slash && stage < 0)
		return complain(diag, list, rule->line, "no such stage", rule->what);
	if (parse_range(name, &start, &last)) {
		if (stage < 0)
			return complain(diag, list, rule->line, "a range needs its stage in front",
					rule->what);
		err = range_add(rule, (enum code_stage)stage, start, last);
	} else {
		err = add_functions(rule, name, stage, symbols);
	}
	if (err)
		return diag_set(diag, err, "%s: out of memory", list->name);
	if (!rule->range_count)
		return complain(diag, list, rule->line, "the image has no such function",
				rule->what);
	return 0;
}

/* Every item is the name of a path, without its variant, or all of it is "*". */
static int check_paths_known(const struct forbid_rule *rule, const struct forbid_list *list,
			     struct diag *diag)
{
	char *copy = strdup(rule->paths), *rest = copy, *item;
	int err = copy ? 0 : diag_set(diag, -ENOMEM, "%s: out of memory", list->name);

	while (!err && strcmp(rule->paths, "*") && (item = strsep(&rest, ","))) {
		if (!sod_path_find(item))
			err = complain(diag, list, rule->line, "no such path", item);
	}
	free(copy);
	return err;
}

static bool rule_names_path(const struct forbid_rule *rule, const char *path)
{
	size_t len = strlen(path);

	if (!strcmp(rule->paths, "*"))
		return true;
	for (const char *at = rule->paths; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, path, len) && (!at[len] || at[len] == ','))
			return true;
	}
	return false;
}

static int parse_line(struct forbid_list *list, unsigned number, char *line,
		      const struct image_symbols *symbols, struct diag *diag)
{
	static const char blank[] = " \t\r";
	struct forbid_rule *rule, *grown;
	char *fields[3];
	int err;

	line += strspn(line, blank);
	if (!*line || *line == '#')
		return 0;
	for (unsigned i = 0; i < 3; i++) {
		fields[i] = line;
		line += i < 2 ? strcspn(line, blank) : strlen(line);
		if (*line)
			*line++ = '\0';
		line += strspn(line, blank);
	}
	if (!*fields[1] || !*fields[2])
		return complain(diag, list, number,
				"expected a function or range, paths, and the reason", fields[0]);
	grown = reallocarray(list->rules, list->count + 1, sizeof(*grown));
	if (!grown)
		return diag_set(diag, -ENOMEM, "%s: out of memory", list->name);
	list->rules = grown;
	rule = &grown[list->count++];
	*rule = (struct forbid_rule){ .line = number,
				      .what = strdup(fields[0]),
				      .paths = strdup(fields[1]),
				      .reason = strdup(fields[2]) };
	if (!rule->what || !rule->paths || !rule->reason)
		return diag_set(diag, -ENOMEM, "%s: out of memory", list->name);
	err = check_paths_known(rule, list, diag);
	return err ? err : resolve(rule, list, symbols, diag);
}

int forbid_parse(struct forbid_list *ret, const char *name, struct bytes text,
		 const struct image_symbols *symbols, struct diag *diag)
{
	char *copy = malloc(text.len + 1), *rest = copy, *line;
	unsigned number = 0;
	int err = 0;

	*ret = (struct forbid_list){ 0 };
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	if (!copy)
		return diag_set(diag, -ENOMEM, "%s: out of memory", ret->name);
	if (text.len)
		memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (strlen(copy) != text.len)
		err = diag_set(diag, -EINVAL, "%s: not a text file", ret->name);
	while (!err && (line = strsep(&rest, "\n")))
		err = parse_line(ret, ++number, line, symbols, diag);
	free(copy);
	if (err)
		forbid_release(ret);
	return err;
}

int forbid_read(struct forbid_list *ret, const char *path, const struct image_symbols *symbols,
		struct diag *diag)
{
	struct buf text = { 0 };
	int err = file_read_named(path, FORBID_FILE_MAX, &text, diag);

	if (!err)
		err = forbid_parse(ret, file_base_name(path), (struct bytes){ text.data, text.len },
				   symbols, diag);
	buf_free(&text);
	return err;
}

void forbid_release(struct forbid_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->rules[i].what);
		free(list->rules[i].paths);
		free(list->rules[i].reason);
		free(list->rules[i].ranges);
	}
	free(list->rules);
	list->rules = NULL;
	list->count = 0;
}

/* --- judging --- */

/* Did @path run an instruction in one of the rule's ranges? */
static bool rule_broken(const struct forbid_rule *rule, const struct cover *c, size_t path)
{
	for (size_t r = 0; r < rule->range_count; r++) {
		const struct forbid_range *range = &rule->ranges[r];
		const struct cover_insns *list = &c->stage[range->stage];

		for (size_t i = 0; i < list->count; i++) {
			const struct cover_insn *insn = &list->items[i];

			if (insn->paths >> path & 1 && insn->address >= range->start &&
			    insn->address <= range->last)
				return true;
		}
	}
	return false;
}

static int hit_add(struct forbid_hits *hits, const struct forbid_rule *rule, const struct cover *c,
		   size_t path, const struct run_options *options)
{
	struct forbid_hit *hit = reallocarray(hits->items, hits->count + 1, sizeof(*hit));

	if (!hit)
		return -ENOMEM;
	hits->items = hit;
	hit = &hit[hits->count++];
	*hit = (struct forbid_hit){ .rule = rule, .path = path };
	return call_chain(c, path, options, hit);
}

int forbid_judge(const struct forbid_list *list, const struct cover *c,
		 const struct run_options *options, struct forbid_hits *ret)
{
	int err = 0;

	for (size_t i = 0; i < list->count; i++) {
		for (size_t path = 0; path < c->result->path_count && !err; path++) {
			const struct forbid_rule *rule = &list->rules[i];

			if (rule_names_path(rule, c->result->paths[path].path->name) &&
			    rule_broken(rule, c, path))
				err = hit_add(ret, rule, c, path, options);
		}
	}
	return err;
}

void forbid_hits_release(struct forbid_hits *hits)
{
	for (size_t i = 0; i < hits->count; i++) {
		for (size_t k = 0; k < hits->items[i].chain_count; k++)
			free(hits->items[i].chain[k]);
		free(hits->items[i].chain);
	}
	free(hits->items);
	*hits = (struct forbid_hits){ 0 };
}

void forbid_text(const struct forbid_list *list, const struct forbid_hits *hits,
		 const struct cover *c, struct buf *out)
{
	for (size_t i = 0; i < hits->count; i++) {
		const struct forbid_hit *hit = &hits->items[i];
		const struct report_path *p = &c->result->paths[hit->path];

		buf_printf(out, "\nFAIL: %s ran on %s:%s: %s (%s:%u)\n", hit->rule->what,
			   p->path->name, p->variant->name, hit->rule->reason, list->name,
			   hit->rule->line);
		for (size_t k = 0; k < hit->chain_count; k++)
			buf_printf(out, "  %s%s\n", k ? "from " : "", hit->chain[k]);
	}
	if (!hits->count)
		buf_printf(out, "\n%zu rule%s of %s kept\n", list->count,
			   list->count == 1 ? "" : "s", list->name);
}
