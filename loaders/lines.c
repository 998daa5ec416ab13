/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DWARF line tables through libdw (DWARF 5 chapter 6.2). The only user of it. */
#include "loaders/lines.h"

#include <errno.h>

#ifdef HAVE_LIBDW

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct source_lines {
	int fd;
	Dwarf *dwarf;
	uint64_t base;
	pthread_mutex_t lock; /* libdw reads units when they are first asked for */
};

int source_lines_open(struct source_lines **ret, const char *path, uint64_t base, struct diag *diag)
{
	struct source_lines *l = calloc(1, sizeof(*l));
	int err = 0;

	if (!l)
		return diag_set(diag, -ENOMEM, "out of memory");
	pthread_mutex_init(&l->lock, NULL);
	l->base = base;
	l->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (l->fd < 0)
		err = -errno;
	else if (!(l->dwarf = dwarf_begin(l->fd, DWARF_C_READ)))
		err = -ENODATA;
	if (err) {
		source_lines_close(l);
		return diag_set(diag, err, "%s: no source lines: %s", basename(path),
				err == -ENODATA ? "no DWARF" : strerrordesc_np(-err));
	}
	*ret = l;
	return 0;
}

struct source_lines *source_lines_close(struct source_lines *l)
{
	if (!l)
		return NULL;
	dwarf_end(l->dwarf);
	if (l->fd >= 0)
		close(l->fd);
	pthread_mutex_destroy(&l->lock);
	free(l);
	return NULL;
}

/* .debug_aranges need not cover every unit: then the units are asked one by one. */
static bool unit_of(Dwarf *dwarf, uint64_t address, Dwarf_Die *ret)
{
	Dwarf_CU *cu = NULL;
	uint8_t type;

	if (dwarf_addrdie(dwarf, address, ret))
		return true;
	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, ret, NULL) == 0) {
		if (dwarf_haspc(ret, address) == 1)
			return true;
	}
	return false;
}

/* What follows the folders that @file has in common with the unit's own. */
static const char *relative(const char *file, Dwarf_Die *unit)
{
	Dwarf_Attribute attr;
	const char *folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attr));
	size_t cut = 0;

	if (file[0] != '/')
		return file;
	for (size_t i = 0; folder && file[i]; i++) {
		if (file[i] == '/' && (!folder[i] || folder[i] == '/'))
			cut = i + 1;
		if (!folder[i] || file[i] != folder[i])
			break;
	}
	/* Nothing in common but the root: it is elsewhere, and where is nobody's business. */
	return cut > 1 ? file + cut : basename(file);
}

static const char *plain(const char *file)
{
	while (!strncmp(file, "./", 2))
		file += 2;
	return file;
}

bool source_lines_at(struct source_lines *l, uint64_t address, char *ret_file, size_t size,
		     unsigned *ret_line)
{
	const char *file = NULL;
	Dwarf_Line *line;
	Dwarf_Die unit;
	int number = 0;

	if (!l)
		return false;
	pthread_mutex_lock(&l->lock);
	address += l->base;
	if (unit_of(l->dwarf, address, &unit) && (line = dwarf_getsrc_die(&unit, address)) &&
	    !dwarf_lineno(line, &number) && (file = dwarf_linesrc(line, NULL, NULL)))
		snprintf(ret_file, size, "%s", plain(relative(file, &unit)));
	pthread_mutex_unlock(&l->lock);
	*ret_line = (unsigned)number;
	return file && number > 0;
}

#else

int source_lines_open(struct source_lines **ret, const char *path, uint64_t base, struct diag *diag)
{
	(void)ret;
	(void)path;
	(void)base;
	return diag_set(diag, -ENOTSUP, "no source lines: built without libdw");
}

struct source_lines *source_lines_close(struct source_lines *l)
{
	(void)l;
	return NULL;
}

bool source_lines_at(struct source_lines *l, uint64_t address, char *ret_file, size_t size,
		     unsigned *ret_line)
{
	(void)l;
	(void)address;
	(void)ret_file;
	(void)size;
	(void)ret_line;
	return false;
}

#endif
