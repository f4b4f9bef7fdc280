#!/usr/bin/python3
"""Random crontabs against a walk through four years, minute by minute: cron_walk.c, of at least 2,000 schedules.

usage: cron_walk.py build/release/belfry [SEED [COUNT]]
"""
import os, sys

AT_LEAST = 2000


def main(binary, seed='1', count='0'):
    walk = os.path.join(os.path.dirname(binary), 'programs', 'cron_walk')
    os.execv(walk, [walk, seed, str(max(int(count), AT_LEAST))])


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
