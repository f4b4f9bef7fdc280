// tls_name.c - writes distinguished names as python-cryptography and as OpenSSL do.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_name.h"

#include <openssl/bio.h>
#include <openssl/objects.h>

#include "base/arena.h"

enum {
    SHORT_MAX_BYTES = 100,
};

static void entry_write(const X509_NAME_ENTRY *entry, struct buf *out);
static void type_write(const ASN1_OBJECT *type, struct buf *out);
static void value_write(const ASN1_STRING *value, struct buf *out);
static void text_escape(struct str text, struct buf *out);
static void hex_write(const ASN1_STRING *value, struct buf *out);
static bool is_text(const ASN1_STRING *value);

void tls_name_repr(const X509_NAME *name, struct buf *out)
{
    int count = X509_NAME_entry_count(name);
    int set = -1;

    buf_add_text(out, "<Name(");
    for (int i = 0; i < count; i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);

        if (i > 0)
            buf_add_byte(out, X509_NAME_ENTRY_set(entry) == set ? '+' : ',');
        set = X509_NAME_ENTRY_set(entry);
        entry_write(entry, out);
    }
    buf_add_text(out, ")>");
}

void tls_name_line(const X509_NAME *name, struct buf *out)
{
    const unsigned long flags = XN_FLAG_ONELINE & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    BIO *memory = BIO_new(BIO_s_mem());
    char *text;
    long n;

    if (memory && X509_NAME_print_ex(memory, name, 0, flags) >= 0) {
        n = BIO_get_mem_data(memory, &text);
        if (n > 0)
            buf_add(out, (struct str){text, (size_t)n});
    }
    BIO_free(memory);
}

static void entry_write(const X509_NAME_ENTRY *entry, struct buf *out)
{
    type_write(X509_NAME_ENTRY_get_object(entry), out);
    buf_add_byte(out, '=');
    value_write(X509_NAME_ENTRY_get_data(entry), out);
}

// RFC 4514's table and nothing else: OpenSSL knows many more short names, which S2 never showed.
static void type_write(const ASN1_OBJECT *type, struct buf *out)
{
    static const struct {
        int nid;
        const char *name;
    } names[] = {
        {NID_commonName, "CN"},
        {NID_localityName, "L"},
        {NID_stateOrProvinceName, "ST"},
        {NID_organizationName, "O"},
        {NID_organizationalUnitName, "OU"},
        {NID_countryName, "C"},
        {NID_streetAddress, "STREET"},
        {NID_domainComponent, "DC"},
        {NID_userId, "UID"},
    };
    int nid = OBJ_obj2nid(type);
    char dotted[512];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].nid == nid) {
            buf_add_text(out, names[i].name);
            return;
        }
    if (OBJ_obj2txt(dotted, sizeof dotted, type, 1) > 0)
        buf_add_text(out, dotted);
}

static void value_write(const ASN1_STRING *value, struct buf *out)
{
    unsigned char *utf8 = NULL;
    int n;

    if (!is_text(value)) {
        hex_write(value, out);
        return;
    }
    // Old software put UTF-8 into T61String; python-cryptography reads it so, and Latin-1 is the
    // guess for the rest.
    struct str raw = {(const char *)ASN1_STRING_get0_data(value),
                      (size_t)ASN1_STRING_length(value)};
    bool is_wide = ASN1_STRING_type(value) == V_ASN1_BMPSTRING ||
                   ASN1_STRING_type(value) == V_ASN1_UNIVERSALSTRING;
    if (!is_wide && str_is_utf8(raw)) {
        text_escape(raw, out);
        return;
    }
    n = ASN1_STRING_to_UTF8(&utf8, value);
    if (n >= 0)
        text_escape((struct str){(const char *)utf8, (size_t)n}, out);
    else
        hex_write(value, out);
    OPENSSL_free(utf8);
}

static bool is_text(const ASN1_STRING *value)
{
    switch (ASN1_STRING_type(value)) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_NUMERICSTRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_T61STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_VISIBLESTRING:
    case V_ASN1_UNIVERSALSTRING:
    case V_ASN1_BMPSTRING:
        return true;
    }
    return false;
}

// RFC 4514, 2.4, with that library's reading: every one of "\ " + , ; < >" gets a backslash, NUL is
// \00, "#" and blank only at the start, blank at the end too. (It gives a lone blank two
// backslashes; so do we.)
static void text_escape(struct str text, struct buf *out)
{
    if (str_eq(text, STR_LIT(" ")))
        buf_add_byte(out, '\\');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];
        bool is_edge_blank = c == ' ' && (i == 0 || i + 1 == text.len);

        if (c == '\0') {
            buf_add_text(out, "\\00");
            continue;
        }
        if (strchr("\\\"+,;<>", c) || (c == '#' && i == 0) || is_edge_blank)
            buf_add_byte(out, '\\');
        buf_add_byte(out, c);
    }
}

static void hex_write(const ASN1_STRING *value, struct buf *out)
{
    const unsigned char *p = ASN1_STRING_get0_data(value);
    int n = ASN1_STRING_length(value);
    unsigned unused = value->flags & ASN1_STRING_FLAG_BITS_LEFT ? (unsigned)value->flags & 7 : 0;

    if (n > 0)
        buf_add_byte(out, '#');
    if (ASN1_STRING_type(value) == V_ASN1_BIT_STRING) // its first octet counts unused bits; OpenSSL
                                                      // took it off
        buf_printf(out, "%02x", unused);
    for (int i = 0; i < n; i++)
        buf_printf(out, "%02x", p[i]);
}

// Whole characters of UTF-8, as far as there is room; what is no character becomes "?".
static void text_cut(struct str text, struct buf *out)
{
    while (text.len > 0 && !out->is_full) {
        size_t n = str_utf8_char(text);

        buf_add(out, n > 0 ? str_cut(text, 0, n) : STR_LIT("?"));
        text = str_cut(text, n > 0 ? n : 1, text.len);
    }
}

struct str tls_name_short(const X509_NAME *name, struct arena *arena)
{
    int at = X509_NAME_get_index_by_NID((X509_NAME *)name, NID_commonName, -1);
    const X509_NAME_ENTRY *entry =
        X509_NAME_get_entry(name, at >= 0 ? at : X509_NAME_entry_count(name) - 1);
    unsigned char *utf8 = NULL;
    int n = entry ? ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry)) : 0;
    struct buf text;
    struct str kept;

    buf_init(&text, SHORT_MAX_BYTES);
    if (n > 0)
        text_cut((struct str){(char *)utf8, (size_t)n}, &text);
    kept = arena_copy(arena, text.len > 0 ? buf_str(&text) : STR_LIT("(no name)"));
    buf_done(&text);
    OPENSSL_free(utf8);
    return kept;
}
