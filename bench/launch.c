// launch.c - how fast belfry's executor starts processes and module calls, beside the floor of
// posix_spawn.
// SPDX-License-Identifier: Apache-2.0
//
//     launch [COUNT]
//
// floor    two threads that do nothing but posix_spawn with two pipes, read them to their end, and
//          wait
// program  the same program as a job's main, through exec_start and the keeper, output captured:
//          two at once, and all at once. Two at once waits for messages between two processes, and
//          so for idle processors; what the machine can do is told by all at once
// module   a no-op C module through the warm hosts: 1,000 at once and COUNT at once; late is the
//          time from the first exec_start to the beginning of the call
//
// Each round measures the floor and the program one after the other; what is told is the median of
// the rounds' ratios, once as belfry is and once with BALLAST_MIB more of memory in use.
//
// This program is also the belfry that the executor starts as a module host and as keeper.
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "exec/exec.h"
#include "exec/keeper.h"
#include "exec/module_file.h"
#include "exec/module_host.h"

#define SPAWNS 500 // a round
#define ROUNDS 9
#define BALLAST_MIB 500

static int64_t now_us(void)
{
    return clock_mono(clock_real()).us;
}

// ---- the floor ----

static void drain(int fd)
{
    char bytes[4096];
    ssize_t n;

    do
        n = read(fd, bytes, sizeof bytes);
    while (n > 0 || (n < 0 && errno == EINTR));
    close(fd);
}

static void *floor_main(void *ctx)
{
    char name[] = "true";
    char *const argv[] = {name, NULL};

    (void)ctx;
    for (int i = 0; i < SPAWNS / 2; i++) {
        posix_spawn_file_actions_t actions;
        int out[2], err[2], status;
        pid_t pid;

        if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
            exit(1);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        posix_spawn_file_actions_adddup2(&actions, err[1], 2);
        if (posix_spawn(&pid, "/bin/true", &actions, NULL, argv, environ) != 0)
            exit(1);
        posix_spawn_file_actions_destroy(&actions);
        close(out[1]);
        close(err[1]);
        drain(out[0]);
        drain(err[0]);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    return NULL;
}

static double floor_rate(void)
{
    pthread_t threads[2];
    int64_t begin = now_us();

    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, floor_main, NULL) != 0)
            exit(1);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return SPAWNS * 1e6 / (double)(now_us() - begin);
}

// ---- belfry ----

struct bench {
    struct loop *loop;
    struct exec *exec;
    int started;
    int done;
    int failed;
    int64_t *late;
    wall begin;
};

static void run_done(const struct run_end *end, void *ctx)
{
    struct bench *b = ctx;

    if (end->state != RUN_SUCCEEDED && b->failed++ == 0)
        printf("failed: %.*s\n", STR(end->message));
    exec_settled(b->exec, end->run_id);
    b->late[b->done++] = end->started_at.us - b->begin.us;
}

static void run_start(struct bench *b, struct str folder)
{
    struct exec_request request = {
        .run_id = ++b->started,
        .job_name = folder,
        .target = folder,
        .args = STR_LIT("[]"),
        .attempt = 1,
    };

    exec_start(b->exec, &request, run_done, b);
}

static int int64_order(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

// count runs, at most at_once of them started and not done. Returns runs/s.
static double bench_rate(struct bench *b, const char *folder, int count, int at_once)
{
    int64_t begin = now_us();
    int first = b->started;

    b->done = b->started = first;
    b->late = mem_array((size_t)(first + count), sizeof *b->late);
    b->begin = clock_wall(clock_real());
    while (b->done < first + count) {
        while (b->started < first + count && b->started - b->done < at_once)
            run_start(b, str_of(folder));
        (void)loop_turn(b->loop, 1000);
    }
    memmove(b->late, b->late + first, (size_t)count * sizeof *b->late);
    qsort(b->late, (size_t)count, sizeof *b->late, int64_order);
    return count * 1e6 / (double)(now_us() - begin);
}

static int double_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, size_t count)
{
    qsort(v, count, sizeof *v, double_order);
    return v[count / 2];
}

static double cpu_s(int who)
{
    struct rusage u;

    getrusage(who, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void program_bench(struct bench *b, const char *label)
{
    double floors[ROUNDS], all[ROUNDS], two[ROUNDS], cpu[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        floors[i] = floor_rate();
        cpu[i] = cpu_s(RUSAGE_SELF);
        all[i] = bench_rate(b, "program", SPAWNS, SPAWNS) / floors[i];
        cpu[i] = (cpu_s(RUSAGE_SELF) - cpu[i]) * 1e6 / SPAWNS;
        free(b->late);
        two[i] = bench_rate(b, "program", SPAWNS, 2) / floors[i];
        free(b->late);
    }
    double ratio = median(all, ROUNDS); // sorts them

    printf("program  %-12s floor %5.0f/s   ratio all at once %.2f (%.2f to %.2f), two at once %.2f "
           "  belfry's own CPU %.0f us a run\n",
           label, median(floors, ROUNDS), ratio, all[0], all[ROUNDS - 1], median(two, ROUNDS),
           median(cpu, ROUNDS));
}

// Memory that belfry has in use.
static void *ballast_make(void)
{
    size_t bytes = (size_t)BALLAST_MIB << 20;

    return memset(mem_array(bytes, 1), 1, bytes);
}

static void folder_make(const char *jobs, const char *name, const char *file, const char *text)
{
    char path[400];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", jobs, name);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/%s/%s", jobs, name, file);
    if (!text) {
        if (symlink("/bin/true", path) < 0)
            exit(1);
        return;
    }
    f = fopen(path, "we");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        exit(1);
}

static void module_bench(struct bench *b, int count)
{
    double rate;

    rate = bench_rate(b, "module", 1, 1); // compiles
    for (int i = 0; i < 3; i++) {
        rate = bench_rate(b, "module", 1000, 1000);
        printf("module   1,000 at once: %8.0f runs/s, late p50 %5lld us, p99 %5lld us, max %5lld "
               "us%s\n",
               rate, (long long)b->late[500], (long long)b->late[990], (long long)b->late[999],
               i ? "" : " (few hosts yet)");
        free(b->late);
    }
    rate = bench_rate(b, "module", count, 1000);
    printf("module   %d, 1,000 in flight: %8.0f runs/s\n", count, rate);
}

static int entry_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

int main(int argc, char **argv)
{
    char jobs[] = "/tmp/belfry-bench-XXXXXX", runs[64];
    struct exec_options options = {.jobs_dir = jobs,
                                   .runs_dir = runs,
                                   .self = "/proc/self/exe",
                                   .python = "python3",
                                   .compiler = "cc"};
    struct bench b = {0};
    struct err e;
    void *ballast;
    double cpu;

    if (argc == 3 && strcmp(argv[1], "run-module") == 0)
        return module_host_main();
    if (argc > 1 && strcmp(argv[1], "keep") == 0)
        return keeper_command(argc - 1, argv + 1);
    if (!mkdtemp(jobs) || snprintf(runs, sizeof runs, "%s/runs", jobs) < 0 ||
        !(b.loop = loop_new(clock_real(), &e)) || !exec_new(b.loop, &options, &b.exec, &e))
        return 1;
    folder_make(jobs, "program", "main", NULL);
    folder_make(jobs, "module", "main.c",
                "int call(int argc, char **argv) { return argc < 0 || !argv; }\n");
    program_bench(&b, "as it is");
    ballast = ballast_make();
    program_bench(&b, "with 500 MiB");
    free(ballast);
    cpu = cpu_s(RUSAGE_SELF);
    module_bench(&b, argc > 1 ? (int)strtol(argv[1], NULL, 10) : 100000);
    printf("belfry's own CPU for the modules: %.2f s\n", cpu_s(RUSAGE_SELF) - cpu);
    exec_free(b.exec);
    loop_free(b.loop);
    (void)nftw(jobs, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
    return b.failed != 0;
}
