// certificate.c - turns a certificate check into the end of a run.
// SPDX-License-Identifier: Apache-2.0
#include "exec/certificate.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/tls_probe.h"

#define RESULT_MAX (256 << 10)
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
    if (end.state == RUN_FAILED)
        tls_result_words(result, &words);
    end.message = buf_str(&words);
    check->done(&end, check->ctx);
    buf_done(&json);
    buf_done(&words);
    free(check);
}

struct certificate_check *certificate_start(struct tls_prober *prober, struct str target,
                                            certificate_done *done, void *ctx, struct err *e)
{
    struct certificate_check *check;
    struct tls_target parsed;

    if (!tls_target_parse(target, &parsed, e))
        return NULL;
    if (!prober) {
        (void)fail(e, ERR_SYSTEM, NULL, "certificate checks are not available here");
        return NULL;
    }
    check = mem_alloc(sizeof *check);
    check->done = done;
    check->ctx = ctx;
    if (tls_probe_start(prober, &parsed, &check->probe, e, probe_done, check))
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
