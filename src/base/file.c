// file.c - descriptors and whole files.
// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rand.h"

#define READ_STEP 16384
#define TREE_DEPTH_MAX 64

void file_close(int *fd)
{
    int errnum = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = errnum;
}

int file_take(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

static int open_again(int dirfd, const char *path, int flags, mode_t mode)
{
    int fd;

    do
        fd = openat(dirfd, path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static enum err_code open_code(int errnum)
{
    return errnum == ENOENT || errnum == ENOTDIR ? ERR_NOT_FOUND : ERR_SYSTEM;
}

int file_open(int dirfd, const char *path, int flags, struct err *e)
{
    int fd = open_again(dirfd, path, flags, 0644);

    if (fd < 0)
        (void)fail_errno(e, open_code(errno), errno, "cannot open %s", path);
    return fd;
}

bool file_read_all(int dirfd, const char *path, struct buf *into, struct err *e)
{
    // O_NONBLOCK: opening a pipe would wait for its writer. It means nothing to a regular file.
    autoclose int fd = file_open(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, e);
    size_t before = into->len;
    struct stat st;

    if (fd < 0)
        return false;
    if (fstat(fd, &st) < 0)
        return fail_errno(e, ERR_SYSTEM, errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return fail(e, ERR_INPUT, NULL, "%s is not a regular file", path);
    if (st.st_size < READ_STEP && (size_t)st.st_size < into->max - into->len)
        (void)buf_reserve(into, (size_t)st.st_size + 1); // and room to see its end
    if (file_read_to_end(fd, into))
        return true;
    into->len = before;
    if (errno == EFBIG)
        return fail(e, ERR_LIMIT, NULL, "%s is larger than %zu bytes", path, into->max - before);
    return fail_errno(e, ERR_SYSTEM, errno, "cannot read %s", path);
}

// ".name.0123456789abcdef" beside path; false when that is too long.
static bool neighbour_name(const char *path, char *to, size_t size)
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) + 1 : 0;
    int n = snprintf(to, size, "%.*s.%s.%016llx", folder, path, path + folder,
                     (unsigned long long)rand_u64());

    return n > 0 && (size_t)n < size;
}

static bool folder_sync(int dirfd, const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) + 1 : 0;

    snprintf(folder, sizeof folder, "%.*s.", len, path);
    autoclose int fd = open_again(dirfd, folder, O_RDONLY | O_DIRECTORY, 0);
    return fd >= 0 && fsync(fd) == 0;
}

static bool neighbour_write(int dirfd, const char *path, struct str text, mode_t mode)
{
    autoclose int fd = open_again(dirfd, path, O_WRONLY | O_CREAT | O_EXCL, mode);

    return fd >= 0 && fchmod(fd, mode) == 0 && file_write(fd, text) && fsync(fd) == 0;
}

bool file_write_atomic(int dirfd, const char *path, struct str text, mode_t mode, struct err *e)
{
    char neighbour[4096];

    if (!neighbour_name(path, neighbour, sizeof neighbour))
        return fail(e, ERR_INPUT, NULL, "the path %.100s... is too long", path);
    if (!neighbour_write(dirfd, neighbour, text, mode) ||
        renameat(dirfd, neighbour, dirfd, path) < 0) {
        int errnum = errno;

        (void)unlinkat(dirfd, neighbour, 0);
        return fail_errno(e, open_code(errnum), errnum, "cannot write %s", path);
    }
    if (!folder_sync(dirfd, path))
        return fail_errno(e, ERR_SYSTEM, errno, "cannot sync the folder of %s", path);
    return true;
}

bool file_write(int fd, struct str s)
{
    while (s.len > 0) {
        ssize_t n = write(fd, s.p, s.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        s = str_cut(s, (size_t)n, s.len);
    }
    return true;
}

ssize_t file_read(int fd, void *p, size_t n)
{
    ssize_t got;

    do
        got = read(fd, p, n);
    while (got < 0 && errno == EINTR);
    return got;
}

// The buffer is full: one byte more tells whether the file ends here.
static bool is_at_end(int fd)
{
    char byte;
    ssize_t got = file_read(fd, &byte, 1);

    if (got > 0)
        errno = EFBIG;
    return got == 0;
}

bool file_read_to_end(int fd, struct buf *into)
{
    while (into->len < into->max) {
        size_t left = into->max - into->len, room = left < READ_STEP ? left : READ_STEP;

        if (into->cap > into->len + 1) // what is there already
            room = left < into->cap - into->len - 1 ? left : into->cap - into->len - 1;
        else if (!buf_reserve(into, room))
            break;
        ssize_t got = file_read(fd, into->p + into->len, room);
        if (got <= 0)
            return got == 0;
        into->len += (size_t)got;
    }
    return is_at_end(fd);
}

bool file_pipe(int flags, int *ret_read_fd, int *ret_write_fd, struct err *e)
{
    int fds[2];

    if (pipe2(fds, flags | O_CLOEXEC) < 0)
        return fail_errno(e, ERR_SYSTEM, errno, "cannot make a pipe");
    *ret_read_fd = fds[0];
    *ret_write_fd = fds[1];
    return true;
}

bool file_set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static void tree_remove(int dirfd, const char *name, int depth)
{
    const struct dirent *entry;
    DIR *dir;
    int fd;

    if (unlinkat(dirfd, name, 0) == 0 || (errno != EISDIR && errno != EPERM) || depth == 0)
        return;
    fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        file_close(&fd);
        return;
    }
    while ((entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            tree_remove(fd, entry->d_name, depth - 1);
    closedir(dir);
    (void)unlinkat(dirfd, name, AT_REMOVEDIR);
}

void file_remove_tree(int dirfd, const char *name)
{
    tree_remove(dirfd, name, TREE_DEPTH_MAX);
}

char *file_absolute(const char *path)
{
    char cwd[PATH_MAX], *full;
    size_t size;

    if (path[0] == '/' || !getcwd(cwd, sizeof cwd))
        return str_own(str_of(path));
    size = strlen(cwd) + strlen(path) + 2;
    full = mem_alloc(size);
    (void)snprintf(full, size, "%s/%s", cwd, path);
    return full;
}
