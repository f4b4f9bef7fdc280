// tls_file.h - checks certificates in files: PEM, DER, PKCS#7, PKCS#12, and directories of them.
//
// Each certificate that did not sign another one of its file is checked, with the others as its
// chain. A private key in the file is not looked at. Blocks: not for loops that must not.
#pragma once

#include "base/clock.h"
#include "net/tls_result.h"

struct tls_options;
struct tls_trust;

enum {
    TLS_FILE_MAX_BYTES = 16 << 20,
    TLS_FILE_CERTS_MAX = 1000, // of one file
    TLS_FILE_DEPTH_MAX = 4,    // of directories
    TLS_FILE_ENTRIES_MAX = 10000,
};

struct tls_file_options {
    struct tls_trust *trust;
    const struct tls_options *options; // of which name, ca, crl and policy count; NULL: none
    const char *password;              // of PKCS#12 files; NULL: none
    const struct clock *clock;
};

// Called for each certificate, and for each file that cannot be read (without leaf; then code is
// file_unreadable). *result is valid until it returns.
typedef void tls_file_found(const struct tls_result *result, void *ctx);

// path is a file, a directory (of which files called *.pem, *.crt, *.cer, *.der, *.p7b, *.p12 and
// *.pfx are checked, by name; those that hold no certificate are passed over), or "-": standard
// input.
void tls_file_check(const char *path, const struct tls_file_options *options, tls_file_found *found,
                    void *ctx);

// The same for what has been read already; path is for messages.
void tls_file_check_bytes(const char *path, struct str bytes,
                          const struct tls_file_options *options, tls_file_found *found, void *ctx);
