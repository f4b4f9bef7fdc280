// memory_beat.c - a beat is sent, carried out, answered.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_beat.h"

#include "store/memory_rows.h"

#define LEASE_US INT64_C(5000000)
#define BEATS 5 // in a lease

static void beat_send(void *ctx);
static void beat_do(void *ctx);
static void beat_answer(void *ctx);

static mono now_of(const struct memory_beat *b)
{
    return clock_mono(loop_clock(b->loop));
}

static void soon(struct memory_beat *b, int64_t us, loop_fn *fn)
{
    if (us > 0)
        loop_timer_set(b->loop, &b->timer, mono_after_us(now_of(b), us), fn, b);
    else
        loop_defer(b->loop, fn, b);
}

static void trust(struct memory_beat *b)
{
    b->trusted_until = mono_after_us(b->sent_at, b->lease_us / 10 * 8);
}

static void clock_tell(const struct memory_beat *b)
{
    mono now = now_of(b);

    if (b->on_clock)
        b->on_clock(b->done_at, mono_after_us(b->sent_at, (now.us - b->sent_at.us) / 2), b->ctx);
}

// Another has changed something.
static void hear(void *ctx)
{
    struct memory_beat *b = ctx;

    if (b->is_deaf || b->is_cut)
        return;
    b->is_asked_again = b->phase != BEAT_NONE;
    if (b->phase == BEAT_NONE)
        loop_timer_set(b->loop, &b->timer, now_of(b), beat_send, b);
}

void memory_beat_begin(struct memory_beat *b, const struct memory_node_options *options, int64_t id)
{
    b->id = id;
    b->lease_us = options->lease_us ? options->lease_us : LEASE_US;
    b->on_clock = options->on_clock;
    b->ctx = options->ctx;
    b->sent_at = now_of(b);
    b->done_at = clock_wall(b->data->members.clock);
    clock_tell(b);
    trust(b);
    vec_push(&b->data->members.ears, ((struct memory_ear){id, hear, b}));
    loop_timer_set(b->loop, &b->timer, mono_after_us(now_of(b), b->lease_us / BEATS), beat_send, b);
}

void memory_beat_end(struct memory_beat *b)
{
    struct memory_members *m = &b->data->members;
    size_t len = 0;

    loop_timer_stop(b->loop, &b->timer);
    loop_defer_cancel(b->loop, beat_do, b);
    loop_defer_cancel(b->loop, beat_answer, b);
    memory_look_done(&b->look);
    for (size_t i = 0; i < m->ears.len; i++)
        if (m->ears.v[i].ctx != b)
            m->ears.v[len++] = m->ears.v[i];
    m->ears.len = len;
}

bool memory_beat_may_start(const struct memory_beat *b)
{
    return now_of(b).us < b->trusted_until.us;
}

void memory_beat_load(struct memory_beat *b, struct arena *arena, struct store_members *ret)
{
    const struct memory_data *data = b->data;

    memory_members_read(&data->members, b->id, arena, ret);
    b->known = (struct memory_known){data->members.epoch, data->change_seq,
                                     data->members.calendar_changes};
    b->is_loaded = true;
}

// ---- a beat ----

static void beat_later(struct memory_beat *b)
{
    int64_t us = b->is_asked_again ? 0 : b->lease_us / BEATS;

    b->phase = BEAT_NONE;
    b->is_asked_again = false;
    loop_timer_set(b->loop, &b->timer, mono_after_us(now_of(b), us), beat_send, b);
}

static void beat_send(void *ctx)
{
    struct memory_beat *b = ctx;

    b->phase = BEAT_SENT;
    b->sent_at = now_of(b);
    soon(b, b->commit_us, beat_do);
}

static void beat_do(void *ctx)
{
    struct memory_beat *b = ctx;

    if (b->is_cut) {
        beat_later(b);
        return;
    }
    b->phase = BEAT_DONE;
    b->is_gone = !memory_epoch_beat(b->data, b->id, &b->told);
    b->told.releases = false;
    b->done_at = clock_wall(b->data->members.clock);
    if (b->is_loaded && b->watch.news && !b->is_gone)
        memory_look(b->data, b->id, &b->known, &b->look);
    soon(b, b->answer_us, beat_answer);
}

void memory_beat_land(struct memory_beat *b)
{
    if (b->phase != BEAT_SENT)
        return;
    loop_defer_cancel(b->loop, beat_do, b);
    beat_do(b);
}

static void lost(struct memory_beat *b)
{
    struct err e = {0};

    b->trusted_until = (mono){INT64_MIN};
    (void)fail(&e, ERR_STORE, NULL, "the lease of this node has ended");
    if (b->is_loaded && b->watch.lost)
        b->watch.lost(&e, b->watch.ctx);
}

static void beat_answer(void *ctx)
{
    struct memory_beat *b = ctx;
    struct memory_look look = b->look;

    b->look = (struct memory_look){0};
    if (b->is_gone) {
        lost(b);
        return;
    }
    trust(b);
    clock_tell(b);
    beat_later(b);
    if (look.has_news) {
        b->known = look.known;
        b->watch.news(&look.news, b->watch.ctx);
    }
    memory_look_done(&look);
}
