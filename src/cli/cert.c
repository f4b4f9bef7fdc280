// cert.c - `belfry cert`: certificates that the server's checks have seen.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <string.h>

#include "cli/errand.h"
#include "cli/listing.h"

enum {
    SHA256_HEX = 64,
    LABEL_COLUMNS = 12,
};

// ---- the list ----

static void end_write(const json_t *item, const struct screen *screen, struct buf *out,
                      enum tone *ret_tone)
{
    wall at;

    (void)ret_tone;
    if (item_moment(item, "not_after", &at))
        screen_moment(screen, at, out);
}

// Below so many days and, at once, less than a share of the lifetime: the presets of checks.
static bool is_within(const json_t *item, int days, double percent)
{
    return json_integer_value(json_object_get(item, "days_left")) < days &&
           json_number_value(json_object_get(item, "percent_left")) < percent;
}

static void left_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    wall at;

    if (!item_moment(item, "not_after", &at))
        return;
    if (is_within(item, 14, 100.0 / 6))
        *ret_tone = TONE_BAD;
    else if (is_within(item, 30, 100.0 / 3))
        *ret_tone = TONE_HELD;
    screen_distance(screen, at, out);
}

// The first of its names, else its subject.
static void name_write(const json_t *item, const struct screen *screen, struct buf *out,
                       enum tone *ret_tone)
{
    const json_t *sans = json_object_get(item, "sans");
    const char *name = json_string_value(json_array_get(sans, 0));
    size_t more = json_array_size(sans);

    (void)screen, (void)ret_tone;
    if (!name) {
        buf_add_text(out, item_text(item, "subject"));
        return;
    }
    buf_add_text(out, strncmp(name, "DNS:", 4) == 0 ? name + 4 : name);
    if (more > 1)
        buf_printf(out, " +%zu", more - 1);
}

static void text_write(const json_t *item, const char *member, struct buf *out)
{
    buf_add_text(out, item_text(item, member));
}

static void issuer_write(const json_t *item, const struct screen *screen, struct buf *out,
                         enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    text_write(item, "issuer", out);
}

static void key_write(const json_t *item, const struct screen *screen, struct buf *out,
                      enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    text_write(item, "key", out);
}

static void places_write(const json_t *item, const struct screen *screen, struct buf *out,
                         enum tone *ret_tone)
{
    json_int_t places = json_integer_value(json_object_get(item, "places"));

    (void)screen;
    if (places == 0)
        *ret_tone = TONE_DIM;
    buf_printf(out, "%lld", (long long)places);
}

static void sha256_write(const json_t *item, const struct screen *screen, struct buf *out,
                         enum tone *ret_tone)
{
    (void)screen, (void)ret_tone;
    text_write(item, "sha256", out);
}

static const struct listing_column columns[] = {
    {{.title = "ENDS"}, false, end_write},
    {{.title = "LEFT", .rank = 1}, false, left_write},
    {{.title = "NAME", .may_break = true}, false, name_write},
    {{.title = "ISSUER", .rank = 2, .may_break = true}, false, issuer_write},
    {{.title = "PLACES", .rank = 4, .is_right = true}, false, places_write},
    {{.title = "KEY", .rank = 5}, true, key_write},
    {{.title = "SHA256"}, true, sha256_write},
};

static const struct listing certificates = {"certificates", "sha256", columns,
                                            sizeof columns / sizeof *columns};

static void query_add(struct errand *x, const char *option, const char *name, struct buf *path)
{
    const char *value = typed_value(&x->typed, option);

    if (!value)
        return;
    buf_printf(path, "%c%s=", memchr(path->p, '?', path->len) ? '&' : '?', name);
    client_escape(path, value);
}

static bool is_narrowed(const struct errand *x)
{
    return typed_value(&x->typed, "--host") || typed_value(&x->typed, "--issuer") ||
           typed_value(&x->typed, "--expires");
}

static bool list(struct errand *x)
{
    struct client_reply reply = {0};
    enum form form;
    struct buf path;
    bool ok;

    buf_init(&path, 4096);
    buf_add_text(&path, "/api/v1/certificates");
    query_add(x, "--host", "host", &path);
    query_add(x, "--issuer", "issuer", &path);
    query_add(x, "--expires", "expires", &path);
    query_add(x, "--limit", "limit", &path);
    if (!typed_has(&x->typed, "--all"))
        buf_printf(&path, "%ccurrent=true", memchr(path.p, '?', path.len) ? '&' : '?');
    ok = form_read(&x->typed, &form, &x->e) &&
         client_ask(x->client, "GET", buf_text(&path), NULL, &reply, &x->e) &&
         listing_write(&certificates, &x->typed, form, &x->screen, reply.json, &x->out, &x->e);
    if (ok && form <= FORM_WIDE) {
        json_int_t total = json_integer_value(json_object_get(reply.json, "total"));
        size_t shown = json_array_size(json_object_get(reply.json, "certificates"));

        ok = screen_print(&x->out);
        if (total == 0)
            errand_say(x, is_narrowed(x) ? "no certificate is like that"
                                         : "no certificates; checks and jobs that check bring "
                                           "them in");
        else if ((size_t)total > shown)
            errand_say(x, "the first %zu of %lld; --limit shows more", shown, (long long)total);
    }
    buf_done(&path);
    client_reply_done(&reply);
    return ok;
}

// ---- one of them ----

// The fingerprint that was typed, or that of the certificate in use at a host that was.
static bool sha256_find(struct errand *x, const char *word, char ret_sha256[SHA256_HEX + 1])
{
    struct client_reply reply = {0};
    const char *found;

    if (strlen(word) == SHA256_HEX && strspn(word, "0123456789abcdefABCDEF") == SHA256_HEX) {
        memcpy(ret_sha256, word, SHA256_HEX + 1);
        return true;
    }
    if (!errand_ask(x, "GET", NULL, &reply, "/api/v1/certificates?current=true&limit=1&host={}",
                    word))
        return false;
    found = item_text(json_array_get(json_object_get(reply.json, "certificates"), 0), "sha256");
    if (strlen(found) == SHA256_HEX)
        memcpy(ret_sha256, found, SHA256_HEX + 1);
    else
        (void)fail(&x->e, ERR_NOT_FOUND, NULL, "no certificate of the host \"%s\" is known", word);
    client_reply_done(&reply);
    return x->e.code == ERR_NONE || fail_hint(&x->e, "`belfry cert list` lists what is known; a "
                                                     "certificate is called by its SHA-256");
}

static void line_write(const char *key, const char *text, struct buf *out)
{
    if (text[0])
        buf_printf(out, "  %-*s %s\n", LABEL_COLUMNS, key, text);
}

static void moment_write(struct errand *x, const char *key, const json_t *object,
                         const char *member)
{
    wall at;

    if (!item_moment(object, member, &at))
        return;
    buf_printf(&x->out, "  %-*s ", LABEL_COLUMNS, key);
    screen_moment(&x->screen, at, &x->out);
    buf_add_text(&x->out, at.us > x->screen.now.us ? " (in " : " (");
    screen_distance(&x->screen, at, &x->out);
    buf_add_text(&x->out, ")\n");
}

static void names_write(const json_t *certificate, struct buf *out)
{
    const json_t *sans = json_object_get(certificate, "sans");
    json_t *name;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)sans, i, name)
        line_write(i == 0 ? "names" : "", json_string_value(name), out);
}

static void sightings_write(struct errand *x, const json_t *certificate)
{
    const json_t *sightings = json_object_get(certificate, "sightings");
    json_t *s;
    size_t i;

    if (json_array_size(sightings) > 0)
        buf_add_text(&x->out, "\nseen at\n");
    json_array_foreach((json_t *)(uintptr_t)sightings, i, s)
    {
        const char *starttls = item_text(s, "starttls"), *code = item_text(s, "code");
        bool is_current = json_is_true(json_object_get(s, "current"));
        wall at;

        buf_printf(&x->out, "  %s:%lld%s%s at %s, ", item_text(s, "host"),
                   (long long)json_integer_value(json_object_get(s, "port")),
                   starttls[0] ? " by " : "", starttls, item_text(s, "address"));
        buf_add_text(&x->out, is_current ? "last " : "until ");
        if (item_moment(s, "last_seen", &at))
            screen_moment(&x->screen, at, &x->out);
        buf_printf(&x->out, " (%s)\n", code);
    }
}

static void certificate_write(struct errand *x, const json_t *c)
{
    char key[64];

    snprintf(key, sizeof key, "%s %lld", item_text(c, "key_type"),
             (long long)json_integer_value(json_object_get(c, "key_bits")));
    buf_printf(&x->out, "%s\n", item_text(c, "sha256"));
    line_write("subject", item_text(c, "subject"), &x->out);
    names_write(c, &x->out);
    line_write("issuer", item_text(c, "issuer"), &x->out);
    moment_write(x, "begins", c, "not_before");
    moment_write(x, "ends", c, "not_after");
    line_write("serial", item_text(c, "serial"), &x->out);
    line_write("key", key, &x->out);
    line_write("signature", item_text(c, "signature"), &x->out);
    moment_write(x, "first seen", c, "first_seen");
    line_write("replaced", item_text(c, "replaced"), &x->out);
    sightings_write(x, c);
}

static bool show(struct errand *x, const char *word)
{
    struct client_reply reply = {0};
    char sha256[SHA256_HEX + 1];
    enum form form;
    bool ok = form_read(&x->typed, &form, &x->e) && sha256_find(x, word, sha256) &&
              errand_ask(x, "GET", NULL, &reply, "/api/v1/certificates/{}", sha256);

    if (ok && form == FORM_JSON)
        buf_add(&x->out, buf_str(&reply.text));
    else if (ok)
        certificate_write(x, reply.json);
    client_reply_done(&reply);
    return ok;
}

static bool export(struct errand *x, const char *word)
{
    struct client_reply reply = {0};
    char sha256[SHA256_HEX + 1];
    bool ok = sha256_find(x, word, sha256) &&
              errand_ask(x, "GET", NULL, &reply, "/api/v1/certificates/{}/pem", sha256);

    if (ok)
        buf_add(&x->out, buf_str(&reply.text));
    client_reply_done(&reply);
    return ok;
}

int cmd_cert(int argc, char **argv)
{
    struct errand x;
    const char *what, *which;
    int status;
    bool ok;

    if (!errand_open(&x, argc, argv, "list, show or export", 2, &status))
        return status;
    what = x.typed.args[0];
    which = x.typed.arg_count > 1 ? x.typed.args[1] : NULL;
    if (strcmp(what, "list") == 0 && !which)
        ok = list(&x);
    else if (strcmp(what, "show") == 0 && which)
        ok = show(&x, which);
    else if (strcmp(what, "export") == 0 && which)
        ok = export(&x, which);
    else if (strcmp(what, "show") == 0 || strcmp(what, "export") == 0)
        ok = fail(&x.e, ERR_USAGE, NULL, "a certificate is missing: its SHA-256, or its host");
    else
        ok = fail(&x.e, ERR_USAGE, NULL, "\"%s\" is not list, show or export",
                  strcmp(what, "list") == 0 ? which : what);
    return errand_close(&x, ok);
}
