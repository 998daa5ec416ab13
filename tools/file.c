/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files in and out; writing is all or nothing. */
#include "tools/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read(const char *path, uint64_t max, struct buf *b, struct diag *diag)
{
	uint8_t chunk[65536];
	struct stat st;
	uint64_t total = 0;
	ssize_t n;
	int err = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return diag_set(diag, -errno, "%s", strerror(errno));
	if (fstat(fd, &st))
		err = diag_set(diag, -errno, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		err = diag_set(diag, S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL, "not a regular file");
	while (!err) {
		n = read(fd, chunk, sizeof(chunk));
		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = diag_set(diag, -errno, "%s", strerror(errno));
			break;
		}
		total += (size_t)n;
		if (total > max)
			err = diag_set(diag, -EFBIG, "larger than %" PRIu64 " bytes", max);
		else
			buf_append(b, chunk, (size_t)n);
		if (b->failed)
			err = diag_set(diag, -ENOMEM, "out of memory");
	}
	close(fd);
	return err;
}

int file_read_named(const char *path, uint64_t max, struct buf *b, struct diag *diag)
{
	struct diag reading = { 0 };
	char line[sizeof(reading.text)];
	int err = file_read(path, max, b, &reading);

	if (err)
		diag_set(diag, err, "%s",
			 diag_line(&reading, file_base_name(path), line, sizeof(line)));
	return err;
}

int file_write_fd(int fd, struct bytes data, struct diag *diag)
{
	while (data.len) {
		ssize_t n = write(fd, data.data, data.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return diag_set(diag, -errno, "%s", strerror(errno));
		data.data += n;
		data.len -= (size_t)n;
	}
	return 0;
}

static int file_write_in_place(const char *path, struct bytes data, struct diag *diag)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return diag_set(diag, -errno, "%s", strerror(errno));
	err = file_write_fd(fd, data, diag);
	if (close(fd) && !err)
		err = diag_set(diag, -errno, "%s", strerror(errno));
	return err;
}

/* A new file "PATH.tmpN" that nobody else has; its descriptor, its name in *ret_name. */
static int temporary_open(const char *path, char **ret_name, struct diag *diag)
{
	for (unsigned i = 0; i < 1000; i++) {
		char *name;
		int fd;

		if (asprintf(&name, "%s.tmp%u", path, i) < 0)
			return diag_set(diag, -ENOMEM, "out of memory");
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0) {
			*ret_name = name;
			return fd;
		}
		free(name);
		if (errno != EEXIST)
			return diag_set(diag, -errno, "%s", strerror(errno));
	}
	return diag_set(diag, -EEXIST, "no free name for a temporary file beside it");
}

static int file_replace(const char *path, mode_t mode, struct bytes data, struct diag *diag)
{
	char *name = NULL;
	int fd = temporary_open(path, &name, diag);
	int err;

	if (fd < 0)
		return fd;
	err = file_write_fd(fd, data, diag);
	if (!err && mode && fchmod(fd, mode))
		err = diag_set(diag, -errno, "%s", strerror(errno));
	if (!err && fsync(fd))
		err = diag_set(diag, -errno, "%s", strerror(errno));
	if (close(fd) && !err)
		err = diag_set(diag, -errno, "%s", strerror(errno));
	if (!err && rename(name, path))
		err = diag_set(diag, -errno, "%s", strerror(errno));
	if (err)
		unlink(name);
	free(name);
	return err;
}

int file_write(const char *path, struct bytes data, struct diag *diag)
{
	char *target = NULL;
	struct stat st;
	mode_t mode = 0;
	int err;

	if (!stat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return diag_set(diag, -EISDIR, "%s", strerror(EISDIR));
		if (!S_ISREG(st.st_mode))
			return file_write_in_place(path, data, diag);
		if (access(path, W_OK))
			return diag_set(diag, -errno, "%s", strerror(errno));
		/* Renaming onto a symbolic link would replace the link. */
		target = realpath(path, NULL);
		mode = st.st_mode & 07777;
	}
	err = file_replace(target ? target : path, mode, data, diag);
	free(target);
	return err;
}
