// trigger.h - when should a job run next? One immutable value for every kind of schedule.
//
// A trigger is a set of moments ("slots") between 1970 and the end of 2199. It has no memory:
// trigger_next(t, x) is the least slot above x, whatever was asked before. It holds no clock and
// does no I/O; the zone data it reads was loaded by trigger_parse. Triggers may be read by
// several threads.
//
// What each kind means, to the second and through DST changes, is specified by the vectors
// (test/data/vectors/README.md) and told in README.md here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "time/zone.h"

struct almanacs;
struct trigger;

enum trigger_kind {
    TRIGGER_CRON,             // by the calendar: APScheduler's fields or crontab text
    TRIGGER_INTERVAL,         // every so often, in elapsed time
    TRIGGER_DATE,             // once, or at each moment of a list
    TRIGGER_AFTER,            // so long after the end of the run before
    TRIGGER_STARTUP,          // when the scheduler starts
    TRIGGER_MANUAL,           // only when asked
    TRIGGER_QUARTZ,           // by the calendar: Quartz's cron text
    TRIGGER_ONCALENDAR,       // by the calendar: systemd's calendar events
    TRIGGER_RRULE,            // by the recurrence rules of RFC 5545
    TRIGGER_ISO8601,          // an ISO 8601 repeating interval
    TRIGGER_CALENDARINTERVAL, // every so many months, weeks or days at a time of day
    TRIGGER_AND,              // moments that several triggers share
    TRIGGER_OR,               // moments of any of several triggers
};

// The types of specs, for lists of choices: "cron", "interval", ...; NULL at the end.
extern const char *const trigger_type_names[];

// What a spec does not say itself. All borrowed for the call, except zones, which must outlive
// the triggers.
struct trigger_context {
    struct zones *zones;
    struct str timezone; // zone of a spec without "timezone"; empty: UTC
    wall now;            // an interval without start_date begins at now + interval
    struct str job_id;   // whose trigger it is: what H stands for hangs on it; may be empty
    const struct almanacs *calendars; // what exclude and include name; NULL: there are none
};

// Compiles a spec, a JSON object:
//   {"type":"cron", "year", "month", "day", "week", "day_of_week", "hour", "minute", "second", ...}
//       APScheduler's fields, texts or integers
//   {"type":"cron", "expr":"*/5 * * * *", ...}
//       crontab text of 5, 6 (second first) or 7 (year last) fields, or a macro (macro.h: also of
//       another kind)
//   {"type":"quartz", "expr":"0 0 12 ? * MON-FRI", ...}
//       Quartz's cron text of 6 or 7 fields
//   {"type":"oncalendar", "expr":"Mon..Fri *-*-* 09:00:00", ...}
//       a calendar event of systemd 252; a zone in it is the trigger's
//   {"type":"interval", "weeks", "days", "hours", "minutes", "seconds", ...}
//       integers, fractions, or either as text
//   {"type":"date", "run_date", "timezone"}, {"type":"date", "run_dates":[...], "timezone"}
//       one moment, or up to 1,000; one of the two must be given
//   {"type":"rrule", "expr":"DTSTART;TZID=Europe/Berlin:20260101T090000\nRRULE:FREQ=DAILY", ...}
//       lines of RFC 5545 (rrule_read.h)
//   {"type":"iso8601", "expr":"R12/2026-01-31T09:00:00/P1M", ...}
//       an ISO 8601 repeating interval: iso_repeat.h
//   {"type":"calendarinterval", "years", "months", "weeks", "days", "time":"09:00:00", ...}
//       so many of them after start_date (today when not given), at that time of day; "hour",
//       "minute", "second" may stand for time, and without any it is start_date's. "month_end":
//       "skip" leaves out months without start_date's day, "last" takes their last
//   {"type":"and", "triggers":[spec, ...], ...}, {"type":"or", "triggers":[spec, ...], ...}
//       the moments that all of them share; those of any of them. 1 to 16 specs, which inherit the
//       timezone; 4 deep; 32 in all. An "and" takes KIND_WORK_MAX steps (kind.h) to find the next
//       moment: what needs more is refused, or ends there
//   {"type":"after", "delay":"5m", "timezone", "jitter"}
//       so long after the end of the job's last run
//   {"type":"startup", "delay", "timezone", "jitter"}, {"type":"manual", "timezone"}
// where ... stands for start_date, end_date (both inclusive), max_runs (the schedule ends with that
// slot, counted from start_date or from now), timezone, jitter (seconds) and, for kinds that follow
// the calendar, dst (dst.h: default, skip, first, shift, both, utc). Those and dates also take
// exclude and include, lists of names of calendars, and on_exclude (exclude.h).
// "crontab" is another name of type cron that insists on expr. null means "not given". "type" may
// be left out when expr is there.
//
// False, with e filled: ERR_INPUT for what is malformed (unknown key, value out of range, ...),
// ERR_SCHEDULE for what is well formed and has no slot at all ("never fires": 31 April, end
// before start). e->field is the bare key at fault ("hour"); the caller puts its own prefix
// before it; e->column is the column in that key's text, where there is one. Slots in the past
// are no error: who wants a future checks trigger_next(t, now) against WALL_NEVER. *ret_trigger
// is the caller's; end it with trigger_free (which accepts NULL).
[[nodiscard]] bool trigger_parse(const json_t *spec, const struct trigger_context *context,
                                 struct trigger **ret_trigger, struct err *e);
void trigger_free(struct trigger *t);

// The same trigger for another owner, who ends it with trigger_free, too: it goes with the last of
// them. All of them must live on one thread.
[[nodiscard]] struct trigger *trigger_share(struct trigger *t);

// Whether the text in a spec with a type names its zone, as CRON_TZ= does. What "timezone" says
// beside it must be the same.
bool trigger_spec_has_zone(const json_t *spec);

enum trigger_kind trigger_kind(const struct trigger *t);
const struct zone *trigger_zone(const struct trigger *t);
bool trigger_is_once(const struct trigger *t); // has exactly one slot by its nature (a date)

// Its slots follow events that only the scheduler knows: the end of a run (after), its own start
// (startup), or nothing at all (manual). trigger_next(t, x) is then x + delay for after, where x
// must be the end of the last run, and WALL_NEVER for the others.
bool trigger_is_relative(const struct trigger *t);
int64_t trigger_delay_us(const struct trigger *t); // of after and startup; else 0

// The least slot strictly after a moment; WALL_NEVER when there is none. Bounded work, about a
// microsecond.
wall trigger_next(const struct trigger *t, wall after);

// The greatest slot at or before a moment; WALL_NEVER when there is none. Some ten times the work
// of trigger_next for cron.
wall trigger_prev(const struct trigger *t, wall at);

// How many slots lie in (after, upto]; counting stops at max. *ret_last is the last one counted,
// WALL_NEVER when none was; when the count is max there may be later ones, up to trigger_prev(t,
// upto). Arithmetic for intervals, a walk for cron (max bounds it). ret_last may be NULL.
int64_t trigger_count(const struct trigger *t, wall after, wall upto, int64_t max, wall *ret_last);

// The slots in (after, upto], the least first, at most max of them; returns how many.
size_t trigger_between(const struct trigger *t, wall after, wall upto, size_t max, wall *ret_slots);

// A slot that the trigger would have but for its calendars.
struct trigger_excluded {
    wall slot;
    wall moved_to;        // when it runs instead; WALL_NEVER: it is left out
    const char *calendar; // whose mark excludes it; the first of include, none of which has one
    const char *why;      // "Christmas"; NULL when nobody said. Both live as long as the trigger
};

// Such slots in (after, upto], the least first, at most max of them; returns how many.
size_t trigger_excluded(const struct trigger *t, wall after, wall upto, size_t max,
                        struct trigger_excluded *ret_excluded);

// Whether a trigger uses a calendar, directly or by way of another; and whether one that it uses
// has been replaced since, so that it is to be parsed again.
bool trigger_uses_calendar(const struct trigger *t, struct str name);
bool trigger_is_stale(const struct trigger *t);

// How much later than its slot a run starts: 0..jitter, the same for the same salt (say, a hash
// of the job's id) and slot. 0 without jitter. It is not part of the slot: jitter never adds up.
int64_t trigger_jitter_us(const struct trigger *t, uint64_t salt, wall slot);

// APScheduler's str(trigger), byte for byte: cron[hour='4'], interval[1 day, 0:00:00],
// date[2024-04-20 18:45:48 UTC]. Crontab text shows its fields in the same form, weekdays as
// names: cron[month='*', day='*', day_of_week='mon-fri', hour='2', minute='30'].
void trigger_str(const struct trigger *t, struct buf *out);

// The spec as canonical JSON on one line. It parses to the same trigger whatever the context:
// zone and the interval's anchor (start_date with offset and microseconds) are always there.
// Writing what was parsed from it gives the same bytes.
void trigger_write(const struct trigger *t, struct buf *out);

// One English sentence without a full stop: "at 02:30 on weekdays, Europe/Berlin".
void trigger_words(const struct trigger *t, struct buf *out);

// A moment as Python's str(datetime) in the trigger's zone: what the API shows as next_run.
void trigger_time_str(const struct trigger *t, wall at, struct buf *out);

// A change of the clocks that touches local times of a trigger that follows the calendar.
struct trigger_dst {
    enum local_kind kind;    // LOCAL_GAP: they are skipped; LOCAL_FOLD: they come twice
    const struct zone *zone; // whose clocks: of "and" and "or" those of the trigger in it
    wall change_at;          // when the clocks change; ask from here for the next one
    int64_t local_s;         // the first local time concerned, civil.h's seconds
    wall runs_at;            // when it runs; WALL_NEVER: not at all (a gap of over three hours)
    bool is_twice;           // LOCAL_FOLD: it runs both times
};

// The first such change after a moment and not after until, but for those whose run calendars keep
// out; false when there is none.
bool trigger_next_dst(const struct trigger *t, wall after, wall until, struct trigger_dst *ret_dst);
