// tls_name.h - the names inside certificates (X.501 distinguished names) as text.
#pragma once

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/str.h"

struct arena;

// As python-cryptography's repr prints it, which S2's clients receive:
// <Name(C=US,ST=California,O=Example,CN=localhost)>. Order as in the certificate, RFC 4514's nine
// short names, other types as dotted numbers, RFC 4514's escapes, "+" within a multi-valued part.
// Text of any ASN.1 string type becomes UTF-8; what is not text becomes "#" and hex.
void tls_name_repr(const X509_NAME *name, struct buf *out);

// As `openssl x509 -nameopt oneline,utf8` prints it: C = US, ST = California, O = Example, CN =
// localhost. Control characters are escaped.
void tls_name_line(const X509_NAME *name, struct buf *out);

// The common name, or else the last part, or "(no name)": for sentences. At most 100 bytes of
// UTF-8, NUL-terminated.
struct str tls_name_short(const X509_NAME *name, struct arena *arena);
