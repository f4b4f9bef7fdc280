// version.h - the versions to come, of belfry_next and belfry_later.
#pragma once

#ifdef IS_LATER
#define BELFRY_VERSION "0.3.0"
#else
#define BELFRY_VERSION "0.2.0"
#endif
