// api.h - what the world may ask over HTTP: hand api_handle to the HTTP server.
//
// Every route is a row of routes.def; from the rows come dispatch, decoding of path, query and
// body, the 422 replies and the OpenAPI document. A reply to a write leaves only after its commit.
#pragma once

#include "net/http_server.h"
#include "sched/sched.h"
#include "store/store.h"

struct alerts;
struct tls_prober;
struct zones;

struct api;

// Which node this belfry is (cli/serve_node.h).
struct api_node {
    const char *name, *address, *tags;
};

// All borrowed, and needed until api_free.
struct api_options {
    struct loop *loop;
    const struct clock *clock;
    struct sched *sched;
    struct store *store;
    struct zones *zones;
    struct tls_prober *prober; // NULL: certificate checks are answered with 503
    struct alerts *alerts;
    const char *jobs_dir;
    const char *runs_dir; // where output of runs is kept
    const char *version;
    struct api_node node;
    const char *ca_file; // of trusted certificates, for asking other nodes; NULL: the system's
    const char *metrics_compat; // names of other exporters to use as well; NULL: none
    size_t metrics_jobs_max;    // jobs that /metrics tells of one by one
};

[[nodiscard]] struct api *api_new(const struct api_options *options);

// Whether a list of exporters is one whose names are known (metrics_compat). ERR_USAGE.
[[nodiscard]] bool metrics_compat_check(struct str exporters, struct err *e);

// The http_handler; ctx is the struct api.
void api_handle(struct http_request *r, void *ctx);

// From now on /readyz says no: the service is stopping.
void api_drain(struct api *api);

// End it after the HTTP server: requests that are still waiting are forgotten. Accepts NULL.
void api_free(struct api *api);
