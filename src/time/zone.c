// zone.c - what clocks show: lookups in one zone's transitions, and the registry that loads zones.
//
// Whether a file is still the one that was read is told by device, inode, size and mtime
// together: a package upgrade renames a new file into place, an editor rewrites the old one.
// SPDX-License-Identifier: Apache-2.0
#include "time/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "time/tzif.h"

#define DEFAULT_DIR "/usr/share/zoneinfo"
#define NAME_BYTES_MAX 64
#define ENTRIES_MAX \
    4096 // about 600 names and every fixed offset in minutes: nobody can make it grow without end
#define FOREVER (INT64_MAX / 2)

struct zone {
    char name[NAME_BYTES_MAX + 1];
    struct tzif tzif;
};

struct file_id {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct entry {
    struct zone *zone; // owned
    bool is_file;
    struct file_id id;
};

struct zones {
    char *dir;
    VEC_OF(struct entry) entries;
    VEC_OF(struct zone *) old; // replaced by a newer file, perhaps still in use
    uint64_t generation;
};

static bool name_is_sound(struct str name);
static bool offset_read(struct str name, int32_t *ret_offset_s);
static bool file_load(struct zones *zones, struct str name, struct entry *ret_entry, struct err *e);

// ---- one zone

static struct zone *zone_make(struct str name)
{
    struct zone *zone = mem_alloc(sizeof *zone);

    memcpy(zone->name, name.p, name.len);
    return zone;
}

bool zone_new(struct str name, struct str bytes, struct zone **ret_zone, struct err *e)
{
    struct tzif tzif;

    if (name.len == 0 || name.len > NAME_BYTES_MAX)
        return fail(e, ERR_INPUT, "timezone", "the name of a time zone has 1 to %d bytes",
                    NAME_BYTES_MAX);
    if (!tzif_parse(bytes, &tzif, e)) {
        char why[sizeof e->message];

        memcpy(why, e->message, sizeof why);
        return fail(e, ERR_INPUT, "timezone", "the data of time zone \"%.*s\" is %s", STR(name),
                    why);
    }
    struct zone *zone = zone_make(name);

    zone->tzif = tzif;
    *ret_zone = zone;
    return true;
}

void zone_free(struct zone *zone)
{
    if (!zone)
        return;
    tzif_done(&zone->tzif);
    free(zone);
}

struct str zone_name(const struct zone *zone)
{
    return str_of(zone->name);
}

// How many of the transitions are at or before a moment.
static size_t transitions_until(const struct tzif *tzif, int64_t utc_s)
{
    size_t from = 0, n = tzif->count;

    while (n > 0) {
        size_t half = n / 2;
        bool right = tzif->at[from + half] <= utc_s;

        from = right ? from + half + 1 : from;
        n = right ? n - half - 1 : half;
    }
    return from;
}

void zone_span_at(const struct zone *zone, int64_t utc_s, struct zone_span *ret_span)
{
    const struct tzif *tzif = &zone->tzif;
    int64_t shift = 0;

    if (tzif->is_cyclic && utc_s >= tzif->at[tzif->count - 1])
        shift = ((utc_s - tzif->at[tzif->count - 1]) / TZIF_CYCLE_S + 1) * TZIF_CYCLE_S;

    size_t i = transitions_until(tzif, utc_s - shift);
    uint16_t type = i > 0 ? tzif->type[i - 1] : tzif->first_type;
    uint16_t before = i > 1 ? tzif->type[i - 2] : tzif->first_type;

    *ret_span = (struct zone_span){
        .from = i > 0 ? tzif->at[i - 1] + shift : -FOREVER,
        .to = i < tzif->count ? tzif->at[i] + shift : FOREVER,
        .offset_s = tzif->types[type].offset_s,
        .before_s = tzif->types[before].offset_s,
        .is_dst = tzif->types[type].is_dst,
        .abbreviation = tzif->types[type].abbreviation,
    };
}

int64_t zone_next_change(const struct zone *zone, int64_t utc_s)
{
    struct zone_span span;

    zone_span_at(zone, utc_s, &span);
    return span.to;
}

void zone_from_local(const struct zone *zone, int64_t local_s, struct zone_local *ret_local)
{
    struct zone_local found = {.kind = LOCAL_GAP};
    struct zone_span span;
    int hits = 0;

    // No offset exceeds 26 hours, so the moment is in a span that touches this stretch.
    zone_span_at(zone, local_s - TZIF_OFFSET_MAX_S - 1, &span);
    for (;;) {
        int64_t at = local_s - span.offset_s;

        if (at >= span.from && at < span.to) {
            if (hits++ == 0)
                found = (struct zone_local){LOCAL_UNIQUE, at, at, 0};
            else
                found =
                    (struct zone_local){LOCAL_FOLD, found.first, at, (int32_t)(at - found.first)};
        } else if (hits == 0 && at < span.from && local_s - span.before_s >= span.from) {
            found = (struct zone_local){LOCAL_GAP, span.from, local_s - span.before_s,
                                        span.offset_s - span.before_s};
        }
        if (span.to > local_s + TZIF_OFFSET_MAX_S)
            break;
        zone_span_at(zone, span.to, &span);
    }
    *ret_local = found;
}

// ---- the registry

static const char *system_dir(void)
{
    const char *dir = getenv("TZDIR");

    return dir && dir[0] ? dir : DEFAULT_DIR;
}

struct zones *zones_new(const char *dir)
{
    struct zones *zones = mem_alloc(sizeof *zones);

    zones->dir = str_own(str_of(dir ? dir : system_dir()));
    return zones;
}

void zones_free(struct zones *zones)
{
    if (!zones)
        return;
    for (size_t i = 0; i < zones->entries.len; i++)
        zone_free(zones->entries.v[i].zone);
    for (size_t i = 0; i < zones->old.len; i++)
        zone_free(zones->old.v[i]);
    vec_done(&zones->entries);
    vec_done(&zones->old);
    free(zones->dir);
    free(zones);
}

static const struct zone *entry_find(const struct zones *zones, struct str name)
{
    for (size_t i = 0; i < zones->entries.len; i++)
        if (str_eq(zone_name(zones->entries.v[i].zone), name))
            return zones->entries.v[i].zone;
    return NULL;
}

// A zone that never changes.
static const struct zone *fixed_get(struct zones *zones, struct str name, const char *abbreviation,
                                    int32_t offset_s)
{
    const struct zone *known = entry_find(zones, name);

    if (known)
        return known;
    struct zone *zone = zone_make(name);
    struct tzif_type *type = mem_alloc(sizeof *type);

    type->offset_s = offset_s;
    snprintf(type->abbreviation, sizeof type->abbreviation, "%s", abbreviation);
    zone->tzif = (struct tzif){.types = type, .type_count = 1};
    vec_push(&zones->entries, ((struct entry){.zone = zone}));
    return zone;
}

const struct zone *zones_utc(struct zones *zones)
{
    return fixed_get(zones, STR_LIT("UTC"), "UTC", 0);
}

const struct zone *zones_fixed(struct zones *zones, int32_t offset_s)
{
    int32_t size = offset_s < 0 ? -offset_s : offset_s;
    char abbreviation[16]; // as Python's datetime.timezone: UTC+02:00

    snprintf(abbreviation, sizeof abbreviation, "UTC%c%02d:%02d", offset_s < 0 ? '-' : '+',
             size / 3600 % 24, size / 60 % 60);
    return fixed_get(zones, str_of(abbreviation + 3), size ? abbreviation : "UTC",
                     offset_s - offset_s % 60);
}

bool zones_get(struct zones *zones, struct str name, const struct zone **ret_zone, struct err *e)
{
    struct entry entry = {.is_file = true};
    const struct zone *zone = entry_find(zones, name);
    int32_t offset_s;

    if (!zone && (str_eq(name, STR_LIT("UTC")) || str_eq(name, STR_LIT("Z"))))
        zone = zones_utc(zones);
    if (!zone && offset_read(name, &offset_s))
        zone = zones_fixed(zones, offset_s);
    if (zone) {
        *ret_zone = zone;
        return true;
    }
    if (!name_is_sound(name)) {
        fail(e, ERR_INPUT, "timezone", "\"%.*s\" is not the name of a time zone",
             (int)(name.len < 80 ? name.len : 80), name.len ? name.p : "");
        return fail_hint(e, "names look like Europe/Berlin, UTC or +02:00");
    }
    if (zones->entries.len >= ENTRIES_MAX)
        return fail(e, ERR_LIMIT, "timezone", "more than %d time zones are in use", ENTRIES_MAX);
    if (!file_load(zones, name, &entry, e))
        return false;
    vec_push(&zones->entries, entry);
    *ret_zone = entry.zone;
    return true;
}

static struct file_id file_id(const struct stat *st)
{
    return (struct file_id){st->st_dev, st->st_ino, st->st_size, st->st_mtim};
}

static bool file_id_eq(const struct file_id *a, const struct file_id *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

// Looks at one file again; true when the zone has changed.
static bool entry_refresh(struct zones *zones, struct entry *entry)
{
    struct entry fresh = {.is_file = true};
    struct stat st;
    struct err e;
    char path[512];

    snprintf(path, sizeof path, "%s/%s", zones->dir, entry->zone->name);
    if (stat(path, &st) < 0)
        return false;
    struct file_id id = file_id(&st);
    if (file_id_eq(&id, &entry->id) || !file_load(zones, zone_name(entry->zone), &fresh, &e))
        return false;
    entry->id = fresh.id;
    if (tzif_eq(&fresh.zone->tzif, &entry->zone->tzif)) {
        zone_free(fresh.zone);
        return false;
    }
    vec_push(&zones->old, entry->zone);
    entry->zone = fresh.zone;
    return true;
}

bool zones_refresh(struct zones *zones)
{
    bool changed = false;

    for (size_t i = 0; i < zones->entries.len; i++)
        if (zones->entries.v[i].is_file && entry_refresh(zones, &zones->entries.v[i]))
            changed = true;
    zones->generation += changed;
    return changed;
}

uint64_t zones_generation(const struct zones *zones)
{
    return zones->generation;
}

// ---- names and files

// What follows "zoneinfo/" in a path; empty when nothing does.
static struct str name_in_path(const char *path)
{
    const char *folder = strstr(path, "zoneinfo/");

    return str_of(folder ? folder + strlen("zoneinfo/") : "");
}

static bool name_add(struct str name, struct buf *out)
{
    buf_add(out, name);
    return name.len > 0;
}

void zone_system_name(struct buf *out)
{
    const char *tz = getenv("TZ");
    struct buf text;
    char path[512];
    ssize_t n;
    struct err e;

    if (tz && tz[0] == ':')
        tz++;
    if (tz && name_add(tz[0] == '/' ? name_in_path(tz) : str_of(tz), out))
        return;
    n = readlink("/etc/localtime", path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    if (name_add(name_in_path(path), out))
        return;
    buf_init(&text, 256);
    if (!file_read_all(AT_FDCWD, "/etc/timezone", &text, &e) ||
        !name_add(str_trim(buf_str(&text)), out))
        buf_add_text(out, "UTC");
    buf_done(&text);
}

// Letters, digits, '_', '+', '-' in parts between single '/': nothing that could leave the folder.
static bool name_is_sound(struct str name)
{
    char before = '/';

    if (name.len == 0 || name.len > NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '+' || c == '-';

        if (!is_word && (c != '/' || before == '/'))
            return false;
        before = c;
    }
    return before != '/';
}

// +HH, +HHMM or +HH:MM
static bool offset_read(struct str name, int32_t *ret_offset_s)
{
    int64_t hours, minutes = 0;

    if (name.len < 3 || (name.p[0] != '+' && name.p[0] != '-') || name.p[1] == '-' ||
        !str_to_int(str_cut(name, 1, 3), &hours))
        return false;
    if (name.len > 3) {
        size_t at = name.p[3] == ':' ? 4 : 3;

        if (name.len != at + 2 || name.p[at] == '-' ||
            !str_to_int(str_cut(name, at, at + 2), &minutes))
            return false;
    }
    if (hours > 23 || minutes > 59)
        return false;
    *ret_offset_s = (int32_t)(hours * 3600 + minutes * 60) * (name.p[0] == '-' ? -1 : 1);
    return true;
}

static bool file_missing(const struct zones *zones, struct str name, int errnum, struct err *e)
{
    if (access(zones->dir, R_OK | X_OK) < 0)
        return fail(e, ERR_INPUT, "timezone",
                    "unknown time zone \"%.*s\": there is no zone data in %s", STR(name),
                    zones->dir);
    if (errnum != ENOENT && errnum != ENOTDIR)
        return fail_errno(e, ERR_INPUT, errnum, "cannot read the data of time zone \"%.*s\"",
                          STR(name));
    fail(e, ERR_INPUT, "timezone", "unknown time zone \"%.*s\"", STR(name));
    return fail_hint(e, "names look like Europe/Berlin, UTC or +02:00, capitals as shown");
}

// All of a file, or -1 with errno; a file that has more than max bytes gives max.
static ssize_t zone_read(int fd, char *p, size_t max)
{
    size_t n = 0;
    ssize_t got = 1;

    for (; n < max && got > 0; n += (size_t)got) {
        got = file_read(fd, p + n, max - n);
        if (got < 0)
            return -1;
    }
    return (ssize_t)n;
}

static bool file_load(struct zones *zones, struct str name, struct entry *ret_entry, struct err *e)
{
    char path[512];
    struct stat st;
    int wanted = snprintf(path, sizeof path, "%s/%.*s", zones->dir, STR(name));
    int fd = wanted < (int)sizeof path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

    if (fd < 0)
        return file_missing(zones, name, errno, e);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return file_missing(zones, name, ENOENT, e);
    }
    // One byte more than a file may have shows that it has more.
    size_t max = st.st_size < TZIF_BYTES_MAX ? (size_t)st.st_size + 1 : TZIF_BYTES_MAX + 1;
    char *bytes = mem_alloc(max);
    ssize_t n = zone_read(fd, bytes, max);
    int errnum = errno;

    close(fd);
    bool ok = n >= 0 ? zone_new(name, (struct str){bytes, (size_t)n}, &ret_entry->zone, e)
                     : file_missing(zones, name, errnum, e);
    free(bytes);
    ret_entry->id = file_id(&st);
    return ok;
}
