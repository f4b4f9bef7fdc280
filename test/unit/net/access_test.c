// access_test.c - allow and deny lists, against names and addresses.
// SPDX-License-Identifier: Apache-2.0
#include "net/access.h"

#include "unit.h"

static const struct {
    const char *allow, *deny, *host, *address;
    bool is_allowed;
} cases[] = {
    {"", "", "a.example", "10.0.0.1", true},
    {"", "10.0.0.0/8", "a.example", "10.0.0.1", false},
    {"", "10.0.0.0/8", "a.example", "11.0.0.1", true},
    {"", "10.0.0.0/8", "10.1.2.3", "10.1.2.3", false},
    {"", "10.0.0.0/8", "a.example", "::ffff:10.0.0.1", false},
    {"", "::ffff:10.0.0.0/104", "a.example", "10.0.0.1", false},
    {"", "::/0", "a.example", "2001:db8::1", false},
    {"", "::/0", "a.example", "10.0.0.1", true},
    {"", "0.0.0.0/0", "a.example", "10.0.0.1", false},
    {"", "0.0.0.0/0", "a.example", "::1", true},
    {"", "169.254.169.254", "a.example", "169.254.169.254", false},
    {"", "169.254.169.254", "a.example", "169.254.169.255", true},
    {"", "fe80::/10,fc00::/7", "a.example", "fd00::1", false},
    {"", "fe80::/10, fc00::/7", "a.example", "febf::1", false},
    {"", "fe80::/10 fc00::/7", "a.example", "fec0::1", true},
    {"", "a.example", "a.example", "192.0.2.1", false},
    {"", "a.example", "A.Example.", "192.0.2.1", false},
    {"", "a.example", "b.a.example", "192.0.2.1", true},
    {"", "*.a.example", "b.a.example", "192.0.2.1", false},
    {"", "*.a.example", "c.b.a.example", "192.0.2.1", false},
    {"", "*.a.example", "a.example", "192.0.2.1", true},
    {"", "*.a.example", "ba.example", "192.0.2.1", true},
    {"a.example", "", "a.example", "192.0.2.1", true},
    {"a.example", "", "b.example", "192.0.2.1", false},
    {"192.0.2.0/24", "", "b.example", "192.0.2.1", true},
    {"192.0.2.0/24", "", "b.example", "192.0.3.1", false},
    {"a.example,192.0.2.0/24", "", "a.example", "198.51.100.1", true},
    {"a.example", "10.0.0.0/8", "a.example", "10.0.0.1", false},
    {"*.example", "b.example", "b.example", "192.0.2.1", false},
    {"10.0.0.0/8", "10.1.0.0/16", "x", "10.1.0.1", false},
    {"10.0.0.0/8", "10.1.0.0/16", "x", "10.2.0.1", true},
    {"2001:db8::/32", "", "x", "2001:db8:ffff::1", true},
    {"2001:db8::/33", "", "x", "2001:db8:8000::1", false},
};

static void test_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct access *access;
        struct dns_address address;
        struct err e;

        if (!access_parse(str_of(cases[i].allow), str_of(cases[i].deny), &access, &e))
            fail_msg("%zu: %s", i, e.message);
        assert_true(dns_literal(cases[i].address, 443, &address));
        if (access_of_address(access, access_of_name(access, cases[i].host), &address) !=
            cases[i].is_allowed)
            fail_msg("%zu: allow %s deny %s: %s at %s", i, cases[i].allow, cases[i].deny,
                     cases[i].host, cases[i].address);
        access_free(access);
    }
}

static void test_no_list_at_all(void **state)
{
    struct dns_address address;

    (void)state;
    assert_true(dns_literal("127.0.0.1", 1, &address));
    assert_int_equal(access_of_name(NULL, "x"), ACCESS_BY_ADDRESS);
    assert_true(access_of_address(NULL, ACCESS_BY_ADDRESS, &address));
    assert_false(access_needs_address(NULL));
    access_free(NULL);
}

static void test_needs_address(void **state)
{
    static const struct {
        const char *allow, *deny;
        bool needs;
    } lists[] = {
        {"", "", false},         {"", "a.example", false}, {"", "10.0.0.0/8", true},
        {"a.example", "", true}, {"10.0.0.0/8", "", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct access *access;
        struct err e;

        assert_true(access_parse(str_of(lists[i].allow), str_of(lists[i].deny), &access, &e));
        assert_int_equal(access_needs_address(access), lists[i].needs);
        access_free(access);
    }
}

static void test_refuses(void **state)
{
    static const struct {
        const char *list, *words;
    } bad[] = {
        {"10.0.0.0/33", "/0 to /32 can follow"},
        {"10.0.0.0/", "/0 to /32 can follow"},
        {"10.0.0.0/-1", "can follow"},
        {"10.0.0.1/8", "not the beginning of its network"},
        {"::1/64", "not the beginning"},
        {"a.example/8", "is not a network"},
        {"ok.example,*", "neither a name nor a network"},
        {"*.", "is no name"},
        {".", "is no name"},
        {".example", "is no name"},
        {"a..*", "neither a name"},
        {"[::1]", "neither a name"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct access *access;
        struct err e = {0};

        if (access_parse(STR_LIT(""), str_of(bad[i].list), &access, &e))
            fail_msg("%s was accepted", bad[i].list);
        assert_string_equal(e.field, "deny");
        if (!strstr(e.message, bad[i].words))
            fail_msg("%s: %s", bad[i].list, e.message);
        assert_false(access_parse(str_of(bad[i].list), STR_LIT(""), &access, &e));
        assert_string_equal(e.field, "allow");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_no_list_at_all),
        cmocka_unit_test(test_needs_address),
        cmocka_unit_test(test_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
