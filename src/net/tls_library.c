// tls_library.c - a provider that is OpenSSL's default one without what no handshake needs.
//
// Of what a check costs, a third was not mathematics but this: for each public key OpenSSL 3.0 goes
// through all algorithms that it knows, twice, and asks 80 decoders whether they could be of help,
// also those for private keys, for passwords, PEM and Microsoft's formats. In a certificate there
// is only one form, SubjectPublicKeyInfo. So a provider of our own stands before the default one,
// passes every question on, and shows the decoders of that form, the keys that a handshake can
// meet, and the ciphers that we offer. (OpenSSL 3.2 remembers the answer; there it neither helps
// nor harms.)
//
// Algorithms are handed on as they are, with the default provider's own context, which is why that
// provider has to live somewhere: in the whole context, made once and never ended. OpenSSL gives a
// provider's functions nothing else of ours, hence the static variables; they are const once made.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_library.h"

#include <pthread.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

enum {
    ALGORITHMS_MAX = 64
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct {
    OSSL_LIB_CTX *library;
    OSSL_PROVIDER *provider;
    OSSL_ALGORITHM decoders[ALGORITHMS_MAX + 1]; // those that are shown
    OSSL_ALGORITHM keys[ALGORITHMS_MAX + 1];
    OSSL_ALGORITHM ciphers[ALGORITHMS_MAX + 1];
} whole;

static bool has_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strstr(text, *words))
            return true;
    return false;
}

// What reads a public key as certificates have it.
static bool is_decoder_shown(const OSSL_ALGORITHM *algorithm)
{
    return strstr(algorithm->property_definition, "input=der") &&
           strstr(algorithm->property_definition, "structure=SubjectPublicKeyInfo");
}

// All but what is called a key only to give it one interface. (HMAC's is the one of old ciphers.)
static bool is_key_shown(const OSSL_ALGORITHM *algorithm)
{
    static const char *const others[] = {"TLS1-PRF", "HKDF", "SCRYPT", "SIPHASH",
                                         "POLY1305", "CMAC", NULL};

    return !has_one_of(algorithm->algorithm_names, others);
}

// Those of the cipher suites in tls_trust.
static bool is_cipher_shown(const OSSL_ALGORITHM *algorithm)
{
    static const char *const ours[] = {"-GCM", "-CBC", "ChaCha20-Poly1305", "NULL", NULL};
    static const char *const others[] = {"ARIA", "CAMELLIA", "SM4", "CTS", NULL};

    return has_one_of(algorithm->algorithm_names, ours) &&
           !has_one_of(algorithm->algorithm_names, others);
}

static void pick(int operation, bool (*is_shown)(const OSSL_ALGORITHM *algorithm),
                 OSSL_ALGORITHM shown[ALGORITHMS_MAX + 1])
{
    int is_transient;
    const OSSL_ALGORITHM *all =
        OSSL_PROVIDER_query_operation(whole.provider, operation, &is_transient);
    size_t n = 0;

    for (; all && all->algorithm_names && n < ALGORITHMS_MAX; all++)
        if (is_shown(all))
            shown[n++] = *all;
}

static void whole_make(void)
{
    // openssl.cnf may change versions and ciphers: not read. No clean-up at exit: other threads may
    // still be at work.
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
    whole.library = OSSL_LIB_CTX_new();
    if (whole.library)
        whole.provider = OSSL_PROVIDER_load(whole.library, "default");
    if (whole.provider) {
        pick(OSSL_OP_DECODER, is_decoder_shown, whole.decoders);
        pick(OSSL_OP_KEYMGMT, is_key_shown, whole.keys);
        pick(OSSL_OP_CIPHER, is_cipher_shown, whole.ciphers);
    }
    ERR_clear_error();
}

static const OSSL_ALGORITHM *query(void *provider, int operation, int *ret_is_transient)
{
    (void)provider;
    *ret_is_transient = 0;
    switch (operation) {
    case OSSL_OP_DECODER:
        return whole.decoders;
    case OSSL_OP_KEYMGMT:
        return whole.keys;
    case OSSL_OP_CIPHER:
        return whole.ciphers;
    default:
        return OSSL_PROVIDER_query_operation(whole.provider, operation, ret_is_transient);
    }
}

static int capabilities(void *provider, const char *what, OSSL_CALLBACK *found, void *ctx)
{
    (void)provider;
    return OSSL_PROVIDER_get_capabilities(whole.provider, what, found, ctx);
}

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
                         const OSSL_DISPATCH **ret_functions, void **ret_provider)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
        {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))capabilities},
        {0, NULL},
    };

    (void)handle;
    (void)core;
    *ret_functions = functions;
    *ret_provider = OSSL_PROVIDER_get0_provider_ctx(whole.provider);
    return 1;
}

bool tls_library_init(struct tls_library *ret_library)
{
    struct tls_library library = {0};

    if (!tls_library_whole())
        return false;
    library.context = OSSL_LIB_CTX_new();
    if (library.context && OSSL_PROVIDER_add_builtin(library.context, "checks", provider_init))
        library.provider = OSSL_PROVIDER_load(library.context, "checks");
    *ret_library = library;
    if (library.provider)
        return true;
    tls_library_done(ret_library);
    return false;
}

void tls_library_done(struct tls_library *library)
{
    if (library->context)
        OPENSSL_thread_stop_ex(library->context);
    if (library->provider)
        OSSL_PROVIDER_unload(library->provider);
    OSSL_LIB_CTX_free(library->context);
    *library = (struct tls_library){0};
}

OSSL_LIB_CTX *tls_library_whole(void)
{
    pthread_once(&once, whole_make);
    return whole.provider ? whole.library : NULL;
}
