// check_report.c - results in words, and as monitoring plugins print them.
//
// What a stranger wrote must neither move the cursor of a terminal nor end a line.
// SPDX-License-Identifier: Apache-2.0
#include "cli/check_report.h"

#include "net/tls_options.h"
#include "time/civil.h"

enum {
    NAMES_SHOWN = 8,
    WORDS_MAX = 4000,
};

static void clean_write(struct buf *out, struct str text);
static void leaf_write(const struct tls_result *r, struct buf *out);
static void addresses_write(const struct tls_result *r, struct buf *out);

// ---- for people ----

static void clean_write(struct buf *out, struct str text)
{
    bool is_utf8 = str_is_utf8(text);

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool is_c1 = c == 0xc2 && i + 1 < text.len && (unsigned char)text.p[i + 1] < 0xa0;

        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !is_utf8) || is_c1)
            buf_add_byte(out, '?');
        else
            buf_add_byte(out, (char)c);
        i += is_c1 && is_utf8;
    }
}

void check_report_error(const struct err *e, struct buf *err)
{
    buf_add_text(err, "belfry check: ");
    clean_write(err, str_of(e->message));
    if (e->hint[0]) {
        buf_add_text(err, "\n  hint: ");
        clean_write(err, str_of(e->hint));
    }
    buf_add_byte(err, '\n');
}

static const char *headline(const struct tls_result *r)
{
    static const char *const words[] = {
        [TLS_OK] = "good",
        [TLS_WARNING] = "WARNING",
        [TLS_ERROR] = "no verdict",
        [TLS_CRITICAL] = "BAD",
    };

    return words[r->status];
}

void check_report_words(const struct tls_result *r, struct buf *out, struct buf *err)
{
    char subject[TLS_TARGET_TEXT];

    if (r->leaf || r->address_count > 0) {
        clean_write(out, str_of(tls_result_subject(r, subject)));
        buf_printf(out, "  %s\n", headline(r));
    }
    if (r->leaf)
        leaf_write(r, out);
    addresses_write(r, out);
    if (r->error.code != ERR_NONE)
        check_report_error(&r->error, err);
}

static void line_write(struct buf *out, const char *label, struct str text)
{
    buf_printf(out, "  %-10s ", label);
    if (text.len > 0)
        clean_write(out, text);
    else
        buf_add_text(out, "(empty)");
    buf_add_byte(out, '\n');
}

static void date_write(struct buf *out, wall at)
{
    struct civil c = civil_at(floor_div(at.us, 1000000));

    if (at.us == WALL_NEVER.us)
        buf_add_text(out, "(unreadable)");
    else
        buf_printf(out, "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, c.hour, c.minute);
}

static void dates_write(const struct tls_result *r, struct buf *out)
{
    long long days = (long long)tls_result_days(r);

    buf_printf(out, "  %-10s ", "valid");
    date_write(out, r->leaf->not_before);
    buf_add_text(out, " until ");
    date_write(out, r->leaf->not_after);
    if (r->leaf->not_after.us == WALL_NEVER.us)
        buf_add_byte(out, '\n');
    else if (days == 0 || days == -1)
        buf_printf(out, " UTC, %s\n", days == 0 ? "less than a day left" : "expired within a day");
    else if (days > 0)
        buf_printf(out, " UTC, %lld day%s left\n", days, days == 1 ? "" : "s");
    else
        buf_printf(out, " UTC, expired %lld day%s ago\n", -days - 1, days == -2 ? "" : "s");
}

static void names_write(const struct tls_cert *c, struct buf *out)
{
    buf_printf(out, "  %-10s ", "names");
    if (c->san_count == 0)
        buf_add_text(out, "(none)");
    for (size_t i = 0; i < c->san_count && i < NAMES_SHOWN; i++) {
        buf_add_text(out, i > 0 ? ", " : "");
        clean_write(out, c->sans[i]);
    }
    if (c->san_total > NAMES_SHOWN)
        buf_printf(out, " and %zu more", c->san_total - NAMES_SHOWN);
    buf_add_byte(out, '\n');
}

static void findings_write(const struct tls_result *r, struct buf *out)
{
    static const char *const labels[] = {
        [TLS_OK] = "note",
        [TLS_WARNING] = "warning",
        [TLS_ERROR] = NULL, // told on stderr
        [TLS_CRITICAL] = "problem",
    };

    for (size_t i = 0; i < r->findings.len; i++) {
        const struct tls_finding *f = &r->findings.v[i];

        if (labels[f->severity])
            line_write(out, labels[f->severity], f->words);
    }
}

static void connection_write(const struct tls_result *r, struct buf *out)
{
    const char *starttls = starttls_word(tls_target_starttls(&r->target));
    const struct tls_channel *c = &r->channel;

    buf_printf(out, "  %-10s %s, %s, ", "connection", c->version ? c->version : "?",
               c->cipher ? c->cipher : "?");
    clean_write(out, r->address);
    if (starttls)
        buf_printf(out, ", STARTTLS in %s", starttls);
    if (r->alpn.len > 0) {
        buf_add_text(out, ", speaks ");
        clean_write(out, r->alpn);
    }
    buf_printf(out, ", %.1f ms\n", r->total_ms);
}

static void revocation_write(const struct tls_result *r, struct buf *out)
{
    if (r->ocsp.source)
        buf_printf(out, "  %-10s OCSP says %s (%s)\n", "revocation",
                   tls_revocation_name(r->ocsp.status), tls_source_name(r->ocsp.source));
    if (r->crl.source && r->crl.status)
        buf_printf(out, "  %-10s the revocation list says %s\n", "revocation",
                   tls_revocation_name(r->crl.status));
}

static void leaf_write(const struct tls_result *r, struct buf *out)
{
    findings_write(r, out);
    if (r->status == TLS_CRITICAL && r->error.code == ERR_NONE && r->error.hint[0])
        line_write(out, "hint", str_of(r->error.hint));
    dates_write(r, out);
    line_write(out, "subject", r->leaf->subject);
    line_write(out, "issuer", r->leaf->issuer);
    names_write(r->leaf, out);
    revocation_write(r, out);
    if (!r->file)
        connection_write(r, out);
}

// Of a check of all addresses: what each of them is worth.
static void addresses_write(const struct tls_result *r, struct buf *out)
{
    for (size_t i = 0; i < r->address_count; i++) {
        const struct tls_address *a = &r->addresses[i];

        buf_printf(out, "  %-10s %.*s: %s\n", "address", STR(a->address), a->code);
    }
}

// ---- for monitoring plugins ----

// A "|" would begin the figures.
static void plugin_write(struct buf *out, struct str text)
{
    struct buf clean;

    buf_init(&clean, WORDS_MAX);
    clean_write(&clean, text);
    for (size_t i = 0; i < clean.len; i++)
        buf_add_byte(out, clean.p[i] == '|' ? '/' : clean.p[i]);
    buf_done(&clean);
}

static double days_of(int64_t us)
{
    return (double)us / (DAY_S * 1e6);
}

static void days_write(const struct tls_result *r, const char *prefix, struct buf *perf)
{
    const struct tls_policy *policy = tls_target_policy(&r->target);
    const struct tls_cert *c = r->leaf;
    int64_t life = c->not_after.us - c->not_before.us;

    if (c->not_before.us == WALL_NEVER.us || c->not_after.us == WALL_NEVER.us)
        return;
    buf_printf(perf, " '%sdays_left'=%.2f;%.2f:;%.2f:", prefix,
               days_of(c->not_after.us - r->checked_at.us),
               days_of(tls_policy_warning_us(policy, life)),
               days_of(tls_policy_critical_us(policy, life)));
}

void check_report_nagios(const struct tls_result *r, const char *prefix, struct buf *out,
                         struct buf *perf)
{
    static const char *const words[] = {
        [TLS_OK] = "OK",
        [TLS_WARNING] = "WARNING",
        [TLS_ERROR] = "UNKNOWN",
        [TLS_CRITICAL] = "CRITICAL",
    };
    struct buf sentence;

    buf_init(&sentence, WORDS_MAX);
    tls_result_words(r, &sentence);
    buf_printf(out, "TLS %s - ", words[r->status]);
    plugin_write(out, buf_str(&sentence));
    buf_done(&sentence);
    if (r->leaf)
        days_write(r, prefix, perf);
    if (!r->file)
        buf_printf(perf, " '%stime'=%.6fs", prefix, r->total_ms / 1000);
}
