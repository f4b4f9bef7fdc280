// keep_files.c - names in the runs directory.
// SPDX-License-Identifier: Apache-2.0
#include "exec/keep_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "exec/wire.h"

#define SOCKET_NAME "keeper."
#define END_NAME ".end"
#define BACKLOG 8

int keep_dir_open(const char *runs_dir, char *ret_path, struct err *e)
{
    int dir;

    if (mkdir(runs_dir, 0700) < 0 && errno != EEXIST) {
        (void)fail_errno(e, ERR_SYSTEM, errno,
                         "the directory for output of runs, %s, cannot be made", runs_dir);
        return -1;
    }
    dir = file_open(AT_FDCWD, runs_dir, O_RDONLY | O_DIRECTORY, e);
    if (dir >= 0 && !realpath(runs_dir, ret_path)) {
        (void)fail_errno(e, ERR_SYSTEM, errno, "%s", runs_dir);
        file_close(&dir);
    }
    return dir;
}

// A file of its own, not a copy of dir: keepers have copies, and would hold it as well.
int keep_dir_lock(int dir, const char *path, struct err *e)
{
    autoclose int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return take(fd);
    if (fd >= 0 && errno == EWOULDBLOCK) {
        (void)fail(e, ERR_BUSY, NULL, "another belfry keeps its runs in %s", path);
        (void)fail_hint(e, "it is this node already, or has the same name: give each --node a name "
                           "of its own");
    } else {
        (void)fail_errno(e, ERR_SYSTEM, errno, "%s", path);
    }
    return -1;
}

// A name that fits into sun_path however long the directory's is.
static void address_fill(int dir, int64_t pid, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/" SOCKET_NAME "%" PRId64,
                   dir, pid);
}

int keep_socket_listen(int dir, int64_t pid)
{
    struct sockaddr_un address;
    autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    keep_socket_remove(dir, pid);
    address_fill(dir, pid, &address);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, BACKLOG) < 0)
        return -1;
    return take(fd);
}

int keep_socket_connect(int dir, int64_t pid)
{
    struct sockaddr_un address;
    autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address_fill(dir, pid, &address);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return -1;
    return take(fd);
}

void keep_socket_remove(int dir, int64_t pid)
{
    char name[64];

    (void)snprintf(name, sizeof name, SOCKET_NAME "%" PRId64, pid);
    (void)unlinkat(dir, name, 0);
}

void keep_socket_rename(int dir, int64_t pid, int64_t to)
{
    char name[64], new_name[64];

    (void)snprintf(name, sizeof name, SOCKET_NAME "%" PRId64, pid);
    (void)snprintf(new_name, sizeof new_name, SOCKET_NAME "%" PRId64, to);
    (void)renameat(dir, name, dir, new_name);
}

// ---- ends ----

static void end_name(int64_t run_id, int attempt, const char *suffix, char ret_name[64])
{
    (void)snprintf(ret_name, 64, "%" PRId64 ".%d%s", run_id, attempt, suffix);
}

bool keep_end_save(int dir, int64_t run_id, int attempt, struct str message)
{
    char name[64], made[64];
    bool ok;
    int fd;

    end_name(run_id, attempt, END_NAME, name);
    end_name(run_id, attempt, ".new", made);
    fd = openat(dir, made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    ok = file_write(fd, message) && renameat(dir, made, dir, name) == 0;
    file_close(&fd);
    if (!ok)
        (void)unlinkat(dir, made, 0);
    return ok;
}

void keep_end_remove(int dir, int64_t run_id, int attempt)
{
    char name[64];

    end_name(run_id, attempt, END_NAME, name);
    (void)unlinkat(dir, name, 0);
}

static void end_look(int dir, const char *name, keep_file_fn *fn, void *ctx)
{
    struct str in, fields;
    struct buf text;
    struct err e;
    uint8_t type;

    buf_init(&text, WIRE_FRAME_MAX);
    if (file_read_all(dir, name, &text, &e)) {
        in = buf_str(&text);
        if (wire_take(&in, &type, &fields) == WIRE_MESSAGE && type == KEEP_END)
            fn(0, buf_str(&text), ctx);
    }
    buf_done(&text);
}

void keep_files_look(int dir, keep_file_fn *fn, void *ctx)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    int64_t pid;

    if (!list) {
        file_close(&fd);
        return;
    }
    while ((entry = readdir(list))) {
        struct str name = str_of(entry->d_name);

        if (str_starts(name, STR_LIT(SOCKET_NAME)) &&
            str_to_int(str_cut(name, sizeof SOCKET_NAME - 1, name.len), &pid) && pid > 0)
            fn(pid, (struct str){0}, ctx);
        else if (str_ends(name, STR_LIT(END_NAME)))
            end_look(dir, entry->d_name, fn, ctx);
    }
    closedir(list);
}
