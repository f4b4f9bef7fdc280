// tls_policy.h - what is expected of a certificate: how long before its end to complain, whose key
// it must have, which findings matter.
//
// Zero means the presets. A fixed number of days is wrong for most certificates, as some live for
// six days and some for ten years; so the presets follow the lifetime.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "net/tls_code.h"

enum {
    TLS_SHA256 = 32, // bytes
    TLS_PINS_MAX = 8,
};

// Reached when less is left than a length of time and, at once, less than a share of the lifetime.
struct tls_limit {
    bool is_given;   // else the preset: 30 days and a third, 14 days and a sixth when critical
    int64_t us;      // INT64_MAX: any
    int part, whole; // 1/3; whole 0: any
};

struct tls_policy {
    struct tls_limit warning, critical;
    size_t pin_count;
    unsigned char pins[TLS_PINS_MAX][TLS_SHA256]; // one of them must be met
    bool has_previous;
    unsigned char previous[TLS_SHA256];     // fingerprint of the certificate that was seen before
    bool asks_ocsp;                         // the issuer's responder, when there is no staple
    bool asks_crl;                          // the issuer's revocation list
    bool wants_ct;                          // certificate transparency is required
    unsigned char severity[TLS_CODE_COUNT]; // 0: as tls_code.def says; else enum tls_severity + 1
};

// Sets what name says; ERR_INPUT, with name as the field, when value is none for it.
//     warning, critical   21d, 12h, 33%, or both as 30d,33%: the smaller counts; 0: never
//     pin                 SHA-256 of the certificate, or of a public key in its chain: in hex, or
//                         as sha256/BASE64; TLS_PINS_MAX of them, with commas or one by one
//     previous            SHA-256 of the certificate seen before, in hex
//     revocation          ocsp, crl or ocsp,crl: what is asked for over the network; none
//     ct                  required, or any
//     severity            CODE=ok|warning|error|critical[,CODE=...]
// False with ERR_NOT_FOUND when no such name is known.
[[nodiscard]] bool tls_policy_set(struct tls_policy *policy, struct str name, struct str value,
                                  struct err *e);

// How long before its end a certificate of that lifetime is complained about, in microseconds.
int64_t tls_policy_warning_us(const struct tls_policy *policy, int64_t lifetime_us);
int64_t tls_policy_critical_us(const struct tls_policy *policy, int64_t lifetime_us);

// What a finding counts as; otherwise is what it would be without the policy.
enum tls_severity tls_policy_severity(const struct tls_policy *policy, enum tls_code code,
                                      enum tls_severity otherwise);
