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

static void loaded_clear(struct rates *r)
{
    for (size_t i = 0; i < r->loaded.len; i++)
        free(r->loaded.v[i]);
    vec_clear(&r->loaded);
}

void rates_done(struct rates *r)
{
    loop_timer_stop(r->loop, &r->timer);
    loaded_clear(r);
    vec_done(&r->loaded);
    free(r->name);
}

void rates_name(struct rates *r, struct str name)
{
    free(r->name);
    r->name = str_own(name);
}

// ---- the start ----

void rates_load(struct rates *r, const struct store_calendar *row)
{
    vec_push(&r->loaded, str_own(row->body));
}

void rates_sync(struct rates *r, const struct store_calendar *rows, size_t count)
{
    loaded_clear(r);
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == STORE_RATES)
            rates_load(r, &rows[i]);
}

// At most what a full burst at that rate owes.
static void debt_set(struct rates *r, struct gate *gate, const json_t *until)
{
    const struct throttle *t = &gate->throttle;
    int64_t us = json_integer_value(until) - clock_wall(loop_clock(r->loop)).us, most;

    if (t->count == 0)
        return;
    most = throttle_step_us(t) * t->burst;
    us = us < most ? us : most;
    if (us > gate_debt_us(gate, loop_now(r->loop)))
        gate_set_debt(gate, us, loop_now(r->loop));
}

static void pools_set(struct rates *r, const json_t *pools, const struct needs *needs)
{
    for (size_t i = 0; i < needs->count; i++) {
        struct gate *gate = room_pool(r->room, needs->pools[i].pool);
        const json_t *until = json_object_get(pools, needs->pools[i].pool.p);

        if (gate && until)
            debt_set(r, gate, until);
    }
}

static void entry_set(struct rates *r, const json_t *kept, const struct entry *entry)
{
    const struct needs *needs = entry->job->spec->needs;
    const json_t *until;
    char key[32];

    if (!needs || !entry->seat.is_ours)
        return;
    pools_set(r, json_object_get(kept, "pools"), needs);
    if (needs->throttle.count == 0)
        return;
    snprintf(key, sizeof key, "%lld", (long long)entry->job->id);
    until = json_object_get(json_object_get(kept, "jobs"), key);
    if (until)
        debt_set(r, room_rate(r->room, entry->job), until);
}

void rates_begin(struct rates *r, const struct due *due)
{
    const struct entry *entry;

    for (size_t i = 0; i < r->loaded.len; i++) {
        json_t *kept = json_loads(r->loaded.v[i], 0, NULL);

        for (size_t at = 0; (entry = radix_next(&due->by_id, &at));)
            entry_set(r, kept, entry);
        json_decref(kept);
    }
}

void rates_gain(struct rates *r, struct entry *const *entries, size_t count)
{
    for (size_t i = 0; i < r->loaded.len && count > 0; i++) {
        json_t *kept = json_loads(r->loaded.v[i], 0, NULL);

        for (size_t k = 0; k < count; k++)
            entry_set(r, kept, entries[k]);
        json_decref(kept);
    }
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
                                       .name = r->name ? str_of(r->name) : STR_LIT("default"),
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
