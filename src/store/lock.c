// lock.c - one process a database: a lock file beside it that names its holder.
// SPDX-License-Identifier: Apache-2.0
//
// The lock goes with the last process that has the file open. A child that was being started when
// its belfry was killed has it open until it becomes its program, a few milliseconds later. So a
// holder that does not exist any more is waited for; one that lives is not.
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static bool fail_place(struct err *e, int errnum, const char *directory, const char *path);
static bool fail_held(struct err *e, int fd, const char *path);
static bool lock_wait(int fd);

#define WAIT_TRIES 60 // together three seconds
#define WAIT_MS 50

char *lock_resolve(const char *path, struct err *e)
{
    char directory[PATH_MAX], real[PATH_MAX], *whole;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct stat info;
    int length = slash == path ? 1 : (int)(slash ? slash - path : 0);

    if (realpath(path, real)) {
        if (stat(real, &info) == 0 && S_ISREG(info.st_mode))
            return mem_copy(real, strlen(real));
        (void)fail(e, ERR_STORE, NULL, "the database \"%s\" is not a regular file", path);
        (void)fail_hint(e, "name a file: it is made when it does not exist");
        return NULL;
    }
    // What is there now and is no link was made by another this moment.
    if (errno == ENOENT && lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
        (void)fail(e, ERR_STORE, NULL, "the database \"%s\" is a symbolic link to nothing", path);
        (void)fail_hint(e, "remove the link, or bring back the file that it names");
        return NULL;
    }
    snprintf(directory, sizeof directory, "%.*s", length, slash ? path : "");
    if (!*name || !realpath(*directory ? directory : ".", real)) {
        (void)fail_place(e, *name ? errno : EISDIR, *directory ? directory : ".", path);
        return NULL;
    }
    if (asprintf(&whole, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name) < 0)
        abort();
    return whole;
}

int lock_take(const char *path, struct err *e)
{
    char file[PATH_MAX + 8], pid[32];
    autoclose int fd = -1;
    int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());

    snprintf(file, sizeof file, "%s.lock", path);
    fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
    if (fd < 0) {
        (void)fail_errno(e, ERR_STORE, errno, "the lock file \"%s\" cannot be made", file);
        (void)fail_hint(e, "belfry's user must be allowed to write the directory of the database");
        return -1;
    }
    if (!lock_wait(fd)) {
        if (errno == EWOULDBLOCK)
            (void)fail_held(e, fd, path);
        else
            (void)fail_errno(e, ERR_STORE, errno, "\"%s\" cannot be locked", file);
        return -1;
    }
    if (ftruncate(fd, 0) != 0 || !file_write(fd, (struct str){pid, (size_t)length})) {
        (void)fail_errno(e, ERR_STORE, errno, "the lock file \"%s\" cannot be written", file);
        (void)fail_hint(e, "is the disk full?");
        return -1;
    }
    return take(fd);
}

static bool fail_place(struct err *e, int errnum, const char *directory, const char *path)
{
    fail_errno(e, ERR_STORE, errnum, "the database \"%s\" cannot be opened in directory \"%s\"",
               path, directory);
    return fail_hint(e, errnum == ENOENT ? "create the directory, or name another file"
                                         : "name a file in a directory that belfry may write");
}

// The number that the lock file holds; empty when it holds none.
static void holder_read(int fd, char *pid, size_t size)
{
    ssize_t got = pread(fd, pid, size - 1, 0);

    while (got > 0 && (pid[got - 1] < '0' || pid[got - 1] > '9'))
        got--;
    pid[got > 0 ? got : 0] = '\0';
}

// Also when nobody is named: a holder writes its number right after it has the lock.
static bool holder_is_gone(int fd)
{
    char pid[32];
    int64_t n;

    holder_read(fd, pid, sizeof pid);
    if (!str_to_int(str_of(pid), &n) || n <= 0 || n > INT_MAX)
        return true;
    return kill((pid_t)n, 0) != 0 && errno == ESRCH;
}

// True when the lock is ours; false with errno.
static bool lock_wait(int fd)
{
    for (int i = 0;; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK || i == WAIT_TRIES || !holder_is_gone(fd))
            break;
        (void)poll(NULL, 0, WAIT_MS);
    }
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static bool fail_held(struct err *e, int fd, const char *path)
{
    char pid[32];

    holder_read(fd, pid, sizeof pid);
    fail(e, ERR_BUSY, NULL, "\"%s\" is in use by another belfry (process %s)", path,
         *pid ? pid : "unknown");
    return fail_hint(e, "stop that one first (kill %s), or give this one a database of its own",
                     *pid ? pid : "PID");
}
