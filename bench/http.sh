#!/bin/bash
# bench/http.sh [SECONDS] - how many small replies the HTTP server alone gives: a second, and for a second of its CPU.
#
# wrk and the server share the machine, so the second figure is the one that says what the server costs. Needs wrk.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-4}
work=$(mktemp -d)
trap 'kill "$server" 2> /dev/null || true; rm -rf "$work"' EXIT
make -s VARIANT=release build/release/programs/http_echo
build/release/programs/http_echo > "$work/port" &
server=$!
until [ -s "$work/port" ]; do kill -0 "$server"; read -rt 0.05 < <(:) || true; done
port=$(cat "$work/port")
cpu() { awk -v hertz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hertz }' "/proc/$server/stat"; }
printf '%-28s %12s %18s\n' 'connections, reply' 'replies/s' 'per CPU second'
measure() { # CONNECTIONS PATH NAME [PIPELINE]
    local before after said
    before=$(cpu)
    if [ -n "${4:-}" ]; then
        printf 'init = function() local r = {} for i = 1, %d do r[i] = wrk.format(nil, "%s") end batch = table.concat(r) end\nrequest = function() return batch end\n' \
            "$4" "$2" > "$work/pipeline.lua"
        said=$(timeout 60 wrk -t1 -c"$1" -d"$seconds" -s "$work/pipeline.lua" "http://127.0.0.1:$port")
    else
        said=$(timeout 60 wrk -t1 -c"$1" -d"$seconds" "http://127.0.0.1:$port$2")
    fi
    after=$(cpu)
    awk -v name="$1, $3" -v used="$(awk "BEGIN { print $after - $before }")" '
        / requests in / { count = $1 }
        /^Requests\/sec/ { rate = $2 }
        /Non-2xx|Socket errors/ { print "  " $0 }
        END { printf "%-28s %12.0f %18.0f\n", name, rate, count / used }' <<< "$said"
}
measure 1 /small small
measure 64 /small small
measure 64 /small 'small, pipeline of 16' 16
measure 64 /later 'small, end of turn'
measure 8 /large '1 MiB'
