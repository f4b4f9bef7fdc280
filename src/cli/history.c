// history.c - `belfry history`: what ran, of one job or of all, newest first.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "cli/errand.h"
#include "cli/listing.h"
#include "cli/run_list.h"

enum {
    PAGE = 1000
};

// Adds the runs of a page to all of them, and says where the next page begins (0: nowhere).
static json_int_t page_add(json_t *all, const struct client_reply *reply)
{
    json_array_extend(json_object_get(all, "runs"), json_object_get(reply->json, "runs"));
    return json_integer_value(json_object_get(reply->json, "next_cursor"));
}

// Asks page after page until there are count runs.
static bool runs_ask(struct errand *x, int64_t count, json_t *all)
{
    const char *job = x->typed.arg_count > 0 ? x->typed.args[0] : NULL;
    const char *state = typed_value(&x->typed, "--state");
    struct client_reply reply;
    json_int_t cursor = 0;
    char number[32], from[32];
    bool ok = true;

    do {
        int64_t left = count - (int64_t)json_array_size(json_object_get(all, "runs"));

        snprintf(number, sizeof number, "%lld", (long long)(left < PAGE ? left : PAGE));
        snprintf(from, sizeof from, "%lld", (long long)cursor);
        const char *pattern = job && state ? "/api/v1/jobs/{}/runs?limit={}&cursor={}&state={}"
                              : job        ? "/api/v1/jobs/{}/runs?limit={}&cursor={}"
                              : state      ? "/api/v1/runs?limit={}&cursor={}&state={}"
                                           : "/api/v1/runs?limit={}&cursor={}";

        ok = job ? errand_ask(x, "GET", NULL, &reply, pattern, job, number, from, state)
                 : errand_ask(x, "GET", NULL, &reply, pattern, number, from, state);
        if (ok) {
            cursor = page_add(all, &reply);
            client_reply_done(&reply);
        }
    } while (ok && cursor > 0 && (int64_t)json_array_size(json_object_get(all, "runs")) < count);
    json_object_set_new(all, "next_cursor", cursor > 0 ? json_integer(cursor) : json_null());
    return ok;
}

int cmd_history(int argc, char **argv)
{
    json_t *all = json_pack("{s[]}", "runs");
    struct errand x;
    enum form form;
    int64_t count;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, NULL, 1, &status)) {
        json_decref(all);
        return status;
    }
    bool is_one = x.typed.arg_count > 0;

    ok = form_read(&x.typed, &form, &x.e) &&
         typed_number(&x.typed, "--count", 1, 1000000, 20, &count, &x.e) &&
         runs_ask(&x, count, all) &&
         listing_write(is_one ? &job_run_listing : &run_listing, &x.typed, form, &x.screen, all,
                       &x.out, &x.e);
    if (ok && form <= FORM_WIDE && json_array_size(json_object_get(all, "runs")) == 0) {
        buf_clear(&x.out);
        errand_say(&x, "no runs");
    }
    json_decref(all);
    return errand_close(&x, ok);
}
