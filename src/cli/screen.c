// screen.c - colours, icons, widths and times for whoever reads.
// SPDX-License-Identifier: Apache-2.0
#include "cli/screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"

static const struct {
    const char *icon, *colour;
} tones[] = {
    [TONE_NONE] = {"", ""},           [TONE_GOOD] = {"✓ ", "\033[32m"},
    [TONE_BAD] = {"✕ ", "\033[31m"},  [TONE_BUSY] = {"▶ ", "\033[36m"},
    [TONE_HELD] = {"‖ ", "\033[33m"}, [TONE_DIM] = {"· ", "\033[2m"},
};

static const char *env(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "";
}

static size_t width_of(bool is_terminal)
{
    struct winsize size = {0};
    int64_t columns;

    if (!is_terminal)
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return str_to_int(str_of(env("COLUMNS")), &columns) && columns > 0 && columns < 10000
               ? (size_t)columns
               : 80;
}

static bool is_utf8(void)
{
    const char *locale = env("LC_ALL");

    if (!locale[0])
        locale = env("LC_CTYPE");
    if (!locale[0])
        locale = env("LANG");
    return strcasestr(locale, "utf-8") || strcasestr(locale, "utf8");
}

static bool colour_read(const char *when, struct screen *s, struct err *e)
{
    if (when && strcmp(when, "always") != 0 && strcmp(when, "never") != 0 &&
        strcmp(when, "auto") != 0)
        return fail(e, ERR_USAGE, NULL, "--color must be auto, always or never, not \"%s\"", when);
    if (when && strcmp(when, "auto") != 0)
        s->has_colour = strcmp(when, "always") == 0;
    else if (env("NO_COLOR")[0])
        s->has_colour = false;
    else if (env("CLICOLOR_FORCE")[0] && strcmp(env("CLICOLOR_FORCE"), "0") != 0)
        s->has_colour = true;
    else
        s->has_colour = s->is_terminal && strcmp(env("TERM"), "dumb") != 0;
    return true;
}

bool screen_open(const struct typed *typed, struct screen *ret_screen, struct err *e)
{
    struct screen s = {.is_terminal = isatty(STDOUT_FILENO), .now = clock_wall(clock_real())};
    const char *tz = typed_value(typed, "--tz");
    struct buf name;
    bool ok;

    if (!colour_read(typed_value(typed, "--color"), &s, e))
        return false;
    s.width = width_of(s.is_terminal);
    s.has_icons = s.is_terminal && is_utf8();
    s.zones = zones_new(NULL);
    buf_init(&name, 1024);
    if (tz || env("BELFRY_TZ")[0])
        buf_add_text(&name, tz ? tz : env("BELFRY_TZ"));
    else
        zone_system_name(&name);
    ok = zones_get(s.zones, buf_str(&name), &s.zone, e);
    if (!ok)
        e->code = ERR_USAGE;
    buf_done(&name);
    if (ok)
        *ret_screen = s;
    else
        screen_done(&s);
    return ok;
}

void screen_done(struct screen *screen)
{
    zones_free(screen->zones);
    screen->zones = NULL;
}

const char *screen_icon(const struct screen *screen, enum tone tone)
{
    return screen->has_icons ? tones[tone].icon : "";
}

void screen_paint(const struct screen *screen, enum tone tone, struct str text, struct buf *out)
{
    bool is_painted = screen->has_colour && tones[tone].colour[0] && text.len > 0;

    if (is_painted)
        buf_add_text(out, tones[tone].colour);
    buf_add(out, text);
    if (is_painted)
        buf_add_text(out, "\033[0m");
}

bool screen_print(struct buf *out)
{
    bool ok = out->len == 0 || fwrite(out->p, 1, out->len, stdout) == out->len;

    ok = fflush(stdout) == 0 && ok;
    buf_clear(out);
    return ok || errno == EPIPE;
}

size_t screen_columns(struct str text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return count;
}

// ---- times ----

// The local time of a moment, in seconds since the epoch of civil.h.
static int64_t local_of(const struct screen *screen, wall at)
{
    int64_t utc_s = at.us >= 0 ? at.us / SECOND_US : -((SECOND_US - 1 - at.us) / SECOND_US);
    struct zone_span span;

    zone_span_at(screen->zone, utc_s, &span);
    return utc_s + span.offset_s;
}

static int64_t day_of(int64_t local_s)
{
    return local_s >= 0 ? local_s / 86400 : -((86399 - local_s) / 86400);
}

void screen_moment(const struct screen *screen, wall at, struct buf *out)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};

    if (!screen->is_terminal) {
        iso8601_write(at, screen->zone, out);
        return;
    }
    int64_t local = local_of(screen, at), day = day_of(local);
    int64_t away = day - day_of(local_of(screen, screen->now));
    int rest = (int)(local - day * 86400);

    if (away == 0) {
        buf_printf(out, "%02d:%02d:%02d", rest / 3600, rest / 60 % 60, rest % 60);
    } else if (away >= -6 && away <= 6) {
        buf_printf(out, "%s %02d:%02d", days[(day % 7 + 7) % 7], rest / 3600, rest / 60 % 60);
    } else {
        struct buf text;

        buf_init(&text, 64);
        iso8601_write(at, screen->zone, &text);
        buf_printf(out, "%.10s %02d:%02d", buf_text(&text), rest / 3600, rest / 60 % 60);
        buf_done(&text);
    }
}

void screen_distance(const struct screen *screen, wall at, struct buf *out)
{
    int64_t us = at.us - screen->now.us;

    duration_about(us < 0 ? -us : us, out);
    if (us < 0)
        buf_add_text(out, " ago");
}

void screen_took(int64_t ms, struct buf *out)
{
    if (ms < 10)
        buf_printf(out, "%dms", (int)ms);
    else if (ms < 60000)
        buf_printf(out, "%.*fs", ms < 1000 ? 2 : 1, (double)ms / 1000);
    else
        duration_about(ms * 1000, out);
}
