// api.c - takes a request to its route: finds the row, reads what was sent by the row's models,
// calls the handler.
// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"

#include "alert/channel.h"
#include "api/alert_models.h"
#include "api/backfill_models.h"
#include "api/call.h"
#include "api/forward.h"
#include "api/handlers.h"
#include "api/history_models.h"
#include "api/certificate_models.h"
#include "api/log_models.h"
#include "api/models.h"
#include "api/node_models.h"
#include "api/pause_models.h"
#include "api/pool_models.h"
#include "api/trigger_models.h"
#include "api/openapi.h"
#include "base/mem.h"
#include "job/job_read.h"
#include "job/job_write.h"

#include <assert.h>
#include <stdlib.h>

static const struct route routes[] = {
#define X(method, path, id, handler, at, ...) {method, path, id, handler, at, __VA_ARGS__},
#include "api/routes.def"
#undef X
};

static void route_run(struct call *call, const struct route_match *match);
static void answer(struct call *call);
static bool params_read(struct call *call, const struct route_match *match);
static bool query_read(struct call *call);
static bool body_read(struct call *call);
static void missing_reply(struct call *call, bool has_path);

struct api *api_new(const struct api_options *options)
{
    struct api *api = mem_alloc(sizeof *api);

    api->o = *options;
    api->begun_at = clock_wall(options->clock);
    api->forwards = forwards_new(api);
    api->elsewhere = elsewhere_new(&api->o, false);
    api->pools_elsewhere = elsewhere_new(&api->o, true);
    api->routes = routes;
    api->route_count = sizeof routes / sizeof *routes;
    http_tally_init(&api->tally, routes, api->route_count);
    buf_init(&api->openapi, 4 << 20);
    openapi_write(routes, api->route_count, options->version, &api->openapi);
    assert(!api->openapi.is_full);
    return api;
}

void api_drain(struct api *api)
{
    api->is_draining = true;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    forwards_free(api->forwards);
    elsewhere_free(api->elsewhere);
    elsewhere_free(api->pools_elsewhere);
    buf_done(&api->openapi);
    http_tally_done(&api->tally);
    free(api);
}

void api_handle(struct http_request *r, void *ctx)
{
    struct api *api = ctx;
    struct call *call = arena_alloc(r->arena, sizeof *call);
    struct route_match match = {0};
    enum router_answer answer;

    http_tally_begin(&api->tally);
    call->api = api;
    call->r = r;
    call->arena = r->arena;
    call->issues = arena_alloc(r->arena, sizeof *call->issues);
    model_issues_init(call->issues, r->arena);
    answer = router_find(api->routes, api->route_count, r->method, r->path, r->arena, &match);
    if (answer == ROUTER_FOUND)
        route_run(call, &match);
    else
        missing_reply(call, answer == ROUTER_NO_METHOD);
}

// --- no such route
// -------------------------------------------------------------------------------------------------

static bool has_other_slash(const struct call *call, struct str path)
{
    struct route_match match;

    return docs_has(path) || router_find(call->api->routes, call->api->route_count, call->r->method,
                                         path, call->arena, &match) != ROUTER_NO_PATH;
}

// As FastAPI: 307 to the absolute address with, or without, the slash at its end.
static void redirect(struct call *call, struct str path)
{
    struct http_request *r = call->r;
    struct str host = {0}, location;
    const char *scheme = "http://";

    if (!http_request_header(r, "host", &host))
        scheme = "";
    location = arena_printf(call->arena, "%s%.*s%.*s%s%.*s", scheme, STR(host), STR(path),
                            r->query.len > 0 ? "?" : "", STR(r->query));
    http_reply_header(r, "location", location);
    call_reply_empty(call, 307);
}

static void missing_reply(struct call *call, bool has_path)
{
    struct http_request *r = call->r;
    struct problem problem = problem_plain(404, "not_found", "Not Found");
    struct str other = router_other_slash(r->path, call->arena);

    if (has_path) {
        problem = problem_plain(405, "method_not_allowed", "Method Not Allowed");
        http_reply_header(
            r, "allow",
            router_allow(call->api->routes, call->api->route_count, r->path, call->arena));
    } else if (docs_handle(call)) {
        return;
    } else if (r->path.len > 1 && has_other_slash(call, other)) {
        redirect(call, other);
        return;
    }
    call_reply_problem(call, &problem);
}

// --- what was sent
// -------------------------------------------------------------------------------------------------

static void route_run(struct call *call, const struct route_match *match)
{
    call->route = match->route;
    call->go_on = answer;
    call->again = forward_again;
    call->is_bad = !params_read(call, match);
    if (!forward_is_astray(call) && (call->is_bad || !forward(call)))
        answer(call);
}

static void answer(struct call *call)
{
    bool ok = !call->is_bad;

    ok = query_read(call) && ok;
    ok = body_read(call) && ok;
    if (ok)
        call->route->run(call);
    else
        call_reply_issues(call);
}

// Adds a text to an object of parameters; one that is not UTF-8 becomes a complaint.
static bool text_add(struct call *call, json_t *object, struct str loc,
                     const struct http_pair *pair)
{
    json_t *value = json_stringn(pair->value.p ? pair->value.p : "", pair->value.len);

    if (!value)
        return model_complain(
            call->issues, "string_unicode", model_loc(call->arena, loc, pair->name), NULL, "",
            "Input should be a valid string, unable to parse raw data as a unicode string");
    if (json_object_setn_new(object, pair->name.p, pair->name.len, value) != 0)
        return true; // a name that is not UTF-8 is none of ours
    return true;
}

static bool params_read(struct call *call, const struct route_match *match)
{
    const struct model *model = match->route->params;
    struct str loc = STR_LIT("\"path\"");
    bool ok = true;
    json_t *object;

    if (!model)
        return true;
    if (match->is_malformed)
        return model_complain(
            call->issues, "string_unicode", model_loc(call->arena, loc, match->params[0].name),
            NULL, "",
            "Input should be a valid string, unable to parse raw data as a unicode string");
    object = json_object();
    for (size_t i = 0; i < match->param_count; i++)
        ok = text_add(call, object, loc, &match->params[i]) && ok;
    call->params = arena_alloc(call->arena, model->size);
    ok = ok && model_decode(model, object, loc, call->params, NULL, call->issues);
    if (ok) // texts lie in object, which ends here: point into the match's, which live in the arena
        for (size_t i = 0; i < model->count; i++)
            if (model->fields[i].type == MODEL_TEXT)
                *(struct str *)((char *)call->params + model->fields[i].offset) =
                    match->params[i].value;
    json_decref(object);
    return ok;
}

static bool is_json(const struct call *call)
{
    struct str type, main;

    if (!http_request_header(call->r, "content-type", &type) || type.len == 0)
        return true; // as FastAPI takes it
    (void)str_next(&type, ';', &main);
    main = str_trim(main);
    return str_eq_nocase(main, STR_LIT("application/json")) ||
           (main.len > 17 && str_eq_nocase(str_cut(main, 0, 12), STR_LIT("application/")) &&
            str_eq_nocase(str_cut(main, main.len - 5, main.len), STR_LIT("+json")));
}

static bool query_read(struct call *call)
{
    const struct route *route = call->route;
    const struct model *model = route->query;
    struct str loc = STR_LIT("\"query\""), type;
    const struct http_pair *pairs;
    size_t count;
    bool ok = true;

    if (!model)
        return true;
    if (route->body == model && call->r->body.len > 0 &&
        http_request_header(call->r, "content-type", &type) && is_json(call)) {
        call->json = model_load(call->r->body, "body", call->issues);
        if (!call->json)
            return false;
    }
    count = http_request_queries(call->r, &pairs);
    if (call->json && count == 0)
        loc = STR_LIT("\"body\"");
    call->query_json = json_object();
    if (json_is_object(call->json))
        (void)json_object_update(call->query_json, call->json);
    for (size_t i = 0; i < count; i++)
        ok = text_add(call, call->query_json, loc, &pairs[i]) && ok;
    call->query = arena_alloc(call->arena, model->size);
    return ok && model_decode(model, call->query_json, loc, call->query, &call->query_given,
                              call->issues);
}

static bool body_read(struct call *call)
{
    const struct model *model = call->route->body;
    struct str body = call->r->body, loc = STR_LIT("\"body\"");
    json_t *text;

    if (!model || model == call->route->query)
        return true;
    if (body.len == 0 && model->is_loose) { // it may be left out
        call->body = arena_alloc(call->arena, model->size);
        return model_decode(model, NULL, loc, call->body, &call->body_given, call->issues);
    }
    if (body.len == 0)
        return model_complain(call->issues, "missing", loc, NULL, "", "Field required");
    if (!is_json(call)) { // FastAPI takes such a body for bytes, which are no object
        text = json_stringn(body.p, body.len);
        (void)model_complain(call->issues, "model_attributes_type", loc, text, "",
                             "Input should be a valid dictionary or object to extract fields from");
        json_decref(text);
        return false;
    }
    call->json = model_load(body, "body", call->issues);
    if (json_is_null(call->json)) // the same to FastAPI
        return model_complain(call->issues, "missing", loc, NULL, "", "Field required");
    call->body = arena_alloc(call->arena, model->size);
    return call->json &&
           model_decode(model, call->json, loc, call->body, &call->body_given, call->issues);
}
