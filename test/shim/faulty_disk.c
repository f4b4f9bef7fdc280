// faulty_disk.c - a library to be preloaded: reading, writing and syncing the database fails when
// told to.
//
//     LD_PRELOAD=faulty_disk.so FAULTY_FILE=belfry.db FAULTY_DO=... belfry serve ...
//
// FAULTY_DO is a list of rules, "write:7:EIO:3": the 7th to 9th write fails with EIO. The first
// word is write, sync, or truncate; without a count one call fails; "write:0:EROFS" fails as long
// as the file that FAULTY_WHILE names is there. Only files whose name begins with FAULTY_FILE are
// touched (the database and its log). A failing write may have written its first half, as on a real
// disk.
// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum act {
    ACT_WRITE,
    ACT_SYNC,
    ACT_TRUNCATE,
    ACT_COUNT
};

static const char *const act_names[] = {"write", "sync", "truncate"};
static const struct {
    const char *name;
    int number;
} errors[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EROFS", EROFS}, {"EDQUOT", EDQUOT}};

static atomic_int calls[ACT_COUNT];

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at);
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at);
int fdatasync(int fd);
int fsync(int fd);
int ftruncate64(int fd, off64_t size);
int ftruncate(int fd, off_t size);

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static bool is_ours(int fd)
{
    const char *wanted = getenv("FAULTY_FILE");
    char link[40], path[4096];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);

    if (size <= 0 || !wanted)
        return false;
    path[size] = '\0';
    const char *name = strrchr(path, '/');

    return name && strncmp(name + 1, wanted, strlen(wanted)) == 0;
}

static int error_of(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strlen(errors[i].name) == size && strncmp(errors[i].name, name, size) == 0)
            return errors[i].number;
    return EIO;
}

// The error that this call is to fail with by one rule; 0: none.
static int rule_look(const char *rule, enum act act, int number)
{
    size_t name = strlen(act_names[act]);
    const char *gate = getenv("FAULTY_WHILE");
    char *at;

    if (strncmp(rule, act_names[act], name) != 0 || rule[name] != ':')
        return 0;
    long first = strtol(rule + name + 1, &at, 10), count = 1;
    size_t word = strcspn(at + 1, ":,");
    const char *more = at + 1 + word;

    if (*at != ':')
        return 0;
    if (*more == ':')
        count = strtol(more + 1, NULL, 10);
    bool is_now =
        first == 0 ? gate && access(gate, F_OK) == 0 : number >= first && number < first + count;

    return is_now ? error_of(at + 1, word) : 0;
}

static int error_now(int fd, enum act act)
{
    const char *rule = getenv("FAULTY_DO");
    int number, error = 0, before = errno;

    if (!rule || !is_ours(fd))
        return 0;
    number = ++calls[act];
    while (rule && !error) {
        error = rule_look(rule, act, number);
        rule = strchr(rule, ',');
        rule += rule != NULL;
    }
    errno = before;
    return error;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    ssize_t (*real)(int, const void *, size_t, off64_t) = next("pwrite64");
    int error = error_now(fd, ACT_WRITE);

    if (!error)
        return real(fd, bytes, size, at);
    if (calls[ACT_WRITE] % 2)
        (void)!real(fd, bytes, size / 2, at);
    errno = error;
    return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite64(fd, bytes, size, at);
}

int fdatasync(int fd)
{
    int (*real)(int) = next("fdatasync");
    int error = error_now(fd, ACT_SYNC);

    if (!error)
        return real(fd);
    errno = error;
    return -1;
}

int fsync(int fd)
{
    int (*real)(int) = next("fsync");
    int error = error_now(fd, ACT_SYNC);

    if (!error)
        return real(fd);
    errno = error;
    return -1;
}

int ftruncate64(int fd, off64_t size)
{
    int (*real)(int, off64_t) = next("ftruncate64");
    int error = error_now(fd, ACT_TRUNCATE);

    if (!error)
        return real(fd, size);
    errno = error;
    return -1;
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}
