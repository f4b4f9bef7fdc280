// pg_uri.c - what a text that names a PostgreSQL database says, for people.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_uri.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

bool pg_uri_is(const char *text)
{
    return str_starts(str_of(text), STR_LIT("postgresql://")) ||
           str_starts(str_of(text), STR_LIT("postgres://"));
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
    PQconninfoOption *options = PQconninfoParse(uri, NULL);
    const char *user = option(options, "user"), *host = option(options, "host");
    const char *port = option(options, "port"), *name = option(options, "dbname");
    char text[512];

    if (!host)
        host = option(options, "hostaddr");
    snprintf(text, sizeof text, "postgresql://%s%s%s%s%s/%s", user ? user : "", user ? "@" : "",
             host ? host : "", port ? ":" : "", port ? port : "", name ? name : "");
    PQconninfoFree(options);
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
