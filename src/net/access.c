// access.c - matches names and addresses against an operator's lists.
// SPDX-License-Identifier: Apache-2.0
#include "net/access.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/vec.h"

enum {
    RULES_MAX = 1000,
    MAPPED_BITS = 96, // of ::ffff:0:0/96, where IPv4 lies in IPv6
};

// An address of either family: IPv4 has 4 bytes.
struct address {
    unsigned char bytes[16];
    size_t len;
};

struct rule {
    bool is_deny;
    char *name;             // NULL: a network
    struct address network; // and how many of its bits count
    unsigned bits;
};

struct access {
    VEC_OF(struct rule) rules;
    bool has_allowed, has_networks;
};

static bool list_read(struct access *access, const char *field, struct str list, struct err *e);
static bool rule_read(const char *field, struct str text, struct rule *ret_rule, struct err *e);

bool access_parse(struct str allow, struct str deny, struct access **ret_access, struct err *e)
{
    struct access *access = mem_alloc(sizeof *access);

    if (list_read(access, "allow", allow, e) && list_read(access, "deny", deny, e)) {
        *ret_access = access;
        return true;
    }
    access_free(access);
    return false;
}

void access_free(struct access *access)
{
    if (!access)
        return;
    for (size_t i = 0; i < access->rules.len; i++)
        free(access->rules.v[i].name);
    vec_done(&access->rules);
    free(access);
}

static bool list_read(struct access *access, const char *field, struct str list, struct err *e)
{
    struct str line, text;

    while (list.len > 0 && str_next(&list, ',', &line))
        while (line.len > 0 && str_next(&line, ' ', &text)) {
            struct rule rule = {.is_deny = strcmp(field, "deny") == 0};

            if (text.len == 0)
                continue;
            if (access->rules.len == RULES_MAX)
                return fail(e, ERR_LIMIT, field, "%s has more than %d entries", field, RULES_MAX);
            if (!rule_read(field, text, &rule, e))
                return false;
            vec_push(&access->rules, rule);
            access->has_allowed = access->has_allowed || !rule.is_deny;
            access->has_networks = access->has_networks || !rule.name;
        }
    return true;
}

static bool address_read(struct str text, struct address *ret)
{
    char copy[INET6_ADDRSTRLEN];

    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    ret->len = inet_pton(AF_INET, copy, ret->bytes) == 1    ? 4
               : inet_pton(AF_INET6, copy, ret->bytes) == 1 ? 16
                                                            : 0;
    return ret->len > 0;
}

static bool is_mapped(const struct address *a)
{
    return a->len == 16 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)a->bytes);
}

static void unmap(struct address *a)
{
    memmove(a->bytes, a->bytes + 12, 4);
    a->len = 4;
}

static bool bit_at(const struct address *a, unsigned i)
{
    return a->bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool name_read(const char *field, struct str text, struct rule *rule, struct err *e)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t star = str_starts(text, STR_LIT("*.")) ? 2 : 0;

    for (size_t i = star; i < text.len; i++)
        if (!strchr(allowed, text.p[i]))
            return fail(e, ERR_INPUT, field, "%s: \"%.*s\" is neither a name nor a network", field,
                        STR(text));
    if (text.len == star || text.p[star] == '.')
        return fail(e, ERR_INPUT, field, "%s: \"%.*s\" is no name", field, STR(text));
    if (text.p[text.len - 1] == '.')
        text.len--;
    rule->name = str_own(text);
    return true;
}

static bool rule_read(const char *field, struct str text, struct rule *rule, struct err *e)
{
    ptrdiff_t slash = str_find(text, '/');
    struct str left = slash < 0 ? text : str_cut(text, 0, (size_t)slash);
    int64_t bits;

    if (!address_read(left, &rule->network)) {
        if (slash < 0)
            return name_read(field, text, rule, e);
        return fail(e, ERR_INPUT, field, "%s: \"%.*s\" is not a network", field, STR(text));
    }
    bits = (int64_t)rule->network.len * 8;
    if (slash >= 0 && (!str_to_int(str_cut(text, (size_t)slash + 1, text.len), &bits) || bits < 0 ||
                       bits > (int64_t)rule->network.len * 8))
        return fail(e, ERR_INPUT, field, "%s: \"%.*s\": /0 to /%zu can follow the address", field,
                    STR(text), rule->network.len * 8);
    for (unsigned i = (unsigned)bits; i < rule->network.len * 8; i++)
        if (bit_at(&rule->network, i))
            return fail(e, ERR_INPUT, field, "%s: \"%.*s\" is not the beginning of its network",
                        field, STR(text));
    rule->bits = (unsigned)bits;
    if (is_mapped(&rule->network) && bits >= MAPPED_BITS) {
        unmap(&rule->network);
        rule->bits -= MAPPED_BITS;
    }
    return true;
}

static bool name_matches(const struct rule *rule, struct str host)
{
    struct str name = str_of(rule->name);

    if (host.len > 1 && host.p[host.len - 1] == '.')
        host.len--;
    if (!str_starts(name, STR_LIT("*.")))
        return str_eq_nocase(name, host);
    name = str_cut(name, 1, name.len); // ".example.org"
    return host.len > name.len && str_eq_nocase(name, str_cut(host, host.len - name.len, host.len));
}

static bool network_matches(const struct rule *rule, const struct address *a)
{
    if (rule->network.len != a->len)
        return false;
    for (unsigned i = 0; i < rule->bits; i++)
        if (bit_at(&rule->network, i) != bit_at(a, i))
            return false;
    return true;
}

enum access_verdict access_of_name(const struct access *access, const char *host)
{
    enum access_verdict verdict = ACCESS_BY_ADDRESS;

    for (size_t i = 0; access && i < access->rules.len; i++) {
        const struct rule *rule = &access->rules.v[i];

        if (!rule->name || !name_matches(rule, str_of(host)))
            continue;
        if (rule->is_deny)
            return ACCESS_DENIED;
        verdict = ACCESS_BY_NAME;
    }
    return verdict;
}

static struct address address_of(const struct dns_address *from)
{
    const struct sockaddr *any = (const struct sockaddr *)&from->addr;
    struct address a = {0};

    if (any->sa_family == AF_INET) {
        memcpy(a.bytes, &((const struct sockaddr_in *)any)->sin_addr, 4);
        a.len = 4;
        return a;
    }
    memcpy(a.bytes, &((const struct sockaddr_in6 *)any)->sin6_addr, 16);
    a.len = 16;
    if (is_mapped(&a))
        unmap(&a);
    return a;
}

bool access_of_address(const struct access *access, enum access_verdict verdict,
                       const struct dns_address *address)
{
    struct address a = address_of(address);
    bool is_allowed = !access || !access->has_allowed || verdict == ACCESS_BY_NAME;

    for (size_t i = 0; access && i < access->rules.len; i++) {
        const struct rule *rule = &access->rules.v[i];

        if (rule->name || !network_matches(rule, &a))
            continue;
        if (rule->is_deny)
            return false;
        is_allowed = true;
    }
    return is_allowed && verdict != ACCESS_DENIED;
}

bool access_needs_address(const struct access *access)
{
    return access && (access->has_networks || access->has_allowed);
}
