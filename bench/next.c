// next.c - how long does one trigger_next take, and one trigger_parse? Over the expressions of the
// trigger vectors.
//
// usage: next [FOLDER] (test/data/vectors). Each question is timed in batches of ROUNDS calls; mean
// and p99 are over questions. Three starts a schedule: as the vector has it, and its first two
// runs, many of which lie at a DST change.
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/vec.h"
#include "time/iso8601.h"
#include "trigger/trigger.h"

#define ROUNDS 200
#define PARSE_ROUNDS 20

struct question {
    json_t *spec;
    struct str zone;
    wall after;
};

static VEC_OF(struct question) questions;
static volatile int64_t sink;

static int64_t now_ns(void)
{
    return clock_mono(clock_real()).us * 1000;
}

static const char *text_of(const json_t *vector, const char *key)
{
    const char *text = json_string_value(json_object_get(vector, key));

    return text ? text : "";
}

static void question_add(const json_t *vector, struct zones *zones)
{
    const char *dialect = text_of(vector, "dialect");
    bool is_fields = strcmp(dialect, "fields") == 0, is_quartz = strcmp(dialect, "quartz") == 0;
    struct question q = {0};
    struct err e;

    if ((strcmp(dialect, "cron") != 0 && !is_fields && !is_quartz) ||
        json_is_true(json_object_get(vector, "error")) ||
        json_array_size(json_object_get(vector, "expect")) == 0)
        return;
    q.spec = is_fields ? json_deep_copy(json_object_get(vector, "fields"))
                       : json_pack("{ss}", "expr", text_of(vector, "expr"));
    json_object_set_new(q.spec, "type", json_string(is_quartz ? "quartz" : "cron"));
    q.zone = str_of(strdup(text_of(vector, "tz")));
    if (iso8601_moment(str_of(text_of(vector, "after")), zones_utc(zones), "after", &q.after, &e))
        vec_push(&questions, q);
}

static void file_read(const char *path, struct zones *zones)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;

    while (f && getline(&line, &room, f) > 0) {
        json_t *vector = json_loads(line, 0, NULL);

        question_add(vector, zones);
        json_decref(vector);
    }
    free(line);
    if (f)
        fclose(f);
}

static void folder_read(const char *folder, struct zones *zones)
{
    DIR *dir = opendir(folder);
    struct dirent *file;

    while (dir && (file = readdir(dir))) {
        char path[600];

        snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        if (str_ends(str_of(file->d_name), STR_LIT(".jsonl")))
            file_read(path, zones);
    }
    if (dir)
        closedir(dir);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

typedef VEC_OF(double) samples_vec;

static void report(const char *what, samples_vec *samples)
{
    double sum = 0;

    qsort(samples->v, samples->len, sizeof *samples->v, by_value);
    for (size_t i = 0; i < samples->len; i++)
        sum += samples->v[i];
    printf("%-22s %6.0f ns mean  %6.0f ns p50  %6.0f ns p99  %6.0f ns max  (%zu questions)\n", what,
           sum / (double)samples->len, samples->v[samples->len / 2],
           samples->v[samples->len * 99 / 100], samples->v[samples->len - 1], samples->len);
    vec_done(samples);
}

static double next_ns(const struct trigger *t, wall after)
{
    double best = 1e18;

    // The least of three: the others met an interrupt or a neighbour.
    for (int n = 0; n < 3; n++) {
        int64_t start = now_ns(), sum = 0;

        for (int i = 0; i < ROUNDS; i++)
            sum += trigger_next(t, after).us;
        sink = sum;
        double took = (double)(now_ns() - start) / ROUNDS;
        best = took < best ? took : best;
    }
    return best;
}

static struct trigger *compile(const struct question *q, struct zones *zones, bool in_utc)
{
    struct trigger_context context = {
        zones, in_utc ? STR_LIT("UTC") : q->zone, q->after, {0}, NULL};
    struct trigger *t;
    struct err e;

    return trigger_parse(q->spec, &context, &t, &e) ? t : NULL;
}

static void run_next(const char *what, struct zones *zones, bool in_utc)
{
    samples_vec samples = {0};

    for (size_t i = 0; i < questions.len; i++) {
        struct trigger *t = compile(&questions.v[i], zones, in_utc);
        wall at = questions.v[i].after;

        for (int start = 0; t && start < 3 && at.us != WALL_NEVER.us; start++) {
            vec_push(&samples, next_ns(t, at));
            at = trigger_next(t, at);
        }
        trigger_free(t);
    }
    report(what, &samples);
}

static void run_parse(struct zones *zones)
{
    samples_vec samples = {0};

    for (size_t i = 0; i < questions.len; i++) {
        int64_t start = now_ns();

        for (int n = 0; n < PARSE_ROUNDS; n++)
            trigger_free(compile(&questions.v[i], zones, false));
        vec_push(&samples, (double)(now_ns() - start) / PARSE_ROUNDS);
    }
    report("parse", &samples);
}

int main(int argc, char **argv)
{
    struct zones *zones = zones_new(NULL);

    folder_read(argc > 1 ? argv[1] : "test/data/vectors", zones);
    if (questions.len == 0) {
        fprintf(stderr, "no vectors found\n");
        return 1;
    }
    run_next("next, UTC", zones, true);
    run_next("next, with zones", zones, false);
    run_parse(zones);
    for (size_t i = 0; i < questions.len; i++) {
        json_decref(questions.v[i].spec);
        free((char *)questions.v[i].zone.p);
    }
    vec_done(&questions);
    zones_free(zones);
    return 0;
}
