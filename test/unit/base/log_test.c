// log_test.c - lines as a person and as a machine read them.
// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <jansson.h>
#include <pthread.h>
#include <sys/mman.h>

#include "base/file.h"
#include "unit.h"

static struct sim_clock sim;
static int memory; // what stands behind stderr during a test
static int saved;  // the real stderr
static char text[1 << 20];

static int setup(void **state)
{
    (void)state;
    sim_clock_init(&sim, (wall){1743296400123456}); // 2025-03-30T01:00:00.123456Z
    memory = memfd_create("log", MFD_CLOEXEC);
    saved = dup(STDERR_FILENO);
    fcntl(memory, F_SETFL, O_APPEND);
    return dup2(memory, STDERR_FILENO) < 0;
}

static int teardown(void **state)
{
    (void)state;
    dup2(saved, STDERR_FILENO);
    file_close(&saved);
    file_close(&memory);
    return 0;
}

// What was logged since the last look.
static const char *logged(void)
{
    ssize_t n = pread(memory, text, sizeof text - 1, 0);

    assert_true(n >= 0);
    text[n] = '\0';
    assert_int_equal(ftruncate(memory, 0), 0);
    return text;
}

static void test_text(void **state)
{
    (void)state;
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO, &sim.base);
    log_info("job finished", log_text("job", "backup"), log_int("exit", -1), log_bool("ok", false));
    assert_string_equal(
        logged(), "2025-03-30 01:00:00.123Z info  job finished job=backup exit=-1 ok=false\n");
    log_error("odd", log_text("a", "two words"), log_text("b", ""), log_text("c", "x=1"),
              log_str("d", STR_LIT("\x1b[2J\n")));
    assert_string_equal(logged(), "2025-03-30 01:00:00.123Z error odd a=\"two words\" b=\"\" "
                                  "c=\"x=1\" d=\"\\u001b[2J\\n\"\n");
    log_warn("bare");
    assert_string_equal(logged(), "2025-03-30 01:00:00.123Z warn  bare\n");
}

static void test_json(void **state)
{
    (void)state;
    log_open(LOG_FORMAT_AUTO, LOG_LEVEL_INFO, &sim.base); // no terminal here
    log_info("job finished", log_text("job", "backup"), log_int("exit", 0), log_bool("ok", true));
    assert_string_equal(logged(), "{\"ts\":\"2025-03-30T01:00:00.123456Z\",\"level\":\"info\","
                                  "\"msg\":\"job finished\",\"job\":\"backup\",\"exit\":0,"
                                  "\"ok\":true}\n");
    log_info("a \"b\"\n\xff");
    assert_string_equal(logged(), "{\"ts\":\"2025-03-30T01:00:00.123456Z\",\"level\":\"info\","
                                  "\"msg\":\"a \\\"b\\\"\\n\ufffd\"}\n");
}

static void test_err(void **state)
{
    struct err e;

    (void)state;
    (void)fail(&e, ERR_EXISTS, "id", "job backup exists");
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO, &sim.base);
    log_error("no", log_err(&e));
    assert_non_null(strstr(logged(), "no error=\"job backup exists\" code=job_exists\n"));
    (void)fail_hint(&e, "use PUT");
    log_error("no", log_err(&e));
    assert_non_null(strstr(logged(), " code=job_exists hint=\"use PUT\"\n"));
    log_open(LOG_FORMAT_JSON, LOG_LEVEL_INFO, &sim.base);
    log_error("no", log_err(&e), log_int("n", 1));
    assert_non_null(strstr(logged(), "\"error\":\"job backup exists\",\"code\":\"job_exists\","
                                     "\"hint\":\"use PUT\",\"n\":1}"));
}

static void test_levels(void **state)
{
    (void)state;
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_WARN, &sim.base);
    log_debug("1");
    log_info("2");
    assert_string_equal(logged(), "");
    assert_false(log_is_on(LOG_LEVEL_INFO));
    assert_true(log_is_on(LOG_LEVEL_ERROR));
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("3");
    assert_non_null(strstr(logged(), " debug 3\n"));
}

static void test_dates(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {0, "1970-01-01 00:00:00"},          {951782400, "2000-02-29 00:00:00"},
        {951868799, "2000-02-29 23:59:59"},  {951868800, "2000-03-01 00:00:00"},
        {1735689599, "2024-12-31 23:59:59"}, {-1, "1969-12-31 23:59:59"},
        {4107542400, "2100-03-01 00:00:00"}, {253402300799, "9999-12-31 23:59:59"},
    };

    (void)state;
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO, &sim.base);
    for (size_t i = 0; i < COUNT(rows); i++) {
        sim_clock_init(&sim, (wall){rows[i].seconds * 1000000});
        log_info("x");
        assert_memory_equal(logged(), rows[i].text, strlen(rows[i].text));
    }
}

// A value is cut between characters; a line that is too long still says what happened.
static void test_long(void **state)
{
    static char umlauts[5001];
    struct log_field fields[51] = {0};

    (void)state;
    for (int i = 1; i + 1 < 5000; i += 2)
        memcpy(umlauts + i, "\u00e4", 3);
    umlauts[0] = '.';
    for (int i = 0; i < 50; i++)
        fields[i] = log_text("k", umlauts);
    log_open(LOG_FORMAT_JSON, LOG_LEVEL_INFO, &sim.base);
    log_info("m", fields[0]);
    json_t *line = json_loads(logged(), 0, NULL);
    assert_int_equal(json_string_length(json_object_get(line, "k")), 2047);
    json_decref(line);
    log_write(LOG_LEVEL_INFO, "too much", fields);
    line = json_loads(logged(), 0, NULL);
    assert_string_equal(json_string_value(json_object_get(line, "msg")), "too much");
    assert_null(json_object_get(line, "k"));
    json_decref(line);
}

static void *thread_log(void *ctx)
{
    for (int i = 0; i < 200; i++)
        log_info("from a thread", log_text("who", ctx), log_int("n", i));
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[3];
    int lines = 0;

    (void)state;
    log_open(LOG_FORMAT_JSON, LOG_LEVEL_INFO, &sim.base);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, thread_log, "some one"), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    struct str rest = str_of(logged()), line;
    while (str_next(&rest, '\n', &line) && line.len > 0) {
        json_t *read = json_loadb(line.p, line.len, 0, NULL);

        assert_non_null(read);
        json_decref(read);
        lines++;
    }
    assert_int_equal(lines, 600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_text),  TEST(test_json), TEST(test_err),     TEST(test_levels),
        TEST(test_dates), TEST(test_long), TEST(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
