// cluster_sim_test.c - several nodes on one store with everything that can go wrong, in a blink;
// test/sim/cluster.c has the world, cluster_judge.c what must hold in it. Each fault that can be
// planted must turn the judge red. CLUSTER_SEED=n replays a seed and tells its story,
// CLUSTER_SEEDS=n runs more of them, CLUSTER_TELL tells how a fault was seen.
// SPDX-License-Identifier: Apache-2.0
#include "sched/sched.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "unit.h"

#include "../../sim/cluster.c"

// What a process that is killed leaves to the kernel: questions that nobody will answer.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:sched_put\nleak:sched_delete\nleak:sched_run_now\nleak:windows_put\n"
           "leak:windows_delete\nleak:rest_look\nleak:await_new\nleak:pools_put\n"
           "leak:ask_next\n";
}

static uint64_t number_in(const char *name, uint64_t preset)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : preset;
}

static void test_seeds(void **state)
{
    uint64_t first = number_in("CLUSTER_SEED", 1);
    uint64_t count =
        getenv("CLUSTER_SEED") ? 1 : number_in("CLUSTER_SEEDS", number_in("SIM_SEEDS", 100));
    struct cluster_sums sums = {0};
    size_t broken = 0;

    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct buf story;

        buf_init(&story, LOG_MAX + 1000);
        if (!cluster_world(seed, CLUSTER_NO_FAULT, &sums, &story)) {
            const char *end = strchr(buf_text(&story), '\n');

            fprintf(stderr, "CLUSTER_SEED=%llu: %.*s\n", (unsigned long long)seed,
                    (int)(end - buf_text(&story)), buf_text(&story));
            if (getenv("CLUSTER_SEED"))
                fprintf(stderr, "%s", buf_text(&story));
            broken++;
        }
        buf_done(&story);
    }
    print_message("%.1f hours, %zu starts, %zu deaths, %zu thaws, %zu losses, %zu epochs, %zu "
                  "claims or starts moved\n",
                  (double)sums.simulated_us / 3600e6, sums.starts, sums.deaths, sums.thaws,
                  sums.losses, sums.epochs, sums.moved);
    assert_int_equal(broken, 0);
    if (count < 100)
        return;
    assert_true(sums.starts > 300 * count);
    assert_true(sums.deaths > count && sums.losses > count / 4 && sums.moved > count / 4);
}

static const char *const fault_names[CLUSTER_FAULTS] = {
    [CLUSTER_EPOCH_UNCHECKED] = "no epoch is checked",
    [CLUSTER_UNPINNED] = "no pins",
    [CLUSTER_LOW_OF_LIVING] = "low of the living only",
    [CLUSTER_EDITS_UNSEEN] = "edits that the dead had not seen are left out",
    [CLUSTER_TRUST_FOREVER] = "a lease without end",
    [CLUSTER_ORPHANS_FORGOTTEN] = "orphans are forgotten",
    [CLUSTER_EDITS_UNTOLD] = "edits are not told",
};

static void test_faults_are_seen(void **state)
{
    size_t unseen = 0;

    (void)state;
    for (int fault = CLUSTER_NO_FAULT + 1; fault < CLUSTER_FAULTS; fault++) {
        struct cluster_sums sums = {0};
        bool is_seen = false;
        uint64_t seed = 1;

        for (; !is_seen && seed <= 60; seed++) {
            struct buf story;

            buf_init(&story, LOG_MAX + 1000);
            is_seen = !cluster_world(seed, (enum cluster_fault)fault, &sums, &story);
            if (is_seen && getenv("CLUSTER_TELL"))
                print_message("%s (seed %llu): %.200s\n", fault_names[fault],
                              (unsigned long long)seed, buf_text(&story));
            buf_done(&story);
        }
        if (!is_seen)
            print_error("never seen: %s\n", fault_names[fault]);
        unseen += !is_seen;
    }
    assert_int_equal(unseen, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_seeds),
                                       cmocka_unit_test(test_faults_are_seen)};

    log_set_level(LOG_LEVEL_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
