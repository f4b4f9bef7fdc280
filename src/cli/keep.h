// keep.h - belfry keep.
#pragma once

int cmd_keep(int argc, char **argv);
