/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening an image: reading the file whole, its identity, and handing it to the format that knows it. */
#include "loaders/image.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loaders/formats.h"
#include "loaders/pe.h"
#include "loaders/symbols.h"

static void image_set_name(struct image *image, const char *name)
{
	snprintf(image->name, sizeof(image->name), "%s", file_base_name(name));
}

/* Takes @data over, also when it fails. Leaves the SHA-256 out. */
static int image_build(struct image **ret_image, const char *name, struct bytes data,
		       struct diag *diag)
{
	struct image *image = calloc(1, sizeof(*image));
	const struct image_ops *ops;
	int r;

	if (!image) {
		free((uint8_t *)(uintptr_t)data.data);
		return diag_set(diag, -ENOMEM, "out of memory");
	}
	image->file = data;
	image_set_name(image, name);
	if (!data.len) {
		r = diag_at(diag, -EINVAL, 0, "the file is empty");
		goto fail;
	}
	ops = image_ops_probe(data);
	if (!ops) {
		r = diag_at(diag, -EINVAL, data.len < 0x206 ? data.len : 0x202,
			    "not a boot image: no \"HdrS\" at 0x202, no ELF, no PE");
		goto fail;
	}
	image->format = ops->format;
	image->has_pe = pe_read(data, &image->pe);
	r = ops->parse(image, diag);
	if (r < 0)
		goto fail;
	image_entries_fill(image);
	*ret_image = image;
	return 0;

fail:
	image_close(image);
	return r;
}

static void image_hash(struct image *image)
{
	sha256_hex(image->file.data, image->file.len, image->sha256);
}

int image_from_bytes(struct image **ret_image, const char *name, struct bytes data,
		     struct diag *diag)
{
	uint8_t *copy;
	int r;

	if (data.len > IMAGE_FILE_MAX)
		return diag_set(diag, -EFBIG, "the file has more than 0x%llx bytes",
				(unsigned long long)IMAGE_FILE_MAX);
	copy = malloc(data.len ? data.len : 1);
	if (!copy)
		return diag_set(diag, -ENOMEM, "out of memory");
	if (data.len)
		memcpy(copy, data.data, data.len);
	r = image_build(ret_image, name, (struct bytes){ copy, data.len }, diag);
	if (!r)
		image_hash(*ret_image);
	return r;
}

/* The whole of a regular file that is already open. */
static int read_file(int fd, struct bytes *ret_data, struct diag *diag)
{
	struct stat st;
	uint8_t *data;
	size_t len = 0;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return diag_set(diag, -errno, "cannot stat: %s", strerrordesc_np(errno));
	if (S_ISDIR(st.st_mode))
		return diag_set(diag, -EISDIR, "it is a directory");
	if (!S_ISREG(st.st_mode))
		return diag_set(diag, -EINVAL, "it is not a regular file");
	if ((uint64_t)st.st_size > IMAGE_FILE_MAX)
		return diag_set(diag, -EFBIG, "the file has more than 0x%llx bytes",
				(unsigned long long)IMAGE_FILE_MAX);
	data = malloc(st.st_size ? (size_t)st.st_size : 1);
	if (!data)
		return diag_set(diag, -ENOMEM, "out of memory");
	while (len < (size_t)st.st_size) {
		n = read(fd, data + len, (size_t)st.st_size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			n = -errno;
			free(data);
			return diag_set(diag, (int)n, "cannot read: %s", strerrordesc_np((int)-n));
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_data = (struct bytes){ data, len };
	return 0;
}

static int open_file(struct image **ret_image, const char *path, struct diag *diag)
{
	struct bytes data;
	int fd, r;

	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		r = -errno;
		return diag_set(diag, r, "cannot open: %s", strerrordesc_np(-r));
	}
	r = read_file(fd, &data, diag);
	close(fd);
	if (r < 0)
		return r;
	return image_build(ret_image, path, data, diag);
}

int image_open(struct image **ret_image, const char *path, struct diag *diag)
{
	int r = open_file(ret_image, path, diag);

	if (!r)
		image_hash(*ret_image);
	return r;
}

static void *hash_thread(void *arg)
{
	image_hash(arg);
	return NULL;
}

int image_load(struct image **ret_image, const char *path, struct diag *diag)
{
	pthread_t thread;
	bool beside;
	int r = open_file(ret_image, path, diag);

	if (r < 0)
		return r;
	/* Unpacking reads the file too, and writes everything of the image but its hash. */
	beside = !pthread_create(&thread, NULL, hash_thread, *ret_image);
	r = image_unpack(*ret_image, diag);
	if (beside)
		pthread_join(thread, NULL);
	else
		image_hash(*ret_image);
	if (r < 0)
		*ret_image = image_close(*ret_image);
	return r;
}

int image_unpack(struct image *image, struct diag *diag)
{
	const struct image_ops *ops = image_ops_get(image->format);
	int r;

	if (!ops->unpack)
		return 0;
	r = ops->unpack(image, diag);
	if (r < 0)
		return r;
	image_entries_fill(image);
	return 0;
}

struct image *image_close(struct image *image)
{
	if (!image)
		return NULL;
	image_symbols_release(image->symbols);
	free(image->symbols);
	free(image->bz);
	free(image->elf);
	free((uint8_t *)(uintptr_t)image->payload.data);
	free((uint8_t *)(uintptr_t)image->file.data);
	free(image);
	return NULL;
}

const struct image_entry *image_entry_find(const struct image *image, const char *path)
{
	for (unsigned i = 0; i < image->entry_count; i++)
		if (!strcmp(image->entries[i].path, path))
			return &image->entries[i];
	return NULL;
}
