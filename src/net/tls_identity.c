// tls_identity.c - reads a client's certificate and key from PEM files.
//
// Whatever was in memory of a key or a password is wiped.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_identity.h"

#include <fcntl.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "net/tls_library.h"

enum {
    PEM_MAX = 64 << 10,
    PASSWORD_MAX = 1024,
};

static bool certificates_read(BIO *bio, struct tls_identity *id);

// A file's contents; whoever gets them wipes them.
static bool secret_read(const char *path, size_t max, struct buf *into, struct err *e)
{
    struct err why;

    buf_init(into, max);
    if (buf_reserve(into, max) && file_read_all(AT_FDCWD, path, into, &why))
        return true;
    return fail(e, ERR_TLS, NULL, "%s", why.message);
}

static void secret_wipe(struct buf *secret)
{
    if (secret->p)
        explicit_bzero(secret->p, secret->cap);
    buf_done(secret);
}

struct password {
    struct buf text; // its first line counts
    bool is_wanted;  // OpenSSL has asked for it
};

// OpenSSL asks for the password of an encrypted key. Without one: -1, "no password".
static int password_give(char *room, int size, int is_write, void *ctx)
{
    struct password *p = ctx;
    const struct buf *password = &p->text;
    size_t n = 0;

    (void)is_write;
    p->is_wanted = true;
    while (n < password->len && password->p[n] != '\n' && password->p[n] != '\r')
        n++;
    if (n == 0 || n > (size_t)size)
        return -1;
    memcpy(room, password->p, n);
    return (int)n;
}

static bool key_fail(const struct tls_identity_files *files, bool is_locked, struct err *e)
{
    const char *file = files->key ? files->key : files->cert;

    ERR_clear_error();
    if (is_locked && !files->password) {
        fail(e, ERR_TLS, NULL, "the key in %s is encrypted", file);
        return fail_hint(e, "give a file with its password as key_password");
    }
    fail(e, ERR_TLS, NULL, "%s holds no key that can be read", file);
    if (is_locked)
        return fail_hint(e, "is it the password in %s?", files->password);
    return fail_hint(e, "a PEM block is needed: BEGIN PRIVATE KEY");
}

static bool key_load(const struct tls_identity_files *files, struct tls_identity *id, struct err *e)
{
    struct password password = {0};
    struct buf pem;
    BIO *bio;
    bool ok = secret_read(files->key ? files->key : files->cert, PEM_MAX, &pem, e);

    ok = ok && (!files->password || secret_read(files->password, PASSWORD_MAX, &password.text, e));
    if (ok) {
        bio = BIO_new_mem_buf(pem.p, (int)pem.len);
        id->key = PEM_read_bio_PrivateKey_ex(bio, NULL, password_give, &password,
                                             tls_library_whole(), NULL);
        BIO_free(bio);
        ok = id->key || key_fail(files, password.is_wanted, e);
    }
    secret_wipe(&pem);
    secret_wipe(&password.text);
    return ok;
}

static bool certificates_load(const char *path, struct tls_identity *id, struct err *e)
{
    struct buf pem;
    BIO *bio;
    bool ok = secret_read(path, PEM_MAX, &pem, e); // a key may stand there as well

    if (ok) {
        bio = BIO_new_mem_buf(pem.p, (int)pem.len);
        ok = certificates_read(bio, id);
        BIO_free(bio);
        if (!ok)
            fail(e, ERR_TLS, NULL, "%s holds no certificate that can be read", path);
    }
    secret_wipe(&pem);
    ERR_clear_error();
    return ok;
}

static bool certificates_read(BIO *bio, struct tls_identity *id)
{
    id->chain = sk_X509_new_null();
    for (;;) {
        X509 *x = X509_new_ex(tls_library_whole(), NULL);
        struct password none = {0};

        if (!PEM_read_bio_X509(bio, &x, password_give, &none)) {
            X509_free(x);
            return id->certificate != NULL;
        }
        if (!id->certificate)
            id->certificate = x;
        else if (!sk_X509_push(id->chain, x))
            X509_free(x);
    }
}

bool tls_identity_load(const struct tls_identity_files *files, struct tls_identity *ret_identity,
                       struct err *e)
{
    struct tls_identity id = {0};
    bool ok = certificates_load(files->cert, &id, e) && key_load(files, &id, e);

    if (ok && X509_check_private_key(id.certificate, id.key) != 1) {
        ERR_clear_error();
        ok = fail(e, ERR_TLS, NULL, "the key in %s is not that of the certificate in %s",
                  files->key ? files->key : files->cert, files->cert);
    }
    if (ok)
        *ret_identity = id;
    else
        tls_identity_done(&id);
    return ok;
}

void tls_identity_done(struct tls_identity *identity)
{
    X509_free(identity->certificate);
    sk_X509_pop_free(identity->chain, X509_free);
    EVP_PKEY_free(identity->key);
    *identity = (struct tls_identity){0};
}
