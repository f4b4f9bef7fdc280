// pg_clock.c - what PostgreSQL's clock shows, as exactly as its answers allow.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_clock.h"

bool pg_clock_look(struct pg_clock *c, struct pg *pg)
{
    mono sent = clock_mono(clock_real());
    int64_t at;

    if (!query_number(pg_get(pg, PG_CLOCK), &at))
        return false;
    pg_clock_add(c, (wall){at}, sent, clock_mono(clock_real()));
    return true;
}

// Whether both can be true.
static bool is_agreed(const struct pg_clock_sample *a, const struct pg_clock_sample *b)
{
    int64_t apart = a->offset_us - b->offset_us, doubt = (a->journey_us + b->journey_us) / 2 + 1;

    return apart <= doubt && apart >= -doubt;
}

void pg_clock_add(struct pg_clock *c, wall at, mono sent, mono came)
{
    struct pg_clock_sample sample = {.journey_us = came.us - sent.us + 1};
    const struct pg_clock_sample *best = &sample;

    sample.offset_us = at.us - (sent.us + (came.us - sent.us) / 2);
    for (size_t i = 0; i < PG_CLOCK_SAMPLES; i++)
        if (c->samples[i].journey_us && !is_agreed(&c->samples[i], &sample))
            c->samples[i].journey_us = 0;
    c->samples[c->next++ % PG_CLOCK_SAMPLES] = sample;
    for (size_t i = 0; i < PG_CLOCK_SAMPLES; i++)
        if (c->samples[i].journey_us && c->samples[i].journey_us < best->journey_us)
            best = &c->samples[i];
    if (c->shared)
        shared_clock_set(c->shared, (wall){best->offset_us}, (mono){0});
}
