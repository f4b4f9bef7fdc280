// client.c - requests to a server by libcurl, and what its errors mean.
// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "base/version.h"
#include "time/duration.h"

enum {
    REPLY_MAX_BYTES = 1 << 30,
    CONNECT_MS = 5000,
    SILENCE_S = 60, // a reply that goes on says something every 15 s
    POLL_MS = 1000
};

#define SERVER_PRESET "http://127.0.0.1:8000"
#define TIMEOUT_PRESET_US (60 * SECOND_US)

struct client {
    char *server;
    char *base;        // "http://127.0.0.1:8000", without a '/' at the end
    char *socket_path; // of unix:PATH, else NULL
    long timeout_ms;
    CURLM *multi;
    CURL *curl;
    struct curl_slist *headers;
    char reason[CURL_ERROR_SIZE];
};

// What a transfer hands its bytes to.
struct transfer {
    struct client *client;
    struct buf *text;
    bool is_json;
    bool is_repeated;
    bool (*data)(struct str data, void *ctx); // NULL: everything goes to text
    void *ctx;
    int stop_fd;
    bool has_stopped;
};

static bool transfer_fail(const struct client *c, CURLcode code, struct err *e);
static bool reply_fail(int status, const json_t *json, struct str text, struct err *e);

// ---- the server ----

static bool server_read(struct client *c, struct err *e)
{
    struct str s = str_of(c->server);

    if (str_starts(s, STR_LIT("unix:"))) {
        c->socket_path = str_own(str_cut(s, 5, s.len));
        c->base = str_own(STR_LIT("http://localhost"));
        return s.len > 5 || fail(e, ERR_USAGE, NULL, "--server unix: names no path");
    }
    if (!str_starts(s, STR_LIT("http://")) && !str_starts(s, STR_LIT("https://"))) {
        (void)fail(e, ERR_USAGE, NULL, "\"%s\" is no server", c->server);
        return fail_hint(e, "a server is http://HOST:PORT, https://HOST or unix:PATH");
    }
    while (str_ends(s, STR_LIT("/")))
        s.len--;
    c->base = str_own(s);
    return true;
}

bool client_open(const struct typed *typed, struct client **ret_client, struct err *e)
{
    const char *server = typed_value(typed, "--server");
    const char *timeout = typed_value(typed, "--timeout");
    int64_t timeout_us = TIMEOUT_PRESET_US;
    struct client *c;

    if (timeout && (!duration_parse(str_of(timeout), "--timeout", &timeout_us, e) ||
                    timeout_us < 1000 || timeout_us > DAY_US))
        return fail(e, ERR_USAGE, NULL, "--timeout must be 1ms to 1d, not \"%s\"", timeout);
    if (!server)
        server = getenv("BELFRY_SERVER");
    c = mem_alloc(sizeof *c);
    c->server = str_own(str_of(server && server[0] ? server : SERVER_PRESET));
    c->timeout_ms = (long)(timeout_us / 1000);
    if (!server_read(c, e)) {
        client_close(c);
        return false;
    }
    *ret_client = c;
    return true;
}

void client_close(struct client *client)
{
    if (!client)
        return;
    curl_slist_free_all(client->headers);
    if (client->curl)
        curl_easy_cleanup(client->curl);
    if (client->multi)
        curl_multi_cleanup(client->multi);
    free(client->server);
    free(client->base);
    free(client->socket_path);
    free(client);
}

const char *client_server(const struct client *client)
{
    return client->server;
}

void client_header(struct client *client, const char *name, const char *value)
{
    struct buf line;

    buf_init(&line, 8192);
    buf_printf(&line, "%s: %s", name, value);
    client->headers = curl_slist_append(client->headers, buf_text(&line));
    buf_done(&line);
}

void client_escape(struct buf *path, const char *piece)
{
    for (const unsigned char *p = (const unsigned char *)piece; *p; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                        (*p >= '0' && *p <= '9') || strchr("-._~", *p);

        if (is_plain)
            buf_add_byte(path, (char)*p);
        else
            buf_printf(path, "%%%02X", *p);
    }
}

// ---- a transfer ----

static size_t data_came(char *p, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    struct str data = {p, size * n};
    long status = 0;

    curl_easy_getinfo(t->client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (!t->data || status < 200 || status > 299) {
        buf_add(t->text, data);
        return t->text->is_full ? 0 : data.len;
    }
    if (t->data(data, t->ctx))
        return data.len;
    t->has_stopped = true;
    return 0;
}

static size_t header_came(char *p, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    struct str line = str_trim((struct str){p, size * n}), name;

    if (str_next(&line, ':', &name) && str_eq_nocase(name, STR_LIT("content-type")))
        t->is_json = line.len > 0 && memmem(line.p, line.len, "json", 4);
    else if (str_eq_nocase(name, STR_LIT("idempotent-replayed")))
        t->is_repeated = str_eq(str_trim(line), STR_LIT("true"));
    return size * n;
}

static void curl_prepare(struct client *c, const char *url, struct transfer *t)
{
    if (!c->multi)
        c->multi = curl_multi_init(); // keeps the connection
    if (!c->curl)
        c->curl = curl_easy_init();
    else
        curl_easy_reset(c->curl);
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, c->socket_path);
    curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "belfry/" BELFRY_VERSION);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->reason);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, data_came);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, header_came);
    curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
    c->reason[0] = '\0';
}

// Until it is over, or stop_fd has something to say.
static CURLcode multi_run(struct client *c, struct transfer *t)
{
    struct curl_waitfd stop = {.fd = t->stop_fd, .events = CURL_WAIT_POLLIN};
    CURLMsg *message;
    int running = 1, left;

    curl_multi_add_handle(c->multi, c->curl);
    while (running && !t->has_stopped) {
        if (curl_multi_perform(c->multi, &running) != CURLM_OK)
            break;
        if (running && curl_multi_poll(c->multi, &stop, t->stop_fd >= 0, POLL_MS, NULL) != CURLM_OK)
            break;
        t->has_stopped = t->has_stopped || (t->stop_fd >= 0 && stop.revents != 0);
    }
    message = curl_multi_info_read(c->multi, &left);
    CURLcode code = message ? message->data.result : CURLE_RECV_ERROR;

    curl_multi_remove_handle(c->multi, c->curl);
    return code;
}

// Carries the prepared request out; its headers are gone then.
static bool curl_run(struct client *c, struct transfer *t, int *ret_status, struct err *e)
{
    CURLcode code = multi_run(c, t);
    long status = 0;

    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(c->headers);
    c->headers = NULL;
    *ret_status = (int)status;
    if (t->text->is_full)
        return fail(e, ERR_LIMIT, NULL, "the server's reply is larger than %d MiB",
                    REPLY_MAX_BYTES >> 20);
    return code == CURLE_OK || t->has_stopped || transfer_fail(c, code, e);
}

static char *url_make(const struct client *c, const char *path)
{
    size_t base = strlen(c->base), len = strlen(path);
    char *url = mem_alloc(base + len + 1);

    memcpy(url, c->base, base);
    memcpy(url + base, path, len);
    return url;
}

bool client_ask(struct client *client, const char *method, const char *path, const json_t *body,
                struct client_reply *ret_reply, struct err *e)
{
    struct client_reply reply;

    if (!client_try(client, method, path, body, &reply, e))
        return false;
    if (reply.status < 200 || reply.status > 299) {
        (void)client_refusal(&reply, e);
        client_reply_done(&reply);
        return false;
    }
    *ret_reply = reply;
    return true;
}

bool client_try(struct client *client, const char *method, const char *path, const json_t *body,
                struct client_reply *ret_reply, struct err *e)
{
    struct client_reply reply = {0};
    struct transfer t = {.client = client, .text = &reply.text, .stop_fd = -1};
    char *url = url_make(client, path);
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    bool ok;

    buf_init(&reply.text, REPLY_MAX_BYTES);
    client_header(client, "accept", "application/json, application/problem+json");
    if (body)
        client_header(client, "content-type", "application/json");
    else // libcurl would call nothing a form
        client->headers = curl_slist_append(client->headers, "content-type:");
    curl_prepare(client, url, &t);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, client->timeout_ms);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    if (text || strcmp(method, "POST") == 0)
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, text ? text : "");
    ok = curl_run(client, &t, &reply.status, e);
    free(url);
    free(text);
    if (ok && t.is_json)
        reply.json = json_loadb(reply.text.p ? reply.text.p : "", reply.text.len,
                                JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    reply.is_repeated = t.is_repeated;
    if (ok)
        *ret_reply = reply;
    else
        client_reply_done(&reply);
    return ok;
}

bool client_refusal(const struct client_reply *reply, struct err *e)
{
    return reply_fail(reply->status, reply->json, buf_str(&reply->text), e);
}

void client_reply_done(struct client_reply *reply)
{
    json_decref(reply->json);
    reply->json = NULL;
    buf_done(&reply->text);
}

bool client_follow(struct client *client, const char *path, const struct client_reader *reader,
                   bool *ret_is_over, struct err *e)
{
    struct buf text;
    struct transfer t = {.client = client,
                         .text = &text,
                         .data = reader->data,
                         .ctx = reader->ctx,
                         .stop_fd = reader->stop_fd};
    char *url = url_make(client, path);
    int status;
    bool ok;

    buf_init(&text, 1 << 20);
    client_header(client, "accept", "text/event-stream, application/problem+json");
    curl_prepare(client, url, &t);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, (long)reader->limit_ms);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
    ok = curl_run(client, &t, &status, e);
    free(url);
    if (ok && !t.has_stopped && (status < 200 || status > 299)) {
        json_t *json =
            t.is_json ? json_loadb(text.p ? text.p : "", text.len, JSON_ALLOW_NUL, NULL) : NULL;

        ok = reply_fail(status, json, buf_str(&text), e);
        json_decref(json);
    }
    buf_done(&text);
    *ret_is_over = !t.has_stopped;
    return ok;
}

// ---- errors ----

static bool transfer_fail(const struct client *c, CURLcode code, struct err *e)
{
    const char *words = c->reason[0] ? c->reason : curl_easy_strerror(code);
    long os_error = 0;

    curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &os_error);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fail(e, ERR_TIMEOUT, NULL, "%s did not answer in time: %s", c->server, words);
    if (code == CURLE_COULDNT_CONNECT && os_error != 0)
        words = err_words((int)os_error);
    (void)fail(e, ERR_NO_SERVER, NULL, "cannot reach the server at %s: %s", c->server, words);
    if (code == CURLE_COULDNT_CONNECT)
        return fail_hint(e, "start it with `belfry serve`, or name another with --server or "
                            "$BELFRY_SERVER");
    return false;
}

// The code of a reply's name for it; by the status when the name is none of err.def.
static enum err_code code_of(const char *name, int status)
{
    static const struct {
        int status;
        enum err_code code;
    } rows[] = {{401, ERR_DENIED}, {403, ERR_DENIED},      {404, ERR_NOT_FOUND},
                {405, ERR_SYSTEM}, {409, ERR_CONCURRENCY}, {412, ERR_CONFLICT},
                {413, ERR_LIMIT},  {422, ERR_INPUT},       {400, ERR_INPUT},
                {415, ERR_INPUT},  {428, ERR_CONFLICT},    {502, ERR_UNREACHABLE},
                {504, ERR_TIMEOUT}};
    static const enum err_code codes[] = {
#define X(code, name, http_status, exit_status, sentence) code,
#include "base/err.def"
#undef X
    };

    for (size_t i = 0; name && i < sizeof codes / sizeof *codes; i++)
        if (strcmp(name, err_name(codes[i])) == 0)
            return codes[i];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].code;
    return ERR_SYSTEM;
}

// The hint that the first complaint of a 422 carries.
static const char *issue_hint(const json_t *json)
{
    const json_t *first = json_array_get(json_object_get(json, "errors"), 0);

    return json_string_value(json_object_get(json_object_get(first, "ctx"), "hint"));
}

static bool reply_fail(int status, const json_t *json, struct str text, struct err *e)
{
    const char *detail = json_string_value(json_object_get(json, "detail"));
    const char *hint = json_string_value(json_object_get(json, "hint"));
    const char *name = json_string_value(json_object_get(json, "code"));

    if (!detail)
        return fail(e, code_of(NULL, status), name, "the server answered with status %d: %.*s",
                    status, (int)(text.len < 200 ? text.len : 200), text.p ? text.p : "");
    (void)fail(e, code_of(name, status), name, "%s", detail);
    if (!hint)
        hint = issue_hint(json);
    return hint ? fail_hint(e, "%s", hint) : false;
}
