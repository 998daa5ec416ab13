/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System.map: what nm -n printed of the kernel proper, a line a symbol: address, type, name. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "loaders/symbol_files.h"

#define LINE_SIZE 1024u /* names have 512 bytes at most */
#define LINES_MAX 4000000u

/* "ffffffff81000000 T _text\n" */
static bool parse_line(const char *line, uint64_t *ret_address, char *ret_type,
		       const char **ret_name, size_t *ret_len)
{
	size_t digits = strspn(line, "0123456789abcdefABCDEF");
	const char *name = line + digits + 3;

	if (digits < 1 || digits > 16 || line[digits] != ' ' || line[digits + 1] <= ' ' ||
	    line[digits + 2] != ' ')
		return false;
	*ret_address = strtoull(line, NULL, 16);
	*ret_type = line[digits + 1];
	*ret_name = name;
	*ret_len = strcspn(name, " \t\n");
	return *ret_len && (name[*ret_len] == '\n' || !name[*ret_len]);
}

static int read_lines(FILE *f, const char *path, struct symbols_builder *b, struct diag *diag)
{
	char line[LINE_SIZE];

	for (unsigned n = 1; fgets(line, sizeof(line), f); n++) {
		uint64_t address;
		const char *name;
		size_t len;
		char type;

		if (n > LINES_MAX || !parse_line(line, &address, &type, &name, &len))
			return diag_set(diag, -EINVAL,
					"%s: line %u is not an address, a type and a name", path,
					n);
		symbols_add(b, address, type, name, len, SYMBOL_FROM_SYSTEM_MAP);
	}
	if (ferror(f))
		return diag_set(diag, -EIO, "%s: cannot be read", path);
	return 0;
}

/* Compare what both have only once; a name that has moved is another kernel's. */
static int prove(const struct symbols *map, const struct symbols *own, const char *path,
		 struct diag *diag)
{
	uint64_t same = 0;
	size_t first;

	for (size_t i = 0; i < own->count; i++) {
		const struct symbol *sym = &own->items[i];

		if (symbols_find_all(own, sym->name, &first) != 1 ||
		    symbols_find_all(map, sym->name, &first) != 1)
			continue;
		if (map->items[map->by_name[first]].address != sym->address)
			return diag_set(diag, -EINVAL,
					"%s: symbols of another kernel: %s is at 0x%" PRIx64
					" there, in the image at 0x%" PRIx64,
					path, sym->name, map->items[map->by_name[first]].address,
					sym->address);
		same++;
	}
	if (!same)
		return diag_set(diag, -EINVAL, "%s: it has none of the names that the image has",
				path);
	return 0;
}

int system_map_read(struct symbols *to, const char *path, bool force, struct diag *diag)
{
	FILE *f = fopen(path, "re");
	struct symbols_builder b;
	struct symbols map;
	int err;

	if (!f) {
		err = -errno;
		return diag_set(diag, err, "%s: cannot open: %s", basename(path),
				strerrordesc_np(-err));
	}
	symbols_begin(&b, &map, to->stage, to->start, to->end);
	err = read_lines(f, basename(path), &b, diag);
	fclose(f);
	if (err) {
		symbols_abandon(&b);
		return err;
	}
	err = symbols_finish(&b);
	if (!err && !force)
		err = prove(&map, to, basename(path), diag);
	if (err) {
		symbols_release(&map);
		return err;
	}
	symbols_release(to);
	*to = map;
	return 0;
}
