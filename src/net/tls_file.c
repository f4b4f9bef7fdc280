// tls_file.c - finds the certificates in files and has them judged.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/file.h"
#include "net/pkcs12.h"
#include "net/tls_options.h"
#include "net/tls_trust.h"
#include "net/tls_verdict.h"

// One file under check.
struct reading {
    const char *path;
    const struct tls_file_options *options;
    tls_file_found *found;
    void *ctx;
    STACK_OF(X509) * certs; // in the order of the file, each once
    bool is_ordered;        // the order means something
    bool is_in_directory;
    bool has_other; // something that is no certificate was found: a key
};

struct walk {
    const struct tls_file_options *options;
    tls_file_found *found;
    void *ctx;
    int entries;
};

static void directory_check(struct walk *walk, const char *path, int depth);
static void bytes_check(struct reading *r, struct str bytes);
static bool bytes_read(struct reading *r, struct str bytes, struct err *e);
static bool pem_read(struct reading *r, struct str bytes, struct err *e);
static bool der_read(struct reading *r, struct str bytes, struct err *e);
static void ends_check(struct reading *r);
static void certificate_check(struct reading *r, X509 *leaf, bool is_only);
static void failure_report(const struct reading *r, const struct err *e);

static struct tls_result *result_new(const struct reading *r)
{
    struct arena *arena = arena_new(4096);
    struct tls_result *result = arena_alloc(arena, sizeof *result);

    *result = (struct tls_result){
        .file = strcmp(r->path, "-") == 0 ? "standard input" : r->path,
        .checked_at = clock_wall(r->options->clock),
        .target.options = r->options->options,
        .code = "internal",
        .arena = arena,
        .findings.arena = arena,
    };
    result->findings.policy = tls_target_policy(&result->target);
    return result;
}

// ---- files and directories ----

static bool input_read(const char *path, struct buf *bytes, struct err *e)
{
    if (strcmp(path, "-") != 0)
        return file_read_all(AT_FDCWD, path, bytes, e);
    return file_read_to_end(STDIN_FILENO, bytes) ||
           fail_errno(e, ERR_SYSTEM, errno, "cannot read standard input");
}

static void file_check(struct reading *r)
{
    struct buf bytes;
    struct err e = {0};

    buf_init(&bytes, TLS_FILE_MAX_BYTES);
    if (input_read(r->path, &bytes, &e))
        bytes_check(r, buf_str(&bytes));
    else
        failure_report(r, &e);
    if (bytes.p) // a private key may lie there
        explicit_bzero(bytes.p, bytes.cap);
    buf_done(&bytes);
}

void tls_file_check(const char *path, const struct tls_file_options *options, tls_file_found *found,
                    void *ctx)
{
    struct reading r = {.path = path, .options = options, .found = found, .ctx = ctx};
    struct walk walk = {options, found, ctx, 0};
    struct stat st;

    if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        directory_check(&walk, path, 0);
    else
        file_check(&r);
}

static bool has_known_ending(const char *name)
{
    static const char *const endings[] = {".pem", ".crt", ".cer", ".der", ".p7b", ".p12", ".pfx"};

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (str_ends(str_of(name), str_of(endings[i])))
            return true;
    return false;
}

static void entry_check(struct walk *walk, const char *path, const char *name, int depth)
{
    char whole[PATH_MAX];
    struct reading r = {.path = whole,
                        .options = walk->options,
                        .found = walk->found,
                        .ctx = walk->ctx,
                        .is_in_directory = true};
    struct stat st;
    int n = snprintf(whole, sizeof whole, "%s/%s", path, name);

    if (name[0] == '.' || n >= (int)sizeof whole || stat(whole, &st) != 0)
        return;
    if (S_ISDIR(st.st_mode) && depth < TLS_FILE_DEPTH_MAX)
        directory_check(walk, whole, depth + 1);
    else if (S_ISREG(st.st_mode) && has_known_ending(name))
        file_check(&r);
}

static void directory_check(struct walk *walk, const char *path, int depth)
{
    struct reading r = {
        .path = path, .options = walk->options, .found = walk->found, .ctx = walk->ctx};
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);
    struct err e = {0};

    if (count < 0) {
        fail_errno(&e, ERR_SYSTEM, errno, "cannot read the directory %s", path);
        failure_report(&r, &e);
    }
    for (int i = 0; i < count; i++) {
        if (walk->entries++ < TLS_FILE_ENTRIES_MAX)
            entry_check(walk, path, names[i]->d_name, depth);
        free(names[i]);
    }
    free(names);
}

// ---- bytes ----

void tls_file_check_bytes(const char *path, struct str bytes,
                          const struct tls_file_options *options, tls_file_found *found, void *ctx)
{
    struct reading r = {.path = path, .options = options, .found = found, .ctx = ctx};

    bytes_check(&r, bytes);
}

static void bytes_check(struct reading *r, struct str bytes)
{
    struct err e = {0};
    bool is_read;

    r->certs = sk_X509_new_null();
    is_read = bytes_read(r, bytes, &e);
    ERR_clear_error();
    if (!is_read)
        failure_report(r, &e);
    else if (sk_X509_num(r->certs) > 0)
        ends_check(r);
    else if (!r->is_in_directory || !r->has_other) {
        fail(&e, ERR_INPUT, NULL, "%s holds no certificate", r->path);
        failure_report(r, &e);
    }
    sk_X509_pop_free(r->certs, X509_free);
}

static bool bytes_read(struct reading *r, struct str bytes, struct err *e)
{
    return bytes.len > 0 && memmem(bytes.p, bytes.len, "-----BEGIN", 10) ? pem_read(r, bytes, e)
                                                                         : der_read(r, bytes, e);
}

static bool is_listed(const struct reading *r, const X509 *x)
{
    for (int i = 0; i < sk_X509_num(r->certs); i++)
        if (X509_cmp(sk_X509_value(r->certs, i), x) == 0)
            return true;
    return false;
}

// Takes the certificate over.
static bool cert_add(struct reading *r, X509 *x, struct err *e)
{
    bool is_full = sk_X509_num(r->certs) >= TLS_FILE_CERTS_MAX;

    if (!is_full && !is_listed(r, x) && sk_X509_push(r->certs, x) > 0)
        return true;
    X509_free(x);
    return !is_full || fail(e, ERR_LIMIT, NULL, "%s holds more than %d certificates", r->path,
                            TLS_FILE_CERTS_MAX);
}

static bool pkcs7_add(struct reading *r, const unsigned char *p, long n, struct err *e)
{
    PKCS7 *set = d2i_PKCS7(NULL, &p, n);
    STACK_OF(X509) *certs =
        set && PKCS7_type_is_signed(set) && set->d.sign ? set->d.sign->cert : NULL;
    bool is_read = true;

    for (int i = 0; is_read && i < sk_X509_num(certs); i++) {
        X509 *x = sk_X509_value(certs, i);

        is_read = X509_up_ref(x) && cert_add(r, x, e);
    }
    PKCS7_free(set);
    return is_read;
}

static bool pkcs12_add(struct reading *r, struct str bytes, struct err *e)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    bool is_read = pkcs12_read(bytes, r->options->password, certs, e);

    for (X509 *x; is_read && (x = sk_X509_shift(certs));)
        is_read = cert_add(r, x, e);
    if (!is_read)
        fail(e, e->code, NULL, "%s: %s", r->path, e->message);
    sk_X509_pop_free(certs, X509_free);
    return is_read;
}

static bool block_read(struct reading *r, const char *name, const unsigned char *der, long n,
                       struct err *e)
{
    const unsigned char *p = der;
    bool is_trusted = strcmp(name, PEM_STRING_X509_TRUSTED) == 0;
    X509 *x;

    if (strcmp(name, PEM_STRING_PKCS7) == 0)
        return pkcs7_add(r, der, n, e);
    if (!is_trusted && strcmp(name, PEM_STRING_X509) != 0 &&
        strcmp(name, PEM_STRING_X509_OLD) != 0) {
        r->has_other = true;
        return true;
    }
    x = is_trusted ? d2i_X509_AUX(NULL, &p, n) : d2i_X509(NULL, &p, n);
    if (!x)
        return fail(e, ERR_INPUT, NULL, "certificate %d of %s cannot be read",
                    sk_X509_num(r->certs) + 1, r->path);
    return cert_add(r, x, e);
}

static bool pem_read(struct reading *r, struct str bytes, struct err *e)
{
    BIO *bio = BIO_new_mem_buf(bytes.p, (int)bytes.len);
    char *name, *header;
    unsigned char *der;
    bool is_read = true;
    long n;

    r->is_ordered = true;
    while (is_read && PEM_read_bio(bio, &name, &header, &der, &n)) {
        is_read = block_read(r, name, der, n, e);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)n);
    }
    if (is_read && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        is_read = fail(e, ERR_INPUT, NULL, "%s is damaged behind certificate %d", r->path,
                       sk_X509_num(r->certs));
    BIO_free(bio);
    return is_read;
}

static bool der_read(struct reading *r, struct str bytes, struct err *e)
{
    const unsigned char *p = (const unsigned char *)bytes.p, *end = p + bytes.len;
    X509 *x;

    r->is_ordered = true;
    while (p < end && (x = d2i_X509(NULL, &p, end - p)))
        if (!cert_add(r, x, e))
            return false;
    if (sk_X509_num(r->certs) > 0)
        return true;
    r->is_ordered = false;
    if (pkcs12_is(bytes))
        return pkcs12_add(r, bytes, e);
    return pkcs7_add(r, (const unsigned char *)bytes.p, (long)bytes.len, e);
}

// ---- which certificates are checked ----

static bool has_signed_another(const struct reading *r, X509 *x)
{
    const X509_NAME *name = X509_get_subject_name(x);

    for (int i = 0; i < sk_X509_num(r->certs); i++) {
        X509 *other = sk_X509_value(r->certs, i);

        if (other != x && X509_NAME_cmp(X509_get_issuer_name(other), name) == 0 &&
            X509_NAME_cmp(X509_get_subject_name(other), name) != 0)
            return true;
    }
    return false;
}

static void ends_check(struct reading *r)
{
    X509 *ends[TLS_FILE_CERTS_MAX];
    int count = 0;

    for (int i = 0; i < sk_X509_num(r->certs); i++)
        if (!has_signed_another(r, sk_X509_value(r->certs, i)))
            ends[count++] = sk_X509_value(r->certs, i);
    if (count == 0) // each signed another: a circle
        ends[count++] = sk_X509_value(r->certs, 0);
    for (int i = 0; i < count; i++)
        certificate_check(r, ends[i], count == 1);
}

// What a server would send of a file that holds more than one chain: the leaf, and what is above.
static STACK_OF(X509) * chain_pick(const struct reading *r, STACK_OF(X509) * verified, X509 *leaf)
{
    STACK_OF(X509) *picked = sk_X509_new_null();

    sk_X509_push(picked, leaf);
    for (int i = 1; i < sk_X509_num(verified); i++)
        if (is_listed(r, sk_X509_value(verified, i)))
            sk_X509_push(picked, sk_X509_value(verified, i));
    return picked;
}

static bool is_for_servers(X509 *leaf)
{
    bool is_ca = X509_get_extension_flags(leaf) & EXFLAG_CA;
    uint32_t uses = X509_get_extended_key_usage(leaf);

    return !is_ca && (uses & (XKU_SSL_SERVER | XKU_ANYEKU));
}

static void lists_judge(const struct tls_evidence *evidence, SSL_CTX *context,
                        struct tls_result *result)
{
    const struct tls_options *o = result->target.options;
    STACK_OF(X509_CRL) *lists = NULL;

    if (!o || !o->crl)
        return;
    if (tls_crl_load(o->crl, &lists, &result->error))
        tls_crl_judge(evidence, context, lists, TLS_SOURCE_FILE, &result->findings, &result->crl);
    else
        result->code = "file_unreadable";
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
}

static void leaf_judge(struct reading *r, X509 *leaf, bool is_only, SSL_CTX *context,
                       struct tls_result *result)
{
    const struct tls_options *o = r->options->options;
    const char *host = o && o->name.host[0] ? o->name.host : NULL;
    struct tls_build build = {
        .context = context,
        .leaf = leaf,
        .untrusted = r->certs,
        .purpose = host || is_for_servers(leaf) ? "ssl_server" : NULL,
        .now = result->checked_at,
    };
    struct tls_notes notes;
    struct tls_evidence evidence = {
        .leaf = leaf,
        .verified = tls_chain_build(&build, &notes),
        .is_custom = (o && o->ca) || !tls_trust_is_system(r->options->trust),
        .is_file = true,
        .host = host,
        .is_ip = o && o->name.is_ip,
        .now = result->checked_at,
        .policy = tls_target_policy(&result->target),
    };
    STACK_OF(X509) *picked = chain_pick(r, evidence.verified, leaf);

    evidence.is_trusted = tls_chain_is_trusted(&notes);
    evidence.presented = is_only && r->is_ordered ? r->certs : picked;
    tls_verdict_report(&evidence, &notes, result);
    lists_judge(&evidence, context, result);
    sk_X509_free(picked);
    sk_X509_pop_free(evidence.verified, X509_free);
}

static void certificate_check(struct reading *r, X509 *leaf, bool is_only)
{
    const struct tls_options *o = r->options->options;
    struct tls_result *result = result_new(r);
    mono now = clock_mono(r->options->clock);
    SSL_CTX *context;

    result->phase = TLS_PHASE_DONE;
    if (tls_trust_context(r->options->trust, o ? o->ca : NULL, now, &context, &result->error))
        leaf_judge(r, leaf, is_only, context, result);
    else
        result->code = "file_unreadable";
    tls_result_conclude(result);
    r->found(result, r->ctx);
    arena_free(result->arena);
}

static void failure_report(const struct reading *r, const struct err *e)
{
    struct tls_result *result = result_new(r);

    result->code = "file_unreadable";
    result->error = *e;
    tls_result_conclude(result);
    r->found(result, r->ctx);
    arena_free(result->arena);
}
