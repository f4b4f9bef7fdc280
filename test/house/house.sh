# house.sh - what the tests of the tools share: a scratch folder in $work, ok and red, and the closing count.
# What the caller of make chose (VARIANT, V, -j ...) is not meant for the little houses that are built in here.
unset VARIANT MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL BELFRY PROGRAMS V CC
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# ok WHAT COMMAND...: the command must succeed.
ok() {
    local what=$1
    shift
    if "$@" > "$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not ok: $what"
        head -20 "$work/log"
    fi
}

# red WHAT PATTERN COMMAND...: the command must fail and say PATTERN.
red() {
    local what=$1 pattern=$2
    shift 2
    if ! "$@" > "$work/log" 2>&1 && grep -q -e "$pattern" "$work/log"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not ok: $what: expected failure with \"$pattern\""
        head -20 "$work/log"
    fi
}

done_testing() {
    echo "$(basename "$0"): $passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
