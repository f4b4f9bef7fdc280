// inventory_contract.c - what a store keeps of certificates: store/inventory.h, sentence by
// sentence. Included by store_contract.c.
// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>

#include "unit.h"

// The chain "ab" is the certificates a and b, a the server's own. The end of each follows from its
// letter: a ends first.
static void see_at(struct fixture *f, struct store_place place, const char *chain, wall at)
{
    struct store_certificate rows[20] = {0};
    static struct answer a;
    size_t n = strlen(chain);

    for (size_t i = 0; i < n; i++)
        rows[i] = (struct store_certificate){
            .sha256 = {chain + i, 1},
            .subject = STR_LIT("CN = s"),
            .issuer = chain[i] < 'm' ? STR_LIT("CN = First CA") : STR_LIT("CN = Last CA"),
            .serial = STR_LIT("4711"),
            .key = STR_LIT("EC P-256"),
            .sans = STR_LIT("[\"DNS:s\"]"),
            .der = STR_LIT("\x30\0der"),
            .not_before = SLOT(chain[i]),
            .not_after = SLOT(chain[i] + 1000),
        };
    a = (struct answer){0};
    store_see(f->store,
              &(struct store_seen){.place = place,
                                   .status = STR_LIT("warning"),
                                   .code = STR_LIT("expires_soon"),
                                   .at = at,
                                   .chain = rows,
                                   .count = n},
              on_answer, &a);
    assert_false(a.is_there);
    settle(f);
    assert_true(a.is_there);
    assert_int_equal(a.code, ERR_NONE);
}

static struct store_place place_of(const char *host, const char *address)
{
    return (struct store_place){
        .host = str_of(host), .port = 443, .address = str_of(address), .name = STR_LIT("n")};
}

static void see(struct fixture *f, const char *host, const char *address, const char *chain, int at)
{
    see_at(f, place_of(host, address), chain, SLOT(at));
}

// What is read back, as text.
static char told[20000];
static bool is_told;

static void say(const char *format, ...)
{
    size_t n = strlen(told);
    va_list args;

    va_start(args, format);
    vsnprintf(told + n, sizeof told - n, format, args);
    va_end(args);
}

static int slot_of(wall at)
{
    return (int)((at.us - START.us) / 1000000);
}

static void on_certificates(const struct err *err, const struct store_certificate *rows,
                            size_t count, int64_t total, void *ctx)
{
    (void)ctx;
    assert_null(err);
    is_told = true;
    for (size_t i = 0; i < count; i++) {
        say("%s%.*s", i > 0 ? " " : "", STR(rows[i].sha256));
        if (rows[i].places != 1)
            say("*%d", (int)rows[i].places);
    }
    if (total != (int64_t)count)
        say(" of %d", (int)total);
}

static const char *list(struct fixture *f, struct store_certificate_query query)
{
    if (query.limit == 0)
        query.limit = 1000;
    if (query.expires_before.us == 0)
        query.expires_before = WALL_NEVER;
    told[0] = '\0';
    is_told = false;
    store_read_certificates(f->store, &query, on_certificates, NULL);
    assert_false(is_told);
    settle(f);
    assert_true(is_told);
    return told;
}

#define LIST(f, ...) list(f, (struct store_certificate_query){__VA_ARGS__})

static void on_sightings(const struct err *err, const struct store_sighting *rows, size_t count,
                         void *ctx)
{
    (void)ctx;
    assert_null(err);
    is_told = true;
    for (size_t i = 0; i < count; i++) {
        const struct store_sighting *s = &rows[i];

        say("%.*s:%d %.*s %d [%.*s] <%.*s> %d %d %d%s\n", STR(s->place.host), s->place.port,
            STR(s->place.address), s->position, STR(s->chain), STR(s->replaced),
            slot_of(s->first_seen), slot_of(s->since), slot_of(s->last_seen),
            s->is_current ? "" : " past");
        assert_true(str_eq(s->status, STR_LIT("warning")));
        assert_true(str_eq(s->code, STR_LIT("expires_soon")));
        assert_true(str_eq(s->place.name, STR_LIT("n")));
    }
}

static const char *sightings(struct fixture *f, const char *sha256)
{
    told[0] = '\0';
    is_told = false;
    store_read_sightings(f->store, str_of(sha256), 1000, on_sightings, NULL);
    settle(f);
    assert_true(is_told);
    return told;
}

static void on_loaded(const struct store_sighting *row, void *ctx)
{
    (void)ctx;
    say("%.*s %.*s %.*s\n", STR(row->place.host), STR(row->place.address), STR(row->sha256));
}

static const char *loaded_sightings(struct fixture *f)
{
    struct err e;

    told[0] = '\0';
    assert_true(store_load_sightings(f->store, on_loaded, NULL, &e));
    return told;
}

static void on_whole(const struct err *err, const struct store_certificate *rows, size_t count,
                     int64_t total, void *ctx)
{
    (void)ctx;
    assert_null(err);
    assert_int_equal(count, 1);
    assert_int_equal(total, 1);
    assert_true(str_eq(rows->subject, STR_LIT("CN = s")));
    assert_true(str_eq(rows->issuer, STR_LIT("CN = First CA")));
    assert_true(str_eq(rows->serial, STR_LIT("4711")));
    assert_true(str_eq(rows->key, STR_LIT("EC P-256")));
    assert_true(str_eq(rows->sans, STR_LIT("[\"DNS:s\"]")));
    assert_true(str_eq(rows->der, STR_LIT("\x30\0der")));
    assert_int_equal(slot_of(rows->not_before), 'a');
    assert_int_equal(slot_of(rows->not_after), 'a' + 1000);
    assert_int_equal(slot_of(rows->first_seen), 1);
    assert_int_equal(slot_of(rows->last_seen), 5);
    assert_int_equal(rows->places, 2);
    is_told = true;
}

static void test_seen(void **state)
{
    struct fixture *f = *state;
    struct store_certificate_query a = {.sha256 = STR_LIT("a"), .limit = 1};

    assert_string_equal(LIST(f), "");
    assert_string_equal(loaded_sightings(f), "");
    see(f, "x", "1", "ab", 1);
    see(f, "y", "1", "ab", 5);
    reopen(f);
    assert_string_equal(LIST(f), "a*2 b*2");
    assert_string_equal(sightings(f, "a"), "y:443 1 0 [b] <> 5 5 5\nx:443 1 0 [b] <> 1 1 1\n");
    assert_string_equal(sightings(f, "b"), "y:443 1 1 [] <> 5 5 5\nx:443 1 1 [] <> 1 1 1\n");
    assert_string_equal(sightings(f, "c"), "");
    is_told = false;
    store_read_certificates(f->store, &a, on_whole, NULL);
    settle(f);
    assert_true(is_told);
    assert_string_equal(LIST(f, .sha256 = STR_LIT("z")), "");
    assert_string_equal(loaded_sightings(f), "x 1 a\ny 1 a\n");
}

static void test_replaced(void **state)
{
    struct fixture *f = *state;

    see(f, "x", "1", "ayz", 1);
    see(f, "x", "1", "ayz", 2);
    see(f, "x", "1", "by", 3);
    assert_string_equal(sightings(f, "a"), "x:443 1 0 [y z] <> 1 1 2 past\n");
    assert_string_equal(sightings(f, "b"), "x:443 1 0 [y] <a> 3 3 3\n");
    assert_string_equal(sightings(f, "y"), "x:443 1 1 [] <> 1 1 3\n");
    assert_string_equal(sightings(f, "z"), "x:443 1 2 [] <> 1 1 2 past\n");
    assert_string_equal(LIST(f), "a*0 b y z*0");
    assert_string_equal(LIST(f, .is_current = true), "b y");
    see(f, "x", "1", "ay", 4); // the old one is back
    assert_string_equal(sightings(f, "a"), "x:443 1 0 [y] <b> 1 4 4\n");
    assert_string_equal(sightings(f, "b"), "x:443 1 0 [y] <a> 3 3 3 past\n");
    assert_string_equal(loaded_sightings(f), "x 1 a\n");
}

// Each address has its own certificate; so has each port and name.
static void test_where_seen(void **state)
{
    struct fixture *f = *state;
    struct store_place other = place_of("x", "1");

    see(f, "x", "1", "a", 1);
    see(f, "x", "2", "b", 2);
    other.port = 25;
    other.starttls = STR_LIT("smtp");
    see_at(f, other, "c", SLOT(3));
    assert_string_equal(LIST(f, .is_current = true), "a b c");
    assert_string_equal(loaded_sightings(f), "x 1 a\nx 2 b\nx 1 c\n");
    see_at(f, place_of("x", "2"), "b", (wall){SLOT(1).us + INVENTORY_STALE_US});
    assert_string_equal(LIST(f, .is_current = true), "a b c");
    see_at(f, place_of("x", "2"), "b", (wall){SLOT(1).us + INVENTORY_STALE_US + 1});
    assert_string_equal(LIST(f, .is_current = true), "b c"); // nobody has been at 1 for long
}

static void test_same_twice_in_a_chain(void **state)
{
    struct fixture *f = *state;

    see(f, "x", "1", "abba", 1);
    assert_string_equal(sightings(f, "a"), "x:443 1 0 [b b a] <> 1 1 1\n");
    see(f, "x", "1", "ba", 1); // at the same moment
    assert_string_equal(sightings(f, "a"), "x:443 1 1 [] <> 1 1 1\n");
    assert_string_equal(sightings(f, "b"), "x:443 1 0 [a] <> 1 1 1\n");
}

static void test_wanted(void **state)
{
    struct fixture *f = *state;

    see(f, "x", "1", "bz", 1);
    see(f, "y", "1", "cz", 1);
    see(f, "x", "1", "ez", 2);
    assert_string_equal(LIST(f, .host = STR_LIT("x")), "b*0 e z*2");
    assert_string_equal(LIST(f, .host = STR_LIT("w")), "");
    assert_string_equal(LIST(f, .issuer = STR_LIT("st ca")), "b*0 c e z*2");
    assert_string_equal(LIST(f, .issuer = STR_LIT("last")), "z*2");
    assert_string_equal(LIST(f, .expires_before = SLOT('e' + 1000)), "b*0 c");
    assert_string_equal(
        LIST(f, .expires_before = SLOT('e' + 1001), .host = STR_LIT("x"), .is_current = true), "e");
}

static int64_t last_id;

static void on_page(const struct err *err, const struct store_certificate *rows, size_t count,
                    int64_t total, void *ctx)
{
    on_certificates(err, rows, count, total, ctx);
    last_id = count > 0 ? rows[count - 1].id : 0;
}

static void test_pages_of_certificates(void **state)
{
    struct fixture *f = *state;
    struct store_certificate_query query = {.limit = 2, .expires_before = WALL_NEVER};

    see(f, "x", "1", "ecadb", 1); // by end, not by age
    told[0] = '\0';
    for (int i = 0; i < 4; i++) {
        store_read_certificates(f->store, &query, on_page, NULL);
        settle(f);
        say("|");
        query.after_id = last_id ? last_id : query.after_id;
    }
    assert_string_equal(told, "a b of 5|c d of 5|e of 5| of 5|");
}

// An endpoint that shows another certificate each time does not fill the disk.
static void test_bounded_inventory(void **state)
{
    struct fixture *f = *state;
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    char text[3] = "";

    see(f, "other", "1", "a", 1);
    for (int i = 0; i < INVENTORY_SIGHTINGS_MAX + 40; i++) {
        struct store_certificate row = {.sha256 = str_of(text)};
        static struct answer a;

        text[0] = letters[i % 60];
        text[1] = letters[i / 60];
        row.sha256.len = 2;
        a = (struct answer){0};
        store_see(f->store,
                  &(struct store_seen){
                      .place = place_of("x", "1"), .at = SLOT(i), .chain = &row, .count = 1},
                  on_answer, &a);
        settle(f);
        assert_int_equal(a.code, ERR_NONE);
    }
    (void)LIST(f, .limit = 1);
    assert_non_null(strstr(told, " of 101")); // and that of the other endpoint
    assert_string_equal(sightings(f, "aa"), "");
}
