// tls_match.c - compares the names in a certificate with the host that was asked for.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_match.h"

#include <arpa/inet.h>

#include <openssl/x509v3.h>

static bool entry_match(const GENERAL_NAME *entry, struct str host, struct str address);
static struct str bytes_of(const ASN1_STRING *s);

bool tls_match_name(struct str pattern, struct str host)
{
    struct str rest;
    ptrdiff_t dot;

    if (host.len > 1 && host.p[host.len - 1] == '.')
        host.len--;
    if (pattern.len == 0 || host.len == 0)
        return false;
    if (!str_starts(pattern, STR_LIT("*.")))
        return str_eq_nocase(pattern, host);

    rest = str_cut(pattern, 1, pattern.len); // ".rest"
    if (str_find(str_cut(rest, 1, rest.len), '.') <= 0)
        return false;
    dot = str_find(host, '.');
    return dot > 0 && str_eq_nocase(rest, str_cut(host, (size_t)dot, host.len));
}

bool tls_match_certificate(const X509 *certificate, const char *host, bool is_ip)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    struct str address = {0};
    GENERAL_NAMES *names;
    bool matches = false;

    if (is_ip && inet_pton(AF_INET, host, bytes) == 1)
        address = (struct str){(char *)bytes, 4};
    else if (is_ip && inet_pton(AF_INET6, host, bytes) == 1)
        address = (struct str){(char *)bytes, 16};
    names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !matches; i++)
        matches = entry_match(sk_GENERAL_NAME_value(names, i), str_of(host), address);
    GENERAL_NAMES_free(names);
    return matches;
}

static bool entry_match(const GENERAL_NAME *entry, struct str host, struct str address)
{
    if (address.p)
        return entry->type == GEN_IPADD && str_eq(bytes_of(entry->d.iPAddress), address);
    return entry->type == GEN_DNS && tls_match_name(bytes_of(entry->d.dNSName), host);
}

static struct str bytes_of(const ASN1_STRING *s)
{
    return (struct str){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}
