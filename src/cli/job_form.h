// job_form.h - a job as it is typed: flags that say when and what, and key=value for the rest.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "cli/typed.h"

// The trigger that --cron, --every, --at, --daily, --on, --after, --startup or --manual and --tz
// say; *ret_spec is NULL when none of them is there, else it is to be ended with json_decref.
// Errors are ERR_USAGE (two of them), or ERR_INPUT with the column in what stands at fault.
[[nodiscard]] bool job_form_trigger(const struct typed *typed, wall now, json_t **ret_spec,
                                    struct err *e);

// Puts what --folder, --cert and the words behind "--" say is run into body. The words are a
// command and its arguments when is_command, else arguments of the folder or check.
[[nodiscard]] bool job_form_action(const struct typed *typed, bool is_command, json_t *body,
                                   struct err *e);

// Puts the words "key=value" of typed from the given one on into body. A value that is JSON is
// taken as such, anything else as text; "a.b=c" is the member b of the object a.
[[nodiscard]] bool job_form_members(const struct typed *typed, int from, json_t *body,
                                    struct err *e);
