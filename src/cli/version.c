// version.c - `belfry version`: this program's version and, if asked, those of its libraries.
// SPDX-License-Identifier: Apache-2.0
#include "base/version.h"

#include "cli/command.h"

#include <idn2.h>
#include <jansson.h>
#include <llhttp/llhttp.h>
#include <openssl/crypto.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

int cmd_version(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && strcmp(argv[1], "--verbose") != 0))
        return command_usage(argv[0], "\"%s\" is not understood", argv[argc - 1]);
    printf("belfry " BELFRY_VERSION "\n");
    if (argc == 2) {
        printf("llhttp %d.%d.%d\n", LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR,
               LLHTTP_VERSION_PATCH);
        printf("jansson %s\n", jansson_version_str());
        printf("SQLite %s\n", sqlite3_libversion());
        printf("libpq %d.%d\n", PQlibVersion() / 10000, PQlibVersion() % 10000);
        printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
        printf("libidn2 %s\n", idn2_check_version(NULL));
    }
    return 0;
}
