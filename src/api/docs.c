// docs.c - pages beside the API: the documentation and its assets, problem pages, redirects.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/web.h"

#define PROBLEMS STR_LIT("/problems/")

static void asset_reply(struct call *call, const struct web_asset *asset);
static void page_reply(struct call *call);

// Pages that are only another name of one: name, and where to.
static const char *const redirects[][2] = {
    {"/", "/docs"},
    {"/redoc", "/docs"},
    {"/favicon.ico", "/docs/favicon.svg"},
};

static const char *redirect_of(struct str path)
{
    for (size_t i = 0; i < sizeof redirects / sizeof *redirects; i++)
        if (str_eq(path, str_of(redirects[i][0])))
            return redirects[i][1];
    return NULL;
}

static bool is_problem(struct str path)
{
    struct buf page;
    bool is_page;

    if (!str_starts(path, PROBLEMS))
        return false;
    buf_init(&page, 1 << 16);
    is_page = problem_page(str_cut(path, PROBLEMS.len, path.len), &page);
    buf_done(&page);
    return is_page;
}

bool docs_has(struct str path)
{
    return redirect_of(path) || web_find(path) || is_problem(path);
}

bool docs_handle(struct call *call)
{
    struct http_request *r = call->r;
    struct problem problem = problem_plain(405, "method_not_allowed", "Method Not Allowed");
    const struct web_asset *asset = web_find(r->path);
    const char *to = redirect_of(r->path);

    if (!docs_has(r->path))
        return false;
    if (r->method != HTTP_GET && r->method != HTTP_HEAD) {
        http_reply_header(r, "allow", STR_LIT("GET, HEAD"));
        call_reply_problem(call, &problem);
    } else if (to) {
        http_reply_header(r, "location", str_of(to));
        call_reply_empty(call, 307);
    } else if (asset) {
        asset_reply(call, asset);
    } else {
        page_reply(call);
    }
    return true;
}

static void headers_add(struct http_request *r)
{
    http_reply_header(r, "content-security-policy", STR_LIT(WEB_CSP));
    http_reply_header(r, "x-content-type-options", STR_LIT("nosniff"));
    http_reply_header(r, "referrer-policy", STR_LIT("no-referrer"));
    http_reply_header(r, "cache-control", STR_LIT("no-cache"));
}

static void asset_reply(struct call *call, const struct web_asset *asset)
{
    struct http_request *r = call->r;
    struct str value = {0};

    headers_add(r);
    http_reply_header(r, "etag", str_of(asset->etag));
    http_reply_header(r, "vary", STR_LIT("accept-encoding"));
    if (http_request_header(r, "if-none-match", &value) && web_is_fresh(asset, value)) {
        call_reply_empty(call, 304);
        return;
    }
    if (http_request_header(r, "accept-encoding", &value) && web_takes_gzip(value)) {
        http_reply_header(r, "content-encoding", STR_LIT("gzip"));
        call_reply_static(call, 200, asset->content_type,
                          (struct str){(const char *)asset->gz, asset->gz_size});
        return;
    }
    call_reply_static(call, 200, asset->content_type,
                      (struct str){(const char *)asset->bytes, asset->size});
}

static void page_reply(struct call *call)
{
    struct http_request *r = call->r;
    struct buf page;

    buf_init(&page, 1 << 16);
    (void)problem_page(str_cut(r->path, PROBLEMS.len, r->path.len), &page);
    headers_add(r);
    call_reply_as(call, 200, "text/html; charset=utf-8", &page);
}
