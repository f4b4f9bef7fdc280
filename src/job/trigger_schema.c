// trigger_schema.c - the table of a trigger's members, as one model a type.
// SPDX-License-Identifier: Apache-2.0
#include "job/trigger_schema.h"

#include "trigger/dst.h"
#include "trigger/exclude.h"

// Bits of the models, for `in` and `required`.
enum {
    CRON = 1,
    FIELDS = 1 << 1,
    QUARTZ = 1 << 2,
    ONCALENDAR = 1 << 3,
    RRULE = 1 << 4,
    ISO8601 = 1 << 5,
    INTERVAL = 1 << 6,
    CALENDARINTERVAL = 1 << 7,
    DATE = 1 << 8,
    AND = 1 << 9,
    OR = 1 << 10,
    AFTER = 1 << 11,
    STARTUP = 1 << 12,
    MANUAL = 1 << 13,
    CLOCKED = CRON | FIELDS | QUARTZ | ONCALENDAR | RRULE | ISO8601 | CALENDARINTERVAL,
    RANGED = CLOCKED | INTERVAL | AND | OR,
    ANY = RANGED | DATE | AFTER | STARTUP | MANUAL,
};

static const char *const month_end_names[] = {"skip", "last", NULL};

#define TYPE(bit, word)                                                                           \
    {                                                                                             \
        .name = "type", .type = MODEL_ENUM, .in = bit, .preset_n = -1,                            \
        .choices = (const char *const[]){word, NULL},                                             \
        .doc = "Kind of schedule. When left out beside expr it is cron; in a PATCH, the present " \
               "one.",                                                                            \
        .example = "\"" word "\""                                                                 \
    }

static const struct model_field fields[] = {
    TYPE(CRON | FIELDS, "cron"),
    TYPE(QUARTZ, "quartz"),
    TYPE(ONCALENDAR, "oncalendar"),
    TYPE(RRULE, "rrule"),
    TYPE(ISO8601, "iso8601"),
    TYPE(INTERVAL, "interval"),
    TYPE(CALENDARINTERVAL, "calendarinterval"),
    TYPE(DATE, "date"),
    TYPE(AND, "and"),
    TYPE(OR, "or"),
    TYPE(AFTER, "after"),
    TYPE(STARTUP, "startup"),
    TYPE(MANUAL, "manual"),
#define X(member, bits, mtype, ...) {.name = member, .type = mtype, .in = bits, __VA_ARGS__},
#include "job/trigger_form.def"
#undef X
};

#define MODEL(constant, label, bit, text, sample)                       \
    static const struct model constant = {.name = label,                \
                                          .doc = text,                  \
                                          .example = sample,            \
                                          .fields = fields,             \
                                          .count = MODEL_COUNT(fields), \
                                          .use = bit,                   \
                                          .extra = MODEL_EXTRA_FORBID};

MODEL(cron_model, "TriggerCron", CRON, "By crontab text; type may be left out.",
      "{\"type\":\"cron\",\"expr\":\"30 2 * * mon-fri\",\"timezone\":\"Europe/Berlin\"}")
MODEL(fields_model, "TriggerFields", FIELDS,
      "By APScheduler's fields, all of which must match. Of those that are left out, the ones less "
      "significant than the last given one are at their least value.",
      "{\"type\":\"cron\",\"hour\":\"9-17\",\"minute\":\"*/5\"}")
MODEL(quartz_model, "TriggerQuartz", QUARTZ, "By Quartz's cron text.",
      "{\"type\":\"quartz\",\"expr\":\"0 0 12 ? * MON-FRI\"}")
MODEL(oncalendar_model, "TriggerOnCalendar", ONCALENDAR, "By a calendar event of systemd.",
      "{\"type\":\"oncalendar\",\"expr\":\"Mon..Fri *-*-* 09:00:00\"}")
MODEL(rrule_model, "TriggerRrule", RRULE, "By recurrence rules of RFC 5545.",
      "{\"type\":\"rrule\",\"expr\":\"DTSTART:20270101T090000Z\\nRRULE:FREQ=DAILY;COUNT=10\"}")
MODEL(iso8601_model, "TriggerIso8601", ISO8601, "By an ISO 8601 repeating interval.",
      "{\"type\":\"iso8601\",\"expr\":\"R12/2027-01-31T09:00:00/P1M\"}")
MODEL(interval_model, "TriggerInterval", INTERVAL,
      "Every so often in elapsed time, whatever clocks do.",
      "{\"type\":\"interval\",\"minutes\":15}")
MODEL(calendarinterval_model, "TriggerCalendarInterval", CALENDARINTERVAL,
      "Every so many days or months at a time of day.",
      "{\"type\":\"calendarinterval\",\"days\":2,\"time\":\"09:00:00\",\"start_date\":\"2027-01-"
      "01\"}")
MODEL(date_model, "TriggerDate", DATE, "Once, or at each of some moments.",
      "{\"type\":\"date\",\"run_date\":\"2027-04-20T18:45:48Z\"}")
MODEL(and_model, "TriggerAnd", AND, "When all of its triggers run at once.",
      "{\"type\":\"and\",\"triggers\":[{\"type\":\"cron\",\"expr\":\"0 9 * * "
      "fri\"},{\"type\":\"cron\","
      "\"expr\":\"0 9 13 * *\"}]}")
MODEL(or_model, "TriggerOr", OR, "When any of its triggers runs.",
      "{\"type\":\"or\",\"triggers\":[{\"type\":\"cron\",\"expr\":\"0 9 * * "
      "mon\"},{\"type\":\"cron\","
      "\"expr\":\"0 18 * * fri\"}]}")
MODEL(after_model, "TriggerAfter", AFTER, "So long after the end of the run before.",
      "{\"type\":\"after\",\"delay\":\"5m\"}")
MODEL(startup_model, "TriggerStartup", STARTUP, "At each start of the scheduler.",
      "{\"type\":\"startup\",\"delay\":\"30s\"}")
MODEL(manual_model, "TriggerManual", MANUAL, "Only when started by hand.", "{\"type\":\"manual\"}")

static const struct model *const variants[] = {
    &cron_model,    &fields_model,   &quartz_model,           &oncalendar_model, &rrule_model,
    &iso8601_model, &interval_model, &calendarinterval_model, &date_model,       &and_model,
    &or_model,      &after_model,    &startup_model,          &manual_model,     NULL};

const struct model trigger_spec_model = {
    .name = "Trigger",
    .doc = "When to run. \"type\" says which of these it is.",
    .example = "{\"type\":\"cron\",\"expr\":\"30 2 * * mon-fri\",\"timezone\":\"Europe/Berlin\"}",
    .variants = variants,
};
