// belfry_job.h - write a job for belfry in C.
//
//     #include <belfry_job.h>
//     #include <stdio.h>
//
//     int call(int argc, char **argv)
//     {
//         printf("hello from %s, %d arguments\n", argv[0], argc - 1);
//         return 0;
//     }
//
// Save this as jobs/hello/main.c: belfry compiles it when it is first needed. Or compile it
// yourself:
//
//     cc -shared -fPIC -O2 -o jobs/hello/main.so main.c
//
// A module is a program whose main is named call:
//
// - argv[0] is the job's name, argv[1] to argv[argc - 1] are its args, argv[argc] is NULL. The
//   strings may be changed; they are gone after the call.
// - Returning 0 is success; anything else fails the run with that exit status (its low 8 bits).
// - Standard output and error are recorded with the run; standard input is empty. The working
//   directory is the job's folder.
// - A module runs in a process apart from the server, so a crash, exit(), or an endless loop costs
//   that run only. The time limit of a job ends it with SIGTERM.
//
// What differs from a program: the process is kept and serves many calls, of this job and of
// others, one after the other. So static variables keep their values between calls, but do not rely
// on it: the next call may happen in another process. Free and close what you open. belfry puts
// back the working directory, environment, umask, locale, common signal handlers, timer and
// standard streams; a call that leaves threads or child processes behind has its process replaced.
#pragma once

#include <stdint.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

// The job. A module has this function, or the table below.
__attribute__((visibility("default"))) int call(int argc, char **argv);

// For modules that want more than one function: an object called belfry_job is used instead of
// call.
//
//     const struct belfry_job belfry_job = {.abi = BELFRY_JOB_ABI, .init = warm_up, .call = work};
#define BELFRY_JOB_ABI 1

struct belfry_job {
    uint32_t abi;            // BELFRY_JOB_ABI
    const char *name;        // for people; may be NULL
    const char *description; // one sentence; may be NULL
    int (*init)(void); // once a process, before its first call; not 0: cannot be used. May be NULL
    int (*call)(int argc, char **argv);
};

__attribute__((visibility("default"))) extern const struct belfry_job belfry_job;

// Who is being run. The same as the environment variables that every kind of job gets.
static inline const char *belfry_text(const char *name)
{
    const char *text = getenv(name);

    return text ? text : "";
}

// The job's name; "" outside of belfry.
static inline const char *belfry_job_id(void)
{
    return belfry_text("BELFRY_JOB_ID");
}

// The number of the run; all attempts of a run have the same. 0 outside of belfry.
static inline int64_t belfry_run_id(void)
{
    return strtoll(belfry_text("BELFRY_RUN_ID"), NULL, 10);
}

// The moment that the schedule named, RFC 3339 in UTC: "2026-11-22T04:49:33Z".
static inline const char *belfry_scheduled_at(void)
{
    return belfry_text("BELFRY_SCHEDULED_AT");
}

// 1 for the first attempt of a run, 2 for the second; 0 outside of belfry.
static inline int belfry_attempt(void)
{
    return (int)strtol(belfry_text("BELFRY_ATTEMPT"), NULL, 10);
}

#ifdef __cplusplus
}
#endif
