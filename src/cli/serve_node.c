// serve_node.c - who this belfry is among the others of its database.
// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_node.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

// ---- name and tags ----

static void host_name(char name[TAG_MAX + 1])
{
    char host[256] = "";

    if (gethostname(host, sizeof host - 1) != 0 || !host[0])
        snprintf(host, sizeof host, "localhost");
    snprintf(name, TAG_MAX + 1, "%.*s", TAG_MAX, host);
    for (size_t i = 0; name[i]; i++)
        if (!tag_check((struct str){name, i + 1}, &(struct err){0}))
            name[i] = i == 0 ? 'x' : '-';
}

static bool name_read(const char *text, struct serve_node *node, struct err *e)
{
    if (!text[0]) {
        host_name(node->name);
        return true;
    }
    if (!tag_check(str_of(text), &(struct err){0})) {
        (void)fail(e, ERR_USAGE, "node", "node: \"%s\" is not a name of 1 to %d characters", text,
                   TAG_MAX);
        return fail_hint(e, "use letters, digits and . _ : - and begin with a letter or digit");
    }
    snprintf(node->name, sizeof node->name, "%s", text);
    return true;
}

static bool tags_parse(const char *text, struct serve_node *node, struct err *e)
{
    struct str rest = str_of(text), word;
    size_t len = 0, count = 0;
    struct err why;

    while (rest.len > 0 && str_next(&rest, ',', &word)) {
        word = str_trim(word);
        if (word.len == 0 || tags_have((struct str){node->tags, len}, word))
            continue;
        if (!tag_check(word, &why))
            return fail(e, ERR_USAGE, "node-tags", "node-tags: \"%.*s\" is no tag: %s", STR(word),
                        why.message);
        if (count++ == TAGS_MAX)
            return fail(e, ERR_USAGE, "node-tags", "node-tags lists more than %d tags", TAGS_MAX);
        len += (size_t)snprintf(node->tags + len, sizeof node->tags - len, "%s%.*s",
                                len > 0 ? " " : "", STR(word));
    }
    return true;
}

// ---- address ----

// The host in "example.org:8443/belfry", brackets of IPv6 included.
static struct str host_of(struct str rest)
{
    size_t n = 0;

    if (str_starts(rest, STR_LIT("[")))
        while (n < rest.len && rest.p[n] != ']')
            n++;
    while (n < rest.len && rest.p[n] != ':' && rest.p[n] != '/')
        n++;
    return str_cut(rest, 0, n);
}

static bool address_is_plain(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] == 0x7f || strchr("@?#\"\\", s.p[i]))
            return false;
    return true;
}

static bool address_read(const char *text, struct serve_node *node, struct err *e)
{
    struct str s = str_of(text), rest = s, host;

    if (str_starts(s, STR_LIT("http://")))
        rest = str_cut(s, 7, s.len);
    else if (str_starts(s, STR_LIT("https://")))
        rest = str_cut(s, 8, s.len);
    while (str_ends(s, STR_LIT("/")))
        s.len--;
    host = host_of(rest);
    if (rest.p == s.p || host.len == 0 || s.len >= sizeof node->address || !address_is_plain(s)) {
        (void)fail(e, ERR_USAGE, "advertise",
                   "advertise: \"%s\" is not a URL that others reach this node by", text);
        return fail_hint(e, "write something like https://belfry-2.example.org or "
                            "http://127.0.0.1:8000, without user, query or blanks");
    }
    snprintf(node->address, sizeof node->address, "%.*s", STR(s));
    snprintf(node->host, sizeof node->host, "%.*s", STR(host));
    return true;
}

bool serve_node_read(const struct settings *settings, struct serve_node *ret, struct err *e)
{
    struct serve_node node = {0};

    if (settings->lease_n < NODE_LEASE_MIN_US || settings->lease_n > NODE_LEASE_MAX_US) {
        (void)fail(e, ERR_USAGE, "lease", "lease: \"%s\" is not between 1s and 10m",
                   settings->lease);
        return fail_hint(e, "5s suits most: the longer, the later others take over from a node "
                            "that is gone");
    }
    if (!name_read(settings->node, &node, e) || !tags_parse(settings->node_tags, &node, e) ||
        (settings->advertise[0] && !address_read(settings->advertise, &node, e)))
        return false;
    *ret = node;
    return true;
}

void serve_node_listens(struct serve_node *node, const char *address, int port)
{
    bool is_v6 = strchr(address, ':') != NULL;

    if (!node->address[0] && address[0])
        snprintf(node->address, sizeof node->address, "http://%s%s%s:%d", is_v6 ? "[" : "", address,
                 is_v6 ? "]" : "", port);
}

bool serve_node_runs_dir(const struct serve_node *node, const char *db_path, bool is_server,
                         char *ret_path, size_t size, struct err *e)
{
    int n = is_server ? snprintf(ret_path, size, "./belfry.%s.runs", node->name)
                      : snprintf(ret_path, size, "%s.runs", db_path);

    return n < (int)size || fail(e, ERR_USAGE, "db", "the path of the database is too long");
}
