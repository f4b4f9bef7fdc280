// size.h - amounts of bytes as people write them.
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

// "1000", "64K", "512M", "10G", "1T"; a letter stands for a power of 1024 and may be followed by B
// or iB, in any case: "512MiB". False with ERR_INPUT for anything else and for what int64_t cannot
// hold.
[[nodiscard]] bool size_parse(struct str s, int64_t *ret_bytes, struct err *e);
