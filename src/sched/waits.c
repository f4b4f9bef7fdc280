// waits.c - what runs wait for beside their job, and who has it.
// SPDX-License-Identifier: Apache-2.0
#include "sched/waits.h"

#include <inttypes.h>

#include "time/duration.h"

#define TOLD 3 // names of those who hold something

// ---- who has it ----

struct counting {
    const struct gate *gate;
    struct waits_holder *v;
    size_t most, count;
};

static void list_count(const struct list *lives, struct counting *c)
{
    for (const struct list *link = lives->next; link != lives; link = link->next) {
        const struct live *live = list_item(link, struct live, link);

        if (!room_holds(&live->place, c->gate))
            continue;
        if (c->count < c->most)
            c->v[c->count] = (struct waits_holder){
                .run_id = live->run_id,
                .job_name = live->entry ? live->entry->job->name : (struct str){0},
                .since = live->phase == LIVE_RUNS ? live->started_at : (wall){0},
            };
        c->count++;
    }
}

size_t waits_holders(const struct waits *w, const struct gate *gate, size_t most,
                     struct waits_holder *ret)
{
    struct counting c = {gate, ret, most, 0};

    list_count(&w->lives->running, &c);
    list_count(&w->queue->ready, &c);
    list_count(&w->queue->starting, &c);
    return c.count;
}

// ", by a, b and 4 more"
static void holders_print(const struct waits *w, const struct gate *gate, struct buf *out)
{
    struct waits_holder v[TOLD];
    size_t count = waits_holders(w, gate, TOLD, v), told = count < TOLD ? count : TOLD;

    for (size_t i = 0; i < told; i++)
        buf_printf(out, "%s%.*s",
                   i == 0                           ? ", by "
                   : i + 1 == told && count == told ? " and "
                                                    : ", ",
                   STR(v[i].job_name.len > 0 ? v[i].job_name : STR_LIT("a job that is gone")));
    if (count > told)
        buf_printf(out, " and %zu more", count - told);
}

// ---- what it waits for ----

static const struct live *live_find(const struct waits *w, int64_t job_id, int64_t run_id)
{
    const struct entry *entry = due_find_id(w->due, job_id);
    const struct live *live = entry ? entry->lives : NULL;

    while (live && live->run_id != run_id)
        live = live->next;
    return live;
}

enum run_reason waits_reason(const struct waits *w, int64_t job_id, int64_t run_id)
{
    const struct live *live = live_find(w, job_id, run_id);

    return live ? room_reason(w->room, &live->place) : REASON_NONE;
}

static void limit_print(const struct waits *w, struct buf *out)
{
    buf_printf(out,
               "as many attempts are in progress as may be at once (--max-running %" PRId64 ")",
               w->room->all.slots);
    holders_print(w, &w->room->all, out);
}

static void pool_print(const struct waits *w, const struct gate *gate, struct buf *out)
{
    int64_t left = gate->slots - gate->used;

    if (!gate->is_known) {
        buf_printf(out, "there is no pool %.*s", STR(gate->name));
    } else if (gate->slots == 0) {
        buf_printf(out, "the pool %.*s is closed: it has no slots", STR(gate->name));
    } else if (left <= 0) {
        buf_printf(out, "all %" PRId64 " places of the pool %.*s are taken", gate->slots,
                   STR(gate->name));
        holders_print(w, gate, out);
    } else {
        buf_printf(out,
                   "%" PRId64 " of %" PRId64 " places of the pool %.*s are free, which is too few "
                   "for it or for those before it",
                   left, gate->slots, STR(gate->name));
    }
}

static void rate_print(const struct waits *w, const struct gate *gate, struct buf *out)
{
    mono now = core_mono(w->queue->core);
    int64_t owed_us =
        gate_debt_us(gate, now) - (gate->throttle.burst - 1) * throttle_step_us(&gate->throttle);

    buf_add_text(out, "the rate ");
    if (gate->is_pool)
        buf_printf(out, "of the pool %.*s ", STR(gate->name));
    throttle_write(&gate->throttle, out);
    buf_add_text(out, " lets the next one start in ");
    duration_about(owed_us > SECOND_US ? owed_us : SECOND_US, out);
}

void waits_words(const struct waits *w, int64_t job_id, int64_t run_id, struct buf *out)
{
    const struct live *live = live_find(w, job_id, run_id);
    const struct gate *gate = live ? room_gate(&live->place) : NULL;

    if (!gate)
        return;
    switch (room_reason(w->room, &live->place)) {
    case REASON_LIMIT:
        limit_print(w, out);
        break;
    case REASON_RATE:
        rate_print(w, gate, out);
        break;
    default:
        pool_print(w, gate, out);
        break;
    }
    if (gate->waiting > 1)
        buf_printf(out, "; %" PRId64 " runs wait that need it", gate->waiting);
}
