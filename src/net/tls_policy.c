// tls_policy.c - reads what is expected of a certificate, each by its name.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_policy.h"

#include <openssl/evp.h>

#include "base/suggest.h"
#include "time/duration.h"

enum {
    PERCENT = 100,
    BASE64_LEN = 44, // of 32 bytes
};

typedef bool set_fn(struct tls_policy *p, const char *name, struct str value, struct err *e);

static set_fn limit_set, pin_set, previous_set, revocation_set, ct_set, severity_set;

static const struct {
    const char *name;
    set_fn *set;
} setters[] = {
    {"warning", limit_set},     {"critical", limit_set},        {"pin", pin_set},
    {"previous", previous_set}, {"revocation", revocation_set}, {"ct", ct_set},
    {"severity", severity_set},
};

bool tls_policy_set(struct tls_policy *policy, struct str name, struct str value, struct err *e)
{
    for (size_t i = 0; i < sizeof setters / sizeof *setters; i++)
        if (str_eq(name, str_of(setters[i].name)))
            return setters[i].set(policy, setters[i].name, value, e);
    return fail(e, ERR_NOT_FOUND, NULL, "a certificate check has no option \"%.*s\"", STR(name));
}

// ---- limits ----

static bool share_read(struct str text, const char *name, struct tls_limit *limit, struct err *e)
{
    int64_t n;

    if (!str_to_int(str_cut(text, 0, text.len - 1), &n) || n < 0 || n > PERCENT)
        return fail(e, ERR_INPUT, name, "%s \"%.*s\" is not 0%% to 100%% of the lifetime", name,
                    STR(text));
    limit->part = (int)n;
    limit->whole = PERCENT;
    return true;
}

static bool limit_part(struct tls_limit *limit, const char *name, struct str part, struct err *e)
{
    bool is_share = str_ends(part, STR_LIT("%"));

    if (is_share ? limit->whole != 0 : limit->us != INT64_MAX)
        return fail(e, ERR_INPUT, name, "%s takes one length of time and one share", name);
    if (is_share)
        return share_read(part, name, limit, e);
    if (duration_parse(part, name, &limit->us, e))
        return true;
    return fail_hint(e, "write 21d, 12h, 33%% (of the lifetime), or 30d,33%% for the smaller");
}

static bool limit_set(struct tls_policy *p, const char *name, struct str value, struct err *e)
{
    struct tls_limit limit = {.is_given = true, .us = INT64_MAX};
    struct str rest = value, part;

    while (str_next(&rest, ',', &part))
        if (!limit_part(&limit, name, str_trim(part), e))
            return false;
    *(name[0] == 'w' ? &p->warning : &p->critical) = limit;
    return true;
}

static int64_t limit_us(const struct tls_limit *given, const struct tls_limit *preset,
                        int64_t lifetime_us)
{
    const struct tls_limit *limit = given->is_given ? given : preset;
    int64_t share = INT64_MAX;

    if (limit->whole != 0)
        share = lifetime_us / limit->whole * limit->part;
    return limit->us < share ? limit->us : share;
}

int64_t tls_policy_warning_us(const struct tls_policy *policy, int64_t lifetime_us)
{
    static const struct tls_limit preset = {.us = 30 * DAY_US, .part = 1, .whole = 3};

    return limit_us(&policy->warning, &preset, lifetime_us);
}

int64_t tls_policy_critical_us(const struct tls_policy *policy, int64_t lifetime_us)
{
    static const struct tls_limit preset = {.us = 14 * DAY_US, .part = 1, .whole = 6};

    return limit_us(&policy->critical, &preset, lifetime_us);
}

// ---- fingerprints ----

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Colons between the octets are let through, as most programs print them.
static bool hex_read(struct str text, unsigned char out[TLS_SHA256])
{
    bool has_colons = text.len == 3 * TLS_SHA256 - 1;
    size_t step = has_colons ? 3 : 2;

    if (!has_colons && text.len != 2 * TLS_SHA256)
        return false;
    for (size_t i = 0; i < TLS_SHA256; i++) {
        const char *p = text.p + i * step;
        int high = hex_digit(p[0]), low = hex_digit(p[1]);

        if (high < 0 || low < 0 || (has_colons && i > 0 && p[-1] != ':'))
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool base64_read(struct str text, unsigned char out[TLS_SHA256])
{
    unsigned char bytes[BASE64_LEN / 4 * 3];

    if (text.len != BASE64_LEN || text.p[BASE64_LEN - 1] != '=' ||
        EVP_DecodeBlock(bytes, (const unsigned char *)text.p, BASE64_LEN) != sizeof bytes)
        return false;
    memcpy(out, bytes, TLS_SHA256);
    return true;
}

// The slash is a digit of base64 too: a second one belongs to the prefix only when as many as a pin
// has follow it.
static struct str prefix_drop(struct str text)
{
    static const char *const prefixes[] = {"sha256/", "sha256:"};

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (str_starts(text, str_of(prefixes[i]))) {
            struct str rest = str_cut(text, strlen(prefixes[i]), text.len);

            return rest.len == BASE64_LEN + 1 && rest.p[0] == '/' ? str_cut(rest, 1, rest.len)
                                                                  : rest;
        }
    return text;
}

static bool pin_set(struct tls_policy *p, const char *name, struct str value, struct err *e)
{
    struct tls_policy next = *p;
    struct str rest = value, part;

    while (str_next(&rest, ',', &part)) {
        struct str digits = prefix_drop(str_trim(part));
        unsigned char pin[TLS_SHA256];

        if (!hex_read(digits, pin) && !base64_read(digits, pin)) {
            fail(e, ERR_INPUT, name, "%s \"%.*s\" is not a SHA-256", name, STR(part));
            return fail_hint(e, "write 64 hexadecimal digits, or sha256/ and 44 characters of "
                                "base64");
        }
        if (next.pin_count == TLS_PINS_MAX)
            return fail(e, ERR_LIMIT, name, "there can be %d pins", TLS_PINS_MAX);
        memcpy(next.pins[next.pin_count++], pin, sizeof pin);
    }
    *p = next;
    return true;
}

static bool previous_set(struct tls_policy *p, const char *name, struct str value, struct err *e)
{
    p->has_previous = hex_read(prefix_drop(value), p->previous);
    if (p->has_previous)
        return true;
    fail(e, ERR_INPUT, name, "%s \"%.*s\" is not the SHA-256 of a certificate", name, STR(value));
    return fail_hint(e, "write its 64 hexadecimal digits");
}

// ---- the rest ----

static bool revocation_set(struct tls_policy *p, const char *name, struct str value, struct err *e)
{
    struct str rest = value, word;
    bool asks_ocsp = false, asks_crl = false;

    while (str_next(&rest, ',', &word)) {
        bool is_ocsp = str_eq(word, STR_LIT("ocsp")), is_crl = str_eq(word, STR_LIT("crl"));

        if (!is_ocsp && !is_crl && !str_eq(value, STR_LIT("none")))
            return fail(e, ERR_INPUT, name, "%s \"%.*s\" is not ocsp, crl, ocsp,crl or none", name,
                        STR(value));
        asks_ocsp |= is_ocsp;
        asks_crl |= is_crl;
    }
    p->asks_ocsp = asks_ocsp;
    p->asks_crl = asks_crl;
    return true;
}

static bool ct_set(struct tls_policy *p, const char *name, struct str value, struct err *e)
{
    p->wants_ct = str_eq(value, STR_LIT("required"));
    return p->wants_ct || str_eq(value, STR_LIT("any")) ||
           fail(e, ERR_INPUT, name, "%s \"%.*s\" is neither required nor any", name, STR(value));
}

static bool code_fail(const char *name, struct str code, struct err *e)
{
    const char *names[TLS_CODE_COUNT];
    const char *near;

    for (enum tls_code i = 0; i < TLS_CODE_COUNT; i++)
        names[i] = tls_code_name(i);
    near = suggest_find(code, names, TLS_CODE_COUNT);
    fail(e, ERR_INPUT, name, "%s: no check finds \"%.*s\"", name, STR(code));
    return near ? fail_hint(e, "did you mean %s?", near)
                : fail_hint(e, "write CODE=warning, such as old_protocol=ok");
}

static bool severity_set(struct tls_policy *p, const char *name, struct str value, struct err *e)
{
    struct tls_policy next = *p;
    struct str rest = value, part;

    while (str_next(&rest, ',', &part)) {
        enum tls_severity severity;
        enum tls_code code;
        struct str left;

        if (!str_next(&part, '=', &left) || !tls_code_find(left, &code))
            return code_fail(name, left, e);
        if (!tls_severity_find(part, &severity))
            return fail(e, ERR_INPUT, name, "%s: \"%.*s\" is not ok, warning, error or critical",
                        name, STR(part));
        next.severity[code] = (unsigned char)(severity + 1);
    }
    *p = next;
    return true;
}

enum tls_severity tls_policy_severity(const struct tls_policy *policy, enum tls_code code,
                                      enum tls_severity otherwise)
{
    return policy->severity[code] ? (enum tls_severity)(policy->severity[code] - 1) : otherwise;
}
