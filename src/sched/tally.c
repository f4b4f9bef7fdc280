// tally.c - counts of runs since the start, and what is remembered of each job.
// SPDX-License-Identifier: Apache-2.0
#include "sched/tally.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"

#define MS INT64_C(1000)
#define S INT64_C(1000000)

const struct histogram_bounds tally_length_bounds = {13,
                                                     {10 * MS, 50 * MS, 100 * MS, 500 * MS, S,
                                                      5 * S, 10 * S, 30 * S, 60 * S, 300 * S,
                                                      600 * S, 1800 * S, 3600 * S}};
const struct histogram_bounds tally_lag_bounds = {
    12,
    {MS, 2 * MS, 5 * MS, 10 * MS, 20 * MS, 50 * MS, 100 * MS, 500 * MS, S, 5 * S, 15 * S, 60 * S}};

const struct histogram_bounds tally_phase_bounds = {12,
                                                    {5 * MS, 10 * MS, 25 * MS, 50 * MS, 100 * MS,
                                                     250 * MS, 500 * MS, S, 2500 * MS, 5 * S,
                                                     10 * S, 30 * S}};

void tally_init(struct tally *t)
{
    *t = (struct tally){0};
    list_init(&t->failing);
}

static void certificates_free(struct tally_certificates *c)
{
    if (!c)
        return;
    arena_free(c->arena);
    free(c);
}

static void entry_free(struct tally_job *job)
{
    certificates_free(job->certificates);
    free(job);
}

void tally_done(struct tally *t)
{
    struct tally_job *job;

    for (size_t at = 0; (job = radix_next(&t->jobs, &at));)
        entry_free(job);
    radix_done(&t->jobs);
}

static struct tally_job *job_get(struct tally *t, int64_t job_id)
{
    struct tally_job *job = radix_get(&t->jobs, (uint64_t)job_id);

    if (job)
        return job;
    job = mem_alloc(sizeof *job);
    job->job_id = job_id;
    radix_put(&t->jobs, (uint64_t)job_id, job);
    return job;
}

static void failing_note(struct tally *t, struct tally_job *job)
{
    if (job->failures > 0 && !list_has(&job->failing)) {
        list_push(&t->failing, &job->failing);
        t->failing_count++;
    } else if (job->failures == 0 && list_has(&job->failing)) {
        list_remove(&job->failing);
        t->failing_count--;
    }
}

// ---- certificates ----

static struct run_certificate *certificate_find(const struct tally_certificates *c,
                                                const struct run_certificate *like)
{
    for (size_t i = 0; c && i < c->count; i++)
        if (c->v[i].port == like->port && str_eq(c->v[i].host, like->host))
            return &c->v[i];
    return NULL;
}

static void certificate_add(struct tally_certificates *c, const struct run_certificate *from)
{
    struct run_certificate *to = &c->v[c->count++];

    *to = *from;
    to->host = arena_copy(c->arena, from->host);
    to->code = arena_copy(c->arena, from->code);
    to->message = arena_copy(c->arena, from->message);
    to->subject_cn = arena_copy(c->arena, from->subject_cn);
    to->issuer_cn = arena_copy(c->arena, from->issuer_cn);
    to->serial = arena_copy(c->arena, from->serial);
    to->sha256 = arena_copy(c->arena, from->sha256);
    to->last_sha256 = arena_copy(c->arena, from->sha256.len > 0 ? from->sha256 : from->last_sha256);
    to->names = arena_copy(c->arena, from->names);
    to->tls_version = arena_copy(c->arena, from->tls_version);
    to->cipher = arena_copy(c->arena, from->cipher);
}

static void phases_count(struct tally *t, const struct run_certificate *c)
{
    const int64_t us[TALLY_PHASES] = {c->dns_us, c->connect_us, c->tls_us};

    for (int i = 0; i < TALLY_PHASES; i++)
        if (us[i] > 0)
            histogram_add(&t->phase[i], &tally_phase_bounds, us[i]);
}

static bool is_other(const struct run_certificate *last, const struct run_certificate *found)
{
    return last && last->last_sha256.len > 0 && found->sha256.len > 0 &&
           !str_eq(last->last_sha256, found->sha256);
}

// The lists of hosts mostly keep their order, so the one before is looked for at its place first.
static const struct run_certificate *certificate_before(const struct tally_certificates *before,
                                                        const struct run_certificate *found,
                                                        size_t place)
{
    if (before && place < before->count && before->v[place].port == found->port &&
        str_eq(before->v[place].host, found->host))
        return &before->v[place];
    return certificate_find(before, found);
}

static void certificates_note(struct tally *t, struct tally_job *job, const struct run_end *end)
{
    struct tally_certificates *before = job->certificates, *now = mem_alloc(sizeof *now), news;
    size_t most = end->seen.count + (before ? before->count : 0);

    now->arena = arena_new(4096);
    now->v = arena_array(now->arena, most, sizeof *now->v);
    for (size_t i = 0; i < end->seen.count; i++) {
        struct run_certificate found = end->seen.v[i];
        const struct run_certificate *last = certificate_before(before, &found, i);

        found.is_changed = found.is_changed || is_other(last, &found);
        if (last)
            found.last_sha256 = last->last_sha256;
        certificate_add(now, &found);
        phases_count(t, &found);
    }
    news = *now;
    for (size_t i = 0; before && end->seen.is_partial && i < before->count; i++)
        if (!certificate_find(&news, &before->v[i])) {
            certificate_add(now, &before->v[i]);
            now->v[now->count - 1].is_changed = false;
        }
    certificates_free(before);
    job->certificates = now;
}

// What somebody asked to end says nothing about the job.
static void job_note(struct tally *t, const struct tally_run *run, const struct run_end *end,
                     int64_t length_us)
{
    struct tally_job *job = job_get(t, run->job_id);

    job->is_past = false;
    job->run_id = end->run_id;
    job->slot = run->slot;
    job->ended_at = end->finished_at;
    job->length_us = length_us;
    job->state = end->state;
    job->exit_code = end->exit_code;
    if (end->state == RUN_SUCCEEDED) {
        job->succeeded_at = end->finished_at;
        job->failures = 0;
    } else if (end->state != RUN_CANCELLED) {
        job->failures++;
    }
    failing_note(t, job);
    if (end->seen.count > 0)
        certificates_note(t, job, end);
}

// What is started by hand or caught up with is not late through our fault.
static void lag_note(struct tally *t, const struct tally_run *run, const struct run_end *end)
{
    int64_t lag_us = end->started_at.us - run->slot.us;

    if (run->origin != RUN_SCHEDULED || end->attempt != 1)
        return;
    if (lag_us > t->late_max_us)
        t->late_max_us = lag_us;
    if (lag_us > t->late_recent_us)
        t->late_recent_us = lag_us;
    histogram_add(&t->lag[run->kind], &tally_lag_bounds, lag_us);
}

struct tally_run tally_run_of(enum job_kind kind, const struct run *run)
{
    return (struct tally_run){kind, run->origin, run->job_id, run->scheduled_at};
}

void tally_end(struct tally *t, const struct tally_run *run, const struct run_end *end,
               bool has_job)
{
    int64_t length_us = 0;

    if (end->started_at.us != 0)
        lag_note(t, run, end);
    if (end->try_at.us != 0) {
        t->retried[run->kind]++;
        return;
    }
    t->ended[end->state][run->kind][run->origin]++;
    if (end->started_at.us != 0) {
        length_us = end->finished_at.us - end->started_at.us;
        length_us = length_us < 0 ? 0 : length_us;
        histogram_add(&t->length[end->state][run->kind], &tally_length_bounds, length_us);
    }
    if (has_job)
        job_note(t, run, end, length_us);
}

void tally_row(struct tally *t, enum job_kind kind, const struct run *row)
{
    t->missed[row->reason] += row->missed;
    if (row->state != RUN_SKIPPED)
        return;
    t->missed[row->reason]++;
    t->ended[RUN_SKIPPED][kind][row->origin]++;
}

const struct tally_job *tally_job(const struct tally *t, int64_t job_id)
{
    return radix_get(&t->jobs, (uint64_t)job_id);
}

void tally_job_set(struct tally *t, const struct tally_job *past)
{
    struct tally_job *job = radix_get(&t->jobs, (uint64_t)past->job_id);

    if (job) { // it has run meanwhile: only what that run did not say
        if (job->succeeded_at.us == 0)
            job->succeeded_at = past->succeeded_at;
        return;
    }
    job = job_get(t, past->job_id);
    *job = *past;
    job->failing = (struct list){0};
    job->is_past = true;
    failing_note(t, job);
}

void tally_job_forget(struct tally *t, int64_t job_id)
{
    struct tally_job *job = radix_remove(&t->jobs, (uint64_t)job_id);

    if (!job)
        return;
    job->failures = 0;
    failing_note(t, job);
    entry_free(job);
}

const struct tally_job *tally_failing_next(const struct tally *t, const struct tally_job *job)
{
    const struct list *next = job ? job->failing.next : t->failing.next;

    return next == &t->failing ? NULL : list_item(next, struct tally_job, failing);
}
