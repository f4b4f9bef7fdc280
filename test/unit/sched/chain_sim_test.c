// chain_sim_test.c - jobs that follow each other, killed at random moments: each end begins what
// follows it once. test/sim/chains.c has the world and its judge; each fault that it can plant must
// turn the judge red. CHAINS_SEED=n replays a seed, CHAINS_SEEDS=n runs more of them.
// SPDX-License-Identifier: Apache-2.0
#include "sched/chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "unit.h"

#include "../../sim/chains.c"

static uint64_t number_in(const char *name, uint64_t preset)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : preset;
}

static void test_seeds(void **state)
{
    uint64_t first = number_in("CHAINS_SEED", 1);
    uint64_t count = getenv("CHAINS_SEED") ? 1 : number_in("CHAINS_SEEDS", 40);
    size_t ends = 0, deaths = 0;
    char finding[200];

    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++) {
        chains_world(seed, CHAINS_NO_FAULT, finding, &ends, &deaths);
        if (finding[0])
            fail_msg("CHAINS_SEED=%llu: %s", (unsigned long long)seed, finding);
    }
    print_message("%zu ends, %zu deaths\n", ends, deaths);
    assert_true(count == 1 || (ends > 20 * count && deaths > count));
}

static void test_faults_are_seen(void **state)
{
    (void)state;
    for (int fault = CHAINS_NO_FAULT + 1; fault < CHAINS_FAULTS; fault++) {
        size_t ends = 0, deaths = 0, red = 0;
        char finding[200];

        for (uint64_t seed = 2; seed <= 12; seed += 2) {
            chains_world(seed, (enum chains_fault)fault, finding, &ends, &deaths);
            red += finding[0] != '\0';
        }
        print_message("fault %d: %zu of 6 worlds are red\n", fault, red);
        assert_true(red >= 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_seeds),
                                       cmocka_unit_test(test_faults_are_seen)};

    log_set_level(LOG_LEVEL_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
