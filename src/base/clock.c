// clock.c - real and simulated time.
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <time.h>

static int64_t system_us(clockid_t id)
{
    struct timespec t;

    int rc = clock_gettime(id, &t);
    assert(rc == 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static wall real_wall(const struct clock *clock)
{
    (void)clock;
    return (wall){system_us(CLOCK_REALTIME)};
}

static mono real_mono(const struct clock *clock)
{
    (void)clock;
    return (mono){system_us(CLOCK_BOOTTIME)};
}

const struct clock *clock_real(void)
{
    static const struct clock clock = {real_wall, real_mono};

    return &clock;
}

int64_t clock_ahead_us(const struct clock *clock)
{
    return clock == clock_real() ? 0 : clock_wall(clock).us - real_wall(clock).us;
}

static wall shared_wall(const struct clock *clock)
{
    const struct shared_clock *shared = (const struct shared_clock *)clock;

    return (wall){real_mono(clock).us + atomic_load(&shared->offset_us)};
}

void shared_clock_init(struct shared_clock *shared)
{
    shared->base = (struct clock){shared_wall, real_mono};
    shared_clock_set(shared, real_wall(NULL), real_mono(NULL));
}

void shared_clock_set(struct shared_clock *shared, wall at, mono when)
{
    atomic_store(&shared->offset_us, at.us - when.us);
}

static wall sim_wall(const struct clock *clock)
{
    return (wall){((const struct sim_clock *)clock)->wall_us};
}

static mono sim_mono(const struct clock *clock)
{
    return (mono){((const struct sim_clock *)clock)->mono_us};
}

void sim_clock_init(struct sim_clock *sim, wall start)
{
    *sim = (struct sim_clock){{sim_wall, sim_mono}, start.us, 0};
}

void sim_clock_advance(struct sim_clock *sim, int64_t us)
{
    assert(us >= 0);
    sim->wall_us += us;
    sim->mono_us += us;
}

void sim_clock_step(struct sim_clock *sim, int64_t us)
{
    sim->wall_us += us;
}
