// job_page.c - a page of the jobs: some of them, in order, with more about each when it is asked
// for.
//
// A page begins behind a job of the order by next run and name. Jobs move in that order as they
// run, so one that runs between two pages may come twice; none is passed over that stays where it
// is. The last run of each job of the page is looked up on its own, by an index: a page costs so
// many looks, however long the history is.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include <stdlib.h>

#include "api/call.h"
#include "api/models.h"
#include "job/job_write.h"
#include "job/tags.h"
#include "sched/page.h"

enum {
    PAGE_MAX = SCHED_PAGE_MAX,
    SCRATCH_BYTES = 1 << 16
};

static const char *const expand_names[] = {"words", "last_run"};

#define STATE_COUNT 5           // of job_view_state_names
#define STATES_PAUSED (1u << 1) // "paused" alone
#define EXPAND_COUNT (sizeof expand_names / sizeof *expand_names)

enum {
    EXPAND_WORDS = 1,
    EXPAND_LAST_RUN = 2
};

struct item {
    struct page *page;
    int64_t job_id;
    struct str text; // the job's object, without its closing brace
    struct str last_run;
};

struct page {
    struct call *call;
    unsigned states, kinds, expand;
    wall after; // the page begins behind this slot
    struct str after_name;
    bool is_first;
    int64_t limit;
    size_t matching; // jobs in those states
    struct item *items;
    size_t count;
    bool has_more;
    struct str cursor;
    size_t waiting; // last runs that are being looked up, and one for ourselves
    struct err err;
};

static void last_came(const struct err *err, const struct store_run *runs, size_t count, void *ctx);
static void page_part(struct page *page);

// ---- what is asked for ----

static bool words_read(struct call *call, struct str list, const char *parameter,
                       const char *const *names, size_t count, unsigned *ret_bits)
{
    struct str word;
    unsigned bits = 0;

    while (list.len > 0 && str_next(&list, ',', &word)) {
        size_t i = 0;

        while (i < count && !str_eq(str_trim(word), str_of(names[i])))
            i++;
        if (i == count)
            return model_complain(call->issues, "value_error",
                                  arena_printf(call->arena, "\"query\",\"%s\"", parameter), NULL,
                                  "", "\"%.*s\" is none of those that are known",
                                  STR(model_short(word)));
        bits |= 1u << i;
    }
    *ret_bits = bits;
    return true;
}

static bool cursor_read(struct page *page, struct str cursor)
{
    struct str slot;

    page->is_first = cursor.len == 0;
    if (page->is_first)
        return true;
    page->after_name = cursor;
    if (str_next(&page->after_name, ':', &slot) && str_to_int(slot, &page->after.us) &&
        page->after_name.len > 0)
        return true;
    return model_complain(page->call->issues, "value_error", STR_LIT("\"query\",\"cursor\""), NULL,
                          "", "A cursor is what next_cursor of the page before says");
}

static size_t kind_count(void)
{
    size_t n = 0;

    while (job_kind_names[n])
        n++;
    return n;
}

static bool query_read(struct page *page)
{
    struct call *call = page->call;
    const struct jobs_query *query = call->query;

    page->limit = query->limit > PAGE_MAX ? PAGE_MAX : query->limit;
    return words_read(call, query->state, "state", job_view_state_names, STATE_COUNT,
                      &page->states) &&
           words_read(call, query->kind, "kind", job_kind_names, kind_count(), &page->kinds) &&
           words_read(call, query->expand, "expand", expand_names, EXPAND_COUNT, &page->expand) &&
           cursor_read(page, query->cursor);
}

// ---- the jobs ----

static struct job_now now_of(const struct page *page, const struct sched_item *item)
{
    int elsewhere = elsewhere_running(page->call->api->elsewhere, item->job);

    return (struct job_now){item->next_at, item->running + elsewhere, item->paused, NULL};
}

static bool is_wanted(const struct sched_item *item, void *ctx)
{
    const struct page *page = ctx;
    struct job_now now = now_of(page, item);
    const char *state = job_state_text(item->job, &now);
    const struct jobs_query *query = page->call->query;

    if (query->tag.len > 0 && !tags_have(item->job->spec->tags, query->tag))
        return false;
    if (page->kinds && !(page->kinds >> item->job->kind & 1))
        return false;
    for (size_t i = 0; page->states && i < STATE_COUNT; i++)
        if (strcmp(state, job_view_state_names[i]) == 0)
            return page->states & 1u << i;
    return true;
}

static void item_add(struct page *page, const struct sched_item *from, struct buf *scratch)
{
    struct job_now now = now_of(page, from);
    struct item *item = &page->items[page->count++];
    struct json_write w;
    struct buf text;

    buf_init(&text, CALL_BODY_MAX);
    json_write_init(&w, &text);
    json_write_object(&w);
    job_write(from->job, &now, false, scratch, &w);
    if (page->expand & EXPAND_WORDS) {
        buf_clear(scratch);
        if (from->job->trigger)
            trigger_words(from->job->trigger, scratch);
        json_write_key(&w, "words");
        json_write_str(&w, buf_str(scratch));
    }
    *item = (struct item){.page = page,
                          .job_id = from->job->id,
                          .text = arena_copy(page->call->arena, buf_str(&text))};
    buf_done(&text);
    page->cursor = arena_printf(page->call->arena, "%lld:%.*s", (long long)from->next_at.us,
                                STR(from->job->name));
}

static void jobs_came(const struct sched_item *items, size_t count, size_t matching, bool has_more,
                      void *ctx)
{
    struct page *page = ctx;
    struct call *call = page->call;
    struct buf scratch;

    buf_init(&scratch, SCRATCH_BYTES);
    page->matching = matching;
    page->has_more = has_more;
    page->items = arena_array(call->arena, count + 1, sizeof *page->items);
    for (size_t i = 0; i < count; i++)
        item_add(page, &items[i], &scratch);
    buf_done(&scratch);
    page->waiting = 1;
    for (size_t i = 0; page->expand & EXPAND_LAST_RUN && i < page->count; i++) {
        struct store_run_query ask = {.job_id = page->items[i].job_id, .limit = 1};

        page->waiting++;
        store_read_runs(call->api->o.store, &ask, last_came, &page->items[i]);
    }
    page_part(page);
}

void job_page(struct call *call)
{
    struct page *page = arena_alloc(call->arena, sizeof *page);

    page->call = call;
    if (!query_read(page)) {
        call_reply_issues(call);
        return;
    }
    const struct jobs_query *query = call->query;
    bool has_filter = page->states || page->kinds || query->tag.len > 0;

    sched_page(call->api->o.sched, &(struct sched_page_ask){
                                       .has_after = !page->is_first,
                                       .after = page->after,
                                       .after_name = page->after_name,
                                       .limit = (size_t)page->limit,
                                       .wanted = has_filter ? is_wanted : NULL,
                                       .only_paused = page->states == STATES_PAUSED,
                                       .done = jobs_came,
                                       .ctx = page,
                                   });
}

// ---- their last runs ----

static void last_came(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct item *item = ctx;
    struct page *page = item->page;
    struct json_write w;
    struct buf text;

    if (err)
        page->err = *err;
    if (count > 0) {
        buf_init(&text, CALL_BODY_MAX);
        json_write_init(&w, &text);
        json_write_object(&w);
        runs_write_item(page->call, runs, &w);
        json_write_object_end(&w);
        item->last_run = arena_copy(page->call->arena, buf_str(&text));
        buf_done(&text);
    }
    page_part(page);
}

static void page_write(const struct page *page, struct buf *body)
{
    struct json_write w;
    struct buf text;

    buf_init(&text, CALL_BODY_MAX);
    json_write_init(&w, body);
    json_write_object(&w);
    json_write_key(&w, "total");
    json_write_int(&w, (int64_t)page->matching);
    json_write_key(&w, "jobs");
    json_write_array(&w);
    for (size_t i = 0; i < page->count; i++) {
        const struct item *item = &page->items[i];

        buf_clear(&text);
        buf_add(&text, item->text);
        if (page->expand & EXPAND_LAST_RUN) {
            buf_add(&text, STR_LIT(",\"last_run\":"));
            buf_add(&text, item->last_run.len > 0 ? item->last_run : STR_LIT("null"));
        }
        buf_add_byte(&text, '}');
        json_write_raw(&w, buf_str(&text));
    }
    json_write_array_end(&w);
    json_write_key(&w, "next_cursor");
    if (page->has_more)
        json_write_str(&w, page->cursor);
    else
        json_write_null(&w);
    json_write_object_end(&w);
    buf_done(&text);
}

// One part of the page is there; the last one sends it.
static void page_part(struct page *page)
{
    struct buf body;

    if (--page->waiting > 0)
        return;
    if (page->err.code) {
        call_reply_err(page->call, &page->err);
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    page_write(page, &body);
    call_reply(page->call, 200, &body);
}
