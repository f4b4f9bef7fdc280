// version.h - which belfry this is.
#pragma once

#define BELFRY_VERSION "0.1.0"
