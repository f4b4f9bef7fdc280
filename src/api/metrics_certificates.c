// metrics_certificates.c - the samples about certificates, by our names and by those of others.
// SPDX-License-Identifier: Apache-2.0
#include "api/metrics.h"

#include <stdio.h>

#define LEAST_GOOD 2 // enum tls_severity: from there on a check fails its run

// One certificate of a job, with what labels need.
struct seen {
    const struct job *job;
    const struct run_certificate *c;
    struct str port;   // decimal
    struct str target; // "example.org:443"
};

typedef void seen_fn(struct metrics *m, const struct seen *seen);

static void each_seen(struct metrics *m, seen_fn *fn)
{
    char port[16], target[300];

    for (size_t i = 0; i < m->job_count; i++) {
        const struct tally_certificates *all =
            m->jobs[i].past ? m->jobs[i].past->certificates : NULL;

        for (size_t k = 0; all && k < all->count; k++) {
            const struct run_certificate *c = &all->v[k];

            snprintf(port, sizeof port, "%d", c->port);
            snprintf(target, sizeof target, "%.*s:%d", STR(c->host), c->port);
            const struct seen seen = {m->jobs[i].job, c, str_of(port), str_of(target)};

            fn(m, &seen);
        }
    }
}

#define WHERE(seen)                                           \
    {"job_id", (seen)->job->name}, {"host", (seen)->c->host}, \
    {                                                         \
        "port", (seen)->port                                  \
    }

static void moment_write(struct metrics *m, const struct seen *seen, wall at)
{
    if (at.us != 0)
        metric_moment(&m->w,
                      LABELS(WHERE(seen), {"subject_cn", seen->c->subject_cn},
                             {"issuer_cn", seen->c->issuer_cn}),
                      at);
}

static void not_after_write(struct metrics *m, const struct seen *seen)
{
    moment_write(m, seen, seen->c->not_after);
}

void metric_cert_not_after(struct metrics *m)
{
    each_seen(m, not_after_write);
}

static void not_before_write(struct metrics *m, const struct seen *seen)
{
    moment_write(m, seen, seen->c->not_before);
}

void metric_cert_not_before(struct metrics *m)
{
    each_seen(m, not_before_write);
}

static void success_write(struct metrics *m, const struct seen *seen)
{
    metric_int(&m->w, LABELS(WHERE(seen)), seen->c->severity < LEAST_GOOD);
}

void metric_cert_success(struct metrics *m)
{
    each_seen(m, success_write);
}

static void valid_write(struct metrics *m, const struct seen *seen)
{
    metric_int(&m->w, LABELS(WHERE(seen)), seen->c->is_verified);
}

void metric_cert_valid(struct metrics *m)
{
    each_seen(m, valid_write);
}

static void severity_write(struct metrics *m, const struct seen *seen)
{
    metric_int(&m->w, LABELS(WHERE(seen), {"code", seen->c->code}), seen->c->severity);
}

void metric_cert_severity(struct metrics *m)
{
    each_seen(m, severity_write);
}

void metric_cert_duration(struct metrics *m)
{
    static const char *const names[TALLY_PHASES] = {"dns", "connect", "tls"};

    for (int i = 0; i < TALLY_PHASES; i++)
        if (m->sched.tally->phase[i].total > 0)
            metric_histogram(&m->w, LABELS({"phase", str_of(names[i])}), &m->sched.tally->phase[i],
                             &tally_phase_bounds);
}

// ---- by the names of others: instance is the target, as their scrape configurations make it ----

#define INSTANCE(seen)              \
    {"instance", (seen)->target},   \
    {                               \
        "job_id", (seen)->job->name \
    }

static void probe_success_write(struct metrics *m, const struct seen *seen)
{
    metric_int(&m->w, LABELS(INSTANCE(seen)), seen->c->severity < LEAST_GOOD);
}

void metric_probe_success(struct metrics *m)
{
    each_seen(m, probe_success_write);
}

static void probe_duration_write(struct metrics *m, const struct seen *seen)
{
    metric_seconds(&m->w, LABELS(INSTANCE(seen)), seen->c->total_us);
}

void metric_probe_duration(struct metrics *m)
{
    each_seen(m, probe_duration_write);
}

static void probe_dns_write(struct metrics *m, const struct seen *seen)
{
    metric_seconds(&m->w, LABELS(INSTANCE(seen)), seen->c->dns_us);
}

void metric_probe_dns(struct metrics *m)
{
    each_seen(m, probe_dns_write);
}

static void earliest_write(struct metrics *m, const struct seen *seen)
{
    if (seen->c->chain_until.us != 0)
        metric_moment(&m->w, LABELS(INSTANCE(seen)), seen->c->chain_until);
}

void metric_probe_earliest(struct metrics *m)
{
    each_seen(m, earliest_write);
}

static void last_chain_write(struct metrics *m, const struct seen *seen)
{
    if (seen->c->verified_until.us != 0)
        metric_moment(&m->w, LABELS(INSTANCE(seen)), seen->c->verified_until);
}

void metric_probe_last_chain(struct metrics *m)
{
    each_seen(m, last_chain_write);
}

static void cipher_write(struct metrics *m, const struct seen *seen)
{
    if (seen->c->cipher.len > 0)
        metric_int(&m->w, LABELS(INSTANCE(seen), {"cipher", seen->c->cipher}), 1);
}

void metric_probe_cipher(struct metrics *m)
{
    each_seen(m, cipher_write);
}

static void chain_info_write(struct metrics *m, const struct seen *seen)
{
    if (seen->c->sha256.len > 0)
        metric_int(&m->w,
                   LABELS(INSTANCE(seen), {"fingerprint_sha256", seen->c->sha256},
                          {"subject", seen->c->subject_cn}, {"issuer", seen->c->issuer_cn},
                          {"subjectalternative", seen->c->names},
                          {"serialnumber", seen->c->serial}),
                   1);
}

void metric_probe_chain_info(struct metrics *m)
{
    each_seen(m, chain_info_write);
}

// "TLS 1.3", as Go says it.
static void version_write(struct metrics *m, const struct seen *seen)
{
    struct str version = seen->c->tls_version;
    char text[32];

    if (!str_starts(version, STR_LIT("TLSv")))
        return;
    version = str_cut(version, 4, version.len);
    snprintf(text, sizeof text, "TLS %.*s%s", STR(version), str_find(version, '.') < 0 ? ".0" : "");
    metric_int(&m->w, LABELS(INSTANCE(seen), {"version", str_of(text)}), 1);
}

void metric_probe_version(struct metrics *m)
{
    each_seen(m, version_write);
}

static void ssl_moment_write(struct metrics *m, const struct seen *seen, wall at)
{
    if (at.us != 0)
        metric_moment(&m->w,
                      LABELS(INSTANCE(seen), {"serial_no", seen->c->serial},
                             {"issuer_cn", seen->c->issuer_cn}, {"cn", seen->c->subject_cn},
                             {"dnsnames", seen->c->names}),
                      at);
}

static void ssl_after_write(struct metrics *m, const struct seen *seen)
{
    ssl_moment_write(m, seen, seen->c->not_after);
}

void metric_ssl_not_after(struct metrics *m)
{
    each_seen(m, ssl_after_write);
}

static void ssl_before_write(struct metrics *m, const struct seen *seen)
{
    ssl_moment_write(m, seen, seen->c->not_before);
}

void metric_ssl_not_before(struct metrics *m)
{
    each_seen(m, ssl_before_write);
}
