// openapi.c - writes the OpenAPI 3.1 document from the route table and the models.
// SPDX-License-Identifier: Apache-2.0
#include "api/openapi.h"

#include "api/log_models.h"
#include "api/models.h"
#include "base/json_write.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct model_field issue_fields[] = {
    {.name = "type",
     .type = MODEL_TEXT,
     .required = 1,
     .doc = "Kind of complaint.",
     .example = "\"missing\""},
    {.name = "loc",
     .type = MODEL_LIST,
     .required = 1,
     .doc = "Where: names and positions.",
     .example = "[\"body\",\"job_id\"]"},
    {.name = "msg",
     .type = MODEL_TEXT,
     .required = 1,
     .doc = "In words.",
     .example = "\"Field required\""},
};
static const struct model issue_model = {.name = "ValidationError",
                                         .doc = "One complaint; members input and ctx tell more.",
                                         .fields = issue_fields,
                                         .count = MODEL_COUNT(issue_fields)};

static const struct model_field issues_fields[] = {
    {.name = "detail",
     .type = MODEL_LIST,
     .required = 1,
     .model = &issue_model,
     .doc = "All complaints."},
};
static const struct model issues_model = {
    .name = "HTTPValidationError", .fields = issues_fields, .count = MODEL_COUNT(issues_fields)};

static const struct model_field problem_fields[] = {
    {.name = "detail",
     .type = MODEL_TEXT,
     .required = 1,
     .doc = "What is wrong.",
     .example = "\"Job already exists\""},
    {.name = "type",
     .type = MODEL_TEXT,
     .doc = "Where the kind of problem is explained.",
     .example = "\"/problems/job-exists\""},
    {.name = "title", .type = MODEL_TEXT, .doc = "The status in words.", .example = "\"Conflict\""},
    {.name = "status", .type = MODEL_INT, .doc = "The HTTP status.", .example = "409"},
    {.name = "code",
     .type = MODEL_TEXT,
     .doc = "Kind of problem, for programs.",
     .example = "\"job_exists\""},
    {.name = "hint", .type = MODEL_TEXT, .doc = "What to do about it."},
    {.name = "field", .type = MODEL_TEXT, .doc = "Name of the value at fault."},
    {.name = "line", .type = MODEL_INT, .doc = "Line of the file at fault."},
    {.name = "column", .type = MODEL_INT, .doc = "Column in the value or line at fault."},
    {.name = "request_id", .type = MODEL_TEXT, .doc = "Stands in the log as well."},
};
static const struct model problem_model = {
    .name = "Problem",
    .doc = "An error. With Accept: application/problem+json all members are there; otherwise some "
           "replies have detail alone.",
    .fields = problem_fields,
    .count = MODEL_COUNT(problem_fields)};

struct writer {
    struct json_write w;
    VEC_OF(const struct model *) models; // mentioned so far
};

static void operation_write(struct writer *o, const struct route *route);
static void model_mention(struct writer *o, const struct model *model);

static void pair(struct writer *o, const char *key, const char *text)
{
    json_write_key(&o->w, key);
    json_write_text(&o->w, text);
}

static void open_object(struct writer *o, const char *key)
{
    json_write_key(&o->w, key);
    json_write_object(&o->w);
}

static void close_object(struct writer *o)
{
    json_write_object_end(&o->w);
}

static void info_write(struct writer *o, const char *version)
{
    pair(o, "openapi", "3.1.0");
    open_object(o, "info");
    pair(o, "title", "belfry");
    pair(o, "summary", "Schedules jobs and watches certificates.");
    pair(o, "version", version);
    pair(o, "description",
         "Replies of the calls under /api/v1/jobs, /schedule and /x509 keep the form of the two "
         "services that belfry replaces, which is called classic here. Errors have `detail`; ask "
         "for application/problem+json to "
         "get them in full (RFC 9457).");
    open_object(o, "license");
    pair(o, "name", "Apache-2.0");
    pair(o, "identifier", "Apache-2.0");
    close_object(o);
    close_object(o);
}

// True when an earlier row has the same path.
static bool is_repeated(const struct route *routes, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(routes[k].path, routes[i].path) == 0)
            return true;
    return false;
}

static void method_write(struct writer *o, const struct route *route)
{
    char name[16];
    const char *method = router_method_name(route->method);
    size_t len = 0;

    for (; method[len] && len + 1 < sizeof name; len++)
        name[len] = (char)(method[len] - 'A' + 'a');
    name[len] = 0;
    open_object(o, name);
    operation_write(o, route);
    close_object(o);
}

void openapi_write(const struct route *routes, size_t count, const char *version, struct buf *out)
{
    struct writer o = {0};

    json_write_init(&o.w, out);
    json_write_object(&o.w);
    info_write(&o, version);
    open_object(&o, "paths");
    for (size_t i = 0; i < count; i++) {
        if (is_repeated(routes, i))
            continue;
        open_object(&o, routes[i].path);
        for (size_t k = i; k < count; k++)
            if (strcmp(routes[k].path, routes[i].path) == 0)
                method_write(&o, &routes[k]);
        close_object(&o);
    }
    close_object(&o);
    open_object(&o, "components");
    open_object(&o, "schemas");
    for (size_t i = 0; i < o.models.len; i++) {
        json_write_key(&o.w, o.models.v[i]->name);
        model_schema(o.models.v[i], &o.w);
    }
    close_object(&o);
    close_object(&o);
    close_object(&o);
    vec_done(&o.models);
}

static void model_mention(struct writer *o, const struct model *model)
{
    for (size_t i = 0; i < o->models.len; i++)
        if (o->models.v[i] == model)
            return;
    vec_push(&o->models, model);
    for (const struct model *const *variant = model->variants; variant && *variant; variant++)
        model_mention(o, *variant);
    for (size_t i = 0; i < model->count; i++)
        if (model->fields[i].model && model_has_field(model, &model->fields[i]))
            model_mention(o, model->fields[i].model);
}

static void content_write(struct writer *o, const char *type, const struct model *model)
{
    char ref[96];

    open_object(o, "content");
    open_object(o, model && model->media   ? model->media
                   : model && !model->name ? "text/plain"
                                           : type);
    open_object(o, "schema");
    if (model && (!model->name || model->media)) {
        pair(o, "type", "string");
    } else if (model) {
        snprintf(ref, sizeof ref, "#/components/schemas/%s", model->name);
        pair(o, "$ref", ref);
        model_mention(o, model);
    }
    close_object(o);
    close_object(o);
    close_object(o);
}

static void parameters_write(struct writer *o, const struct model *model, const char *in)
{
    if (!model)
        return;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_field *field = &model->fields[i];

        if (!model_has_field(model, field))
            continue;
        json_write_object(&o->w);
        pair(o, "name", field->name);
        pair(o, "in", in);
        json_write_key(&o->w, "required");
        json_write_bool(&o->w, model_needs_field(model, field));
        if (field->doc)
            pair(o, "description", field->doc);
        json_write_key(&o->w, "schema");
        model_field_schema(model, field, &o->w);
        json_write_object_end(&o->w);
    }
}

static const char *status_words(int status)
{
    switch (status) {
    case 200:
        return "Done.";
    case 201:
        return "Created.";
    case 204:
        return "Done; there is nothing to tell.";
    case 304:
        return "Not changed since the revision named by If-None-Match.";
    case 400:
        return "The schedule cannot be used, or (DELETE) there is no such job.";
    case 404:
        return "There is no such thing.";
    case 409:
        return "It exists already, is in use, is held by a freeze, or as many runs as allowed are "
               "in "
               "progress.";
    case 412:
        return "It is not in the revision that If-Match names.";
    case 422:
        return "A value is not acceptable.";
    case 502:
        return "The host cannot be reached, or does not speak TLS.";
    case 503:
        return "The service cannot do this at the moment.";
    case 504:
        return "The host did not answer in time.";
    default:
        return "See the body.";
    }
}

static const char *content_type_of(const struct route *route)
{
    if (route->reply == &event_model || route->reply == &log_event_model)
        return "text/event-stream";
    return route->reply == &log_line_model ? "application/x-ndjson" : "application/json";
}

static void response_write(struct writer *o, const struct route *route, struct str status)
{
    int64_t n = 0;
    char key[8];

    if (!str_to_int(status, &n))
        return;
    snprintf(key, sizeof key, "%d", (int)n);
    open_object(o, key);
    pair(o, "description", status_words((int)n));
    if (n == 422)
        content_write(o, "application/json", &issues_model);
    else if (n >= 400 && !(n == 503 && strcmp(route->tag, "system") == 0))
        content_write(o, "application/json", &problem_model);
    else if (n != 304 && n != 204)
        content_write(o, content_type_of(route), route->reply);
    close_object(o);
}

static void operation_write(struct writer *o, const struct route *route)
{
    struct str statuses = str_of(route->statuses), status;

    pair(o, "operationId", route->id);
    json_write_key(&o->w, "tags");
    json_write_array(&o->w);
    json_write_text(&o->w, route->tag);
    json_write_array_end(&o->w);
    pair(o, "summary", route->summary);
    pair(o, "description", route->doc);
    if (route->params || route->query) {
        json_write_key(&o->w, "parameters");
        json_write_array(&o->w);
        parameters_write(o, route->params, "path");
        parameters_write(o, route->query, "query");
        json_write_array_end(&o->w);
    }
    if (route->body && route->body != route->query) {
        open_object(o, "requestBody");
        json_write_key(&o->w, "required");
        json_write_bool(&o->w, !route->body->is_loose);
        content_write(o, "application/json", route->body);
        close_object(o);
    }
    open_object(o, "responses");
    while (str_next(&statuses, ' ', &status))
        response_write(o, route, status);
    close_object(o);
}
