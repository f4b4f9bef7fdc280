// tls_chain_test.c - what is wrong with the way to a root, and with how a chain is sent.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_chain.h"

#include <openssl/err.h>

#include "base/arena.h"
#include "tls_findings.h"
#include "tls_fixture.h"

enum who {
    END, // of a list of them
    ROOT,
    STRANGER, // a root that is not trusted
    MIDDLE,   // signed by ROOT, lets nobody below it sign
    LOWER,    // signed by MIDDLE all the same
    FOREIGN,  // signed by STRANGER
    NO_CA,    // signed by ROOT, no CA
    NARROW,   // signed by ROOT, for names in example.org only
    LEAF,     // signed by MIDDLE, and so on:
    LOWER_LEAF,
    FOREIGN_LEAF,
    STRANGER_LEAF,
    NO_CA_LEAF,
    NARROW_LEAF,
    ROOT_LEAF,
    CLIENT,
    CA_LEAF, // a CA that serves
    SELF,
    TORN_LEAF, // with an extension that cannot be read
    TORN,
    BELOW_TORN,
    CERTS,
};

static struct fixture_cert certs[CERTS];
static SSL_CTX *context;

static void make(enum who who, const char *cn, enum who issuer, bool is_ca, const char *purpose)
{
    struct fixture_options o = {
        .cn = cn,
        .sans = is_ca ? NULL : "DNS:www.example.com",
        .issuer = issuer ? &certs[issuer] : NULL,
        .start_days = -9,
        .end_days = 99,
        .serial = 100 + (int)who,
    };

    o.extensions[0] = is_ca
                          ? (struct fixture_extension){NID_basic_constraints,
                                                       who == MIDDLE ? "critical,CA:TRUE,pathlen:0"
                                                                     : "critical,CA:TRUE"}
                          : (struct fixture_extension){NID_ext_key_usage, purpose};
    if (who == NARROW)
        o.extensions[1] =
            (struct fixture_extension){NID_name_constraints, "critical,permitted;DNS:example.org"};
    certs[who] = fixture_make(&o);
}

// As if the alternative names had been cut off.
static void make_torn(enum who who, const char *cn, enum who issuer, bool is_ca)
{
    static unsigned char half[] = {0x30, 0x05, 0x82, 0x09, 'a', 'b', 'c'};
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    X509_EXTENSION *torn;

    make(who, cn, issuer, is_ca, "serverAuth");
    ASN1_OCTET_STRING_set(octets, half, sizeof half);
    torn = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, octets);
    for (int at; (at = X509_get_ext_by_NID(certs[who].x509, NID_subject_alt_name, -1)) >= 0;)
        X509_EXTENSION_free(X509_delete_ext(certs[who].x509, at));
    X509_add_ext(certs[who].x509, torn, -1);
    X509_sign(certs[who].x509, certs[issuer].key, EVP_sha256());
    X509_EXTENSION_free(torn);
    ASN1_OCTET_STRING_free(octets);
}

static int set_up(void **state)
{
    (void)state;
    make(ROOT, "Root", END, true, NULL);
    make(STRANGER, "Stranger", END, true, NULL);
    make(MIDDLE, "Middle", ROOT, true, NULL);
    make(LOWER, "Lower", MIDDLE, true, NULL);
    make(FOREIGN, "Foreign", STRANGER, true, NULL);
    make(NO_CA, "No CA", ROOT, false, "serverAuth");
    make(NARROW, "Narrow", ROOT, true, NULL);
    make(LEAF, "leaf", MIDDLE, false, "serverAuth");
    make(LOWER_LEAF, "leaf", LOWER, false, "serverAuth");
    make(FOREIGN_LEAF, "leaf", FOREIGN, false, "serverAuth");
    make(STRANGER_LEAF, "leaf", STRANGER, false, "serverAuth");
    make(NO_CA_LEAF, "leaf", NO_CA, false, "serverAuth");
    make(NARROW_LEAF, "leaf", NARROW, false, "serverAuth");
    make(ROOT_LEAF, "leaf", ROOT, false, "serverAuth");
    make(CLIENT, "leaf", MIDDLE, false, "clientAuth");
    make(CA_LEAF, "ca leaf", ROOT, true, NULL);
    make(SELF, "self", END, false, "serverAuth");
    make_torn(TORN_LEAF, "Torn Leaf", MIDDLE, false);
    make_torn(TORN, "Torn", ROOT, true);
    make(BELOW_TORN, "leaf", TORN, false, "serverAuth");
    context = SSL_CTX_new(TLS_client_method());
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certs[ROOT].x509);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    SSL_CTX_free(context);
    for (size_t i = 1; i < CERTS; i++)
        fixture_free(&certs[i]);
    return 0;
}

// A chain as sent, the leaf first, and what is found.
static const struct {
    enum who sent[8];
    const char *trust, *form, *words;
} rows[] = {
    {{LEAF, MIDDLE}, "", "", NULL},
    {{ROOT_LEAF}, "", "", NULL},
    {{LEAF, MIDDLE, ROOT}, "", "chain_extra@-1=ok", NULL},
    {{LEAF, ROOT, MIDDLE}, "", "chain_order@-1=warning chain_extra@-1=ok", NULL},
    {{LEAF, MIDDLE, MIDDLE}, "", "chain_extra@-1=ok", NULL},
    {{LEAF, LEAF, MIDDLE}, "", "chain_extra@-1=ok", NULL},
    {{LEAF, FOREIGN, MIDDLE}, "", "chain_extra@-1=ok", NULL},
    {{SELF}, "self_signed@0=critical", "", "the certificate is self-signed and not trusted"},
    {{LEAF},
     "incomplete_chain@0=critical",
     "",
     "the certificate is signed by Middle, whose own is neither sent"},
    {{FOREIGN_LEAF, FOREIGN},
     "untrusted_root@1=critical",
     "",
     "the chain ends at Stranger, which is neither sent nor trusted"},
    {{FOREIGN_LEAF, FOREIGN, STRANGER},
     "untrusted_root@2=critical",
     "chain_extra@-1=ok",
     "the chain ends at the root Stranger, which is not trusted"},
    {{STRANGER_LEAF, STRANGER}, "untrusted_root@1=critical", "chain_extra@-1=ok", NULL},
    {{LOWER_LEAF, LOWER, MIDDLE},
     "path_length@2=critical",
     "",
     "more certificates lie below the certificate of Middle in its chain than it allows"},
    {{NO_CA_LEAF, NO_CA},
     "invalid_ca@1=critical",
     "",
     "the certificate of No CA in its chain signed another and must not"},
    {{NARROW_LEAF, NARROW}, "name_constraint@0=critical", "", "permitted subtree violation"},
    {{CLIENT, MIDDLE}, "wrong_purpose@0=critical", "", "not meant for TLS servers"},
    {{CA_LEAF}, "", "leaf_is_ca@0=warning", NULL},
    {{TORN_LEAF, MIDDLE},
     "malformed@0=critical",
     "chain_extra@-1=ok",
     "an extension of the certificate of Torn Leaf cannot be read"},
    {{BELOW_TORN, TORN},
     "malformed@1=critical",
     "chain_extra@-1=ok",
     "an extension of the certificate of Torn cannot be read"},
    {{BELOW_TORN}, "incomplete_chain@0=critical", "", NULL},
};

static STACK_OF(X509) * stack_of(const enum who *sent)
{
    STACK_OF(X509) *stack = sk_X509_new_null();

    for (size_t i = 0; i < 8 && sent[i] != END; i++)
        sk_X509_push(stack, certs[sent[i]].x509);
    return stack;
}

static STACK_OF(X509) * build(STACK_OF(X509) * sent, struct tls_notes *notes)
{
    const struct tls_build b = {
        .context = context,
        .leaf = sk_X509_value(sent, 0),
        .untrusted = sent,
        .purpose = "ssl_server",
        .now = FIXTURE_NOW,
    };

    return tls_chain_build(&b, notes);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        STACK_OF(X509) *sent = stack_of(rows[i].sent);
        struct tls_notes notes;
        struct tls_evidence evidence = {
            .leaf = sk_X509_value(sent, 0), .presented = sent, .verified = build(sent, &notes)};
        struct tls_findings f = {.arena = arena_new(1024)};

        tls_chain_judge_trust(&evidence, &notes, &f);
        findings_are(&f, rows[i].trust, i);
        assert_int_equal(tls_chain_is_trusted(&notes),
                         !tls_findings_have(&f, TLS_CODE_SELF_SIGNED) &&
                             !tls_findings_have(&f, TLS_CODE_MALFORMED) &&
                             !tls_findings_have(&f, TLS_CODE_UNTRUSTED_ROOT) &&
                             !tls_findings_have(&f, TLS_CODE_INCOMPLETE_CHAIN));
        if (rows[i].words && !strstr(f.v[0].words.p, rows[i].words))
            fail_msg("row %zu: %s", i, f.v[0].words.p);
        assert_true(f.len == 0 || f.v[0].openssl != 0);
        f.len = 0;
        tls_chain_judge_form(&evidence, &f);
        findings_are(&f, rows[i].form, i);
        arena_free(f.arena);
        sk_X509_pop_free((STACK_OF(X509) *)evidence.verified, X509_free);
        sk_X509_free(sent);
    }
}

// The standard knows one way to write a date; what is lenient reads more, most clients do not.
static void test_a_date_in_short(void **state)
{
    const enum who dated[8] = {LEAF, MIDDLE};
    STACK_OF(X509) *sent = stack_of(dated);
    X509 *copy = X509_dup(certs[LEAF].x509);
    struct tls_notes notes;
    struct tls_evidence evidence;
    struct tls_findings f = {.arena = arena_new(1024)};

    (void)state;
    ASN1_STRING_set(X509_getm_notAfter(copy), "2603010000Z", -1); // without seconds
    X509_sign(copy, certs[MIDDLE].key, EVP_sha256());
    sk_X509_set(sent, 0, copy);
    evidence =
        (struct tls_evidence){.leaf = copy, .presented = sent, .verified = build(sent, &notes)};
    tls_chain_judge_trust(&evidence, &notes, &f);
    findings_are(&f, "malformed@0=critical", 0);
    assert_non_null(strstr(f.v[0].words.p, "format error in certificate's notAfter field"));
    arena_free(f.arena);
    sk_X509_pop_free(evidence.verified, X509_free);
    sk_X509_free(sent);
    X509_free(copy);
}

static void test_bad_signature(void **state)
{
    const enum who forged[8] = {LEAF, MIDDLE};
    STACK_OF(X509) *sent = stack_of(forged);
    X509 *copy = X509_dup(certs[LEAF].x509);
    const ASN1_BIT_STRING *signature;
    struct tls_notes notes;
    struct tls_evidence evidence;
    struct tls_findings f = {.arena = arena_new(1024)};

    (void)state;
    X509_get0_signature(&signature, NULL, copy);
    ((unsigned char *)signature->data)[signature->length - 1] ^= 1;
    sk_X509_set(sent, 0, copy);
    evidence =
        (struct tls_evidence){.leaf = copy, .presented = sent, .verified = build(sent, &notes)};
    tls_chain_judge_trust(&evidence, &notes, &f);
    findings_are(&f, "bad_signature@0=critical", 0);
    assert_non_null(strstr(f.v[0].words.p, "that Middle did not make"));
    arena_free(f.arena);
    sk_X509_pop_free(evidence.verified, X509_free);
    sk_X509_free(sent);
    X509_free(copy);
}

// OpenSSL lets an earlier complaint take the place of "not trusted" (here at a level at which the
// leaf's key is too weak); that must not make a stranger's chain a trusted one.
static void test_nothing_is_forgotten(void **state)
{
    struct fixture_cert weak = fixture_make(&(struct fixture_options){.cn = "weak",
                                                                      .issuer = &certs[STRANGER],
                                                                      .start_days = -9,
                                                                      .end_days = 99,
                                                                      .key = "RSA1024"});
    STACK_OF(X509) *sent = sk_X509_new_null(), *chain;
    struct tls_notes notes;
    bool is_told = false;

    (void)state;
    sk_X509_push(sent, weak.x509);
    sk_X509_push(sent, certs[STRANGER].x509);
    X509_VERIFY_PARAM_set_auth_level(SSL_CTX_get0_param(context), 2);
    chain = build(sent, &notes);
    X509_VERIFY_PARAM_set_auth_level(SSL_CTX_get0_param(context), 0);
    for (size_t i = 0; i < notes.len; i++)
        is_told |= notes.v[i].error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
    assert_true(is_told);
    assert_false(tls_chain_is_trusted(&notes));
    sk_X509_pop_free(chain, X509_free);
    sk_X509_free(sent);
    fixture_free(&weak);
}

// Without a chain there is nobody to trust.
static void test_giving_up_is_noted(void **state)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    struct tls_notes notes = {0};

    (void)state;
    assert_true(X509_STORE_CTX_init(ctx, NULL, NULL, NULL));
    tls_notes_complete(&notes, ctx, 1);
    assert_int_equal(notes.len, 0);
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    tls_notes_complete(&notes, ctx, -1);
    assert_int_equal(notes.len, 1);
    assert_int_equal(notes.v[0].error, X509_V_ERR_UNSPECIFIED);
    assert_false(tls_chain_is_trusted(&notes));
    X509_STORE_CTX_free(ctx);
}

static void test_many_are_a_warning(void **state)
{
    const enum who first[8] = {LEAF, MIDDLE};
    STACK_OF(X509) *sent = stack_of(first);
    struct tls_notes notes;
    struct tls_evidence evidence;
    struct tls_findings f = {.arena = arena_new(1024)};

    (void)state;
    for (int i = 0; i < 148; i++)
        sk_X509_push(sent, certs[FOREIGN].x509);
    evidence = (struct tls_evidence){
        .leaf = certs[LEAF].x509, .presented = sent, .verified = build(sent, &notes)};
    tls_chain_judge_form(&evidence, &f);
    findings_are(&f, "chain_extra@-1=warning", 0);
    assert_non_null(strstr(f.v[0].words.p, "148 of the 150 certificates"));
    arena_free(f.arena);
    sk_X509_pop_free(evidence.verified, X509_free);
    sk_X509_free(sent);
}

static void test_notes_each_once_and_bounded(void **state)
{
    struct tls_notes notes = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        tls_notes_add(&notes, 0, 10);
    tls_notes_add(&notes, 1, 10);
    assert_int_equal(notes.len, 2);
    for (int i = 0; i < 1000; i++)
        tls_notes_add(&notes, 2, i);
    assert_int_equal(notes.len, TLS_NOTES_MAX);
}

static void test_codes(void **state)
{
    static const struct {
        int error, depth, length;
        enum tls_code code;
    } codes[] = {
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 0, 1, TLS_CODE_SELF_SIGNED},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0, 1, TLS_CODE_INCOMPLETE_CHAIN},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1, 2, TLS_CODE_UNTRUSTED_ROOT},
        {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, 0, 1, TLS_CODE_INCOMPLETE_CHAIN},
        {X509_V_ERR_CERT_HAS_EXPIRED, 0, 1, TLS_CODE_OK}, // tls_dates tells
        {X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, 0, 1, TLS_CODE_MALFORMED},
        {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, 0, 1, TLS_CODE_VERIFY_OTHER},
        {99999, 0, 1, TLS_CODE_VERIFY_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++)
        assert_int_equal(tls_chain_code(codes[i].error, codes[i].depth, codes[i].length),
                         codes[i].code);
}

// Intermediates of one name, of which the last has signed the leaf: it is found, unless there are
// more than anybody has.
static void test_one_name_with_many_keys(void **state)
{
    static const struct {
        int others;
        bool is_found;
    } counts[] = {{0, true}, {1, true}, {20, true}, {70, false}};

    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct fixture_options middle = {.cn = "Renewed",
                                         .is_ca = true,
                                         .issuer = &certs[ROOT],
                                         .start_days = -1,
                                         .end_days = 99};
        struct fixture_cert others[70], last = fixture_make(&middle), leaf;
        STACK_OF(X509) *sent = sk_X509_new_null(), *chain;
        struct tls_notes notes;
        struct tls_build b = {
            .context = context, .untrusted = sent, .purpose = "ssl_server", .now = FIXTURE_NOW};

        leaf = fixture_make(&(struct fixture_options){
            .cn = "leaf", .sans = "DNS:x", .issuer = &last, .start_days = -1, .end_days = 99});
        sk_X509_push(sent, leaf.x509);
        for (int n = 0; n < counts[i].others; n++) {
            others[n] = fixture_make(&middle);
            sk_X509_push(sent, others[n].x509);
        }
        sk_X509_push(sent, last.x509);
        b.leaf = leaf.x509;
        chain = tls_chain_build(&b, &notes);
        if ((notes.len == 0) != counts[i].is_found)
            fail_msg("%d others: %d at %d", counts[i].others, notes.v[0].error, notes.v[0].depth);
        if (counts[i].is_found)
            assert_ptr_equal(sk_X509_value(chain, 1), last.x509);
        else
            assert_int_equal(notes.v[0].error, X509_V_ERR_CERT_SIGNATURE_FAILURE);
        assert_null(tls_chain_rebuild(&b, &notes)); // there is no better one
        sk_X509_pop_free(chain, X509_free);
        sk_X509_free(sent);
        for (int n = 0; n < counts[i].others; n++)
            fixture_free(&others[n]);
        fixture_free(&last);
        fixture_free(&leaf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_a_date_in_short),
        cmocka_unit_test(test_bad_signature),
        cmocka_unit_test(test_nothing_is_forgotten),
        cmocka_unit_test(test_giving_up_is_noted),
        cmocka_unit_test(test_many_are_a_warning),
        cmocka_unit_test(test_notes_each_once_and_bounded),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_one_name_with_many_keys),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
