// certificate_fact.c - what metrics and alerts want to know of a check.
// SPDX-License-Identifier: Apache-2.0
#include "exec/certificate_fact.h"

#include "base/buf.h"

#define NAMES_MAX 4096
#define WORDS_MAX 1000

struct str certificate_cn(struct str name)
{
    const struct str mark = STR_LIT("CN = ");
    size_t end;

    for (size_t i = 0; i + mark.len <= name.len; i++) {
        if (!str_starts(str_cut(name, i, name.len), mark) || (i > 0 && name.p[i - 1] != ' '))
            continue;
        for (end = i += mark.len; end < name.len && name.p[end] != ','; end++) {
        }
        return str_cut(name, i, end);
    }
    return (struct str){0};
}

static struct str names_of(const struct tls_cert *leaf, struct arena *arena)
{
    struct str dns = STR_LIT("DNS:"), text;
    struct buf names;

    buf_init(&names, NAMES_MAX);
    for (size_t i = 0; i < leaf->san_count; i++)
        if (str_starts(leaf->sans[i], dns)) {
            buf_add(&names, STR_LIT(","));
            buf_add(&names, str_cut(leaf->sans[i], dns.len, leaf->sans[i].len));
        }
    if (names.len > 0)
        buf_add(&names, STR_LIT(","));
    text = arena_copy(arena, buf_str(&names));
    buf_done(&names);
    return text;
}

static wall known(wall at)
{
    return at.us == WALL_NEVER.us ? (wall){0} : at;
}

static int64_t us_of(double ms)
{
    return (int64_t)(ms * 1000);
}

static void leaf_take(const struct tls_result *result, struct arena *arena,
                      struct run_certificate *to)
{
    const struct tls_cert *leaf = result->leaf;

    to->subject_cn = arena_copy(arena, certificate_cn(leaf->subject));
    to->issuer_cn = arena_copy(arena, certificate_cn(leaf->issuer));
    to->serial = arena_copy(arena, leaf->serial);
    to->sha256 = arena_copy(arena, leaf->sha256);
    to->names = names_of(leaf, arena);
    to->not_before = known(leaf->not_before);
    to->not_after = known(leaf->not_after);
    if (result->anchor != TLS_ANCHOR_NONE)
        to->verified_until = known(result->verified_until);
    to->chain_until = to->not_after;
    for (size_t i = 0; i < result->chain_count; i++) {
        wall end = known(result->chain[i].not_after);

        if (end.us != 0 && end.us < to->chain_until.us)
            to->chain_until = end;
    }
}

void certificate_fact(const struct tls_result *result, struct arena *arena,
                      struct run_certificate *ret)
{
    struct buf words;

    buf_init(&words, WORDS_MAX);
    tls_result_words(result, &words);
    *ret = (struct run_certificate){
        .host = arena_copy(arena, str_of(result->target.host)),
        .port = tls_target_port(&result->target),
        .severity = (int)result->status,
        .code = str_of(result->code),
        .message = arena_copy(arena, buf_str(&words)),
        .is_changed = result->is_changed,
        .is_verified = result->is_verified,
        .tls_version = str_of(result->channel.version),
        .cipher = str_of(result->channel.cipher),
        .dns_us = us_of(result->phase_ms[TLS_PHASE_DNS]),
        .connect_us = us_of(result->phase_ms[TLS_PHASE_CONNECT]),
        .tls_us = us_of(result->phase_ms[TLS_PHASE_HANDSHAKE]),
        .total_us = us_of(result->total_ms),
    };
    buf_done(&words);
    if (result->leaf)
        leaf_take(result, arena, ret);
}
