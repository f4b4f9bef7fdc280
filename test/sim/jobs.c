// jobs.c - schedules of every kind.
// SPDX-License-Identifier: Apache-2.0
#include "jobs.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "time/iso8601.h"

const char sim_calendar[] = "{\"cron\":[{\"expr\":\"20 * * * *\",\"duration\":\"10m\"}],"
                            "\"weekdays\":[\"sun\"],\"reason\":\"rest\"}";

const struct sim_night sim_nights[] = {
    {"Europe/Berlin", 1774746000},       // 2026-03-29T01:00Z: clocks go forward
    {"Europe/Berlin", 1792886400},       // 2026-10-25T00:00Z: and back at 01:00Z
    {"America/New_York", 1772949600},    // 2026-03-08T06:00Z: forward at 07:00Z
    {"America/New_York", 1793505600},    // 2026-11-01T04:00Z: back at 06:00Z
    {"Australia/Lord_Howe", 1775314800}, // 2026-04-04T15:00Z: back by half an hour
    {"America/Santiago", 1788663600},    // 2026-09-06T03:00Z: no midnight
    {"UTC", 1798758000},                 // 2026-12-31T23:00Z
};
const size_t sim_night_count = sizeof sim_nights / sizeof *sim_nights;

static const char *const short_specs[] = {
    "{'type':'interval','seconds':7}",
    "{'type':'interval','minutes':5}",
    "{'type':'cron','expr':'*/2 * * * *','timezone':'%Z%'}",
    "{'type':'cron','expr':'30 0-3 * * *','timezone':'%Z%'}",
    "{'type':'cron','minute':'*/3','second':'15','jitter':20}",
    "{'type':'cron','second':'*/30'}",
    "{'type':'interval','seconds':40,'max_runs':30}",
    "{'type':'rrule','expr':'DTSTART:@0@\\nRRULE:FREQ=MINUTELY;INTERVAL=3;COUNT=50'}",
    "{'type':'date','run_dates':['@10@','@20@','@90@']}",
    "{'type':'or','triggers':[{'type':'interval','seconds':50},{'expr':'*/7 * * * *'}]}",
    "{'type':'and','triggers':[{'expr':'*/2 * * * *'},{'expr':'*/3 * * * *'}]}",
    "{'type':'quartz','expr':'0 0/4 * * * ?','timezone':'%Z%'}",
    "{'type':'oncalendar','expr':'*-*-* *:0/6:00'}",
    "{'type':'iso8601','expr':'R/@3@/PT9M'}",
    "{'type':'calendarinterval','days':1,'time':'02:15:00','timezone':'%Z%'}",
    "{'type':'cron','expr':'*/5 * * * *','exclude':['rests']}",
    "{'type':'date','run_date':'@25@'}",
    "{'type':'date','run_date':'2024-04-20T18:45:48Z'}",
    // from here on they follow events
    "{'type':'after','delay':'45s'}",
    "{'type':'after','delay':'45s','jitter':10}",
    "{'type':'startup','delay':'20s'}",
    "{'type':'startup'}",
    "{'type':'manual'}",
};

static const char *const long_specs[] = {
    "{'type':'interval','minutes':20}",
    "{'type':'cron','expr':'*/15 * * * *','timezone':'%Z%'}",
    "{'type':'cron','expr':'30 2 * * *','timezone':'%Z%'}",
    "{'type':'cron','expr':'0 * * * *','jitter':300}",
    "{'type':'oncalendar','expr':'Mon..Fri *-*-* 00:15:00 %Z%'}",
    "{'type':'quartz','expr':'0 30 1 ? * SUN','timezone':'%Z%'}",
    "{'type':'cron','expr':'0 0 31 * *','timezone':'%Z%'}",
    "{'type':'rrule','expr':'DTSTART:@0@\\nRRULE:FREQ=HOURLY;INTERVAL=5'}",
    "{'type':'iso8601','expr':'R/@60@/P1D'}",
    "{'type':'calendarinterval','months':1,'time':'02:30:00','month_end':'last',"
    "'timezone':'%Z%'}",
    "{'type':'or','triggers':[{'type':'interval','hours':7},{'expr':'5 5 * * *'}]}",
    "{'type':'and','triggers':[{'expr':'0 */2 * * *'},{'expr':'0 */3 * * *'}]}",
    "{'type':'cron','expr':'5,25 */4 * * *','exclude':['rests']}",
    "{'type':'date','run_dates':['@100@','@2000@','@300000@']}",
    "{'type':'interval','minutes':90,'max_runs':900}",
    "{'type':'after','delay':'45m'}",
    "{'type':'startup','delay':'20s'}",
    "{'type':'manual'}",
};

#define SHORT_EVENTS 5
#define LONG_EVENTS 3

size_t sim_job_count(bool is_long)
{
    return is_long ? sizeof long_specs / sizeof *long_specs
                   : sizeof short_specs / sizeof *short_specs;
}

size_t sim_clock_job_count(bool is_long)
{
    return sim_job_count(is_long) - (is_long ? LONG_EVENTS : SHORT_EVENTS);
}

// What stands between two marks, written into out.
static void mark_put(struct str mark, bool is_basic, wall begin, const char *zone, struct buf *out)
{
    struct buf time;
    int64_t minutes = 0;

    if (str_eq(mark, STR_LIT("Z"))) {
        buf_add_text(out, zone);
        return;
    }
    (void)str_to_int(mark, &minutes);
    buf_init(&time, 64);
    iso8601_write((wall){begin.us + minutes * 60 * 1000000}, NULL, &time);
    for (size_t i = 0; i < time.len; i++)
        if (!is_basic || (time.p[i] != '-' && time.p[i] != ':'))
            buf_add_byte(out, time.p[i]);
    buf_done(&time);
}

char *sim_job_trigger(bool is_long, size_t i, wall begin, const char *zone)
{
    const char *spec = is_long ? long_specs[i] : short_specs[i];
    bool is_basic = strstr(spec, "DTSTART") != NULL;
    struct buf out;

    buf_init(&out, 4096);
    for (const char *p = spec; *p; p++) {
        const char *end = *p == '%' || *p == '@' ? strchr(p + 1, *p) : NULL;

        if (end) {
            mark_put((struct str){p + 1, (size_t)(end - p - 1)}, is_basic, begin, zone, &out);
            p = end;
        } else {
            buf_add_byte(&out, *p == '\'' ? '"' : *p);
        }
    }
    char *text = str_own(buf_str(&out));

    buf_done(&out);
    return text;
}
