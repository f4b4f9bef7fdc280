// call.h - one request on its way through a handler: what was decoded, and how to answer.
//
// A handler gets a struct call whose params, query and body are read already by the models of its
// route. It answers with exactly one call_reply*, at once or later; the call and everything in its
// arena are gone after that.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "api/api.h"
#include "api/elsewhere.h"
#include "api/http_tally.h"
#include "api/problem.h"
#include "api/router.h"
#include "base/buf.h"
#include "base/json_write.h"
#include "job/model.h"
#include "net/http_reply.h"
#include "net/http_stream.h"

struct api {
    struct api_options o;
    struct buf openapi; // the document, made once
    const struct route *routes;
    size_t route_count;
    struct http_tally tally;
    wall begun_at;
    struct forwards *forwards;
    struct elsewhere *elsewhere, *pools_elsewhere;
    size_t sse_count; // streams of events that are open
    bool is_draining;
};

struct call {
    struct api *api;
    struct http_request *r;
    struct arena *arena; // r's
    const struct route *route;
    struct model_issues *issues; // complaints and warnings
    json_t *json;                // root of the body
    json_t *query_json;          // and of the query, in which texts of `query` lie
    void *params, *query, *body; // structs of the route's models
    uint64_t query_given, body_given;
    bool is_bad;                      // its path cannot be read
    void (*go_on)(struct call *call); // reads the rest, and answers it here
    bool (*again)(struct call *call); // forward_again; NULL: it is no route's
    mono moving_since;                // nobody who knows its job has it; 0: somebody has
    int tries;                        // of a write that lost a race
};

#define CALL_BODY_MAX (512u * 1024 * 1024) // bytes of a reply
#define CALL_TRIES 5                       // of a change that meets other changes

// Replies end the call. body is taken over.
void call_reply(struct call *call, int status, struct buf *body); // application/json
void call_reply_as(struct call *call, int status, const char *type, struct buf *body);
void call_reply_static(struct call *call, int status, const char *type, struct str body);
void call_reply_text(struct call *call, int status, const char *json);  // a constant
void call_reply_plain(struct call *call, int status, const char *text); // text/plain
void call_reply_problem(struct call *call, const struct problem *problem);
void call_reply_err(struct call *call, const struct err *e); // problem_of(e); ERR_MOVED: perhaps
                                                             // another try (again)
void call_reply_issues(struct call *call);                   // 422 with call->issues
void call_reply_empty(struct call *call, int status);        // no body
// A reply that goes on; NULL as http_stream_open says.
struct http_stream *call_reply_stream(struct call *call, int status, const char *content_type,
                                      const struct http_stream_options *options);
void call_reply_no_job(struct call *call);
void call_reply_unusable(struct call *call, const struct job *job); // it is in quarantine // 404,
                                                                    // and where all are listed
void call_reply_scheduled(struct call *call, bool is_scheduled, struct str name); // the posts'
                                                                                  // reply to a
                                                                                  // write

// Adds the header belfry-warning with each warning of the call: bodies of the posts have no room
// for them.
void call_warn(struct call *call);
// Writes "warnings":[...] into the open object when there are any.
void call_write_warnings(const struct call *call, struct json_write *w);

// Headers of the request about revisions. ETags are "r<version>".
struct call_match {
    int version;       // If-Match names this version; 0: no If-Match, or "*"
    bool is_any;       // If-Match: *
    bool is_malformed; // If-Match names something that can never match
    bool is_create;    // If-None-Match: *
};
struct call_match call_match(const struct call *call);
// Whether what has a version (0: there is nothing) may be changed as far as these headers go;
// otherwise the call has been answered. noun: "job".
bool call_match_check(struct call *call, const char *noun, int version);
void call_reply_mismatch(struct call *call, const char *noun, int version); // 412
bool call_is_fresh(const struct call *call, int version); // If-None-Match names it
void call_etag(struct call *call, int version);           // adds the header
