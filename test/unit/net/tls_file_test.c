// tls_file_test.c - which certificates of a file are checked, and what is said of them.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_file.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "net/tls_options.h"
#include "net/tls_trust.h"
#include "tls_fixture.h"
#include "unit.h"

static struct fixture_cert root, middle, leaf, other, late;
static struct tls_trust *trust;
static struct sim_clock simulated;
static char ca_path[] = "/tmp/belfry-ca-XXXXXX";

static struct fixture_cert make(const char *cn, const struct fixture_cert *issuer, bool is_ca,
                                int end_days)
{
    return fixture_make(&(struct fixture_options){.cn = cn,
                                                  .sans = is_ca ? NULL : "DNS:a.example",
                                                  .issuer = issuer,
                                                  .is_ca = is_ca,
                                                  .start_days = -9,
                                                  .end_days = end_days});
}

static int set_up(void **state)
{
    (void)state;
    root = make("Root", NULL, true, 999);
    middle = make("Middle", &root, true, 999);
    leaf = make("leaf", &middle, false, 99);
    late = make("late", &middle, false, -1);
    other = make("Other Root", NULL, true, 999);
    fixture_write(&root, ca_path);
    trust = tls_trust_new(ca_path);
    sim_clock_init(&simulated, FIXTURE_NOW);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(ca_path);
    tls_trust_free(trust);
    fixture_free(&root);
    fixture_free(&middle);
    fixture_free(&leaf);
    fixture_free(&late);
    fixture_free(&other);
    return 0;
}

static void pem_add(struct buf *out, const struct fixture_cert *c)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    long n;

    PEM_write_bio_X509(bio, c->x509);
    n = BIO_get_mem_data(bio, &text);
    buf_add(out, (struct str){text, (size_t)n});
    BIO_free(bio);
}

// "leaf=ok Other Root=ok ": the common names and codes of what was found.
static void note(const struct tls_result *r, void *ctx)
{
    struct buf *seen = ctx;

    assert_non_null(r->file);
    if (r->leaf)
        buf_printf(seen, "%s=%s ", r->leaf->subject.p + strlen("CN = "), r->code);
    else
        buf_printf(seen, "(%s)=%s ", r->error.message, r->code);
}

static const struct tls_file_options *options(void)
{
    static struct tls_file_options o;

    o = (struct tls_file_options){.trust = trust, .clock = &simulated.base};
    return &o;
}

static void test_which_are_checked(void **state)
{
    const struct {
        const struct fixture_cert *certs[6];
        const char *seen;
    } rows[] = {
        {{&leaf, &middle}, "leaf=ok "},
        {{&leaf, &middle, &root}, "leaf=ok "},
        {{&middle, &leaf}, "leaf=chain_order "},
        {{&leaf, &leaf, &middle, &middle}, "leaf=ok "},
        {{&leaf}, "leaf=incomplete_chain "},
        {{&middle}, "Middle=ok "},
        {{&root}, "Root=ok "},
        {{&other}, "Other Root=ok "},
        {{&leaf, &late, &middle, &other}, "leaf=ok late=expired Other Root=ok "},
        {{0}, "(x.pem holds no certificate)=file_unreadable "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf bytes, seen;

        buf_init(&bytes, 65536);
        buf_init(&seen, 4096);
        for (size_t k = 0; k < 6 && rows[i].certs[k]; k++)
            pem_add(&bytes, rows[i].certs[k]);
        tls_file_check_bytes("x.pem", buf_str(&bytes), options(), note, &seen);
        if (strcmp(buf_text(&seen), rows[i].seen) != 0)
            fail_msg("row %zu: %s, not %s", i, buf_text(&seen), rows[i].seen);
        buf_done(&bytes);
        buf_done(&seen);
    }
}

static void test_options(void **state)
{
    struct tls_file_options o = *options();
    struct tls_options *how = tls_options_new();
    struct buf bytes, seen;
    struct err e;

    (void)state;
    buf_init(&bytes, 65536);
    buf_init(&seen, 4096);
    pem_add(&bytes, &leaf);
    pem_add(&bytes, &middle);
    assert_true(tls_options_add(how, STR_LIT("name=b.example"), &e));
    assert_true(tls_options_add(how, STR_LIT("warning=100d"), &e));
    o.options = how;
    tls_file_check_bytes("x.pem", buf_str(&bytes), &o, note, &seen);
    assert_string_equal(buf_text(&seen), "leaf=hostname_mismatch ");
    buf_clear(&seen);
    assert_true(tls_options_add(how, STR_LIT("name=a.example"), &e));
    tls_file_check_bytes("x.pem", buf_str(&bytes), &o, note, &seen);
    assert_string_equal(buf_text(&seen), "leaf=expires_soon ");
    buf_clear(&seen);
    assert_true(tls_options_add(how, STR_LIT("crl=/nonexistent"), &e));
    tls_file_check_bytes("x.pem", buf_str(&bytes), &o, note, &seen);
    assert_string_equal(buf_text(&seen), "leaf=file_unreadable ");
    buf_done(&bytes);
    buf_done(&seen);
    tls_options_drop(how);
}

static void file_put(const char *folder, const char *name, const struct fixture_cert *c)
{
    char path[200];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    if (c)
        assert_true(PEM_write_X509(file, c->x509));
    else
        fputs("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", file);
    fclose(file);
}

static void test_directory(void **state)
{
    char folder[] = "/tmp/belfry-files-XXXXXX", path[200];
    struct buf seen;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/b", folder);
    assert_return_code(mkdir(path, 0700), 0);
    file_put(folder, "c.crt", &other);
    file_put(folder, "a.pem", &middle);
    file_put(folder, "key.pem", NULL);
    file_put(folder, "notes.txt", &other);
    file_put(path, "d.cer", &root);
    buf_init(&seen, 4096);
    tls_file_check(folder, options(), note, &seen);
    assert_string_equal(buf_text(&seen), "Middle=ok Root=ok Other Root=ok ");
    buf_clear(&seen);
    snprintf(path, sizeof path, "%s/key.pem", folder);
    tls_file_check(path, options(), note, &seen);
    assert_non_null(strstr(buf_text(&seen), "holds no certificate)=file_unreadable "));
    buf_clear(&seen);
    tls_file_check("/nonexistent", options(), note, &seen);
    assert_non_null(strstr(buf_text(&seen), "/nonexistent"));
    buf_done(&seen);
    for (const char *const *name = (const char *const[]){"c.crt", "a.pem", "key.pem", "notes.txt",
                                                         "b/d.cer", "b", "", NULL};
         *name; name++) {
        snprintf(path, sizeof path, "%s/%s", folder, *name);
        assert_return_code(remove(path), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_are_checked),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_directory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
