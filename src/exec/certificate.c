// certificate.c - turns certificate checks into the end of a run.
//
// The hosts of a list are looked at in its order, IN_FLIGHT_MAX at most at a time and not before
// their turn: the i-th of n has it after i/n of the job's spread. Each result is written down when
// it is there, in short, so that what is kept does not grow with what servers send.
// SPDX-License-Identifier: Apache-2.0
#include "exec/certificate.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "base/json_write.h"
#include "base/loop.h"
#include "base/mem.h"
#include "exec/args.h"
#include "exec/certificate_fact.h"
#include "exec/certificate_past.h"
#include "net/tls_probe.h"
#include "net/tls_request.h"

#define RESULT_MAX (1 << 20)
#define ROWS_MAX (4 << 20) // of the good and of the bad ones each
#define WORDS_MAX 1000
#define FACTS_MAX 10000         // hosts that metrics and alerts hear of
#define IN_FLIGHT_MAX 128       // half of the prober's places
#define BUSY_US INT64_C(500000) // until the prober is asked again

struct item {
    struct certificate_check *check;
    struct tls_probe *probe; // NULL: not under way
};

struct certificate_check {
    struct certificate_tools tools;
    struct str job; // owned
    struct tls_list list;
    struct item *items; // one for each host of the list
    size_t started, finished, not_due;
    struct loop_timer timer; // of the next turn
    mono began;
    bool is_bad; // one of the hosts fails the run
    enum tls_severity worst;
    const char *code; // of the worst
    struct buf words; // likewise
    size_t counts[TLS_CRITICAL + 1], omitted;
    struct arena *arena; // of the texts of facts
    VEC_OF(struct run_certificate) facts;
    struct buf bad, good; // short results with commas between them
    certificate_done *done;
    void *ctx;
};

static void turn(void *ctx);

// ---- the end ----

static void check_free(struct certificate_check *check)
{
    loop_timer_stop(check->tools.loop, &check->timer);
    loop_defer_cancel(check->tools.loop, turn, check);
    tls_list_done(&check->list);
    buf_done(&check->words);
    buf_done(&check->bad);
    buf_done(&check->good);
    vec_done(&check->facts);
    arena_free(check->arena);
    free((char *)check->job.p);
    free(check->items);
    free(check);
}

static void check_end(struct certificate_check *check, struct certificate_end *end)
{
    certificate_done *done = check->done;
    void *ctx = check->ctx;

    end->seen = (struct run_certificates){check->facts.v, check->facts.len, check->not_due > 0};
    done(end, ctx);
    check_free(check);
}

// The only host: all that was found.
static void end_one(struct certificate_check *check, const struct tls_result *result)
{
    struct certificate_end end = {.state = tls_result_is_good(result) ? RUN_SUCCEEDED : RUN_FAILED};
    struct buf json, words;

    buf_init(&json, RESULT_MAX);
    buf_init(&words, WORDS_MAX);
    tls_result_write(result, &json);
    if (!json.is_full)
        end.result = buf_str(&json);
    if (result->status != TLS_OK)
        tls_result_words(result, &words);
    end.message = buf_str(&words);
    check_end(check, &end);
    buf_done(&json);
    buf_done(&words);
}

static void counts_write(const struct certificate_check *check, struct json_write *w)
{
    json_write_key(w, "checked");
    json_write_uint(w, check->finished);
    json_write_key(w, "not_due");
    json_write_uint(w, check->not_due);
    json_write_key(w, "counts");
    json_write_object(w);
    for (int i = TLS_OK; i <= TLS_CRITICAL; i++) {
        json_write_key(w, tls_severity_name((enum tls_severity)i));
        json_write_uint(w, check->counts[i]);
    }
    json_write_object_end(w);
}

static void targets_write(struct certificate_check *check, struct json_write *w)
{
    struct buf rows;

    buf_init(&rows, 2 * ROWS_MAX + 10);
    buf_add_byte(&rows, '[');
    buf_add(&rows, buf_str(&check->bad));
    if (check->bad.len > 0 && check->good.len > 0)
        buf_add_byte(&rows, ',');
    buf_add(&rows, buf_str(&check->good));
    buf_add_byte(&rows, ']');
    json_write_key(w, "targets");
    json_write_raw(w, buf_str(&rows));
    json_write_key(w, "omitted");
    json_write_uint(w, check->omitted);
    buf_done(&rows);
}

static void summary_write(const struct certificate_check *check, struct buf *out)
{
    size_t total = check->finished, well = check->counts[TLS_OK];

    if (total == 0 && check->not_due > 0)
        buf_printf(out, "none of %zu hosts is due", check->not_due);
    else if (total == 0)
        buf_printf(out, "%s lists no host", check->list.path);
    else if (well < total)
        buf_printf(out, "%zu of %zu hosts: %zu critical, %zu without verdict, %zu warning; %.*s",
                   total - well, total, check->counts[TLS_CRITICAL], check->counts[TLS_ERROR],
                   check->counts[TLS_WARNING], STR(buf_str(&check->words)));
}

static void end_many(struct certificate_check *check)
{
    bool is_empty = check->list.len == 0;
    struct certificate_end end = {.state = check->is_bad || is_empty ? RUN_FAILED : RUN_SUCCEEDED};
    struct buf json, words;
    struct json_write w;

    buf_init(&json, 3 * ROWS_MAX);
    buf_init(&words, WORDS_MAX);
    summary_write(check, &words);
    json_write_init(&w, &json);
    json_write_object(&w);
    json_write_key(&w, "status");
    json_write_text(&w, tls_severity_name(is_empty ? TLS_ERROR : check->worst));
    json_write_key(&w, "code");
    json_write_text(&w, is_empty ? "file_unreadable" : check->code);
    json_write_key(&w, "message");
    json_write_str(&w, buf_str(&words));
    counts_write(check, &w);
    targets_write(check, &w);
    json_write_object_end(&w);
    end.result = buf_str(&json);
    end.message = buf_str(&words);
    check_end(check, &end);
    buf_done(&json);
    buf_done(&words);
}

// ---- the checks ----

static void row_add(struct certificate_check *check, const struct tls_result *result)
{
    struct buf *rows = result->status == TLS_OK ? &check->good : &check->bad;
    struct json_write w;
    struct buf row;

    buf_init(&row, RESULT_MAX);
    json_write_init(&w, &row);
    tls_result_write_short(result, &w);
    if (row.is_full || rows->len + row.len + 1 > ROWS_MAX) {
        check->omitted++;
    } else {
        buf_add_text(rows, rows->len > 0 ? "," : "");
        buf_add(rows, buf_str(&row));
    }
    buf_done(&row);
}

static void result_count(struct certificate_check *check, const struct tls_result *result)
{
    check->counts[result->status]++;
    check->is_bad = check->is_bad || !tls_result_is_good(result);
    if (check->list.is_adaptive)
        certificate_past_note(check->tools.past, check->job, result);
    if (result->status > check->worst) {
        check->worst = result->status;
        check->code = result->code;
        buf_clear(&check->words);
        tls_result_words(result, &check->words);
    }
    row_add(check, result);
}

static void fact_add(struct certificate_check *check, const struct tls_result *result)
{
    struct run_certificate fact;

    if (check->facts.len >= FACTS_MAX)
        return;
    if (!check->arena)
        check->arena = arena_new(4096);
    certificate_fact(result, check->arena, &fact);
    vec_push(&check->facts, fact);
}

static void probe_done(const struct tls_result *result, void *ctx)
{
    struct item *item = ctx;
    struct certificate_check *check = item->check;

    item->probe = NULL;
    check->finished++;
    fact_add(check, result);
    if (!check->list.is_many) {
        end_one(check, result);
        return;
    }
    result_count(check, result);
    turn(check);
}

static bool is_due(const struct certificate_check *check, size_t i)
{
    return !check->list.is_adaptive ||
           certificate_past_is_due(check->tools.past, check->job, &check->list.v[i],
                                   clock_wall(loop_clock(check->tools.loop)));
}

// The i-th host; false when the prober is busy.
static bool item_start(struct certificate_check *check, size_t i)
{
    struct item *item = &check->items[i];
    struct err e;

    if (!is_due(check, i)) {
        check->not_due++;
        return true;
    }
    item->check = check;
    return tls_probe_start(check->tools.prober, &check->list.v[i], &item->probe, &e, probe_done,
                           item);
}

static mono turn_of(const struct certificate_check *check, size_t i)
{
    int64_t share = check->list.spread_us / (int64_t)check->list.len;

    return mono_after_us(check->began, share * (int64_t)i);
}

// Starts those whose turn has come.
static void turn(void *ctx)
{
    struct certificate_check *check = ctx;
    struct loop *loop = check->tools.loop;
    size_t count = check->list.len;

    while (check->started < count &&
           check->started - check->finished - check->not_due < IN_FLIGHT_MAX) {
        mono at = turn_of(check, check->started);

        if (at.us > loop_now(loop).us) {
            loop_timer_set(loop, &check->timer, at, turn, check);
            return;
        }
        if (!item_start(check, check->started)) {
            loop_timer_set(loop, &check->timer, mono_after_us(loop_now(loop), BUSY_US), turn,
                           check);
            return;
        }
        check->started++;
    }
    if (check->finished + check->not_due == count)
        end_many(check);
}

// ---- the beginning ----

static bool options_read(struct str json, struct tls_options *options, struct err *e)
{
    struct arena *arena = arena_new(1024);
    struct args args;
    bool ok = args_read(json, "", arena, &args, e);

    for (int i = 1; ok && i < args.count; i++)
        ok = tls_options_add(options, str_of(args.v[i]), e);
    arena_free(arena);
    return ok && tls_options_check(options, e);
}

static bool request_read(const struct certificate_request *request, struct tls_list *list,
                         struct err *e)
{
    struct tls_options *options = tls_options_new();
    bool ok =
        options_read(request->args, options, e) && tls_list_read(request->target, options, list, e);

    tls_options_drop(options); // the list holds them
    return ok;
}

struct certificate_check *certificate_start(const struct certificate_tools *tools,
                                            const struct certificate_request *request,
                                            certificate_done *done, void *ctx, struct err *e)
{
    struct certificate_check *check;
    struct tls_list list = {0};

    if (!request_read(request, &list, e) ||
        (!tools->prober &&
         !fail(e, ERR_SYSTEM, NULL, "certificate checks are not available here"))) {
        tls_list_done(&list);
        return NULL;
    }
    check = mem_alloc(sizeof *check);
    check->tools = *tools;
    check->list = list;
    check->list.is_many = list.is_many || list.is_adaptive;
    check->job = (struct str){str_own(request->job), request->job.len};
    check->items = mem_array(list.len + 1, sizeof *check->items);
    check->began = loop_now(tools->loop);
    check->code = "ok";
    check->done = done;
    check->ctx = ctx;
    buf_init(&check->words, WORDS_MAX);
    buf_init(&check->bad, ROWS_MAX);
    buf_init(&check->good, ROWS_MAX);
    loop_defer(tools->loop, turn, check);
    return check;
}

void certificate_cancel(struct certificate_check *check)
{
    if (!check)
        return;
    for (size_t i = 0; i < check->list.len; i++)
        if (check->items[i].probe)
            tls_probe_cancel(check->items[i].probe);
    check_free(check);
}
