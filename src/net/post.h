// post.h - one message to the outside world, by HTTP or by mail, on a thread that may block.
//
// libcurl does the talking. Whom it may connect to is asked at the moment of connecting, with the
// address that the name was found to have; redirects are not followed and no proxy is used, so
// nothing leads around that. What it costs is bounded: by a time limit, by how much of a reply is
// kept, and by a flag that ends it at once.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct access;

#define POST_HEADERS_MAX 40
#define POST_RECIPIENTS_MAX 32
#define POST_REPLY_MAX (8 << 10) // bytes of a reply that are kept

enum post_tls {
    POST_TLS_REQUIRED, // mail: STARTTLS, or there is no mail
    POST_TLS_IF_OFFERED,
    POST_TLS_NONE,
};

// Texts end with NUL. What is NULL is not used.
struct post {
    const char *url;                           // http, https, smtp, smtps
    const char *method;                        // HTTP; NULL: POST
    const char *headers[POST_HEADERS_MAX + 1]; // HTTP: "name: value", NULL at the end
    const char *user, *password;
    const char *from; // mail: the sender's address; its presence makes it a mail
    const char *to[POST_RECIPIENTS_MAX + 1];
    enum post_tls tls;   // mail by smtp://
    const char *ca_file; // instead of the system's certificates
    bool is_insecure;    // certificates are not looked at
    int64_t timeout_ms;  // for all of it
    struct str body;     // HTTP: the body; mail: the whole message, lines ending with CR LF
};

struct post_reply {
    bool is_sent;    // accepted: HTTP 2xx, or the mail server took it
    long status;     // the last one the server gave; 0: none
    struct str text; // HTTP: the beginning of the body; mail: what the server said, line by line
    int64_t took_ms;
    struct err err; // why not: ERR_INPUT (the URL), ERR_DENIED, ERR_UNREACHABLE, ERR_TLS,
                    // ERR_TIMEOUT; never with a secret in it
};

// Must have run once before the first thread starts.
void post_setup(void);

// Sends it and waits. access may be NULL: anybody. ends (may be NULL) becomes true when nobody
// waits any more. The reply's text is made in the arena.
void post_send(const struct post *post, const struct access *access, const atomic_bool *ends,
               struct arena *arena, struct post_reply *ret);
