// job_name.c - what may be the name of a job.
// SPDX-License-Identifier: Apache-2.0
#include "job/job_name.h"

static bool is_name_byte(char c, bool is_first)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return !is_first && (c == '.' || c == '_' || c == '@' || c == ':' || c == '-');
}

bool job_name_check(struct str name, struct err *e)
{
    if (name.len == 0)
        return fail(e, ERR_INPUT, "job_id", "a job_id must not be empty");
    if (name.len > JOB_NAME_MAX)
        return fail(e, ERR_INPUT, "job_id", "a job_id has at most %d characters, this one %zu",
                    JOB_NAME_MAX, name.len);
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_byte(name.p[i], i == 0))
            return fail_at(e, ERR_INPUT, "job_id", (int)i + 1,
                           "a job_id is made of letters, digits and . _ @ : - and begins with a "
                           "letter or digit");
    return true;
}
