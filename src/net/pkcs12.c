// pkcs12.c - opens the safes of a PKCS#12 file that hold certificates.
// SPDX-License-Identifier: Apache-2.0
#include "net/pkcs12.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

enum {
    SAFES_MAX = 16,
    CERTS_MAX = 1000,
};

struct reader {
    OSSL_LIB_CTX *library; // with the old ciphers that such files are still made with
    OSSL_PROVIDER *usual, *legacy;
    PKCS12 *file;
    const char *password;
    STACK_OF(X509) * list;
};

static bool file_read(struct reader *r, struct err *e);
static bool safe_read(struct reader *r, PKCS7 *safe, struct err *e);
static void bags_read(struct reader *r, const STACK_OF(PKCS12_SAFEBAG) * bags);
static bool is_too_slow(const X509_ALGOR *algorithm);

static PKCS12 *parse(struct str bytes, OSSL_LIB_CTX *library)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    PKCS12 *file = library ? PKCS12_init_ex(NID_pkcs7_data, library, NULL) : NULL;

    return d2i_PKCS12(&file, &p, (long)bytes.len);
}

bool pkcs12_is(struct str bytes)
{
    PKCS12 *file = parse(bytes, NULL);

    PKCS12_free(file);
    ERR_clear_error();
    return file;
}

bool pkcs12_read(struct str bytes, const char *password, STACK_OF(X509) * list, struct err *e)
{
    struct reader r = {.library = OSSL_LIB_CTX_new(), .password = password, .list = list};
    bool is_read;

    r.usual = OSSL_PROVIDER_load(r.library, "default");
    r.legacy = OSSL_PROVIDER_load(r.library, "legacy"); // not everywhere: then such files are not
                                                        // read
    r.file = parse(bytes, r.library);
    is_read = r.file ? file_read(&r, e) : fail(e, ERR_INPUT, NULL, "the PKCS#12 data are damaged");
    PKCS12_free(r.file);
    OSSL_PROVIDER_unload(r.legacy);
    OSSL_PROVIDER_unload(r.usual);
    OSSL_LIB_CTX_free(r.library);
    ERR_clear_error();
    return is_read;
}

// Two ways to say "no password" are in use.
static bool is_password_right(struct reader *r, struct err *e)
{
    const ASN1_INTEGER *iterations = NULL;

    if (!PKCS12_mac_present(r->file))
        return true;
    PKCS12_get0_mac(NULL, NULL, NULL, &iterations, r->file);
    if (iterations && ASN1_INTEGER_get(iterations) > PKCS12_ITERATIONS_MAX)
        return fail(e, ERR_INPUT, NULL, "the password of the PKCS#12 data is hashed too often");
    if (r->password && PKCS12_verify_mac(r->file, r->password, -1))
        return true;
    if (!r->password && PKCS12_verify_mac(r->file, NULL, 0))
        return true;
    if (!r->password && PKCS12_verify_mac(r->file, "", 0)) {
        r->password = "";
        return true;
    }
    fail(e, ERR_INPUT, NULL,
         r->password ? "the password of the PKCS#12 data is another one"
                     : "the PKCS#12 data have a password");
    return fail_hint(e, "give the password in a file, with --password-file");
}

static bool file_read(struct reader *r, struct err *e)
{
    STACK_OF(PKCS7) * safes;
    bool is_read = true;

    if (!is_password_right(r, e))
        return false;
    safes = PKCS12_unpack_authsafes(r->file);
    if (!safes)
        return fail(e, ERR_INPUT, NULL, "the PKCS#12 data are damaged");
    for (int i = 0; is_read && i < sk_PKCS7_num(safes) && i < SAFES_MAX; i++)
        is_read = safe_read(r, sk_PKCS7_value(safes, i), e);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return is_read;
}

static bool safe_read(struct reader *r, PKCS7 *safe, struct err *e)
{
    int kind = OBJ_obj2nid(safe->type);
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;

    if (kind == NID_pkcs7_data)
        bags = PKCS12_unpack_p7data(safe);
    else if (kind != NID_pkcs7_encrypted)
        return true; // to a public key: not ours to open
    else if (is_too_slow(safe->d.encrypted->enc_data->algorithm))
        return fail(e, ERR_INPUT, NULL, "the password of the PKCS#12 data is hashed too often");
    else
        bags =
            PKCS12_unpack_p7encdata(safe, r->password, r->password ? (int)strlen(r->password) : 0);
    if (!bags)
        return fail(e, ERR_INPUT, NULL,
                    "the PKCS#12 data cannot be decrypted: another password, or a cipher that is "
                    "not known here");
    bags_read(r, bags);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return true;
}

static void bags_read(struct reader *r, const STACK_OF(PKCS12_SAFEBAG) * bags)
{
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags) && sk_X509_num(r->list) < CERTS_MAX; i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
        X509 *x = PKCS12_SAFEBAG_get_nid(bag) == NID_certBag &&
                          PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Certificate
                      ? PKCS12_SAFEBAG_get1_cert(bag)
                      : NULL;

        if (x && sk_X509_push(r->list, x) <= 0)
            X509_free(x);
    }
}

// ---- how often a password is hashed ----

static int64_t integer_of(const ASN1_INTEGER *n)
{
    int64_t value = 0;

    if (!n)
        return 0;
    return ASN1_INTEGER_get_int64(&value, n) ? value : INT64_MAX;
}

static int64_t pbkdf2_iterations(const X509_ALGOR *derivation)
{
    PBKDF2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), derivation->parameter);
    int64_t n = p ? integer_of(p->iter) : INT64_MAX;

    PBKDF2PARAM_free(p);
    return n;
}

// PBES2 with scrypt asks for memory as well; OpenSSL bounds that at 32 MiB.
static int64_t pbes2_iterations(const X509_ALGOR *algorithm)
{
    PBE2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
    bool is_pbkdf2 = p && OBJ_obj2nid(p->keyfunc->algorithm) == NID_id_pbkdf2;
    int64_t n = !p ? INT64_MAX : is_pbkdf2 ? pbkdf2_iterations(p->keyfunc) : 0;

    PBE2PARAM_free(p);
    return n;
}

static int64_t pbe_iterations(const X509_ALGOR *algorithm)
{
    PBEPARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);
    int64_t n = p ? integer_of(p->iter) : INT64_MAX;

    PBEPARAM_free(p);
    return n;
}

static bool is_too_slow(const X509_ALGOR *algorithm)
{
    bool is_pbes2 = OBJ_obj2nid(algorithm->algorithm) == NID_pbes2;

    return (is_pbes2 ? pbes2_iterations(algorithm) : pbe_iterations(algorithm)) >
           PKCS12_ITERATIONS_MAX;
}
