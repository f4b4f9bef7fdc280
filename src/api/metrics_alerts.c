// metrics_alerts.c - the samples about incidents and what is told of them.
// SPDX-License-Identifier: Apache-2.0
#include "api/metrics.h"

#include "alert/alerts.h"

void metric_notifications(struct metrics *m)
{
    const struct channels *channels = alerts_channels(m->api->o.alerts);

    for (size_t i = 0; i < channels->list.len; i++) {
        const struct channel *c = channels->list.v[i];

        metric_int(&m->w, LABELS({"channel", c->row.name}, {"result", STR_LIT("sent")}), c->sent);
        metric_int(&m->w, LABELS({"channel", c->row.name}, {"result", STR_LIT("failed")}),
                   c->failed);
        metric_int(&m->w, LABELS({"channel", c->row.name}, {"result", STR_LIT("given_up")}),
                   c->given_up);
    }
}

void metric_notifications_waiting(struct metrics *m)
{
    struct alerts_stats stats;

    alerts_stats(m->api->o.alerts, &stats);
    metric_int(&m->w, LABELS(), (int64_t)stats.waiting);
}

void metric_incidents(struct metrics *m)
{
    struct alerts_stats stats;

    alerts_stats(m->api->o.alerts, &stats);
#define X(name, number, text, sentence) \
    metric_int(&m->w, LABELS({"kind", STR_LIT(text)}), (int64_t)stats.open[number]);
#include "store/incident_kind.def"
#undef X
}
