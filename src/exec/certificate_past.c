// certificate_past.c - when hosts of adaptive jobs were last looked at.
// SPDX-License-Identifier: Apache-2.0
#include "exec/certificate_past.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "net/tls_result.h"
#include "time/duration.h"

enum {
    KEY_MAX = 700, // job, host, port, name
};

#define SLACK_US (10 * MINUTE_US) // runs are not on the second

struct look {
    wall at;
    wall watch_from; // its certificate is within its limits from then on; in the past: all the time
    size_t key_len;
    char key[];
};

struct certificate_past {
    struct map looks; // by key
};

struct certificate_past *certificate_past_new(void)
{
    struct certificate_past *past = mem_alloc(sizeof *past);

    map_init(&past->looks);
    return past;
}

static void forget_all(struct certificate_past *past)
{
    struct look *look;

    for (size_t at = 0; (look = map_next(&past->looks, &at));)
        free(look);
    map_done(&past->looks);
}

void certificate_past_free(struct certificate_past *past)
{
    if (!past)
        return;
    forget_all(past);
    free(past);
}

static struct str key_of(struct str job, const struct tls_target *target, char out[KEY_MAX])
{
    char place[TLS_TARGET_TEXT];
    bool is_ip;
    int n = snprintf(out, KEY_MAX, "%.*s %s %d %s", STR(job), tls_target_text(target, place),
                     (int)tls_target_starttls(target), tls_target_name(target, &is_ip));

    return (struct str){out, (size_t)n};
}

bool certificate_past_is_due(const struct certificate_past *past, struct str job,
                             const struct tls_target *target, wall now)
{
    char key[KEY_MAX];
    const struct look *look = map_get(&past->looks, key_of(job, target, key));

    return !look || now.us >= look->watch_from.us || now.us < look->at.us ||
           now.us - look->at.us >= DAY_US - SLACK_US;
}

void certificate_past_note(struct certificate_past *past, struct str job,
                           const struct tls_result *result)
{
    char text[KEY_MAX];
    struct str key = key_of(job, &result->target, text);
    struct look *look = map_get(&past->looks, key);

    if (!look) {
        if (past->looks.len >= CERTIFICATE_PAST_MAX) {
            forget_all(past);
            map_init(&past->looks);
        }
        look = mem_alloc(sizeof *look + key.len);
        look->key_len = key.len;
        memcpy(look->key, key.p, key.len);
        (void)map_put(&past->looks, (struct str){look->key, key.len}, look);
    }
    look->at = result->checked_at;
    look->watch_from =
        result->status == TLS_OK ? tls_result_warning_at(result) : result->checked_at;
}
