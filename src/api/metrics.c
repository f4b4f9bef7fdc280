// metrics.c - GET /metrics: a walk through metric.def.
// SPDX-License-Identifier: Apache-2.0
#include "api/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/handlers.h"
#include "store/meter.h"

#define METRICS_BODY_MAX (256u << 20)

struct metric {
    const char *name;
    enum metric_type type;
    metric_fn *write;
    const char *help;
};

static const struct metric table[] = {
#define X(name, type, writer, help) {name, type, metric_##writer, help},
#include "api/metric.def"
#undef X
};

static const struct alias {
    const char *exporter;
    struct metric metric;
} aliases[] = {
#define X(exporter, name, type, writer, help) {exporter, {name, type, metric_##writer, help}},
#include "api/metric_alias.def"
#undef X
};

bool metrics_compat_check(struct str exporters, struct err *e)
{
    struct str name;

    while (exporters.len > 0 && str_next(&exporters, ',', &name)) {
        name = str_trim(name);
        if (!str_eq(name, STR_LIT("blackbox")) && !str_eq(name, STR_LIT("ssl_exporter")))
            return fail(e, ERR_USAGE, "metrics-compat",
                        "metrics-compat: \"%.*s\" is neither blackbox nor ssl_exporter", STR(name));
    }
    return true;
}

static bool is_wanted(const struct api *api, const char *exporter)
{
    struct str rest = str_of(api->o.metrics_compat), name;

    while (rest.len > 0 && str_next(&rest, ',', &name))
        if (str_eq(str_trim(name), str_of(exporter)))
            return true;
    return false;
}

static void metric_show(struct metrics *m, const struct metric *metric)
{
    metric_begin(&m->w, metric->name, metric->type, metric->help);
    metric->write(m);
}

// Whether a client would rather have OpenMetrics: it names the type.
static bool wants_open(const struct call *call)
{
    struct str rest, type, name;

    if (!http_request_header(call->r, "accept", &rest))
        return false;
    while (str_next(&rest, ',', &type))
        if (str_next(&type, ';', &name) &&
            str_eq_nocase(str_trim(name), STR_LIT("application/openmetrics-text")))
            return true;
    return false;
}

void metrics_show(struct call *call)
{
    struct metrics m = {.api = call->api, .w.is_open = wants_open(call)};
    struct buf body;

    buf_init(&body, METRICS_BODY_MAX);
    m.w.out = &body;
    sched_stats(call->api->o.sched, &m.sched);
    store_stats(call->api->o.store, &m.store);
    process_stats(&m.process);
    metrics_jobs_gather(&m, call->api->o.metrics_jobs_max);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        metric_show(&m, &table[i]);
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (is_wanted(call->api, aliases[i].exporter))
            metric_show(&m, &aliases[i].metric);
    metric_finish(&m.w);
    free(m.jobs);
    call_reply_as(call, 200,
                  m.w.is_open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                              : "text/plain; version=0.0.4; charset=utf-8",
                  &body);
}

// --- the service itself
// -------------------------------------------------------------------------------------------

void metric_build_info(struct metrics *m)
{
    metric_int(&m->w, LABELS({"version", str_of(m->api->o.version)}), 1);
}

// "GET", "/api/v1/jobs"; what is no route goes by one name.
static struct str route_path(const struct http_tally *t, size_t i)
{
    return i < t->count ? str_of(t->routes[i].path) : STR_LIT("other");
}

void metric_http_requests(struct metrics *m)
{
    const struct http_tally *t = &m->api->tally;
    char code[16];

    for (size_t i = 0; i <= t->count; i++) {
        struct str method =
            i < t->count ? str_of(router_method_name(t->routes[i].method)) : STR_LIT("any");

        for (size_t k = 0; k < t->rows[i].codes.len; k++) {
            snprintf(code, sizeof code, "%d", t->rows[i].codes.v[k].status);
            metric_int(
                &m->w,
                LABELS({"method", method}, {"route", route_path(t, i)}, {"code", str_of(code)}),
                t->rows[i].codes.v[k].count);
        }
    }
}

void metric_http_duration(struct metrics *m)
{
    const struct http_tally *t = &m->api->tally;

    for (size_t i = 0; i <= t->count; i++) {
        struct str method =
            i < t->count ? str_of(router_method_name(t->routes[i].method)) : STR_LIT("any");

        if (t->rows[i].took.total > 0)
            metric_histogram(&m->w, LABELS({"method", method}, {"route", route_path(t, i)}),
                             &t->rows[i].took, &http_tally_bounds);
    }
}

void metric_http_in_flight(struct metrics *m)
{
    metric_int(&m->w, LABELS(), m->api->tally.in_flight);
}

void metric_sse_clients(struct metrics *m)
{
    metric_int(&m->w, LABELS(), (int64_t)m->api->sse_count);
}

void metric_store_duration(struct metrics *m)
{
    for (int i = 0; i < METER_KINDS; i++)
        if (meter_name(i) && m->store.meter->took[i].total > 0)
            metric_histogram(&m->w, LABELS({"operation", str_of(meter_name(i))}),
                             &m->store.meter->took[i], &meter_bounds);
}

void metric_store_errors(struct metrics *m)
{
    metric_int(&m->w, LABELS({"kind", STR_LIT("failed")}), m->store.meter->failed);
    metric_int(&m->w, LABELS({"kind", STR_LIT("refused")}), m->store.meter->refused);
}

void metric_store_size(struct metrics *m)
{
    metric_int(&m->w, LABELS({"part", STR_LIT("database")}), m->store.bytes);
    metric_int(&m->w, LABELS({"part", STR_LIT("log")}), m->store.log_bytes);
}

void metric_scheduler_tick(struct metrics *m)
{
    metric_moment(&m->w, LABELS(), m->sched.looked_at);
}

// What could not be found out is left out.
static void known_write(struct metrics *m, int64_t n)
{
    if (n >= 0)
        metric_int(&m->w, LABELS(), n);
}

void metric_process_cpu(struct metrics *m)
{
    if (m->process.cpu_us >= 0)
        metric_seconds(&m->w, LABELS(), m->process.cpu_us);
}

void metric_process_resident(struct metrics *m)
{
    known_write(m, m->process.resident_bytes);
}

void metric_process_virtual(struct metrics *m)
{
    known_write(m, m->process.virtual_bytes);
}

void metric_process_fds(struct metrics *m)
{
    known_write(m, m->process.fds_open);
}

void metric_process_fds_max(struct metrics *m)
{
    known_write(m, m->process.fds_max);
}

void metric_process_threads(struct metrics *m)
{
    known_write(m, m->process.threads);
}

void metric_process_start(struct metrics *m)
{
    if (m->process.started_at.us > 0)
        metric_moment(&m->w, LABELS(), m->process.started_at);
}
