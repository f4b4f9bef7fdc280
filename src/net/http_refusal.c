// http_refusal.c - words a refusal.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_refusal.h"

#include <stdarg.h>
#include <stdio.h>

bool http_refuse(struct http_refusal *ret, int status, const char *format, ...)
{
    va_list args;

    ret->status = status;
    va_start(args, format);
    vsnprintf(ret->detail, sizeof ret->detail, format, args);
    va_end(args);
    return false;
}
