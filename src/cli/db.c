// db.c - `belfry db`: looks into a database, beside a server or without one.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "cli/command_usage.h"
#include "cli/listing.h"
#include "cli/typed.h"
#include "store/copy.h"
#include "store/inspect.h"
#include "store/pg_uri.h"
#include "store/upgrade.h"
#include "time/iso8601.h"

#define OUT_MAX (64 << 10)

// The path in "sqlite:///PATH"; "sqlite:PATH" does as well.
static const char *file_of(const char *text)
{
    if (strncmp(text, "sqlite:///", 10) == 0)
        return text + 10;
    return strncmp(text, "sqlite:", 7) == 0 ? text + 7 : text;
}

static const char *database_of(const struct typed *typed)
{
    const char *path = typed_value(typed, "--db");

    if (!path)
        path = getenv("BELFRY_STORE__PATH");
    if (!path)
        path = getenv("JOB_DATABASE_URI");
    if (!path)
        path = "./belfry.db";
    return file_of(path);
}

static int64_t strays(const struct inspection *i)
{
    return i->stray_runs + i->stray_outputs + i->stray_asks + i->stray_attempts;
}

static const char *verdict(const struct inspection *i)
{
    return i->fault[0] ? "damaged" : strays(i) > 0 ? "stray rows" : "ok";
}

// ---- for people ----

static void moment_add(wall at, struct buf *out)
{
    if (at.us == 0)
        buf_add_text(out, "-");
    else
        iso8601_write((wall){at.us / 1000000 * 1000000}, NULL, out);
}

static void size_add(const char *path, const struct inspection *i, struct buf *out)
{
    buf_printf(out, "%s  %s, %.1f MB", pg_uri_is(path) ? "database" : "file    ", path,
               (double)i->bytes / 1e6);
    if (i->free_bytes > 0)
        buf_printf(out, ", of which %.1f MB free for new rows", (double)i->free_bytes / 1e6);
    buf_printf(out, "\nschema    %d", i->version);
    if (i->version < i->version_known)
        buf_printf(out, " (the next belfry serve brings it to %d)", i->version_known);
    buf_printf(out, "\njobs      %" PRId64 ", %" PRId64 " of them paused; %" PRId64 " gone\n",
               i->jobs[JOB_ENABLED] + i->jobs[JOB_PAUSED], i->jobs[JOB_PAUSED],
               i->jobs[JOB_ENDED] + i->jobs[JOB_DELETED]);
}

static void status_page(const char *path, const struct inspection *i, struct buf *out)
{
    size_add(path, i, out);
    buf_add_text(out, "history   ");
    moment_add(i->oldest, out);
    buf_add_text(out, " to ");
    moment_add(i->newest, out);
    if (pg_uri_is(path))
        buf_printf(out, "; %" PRId64 " days in tables of their own, %" PRId64 " rows beside them",
                   i->days, i->apart);
    buf_add_text(out, "\nbelfry    ");
    if (i->up_from.us == 0) {
        buf_add_text(out, "nothing is known of when it ran\n");
        return;
    }
    buf_add_text(out, "began ");
    moment_add(i->up_from, out);
    buf_add_text(out, i->is_clean ? ", ended " : ", last seen ");
    moment_add(i->up_to, out);
    buf_add_byte(out, '\n');
}

static void stray_add(const char *what, int64_t count, struct buf *out)
{
    if (count > 0)
        buf_printf(out, "stray     %" PRId64 " %s\n", count, what);
}

static void check_page(const char *path, const struct inspection *i, struct buf *out)
{
    int64_t total = 0;

    size_add(path, i, out);
    for (int n = 0; n < INSPECT_STATES; n++)
        total += i->runs[n];
    buf_printf(out, "runs      %" PRId64, total);
    for (int n = 0; n < INSPECT_STATES; n++)
        if (i->runs[n] > 0)
            buf_printf(out, ", %" PRId64 " %s", i->runs[n], run_state_name((enum run_state)n));
    buf_printf(out, "\nremoved   %" PRId64 " by retention\n", i->pruned);
    stray_add("runs of no job", i->stray_runs, out);
    stray_add("outputs of no run", i->stray_outputs, out);
    stray_add("requests of no run", i->stray_asks, out);
    stray_add("attempts of no run", i->stray_attempts, out);
    buf_printf(out, "verdict   %s%s%s\n", verdict(i), i->fault[0] ? ": " : "", i->fault);
    if (i->fault[0])
        buf_add_text(out, "          stop belfry, move the file aside with its -wal and -shm files "
                          "and restore a backup\n");
}

// ---- for programs ----

static void number_write(struct json_write *w, const char *key, int64_t n)
{
    json_write_key(w, key);
    json_write_int(w, n);
}

static void moment_write(struct json_write *w, const char *key, wall at)
{
    struct buf text;

    buf_init(&text, 64);
    json_write_key(w, key);
    if (at.us != 0)
        iso8601_write(at, NULL, &text);
    if (at.us != 0)
        json_write_str(w, buf_str(&text));
    else
        json_write_null(w);
    buf_done(&text);
}

static void check_write(const struct inspection *i, struct json_write *w)
{
    json_write_key(w, "runs");
    json_write_object(w);
    for (int n = 0; n < INSPECT_STATES; n++)
        if (i->runs[n] > 0)
            number_write(w, run_state_name((enum run_state)n), i->runs[n]);
    json_write_object_end(w);
    number_write(w, "removed", i->pruned);
    number_write(w, "stray_runs", i->stray_runs);
    number_write(w, "stray_outputs", i->stray_outputs);
    number_write(w, "stray_requests", i->stray_asks);
    number_write(w, "stray_attempts", i->stray_attempts);
    json_write_key(w, "verdict");
    json_write_text(w, verdict(i));
    json_write_key(w, "fault");
    json_write_text(w, i->fault[0] ? i->fault : NULL);
}

static void json_page(const char *path, const struct inspection *i, bool is_check, struct buf *out)
{
    struct json_write w;

    json_write_init(&w, out);
    json_write_object(&w);
    json_write_key(&w, "file");
    json_write_text(&w, path);
    number_write(&w, "bytes", i->bytes);
    number_write(&w, "free_bytes", i->free_bytes);
    number_write(&w, "schema", i->version);
    number_write(&w, "jobs", i->jobs[JOB_ENABLED] + i->jobs[JOB_PAUSED]);
    number_write(&w, "paused", i->jobs[JOB_PAUSED]);
    number_write(&w, "gone", i->jobs[JOB_ENDED] + i->jobs[JOB_DELETED]);
    moment_write(&w, "oldest", i->oldest);
    moment_write(&w, "newest", i->newest);
    if (pg_uri_is(path)) {
        number_write(&w, "history_days", i->days);
        number_write(&w, "rows_apart", i->apart);
    }
    moment_write(&w, "began_at", i->up_from);
    moment_write(&w, "seen_at", i->up_to);
    json_write_key(&w, "has_ended");
    json_write_bool(&w, i->is_clean);
    if (is_check)
        check_write(i, &w);
    json_write_object_end(&w);
    buf_add_byte(out, '\n');
}

static void copy_page(const struct copy_report *report, struct buf *out)
{
    for (size_t i = 0; i < report->count; i++)
        buf_printf(out, "%-12s %10" PRId64 " rows, sum %016" PRIx64 "\n", report->tables[i].name,
                   report->tables[i].rows, report->tables[i].sum);
    buf_add_text(out, "all of it is there, and the same on both sides\n");
}

static int copy_do(const struct typed *typed, const char *name)
{
    const char *from = typed_value(typed, "--from"), *to = typed_value(typed, "--to");
    struct copy_report report;
    struct buf out;
    struct err e;

    if (!from || !to)
        return command_usage(name, "say from where and to where: --from URL --to URL");
    if (!copy(file_of(from), file_of(to), &report, &e))
        return command_complain(name, &e);
    buf_init(&out, OUT_MAX);
    copy_page(&report, &out);
    fwrite(out.p, 1, out.len, stdout);
    buf_done(&out);
    return 0;
}

static void upgrade_page(const struct upgrade *done, enum form form, struct buf *out)
{
    if (form == FORM_JSON)
        buf_printf(out, "{\"schema_before\":%d,\"schema\":%d}\n", done->before, done->after);
    else if (done->before == done->after)
        buf_printf(out, "schema    %d: nothing to do\n", done->after);
    else if (done->before == 0)
        buf_printf(out, "schema    %d: its tables have been made\n", done->after);
    else
        buf_printf(out, "schema    %d: it was %d\n", done->after, done->before);
}

static int migrate_do(const struct typed *typed, const char *name, enum form form)
{
    struct upgrade done;
    struct buf out;
    struct err e;

    if (!upgrade(database_of(typed), &done, &e))
        return command_complain(name, &e);
    buf_init(&out, OUT_MAX);
    upgrade_page(&done, form, &out);
    fwrite(out.p, 1, out.len, stdout);
    buf_done(&out);
    return 0;
}

int cmd_db(int argc, char **argv)
{
    struct inspection i;
    struct typed typed;
    enum form form;
    struct buf out;
    struct err e;

    if (!typed_read(argc, argv, &typed, &e) || !form_read(&typed, &form, &e))
        return command_complain(argv[0], &e);
    if (typed.arg_count == 1 && strcmp(typed.args[0], "copy") == 0)
        return copy_do(&typed, argv[0]);
    if (typed.arg_count == 1 && strcmp(typed.args[0], "migrate") == 0)
        return migrate_do(&typed, argv[0], form);
    bool is_check = typed.arg_count == 1 && strcmp(typed.args[0], "check") == 0;

    if (typed.arg_count != 1 || (!is_check && strcmp(typed.args[0], "status") != 0))
        return command_usage(argv[0], "say what to do: check, copy, migrate or status");
    const char *path = database_of(&typed);
    char *name;

    if (!(is_check ? inspect_check(path, &i, &e) : inspect_status(path, &i, &e)))
        return command_complain(argv[0], &e);
    name = pg_uri_is(path) ? pg_uri_name(path) : str_own(str_of(path)); // without a password
    buf_init(&out, OUT_MAX);
    if (form == FORM_JSON)
        json_page(name, &i, is_check, &out);
    else if (is_check)
        check_page(name, &i, &out);
    else
        status_page(name, &i, &out);
    fwrite(out.p, 1, out.len, stdout);
    buf_done(&out);
    free(name);
    return is_check && (i.fault[0] || strays(&i) > 0) ? 1 : 0;
}
