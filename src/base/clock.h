// clock.h - the only door to the system's time, and a simulated one behind the same door.
//
// wall is a moment on the calendar, mono a stopwatch reading that never steps back and runs on
// during suspend (CLOCK_BOOTTIME). Both are one-member structs: mixing them does not compile and
// costs nothing.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t us; // microseconds since 1970-01-01T00:00:00Z
} wall;

typedef struct {
    int64_t us; // microseconds since an arbitrary start
} mono;

#define WALL_NEVER ((wall){INT64_MAX})

static inline mono mono_after_us(mono t, int64_t us)
{
    return (mono){t.us + us};
}

static inline wall wall_after_us(wall t, int64_t us)
{
    return (wall){t.us + us};
}

struct clock {
    wall (*wall_now)(const struct clock *clock);
    mono (*mono_now)(const struct clock *clock);
};

static inline wall clock_wall(const struct clock *clock)
{
    return clock->wall_now(clock);
}

static inline mono clock_mono(const struct clock *clock)
{
    return clock->mono_now(clock);
}

// The system's clock; never freed.
const struct clock *clock_real(void);

// How far its calendar is ahead of the system's, which other processes go by; 0 for clock_real.
int64_t clock_ahead_us(const struct clock *clock);

// A stopwatch that shows another clock's calendar: that of the store which several machines share.
// Set from any thread, read from any. base is the first member: hand out &shared.base.
struct shared_clock {
    struct clock base;
    _Atomic int64_t offset_us; // from mono to wall
};

void shared_clock_init(struct shared_clock *shared); // shows the system's calendar
// At the moment `when` the calendar read `at`.
void shared_clock_set(struct shared_clock *shared, wall at, mono when);

// A clock that moves only when told to. base is the first member: hand out &sim.base.
struct sim_clock {
    struct clock base;
    int64_t wall_us;
    int64_t mono_us;
};

void sim_clock_init(struct sim_clock *sim, wall start);
void sim_clock_advance(struct sim_clock *sim, int64_t us); // both readings; us >= 0
void sim_clock_step(struct sim_clock *sim,
                    int64_t us); // the calendar only, as a leap of the system clock
