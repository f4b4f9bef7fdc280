// certificate_models.c - the tables of what is asked and told about certificates.
// SPDX-License-Identifier: Apache-2.0
#include "api/certificate_models.h"

#include <ctype.h>

#include "api/model_rows.h"

#define ASK(member, words, sample)                                                         \
    {                                                                                      \
        .name = #member, .type = MODEL_ANY, .offset = offsetof(struct check_form, member), \
        .is_nullable = true, .doc = words, .example = sample                               \
    }

static const struct model_field check_form[] = {
    {.name = "host",
     .type = MODEL_ANY,
     .offset = offsetof(struct check_form, host),
     .required = 1,
     .doc = "HOST or HOST:PORT.",
     .example = "\"www.example.org\""},
    ASK(port, "Port, when host has none; by default that of the protocol, or 443.", "443"),
    ASK(timeout, "For all phases together, as a duration or seconds (default 20 s).", "\"10s\""),
    ASK(sni, "The same as name.", "\"www.example.org\""),
    ASK(pins, "The same as pin, as a list.",
        "[\"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]"),
    ASK(warn, "The same as warning.", "\"21d\""),
#define X(name, set, words, sample) ASK(name, words, "\"" sample "\""),
#include "net/tls_options.def"
#undef X
};
MODEL(check_form_model, "CertificateCheck", "Whose certificate to look at, and how.", check_form,
      .size = sizeof(struct check_form), .extra = MODEL_EXTRA_FORBID,
      .example = "{\"host\":\"mail.example.org\",\"port\":25,\"starttls\":\"smtp\"}")

#define TOLD(key, kind, words, ...)                                                              \
    {                                                                                            \
        .name = key, .type = kind, .required = 1, .is_nullable = true, .doc = words, __VA_ARGS__ \
    }

// What is written in a certificate.
#define CERTIFICATE_PARTS                                                                       \
    TEXT("subject", "Whose it is.", "\"CN = www.example.org\""),                                \
        TEXT("issuer", "Who signed it.", "\"CN = Some CA\""),                                   \
        TOLD("serial", MODEL_TEXT, "Exact decimal digits.", .example = "\"4660\""),             \
        TOLD("serial_hex", MODEL_TEXT, "The same in hex.", .example = "\"1234\""),              \
        TIME("not_before", "It is valid from then."),                                           \
        TIME("not_after", "It is valid until then."),                                           \
        TOLD("days_left", MODEL_INT, "Whole days, rounded down.", .example = "63"),             \
        TOLD("seconds_left", MODEL_INT, "Seconds.", .example = "5443200"),                      \
        TOLD("percent_left", MODEL_NUMBER, "Share of its lifetime.", .example = "70.0"),        \
        TOLD("key_type", MODEL_TEXT, "Kind of its key.", .example = "\"EC\""),                  \
        TOLD("key_bits", MODEL_INT, "Its size.", .example = "256"),                             \
        TOLD("curve", MODEL_TEXT, "Its curve.", .example = "\"P-256\""),                        \
        TOLD("signature", MODEL_TEXT, "How it is signed.", .example = "\"ecdsa-with-SHA256\""), \
        TOLD("signature_digest", MODEL_TEXT, "Digest of that.", .example = "\"SHA256\""),       \
        TOLD("sans", MODEL_STRINGS, "Its names."), INT("san_count", "Names in all.", "1"),      \
        TEXT("sha256", "Its fingerprint.", "\"00ff\""),                                         \
        TOLD("spki_sha256", MODEL_TEXT, "Fingerprint of its public key."),                      \
        BOOL("is_ca", "May sign others.", "false"),                                             \
        TOLD("path_length", MODEL_INT, "How many authorities may follow."),                     \
        BOOL("self_signed", "Signed by itself.", "false"),                                      \
        TOLD("key_usage", MODEL_STRINGS, "What its key may be used for; null: anything."),      \
        TOLD("extended_key_usage", MODEL_STRINGS, "Likewise, whom it may stand for."),          \
        BOOL("must_staple", "Demands an OCSP staple.", "false"),                                \
        INT("scts", "Signed timestamps in it.", "0"),                                           \
        TOLD("ocsp_uris", MODEL_STRINGS, "Responders of its issuer."),                          \
        TOLD("ca_issuers", MODEL_STRINGS, "Where its issuer's certificate is."),                \
        TOLD("crl_uris", MODEL_STRINGS, "Revocation lists of its issuer."),                     \
        INT("der_bytes", "Its length.", "511")

static const struct model_field chain_fields[] = {
    INT("position", "As sent.", "0"),
    CERTIFICATE_PARTS,
};
static MODEL(chain_model, "CertificateOfChain", "A certificate that was sent.", chain_fields)

    static const struct model_field finding[] = {
        TEXT("code", "What it is.", "\"expires_soon\""),
        TEXT("severity", "ok, warning, error or critical.", "\"warning\""),
        TOLD("depth", MODEL_INT,
             "Of which certificate: 0 the server's own; null: of the connection.", .example = "0"),
        TOLD("openssl", MODEL_INT, "OpenSSL's number, where it found it.", .example = "10"),
        TEXT("message", "A sentence.", "\"the certificate expires in 9d 4h\""),
};
static MODEL(finding_model, "CertificateFinding", "One thing that was found.", finding)

    static const struct model_field check_result[] = {
        TEXT("status", "ok, warning, critical, or error: no verdict.", "\"ok\""),
        TEXT("code", "The worst finding, or ok.", "\"ok\""),
        TEXT("message", "A sentence.",
             "\"certificate of www.example.org:443 is good for 63 days\""),
        TOLD("hint", MODEL_TEXT, "What to do about it."),
        TIME("checked_at", "When."),
        OBJECT("target", NULL,
               "What was asked for: host, port, sni, starttls, connect_to, proxy, file."),
        TOLD("address", MODEL_TEXT, "Who answered.", .example = "\"192.0.2.1:443\""),
        TOLD("subject", MODEL_TEXT, "Of the server's certificate.",
             .example = "\"CN = www.example.org\""),
        TOLD("subject_repr", MODEL_TEXT, "The same as python-cryptography prints it."),
        TOLD("issuer", MODEL_TEXT, "Who signed it."),
        TIME("not_before", "It is valid from then."),
        TIME("not_after", "It is valid until then."),
        TOLD("days_left", MODEL_INT, "Whole days, rounded down.", .example = "63"),
        TOLD("seconds_left", MODEL_INT, "Seconds.", .example = "5443200"),
        TOLD("percent_left", MODEL_NUMBER, "Share of its lifetime.", .example = "70.0"),
        TOLD("serial", MODEL_TEXT, "Exact decimal digits.", .example = "\"4660\""),
        TOLD("serial_hex", MODEL_TEXT, "The same in hex.", .example = "\"1234\""),
        TOLD("sha256", MODEL_TEXT, "Fingerprint in hex."),
        TOLD("spki_sha256", MODEL_TEXT, "Fingerprint of its public key."),
        TOLD("sans", MODEL_STRINGS, "The first hundred of its names.",
             .example = "[\"DNS:www.example.org\"]"),
        TOLD("san_count", MODEL_INT, "Names in all.", .example = "1"),
        TIME("warning_at", "From then on it is a warning."),
        TIME("critical_at", "From then on it is critical."),
        TOLD("verified", MODEL_BOOL, "Trust and dates are good.", .example = "true"),
        TOLD("host_ok", MODEL_BOOL, "It names the host.", .example = "true"),
        TOLD("trust", MODEL_TEXT, "Whose roots vouch for it: system, custom or none.",
             .example = "\"system\""),
        TOLD("chain_count", MODEL_INT, "Certificates that were sent.", .example = "2"),
        TIME("chain_not_after", "When the first of the verified chain ends."),
        TOLD("verified_chain", MODEL_STRINGS, "Fingerprints of the chain that was built."),
        TOLD("changed", MODEL_OBJECT,
             "When it is another certificate than before: previous_sha256."),
        LIST("findings", &finding_model, "All that was found, the worst first."),
        TOLD("chain", MODEL_LIST, "The certificates that were sent, in full.",
             .model = &chain_model),
        TOLD("tls", MODEL_OBJECT, "What was negotiated."),
        OBJECT("ocsp", NULL, "What was said of revocation by OCSP."),
        OBJECT("crl", NULL, "What was said of revocation by a list."),
        OBJECT("scts", NULL, "Signed timestamps, by the way they came."),
        TOLD("addresses", MODEL_LIST, "With addresses=all: each address and its status."),
        OBJECT("timings_ms", NULL, "How long each phase took."),
};
MODEL(check_result_model, "CertificateCheckResult", "All that a check has found.", check_result)

// --- the inventory
// -----------------------------------------------------------------------------------------------------

static bool sha256_check(struct str value, struct err *e)
{
    bool is_hex = value.len == 64;

    for (size_t i = 0; is_hex && i < value.len; i++)
        is_hex = isxdigit((unsigned char)value.p[i]);
    return is_hex || fail(e, ERR_INPUT, "sha256", "a fingerprint has 64 hexadecimal digits");
}

static const struct model_field certificate_params[] = {
    {.name = "sha256",
     .type = MODEL_TEXT,
     .offset = offsetof(struct certificate_params, sha256),
     .required = 1,
     .pattern = "^[0-9A-Fa-f]{64}$",
     .check = sha256_check,
     .doc = "The certificate's fingerprint.",
     .example = "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""},
};
MODEL(certificate_params_model, "CertificateParams", NULL, certificate_params,
      .size = sizeof(struct certificate_params), .is_loose = true)

static const char *const sort_names[] = {"not_after", NULL};

static const struct model_field certificates_query[] = {
    {.name = "host",
     .type = MODEL_TEXT,
     .offset = offsetof(struct certificates_query, host),
     .max = 300,
     .doc = "Only certificates that this host sent.",
     .example = "\"www.example.org\""},
    {.name = "issuer",
     .type = MODEL_TEXT,
     .offset = offsetof(struct certificates_query, issuer),
     .max = 300,
     .doc = "Only certificates with this in their issuer's name, in any case.",
     .example = "\"Some CA\""},
    {.name = "expires",
     .type = MODEL_DURATION,
     .offset = offsetof(struct certificates_query, expires),
     .preset_n = CERTIFICATES_ANY,
     .max = INT64_C(3155760000000000),
     .doc = "Only certificates that end within this time, or have ended.",
     .example = "\"30d\""},
    {.name = "current",
     .type = MODEL_BOOL,
     .offset = offsetof(struct certificates_query, is_current),
     .doc = "Only certificates that are in use somewhere, as far as is known.",
     .example = "true"},
    {.name = "sort",
     .type = MODEL_ENUM,
     .offset = offsetof(struct certificates_query, sort),
     .choices = sort_names,
     .doc = "By what: not_after, the one that ends first first.",
     .example = "\"not_after\""},
    {.name = "limit",
     .type = MODEL_INT,
     .offset = offsetof(struct certificates_query, limit),
     .preset_n = 100,
     .min = 1,
     .max = INT64_MAX,
     .doc = "Certificates on this page; more than 1000 counts as 1000.",
     .example = "100"},
    {.name = "cursor",
     .type = MODEL_INT,
     .offset = offsetof(struct certificates_query, cursor),
     .max = INT64_MAX,
     .doc = "next_cursor of the page before.",
     .example = "7"},
};
MODEL(certificates_query_model, "CertificatesQuery", NULL, certificates_query,
      .size = sizeof(struct certificates_query), .is_loose = true)

static const struct model_field certificate_item[] = {
    TEXT("sha256", "Its fingerprint.", "\"00ff\""),
    TEXT("subject", "Whose it is.", "\"CN = www.example.org\""),
    TEXT("issuer", "Who signed it.", "\"CN = Some CA\""),
    TEXT("serial", "Exact decimal digits.", "\"4660\""),
    TEXT("key", "Kind and size of its key.", "\"EC P-256\""),
    {.name = "sans",
     .type = MODEL_STRINGS,
     .required = 1,
     .doc = "The first hundred of its names.",
     .example = "[\"DNS:www.example.org\"]"},
    TIME("not_before", "It is valid from then."),
    TIME("not_after", "It is valid until then."),
    TOLD("days_left", MODEL_INT, "Whole days, rounded down.", .example = "63"),
    TOLD("seconds_left", MODEL_INT, "Seconds.", .example = "5443200"),
    TOLD("percent_left", MODEL_NUMBER, "Share of its lifetime.", .example = "70.0"),
    TIME("first_seen", "A check saw it first."),
    TIME("last_seen", "A check saw it last; to a minute."),
    INT("places", "Endpoints and addresses at which it is in use.", "1"),
};
static MODEL(certificate_item_model, "CertificateItem", "A certificate that was seen.",
             certificate_item)

    static const struct model_field certificate_list[] = {
        INT("total", "Certificates that are meant, on all pages.", "1"),
        LIST("certificates", &certificate_item_model, "The one that ends first first."),
        TOLD("next_cursor", MODEL_INT, "Parameter cursor of the next page; null on the last one."),
};
MODEL(certificate_list_model, "CertificateList", "Certificates that were seen.", certificate_list)

static const struct model_field sighting[] = {
    TEXT("host", "The host that sent it.", "\"www.example.org\""),
    INT("port", "Its port.", "443"),
    TOLD("starttls", MODEL_TEXT, "The protocol before TLS.", .example = "\"smtp\""),
    TOLD("sni", MODEL_TEXT, "What was asked for instead of the host."),
    TEXT("address", "Who answered.", "\"192.0.2.1:443\""),
    INT("position", "In the chain: 0 is the server's own.", "0"),
    TIME("first_seen", "There."),
    TIME("since", "In use there from then on, the last time."),
    TIME("last_seen", "There; to a minute."),
    BOOL("current", "Whether it is in use there, as far as is known.", "true"),
    TOLD("replaced", MODEL_TEXT, "The certificate that was in use before."),
    TEXT("status", "Verdict of the last check.", "\"ok\""),
    TEXT("code", "Its worst finding.", "\"ok\""),
};
static MODEL(sighting_model, "CertificateSighting", "Where a certificate was seen.", sighting)

    static const struct model_field sighting_list[] = {
        LIST("sightings", &sighting_model, "Those in use first, then those that were last."),
};
MODEL(sighting_list_model, "CertificateSightings", "Where a certificate was seen.", sighting_list)

static const struct model_field certificate_full[] = {
    CERTIFICATE_PARTS,
    TIME("first_seen", "A check saw it first."),
    TIME("last_seen", "A check saw it last; to a minute."),
    INT("places", "Endpoints and addresses at which it is in use.", "1"),
    {.name = "chain",
     .type = MODEL_STRINGS,
     .required = 1,
     .doc = "Fingerprints of what was sent with it the last time."},
    TOLD("replaced", MODEL_TEXT, "The certificate before it, at the place where it was seen last."),
    LIST("sightings", &sighting_model, "Where it was seen, at most a hundred places."),
};
MODEL(certificate_full_model, "CertificateDetail", "A certificate in full, and where it was seen.",
      certificate_full)

const struct model certificate_pem_model = {.name = "CertificatePem",
                                            .media = "application/x-pem-file"};
