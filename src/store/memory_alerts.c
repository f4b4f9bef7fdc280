// memory_alerts.c - incidents and deliveries of the reference model.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_alerts.h"

#include <string.h>

static struct str own(struct str s)
{
    return (struct str){str_own(s), s.len};
}

static void incident_free(struct incident *row)
{
    free((char *)row->job.p);
    free((char *)row->target.p);
    free((char *)row->note.p);
    free((char *)row->message.p);
}

static void delivery_free(struct delivery *row)
{
    free((char *)row->channel.p);
    free((char *)row->error.p);
    free((char *)row->body.p);
}

void memory_alerts_done(struct memory_alerts *a)
{
    for (size_t i = 0; i < a->incidents.len; i++)
        incident_free(&a->incidents.v[i]);
    for (size_t i = 0; i < a->deliveries.len; i++)
        delivery_free(&a->deliveries.v[i]);
    vec_done(&a->incidents);
    vec_done(&a->deliveries);
}

static void incident_put(struct memory_alerts *a, const struct incident *row)
{
    struct incident copy = *row, *place;
    size_t at = 0;

    copy.job = own(row->job);
    copy.target = own(row->target);
    copy.note = own(row->note);
    copy.message = own(row->message);
    while (at < a->incidents.len && a->incidents.v[at].id < row->id)
        at++;
    if (at < a->incidents.len && a->incidents.v[at].id == row->id) {
        incident_free(&a->incidents.v[at]);
    } else {
        vec_reserve(&a->incidents, a->incidents.len + 1);
        place = a->incidents.v + at;
        memmove(place + 1, place, (a->incidents.len++ - at) * sizeof *place);
    }
    a->incidents.v[at] = copy;
}

static void delivery_put(struct memory_alerts *a, const struct delivery *row)
{
    struct delivery copy = *row, *place;
    size_t at = 0;

    copy.channel = own(row->channel);
    copy.error = own(row->error);
    copy.body = own(row->body);
    while (at < a->deliveries.len && a->deliveries.v[at].id < row->id)
        at++;
    if (at < a->deliveries.len && a->deliveries.v[at].id == row->id) {
        delivery_free(&a->deliveries.v[at]);
    } else {
        vec_reserve(&a->deliveries, a->deliveries.len + 1);
        place = a->deliveries.v + at;
        memmove(place + 1, place, (a->deliveries.len++ - at) * sizeof *place);
    }
    a->deliveries.v[at] = copy;
}

static bool is_over(const struct incident *row, wall before)
{
    return row->closed_at.us > 0 && row->closed_at.us < before.us;
}

static bool is_of_over(const struct memory_alerts *a, const struct delivery *row, wall before)
{
    for (size_t i = 0; i < a->incidents.len; i++)
        if (a->incidents.v[i].id == row->incident_id)
            return is_over(&a->incidents.v[i], before);
    return false;
}

static void forget(struct memory_alerts *a, wall before)
{
    size_t kept = 0;

    for (size_t i = 0; i < a->deliveries.len; i++)
        if (is_of_over(a, &a->deliveries.v[i], before))
            delivery_free(&a->deliveries.v[i]);
        else
            a->deliveries.v[kept++] = a->deliveries.v[i];
    a->deliveries.len = kept;
    kept = 0;
    for (size_t i = 0; i < a->incidents.len; i++)
        if (is_over(&a->incidents.v[i], before))
            incident_free(&a->incidents.v[i]);
        else
            a->incidents.v[kept++] = a->incidents.v[i];
    a->incidents.len = kept;
}

void memory_alerts_write(struct memory_alerts *a, const struct alert_write *write)
{
    if (write->forget.us != 0)
        forget(a, write->forget);
    for (size_t i = 0; i < write->incident_count; i++)
        incident_put(a, &write->incidents[i]);
    for (size_t i = 0; i < write->delivery_count; i++)
        delivery_put(a, &write->deliveries[i]);
}

static bool is_asked(const struct alert_query *query, const struct incident *row)
{
    if (query->question == ALERTS_ONE)
        return row->id == query->id;
    if (query->question == ALERTS_PENDING)
        return row->closed_at.us == 0;
    return (query->id == 0 || row->id < query->id) &&
           (query->job_id == 0 || row->job_id == query->job_id) &&
           (!query->is_open_only || row->closed_at.us == 0) &&
           (!query->is_closed_only || row->closed_at.us != 0);
}

static void incidents_read(const struct memory_alerts *a, const struct alert_query *query,
                           struct alert_page *page)
{
    bool is_page = query->question == ALERTS_PAGE;
    size_t most = is_page ? (size_t)query->limit : ALERT_ROWS_MAX, len = a->incidents.len;

    for (size_t i = 0; i < len && page->incident_count < most; i++) {
        const struct incident *row = &a->incidents.v[is_page ? len - 1 - i : i];

        if (is_asked(query, row))
            page->incidents[page->incident_count++] = *row;
    }
}

void memory_alerts_read(const struct memory_alerts *a, const struct alert_query *query,
                        struct arena *arena, struct alert_page *ret_page)
{
    struct alert_page page = {
        .incidents = arena_array(arena, a->incidents.len, sizeof *page.incidents),
        .deliveries = arena_array(arena, a->deliveries.len, sizeof *page.deliveries),
    };

    incidents_read(a, query, &page);
    for (size_t i = 0; i < a->deliveries.len; i++) {
        const struct delivery *row = &a->deliveries.v[i];

        if ((query->question == ALERTS_PENDING && row->state == DELIVERY_WAITING) ||
            (query->question == ALERTS_ONE && row->incident_id == query->id))
            page.deliveries[page.delivery_count++] = *row;
    }
    *ret_page = page;
}
