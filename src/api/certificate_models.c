// certificate_models.c - the tables of what is asked and told about certificates.
// SPDX-License-Identifier: Apache-2.0
#include "api/certificate_models.h"

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

static const struct model_field finding[] = {
    TEXT("code", "What it is.", "\"expires_soon\""),
    TEXT("severity", "ok, warning, error or critical.", "\"warning\""),
    TOLD("depth", MODEL_INT, "Of which certificate: 0 the server's own; null: of the connection.",
         .example = "0"),
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
        TOLD("chain", MODEL_LIST, "The certificates that were sent, in full."),
        TOLD("tls", MODEL_OBJECT, "What was negotiated."),
        OBJECT("ocsp", NULL, "What was said of revocation by OCSP."),
        OBJECT("crl", NULL, "What was said of revocation by a list."),
        OBJECT("scts", NULL, "Signed timestamps, by the way they came."),
        TOLD("addresses", MODEL_LIST, "With addresses=all: each address and its status."),
        OBJECT("timings_ms", NULL, "How long each phase took."),
};
MODEL(check_result_model, "CertificateCheckResult", "All that a check has found.", check_result)
