// http_output.c - writes reply heads and sends them with their bodies.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_output.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/json_write.h"

enum {
    OUTPUT_MAX_BYTES = 4 << 20 // of heads and small bodies waiting; gathering stops far below
};

void http_date_update(struct http_date *date, wall now)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Mar", "Apr", "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"};
    int64_t second = now.us / 1000000;

    if (date->second == second && date->text[0])
        return;
    // Days from 1970 to a civil date: years begin in March, so that the leap day is a year's last
    // and every month begins at (153 m + 2) / 5. Moments before 1970 are shown as 1970.
    int64_t moment = second < 0 ? 0 : second;
    int64_t day = moment / 86400;
    int64_t shifted = day + 719468;
    int64_t era_day = shifted % 146097;
    int64_t era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
    int64_t year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
    int64_t month = (5 * year_day + 2) / 153;
    int64_t year = era_year + shifted / 146097 * 400 + (month >= 10);
    int rest = (int)(moment % 86400);

    snprintf(date->text, sizeof date->text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[day % 7],
             (int)(year_day - (153 * month + 2) / 5 + 1), months[month], (int)(year % 10000),
             rest / 3600, rest / 60 % 60, rest % 60);
    date->second = second;
}

void http_output_init(struct http_output *o)
{
    *o = (struct http_output){0};
    buf_init(&o->small, OUTPUT_MAX_BYTES);
}

static void large_drop(struct http_output *o)
{
    free(o->owned);
    o->owned = NULL;
    o->large = (struct str){0};
}

void http_output_done(struct http_output *o)
{
    large_drop(o);
    buf_done(&o->small);
    o->sent = 0;
}

static void status_add(struct buf *out, int status)
{
    if (status == 200) {
        buf_add(out, STR_LIT("HTTP/1.1 200 OK\r\ndate: "));
        return;
    }
    buf_add(out, STR_LIT("HTTP/1.1 "));
    buf_add_number(out, (uint64_t)status, 1);
    buf_add_byte(out, ' ');
    buf_add_text(out, http_status_words(status));
    buf_add(out, STR_LIT("\r\ndate: "));
}

void http_output_add(struct http_output *o, const struct http_reply_head *head,
                     const struct http_date *date, struct str body, char *owned)
{
    struct buf *out = &o->small;
    bool has_no_body = head->status == 204 || head->status == 304;

    assert(o->large.len == 0);
    status_add(out, head->status);
    buf_add(out, str_of(date->text));
    buf_add(out, STR_LIT("\r\nserver: belfry\r\n"));
    if (head->content_type) {
        buf_add(out, STR_LIT("content-type: "));
        buf_add_text(out, head->content_type);
        buf_add(out, STR_LIT("\r\n"));
    }
    if (head->is_open && head->minor > 0) {
        buf_add(out, STR_LIT("transfer-encoding: chunked\r\n"));
    } else if (!has_no_body && !head->is_open) {
        buf_add(out, STR_LIT("content-length: "));
        buf_add_number(out, head->body_bytes, 1);
        buf_add(out, STR_LIT("\r\n"));
    }
    if (!head->is_keep_alive)
        buf_add(out, STR_LIT("connection: close\r\n"));
    else if (head->minor == 0)
        buf_add(out, STR_LIT("connection: keep-alive\r\n"));
    buf_add(out, head->headers);
    buf_add(out, STR_LIT("\r\n"));

    if (has_no_body || head->is_head)
        body.len = 0;
    if (body.len > HTTP_SMALL_BYTES) {
        o->large = body;
        o->owned = owned;
        return;
    }
    buf_add(out, body);
    free(owned);
}

void http_output_raw(struct http_output *o, struct str bytes)
{
    // A body that goes on may never be sent to its end: what is gone makes room.
    if (o->sent > HTTP_GATHER_BYTES) {
        memmove(o->small.p, o->small.p + o->sent, o->small.len - o->sent);
        o->small.len -= o->sent;
        o->sent = 0;
    }
    buf_add(&o->small, bytes);
}

enum http_flush_result http_output_flush(struct http_output *o, int fd, bool *ret_sent)
{
    *ret_sent = false;
    while (!http_output_is_empty(o)) {
        struct iovec pieces[2] = {{o->small.p + o->sent, o->small.len - o->sent},
                                  {(char *)o->large.p, o->large.len}};
        size_t first = pieces[0].iov_len > 0 ? 0 : 1;
        struct msghdr message = {.msg_iov = &pieces[first],
                                 .msg_iovlen = o->large.len > 0 ? 2 - first : 1};
        ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? HTTP_FLUSH_BLOCKED : HTTP_FLUSH_BROKEN;
        *ret_sent = true;
        size_t small = pieces[0].iov_len < (size_t)n ? pieces[0].iov_len : (size_t)n;
        o->sent += small;
        o->large = str_cut(o->large, (size_t)n - small, o->large.len);
    }
    buf_clear(&o->small);
    o->sent = 0;
    large_drop(o);
    return HTTP_FLUSH_DONE;
}

void http_detail_write(struct buf *out, const char *detail)
{
    struct json_write w;

    json_write_init(&w, out);
    json_write_object(&w);
    json_write_key(&w, "detail");
    json_write_text(&w, detail);
    json_write_object_end(&w);
}

const char *http_status_words(int status)
{
    static const struct {
        int status;
        const char *words;
    } table[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].status == status)
            return table[i].words;
    return "";
}
