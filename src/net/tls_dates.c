// tls_dates.c - judges the dates of a chain.
//
// Browsers bound the lifetime of what public authorities sign: CA/Browser Forum ballots 193, SC22
// and SC-081 set it by the day of issue. A private authority is free to do otherwise, and we cannot
// tell one from the other where its root was added to the system's; so that is only told.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_dates.h"

#include <openssl/x509v3.h>

#include "base/arena.h"
#include "net/tls_cert.h"
#include "time/civil.h"
#include "time/duration.h"

struct judging {
    const struct tls_evidence *evidence;
    struct tls_findings *findings;
    int depth;
    wall from, until;
};

static void certificate_judge(struct judging *j);
static void soon_judge(struct judging *j, int64_t left_us);
static void lifetime_judge(struct judging *j);

void tls_dates_judge(const struct tls_evidence *evidence, struct tls_findings *findings)
{
    X509 *x;

    for (int depth = 0; depth < TLS_DEPTH_MAX && (x = tls_evidence_at(evidence, depth)); depth++) {
        struct judging j = {
            .evidence = evidence,
            .findings = findings,
            .depth = depth,
            .from = tls_cert_time(X509_get0_notBefore(x)),
            .until = tls_cert_time(X509_get0_notAfter(x)),
        };

        certificate_judge(&j);
    }
}

struct str tls_dates_about(wall then, wall now, struct arena *arena)
{
    int64_t us = then.us - now.us;
    struct buf text;
    struct str kept;

    buf_init(&text, 64);
    duration_about(us < 0 ? -us : us, &text);
    if (us < 0)
        buf_add_text(&text, " ago");
    kept = arena_copy(arena, buf_str(&text));
    buf_done(&text);
    return kept;
}

struct str tls_dates_text(wall at, struct arena *arena)
{
    struct civil c = civil_at(floor_div(at.us, SECOND_US));

    return arena_printf(arena, "%04d-%02d-%02d %02d:%02d UTC", c.year, c.month, c.day, c.hour,
                        c.minute);
}

static const char *whose(const struct judging *j)
{
    return tls_evidence_whose(j->evidence, j->depth, j->findings->arena);
}

static void certificate_judge(struct judging *j)
{
    struct arena *arena = j->findings->arena;
    wall now = j->evidence->now;
    enum tls_code expired = j->depth == 0 ? TLS_CODE_EXPIRED : TLS_CODE_CHAIN_EXPIRED;

    if (j->from.us == WALL_NEVER.us || j->until.us == WALL_NEVER.us) {
        tls_finding_add(j->findings, TLS_CODE_MALFORMED, j->depth, "a date of %s cannot be read",
                        whose(j));
        return;
    }
    if (now.us < j->from.us)
        tls_finding_add(j->findings, TLS_CODE_NOT_YET_VALID, j->depth,
                        "%s is not valid before %s, in %s", whose(j),
                        tls_dates_text(j->from, arena).p, tls_dates_about(j->from, now, arena).p);
    if (now.us > j->until.us)
        tls_finding_add(j->findings, expired, j->depth, "%s has expired on %s, %s", whose(j),
                        tls_dates_text(j->until, arena).p, tls_dates_about(j->until, now, arena).p);
    else
        soon_judge(j, j->until.us - now.us);
    if (j->depth == 0 && !(X509_get_extension_flags(j->evidence->leaf) & EXFLAG_CA))
        lifetime_judge(j);
}

static void soon_judge(struct judging *j, int64_t left_us)
{
    const struct tls_policy *policy = j->evidence->policy;
    int64_t lifetime_us = j->until.us - j->from.us;
    int64_t warning_us = tls_policy_warning_us(policy, lifetime_us);
    int64_t critical_us = tls_policy_critical_us(policy, lifetime_us);
    enum tls_code code = j->depth == 0 ? TLS_CODE_EXPIRES_SOON : TLS_CODE_CHAIN_EXPIRES_SOON;
    bool is_critical = left_us < critical_us;
    struct buf limit;

    if (left_us >= warning_us && !is_critical)
        return;
    buf_init(&limit, 64);
    duration_about(is_critical ? critical_us : warning_us, &limit);
    tls_finding_add_as(j->findings, code, is_critical ? TLS_CRITICAL : TLS_WARNING, j->depth,
                       "%s expires in %s, on %s (%s below %s)", whose(j),
                       tls_dates_about(j->until, j->evidence->now, j->findings->arena).p,
                       tls_dates_text(j->until, j->findings->arena).p,
                       is_critical ? "critical" : "warning", buf_text(&limit));
    buf_done(&limit);
}

static void lifetime_judge(struct judging *j)
{
    static const struct {
        int year, month, day; // issued since
        int days;
    } rules[] = {
        {2029, 3, 15, 47}, {2027, 3, 15, 100}, {2026, 3, 15, 200},
        {2020, 9, 1, 398}, {2018, 3, 1, 825},  {0, 1, 1, 1188},
    };
    size_t i = 0;

    while (j->from.us < civil_days(rules[i].year, rules[i].month, rules[i].day) * DAY_US &&
           i + 1 < sizeof rules / sizeof *rules)
        i++;
    if (j->until.us - j->from.us > rules[i].days * DAY_US)
        tls_finding_add(j->findings, TLS_CODE_VALIDITY_TOO_LONG, 0,
                        "the certificate is valid for %lld days; public authorities may give %d",
                        (long long)((j->until.us - j->from.us) / DAY_US), rules[i].days);
}
