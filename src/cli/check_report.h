// check_report.h - a finished certificate check as `belfry check` prints it.
#pragma once

#include "base/buf.h"
#include "net/tls_result.h"

// For people: what was found, line by line; what went wrong on the way goes into err.
void check_report_words(const struct tls_result *result, struct buf *out, struct buf *err);

// For monitoring plugins: one line, "TLS OK - certificate of .. is good for 63 days", and behind
// it in perf what can be drawn: 'days_left'=63.12;30:;14: 'time'=0.012s. prefix keeps the labels
// of several results apart.
void check_report_nagios(const struct tls_result *result, const char *prefix, struct buf *out,
                         struct buf *perf);

// What went wrong, and what to do about it.
void check_report_error(const struct err *e, struct buf *err);
