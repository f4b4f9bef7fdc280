// tzif_test.c - zone files, sound and hostile.
// SPDX-License-Identifier: Apache-2.0
#include "time/tzif.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

// A zone file on disk, read whole; end p with free().
static struct str slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *p = malloc(TZIF_BYTES_MAX);

    assert_non_null(f);
    struct str bytes = {p, fread(p, 1, TZIF_BYTES_MAX, f)};
    fclose(f);
    return bytes;
}

static void test_sound(void **state)
{
    struct str fat = slurp("test/data/zoneinfo/Europe/Dublin"),
               slim = slurp("test/data/zoneinfo/Slim/Dublin");
    struct tzif a, b;
    struct err e;

    (void)state;
    assert_true(tzif_parse(fat, &a, &e));
    assert_true(tzif_parse(slim, &b, &e));
    assert_true(a.is_cyclic && b.is_cyclic);
    assert_true(a.count > 800 && b.count > 800);
    assert_true(tzif_eq(&a, &a));
    b.at[b.count - 1]++;
    assert_false(tzif_eq(&a, &b));
    for (size_t i = 1; i < a.count; i++)
        assert_true(a.at[i] > a.at[i - 1] && a.type[i] != a.type[i - 1]);
    tzif_done(&a);
    tzif_done(&b);
    free((char *)fat.p);
    free((char *)slim.p);
}

// The smallest file of version 1: no transitions, one type.
static size_t tiny(char *p, char version, const char *footer)
{
    static const char block[] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4" // counts: one
                                                                                   // type, four
                                                                                   // characters
                                "\0\0\x0e\x10\0\0" // 3600 s, no DST, abbreviation 0
                                "CET";
    size_t n = 0;

    for (int round = 0; round < (version >= '2' ? 2 : 1); round++) {
        memcpy(p + n, "TZif", 4);
        p[n + 4] = version;
        memset(p + n + 5, 0, 15);
        memcpy(p + n + 20, block, sizeof block);
        n += 20 + sizeof block;
    }
    memcpy(p + n, footer, strlen(footer));
    return n + strlen(footer);
}

static void test_tiny(void **state)
{
    static const struct {
        char version;
        const char *footer;
        bool is_cyclic;
        size_t types;
    } rows[] = {
        {'\0', "", false, 1},
        {'2', "\nCET-1\n", false, 1},
        {'2', "\nEET-2\n", false, 2},
        {'2', "\nCET-1CEST,M3.5.0,M10.5.0/3\n", true, 2},
        {'3', "\nEST5EDT,0/0,J365/25\n", false, 3}, // always summer: one change, no cycle
        {'4', "\nnonsense\n", false, 1},
        {'2', "\nCET-1CEST,M3.5.0,M10.5.0/3", false, 1}, // the footer is cut short
        {'2', "", false, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char bytes[300];
        struct tzif tzif;
        struct err e;

        assert_true(tzif_parse((struct str){bytes, tiny(bytes, rows[i].version, rows[i].footer)},
                               &tzif, &e));
        assert_int_equal(tzif.is_cyclic, rows[i].is_cyclic);
        assert_int_equal(tzif.type_count, rows[i].types);
        assert_string_equal(tzif.types[0].abbreviation, "CET");
        tzif_done(&tzif);
    }
}

static void refuse(struct str bytes)
{
    struct tzif tzif;
    struct err e = {0};

    assert_false(tzif_parse(bytes, &tzif, &e));
    assert_int_equal(e.code, ERR_INPUT);
    assert_true(e.message[0] != '\0');
}

static void test_hostile(void **state)
{
    static const struct {
        size_t at;
        unsigned char byte;
    } rows[] = {
        {0, 'X'},                           // magic
        {20, 0xff},                         // counts that would run past the end
        {24, 0xff}, {28, 0x01}, {31, 0x01}, // leap seconds
        {32, 0xff}, {36, 0xff}, {39, 0},    // no types
        {40, 0xff}, {43, 3},                // no room for the NUL of the abbreviation
        {44, 0x7f},                         // an offset of 24 days
        {45, 0x02},                         // and one of 37 hours
        {49, 0xff},                         // an abbreviation out of bounds
        {50, 0xff},                         // and one that is not UTF-8
    };
    char bytes[300];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = tiny(bytes, '\0', "");

        bytes[rows[i].at] = (char)rows[i].byte;
        refuse((struct str){bytes, n});
    }
    for (size_t n = 0; n < tiny(bytes, '2', ""); n++)
        refuse((struct str){bytes, n});

    char *large = calloc(1, TZIF_BYTES_MAX + 1);
    memcpy(large, "TZif", 4);
    refuse((struct str){large, TZIF_BYTES_MAX + 1});
    free(large);
}

// Every cut and, one by one, every byte changed: an error or a sound zone, never a crash.
static void test_mangled(void **state)
{
    struct str bytes = slurp("test/data/zoneinfo/Slim/New_York");
    char *p = (char *)bytes.p;
    struct tzif tzif;
    struct err e;

    (void)state;
    for (size_t n = 0; n < bytes.len; n++)
        if (tzif_parse(str_cut(bytes, 0, n), &tzif, &e))
            tzif_done(&tzif);
    for (size_t i = 0; i < bytes.len; i++) {
        p[i] ^= (char)0xa5;
        if (tzif_parse(bytes, &tzif, &e))
            tzif_done(&tzif);
        p[i] ^= (char)0xa5;
    }
    free(p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_mangled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
