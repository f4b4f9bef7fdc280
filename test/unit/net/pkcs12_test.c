// pkcs12_test.c - certificates out of PKCS#12 files, with and without a password.
// SPDX-License-Identifier: Apache-2.0
#include "net/pkcs12.h"

#include <openssl/pkcs12.h>

#include "base/buf.h"
#include "base/clock.h"
#include "tls_fixture.h"
#include "unit.h"

static struct fixture_cert issuer, leaf;

static int set_up(void **state)
{
    (void)state;
    issuer = fixture_make(&(struct fixture_options){.cn = "Issuer", .is_ca = true});
    leaf = fixture_make(&(struct fixture_options){.cn = "leaf", .issuer = &issuer});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_free(&issuer);
    fixture_free(&leaf);
    return 0;
}

static void make(const char *password, int cipher, int iterations, int mac_iterations,
                 struct buf *out)
{
    STACK_OF(X509) *others = sk_X509_new_null();
    unsigned char *der = NULL;
    PKCS12 *file;
    int n;

    sk_X509_push(others, issuer.x509);
    file = PKCS12_create(password, "name", leaf.key, leaf.x509, others, cipher, cipher, iterations,
                         mac_iterations, 0);
    assert_non_null(file);
    n = i2d_PKCS12(file, &der);
    buf_init(out, 65536);
    buf_add(out, (struct str){(char *)der, (size_t)n});
    OPENSSL_free(der);
    PKCS12_free(file);
    sk_X509_free(others);
}

static void test_reads(void **state)
{
    static const struct {
        const char *made_with, *read_with;
        int cipher; // 0: the usual
        int count;  // of certificates; 0: refused
        const char *words;
    } rows[] = {
        {"secret", "secret", 0, 2, NULL},
        {"secret", "secret", NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 2, NULL},
        {"secret", "other", 0, 0, "is another one"},
        {"secret", NULL, 0, 0, "have a password"},
        {"", NULL, 0, 2, NULL},
        {"", "", 0, 2, NULL},
        {NULL, NULL, -1, 2, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        STACK_OF(X509) *list = sk_X509_new_null();
        struct err e = {0};
        struct buf bytes;

        make(rows[i].made_with, rows[i].cipher, 10, 10, &bytes);
        assert_true(pkcs12_is(buf_str(&bytes)));
        assert_int_equal(pkcs12_read(buf_str(&bytes), rows[i].read_with, list, &e),
                         rows[i].count > 0);
        assert_int_equal(sk_X509_num(list), rows[i].count);
        if (rows[i].words) {
            assert_int_equal(e.code, ERR_INPUT);
            assert_non_null(strstr(e.message, rows[i].words));
        }
        buf_done(&bytes);
        sk_X509_pop_free(list, X509_free);
    }
}

// Whoever wrote these numbers wants the reader never to come back.
static void test_rounds_without_end(void **state)
{
    static const char small[] = "\x02\x03\x01\x00\x01"; // 65,537
    static const char large[] = "\x02\x03\x7f\xff\xff";
    STACK_OF(X509) *list = sk_X509_new_null();
    struct buf bytes;

    (void)state;
    for (int i = 0; i < 2; i++) { // in the cipher; in the MAC
        struct err e = {0};
        int patched = 0;

        make("x", 0, i == 0 ? 65537 : 1, i == 0 ? -1 : 65537, &bytes);
        for (char *p; (p = memmem(bytes.p, bytes.len, small, 5)); patched++)
            memcpy(p, large, 5);
        assert_in_range(patched, 1, 2);
        assert_false(pkcs12_read(buf_str(&bytes), "x", list, &e));
        assert_int_equal(e.code, ERR_INPUT);
        assert_non_null(strstr(e.message, "hashed too often"));
        buf_done(&bytes);
    }
    sk_X509_free(list);
}

static void test_damaged(void **state)
{
    STACK_OF(X509) *list = sk_X509_new_null();
    struct err e = {0};
    struct buf bytes;

    (void)state;
    assert_false(pkcs12_is(STR_LIT("")));
    assert_false(pkcs12_is(STR_LIT("\x30\x03\x02\x01\x03")));
    assert_false(pkcs12_read(STR_LIT("nothing"), NULL, list, &e));
    assert_non_null(strstr(e.message, "damaged"));
    make("x", 0, 1, 1, &bytes);
    for (size_t n = 0; n < bytes.len; n += 7)
        assert_false(pkcs12_read(str_cut(buf_str(&bytes), 0, n), "x", list, &e));
    assert_int_equal(sk_X509_num(list), 0);
    buf_done(&bytes);
    sk_X509_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_rounds_without_end),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
