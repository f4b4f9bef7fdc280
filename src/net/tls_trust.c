// tls_trust.c - where the trusted roots are, and the OpenSSL settings that give the same verdict on
// every machine.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_trust.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/tls_crl.h"
#include "net/tls_library.h"
#include "net/tls_verdict.h"

enum {
    CHAIN_MAX_BYTES = 1 << 20, // OpenSSL's 100 KiB are too few for a certificate with 10,000 names
    CHAIN_MAX_DEPTH = 16,
    LOOK_US = 10 * 1000000,
};

// What browsers offer, and behind it what none does any more: no forward secrecy, DSA, no
// encryption at all.
#define CIPHERS "ALL:eNULL:!aNULL:!PSK:!SRP:!CAMELLIA:!ARIA:!AESCCM:!AESCCM8:@SECLEVEL=0"
#define GROUPS                                                                         \
    "X25519:P-256:X448:P-521:P-384:ffdhe2048:ffdhe3072:ffdhe4096:ffdhe6144:ffdhe8192:" \
    "secp256k1:P-224:P-192:brainpoolP256r1:brainpoolP384r1:brainpoolP512r1"

// One set of roots.
struct roots {
    char *ca; // NULL: the system's
    SSL_CTX *context;
    mono looked_at, used_at;
    struct timespec changed_at; // mtime of `watched` when the context was made
    const char *watched;        // file or directory; NULL: none
    bool has_any;
};

// One file of revocation lists.
struct shelf {
    char *path; // NULL: nothing is there
    STACK_OF(X509_CRL) * lists;
    mono looked_at, used_at;
    struct timespec changed_at;
};

struct tls_trust {
    struct tls_library library;
    struct shelf shelves[TLS_TRUST_SETS];
    struct roots usual;
    struct roots others[TLS_TRUST_SETS];
};

static bool context_make(struct tls_trust *trust, struct roots *roots, SSL_CTX **ret_context,
                         struct err *e);
static bool roots_load(struct roots *roots, SSL_CTX *context, struct err *e);
static bool text_load(struct roots *roots, SSL_CTX *context, struct err *e);
static bool directory_load(const char *path, SSL_CTX *context);
static void system_load(struct roots *roots, SSL_CTX *context);
static struct timespec roots_changed_at(const struct roots *roots);
static void shelf_clear(struct shelf *shelf);
static bool openssl_fail(struct err *e, const char *what);

struct tls_trust *tls_trust_new(const char *ca)
{
    struct tls_trust *trust = mem_alloc(sizeof *trust);

    if (ca)
        trust->usual.ca = mem_copy(ca, strlen(ca));
    return trust;
}

static void roots_done(struct roots *roots)
{
    SSL_CTX_free(roots->context);
    free(roots->ca);
    *roots = (struct roots){0};
}

static void shelf_clear(struct shelf *shelf)
{
    sk_X509_CRL_pop_free(shelf->lists, X509_CRL_free);
    free(shelf->path);
    *shelf = (struct shelf){0};
}

void tls_trust_free(struct tls_trust *trust)
{
    if (!trust)
        return;
    roots_done(&trust->usual);
    for (size_t i = 0; i < TLS_TRUST_SETS; i++) {
        roots_done(&trust->others[i]);
        shelf_clear(&trust->shelves[i]);
    }
    tls_library_done(&trust->library);
    free(trust);
}

static const struct roots *roots_find(const struct tls_trust *trust, const char *ca)
{
    if (!ca || (trust->usual.ca && strcmp(trust->usual.ca, ca) == 0))
        return &trust->usual;
    for (size_t i = 0; i < TLS_TRUST_SETS; i++)
        if (trust->others[i].ca && strcmp(trust->others[i].ca, ca) == 0)
            return &trust->others[i];
    return NULL;
}

// The set for ca, in the place of the one that was not used for longest when it is new.
static struct roots *roots_take(struct tls_trust *trust, const char *ca)
{
    struct roots *roots = (struct roots *)roots_find(trust, ca), *oldest = trust->others;

    if (roots)
        return roots;
    for (size_t i = 1; i < TLS_TRUST_SETS; i++)
        if (trust->others[i].used_at.us < oldest->used_at.us)
            oldest = &trust->others[i];
    roots_done(oldest);
    oldest->ca = mem_copy(ca, strlen(ca));
    return oldest;
}

bool tls_trust_has_roots(const struct tls_trust *trust, const char *ca)
{
    const struct roots *roots = roots_find(trust, ca);

    return roots && roots->has_any;
}

bool tls_trust_is_system(const struct tls_trust *trust)
{
    return !trust->usual.ca;
}

bool tls_trust_context(struct tls_trust *trust, const char *ca, mono now, SSL_CTX **ret_context,
                       struct err *e)
{
    struct roots *roots = roots_take(trust, ca);
    bool is_stale = !roots->context;

    if (roots->context && now.us - roots->looked_at.us >= LOOK_US) {
        struct timespec at = roots_changed_at(roots);

        is_stale = at.tv_sec != roots->changed_at.tv_sec || at.tv_nsec != roots->changed_at.tv_nsec;
        roots->looked_at = now;
    }
    if (is_stale) {
        SSL_CTX *context = NULL;

        if (!context_make(trust, roots, &context, e))
            return false;
        SSL_CTX_free(roots->context);
        roots->context = context;
        roots->looked_at = now;
    }
    roots->used_at = now;
    *ret_context = roots->context;
    return true;
}

static SSL_CTX *settings_apply(SSL_CTX *context)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);

    // Level 0 for the handshake, so that weak servers are seen at all, and for the chain: OpenSSL
    // forgets that a root is not trusted when the leaf's key is too weak. tls_strength looks at
    // that.
    if (!SSL_CTX_set_min_proto_version(context, TLS1_VERSION) ||
        !SSL_CTX_set_cipher_list(context, CIPHERS) || !SSL_CTX_set1_groups_list(context, GROUPS)) {
        SSL_CTX_free(context);
        return NULL;
    }
    X509_VERIFY_PARAM_set_auth_level(param, 0);
    X509_VERIFY_PARAM_set_depth(param, CHAIN_MAX_DEPTH);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, tls_verdict_verify, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(context, CHAIN_MAX_BYTES);
    return context;
}

static bool context_make(struct tls_trust *trust, struct roots *roots, SSL_CTX **ret_context,
                         struct err *e)
{
    bool has_library = trust->library.context || tls_library_init(&trust->library);
    SSL_CTX *context;

    ERR_clear_error();
    context =
        has_library ? SSL_CTX_new_ex(trust->library.context, NULL, TLS_client_method()) : NULL;
    context = context ? settings_apply(context) : NULL;
    if (!context)
        return openssl_fail(e, "cannot set up TLS");
    if (!roots_load(roots, context, e)) {
        SSL_CTX_free(context);
        return false;
    }
    *ret_context = context;
    return true;
}

// Certificates that were given themselves, not in a file.
static bool text_load(struct roots *roots, SSL_CTX *context, struct err *e)
{
    BIO *text = BIO_new_mem_buf(roots->ca, -1);
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    X509 *certificate;

    while (text && (certificate = PEM_read_bio_X509(text, NULL, NULL, NULL))) {
        roots->has_any = X509_STORE_add_cert(store, certificate) || roots->has_any;
        X509_free(certificate);
    }
    BIO_free(text);
    ERR_clear_error();
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    return roots->has_any || fail(e, ERR_TLS, NULL, "ca holds no usable certificate");
}

static bool roots_load(struct roots *roots, SSL_CTX *context, struct err *e)
{
    struct stat st;
    bool is_loaded;

    if (!roots->ca) {
        system_load(roots, context);
        return true;
    }
    if (str_starts(str_of(roots->ca), STR_LIT("-----BEGIN")))
        return text_load(roots, context, e);
    roots->watched = roots->ca;
    roots->changed_at = roots_changed_at(roots);
    if (stat(roots->ca, &st) != 0 || access(roots->ca, R_OK) != 0)
        return fail_errno(e, ERR_TLS, errno, "cannot read the CA file %s", roots->ca);
    if (S_ISFIFO(st.st_mode)) // to open it would wait for a writer
        return fail(e, ERR_TLS, NULL, "the CA file %s is a pipe", roots->ca);
    is_loaded = S_ISDIR(st.st_mode) ? directory_load(roots->ca, context)
                                    : SSL_CTX_load_verify_file(context, roots->ca);
    if (!is_loaded) {
        openssl_fail(e, "the CA file holds no usable certificate");
        return fail_hint(e, "%s must have PEM blocks: BEGIN CERTIFICATE", roots->ca);
    }
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    roots->has_any = true;
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

static bool is_certificate_file(int dir, const char *name)
{
    struct str s = str_of(name);
    struct stat st;

    return (str_ends(s, STR_LIT(".pem")) || str_ends(s, STR_LIT(".crt")) ||
            str_ends(s, STR_LIT(".cer"))) &&
           fstatat(dir, name, &st, 0) == 0 && S_ISREG(st.st_mode);
}

static bool directory_load(const char *path, SSL_CTX *context)
{
    DIR *dir = is_hashed(path) ? NULL : opendir(path);
    struct dirent *entry;
    bool is_loaded = false;

    if (!dir)
        return SSL_CTX_load_verify_dir(context, path);
    while ((entry = readdir(dir))) {
        char file[PATH_MAX];
        int n = snprintf(file, sizeof file, "%s/%s", path, entry->d_name);

        if (n < (int)sizeof file && is_certificate_file(dirfd(dir), entry->d_name))
            is_loaded = SSL_CTX_load_verify_file(context, file) || is_loaded;
    }
    closedir(dir);
    return is_loaded;
}

static const char *path_of(const char *variable, const char *otherwise)
{
    const char *path = getenv(variable);

    return path && path[0] ? path : otherwise;
}

// OpenSSL's own rule: the directory and, when SSL_CERT_FILE names one, the file. Machines without a
// hashed directory have a bundle in one of the usual places.
static void system_load(struct roots *roots, SSL_CTX *context)
{
    const char *dir = path_of(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
    const char *files[] = {
        path_of(X509_get_default_cert_file_env(), X509_get_default_cert_file()),
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    };

    roots->has_any = false;
    roots->watched = NULL;
    if (is_hashed(dir)) {
        roots->watched = dir;
        roots->has_any = SSL_CTX_load_verify_dir(context, dir);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        bool is_told = i == 0 && getenv(X509_get_default_cert_file_env());

        if ((roots->has_any && !is_told) || access(files[i], R_OK) != 0 ||
            !SSL_CTX_load_verify_file(context, files[i]))
            continue;
        roots->watched = files[i];
        roots->has_any = true;
    }
    ERR_clear_error();
    roots->changed_at = roots_changed_at(roots);
}

static struct timespec path_changed_at(const char *path)
{
    struct stat st;

    return path && stat(path, &st) == 0 ? st.st_mtim : (struct timespec){0};
}

static struct timespec roots_changed_at(const struct roots *roots)
{
    return path_changed_at(roots->watched);
}

// ---- revocation lists ----

static struct shelf *shelf_take(struct tls_trust *trust, const char *path)
{
    struct shelf *oldest = trust->shelves;

    for (size_t i = 0; i < TLS_TRUST_SETS; i++) {
        struct shelf *shelf = &trust->shelves[i];

        if (shelf->path && strcmp(shelf->path, path) == 0)
            return shelf;
        if (shelf->used_at.us < oldest->used_at.us)
            oldest = shelf;
    }
    shelf_clear(oldest);
    return oldest;
}

static bool is_shelf_stale(const struct shelf *shelf, mono now)
{
    struct timespec at;

    if (!shelf->path || now.us - shelf->looked_at.us < LOOK_US)
        return !shelf->path;
    at = path_changed_at(shelf->path);
    return at.tv_sec != shelf->changed_at.tv_sec || at.tv_nsec != shelf->changed_at.tv_nsec;
}

bool tls_trust_lists(struct tls_trust *trust, const char *path, mono now,
                     STACK_OF(X509_CRL) * *ret_lists, struct err *e)
{
    struct shelf *shelf = shelf_take(trust, path);

    if (is_shelf_stale(shelf, now)) {
        struct timespec at = path_changed_at(path);

        shelf_clear(shelf);
        if (!tls_crl_load(path, &shelf->lists, e))
            return false;
        shelf->path = mem_copy(path, strlen(path));
        shelf->changed_at = at;
        shelf->looked_at = now;
    }
    shelf->used_at = now;
    *ret_lists = shelf->lists;
    return true;
}

static bool openssl_fail(struct err *e, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *words = ERR_reason_error_string(code);

    ERR_clear_error();
    return fail(e, ERR_TLS, NULL, "%s: %s", what, words ? words : "OpenSSL gives no reason");
}
