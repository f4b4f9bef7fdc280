// sim_test.c - hours and a year of scheduling with everything that can go wrong, in a blink; then
// every promise is checked over what was seen.
//
// test/sim has the parts: world.c makes a world of a seed and lets the real scheduler live in it,
// check.c judges its log. Each fault that world.c can plant between the scheduler and its store
// must turn the checker red. A failing seed is printed; SIM_SEED=n replays it alone, SIM_SEEDS=n
// runs more of them, SIM_DAYS=n makes the long world longer.
// SPDX-License-Identifier: Apache-2.0
#include "sched/sched.h"

#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "base/log.h"

#include "../../sim/check.c"
#include "../../sim/jobs.c"
#include "../../sim/log.c"
#include "../../sim/world.c"

#define DAY_US (INT64_C(86400) * 1000000)

// What a process that is killed leaves to the kernel: questions that nobody will answer.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:sched_put\nleak:sched_delete\nleak:sched_run_now\nleak:windows_put\n"
           "leak:windows_delete\nleak:rest_look\nleak:ask_next\n";
}

static uint64_t number_in(const char *name, uint64_t preset)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : preset;
}

struct sums {
    size_t starts, worlds;
    int64_t simulated_us;
    int crashed[MOMENT_COUNT];
};

// Runs a world and judges it; the promise that is broken, 0 when none is. The story goes to stderr
// if anybody is to hear it.
static int world_judge(const struct sim_options *options, bool is_told, struct sums *sums)
{
    struct sim_result result;
    struct sim_finding finding;

    world_run(options, &result);
    sim_check(&result.log, &finding);
    if (finding.promise && is_told)
        fprintf(stderr, "SEED=%llu (SIM_SEED=%llu replays it)\n%s\n",
                (unsigned long long)options->seed, (unsigned long long)options->seed,
                buf_text(&finding.story));
    sums->starts += result.starts;
    sums->worlds++;
    sums->simulated_us += result.simulated_us;
    for (int i = 0; i < MOMENT_COUNT; i++)
        sums->crashed[i] += result.crashed[i];
    sim_log_done(&result.log);
    buf_done(&finding.story);
    return finding.promise;
}

static struct sim_options short_world(uint64_t seed)
{
    return (struct sim_options){.seed = seed, .rounds = 12, .round_max_us = 900 * CHECK_S};
}

static void test_seeds(void **state)
{
    uint64_t count = getenv("SIM_SEED") ? 1 : number_in("SIM_SEEDS", 100);
    uint64_t first = number_in("SIM_SEED", 1);
    struct sums sums = {0};
    size_t broken = 0;

    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++) {
        const struct sim_options options = short_world(seed);

        broken += world_judge(&options, broken < 3, &sums) != 0;
    }
    printf("%zu worlds passed, %zu failed: %.0f days, %zu starts\n", sums.worlds - broken, broken,
           (double)sums.simulated_us / (double)DAY_US, sums.starts);
    assert_int_equal(broken, 0);
    if (count < 100)
        return;
    assert_true(sums.starts > 100 * count);
    for (int i = MOMENT_ANY + 1; i < MOMENT_COUNT; i++)
        assert_true(sums.crashed[i] > 0); // the process has died at each step
}

static void test_year(void **state)
{
    uint64_t days = number_in("SIM_DAYS", 60);
    const struct sim_options options = {.seed = number_in("SIM_SEED", 1),
                                        .rounds = (int)days,
                                        .round_max_us = 2 * DAY_US,
                                        .is_long = true};
    struct sums sums = {0};

    (void)state;
    assert_int_equal(world_judge(&options, true, &sums), 0);
    assert_true(sums.simulated_us > (int64_t)days / 2 * DAY_US);
    assert_true(sums.starts > 50 * days);
}

// What is planted, and which promise the checker must find broken.
static const struct planted {
    enum sim_fault fault;
    int promises[3];
    const char *name;
} planted[] = {
    {FAULT_CLAIM_DROPPED, {2, 1, 6}, "a claim is dropped"},
    {FAULT_TWICE, {2}, "started twice"},
    {FAULT_SLOT_FORGOTTEN, {6, 10}, "a slot is forgotten"},
    {FAULT_TOO_EARLY, {2}, "started before the claim is durable"},
    {FAULT_END_LOST, {6}, "an end is lost"},
    {FAULT_PAUSE_IGNORED, {8, 1}, "a pause is ignored"},
    {FAULT_ATTEMPT, {2}, "a wrong attempt"},
    {FAULT_OVERLAP, {8, 7}, "overlap"},
    {FAULT_WATERMARK, {6}, "the watermark is too far"},
    {FAULT_WRITE_LOST, {7}, "an acknowledged write is lost"},
    {FAULT_COALESCE, {4, 7}, "each missed slot is run"},
    {FAULT_LOST_RERUN, {5, 2}, "a lost run is run again"},
    {FAULT_LIMIT, {8}, "more at once than the limit"},
    {FAULT_POOL, {8}, "more in a pool than its places"},
    {FAULT_PRIORITY, {8, 7}, "priority"},
    {FAULT_WAIT_FORGOTTEN, {8, 6, 1}, "a run that waits is forgotten"},
    {FAULT_LAUNCH_EARLY, {2}, "planned runs start before their launch is durable"},
    {FAULT_LAUNCH_LOST, {2}, "a launch is lost"},
};

// Each is planted in up to a hundred worlds, for some show in one of fifteen; in one of them it
// must show, and nothing else may.
static void test_planted(void **state)
{
    size_t unseen = 0;

    (void)state;
    assert_int_equal(COUNT(planted), FAULT_COUNT - 1);
    for (size_t i = 0; i < COUNT(planted); i++) {
        const struct planted *p = &planted[i];
        struct sums sums = {0};
        int promise = 0;
        uint64_t seed = 1;

        for (; !promise && seed <= 100; seed++) {
            struct sim_options options = short_world(seed);

            options.fault = p->fault;
            promise = world_judge(&options, getenv("SIM_TELL") != NULL, &sums);
        }
        bool is_expected = promise && (promise == p->promises[0] || promise == p->promises[1] ||
                                       promise == p->promises[2]);

        if (!is_expected)
            print_error("%s: found P%d\n", p->name, promise);
        unseen += !is_expected;
    }
    assert_int_equal(unseen, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_year),
        cmocka_unit_test(test_planted),
    };

    log_set_level(LOG_LEVEL_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
