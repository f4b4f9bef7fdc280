// router.c - finds the row of the route table that a request is for.
// SPDX-License-Identifier: Apache-2.0
//
// A walk over some thirty rows compares first pieces with first pieces and costs less than reading
// the request did; a tree would have to be built and explained.
#include "api/router.h"

#include <string.h>

static bool path_match(const char *pattern, struct str path, struct arena *arena,
                       struct route_match *match);

static bool is_method(const struct route *route, enum http_method method)
{
    return route->method == method || (method == HTTP_HEAD && route->method == HTTP_GET);
}

enum router_answer router_find(const struct route *routes, size_t count, enum http_method method,
                               struct str path, struct arena *arena, struct route_match *ret_match)
{
    enum router_answer answer = ROUTER_NO_PATH;

    for (size_t i = 0; i < count; i++) {
        struct route_match match = {.route = &routes[i]};

        if (!path_match(routes[i].path, path, arena, &match))
            continue;
        if (is_method(&routes[i], method)) {
            *ret_match = match;
            return ROUTER_FOUND;
        }
        answer = ROUTER_NO_METHOD;
    }
    return answer;
}

static bool piece_match(struct str want, struct str piece, struct arena *arena,
                        struct route_match *match)
{
    struct str text = {0};
    bool is_sound = http_decode(arena, piece, &text);

    if (want.len < 2 || want.p[0] != '{')
        return is_sound && str_eq(want, text);
    if (piece.len == 0 || match->param_count >= ROUTE_PARAMS_MAX)
        return false;
    if (!is_sound)
        match->is_malformed = true;
    match->params[match->param_count++] =
        (struct http_pair){str_cut(want, 1, want.len - 1), is_sound ? text : (struct str){"", 0}};
    return true;
}

static bool path_match(const char *pattern, struct str path, struct arena *arena,
                       struct route_match *match)
{
    struct str want = str_of(pattern), rest = path, want_piece, piece;

    while (str_next(&want, '/', &want_piece)) {
        if (!str_next(&rest, '/', &piece) || !piece_match(want_piece, piece, arena, match))
            return false;
    }
    return !str_next(&rest, '/', &piece);
}

struct str router_allow(const struct route *routes, size_t count, struct str path,
                        struct arena *arena)
{
    struct str allow = {"", 0};

    for (size_t i = 0; i < count; i++) {
        struct route_match match = {0};

        if (!path_match(routes[i].path, path, arena, &match))
            continue;
        allow = arena_printf(arena, "%.*s%s%s%s", STR(allow), allow.len > 0 ? ", " : "",
                             router_method_name(routes[i].method),
                             routes[i].method == HTTP_GET ? ", HEAD" : "");
    }
    return allow;
}

struct str router_other_slash(struct str path, struct arena *arena)
{
    if (path.len > 1 && path.p[path.len - 1] == '/')
        return str_cut(path, 0, path.len - 1);
    return arena_printf(arena, "%.*s/", STR(path));
}

const char *router_method_name(enum http_method method)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

    return method < sizeof names / sizeof *names ? names[method] : "";
}
