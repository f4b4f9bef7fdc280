// router.h - which row of the route table a request is for.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"
#include "job/model.h"
#include "net/http_request.h"

struct call;
typedef void route_fn(struct call *call);

// Which of several nodes answers (forward.h). Names of jobs, numbers of runs and so on are the
// first of the path's parameters. _BEST: the owner knows more, but any node will do when it cannot
// be reached.
enum route_at {
    ROUTE_HERE,      // any of them
    ROUTE_JOB,       // the owner of the job
    ROUTE_JOB_BEST,  // likewise
    ROUTE_RUN,       // while the run is alive, the owner of its job
    ROUTE_RUN_BEST,  // likewise
    ROUTE_RETRY,     // the owner of the run's job
    ROUTE_OUTPUT,    // the one on which the run's output is
    ROUTE_BACKFILL,  // the owner of the job of its runs
    ROUTE_PING,      // the owner of the job that has the key
    ROUTE_ALERT,     // the owner of the incident's job
    ROUTE_POOL_BEST, // the owner of the jobs that use it
};

// One operation: a row of routes.def.
struct route {
    enum http_method method;
    const char *path; // "/api/v1/jobs/{job_id}"
    const char *id;   // operationId in the OpenAPI document; unique
    route_fn *run;
    enum route_at at;
    const struct model *params; // of the path; NULL: none
    const struct model *query;  // NULL: none
    const struct model *body;   // NULL: none; the same as query: parameters may come in a JSON body
    const struct model *reply;  // of the success; NULL: not described
    const char *statuses;       // "200 404 409", the success first
    const char *tag;
    const char *summary;
    const char *doc;
};

enum {
    ROUTE_PARAMS_MAX = 4
};

struct route_match {
    const struct route *route;
    struct http_pair params[ROUTE_PARAMS_MAX]; // decoded
    size_t param_count;
    bool is_malformed; // a parameter is not percent-encoded UTF-8; its value is empty
};

enum router_answer {
    ROUTER_FOUND,
    ROUTER_NO_METHOD, // the path exists, with other methods: see router_allow
    ROUTER_NO_PATH,
};

// Looks for method and path (as sent: it is split at slashes first and decoded piece by piece, so
// %2F never makes a slash). HEAD is GET's. A parameter takes one piece that is not empty.
enum router_answer router_find(const struct route *routes, size_t count, enum http_method method,
                               struct str path, struct arena *arena, struct route_match *ret_match);

// The methods of a path for the header `allow`: "GET, HEAD, POST". Empty when there is none.
struct str router_allow(const struct route *routes, size_t count, struct str path,
                        struct arena *arena);

// The path with its trailing slash taken away, or given one: what FastAPI redirects to.
struct str router_other_slash(struct str path, struct arena *arena);

const char *router_method_name(enum http_method method); // "GET"
