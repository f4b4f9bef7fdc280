// main.c - a job in C: belfry compiles it when it is first needed (docs/jobs.md).
// SPDX-License-Identifier: Apache-2.0
#include <belfry_job.h>
#include <stdio.h>

int call(int argc, char **argv)
{
    printf("hello from %s, run %lld, due at %s\n", argv[0], (long long)belfry_run_id(),
           belfry_scheduled_at());
    for (int i = 1; i < argc; i++)
        printf("argument %d: %s\n", i, argv[i]);
    return 0; // anything else fails the run
}
