// tls_identity_test.c - our certificate and key from files: plain, encrypted, mistaken.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>

#include "base/clock.h"

#include "tls_fixture.h"
#include "unit.h"

static char folder[] = "/tmp/belfry-identity-XXXXXX";

static const char *path_of(const char *name, char out[256])
{
    snprintf(out, 256, "%s/%s", folder, name);
    return out;
}

static FILE *file_new(const char *name)
{
    char path[256];
    FILE *file = fopen(path_of(name, path), "w");

    assert_non_null(file);
    return file;
}

static void key_put(FILE *file, const struct fixture_cert *c, const char *password)
{
    assert_int_equal(PEM_write_PKCS8PrivateKey(file, c->key, password ? EVP_aes_128_cbc() : NULL,
                                               password, password ? (int)strlen(password) : 0, NULL,
                                               NULL),
                     1);
}

static void text_put(const char *name, const char *text)
{
    FILE *file = file_new(name);

    fputs(text, file);
    fclose(file);
}

static int set_up(void **state)
{
    struct fixture_cert root =
        fixture_make(&(struct fixture_options){.cn = "R", .is_ca = true, .end_days = 9});
    struct fixture_cert ours =
        fixture_make(&(struct fixture_options){.cn = "C", .issuer = &root, .end_days = 9});
    char path[256];
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(folder));
    file = file_new("both.pem");
    key_put(file, &ours, NULL);
    PEM_write_X509(file, ours.x509);
    PEM_write_X509(file, root.x509);
    fclose(file);
    file = file_new("cert.pem");
    PEM_write_X509(file, ours.x509);
    fclose(file);
    file = file_new("locked.pem");
    key_put(file, &ours, "s3cret");
    fclose(file);
    file = file_new("other.pem");
    key_put(file, &root, NULL);
    fclose(file);
    text_put("password", "s3cret\n");
    text_put("wrong", "guess");
    text_put("nothing", "");
    assert_return_code(mkfifo(path_of("pipe", path), 0600), errno);
    fixture_free(&root);
    fixture_free(&ours);
    ERR_clear_error();
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"both.pem", "cert.pem", "locked.pem", "other.pem",
                                        "password", "wrong",    "nothing",    "pipe"};
    char path[256];

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        unlink(path_of(names[i], path));
    rmdir(folder);
    return 0;
}

static const struct {
    const char *cert, *key, *password;
    int chain;         // certificates behind ours
    const char *words; // NULL: it can be used
} cases[] = {
    {"both.pem", NULL, NULL, 1, NULL},
    {"both.pem", "both.pem", NULL, 1, NULL},
    {"cert.pem", "locked.pem", "password", 0, NULL},
    {"cert.pem", "locked.pem", NULL, 0, "locked.pem is encrypted"},
    {"cert.pem", "locked.pem", "wrong", 0, "locked.pem holds no key that can be read"},
    {"cert.pem", "locked.pem", "nothing", 0, "locked.pem holds no key that can be read"},
    {"cert.pem", "locked.pem", "absent", 0, "absent"},
    {"cert.pem", "other.pem", NULL, 0, "is not that of the certificate in"},
    {"cert.pem", NULL, NULL, 0, "cert.pem holds no key"},
    {"locked.pem", NULL, NULL, 0, "locked.pem holds no certificate"},
    {"nothing", NULL, NULL, 0, "nothing holds no certificate"},
    {"absent", NULL, NULL, 0, "absent"},
    {"pipe", NULL, NULL, 0, "pipe"},
    {"cert.pem", "pipe", NULL, 0, "pipe"},
};

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char cert[256], key[256], password[256];
        struct tls_identity_files files = {
            .cert = path_of(cases[i].cert, cert),
            .key = cases[i].key ? path_of(cases[i].key, key) : NULL,
            .password = cases[i].password ? path_of(cases[i].password, password) : NULL,
        };
        struct tls_identity id = {0};
        struct err e = {0};
        bool ok = tls_identity_load(&files, &id, &e);

        if (ok != !cases[i].words || (!ok && !strstr(e.message, cases[i].words)))
            fail_msg("%zu: %d: %s", i, ok, e.message);
        assert_int_equal(e.code, ok ? ERR_NONE : ERR_TLS);
        assert_null(strstr(e.message, "s3cret"));
        assert_int_equal(ERR_peek_error(), 0);
        if (ok) {
            assert_non_null(id.key);
            assert_int_equal(sk_X509_num(id.chain), cases[i].chain);
        } else {
            assert_null(id.certificate);
        }
        tls_identity_done(&id);
        assert_null(id.certificate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files)};

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
