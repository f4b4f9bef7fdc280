// http_parser.c - llhttp, and the checks for what it lets pass.
//
// llhttp 8.1 in strict mode takes the following, and here it is refused:
// - lines that end in LF alone: the request line, the empty line behind the headers, in trailers;
// - folded headers, also among trailers; a header without a name; Content-Length among trailers;
// - any number of empty lines before the request, and of blanks between its line's parts;
// - "GET /" without a version (HTTP/0.9), HTTP/2.0, and the same request said in RTSP or ICE;
// - targets, heads, trailers and chunk extensions of any length, sizes with any number of zeros;
// - empty names and values of chunk extensions, and quoted ones: parsers disagree about where their
//   quotes end.
// The first four are seen in the raw bytes, line by line: whatever llhttp made of a head, each line
// of it ends in CR LF, holds no other CR and does not begin with a blank. The same holds for the
// bytes around a chunk's data.
//
// This is the only file that sees llhttp's names, some of which are also ours (HTTP_GET).
// SPDX-License-Identifier: Apache-2.0
#include "net/http_parser.h"

#include <llhttp/llhttp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    EMPTY_LINES_MAX = 2, // before a request
    DIGITS_MAX = 15,     // of a chunk's size
    SIZE_LINE_MAX_BYTES = 256,
    TRAILER_MAX_BYTES = 4096
};

// Lines of a head that have been looked at.
struct lines {
    size_t at;    // bytes looked at
    size_t start; // of the line under the eye
    size_t count; // lines ended, those before the request not counted
    size_t empty_count;
};

// The bytes around the data of chunks.
struct framing {
    char last;         // the byte before
    bool is_trailer;   // the last chunk's size has been read
    bool is_extension; // behind the ';' of a size
    bool has_size;     // a digit other than 0
    size_t digit_count;
    size_t line_bytes;
    size_t trailer_bytes;
};

struct http_parser {
    llhttp_t llhttp;
    struct http_marks marks;
    struct http_mark version; // behind "HTTP/"
    bool is_version_known;
    bool is_value; // of the last header, rather than its name
    bool is_body;
    bool is_whole;
    const char *base; // of the bytes under way
    size_t fed;       // bytes of the head given to llhttp
    size_t target_max;
    struct lines lines;
    struct framing framing;
    struct str data; // of the chunk
    struct http_refusal *refusal;
};

// ---- what llhttp tells ----

static struct http_parser *parser_of(llhttp_t *l)
{
    return l->data;
}

// A part of the head may be told in pieces, one for each time that bytes came.
static void mark_add(const struct http_parser *p, struct http_mark *mark, const char *at, size_t n)
{
    if (mark->bytes == 0)
        mark->from = (uint32_t)(at - p->base);
    mark->bytes = (uint32_t)(at + n - p->base) - mark->from;
}

static int target_told(llhttp_t *l, const char *at, size_t n)
{
    struct http_parser *p = parser_of(l);

    mark_add(p, &p->marks.target, at, n);
    if (p->marks.target.bytes <= p->target_max)
        return 0;
    http_refuse(p->refusal, 414, "The request target is longer than %zu bytes", p->target_max);
    return HPE_USER;
}

static int version_told(llhttp_t *l, const char *at, size_t n)
{
    struct http_parser *p = parser_of(l);

    mark_add(p, &p->version, at, n);
    return 0;
}

static int version_ended(llhttp_t *l)
{
    struct http_parser *p = parser_of(l);

    p->is_version_known = true;
    p->marks.minor = l->http_minor;
    if (l->http_major == 1 && l->http_minor <= 1)
        return 0;
    http_refuse(p->refusal, 505, "This server speaks HTTP/1.1 and HTTP/1.0, not HTTP/%d.%d",
                l->http_major, l->http_minor);
    return -1;
}

static int name_told(llhttp_t *l, const char *at, size_t n)
{
    struct http_parser *p = parser_of(l);
    struct http_marks *m = &p->marks;

    if (p->is_body) // a trailer
        return 0;
    if (p->is_value || m->header_count == 0) {
        if (m->header_count == HTTP_HEADER_MAX) {
            http_refuse(p->refusal, 431, "The request has more than %d headers", HTTP_HEADER_MAX);
            return HPE_USER;
        }
        m->headers[m->header_count++] = (struct http_header_mark){0};
        p->is_value = false;
    }
    mark_add(p, &m->headers[m->header_count - 1].name, at, n);
    return 0;
}

static int value_told(llhttp_t *l, const char *at, size_t n)
{
    struct http_parser *p = parser_of(l);

    if (p->is_body)
        return 0;
    p->is_value = true;
    mark_add(p, &p->marks.headers[p->marks.header_count - 1].value, at, n);
    return 0;
}

static int head_ended(llhttp_t *l)
{
    (void)l;
    return HPE_PAUSED;
}

static int data_told(llhttp_t *l, const char *at, size_t n)
{
    parser_of(l)->data = (struct str){at, n};
    return 0;
}

static int chunk_ended(llhttp_t *l)
{
    return l->flags & F_TRAILING ? 0 : HPE_PAUSED; // the last one ends with the request
}

static int request_ended(llhttp_t *l)
{
    parser_of(l)->is_whole = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = target_told,
    .on_version = version_told,
    .on_version_complete = version_ended,
    .on_header_field = name_told,
    .on_header_value = value_told,
    .on_headers_complete = head_ended,
    .on_body = data_told,
    .on_chunk_complete = chunk_ended,
    .on_message_complete = request_ended,
};

// ---- a parser's life ----

struct http_parser *http_parser_new(void)
{
    struct http_parser *p = mem_alloc(sizeof *p);

    http_parser_reset(p);
    return p;
}

void http_parser_free(struct http_parser *p)
{
    free(p);
}

void http_parser_reset(struct http_parser *p)
{
    // The marks of headers are written before they are read.
    memset(&p->marks, 0, offsetof(struct http_marks, headers));
    memset(&p->version, 0, sizeof *p - offsetof(struct http_parser, version));
    llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
    p->llhttp.data = p;
}

const struct http_marks *http_parser_marks(const struct http_parser *p)
{
    return &p->marks;
}

// ---- the head ----

static bool line_check(struct lines *l, struct str line, struct http_refusal *refusal)
{
    if (line.len == 0 || line.p[line.len - 1] != '\r' || memchr(line.p, '\r', line.len - 1))
        return http_refuse(refusal, 400, "A line of the request's head does not end in CR LF");
    if (line.p[0] == ' ' || line.p[0] == '\t')
        return http_refuse(refusal, 400, "A header is folded over two lines");
    // RFC 9112 section 2.2: an empty line or two before the request line are left over from the
    // last body.
    if (line.len > 1)
        l->count++;
    else if (l->count == 0 && ++l->empty_count > EMPTY_LINES_MAX)
        return http_refuse(refusal, 400, "The request begins with empty lines");
    return true;
}

static bool lines_check(struct lines *l, struct str bytes, struct http_refusal *refusal)
{
    const char *lf;

    while ((lf = memchr(bytes.p + l->at, '\n', bytes.len - l->at))) {
        size_t end = (size_t)(lf - bytes.p);

        if (!line_check(l, str_cut(bytes, l->start, end), refusal))
            return false;
        l->at = l->start = end + 1;
    }
    l->at = bytes.len;
    return true;
}

// The first word is no method that llhttp knows.
static bool method_refuse(struct str bytes, struct http_refusal *refusal)
{
    size_t from = 0;

    while (from < bytes.len && (bytes.p[from] == '\r' || bytes.p[from] == '\n'))
        from++;
    size_t to = from;
    while (to < bytes.len && bytes.p[to] > ' ' && bytes.p[to] < 0x7f)
        to++;
    if (bytes.p[0] == 0x16)
        return http_refuse(refusal, 400,
                           "This port speaks plain HTTP, and the client began with TLS");
    if (to == from || (to < bytes.len && bytes.p[to] != ' '))
        return http_refuse(refusal, 400, "The request does not begin with a method and one blank");
    size_t shown = to - from < 32 ? to - from : 32;
    return http_refuse(refusal, 501, "The method \"%.*s\" is not known here",
                       STR(str_cut(bytes, from, from + shown)));
}

static bool header_is(const struct http_parser *p, size_t i, struct str name)
{
    struct http_mark mark = p->marks.headers[i].name;

    return str_eq_nocase((struct str){p->base + mark.from, mark.bytes}, name);
}

// llhttp gives the same error for a coding other than chunked and for two headers.
static bool coding_refuse(const struct http_parser *p, struct http_refusal *refusal)
{
    int count = 0;

    for (size_t i = 0; i < p->marks.header_count; i++)
        count += header_is(p, i, STR_LIT("transfer-encoding"));
    if (count > 1)
        return http_refuse(refusal, 400, "The request has %d Transfer-Encoding headers", count);
    return http_refuse(refusal, 501, "The only transfer coding understood here is \"chunked\"");
}

static bool head_refuse(const struct http_parser *p, struct str bytes, llhttp_errno_t error,
                        struct http_refusal *refusal)
{
    if (refusal->status) // by one of the functions above
        return false;
    if (error == HPE_INVALID_METHOD)
        return method_refuse(bytes, refusal);
    if (error == HPE_INVALID_TRANSFER_ENCODING)
        return coding_refuse(p, refusal);
    if (error == HPE_INVALID_VERSION && p->version.bytes == 3 && !p->is_version_known)
        return http_refuse(refusal, 505, "This server speaks HTTP/1.1 and HTTP/1.0, not HTTP/%.*s",
                           STR(str_cut(bytes, p->version.from, p->version.from + 3)));
    if (error == HPE_INVALID_URL)
        return http_refuse(refusal, 400,
                           "The request target does not begin with '/', or holds a byte that must "
                           "be percent-encoded");
    return http_refuse(refusal, 400, "The head of the request is malformed: %s",
                       llhttp_get_error_reason(&p->llhttp));
}

// The request line is "METHOD target HTTP/1.x" with one blank between its parts, and every header
// has a name.
static bool head_check(const struct http_parser *p, struct str bytes, struct http_refusal *refusal)
{
    const struct http_marks *m = &p->marks;
    size_t end = m->target.from + m->target.bytes;

    if (!p->is_version_known || p->version.from != end + 6 ||
        memcmp(bytes.p + end, " HTTP/", 6) != 0 || bytes.p[m->target.from - 2] == ' ')
        return http_refuse(refusal, 400,
                           "The request line is not \"METHOD target HTTP/1.1\" with one blank "
                           "between its parts");
    for (size_t i = 0; i < m->header_count; i++)
        if (m->headers[i].name.bytes == 0)
            return http_refuse(refusal, 400, "A header has no name");
    return true;
}

enum http_parser_result http_parser_head(struct http_parser *p, struct str bytes, size_t target_max,
                                         size_t head_max, struct http_refusal *refusal)
{
    size_t end = bytes.len < head_max ? bytes.len : head_max;

    refusal->status = 0;
    p->base = bytes.p;
    p->target_max = target_max;
    p->refusal = refusal;
    llhttp_errno_t error = llhttp_execute(&p->llhttp, bytes.p + p->fed, end - p->fed);
    size_t used = error == HPE_OK ? end : (size_t)(llhttp_get_error_pos(&p->llhttp) - bytes.p);
    p->fed = used;
    if (error != HPE_OK && error != HPE_PAUSED) {
        head_refuse(p, str_cut(bytes, 0, end), error, refusal);
        return HTTP_PARSER_REFUSED;
    }
    if (!lines_check(&p->lines, str_cut(bytes, 0, used), refusal))
        return HTTP_PARSER_REFUSED;
    if (error == HPE_OK && end < head_max)
        return HTTP_PARSER_MORE;
    if (error == HPE_OK) {
        http_refuse(refusal, 431, "The head of the request is larger than %zu bytes", head_max);
        return HTTP_PARSER_REFUSED;
    }
    if (!head_check(p, bytes, refusal))
        return HTTP_PARSER_REFUSED;
    p->marks.head_bytes = used;
    p->marks.method = llhttp_method_name(p->llhttp.method);
    p->marks.is_chunked = p->llhttp.flags & F_CHUNKED;
    p->marks.body_bytes = p->llhttp.content_length;
    p->is_body = true;
    llhttp_resume(&p->llhttp);
    return HTTP_PARSER_WHOLE;
}

// ---- chunks ----

// A byte of a chunk's size line; what is wrong with it, or NULL.
static const char *size_byte_check(struct framing *f, char b)
{
    if (b == '\r')
        return f->last == ';' || f->last == '=' ? "an extension is empty" : NULL;
    if (++f->line_bytes > SIZE_LINE_MAX_BYTES)
        return "a chunk's size line is too long";
    if (b == '"' || ((b == ';' || b == '=') && (f->last == ';' || f->last == '=')))
        return "an extension is not ;name or ;name=value";
    f->is_extension |= b == ';';
    if (f->is_extension)
        return NULL;
    f->has_size |= b != '0';
    return ++f->digit_count > DIGITS_MAX ? "a chunk's size has too many digits" : NULL;
}

static const char *framing_byte_check(struct framing *f, char b)
{
    const char *complaint = NULL;

    if ((f->last == '\r') != (b == '\n'))
        return "a line does not end in CR LF";
    if (b == '\n') {
        f->is_trailer |= f->digit_count > 0 && !f->has_size;
        f->is_extension = f->has_size = false;
        f->digit_count = f->line_bytes = 0;
    } else if (f->is_trailer) {
        if (f->last == '\n' && (b == ' ' || b == '\t'))
            complaint = "a trailer is folded over two lines";
        else if (f->last == '\n' && b == ':')
            complaint = "a trailer has no name";
        else if (++f->trailer_bytes > TRAILER_MAX_BYTES)
            complaint = "the trailers are too long";
    } else {
        complaint = size_byte_check(f, b);
    }
    f->last = b;
    return complaint;
}

static const char *framing_check(struct framing *f, const char *from, const char *to)
{
    const char *complaint = NULL;

    for (; from < to && !complaint; from++)
        complaint = framing_byte_check(f, *from);
    return complaint;
}

enum http_parser_result http_parser_chunk(struct http_parser *p, struct str *rest,
                                          struct str *ret_data, struct http_refusal *refusal)
{
    const char *complaint;

    p->data = (struct str){rest->p, 0};
    llhttp_errno_t error = llhttp_execute(&p->llhttp, rest->p, rest->len);
    const char *end = error == HPE_OK ? rest->p + rest->len : llhttp_get_error_pos(&p->llhttp);
    if (error != HPE_OK && error != HPE_PAUSED)
        complaint = llhttp_get_error_reason(&p->llhttp);
    else if (!(complaint = framing_check(&p->framing, rest->p, p->data.p)))
        complaint = framing_check(&p->framing, p->data.p + p->data.len, end);
    // llhttp forgets its flags only when it goes on.
    if (!complaint && p->is_whole && p->llhttp.flags & F_CONTENT_LENGTH)
        complaint = "Content-Length stands among the trailers";
    if (complaint) {
        http_refuse(refusal, 400, "The chunked body is malformed: %s", complaint);
        return HTTP_PARSER_REFUSED;
    }
    llhttp_resume(&p->llhttp);
    *ret_data = p->data;
    *rest = (struct str){end, rest->len - (size_t)(end - rest->p)};
    return p->is_whole ? HTTP_PARSER_WHOLE : HTTP_PARSER_MORE;
}
