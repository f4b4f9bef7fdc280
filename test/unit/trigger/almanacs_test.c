// almanacs_test.c - calendars by name, those that name others, and ways that lead back.
// SPDX-License-Identifier: Apache-2.0
#include "almanac_fixture.h"

#include <stdio.h>

struct fixture {
    struct zones *zones;
    struct almanacs all;
};

static void put(struct fixture *f, const char *name, const char *definition)
{
    almanacs_put(&f->all, almanac_good(f->zones, name, definition));
}

// The names that one leads to, itself first; or what is wrong with it.
static const char *gathered(struct fixture *f, const char *name, char text[1000])
{
    struct almanac_list list = {0};
    struct err e = {0};
    int len = 0;

    text[0] = '\0';
    if (almanacs_gather(&f->all, str_of(name), "exclude", &list, &e))
        for (size_t i = 0; i < list.len; i++)
            len += snprintf(text + len, (size_t)(1000 - len), "%s ", list.v[i]->name);
    else
        snprintf(text, 1000, "%s: %s; %s", e.field, e.message, e.hint);
    almanac_list_done(&list);
    return text;
}

static int setup(void **state)
{
    static struct fixture f;

    f.zones = zones_new(ZONE_DIR);
    almanacs_init(&f.all);
    put(&f, "holidays", "{\"dates\":[\"12-25\"]}");
    put(&f, "weekend", "{\"weekdays\":[\"sat\",\"sun\"]}");
    put(&f, "closed", "{\"calendars\":[\"holidays\",\"weekend\"]}");
    put(&f, "everything", "{\"calendars\":[\"weekend\",\"closed\"]}");
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    almanacs_done(&f->all);
    zones_free(f->zones);
    return 0;
}

static void test_gather(void **state)
{
    struct fixture *f = *state;
    struct almanac_list none = {0};
    struct err e;
    char text[1000];

    assert_string_equal(gathered(f, "holidays", text), "holidays ");
    assert_string_equal(gathered(f, "everything", text), "everything weekend closed holidays ");
    assert_string_equal(gathered(f, "holidais", text),
                        "exclude: there is no calendar \"holidais\"; did you mean \"holidays\"?");
    assert_string_equal(gathered(f, "x", text), "exclude: there is no calendar \"x\"; make it "
                                                "first, or name one that there is");
    assert_false(almanacs_gather(NULL, STR_LIT("x"), "include", &none, &e));
    assert_string_equal(e.message, "there is no calendar \"x\"");
}

static void test_replace(void **state)
{
    struct fixture *f = *state;
    struct almanac *before = almanac_hold(almanacs_find(&f->all, STR_LIT("weekend")));
    char text[1000];

    put(f, "weekend", "{\"weekdays\":[\"fri\"]}");
    assert_true(before->is_replaced);
    assert_false(almanacs_find(&f->all, STR_LIT("weekend"))->is_replaced);
    almanac_drop(before);
    before = almanac_hold(almanacs_find(&f->all, STR_LIT("weekend")));
    almanacs_remove(&f->all, STR_LIT("weekend"));
    assert_true(before->is_replaced);
    almanac_drop(before);
    assert_null(almanacs_find(&f->all, STR_LIT("weekend")));
    assert_non_null(strstr(gathered(f, "closed", text), "there is no calendar \"weekend\""));
}

static void test_swap(void **state)
{
    struct fixture *f = *state;
    struct almanac *a = almanac_good(f->zones, "weekend", "{\"weekdays\":[\"fri\"]}"), *before;

    before = almanacs_swap(&f->all, STR_LIT("weekend"), a);
    assert_ptr_equal(almanacs_find(&f->all, STR_LIT("weekend")), a);
    assert_false(before->is_replaced);
    assert_ptr_equal(almanacs_swap(&f->all, STR_LIT("weekend"), NULL), a);
    assert_null(almanacs_find(&f->all, STR_LIT("weekend")));
    assert_null(almanacs_swap(&f->all, STR_LIT("weekend"), before));
    assert_int_equal(before->holders, 1);
    almanac_drop(a);
}

static void test_unusable(void **state)
{
    struct fixture *f = *state;
    struct almanac *a = almanacs_find(&f->all, STR_LIT("holidays"));
    char text[1000];

    a->is_leaving = true;
    assert_non_null(strstr(gathered(f, "closed", text), "there is no calendar \"holidays\""));
    a->is_leaving = false;
    a->fault = "the moon is not known";
    assert_non_null(strstr(gathered(f, "closed", text),
                           "the calendar \"holidays\" cannot be used: the moon is not known"));
}

static void test_check(void **state)
{
    static const struct {
        const char *name, *definition, *field, *message; // message NULL: it may be put
    } rows[] = {
        {"new", "{\"calendars\":[\"everything\"]}", "", NULL},
        {"closed", "{\"calendars\":[\"holidays\"]}", "", NULL},
        {"new", "{\"calendars\":[\"holidays\",\"new\"]}", "calendars.1", "cannot contain itself"},
        {"holidays", "{\"calendars\":[\"weekend\",\"everything\"]}", "calendars.1",
         "would contain itself, by way of \"closed\""},
        {"new", "{\"calendars\":[\"weekends\"]}", "calendars.0", "no calendar \"weekends\""},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct almanac *a = almanac_good(f->zones, rows[i].name, rows[i].definition);
        struct err e = {0};

        assert_int_equal(almanacs_check(&f->all, a, &e), !rows[i].message);
        assert_string_equal(e.field, rows[i].field);
        if (rows[i].message && !strstr(e.message, rows[i].message))
            fail_msg("%s: %s", rows[i].definition, e.message);
        almanac_drop(a);
    }
}

static void test_user(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(almanacs_user(&f->all, STR_LIT("holidays")), "closed");
    assert_null(almanacs_user(&f->all, STR_LIT("everything")));
}

static void test_stretches(void **state)
{
    static const struct {
        const char *name, *from, *to, *by; // of the stretches from 2026-12-23 12:00 on
    } rows[] = {
        {"holidays", "2026-12-25", "2026-12-26", "holidays"},
        {"weekend", "2026-12-26", "2026-12-28", "weekend"},
        {"closed", "2026-12-25", "2026-12-26", "holidays"},
        {"closed", "2026-12-26", "2026-12-28", "weekend"},
        {"closed", "2027-01-02", "2027-01-04", "weekend"},
    };
    struct fixture *f = *state;
    const struct zone *utc = zones_utc(f->zones);
    wall at = at_of(f->zones, "2026-12-23 12:00"), end = at_of(f->zones, "2027-01-03");
    struct almanac_stretch s = {.to = at};
    const char *before = "";

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct almanac_list list = {0};
        struct almanac_mark m;
        struct err e;

        assert_true(almanacs_gather(&f->all, str_of(rows[i].name), "x", &list, &e));
        if (strcmp(before, rows[i].name) != 0)
            s.to = at;
        before = rows[i].name;
        assert_true(almanac_list_next(&list, utc, s.to, end, &s));
        assert_int_equal(s.from.us, at_of(f->zones, rows[i].from).us);
        assert_int_equal(s.to.us, at_of(f->zones, rows[i].to).us);
        assert_string_equal(s.by->name, rows[i].by);
        assert_ptr_equal(almanac_list_at(&list, utc, s.from, &m), s.by);
        assert_null(almanac_list_at(&list, utc, at, &m));
        assert_int_equal(m.until.us <= at_of(f->zones, "2026-12-26").us, 1);
        almanac_list_done(&list);
    }
}

// A circle can come into being behind the check's back; gathering ends all the same.
static void test_circle(void **state)
{
    struct fixture *f = *state;
    char text[1000];

    put(f, "holidays", "{\"calendars\":[\"closed\"]}");
    assert_string_equal(gathered(f, "holidays", text), "holidays closed weekend ");
}

static void test_many(void **state)
{
    struct fixture *f = *state;
    char name[32], definition[64], text[1000];

    for (int i = 0; i <= ALMANACS_GATHER_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        snprintf(definition, sizeof definition, "{\"calendars\":[\"n%d\"]}", i + 1);
        put(f, name, definition);
    }
    snprintf(name, sizeof name, "n%d", ALMANACS_GATHER_MAX + 1);
    put(f, name, "{\"dates\":[\"12-25\"]}");
    assert_non_null(strstr(gathered(f, "n0", text), "more than 64 calendars"));
    assert_non_null(strstr(gathered(f, "n2", text), "n2 n3 n4 "));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_gather, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_swap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unusable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check, setup, teardown),
        cmocka_unit_test_setup_teardown(test_user, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stretches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_circle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
