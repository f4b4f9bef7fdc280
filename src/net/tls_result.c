// tls_result.c - how a finished check is told: worst first, and as a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_result.h"

#include <openssl/evp.h>

#include "base/arena.h"
#include "time/civil.h"

enum {
    WORDS_FINDINGS = 3,  // told in a sentence
    PEM_LINE_BYTES = 48, // of DER in a line
};

void tls_result_free(struct tls_result *result)
{
    for (size_t i = 0; result && result->each && i < result->address_count; i++)
        if (result->each[i] != result)
            arena_free(result->each[i]->arena);
    if (result)
        arena_free(result->arena);
}

bool tls_result_is_good(const struct tls_result *result)
{
    return result->leaf && result->status <= TLS_WARNING;
}

void tls_result_conclude(struct tls_result *r)
{
    struct tls_findings *f = &r->findings;
    enum tls_code code = TLS_CODE_INTERNAL;

    if (r->error.code != ERR_NONE) {
        (void)tls_code_find(str_of(r->code), &code);
        (void)tls_finding_add_as(f, code, TLS_ERROR, TLS_DEPTH_NONE, "%s", r->error.message);
    }
    tls_findings_sort(f);
    r->status = tls_findings_worst(f);
    if (r->status != TLS_OK)
        r->code = tls_code_name(f->v[0].code);
    else if (r->error.code == ERR_NONE)
        r->code = tls_code_name(TLS_CODE_OK);
}

int64_t tls_result_days(const struct tls_result *result)
{
    return tls_cert_days(result->leaf->not_after, result->checked_at);
}

const char *tls_result_subject(const struct tls_result *result, char out[TLS_TARGET_TEXT])
{
    return result->file ? result->file : tls_target_text(&result->target, out);
}

// ---- words ----

static void until_write(const struct tls_result *r, struct buf *out)
{
    struct civil c = civil_at(floor_div(r->leaf->not_after.us, 1000000));

    buf_printf(out, "%04d-%02d-%02d %02d:%02d UTC", c.year, c.month, c.day, c.hour, c.minute);
}

static void good_words(const struct tls_result *r, struct buf *out)
{
    int64_t days = tls_result_days(r);

    if (days == 0)
        buf_add_text(out, "is good for less than a day (until ");
    else
        buf_printf(out, "is good for %lld day%s (until ", (long long)days, days == 1 ? "" : "s");
    until_write(r, out);
    buf_add_byte(out, ')');
}

static void bad_words(const struct tls_result *r, struct buf *out)
{
    size_t told = 0;

    buf_add_text(out, r->status == TLS_WARNING ? "needs a look: " : "is bad: ");
    for (size_t i = 0; i < r->findings.len && told < WORDS_FINDINGS; i++) {
        const struct tls_finding *f = &r->findings.v[i];

        if (f->severity != TLS_OK && f->severity != TLS_ERROR)
            buf_printf(out, "%s%.*s", told++ > 0 ? "; " : "", STR(f->words));
    }
}

static bool has_bad(const struct tls_result *r)
{
    for (size_t i = 0; i < r->findings.len; i++)
        if (r->findings.v[i].severity == TLS_WARNING || r->findings.v[i].severity == TLS_CRITICAL)
            return true;
    return false;
}

void tls_result_words(const struct tls_result *r, struct buf *out)
{
    char target[TLS_TARGET_TEXT];

    if (!r->leaf) {
        buf_add_text(out, r->error.message);
        return;
    }
    buf_printf(out, "certificate of %s ", tls_result_subject(r, target));
    if (has_bad(r))
        bad_words(r, out);
    else if (r->leaf->not_after.us != WALL_NEVER.us)
        good_words(r, out);
    if (r->error.code != ERR_NONE)
        buf_printf(out, ", but %s", r->error.message);
}

// ---- PEM ----

void tls_result_pem_der(struct str der, struct buf *out)
{
    unsigned char line[PEM_LINE_BYTES / 3 * 4 + 1];

    buf_add_text(out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < der.len; at += PEM_LINE_BYTES) {
        size_t n = der.len - at < PEM_LINE_BYTES ? der.len - at : PEM_LINE_BYTES;
        int count = EVP_EncodeBlock(line, (const unsigned char *)der.p + at, (int)n);

        buf_add(out, (struct str){(char *)line, (size_t)count});
        buf_add_byte(out, '\n');
    }
    buf_add_text(out, "-----END CERTIFICATE-----\n");
}

void tls_result_pem(const struct tls_result *result, size_t count, struct buf *out)
{
    for (size_t i = 0; i < result->chain_count && i < count; i++)
        tls_result_pem_der(result->chain[i].der, out);
}
