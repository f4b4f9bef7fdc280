// real_cgroup.h - for tests: a control group of this machine in which groups of runs can be made,
// where there is one and the tests may write there.
#pragma once

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "exec/cgroup.h"

// Its directory, or -1; ret_path is its name, for rmdir at the end.
static inline int real_cgroup(char ret_path[PATH_MAX])
{
    static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    struct err e;
    int dir = -1;

    for (size_t i = 0; i < COUNT(roots) && dir < 0; i++) {
        (void)snprintf(ret_path, PATH_MAX, "%s/belfry-test-%d", roots[i], (int)getpid());
        dir = cgroup_open(ret_path, &e);
        if (dir < 0)
            (void)rmdir(ret_path);
    }
    return dir;
}
