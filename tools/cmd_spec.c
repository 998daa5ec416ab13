/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bootpath spec`: lists and shows the clauses that images are judged by, and checks rule files. */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "specs/spec.h"
#include "tools/cmd.h"

struct spec_command {
	const char *action;
	const char *directory;
	char **args;
	unsigned arg_count;
};

/* clang-format off */
static const struct argp_option spec_options[] = {
	{ "specs", 'S', "DIR", 0, "read the rule files (*.yaml) of DIR instead of the built-in ones", 0 },
	{ 0 },
};
/* clang-format on */

static error_t parse_spec(int key, char *arg, struct argp_state *state)
{
	struct spec_command *c = state->input;

	switch (key) {
	case 'S': c->directory = arg; return 0;
	case ARGP_KEY_ARG:
		if (c->action)
			return ARGP_ERR_UNKNOWN;
		c->action = arg;
		return 0;
	case ARGP_KEY_ARGS:
		c->args = state->argv + state->next;
		c->arg_count = (unsigned)(state->argc - state->next);
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "list, show, lint or names?"); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp spec_argp = {
	.options = spec_options,
	.parser = parse_spec,
	.args_doc = "list\nshow ID...\nlint [FILE...]\nnames",
	.doc = "List and show the clauses that images are judged by, check rule files, and list the names that rules can use.",
};

static int complain(const struct diag *diag)
{
	fprintf(stderr, "bootpath: %s\n", diag->text);
	return EXIT_CANNOT_JUDGE;
}

static int is_rule_file(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > 5 && !strcmp(d->d_name + len - 5, ".yaml");
}

/* By byte value, so that the order does not depend on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_directory(struct spec_set *set, const char *directory, struct diag *diag)
{
	struct dirent **names = NULL;
	int count = scandir(directory, &names, is_rule_file, by_name), err = 0;

	if (count < 0)
		return diag_set(diag, -errno, "%s: %s", directory, strerror(errno));
	if (!count)
		err = diag_set(diag, -ENOENT, "%s: no rule files (*.yaml)", directory);
	for (int i = 0; i < count; i++) {
		struct buf path = { 0 };

		buf_printf(&path, "%s/%s", directory, names[i]->d_name);
		if (!err)
			err = spec_set_read(set, buf_str(&path), diag);
		buf_free(&path);
		free(names[i]);
	}
	free(names);
	return err;
}

static int load(struct spec_set *set, const struct spec_command *c, struct diag *diag)
{
	return c->directory ? read_directory(set, c->directory, diag) : spec_set_builtin(set, diag);
}

static void print_points(const struct clause *c)
{
	const char *comma = "";

	for (unsigned p = 0; p < POINT_COUNT; p++) {
		if (c->points & BIT(p)) {
			printf("%s%s", comma, point_names[p]);
			comma = ", ";
		}
	}
}

static int spec_list(const struct spec_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct clause *c = set->clauses[i];

		printf("%-8s %-5s  %s\n", c->id, verdict_level_names[c->level], c->text);
	}
	printf("%zu clauses\n", set->count);
	return 0;
}

static void print_violation(const struct violation *v)
{
	if (v->path)
		printf("  violate on %s\n", v->path);
	for (size_t i = 0; i < v->count; i++)
		printf("  violate %s: %s\n", alter_where_names[v->items[i].where],
		       v->items[i].text);
}

static void print_clause(const struct clause *c)
{
	printf("%s\n  text     %s\n  cite     %s\n  level    %s\n  subject  %s\n  point    ", c->id,
	       c->text, c->cite, verdict_level_names[c->level], verdict_subject_names[c->subject]);
	print_points(c);
	printf("\n  paths    ");
	for (unsigned i = 0; c->paths[i]; i++)
		printf("%s%s", i ? ", " : "", c->paths[i]);
	printf("%s\n", c->paths[0] ? "" : "all");
	if (c->gate_text)
		printf("  gate     %s\n", c->gate_text);
	printf("  require  %s\n  file     %s:%u\n", c->want, c->file, c->place.line);
	print_violation(&c->violation);
}

static int spec_show(const struct spec_set *set, const struct spec_command *c)
{
	if (!c->arg_count) {
		fprintf(stderr, "bootpath spec show: which clause?\n");
		return EXIT_USAGE;
	}
	for (unsigned i = 0; i < c->arg_count; i++) {
		const struct clause *clause = spec_find(set, c->args[i]);

		if (!clause) {
			fprintf(stderr,
				"bootpath spec show: no clause '%s'; `bootpath spec list` lists them\n",
				c->args[i]);
			return EXIT_USAGE;
		}
		print_clause(clause);
	}
	return 0;
}

/* How the clauses of a set can be shown to fail: by images, entries and guest code, or by a poked state alone. */
static void print_coverage(const struct spec_set *set)
{
	unsigned poked = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct violation *v = &set->clauses[i]->violation;
		bool state = false;

		for (size_t j = 0; j < v->count; j++)
			state |= v->items[j].where == ALTER_STATE;
		poked += state;
	}
	printf("%zu clauses, every one with a recipe that breaks it; %u of the recipes poke the state at evaluation\n",
	       set->count, poked);
}

static int spec_lint(const struct spec_command *c)
{
	struct spec_set set = { 0 };
	struct diag diag = { 0 };
	int err = 0;

	for (unsigned i = 0; i < c->arg_count && !err; i++)
		err = spec_set_read(&set, c->args[i], &diag);
	if (!c->arg_count)
		err = load(&set, c, &diag);
	if (!err)
		print_coverage(&set);
	spec_set_free(&set);
	return err ? complain(&diag) : 0;
}

static void print_name(void *arg, const char *kind, const char *name, const char *doc)
{
	printf("%-12s  %-32s  %s\n", kind, name, doc);
}

int cmd_spec(int argc, char **argv)
{
	struct spec_command c = { 0 };
	struct spec_set set = { 0 };
	struct diag diag = { 0 };
	int err, status = EXIT_USAGE;

	if (argp_parse(&spec_argp, argc, argv, 0, NULL, &c))
		return EXIT_USAGE;
	if (!strcmp(c.action, "lint"))
		return spec_lint(&c);
	if (!strcmp(c.action, "names")) {
		namespace_list(print_name, NULL);
		return 0;
	}
	if (strcmp(c.action, "list") && strcmp(c.action, "show")) {
		fprintf(stderr, "bootpath spec: unknown action '%s': list, show, lint or names\n",
			c.action);
		return EXIT_USAGE;
	}
	err = load(&set, &c, &diag);
	if (err)
		status = complain(&diag);
	else
		status = !strcmp(c.action, "list") ? spec_list(&set) : spec_show(&set, &c);
	spec_set_free(&set);
	return status;
}
