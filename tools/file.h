/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files in and out. */
#ifndef TOOLS_FILE_H
#define TOOLS_FILE_H

#include "emu/base/buf.h"
#include "emu/base/diag.h"

/* Append the bytes of the regular file @path, at most @max, to @b; -EFBIG past that. */
int file_read(const char *path, uint64_t max, struct buf *b, struct diag *diag);
/* The same, and what @diag says begins with the file's name, as the parsers of text files have it. */
int file_read_named(const char *path, uint64_t max, struct buf *b, struct diag *diag);

/*
 * Write @data to @path, all or nothing: into a temporary file beside it, synced,
 * then renamed. What is no regular file (a device, a pipe) is written in place.
 * On failure nothing is left behind and an older file is untouched.
 */
int file_write(const char *path, struct bytes data, struct diag *diag);

/* Write @data to the descriptor @fd, which stays open. */
int file_write_fd(int fd, struct bytes data, struct diag *diag);

#endif
