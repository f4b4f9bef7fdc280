// module_file.c - loads C job modules.
// SPDX-License-Identifier: Apache-2.0
#include "exec/module_file.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define STATUS_UNUSABLE 126 // as a shell says "found but cannot be run"

struct ring_key module_key(const struct stat *st)
{
    return (struct ring_key){
        .device = st->st_dev,
        .inode = st->st_ino,
        .size = st->st_size,
        .changed_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
    };
}

bool module_key_is_same(const struct ring_key *a, const struct ring_key *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed_ns == b->changed_ns;
}

static bool module_entry(void *handle, const char *path, module_call **ret_call, struct err *e)
{
    const struct belfry_job *job = dlsym(handle, "belfry_job");
    module_call *entry = (module_call *)(uintptr_t)dlsym(handle, "call");
    int status;

    if (job && job->abi != BELFRY_JOB_ABI)
        return fail(e, ERR_INPUT, NULL,
                    "%s is made for version %u of belfry_job.h, this is version %d", path, job->abi,
                    BELFRY_JOB_ABI);
    if (job)
        entry = job->call;
    if (!entry)
        return fail(e, ERR_INPUT, NULL, "%s has no function call and no table belfry_job", path);
    status = job && job->init ? job->init() : 0;
    if (status != 0)
        return fail(e, ERR_INPUT, NULL, "init of %s returned %d", path, status);
    *ret_call = entry;
    return true;
}

bool module_load(const char *path, void **ret_handle, module_call **ret_call, struct err *e)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!handle)
        return fail(e, ERR_INPUT, NULL, "could not load the module: %s", dlerror());
    if (!module_entry(handle, path, ret_call, e)) {
        dlclose(handle);
        return false;
    }
    *ret_handle = handle;
    return true;
}

int module_status(int returned)
{
    if (returned == 0)
        return 0;
    return (returned & 255) ? returned & 255 : 255;
}

int module_run_once(const char *path, int argc, char **argv)
{
    char full[PATH_MAX];
    module_call *entry;
    void *handle;
    char *slash;
    struct err e;

    if (!realpath(path, full)) {
        (void)fprintf(stderr, "could not load the module: %s: %s\n", path, err_words(errno));
        return STATUS_UNUSABLE;
    }
    slash = strrchr(full, '/');
    *slash = '\0';
    if (chdir(*full ? full : "/") < 0)
        (void)fprintf(stderr, "could not enter %s: %s\n", full, err_words(errno));
    *slash = '/';
    if (!module_load(full, &handle, &entry, &e)) {
        (void)fprintf(stderr, "%s\n", e.message);
        return STATUS_UNUSABLE;
    }
    return module_status(entry(argc, argv));
}
