// tls_options.c - reads the options of a check, each by its name.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_options.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/suggest.h"

// What a value is read by; name is for complaints.
typedef bool set_fn(struct tls_options *o, const char *name, struct str value, struct err *e);

static set_fn addresses_set, alpn_set, connect_set, family_set, file_set, name_set, policy_set,
    proxy_set, starttls_set, starttls_name_set, version_set;

static set_fn *const setters[] = {
#define X(name, set, ...) set,
#include "net/tls_options.def"
#undef X
};

const char *const tls_option_names[] = {
#define X(name, ...) #name,
#include "net/tls_options.def"
#undef X
    NULL,
};

enum {
    NAMES = sizeof setters / sizeof *setters,
    FILE_MAX = 4095,    // bytes of a path
    TEXT_MAX = 1 << 16, // bytes of certificates in PEM
};

struct tls_options *tls_options_new(void)
{
    struct tls_options *options = mem_alloc(sizeof *options);

    options->users = 1;
    return options;
}

static char *text_copy(const char *text)
{
    return text ? str_own(str_of(text)) : NULL;
}

struct tls_options *tls_options_copy(const struct tls_options *options)
{
    struct tls_options *copy = tls_options_new();

    if (!options)
        return copy;
    *copy = *options;
    copy->users = 1;
    copy->proxy_auth = text_copy(options->proxy_auth);
    copy->cert = text_copy(options->cert);
    copy->key = text_copy(options->key);
    copy->key_password = text_copy(options->key_password);
    copy->ca = text_copy(options->ca);
    copy->crl = text_copy(options->crl);
    return copy;
}

const struct tls_options *tls_options_hold(const struct tls_options *options)
{
    if (options)
        ((struct tls_options *)options)->users++;
    return options;
}

void tls_options_drop(const struct tls_options *options)
{
    struct tls_options *o = (struct tls_options *)options;

    if (!o || --o->users > 0)
        return;
    free(o->proxy_auth);
    free(o->cert);
    free(o->key);
    free(o->key_password);
    free(o->ca);
    free(o->crl);
    free(o);
}

bool tls_options_set(struct tls_options *options, struct str name, struct str value, struct err *e)
{
    const char *near;

    for (size_t i = 0; i < NAMES; i++)
        if (str_eq(name, str_of(tls_option_names[i])))
            return setters[i](options, tls_option_names[i], value, e);
    fail(e, ERR_INPUT, NULL, "a certificate check has no option \"%.*s\"", STR(name));
    near = suggest_find(name, tls_option_names, NAMES);
    return near ? fail_hint(e, "did you mean %s?", near) : false;
}

bool tls_options_add(struct tls_options *options, struct str text, struct err *e)
{
    ptrdiff_t equals = str_find(text, '=');

    if (equals < 0) {
        fail(e, ERR_INPUT, NULL, "\"%.*s\" is not an option of a certificate check", STR(text));
        return fail_hint(e, "write NAME=VALUE, such as starttls=smtp");
    }
    return tls_options_set(options, str_cut(text, 0, (size_t)equals),
                           str_cut(text, (size_t)equals + 1, text.len), e);
}

static bool needs(struct err *e, const char *name, const char *other)
{
    return fail(e, ERR_INPUT, name, "%s has no use without %s", name, other);
}

bool tls_options_check(const struct tls_options *o, struct err *e)
{
    if (o->key && !o->cert)
        return needs(e, "key", "cert");
    if (o->key_password && !o->cert)
        return needs(e, "key_password", "cert");
    if (o->proxy_auth && !o->proxy)
        return needs(e, "proxy_auth", "proxy");
    if (o->starttls_name[0] && !o->starttls && !o->is_starttls_auto)
        return needs(e, "starttls_name", "starttls");
    if (o->tls_min && o->tls_max && o->tls_min > o->tls_max)
        return fail(e, ERR_INPUT, "tls_min", "tls_min is above tls_max: no version is left");
    if (o->wants_all && o->proxy) {
        fail(e, ERR_INPUT, "addresses", "addresses all cannot go through a proxy");
        return fail_hint(e, "the proxy looks the name up, and does not tell what it found");
    }
    return true;
}

static bool is_word(struct str value, const char *word)
{
    return str_eq(value, str_of(word));
}

// One of two words.
static bool choice_read(struct str value, const char *name, const char *const words[2],
                        bool *ret_is_second, struct err *e)
{
    if (!is_word(value, words[0]) && !is_word(value, words[1]))
        return fail(e, ERR_INPUT, name, "%s \"%.*s\" is neither %s nor %s", name, STR(value),
                    words[0], words[1]);
    *ret_is_second = is_word(value, words[1]);
    return true;
}

static bool addresses_set(struct tls_options *o, const char *name, struct str value, struct err *e)
{
    return choice_read(value, name, (const char *const[]){"first", "all"}, &o->wants_all, e);
}

static bool family_set(struct tls_options *o, const char *name, struct str value, struct err *e)
{
    bool is_v6;

    if (!choice_read(value, name, (const char *const[]){"4", "6"}, &is_v6, e))
        return false;
    o->family = is_v6 ? AF_INET6 : AF_INET;
    return true;
}

static bool alpn_set(struct tls_options *o, const char *name, struct str value, struct err *e)
{
    unsigned char wire[sizeof o->alpn];
    struct str rest = value, word;
    size_t n = 0;

    while (str_next(&rest, ',', &word)) {
        if (word.len == 0)
            return fail(e, ERR_INPUT, name, "%s \"%.*s\" has an empty name", name, STR(value));
        if (n + 1 + word.len > TLS_ALPN_MAX)
            return fail(e, ERR_INPUT, name, "%s takes names of %d bytes in all", name,
                        TLS_ALPN_MAX - 1);
        wire[n++] = (unsigned char)word.len;
        memcpy(wire + n, word.p, word.len);
        n += word.len;
    }
    memcpy(o->alpn, wire, n);
    o->alpn_len = n;
    return true;
}

static bool version_set(struct tls_options *o, const char *name, struct str value, struct err *e)
{
    static const char *const versions[] = {"1.0", "1.1", "1.2", "1.3"};
    const int first = 0x0301;

    for (int i = 0; i < 4; i++)
        if (is_word(value, versions[i])) {
            *(strcmp(name, "tls_min") == 0 ? &o->tls_min : &o->tls_max) = first + i;
            return true;
        }
    return fail(e, ERR_INPUT, name, "%s \"%.*s\" is not 1.0, 1.1, 1.2 or 1.3", name, STR(value));
}

static bool file_set(struct tls_options *o, const char *name, struct str value, struct err *e)
{
    const struct {
        const char *name;
        char **path;
    } files[] = {
        {"ca", &o->ca},
        {"cert", &o->cert},
        {"crl", &o->crl},
        {"key", &o->key},
        {"key_password", &o->key_password},
        {"proxy_auth", &o->proxy_auth},
    };

    bool is_text = strcmp(name, "ca") == 0 && str_starts(value, STR_LIT("-----BEGIN"));

    if (value.len == 0 || value.len > (is_text ? TEXT_MAX : FILE_MAX) || str_find(value, '\0') >= 0)
        return fail(e, ERR_INPUT, name, "%s is not the name of a file", name);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(files[i].name, name) == 0) {
            free(*files[i].path);
            *files[i].path = str_own(value);
        }
    return true;
}

static bool policy_set(struct tls_options *o, const char *name, struct str value, struct err *e)
{
    return tls_policy_set(&o->policy, str_of(name), value, e);
}

static bool place_read(const char *name, struct str value, struct tls_target *ret, struct err *e)
{
    struct tls_target place;
    struct err why = {0};

    if (!tls_target_parse(value, &place, &why)) {
        fail_at(e, ERR_INPUT, name, why.column, "%s: %s", name, why.message);
        return why.hint[0] ? fail_hint(e, "%s", why.hint) : false;
    }
    *ret = place;
    return true;
}

static bool connect_set(struct tls_options *o, const char *name, struct str value, struct err *e)
{
    return place_read(name, value, &o->connect_to, e);
}

static bool name_set(struct tls_options *o, const char *name, struct str value, struct err *e)
{
    struct tls_target place;

    if (!place_read(name, value, &place, e))
        return false;
    if (place.port)
        return fail(e, ERR_INPUT, name, "%s \"%.*s\" has a port: give it with the host", name,
                    STR(value));
    o->name = place;
    return true;
}

static bool starttls_name_set(struct tls_options *o, const char *name, struct str value,
                              struct err *e)
{
    struct tls_target place;

    if (!place_read(name, value, &place, e))
        return false;
    if (place.port || place.is_ip)
        return fail(e, ERR_INPUT, name, "%s \"%.*s\" is not the name of a host or domain", name,
                    STR(value));
    memcpy(o->starttls_name, place.host, sizeof place.host);
    return true;
}

static bool starttls_set(struct tls_options *o, const char *name, struct str value, struct err *e)
{
    const char *near = suggest_find(value, starttls_words, STARTTLS_COUNT - 1);
    enum starttls protocol = starttls_find(value);

    o->is_starttls_auto = is_word(value, "auto");
    o->starttls = protocol;
    if (protocol || o->is_starttls_auto)
        return true;
    fail(e, ERR_INPUT, name, "%s does not know \"%.*s\"", name, STR(value));
    if (near)
        return fail_hint(e, "did you mean %s?", near);
    return fail_hint(e, "smtp, lmtp, imap, pop3, ftp, sieve, nntp, irc, xmpp, xmpp-server, ldap, "
                        "postgres, mysql, or auto: by the port");
}

static bool proxy_set(struct tls_options *o, const char *name, struct str value, struct err *e)
{
    static const char separator[] = "://";
    const char *colon = memmem(value.p, value.len, separator, 3);
    size_t n = colon ? (size_t)(colon - value.p) : 0;
    enum proxy proxy = proxy_find(str_cut(value, 0, n));

    if (str_find(value, '@') >= 0) { // not repeated: a password may stand there
        fail(e, ERR_INPUT, name, "%s cannot hold user and password", name);
        return fail_hint(e, "write USER:PASSWORD into a file, and give that as proxy_auth");
    }
    if (!proxy) {
        fail(e, ERR_INPUT, name, "%s \"%.*s\" is not a proxy that is known", name, STR(value));
        return fail_hint(e, "write http://HOST[:PORT] or socks5://HOST[:PORT]");
    }
    value = str_cut(value, n + 3, value.len);
    if (str_ends(value, STR_LIT("/")))
        value.len--;
    if (!place_read(name, value, &o->proxy_host, e))
        return false;
    if (!o->proxy_host.port)
        o->proxy_host.port = proxy_port(proxy);
    o->proxy = proxy;
    return true;
}
