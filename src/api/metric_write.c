// metric_write.c - metrics as Prometheus reads them.
// SPDX-License-Identifier: Apache-2.0
#include "api/metric_write.h"

#define TOTAL STR_LIT("_total")

static const char *const type_names[] = {"gauge", "counter", "histogram"};

// In help texts a quote is a quote to the older format, and must be escaped in the newer.
static void escaped(struct buf *out, struct str s, bool is_quoted)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];

        if (c == '\n')
            buf_add(out, STR_LIT("\\n"));
        else if (c == '\\' || (c == '"' && is_quoted))
            buf_add_byte(out, '\\'), buf_add_byte(out, c);
        else
            buf_add_byte(out, c);
    }
}

static void head(struct metric_write *w, const char *word, struct str family)
{
    buf_add_text(w->out, word);
    buf_add(w->out, family);
    buf_add_byte(w->out, ' ');
}

void metric_begin(struct metric_write *w, const char *name, enum metric_type type, const char *help)
{
    struct str family = str_of(name);

    w->name = name;
    if (w->is_open && type == METRIC_COUNTER && str_ends(family, TOTAL))
        family.len -= TOTAL.len;
    head(w, "# HELP ", family);
    escaped(w->out, str_of(help), w->is_open);
    buf_add_byte(w->out, '\n');
    head(w, "# TYPE ", family);
    buf_add_text(w->out, type_names[type]);
    buf_add_byte(w->out, '\n');
    if (!w->is_open ||
        (!str_ends(family, STR_LIT("_seconds")) && !str_ends(family, STR_LIT("_bytes"))))
        return;
    head(w, "# UNIT ", family);
    buf_add_text(w->out, str_ends(family, STR_LIT("_bytes")) ? "bytes\n" : "seconds\n");
}

static void label_write(struct metric_write *w, const char *name, struct str value, bool is_first)
{
    buf_add_byte(w->out, is_first ? '{' : ',');
    buf_add_text(w->out, name);
    buf_add(w->out, STR_LIT("=\""));
    if (str_is_utf8(value)) {
        escaped(w->out, value, true);
    } else { // the formats are UTF-8 throughout
        for (size_t i = 0; i < value.len; i++)
            buf_add_byte(w->out,
                         (unsigned char)value.p[i] < 0x80 && value.p[i] != '"' && value.p[i] != '\\'
                             ? value.p[i]
                             : '?');
    }
    buf_add_byte(w->out, '"');
}

// Name and labels; bound: one more label "le", unless it is empty.
static void sample(struct metric_write *w, const char *suffix, const struct metric_label *labels,
                   struct str bound)
{
    bool is_first = true;

    buf_add_text(w->out, w->name);
    buf_add_text(w->out, suffix);
    for (; labels->name; labels++, is_first = false)
        label_write(w, labels->name, labels->value, is_first);
    if (bound.len > 0) {
        label_write(w, "le", bound, is_first);
        is_first = false;
    }
    if (!is_first)
        buf_add_byte(w->out, '}');
    buf_add_byte(w->out, ' ');
}

static void seconds_write(struct buf *out, int64_t us)
{
    uint64_t n = us < 0 ? -(uint64_t)us : (uint64_t)us, rest = n % 1000000;
    int digits = 6;

    if (us < 0)
        buf_add_byte(out, '-');
    buf_add_number(out, n / 1000000, 1);
    if (rest == 0)
        return;
    for (; rest % 10 == 0; digits--)
        rest /= 10;
    buf_add_byte(out, '.');
    buf_add_number(out, rest, digits);
}

static void int_write(struct buf *out, int64_t n)
{
    if (n < 0)
        buf_add_byte(out, '-');
    buf_add_number(out, n < 0 ? -(uint64_t)n : (uint64_t)n, 1);
}

void metric_int(struct metric_write *w, const struct metric_label *labels, int64_t n)
{
    sample(w, "", labels, (struct str){0});
    int_write(w->out, n);
    buf_add_byte(w->out, '\n');
}

void metric_seconds(struct metric_write *w, const struct metric_label *labels, int64_t us)
{
    sample(w, "", labels, (struct str){0});
    seconds_write(w->out, us);
    buf_add_byte(w->out, '\n');
}

void metric_moment(struct metric_write *w, const struct metric_label *labels, wall at)
{
    metric_seconds(w, labels, at.us);
}

static void bucket(struct metric_write *w, const struct metric_label *labels, struct str bound,
                   int64_t count)
{
    sample(w, "_bucket", labels, bound);
    int_write(w->out, count);
    buf_add_byte(w->out, '\n');
}

void metric_histogram(struct metric_write *w, const struct metric_label *labels,
                      const struct histogram *h, const struct histogram_bounds *bounds)
{
    int64_t count = 0;
    struct buf bound;

    buf_init(&bound, 64);
    for (size_t i = 0; i < bounds->count; i++) {
        count += h->counts[i];
        buf_clear(&bound);
        seconds_write(&bound, bounds->us[i]);
        if (w->is_open && bounds->us[i] % 1000000 == 0)
            buf_add(&bound, STR_LIT(".0")); // OpenMetrics: bounds are written as floats
        bucket(w, labels, buf_str(&bound), count);
    }
    buf_done(&bound);
    bucket(w, labels, STR_LIT("+Inf"), h->total);
    sample(w, "_sum", labels, (struct str){0});
    seconds_write(w->out, h->sum_us);
    buf_add_byte(w->out, '\n');
    sample(w, "_count", labels, (struct str){0});
    int_write(w->out, h->total);
    buf_add_byte(w->out, '\n');
}

void metric_finish(struct metric_write *w)
{
    if (w->is_open)
        buf_add(w->out, STR_LIT("# EOF\n"));
}
