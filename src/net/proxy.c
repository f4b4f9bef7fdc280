// proxy.c - asks a proxy for a connection.
// SPDX-License-Identifier: Apache-2.0
#include "net/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>

#include <openssl/evp.h>

#include "net/greeting.h"

static void connect_open(struct dialogue *d);
static enum dialogue_step connect_take(struct dialogue *d, struct str line);
static void socks_open(struct dialogue *d);
static enum dialogue_part socks_part(struct dialogue *d);
static enum dialogue_step socks_take(struct dialogue *d, struct str reply);

static const struct {
    const char *word;
    int port;
    struct dialogue_kind kind;
} proxies[] = {
    [PROXY_CONNECT] = {"http",
                       8080,
                       {"an HTTP proxy's language", "CONNECT", connect_open, dialogue_line,
                        connect_take}},
    [PROXY_SOCKS5] = {"socks5", 1080, {"SOCKS5", "CONNECT", socks_open, socks_part, socks_take}},
};

enum proxy proxy_find(struct str scheme)
{
    if (str_eq(scheme, STR_LIT("http")))
        return PROXY_CONNECT;
    if (str_eq(scheme, STR_LIT("socks5")) || str_eq(scheme, STR_LIT("socks5h")))
        return PROXY_SOCKS5;
    return PROXY_NONE;
}

const char *proxy_word(enum proxy proxy)
{
    return proxies[proxy].word;
}

int proxy_port(enum proxy proxy)
{
    return proxies[proxy].port;
}

const struct dialogue_kind *proxy_kind(enum proxy proxy)
{
    return &proxies[proxy].kind;
}

bool proxy_auth_read(struct str text, char ret_user[PROXY_WORD_MAX + 1],
                     char ret_password[PROXY_WORD_MAX + 1], struct err *e)
{
    struct str line = dialogue_chomp(text);
    ptrdiff_t colon = str_find(line, ':');
    size_t user = colon > 0 ? (size_t)colon : 0, password = line.len - user - 1;

    if (user == 0 || user > PROXY_WORD_MAX || password == 0 || password > PROXY_WORD_MAX ||
        str_find(line, '\n') >= 0 || str_find(line, '\0') >= 0) {
        fail(e, ERR_INPUT, "proxy_auth", "the proxy's user and password cannot be read");
        return fail_hint(e, "the file must hold one line, USER:PASSWORD, of up to %d bytes each",
                         PROXY_WORD_MAX);
    }
    memcpy(ret_user, line.p, user);
    ret_user[user] = '\0';
    memcpy(ret_password, line.p + user + 1, password);
    ret_password[password] = '\0';
    return true;
}

static enum dialogue_step proxy_fail(struct dialogue *d, const char *why)
{
    d->code = "proxy_failed";
    fail(&d->error, ERR_UNREACHABLE, "host", "%s does not connect us to %s:%d: %s", d->where,
         d->name, d->port, why);
    return DIALOGUE_FAIL;
}

static enum dialogue_step auth_fail(struct dialogue *d)
{
    (void)proxy_fail(d, d->user ? "it does not accept the user and password"
                                : "it wants a user and a password");
    if (!d->user)
        fail_hint(&d->error, "give a file with USER:PASSWORD as proxy_auth");
    return DIALOGUE_FAIL;
}

// ---- HTTP CONNECT ----

static void authorization_add(struct dialogue *d)
{
    char pair[2 * PROXY_WORD_MAX + 2];
    unsigned char text[4 * ((sizeof pair + 2) / 3) + 1];
    int n = snprintf(pair, sizeof pair, "%s:%s", d->user, d->password);

    (void)EVP_EncodeBlock(text, (const unsigned char *)pair, n);
    buf_printf(&d->out, "Proxy-Authorization: Basic %s\r\n", (const char *)text);
    explicit_bzero(pair, sizeof pair);
    explicit_bzero(text, sizeof text);
}

static void connect_open(struct dialogue *d)
{
    const char *form = strchr(d->name, ':') ? "[%s]:%d" : "%s:%d";
    char host[300];

    snprintf(host, sizeof host, form, d->name, d->port);
    buf_printf(&d->out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", host, host);
    if (d->user)
        authorization_add(d);
    buf_add_text(&d->out, "\r\n");
}

// "HTTP/1.1 200 Connection established"; -1 for anything else.
static int status_read(struct str line)
{
    int64_t status;
    bool is_http = line.len >= 12 && str_starts(line, STR_LIT("HTTP/1.")) && line.p[8] == ' ' &&
                   (line.len == 12 || line.p[12] == ' ');

    return is_http && str_to_int(str_cut(line, 9, 12), &status) && status >= 100 ? (int)status : -1;
}

// The state is the status whose header lines come in, 0 before one.
static enum dialogue_step connect_take(struct dialogue *d, struct str line)
{
    char said[GREETING_MAX + 1], why[GREETING_MAX + 20];

    line = dialogue_chomp(line);
    if (d->state > 0 && line.len > 0)
        return DIALOGUE_ON;
    if (d->state >= 200)
        return DIALOGUE_OVER;
    if (d->state > 0) { // the blank line behind "100 Continue"
        d->state = 0;
        return DIALOGUE_ON;
    }
    d->state = status_read(line);
    if (d->state < 0)
        return dialogue_odd(d, line);
    if (d->state < 300)
        return DIALOGUE_ON;
    if (d->state == 407)
        return auth_fail(d);
    snprintf(why, sizeof why, "it says \"%s\"", greeting_line(line, said));
    return proxy_fail(d, why);
}

// ---- SOCKS5 ----

enum {
    METHOD, // which way to log in
    LOGIN,  // whether it was right
    REPLY,
};

enum {
    SOCKS_NO_LOGIN = 0,
    SOCKS_PASSWORD = 2,
    SOCKS_V4 = 1,
    SOCKS_NAME = 3,
    SOCKS_V6 = 4,
};

static void socks_open(struct dialogue *d)
{
    buf_add(&d->out, d->user ? STR_LIT("\x05\x02\x00\x02") : STR_LIT("\x05\x01\x00"));
}

static size_t socks_address_len(struct str in)
{
    switch (in.p[3]) {
    case SOCKS_V4:
        return 4;
    case SOCKS_V6:
        return 16;
    case SOCKS_NAME:
        return in.len < 5 ? 1 : 1 + (size_t)(unsigned char)in.p[4];
    }
    return 0;
}

static enum dialogue_part socks_part(struct dialogue *d)
{
    struct str in = buf_str(&d->in);
    size_t address;

    if (in.p[0] != (d->state == LOGIN ? 1 : 5))
        return PART_WRONG;
    if (d->state != REPLY)
        return in.len < 2 ? PART_OPEN : PART_WHOLE;
    if (in.len >= 2 && in.p[1] != 0) // a failure; what follows says nothing
        return PART_WHOLE;
    if (in.len < 4)
        return PART_OPEN;
    address = socks_address_len(in);
    if (address == 0)
        return PART_WRONG;
    return in.len < 4 + address + 2 ? PART_OPEN : PART_WHOLE;
}

static void word_add(struct buf *out, const char *word)
{
    buf_add_byte(out, (char)strlen(word));
    buf_add_text(out, word);
}

static enum dialogue_step socks_ask(struct dialogue *d)
{
    unsigned char address[16];

    buf_add(&d->out, STR_LIT("\x05\x01\x00"));
    if (inet_pton(AF_INET, d->name, address) == 1) {
        buf_add_byte(&d->out, SOCKS_V4);
        buf_add(&d->out, (struct str){(char *)address, 4});
    } else if (inet_pton(AF_INET6, d->name, address) == 1) {
        buf_add_byte(&d->out, SOCKS_V6);
        buf_add(&d->out, (struct str){(char *)address, 16});
    } else {
        buf_add_byte(&d->out, SOCKS_NAME);
        word_add(&d->out, d->name);
    }
    buf_add_byte(&d->out, (char)(d->port >> 8));
    buf_add_byte(&d->out, (char)d->port);
    d->state = REPLY;
    return DIALOGUE_ON;
}

static enum dialogue_step socks_reply(struct dialogue *d, unsigned reply)
{
    static const char *const words[] = {
        [1] = "it failed",
        [2] = "its rules forbid it",
        [3] = "network unreachable",
        [4] = "host unreachable",
        [5] = "connection refused",
        [6] = "it took too many hops",
        [7] = "it does not know how",
        [8] = "it does not know such addresses",
    };

    if (reply == 0)
        return DIALOGUE_OVER;
    return proxy_fail(d,
                      reply < sizeof words / sizeof *words ? words[reply] : "it gives no reason");
}

static enum dialogue_step socks_take(struct dialogue *d, struct str reply)
{
    unsigned said = (unsigned char)reply.p[1];

    if (d->state == REPLY)
        return socks_reply(d, said);
    if (d->state == LOGIN)
        return said == 0 ? socks_ask(d) : auth_fail(d);
    if (said == SOCKS_NO_LOGIN)
        return socks_ask(d);
    if (said != SOCKS_PASSWORD || !d->user)
        return auth_fail(d);
    buf_add_byte(&d->out, 1);
    word_add(&d->out, d->user);
    word_add(&d->out, d->password);
    d->state = LOGIN;
    return DIALOGUE_ON;
}
