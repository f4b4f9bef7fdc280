// post.c - one message to the outside world, by libcurl.
// SPDX-License-Identifier: Apache-2.0
#include "net/post.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/version.h"
#include "net/access.h"

#define CONNECT_MS 10000

struct sending {
    const struct post *post;
    const struct access *access;
    const atomic_bool *ends;
    enum access_verdict verdict; // of the name
    bool is_denied;
    size_t sent; // bytes of a mail
    struct buf said;
    char reason[CURL_ERROR_SIZE];
};

void post_setup(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

// ---- what libcurl asks ----

static size_t reply_came(char *p, size_t size, size_t count, void *ctx)
{
    struct sending *s = ctx;
    size_t room = s->said.max - s->said.len, n = size * count;

    buf_add(&s->said, (struct str){p, n < room ? n : room});
    return n;
}

// Mail servers talk in what is a header to libcurl.
static size_t header_came(char *p, size_t size, size_t count, void *ctx)
{
    const struct sending *s = ctx;

    return s->post->from ? reply_came(p, size, count, ctx) : size * count;
}

static size_t mail_wanted(char *p, size_t size, size_t count, void *ctx)
{
    struct sending *s = ctx;
    size_t left = s->post->body.len - s->sent, n = size * count < left ? size * count : left;

    memcpy(p, s->post->body.p + s->sent, n);
    s->sent += n;
    return n;
}

// The address is known now: the last moment to say no.
static curl_socket_t socket_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct sending *s = ctx;
    struct dns_address address = {.len = to->addrlen};

    if (purpose != CURLSOCKTYPE_IPCXN || to->addrlen > sizeof address.addr)
        return CURL_SOCKET_BAD;
    memcpy(&address.addr, &to->addr, to->addrlen);
    if (!access_of_address(s->access, s->verdict, &address)) {
        s->is_denied = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static int progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct sending *s = ctx;

    (void)a, (void)b, (void)c, (void)d;
    return s->ends && atomic_load(s->ends);
}

// ---- what it is told ----

static bool host_check(struct sending *s, struct err *e)
{
    CURLU *url = curl_url();
    char *host = NULL;
    bool ok = curl_url_set(url, CURLUPART_URL, s->post->url, 0) == CURLUE_OK &&
              curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;

    if (ok) {
        size_t len = strlen(host);

        if (host[0] == '[' && host[len - 1] == ']') { // an IPv6 address
            memmove(host, host + 1, len - 2);
            host[len - 2] = '\0';
        }
        s->verdict = access_of_name(s->access, host);
        ok = s->verdict != ACCESS_DENIED ||
             fail(e, ERR_DENIED, "url", "this server does not connect to %s", host);
    } else {
        (void)fail(e, ERR_INPUT, "url", "the URL is not one");
    }
    curl_free(host);
    curl_url_cleanup(url);
    return ok;
}

static struct curl_slist *list_make(const char *const *texts)
{
    struct curl_slist *list = NULL;

    for (; *texts; texts++)
        list = curl_slist_append(list, *texts);
    return list;
}

static void common_set(CURL *curl, struct sending *s)
{
    const struct post *post = s->post;

    curl_easy_setopt(curl, CURLOPT_URL, post->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, post->from ? "smtp,smtps" : "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)post->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, s->reason);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, reply_came);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, header_came);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, socket_open);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, s);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (post->user)
        curl_easy_setopt(curl, CURLOPT_USERNAME, post->user);
    if (post->password)
        curl_easy_setopt(curl, CURLOPT_PASSWORD, post->password);
    if (post->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, post->ca_file);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, post->is_insecure ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, post->is_insecure ? 0L : 2L);
}

static void http_set(CURL *curl, const struct post *post, const struct curl_slist *headers)
{
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "belfry/" BELFRY_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post->body.p ? post->body.p : "");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.len);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, post->method ? post->method : "POST");
}

static void mail_set(CURL *curl, struct sending *s, const struct curl_slist *to)
{
    static const long tls[] = {CURLUSESSL_ALL, CURLUSESSL_TRY, CURLUSESSL_NONE};

    curl_easy_setopt(curl, CURLOPT_USE_SSL, tls[s->post->tls]);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, s->post->from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, mail_wanted);
    curl_easy_setopt(curl, CURLOPT_READDATA, s);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)s->post->body.len);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
}

// ---- what came of it ----

static enum err_code code_of(CURLcode code)
{
    if (code == CURLE_OPERATION_TIMEDOUT)
        return ERR_TIMEOUT;
    if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
        code == CURLE_USE_SSL_FAILED || code == CURLE_SSL_CACERT_BADFILE)
        return ERR_TLS;
    return ERR_UNREACHABLE;
}

static void refused(const struct sending *s, CURLcode code, struct post_reply *ret)
{
    if (s->is_denied) {
        (void)fail(&ret->err, ERR_DENIED, "url",
                   "this server does not connect to the address that the host has");
        (void)fail_hint(&ret->err, "--tls-allow and --tls-deny say whom it connects to");
    } else if (code != CURLE_OK) {
        struct str reason = str_of(s->reason[0] ? s->reason : curl_easy_strerror(code));

        reason.len -= str_ends(reason, STR_LIT("."));
        (void)fail(&ret->err, code_of(code), NULL, "%.*s", STR(reason));
    } else if (!s->post->from && (ret->status < 200 || ret->status > 299)) {
        (void)fail(&ret->err, ERR_UNREACHABLE, NULL, "the server answered with status %ld",
                   ret->status);
    }
    ret->is_sent = ret->err.code == ERR_NONE;
}

void post_send(const struct post *post, const struct access *access, const atomic_bool *ends,
               struct arena *arena, struct post_reply *ret)
{
    struct sending s = {.post = post, .access = access, .ends = ends};
    struct curl_slist *list = list_make(post->from ? post->to : post->headers);
    CURL *curl = curl_easy_init();
    curl_off_t took_us = 0;
    CURLcode code;

    *ret = (struct post_reply){0};
    buf_init(&s.said, POST_REPLY_MAX);
    if (curl && host_check(&s, &ret->err)) {
        common_set(curl, &s);
        if (post->from)
            mail_set(curl, &s, list);
        else
            http_set(curl, post, list);
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
        curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &took_us);
        ret->took_ms = took_us / 1000;
        refused(&s, code, ret);
    } else if (!curl) {
        (void)fail(&ret->err, ERR_SYSTEM, NULL, "libcurl cannot begin");
    }
    ret->text = arena_copy(arena, buf_str(&s.said));
    buf_done(&s.said);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
}
