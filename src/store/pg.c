// pg.c - one connection to PostgreSQL: statements by name, many of them in one journey.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg.h"

#include <assert.h>
#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/pg_trouble.h"
#include "store/pg_uri.h"
#include "store/pg_value.h"

#define JOURNEY_MAX 1000 // statements that are sent before their results are read
#define LOOK_US 100000   // between two looks whether we end
#define BACKOFF_FIRST_US 100000
#define BACKOFF_MAX_US 2000000

static const char *const texts[PG_COUNT] = {
#define X(name, text) [name] = text,
#include "store/sql.def"
#include "store/pg.def"
#undef X
};

static const struct {
    enum sql_name name;
    const char *text;
} dialect[] = {
#define X(name, text) {name, text},
#include "store/pg_dialect.def"
#undef X
};

static const int all_binary[PG_PARAMS_MAX] = {[0 ... PG_PARAMS_MAX - 1] = 1};

static const struct db_ops pg_db;
static bool connection_make(struct pg *pg);
static void connection_drop(struct pg *pg);

struct pg *pg_open(const char *uri, bool is_writer, struct err *e)
{
    struct pg *pg = mem_alloc(sizeof *pg);

    db_init(&pg->base, &pg_db);
    pg->uri = pg_uri_plain(uri);
    pg->name = pg_uri_name(uri);
    pg->is_writer = is_writer;
    pg->patience_ms = PG_DEADLINE_MS;
    if (connection_make(pg))
        return pg;
    (void)pg_fail(pg, e);
    pg_close(pg);
    return NULL;
}

void pg_close(struct pg *pg)
{
    if (!pg)
        return;
    connection_drop(pg);
    for (int i = 0; i < PG_COUNT; i++)
        for (int n = 0; n < PG_PARAMS_MAX; n++)
            free(pg->statements[i].cleaned[n]);
    vec_done(&pg->travelling);
    free(pg->name);
    free(pg->uri);
    free(pg);
}

bool pg_fail(struct pg *pg, struct err *e)
{
    *e = pg->trouble;
    return false;
}

// ---- waiting ----

// Until the socket can be read, or written as well; false when it is too late.
static bool socket_wait(const struct pg *pg, short events, mono until)
{
    struct pollfd fd = {.fd = PQsocket(pg->conn), .events = events};
    int64_t left_us = until.us - clock_mono(clock_real()).us;
    bool is_ready = false;

    while (!is_ready && left_us > 0 && fd.fd >= 0) {
        int64_t wait_us = pg->is_ending && left_us > LOOK_US ? LOOK_US : left_us;

        if (pg->is_ending && atomic_load(pg->is_ending))
            return false;
        is_ready = poll(&fd, 1, (int)(wait_us / 1000) + 1) != 0;
        left_us = until.us - clock_mono(clock_real()).us;
    }
    return is_ready;
}

static mono deadline(int64_t ms)
{
    return mono_after_us(clock_mono(clock_real()), ms * 1000);
}

static void late(struct pg *pg)
{
    (void)fail(&pg->trouble, ERR_STORE, NULL, "\"%s\" does not answer", pg->name);
    (void)fail_hint(&pg->trouble, "look at PostgreSQL and the way to it; belfry tries again by "
                                  "itself");
    connection_drop(pg);
}

// The next result, or NULL where libpq has none; *ret_ok is false when the connection is lost.
static PGresult *result_next(struct pg *pg, mono until, bool *ret_ok)
{
    *ret_ok = true;
    for (;;) {
        int unsent = PQflush(pg->conn);

        if (unsent < 0 || PQstatus(pg->conn) == CONNECTION_BAD)
            break;
        if (!unsent && !PQisBusy(pg->conn))
            return PQgetResult(pg->conn);
        if (!socket_wait(pg, (short)(POLLIN | (unsent ? POLLOUT : 0)), until)) {
            late(pg);
            *ret_ok = false;
            return NULL;
        }
        if (!PQconsumeInput(pg->conn) && !PQisBusy(pg->conn))
            break;
    }
    *ret_ok = false;
    return NULL;
}

// ---- connecting ----

static bool connection_poll(struct pg *pg)
{
    mono until = deadline(PG_CONNECT_MS);
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    while (status != PGRES_POLLING_OK) {
        short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;

        if (PQstatus(pg->conn) == CONNECTION_BAD || status == PGRES_POLLING_FAILED)
            return pg_trouble_connection(pg->name, PQerrorMessage(pg->conn), &pg->trouble);
        if (!socket_wait(pg, events, until)) {
            late(pg);
            return false;
        }
        status = PQconnectPoll(pg->conn);
    }
    return true;
}

// What the URL, the role or the database say themselves stands.
static const char settings[] =
    "SELECT set_config(name, v.value, false) FROM (VALUES ('jit', 'off'), "
    "('statement_timeout', '10s'), ('lock_timeout', '2s'), "
    "('idle_in_transaction_session_timeout', '2s'), ('tcp_keepalives_idle', '5'), "
    "('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '3'), "
    "('client_connection_check_interval', '2s')) AS v(name, value) JOIN pg_settings USING (name) "
    "WHERE source NOT IN ('client', 'user', 'database', 'database user')";

// The writer finds every row by a key: a plan that was made while a table was small must not read
// all of it when it has grown. It is made once: planning takes longer than what is planned.
static const char writer_settings[] = "SET enable_seqscan = off; SET enable_hashjoin = off;"
                                      "SET enable_mergejoin = off; SET enable_material = off;"
                                      "SET plan_cache_mode = force_generic_plan;"
                                      "SET default_transaction_read_only = off";
static const char reader_settings[] = "SET default_transaction_read_only = on";

static void notice_drop(void *ctx, const PGresult *result)
{
    (void)ctx;
    (void)result;
}

static bool connection_set_up(struct pg *pg)
{
    PQsetNoticeReceiver(pg->conn, notice_drop, NULL);
    if (!pg_script(pg, settings) ||
        !pg_script(pg, pg->is_writer ? writer_settings : reader_settings))
        return false;
    if (PQsetnonblocking(pg->conn, 1) != 0 || !PQenterPipelineMode(pg->conn))
        return pg_trouble_connection(pg->name, PQerrorMessage(pg->conn), &pg->trouble);
    return true;
}

static bool connection_make(struct pg *pg)
{
    // Those before dbname are what the URL may say otherwise.
    const char *const keys[] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                "keepalives_count", "tcp_user_timeout", "application_name",
                                "dbname",           "client_encoding",  NULL};
    const char *const values[] = {"5", "5", "2", "3", "10000", "belfry", pg->uri, "UTF8", NULL};

    connection_drop(pg);
    pg->conn = PQconnectStartParams(keys, values, 1);
    if (!pg->conn)
        abort(); // out of memory
    if (connection_poll(pg) && connection_set_up(pg) &&
        (!pg->on_connect || pg->on_connect(pg, pg->ctx, &pg->trouble))) {
        pg->backoff_us = 0;
        return true;
    }
    connection_drop(pg);
    return false;
}

static void connection_drop(struct pg *pg)
{
    for (int i = 0; i < PG_COUNT; i++) {
        struct pg_statement *s = &pg->statements[i];

        s->is_prepared = s->is_sent = false;
        PQclear(s->result);
        s->result = NULL;
    }
    vec_clear(&pg->travelling);
    PQfinish(pg->conn);
    pg->conn = NULL;
}

// A server that has ended has said so, and closed: that is seen without asking it.
static void silence_check(struct pg *pg)
{
    struct pollfd fd = {.fd = PQsocket(pg->conn), .events = POLLIN};

    for (int i = 0; i < 8 && fd.fd >= 0 && poll(&fd, 1, 0) > 0; i++)
        if (!PQconsumeInput(pg->conn))
            break;
    if (PQstatus(pg->conn) != CONNECTION_BAD)
        return;
    (void)pg_trouble_connection(pg->name, PQerrorMessage(pg->conn), &pg->trouble);
    connection_drop(pg);
}

bool pg_ready(struct pg *pg)
{
    mono now = clock_mono(clock_real());

    if (pg->conn)
        silence_check(pg);
    if (pg->conn && !pg->is_lost_for_good)
        return true;
    if (pg->is_lost_for_good || (pg->backoff_us && now.us < pg->try_at.us))
        return false;
    if (connection_make(pg))
        return true;
    pg->backoff_us = pg->backoff_us ? pg->backoff_us * 2 : BACKOFF_FIRST_US;
    if (pg->backoff_us > BACKOFF_MAX_US)
        pg->backoff_us = BACKOFF_MAX_US;
    pg->try_at = mono_after_us(clock_mono(clock_real()), pg->backoff_us);
    return false;
}

// ---- sending ----

// The text of a statement in PostgreSQL's words: ?1 is $1 there.
static bool text_make(int name, char *text, size_t size)
{
    const char *from = texts[name];
    size_t len;

    for (size_t i = 0; i < sizeof dialect / sizeof *dialect; i++)
        if ((int)dialect[i].name == name)
            from = dialect[i].text;
    len = from ? strlen(from) : size;
    if (len >= size)
        return false;
    for (size_t i = 0; i <= len; i++)
        text[i] = from[i] == '?' ? '$' : from[i];
    return true;
}

static struct pg_statement *statement_of(const struct query *q)
{
    return &((struct pg *)q->db)->statements[q->name];
}

static void prepare(struct pg *pg, int name, struct pg_statement *s)
{
    char text[4096], label[16];
    bool ok = text_make(name, text, sizeof text);

    snprintf(label, sizeof label, "s%d", name);
    // A statement that is not for PostgreSQL fails as one that is wrong.
    if (PQsendPrepare(pg->conn, label, ok ? text : "", s->param_count, s->types)) {
        s->is_sent = true;
        vec_push(&pg->travelling, -1 - name);
    }
}

void pg_send(struct query *q)
{
    struct pg *pg = (struct pg *)q->db;
    struct pg_statement *s = statement_of(q);
    char label[16];

    if (!pg->conn)
        return;
    if (!s->is_prepared && !s->is_sent)
        prepare(pg, (int)q->name, s);
    snprintf(label, sizeof label, "s%d", (int)q->name);
    if (PQsendQueryPrepared(pg->conn, label, s->param_count, s->values, s->lengths, all_binary, 1))
        vec_push(&pg->travelling, (int)q->name);
}

// What one of those that travelled has come to.
static bool result_take(struct pg *pg, int what, const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

    if (what < 0) {
        pg->statements[-1 - what].is_sent = false;
        pg->statements[-1 - what].is_prepared = ok;
    }
    if (ok || status == PGRES_PIPELINE_ABORTED)
        return ok;
    pg_trouble_result(pg->name, result, pg->sqlstate, &pg->trouble);
    return false;
}

// Takes results up to the end of the journey. *ret_failed: of how many before the first failure.
static bool journey_take(struct pg *pg, pg_on_result *on_result, void *ctx, size_t *ret_failed)
{
    mono until = deadline(pg->patience_ms);
    size_t step = 0, at = 0;
    bool ok = true, is_there;

    for (;;) {
        PGresult *result = result_next(pg, until, &is_there);
        int what;

        if (!is_there)
            return false;
        if (!result)
            continue;
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            break;
        }
        what = step < pg->travelling.len ? pg->travelling.v[step++] : -1;
        if (ok && !result_take(pg, what, result)) {
            *ret_failed = at;
            ok = false;
        } else if (!ok) {
            (void)result_take(pg, what, result);
        }
        at += what >= 0;
        if (!ok || what < 0 || !on_result || !on_result(at - 1, result, ctx))
            PQclear(result);
    }
    return ok;
}

bool pg_sync(struct pg *pg, pg_on_result *on_result, void *ctx, size_t *ret_failed)
{
    size_t failed = 0;
    bool ok;

    pg->sqlstate[0] = '\0';
    if (!pg->conn)
        return false;
    ok = PQpipelineSync(pg->conn) && journey_take(pg, on_result, ctx, &failed);
    if (pg->conn)
        vec_clear(&pg->travelling);
    if (pg->conn && PQstatus(pg->conn) == CONNECTION_BAD) {
        // The server's own last word, if it had one, says more than that the line is dead.
        if (ok || !pg->sqlstate[0])
            (void)pg_trouble_connection(pg->name, PQerrorMessage(pg->conn), &pg->trouble);
        connection_drop(pg);
        ok = false;
    }
    if (ret_failed)
        *ret_failed = failed;
    return ok;
}

static bool answer_keep(size_t at, PGresult *result, void *ctx)
{
    (void)at;
    *(PGresult **)ctx = result;
    return true;
}

PGresult *pg_ask(struct pg *pg, const char *text, struct pg_array *arrays, size_t count)
{
    const char *values[PG_PARAMS_MAX];
    int lengths[PG_PARAMS_MAX];
    Oid types[PG_PARAMS_MAX];
    PGresult *result = NULL;

    assert(count <= PG_PARAMS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct str bytes = pg_array_str(&arrays[i]);

        types[i] = (Oid)pg_array_type(&arrays[i]);
        values[i] = bytes.p;
        lengths[i] = (int)bytes.len;
    }
    if (pg->conn &&
        PQsendQueryParams(pg->conn, text, (int)count, types, values, lengths, all_binary, 1))
        vec_push(&pg->travelling, PG_COUNT); // none of those with a name
    if (pg_sync(pg, answer_keep, &result, NULL))
        return result;
    PQclear(result);
    return NULL;
}

bool pg_script(struct pg *pg, const char *text)
{
    bool was_pipelined = PQpipelineStatus(pg->conn) != PQ_PIPELINE_OFF, ok = true, is_there;
    mono until = deadline(pg->patience_ms);
    PGresult *result;

    if ((was_pipelined && !PQexitPipelineMode(pg->conn)) || !PQsendQuery(pg->conn, text))
        return pg_trouble_connection(pg->name, PQerrorMessage(pg->conn), &pg->trouble);
    while ((result = result_next(pg, until, &is_there))) {
        ExecStatusType status = PQresultStatus(result);

        if (ok && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            pg_trouble_result(pg->name, result, pg->sqlstate, &pg->trouble);
            ok = false;
        }
        PQclear(result);
    }
    if (!is_there && pg->conn)
        return pg_trouble_connection(pg->name, PQerrorMessage(pg->conn), &pg->trouble);
    return is_there && (!was_pipelined || PQenterPipelineMode(pg->conn)) && ok;
}

// ---- results ----

int64_t pg_int(const PGresult *result, int row, int column)
{
    const char *p = PQgetvalue(result, row, column);
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    int64_t n = 0;

    if (PQgetisnull(result, row, column))
        return 0;
    switch (PQftype(result, column)) {
    case PG_INT2:
        memcpy(&two, p, sizeof two);
        return (int16_t)be16toh(two);
    case PG_INT4:
        memcpy(&four, p, sizeof four);
        return (int32_t)be32toh(four);
    case PG_INT8:
        memcpy(&eight, p, sizeof eight);
        return (int64_t)be64toh(eight);
    default:
        return str_to_int(pg_text(result, row, column), &n) ? n : 0;
    }
}

struct str pg_text(const PGresult *result, int row, int column)
{
    return (struct str){PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column)};
}

// ---- as a driver of db.h ----

static void driver_reset(struct query *q)
{
    PQclear(statement_of(q)->result);
    statement_of(q)->result = NULL;
}

struct query *pg_get(struct pg *pg, enum pg_name name)
{
    struct query *q = &pg->queries[name - SQL_COUNT];

    *q = (struct query){&pg->base, (enum sql_name)name};
    driver_reset(q);
    return q;
}

void pg_bind(struct query *q, int at, Oid type, struct str bytes)
{
    struct pg_statement *s = statement_of(q);

    while (s->param_count < at)
        s->types[s->param_count++] = PG_INT8;
    s->types[at - 1] = type;
    s->values[at - 1] = bytes.p ? bytes.p : "";
    s->lengths[at - 1] = (int)bytes.len;
}

static void driver_bind_int(struct query *q, int at, int64_t n)
{
    int64_t *number = &statement_of(q)->numbers[at - 1];

    *number = (int64_t)htobe64((uint64_t)n);
    pg_bind(q, at, PG_INT8, (struct str){(const char *)number, sizeof *number});
}

static void driver_bind_text(struct query *q, int at, struct str text)
{
    char **cleaned = &statement_of(q)->cleaned[at - 1];
    struct buf buf;

    free(*cleaned);
    *cleaned = NULL;
    if (!pg_value_is_text(text)) {
        buf_init(&buf, text.len * 3 + 1);
        pg_value_clean(text, &buf);
        text = (struct str){ *cleaned = str_own(buf_str(&buf)), buf.len};
        buf_done(&buf);
    }
    pg_bind(q, at, PG_TEXT, text);
}

static void driver_bind_blob(struct query *q, int at, struct str bytes)
{
    pg_bind(q, at, PG_BYTEA, bytes);
}

static bool result_keep(size_t at, PGresult *result, void *ctx)
{
    struct pg_statement *s = ctx;

    (void)at;
    PQclear(s->result); // of one that was sent before, if there was any: the last is ours
    s->result = result;
    return true;
}

static bool driver_send(struct query *q)
{
    struct pg *pg = (struct pg *)q->db;

    pg_send(q);
    return pg->travelling.len < JOURNEY_MAX || pg_sync(pg, NULL, NULL, NULL);
}

static enum query_step driver_step(struct query *q)
{
    struct pg *pg = (struct pg *)q->db;
    struct pg_statement *s = statement_of(q);

    if (!s->result) {
        pg_send(q);
        if (!pg_sync(pg, result_keep, s, NULL))
            return QUERY_FAILED;
        s->row = -1;
        pg->changes = 0;
        (void)str_to_int(str_of(PQcmdTuples(s->result)), &pg->changes);
    }
    return ++s->row < PQntuples(s->result) ? QUERY_ROW : QUERY_DONE;
}

static int64_t driver_column_int(const struct query *q, int at)
{
    return pg_int(statement_of(q)->result, statement_of(q)->row, at);
}

static struct str driver_column(const struct query *q, int at)
{
    return pg_text(statement_of(q)->result, statement_of(q)->row, at);
}

static bool driver_column_is_null(const struct query *q, int at)
{
    return PQgetisnull(statement_of(q)->result, statement_of(q)->row, at);
}

static int64_t driver_changes(struct db *db)
{
    return ((struct pg *)db)->changes;
}

static bool driver_fail(struct db *db, struct err *e)
{
    return pg_fail((struct pg *)db, e);
}

static const struct db_ops pg_db = {
    .reset = driver_reset,
    .bind_int = driver_bind_int,
    .bind_text = driver_bind_text,
    .bind_blob = driver_bind_blob,
    .step = driver_step,
    .send = driver_send,
    .column_int = driver_column_int,
    .column = driver_column,
    .column_is_null = driver_column_is_null,
    .changes = driver_changes,
    .fail = driver_fail,
};
