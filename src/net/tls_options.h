// tls_options.h - how a certificate is looked at, apart from whose it is: STARTTLS, proxy, names,
// addresses, what we offer and whom we trust.
//
// Made by name and value, as people write them: `--starttls smtp` on the command line,
// "starttls=smtp" among the arguments of a job. No secret is among them, only names of files; what
// is in the files is read when a check needs it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "net/proxy.h"
#include "net/starttls.h"
#include "net/tls_policy.h"
#include "net/tls_target.h"

enum {
    TLS_ALPN_MAX = 255,
};

// Zero means "nothing special" everywhere.
struct tls_options {
    enum starttls starttls;
    bool is_starttls_auto;                // the port decides instead
    char starttls_name[TLS_HOST_MAX + 1]; // ours in EHLO, the domain in XMPP; "": the dialogue's
                                          // own
    struct tls_target name;               // host "": the target's own
    struct tls_target connect_to;         // host "": the target itself
    enum proxy proxy;
    struct tls_target proxy_host;
    char *proxy_auth;     // file with USER:PASSWORD; NULL: none. All texts are the options' own
    char *cert, *key;     // our certificate (and its chain), and its key, as PEM files
    char *key_password;   // file with the key's password
    char *crl;            // file of revocation lists, PEM or DER
    char *ca;             // PEM file, or directory of such, or PEM text, to trust instead of the
                          // usual roots
    int tls_min, tls_max; // as TLS numbers its versions: 0x0303 is TLS 1.2
    unsigned char alpn[TLS_ALPN_MAX + 1]; // as the extension has it: each name behind its length
    size_t alpn_len;
    bool wants_all; // each address of the host is checked, and the worst counts; else the first to
                    // answer
    int family;     // AF_INET, AF_INET6; AF_UNSPEC: both
    struct tls_policy policy; // what is expected of the certificate
    size_t users;             // who holds them: tls_options_new is the first
};

// The names that tls_options_set knows, in alphabetical order; ends with NULL.
extern const char *const tls_option_names[];

[[nodiscard]] struct tls_options *tls_options_new(void);

// New ones with what others say, to be changed; from NULL: nothing special.
[[nodiscard]] struct tls_options *tls_options_copy(const struct tls_options *options);

// Sets what name says. Refuses with ERR_INPUT, whose field is the name: names that do not exist
// (with the nearest as a hint) and values that are none.
//     addresses first|all     cert FILE        key FILE          starttls PROTOCOL|auto
//     alpn NAME[,NAME]...     connect_to HOST[:PORT]             starttls_name NAME
//     ca FILE|DIR             family 4|6       key_password FILE tls_max, tls_min 1.0|1.1|1.2|1.3
//     crl FILE                critical, warning, pin, previous, revocation, ct, severity:
//     tls_policy.h name NAME|ADDRESS       proxy http://HOST[:PORT]|socks5://HOST[:PORT] proxy_auth
//     FILE
[[nodiscard]] bool tls_options_set(struct tls_options *options, struct str name, struct str value,
                                   struct err *e);

// The same with "name=value".
[[nodiscard]] bool tls_options_add(struct tls_options *options, struct str text, struct err *e);

// Refuses what only makes sense with something that is missing, or contradicts itself. To be called
// when all are set.
[[nodiscard]] bool tls_options_check(const struct tls_options *options, struct err *e);

// Once checked they never change and may be read from any thread, but are held and dropped on one
// only. Both accept NULL; the last one who drops them frees them.
const struct tls_options *tls_options_hold(const struct tls_options *options);
void tls_options_drop(const struct tls_options *options);
