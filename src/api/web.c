// web.c - finds a page asset and reads the two request headers that decide in which form it is
// sent.
// SPDX-License-Identifier: Apache-2.0
#include "api/web.h"

static bool weight_is_zero(struct str params);

const struct web_asset *web_find(struct str path)
{
    for (size_t i = 0; i < web_asset_count; i++)
        if (str_eq(path, str_of(web_assets[i].path)))
            return &web_assets[i];
    return NULL;
}

bool web_is_fresh(const struct web_asset *asset, struct str if_none_match)
{
    struct str tag;

    while (str_next(&if_none_match, ',', &tag)) {
        tag = str_trim(tag);
        if (str_starts(tag, STR_LIT("W/")))
            tag = str_cut(tag, 2, tag.len);
        if (str_eq(tag, str_of(asset->etag)) || str_eq(tag, STR_LIT("*")))
            return true;
    }
    return false;
}

bool web_takes_gzip(struct str accept_encoding)
{
    struct str item, coding;
    bool any = false;

    while (str_next(&accept_encoding, ',', &item)) {
        if (!str_next(&item, ';', &coding))
            continue;
        coding = str_trim(coding);
        if (str_eq_nocase(coding, STR_LIT("gzip")) || str_eq_nocase(coding, STR_LIT("x-gzip")))
            return !weight_is_zero(item);
        if (str_eq(coding, STR_LIT("*")))
            any = !weight_is_zero(item);
    }
    return any;
}

// Whether the parameters behind a coding say q=0 (also "q=0.000"): not acceptable.
static bool weight_is_zero(struct str params)
{
    struct str param;

    while (params.p && str_next(&params, ';', &param)) {
        param = str_trim(param);
        if (param.len < 3 || !str_eq_nocase(str_cut(param, 0, 2), STR_LIT("q=")))
            continue;
        for (size_t i = 2; i < param.len; i++)
            if (param.p[i] != '0' && param.p[i] != '.')
                return false;
        return true;
    }
    return false;
}
