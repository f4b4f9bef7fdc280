// rates.c - keeps what rates remember over restarts.
// SPDX-License-Identifier: Apache-2.0
#include "sched/rates.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/log.h"

static void look(void *ctx);

void rates_init(struct rates *r, struct loop *loop, struct store *store, struct room *room)
{
    *r = (struct rates){.loop = loop, .store = store, .room = room};
}

void rates_done(struct rates *r)
{
    loop_timer_stop(r->loop, &r->timer);
    free(r->loaded);
}

// ---- the start ----

void rates_load(struct rates *r, const struct store_calendar *row)
{
    free(r->loaded);
    r->loaded = str_own(row->body);
}

// At most what a full burst at that rate owes.
static void debt_set(struct rates *r, struct gate *gate, const json_t *until)
{
    const struct throttle *t = &gate->throttle;
    int64_t us = json_integer_value(until) - clock_wall(loop_clock(r->loop)).us, most;

    if (t->count == 0)
        return;
    most = throttle_step_us(t) * t->burst;
    gate_set_debt(gate, us < most ? us : most, loop_now(r->loop));
}

static void jobs_set(struct rates *r, const json_t *jobs, const struct due *due)
{
    const json_t *until;
    const char *key;
    int64_t id;

    json_object_foreach((json_t *)jobs, key, until)
    {
        const struct entry *entry = str_to_int(str_of(key), &id) ? due_find_id(due, id) : NULL;

        if (entry && entry->job->needs && entry->job->needs->throttle.count > 0)
            debt_set(r, room_rate(r->room, entry->job), until);
    }
}

void rates_begin(struct rates *r, const struct due *due)
{
    json_t *kept = r->loaded ? json_loads(r->loaded, 0, NULL) : NULL;
    const json_t *until;
    const char *key;

    json_object_foreach(json_object_get(kept, "pools"), key, until)
    {
        struct gate *gate = room_pool(r->room, str_of(key));

        if (gate)
            debt_set(r, gate, until);
    }
    jobs_set(r, json_object_get(kept, "jobs"), due);
    json_decref(kept);
    free(r->loaded);
    r->loaded = NULL;
}

// ---- keeping ----

static json_t *debts(const struct rates *r, const struct map *gates, bool is_pools)
{
    wall now = clock_wall(loop_clock(r->loop));
    json_t *object = json_object();
    const struct gate *gate;
    char key[32];

    for (size_t at = 0; (gate = map_next(gates, &at));) {
        int64_t us = gate_debt_us(gate, loop_now(r->loop));

        if (us < RATES_LEAST_US)
            continue;
        snprintf(key, sizeof key, "%lld", (long long)gate->job_id);
        (void)json_object_set_new(object, is_pools ? gate->name.p : key, json_integer(now.us + us));
    }
    return object;
}

static void answered(const struct store_answer *answer, void *ctx)
{
    struct rates *r = ctx;

    r->is_writing = false;
    if (answer->err) // whoever else writes has told it
        log_debug("what rates remember could not be kept", log_err(answer->err));
    else
        rates_look(r);
}

static void save(struct rates *r)
{
    json_t *value = json_pack("{s:o,s:o}", "pools", debts(r, &r->room->pools, true), "jobs",
                              debts(r, &r->room->rates, false));
    char *body = json_dumps(value, JSON_COMPACT);
    wall now = clock_wall(loop_clock(r->loop));
    const struct store_calendar row = {.kind = STORE_RATES,
                                       .name = STR_LIT("default"),
                                       .body = str_of(body),
                                       .created_at = now,
                                       .updated_at = now};

    r->passes = r->room->passes;
    if (row.body.len > RATES_FEW_BYTES)
        r->next = mono_after_us(loop_now(r->loop), RATES_PERIOD_US);
    r->is_writing = true;
    store_put_calendar(r->store, &row, STORE_ANY, answered, r);
    free(body);
    json_decref(value);
}

void rates_look(struct rates *r)
{
    if (r->is_writing || r->passes == r->room->passes)
        return;
    if (r->next.us <= loop_now(r->loop).us)
        save(r);
    else
        loop_timer_set(r->loop, &r->timer, r->next, look, r);
}

static void look(void *ctx)
{
    rates_look(ctx);
}
