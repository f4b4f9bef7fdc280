// certificate.c - turns a certificate check into the end of a run.
// SPDX-License-Identifier: Apache-2.0
#include "exec/certificate.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "exec/args.h"
#include "net/tls_options.h"
#include "net/tls_probe.h"

#define RESULT_MAX (1 << 20)
#define WORDS_MAX 1000

struct certificate_check {
    struct tls_probe *probe;
    certificate_done *done;
    void *ctx;
};

static void probe_done(const struct tls_result *result, void *ctx)
{
    struct certificate_check *check = ctx;
    struct certificate_end end = {.state = tls_result_is_good(result) ? RUN_SUCCEEDED : RUN_FAILED};
    struct buf json, words;

    buf_init(&json, RESULT_MAX);
    buf_init(&words, WORDS_MAX);
    tls_result_write(result, &json);
    if (!json.is_full)
        end.result = buf_str(&json);
    if (result->status != TLS_OK)
        tls_result_words(result, &words);
    end.message = buf_str(&words);
    check->done(&end, check->ctx);
    buf_done(&json);
    buf_done(&words);
    free(check);
}

static bool options_read(struct str json, struct tls_options *options, struct err *e)
{
    struct arena *arena = arena_new(1024);
    struct args args;
    bool ok = args_read(json, "", arena, &args, e);

    for (int i = 1; ok && i < args.count; i++)
        ok = tls_options_add(options, str_of(args.v[i]), e);
    arena_free(arena);
    return ok && tls_options_check(options, e);
}

struct certificate_check *certificate_start(struct tls_prober *prober,
                                            const struct certificate_request *request,
                                            certificate_done *done, void *ctx, struct err *e)
{
    struct certificate_check *check = mem_alloc(sizeof *check);
    struct tls_options *options = tls_options_new();
    struct tls_target target;
    bool ok =
        tls_target_parse(request->target, &target, e) && options_read(request->args, options, e);

    check->done = done;
    check->ctx = ctx;
    target.options = options;
    if (ok && !prober)
        ok = fail(e, ERR_SYSTEM, NULL, "certificate checks are not available here");
    ok = ok && tls_probe_start(prober, &target, &check->probe, e, probe_done, check);
    tls_options_drop(options); // the probe holds them
    if (ok)
        return check;
    free(check);
    return NULL;
}

void certificate_cancel(struct certificate_check *check)
{
    if (!check)
        return;
    tls_probe_cancel(check->probe);
    free(check);
}
