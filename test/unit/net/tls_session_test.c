// tls_session_test.c - handshakes over a socketpair: trust, verdicts, hostile bytes.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_session.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "net/tls_options.h"
#include "net/tls_trust.h"
#include "net/tls_verdict.h"
#include "net/tls_wire.h"
#include "tls_findings.h"
#include "tls_fixture.h"
#include "unit.h"

static struct fixture_cert root;
static char ca_path[] = "/tmp/belfry-ca-XXXXXX";
static struct tls_trust *trust;
static BIO_METHOD *method;

static int set_up(void **state)
{
    (void)state;
    root = fixture_make(&(struct fixture_options){
        .cn = "Root", .is_ca = true, .start_days = -10, .end_days = 1000});
    fixture_write(&root, ca_path);
    trust = tls_trust_new(ca_path);
    method = tls_wire_method();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(ca_path);
    tls_trust_free(trust);
    BIO_meth_free(method);
    fixture_free(&root);
    return 0;
}

// Both ends of a connection and what our end found out.
struct pair {
    int fd[2];
    struct tls_session *session;
    struct tls_result result;
};

static void pair_open_with(struct pair *p, const char *host, const struct tls_identity *identity)
{
    struct tls_session_options o = {
        .method = method, .identity = identity, .target = &p->result.target, .now = FIXTURE_NOW};
    struct err e;

    memset(p, 0, sizeof *p);
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fd), 0);
    assert_true(tls_target_parse(str_of(host), &p->result.target, &e));
    assert_true(tls_trust_context(trust, NULL, (mono){0}, &o.context, &e));
    p->result.arena = p->result.findings.arena = arena_new(4096);
    p->result.checked_at = FIXTURE_NOW;
    o.fd = p->fd[0];
    p->session = tls_session_new(&o);
    assert_non_null(p->session);
}

static void pair_open(struct pair *p, const char *host)
{
    pair_open_with(p, host, NULL);
}

static void pair_close(struct pair *p)
{
    tls_session_free(p->session);
    arena_free(p->result.arena);
    close(p->fd[0]);
    close(p->fd[1]);
}

// A server that does its part with this certificate.
static SSL *server_new(int fd, const struct fixture_cert *c, int version, bool wants_client)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL *ssl;

    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_use_certificate(context, c->x509);
    SSL_CTX_use_PrivateKey(context, c->key);
    if (wants_client)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(ssl, fd);
    SSL_set_accept_state(ssl);
    return ssl;
}

static void report(struct pair *p)
{
    tls_session_report(p->session, &p->result);
    tls_result_conclude(&p->result);
}

static void shake(struct pair *p, const struct fixture_cert *c, int version, bool wants_client)
{
    SSL *server = server_new(p->fd[1], c, version, wants_client);
    enum tls_step step = TLS_STEP_READ;

    for (int i = 0; i < 100 && step != TLS_STEP_OVER; i++) {
        step = tls_session_step(p->session);
        (void)SSL_do_handshake(server);
        ERR_clear_error();
    }
    assert_int_equal(step, TLS_STEP_OVER);
    SSL_free(server);
    report(p);
}

static void test_good(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct fixture_cert leaf = fixture_make(&(struct fixture_options){
        .cn = "x", .sans = "DNS:good.example", .issuer = &root, .start_days = -1, .end_days = 63});

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair p;

        pair_open(&p, "good.example");
        shake(&p, &leaf, versions[i], false);
        assert_true(tls_result_is_good(&p.result));
        assert_string_equal(p.result.code, "ok");
        assert_int_equal(p.result.phase, TLS_PHASE_DONE);
        assert_string_equal(p.result.channel.version, i == 0 ? "TLSv1.2" : "TLSv1.3");
        assert_non_null(p.result.channel.cipher);
        assert_int_equal(tls_result_days(&p.result), 63);
        assert_int_equal(p.result.chain_count, 1);
        pair_close(&p);
    }
    assert_true(tls_trust_has_roots(trust, NULL));
    fixture_free(&leaf);
}

static void test_all_problems_at_once(void **state)
{
    struct fixture_cert leaf = fixture_make(&(struct fixture_options){
        .cn = "x", .sans = "DNS:other.example", .start_days = -20, .end_days = -3});
    struct pair p;

    (void)state;
    pair_open(&p, "good.example");
    shake(&p, &leaf, TLS1_3_VERSION, false);
    assert_int_equal(p.result.phase, TLS_PHASE_DONE);
    assert_int_equal(p.result.error.code, ERR_NONE);
    assert_non_null(p.result.leaf);
    assert_false(p.result.is_verified || p.result.is_host_ok || tls_result_is_good(&p.result));
    findings_are(&p.result.findings,
                 "hostname_mismatch@0=critical self_signed@0=critical expired@0=critical", 0);
    assert_string_equal(p.result.code, "hostname_mismatch");
    assert_non_null(strstr(p.result.findings.v[0].words.p, "DNS:other.example"));
    assert_ptr_equal(tls_session_evidence(p.session)->policy, tls_target_policy(&p.result.target));
    assert_non_null(tls_session_context(p.session));
    assert_int_equal(tls_result_days(&p.result), -3);
    pair_close(&p);
    fixture_free(&leaf);
}

static void test_the_given_now_decides(void **state)
{
    struct fixture_cert leaf = fixture_make(&(struct fixture_options){
        .cn = "x", .sans = "DNS:good.example", .issuer = &root, .start_days = 1, .end_days = 2});
    struct pair p;

    (void)state;
    pair_open(&p, "good.example");
    shake(&p, &leaf, TLS1_3_VERSION, false);
    assert_string_equal(p.result.code, "not_yet_valid");
    pair_close(&p);
    fixture_free(&leaf);
}

static void test_client_certificate_wanted(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct fixture_cert leaf = fixture_make(&(struct fixture_options){
        .cn = "x", .sans = "IP:192.0.2.1", .issuer = &root, .start_days = -1, .end_days = 2});

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair p;

        pair_open(&p, "192.0.2.1");
        shake(&p, &leaf, versions[i], true);
        assert_true(tls_result_is_good(&p.result));
        assert_true(p.result.channel.asks_client_cert);
        pair_close(&p);
    }
    fixture_free(&leaf);
}

// A TLS 1.3 server judges our certificate after the handshake; the next bytes say how.
static void test_our_certificate(void **state)
{
    struct fixture_cert leaf = fixture_make(&(struct fixture_options){
        .cn = "x", .sans = "IP:192.0.2.1", .issuer = &root, .start_days = -1, .end_days = 2});
    struct fixture_cert ours = fixture_make(
        &(struct fixture_options){.cn = "client", .start_days = -9999, .end_days = 9999});
    struct tls_identity identity = {.certificate = ours.x509, .key = ours.key};

    (void)state;
    for (int trusted = 0; trusted < 2; trusted++) {
        enum tls_step step = TLS_STEP_READ;
        struct pair p;
        SSL *server;

        pair_open_with(&p, "192.0.2.1", &identity);
        server = server_new(p.fd[1], &leaf, TLS1_3_VERSION, true);
        if (trusted)
            X509_STORE_add_cert(SSL_CTX_get_cert_store(SSL_get_SSL_CTX(server)), ours.x509);
        for (int i = 0; i < 100 && step != TLS_STEP_OVER; i++) {
            step = tls_session_step(p.session);
            if (step != TLS_STEP_OVER)
                (void)SSL_do_handshake(server);
        }
        assert_true(tls_session_has_more(p.session));
        assert_int_equal(tls_session_listen(p.session), TLS_STEP_READ); // it has not judged yet
        (void)SSL_do_handshake(server);
        ERR_clear_error();
        assert_int_equal(tls_session_listen(p.session), TLS_STEP_OVER);
        tls_session_close(p.session);
        report(&p);
        assert_string_equal(p.result.code, trusted ? "ok" : "client_cert_refused");
        assert_int_equal(p.result.status, trusted ? TLS_OK : TLS_ERROR);
        assert_true(p.result.leaf && p.result.channel.asks_client_cert);
        SSL_free(server);
        pair_close(&p);
    }
    fixture_free(&leaf);
    fixture_free(&ours);
}

// A TLS 1.2 server that hangs up over a certificate of ours has not let us in, though it says
// nothing.
static void test_hang_up_over_our_certificate(void **state)
{
    struct fixture_cert leaf = fixture_make(&(struct fixture_options){
        .cn = "x", .sans = "IP:192.0.2.1", .issuer = &root, .start_days = -1, .end_days = 2});
    struct tls_identity identity = {.certificate = leaf.x509, .key = leaf.key};

    (void)state;
    for (int shows_one = 0; shows_one < 2; shows_one++) {
        struct pair p;
        SSL *server;

        pair_open_with(&p, "192.0.2.1", shows_one ? &identity : NULL);
        server = server_new(p.fd[1], &leaf, TLS1_2_VERSION, true);
        assert_int_equal(tls_session_step(p.session), TLS_STEP_READ);
        (void)SSL_do_handshake(server);
        assert_int_equal(tls_session_step(p.session), TLS_STEP_READ);
        shutdown(p.fd[1], SHUT_WR);
        assert_int_equal(tls_session_step(p.session), TLS_STEP_OVER);
        report(&p);
        assert_string_equal(p.result.code, shows_one ? "connection_closed" : "ok");
        assert_non_null(p.result.leaf);
        SSL_free(server);
        pair_close(&p);
    }
    fixture_free(&leaf);
}

static const struct {
    const char *bytes;
    size_t count;
    const char *code, *message, *hint;
} strangers[] = {
    {"HTTP/1.0 400 Bad\r\n\r\n", 20, "not_tls", "it says \"HTTP/1.0 400 Bad\"", "plain HTTP"},
    {"220 mx ESMTP\r\n", 14, "not_tls", "it says \"220 mx ESMTP\"", "SMTP"},
    {"* OK IMAP\r\n", 11, "not_tls", "it says \"* OK IMAP\"", "IMAP"},
    {"\x1b[2J\x00\xff\xff\xff", 8, "not_tls", "it says \".[2J....\"", "right port"},
    {"\x16\x03\x03\xff\xff garbage", 13, "protocol_error", "packet length too long", ""},
    {"\x15\x03\x03\x00\x02\x02\x70", 7, "unrecognized_name", "unrecognized name", "another name"},
    {"\x15\x03\x03\x00\x02\x02\x46", 7, "old_protocol", "protocol version", "no version"},
    {"\x15\x03\x03\x00\x02\x02\x28", 7, "handshake_failure", "handshake failure", "cipher"},
    {"", 0, "connection_closed", "closed the connection without a word", "TLS port"},
    {"\x16\x03\x03", 3, "connection_closed", "closed the connection during", "TLS port"},
};

static void test_strangers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        struct pair p;

        pair_open(&p, "good.example:8443");
        assert_int_equal(tls_session_step(p.session), TLS_STEP_READ);
        assert_int_equal(write(p.fd[1], strangers[i].bytes, strangers[i].count),
                         strangers[i].count);
        shutdown(p.fd[1], SHUT_WR);
        assert_int_equal(tls_session_step(p.session), TLS_STEP_OVER);
        report(&p);
        assert_string_equal(p.result.code, strangers[i].code);
        assert_int_equal(p.result.error.code, ERR_TLS);
        if (!strstr(p.result.error.message, strangers[i].message) ||
            !strstr(p.result.error.message, "good.example:8443") ||
            !strstr(p.result.error.hint, strangers[i].hint))
            fail_msg("%zu: %s (%s)", i, p.result.error.message, p.result.error.hint);
        assert_null(p.result.leaf);
        pair_close(&p);
    }
}

static void test_text_behind_starttls(void **state)
{
    struct tls_options *options = tls_options_new();
    struct pair p;

    (void)state;
    options->starttls = STARTTLS_SMTP;
    pair_open(&p, "good.example");
    p.result.target.options = options;
    assert_int_equal(tls_session_step(p.session), TLS_STEP_READ);
    assert_int_equal(write(p.fd[1], "250 more\r\n", 10), 10);
    assert_int_equal(tls_session_step(p.session), TLS_STEP_OVER);
    tls_session_report(p.session, &p.result);
    assert_string_equal(p.result.code, "starttls_injection");
    assert_non_null(strstr(p.result.error.message, "good.example:25 agrees to TLS"));
    assert_non_null(strstr(p.result.error.message, "\"250 more\""));
    tls_session_injected(STR_LIT("x\x1by\r\n"), &p.result);
    assert_non_null(strstr(p.result.error.message, "\"x.y\""));
    pair_close(&p);
    tls_options_drop(options);
}

static void test_hang_up_before_we_write(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, "good.example");
    shutdown(p.fd[1], SHUT_RDWR); // a write without MSG_NOSIGNAL ends the process here
    while (tls_session_step(p.session) != TLS_STEP_OVER)
        ;
    report(&p);
    assert_string_equal(p.result.code, "connection_reset");
    pair_close(&p);
}

// HelloRequest messages are skipped by TLS 1.2 clients, however many come.
static void test_a_flood_ends(void **state)
{
    static const char block[] = "\x16\x03\x03\x00\x04\0\0\0\0";
    char flood[9 * 1000];
    struct pair p;
    enum tls_step step = TLS_STEP_READ;
    int steps = 0;

    (void)state;
    for (size_t i = 0; i < sizeof flood; i++)
        flood[i] = block[i % 9];
    pair_open(&p, "good.example");
    while (step != TLS_STEP_OVER && steps < 100000) {
        while (write(p.fd[1], flood, sizeof flood) == sizeof flood)
            ;
        step = tls_session_step(p.session);
        steps++;
    }
    assert_int_equal(step, TLS_STEP_OVER);
    report(&p);
    assert_int_equal(p.result.error.code, ERR_TLS);
    pair_close(&p);
}

static void test_the_callers_error_stays(void **state)
{
    struct pair p;

    (void)state;
    pair_open(&p, "good.example");
    assert_int_equal(tls_session_step(p.session), TLS_STEP_READ);
    fail(&p.result.error, ERR_TIMEOUT, NULL, "too late");
    p.result.code = "handshake_timeout";
    report(&p);
    assert_string_equal(p.result.error.message, "too late");
    assert_string_equal(p.result.code, "handshake_timeout");
    pair_close(&p);
}

static void test_wire_counts(void **state)
{
    struct tls_wire wire = {.turn_left = 4};
    BIO *bio = BIO_new(method);
    char bytes[16];
    int fd[2];

    (void)state;
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
    wire.fd = fd[0];
    tls_wire_attach(bio, &wire);
    assert_int_equal(write(fd[1], "abcdefgh", 8), 8);
    assert_int_equal(BIO_read(bio, bytes, sizeof bytes), 4); // the turn's share
    assert_true(BIO_read(bio, bytes, sizeof bytes) <= 0);
    assert_true(BIO_should_retry(bio));
    tls_wire_peek(&wire);
    assert_memory_equal(wire.first, "abcdefgh", 8);
    wire.turn_left = 100;
    wire.in_bytes = WIRE_MAX_BYTES;
    assert_true(BIO_read(bio, bytes, sizeof bytes) <= 0);
    assert_true(wire.is_flooded);
    assert_false(BIO_should_retry(bio));
    BIO_free(bio);
    close(fd[0]);
    close(fd[1]);
}

// A CA file may hold an intermediate alone, or the very certificate: devices often have only that.
static void test_trust_of_a_part(void **state)
{
    struct fixture_cert middle = fixture_make(&(struct fixture_options){
        .cn = "Middle", .issuer = &root, .is_ca = true, .start_days = -1, .end_days = 9});
    struct fixture_cert leaf = fixture_make(&(struct fixture_options){
        .cn = "x", .sans = "DNS:good.example", .issuer = &middle, .start_days = -1, .end_days = 9});
    const struct fixture_cert *anchors[] = {&middle, &leaf};
    struct tls_trust *usual = trust;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char path[] = "/tmp/belfry-ca-XXXXXX";
        struct pair p;

        fixture_write(anchors[i], path);
        trust = tls_trust_new(path);
        pair_open(&p, "good.example");
        shake(&p, &leaf, TLS1_3_VERSION, false);
        assert_string_equal(p.result.code, "ok");
        pair_close(&p);
        tls_trust_free(trust);
        unlink(path);
    }
    trust = usual;
    fixture_free(&leaf);
    fixture_free(&middle);
}

static void test_trust_says_what_is_wrong(void **state)
{
    struct tls_trust *none = tls_trust_new("/nonexistent/ca.pem");
    struct tls_trust *empty = tls_trust_new("/dev/null");
    SSL_CTX *context;
    struct err e;

    (void)state;
    assert_false(tls_trust_context(none, NULL, (mono){0}, &context, &e));
    assert_int_equal(e.code, ERR_TLS);
    assert_non_null(strstr(e.message, "/nonexistent/ca.pem"));
    assert_false(tls_trust_context(empty, NULL, (mono){0}, &context, &e));
    assert_non_null(strstr(e.hint, "BEGIN CERTIFICATE"));
    assert_false(tls_trust_has_roots(empty, NULL));
    tls_trust_free(none);
    tls_trust_free(empty);
}

// Each CA has a set of its own; the usual one never has to make room.
static void test_trust_in_sets(void **state)
{
    struct tls_trust *t = tls_trust_new(ca_path);
    char paths[TLS_TRUST_SETS + 1][32];
    SSL_CTX *usual, *again;
    struct err e;

    (void)state;
    assert_true(tls_trust_context(t, NULL, (mono){0}, &usual, &e));
    assert_true(tls_trust_context(t, ca_path, (mono){0}, &again, &e));
    assert_ptr_equal(again, usual);
    for (size_t i = 0; i <= TLS_TRUST_SETS; i++) {
        snprintf(paths[i], sizeof paths[i], "/tmp/belfry-ca-XXXXXX");
        fixture_write(&root, paths[i]);
        assert_false(tls_trust_has_roots(t, paths[i]));
        assert_true(tls_trust_context(t, paths[i], (mono){(int64_t)i + 1}, &again, &e));
        assert_true(tls_trust_has_roots(t, paths[i]));
        assert_ptr_not_equal(again, usual);
    }
    assert_false(tls_trust_has_roots(t, paths[0])); // it was not used for longest
    assert_true(tls_trust_has_roots(t, paths[1]));
    assert_true(tls_trust_context(t, NULL, (mono){99}, &again, &e));
    assert_ptr_equal(again, usual);
    assert_false(tls_trust_context(t, "/nonexistent", (mono){99}, &again, &e));
    tls_trust_free(t);
    for (size_t i = 0; i <= TLS_TRUST_SETS; i++)
        unlink(paths[i]);
}

static void test_trust_notices_a_new_file(void **state)
{
    char path[] = "/tmp/belfry-ca-XXXXXX";
    struct tls_trust *t;
    SSL_CTX *first, *again;
    struct err e;
    FILE *file;

    (void)state;
    fixture_write(&root, path);
    t = tls_trust_new(path);
    assert_true(tls_trust_context(t, NULL, (mono){0}, &first, &e));
    SSL_CTX_up_ref(first);
    assert_true(tls_trust_context(t, NULL, (mono){20000000}, &again, &e));
    assert_ptr_equal(first, again);
    file = fopen(path, "w");
    PEM_write_X509(file, root.x509);
    PEM_write_X509(file, root.x509);
    fclose(file);
    assert_true(tls_trust_context(t, NULL, (mono){25000000}, &again, &e)); // 5 s later: not looked
                                                                           // at
    assert_ptr_equal(first, again);
    assert_true(tls_trust_context(t, NULL, (mono){31000000}, &again, &e));
    assert_ptr_not_equal(first, again);
    SSL_CTX_free(first);
    tls_trust_free(t);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_counts),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_all_problems_at_once),
        cmocka_unit_test(test_the_given_now_decides),
        cmocka_unit_test(test_client_certificate_wanted),
        cmocka_unit_test(test_our_certificate),
        cmocka_unit_test(test_hang_up_over_our_certificate),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_text_behind_starttls),
        cmocka_unit_test(test_hang_up_before_we_write),
        cmocka_unit_test(test_a_flood_ends),
        cmocka_unit_test(test_the_callers_error_stays),
        cmocka_unit_test(test_trust_of_a_part),
        cmocka_unit_test(test_trust_says_what_is_wrong),
        cmocka_unit_test(test_trust_in_sets),
        cmocka_unit_test(test_trust_notices_a_new_file),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
