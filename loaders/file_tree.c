/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a folder whole, and finding files in it by the paths that UEFI uses (UEFI 2.10, 13.5.2 EFI_FILE_PROTOCOL.Open()). */
#include "loaders/file_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the microsoft FAT specification ("Long File Name") and 13.5.2 keep out of names, beside control characters. */
static const char forbidden[] = "\"*/:<>?\\|";

/* One name of a folder while it is read. */
struct listed {
	char host[FILE_NAME_MAX * 3 + 1];
	uint16_t name[FILE_NAME_MAX + 1];
};

struct listing {
	struct listed *items;
	size_t count, cap;
};

uint16_t file_name_fold(uint16_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint16_t)(c + ('a' - 'A')) : c;
}

static int name_compare(const uint16_t *a, const uint16_t *b)
{
	for (;; a++, b++) {
		uint16_t x = file_name_fold(*a), y = file_name_fold(*b);

		if (x != y)
			return x < y ? -1 : 1;
		if (!x)
			return 0;
	}
}

static int listed_compare(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	return name_compare(x->name, y->name);
}

/* One character of UTF-8 that UCS-2 has, or 0; its length in *ret_len. */
static uint16_t utf8_next(const uint8_t *s, size_t *ret_len)
{
	uint32_t c = s[0];
	size_t len = c < 0x80 ? 1 : (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : 0;

	if (!len)
		return 0;
	if (len > 1)
		c &= 0x7f >> len;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	/* Too long a form, or half of a pair. */
	if ((len == 2 && c < 0x80) || (len == 3 && c < 0x800) || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_len = len;
	return (uint16_t)c;
}

static bool name_from_host(const char *host, uint16_t name[FILE_NAME_MAX + 1])
{
	size_t n = 0, len = 0;

	for (const uint8_t *s = (const uint8_t *)host; *s; s += len) {
		uint16_t c = utf8_next(s, &len);

		if (c < 0x20 || c == 0x7f || (c < 0x80 && strchr(forbidden, c)) ||
		    n == FILE_NAME_MAX)
			return false;
		name[n++] = c;
	}
	name[n] = 0;
	return n > 0;
}

static int listing_add(struct listing *l, const char *host, struct diag *diag)
{
	struct listed *item;

	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct listed *grown;

		if (l->count >= FILE_TREE_NODES_MAX)
			return diag_set(diag, -EFBIG, "more than %u files and folders",
					FILE_TREE_NODES_MAX);
		grown = reallocarray(l->items, cap, sizeof(*grown));
		if (!grown)
			return diag_set(diag, -ENOMEM, "out of memory");
		l->items = grown;
		l->cap = cap;
	}
	item = &l->items[l->count];
	if (strlen(host) >= sizeof(item->host) || !name_from_host(host, item->name))
		return diag_set(diag, -EINVAL,
				"a file or folder has a name that FAT cannot hold, \"%.60s\"",
				strpbrk(host, "\n\r\033") ? "?" : host);
	snprintf(item->host, sizeof(item->host), "%s", host);
	l->count++;
	return 0;
}

/* Sorted, so that the host's order does not matter; names that FAT takes for one are refused. */
static int listing_read(int fd, struct listing *l, struct diag *diag)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	int r = 0;

	if (!dir) {
		r = diag_set(diag, -errno, "cannot list a folder: %s", strerrordesc_np(errno));
		if (copy >= 0)
			close(copy);
		return r;
	}
	errno = 0;
	while (!r && (e = readdir(dir))) {
		struct stat st;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			r = diag_set(diag, -errno, "%.100s: cannot stat: %s", e->d_name,
				     strerrordesc_np(errno));
		else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
			r = listing_add(l, e->d_name, diag);
		errno = 0;
	}
	if (!r && errno)
		r = diag_set(diag, -errno, "cannot list a folder: %s", strerrordesc_np(errno));
	closedir(dir);
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), listed_compare);
	for (size_t i = 1; !r && i < l->count; i++)
		if (!name_compare(l->items[i - 1].name, l->items[i].name))
			r = diag_set(diag, -EINVAL, "%s and %s are one name on FAT",
				     l->items[i - 1].host, l->items[i].host);
	return r;
}

static int file_read_whole(struct file_tree *tree, int fd, uint64_t size, struct bytes *ret,
			   struct diag *diag)
{
	uint8_t *data;
	size_t len = 0;

	if (size > FILE_TREE_BYTES_MAX - tree->bytes)
		return diag_set(diag, -EFBIG, "its files have more than 0x%llx bytes",
				(unsigned long long)FILE_TREE_BYTES_MAX);
	data = malloc(size ? size : 1);
	if (!data)
		return diag_set(diag, -ENOMEM, "out of memory");
	while (len < size) {
		ssize_t n = read(fd, data + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = -errno;

			free(data);
			return diag_set(diag, err, "cannot read: %s", strerrordesc_np(-err));
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	tree->bytes += len;
	*ret = (struct bytes){ data, len };
	return 0;
}

static int nodes_add(struct file_tree *tree, uint32_t count, struct diag *diag)
{
	uint32_t need = tree->count + count;

	if (need > FILE_TREE_NODES_MAX)
		return diag_set(diag, -EFBIG, "more than %u files and folders",
				FILE_TREE_NODES_MAX);
	if (need > tree->cap) {
		uint32_t cap = need > tree->cap * 2 ? need : tree->cap * 2;
		struct file_node *grown = reallocarray(tree->nodes, cap, sizeof(*grown));

		if (!grown)
			return diag_set(diag, -ENOMEM, "out of memory");
		tree->nodes = grown;
		tree->cap = cap;
	}
	memset(&tree->nodes[tree->count], 0, count * sizeof(*tree->nodes));
	tree->count = need;
	return 0;
}

static int folder_read(struct file_tree *tree, int fd, uint32_t node, unsigned depth,
		       struct diag *diag);

static int child_read(struct file_tree *tree, int fd, const char *host, uint32_t node,
		      unsigned depth, struct diag *diag)
{
	struct stat st;
	int child, r;

	/* O_NOFOLLOW and O_NONBLOCK: it may have become something else meanwhile. */
	child = openat(fd, host, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (child < 0 || fstat(child, &st) < 0) {
		r = diag_set(diag, -errno, "%.100s: cannot open: %s", host, strerrordesc_np(errno));
	} else if (S_ISDIR(st.st_mode)) {
		tree->nodes[node].is_dir = true;
		r = folder_read(tree, child, node, depth + 1, diag);
	} else {
		struct bytes data = { 0 };

		r = file_read_whole(tree, child, (uint64_t)st.st_size, &data, diag);
		tree->nodes[node].data = data;
	}
	if (child >= 0)
		close(child);
	return r;
}

static int folder_read(struct file_tree *tree, int fd, uint32_t node, unsigned depth,
		       struct diag *diag)
{
	struct listing l = { 0 };
	uint32_t first = tree->count;
	int r;

	if (depth > FILE_TREE_DEPTH_MAX)
		return diag_set(diag, -EFBIG, "folders lie more than %u deep", FILE_TREE_DEPTH_MAX);
	r = listing_read(fd, &l, diag);
	if (!r)
		r = nodes_add(tree, (uint32_t)l.count, diag);
	if (r)
		goto out;
	tree->nodes[node].first_child = first;
	tree->nodes[node].child_count = (uint32_t)l.count;
	for (uint32_t i = 0; i < l.count; i++) {
		memcpy(tree->nodes[first + i].name, l.items[i].name, sizeof(l.items[i].name));
		tree->nodes[first + i].parent = node;
	}
	for (uint32_t i = 0; !r && i < l.count; i++)
		r = child_read(tree, fd, l.items[i].host, first + i, depth, diag);
out:
	free(l.items);
	return r;
}

static int tree_digest(struct file_tree *tree, struct diag *diag)
{
	struct digest *d = digest_create();

	if (!d)
		return diag_set(diag, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct file_node *n = &tree->nodes[i];

		for (size_t k = 0; n->name[k]; k++)
			digest_u64(d, n->name[k]);
		digest_u64(d, n->is_dir);
		digest_u64(d, n->parent);
		digest_u64(d, n->data.len);
		digest_add(d, n->data.data, n->data.len);
	}
	digest_hex(d, tree->digest);
	digest_destroy(d);
	return 0;
}

int file_tree_read(struct file_tree **ret_tree, const char *path, struct diag *diag)
{
	struct file_tree *tree = calloc(1, sizeof(*tree));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (!tree)
		r = diag_set(diag, -ENOMEM, "out of memory");
	else if (fd < 0)
		r = diag_set(diag, -errno, "cannot open: %s", strerrordesc_np(errno));
	else
		r = nodes_add(tree, 1, diag);
	if (!r) {
		tree->nodes[0].is_dir = true;
		r = folder_read(tree, fd, 0, 1, diag);
	}
	if (!r)
		r = fat_lay_out(tree, diag);
	if (!r)
		r = tree_digest(tree, diag);
	if (fd >= 0)
		close(fd);
	if (r)
		file_tree_free(tree);
	else
		*ret_tree = tree;
	return r;
}

struct file_tree *file_tree_free(struct file_tree *tree)
{
	if (!tree)
		return NULL;
	for (uint32_t i = 0; i < tree->count; i++)
		free((uint8_t *)(uintptr_t)tree->nodes[i].data.data);
	free(tree->nodes);
	free(tree);
	return NULL;
}

/* The part's end: the next backslash or the NUL. */
static size_t part_len(const uint16_t *s)
{
	size_t n = 0;

	while (s[n] && s[n] != '\\')
		n++;
	return n;
}

static bool part_is(const uint16_t *s, size_t len, const uint16_t *name)
{
	for (size_t i = 0; i < len; i++)
		if (!name[i] || file_name_fold(s[i]) != file_name_fold(name[i]))
			return false;
	return !name[len];
}

static uint32_t child_find(const struct file_tree *tree, uint32_t node, const uint16_t *s,
			   size_t len)
{
	const struct file_node *n = &tree->nodes[node];

	if (len == 1 && s[0] == '.')
		return node;
	if (len == 2 && s[0] == '.' && s[1] == '.')
		return node ? n->parent : FILE_NODE_NONE;
	for (uint32_t i = 0; i < n->child_count; i++)
		if (len && len <= FILE_NAME_MAX &&
		    part_is(s, len, tree->nodes[n->first_child + i].name))
			return n->first_child + i;
	return FILE_NODE_NONE;
}

uint32_t file_tree_find(const struct file_tree *tree, uint32_t start, const uint16_t *path)
{
	uint32_t node = *path == '\\' ? 0 : start;

	while (*path && node != FILE_NODE_NONE) {
		size_t len = part_len(path);

		/* Two backslashes in a row are one. */
		if (len) {
			if (!tree->nodes[node].is_dir)
				return FILE_NODE_NONE;
			node = child_find(tree, node, path, len);
		}
		path += len;
		if (*path == '\\')
			path++;
	}
	return node;
}

uint32_t file_tree_find_data(const struct file_tree *tree, struct bytes data)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct file_node *n = &tree->nodes[i];

		if (!n->is_dir && n->data.len == data.len &&
		    (!data.len || !memcmp(n->data.data, data.data, data.len)))
			return i;
	}
	return FILE_NODE_NONE;
}

size_t file_tree_path(const struct file_tree *tree, uint32_t node, uint16_t *ret_path, size_t max)
{
	uint32_t chain[FILE_TREE_DEPTH_MAX + 1];
	size_t depth = 0, len = 0;

	for (; node && depth < ARRAY_SIZE(chain); node = tree->nodes[node].parent)
		chain[depth++] = node;
	while (depth-- > 0) {
		const uint16_t *name = tree->nodes[chain[depth]].name;

		if (len + 1 < max)
			ret_path[len++] = '\\';
		for (size_t i = 0; name[i] && len + 1 < max; i++)
			ret_path[len++] = name[i];
	}
	ret_path[len] = 0;
	return len;
}
