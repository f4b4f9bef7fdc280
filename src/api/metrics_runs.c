// metrics_runs.c - the samples about jobs and runs, all together and one by one.
// SPDX-License-Identifier: Apache-2.0
#include "api/metrics.h"

#include "base/mem.h"
#include "job/pause.h"
#include "job/tags.h"
#include "sched/pauses.h"

#define TAGS_LABEL_MAX (TAGS_MAX * (TAG_MAX + 1) + 2)

static struct str kind_name(int kind)
{
    return str_of(job_kind_names[kind]);
}

// job_kind_names ends with NULL.
static int kind_count(void)
{
    int count = 0;

    while (job_kind_names[count])
        count++;
    return count;
}

void metric_jobs(struct metrics *m)
{
    static const char *const names[DUE_STATUSES] = {"scheduled", "paused", "quarantined"};

    for (int kind = 0; kind < kind_count(); kind++)
        for (int status = 0; status < DUE_STATUSES; status++)
            metric_int(&m->w, LABELS({"state", str_of(names[status])}, {"kind", kind_name(kind)}),
                       (int64_t)m->sched.counts->n[kind][status]);
}

static void runs_write(struct metrics *m, int state, int kind, int origin)
{
    int64_t count = m->sched.tally->ended[state][kind][origin];

    if (count > 0)
        metric_int(&m->w,
                   LABELS({"result", str_of(run_state_name((enum run_state)state))},
                          {"kind", kind_name(kind)},
                          {"trigger", str_of(run_origin_name((enum run_origin)origin))}),
                   count);
}

void metric_runs(struct metrics *m)
{
    for (int state = 0; state < TALLY_STATES; state++)
        for (int kind = 0; kind < kind_count(); kind++)
            for (int origin = 0; origin < TALLY_ORIGINS; origin++)
                runs_write(m, state, kind, origin);
}

void metric_run_duration(struct metrics *m)
{
    for (int state = 0; state < TALLY_STATES; state++)
        for (int kind = 0; kind < kind_count(); kind++)
            if (m->sched.tally->length[state][kind].total > 0)
                metric_histogram(&m->w,
                                 LABELS({"kind", kind_name(kind)},
                                        {"result", str_of(run_state_name((enum run_state)state))}),
                                 &m->sched.tally->length[state][kind], &tally_length_bounds);
}

void metric_run_start_lag(struct metrics *m)
{
    for (int kind = 0; kind < kind_count(); kind++)
        if (m->sched.tally->lag[kind].total > 0)
            metric_histogram(&m->w, LABELS({"kind", kind_name(kind)}), &m->sched.tally->lag[kind],
                             &tally_lag_bounds);
}

void metric_runs_running(struct metrics *m)
{
    metric_int(&m->w, LABELS(), (int64_t)m->sched.running);
}

void metric_runs_queued(struct metrics *m)
{
    metric_int(&m->w, LABELS(), (int64_t)m->sched.waiting);
}

void metric_scheduler_paused(struct metrics *m)
{
    const struct pause *all = pauses_find(sched_pauses(m->api->o.sched), (struct str){0});

    metric_int(&m->w, LABELS(), pause_holds(all, clock_wall(m->api->o.clock)));
}

void metric_running_limit(struct metrics *m)
{
    const struct waits waits = sched_waits(m->api->o.sched);

    if (waits.room->all.slots != ROOM_NO_LIMIT)
        metric_int(&m->w, LABELS(), waits.room->all.slots);
}

static void each_pool(struct metrics *m, int64_t (*value)(const struct gate *gate))
{
    const struct pools *pools = sched_pools(m->api->o.sched);

    for (size_t i = 0; i < pools->all.len; i++) {
        const struct gate *gate = room_pool(pools->room, pools->all.v[i]->row.name);

        if (gate && value(gate) >= 0)
            metric_int(&m->w, LABELS({"pool", gate->name}), value(gate));
    }
}

static int64_t slots_of(const struct gate *gate)
{
    return gate->slots;
}

static int64_t used_of(const struct gate *gate)
{
    return gate->used;
}

static int64_t waiting_of(const struct gate *gate)
{
    return gate->waiting;
}

void metric_pool_slots(struct metrics *m)
{
    each_pool(m, slots_of);
}

void metric_pool_used(struct metrics *m)
{
    each_pool(m, used_of);
}

void metric_pool_waiting(struct metrics *m)
{
    each_pool(m, waiting_of);
}

// Slots that became part of a later run without being late have no reason of their own.
void metric_runs_missed(struct metrics *m)
{
    for (int reason = 0; reason < TALLY_REASONS; reason++)
        if (m->sched.tally->missed[reason] > 0)
            metric_int(&m->w,
                       LABELS({"reason", reason == REASON_NONE
                                             ? STR_LIT("coalesced")
                                             : str_of(run_reason_name((enum run_reason)reason))}),
                       m->sched.tally->missed[reason]);
}

void metric_retries(struct metrics *m)
{
    for (int kind = 0; kind < kind_count(); kind++)
        metric_int(&m->w, LABELS({"kind", kind_name(kind)}), m->sched.tally->retried[kind]);
}

// --- single jobs
// --------------------------------------------------------------------------------------------------
//
// Of several nodes each tells of its own jobs, so that no job is told of twice.

static void all_gather(struct metrics *m)
{
    const struct job *job;
    wall next_at;

    for (size_t at = 0; (job = sched_next_job(m->api->o.sched, &at, &next_at));)
        if (sched_is_ours(m->api->o.sched, job))
            m->jobs[m->job_count++] =
                (struct metrics_job){job, tally_job(m->sched.tally, job->id), next_at};
}

static void failing_gather(struct metrics *m, size_t jobs_max)
{
    const struct tally_job *past = NULL;

    while (m->job_count < jobs_max && (past = tally_failing_next(m->sched.tally, past))) {
        const struct job *job = sched_find_id(m->api->o.sched, past->job_id);

        if (job && sched_is_ours(m->api->o.sched, job))
            m->jobs[m->job_count++] =
                (struct metrics_job){job, past, sched_next_at(m->api->o.sched, job)};
    }
}

void metrics_jobs_gather(struct metrics *m, size_t jobs_max)
{
    size_t count = sched_count(m->api->o.sched);

    m->jobs = mem_array(count < jobs_max ? count : jobs_max, sizeof *m->jobs);
    if (count <= jobs_max)
        all_gather(m);
    else
        failing_gather(m, jobs_max);
    m->jobs_dropped = count <= jobs_max ? 0 : count - m->job_count;
}

typedef void job_fn(struct metrics *m, const struct metrics_job *job,
                    const struct metric_label *labels);

static void each_job(struct metrics *m, bool has_run, job_fn *fn)
{
    for (size_t i = 0; i < m->job_count; i++)
        if (m->jobs[i].past || !has_run)
            fn(m, &m->jobs[i], LABELS({"job_id", m->jobs[i].job->name}));
}

// ",nightly,etl,": so that each can be looked for with its commas.
static struct str tags_label(struct str tags, char out[TAGS_LABEL_MAX])
{
    size_t n = 0;

    if (tags.len == 0)
        return (struct str){0};
    out[n++] = ',';
    for (size_t i = 0; i < tags.len && n < TAGS_LABEL_MAX - 1; i++)
        out[n++] = tags.p[i] == ' ' ? ',' : tags.p[i];
    out[n++] = ',';
    return (struct str){out, n};
}

static void info_write(struct metrics *m, const struct metrics_job *job,
                       const struct metric_label *labels)
{
    struct str kind = kind_name(job->job->kind), tags;
    char text[TAGS_LABEL_MAX];

    (void)labels;
    tags = tags_label(job->job->spec->tags, text);
    if (tags.len > 0)
        metric_int(&m->w, LABELS({"job_id", job->job->name}, {"kind", kind}, {"tags", tags}), 1);
    else
        metric_int(&m->w, LABELS({"job_id", job->job->name}, {"kind", kind}), 1);
}

void metric_job_info(struct metrics *m)
{
    each_job(m, false, info_write);
}

static void last_run_write(struct metrics *m, const struct metrics_job *job,
                           const struct metric_label *labels)
{
    metric_moment(&m->w, labels, job->past->ended_at);
}

void metric_job_last_run(struct metrics *m)
{
    each_job(m, true, last_run_write);
}

static void last_success_write(struct metrics *m, const struct metrics_job *job,
                               const struct metric_label *labels)
{
    if (job->past->succeeded_at.us != 0)
        metric_moment(&m->w, labels, job->past->succeeded_at);
}

void metric_job_last_success(struct metrics *m)
{
    each_job(m, true, last_success_write);
}

static void next_run_write(struct metrics *m, const struct metrics_job *job,
                           const struct metric_label *labels)
{
    if (job->next_at.us != WALL_NEVER.us)
        metric_moment(&m->w, labels, job->next_at);
}

void metric_job_next_run(struct metrics *m)
{
    each_job(m, false, next_run_write);
}

static void last_duration_write(struct metrics *m, const struct metrics_job *job,
                                const struct metric_label *labels)
{
    metric_seconds(&m->w, labels, job->past->length_us);
}

void metric_job_last_duration(struct metrics *m)
{
    each_job(m, true, last_duration_write);
}

static void last_exit_write(struct metrics *m, const struct metrics_job *job,
                            const struct metric_label *labels)
{
    metric_int(&m->w, labels, job->past->exit_code);
}

void metric_job_last_exit(struct metrics *m)
{
    each_job(m, true, last_exit_write);
}

static void failing_write(struct metrics *m, const struct metrics_job *job,
                          const struct metric_label *labels)
{
    metric_int(&m->w, labels, job->past->failures > 0);
}

void metric_job_failing(struct metrics *m)
{
    each_job(m, true, failing_write);
}

static void failures_write(struct metrics *m, const struct metrics_job *job,
                           const struct metric_label *labels)
{
    metric_int(&m->w, labels, job->past->failures);
}

void metric_job_failures(struct metrics *m)
{
    each_job(m, true, failures_write);
}

void metric_jobs_dropped(struct metrics *m)
{
    metric_int(&m->w, LABELS(), (int64_t)m->jobs_dropped);
}
