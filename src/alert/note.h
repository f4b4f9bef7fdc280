// note.h - what is told: one event as a JSON object, with a title and a text for people in it.
//
// Members: id, event, title, text, at, instance, reminder, incident_id, incident, opened_at, count,
// job_id, target, level, run_id, scheduled_at, message; of ends of runs state, reason, exit_code,
// attempt, duration_ms. All are there always; those that an event does not speak of are null.
#pragma once

#include "base/buf.h"
#include "job/notify.h"
#include "sched/events.h"
#include "store/incident.h"

struct note {
    int64_t id; // of the delivery
    enum notice notice;
    const struct incident *incident; // NULL: a test
    const struct sched_event *event; // NULL: a reminder, or what was found out at a start
    bool is_reminder;
    struct str channel;
    struct str host; // who tells
    wall at;
};

void note_write(const struct note *note, struct buf *out);
