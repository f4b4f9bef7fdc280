// pg_uri.c - what a text that names a PostgreSQL database says, for people.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_uri.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

// Where the "://" of a PostgreSQL URL is, or NULL. SQLAlchemy writes its driver before it:
// postgresql+psycopg2://; that says nothing to us.
static const char *body_of(const char *text)
{
    const char *end = strstr(text, "://");
    struct str scheme = end ? str_cut(str_of(text), 0, (size_t)(end - text)) : (struct str){0};
    ptrdiff_t plus = str_find(scheme, '+');

    if (plus >= 0)
        scheme = str_cut(scheme, 0, (size_t)plus);
    return str_eq(scheme, STR_LIT("postgresql")) || str_eq(scheme, STR_LIT("postgres")) ? end
                                                                                        : NULL;
}

bool pg_uri_is(const char *text)
{
    return body_of(text) != NULL;
}

char *pg_uri_plain(const char *uri)
{
    const char *body = body_of(uri);
    struct str rest = str_of(body ? body : uri);
    char *plain = mem_alloc(strlen("postgresql") + rest.len + 1);

    memcpy(plain, "postgresql", body ? strlen("postgresql") : 0);
    memcpy(plain + strlen(plain), rest.p, rest.len);
    return plain;
}

static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (; options && options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val && *options->val ? options->val : NULL;
    return NULL;
}

char *pg_uri_name(const char *uri)
{
    char *plain = pg_uri_plain(uri);
    PQconninfoOption *options = PQconninfoParse(plain, NULL);
    const char *user = option(options, "user"), *host = option(options, "host");
    const char *port = option(options, "port"), *name = option(options, "dbname");
    char text[512];

    if (!host)
        host = option(options, "hostaddr");
    snprintf(text, sizeof text, "postgresql://%s%s%s%s%s/%s", user ? user : "", user ? "@" : "",
             host ? host : "", port ? ":" : "", port ? port : "", name ? name : "");
    PQconninfoFree(options);
    free(plain);
    return str_own(str_of(text));
}

static void cover(char *from, const char *end)
{
    while (from < end && *from)
        *from++ = '*';
}

void pg_uri_hide(char *uri)
{
    char *user = strstr(uri, "://"), *at, *colon, *key;

    if (!user)
        return;
    user += 3;
    at = user + strcspn(user, "@/?");
    colon = user + strcspn(user, ":@/?");
    if (*at == '@' && colon < at)
        cover(colon + 1, at);
    for (key = uri; (key = strstr(key, "password=")); key += strcspn(key, "&"))
        cover(key + 9, key + strcspn(key, "&"));
}
