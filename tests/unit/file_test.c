/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files: all or nothing. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <criterion/criterion.h>

#include "tools/file.h"

static const struct bytes hello = { (const uint8_t *)"hello\n", 6 };

static char *make_dir(void)
{
	char *dir = strdup("/tmp/bootpath-file-XXXXXX");

	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
	return dir;
}

static unsigned entries(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void remove_dir(char *dir)
{
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(rmdir(dir), 0, "%s is not empty", dir);
	free(dir);
}

static void check_content(const char *path, const char *want)
{
	struct buf b = { 0 };
	struct diag d = { 0 };

	cr_assert_eq(file_read(path, 100, &b, &d), 0, "%s", d.text);
	cr_assert_str_eq(buf_str(&b), want);
	buf_free(&b);
}

Test(file, written_file_holds_the_bytes_and_nothing_else_is_left)
{
	char *dir = make_dir();
	struct diag d = { 0 };

	cr_assert_eq(file_write("out", hello, &d), 0, "%s", d.text);
	check_content("out", "hello\n");
	cr_assert_eq(entries(dir), 1);
	unlink("out");
	remove_dir(dir);
}

Test(file, replaced_file_keeps_its_mode_and_a_link_stays_a_link)
{
	char *dir = make_dir();
	struct diag d = { 0 };
	struct stat st;

	cr_assert_eq(file_write("real", (struct bytes){ (const uint8_t *)"old", 3 }, &d), 0);
	cr_assert_eq(chmod("real", 0640), 0);
	cr_assert_eq(symlink("real", "link"), 0);
	cr_assert_eq(file_write("link", hello, &d), 0, "%s", d.text);
	check_content("real", "hello\n");
	cr_assert_eq(lstat("link", &st), 0);
	cr_assert(S_ISLNK(st.st_mode));
	cr_assert_eq(stat("real", &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0640);
	unlink("link");
	unlink("real");
	remove_dir(dir);
}

Test(file, a_write_that_fails_leaves_the_old_file_and_no_other)
{
	struct rlimit limit = { .rlim_cur = 3, .rlim_max = RLIM_INFINITY };
	char *dir = make_dir();
	struct diag d = { 0 };

	cr_assert_eq(file_write("out", (struct bytes){ (const uint8_t *)"old", 3 }, &d), 0);
	/* A file size limit fails in mid-write as a full disk does. */
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert_eq(file_write("out", hello, &d), -EFBIG);
	cr_assert_eq(d.code, -EFBIG);
	limit.rlim_cur = RLIM_INFINITY;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	check_content("out", "old");
	cr_assert_eq(entries(dir), 1);
	unlink("out");
	remove_dir(dir);
}

Test(file, devices_are_written_in_place)
{
	struct diag d = { 0 };
	struct stat st;

	cr_assert_eq(file_write("/dev/full", hello, &d), -ENOSPC);
	cr_assert_str_eq(d.text, "No space left on device");
	cr_assert_eq(stat("/dev/full", &st), 0);
	cr_assert(S_ISCHR(st.st_mode));
	d = (struct diag){ 0 };
	cr_assert_eq(file_write("/dev/null", hello, &d), 0);
}

Test(file, what_cannot_be_written_says_why)
{
	struct diag d = { 0 };

	cr_assert_eq(file_write("/", hello, &d), -EISDIR);
	d = (struct diag){ 0 };
	cr_assert_eq(file_write("/nowhere/at/all", hello, &d), -ENOENT);
	cr_assert_str_eq(d.text, "No such file or directory");
}

Test(file, reading_refuses_what_is_too_large_or_no_file)
{
	char *dir = make_dir();
	struct diag d = { 0 };
	struct buf b = { 0 };

	cr_assert_eq(file_write("out", hello, &d), 0);
	cr_assert_eq(file_read("out", 5, &b, &d), -EFBIG);
	d = (struct diag){ 0 };
	cr_assert_eq(file_read(".", 5, &b, &d), -EISDIR);
	d = (struct diag){ 0 };
	cr_assert_eq(file_read("absent", 5, &b, &d), -ENOENT);
	d = (struct diag){ 0 };
	cr_assert_eq(file_read("/dev/zero", 5, &b, &d), -EINVAL);
	buf_free(&b);
	unlink("out");
	remove_dir(dir);
}
