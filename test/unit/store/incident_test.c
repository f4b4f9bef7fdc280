// incident_test.c - words for what is kept of alerts.
// SPDX-License-Identifier: Apache-2.0
#include "store/incident.h"

#include "unit.h"

#include <string.h>

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(incident_kind_name(INCIDENT_FAILING), "failing");
    assert_string_equal(incident_kind_name(INCIDENT_CERTIFICATE), "certificate");
    assert_string_equal(incident_kind_name((enum incident_kind)99), "unknown");
    assert_non_null(strstr(incident_kind_sentence(INCIDENT_LATE), "later"));
    assert_string_equal(incident_kind_sentence((enum incident_kind)99), "");
    assert_string_equal(delivery_state_name(DELIVERY_WAITING), "waiting");
    assert_string_equal(delivery_state_name(DELIVERY_GIVEN_UP), "given_up");
    assert_string_equal(delivery_state_name((enum delivery_state)9), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
