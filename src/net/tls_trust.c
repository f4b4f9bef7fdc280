// tls_trust.c - where the trusted roots are, and the OpenSSL settings that give the same verdict on
// every machine.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_trust.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/tls_verdict.h"

enum {
    CHAIN_MAX_BYTES = 1 << 20, // OpenSSL's 100 KiB are too few for a certificate with 10,000 names
    CHAIN_MAX_DEPTH = 16,
    JUDGE_LEVEL = 2, // 112 bits: RSA 2048, SHA-2
    LOOK_US = 10 * 1000000,
};

struct tls_trust {
    char *ca_file;
    OSSL_LIB_CTX *library;
    SSL_CTX *context;
    mono looked_at;
    struct timespec changed_at; // mtime of roots when the context was made
    const char *roots;          // file or directory that is watched for changes; NULL: none
    bool has_roots;
};

static bool context_make(struct tls_trust *trust, SSL_CTX **ret_context, struct err *e);
static bool roots_load(struct tls_trust *trust, SSL_CTX *context, struct err *e);
static void system_load(struct tls_trust *trust, SSL_CTX *context);
static struct timespec roots_changed_at(const struct tls_trust *trust);
static int client_cert_asked(SSL *ssl, X509 **certificate, EVP_PKEY **key);
static bool openssl_fail(struct err *e, const char *what);

struct tls_trust *tls_trust_new(const char *ca_file)
{
    struct tls_trust *trust = mem_alloc(sizeof *trust);

    if (ca_file)
        trust->ca_file = mem_copy(ca_file, strlen(ca_file));
    return trust;
}

void tls_trust_free(struct tls_trust *trust)
{
    if (!trust)
        return;
    SSL_CTX_free(trust->context);
    if (trust->library)
        OPENSSL_thread_stop_ex(trust->library);
    OSSL_LIB_CTX_free(trust->library);
    free(trust->ca_file);
    free(trust);
}

bool tls_trust_has_roots(const struct tls_trust *trust)
{
    return trust->has_roots;
}

bool tls_trust_context(struct tls_trust *trust, mono now, SSL_CTX **ret_context, struct err *e)
{
    bool is_stale = !trust->context;

    if (trust->context && now.us - trust->looked_at.us >= LOOK_US) {
        struct timespec at = roots_changed_at(trust);

        is_stale = at.tv_sec != trust->changed_at.tv_sec || at.tv_nsec != trust->changed_at.tv_nsec;
        trust->looked_at = now;
    }
    if (is_stale) {
        SSL_CTX *context = NULL;

        if (!context_make(trust, &context, e))
            return false;
        SSL_CTX_free(trust->context);
        trust->context = context;
        trust->looked_at = now;
    }
    *ret_context = trust->context;
    return true;
}

static SSL_CTX *settings_apply(SSL_CTX *context)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);

    // Level 0 for the handshake, so that weak servers are seen at all; level 2 for the verdict on
    // what they show.
    if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
        !SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0")) {
        SSL_CTX_free(context);
        return NULL;
    }
    X509_VERIFY_PARAM_set_auth_level(param, JUDGE_LEVEL);
    X509_VERIFY_PARAM_set_depth(param, CHAIN_MAX_DEPTH);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, tls_verdict_callback);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(context, CHAIN_MAX_BYTES);
    SSL_CTX_set_client_cert_cb(context, client_cert_asked);
    return context;
}

static bool context_make(struct tls_trust *trust, SSL_CTX **ret_context, struct err *e)
{
    SSL_CTX *context;

    // openssl.cnf may change versions and ciphers: not read. No clean-up at exit: other threads may
    // still be at work.
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
    ERR_clear_error();
    if (!trust->library)
        trust->library = OSSL_LIB_CTX_new();
    context = trust->library ? SSL_CTX_new_ex(trust->library, NULL, TLS_client_method()) : NULL;
    context = context ? settings_apply(context) : NULL;
    if (!context)
        return openssl_fail(e, "cannot set up TLS");
    if (!roots_load(trust, context, e)) {
        SSL_CTX_free(context);
        return false;
    }
    *ret_context = context;
    return true;
}

static bool roots_load(struct tls_trust *trust, SSL_CTX *context, struct err *e)
{
    if (!trust->ca_file) {
        system_load(trust, context);
        return true;
    }
    trust->roots = trust->ca_file;
    trust->changed_at = roots_changed_at(trust);
    if (access(trust->ca_file, R_OK) != 0)
        return fail_errno(e, ERR_TLS, errno, "cannot read the CA file %s", trust->ca_file);
    if (!SSL_CTX_load_verify_file(context, trust->ca_file)) {
        openssl_fail(e, "the CA file holds no usable certificate");
        return fail_hint(e, "%s must have PEM blocks: BEGIN CERTIFICATE", trust->ca_file);
    }
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    trust->has_roots = true;
    return true;
}

// A directory that X509_LOOKUP can use: with names like 4a6481c9.0.
static bool is_hashed(const char *path)
{
    DIR *dir = opendir(path);
    bool is_found = false;
    struct dirent *entry;

    while (dir && !is_found && (entry = readdir(dir)))
        is_found = strlen(entry->d_name) == 10 && str_ends(str_of(entry->d_name), STR_LIT(".0"));
    if (dir)
        closedir(dir);
    return is_found;
}

static const char *path_of(const char *variable, const char *otherwise)
{
    const char *path = getenv(variable);

    return path && path[0] ? path : otherwise;
}

// OpenSSL's own rule: the directory and, when SSL_CERT_FILE names one, the file. Machines without a
// hashed directory have a bundle in one of the usual places.
static void system_load(struct tls_trust *trust, SSL_CTX *context)
{
    const char *dir = path_of(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
    const char *files[] = {
        path_of(X509_get_default_cert_file_env(), X509_get_default_cert_file()),
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    };

    trust->has_roots = false;
    trust->roots = NULL;
    if (is_hashed(dir)) {
        trust->roots = dir;
        trust->has_roots = SSL_CTX_load_verify_dir(context, dir);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        bool is_told = i == 0 && getenv(X509_get_default_cert_file_env());

        if ((trust->has_roots && !is_told) || access(files[i], R_OK) != 0 ||
            !SSL_CTX_load_verify_file(context, files[i]))
            continue;
        trust->roots = files[i];
        trust->has_roots = true;
    }
    ERR_clear_error();
    trust->changed_at = roots_changed_at(trust);
}

static struct timespec roots_changed_at(const struct tls_trust *trust)
{
    struct stat st;

    if (!trust->roots || stat(trust->roots, &st) != 0)
        return (struct timespec){0};
    return st.st_mtim;
}

// We have none to show; that we were asked is worth knowing, as such a server ends the handshake
// over it.
static int client_cert_asked(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    struct tls_verdict *verdict = SSL_get_app_data(ssl);

    (void)certificate;
    (void)key;
    verdict->is_client_cert_asked = true;
    return 0;
}

static bool openssl_fail(struct err *e, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *words = ERR_reason_error_string(code);

    ERR_clear_error();
    return fail(e, ERR_TLS, NULL, "%s: %s", what, words ? words : "OpenSSL gives no reason");
}
