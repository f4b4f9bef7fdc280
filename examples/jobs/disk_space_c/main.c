// main.c - fails when a file system is fuller than a limit: disk_space_c [PATH [PERCENT]].
// SPDX-License-Identifier: Apache-2.0
#include <belfry_job.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

static int check(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "/";
    long limit = argc > 2 ? strtol(argv[2], NULL, 10) : 90;
    struct statvfs fs;
    double used;

    if (statvfs(path, &fs) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 2;
    }
    used = 100.0 * (1.0 - (double)fs.f_bavail / (double)fs.f_blocks);
    printf("%s is %.1f %% full, the limit is %ld %%\n", path, used, limit);
    return used > (double)limit;
}

// A table instead of a function named call: the same, with words about the job.
const struct belfry_job belfry_job = {
    .abi = BELFRY_JOB_ABI,
    .name = "disk space",
    .description = "fails when a file system is nearly full",
    .call = check,
};
