// tls_inquiry_test.c - responders and lists on loopback: asked in turn, within limits, and no harm
// done when they are not there.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_inquiry.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <openssl/ocsp.h>

#include "base/arena.h"
#include "base/loop.h"
#include "net/access.h"
#include "net/dns.h"
#include "tls_findings.h"
#include "tls_fixture.h"
#include "tls_read.h"

static struct loop *loop;
static struct dns *dns;
static SSL_CTX *context;
static struct fixture_cert root, middle, leaf;

// What answers: an OCSP response about the leaf at /ocsp, the middle's list at /crl, 404 else.
static struct {
    int listener, port, client;
    struct loop_fd *watch, *client_watch;
    int requests;
    bool is_revoked, is_silent;
} server;

static void ocsp_write(struct buf *out)
{
    ASN1_TIME *from = ASN1_GENERALIZEDTIME_adj(NULL, FIXTURE_NOW.us / 1000000, -1, 0);
    ASN1_TIME *to = ASN1_GENERALIZEDTIME_adj(NULL, FIXTURE_NOW.us / 1000000, 1, 0);
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf.x509, middle.x509);
    OCSP_RESPONSE *response;
    unsigned char *der = NULL;
    int n;

    OCSP_basic_add1_status(basic, id,
                           server.is_revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD,
                           0, server.is_revoked ? from : NULL, from, to);
    OCSP_basic_sign(basic, middle.x509, middle.key, EVP_sha256(), NULL, 0);
    response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    n = i2d_OCSP_RESPONSE(response, &der);
    buf_add(out, (struct str){(char *)der, (size_t)n});
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
}

static void list_write(struct buf *out)
{
    ASN1_TIME *from = ASN1_TIME_adj(NULL, FIXTURE_NOW.us / 1000000, -1, 0);
    ASN1_TIME *to = ASN1_TIME_adj(NULL, FIXTURE_NOW.us / 1000000, 1, 0);
    X509_CRL *list = X509_CRL_new();
    unsigned char *der = NULL;
    int n;

    X509_CRL_set_version(list, 1);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(middle.x509));
    X509_CRL_set1_lastUpdate(list, from);
    X509_CRL_set1_nextUpdate(list, to);
    if (server.is_revoked) {
        X509_REVOKED *revoked = X509_REVOKED_new();

        X509_REVOKED_set_serialNumber(revoked, X509_get_serialNumber(leaf.x509));
        X509_REVOKED_set_revocationDate(revoked, from);
        X509_CRL_add0_revoked(list, revoked);
    }
    X509_CRL_sign(list, middle.key, EVP_sha256());
    n = i2d_X509_CRL(list, &der);
    buf_add(out, (struct str){(char *)der, (size_t)n});
    OPENSSL_free(der);
    X509_CRL_free(list);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
}

static void client_gone(void)
{
    loop_remove(loop, server.client_watch);
    server.client_watch = NULL;
    if (server.client >= 0)
        close(server.client);
    server.client = -1;
}

static void client_speaks(int fd, uint32_t events, void *ctx)
{
    char request[4096] = "";
    ssize_t n = recv(fd, request, sizeof request - 1, 0);
    struct buf body, answer;

    (void)events;
    (void)ctx;
    if (n <= 0) {
        client_gone();
        return;
    }
    server.requests++;
    if (server.is_silent)
        return;
    buf_init(&body, 4096);
    buf_init(&answer, 8192);
    if (strncmp(request, "POST /ocsp ", 11) == 0)
        ocsp_write(&body);
    if (strncmp(request, "GET /crl ", 9) == 0)
        list_write(&body);
    buf_printf(&answer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n",
               body.len > 0 ? "200 OK" : "404 Not Found", body.len);
    buf_add(&answer, buf_str(&body));
    assert_int_equal(send(fd, answer.p, answer.len, MSG_NOSIGNAL), answer.len);
    buf_done(&body);
    buf_done(&answer);
    client_gone();
}

static void client_comes(int fd, uint32_t events, void *ctx)
{
    (void)events;
    (void)ctx;
    client_gone();
    server.client = accept(fd, NULL, NULL);
    server.client_watch = loop_add(loop, server.client, EPOLLIN, client_speaks, NULL);
}

static int set_up(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    struct fixture_options o = {.cn = "Root", .is_ca = true, .start_days = -9, .end_days = 99};
    struct err e;

    (void)state;
    loop = loop_new(clock_real(), &e);
    dns = dns_new(loop, NULL);
    server.client = -1;
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server.listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(server.listener, 10) != 0 ||
        getsockname(server.listener, (struct sockaddr *)&at, &n) != 0)
        return -1;
    server.port = ntohs(at.sin_port);
    server.watch = loop_add(loop, server.listener, EPOLLIN, client_comes, NULL);
    root = fixture_make(&o);
    o.cn = "Middle";
    o.issuer = &root;
    o.serial = 2;
    middle = fixture_make(&o);
    context = SSL_CTX_new(TLS_client_method());
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.x509);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_gone();
    loop_remove(loop, server.watch);
    close(server.listener);
    SSL_CTX_free(context);
    fixture_free(&root);
    fixture_free(&middle);
    dns_free(dns);
    loop_free(loop);
    return 0;
}

// A leaf whose extensions point at the server; "%d" in them is its port.
static void leaf_make(const char *responders, const char *lists)
{
    char access[256], points[256];
    struct fixture_options o = {
        .cn = "leaf", .issuer = &middle, .start_days = -9, .end_days = 99, .serial = 33};
    int count = 0;

    snprintf(access, sizeof access, responders, server.port, server.port);
    snprintf(points, sizeof points, lists, server.port, server.port);
    if (access[0])
        o.extensions[count++] = (struct fixture_extension){NID_info_access, access};
    if (points[0])
        o.extensions[count] = (struct fixture_extension){NID_crl_distribution_points, points};
    leaf = fixture_make(&o);
}

struct inquiry {
    struct tls_result result;
    struct tls_policy policy;
    struct tls_evidence evidence;
    struct tls_inquiry_options options;
    int calls;
};

static void on_done(void *ctx)
{
    ((struct inquiry *)ctx)->calls++;
}

static void inquiry_open(struct inquiry *q, bool ocsp, bool crl, const struct access *access)
{
    static struct tls_cert cert;

    memset(q, 0, sizeof *q);
    q->result.arena = q->result.findings.arena = arena_new(4096);
    q->policy = (struct tls_policy){.asks_ocsp = ocsp, .asks_crl = crl};
    q->evidence = (struct tls_evidence){.leaf = leaf.x509,
                                        .presented = sk_X509_new_null(),
                                        .now = FIXTURE_NOW,
                                        .policy = &q->policy};
    sk_X509_push(q->evidence.presented, leaf.x509);
    sk_X509_push(q->evidence.presented, middle.x509);
    sk_X509_push(q->evidence.presented, root.x509);
    q->evidence.verified = q->evidence.presented;
    cert_read(leaf.x509, 0, q->result.arena, &cert);
    q->result.leaf = &cert;
    q->options = (struct tls_inquiry_options){
        .loop = loop,
        .dns = dns,
        .access = access,
        .evidence = &q->evidence,
        .context = context,
        .result = &q->result,
        .until = mono_after_us(clock_mono(clock_real()), 30000000),
    };
    server.requests = 0;
}

static void inquiry_close(struct inquiry *q)
{
    sk_X509_free(q->evidence.presented);
    arena_free(q->result.arena);
    fixture_free(&leaf);
}

static void run(struct inquiry *q)
{
    (void)!tls_inquiry_start(&q->options, on_done, q);
    assert_int_equal(q->calls, 0);
    for (int i = 0; i < 1000 && q->calls == 0; i++)
        loop_turn(loop, 100);
    assert_int_equal(q->calls, 1);
}

static const struct {
    const char *responders, *lists; // of the leaf
    bool ocsp, crl, is_revoked, is_silent;
    const char *codes, *by_ocsp, *by_list;
    int requests;
} rows[] = {
    {"OCSP;URI:http://127.0.0.1:%d/ocsp", "", true, false, false, false, "", "good", "none", 1},
    {"OCSP;URI:http://127.0.0.1:%d/ocsp", "", true, false, true, false, "revoked@0=critical",
     "revoked", "none", 1},
    {"OCSP;URI:http://127.0.0.1:%d/none,OCSP;URI:http://127.0.0.1:%d/ocsp", "", true, false, false,
     false, "", "good", "none", 2},
    {"OCSP;URI:http://127.0.0.1:%d/none", "", true, false, false, false, "ocsp_unreachable@0=ok",
     "none", "none", 1},
    {"OCSP;URI:https://127.0.0.1:%d/ocsp", "", true, false, false, false, "ocsp_unreachable@0=ok",
     "none", "none", 0},
    {"OCSP;URI:http://127.0.0.1:%d/ocsp", "", true, false, false, true, "ocsp_unreachable@0=ok",
     "none", "none", 1},
    {"", "URI:http://127.0.0.1:%d/crl", false, true, false, false, "", "none", "good", 1},
    {"", "URI:http://127.0.0.1:%d/crl", false, true, true, false, "revoked@0=critical", "none",
     "revoked", 1},
    {"", "URI:http://127.0.0.1:%d/none,URI:http://127.0.0.1:%d/crl", false, true, true, false,
     "crl_unreachable@0=ok revoked@0=critical", "none", "revoked", 2},
    {"", "URI:http://127.0.0.1:%d/none", false, true, false, false, "crl_unreachable@0=ok", "none",
     "none", 1},
    {"", "URI:ldap://127.0.0.1:%d/crl", false, true, false, false, "crl_unreachable@0=ok", "none",
     "none", 0},
    {"", "", false, true, false, false, "crl_missing@0=ok", "none", "none", 0},
    {"OCSP;URI:http://127.0.0.1:%d/ocsp", "URI:http://127.0.0.1:%d/crl", true, true, false, false,
     "", "good", "good", 2},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct inquiry q;
        struct tls_findings shown;

        leaf_make(rows[i].responders, rows[i].lists);
        inquiry_open(&q, rows[i].ocsp, rows[i].crl, NULL);
        server.is_revoked = rows[i].is_revoked;
        server.is_silent = rows[i].is_silent;
        if (server.is_silent)
            q.options.until = mono_after_us(clock_mono(clock_real()), 400000);
        assert_true(tls_inquiry_is_due(&q.evidence, &q.result));
        run(&q);
        shown = q.result.findings;
        if (rows[i].crl && q.result.crl.source) // the root's list is nowhere
            shown.len -= tls_findings_have(&shown, TLS_CODE_CRL_MISSING);
        findings_are(&shown, rows[i].codes, i);
        assert_string_equal(tls_revocation_name(q.result.ocsp.status), rows[i].by_ocsp);
        assert_string_equal(tls_revocation_name(q.result.crl.status), rows[i].by_list);
        assert_int_equal(server.requests, rows[i].requests);
        inquiry_close(&q);
    }
}

static void test_when_it_is_due(void **state)
{
    struct inquiry q;

    (void)state;
    leaf_make("OCSP;URI:http://127.0.0.1:%d/ocsp", "");
    inquiry_open(&q, false, false, NULL);
    assert_false(tls_inquiry_is_due(&q.evidence, &q.result));
    q.policy.asks_ocsp = true;
    assert_true(tls_inquiry_is_due(&q.evidence, &q.result));
    q.result.ocsp.status = TLS_REVOCATION_GOOD; // a staple said so
    assert_false(tls_inquiry_is_due(&q.evidence, &q.result));
    q.result.ocsp.status = TLS_REVOCATION_UNKNOWN;
    assert_true(tls_inquiry_is_due(&q.evidence, &q.result));
    q.result.leaf = NULL;
    assert_false(tls_inquiry_is_due(&q.evidence, &q.result));
    inquiry_close(&q);
}

// A certificate must not lead us where the operator does not want us to go.
static void test_lines_are_kept(void **state)
{
    struct access *access;
    struct inquiry q;
    struct err e;

    (void)state;
    server.is_silent = false;
    assert_true(access_parse((struct str){0}, STR_LIT("127.0.0.0/8"), &access, &e));
    leaf_make("OCSP;URI:http://127.0.0.1:%d/ocsp", "URI:http://127.0.0.1:%d/crl");
    inquiry_open(&q, true, true, access);
    run(&q);
    findings_are(&q.result.findings, "ocsp_unreachable@0=ok crl_unreachable@0=ok", 0);
    assert_int_equal(server.requests, 0);
    inquiry_close(&q);
    access_free(access);
}

static void test_no_time_is_left(void **state)
{
    struct inquiry q;

    (void)state;
    leaf_make("OCSP;URI:http://127.0.0.1:%d/ocsp", "");
    inquiry_open(&q, true, false, NULL);
    q.options.until = clock_mono(clock_real());
    run(&q);
    findings_are(&q.result.findings, "ocsp_unreachable@0=ok", 0);
    inquiry_close(&q);
}

static void test_stopped(void **state)
{
    (void)state;
    leaf_make("OCSP;URI:http://127.0.0.1:%d/ocsp", "");
    for (int turns = 0; turns < 6; turns++) {
        struct inquiry q;
        struct tls_inquiry *inquiry;

        inquiry_open(&q, true, true, NULL);
        inquiry = tls_inquiry_start(&q.options, on_done, &q);
        for (int i = 0; i < turns && q.calls == 0; i++)
            loop_turn(loop, 5);
        if (q.calls == 0)
            tls_inquiry_stop(inquiry);
        loop_turn(loop, 5);
        sk_X509_free(q.evidence.presented);
        arena_free(q.result.arena);
    }
    tls_inquiry_stop(NULL);
    fixture_free(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_when_it_is_due),
        cmocka_unit_test(test_lines_are_kept), cmocka_unit_test(test_no_time_is_left),
        cmocka_unit_test(test_stopped),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
