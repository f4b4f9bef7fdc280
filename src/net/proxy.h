// proxy.h - connections through somebody else: HTTP CONNECT (RFC 9110, 9.3.6) and SOCKS5 (RFC 1928,
// with user and password as in RFC 1929).
//
// Each is a dialogue (net/dialogue.h) with the proxy, whose `name` and `port` are the host to
// reach; the proxy looks the name up. When it is over, the next byte is that host's.
#pragma once

#include "base/str.h"
#include "net/dialogue.h"

enum proxy {
    PROXY_NONE,
    PROXY_CONNECT,
    PROXY_SOCKS5,
};

enum {
    PROXY_WORD_MAX = 255, // bytes of user and of password
};

// "http" and "socks5" (socks5h means the same, as names are always the proxy's to look up);
// PROXY_NONE for others.
enum proxy proxy_find(struct str scheme);
const char *proxy_word(enum proxy proxy); // "http", "socks5"; NULL for PROXY_NONE
int proxy_port(enum proxy proxy);         // where such a proxy usually listens

const struct dialogue_kind *proxy_kind(enum proxy proxy);

// Reads "user:password" as it stands in a file, one line, into two texts of PROXY_WORD_MAX bytes at
// most. False, with ERR_INPUT and not a word of the text, when it is something else.
[[nodiscard]] bool proxy_auth_read(struct str text, char ret_user[PROXY_WORD_MAX + 1],
                                   char ret_password[PROXY_WORD_MAX + 1], struct err *e);
