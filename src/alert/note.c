// note.c - one event as a JSON object.
// SPDX-License-Identifier: Apache-2.0
#include "alert/note.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json_write.h"
#include "time/duration.h"
#include "time/iso8601.h"

// "backup failed".
static const char *verb_of(enum notice notice)
{
    switch (notice) {
    case NOTICE_FAILED:
        return "failed";
    case NOTICE_RECOVERED:
        return "recovered";
    case NOTICE_MISSED:
        return "missed a run";
    case NOTICE_LATE:
        return "started late";
    case NOTICE_SLOW:
        return "is slow";
    case NOTICE_OVERDUE:
        return "is overdue: no run has ended well for too long";
    case NOTICE_SKIPPED:
        return "skipped a run";
    case NOTICE_CERT_WARNING:
        return "needs a look";
    case NOTICE_CERT_CRITICAL:
        return "is bad";
    case NOTICE_CERT_ERROR:
        return "cannot be checked";
    case NOTICE_CERT_CHANGED:
        return "has changed";
    case NOTICE_CERT_RECOVERED:
        return "is good again";
    case NOTICE_TEST:
        break;
    }
    return "is tried";
}

static bool is_over(enum notice notice)
{
    return notice == NOTICE_RECOVERED || notice == NOTICE_CERT_RECOVERED;
}

static void moment_print(wall at, struct buf *out)
{
    iso8601_write((wall){at.us / 1000000 * 1000000}, NULL, out);
}

static void title_print(const struct note *note, struct buf *out)
{
    const struct incident *i = note->incident;

    if (!i) {
        buf_printf(out, "test of the channel %.*s", STR(note->channel));
        return;
    }
    if (i->target.len > 0)
        buf_printf(out, "certificate of %.*s %s", STR(i->target), verb_of(note->notice));
    else
        buf_printf(out, "%.*s %s", STR(i->job), verb_of(note->notice));
    if (is_over(note->notice))
        buf_printf(out, " after %" PRId64 " time%s", i->count, i->count == 1 ? "" : "s");
    else if (note->is_reminder)
        buf_printf(out, ": still, %" PRId64 " time%s by now", i->count, i->count == 1 ? "" : "s");
    else if (i->count > 1)
        buf_printf(out, ", %" PRId64 " times in a row", i->count);
}

static void line(struct buf *out, const char *name)
{
    buf_printf(out, "%s%s: ", out->len > 0 ? "\n" : "", name);
}

static void text_print(const struct note *note, struct buf *out)
{
    const struct incident *i = note->incident;

    if (!i) {
        buf_printf(out, "If you can read this, %.*s can tell you.", STR(note->host));
        return;
    }
    buf_add(out, i->message);
    line(out, "Job");
    buf_add(out, i->job);
    if (i->run_id != 0) {
        line(out, "Run");
        buf_printf(out, "%" PRId64, i->run_id);
    }
    if (i->slot.us != 0) {
        line(out, "Planned for");
        moment_print(i->slot, out);
    }
    line(out, "Since");
    moment_print(i->opened_at, out);
    line(out, "On");
    buf_add(out, note->host);
}

static void moment_write(struct json_write *w, const char *key, wall at)
{
    struct buf text;

    json_write_key(w, key);
    if (at.us == 0) {
        json_write_null(w);
        return;
    }
    buf_init(&text, 64);
    iso8601_write(at, NULL, &text);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void printed_write(struct json_write *w, const char *key,
                          void (*print)(const struct note *, struct buf *), const struct note *note)
{
    struct buf text;

    buf_init(&text, 4096);
    print(note, &text);
    json_write_key(w, key);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void number_write(struct json_write *w, const char *key, int64_t n, bool is_there)
{
    json_write_key(w, key);
    if (is_there)
        json_write_int(w, n);
    else
        json_write_null(w);
}

static void word_write(struct json_write *w, const char *key, const char *word)
{
    json_write_key(w, key);
    json_write_text(w, word && word[0] ? word : NULL);
}

static void incident_write(const struct note *note, struct json_write *w)
{
    static const struct incident none = {0};
    const struct incident *i = note->incident ? note->incident : &none;

    number_write(w, "incident_id", i->id, i->id != 0);
    word_write(w, "incident", note->incident ? incident_kind_name(i->kind) : NULL);
    moment_write(w, "opened_at", i->opened_at);
    number_write(w, "count", i->count, i->count != 0);
    json_write_key(w, "job_id");
    if (note->incident)
        json_write_str(w, i->job);
    else
        json_write_null(w);
    json_write_key(w, "target");
    if (i->target.len > 0)
        json_write_str(w, i->target);
    else
        json_write_null(w);
    number_write(w, "level", i->level, i->target.len > 0);
    number_write(w, "run_id", i->run_id, i->run_id != 0);
    moment_write(w, "scheduled_at", i->slot);
    json_write_key(w, "message");
    json_write_str(w, i->message);
}

static void end_write(const struct sched_event *event, struct json_write *w)
{
    bool is_end = event && event->type == EVENT_RUN_FINISHED;

    word_write(w, "state", event && event->run_id != 0 ? run_state_name(event->state) : NULL);
    word_write(w, "reason", event ? run_reason_name(event->reason) : NULL);
    number_write(w, "exit_code", is_end ? event->exit_code : 0, is_end && event->exit_code >= 0);
    number_write(w, "attempt", is_end ? event->attempt : 0, is_end);
    number_write(w, "duration_ms", is_end ? event->length_us / 1000 : 0, is_end);
}

void note_write(const struct note *note, struct buf *out)
{
    char id[32];
    struct json_write w;

    snprintf(id, sizeof id, "%" PRId64, note->id);
    json_write_init(&w, out);
    json_write_object(&w);
    word_write(&w, "id", id);
    word_write(&w, "event", notice_name(note->notice));
    printed_write(&w, "title", title_print, note);
    printed_write(&w, "text", text_print, note);
    moment_write(&w, "at", note->at);
    json_write_key(&w, "instance");
    json_write_str(&w, note->host);
    json_write_key(&w, "reminder");
    json_write_bool(&w, note->is_reminder);
    incident_write(note, &w);
    end_write(note->event, &w);
    json_write_object_end(&w);
}
